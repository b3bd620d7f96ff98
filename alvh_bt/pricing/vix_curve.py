"""The curve of VIX futures by time to settlement.

Nodes are the observed settlements; between spot VIX (at zero days) and the nodes the curve is
linear, beyond the last node it reverts to the day's long run. Where the market has no settlements
that day, nodes are modelled from VIX, its slow mean and, where observed, VIX3M. The curve is held
by *tenor* (days to settlement), so that time may pass along it: that is the roll-down.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.pricing.clock import DAYS_A_YEAR, OPEN_MOMENT

#: How many settlements a curve carries.
NODES: Final = 9

#: No future is shocked below this many points.
FUTURE_FLOOR: Final = 5.0

Nine = tuple[float, float, float, float, float, float, float, float, float]


class VxModel(NamedTuple):
    """What stays the same on all days.

    `reversion` (1/year) continues the last node; a future `t` days out moves by
    (1 + t / damping_days)^-damping_power points for one point of VIX.
    """

    reversion: float
    damping_days: float
    damping_power: float


class VxCurve(NamedTuple):
    """One moment's curve; the fields of `VxModel` first.

    `tenor` (days from the moment, ascending, 0.0 beyond the first `nodes`) and `price` (points) are the
    nodes, `spot_vix` the curve at zero days, `long_run` what it reverts to beyond the last node.
    """

    reversion: float
    damping_days: float
    damping_power: float
    spot_vix: float
    long_run: float
    nodes: int
    tenor: Nine
    price: Nine


class CurveModel(NamedTuple):
    """A modelled curve: ln target = ln VIX + level + mean (ln slow mean - ln VIX) + term ln(VIX3M / VIX).

    `reversion` is 1/year; `term` is zero where VIX3M is not used.
    """

    reversion: float
    level: float
    mean: float
    term: float


@njit(cache=True)
def future_damping(tenor_days: Any, damping_days: float, damping_power: float) -> Any:
    """Return the points a future moves for one point of VIX: 1 at zero days, falling with tenor."""
    return (1.0 + tenor_days / damping_days) ** -damping_power


@njit(cache=True)
def price_at_tenor(curve: VxCurve, tenor: float) -> float:
    """Return the future's price (points) `tenor` days before its settlement; spot VIX at or below 0."""
    if tenor <= 0.0:
        return curve.spot_vix
    before, price = 0.0, curve.spot_vix
    for j in range(curve.nodes):
        if curve.tenor[j] <= 0.0:
            continue
        if tenor <= curve.tenor[j]:
            return price + (curve.price[j] - price) * (tenor - before) / (curve.tenor[j] - before)
        before, price = curve.tenor[j], curve.price[j]
    decay = math.exp(-curve.reversion * (tenor - before) / DAYS_A_YEAR)
    return curve.long_run + (price - curve.long_run) * decay


@njit(cache=True)
def vx_price(curve: VxCurve, expiry: int, day: int, moment: float) -> float:
    """Return the price (points) of the VIX future that settles at the open of `expiry`.

    Parameters
    ----------
    curve
        The curve of the moment.
    expiry, day
        Epoch days of settlement and of the moment.
    moment
        Days from the close of `day`.
    """
    return price_at_tenor(curve, float(expiry - day) + (OPEN_MOMENT - moment))


@njit(cache=True)
def _moved(curve: VxCurve, j: int, vix_points: float) -> float:
    damping = future_damping(max(curve.tenor[j], 0.0), curve.damping_days, curve.damping_power)
    return max(FUTURE_FLOOR, curve.price[j] + vix_points * damping)


@njit(cache=True)
def moved_curve(curve: VxCurve, vix_points: float) -> VxCurve:
    """Return the curve after spot VIX moves by `vix_points`; futures move damped, floored at 5."""
    price = (
        _moved(curve, 0, vix_points),
        _moved(curve, 1, vix_points),
        _moved(curve, 2, vix_points),
        _moved(curve, 3, vix_points),
        _moved(curve, 4, vix_points),
        _moved(curve, 5, vix_points),
        _moved(curve, 6, vix_points),
        _moved(curve, 7, vix_points),
        _moved(curve, 8, vix_points),
    )
    return VxCurve(
        curve.reversion,
        curve.damping_days,
        curve.damping_power,
        curve.spot_vix + vix_points,
        curve.long_run,
        curve.nodes,
        curve.tenor,
        price,
    )


def slow_mean(vix: NDArray[np.float64], half_life: float) -> NDArray[np.float64]:
    """Return the exponentially weighted geometric mean of VIX up to and including each session.

    The mean starts from the first known value; a NaN leaves it as it was, NaN before the first.

    Parameters
    ----------
    vix
        (n,) closes, vol points, NaN where unknown.
    half_life
        Sessions after which a value counts half.
    """
    keep = 0.5 ** (1.0 / half_life)
    result = np.full(len(vix), np.nan)
    level = math.nan
    for i, value in enumerate(np.log(vix)):
        if not math.isnan(value):
            level = value if math.isnan(level) else keep * level + (1.0 - keep) * value
        result[i] = level
    return np.exp(result)


def curve_target(
    vix: NDArray[np.float64], mean: NDArray[np.float64], vix3m: NDArray[np.float64], model: CurveModel
) -> NDArray[np.float64]:
    """Return the (n,) level, in points, that the modelled curve of each day reverts to."""
    term = model.term * np.log(vix3m / vix) if model.term else 0.0
    return vix * np.exp(model.level + model.mean * np.log(mean / vix) + term)


def modelled_futures(
    tenor: NDArray[np.float64], vix: NDArray[np.float64], target: NDArray[np.float64], reversion: Any
) -> NDArray[np.float64]:
    """Return modelled futures (points) at tenors in days: ln F reverts from ln VIX to ln target."""
    part = -np.expm1(-reversion * tenor / DAYS_A_YEAR)
    return vix * (target / vix) ** part
