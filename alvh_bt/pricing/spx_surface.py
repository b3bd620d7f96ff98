"""The implied-volatility surface of the S&P 500, anchored each day to VIX and its term structure.

The nodes are the log-contract variances that VIX9D, VIX, VIX3M and VIX6M quote. A node that was not
published comes from those that were and from the level of VIX in the weeks before. The curvature of the
smile follows the day's SKEW and VIX. VIX itself is never moved: where nodes would cost a calendar spread
less than nothing, the others give way.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.pricing.clock import DAYS_A_YEAR
from alvh_bt.pricing.ssvi import (
    SmileShape,
    theta_from_variance,
    thetas_from_variances,
    total_variance,
    with_eta,
)

Floats = NDArray[np.float64]

#: Calendar days of VIX9D, VIX, VIX3M and VIX6M (Cboe Volatility Index methodology).
NODE_DAYS: Final = (9.0, 30.0, 93.0, 184.0)
NODE_YEARS: Final = tuple(days / DAYS_A_YEAR for days in NODE_DAYS)

#: Nothing is shocked below this many vol points.
VOL_FLOOR: Final = 5.0

#: SKEW and VIX from which the curvature follows; outside it stays, so that what was checked for arbitrage
#: holds on any day. 1990-2024 had SKEW at 101 to 183 and VIX at 9 to 83.
SKEW_RANGE: Final = (105.0, 180.0)
VIX_RANGE: Final = (8.0, 90.0)
USUAL_SKEW: Final = 120.0
USUAL_VIX: Final = 20.0

#: The cap of the curvature rises below this VIX, by this power: lower levels of variance bear more of it.
#: Chosen with the cap, by hand; `pricing.smile_checks` holds the three to account.
CAP_VIX: Final = 27.0
CAP_POWER: Final = 0.8

Four = tuple[float, float, float, float]


class SpxSmile(NamedTuple):
    """What shapes the smile on all days.

    The fields of `SmileShape`, `eta` being that of SKEW 120 and VIX 20; it moves with the power `eta_on_skew`
    of SKEW less 100 and `eta_on_vix` of VIX, and stops at `eta_cap` where VIX is `CAP_VIX` or more (higher
    below): a choice that keeps every day free of butterfly arbitrage, and binds on very few.
    """

    rho: float
    eta: float
    gamma: float
    wing: float
    wing_start: float
    wing_width: float
    eta_on_skew: float
    eta_on_vix: float
    eta_cap: float


class SpxSurface(NamedTuple):
    """One day's surface: its shape, index levels in vol points and levels of total variance by node.

    `eta_on_vix` and `eta_cap` (as in `SpxSmile`) and `damping`, the power of 30/days by which a move of VIX
    reaches another tenor, say how it moves. The fields of `SmileShape` stand first, not nested: every nested
    tuple costs a microsecond and more each time that prices go from Python to a compiled function.
    """

    rho: float
    eta: float
    gamma: float
    wing: float
    wing_start: float
    wing_width: float
    eta_on_vix: float
    eta_cap: float
    damping: float
    node_vol: Four
    node_theta: Four


class NodeModel(NamedTuple):
    """Coefficients of ln(node / VIX), the node not published, on what is known of the day.

    `from_vix` has a row for VIX9D, VIX3M, VIX6M: constant, ln(fast mean / VIX), ln(slow mean / VIX) and
    ln(20 / VIX). `from_vix3m` has a row for VIX9D and VIX6M, with ln(VIX3M / VIX) after the constant.
    """

    from_vix: tuple[Four, Four, Four]
    from_vix3m: tuple[tuple[float, ...], tuple[float, ...]]


def day_eta(smile: SpxSmile, skew: Any, vix: Any) -> Any:
    """Return `eta` of a day's smile from its SKEW (index points) and VIX (vol points); floats or arrays."""
    lean = (np.clip(skew, *SKEW_RANGE) - 100.0) / (USUAL_SKEW - 100.0)
    level = np.clip(vix, *VIX_RANGE)
    drawn = smile.eta * lean**smile.eta_on_skew * (level / USUAL_VIX) ** smile.eta_on_vix
    return np.minimum(drawn, smile.eta_cap * np.maximum(1.0, CAP_VIX / level) ** CAP_POWER)


