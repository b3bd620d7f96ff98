"""Walk-forward: choose the best configuration on past weeks, hold it over the next ones, again and again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.config import make_study
from alvh_bt.errors import ConfigError
from alvh_bt.sweep.overfitting import WEEKS_A_YEAR
from alvh_bt.sweep.results import SweepResults

Floats = NDArray[np.float64]
Weeks = NDArray[np.int64]

#: Weeks of past that are chosen on (rolling; anchored starts with as many), and that a choice is held for.
TRAIN_WEEKS: Final = 260
TEST_WEEKS: Final = 52
EMBARGO_WEEKS: Final = 1
_LEAST_PURGE: Final = 7
_GROUPS: Final = {
    "static": "static",
    "layered": "layered",
    "ladder": "ladder",
    "vxth": "vxth",
    "long": "long_vx",
}


class WalkForward(NamedTuple):
    """What choosing on the past alone would have made, chained over all test windows, a year."""

    scheme: str  # anchored or rolling
    metric: str  # by which it was chosen
    windows: int
    gap_weeks: int  # purged and embargoed, between past and test
    start: str  # first and last week of the tests
    end: str
    cagr: float
    sharpe: float
    in_sample_cagr: float  # of the chosen ones in the weeks they were chosen on, mean over windows
    in_sample_sharpe: float
    median_cagr: float  # of the median configuration, over the same test weeks
    median_sharpe: float
    rival_cagr: float  # of the rival in the same configurations and weeks, unscaled; NaN without one
    rival_sharpe: float


def sharpe_of(returns: Floats) -> Floats:
    """Return the Sharpe ratio a year of each column of weekly returns; NaN without spread.

    >>> sharpe_of(np.array([[0.01, 0.0], [0.03, 0.0]])).round(2)
    array([10.2,  nan])
    """
    deviation = returns.std(axis=0, ddof=1) if len(returns) > 1 else np.zeros(returns.shape[1])
    found = np.full(returns.shape[1], np.nan)
    moves = deviation > 0
    found[moves] = returns.mean(axis=0)[moves] / deviation[moves] * WEEKS_A_YEAR**0.5
    return found


def cagr_of(returns: Floats) -> Floats:
    """Return the growth a year of each column of weekly returns; NaN once everything is lost.

    >>> cagr_of(np.full((52, 1), 0.01)).round(4)
    array([0.6777])
    """
    growth = np.prod(1.0 + returns, axis=0)
    alive = (1.0 + returns > 0).all(axis=0)
    grown: Floats = np.where(alive, np.abs(growth), np.nan) ** (WEEKS_A_YEAR / len(returns)) - 1.0
    return grown


def _drawdown_of(returns: Floats) -> Floats:
    levels = np.cumprod(np.vstack([np.ones(returns.shape[1]), 1.0 + returns]), axis=0)
    falls: Floats = (levels / np.maximum.accumulate(levels, axis=0) - 1.0).min(axis=0)
    return falls


def _calm_of(returns: Floats) -> Floats:
    deviations: Floats = -returns.std(axis=0, ddof=1)
    return deviations


#: Metrics that weekly returns tell, larger is better.
SCORES: Final[Mapping[str, Callable[[Floats], Floats]]] = {
    "sharpe": sharpe_of,
    **dict.fromkeys(("cagr", "total_return", "pnl_usd"), cagr_of),
    "max_drawdown": _drawdown_of,
    "ann_vol": _calm_of,
}


def purge_weeks(results: SweepResults, hedge: str) -> int:
    """Return the longest time that anything of a sweep is held, whole weeks, at least seven.

    That is the condor's `target_dte` and its tolerance, and then the hedge's longest tenor (of settings that
    name days to expiry, rolls apart): what is bought as the condor ends. Swept axes count at their largest.

    Raises
    ------
    ConfigError
        When the sweep's study cannot be read.
    """
    try:
        settings = make_study(**results.study).settings()
    except ConfigError as error:
        raise ConfigError(f"{results.where}: the study in manifest.json is unusable: {error}") from None
    group = next((name for start, name in _GROUPS.items() if hedge.startswith(start)), "")
    tenors = {f"{group}.{name}": value for name, value in settings.get(group, {}).items() if _is_tenor(name)}
    condor = settings["condor"]
    target = _largest(results, {"condor.target_dte": condor["target_dte"]})
    tolerance = _largest(results, {"condor.dte_tolerance": condor["dte_tolerance"]})
    return max(_LEAST_PURGE, ceil((target * (1.0 + tolerance) + _largest(results, tenors)) / 7.0))


def walk_forward(
    returns: pd.DataFrame, rival: pd.DataFrame | None, metric: str, anchored: bool, gap_weeks: int
) -> WalkForward | str:
    """Return what choosing by a metric on past weeks would have made afterwards, or why it cannot be told.

    Parameters
    ----------
    returns
        Weeks x configurations, simple, no NaN, by week.
    rival
        The same of the rival, in any of the configurations; None without one.
    metric
        One of `SCORES`.
    anchored
        The past starts with the first week; else it is the last `TRAIN_WEEKS` before the gap.
    gap_weeks
        Between the past and the test, purge and embargo: no position is open in both.
    """
    weeks, configurations = returns.shape
    windows = (weeks - TRAIN_WEEKS - gap_weeks) // TEST_WEEKS
    if windows < 2:
        need = TRAIN_WEEKS + gap_weeks + 2 * TEST_WEEKS
        return f"{weeks} weeks are too few: two windows need {need}"
    if configurations < 2:
        return "fewer than two configurations have results"
    table = returns.to_numpy(float)
    steps = _steps(table, SCORES[metric], windows, anchored, gap_weeks)
    if not steps:
        return f"{metric} is undefined on the past of a window"
    span = np.concatenate([step.test for step in steps])
    chain = np.concatenate([table[step.test, step.best] for step in steps])
    inside = [table[step.past][:, [step.best]] for step in steps]
    return WalkForward(
        scheme="anchored" if anchored else "rolling",
        metric=metric,
        windows=windows,
        gap_weeks=gap_weeks,
        start=str(returns.index[span[0]])[:10],
        end=str(returns.index[span[-1]])[:10],
        **_pair("", chain),
        in_sample_cagr=float(np.mean([cagr_of(held)[0] for held in inside])),
        in_sample_sharpe=float(np.mean([sharpe_of(held)[0] for held in inside])),
        median_cagr=float(np.nanmedian(cagr_of(table[span]))),
        median_sharpe=float(np.nanmedian(sharpe_of(table[span]))),
        **_pair("rival_", _rivals(returns, rival, steps)),
    )


class _Step(NamedTuple):
    """The weeks chosen on, the weeks held over, and the column that was best in the former."""

    past: Weeks
    test: Weeks
    best: int


def _steps(
    table: Floats, score: Callable[[Floats], Floats], windows: int, anchored: bool, gap_weeks: int
) -> list[_Step]:
    """Return every step; none where the score is undefined for all configurations of a past."""
    from sklearn.model_selection import TimeSeriesSplit

    most = None if anchored else TRAIN_WEEKS
    split = TimeSeriesSplit(n_splits=windows, test_size=TEST_WEEKS, gap=gap_weeks, max_train_size=most)
    steps = []
    for past, test in split.split(table):
        worth = score(table[past])
        if np.isnan(worth).all():
            return []
        steps.append(_Step(past, test, int(np.nanargmax(worth))))
    return steps


def _rivals(returns: pd.DataFrame, rival: pd.DataFrame | None, steps: list[_Step]) -> Floats | None:
    """Return the rival's weeks in the chosen configurations; None where it lacks one of them."""
    numbers = [returns.columns[step.best] for step in steps]
    if rival is None or not set(numbers) <= set(rival.columns):
        return None
    weeks = [rival[number].to_numpy(float)[step.test] for number, step in zip(numbers, steps, strict=True)]
    return np.concatenate(weeks)


def _pair(start: str, chain: Floats | None) -> dict[str, Any]:
    if chain is None:
        return {f"{start}cagr": float("nan"), f"{start}sharpe": float("nan")}
    column = chain[:, None]
    return {f"{start}cagr": float(cagr_of(column)[0]), f"{start}sharpe": float(sharpe_of(column)[0])}


def _is_tenor(name: str) -> bool:
    return "dte" in name.split("_") and not {"roll", "shift", "last"} & set(name.split("_"))


def _largest(results: SweepResults, values: Mapping[str, Any]) -> float:
    """Return the largest of some settings, in days, the swept ones at their largest."""
    found = [
        float(results.runs[name].max()) if name in results.axes else float(value)
        for name, value in values.items()
    ]
    return max(found, default=0.0)
