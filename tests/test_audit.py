"""The audit catches what cheats, by the check that should, and passes what is honest."""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from alvh_bt.audit.check import FAIL, PASS, WARNING, Check
from alvh_bt.audit.run import run_audit
from alvh_bt.cli.main import run
from alvh_bt.config import make_study
from alvh_bt.market import Market
from alvh_bt.market.build import build_market
from alvh_bt.market.embedded import embedded_tables

HERE = Path(__file__).parent
CHEATS = HERE / "cheats"
WINDOW = {"start": "2017-11-01", "end": "2018-03-15"}
AHEAD = ("look-ahead, future cut off", "look-ahead, another future")


@cache
def market() -> Market:
    return build_market(embedded_tables(), dt.date(2020, 1, 1))


@cache
def audited(*hedges: str, cuts: int = 3, data: Path | None = None) -> dict[str, dict[str, Check]]:
    """The checks by name, by hedge."""
    found: dict[str, dict[str, Check]] = {}
    for check in run_audit(market(), make_study(**WINDOW), hedges, cuts, data):
        found.setdefault(check.hedge, {})[check.check] = check
    return found


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The new process that the audit starts finds the cheats' shared module."""
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setenv("PYTHONPATH", str(HERE))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of market data that cheats read behind the program's back."""
    spx = embedded_tables()["spx"]
    dates = pd.to_datetime(spx.day, unit="D").strftime("%Y-%m-%d")
    pd.DataFrame({"date": dates, **spx.values}).to_csv(tmp_path / "spx.csv", index=False)
    monkeypatch.setenv("CHEAT_DATA", str(tmp_path))
    return tmp_path


def cheat(name: str, file: str = "hedges") -> str:
    return f"{CHEATS / file}.py:{name}"


def failed(checks: dict[str, Check]) -> set[str]:
    return {name for name, check in checks.items() if check.status == FAIL}


def test_registered_hedges_and_honest_own_ones_pass() -> None:
    own = [
        cheat("Honest"),
        cheat("HonestStrategy", "strategies"),
        f"{HERE.parent}/notebooks/cheap_calls.py:CheapCalls",
    ]
    found = audited("none", "static-calls", "layered", *own)
    assert list(found) == ["none", "static-calls", "layered", "honest", "HonestStrategy", "cheap-calls"]
    for hedge, checks in found.items():
        assert failed(checks) == set(), hedge
        assert {"runs", *AHEAD, "accounting", "determinism"} <= {
            name for name, check in checks.items() if check.status == PASS
        }
        assert {"fill timing", "doubled costs", "modelled inputs"} <= checks.keys()
    assert "vx_futures" in found["layered"]["modelled inputs"].detail
    assert found["layered"]["modelled inputs"].status == WARNING
    assert "files and network" in found["honest"] and "files and network" not in found["layered"]


@pytest.mark.parametrize(
    ("subject", "checks"),
    [
        (cheat("NextClose", "strategies"), set(AHEAD)),
        (cheat("ThroughBroker", "strategies"), set(AHEAD)),
        (cheat("Random"), {"determinism"}),
        (cheat("Clock"), {"determinism"}),
        (cheat("Hashes"), {"determinism"}),
        (cheat("Remembers"), {"determinism"}),
        (cheat("Giver", "strategies"), {"accounting"}),
        (cheat("Shaver", "strategies"), {"runs"}),  # the engine's own check of its books
        (cheat("Raises"), {"runs"}),
        (cheat("Rubbish"), {"runs"}),
        (cheat("TooMany"), {"runs"}),
    ],
    ids=lambda value: value.rpartition(":")[2] if isinstance(value, str) else "",
)
def test_cheats_are_caught_by_the_check_that_should(subject: str, checks: set[str]) -> None:
    ((_, found),) = audited(subject).items()
    assert checks <= failed(found), found


def test_a_way_through_arrays_leads_nowhere() -> None:
    """The hedge that follows an array's base sees what it was given, and so passes."""
    ((_, found),) = audited(cheat("ThroughBases")).items()
    assert failed(found) == set()


@pytest.mark.parametrize(("file", "name"), [("reader", "Reader"), ("importer", "Importer")])
def test_reading_the_market_behind_the_program_s_back_is_caught(folder: Path, file: str, name: str) -> None:
    ((_, found),) = audited(cheat(name, file), cuts=1, data=folder).items()
    touched = found["files and network"]
    assert touched.status == FAIL
    assert touched.detail.endswith("spx.csv") and "reads the market itself" in touched.detail


def test_what_a_user_s_code_raises_is_told_with_its_line() -> None:
    ((_, found),) = audited(cheat("Raises")).items()
    assert found["runs"].detail.startswith("ZeroDivisionError: no reason (hedges.py, line ")
    assert set(found) == {"runs", "files and network"}


def test_the_command_prints_and_writes_every_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    window = ["--start", WINDOW["start"], "--end", WINDOW["end"], "--cuts", "1"]
    out = tmp_path / "audited"
    status = run(["audit", "--hedge", "none", "--hedge", cheat("Random"), *window, "--out", str(out)])
    said = capsys.readouterr().out
    assert status == 1
    rows = json.loads((out / "audit.json").read_text())
    assert all(list(row) == ["hedge", "check", "status", "detail"] for row in rows)
    assert {row["hedge"] for row in rows} == {"none", "random"}
    assert {row["status"] for row in rows} >= {"pass", "fail"}
    assert "failed: " in said and "random: determinism" in said and "none: " not in said
    assert run(["audit", "--hedge", "none", *window]) == 0
    assert "failed" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hedge", "layerd"], "unknown hedge 'layerd'; choose from none"),
        (["--hedge", f"{HERE}/cheats/hedges.py:Decision"], "neither a Hedge nor a CondorStrategy"),
        (["--hedge", "nowhere.py:Mine"], "file nowhere.py does not exist"),
        (["--hedge", "none", "--cuts", "0"], "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_audited_is_refused_in_a_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["audit", *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1
