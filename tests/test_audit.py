"""An audit passes honest hedges and catches each cheat by the check that should."""

from __future__ import annotations

from pathlib import Path

import pytest

from alvh_bt.audit.findings import Finding
from alvh_bt.audit.run import run_audit
from alvh_bt.config import make_study
from alvh_bt.market import load_market

CHEATS = Path(__file__).parent / "cheats"
HONEST = Path(__file__).parents[1] / "notebooks" / "cheap_calls.py"
WINDOW = {"start": "2018-01-02", "end": "2018-03-05"}

#: Cheat -> the checks that must fail it.
CAUGHT = {
    "hedges.py:ArrayBase": ("run",),
    "frames.py:FrameWalker": ("truncated future", "other future", "conduct"),
    "hedges.py:MemorySearcher": ("conduct",),
    "hedges.py:FileReader": ("conduct",),
    "oracle.py:Oracle": ("conduct",),
    "strategies.py:NextBar": ("truncated future",),
    "hedges.py:Dice": ("same again",),
    "hedges.py:Clock": ("other process",),
    "hedges.py:FrozenClock": ("other process",),
    "hedges.py:PandasClock": ("other process",),
    "hedges.py:LocalClock": ("other process",),
    "hedges.py:HashOrder": ("other process",),
    "hedges.py:Hoarder": ("same again",),
    "hedges.py:BookWriter": ("run",),
    "hedges.py:Lister": ("run",),
    "strategies.py:Banker": ("books",),
    "hedges.py:Raises": ("run",),
    "hedges.py:Leaves": ("run",),
    "hedges.py:Dies": ("run",),
    "exits.py:Exits": ("run",),
    "hedges.py:Rubbish": ("run",),
    "hedges.py:NanSize": ("run",),
    "hedges.py:Expired": ("run",),
}
#: What an error is told as.
WORDS = {
    "array-base": "LookupError: there is nothing behind the closes",
    "book-writer": "on 2018-01-02: the hedge writes to the book",
    "lister": "AccountingError: it writes to the calendar",
    "raises": "on 2018-01-31: ZeroDivisionError: on purpose",
    "leaves": "SystemExit: 0",
    "expired": "which had settled by",
    "rubbish": "decide returned int, not a Decision",
}


def name_of(cheat: str) -> str:
    kind = cheat.rpartition(":")[2]
    if cheat.startswith("strategies"):
        return kind
    if kind in ("Dies", "Exits"):  # no run has told its name
        return f"{CHEATS / cheat}"
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in kind).lstrip("-")


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    own = [f"{CHEATS / cheat}" for cheat in CAUGHT]
    study = make_study(
        hedges=[
            f"{HONEST}:CheapCalls",
            *(f"{CHEATS}/hedges.py:{kind}" for kind in ("Buyer", "Chatty")),
            *own,
        ],
        **WINDOW,
    )
    return run_audit(load_market(), study, cuts=2)


def lines_of(findings: list[Finding], hedge: str) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings if finding.hedge == hedge}


@pytest.mark.parametrize("cheat", CAUGHT)
def test_a_cheat_is_caught_by_the_check_that_should(findings, cheat: str) -> None:
    lines = lines_of(findings, name_of(cheat))
    failed = {check for check, line in lines.items() if line.status == "fail"}
    assert failed >= set(CAUGHT[cheat]), lines
    assert all("\n" not in line.detail for line in lines.values())


@pytest.mark.parametrize("hedge", ["cheap-calls", "buyer", "chatty"])
def test_an_honest_hedge_passes(findings, hedge: str) -> None:
    lines = lines_of(findings, hedge)
    assert [line for line in lines.values() if line.status == "fail"] == []
    assert len(lines) == 10


@pytest.mark.parametrize("hedge", WORDS)
def test_an_error_is_named_in_one_line(findings, hedge: str) -> None:
    assert WORDS[hedge] in lines_of(findings, hedge)["run"].detail
