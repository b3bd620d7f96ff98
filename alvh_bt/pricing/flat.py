"""Prices of a quiet, made-up market: for examples and tests, not for results."""

from __future__ import annotations

import math

from alvh_bt.pricing.clock import OPEN_MOMENT
from alvh_bt.pricing.day import DayPrices
from alvh_bt.pricing.parameters import ModelParameters, load_parameters
from alvh_bt.pricing.quotes import NO_QUOTES
from alvh_bt.pricing.spx_surface import USUAL_SKEW, day_eta, smile_shape, spx_surface
from alvh_bt.pricing.ssvi import SmileShape, theta_from_variance, with_eta
from alvh_bt.pricing.vix_curve import NODES, VxCurve
from alvh_bt.pricing.vix_surface import VVIX_YEARS, VixSurface, day_vix_eta


def flat_prices(
    *,
    spot: float,
    vix: float,
    day: int,
    at_open: bool = False,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    vvix: float = 90.0,
    skew: float = USUAL_SKEW,
    contango: float = 0.0,
    vxx: float = math.nan,
    uvxy: float = math.nan,
    parameters: ModelParameters | None = None,
) -> DayPrices:
    """Return prices in which VIX has one level at all tenors and VIX futures rise evenly with theirs.

    Parameters
    ----------
    spot, vix, vvix, skew
        Points of the S&P 500, vol points, and index points of SKEW.
    day, at_open
        Epoch day; its open in place of its close.
    rate, dividend_yield
        Decimals a year.
    contango
        Points that the futures curve gains in 30 days; negative in backwardation.
    vxx, uvxy
        USD a share; NaN where they are not listed.
    parameters
        The fitted numbers; without them, the packaged ones.

    Examples
    --------
    >>> flat_prices(spot=4000.0, vix=20.0, day=19_000).spx.node_vol
    (20.0, 20.0, 20.0, 20.0)
    """
    fitted = load_parameters() if parameters is None else parameters
    tenor = tuple(30.0 * (j + 1) for j in range(NODES))
    price = tuple(vix + contango * (j + 1) for j in range(NODES))
    skewed = fitted.spx_smile
    spx = with_eta(smile_shape(skewed), float(day_eta(skewed, skew, vix)))
    smile, eta = fitted.vix_smile, float(day_vix_eta(fitted.vix_smile, vix))
    total = (vvix / 100.0) ** 2 * VVIX_YEARS
    theta_30 = theta_from_variance(total, SmileShape(smile.rho, eta, smile.gamma))
    return DayPrices(
        day,
        OPEN_MOMENT if at_open else 0.0,
        spot,
        rate,
        dividend_yield,
        vix,
        spx_surface(spx, skewed.eta_on_vix, skewed.eta_cap, fitted.spx_damping, (vix, vix, vix, vix)),
        VxCurve(*fitted.vx, vix, vix, NODES, tenor, price),  # type: ignore[arg-type]
        VixSurface(smile.rho, eta, smile.gamma, theta_30, smile.decay),
        NO_QUOTES,
        vxx,
        uvxy,
    )
