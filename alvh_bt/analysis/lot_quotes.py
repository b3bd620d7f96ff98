"""Quotes of many lots at one moment, and of their books after instant moves: what attribution compiles.

There is one kernel, with one call to the pricing of a contract: each further call would be compiled in full
once more, and take as long as all the rest.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.book.records import Rows, lot_contract
from alvh_bt.contracts import Contract, Root, contract_multiplier, is_share, on_vix
from alvh_bt.pricing.black import vanna_volga
from alvh_bt.pricing.day import (
    DayPrices,
    Quote,
    forward_price,
    quote_contract,
    shocked,
    side,
    underlying_scale,
    years_to_expiry,
)
from alvh_bt.pricing.notes import note_leverage, rolled_note, thirty_day_price
from alvh_bt.pricing.vix_curve import VxCurve, price_at_tenor

Floats = NDArray[np.float64]


class _Column(NamedTuple):
    """Where each number of a lot's quote stands; a contract's own units, as in `pricing.day.Quote`."""

    MID: int = 0
    DELTA: int = 1
    GAMMA: int = 2
    VEGA: int = 3
    THETA: int = 4
    SIGMA: int = 5
    FORWARD: int = 6  # points; of shares 0
    TAU: int = 7  # years to settlement; of futures and shares 0
    VANNA: int = 8  # delta a vol point, of options
    VOLGA: int = 9  # points a vol point squared, of options


Column: Final = _Column()

#: Columns of a profile: P&L, delta, gamma, vega, theta.
PROFILE_WIDTH: Final = 5


@njit(cache=True)
def _write_quote(contract: Contract, quote: Quote, prices: DayPrices, row: NDArray[Any]) -> None:
    """Write a quote and what goes with it into a row, columns as `Column`."""
    root, expiry = contract.root, contract.expiry
    row[0], row[1], row[2], row[3], row[4], row[5] = quote
    if is_share(root):
        return
    forward = row[6] = forward_price(root, expiry, prices)
    if contract.right == 0:
        return
    tau = row[7] = years_to_expiry(root, expiry, prices.day, prices.moment)
    right = side(contract.right)
    vanna, volga = vanna_volga(forward, contract.strike, tau, quote.sigma, prices.rate, right)
    carry = 1.0 if on_vix(root) else forward / (underlying_scale(root) * prices.spot)
    row[8], row[9] = vanna * carry, volga


@njit(cache=True)
def _add_lot(contract: Contract, size: float, gain: float, quote: Quote, sums: NDArray[Any]) -> None:
    """Add a lot of `size` USD a point and its P&L to the sums of its book."""
    sums[0] += gain
    if on_vix(contract.root):
        sums[3] += size * quote.delta
    else:
        scale = underlying_scale(contract.root)
        sums[1] += size * quote.delta * scale
        sums[2] += size * quote.gamma * scale * scale
        sums[3] += size * quote.vega
    sums[4] += size * quote.theta


@njit(cache=True)
def quote_lots(
    lots: Rows,
    held: NDArray[np.int64],
    contracts: Floats,
    prices: DayPrices,
    moves: Floats,
    quotes: Floats,
    crash: Floats,
    profile: Floats,
) -> None:
    """Write the quotes of lots, and if `moves` has rows, what the moves make of them.

    Parameters
    ----------
    lots
        Rows of `LOT`.
    held, contracts
        (n,): which rows of `lots`, and how many contracts of each.
    prices
        The moment.
    moves
        (m, 2): returns of the index and points of VIX, instant. The first is the crash.
    quotes
        (n, 10), columns as `Column`.
    crash
        (n,) P&L in the first move, USD; not written without moves.
    profile
        (2, m - 1, 5), zeros: by `Book` and further move the P&L, delta and gamma (of S&P 500 options, a point
        of the index), vega (as in `RunResult.daily`) and theta a day, USD; not written without moves.
    """
    for m in range(-1, moves.shape[0]):
        # A move of nothing is left out: the surface would be solved anew, and miss by its last digits.
        moved = m >= 0 and (moves[m, 0] != 0.0 or moves[m, 1] != 0.0)
        state = shocked(prices, moves[m, 0], moves[m, 1]) if moved else prices
        for i in range(held.shape[0]):
            lot = lots[held[i]]
            contract = lot_contract(lot)
            quote = quote_contract(contract, state)
            if m < 0:
                _write_quote(contract, quote, state, quotes[i])
                continue
            size = contracts[i] * contract_multiplier(contract.root)
            gain = size * (quote.mid - quotes[i, 0])
            if m == 0:
                crash[i] = gain
            else:
                _add_lot(contract, size, gain, quote, profile[lot["book"], m - 1])


@njit(cache=True)
def position_move(held: VxCurve, curve: VxCurve, days: float) -> float:
    """Return by how much the 30-day position of `held` moved beyond its roll, points.

    Parameters
    ----------
    held, curve
        The VIX curve at a mark and at the next one.
    days
        Calendar days between the two.
    """
    return _position_price(held, curve, days) - _position_price(held, held, days)


@njit(cache=True)
def _position_price(held: VxCurve, curve: VxCurve, days: float) -> float:
    """Return the price on `curve`, points, of the 30-day position of `held`, `days` later."""
    tenor = held.tenor
    later = (
        price_at_tenor(curve, tenor[0] - days),
        price_at_tenor(curve, tenor[1] - days),
        price_at_tenor(curve, tenor[2] - days),
        price_at_tenor(curve, tenor[3] - days),
        price_at_tenor(curve, tenor[4] - days),
        price_at_tenor(curve, tenor[5] - days),
        price_at_tenor(curve, tenor[6] - days),
        price_at_tenor(curve, tenor[7] - days),
        price_at_tenor(curve, tenor[8] - days),
    )
    moved = VxCurve(
        held.reversion,
        held.damping_days,
        held.damping_power,
        held.spot_vix,
        held.long_run,
        held.nodes,
        tenor,
        later,
    )
    return thirty_day_price(moved, held)


def let_pass(prices: DayPrices, day: int, moment: float, shares: bool) -> DayPrices:
    """Return the prices at `moment` of epoch day `day` if nothing but time had passed.

    As `pricing.day.rolled`, but for a part of a day too.

    Parameters
    ----------
    prices
        Of the mark before.
    day, moment
        Epoch day, and days from its close (0.0 at the close, -6.5/24 at the open).
    shares
        Whether shares of notes are held; if not, theirs are left as they are.
    """
    later = prices._replace(day=day, moment=moment)
    if not shares:
        return later
    # A roll of whole days is all that the engine knows; the formula is good for a part of one.
    days = days_between(prices, later)
    vxx, uvxy = (
        rolled_note(price, note_leverage(root, prices.day), prices.curve, days)  # type: ignore[arg-type]
        for root, price in ((Root.VXX, prices.vxx), (Root.UVXY, prices.uvxy))
    )
    return later._replace(vxx=vxx, uvxy=uvxy)


def days_between(before: DayPrices, after: DayPrices) -> float:
    """Return the calendar days, with their fraction, from one moment to another."""
    return float(after.day - before.day) + (after.moment - before.moment)
