"""Model against every quote of a folder of chains: file by file, day by day."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.contracts import Root, calendar_date
from alvh_bt.market.market import Market
from alvh_bt.pricing.model import PriceModel
from alvh_bt.validation.moments import prices_of_quotes
from alvh_bt.validation.quote_tally import ErrorTally
from alvh_bt.validation.quotes import DAYS, PRICED_AS, quote_errors


class QuoteFile(Protocol):
    """What is used of a chain file; `chains.ChainFile` is one."""

    @property
    def name(self) -> str:
        """The file's name."""

    @property
    def days(self) -> NDArray[np.int64]:
        """The epoch days with quotes, ascending."""

    def day(self, day: int, roots: Collection[str] | None = None, max_dte: int | None = None) -> pd.DataFrame:
        """Return the usable quotes of a day."""


@dataclass
class FileErrors:
    """The errors of one file.

    Attributes
    ----------
    name
        The file's name.
    spx, vix
        Tallies of the options on the S&P 500 (SPX, SPXW, XSP, SPY) and on VIX.
    days
        How many days were compared.
    sample, sample_day
        The rows of `quotes.quote_errors` of the day that has most of them, and its epoch day.
    notes
        What a reader must know, one sentence each.
    """

    name: str
    spx: ErrorTally = field(default_factory=ErrorTally)
    vix: ErrorTally = field(default_factory=ErrorTally)
    days: int = 0
    sample: pd.DataFrame = field(default_factory=pd.DataFrame)
    sample_day: int = 0
    notes: tuple[str, ...] = ()

    @property
    def main(self) -> ErrorTally:
        """The tally that stands for the file: that of the S&P 500, or of VIX where it has nothing else."""
        return self.spx if self.spx.n or not self.vix.n else self.vix


def file_errors(
    market: Market,
    model: PriceModel,
    file: QuoteFile,
    first: int,
    last: int,
    tick: Callable[[], Any] | None = None,
) -> FileErrors:
    """Return the errors of one file over the sessions `first`..`last` of the market, both included.

    Parameters
    ----------
    market, model
        The history, and the prices that are measured.
    file
        The quotes.
    first, last
        Rows of the market.
    tick
        Called after each day.

    Raises
    ------
    DataError
        The file is unusable.
    """
    result = FileErrors(file.name)
    notes, strangers = [], 0
    for day, i in _sessions(market, file.days, first, last):
        quotes = file.day(day, tuple(PRICED_AS), DAYS[1]) if i >= 0 else pd.DataFrame()
        strangers += i < 0
        if len(quotes):
            at = prices_of_quotes(market, i, model.at_close(i), quotes)
            if at is None:
                notes.append(f"quotes of {calendar_date(day)} left out: their S&P 500 is not of that day")
            else:
                _add(result, quote_errors(quotes, at.prices, at.moment), day)
                notes.extend([at.note] if at.note else [])
        if tick is not None:
            tick()
    if strangers:
        notes.append(f"left out, no session of the market with VIX: {strangers} days")
    result.notes = tuple(notes)
    return result


def days_inside(market: Market, file: QuoteFile, first: int, last: int) -> int:
    """Return how many days of a file lie inside the window."""
    return sum(1 for _ in _sessions(market, file.days, first, last))


def _sessions(market: Market, days: NDArray[np.int64], first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the days inside the window with their row, -1 where there is no session with VIX."""
    inside = days[(days >= market.days[first]) & (days <= market.days[last])]
    for day in inside.tolist():
        i = int(np.searchsorted(market.days, day))
        known = market.days[i] == day and np.isfinite(market.columns["vix_close"][i])
        yield day, i if known else -1


def _add(result: FileErrors, errors: pd.DataFrame, day: int) -> None:
    on_vix = (errors["root"] == Root.VIX).to_numpy()
    result.spx.add(errors[~on_vix])
    result.vix.add(errors[on_vix])
    result.days += 1
    if len(errors) > len(result.sample):
        result.sample, result.sample_day = errors, day
