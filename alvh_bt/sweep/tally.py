"""How far a sweep is: runs done, errors, rate, time left, and the best run so far."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

#: Seconds over which the rate is measured.
_WINDOW_SECONDS: Final = 30.0


class Best(NamedTuple):
    """The best run so far."""

    configuration: int
    value: float  # of the metric, in its own unit


class Tally:
    """Counts of a sweep.

    Parameters
    ----------
    total
        Runs of the whole sweep.
    hedge, metric
        Whose best run is told, and by which metric.
    signed
        Returns a value of a metric so that larger is better.
    now
        A clock in seconds.

    Examples
    --------
    >>> tally = Tally(3, "layered", "pnl_usd", lambda metric, value: value)
    >>> tally.add({"configuration": 7, "variant": "layered", "pnl_usd": 12.5})
    >>> tally.add({"configuration": 8, "variant": "layered", "error": "no data"})
    >>> tally.done, tally.errors, tally.best
    (2, 1, Best(configuration=7, value=12.5))
    """

    def __init__(
        self,
        total: int,
        hedge: str,
        metric: str,
        signed: Callable[[str, float], float],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total, self.hedge, self.metric = total, hedge, metric
        self.done = self.errors = 0
        self.best: Best | None = None
        self._signed, self._now = signed, now
        self._seen: deque[tuple[float, int]] = deque([(now(), 0)])

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a run that is done now."""
        self._count(row)
        now = self._now()
        if self._seen[-1][0] == now:
            self._seen.pop()
        self._seen.append((now, self.done))
        while len(self._seen) > 2 and now - self._seen[1][0] > _WINDOW_SECONDS:
            self._seen.popleft()

    def add_stored(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Count runs that were done before: they say nothing about the rate."""
        for row in rows:
            self._count(row)
        self._seen = deque([(self._now(), self.done)])

    @property
    def rate(self) -> float:
        """Runs a second over the last half minute; NaN before the first."""
        seconds, runs = self._now() - self._seen[0][0], self.done - self._seen[0][1]
        return runs / seconds if runs > 0 and seconds > 0.0 else math.nan

    @property
    def seconds_left(self) -> float:
        """Seconds to the end at this rate; NaN while that is unknown."""
        return (self.total - self.done) / self.rate

    def _count(self, row: Mapping[str, Any]) -> None:
        self.done += 1
        if row.get("error"):
            self.errors += 1
            return
        value = row.get(self.metric)
        if row.get("stopped"):  # an account that ended early has a small drawdown, and is no example
            return
        if row.get("variant") != self.hedge or value is None or math.isnan(value):
            return
        best = self.best
        if best is None or self._signed(self.metric, value) > self._signed(self.metric, best.value):
            self.best = Best(int(row["configuration"]), float(value))
