"""Joining what was fetched to what is there: the overlap is compared, and large disagreement is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from alvh_bt.fetch.canonical import keys
from alvh_bt.fetch.closed import checked_from
from alvh_bt.folder.overlap import BELIEVED, REVISED, SCALED, compare_overlap, constant_ratio
from alvh_bt.market.files import FileSpec

#: Of the published numbers that are revised, those that are fetched whole every time.
WHOLE: Final = frozenset({"shiller", "reer"})


#: A date that was announced is moved by less than this; the next one of its kind is four weeks away.
MOVED_BY: Final = pd.Timedelta(days=14)


class Joined(NamedTuple):
    """One series of old and new rows.

    `differs` says where the two disagree beyond rounding, empty where they do not; `refused` that they
    disagree by too much; `rescaled` that the new closes are the old ones times a constant.
    """

    frame: pd.DataFrame
    differs: str = ""
    refused: bool = False
    rescaled: bool = False


def join(old: pd.DataFrame, new: pd.DataFrame, spec: FileSpec, until: dt.date) -> Joined:
    """Return the old rows with the new ones in and after them; where both have a number the new one counts.

    Parameters
    ----------
    old, new
        Canonical tables.
    spec
        What the series is.
    until
        The last closed session.
    """
    by = keys(spec)
    stood, fresh = old.set_index(by), new.set_index(by)
    scale = constant_ratio(stood["close"], fresh["close"]) if spec.name in SCALED else 1.0
    rescaled = abs(scale - 1.0) > BELIEVED
    if rescaled:
        stood = stood.assign(close=stood["close"] * scale)
    if spec.schedule:
        stood, fresh = _schedules(stood, fresh, until)
    differs, refused = compare_overlap(stood, fresh, spec)
    whole = fresh.combine_first(stood).reset_index()
    order = [name for name in (*by, *old.columns, *new.columns) if name in whole.columns]
    whole = whole[list(dict.fromkeys(order))].sort_values(by, kind="stable", ignore_index=True)
    return Joined(whole, differs, refused and spec.name not in REVISED, rescaled)


def _schedules(stood: pd.DataFrame, fresh: pd.DataFrame, until: dt.date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of two schedules that go together.

    In the last days and ahead the new one counts, for dates are moved: an old row goes to the day of the new
    one's event within two weeks of it, unless the new one has its own day too, and takes its figures along.
    What the new one says nothing about stays, and so do the figures beside a date that both have. Before, the
    old one counts: a month that has an event in it gets no second date of it.
    """
    (day, event), (fresh_day, fresh_event) = _rows_of(stood), _rows_of(fresh)
    past = day[day <= pd.Timestamp(until)]
    edge = pd.Timestamp(checked_from(past.max().date() if len(past) else until))
    known = set(zip(day.year, day.month, event, strict=True))
    months = zip(fresh_day.year, fresh_day.month, fresh_event, strict=True)
    is_new = np.array([month not in known for month in months], dtype=np.bool_)
    counts = fresh[(fresh_day >= edge) | is_new]
    goes_to = [
        _moved_to(date, counts, name) if date >= edge else date for date, name in zip(day, event, strict=True)
    ]
    moved = np.asarray(pd.DatetimeIndex(goes_to) != day)
    carried = stood[moved]
    carried.index = pd.MultiIndex.from_arrays(
        [pd.DatetimeIndex(goes_to).astype(day.dtype)[moved], event[moved]], names=stood.index.names
    )
    # Two old dates may go to one.
    return stood[~moved].combine_first(carried.groupby(level=[0, 1]).last()), counts


def _moved_to(date: pd.Timestamp, fresh: pd.DataFrame, event: str) -> pd.Timestamp:
    """Return the day to which an announced event was moved, its own where it was not."""
    fresh_day, fresh_event = _rows_of(fresh)
    days = [pd.Timestamp(day) for day in fresh_day[fresh_event == event]]
    nearest = min(days, key=lambda day: abs(day - date), default=date)
    return nearest if abs(nearest - date) <= MOVED_BY else date


def _rows_of(schedule: pd.DataFrame) -> tuple[pd.DatetimeIndex, pd.Index[Any]]:
    """Return the days of a schedule and the event of each."""
    return pd.DatetimeIndex(schedule.index.get_level_values(0)), schedule.index.get_level_values(1)
