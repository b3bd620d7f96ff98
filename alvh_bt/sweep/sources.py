"""Which runs of a sweep are still to be done, in which order: told one by one, never as a list of all."""

from __future__ import annotations

import hashlib
import json
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from alvh_bt.errors import AlvhError, ConfigError
from alvh_bt.sweep.crew import Item, Row
from alvh_bt.sweep.rows import Configuration, row_variant

#: The key of a run: what it depends on, hashed.
KeyOf = Callable[[Configuration, str], str]


class Planned(NamedTuple):
    """A configuration with the hedges it still has to be run under, and the key of each run."""

    item: Item
    keys: tuple[str, ...]
    error: str | None = None  # why it cannot be run at all


class Source(Protocol):
    """Tells the driver what to run next."""

    @property
    def repeated(self) -> int:
        """Runs left out because another configuration of the sweep is the same run."""

    @property
    def left(self) -> int:
        """How many configurations can be taken now, at most."""

    @property
    def over(self) -> bool:
        """Whether nothing will ever come again."""

    def take(self, most: int) -> list[Planned]:
        """Return up to `most` configurations; none when it waits for results, or is over."""

    def settle(self, row: Row) -> None:
        """Take note of a result."""


class _Known:
    """The keys of all runs that were done or given out."""

    def __init__(self, hedges: Sequence[str], key_of: KeyOf, stored: set[str]) -> None:
        self.hedges, self.key_of, self.stored = tuple(hedges), key_of, stored
        self.given: set[str] = set()
        self.repeated = 0

    def plan(self, configuration: Configuration) -> tuple[Planned | None, tuple[str, ...]]:
        """Return what of a configuration is still to run, and the keys of all its runs."""
        error = None
        try:
            keys = tuple(self.key_of(configuration, hedge) for hedge in self.hedges)
        except AlvhError as failure:
            # No study, so no key of its own: still one row, and the same one at every resume.
            error = str(failure)
            keys = tuple(_invalid_key(configuration, hedge) for hedge in self.hedges)
        missing = []
        for hedge, key in zip(self.hedges, keys, strict=True):
            if key in self.given:
                self.repeated += 1
            elif key not in self.stored:
                missing.append((hedge, key))
            self.given.add(key)
        if not missing:
            return None, keys
        names, wanted = zip(*missing, strict=True)
        return Planned((configuration, names), wanted, error), keys


class Listed:
    """The source of a grid, or of a random or Latin hypercube sample.

    Parameters
    ----------
    configurations
        May be lazy, of any length.
    order
        Positions in the order to run them, or None for their own; neighbours share what is costly.
    hedges
        Names of all hedges.
    key_of
        The key of a run; an `AlvhError` of it becomes the error of the configuration.
    stored
        Keys of runs that are done. Not changed.

    Examples
    --------
    >>> space = [Configuration(n, {}) for n in range(3)]
    >>> source = Listed(space, None, ["layered"], lambda each, hedge: f"{hedge}{each.number}", {"layered1"})
    >>> [planned.item[0].number for planned in source.take(5)]
    [0, 2]
    """

    def __init__(
        self,
        configurations: Sequence[Configuration],
        order: Sequence[int] | None,
        hedges: Sequence[str],
        key_of: KeyOf,
        stored: set[str],
    ) -> None:
        self._configurations, self._order = configurations, order
        self._known = _Known(hedges, key_of, stored)
        self._at = 0

    @property
    def repeated(self) -> int:
        """Runs left out because another configuration is the same run."""
        return self._known.repeated

    @property
    def left(self) -> int:
        """How many configurations were not looked at yet."""
        return len(self._configurations) - self._at

    @property
    def over(self) -> bool:
        """Whether all were looked at."""
        return self.left <= 0

    def take(self, most: int) -> list[Planned]:
        """Return the next configurations that have runs to do."""
        found: list[Planned] = []
        while len(found) < most and not self.over:
            position = self._at if self._order is None else int(self._order[self._at])
            planned, _ = self._known.plan(self._configurations[position])
            self._at += 1
            if planned is not None:
                found.append(planned)
        return found

    def settle(self, row: Row) -> None:
        """Do nothing: what comes next does not depend on results."""


