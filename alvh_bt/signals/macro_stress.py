"""Is a rise of volatility genuine macro stress, or passing noise."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import Floats, earlier, fresh, known_then, months_ago, positive


def fair_value(market: Market, params: SignalParams) -> Floats:
    """Return the dividend-discount value of the index, index points, shape (n,).

    Dividends D a year grow for ever at g, and are discounted at k: D (1 + g) / (k - g). The rate k is the
    yield of high-yield debt (ten-year rate plus credit spread) plus `equity_over_credit`, since shareholders
    are paid after those creditors. g is the growth a year of the dividends known today over those known
    `growth_years` ago, at most `most_growth`. NaN where k does not exceed g (the sum has no end), and where
    an input is unknown or older than it should be.

    Notes
    -----
    Source: M. Gordon, Dividends, Earnings, and Stock Prices (1959), in its constant-growth form.
    """
    dividends = positive(fresh(market, "dividends"))
    then = known_then(dividends, months_ago(market.sessions, 12 * params.growth_years))
    growth = np.minimum((dividends / then) ** (1.0 / params.growth_years) - 1.0, params.most_growth)
    debt = fresh(market, "long_rate") + fresh(market, "credit_spread")
    return dividends * (1.0 + growth) / positive(debt + params.equity_over_credit - growth)


def cash_flow_multiple(market: Market) -> Floats:
    """Return price over cash flow, shape (n,); NaN where either is unknown or not above zero."""
    return positive(market.columns["spx_close"]) / positive(fresh(market, "cash_flow"))


def fall(values: Floats, sessions: int) -> Floats:
    """Return how far the logarithm fell over `sessions`, shape (n,), negative where it rose.

    Only the two ends count: NaN where either is unknown.
    """
    return np.log(earlier(values, sessions)) - np.log(values)


class MacroStress(Signal):
    """The smaller of two falls over `stress_sessions`: of the fair value, and of price over cash flow.

    Above 0 both have fallen: stress is genuine, and what shares are worth falls with what is paid for them.
    Else it is noise that passes. Neither fall can say it alone. A falling multiple without a falling value
    is a fright: the price falls, and what it pays for does not. A falling value without a falling multiple
    is a change of rates that the market shrugs off, or cash flow that recovers more slowly than prices.

    Changes are read and not levels: a level calls the market cheap, and its stress harmless, just because
    the price has fallen already. The credit spread is in the fair value because dividends are known months
    late, while lenders ask for more within days.
    """

    name: ClassVar[str] = "macro_stress"
    unit: ClassVar[str] = "log change, falls positive"
    inputs: ClassVar[tuple[str, ...]] = ("spx_close", "dividends", "long_rate", "credit_spread", "cash_flow")

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the smaller fall, shape (n,); NaN where either is unknown."""
        of_value = fall(fair_value(market, params), params.stress_sessions)
        return np.minimum(of_value, fall(cash_flow_multiple(market), params.stress_sessions))
