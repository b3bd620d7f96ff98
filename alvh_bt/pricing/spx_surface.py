"""The implied-volatility surface of the S&P 500, anchored each day to VIX and its term structure.

The nodes are the log-contract variances that VIX9D, VIX, VIX3M and VIX6M quote. A node that was
not observed comes from those that were, by a mean-reverting variance v with long run L and speed
kappa: K(tau) = v B(tau) + L (tau - B(tau)), B(tau) = (1 - exp(-kappa tau)) / kappa (the expected
variance of Heston 1993). VIX itself is never moved: where nodes would cost a calendar spread less
than nothing, the others give way.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.pricing.clock import DAYS_A_YEAR
from alvh_bt.pricing.ssvi import (
    LogRatio,
    SsviShape,
    ssvi_variance,
    theta_from_variance,
    thetas_from_variances,
)

#: Calendar days of VIX9D, VIX, VIX3M and VIX6M (Cboe Volatility Index methodology).
NODE_DAYS: Final = (9.0, 30.0, 93.0, 184.0)
NODE_YEARS: Final = tuple(days / DAYS_A_YEAR for days in NODE_DAYS)

#: Nothing is shocked below this many vol points.
VOL_FLOOR: Final = 5.0

Four = tuple[float, float, float, float]


class SpxModel(NamedTuple):
    """What stays the same on all days.

    `rho`, `eta`, `gamma` are the shape of the smile and `log_ratio` its polynomial;
    `long_run_variance` (a year) and `reversion` (1/year) continue the last node;
    `damping` is the power of 30/days by which a move of VIX reaches another tenor.
    """

    rho: float
    eta: float
    gamma: float
    log_ratio: LogRatio
    long_run_variance: float
    reversion: float
    damping: float


class SpxSurface(NamedTuple):
    """One day's surface: index levels in vol points and total variances at the money, by node.

    The fields of `SpxModel` are repeated, not nested: every nested tuple costs a microsecond and more
    each time that prices go from Python to a compiled function.
    """

    rho: float
    eta: float
    gamma: float
    log_ratio: LogRatio
    long_run_variance: float
    reversion: float
    damping: float
    node_vol: Four
    node_theta: Four


class TermModel(NamedTuple):
    """How unobserved nodes follow from observed ones (1/year, vol points, 1/year)."""

    reversion_from_vix: float
    long_run_vol: float
    reversion_from_two: float


@njit(cache=True)
def reverting_years(tau: Any, reversion: Any) -> Any:
    """Return B(tau) = (1 - exp(-reversion tau)) / reversion, in years; floats or arrays."""
    return (1.0 - np.exp(-reversion * tau)) / reversion


@njit(cache=True)
def vol_damping(tenor_days: float, power: float) -> float:
    """Return the vol points a tenor moves for one point of VIX: (30 / days)^power, 1 at 30 days."""
    return (30.0 / tenor_days) ** power


@njit(cache=True)
def atm_variance(surface: SpxSurface, tau: float) -> float:
    """Return the at-the-money total variance at `tau` years, non-decreasing in `tau`.

    Linear between nodes, flat vol before the first, mean-reverting forward variance after the last.
    """
    node, theta = NODE_YEARS, surface.node_theta
    if tau <= node[0]:
        return theta[0] * max(tau, 0.0) / node[0]
    for j in range(1, 4):
        if tau <= node[j]:
            return theta[j - 1] + (theta[j] - theta[j - 1]) * (tau - node[j - 1]) / (node[j] - node[j - 1])
    beyond = tau - node[3]
    forward = (theta[3] - theta[2]) / (node[3] - node[2])
    long_run = surface.long_run_variance
    return theta[3] + long_run * beyond + (forward - long_run) * reverting_years(beyond, surface.reversion)


@njit(cache=True)
def spx_sigma(surface: SpxSurface, log_moneyness: float, tau: float) -> float:
    """Return the implied volatility (0.20 is 20%) at ln(strike / forward) and `tau` years.

    At `tau` <= 0 it is the at-the-money volatility of the first node.
    """
    if tau <= 0.0:
        return math.sqrt(surface.node_theta[0] / NODE_YEARS[0])
    theta = atm_variance(surface, tau)
    shape = SsviShape(surface.rho, surface.eta, surface.gamma)
    return math.sqrt(ssvi_variance(log_moneyness, theta, shape) / tau)


@njit(cache=True)
def spx_surface(model: SpxModel, vol: Four) -> SpxSurface:
    """Return the surface that replicates the levels of VIX9D, VIX, VIX3M and VIX6M (vol points, > 0).

    VIX is met exactly; the others as far as total variance may not fall with maturity.
    """
    at_30 = (vol[1] / 100.0) ** 2 * NODE_YEARS[1]
    at_9 = min(at_30, (vol[0] / 100.0) ** 2 * NODE_YEARS[0])
    at_93 = max(at_30, (vol[2] / 100.0) ** 2 * NODE_YEARS[2])
    at_184 = max(at_93, (vol[3] / 100.0) ** 2 * NODE_YEARS[3])
    theta = (
        theta_from_variance(at_9, model.log_ratio),
        theta_from_variance(at_30, model.log_ratio),
        theta_from_variance(at_93, model.log_ratio),
        theta_from_variance(at_184, model.log_ratio),
    )
    return SpxSurface(
        model.rho,
        model.eta,
        model.gamma,
        model.log_ratio,
        model.long_run_variance,
        model.reversion,
        model.damping,
        vol,
        theta,
    )


@njit(cache=True)
def moved_surface(surface: SpxSurface, vix_points: float) -> SpxSurface:
    """Return the surface after VIX moves by `vix_points`; other tenors move damped, floored at 5."""
    vol, power = surface.node_vol, surface.damping
    moved = (
        max(VOL_FLOOR, vol[0] + vix_points * vol_damping(NODE_DAYS[0], power)),
        max(VOL_FLOOR, vol[1] + vix_points),
        max(VOL_FLOOR, vol[2] + vix_points * vol_damping(NODE_DAYS[2], power)),
        max(VOL_FLOOR, vol[3] + vix_points * vol_damping(NODE_DAYS[3], power)),
    )
    model = SpxModel(
        surface.rho,
        surface.eta,
        surface.gamma,
        surface.log_ratio,
        surface.long_run_variance,
        surface.reversion,
        surface.damping,
    )
    return spx_surface(model, moved)


def completed_nodes(observed: NDArray[np.float64], term: TermModel) -> NDArray[np.float64]:
    """Return the (n, 4) index levels with every unobserved (NaN) node modelled, in vol points.

    A row whose VIX is NaN stays NaN. Each row is made from itself alone.

    Parameters
    ----------
    observed
        (n, 4) closes of VIX9D, VIX, VIX3M, VIX6M, vol points; NaN where not observed.
    term
        The fitted speeds and long run.
    """
    tau = np.array(NODE_YEARS)
    vix, near = observed[:, 1], tau[1]
    far = np.where(np.isfinite(observed[:, 2]), 2, 3)
    far_vol = np.take_along_axis(observed, far[:, None], axis=1)[:, 0]
    two = np.isfinite(far_vol)
    speed = np.where(two, term.reversion_from_two, term.reversion_from_vix)
    b_near, b_far = reverting_years(near, speed), reverting_years(tau[far], speed)
    a_near, a_far = near - b_near, tau[far] - b_far
    k_near, k_far = vix**2 * near, far_vol**2 * tau[far]
    solved = (b_near * k_far - b_far * k_near) / (b_near * a_far - b_far * a_near)
    long_run = np.where(two, solved, term.long_run_vol**2)
    instant = (k_near - long_run * a_near) / b_near
    b_all = reverting_years(tau, speed[:, None])
    total = instant[:, None] * b_all + long_run[:, None] * (tau - b_all)
    # Far from the nodes that made it a line may leave any sensible vol: held within half and twice VIX.
    modelled = np.sqrt(np.clip(total / tau, (0.5 * vix[:, None]) ** 2, (2.0 * vix[:, None]) ** 2))
    return np.where(np.isfinite(observed) & np.isfinite(vix[:, None]), observed, modelled)


def anchored_thetas(node_vol: NDArray[np.float64], log_ratio: LogRatio) -> NDArray[np.float64]:
    """Return the (n, 4) at-the-money total variances of (n, 4) index levels, as `spx_surface` does."""
    total = (node_vol / 100.0) ** 2 * np.array(NODE_YEARS)
    total[:, 0] = np.minimum(total[:, 0], total[:, 1])
    total[:, 2:] = np.maximum.accumulate(total[:, 1:], axis=1)[:, 1:]
    return thetas_from_variances(total, log_ratio)


def moved_nodes(
    node_vol: NDArray[np.float64], vix_points: NDArray[np.float64], power: float
) -> NDArray[np.float64]:
    """Return (n, 4) index levels after VIX moves by (n,) points, as `moved_surface` does."""
    damping = np.array([vol_damping(days, power) for days in NODE_DAYS])
    return np.maximum(VOL_FLOOR, node_vol + vix_points[:, None] * damping)
