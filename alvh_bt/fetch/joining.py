"""Joining what was fetched to what is there: the overlap is compared, and large disagreement is refused."""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from alvh_bt.fetch.canonical import keys
from alvh_bt.fetch.closed import checked_from
from alvh_bt.market.files import FileSpec

#: Two numbers this near, relative or in units of the file, differ by rounding alone.
_ROUNDING: Final = 1e-6
_LAST_DIGIT: Final = 0.0051
#: Relative disagreement up to which the new number is believed.
BELIEVED: Final = 0.005
#: Published numbers that are revised for years: the new history counts, whatever the old one said.
REVISED: Final = frozenset({"shiller", "reer", "macro_events"})
#: Of those, the ones that are fetched whole every time.
WHOLE: Final = frozenset({"shiller", "reer"})
#: Split-adjusted closes: every split rescales the whole history, and only returns can be compared.
SCALED: Final = frozenset({"etp_vxx", "etp_uvxy"})
#: Revised for days after every session, and no price.
_LOOSE: Final = frozenset({"volume", "open_interest"})


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
    scale = _scale(stood, fresh) if spec.name in SCALED else 1.0
    rescaled = abs(scale - 1.0) > BELIEVED
    if rescaled:
        stood = stood.assign(close=stood["close"] * scale)
    if spec.schedule:
        stood, fresh = _schedules(stood, fresh, until)
    differs, refused = _compare(stood, fresh, spec)
    whole = fresh.combine_first(stood).reset_index()
    order = [name for name in (*by, *old.columns, *new.columns) if name in whole.columns]
    whole = whole[list(dict.fromkeys(order))].sort_values(by, kind="stable", ignore_index=True)
    return Joined(whole, differs, refused and spec.name not in REVISED, rescaled)


def _scale(stood: pd.DataFrame, fresh: pd.DataFrame) -> float:
    """Return by what constant the new closes are the old ones; 1.0 where it is not constant."""
    both = pd.concat([stood["close"], fresh["close"]], axis=1, join="inner").dropna().to_numpy()
    ratio = both[:, 1] / both[:, 0]
    if not len(ratio) or (np.abs(ratio / np.median(ratio) - 1.0) > BELIEVED).any():
        return 1.0
    return float(np.median(ratio))


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


def _compare(stood: pd.DataFrame, fresh: pd.DataFrame, spec: FileSpec) -> tuple[str, bool]:
    """Return what differs beyond rounding in one line, and whether a price differs beyond belief."""
    common = stood.index.intersection(fresh.index)
    days = pd.DatetimeIndex(common.get_level_values(0))
    count, first, refused = 0, "", False
    earliest = None
    for name in dict.fromkeys(column.source for column in spec.columns):
        if name not in stood or name not in fresh:
            continue
        was, now = (np.asarray(table.loc[common, name], dtype=np.float64) for table in (stood, fresh))
        gap = np.abs(now - was)
        largest = np.maximum(np.abs(now), np.abs(was))
        off = (gap > _ROUNDING * largest) & (gap > _LAST_DIGIT)
        count += int(off.sum())
        if name not in _LOOSE:
            refused |= bool((off & (gap > BELIEVED * largest)).any())
        if off.any():
            k = int(off.argmax())
            if earliest is None or days[k] < earliest:
                earliest = days[k]
                first = f"{earliest.date()}: {name} {was[k]:.10g}, now {now[k]:.10g}"
    if not count:
        return "", False
    return f"{count:,} {'value differs' if count == 1 else 'values differ'}, the first on {first}", refused
