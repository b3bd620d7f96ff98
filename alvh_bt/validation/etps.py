"""The roll of VIX futures against the funds and notes that do it: VXX, VIXY, VIXM."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.market.csv_source import read_table
from alvh_bt.market.files import Column, FileSpec
from alvh_bt.market.market import Market
from alvh_bt.market.quality import check_table
from alvh_bt.validation.return_statistics import annual_return, correlation
from alvh_bt.validation.vx_roll import MID_TERM, SHORT_TERM, rolled_returns

Floats = NDArray[np.float64]


class Product(NamedTuple):
    """A fund or note: its name, its file (without .csv) and the contracts that it rolls."""

    name: str
    file: str
    span: tuple[int, int]


PRODUCTS: Final = (
    Product("VXX", "etp_vxx", SHORT_TERM),
    Product("VXX_SERIES_A", "etp_vxx_series_a", SHORT_TERM),
    Product("VIXY", "etp_vixy", SHORT_TERM),
    Product("VIXM", "etp_vixm", MID_TERM),
)

#: Until late 2020 VX settled at 16:15, a quarter of an hour after the products' close; now both at 16:00.
SAME_CLOSE_SINCE: Final = dt.date(2021, 1, 1)

#: Without new shares VXX left its index; outside these days it is near it (daily 0.997 since 2021).
NO_NEW_SHARES: Final = {"VXX": (dt.date(2022, 3, 14), dt.date(2022, 9, 30))}


@dataclass(frozen=True)
class EtpReplication:
    """The roll against one product.

    Attributes
    ----------
    name
        The product.
    daily, weekly
        Columns `roll` and `etp`: returns as fractions over the sessions, and between the last sessions of
        consecutive weeks; indexed by their last day.
    """

    name: str
    daily: pd.DataFrame
    weekly: pd.DataFrame

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know, one sentence each."""
        if self.name not in NO_NEW_SHARES:
            return ()
        first, last = NO_NEW_SHARES[self.name]
        apart = int(
            ((self.daily.index >= pd.Timestamp(first)) & (self.daily.index <= pd.Timestamp(last))).sum()
        )
        if not apart:
            return ()
        return (
            f"no new shares were created from {first} to {last}, so that the note left its index: {apart} "
            "of the days compared lie there and lower the correlations",
        )

    def statistics(self) -> dict[str, Any]:
        """Return `days`, `correlation_daily`, `correlation_weekly` and `correlation_daily_since_2021`.

        NaN where fewer than three returns are known.
        """
        late = self.daily[self.daily.index >= pd.Timestamp(SAME_CLOSE_SINCE)]
        return {
            "days": len(self.daily),
            "weeks": len(self.weekly),
            "correlation_daily": _correlation(self.daily),
            "correlation_weekly": _correlation(self.weekly),
            "correlation_daily_since_2021": _correlation(late),
            "annual_roll": annual_return(self.daily["roll"], 252.0),
            "annual_etp": annual_return(self.daily["etp"], 252.0),
        }


def read_closes(path: Path, today: dt.date | None = None) -> pd.Series:
    """Return the closes of a product by date.

    Raises
    ------
    DataError
        The file is unusable; names it, the row and the remedy.
    """
    spec = FileSpec(path.stem, (Column("close", "close"),))
    table = read_table(path, spec)
    check_table(table, spec, today or dt.date.today())
    index = pd.DatetimeIndex(table.day.astype("datetime64[D]"), name="date")
    return pd.Series(table.values["close"], index=index)


def replicate_etp(
    market: Market, product: Product, closes: pd.Series, first: int, last: int
) -> EtpReplication:
    """Return the roll beside a product over the sessions `first`..`last` of the market, both included.

    Parameters
    ----------
    market
        Settlements of VIX futures and the bill rate.
    product
        What it rolls.
    closes
        By date; only their ratios count, so that split-adjusted ones will do.
    first, last
        Rows of the market.
    """
    growth = np.log1p(rolled_returns(market, product.span))
    gaps = np.cumsum(np.isnan(growth))
    level = pd.DataFrame(
        {"roll": np.cumsum(np.nan_to_num(growth)), "gaps": gaps.astype(np.float64)},
        index=pd.DatetimeIndex(market.sessions, name="date"),
    ).iloc[first : last + 1]
    level["etp"] = np.log(closes.reindex(level.index))
    level = level.dropna()
    weeks = level.groupby(pd.DatetimeIndex(level.index).to_period("W-FRI")).tail(1)
    return EtpReplication(product.name, _returns(level, 5), _returns(weeks, 11))


def _returns(level: pd.DataFrame, at_most_days: int) -> pd.DataFrame:
    """Return simple returns between rows at most so many days apart, where the roll has no gap."""
    change = level.diff()
    days = level.index.to_series().diff().dt.days
    whole = (change["gaps"] == 0.0) & (days <= at_most_days)
    return np.expm1(change.loc[whole, ["roll", "etp"]])


def _correlation(returns: pd.DataFrame) -> float:
    return correlation(returns["roll"], returns["etp"])