def smile_shape(smile: SpxSmile) -> SmileShape:
    """Return the shape of a day of SKEW 120 and VIX 20."""
    return SmileShape(*smile[:6])


@njit(cache=True)
def vol_damping(tenor_days: float, power: float) -> float:
    """Return the vol points a tenor moves for one point of VIX: (30 / days)^power, 1 at 30 days."""
    return (30.0 / tenor_days) ** power


@njit(cache=True)
def surface_shape(surface: SpxSurface) -> SmileShape:
    """Return the shape of all slices of a surface."""
    return SmileShape(
        surface.rho, surface.eta, surface.gamma, surface.wing, surface.wing_start, surface.wing_width
    )


@njit(cache=True)
def slice_theta(surface: SpxSurface, tau: float) -> float:
    """Return the level of total variance of the slice at `tau` years, non-decreasing in `tau`.

    Linear between nodes, flat vol before the first, the last forward variance after the last.
    """
    node, theta = NODE_YEARS, surface.node_theta
    if tau <= node[0]:
        return theta[0] * max(tau, 0.0) / node[0]
    for j in range(1, 4):
        if tau <= node[j] or j == 3:
            rise = (theta[j] - theta[j - 1]) / (node[j] - node[j - 1])
            return theta[j - 1] + rise * (tau - node[j - 1])
    return math.nan


@njit(cache=True)
def spx_sigma(surface: SpxSurface, log_moneyness: float, tau: float) -> float:
    """Return the implied volatility (0.20 is 20%) at ln(strike / forward) and `tau` years.

    At `tau` <= 0 it is the volatility near the money at the first node.
    """
    if tau <= 0.0:
        return math.sqrt(surface.node_theta[0] / NODE_YEARS[0])
    theta = slice_theta(surface, tau)
    return math.sqrt(total_variance(log_moneyness, theta, surface_shape(surface)) / tau)


@njit(cache=True)
def spx_surface(
    shape: SmileShape, eta_on_vix: float, eta_cap: float, damping: float, vol: Four
) -> SpxSurface:
    """Return the surface that replicates the levels of VIX9D, VIX, VIX3M and VIX6M (vol points, > 0).

    VIX is met exactly; the others as far as total variance may not fall with maturity. `shape` is the
    day's own, with its `day_eta`.
    """
    at_30 = (vol[1] / 100.0) ** 2 * NODE_YEARS[1]
    at_9 = min(at_30, (vol[0] / 100.0) ** 2 * NODE_YEARS[0])
    at_93 = max(at_30, (vol[2] / 100.0) ** 2 * NODE_YEARS[2])
    at_184 = max(at_93, (vol[3] / 100.0) ** 2 * NODE_YEARS[3])
    first = theta_from_variance(at_9, shape)
    second = theta_from_variance(at_30, shape, math.log(at_9 / first))
    third = theta_from_variance(at_93, shape, math.log(at_30 / second))
    fourth = theta_from_variance(at_184, shape, math.log(at_93 / third))
    return SpxSurface(
        shape.rho,
        shape.eta,
        shape.gamma,
        shape.wing,
        shape.wing_start,
        shape.wing_width,
        eta_on_vix,
        eta_cap,
        damping,
        vol,
        # Equal variances are met to the solver's last digits; levels may not fall by even these.
        (min(first, second), second, max(second, third), max(second, third, fourth)),
    )


@njit(cache=True)
def moved_surface(surface: SpxSurface, vix_points: float) -> SpxSurface:
    """Return the surface after VIX moves by `vix_points`; other tenors move damped, floored at 5."""
    shape, moved = moved_levels(surface, vix_points)
    return spx_surface(shape, surface.eta_on_vix, surface.eta_cap, surface.damping, moved)


