"""Is a rise of volatility genuine macro stress, or passing noise."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import YEAR, Floats, fresh, known_then, months_ago, positive, trailing_median


def fair_value(market: Market, params: SignalParams) -> Floats:
    """Return the dividend-discount value of the index, index points, shape (n,).

    Dividends D a year grow for ever at g, and are discounted at k, the ten-year rate plus the equity
    premium: D (1 + g) / (k - g). g is the growth a year of the dividends known today over those known
    `growth_years` ago, at most `most_growth`. NaN where k does not exceed g: the sum has no end.

    Notes
    -----
    Source: M. Gordon, Dividends, Earnings, and Stock Prices (1959), in its constant-growth form.
    """
    dividends = positive(fresh(market, "dividends"))
    then = known_then(dividends, months_ago(market.sessions, 12 * params.growth_years))
    growth = np.minimum((dividends / then) ** (1.0 / params.growth_years) - 1.0, params.most_growth)
    discount = fresh(market, "long_rate") + params.equity_premium
    return dividends * (1.0 + growth) / positive(discount - growth)


def cash_flow_premium(market: Market, params: SignalParams) -> Floats:
    """Return price over cash flow over its own median, less 1, shape (n,).

    The median is of the last `growth_years` of 252 sessions with today, half of which must be known.
    """
    ratio = market.columns["spx_close"] / positive(fresh(market, "cash_flow"))
    size = YEAR * params.growth_years
    return ratio / trailing_median(ratio, size, size // 2) - 1.0


class MacroStress(Signal):
    """The lower of two overvaluations of the index; above 0 the market is dear on both, and has far to fall.

    Volatility that rises from there is read as genuine stress, any other as noise that will pass. Neither
    measure can say it alone. Fair value over dividends moves with the discount rate: a change of rates makes
    the market dear overnight though no firm earns less, and firms that buy back shares in place of paying
    dividends look dear for good. Price over cash flow has no rate in it and counts what is not paid out, but
    it knows of neither rates nor growth, and calls a market dear that low rates justify. Where they agree,
    the cause is in neither blind spot.
    """

    name: ClassVar[str] = "macro_stress"
    unit: ClassVar[str] = "fraction above fair value"
    inputs: ClassVar[tuple[str, ...]] = ("spx_close", "dividends", "long_rate", "cash_flow")

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the lower overvaluation, shape (n,); NaN where either is unknown."""
        over_value = market.columns["spx_close"] / fair_value(market, params) - 1.0
        return np.minimum(over_value, cash_flow_premium(market, params))
