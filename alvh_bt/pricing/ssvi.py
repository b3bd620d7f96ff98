"""One smile free of arbitrage: surface SVI (SSVI) with a crash wing, and the log contract that anchors it.

Symbols: `k` log-moneyness ln(K/F); `w` total implied variance sigma^2 tau; `theta` the level of a
slice (its at-the-money total variance, but for a trace of the wing); `rho`, `eta`, `gamma` the shape of
the body. The wing is a hyperbola in z = -k / sqrt(theta) that is next to nothing near the money and rises
beyond `wing_start`: quotes of index puts far out of the money lie above any SSVI that fits the rest, and VIX
counts them. A slice replicates a log-contract variance `K` (what VIX and VVIX quote, times tau) that
grows strictly with `theta`.

Source: Gatheral & Jacquier (2014), "Arbitrage-free SVI volatility surfaces", sections 4.1 to 4.3. The wing
is ours, so that absence of arbitrage is computed, by `pricing.arbitrage`, where parameters are read.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

#: Quadrature of the log contract: k = sqrt(theta) sinh(u), trapezoids in u, outwards from the money until
#: they add nothing. The integrand dies off like a normal density at both ends, where trapezoids converge
#: faster than any power; the turn of the wing leaves 1e-5 of the variance, 5e-5 where theta is 0.1, which is
#: 0.001 vol points.
_STEP: Final = 0.225
_POINTS: Final = 40
_SCALED_K: Final = tuple(math.sinh(j * _STEP) for j in range(_POINTS))
_WEIGHT: Final = tuple(math.cosh(j * _STEP) * _STEP / math.sqrt(2.0 * math.pi) for j in range(_POINTS))
_NOTHING: Final = 1e-9

#: The last step of a secant in ln(theta): it leaves a thousandth of itself and less, 1e-8 of the variance.
_NEAR_ENOUGH: Final = 1e-5

#: The first step, whose slope is a guess, leaves as much as itself.
_NEAR_AT_ONCE: Final = 1e-8

#: d ln K / d ln(theta) of most days, from which the secants start.
_USUAL_SLOPE: Final = 1.05


class SmileShape(NamedTuple):
    """The numbers that shape every slice of a day; all dimensionless.

    `wing` (>= 0) is the height of the crash wing, `wing_start` and `wing_width` (> 0) where, in
    z = -k / sqrt(theta), it rises and how sharply.
    """

    rho: float
    eta: float
    gamma: float
    wing: float = 0.0
    wing_start: float = 1.0
    wing_width: float = 1.0


@njit(cache=True)
def total_variance(log_moneyness: Any, theta: Any, shape: SmileShape) -> Any:
    """Return the total implied variance at a log-moneyness, sigma^2 tau; floats or arrays.

    Parameters
    ----------
    log_moneyness
        k = ln(strike / forward), dimensionless.
    theta
        Level of the slice, > 0.
    shape
        Body and wing.

    Source: Gatheral & Jacquier (2014), equation 4.1 with the power law of section 4.3,
    phi = eta / (theta^gamma (1 + theta)^(1 - gamma)).

    Examples
    --------
    >>> float(total_variance(0.0, 0.04, SmileShape(-0.7, 1.0, 0.4)))
    0.04
    """
    phi = shape.eta / (theta**shape.gamma * (1.0 + theta) ** (1.0 - shape.gamma))
    scaled = phi * log_moneyness
    root = np.sqrt((scaled + shape.rho) ** 2 + 1.0 - shape.rho**2)
    body = 0.5 * theta * (1.0 + shape.rho * scaled + root)
    beyond = -log_moneyness / np.sqrt(theta) - shape.wing_start
    return body + shape.wing * theta * (beyond + np.sqrt(beyond**2 + shape.wing_width**2))


@njit(cache=True)
def log_contract_variance(theta: float, shape: SmileShape) -> float:
    """Return the variance -2 E[ln(S/F)] that a slice replicates (what VIX^2 tau quotes).

    Parameters
    ----------
    theta
        Level of the slice, > 0.
    shape
        Body and wing.

    Source: Chriss & Morokoff (1999); Fukasawa (2012), theorem 2.8: the implied variance averaged
    over a standard normal d2.
    """
    phi = shape.eta / (theta**shape.gamma * (1.0 + theta) ** (1.0 - shape.gamma))
    deviation = math.sqrt(theta)
    total = _strip_of(0.0, theta, deviation, phi, shape) * _WEIGHT[0]
    for sign in (-1.0, 1.0):
        for j in range(1, _POINTS):
            term = _strip_of(sign * _SCALED_K[j], theta, deviation, phi, shape) * _WEIGHT[j]
            total += term
            if term < _NOTHING * total:
                break
    return total * deviation


@njit(cache=True)
def _strip_of(scaled_k: float, theta: float, deviation: float, phi: float, shape: SmileShape) -> float:
    """Return w exp(-d2^2 / 2) times -d(d2)/dk at k = `scaled_k` sqrt(theta), `deviation`."""
    k = deviation * scaled_k
    turned = phi * k + shape.rho
    root = math.sqrt(turned**2 + 1.0 - shape.rho**2)
    w = 0.5 * theta * (1.0 + shape.rho * phi * k + root)
    slope = 0.5 * theta * phi * (shape.rho + turned / root)
    if shape.wing > 0.0:
        beyond = -scaled_k - shape.wing_start
        root = math.sqrt(beyond**2 + shape.wing_width**2)
        w += shape.wing * theta * (beyond + root)
        slope -= shape.wing * deviation * (1.0 + beyond / root)
    per_vol = 1.0 / math.sqrt(w)
    d2 = -(k + 0.5 * w) * per_vol
    # -w d(d2)/dk, so that the sum is over d2 from the left wing to the right.
    return (w - 0.5 * k * slope + 0.25 * slope * w) * per_vol * math.exp(-0.5 * d2 * d2)


@njit(cache=True)
def theta_from_variance(variance: float, shape: SmileShape, log_ratio: float = 0.0) -> float:
    """Return the level of the slice that replicates `variance` (K > 0); NaN for NaN.

    Parameters
    ----------
    variance
        Log-contract total variance, (VIX / 100)^2 tau.
    shape
        Body and wing.
    log_ratio
        A guess of ln(K / theta), a neighbouring slice's say: it saves time, and changes nothing else.
    """
    wanted = math.log(variance)
    log_theta, slope = wanted - log_ratio, _USUAL_SLOPE
    gap = math.log(log_contract_variance(math.exp(log_theta), shape)) - wanted
    near = _NEAR_AT_ONCE
    # ln K is almost a straight line in ln(theta): a secant gains three digits a step.
    for _ in range(30):
        step = -gap / slope
        log_theta += step
        if not abs(step) > near:
            break
        before, gap = gap, math.log(log_contract_variance(math.exp(log_theta), shape)) - wanted
        slope, near = min(2.0, max(0.5, (gap - before) / step)), _NEAR_ENOUGH
    return math.exp(log_theta)


@njit(cache=True)
def thetas_from_variances(
    variances: NDArray[np.float64], eta: NDArray[np.float64], shape: SmileShape
) -> NDArray[np.float64]:
    """Return `theta_from_variance` of each element of (n, m) variances; NaN stays NaN. For whole histories.

    Parameters
    ----------
    variances
        Log-contract total variances, a row a session, a column a node.
    eta
        (n,) `SmileShape.eta` of each session; the rest of the shape is that of `shape`.
    shape
        Body and wing.
    """
    result = np.full(variances.shape, np.nan)
    for i in range(variances.shape[0]):
        own = with_eta(shape, eta[i])
        ratio = 0.0
        for j in range(variances.shape[1]):
            if not math.isnan(variances[i, j]):
                result[i, j] = theta_from_variance(variances[i, j], own, ratio)
                ratio = math.log(variances[i, j] / result[i, j])
    return result


@njit(cache=True)
def with_eta(shape: SmileShape, eta: float) -> SmileShape:
    """Return the shape with another `eta`."""
    return SmileShape(shape.rho, eta, shape.gamma, shape.wing, shape.wing_start, shape.wing_width)
