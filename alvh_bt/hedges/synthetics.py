"""Synthetic forwards in a net position: what a conversion or a reversal would lock in.

A long call and a short put of one strike and expiry are a long forward, the reverse a short one. A
future is both at once, so that a short future against long calls of its own expiry leaves long puts.
Such a position gains nothing from what it was bought for, and eats the condor's credit with its costs.
"""

from __future__ import annotations

from numba import njit

from alvh_bt.book.records import Rows
from alvh_bt.contracts import Right, Root, contract_multiplier, is_future, on_vix


@njit(cache=True)
def synthetic_size(lots: Rows, root: int, strike: float, expiry: int) -> float:
    """Return the options of one strike that stand in synthetic forwards, contracts >= 0.

    Parameters
    ----------
    lots
        Rows of `LOT`; condor and hedge count together, for it is the net position that matters.
    root, strike, expiry
        The contract: calls and puts of its strike are netted. For VIX contracts the futures of the same
        expiry count in options of the same notional.

    Returns
    -------
    float
        Calls against puts of opposite sign, plus calls or puts that a future turns into the other:
        a long call with a short future, a long put with a long future, and their reverses.
    """
    calls = puts = futures = 0.0
    vix = on_vix(root)
    for i in range(lots.shape[0]):
        lot = lots[i]
        if lot["expiry"] != expiry:
            continue
        if vix and is_future(lot["root"]):
            futures += lot["contracts"] * contract_multiplier(lot["root"]) / contract_multiplier(Root.VIX)
        elif lot["root"] == root and lot["strike"] == strike:
            if lot["right"] == Right.CALL:
                calls += lot["contracts"]
            elif lot["right"] == Right.PUT:
                puts += lot["contracts"]
    return _offset(calls, puts) + _offset(calls, futures) + _offset(puts, -futures)


@njit(cache=True)
def _offset(one: float, other: float) -> float:
    """Return how much of two positions stands against the other, >= 0."""
    return min(abs(one), abs(other)) if one * other < 0.0 else 0.0


@njit(cache=True)
def largest_synthetic(lots: Rows, root: int, strike: float, expiry: int) -> float:
    """Return the synthetic size at a contract's strike; a future is looked at against every strike."""
    if not is_future(root):
        return synthetic_size(lots, root, strike, expiry)
    largest = 0.0
    for i in range(lots.shape[0]):
        lot = lots[i]
        if lot["root"] == Root.VIX and lot["expiry"] == expiry:
            largest = max(largest, synthetic_size(lots, lot["root"], lot["strike"], expiry))
    return largest
