"""How lots are marked, how they move with a trade, and what cash each movement takes.

Cash and NAV are booked apart: cash by the money that changes hands, NAV by the change of each
lot's price. That they agree, `nav == cash + marked value`, is therefore a check that can fail.

A future changes no cash when it is opened; its whole P&L is paid when it is closed or settled
and stands in the marked value until then.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from alvh_bt.book.records import LOT, MARK, Book, Order, Rows, lot_contract
from alvh_bt.compiled import rule
from alvh_bt.contracts import contract_multiplier, is_future, is_share, on_vix
from alvh_bt.pricing.day import (
    DayPrices,
    contract_mid,
    later_prices,
    price_source,
    quote_contract,
    rolled,
    underlying_scale,
)
from alvh_bt.pricing.quotes import Source


class BookSums(NamedTuple):
    """Sums over the lots at a mark: P&L since the last one, values and sensitivities, USD.

    `value` is the marked value (premiums, and open P&L of futures), `futures_pnl` the part of it that
    futures hold. `delta` is USD an SPX point of the S&P options, `vega` USD a vol point of the S&P options
    and USD a VX point of the VIX contracts together, `condor_theta` USD a calendar day.
    """

    condor_pnl: float
    hedge_pnl: float
    value: float
    futures_pnl: float
    delta: float
    vega: float
    condor_theta: float


@njit(cache=True)
def mark_lots(lots: Rows, prices: DayPrices) -> Rows:
    """Return the marks of all lots, rows of `MARK` in the same order, points a contract."""
    marks = np.zeros(lots.shape[0], dtype=MARK)
    for i in range(lots.shape[0]):
        quote = quote_contract(lot_contract(lots[i]), prices)
        marks[i]["mid"] = quote.mid
        marks[i]["delta"] = quote.delta
        marks[i]["vega"] = quote.vega
        marks[i]["theta"] = quote.theta
    return marks


@njit(cache=True)
def count_sources(lots: Rows, prices: DayPrices) -> tuple[int, int, int]:
    """Return how many of the options' marks stand on each `Source`: model, shifted model, their own quote."""
    model = shifted = quoted = 0
    for i in range(lots.shape[0]):
        if lots[i]["right"] == 0:
            continue
        source = price_source(lot_contract(lots[i]), prices)
        if source == Source.QUOTE:
            quoted += 1
        elif source == Source.SHIFTED:
            shifted += 1
        else:
            model += 1
    return model, shifted, quoted


@njit(cache=True)
def sum_book(lots: Rows, marks: Rows) -> BookSums:
    """Return the book's sums at `marks`; P&L is counted from each lot's `last_mark`."""
    condor_pnl = hedge_pnl = value = futures = delta = vega = theta = 0.0
    for i in range(lots.shape[0]):
        lot, mark = lots[i], marks[i]
        size = lot["contracts"] * contract_multiplier(lot["root"])
        pnl = size * (mark["mid"] - lot["last_mark"])
        if lot["book"] == Book.CONDOR:
            condor_pnl += pnl
            theta += size * mark["theta"]
        else:
            hedge_pnl += pnl
        if is_future(lot["root"]):
            open_pnl = size * (mark["mid"] - lot["entry_price"])
            value += open_pnl
            futures += open_pnl
        else:
            value += size * mark["mid"]
        if on_vix(lot["root"]):
            vega += size * mark["delta"]
        else:
            delta += size * mark["delta"] * underlying_scale(lot["root"])
            vega += size * mark["vega"]
    return BookSums(condor_pnl, hedge_pnl, value, futures, delta, vega, theta)


@njit(cache=True)
def carry_of(lots: Rows, prices: DayPrices, days: int) -> float:
    """Return the hedge's carry, USD, over `days` calendar days from `prices`, before costs.

    The VIX curve is held by tenor and vols are unchanged: time and roll-down alone. `lots` are those
    held at `prices`, marked there (`last_mark`).
    """
    after, with_notes, carry = later_prices(prices, days, prices.vxx, prices.uvxy), False, 0.0
    for i in range(lots.shape[0]):
        with_notes = with_notes or is_share(lots[i]["root"])
    if with_notes:
        after = rolled(prices, days)
    for i in range(lots.shape[0]):
        lot = lots[i]
        if lot["book"] == Book.HEDGE:
            change = contract_mid(lot_contract(lot), after) - lot["last_mark"]
            carry += lot["contracts"] * contract_multiplier(lot["root"]) * change
    return carry


@rule
def opening_cash(root: int, contracts: float, price: float) -> float:
    """Return the cash, USD, that opening `contracts` (signed) at `price` brings (negative: costs)."""
    return 0.0 if is_future(root) else -contracts * contract_multiplier(root) * price


@rule
def closing_cash(root: int, contracts: float, price: float, entry_price: float) -> float:
    """Return the cash, USD, of closing a lot's `contracts` (the lot's sign) at `price`."""
    size = contracts * contract_multiplier(root)
    return size * (price - entry_price) if is_future(root) else size * price


@rule
def with_lot(lots: Rows, order: Order, lot_id: int, price: float, day: int) -> Rows:
    """Return the lots with the one that `order` opens at `price` (points) on epoch day `day`."""
    n = lots.shape[0]
    grown = np.empty(n + 1, dtype=LOT)
    grown[:n] = lots
    lot = grown[n]
    lot["id"], lot["book"], lot["layer"], lot["group"] = lot_id, order.book, order.layer, order.group
    lot["root"], lot["right"], lot["strike"] = order.root, order.right, order.strike
    lot["expiry"], lot["contracts"] = order.expiry, order.contracts
    lot["entry_price"] = lot["last_mark"] = price
    lot["entry_day"], lot["sales"], lot["entry_forward"] = day, 0, math.nan
    return grown


@rule
def without(lots: Rows, row: int, contracts: float, monetised: bool) -> Rows:
    """Return the lots with `contracts` (the lot's sign) taken from row `row`; an empty lot goes.

    A sale that monetises part of a lot is counted in its `sales`.
    """
    n = lots.shape[0]
    if lots[row]["contracts"] == contracts:
        shrunk = np.empty(n - 1, dtype=LOT)
        shrunk[:row] = lots[:row]
        shrunk[row:] = lots[row + 1 :]
        return shrunk
    left = lots.copy()
    left[row]["contracts"] -= contracts
    left[row]["sales"] += monetised
    return left


@rule
def lot_row(lots: Rows, lot_id: int) -> int:
    """Return the row of the lot of that id, or -1."""
    for row in range(lots.shape[0]):
        if lots[row]["id"] == lot_id:
            return row
    return -1
