"""One arbitrage-free smile: surface SVI (SSVI), and the log contract that anchors it.

Symbols: `k` log-moneyness ln(K/F); `w` total implied variance sigma^2 tau; `theta` the at-the-money
total variance; `rho`, `eta`, `gamma` the shape, the same on all days. A slice replicates a
log-contract variance `K` (what VIX and VVIX quote, times tau) that grows strictly with `theta`; ln(K / theta)
depends on `theta` alone, so a polynomial made once for a shape anchors a day.

Source: Gatheral & Jacquier (2014), "Arbitrage-free SVI volatility surfaces", sections 4.1 to 4.3.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.polynomial import Chebyshev
from numpy.typing import NDArray

from alvh_bt.errors import ConfigError

#: The polynomial holds for ln(theta) in this span, from 9 days at 2% vol to half a year at 230%; beyond
#: it the ratio at the end is kept. At this degree it is right to better than 1e-4.
LOG_THETA_FIRST: Final = -11.5
LOG_THETA_LAST: Final = 1.0
_DEGREE: Final = 14

_NEAR_ENOUGH: Final = 1e-13


class SsviShape(NamedTuple):
    """The three numbers that shape every slice; dimensionless."""

    rho: float
    eta: float
    gamma: float


#: Chebyshev coefficients of ln(K / theta) over the span of ln(theta). A tuple: compiled functions take
#: and return it inside a day's prices at no cost, and nothing can write to it.
LogRatio = tuple[float, ...]


def checked_shape(rho: float, eta: float, gamma: float, where: str) -> SsviShape:
    """Return the shape, once it is known to admit neither butterfly nor calendar arbitrage.

    Raises
    ------
    ConfigError
        |rho| >= 1, gamma outside (0, 0.5], eta <= 0, or eta (1 + |rho|) > 2.

    Source: Gatheral & Jacquier (2014), remark 4.4 and corollary 4.1.
    """
    if not -1.0 < rho < 1.0:
        raise ConfigError(f"{where}: rho = {rho} must lie inside (-1, 1); refit the smile")
    if not 0.0 < gamma <= 0.5:
        raise ConfigError(f"{where}: gamma = {gamma} must lie in (0, 0.5]; refit the smile")
    if not 0.0 < eta * (1.0 + abs(rho)) <= 2.0:
        raise ConfigError(
            f"{where}: eta (1 + |rho|) = {eta * (1.0 + abs(rho)):.4f} must lie in (0, 2], "
            "or butterflies cost less than nothing; lower eta"
        )
    return SsviShape(float(rho), float(eta), float(gamma))


@njit(cache=True)
def ssvi_variance(log_moneyness: Any, theta: Any, shape: SsviShape) -> Any:
    """Return the total implied variance at a log-moneyness, sigma^2 tau; floats or arrays.

    Parameters
    ----------
    log_moneyness
        k = ln(strike / forward), dimensionless.
    theta
        At-the-money total variance, > 0.
    shape
        rho, eta, gamma.

    Source: Gatheral & Jacquier (2014), equation 4.1 with the power law of section 4.3,
    phi = eta / (theta^gamma (1 + theta)^(1 - gamma)).

    Examples
    --------
    >>> float(ssvi_variance(0.0, 0.04, SsviShape(-0.7, 1.0, 0.4)))
    0.04
    """
    phi = shape.eta / (theta**shape.gamma * (1.0 + theta) ** (1.0 - shape.gamma))
    scaled = phi * log_moneyness
    root = np.sqrt((scaled + shape.rho) ** 2 + 1.0 - shape.rho**2)
    return 0.5 * theta * (1.0 + shape.rho * scaled + root)


def log_contract_variance(theta: float, shape: SsviShape) -> float:
    """Return the variance -2 E[ln(S/F)] that a slice replicates (what VIX^2 tau quotes).

    Parameters
    ----------
    theta
        At-the-money total variance of the slice, > 0.
    shape
        rho, eta, gamma.

    Source: Chriss & Morokoff (1999); Fukasawa (2012), theorem 2.8: the implied variance averaged
    over a standard normal d2, which needs no derivative of the smile.
    """
    # sinh spacing: fine around the money, yet out to 3,000 standard deviations of the smile's own scale.
    k = np.sqrt(theta) * np.sinh(np.linspace(-8.7, 8.7, 3001))
    w = ssvi_variance(k, theta, shape)
    d2 = -k / np.sqrt(w) - 0.5 * np.sqrt(w)
    density = np.exp(-0.5 * d2 * d2) / math.sqrt(2.0 * math.pi)
    return float(-np.trapezoid(w * density, d2))


@lru_cache(maxsize=32)
def log_ratio_polynomial(shape: SsviShape) -> LogRatio:
    """Return the polynomial of ln(K / theta) for a shape: what `log_contract_variance` gives, quickly."""

    def log_ratio(log_theta: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([math.log(log_contract_variance(math.exp(x), shape)) - x for x in log_theta])

    span = [LOG_THETA_FIRST, LOG_THETA_LAST]
    return tuple(Chebyshev.interpolate(log_ratio, _DEGREE, domain=span).coef.tolist())


@njit(cache=True)
def _log_ratio(log_theta: float, polynomial: LogRatio) -> float:
    """Return ln(K / theta) by Clenshaw's recurrence."""
    inside = min(max(log_theta, LOG_THETA_FIRST), LOG_THETA_LAST)
    x = (2.0 * inside - LOG_THETA_FIRST - LOG_THETA_LAST) / (LOG_THETA_LAST - LOG_THETA_FIRST)
    later, latest = 0.0, 0.0
    for j in range(_DEGREE, 0, -1):
        later, latest = polynomial[j] + 2.0 * x * later - latest, later
    return polynomial[0] + x * later - latest


@njit(cache=True)
def theta_from_variance(variance: float, polynomial: LogRatio) -> float:
    """Return the at-the-money total variance of the slice that replicates `variance` (K > 0); NaN for NaN.

    Parameters
    ----------
    variance
        Log-contract total variance, (VIX / 100)^2 tau.
    polynomial
        `log_ratio_polynomial` of the smile's shape.
    """
    wanted = math.log(variance)
    log_theta = wanted
    # The ratio's slope in ln(theta) is below 0.1 for every shape, so each pass gains a digit or more.
    for _ in range(30):
        closer = wanted - _log_ratio(log_theta, polynomial)
        if abs(closer - log_theta) < _NEAR_ENOUGH:
            break
        log_theta = closer
    return math.exp(log_theta)


@njit(cache=True)
def thetas_from_variances(variances: NDArray[np.float64], polynomial: LogRatio) -> NDArray[np.float64]:
    """Return `theta_from_variance` of each element, in the same shape; NaN stays NaN. For whole histories."""
    result = np.full(variances.shape, np.nan)
    flat_in, flat_out = variances.ravel(), result.ravel()
    for i in range(flat_in.shape[0]):
        if not math.isnan(flat_in[i]):
            flat_out[i] = theta_from_variance(flat_in[i], polynomial)
    return flat_out.reshape(variances.shape)