@njit(cache=True)
def moved_surface_of(surface: SpxSurface, vix_points: float, node_theta: Four) -> SpxSurface:
    """Return `moved_surface`, given its levels of total variance by node, which take long to solve for."""
    shape, moved = moved_levels(surface, vix_points)
    return SpxSurface(
        shape.rho,
        shape.eta,
        shape.gamma,
        shape.wing,
        shape.wing_start,
        shape.wing_width,
        surface.eta_on_vix,
        surface.eta_cap,
        surface.damping,
        moved,
        node_theta,
    )


@njit(cache=True)
def moved_levels(surface: SpxSurface, vix_points: float) -> tuple[SmileShape, Four]:
    """Return the shape, and the index levels in vol points, of a surface after VIX moves by `vix_points`."""
    vol, power = surface.node_vol, surface.damping
    moved = (
        max(VOL_FLOOR, vol[0] + vix_points * vol_damping(NODE_DAYS[0], power)),
        max(VOL_FLOOR, vol[1] + vix_points),
        max(VOL_FLOOR, vol[2] + vix_points * vol_damping(NODE_DAYS[2], power)),
        max(VOL_FLOOR, vol[3] + vix_points * vol_damping(NODE_DAYS[3], power)),
    )
    low, high = VIX_RANGE
    rise = min(max(moved[1], low), high) / min(max(vol[1], low), high)
    cap = surface.eta_cap * max(1.0, CAP_VIX / min(max(moved[1], low), high)) ** CAP_POWER
    return with_eta(surface_shape(surface), min(cap, surface.eta * rise**surface.eta_on_vix)), moved


def completed_nodes(observed: Floats, fast: Floats, slow: Floats, model: NodeModel) -> Floats:
    """Return the (n, 4) index levels with every unobserved (NaN) node modelled, in vol points.

    A row whose VIX is NaN stays NaN. Each row is made from itself alone.

    Parameters
    ----------
    observed
        (n, 4) closes of VIX9D, VIX, VIX3M, VIX6M, vol points; NaN where not observed.
    fast, slow
        (n,) running means of VIX, vol points.
    model
        The fitted coefficients.
    """
    vix, vix3m = observed[:, 1], observed[:, 2]
    known = np.column_stack([np.log(fast / vix), np.log(slow / vix), np.log(USUAL_VIX / vix)])
    alone = np.column_stack([np.ones(len(vix)), known])
    two = np.column_stack([np.ones(len(vix)), np.log(vix3m / vix), known])
    modelled = observed.copy()
    for row, node in enumerate((0, 2, 3)):
        modelled[:, node] = vix * np.exp(alone @ np.array(model.from_vix[row]))
    for row, node in enumerate((0, 3)):
        better = vix * np.exp(two @ np.array(model.from_vix3m[row]))
        modelled[:, node] = np.where(np.isfinite(vix3m), better, modelled[:, node])
    # A line may leave any sensible vol far from the days that made it: held within half and twice VIX.
    modelled = np.clip(modelled, 0.5 * vix[:, None], 2.0 * vix[:, None])
    return np.where(np.isfinite(observed) & np.isfinite(vix[:, None]), observed, modelled)


def anchored_thetas(node_vol: Floats, shape: SmileShape, eta: Floats) -> Floats:
    """Return the (n, 4) levels of total variance of (n, 4) index levels and (n,) etas, as `spx_surface`."""
    total = _rising((node_vol / 100.0) ** 2 * np.array(NODE_YEARS))
    # Equal variances are met to the solver's last digits; levels may not fall by even these.
    return _rising(thetas_from_variances(total, eta, shape))


def _rising(total: Floats) -> Floats:
    """Return (n, 4) total variances that do not fall with maturity, the second as it was."""
    first = np.minimum(total[:, :1], total[:, 1:2])
    return np.hstack([first, np.maximum.accumulate(total[:, 1:], axis=1)])


def moved_nodes(node_vol: Floats, vix_points: Floats, power: float) -> Floats:
    """Return (n, 4) index levels after VIX moves by (n,) points, as `moved_surface` does."""
    damping = np.array([vol_damping(days, power) for days in NODE_DAYS])
    return np.maximum(VOL_FLOOR, node_vol + vix_points[:, None] * damping)
