"""Joining what was fetched to what is there: the overlap is compared, and large disagreement is refused."""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from alvh_bt.fetch.canonical import keys
from alvh_bt.fetch.closed import checked_from
from alvh_bt.folder.overlap import BELIEVED, REVISED, SCALED, compare_overlap, constant_ratio
from alvh_bt.market.files import FileSpec

#: Of the published numbers that are revised, those that are fetched whole every time.
WHOLE: Final = frozenset({"shiller", "reer"})


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

    In the last days and ahead the new one counts, for dates are moved: old rows of its events are dropped.
    Before, the old one counts: a month that has an event in it gets no second date of it.
    """
    day, fresh_day = (pd.DatetimeIndex(table.index.get_level_values(0)) for table in (stood, fresh))
    event, fresh_event = stood.index.get_level_values(1), fresh.index.get_level_values(1)
    past = day[day <= pd.Timestamp(until)]
    edge = pd.Timestamp(checked_from(past.max().date() if len(past) else until))
    known = set(zip(day.year, day.month, event, strict=True))
    months = zip(fresh_day.year, fresh_day.month, fresh_event, strict=True)
    is_new = np.array([month not in known for month in months], dtype=np.bool_)
    announced = fresh_event[fresh_day >= edge]
    return stood[(day < edge) | ~event.isin(announced)], fresh[(fresh_day >= edge) | is_new]
