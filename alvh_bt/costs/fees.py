"""Commissions and exchange fees."""

from __future__ import annotations

from alvh_bt.compiled import rule
from alvh_bt.config import CostParams
from alvh_bt.contracts import Root, is_share


@rule
def trade_fee(root: int, contracts: float, costs: CostParams) -> float:
    """Return the fees of a trade, USD >= 0: a rate a contract, in proportion for fractional ones.

    Shares of exchange-traded notes are free of commission.
    """
    rate = costs.option_fee
    if root == Root.VX:
        rate = costs.future_fee
    elif root == Root.VXM:
        rate = costs.mini_future_fee
    elif is_share(root):
        rate = 0.0
    return rate * abs(contracts)


@rule
def settlement_fee(contracts: float, costs: CostParams) -> float:
    """Return the fee of a cash settlement, USD >= 0."""
    return costs.settlement_fee * abs(contracts)
