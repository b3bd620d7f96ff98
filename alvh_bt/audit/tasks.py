"""What the processes of an audit do: each loads the class anew, runs it, and hands back what it saw."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from alvh_bt.audit.conduct import judged, watched
from alvh_bt.audit.inputs import modelled_shares
from alvh_bt.audit.ledger import Books, check_books
from alvh_bt.audit.look_ahead import first_difference, other_future
from alvh_bt.audit.subjects import World, load_subject, run_subject, source_file, world_of
from alvh_bt.config import Fill, Study
from alvh_bt.contracts import calendar_date
from alvh_bt.engine.guarded import Ran, words_of
from alvh_bt.market import Market

#: Sessions of another future that a run still sees after the cut.
BEYOND = 10


class Base(NamedTuple):
    """The whole window: the run, how its repetition differs, the books, inputs, and conduct in words."""

    ran: Ran
    again: str | None
    books: Books | str
    modelled: dict[str, float]
    fails: list[str]
    warnings: list[str]


def base_task(world: World, study: Study, name: str, data: Path | None) -> Callable[[], Base]:
    """Return the task that runs a hedge twice over the whole window, watched, and checks its books."""

    def task() -> Base:
        source = source_file(name)
        with watched(source) as acts:
            kind = load_subject(name)
            ran = run_subject(world, study, kind)
        twin = run_subject(world, study, kind)
        fails, warnings = judged(list(acts), source, data)
        if ran.run is None:
            return Base(ran, None, "no day to check", {}, fails, warnings)
        again = first_difference(ran.run, twin.run)
        try:
            books: Books | str = check_books(ran.run, world, study)
        except Exception as error:  # trades may be anything, if a user's code wrote to the books
            books = words_of(error)
        at_open = study.book.fill == Fill.NEXT_OPEN
        modelled = modelled_shares(ran.run, world.market, world.prices, at_open)
        return Base(ran, again, books, modelled, fails, warnings)

    return task


def setting_task(world: World, study: Study, name: str) -> Callable[[], Ran]:
    """Return the task that runs a hedge over a window."""
    return lambda: run_subject(world, study, load_subject(name))


class Worlds:
    """The worlds of cut and other futures, each kept until the next is asked for: they are large.

    Parameters
    ----------
    world, study
        The whole history, and the settings of its signals.
    """

    def __init__(self, world: World, study: Study) -> None:
        self.whole, self.study = world.market, study
        self._kept: tuple[Any, World] | None = None

    def cut(self, cut: dt.date) -> World:
        """Return the history as it stood after the close of `cut`."""
        return self._get((cut,), lambda: self.whole.truncated(cut))

    def other(self, cut: dt.date, seed: int) -> World:
        """Return another future than that after `cut`, a few days of it."""

        def market() -> Market:
            stop = min(self.whole.index_of(cut) + 1 + BEYOND, len(self.whole.sessions))
            last = calendar_date(self.whole.days[stop - 1])
            return other_future(self.whole.truncated(last), cut, seed)

        return self._get((cut, seed), market)

    def _get(self, key: Any, market: Callable[[], Market]) -> World:
        if self._kept is None or self._kept[0] != key:
            self._kept = (key, world_of(market(), self.study))
        return self._kept[1]