class Searcher(Protocol):
    """A search that proposes configurations and learns from their figures."""

    def ask(self, n: int) -> list[Configuration]:
        """Return up to `n` configurations to try; when all it asked was told, none means the end."""

    def tell(self, configuration: Configuration, figures: Mapping[str, float] | None) -> None:
        """Take the figures of a configuration, None where it failed."""


class Searched:
    """The source of a search: in rounds, as large as the search can ask before it must learn.

    A resumed search takes its course again from the start: what is stored is told, not run. So the
    course does not depend on when, or how often, it was interrupted, nor on the number of workers.

    Parameters
    ----------
    search
        Deterministic: the same answers lead to the same questions.
    runs
        Configurations in all.
    hedges, key_of, stored
        As in `Listed`.
    hedge, objectives
        Whose figures are told, and which.
    rows
        Stored rows of `hedge`: `key`, `configuration`, `error` and the objectives.
    """

    def __init__(
        self,
        search: Searcher,
        runs: int,
        hedges: Sequence[str],
        key_of: KeyOf,
        stored: set[str],
        hedge: str,
        objectives: Sequence[str],
        rows: Sequence[Row] = (),
    ) -> None:
        self._search, self._runs = search, runs
        self._known = _Known(hedges, key_of, stored)
        self._hedge, self._objectives = hedge, tuple(objectives)
        self._figures: dict[str, dict[str, float] | None] = {}
        self._stored_at: dict[int, str] = {}
        self._asked = 0
        self._round: list[tuple[Configuration, str]] = []
        self._queue: deque[Planned] = deque()
        self._over = False
        for row in rows:
            self._take_note(row)
            self._stored_at[row["configuration"]] = row["key"]

    @property
    def repeated(self) -> int:
        """Runs left out because another configuration is the same run."""
        return self._known.repeated

    @property
    def left(self) -> int:
        """How many configurations of the round wait to be taken."""
        return len(self._queue)

    @property
    def over(self) -> bool:
        """Whether the last round was told."""
        return self._over

    def take(self, most: int) -> list[Planned]:
        """Return configurations of this round, or of the next one when all of this one is known."""
        while not self._queue and not self._over:
            if any(key not in self._figures for _, key in self._round):
                return []
            self._next_round()
        return [self._queue.popleft() for _ in range(min(most, len(self._queue)))]

    def settle(self, row: Row) -> None:
        """Take note of a result of the hedge that is searched for."""
        if row["variant"] == self._hedge:
            self._take_note(row)

    def _next_round(self) -> None:
        for configuration, key in self._round:
            self._search.tell(configuration, self._figures[key])
        self._round = []
        left = self._runs - self._asked
        asked = self._search.ask(left) if left > 0 else []
        self._asked += len(asked)
        self._over = not asked
        for configuration in asked:
            planned, keys = self._known.plan(configuration)
            key = keys[[row_variant(hedge) for hedge in self._known.hedges].index(self._hedge)]
            if self._stored_at.get(configuration.number, key) != key:
                raise ConfigError(
                    f"the search leaves its stored course at configuration {configuration.number}"
                    " (another version of optuna?); give another --out"
                )
            self._round.append((configuration, key))
            if planned is not None:
                self._queue.append(planned)

    def _take_note(self, row: Row) -> None:
        values = {name: row.get(name) for name in self._objectives}
        known = {name: float(value) for name, value in values.items() if value is not None}
        # An account that stopped early has a small drawdown: a search would breed towards it.
        ended_early = bool(row.get("error") or row.get("stopped"))
        usable = len(known) == len(values) and all(math.isfinite(value) for value in known.values())
        self._figures[row["key"]] = known if usable and not ended_early else None


def _invalid_key(configuration: Configuration, hedge: str) -> str:
    values: Any = sorted(configuration.values.items())
    return "invalid-" + hashlib.sha256(json.dumps([values, hedge], default=str).encode()).hexdigest()[:32]
