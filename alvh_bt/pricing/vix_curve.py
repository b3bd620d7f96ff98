"""The curve of VIX futures by time to settlement.

Nodes are the observed settlements; between spot VIX (at zero days) and the nodes the curve is
linear, beyond the last node it reverts to the day's long run. Where the market has no settlements
that day, nodes are modelled from VIX, two running means of it and, where observed, VIX3M; a day's
move of VIX reaches them damped, as it reaches the futures that trade. The curve is held by *tenor*
(days to settlement), so that time may pass along it: that is the roll-down.
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

#: The level of VIX, in points, to which `CurveModel.pull` draws the far end of a modelled curve.
ANCHOR: Final = 20.0

Floats = NDArray[np.float64]
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
    """A modelled curve: ln F(t) of VIX, its fast and slow mean, and VIX3M, `t` days before settlement.

    ln F(t) = ln target + ln(fast / target) exp(-reversion t / 365)
    + ln(VIX / fast) own(t) + extra (1 - own(t)),
    where ln target = ln fast + level + mean ln(slow / fast) + pull ln(ANCHOR / fast),
    own(t) = (1 + t / own_days)^-own_power and extra = premium + term ln(VIX3M / VIX).

    So the futures follow today's VIX less than they follow its level of the last weeks. `reversion` is
    1/year; `term` is zero where VIX3M is not used.
    """

    reversion: float
    own_days: float
    own_power: float
    level: float
    mean: float
    pull: float
    premium: float
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


def running_mean(vix: Floats, half_life: float) -> Floats:
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


def curve_target(fast: Floats, slow: Floats, model: CurveModel) -> Floats:
    """Return the level, in points, to which the modelled curve's slow part reverts."""
    drawn = model.mean * np.log(slow / fast) + model.pull * np.log(ANCHOR / fast)
    return np.asarray(fast * np.exp(model.level + drawn))


def curve_end(fast: Floats, slow: Floats, model: CurveModel) -> Floats:
    """Return the level, in points, of the modelled curve far out: its target and the premium."""
    return np.asarray(curve_target(fast, slow, model) * np.exp(model.premium))


def modelled_futures(
    tenor: Floats, vix: Floats, fast: Floats, slow: Floats, vix3m: Floats, model: CurveModel
) -> Floats:
    """Return modelled futures (points) as `CurveModel` has them; spot VIX at zero days.

    Parameters
    ----------
    tenor
        Days to settlement, >= 0.
    vix, fast, slow, vix3m
        VIX, its running means and VIX3M, vol points, of shapes that broadcast against `tenor`.
        `vix3m` may be NaN where the model's `term` is zero.
    model
        The fitted numbers.
    """
    target = curve_target(fast, slow, model)
    own = future_damping(tenor, model.own_days, model.own_power)
    extra = model.premium + (model.term * np.log(vix3m / vix) if model.term else 0.0)
    reverting = np.log(fast / target) * np.exp(-model.reversion * tenor / DAYS_A_YEAR)
    return np.asarray(target * np.exp(reverting + np.log(vix / fast) * own + extra * (1.0 - own)))
