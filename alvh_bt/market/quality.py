"""Checks of an input as given: what no desk could mend is an error that names the row."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from alvh_bt.contracts import calendar_date, epoch_day
from alvh_bt.market.csv_source import Table, row_error
from alvh_bt.market.files import Column, FileSpec
from alvh_bt.sessions import FIRST_DAY

#: Index points or vol points by which a rounded open or close may leave low..high.
ROUNDING = 0.01

#: Calendar days from a row to the settlement of its future: further is a slip, and no calendar has it.
FURTHEST_DAYS = 36_525


def check_table(table: Table, spec: FileSpec, today: dt.date) -> None:
    """Raise DataError at the first row that is unusable.

    Parameters
    ----------
    table
        An input as read.
    spec
        What it must satisfy.
    today
        Rows dated later are refused.

    Raises
    ------
    DataError
        Dates that are in the future, before 1960, unsorted or twice; blank required values;
        infinities; values at or below their bound; high below low; an open or close outside
        low..high; an expiry before its date, or a century after it; the same label twice on a day.
    """
    _check_dates(table, spec, today)
    for column in spec.columns:
        _check_values(table, column)
    if spec.expiry:
        _check_expiries(table)
    if spec.bars and "high" in table.values:
        _check_bars(table, spec)


def _refuse(table: Table, bad: NDArray[np.bool_], what: str, remedy: str) -> None:
    """Raise DataError at the first row where `bad`; `what` may quote {day} and cells by column name."""
    if bad.any():
        k = int(bad.argmax())
        cells = {name: f"{column[k]:.10g}" for name, column in table.values.items()}
        said = what.format(day=calendar_date(table.day[k]), **cells)
        raise row_error(table.where, int(table.row[k]), said, remedy)


def _check_dates(table: Table, spec: FileSpec, today: dt.date) -> None:
    """Raise DataError unless dates ascend, up to today; futures and labelled rows may share a day."""
    if not spec.schedule:
        ahead = table.day > epoch_day(today)
        _refuse(table, ahead, f"date {{day}} is after today, {today}", "remove the row")
    _refuse(table, table.day < epoch_day(FIRST_DAY), f"date {{day}} is before {FIRST_DAY}", "remove the row")
    step = np.diff(table.day, prepend=table.day[0] - 1)
    _refuse(table, step < 0, "date {day} is earlier than the row above", "sort the file by date")
    if spec.labels:
        _check_labels(table, spec)
    elif not len(table.expiry):
        _refuse(table, step == 0, "date {day} is a duplicate of the row above", "keep one row a day")


def _check_labels(table: Table, spec: FileSpec) -> None:
    """Raise DataError where a day has the first label of a row before."""
    seen: set[tuple[int, str]] = set()
    twice = np.zeros(len(table.day), dtype=np.bool_)
    for k, key in enumerate(zip(table.day.tolist(), table.labels[spec.labels[0]].tolist(), strict=True)):
        twice[k] = key in seen
        seen.add(key)
    _refuse(table, twice, f"the same {spec.labels[0]} is given twice on {{day}}", "keep one row")


def _check_expiries(table: Table) -> None:
    """Raise DataError for an expiry before its date, or twice on one date."""
    _refuse(table, table.expiry < table.day, "the expiry is before the date {day}", "correct the expiry")
    far = table.expiry > table.day + FURTHEST_DAYS
    _refuse(table, far, f"the expiry is more than {FURTHEST_DAYS} days after {{day}}", "correct the expiry")
    order = np.lexsort((table.expiry, table.day))
    same = (np.diff(table.day[order]) == 0) & (np.diff(table.expiry[order]) == 0)
    duplicate = np.zeros(len(order), dtype=np.bool_)
    duplicate[order[1:]] = same
    _refuse(table, duplicate, "an expiry is given twice on {day}", "keep one row a day and contract")


def _check_values(table: Table, column: Column) -> None:
    """Raise DataError for blanks, infinities and values out of bounds."""
    name = column.source
    if name not in table.values:
        return
    values = table.values[name]
    _refuse(table, np.isinf(values), f"{name} is infinite", "give the number, or leave out the row")
    if not column.blank:
        _refuse(table, np.isnan(values), f"{name} is blank", "fill it in, or leave out the row")
    if column.or_equal:
        low, bound = values < column.above, f"at least {column.above:g}"
    else:
        low, bound = values <= column.above, f"above {column.above:g}"
    _refuse(table, low, f"{name} {{{name}}} must be {bound}", "correct it, or leave out the row")
    high = values > column.most
    _refuse(
        table, high, f"{name} {{{name}}} must be at most {column.most:g}", "correct it, or leave out the row"
    )


def _check_bars(table: Table, spec: FileSpec) -> None:
    """Raise DataError where high is below low, or open or close outside low..high."""
    high, low = table.values["high"], table.values["low"]
    _refuse(table, high < low, "high {high} is below low {low}", "correct the row")
    for name in ("close",) if spec.repair_open else ("open", "close"):
        value = table.values[name]
        outside = (value > high + ROUNDING) | (value < low - ROUNDING)
        _refuse(
            table, outside, f"{name} {{{name}}} is outside low {{low}} to high {{high}}", "correct the row"
        )
