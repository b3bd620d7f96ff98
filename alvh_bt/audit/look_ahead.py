"""Look-ahead: the past must stay the same, to the last bit, when the future is cut off or changed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.contracts import calendar_date
from alvh_bt.engine.results import RunResult
from alvh_bt.market import Market

#: Sessions of the window's beginning and end on which no cut tells much.
MARGIN = 5


def choose_cuts(market: Market, first: int, last: int, count: int, seed: int) -> list[dt.date]:
    """Return up to `count` days, ascending, after whose close the future is cut off.

    A third of them (at least one) are the days of the largest moves of the index or VIX and the days before
    them, for who sees ahead trades before those; the others are drawn.

    Parameters
    ----------
    market
        The history.
    first, last
        Rows of the window, both included.
    count
        How many.
    seed
        Of the draw.
    """
    rows = np.arange(first + MARGIN, last - MARGIN)
    if not len(rows):
        rows = np.arange(first, last + 1)
    spx, vix = (np.log(market.columns[name]) for name in ("spx_close", "vix_close"))
    # VIX moves about four times as far as the index.
    moves = np.nan_to_num(np.abs(np.diff(spx, prepend=np.nan)) + np.abs(np.diff(vix, prepend=np.nan)) / 4.0)
    largest = rows[np.argsort(-moves[rows], kind="stable")]
    before = [row - lag for row in largest for lag in (1, 0) if row - lag >= first]
    chosen = list(dict.fromkeys(before))[: max(1, count // 3)]
    rest = np.setdiff1d(rows, chosen)
    drawn = np.random.default_rng(seed).permutation(rest)[: max(0, count - len(chosen))]
    return [calendar_date(market.days[row]) for row in sorted({*chosen, *drawn.tolist()})][:count]


def other_future(market: Market, cut: dt.date, seed: int) -> Market:
    """Return the market with every number after `cut` multiplied by a random factor from 0.7 to 1.4.

    An index has one factor a session for all its prices, so that its high stays above its low; VX futures
    share that of VIX.
    """
    draw = np.random.default_rng(seed)
    after = market.index_of(cut) + 1
    rows = len(market.sessions) - after
    factors: dict[str, NDArray[np.float64]] = {}
    columns = {}
    for name, values in market.columns.items():
        family = name.split("_")[0] if name.endswith(("open", "high", "low", "close")) else name
        if family not in factors:
            factors[family] = np.exp(draw.uniform(np.log(0.7), np.log(1.4), rows))
        columns[name] = values.copy()
        columns[name][after:] *= factors[family]
    settle = market.vx_settle.copy()
    settle[after:] *= factors["vix"][:, None]
    return replace(market, columns=columns, vx_settle=settle)


def first_difference(full: RunResult, other: RunResult | None, last: dt.date | None = None) -> str | None:
    """Return where two runs first differ in a row of any frame up to `last`; None if they do not.

    Values are compared to the last bit; NaN equals NaN.

    Parameters
    ----------
    full, other
        The runs; None has no row.
    last
        The last day that is compared; None compares all.
    """
    for name in ("daily", "trades", "journal"):
        left = _until(getattr(full, name), last)
        right = left.iloc[:0] if other is None else _until(getattr(other, name), last)
        where = _frames_differ(left, right)
        if where is not None:
            return f"{name} of {where}"
    return None


def _until(frame: pd.DataFrame, last: dt.date | None) -> pd.DataFrame:
    kept = frame if last is None else frame[frame["date"] <= pd.Timestamp(last)]
    return kept.reset_index(drop=True)


def _frames_differ(left: pd.DataFrame, right: pd.DataFrame) -> str | None:
    """Return the day and column of the first difference."""
    rows = min(len(left), len(right))
    first, column = rows, "a row more or less"
    for name in left.columns:
        a, b = left[name].iloc[:rows], right[name].iloc[:rows]
        gaps = np.flatnonzero(~((a == b) | (a.isna() & b.isna())).to_numpy())
        if len(gaps) and gaps[0] < first:
            first, column = int(gaps[0]), _values(str(name), a.iloc[gaps[0]], b.iloc[gaps[0]])
    if first == rows and len(left) == len(right):
        return None
    longer = left if len(left) > first else right
    return f"{longer['date'].iloc[first]:%Y-%m-%d} ({column})"


def _values(name: str, a: object, b: object) -> str:
    if name == "signals":
        return name
    return f"{name} {a!s} or {b!s}"
