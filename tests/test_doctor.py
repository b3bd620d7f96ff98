"""`alvh doctor` finds what is wrong with an installation, says what to do, and changes nothing."""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path

import pytest

from alvh_bt import doctor
from alvh_bt.cli.main import run


def found(what: str, data: Path | None = None) -> doctor.Finding:
    return next(each for each in doctor.examine(data) if each.what == what)


def test_a_sound_installation_has_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    said = capsys.readouterr().out
    for what in ("python", "packages", "backtrader", "compiled code", "market data", "compiler"):
        assert what in said
    assert "fail" not in said


def test_the_compiler_is_held_to_a_textbook(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found("compiler").status == doctor.OK
    monkeypatch.setattr("alvh_bt.pricing.black.black_price", lambda *terms: 4.80)
    wrong = found("compiler")
    assert wrong.status == doctor.FAIL
    assert "4.76" in wrong.said and "reinstall" in wrong.said


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = importlib.metadata.version

    def lacking(name: str) -> str:
        if name == "plotly":
            raise importlib.metadata.PackageNotFoundError(name)
        return "0.1" if name == "jinja2" else installed(name)

    monkeypatch.setattr(importlib.metadata, "version", lacking)
    assert found("plotly").said.startswith("not installed; run: pip install 'plotly")
    assert found("jinja2").said.startswith("0.1 is installed; run: pip install 'jinja2>=")


def test_data_that_is_no_use_fails_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--data", str(tmp_path / "nowhere")]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "fail market data" in said and "no such folder" in said


def test_a_cache_that_cannot_be_written_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    # The superuser, who may run the tests, is refused nothing: the system's answer is replaced.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert found("cache").status == doctor.WARNING


def test_a_full_disk_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 5_000_000

    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage)
    assert "make room" in found("fetched data").said


def test_whatever_breaks_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(data: object) -> None:
        raise ValueError("two\nlines")

    monkeypatch.setattr(doctor, "load_market", broken)
    assert found("market data") == doctor.Finding(
        "market data", doctor.FAIL, "ValueError: two lines; reinstall alvh_bt"
    )
