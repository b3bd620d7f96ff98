"""What a contract is worth on its last day."""

from __future__ import annotations

import math

from alvh_bt.compiled import rule
from alvh_bt.contracts import Contract, is_future, on_vix, settles_at_open
from alvh_bt.costs.margin import intrinsic
from alvh_bt.pricing.day import underlying_scale
from alvh_bt.pricing.model import Settlement


@rule
def settlement_price(contract: Contract, values: Settlement) -> float:
    """Return the price, points, at which a contract settles: intrinsic value, or the future's last.

    SPX settles on the opening value, SPXW and XSP on the close, VIX options and futures on VIX's
    opening value; NaN where that value is unknown.
    """
    level = settlement_level(contract.root, values)
    if is_future(contract.root) or math.isnan(level):
        return level
    return intrinsic(contract.right, contract.strike, level)


@rule
def settlement_level(root: int, values: Settlement) -> float:
    """Return the value, points of the root's own index, that a root settles on."""
    if on_vix(root):
        return values.vix
    level = values.spx_am if settles_at_open(root) else values.spx_pm
    return level * underlying_scale(root)


@rule
def settles_on_proxy(root: int, values: Settlement) -> bool:
    """Return whether the official value is unknown and a proxy stands in."""
    if on_vix(root):
        return values.vix_proxy
    return values.spx_am_proxy if settles_at_open(root) else False
