"""That the fitted smiles admit no arbitrage on any day they can meet, checked where they are read."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from alvh_bt.errors import ConfigError
from alvh_bt.pricing.arbitrage import Slack, smile_slack
from alvh_bt.pricing.spx_surface import SKEW_RANGE, VIX_RANGE, SpxSmile, day_eta, smile_shape
from alvh_bt.pricing.ssvi import SmileShape
from alvh_bt.pricing.vix_surface import VixSmile, day_vix_eta

#: SKEW, VIX and the levels of variance at which a smile is looked at.
_SKEWS: Final = tuple(np.linspace(*SKEW_RANGE, 4).tolist())
_VIXES: Final = tuple(np.geomspace(*VIX_RANGE, 7).tolist())
_LEVELS: Final = 8

#: SPX: levels of variance from a day at half of VIX to a year at twice VIX, but not above this one: VIX at
#: its highest, 83, had the level of a year near 0.25.
HIGHEST_THETA: Final = 0.3

#: VIX options: from a day at a VVIX of 50 to 180 days at one of 250.
VIX_THETAS: Final = (0.0007, 1.5)


def check_spx_smile(smile: SpxSmile) -> None:
    """Raise unless the SPX smile is free of arbitrage for every SKEW and VIX in their ranges.

    Raises
    ------
    ConfigError
        A bound on a number is broken, or butterflies or calendar spreads cost less than nothing; says where.
    """
    _check_bounds("spx_smile", smile.rho, smile.eta, smile.gamma)
    _check_finite("spx_smile", smile._asdict())
    _check_positive(
        "spx_smile", wing_start=smile.wing_start, wing_width=smile.wing_width, eta_cap=smile.eta_cap
    )
    if smile.wing < 0.0:
        raise ConfigError(f"spx_smile: wing = {smile.wing} must be 0 or more; refit the smile")
    for vix in _VIXES:
        highest = min((0.02 * vix) ** 2, HIGHEST_THETA)
        thetas = np.geomspace((0.005 * vix) ** 2 / 365.0, highest, _LEVELS)
        for skew in _SKEWS:
            shape = smile_shape(smile)._replace(eta=float(day_eta(smile, skew, vix)))
            _check_slack(smile_slack(shape, thetas), f"spx_smile at SKEW {skew:.0f} and VIX {vix:.0f}")


def check_vix_smile(smile: VixSmile) -> None:
    """Raise unless the smile of VIX options is free of arbitrage for every VIX in its range.

    Raises
    ------
    ConfigError
        A bound on a number is broken, or butterflies or calendar spreads cost less than nothing; says where.
    """
    _check_bounds("vix_smile", smile.rho, smile.eta, smile.gamma)
    _check_finite("vix_smile", smile._asdict())
    _check_positive("vix_smile", eta_cap=smile.eta_cap, decay=smile.decay)
    thetas = np.geomspace(*VIX_THETAS, 2 * _LEVELS)
    for vix in _VIXES:
        shape = SmileShape(smile.rho, float(day_vix_eta(smile, vix)), smile.gamma)
        _check_slack(smile_slack(shape, thetas), f"vix_smile at VIX {vix:.0f}")


def _check_bounds(where: str, rho: float, eta: float, gamma: float) -> None:
    if not -1.0 < rho < 1.0:
        raise ConfigError(f"{where}: rho = {rho} must lie inside (-1, 1); refit the smile")
    if not 0.0 < gamma <= 0.5:
        raise ConfigError(f"{where}: gamma = {gamma} must lie in (0, 0.5]; refit the smile")
    _check_positive(where, eta=eta)


def _check_finite(where: str, numbers: dict[str, float]) -> None:
    for name, value in numbers.items():
        if not math.isfinite(value):
            raise ConfigError(f"{where}: {name} = {value} must be a finite number; refit the smile")


def _check_positive(where: str, **numbers: float) -> None:
    for name, value in numbers.items():
        if not value > 0.0:
            raise ConfigError(f"{where}: {name} = {value} must be above 0; refit the smile")


def _check_slack(slack: Slack, where: str) -> None:
    if slack.butterfly < 0.0:
        raise ConfigError(
            f"{where}: butterflies cost less than nothing ({slack.butterfly:.4f}); lower eta_cap"
        )
    if slack.calendar < 0.0:
        raise ConfigError(f"{where}: calendar spreads cost less than nothing; refit the smile")
