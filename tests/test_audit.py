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
WINDOW = {"start": "2017-12-01", "end": "2018-02-28"}
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


HONEST = {
    "none": "none",
    "static-calls": "static-calls",
    "layered": "layered",
    "honest": cheat("Honest"),
    "HonestStrategy": cheat("HonestStrategy", "strategies"),
    "cheap-calls": f"{HERE.parent}/notebooks/cheap_calls.py:CheapCalls",
    # Follows an array's base: it sees what it was given, and so has nothing to cheat with.
    "through-bases": cheat("ThroughBases"),
}
CAUGHT = {
    cheat("NextClose", "strategies"): ("NextClose", set(AHEAD)),
    cheat("ThroughBroker", "strategies"): ("ThroughBroker", set(AHEAD)),
    cheat("Random"): ("random", {"determinism"}),
    cheat("Clock"): ("clock", {"determinism"}),
    cheat("Hashes"): ("hashes", {"determinism"}),
    cheat("Remembers"): ("remembers", {"determinism"}),
    cheat("Giver", "strategies"): ("Giver", {"accounting"}),
    cheat("Shaver", "strategies"): ("Shaver", {"runs"}),  # the engine's own check of its books
    cheat("Raises"): ("raises", {"runs"}),
    cheat("Rubbish"): ("rubbish", {"runs"}),
    cheat("TooMany"): ("too-many", {"runs"}),
}


def everyone() -> dict[str, dict[str, Check]]:
    """All of them in one audit: the honest are beside the cheats, and none spoils another."""
    return audited(*HONEST.values(), *CAUGHT)


@pytest.mark.parametrize("hedge", HONEST)
def test_registered_hedges_and_honest_own_ones_pass(hedge: str) -> None:
    checks = everyone()[hedge]
    assert failed(checks) == set()
    assert {"runs", *AHEAD, "accounting", "determinism"} <= {
        name for name, check in checks.items() if check.status == PASS
    }
    assert {"fill timing", "doubled costs", "modelled inputs"} <= checks.keys()


def test_what_is_told_of_a_hedge_fits_it() -> None:
    found = everyone()
    assert list(found) == [*HONEST, *(name for name, _ in CAUGHT.values())]
    assert "vx_futures" in found["layered"]["modelled inputs"].detail
    assert found["layered"]["modelled inputs"].status == WARNING
    assert "files and network" in found["honest"] and "files and network" not in found["layered"]
    # December 2017 had 20 sessions, January 2018 21 and February 19.
    assert found["none"]["accounting"].detail.startswith("60 days worked out again from the trades")


@pytest.mark.parametrize("subject", CAUGHT, ids=lambda text: text.rpartition(":")[2])
def test_cheats_are_caught_by_the_check_that_should(subject: str) -> None:
    name, checks = CAUGHT[subject]
    assert checks <= failed(everyone()[name])


@pytest.mark.parametrize(("file", "name"), [("reader", "Reader"), ("importer", "Importer")])
def test_reading_the_market_behind_the_program_s_back_is_caught(folder: Path, file: str, name: str) -> None:
    ((_, found),) = audited(cheat(name, file), cuts=1, data=folder).items()
    touched = found["files and network"]
    assert touched.status == FAIL
    assert touched.detail.endswith("spx.csv") and "reads the market itself" in touched.detail


def test_what_a_user_s_code_raises_is_told_with_its_line() -> None:
    found = everyone()["raises"]
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
