"""What does capital cost: the weighted average of equity and debt."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.capm_beta import CapmBeta
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import Floats, fresh


class Wacc(Signal):
    """Equity at the ten-year rate plus beta times the premium, debt at that rate plus the spread, after tax.

    The spread of high-yield debt is what the marginal borrower pays: the level is that of weaker firms, and
    what counts is how it moves. Beta is that of the equity exposure, 1 where it is not known.
    """

    name: ClassVar[str] = "wacc"
    unit: ClassVar[str] = "fraction a year"
    inputs: ClassVar[tuple[str, ...]] = ("long_rate", "credit_spread", "equity", "spx_close")

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the cost of capital, shape (n,)."""
        long_rate = fresh(market, "long_rate")
        beta = CapmBeta().series(market, params)
        of_equity = long_rate + np.where(np.isnan(beta), 1.0, beta) * params.equity_premium
        of_debt = (long_rate + fresh(market, "credit_spread")) * (1.0 - params.tax_rate)
        return (1.0 - params.debt_share) * of_equity + params.debt_share * of_debt
