"""The market as every other part sees it: one row a session, read-only, with its provenance."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from alvh_bt.contracts import calendar_date, epoch_day
from alvh_bt.errors import DataError

#: Every column of a `Market`; one that no input gave is all NaN and `UNAVAILABLE`.
COLUMN_NAMES: Final = (
    *("spx_open", "spx_high", "spx_low", "spx_close", "spx_volume"),
    *("vix_open", "vix_high", "vix_low", "vix_close"),
    *("vix9d", "vix3m", "vix6m", "vvix", "skew"),
    *("rate", "dividend_yield", "spx_set", "vro"),
    # What the signals listen to; each stands on the first session on which it was known.
    *("advances", "declines", "percent_advancers", "net_new_highs"),
    *("ten_year_earnings", "dividends", "cash_flow", "long_rate", "credit_spread", "reer", "foreign_rate"),
    *("days_to_fomc", "days_since_fomc", "days_to_inflation", "days_since_inflation", "inflation_surprise"),
    *("quick_ratio", "equal_weight", "equity", "vx_volume", "vxx", "uvxy"),
)

#: The provenance key of the VX futures matrix, which is not a column.
VX_FUTURES: Final = "vx_futures"
#: The date of no row, in `Market.dated`.
NO_DATE: Final = np.iinfo(np.int64).min

Scalar = TypeVar("Scalar", bound=np.generic)


class Provenance(IntEnum):
    """Where a number of one day came from."""

    UNAVAILABLE = 0
    OBSERVED = 1
    REPAIRED = 2
    MODELLED = 3


def provenance_shares(
    provenance: Mapping[str, NDArray[np.int8]], first: int, last: int
) -> dict[str, dict[str, float]]:
    """Return for each input the share of sessions `first`..`last` observed, repaired, modelled, lacking."""
    return {
        name: {kind.name.lower(): float(np.mean(codes[first : last + 1] == kind)) for kind in Provenance}
        for name, codes in provenance.items()
    }


@dataclass(frozen=True)
class Repair:
    """A flaw of an input that was mended or noted: `what`, and the epoch `days` it concerns."""

    input: str
    what: str
    days: tuple[int, ...] = field(repr=False)

    @property
    def count(self) -> int:
        """How many days it concerns."""
        return len(self.days)

    @property
    def first(self) -> dt.date:
        """The first day it concerns."""
        return calendar_date(self.days[0])

    def __str__(self) -> str:
        return f"{self.input}: {self.what}: {self.count}, first on {self.first}"


def _frozen(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return the array, or a copy of a writeable one, that nobody can write to."""
    if array.flags.writeable:
        array = array.copy()
        array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class Market:
    """Daily market history on the sessions of the exchange, read-only.

    Attributes
    ----------
    sessions
        datetime64[D], shape (n,), ascending.
    columns
        `COLUMN_NAMES` -> float64 of shape (n,); NaN is unknown that day. Values stand on the session at
        whose close they were known.

        - Index points: spx_*, equal_weight and equity (the user's own equity book) on their own scales,
          reer; index points a year: ten_year_earnings (mean real earnings of ten years), dividends,
          cash_flow.
        - Vol points: vix*, vvix and skew as published.
        - Fractions a year (0.0423): rate, foreign_rate, long_rate (10 years, mean of a month),
          credit_spread, dividend_yield.
        - Counts: advances and declines (issues), net_new_highs (highs less lows), vx_volume (contracts
          of the two nearest VX expiries). percent_advancers is a share, 0 to 1.
        - Calendar days, 0 on the day: days_to_fomc and days_since_fomc, days_to_inflation and
          days_since_inflation (CPI or PPI). Days to the next one look at the published schedule, which is
          known long before.
        - Percentage points: inflation_surprise, actual less consensus; 0 on a session without a release.
        - quick_ratio: median over REIT and technology companies.
        - USD a share: vxx, uvxy, split-adjusted: returns are right, levels are not prices of the day.
    provenance
        `COLUMN_NAMES` and `vx_futures` -> int8 of shape (n,), `Provenance` codes.
    vx_expiry, vx_settle
        Shape (n, 9): epoch days (0: none) and settlements in vol points (NaN: none) of the VX
        futures that had a settlement that day, by ascending expiry.
    repairs
        What was mended or noted in the inputs, for the user to read.
    source
        Input -> the file or package it came from.
    dated
        For the columns whose values hold between the rows of their file: name -> int64 of shape (n,), the
        epoch day of the row that a value is of (`NO_DATE`: none). No part of the content: values are what
        they are, whatever day they are of.
    fingerprint
        SHA-256 over the aligned content.

    Raises
    ------
    DataError
        When made of columns that are missing or differ in length.
    """

    sessions: NDArray[np.datetime64]
    columns: Mapping[str, NDArray[np.float64]]
    provenance: Mapping[str, NDArray[np.int8]]
    vx_expiry: NDArray[np.int64]
    vx_settle: NDArray[np.float64]
    repairs: tuple[Repair, ...] = ()
    source: Mapping[str, str] = field(default_factory=dict)
    dated: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    fingerprint: str = field(init=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how the market is made anew in another process: read-only views do not travel."""
        parts = (self.sessions, dict(self.columns), dict(self.provenance), self.vx_expiry, self.vx_settle)
        return Market, (*parts, self.repairs, dict(self.source), dict(self.dated))

    def __post_init__(self) -> None:
        n = len(self.sessions)
        for name in COLUMN_NAMES:
            if len(self.columns.get(name, ())) != n or len(self.provenance.get(name, ())) != n:
                raise DataError(
                    f"market: column {name} must have {n} rows and a provenance: fill it with NaN"
                )
        if not n == len(self.provenance.get(VX_FUTURES, ())) == len(self.vx_expiry) == len(self.vx_settle):
            raise DataError(
                f"market: {VX_FUTURES} must have {n} rows and a provenance: fill them with 0 and NaN"
            )
        fixed = {
            "sessions": _frozen(self.sessions.astype("datetime64[D]")),
            "columns": MappingProxyType({name: _frozen(self.columns[name]) for name in COLUMN_NAMES}),
            "provenance": MappingProxyType(
                {k: _frozen(self.provenance[k]) for k in (*COLUMN_NAMES, VX_FUTURES)}
            ),
            "vx_expiry": _frozen(self.vx_expiry),
            "vx_settle": _frozen(self.vx_settle),
            "source": MappingProxyType(dict(self.source)),
            "dated": MappingProxyType({name: _frozen(days) for name, days in self.dated.items()}),
        }
        for name, value in fixed.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "fingerprint", self._content_hash())

    def _content_hash(self) -> str:
        """Return the SHA-256 of sessions, columns, provenance and futures."""
        digest = hashlib.sha256(self.days.tobytes())
        for name in COLUMN_NAMES:
            digest.update(name.encode() + self.columns[name].tobytes() + self.provenance[name].tobytes())
        digest.update(self.vx_expiry.tobytes() + self.vx_settle.tobytes())
        return digest.hexdigest()

    @property
    def days(self) -> NDArray[np.int64]:
        """The epoch days of the sessions, shape (n,)."""
        return self.sessions.view(np.int64)

    @property
    def usable(self) -> tuple[dt.date, dt.date]:
        """The first and last session with a VIX close, between which a run can happen.

        Raises
        ------
        DataError
            When no session has one.
        """
        known = np.flatnonzero(np.isfinite(self.columns["vix_close"]))
        if not len(known):
            raise DataError(
                "vix: no close on any session of the S&P 500 history: check the dates of both files"
            )
        return calendar_date(self.days[known[0]]), calendar_date(self.days[known[-1]])

    def index_of(self, day: dt.date) -> int:
        """Return the row of a session.

        Raises
        ------
        DataError
            When `day` is not a session of this market.
        """
        i = int(np.searchsorted(self.days, epoch_day(day)))
        if i == len(self.days) or self.days[i] != epoch_day(day):
            first, last = self.sessions[0], self.sessions[-1]
            raise DataError(f"{day}: not a session of this market ({first} to {last}): choose a trading day")
        return i

    def window(self, start: dt.date | None = None, end: dt.date | None = None) -> tuple[int, int]:
        """Return the first and last row, both included, of the usable sessions from `start` to `end`.

        None means as early, or as late, as the history reaches. Dates outside the usable span are
        brought inside it; `clipped` says when that moved a date that was asked for.

        Raises
        ------
        DataError
            When no usable session lies between them.
        """
        first_usable, last_usable = self.usable
        low = max(start or first_usable, first_usable)
        high = min(end or last_usable, last_usable)
        first, last = np.searchsorted(self.days, [epoch_day(low), epoch_day(high) + 1])
        if last <= first:
            raise DataError(
                f"window {start or 'start'} to {end or 'end'}: no session with S&P 500 and VIX data: "
                f"choose dates between {first_usable} and {last_usable}"
            )
        return int(first), int(last) - 1

    def clipped(self, start: dt.date | None = None, end: dt.date | None = None) -> str:
        """Return one line that says how the usable span cut `start`..`end`, or nothing when it did not."""
        first, last = self.window(start, end)
        low, high = calendar_date(self.days[first]), calendar_date(self.days[last])
        cuts = []
        if (start or calendar_date(self.days[0])) < self.usable[0]:
            cuts.append(f"starts on {low}, the first session with VIX data")
        if end is not None and end > self.usable[1]:
            cuts.append(f"ends on {high}, the last session with data")
        return " and ".join(cuts)

    def truncated(self, last: dt.date) -> Market:
        """Return this market as it stood after the close of `last`.

        Raises
        ------
        DataError
            When `last` is before the first session.
        """
        stop = int(np.searchsorted(self.days, epoch_day(last), side="right"))
        if stop == 0:
            raise DataError(f"{last}: before the first session, {self.sessions[0]}: choose a later day")
        # Copies: a view would lead, through its base, to what came later.
        known = [replace(r, days=tuple(d for d in r.days if d <= self.days[stop - 1])) for r in self.repairs]
        return Market(
            sessions=self.sessions[:stop].copy(),
            columns={name: column[:stop].copy() for name, column in self.columns.items()},
            provenance={name: codes[:stop].copy() for name, codes in self.provenance.items()},
            vx_expiry=self.vx_expiry[:stop].copy(),
            vx_settle=self.vx_settle[:stop].copy(),
            repairs=tuple(r for r in known if r.days),
            source=self.source,
            dated={name: days[:stop].copy() for name, days in self.dated.items()},
        )
