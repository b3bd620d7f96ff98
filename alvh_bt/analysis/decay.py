"""What the hedge costs to hold: its bleed, and that bleed against NAV, theta and protection.

The *bleed* of a window is minus the sum of the hedge's carry (time and roll-down alone, before
costs) and its costs: positive when the hedge loses money by standing there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def tail_size(days: int) -> int:
    """Return how many days make up the worst 5% of `days`: at least 1, int(0.05 (days - 1)) + 1.

    The same count serves CVaR and hedge efficiency.

    Source: empyrical, `conditional_value_at_risk`.

    >>> tail_size(1), tail_size(20), tail_size(21), tail_size(100)
    (1, 1, 2, 5)
    """
    return int(0.05 * (days - 1)) + 1


def bleed_usd(hedge_carry: Floats, hedge_costs: Floats) -> float:
    """Return the hedge's bleed over the window, USD, positive when it loses.

    Parameters
    ----------
    hedge_carry
        USD a day before costs, shape (n,), negative when the hedge loses by time.
    hedge_costs
        USD a day, shape (n,), >= 0.

    Examples
    --------
    >>> bleed_usd(np.array([-10.0, 4.0]), np.array([1.0, 0.0]))
    7.0
    """
    return float(hedge_costs.sum() - hedge_carry.sum()) + 0.0


def hedge_decay(bleed: float, average_nav: float, years: float) -> float:
    """Return the bleed a year as a share of average NAV (positive: it bleeds).

    NaN where the window has no length or average NAV is not positive.
    """
    return bleed / years / average_nav if years > 0 and average_nav > 0 else float("nan")


def decay_to_theta(bleed: float, condor_theta: Floats) -> float:
    """Return the bleed over the theta that the condor collected on the same days.

    Parameters
    ----------
    bleed
        USD, positive when the hedge loses.
    condor_theta
        USD a day, shape (n,), positive for a short condor. NaN where their sum is not positive.
    """
    collected = float(condor_theta.sum())
    return bleed / collected if collected > 0 else float("nan")


def hedge_efficiency(bleed: float, hedge_pnl: Floats, condor_pnl: Floats) -> float:
    """Return the hedge's P&L on the condor's worst 5% of days, over the bleed of all days.

    1.0 says that what the hedge lost by standing there came back on the condor's bad days. NaN
    where nothing bled, for then the ratio has no meaning.

    Parameters
    ----------
    bleed
        USD over all days, positive when the hedge loses.
    hedge_pnl, condor_pnl
        USD a day after costs, shape (n,).
    """
    return worst_days_efficiency(bleed, pnl_on_worst_days(hedge_pnl, condor_pnl))


def worst_days_efficiency(bleed: float, worst_pnl: float) -> float:
    """Return `hedge_efficiency` of the hedge's P&L on the condor's worst days, USD."""
    return worst_pnl / bleed if bleed > 0 else float("nan")


def pnl_on_worst_days(hedge_pnl: Floats, condor_pnl: Floats) -> float:
    """Return the hedge's P&L on the condor's worst 5% of days, USD; of equally bad days the earlier count.

    >>> pnl_on_worst_days(np.array([5.0, -1.0, 2.0]), np.array([-9.0, 3.0, 1.0]))
    5.0
    """
    worst = np.argsort(condor_pnl, kind="stable")[: tail_size(len(condor_pnl))]
    return float(hedge_pnl[worst].sum())
