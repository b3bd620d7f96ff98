"""Backtrader feeds over the market's columns, and the light object that stands for a contract."""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Callable
from typing import Any

import backtrader as bt
import numpy as np

from alvh_bt.contracts import Contract, contract_multiplier, contract_name
from alvh_bt.market import Market

#: Backtrader counts days from 0001-01-01 as 1, as `datetime.toordinal` does.
FIRST_STAMP = dt.date(1970, 1, 1).toordinal()

_LINES = ("open", "high", "low", "close", "volume")


class ColumnFeed(bt.feed.DataBase):
    """A feed of one index, read from the market's arrays; unknown values are NaN, volume 0.

    Parameters
    ----------
    market
        The aligned history.
    index
        `"spx"` or `"vix"`.
    first, last
        Rows of the window, inclusive.
    """

    params = (("market", None), ("index", "spx"), ("first", 0), ("last", 0))

    def start(self) -> None:
        """Prepare the rows of the window."""
        super().start()
        market: Market = self.p.market
        self._window = slice(self.p.first, self.p.last + 1)
        self._stamps = market.days[self._window] + FIRST_STAMP
        self._values = self._columns()
        self._at = 0

    def _columns(self) -> dict[str, Any]:
        """Return the values of every line over the window."""
        blank = np.full(len(self._stamps), np.nan)
        columns = self.p.market.columns
        lines = {line: columns.get(f"{self.p.index}_{line}") for line in _LINES}
        filled = {line: blank if values is None else values[self._window] for line, values in lines.items()}
        volume = np.nan_to_num(filled["volume"])
        return filled | {"volume": volume, "openinterest": 0.0 * volume, "datetime": self._stamps}

    def _tick_fill(self, force: bool = False) -> None:
        """Do nothing: Backtrader keeps the tick for live feeds, at a tenth of a run's time."""

    def preload(self) -> None:
        """Fill all lines at once; bar by bar it takes as long as the rest of Backtrader's loop."""
        for name, values in self._values.items():
            getattr(self.lines, name).array = array("d", values)
        self._at = len(self._stamps)
        self.home()

    def _load(self) -> bool:
        if self._at >= len(self._stamps):
            return False
        at, self._at = self._at, self._at + 1
        for name, values in self._values.items():
            getattr(self.lines, name)[0] = float(values[at])
        return True


class _Line:
    """A read-only price line: `line[0]` is now; earlier values are not kept."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def __getitem__(self, ago: int) -> float:
        return self._now() if ago == 0 else float("nan")


class ListedContract:
    """A contract as Backtrader's orders, trades and analyzers want a `data`: no feed, no bars.

    Prices are **USD a contract** (points x multiplier), so that Backtrader's own arithmetic, which
    knows no multiplier for cash instruments, gives dollars everywhere.

    Parameters
    ----------
    contract
        What is traded.
    clock
        The feed whose time it follows.
    mid
        Returns the current mid in points.
    """

    _compensate = None
    _tz = None

    def __init__(self, contract: Contract, clock: Any, mid: Callable[[Contract], float]) -> None:
        self.contract = contract
        self.lot = -1
        self.multiplier = contract_multiplier(contract.root)
        self._name = contract_name(contract)
        self._clock = clock
        self.p = clock.p
        self.close = self.open = _Line(lambda: mid(contract) * self.multiplier)
        self.datetime = clock.datetime
        self.date2num, self.num2date = clock.date2num, clock.num2date

    def __len__(self) -> int:
        return len(self._clock)

    def __repr__(self) -> str:
        return f"<{self._name}>"
