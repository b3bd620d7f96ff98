"""Prices at the hours of a roll, from what the day's bar says of them.

Index options of a third Friday settle in the morning and are replaced before or about noon. The index
and VIX at those hours are estimated from the day's own bar, as `pricing.opening` has it. A replication
measures what happened; nothing is decided on these values, so that the later hours of the day may be
used. No other day is.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh_bt.market.market import Market
from alvh_bt.pricing.day import DayPrices, shocked
from alvh_bt.pricing.model import PriceModel
from alvh_bt.pricing.opening import bar_point

Floats = NDArray[np.float64]


class Clock(NamedTuple):
    """An hour of the session: days from the close, and the weights a and b of the day's bar."""

    moment: float
    on_close: float
    on_middle: float


#: Least squares of a Brownian path with a quarter of the day's variance overnight (as in 2017-2024): the
#: point at 11:00 ET, and the means over 11:30-12:00 and 11:30-13:30. Each misses by about 0.3 of a day's
#: deviation. The weights of the close are those of a path that ends there.
ELEVEN: Final = Clock(-5.0 / 24.0, -0.41, 1.53)
HALF_HOUR: Final = Clock(-4.25 / 24.0, -0.34, 1.57)
TWO_HOURS: Final = Clock(-3.5 / 24.0, -0.22, 1.50)
AT_CLOSE: Final = Clock(0.0, 1.0, 0.0)


class DayHours:
    """Prices at the hours of a session.

    Parameters
    ----------
    market
        The history.
    prices
        What prices it at the close; within the day its surface is moved with VIX, in the form that
        `alvh_bt.pricing.day.shocked` has it.
    """

    def __init__(self, market: Market, prices: PriceModel) -> None:
        self._prices = prices
        hours = (ELEVEN, HALF_HOUR, TWO_HOURS)
        self._spx = {clock: bar_point(market, "spx", *clock[1:]) for clock in hours}
        self._vix = {clock: bar_point(market, "vix", *clock[1:]) for clock in hours}

    def at(self, i: int, clock: Clock) -> DayPrices:
        """Return the prices of session `i` at an hour; its first session knows the close alone.

        Raises
        ------
        DataError
            VIX is unknown that day.
        """
        close = self._prices.at_close(i)
        if clock == AT_CLOSE or not np.isfinite(self._spx[clock][i]):
            return close
        vix = self._vix[clock][i]
        points = float(vix) - close.vix_level if np.isfinite(vix) else 0.0
        moved: DayPrices = shocked(close, float(self._spx[clock][i]) / close.spot - 1.0, points)
        return moved._replace(moment=clock.moment)
