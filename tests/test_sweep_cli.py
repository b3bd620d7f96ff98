"""`alvh sweep` on the command line, with a fake study behind it: what is said, and the exit status."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sweep_jobs import HEDGES, MANIFEST, FakeSweep, Job, as_given, key_of, space

from alvh_bt.cli.main import run
from alvh_bt.errors import ConfigError
from alvh_bt.sweep.rows import Configuration
from alvh_bt.sweep.store import Store

COUNT = 6


class Space(list[Configuration]):
    excluded = 3


@dataclass(frozen=True)
class Sweep(FakeSweep):
    method: str = "grid"


@dataclass(frozen=True)
class Workload:
    job: Job
    content_hash: str = "abc"

    @property
    def manifest(self) -> dict[str, Any]:
        return {**MANIFEST, "weeks": ["2007-01-05"] * 50}

    def key_of(self, configuration: Configuration, hedge: str) -> str:
        return key_of(configuration, hedge)

    def order(self, configurations: Sequence[Configuration]) -> list[int]:
        return list(reversed(range(len(configurations))))

    def warm(self) -> None:
        """Nothing to compile."""

    def estimate_seconds(self) -> float:
        return 0.25


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Put a fake study in place of the real one; change `fails` in what is returned."""
    monkeypatch.chdir(tmp_path)
    changes: dict[str, Any] = {}

    def read_sweep(path: Path, own: object) -> Sweep:
        if path.name != "study.toml":
            raise ConfigError(f"sweep file {path} does not exist; check the path")
        return Sweep()

    parts = {
        "spec": SimpleNamespace(read_sweep=read_sweep),
        "work": SimpleNamespace(prepare=lambda sweep, data: Workload(Job(**changes))),
        "space": SimpleNamespace(configurations=lambda sweep: Space(space(COUNT))),
        "better": SimpleNamespace(signed=as_given),
    }
    for name, module in parts.items():
        monkeypatch.setitem(sys.modules, f"alvh_bt.sweep.{name}", module)
    return changes


def test_a_sweep_runs_to_its_end_and_says_what_to_do_next(
    job: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sweep", "study.toml", "--workers", "2"]) == 0
    said = capsys.readouterr().out.splitlines()
    out = tmp_path / "sweep-out" / "study"
    assert said[-1].startswith("12 runs in sweep-out/study, 12 of them now in ")
    assert said[-1].endswith("0 with an error; look at it with: alvh sweep show sweep-out/study")
    assert len(Store(out).done()) == COUNT * len(HEDGES)
    assert run(["sweep", "study.toml"]) == 2
    assert "sweep-out/study holds a sweep already; add --resume" in capsys.readouterr().err
    assert run(["sweep", "--resume", "study.toml"]) == 0
    assert "12 runs in sweep-out/study, 0 of them now" in capsys.readouterr().out


def test_errors_give_status_1_until_they_are_mended(
    job: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    job["fails"] = (2,)
    assert run(["sweep", "study.toml", "--workers", "1", "--out", "out"]) == 1
    assert "2 with an error" in capsys.readouterr().out
    job["fails"] = ()
    assert run(["sweep", "study.toml", "--out", "out", "--resume"]) == 1
    assert run(["sweep", "study.toml", "--out", "out", "--resume", "--retry-errors"]) == 0
    assert "12 runs in out, 2 of them now" in capsys.readouterr().out


def test_a_dry_run_writes_nothing(
    job: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sweep", "study.toml", "--dry-run", "--workers", "2"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "configurations: 6 (grid; 3 excluded by constraints)",
        "hedges: 2 (static-calls, layered)",
        "runs: 12",
        "time: about 2 s with 2 workers (250.0 ms a run)",  # 12 x 0.25 / 2 = 1.5 s
        "disk: about 0.0 MB",
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["absent.toml"], "sweep file absent.toml does not exist"),
        (["study.toml", "--workers", "0"], "--workers"),
        (["study.toml", "--workers", "2", "--cluster", "tcp://x:1"], "--workers is for this machine"),
        (["study.toml", "--out", "gold://x"], "give a folder or a URL that fsspec can open"),
        (["study.toml", "--cluster", "gold://x"], "give the address that dask scheduler prints"),
        (["study.toml", "--strat"], "No such option: --strat"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_leaves_nothing(
    job: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    assert run(["sweep", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and len(error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_help_tells_both_uses(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", "--help"]) == 0
    assert "alvh sweep FILE" in capsys.readouterr().out
