"""What each axis of a sweep does to a metric: the share of its spread that it explains, and which way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from alvh_bt.sweep.better import signed

#: An axis with more values than this is cut into as many groups of equal size.
GROUPS: Final = 10


class Effect(NamedTuple):
    """What one axis does to a metric."""

    axis: str
    share: float  # of the metric's variance, explained by this axis alone
    rank_correlation: float  # with the axis, -1 to 1; NaN for an axis without order
    best: str  # the value, or range of values, with the best median
    worst: str
    best_median: float
    worst_median: float


def sensitivity(rows: pd.DataFrame, axes: Sequence[str], metric: str) -> list[Effect]:
    """Return what each axis does to a metric, the most telling first.

    The share is the first-order one: the variance of the metric's mean by value of the axis, over its
    variance, less what as many groups would explain by chance (epsilon squared). On a full grid shares of
    all axes add up to at most about 1; what lacks is what axes do together. It may be slightly negative
    where an axis does nothing. NaN where the metric has no spread.

    Parameters
    ----------
    rows
        Those that may be ranked; those where the metric is undefined do not count.
    axes
        The dotted settings that were swept: columns of `rows`.
    metric
        A column of `rows`.

    Source: Kelley (1935), "An Unbiased Correlation Ratio Measure"; first-order indices as in Saltelli et
    al. (2008), "Global Sensitivity Analysis", ch. 4.
    """
    known = rows[np.isfinite(rows[metric].astype(float))]
    effects = [_effect(known, axis, metric) for axis in axes]
    return sorted(effects, key=lambda effect: -np.nan_to_num(effect.share, nan=-1.0))


def grouped(column: pd.Series) -> pd.Series:
    """Return each row's group on an axis: the value itself, or the range it falls into, as ordered text."""
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if not numeric or column.nunique() <= GROUPS:
        levels = sorted(column.unique())
        texts = [f"{level:.6g}" if isinstance(level, float) else str(level) for level in levels]
        names = dict(zip(levels, texts, strict=True))
        return pd.Series(
            pd.Categorical(column.map(names), categories=list(dict.fromkeys(texts)), ordered=True),
            column.index,
        )
    cut = pd.qcut(column, GROUPS, duplicates="drop")
    names = {each: f"{each.left:.3g} to {each.right:.3g}" for each in cut.cat.categories}
    return cut.cat.rename_categories(names)


def medians(rows: pd.DataFrame, axes: tuple[str, str], metric: str) -> dict[str, Any]:
    """Return the median of a metric for each pair of values of two axes, over all other axes.

    Returns
    -------
    dict
        `x` and `y`: the groups of the first and the second axis; `z`: medians, a list for each of `y`, NaN
        where no configuration has that pair.
    """
    across, down = (grouped(rows[name]) for name in axes)
    table = rows[metric].astype(float).groupby([down, across], observed=False).median().unstack()
    return {
        "x": [str(each) for each in table.columns],
        "y": [str(each) for each in table.index],
        "z": table.to_numpy(float).tolist(),
    }


def axis_pairs(axes: Sequence[str], at_most: int) -> list[tuple[str, str]]:
    """Return every pair of the first so many axes, the first two first.

    >>> axis_pairs(["a", "b", "c"], 5)
    [('a', 'b'), ('a', 'c'), ('b', 'c')]
    """
    return list(combinations(axes[:at_most], 2))


def _effect(rows: pd.DataFrame, axis: str, metric: str) -> Effect:
    values = rows[metric].astype(float)
    groups = grouped(rows[axis])
    by = values.groupby(groups, observed=True)
    middle = by.median() * signed(metric, 1.0)
    best, worst = (middle.idxmax(), middle.idxmin()) if len(middle) else ("", "")
    return Effect(
        axis=axis,
        share=_explained(values, by.transform("mean"), by.ngroups),
        rank_correlation=_rank_correlation(rows[axis], values),
        best=str(best),
        worst=str(worst),
        best_median=float(by.median().get(best, np.nan)),
        worst_median=float(by.median().get(worst, np.nan)),
    )


def _explained(values: pd.Series, means: pd.Series, groups: int) -> float:
    """Return epsilon squared; NaN where there is no spread, or no more values than groups."""
    total = float(((values - values.mean()) ** 2).sum())
    spare = len(values) - groups
    if spare <= 0 or not total > 1e-24 * float((values**2).sum()):
        return float("nan")
    left = float(((values - means) ** 2).sum())
    return 1.0 - (left / spare) / (total / (len(values) - 1))


def _rank_correlation(column: pd.Series, values: pd.Series) -> float:
    if not pd.api.types.is_numeric_dtype(column) or column.nunique() < 2 or values.nunique() < 2:
        return float("nan")
    return float(stats.spearmanr(column.astype(float), values).statistic)
