"""Where two histories of one series disagree on the dates that both have."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from alvh_bt.market.csv_source import Table
from alvh_bt.market.files import FileSpec

#: Two numbers this near, relative or in units of the file, differ by rounding alone.
_ROUNDING: Final = 1e-6
_LAST_DIGIT: Final = 0.0051
#: Relative disagreement up to which the new number is believed.
BELIEVED: Final = 0.005
#: Published numbers that are revised for years: the new history counts, whatever the old one said.
REVISED: Final = frozenset({"shiller", "reer", "macro_events"})
#: Split-adjusted closes: every split rescales the whole history, and only returns can be compared.
SCALED: Final = frozenset({"etp_vxx", "etp_uvxy"})
#: Revised for days after every session, and no price.
_LOOSE: Final = frozenset({"volume", "open_interest"})


def constant_ratio(stood: pd.Series[float], fresh: pd.Series[float]) -> float:
    """Return by what constant the new values are the old ones; 1.0 where it is not constant."""
    both = pd.concat([stood, fresh], axis=1, join="inner").dropna().to_numpy()
    ratio = both[:, 1] / both[:, 0]
    if not len(ratio) or (np.abs(ratio / np.median(ratio) - 1.0) > BELIEVED).any():
        return 1.0
    return float(np.median(ratio))


def disagreement(stood: Table, fresh: Table, spec: FileSpec) -> str:
    """Return in one line where a new history of a series disagrees with the old by more than is believed.

    Nothing where it does not, or where the series is one that its publisher revises. Split-adjusted closes
    may all be the old ones times a constant.
    """
    if spec.name in REVISED or spec.labels:
        return ""
    old, new = (_frame(table) for table in (stood, fresh))
    if spec.name in SCALED:
        old = old * constant_ratio(old["close"], new["close"])
    differs, refused = compare_overlap(old, new, spec)
    return differs if refused else ""


def _frame(table: Table) -> pd.DataFrame:
    """Return the values of a table by date, or by date and expiry."""
    days = [days.astype("datetime64[D]") for days in (table.day, table.expiry) if len(days)]
    return pd.DataFrame(dict(table.values), index=pd.MultiIndex.from_arrays(days))


def compare_overlap(stood: pd.DataFrame, fresh: pd.DataFrame, spec: FileSpec) -> tuple[str, bool]:
    """Return what differs beyond rounding in one line, and whether a price differs beyond belief.

    Parameters
    ----------
    stood, fresh
        Columns of the file by its keys, the date first.
    spec
        What the series is.
    """
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
