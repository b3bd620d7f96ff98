"""How much of a sweep's winner is luck: deflated Sharpe ratio, and probability of backtest overfitting."""

from __future__ import annotations

from math import comb
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

WEEKS_A_YEAR: Final = 52
#: More configurations than this are sampled for what compares whole series.
SAMPLED: Final = 1000
#: Twelve blocks take about 4 s on 1,000 configurations x 940 weeks; sixteen would take a minute.
_BLOCKS: Final = 12
_FEWEST_WEEKS: Final = 5  # a block


class Overfitting(NamedTuple):
    """The probability of backtest overfitting, and what it was computed from."""

    probability: float  # NaN where it could not be computed
    blocks: int
    splits: int
    configurations: int
    reason: str  # why it is NaN, else ""


def deflated_sharpe(returns: pd.Series, sharpes: pd.Series) -> float:
    """Return the deflated Sharpe ratio of one configuration: the probability that its Sharpe is above luck's.

    Luck's is the highest Sharpe ratio expected of as many tries, with their spread, if none had any skill.

    Parameters
    ----------
    returns
        Weekly and simple, of the configuration; no NaN.
    sharpes
        Annualised weekly Sharpe ratios of *all* configurations that were tried, its own among them; NaN
        ones do not count.

    Returns
    -------
    float
        0 to 1; NaN below three weeks or without spread.

    Source: Bailey and Lopez de Prado (2014), "The Deflated Sharpe Ratio", as `ffn` computes it.
    """
    # Nearly two seconds to import: only where it is asked for.
    from ffn.core import calc_deflated_sharpe_ratio

    tried = sharpes[np.isfinite(sharpes)].to_numpy(float)
    if len(returns) < 3 or not len(tried) or not float(returns.std(ddof=1)) > 0:
        return float("nan")
    return float(calc_deflated_sharpe_ratio(returns, tried, nperiods=WEEKS_A_YEAR))


def luck_sharpe(sharpes: pd.Series) -> float:
    """Return the highest Sharpe ratio to be expected of so many tries, with their spread, without any skill.

    `sharpes` are annualised, one a configuration that was tried; NaN ones do not count. NaN without any.
    """
    from ffn.core import calc_expected_max_sharpe

    tried = sharpes[np.isfinite(sharpes)]
    if tried.empty:
        return float("nan")
    return float(calc_expected_max_sharpe(len(tried), tried.std(ddof=1)))


def overfitting(returns: pd.DataFrame) -> Overfitting:
    """Return the probability of backtest overfitting of choosing by Sharpe ratio (CSCV).

    The weeks are cut into blocks; for every choice of half of them the best configuration of that half is
    looked up in the other half. The probability is how often it is at or below the median there.

    Parameters
    ----------
    returns
        Weeks x configurations, simple, no NaN. Those without spread in some half make it NaN.

    Source: Bailey, Borwein, Lopez de Prado and Zhu (2017), "The Probability of Backtest Overfitting", as
    `ffn` computes it.
    """
    from ffn.core import calc_prob_backtest_overfitting

    weeks, configurations = returns.shape
    blocks = min(_BLOCKS, 2 * (weeks // (2 * _FEWEST_WEEKS)))
    if configurations < 2:
        return Overfitting(
            float("nan"), blocks, 0, configurations, "fewer than two configurations have results"
        )
    if blocks < 4:
        reason = f"{weeks} weeks are too few: four blocks need {4 * _FEWEST_WEEKS}"
        return Overfitting(float("nan"), blocks, 0, configurations, reason)
    found = float(calc_prob_backtest_overfitting(returns, n_blocks=blocks))
    reason = "" if np.isfinite(found) else "some configuration never moved in one half of the weeks"
    return Overfitting(found, blocks, comb(blocks, blocks // 2), configurations, reason)
