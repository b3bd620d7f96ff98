"""`alvh data fetch` from the command line, against a server on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import fetch_scenes as scenes
import hostile_server as hostile
import pytest

from alvh_bt.cli.main import run
from alvh_bt.fetch import yahoo


@pytest.fixture
def server(monkeypatch) -> Iterator[hostile.HostileServer]:
    """A server, and a Yahoo that knows the index alone."""

    def history(symbol: str, *asked: object):
        return scenes.yahoo_frame() if symbol == "^GSPC" else None

    monkeypatch.setattr(yahoo, "yfinance_history", history)
    with hostile.serving() as running:
        running.answers["/VIX_History.csv"] = hostile.good(scenes.cboe_bars())
        running.answers["/SKEW_History.csv"] = hostile.good(scenes.cboe_closes("SKEW"))
        yield running


def fetch(server: hostile.HostileServer, folder: Path, *options: str) -> int:
    mirrors = [f"--mirror=cboe_indices={server.url}", f"--mirror=fred={server.url}"]
    return run(["data", "fetch", "--data", str(folder), "--timeout", "1", *mirrors, *options])


def only(*names: str) -> list[str]:
    return [f"--only={name}" for name in names]


def test_a_folder_is_filled_and_told(server, tmp_path, capsys) -> None:
    assert fetch(server, tmp_path / "new", *only("spx", "vix", "skew")) == 0
    out, err = capsys.readouterr()
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["file", "source", "rows", "first", "last", "added", "note"]
    assert ["vix", "cboe_indices", "52", "2024-01-02", "2024-03-15", "+52"] in lines
    assert err == ""
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {"spx.csv", "vix.csv", "skew.csv", "PROVENANCE.json"}
    record = json.loads((tmp_path / "new" / "PROVENANCE.json").read_text(encoding="utf-8"))["vix"]
    assert record["source"] == "cboe_indices"
    assert record["url"] == f"{server.url}/VIX_History.csv"


def test_an_optional_series_that_fails_is_a_warning(server, tmp_path, capsys) -> None:
    assert fetch(server, tmp_path, *only("spx", "vix")) == 0
    capsys.readouterr()
    server.answers["/VVIX_History.csv"] = hostile.page
    assert fetch(server, tmp_path, *only("vix", "vvix")) == 0
    out, err = capsys.readouterr()
    assert "failed, no older file" in out
    told = err.splitlines()
    assert len(told) == 2
    assert told[0].startswith("vvix: cboe_indices: ") and "Are you a robot?" in told[0]
    assert told[1].startswith("vvix: yahoo: ")


def test_without_what_a_study_needs_the_status_is_three(server, tmp_path, capsys) -> None:
    assert fetch(server, tmp_path / "a", *only("vix", "skew")) == 3
    assert (tmp_path / "a" / "skew.csv").is_file()
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"alvh: {tmp_path / 'a'}: still no spx.csv: ")


def test_files_that_no_study_can_read_are_three(server, tmp_path, capsys) -> None:
    assert fetch(server, tmp_path, *only("spx", "vix")) == 0
    (tmp_path / "vix.csv").write_text("junk", encoding="utf-8")
    capsys.readouterr()
    assert fetch(server, tmp_path, *only("skew")) == 3
    assert capsys.readouterr().err.splitlines()[-1].startswith("alvh: vix.csv, row 1: ")


def test_a_password_in_an_address_is_not_repeated(server, tmp_path, capsys) -> None:
    for text in ("https://me:hunter2@h.example/x", "https://me:hunter2@h.example/x?a=b"):
        assert fetch(server, tmp_path, "--mirror", text) == 2
        error = capsys.readouterr().err
        assert "hunter2" not in error and "write it as SOURCE=URL" in error


def test_nothing_at_all_is_three_and_leaves_the_folder_alone(server, tmp_path, capsys) -> None:
    assert fetch(server, tmp_path, *only("spx", "vix")) == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    server.answers.clear()
    assert fetch(server, tmp_path, *only("vix")) == 3
    assert "nothing could be fetched" in capsys.readouterr().err.splitlines()[-1]
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "breadth"], "--only breadth: no source gives it"),
        (["--mirror", "fred=http://example.org"], "is given twice"),
        (["--mirror", "yahoo=https://example.org"], "takes no mirror"),
        (["--mirror", "events=http://example.org"], "not https"),
        (["--timeout", "0"], "--timeout 0: must be from 1 to 3600"),
        (["--timeout", "nan"], "--timeout nan: must be from 1 to 3600"),
    ],
)
def test_bad_usage_is_two_and_asks_nobody(server, tmp_path, capsys, options, said) -> None:
    assert fetch(server, tmp_path, *options) == 2
    assert said in capsys.readouterr().err
    assert not server.asked
    assert list(tmp_path.iterdir()) == []


def test_a_broken_provenance_is_told_before_anybody_is_asked(server, tmp_path, capsys) -> None:
    (tmp_path / "PROVENANCE.json").write_text("{", encoding="utf-8")
    assert fetch(server, tmp_path) == 3
    assert "PROVENANCE.json: cannot be read as JSON" in capsys.readouterr().err
    assert not server.asked


def test_interrupted_it_keeps_what_was_placed(server, tmp_path, capsys, monkeypatch) -> None:
    def interrupted(handler: hostile.Handler) -> None:
        handler.say(b"")

    def history(symbol: str, *asked: object):
        if symbol == "^GSPC":
            return scenes.yahoo_frame()
        raise KeyboardInterrupt

    monkeypatch.setattr(yahoo, "yfinance_history", history)
    server.answers["/VIX_History.csv"] = interrupted
    assert fetch(server, tmp_path, *only("spx", "vix", "skew")) == 130
    err = capsys.readouterr().err
    assert err == f"alvh: interrupted; files placed before, which stay in {tmp_path}: 1\n"
    assert (tmp_path / "spx.csv").is_file()
    assert not (tmp_path / "skew.csv").exists()
    assert not list(tmp_path.glob(".alvh*"))


def test_a_disagreement_is_kept_until_it_is_forced(server, tmp_path, capsys) -> None:
    assert fetch(server, tmp_path, *only("spx", "vix")) == 0
    server.answers["/VIX_History.csv"] = hostile.good(scenes.cboe_bars(base=20.0))
    before = (tmp_path / "vix.csv").read_bytes()
    assert fetch(server, tmp_path, *only("vix", "spx")) == 0
    assert "failed, old file kept" in capsys.readouterr().out
    assert (tmp_path / "vix.csv").read_bytes() == before
    assert fetch(server, tmp_path, *only("vix"), "--force") == 0
    assert (tmp_path / "vix.csv").read_bytes() != before
    assert (tmp_path / ".previous" / "vix.csv").read_bytes() == before


def test_a_folder_that_cannot_be_written(server, tmp_path, capsys) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert fetch(server, tmp_path / "file") == 2
    assert "is a file, not a folder" in capsys.readouterr().err
