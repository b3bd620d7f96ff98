"""Placing inputs on the sessions of the S&P 500 history; nothing comes from a later row."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh_bt.calendars import vx_expiry
from alvh_bt.contracts import calendar_date, epoch_day
from alvh_bt.errors import DataError
from alvh_bt.market.csv_source import Table
from alvh_bt.market.files import Column, FileSpec, Lag
from alvh_bt.market.market import NO_DATE, Provenance, Repair
from alvh_bt.sessions import scheduled_and_held

Days = NDArray[np.int64]
Values = NDArray[np.float64]
Codes = NDArray[np.int8]

#: The most sessions in a row that the S&P 500 history may lack.
MISSING_AT_MOST: Final = 5
#: The VX months whose volume tells whether VX is thin.
FRONT_MONTHS: Final = 2
#: Columns of the VX futures matrix: the exchange lists at most nine months.
VX_MONTHS: Final = 9


class Aligned(NamedTuple):
    """Columns on the sessions: name -> values and provenance, and what was mended on the way.

    `dated` has for those that hold between rows the epoch day of the row that each value is of.
    """

    values: dict[str, Values]
    provenance: dict[str, Codes]
    repairs: list[Repair]
    dated: dict[str, Days]


class FuturesCurve(NamedTuple):
    """The VX matrix: expiries and settlements of shape (n, 9), provenance of shape (n,)."""

    expiry: Days
    settle: Values
    provenance: Codes
    repairs: list[Repair]


def _repair(name: str, what: str, days: Days) -> list[Repair]:
    """Return one repair for the days, or none when there are none."""
    return [Repair(name, what, tuple(np.unique(days).tolist()))] if len(days) else []


def trading_days(spx: Table) -> tuple[Days, list[Repair]]:
    """Return the epoch days of the sessions that the S&P 500 history has, and what it lacks.

    Raises
    ------
    DataError
        When it has no session, or lacks more than five in a row.
    """
    held = scheduled_and_held()[1]
    held = held[(held >= spx.day[0]) & (held <= spx.day[-1])]
    present = np.isin(held, spx.day)
    if not present.any():
        raise DataError(f"{spx.where}: no row falls on a session of the exchange: check its dates")
    days, missing = held[present], held[~present]
    gaps = np.diff(np.flatnonzero(present)) - 1
    if (gaps > MISSING_AT_MOST).any():
        k = int((gaps > MISSING_AT_MOST).argmax())
        row = int(spx.row[np.searchsorted(spx.day, days[k + 1])])
        raise DataError(
            f"{spx.where}, row {row}: {gaps[k]} sessions missing after {calendar_date(days[k])} "
            f"(at most {MISSING_AT_MOST}): fill the gap, or start the file after it"
        )
    return days, _repair("spx", "session missing from the file (skipped)", missing)


def _off_sessions(table: Table, name: str, days: Days) -> list[Repair]:
    """Return a repair that counts the rows on days without a session inside the history."""
    inside = table.day[(table.day >= days[0]) & (table.day <= days[-1])]
    closed = inside[~np.isin(inside, scheduled_and_held()[1])]
    return _repair(name, "print on a day without a session (dropped)", closed)


def _cells(table: Table, column: Column) -> Values:
    """Return the values that a column of the file gives to the market."""
    values = table.values[column.source] * column.scale
    return values / table.values[column.per] if column.per else values


def _present(table: Table, spec: FileSpec) -> list[Column]:
    """Return the columns of the spec that the table has and the market wants."""
    return [
        column
        for column in spec.columns
        if column.target and column.source in table.values and (not column.per or column.per in table.values)
    ]


def on_sessions(table: Table, spec: FileSpec, days: Days) -> Aligned:
    """Return an input on the sessions of its dates; NaN where it has no row. Nothing is filled."""
    aligned = Aligned({}, {}, _off_sessions(table, spec.name, days), {})
    at = np.searchsorted(days, table.day)
    hit = np.isin(table.day, days)
    for column in _present(table, spec):
        values = np.full(len(days), np.nan)
        values[at[hit]] = _cells(table, column)[hit]
        aligned.values[column.target] = values
        aligned.provenance[column.target] = observed_where_finite(values)
    return aligned


def observed_where_finite(values: Values) -> Codes:
    """Return `OBSERVED` where a value is known and `UNAVAILABLE` elsewhere."""
    return np.where(np.isfinite(values), Provenance.OBSERVED, Provenance.UNAVAILABLE).astype(np.int8)


def carried(table: Table, spec: FileSpec, days: Days) -> Aligned:
    """Return an input that holds between its rows: on each session the last value known before it.

    A value enters its lag after its date; one that is older than `stale_after` days counts as repaired.
    """
    aligned = Aligned({}, {}, [], {})
    held = np.zeros(len(days), dtype=np.bool_)
    for column in _present(table, spec):
        known_from = _known_from(table.day, column.lag or spec.lag)
        cells = _cells(table, column)
        given = np.flatnonzero(np.isfinite(cells))
        at = np.searchsorted(known_from[given], days, side="right") - 1
        values = np.full(len(days), np.nan)
        values[at >= 0] = cells[given[at[at >= 0]]]
        stale = np.zeros(len(days), dtype=np.bool_)
        stale[at >= 0] = days[at >= 0] - known_from[given[at[at >= 0]]] > spec.stale_after
        dated = np.full(len(days), NO_DATE)
        dated[at >= 0] = table.day[given[at[at >= 0]]]
        aligned.dated[column.target] = dated
        aligned.values[column.target] = values
        aligned.provenance[column.target] = observed_where_finite(values)
        if column.modelled:
            aligned.provenance[column.target][np.isfinite(values)] = Provenance.MODELLED
        aligned.provenance[column.target][stale] = Provenance.REPAIRED
        held |= stale
    what = f"no row for {spec.stale_after} days (last one held)"
    aligned.repairs.extend(_repair(spec.name, what, days[held]))
    return aligned


def _known_from(day: Days, lag: Lag) -> Days:
    """Return the epoch days from which rows of `day` are known."""
    dates = day.astype("datetime64[D]")
    month = dates.astype("datetime64[M]")
    shifted = (month + lag.months).astype("datetime64[D]") + (dates - month.astype("datetime64[D]"))
    return shifted.astype(np.int64) + lag.days


def futures_curve(table: Table, days: Days) -> FuturesCurve:
    """Return the VX settlements as a matrix, a row a session, nearest expiry first.

    Expiries are kept as given, also where the exchange's rule gives another day; that is counted.
    """
    repairs = _off_sessions(table, "vx_futures", days)
    expiring = table.expiry == table.day
    repairs += _repair("vx_futures", "row on the settlement day itself (dropped)", table.day[expiring])
    keep = np.isin(table.day, days) & ~expiring
    order = np.lexsort((table.expiry[keep], table.day[keep]))
    day, expiry = table.day[keep][order], table.expiry[keep][order]
    settle = table.values["settle"][keep][order]
    first = np.searchsorted(day, day)  # the position of each row's first contract
    rank = np.arange(len(day)) - first
    near = rank < VX_MONTHS
    repairs += _repair("vx_futures", f"contracts beyond the nearest {VX_MONTHS} (dropped)", day[~near])
    at = np.searchsorted(days, day)
    expiries, settles = np.zeros((len(days), VX_MONTHS), np.int64), np.full((len(days), VX_MONTHS), np.nan)
    expiries[at[near], rank[near]] = expiry[near]
    settles[at[near], rank[near]] = settle[near]
    repairs += _repair(
        "vx_futures", "expiry that the exchange's rule does not give (kept)", day[_off_rule(expiry)]
    )
    return FuturesCurve(expiries, settles, observed_where_finite(settles[:, 0]), repairs)


def front_volume(table: Table, days: Days) -> Aligned:
    """Return the volume of the two nearest VX expiries of each session; NaN where a count is blank."""
    if "volume" not in table.values:
        return Aligned({}, {}, [], {})
    keep = np.isin(table.day, days) & (table.expiry != table.day)
    order = np.lexsort((table.expiry[keep], table.day[keep]))
    day, volume = table.day[keep][order], table.values["volume"][keep][order]
    near = np.arange(len(day)) - np.searchsorted(day, day) < FRONT_MONTHS
    total, rows = np.zeros(len(days)), np.zeros(len(days))
    at = np.searchsorted(days, day[near])
    np.add.at(total, at, volume[near])
    np.add.at(rows, at, 1.0)
    values = np.where(rows > 0, total, np.nan)
    return Aligned({"vx_volume": values}, {"vx_volume": observed_where_finite(values)}, [], {})


def _off_rule(expiry: Days) -> NDArray[np.bool_]:
    """Return which expiries are not the day that the rule gives for their month."""
    given, at = np.unique(expiry, return_inverse=True)
    dates = [calendar_date(day) for day in given]
    ruled = np.array([epoch_day(vx_expiry(date.year, date.month)) for date in dates], dtype=np.int64)
    return (given != ruled)[at]
