"""The smile of VIX options, in the future that settles with them, anchored to VVIX.

A future `t` years from settlement has the instantaneous volatility s exp(-kappa t), so the total
variance of its option is s^2 (1 - exp(-2 kappa t)) / (2 kappa). The slice at 30 days replicates
VVIX. The shape is SSVI with rho > 0: calls far out of the money trade at the higher vols.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.pricing.clock import DAYS_A_YEAR
from alvh_bt.pricing.spx_surface import reverting_years
from alvh_bt.pricing.ssvi import LogRatio, SsviShape, ssvi_variance, thetas_from_variances

#: The tenor that VVIX quotes, in years.
VVIX_YEARS = 30.0 / DAYS_A_YEAR


class VixSurface(NamedTuple):
    """One day's smile: shape, at-the-money total variance at 30 days, and `decay`, kappa (1/year)."""

    rho: float
    eta: float
    gamma: float
    theta_30: float
    decay: float


@njit(cache=True)
def vix_atm_variance(surface: VixSurface, tau: float) -> float:
    """Return the at-the-money total variance of an option on its own future, `tau` years out."""
    twice = 2.0 * surface.decay
    return surface.theta_30 * reverting_years(max(tau, 0.0), twice) / reverting_years(VVIX_YEARS, twice)


@njit(cache=True)
def vix_sigma(surface: VixSurface, log_moneyness: float, tau: float) -> float:
    """Return the implied volatility (0.90 is 90%) at ln(strike / matching future) and `tau` years.

    At `tau` <= 0 it is the instantaneous at-the-money volatility.
    """
    if tau <= 0.0:
        return math.sqrt(surface.theta_30 / reverting_years(VVIX_YEARS, 2.0 * surface.decay))
    theta = vix_atm_variance(surface, tau)
    shape = SsviShape(surface.rho, surface.eta, surface.gamma)
    return math.sqrt(ssvi_variance(log_moneyness, theta, shape) / tau)


def vvix_thetas(vvix: NDArray[np.float64], log_ratio: LogRatio) -> NDArray[np.float64]:
    """Return the (n,) at-the-money total variances at 30 days of VVIX closes (vol points)."""
    return thetas_from_variances((vvix / 100.0) ** 2 * VVIX_YEARS, log_ratio)


def modelled_vvix(
    vix: NDArray[np.float64], mean: NDArray[np.float64], coefficients: tuple[float, float, float]
) -> NDArray[np.float64]:
    """Return VVIX (vol points) from VIX and its slow mean: exp(a + b ln VIX + c ln mean)."""
    level, on_vix, on_mean = coefficients
    return np.exp(level + on_vix * np.log(vix) + on_mean * np.log(mean))
