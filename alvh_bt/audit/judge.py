"""What the outcomes of an audit's tasks mean: pass, fail or warning, with a line of detail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from alvh_bt.audit.findings import Finding, Status
from alvh_bt.audit.inputs import THRESHOLD
from alvh_bt.audit.ledger import Books
from alvh_bt.audit.look_ahead import first_difference
from alvh_bt.audit.processes import Died
from alvh_bt.audit.sameness import digest, told_difference
from alvh_bt.audit.sensitivity import (
    DOUBLED,
    Figures,
    compare_settings,
    figures_of,
    settings_to_try,
    timing_of,
)
from alvh_bt.audit.tasks import Base
from alvh_bt.config import Study
from alvh_bt.engine.guarded import Ran
from alvh_bt.engine.results import RunResult

Told = tuple[Status, str]


def findings_of(
    name: str,
    gave: Mapping[tuple[Any, ...], Any],
    cuts: Sequence[dt.date],
    futures: Sequence[tuple[dt.date, int]],
    study: Study,
) -> list[Finding]:
    """Return the lines of one hedge, in the order of `CHECKS`.

    Parameters
    ----------
    name
        As the study has it.
    gave
        What each task returned, or how it died, by its key.
    cuts, futures
        The days after which the future was cut off, and (day, seed) of other futures.
    study
        The settings.
    """
    base = gave["base", name]
    if isinstance(base, Died):
        return [Finding(name, "run", "fail", base.why)]
    told = {"run": _run(base.ran)}
    run = base.ran.run
    if run is not None:
        shaky = " (nor is it the same when nothing changes)" if base.again else ""
        told["truncated future"] = _past(
            [(f"cut after {cut}", cut, gave["cut", name, cut]) for cut in cuts], run, shaky
        )
        told["other future"] = _past(
            [(f"another future after {cut}", cut, gave["other", name, cut, seed]) for cut, seed in futures],
            run,
            shaky,
        )
        told["books"] = _books(base.books)
        told["same again"] = _again(base.again)
        told["other process"] = _elsewhere(name, digest(run), gave)
        told |= dict(_sensitivity(name, gave, study))
        told["modelled inputs"] = _inputs(base.modelled)
    told["conduct"] = _conduct(base)
    return [Finding(base.ran.name, check, *line) for check, line in told.items()]


def _run(ran: Ran) -> Told:
    if ran.run is None:
        return "fail", f"no day was run: {ran.error}"
    last = f"{ran.run.daily['date'].iloc[-1]:%Y-%m-%d}"
    if ran.error is not None:
        return "fail", f"after {last}: {ran.error}"
    if ran.run.stopped is not None:
        return "warning", ran.run.stopped
    return "pass", f"{len(ran.run.daily):,} sessions to {last}, {len(ran.run.trades):,} trades"


def _past(others: Sequence[tuple[str, dt.date, Any]], run: RunResult, shaky: str) -> Told:
    """Return whether the rows up to each cut are those of the whole run."""
    end = run.daily["date"].iloc[-1].date()
    wrong = []
    for what, cut, other in others:
        if isinstance(other, Died):
            wrong.append(f"{what}: {other.why}")
            continue
        gap = first_difference(run, other.run, min(cut, end))
        if gap is not None:
            why = f", {other.error}" if other.error is not None else ""
            wrong.append(f"{what} changes {gap}{why}")
    days = ", ".join(str(cut) for _, cut, _ in others)
    if wrong:
        return "fail", f"{len(wrong)} of {len(others)}: {wrong[0]}{shaky}"
    return "pass", f"all rows up to {days} stay the same to the last bit"


def _books(books: Books | str) -> Told:
    if isinstance(books, str):
        return "fail", f"the list of trades cannot be followed: {books}"
    worst = f"largest difference {books.worst_usd:.2g} USD ({books.worst_where})"
    if books.wrong:
        return "fail", f"{len(books.wrong)} flaws, first {books.wrong[0]}; {worst}"
    return "pass", f"{books.days:,} days agree with a ledger made of the trades alone; {worst}"


def _again(gap: str | None) -> Told:
    if gap is None:
        return "pass", "a second run in the same process gave the same rows"
    return "fail", f"a second run in the same process changes {gap}"


def _elsewhere(name: str, here: dict[str, str], gave: Mapping[tuple[Any, ...], Any]) -> Told:
    wrong = []
    for key, what in (("elsewhere", "another hash seed and order of hedges"), ("clock", "another clock")):
        there = gave.get((key,), {})
        if isinstance(there, Died):
            wrong.append(f"{what}: {there.why}")
        elif name in there:
            gap = told_difference(here, there[name])
            if gap is not None:
                wrong.append(f"{what}: {there[name].get('error') or gap + ' differ'}")
    if wrong:
        return "fail", "in another process, " + "; ".join(wrong)
    return "pass", "another process, hash seed and order of hedges gave the same bytes"


def _sensitivity(name: str, gave: Mapping[tuple[Any, ...], Any], study: Study) -> Iterator[tuple[str, Told]]:
    """Yield the lines on fill timing and on doubled costs."""
    cash = study.book.starting_cash
    hedges = [key[1] for key in gave if key[0] == "base"]
    own_runs = {hedge: _record(gave["base", hedge]) for hedge in hedges}
    if ("reference",) in gave:
        own_runs["none"] = _record(gave["reference",])
    base = _figures(own_runs, cash)
    tried = {
        setting: _figures({hedge: _record(gave["setting", hedge, setting]) for hedge in own_runs}, cash)
        for setting in settings_to_try(study)
    }
    for check, settings in (
        ("fill timing", [setting for setting in tried if setting != DOUBLED]),
        ("doubled costs", [DOUBLED]),
    ):
        chosen = {each: tried[each] for each in settings}
        told, warned = compare_settings(base, chosen, name, cash, timing_of(study))
        status: Status = "warning" if warned else "pass"
        yield check, (status, "; ".join(warned + told))


def _record(outcome: Any) -> RunResult | None:
    """Return the run of a task that went through, else None."""
    ran = outcome.ran if isinstance(outcome, Base) else outcome
    return ran.run if isinstance(ran, Ran) and ran.error is None else None


def _figures(runs: Mapping[str, RunResult | None], cash: float) -> dict[str, Figures]:
    return {hedge: figures_of(run, cash) for hedge, run in runs.items() if run is not None}


def _inputs(shares: Mapping[str, float]) -> Told:
    above = {name: share for name, share in shares.items() if share > THRESHOLD}
    if not above:
        return (
            "pass",
            f"of {len(shares)} inputs that it reads none is modelled on over {THRESHOLD:.0%} of days",
        )
    listed = ", ".join(f"{name} {share:.0%}" for name, share in above.items())
    return "warning", f"modelled on over {THRESHOLD:.0%} of days: {listed}"


def _conduct(base: Base) -> Told:
    if base.fails:
        return "fail", "; ".join(dict.fromkeys(base.fails + base.warnings))
    if base.warnings:
        return "warning", "; ".join(base.warnings)
    return "pass", "no file, network, other program or search of memory"
