"""Backtrader feeds over the market's columns, and the light object that stands for a contract."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import backtrader as bt
import numpy as np

from alvh_bt.contracts import Contract, contract_multiplier, contract_name
from alvh_bt.market import Market

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
        window = slice(self.p.first, self.p.last + 1)
        blank = np.full(self.p.last + 1 - self.p.first, np.nan)
        columns = [market.columns.get(f"{self.p.index}_{line}") for line in _LINES]
        self._rows = [blank if column is None else column[window] for column in columns]
        days = market.days[window]
        # Backtrader counts days from 0001-01-01 as 1, as `datetime.toordinal` does.
        self._stamps = days + dt.date(1970, 1, 1).toordinal()
        self._at = 0

    def _tick_fill(self, force: bool = False) -> None:
        """Do nothing: Backtrader keeps the tick for live feeds, at a tenth of a run's time."""

    def _load(self) -> bool:
        if self._at >= len(self._stamps):
            return False
        at, self._at = self._at, self._at + 1
        self.lines.datetime[0] = float(self._stamps[at])
        for name, column in zip(_LINES, self._rows, strict=True):
            value = column[at]
            getattr(self.lines, name)[0] = 0.0 if name == "volume" and np.isnan(value) else value
        self.lines.openinterest[0] = 0.0
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
