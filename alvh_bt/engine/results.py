"""What an engine hands over: the frames of one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import pandas as pd

from alvh_bt.errors import DataError
from alvh_bt.pricing.quoted import DayRead

#: USD columns of `RunResult.daily`, after `date`; `drawdown` is a fraction <= 0.
DAILY_COLUMNS: Final = (
    "nav",
    "cash",
    "condor_pnl",
    "hedge_pnl",
    "costs",
    "interest",
    "hedge_carry",
    "condor_theta",
    "delta",
    "vega",
    "margin",
    "drawdown",
    "hedge_costs",
)
TRADE_COLUMNS: Final = (
    "book",
    "layer",
    "action",
    "root",
    "right",
    "strike",
    "expiry",
    "contracts",
    "contract_multiplier",
    "price",
    "fees_usd",
    "reason",
    "delta",
    "condor",
    "lot",
)
JOURNAL_COLUMNS: Final = (
    "book",
    "layer",
    "event",
    "reason",
    "signals",
    "irr_without",
    "irr_with",
    "contracts",
    "price",
    "cost_usd",
)


class QuoteUse(NamedTuple):
    """What a run made of real quotes.

    `fills` and `marks` count those of options by what they stood on, in the order of
    `alvh_bt.pricing.quotes.Source`: the model, the shifted model, a quote of that very contract. `read` is
    what reading the chains gave, by epoch day.
    """

    fills: tuple[int, int, int]
    marks: tuple[int, int, int]
    read: Mapping[int, DayRead]


@dataclass(frozen=True)
class RunResult:
    """One variant's run over one window.

    Parameters
    ----------
    variant
        Name of the hedge, e.g. `"layered"`.
    daily
        One row a session, ascending: `date` (datetime64) and `DAILY_COLUMNS`. USD; `condor_pnl`
        and `hedge_pnl` after costs, `costs` and `hedge_costs` (the hedge's share) positive when
        paid, `hedge_carry` before costs, `condor_theta` positive when collected; `delta` in USD a
        point of the index, `vega` in USD a vol point.
    trades
        One row a fill or settlement: `date` and `TRADE_COLUMNS`.
    journal
        One row a decision: `date` and `JOURNAL_COLUMNS`; `signals` is JSON text.
    stopped
        The error's line when the run ended early (`daily` then ends that day), else None.
    quotes
        What it made of real quotes; None without chains.

    Raises
    ------
    DataError
        When a frame lacks a column, or `daily` has no row or unsorted dates.
    """

    variant: str
    daily: pd.DataFrame
    trades: pd.DataFrame
    journal: pd.DataFrame
    stopped: str | None = None
    quotes: QuoteUse | None = None

    def __post_init__(self) -> None:
        self._require("daily", self.daily, DAILY_COLUMNS)
        self._require("trades", self.trades, TRADE_COLUMNS)
        self._require("journal", self.journal, JOURNAL_COLUMNS)
        if self.daily.empty:
            raise DataError(f"run {self.variant}: daily has no row; widen the window")
        if not self.daily["date"].is_monotonic_increasing or not self.daily["date"].is_unique:
            raise DataError(f"run {self.variant}: daily dates must be unique and ascending; sort the rows")

    def _require(self, name: str, frame: pd.DataFrame, columns: Iterable[str]) -> None:
        missing = [column for column in ("date", *columns) if column not in frame.columns]
        if missing:
            raise DataError(f"run {self.variant}: {name} lacks {', '.join(missing)}; add the column")

    def until(self, last: pd.Timestamp) -> RunResult:
        """Return the same run with its rows up to and including `last`."""
        daily, trades, journal = (
            frame[frame["date"] <= last] for frame in (self.daily, self.trades, self.journal)
        )
        return RunResult(self.variant, daily, trades, journal, self.stopped, self.quotes)
