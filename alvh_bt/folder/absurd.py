"""What a file of the user's own cannot mean: another unit, a slip of the decimal point, another index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from alvh_bt.contracts import calendar_date
from alvh_bt.folder.checked_agreement import settlement_gaps
from alvh_bt.folder.checked_values import REASON, SPIKE_LEFT
from alvh_bt.folder.contents import SPECS, Contents, Series
from alvh_bt.market.csv_source import Table
from alvh_bt.sessions import scheduled_and_held

#: Share of a file's values out of reason from which the whole file is in another unit. Of the history that
#: VVIX has, one value in a thousand is.
MOST_OUTSIDE: Final = 0.01
#: Log move that the next row takes back and that no print of an index has made: a factor of two.
JUMP: Final = 0.69
#: Log move of the S&P 500 in a day that no day has made; 1987-10-19 had 0.23.
INDEX_MOVE: Final = 0.30
#: Relative distance of a settlement value from that day's bar of its index that no morning has seen.
SETTLED_OFF: Final = {"spx_set": 0.05, "vro": 0.50}
_INDICES: Final = ("spx", "vix", "vix9d", "vix3m", "vix6m", "vvix", "skew", "equal_weight", "equity")


def absurdities(name: str, contents: Contents) -> list[str]:
    """Return in words why a file of the folder cannot be meant as it is; nothing where it can.

    Parameters
    ----------
    name
        As in `market.files.FILES`.
    contents
        The folder with the file in it.
    """
    series = contents.series(name)
    found = list(_empty(name, contents.tables[name]))
    if name == "advances" and len(series.day) and series.value.max() <= 1.0:
        found.append(f"no day has more than {series.value.max():g} advances: counts of issues are meant")
    if name in REASON and len(series.day):
        low, high = REASON[name]
        outside = (series.value < low) | (series.value > high)
        if outside.mean() > MOST_OUTSIDE:
            found.append(
                f"{int(outside.sum()):,} of {len(outside):,} values lie outside {low:g} to {high:g}, "
                f"the first {_told(series, outside)}: is it in another unit?"
            )
    if name in _INDICES and len(series.day) > 1:
        bad = _jumps(name, series)
        if bad.any():
            found.append(f"the value jumps {_told(series, bad)}: a slip of the decimal point?")
    for column, gap in settlement_gaps(contents).items() if name == "settlements" else ():
        bad = gap > SETTLED_OFF[column]
        if bad.any():
            given = contents.series(name, column)
            index = "S&P 500" if column == "spx_set" else "VIX"
            found.append(f"{column} is nowhere near that day's {index} {_told(given, bad)}")
    return found


def _empty(name: str, table: Table) -> Iterator[str]:
    """Yield why nothing in a file could ever be read."""
    spec = SPECS[name]
    if not spec.labels and not any(np.isfinite(column).any() for column in table.values.values()):
        yield "no row has a number"
    # A month's row, and an announcement, may be dated on any day.
    by_session = not (spec.carried or spec.schedule or spec.labels)
    if by_session and not np.isin(table.day, scheduled_and_held()[1]).any():
        first = calendar_date(int(table.day[0]))
        yield f"none of its {len(table.day):,} rows, the first on {first}, is of a session of the exchange"


def _jumps(name: str, series: Series) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return the rows into which a value jumps as no index does."""
    moves = np.diff(np.log(np.where(series.value > 0.0, series.value, np.nan)), prepend=np.nan)
    back = np.append(moves[1:], np.nan)
    gone = (np.abs(moves) > JUMP) & (np.abs(moves + back) < SPIKE_LEFT * np.abs(moves))
    return gone | (np.abs(moves) > INDEX_MOVE) if name == "spx" else gone


def _told(series: Series, bad: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> str:
    """Return the first bad day and its value."""
    k = int(bad.argmax())
    return f"on {calendar_date(int(series.day[k]))} ({series.value[k]:.10g})"
