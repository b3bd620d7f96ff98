"""Look-ahead: cutting the future off, or changing it, must not change a bit of the past."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.testing import assert_frame_equal

from alvh_bt.audit.subject import Subject, World, make_world, run_subject
from alvh_bt.config import Study
from alvh_bt.contracts import calendar_date
from alvh_bt.engine.results import RunResult
from alvh_bt.market import Market

#: Sessions before a cut from which its runs start at the earliest, and those after it that are seen.
BEFORE, AFTER = 500, 40
#: By how much a changed future is moved: every price by a factor between these.
LEAST, MOST = 0.7, 1.4
_TABLES = ("daily", "trades", "journal")


def choose_cuts(
    market: Market, first: int, last: int, count: int, seed: int, decided: Sequence[int] = ()
) -> list[int]:
    """Return the sessions after which the future is cut off.

    Half of them are days on which something was ordered, by as many hedges as can be: there a look at the
    next day shows at once. A quarter are the closes before the largest moves, and the rest are drawn.

    Parameters
    ----------
    market
        The history.
    first, last
        Sessions of the window, both included.
    count
        How many cuts; fewer where the window has fewer sessions.
    seed
        Of the draws.
    decided
        Epoch days on which a hedge's run ordered something, once for each hedge.
    """
    inside = np.arange(first + 1, last)
    if not len(inside):
        return []
    draw = np.random.default_rng(seed)
    days, times = np.unique(np.array(decided, dtype=np.int64), return_counts=True)
    busy = dict(zip(days.tolist(), times.tolist(), strict=True))
    shuffled = draw.permutation(inside)
    most = sorted(shuffled.tolist(), key=lambda i: -busy.get(int(market.days[i]), 0))
    ordered = [i for i in most if int(market.days[i]) in busy]
    chosen = set(ordered[: (count + 1) // 2])
    close = market.columns["spx_close"]
    moves = np.abs(np.log(close[inside + 1] / close[inside]))
    worst = inside[np.argsort(-np.nan_to_num(moves), kind="stable")]
    chosen |= set(worst[: max(1, count // 4)].tolist())
    rest = np.setdiff1d(inside, np.array(sorted(chosen), dtype=np.int64))
    more = draw.choice(rest, size=max(0, min(count - len(chosen), len(rest))), replace=False)
    return sorted(chosen | set(more.tolist()))[:count] if count > 1 else sorted(chosen)[:1]


def pasts_after_cut(
    world: World, study: Study, subjects: Mapping[str, Subject], cut: int, seed: int
) -> dict[str, tuple[str, str] | Exception]:
    """Return what changed of each past up to session `cut` without its future, and with another one.

    Returns
    -------
    By subject two texts, empty where nothing changed; or what it raised in the whole run. In the other
    two runs, raising counts as a change.
    """
    market = world.market
    first, last = market.window(study.start, study.end)
    start = calendar_date(market.days[max(first, cut - BEFORE)])
    end = calendar_date(market.days[min(last, cut + AFTER)])
    window, day = replace(study, start=start, end=end), calendar_date(market.days[cut])
    others = [market.truncated(day), with_another_future(market, cut, seed)]
    worlds = [make_world(other, study) for other in others]
    found: dict[str, tuple[str, str] | Exception] = {}
    for text, subject in subjects.items():
        try:
            whole = run_subject(world, window, subject)
        except Exception as error:  # whatever a user's code raises is what the audit is to tell
            found[text] = error
            continue
        cut_off, changed = (_change(whole, other, window, subject, day) for other in worlds)
        found[text] = cut_off, changed
    return found


def _change(whole: RunResult, world: World, study: Study, subject: Subject, day: dt.date) -> str:
    """Return what a run in another world has changed up to a day, or nothing."""
    try:
        other = run_subject(world, study, subject)
    except Exception as error:  # it runs on the whole history: what it lacks is the future
        return f"up to {day}: without it the run fails ({type(error).__name__}: {error})"
    return difference(whole, other, pd.Timestamp(day))


def difference(one: RunResult, other: RunResult, last: pd.Timestamp) -> str:
    """Return the first difference between two runs up to `last`, or nothing where they agree to the bit."""
    try:
        before, after = one.until(last), other.until(last)
    except Exception:  # a run that ended before its first session
        return f"up to {last:%Y-%m-%d}: one of the runs has no session"
    for name in _TABLES:
        left, right = (getattr(run, name).reset_index(drop=True) for run in (before, after))
        try:
            assert_frame_equal(left, right, check_exact=True)
        except AssertionError:
            return f"{name} up to {last:%Y-%m-%d} differ, first on {_first(left, right)}"
    return ""


def _first(left: pd.DataFrame, right: pd.DataFrame) -> str:
    """Return the date of the first row in which two tables differ, and the columns."""
    rows = min(len(left), len(right))
    same = (left[:rows] == right[:rows]) | (left[:rows].isna() & right[:rows].isna())
    bad = np.flatnonzero(~same.all(axis=1).to_numpy())
    if not len(bad):
        longer = left if len(left) > rows else right
        return f"{longer['date'].iloc[rows]:%Y-%m-%d} (a row more)"
    row = int(bad[0])
    columns = [str(name) for name in left.columns[~same.iloc[row].to_numpy()]]
    return f"{left['date'].iloc[row]:%Y-%m-%d} ({', '.join(columns[:4])})"


def with_another_future(market: Market, cut: int, seed: int) -> Market:
    """Return the market with every number after session `cut` multiplied by a random factor.

    One factor a session for the prices of an index, so that its high stays above its low.
    """
    draw = np.random.default_rng(seed)
    rows = len(market.sessions) - cut - 1
    families: dict[str, NDArray[np.float64]] = {}
    columns = {}
    for name, values in market.columns.items():
        family = name.split("_")[0] if name.endswith(("open", "high", "low", "close")) else name
        factor = families.setdefault(family, np.exp(draw.uniform(np.log(LEAST), np.log(MOST), rows)))
        changed = values.copy()
        changed[cut + 1 :] *= factor
        columns[name] = changed
    settle = market.vx_settle.copy()
    settle[cut + 1 :] *= families["vix"][:, None]
    return replace(market, columns=columns, vx_settle=settle)
