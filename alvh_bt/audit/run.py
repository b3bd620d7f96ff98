"""An audit: every check of every hedge, spread over processes."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from alvh_bt.audit.findings import Finding
from alvh_bt.audit.judge import findings_of
from alvh_bt.audit.look_ahead import choose_cuts
from alvh_bt.audit.processes import Died, run_apart
from alvh_bt.audit.sameness import elsewhere
from alvh_bt.audit.sensitivity import settings_to_try
from alvh_bt.audit.subjects import World, check_subject, load_subject, run_subject, world_of
from alvh_bt.audit.tasks import Worlds, base_task, setting_task
from alvh_bt.config import Study
from alvh_bt.errors import ConfigError
from alvh_bt.market import Market
from alvh_bt.own_class import is_own

#: Other futures that are tried, each after another cut.
FUTURES: Final = 3
#: Sessions after which hardly a rule is left to compile.
_WARM: Final = 60
#: Against which fill timing and costs are told.
REFERENCE: Final = "none"

_log = logging.getLogger("alvh_bt.audit")

Key = tuple[Any, ...]
Progress = Callable[[int], Callable[[], Any]]


class Outcomes(NamedTuple):
    """What every task gave, by key: ("base", hedge), ("cut", hedge, day), and so on."""

    by_key: dict[Key, Any]
    cuts: list[dt.date]
    futures: list[tuple[dt.date, int]]


def run_audit(
    market: Market,
    study: Study,
    data: Path | None = None,
    cuts: int = 8,
    progress: Progress | None = None,
) -> list[Finding]:
    """Return a line a hedge of the study and check, in the order of the hedges and of `CHECKS`.

    Parameters
    ----------
    market
        The history.
    study
        Settings, window, seed of the cuts, and the hedges: registered names, or a user's own hedges or
        strategies as `file.py:ClassName`. A user's code runs in other processes alone.
    data
        The folder of the market, which nobody's code may read; None for the fetched one or the sample.
    cuts
        After how many days the future is cut off.
    progress
        Takes the number of tasks and returns what is called after each.

    Raises
    ------
    ConfigError
        When a hedge is unknown or its file is not there, or `cuts` is below 1.
    DataError
        When the window holds no session.
    """
    if cuts < 1:
        raise ConfigError(f"--cuts {cuts}: at least one is needed; leave it out for eight")
    for name in study.hedges:
        check_subject(name)
    first, last = market.window(study.start, study.end)
    days = choose_cuts(market, first, last, cuts, study.seed)
    futures = [(days[(at * len(days)) // FUTURES], study.seed + at) for at in range(min(FUTURES, len(days)))]
    world = world_of(market, study)
    _compile(world, study, first)
    tasks = _tasks(world, study, data, days, futures)
    _log.info("%d hedges, %d runs, cuts after %s", len(study.hedges), len(tasks), ", ".join(map(str, days)))
    tick = progress(len(tasks)) if progress is not None else lambda: None
    gave = dict(zip(tasks, run_apart(list(tasks.values()), tick), strict=True))
    for key, outcome in gave.items():
        if isinstance(outcome, Died):
            _log.warning("%s: %s", " ".join(str(part) for part in key), outcome.why)
    found = Outcomes(gave, days, futures)
    lines = {name: findings_of(name, found.by_key, days, futures, study) for name in study.hedges}
    return [line for name, own in told_apart(lines).items() for line in own]


def told_apart(lines: Mapping[str, list[Finding]]) -> dict[str, list[Finding]]:
    """Return each hedge's lines, under the name as given where several have one name."""
    tally = Counter(own[0].hedge for own in lines.values())
    return {
        name: [line._replace(hedge=name) if tally[line.hedge] > 1 else line for line in own]
        for name, own in lines.items()
    }


def _compile(world: World, study: Study, first: int) -> None:
    """Run the richest hedge for a few days: every process then inherits the compiled rules."""
    last = world.market.sessions[min(first + _WARM, len(world.market.sessions) - 1)].astype(dt.date)
    run_subject(world, replace(study, end=last), load_subject("layered"))


def _tasks(
    world: World, study: Study, data: Path | None, days: Sequence[dt.date], futures: Sequence[Any]
) -> dict[Key, Callable[[], Callable[[], Any]]]:
    """Return what makes every task by its key, the longest first, tasks of one history together."""
    makers: dict[Key, Callable[[], Callable[[], Any]]] = {}
    hedges, worlds = study.hedges, Worlds(world, study)
    turned = list(reversed(hedges))
    own = [name for name in hedges if is_own(name)]
    makers["elsewhere",] = lambda: partial(elsewhere, world.market, study, turned, data, False)
    if own:
        makers["clock",] = lambda: partial(elsewhere, world.market, study, own, data, True)
    for name in reversed(hedges):
        makers["base", name] = partial(base_task, world, study, name, data)
    compared = hedges if REFERENCE in hedges else (*hedges, REFERENCE)
    if REFERENCE not in hedges:
        makers["reference",] = partial(setting_task, world, study, REFERENCE)
    for setting, changed in settings_to_try(study).items():
        for name in compared:
            makers["setting", name, setting] = partial(setting_task, world, changed, name)
    for cut in reversed(days):
        for name in hedges:
            makers["cut", name, cut] = partial(_cut, worlds, name, cut)
    for cut, seed in futures:
        for name in hedges:
            makers["other", name, cut, seed] = partial(_other, worlds, name, cut, seed)
    return makers


def _cut(worlds: Worlds, name: str, cut: dt.date) -> Callable[[], Any]:
    return setting_task(worlds.cut(cut), worlds.study, name)


def _other(worlds: Worlds, name: str, cut: dt.date, seed: int) -> Callable[[], Any]:
    return setting_task(worlds.other(cut, seed), worlds.study, name)
