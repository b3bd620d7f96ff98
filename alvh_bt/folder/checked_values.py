"""Checks of values: prints that come and go, bars that contradict themselves, values out of reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import median_abs_deviation

from alvh_bt.folder.contents import SPECS, Contents, Series
from alvh_bt.folder.finding import Finding, found
from alvh_bt.market.quality import ROUNDING

Floats = NDArray[np.float64]

#: A bad print moves by so many scaled MADs of the sessions around it, and the next row takes back
#: all of it but a quarter. A crash stays, and so is none.
SPIKE_MADS: Final = 8.0
SPIKE_LEFT: Final = 0.25
#: Rows, half before and half after, whose moves say what is usual.
SPIKE_ROWS: Final = 63
#: A print is borne out where another series moved by so many of its own MADs on the day: what moves VIX
#: and its futures alike is news. VIX bears witness for its family and its funds, each of it and the S&P 500
#: for the other.
WITNESS_MADS: Final = 4.0
_WITNESS: Final = {
    "spx": "vix",
    "vix": "spx",
    **dict.fromkeys(("vix9d", "vix3m", "vix6m", "vvix", "etp_vxx", "etp_vxx_series_a", "etp_uvxy"), "vix"),
    **dict.fromkeys(("equity", "equal_weight"), "spx"),
}
#: Standard deviations of a normal distribution whose MAD is one.
_NORMAL: Final = 1.4826
_SPIKES: Final = frozenset({*_WITNESS, "skew", "rates", "foreign_rates", "hy_oas"})
#: Percentage points: their moves are differences, for a rate may be near zero.
_IN_POINTS: Final = frozenset({"rates", "foreign_rates"})
#: The least move, percentage points, that is worth a line in a rate.
RATE_JUMP: Final = 0.25

#: Lowest and highest value that is no mistake, in the unit of the file. From 2007 to
#: 2024 VVIX closed between 59 and 208; since 1990 SKEW between 101 and 181, VIX between 9 and 83.
REASON: Final = {
    "vix": (5.0, 150.0),
    "vix9d": (4.0, 200.0),
    "vix3m": (6.0, 120.0),
    "vix6m": (6.0, 100.0),
    "vvix": (45.0, 250.0),
    "skew": (95.0, 200.0),
    "rates": (-2.0, 25.0),
    "foreign_rates": (-3.0, 50.0),
    "hy_oas": (1.0, 30.0),
}


def check_values(contents: Contents) -> Iterator[Finding]:
    """Yield what is wrong with the values of each file; nothing for a file without a fault."""
    for name in contents.tables:
        series = contents.series(name)
        if name in _SPIKES and len(series.day) > 2:
            yield from _spikes(name, series, contents)
        if name in REASON:
            low, high = REASON[name]
            odd = (series.value < low) | (series.value > high)
            what = f"outside {low:g} to {high:g}"
            worst = np.abs(series.value - 0.5 * (low + high))[odd]
            yield from found("bounds", name, "warning", series.day[odd], what, worst)
        if SPECS[name].bars:
            yield from _bars(name, contents)


def robust_moves(name: str, series: Series) -> tuple[Floats, Floats]:
    """Return the move into each row and that move in scaled MADs of the rows around it.

    Moves are log returns, for rates differences in percentage points; NaN in the first row and where there
    are fewer than 20 moves around. The scale is never below half of the whole file's, so that a sleepy
    summer makes no print a bad one.
    """
    level = series.value if name in _IN_POINTS else np.log(np.where(series.value > 0, series.value, np.nan))
    moves = np.diff(level, prepend=np.nan)
    around = pd.Series(np.abs(moves)).rolling(SPIKE_ROWS, min_periods=20, center=True).median()
    whole = float(median_abs_deviation(moves, scale="normal", nan_policy="omit"))
    scale = np.maximum(around.to_numpy() * _NORMAL, 0.5 * whole)
    if name in _IN_POINTS:
        scale = np.maximum(scale, RATE_JUMP / SPIKE_MADS)
    with np.errstate(divide="ignore", invalid="ignore"):
        return moves, np.abs(moves) / scale


def _spikes(name: str, series: Series, contents: Contents) -> Iterator[Finding]:
    """Yield prints that no other series bears out and that the next row takes back."""
    moves, mads = robust_moves(name, series)
    back = np.append(moves[1:], np.nan)
    gone = np.abs(moves + back) < SPIKE_LEFT * np.abs(moves)
    bad = (mads > SPIKE_MADS) & gone
    witness = contents.series(_WITNESS.get(name, ""))
    if len(witness.day) > 2:
        loud = witness.day[robust_moves(_WITNESS[name], witness)[1] > WITNESS_MADS]
        bad &= ~np.isin(series.day, loud)
    unit = "points" if name in _IN_POINTS else "of the value"
    most = np.abs(moves[bad]).max() if bad.any() else 0.0
    what = f"a jump that the next row takes back (largest {most:.2f} {unit}): a bad print?"
    yield from found("spike", name, "warning", series.day[bad], what, mads[bad])


def _bars(name: str, contents: Contents) -> Iterator[Finding]:
    """Yield bars that contradict themselves, and volumes and opens that are none."""
    table = contents.tables[name]
    close = table.values["close"]
    if "high" in table.values:
        opens, high, low = (table.values[part] for part in ("open", "high", "low"))
        beyond = np.maximum(opens - high, low - opens)
        out = beyond > ROUNDING
        what = f"opens outside low..high (the close before is taken); up to {np.nanmax(beyond):.2f} points"
        yield from found("open", name, "note", table.day[out], what, beyond[out])
        flat = (high == low) & (opens == close) & (close == high)
        yield from found("bar", name, "note", table.day[flat], "bars without a range: a close, no more")
        bars = np.column_stack([opens, high, low, close])
        same = np.append(False, (bars[1:] == bars[:-1]).all(axis=1)) & ~flat
        yield from found("stale", name, "warning", table.day[same], "the whole bar of the row above again")
    if name == "spx" and "open" in table.values:
        stale = np.append(False, table.values["open"][1:] == close[:-1])
        what = "opens equal to the close before (prices of stocks that had not traded yet)"
        yield from found("open", name, "note", table.day[stale], what)
    if "volume" in table.values:
        volume = table.values["volume"]
        none = table.day[volume == 0.0]
        yield from found("volume", name, "note", none, "volume of zero (taken for unknown)")
