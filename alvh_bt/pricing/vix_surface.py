"""The smile of VIX options, in the future that settles with them, anchored to VVIX.

A future `t` years from settlement has the instantaneous volatility s exp(-kappa t), so the total
variance of its option is s^2 (1 - exp(-2 kappa t)) / (2 kappa). The slice at 30 days replicates
VVIX. The shape is SSVI with rho > 0: calls far out of the money trade at the higher vols, the more so
the lower VIX stands.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.pricing.clock import DAYS_A_YEAR
from alvh_bt.pricing.spx_surface import USUAL_VIX, VIX_RANGE
from alvh_bt.pricing.ssvi import SmileShape, thetas_from_variances, total_variance

Floats = NDArray[np.float64]

#: The tenor that VVIX quotes, in years.
VVIX_YEARS: Final = 30.0 / DAYS_A_YEAR


class VixSmile(NamedTuple):
    """What shapes the smile on all days: `eta` is that of VIX 20 and moves with VIX to `eta_on_vix`.

    It stops at `eta_cap`, beyond which butterflies would cost less than nothing; `decay` is kappa (1/year).
    """

    rho: float
    eta: float
    gamma: float
    eta_on_vix: float
    eta_cap: float
    decay: float


class VixSurface(NamedTuple):
    """One day's smile: shape, level of total variance at 30 days, and `decay`, kappa (1/year)."""

    rho: float
    eta: float
    gamma: float
    theta_30: float
    decay: float


def day_vix_eta(smile: VixSmile, vix: Any) -> Any:
    """Return `eta` of a day's smile of VIX options from spot VIX (vol points); floats or arrays."""
    drawn = smile.eta * (np.clip(vix, *VIX_RANGE) / USUAL_VIX) ** smile.eta_on_vix
    return np.minimum(drawn, smile.eta_cap)


@njit(cache=True)
def decaying_years(tau: float, decay: float) -> float:
    """Return (1 - exp(-2 decay tau)) / (2 decay): `tau` years, the far ones counting less."""
    return (1.0 - math.exp(-2.0 * decay * tau)) / (2.0 * decay)


@njit(cache=True)
def vix_theta(surface: VixSurface, tau: float) -> float:
    """Return the level of total variance of an option on its own future, `tau` years out."""
    share = decaying_years(max(tau, 0.0), surface.decay) / decaying_years(VVIX_YEARS, surface.decay)
    return surface.theta_30 * share


@njit(cache=True)
def vix_sigma(surface: VixSurface, log_moneyness: float, tau: float) -> float:
    """Return the implied volatility (0.90 is 90%) at ln(strike / matching future) and `tau` years.

    At `tau` <= 0 it is the instantaneous at-the-money volatility.
    """
    if tau <= 0.0:
        return math.sqrt(surface.theta_30 / decaying_years(VVIX_YEARS, surface.decay))
    shape = SmileShape(surface.rho, surface.eta, surface.gamma, 0.0, 1.0, 1.0)
    return math.sqrt(total_variance(log_moneyness, vix_theta(surface, tau), shape) / tau)


def vvix_thetas(vvix: Floats, eta: Floats, smile: VixSmile) -> Floats:
    """Return the (n,) levels of total variance at 30 days of VVIX closes (vol points) and (n,) etas."""
    shape = SmileShape(smile.rho, smile.eta, smile.gamma)
    total = (vvix / 100.0) ** 2 * VVIX_YEARS
    return np.asarray(thetas_from_variances(total[:, None], eta, shape)[:, 0])


def modelled_vvix(vix: Floats, mean: Floats, coefficients: tuple[float, float, float]) -> Floats:
    """Return VVIX (vol points) from VIX and its slow mean: exp(a + b ln VIX + c ln mean)."""
    level, on_vix, on_mean = coefficients
    return np.exp(level + on_vix * np.log(vix) + on_mean * np.log(mean))
