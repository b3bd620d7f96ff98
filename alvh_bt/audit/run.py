"""The audit: every check of every hedge, side by side on the machine's cores."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from alvh_bt.audit.check import FAIL, PASS, WARNING, Check
from alvh_bt.audit.jobs import ELSEWHERE, REFERENCE, Trouble, Whole, run_jobs
from alvh_bt.audit.ledger import TOLERANCE, LedgerFinding
from alvh_bt.audit.look_ahead import AFTER, BEFORE
from alvh_bt.audit.sensitivity import COSTS, FILLS, fill_name, weigh_costs, weigh_fills
from alvh_bt.audit.subject import Subject, find_subject
from alvh_bt.audit.watch import Watch
from alvh_bt.config import Study
from alvh_bt.errors import ConfigError
from alvh_bt.market import Market
from alvh_bt.market.files import FILES

_LOG = logging.getLogger("alvh_bt.audit")
#: Files that hold the market: who reads them while deciding sees the future.
_MARKET_FILES: Final = frozenset(f"{spec.name}.csv" for spec in FILES)


def run_audit(
    market: Market,
    study: Study,
    hedges: Sequence[str],
    cuts: int,
    data: Path | None = None,
    tick: Callable[[], Any] = lambda: None,
) -> list[Check]:
    """Return every check of every hedge, in the order of the hedges.

    Parameters
    ----------
    market, study
        History and settings; the study's own list of hedges does not count.
    hedges
        Registered names, or the user's own hedges and strategies as `file.py:ClassName`.
    cuts
        How often the future is cut off and changed.
    data
        The folder that the market was read from, for who opens it while deciding.
    tick
        Called `count_jobs` times.

    Raises
    ------
    ConfigError
        When a hedge is unknown or cannot be loaded, or two go by one name.
    DataError
        When the window holds no usable session.
    """
    found = {text: find_subject(text) for text in dict.fromkeys(hedges)}
    subjects = {text: subject for text, (subject, _) in found.items()}
    _check_names(subjects)
    done = run_jobs(market, study, subjects, cuts, tick)
    elsewhere = done.pop(ELSEWHERE)
    checks = []
    for text, (subject, watch) in found.items():
        told = _Told(subject, {key: value for (who, key), value in done.items() if who == text})
        none = {key: value for (who, key), value in done.items() if who == REFERENCE}
        checks += told.checks(study, none, elsewhere, watch, data)
    for check in checks:
        _LOG.info("%s, %s: %s", check.hedge, check.check, check.status, extra={"detail": check.detail})
    return checks


def _check_names(subjects: dict[str, Subject]) -> None:
    names = [subject.name for subject in subjects.values()]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"two of the hedges are named {name!r}; rename one")


class _Told:
    """The checks of one subject, worded."""

    def __init__(self, subject: Subject, done: dict[Any, Any]) -> None:
        self.subject, self.done = subject, done

    def checks(
        self, study: Study, none: dict[Any, Any], elsewhere: Any, watch: Watch | None, data: Path | None
    ) -> list[Check]:
        """Return all checks; of a subject that does not run, but the one that says so."""
        whole = self.done["whole"]
        if isinstance(whole, Trouble):
            return [self._say("runs", FAIL, whole.told), *self._touched(None, watch, data)]
        told = f"{whole.sessions:,} sessions, {whole.trades:,} trades"
        runs = (WARNING, f"{told}; {whole.stopped}") if whole.stopped else (PASS, told)
        return [
            self._say("runs", *runs),
            *self._look_ahead(),
            self._say("accounting", *_accounts(whole.ledger)),
            self._say("determinism", *self._sameness(elsewhere)),
            self._sensitivity("fill timing", lambda: self._fills(study, none)),
            self._sensitivity("doubled costs", lambda: self._costs(none)),
            self._say("modelled inputs", *whole.inputs),
            *self._touched(whole, watch, data),
        ]

    def _say(self, check: str, status: str, detail: str) -> Check:
        return Check(self.subject.name, check, status, detail)

    def _look_ahead(self) -> list[Check]:
        cuts = {cut: found for cut, found in self.done.items() if isinstance(cut, int)}
        told = []
        for place, check in enumerate(("future cut off", "another future")):
            troubles = [found.told for found in cuts.values() if isinstance(found, Trouble)]
            changed = [
                found[place] for found in cuts.values() if not isinstance(found, Trouble) and found[place]
            ]
            if troubles:
                told.append(self._say(f"look-ahead, {check}", FAIL, troubles[0]))
            elif changed:
                detail = f"the past changes at {len(changed)} of {len(cuts)} cuts: {changed[0]}"
                told.append(self._say(f"look-ahead, {check}", FAIL, detail))
            else:
                detail = f"{len(cuts)} cuts, up to {BEFORE} sessions before and {AFTER} after: no row changes"
                status = PASS if cuts else WARNING
                told.append(self._say(f"look-ahead, {check}", status, detail))
        return told

    def _sameness(self, elsewhere: Any) -> tuple[str, str]:
        twice = self.done["twice"]
        for found in (twice, elsewhere):
            if isinstance(found, Trouble):
                return FAIL, found.told
        other = elsewhere[self.subject.text]
        if twice[0] != twice[1]:
            return FAIL, "a second run in the same process differs: something is kept, drawn or timed"
        if twice[0] != other:
            return FAIL, f"a new process gives another run: {_why(other)}"
        return PASS, "the same to the bit: twice, and in a new process in another order"

    def _sensitivity(self, check: str, weigh_it: Callable[[], tuple[str, str]]) -> Check:
        names = [COSTS, *FILLS] if check == COSTS else list(FILLS)
        for name in names:
            if isinstance(self.done.get(name), Trouble):
                return self._say(check, FAIL, f"{name}: {self.done[name].told}")
        return self._say(check, *weigh_it())

    def _fills(self, study: Study, none: dict[Any, Any]) -> tuple[str, str]:
        base = fill_name(study)
        own = {name: self.done[name] for name in FILLS if name != base} | {base: self.done["whole"].figures}
        reference = {name: none[name] for name in FILLS if name != base} | {base: none["whole"].figures}
        return weigh_fills(own, reference, study)

    def _costs(self, none: dict[Any, Any]) -> tuple[str, str]:
        return weigh_costs(self.done["whole"].figures, self.done[COSTS], none["whole"].figures, none[COSTS])

    def _touched(self, whole: Whole | None, watch: Watch | None, data: Path | None) -> list[Check]:
        if self.subject.file is None:
            return []
        opened = {*(whole.opened if whole else ()), *(watch.opened if watch else ())}
        reached = {*(whole.reached if whole else ()), *(watch.reached if watch else ())}
        folder = None if data is None else str(data.resolve())
        market = [name for name in sorted(opened) if _holds_market(name, folder)]
        if market:
            return [self._say("files and network", FAIL, f"it reads the market itself: {market[0]}")]
        if reached:
            return [self._say("files and network", FAIL, f"it reaches out: {', '.join(sorted(reached))}")]
        if opened:
            return [self._say("files and network", WARNING, f"it opens {', '.join(sorted(opened)[:3])}")]
        return [self._say("files and network", PASS, "it opens no file and no connection")]


def _holds_market(name: str, folder: str | None) -> bool:
    return (folder is not None and name.startswith(folder)) or Path(name).name in _MARKET_FILES


def _accounts(ledger: LedgerFinding) -> tuple[str, str]:
    told = f"largest gap {ledger.gap:.1e} USD ({ledger.column} on {ledger.day})"
    if ledger.faults:
        return FAIL, f"{ledger.faults[0]} ({len(ledger.faults)} faults); {told}"
    status = PASS if ledger.gap <= TOLERANCE else FAIL
    return status, f"{ledger.days:,} days worked out again from the trades: {told}"


def _why(other: str) -> str:
    return "hashes, clock or random numbers decide" if len(other) == 64 and " " not in other else other
