"""The P&L of a stretch of time, split by what moved: time, rates, the underlying, its volatility.

Each part is found with one thing changed, in this order: time passes (theta, roll-down), then rates and the
forward's distance from the index (rates), then the underlying moves (delta, gamma) and its volatility at the
contract's own strike (vega, vanna, volga), with the Greeks of the mark before.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit
from numpy.typing import NDArray

from alvh_bt.book.records import Rows, lot_contract
from alvh_bt.contracts import Contract, Root, contract_multiplier, is_future, is_share, on_vix
from alvh_bt.pricing.black import black_price, vanna_volga
from alvh_bt.pricing.day import (
    DayPrices,
    Quote,
    forward_price,
    quote_contract,
    side,
    underlying_scale,
    years_to_expiry,
)
from alvh_bt.pricing.notes import note_leverage, rolled_note, thirty_day_price
from alvh_bt.pricing.vix_curve import VxCurve, price_at_tenor


class Split(NamedTuple):
    """The parts of a move of one contract, points; their sum and what is unexplained make up `change`."""

    delta: float
    gamma: float
    vega: float
    theta: float
    roll_down: float
    vanna: float
    volga: float
    rates: float
    change: float


@njit(cache=True)
def let_pass(prices: DayPrices, day: int, moment: float) -> DayPrices:
    """Return the prices at `moment` of epoch day `day` if nothing but time had passed.

    As `pricing.day.rolled`, but for a part of a day too.

    Parameters
    ----------
    prices
        Of the mark before.
    day, moment
        Epoch day, and days from its close (0.0 at the close, -6.5/24 at the open).
    """
    days = float(day - prices.day) + (moment - prices.moment)
    return DayPrices(
        day,
        moment,
        prices.spot,
        prices.rate,
        prices.dividend_yield,
        prices.vix_level,
        prices.spx,
        prices.curve,
        prices.vix,
        prices.quotes,
        rolled_note(prices.vxx, note_leverage(Root.VXX, prices.day), prices.curve, days),
        rolled_note(prices.uvxy, note_leverage(Root.UVXY, prices.day), prices.curve, days),
    )


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


@njit(cache=True)
def _split_share(old: Quote, idle: Quote, new: Quote, before: DayPrices, after: DayPrices) -> Split:
    """Return the parts of a share's move: its 30-day position rolls, and moves beyond that."""
    days = float(after.day - before.day) + (after.moment - before.moment)
    move = _position_price(before.curve, after.curve, days) - _position_price(before.curve, before.curve, days)
    change = new.mid - old.mid
    return Split(old.delta * move, 0.0, 0.0, 0.0, idle.mid - old.mid, 0.0, 0.0, 0.0, change)


@njit(cache=True)
def _split_option(
    contract: Contract, old: Quote, idle: Quote, new: Quote, before: DayPrices, idled: DayPrices, after: DayPrices
) -> Split:
    """Return the parts of an option's move; `idle` and `idled` are as if only time had passed."""
    root, expiry, strike, right = contract.root, contract.expiry, contract.strike, side(contract.right)
    tau = years_to_expiry(root, expiry, after.day, after.moment)
    held, later = forward_price(root, expiry, idled), forward_price(root, expiry, after)
    first = forward_price(root, expiry, before)
    if on_vix(root):
        carry, move, turned = 1.0, later - held, held
    else:
        scale = underlying_scale(root)
        carry, move = first / (scale * before.spot), scale * (after.spot - before.spot)
        turned = later * before.spot / after.spot
    rates = black_price(turned, strike, tau, idle.sigma, after.rate, right) - black_price(
        held, strike, tau, idle.sigma, before.rate, right
    )
    days = float(after.day - before.day) + (after.moment - before.moment)
    theta = old.theta * days
    points = 100.0 * (new.sigma - idle.sigma)
    tau_before = years_to_expiry(root, expiry, before.day, before.moment)
    vanna, volga = vanna_volga(first, strike, tau_before, old.sigma, before.rate, right)
    return Split(
        old.delta * move,
        0.5 * old.gamma * move * move,
        old.vega * points,
        theta,
        idle.mid - old.mid - theta,
        vanna * carry * move * points,
        0.5 * volga * points * points,
        rates,
        new.mid - old.mid,
    )


@njit(cache=True)
def split_move(contract: Contract, before: DayPrices, idled: DayPrices, after: DayPrices) -> Split:
    """Return the parts of one contract's move from `before` to `after`, points.

    Parameters
    ----------
    contract
        Not settled before `after`.
    before, after
        The two marks.
    idled
        `let_pass` of `before` to the moment of `after`.
    """
    old, idle, new = (
        quote_contract(contract, before),
        quote_contract(contract, idled),
        quote_contract(contract, after),
    )
    if is_future(contract.root):
        roll, change = idle.mid - old.mid, new.mid - old.mid
        return Split(new.mid - idle.mid, 0.0, 0.0, 0.0, roll, 0.0, 0.0, 0.0, change)
    if is_share(contract.root):
        return _split_share(old, idle, new, before, after)
    return _split_option(contract, old, idle, new, before, idled, after)


@njit(cache=True)
def split_stretches(
    lots: Rows, stretches: NDArray[Any], before: DayPrices, after: DayPrices, out: NDArray[Any]
) -> None:
    """Write the parts of every stretch, USD, into the rows of `out`.

    Parameters
    ----------
    lots
        Rows of `LOT`.
    stretches
        Rows of `positions.STRETCH`, (n,), all between the same two marks.
    before, after
        The prices at those marks.
    out
        (n, 9), columns as `Split`.
    """
    idled = let_pass(before, after.day, after.moment)
    for i in range(stretches.shape[0]):
        contract = lot_contract(lots[stretches[i]["lot"]])
        size = stretches[i]["contracts"] * contract_multiplier(contract.root)
        split = split_move(contract, before, idled, after)
        for j in range(9):
            out[i, j] = size * split[j]


@njit(cache=True)
def write_mids(lots: Rows, deals: NDArray[Any], prices: DayPrices, out: NDArray[Any]) -> None:
    """Write the mid of every deal's contract at `prices`, points, into `out`, (n,)."""
    for i in range(deals.shape[0]):
        out[i] = quote_contract(lot_contract(lots[deals[i]["lot"]]), prices).mid
