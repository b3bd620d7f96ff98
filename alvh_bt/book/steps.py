"""The steps of a day as rules over plain state: interest, settlement, fills, marks.

Both engines move their books through these, in the order of the day. What goes wrong is returned as a
`Trouble`, since compiled rules cannot word it; `alvh_bt.engine.accounts` does.
"""

from __future__ import annotations

import math
from typing import Any, Final

from alvh_bt.book.condors import with_fill, with_layer_entry
from alvh_bt.book.held import Flow, Held, Step, Trade, Trouble
from alvh_bt.book.ledger import (
    BookSums,
    carry_of,
    closing_cash,
    lot_row,
    mark_lots,
    opening_cash,
    sum_book,
    with_lot,
    without,
)
from alvh_bt.book.records import (
    Action,
    Book,
    Order,
    Reason,
    Rows,
    closing_order,
    lot_contract,
    order_contract,
)
from alvh_bt.book.settlement import settlement_price, settles_on_proxy
from alvh_bt.compiled import rule
from alvh_bt.contracts import contract_multiplier, settles_at_open
from alvh_bt.costs.fees import settlement_fee, trade_fee
from alvh_bt.costs.spreads import market_fill
from alvh_bt.pricing.clock import days_to_expiry
from alvh_bt.pricing.day import DayPrices, forward_price, price_source, quote_contract
from alvh_bt.pricing.quotes import Source

#: Dollars, and share of NAV, by which the books may disagree: rounding of a few million sums of doubles,
#: each good to sixteen digits.
TOLERANCE_USD: Final = 1e-6
TOLERANCE_SHARE: Final = 1e-11


@rule
def begin_day(held: Held, flows: Any, last: DayPrices, theta: float, day: int, interest_share: float) -> Held:
    """Return the book with interest on the cash held since `last`; note carry and theta of its lots.

    `theta` is the condors' at `last`, USD a calendar day; `flows` takes the sums.
    """
    days = day - last.day
    interest = held.cash * last.rate * interest_share * days / 365.0
    flows[Flow.INTEREST] = interest
    flows[Flow.CONDOR_THETA] = theta * days
    flows[Flow.HEDGE_CARRY] = carry_of(held.lots, last, days)
    return Held(
        held.lots, held.condors, held.cash + interest, held.nav + interest, held.next_lot, held.next_group
    )


@rule
def settle_due(held: Held, flows: Any, trades: Any, day: int, values: Any, costs: Any, at_open: bool) -> Step:
    """Return the book with the lots settled that expire today at the open, or at the close.

    The condors' payoffs are checked against their wings first.
    """
    before, lots = held, held.lots
    for row in range(lots.shape[0]):
        if lots[row]["expiry"] < day:
            return Step(held, Trouble.MISSED, row, 0.0)
    for row in range(lots.shape[0]):
        if lots[row]["book"] == Book.CONDOR and _is_due(lots[row], day, at_open):
            excess = wing_excess(lots, lots[row]["group"], values)
            if excess > 0.0:
                return Step(held, Trouble.WING, row, excess)
    for row in range(lots.shape[0]):
        if _is_due(lots[row], day, at_open):
            price = settlement_price(lot_contract(lots[row]), values)
            if math.isnan(price):
                return Step(before, Trouble.NO_VALUE, row, 0.0)
            proxy = settles_on_proxy(lots[row]["root"], values)
            reason = Reason.PROXY_SETTLEMENT if proxy else Reason.SETTLEMENT
            order = closing_order(lots[row], price, reason, Action.SETTLE, 0)
            fees = settlement_fee(lots[row]["contracts"], costs)
            held = book_trade(
                held, flows, trades, order, price, price, fees, day, 0.0, int(Source.MODEL)
            ).held
    if not at_open:
        for row in range(held.lots.shape[0]):
            if held.lots[row]["expiry"] <= day:
                return Step(held, Trouble.LATE, row, 0.0)
    return Step(held, Trouble.NONE, 0, 0.0)


@rule
def _is_due(lot: Any, day: int, at_open: bool) -> bool:
    return bool(lot["expiry"] == day and settles_at_open(lot["root"]) == at_open)


@rule
def wing_excess(lots: Rows, group: int, values: Any) -> float:
    """Return the USD by which a condor pays worse at settlement than its widest wing; 0.0 as it should be."""
    payoff = widest = most = multiplier = 0.0
    for i in range(lots.shape[0]):
        if lots[i]["book"] != Book.CONDOR or lots[i]["group"] != group:
            continue
        multiplier = contract_multiplier(lots[i]["root"])
        payoff += lots[i]["contracts"] * multiplier * settlement_price(lot_contract(lots[i]), values)
        most = max(most, abs(lots[i]["contracts"]))
        for j in range(i):
            same = lots[j]["book"] == Book.CONDOR and lots[j]["group"] == group
            if same and lots[j]["right"] == lots[i]["right"]:
                widest = max(widest, abs(lots[i]["strike"] - lots[j]["strike"]))
    bound = widest * most * multiplier
    slack = max(TOLERANCE_USD, TOLERANCE_SHARE * bound)
    return -payoff - bound if payoff < -bound - slack else 0.0


@rule
def fill_package(
    held: Held, flows: Any, trades: Any, package: Any, prices: DayPrices, costs: Any
) -> tuple[Step, bool]:
    """Return the book with all orders of a package filled at `prices`, or none; and whether they were.

    Over a session that the data lacks a fill may come after the settlement of what was to be traded: such a
    package is not filled, for there is nothing left to trade.
    """
    for order in package:
        if days_to_expiry(order.root, order.expiry, prices.day, prices.moment) <= 0.0:
            return Step(held, Trouble.NONE, 0, 0.0), False
    quotes = [quote_contract(order_contract(order), prices) for order in package]
    for quote in quotes:
        if not math.isfinite(quote.mid):
            return Step(held, Trouble.NONE, 0, 0.0), False
    for k in range(len(package)):
        order, quote = package[k], quotes[k]
        contract = order_contract(order)
        price = market_fill(contract, quote.mid, order.contracts, quote.delta, prices, costs)
        fees = trade_fee(order.root, order.contracts, costs)
        source = price_source(contract, prices) if prices.quotes.shape[0] > 0 else int(Source.MODEL)
        step = book_trade(held, flows, trades, order, price, quote.mid, fees, prices.day, quote.delta, source)
        if step.trouble != Trouble.NONE:
            return step, False
        held = step.held
        if order.lot < 0:
            held.lots[held.lots.shape[0] - 1]["entry_forward"] = forward_price(
                order.root, order.expiry, prices
            )
    condors = with_layer_entry(held.condors, package[0])
    held = Held(held.lots, condors, held.cash, held.nav, held.next_lot, held.next_group)
    return Step(held, Trouble.NONE, 0, 0.0), True


@rule
def book_trade(
    held: Held,
    flows: Any,
    trades: Any,
    order: Order,
    price: float,
    mid: float,
    fees: float,
    day: int,
    delta: float,
    source: int,
) -> Step:
    """Return the book after one fill or settlement; `flows` and `trades` take it down.

    Cash moves by the money that changes hands, NAV by the change of the lot's price since its last mark.
    """
    size = order.contracts * contract_multiplier(order.root)
    spread = size * (price - mid)
    booked = realised = 0.0
    lots, lot_id, next_lot, next_group = held.lots, order.lot, held.next_lot, held.next_group
    if order.lot < 0:
        lot_id, next_lot = next_lot, next_lot + 1
        cash = held.cash + opening_cash(order.root, order.contracts, price)
        lots = with_lot(lots, order, lot_id, price, day)
        next_group = max(next_group, order.group + 1)
    else:
        row = lot_row(lots, order.lot)
        had = lots[row]["contracts"] if row >= 0 else 0.0
        if had * order.contracts >= 0.0 or abs(order.contracts) > abs(had):
            return Step(held, Trouble.NO_LOT, order.lot, had)
        entry = lots[row]["entry_price"]
        booked = -size * (price - lots[row]["last_mark"])
        realised = -size * (price - entry)
        cash = held.cash + closing_cash(order.root, -order.contracts, price, entry)
        lots = without(lots, row, -order.contracts, order.reason == Reason.MONETISED)
    flows[Flow.COSTS] += fees + spread
    if order.book == Book.CONDOR:
        flows[Flow.CONDOR_PNL] += booked - fees
    else:
        flows[Flow.HEDGE_PNL] += booked - fees
        flows[Flow.HEDGE_COSTS] += fees + spread
    condors = held.condors
    if order.action != Action.SETTLE:
        condors = with_fill(condors, order, price)
    opened = order.lot < 0
    trades.append(
        Trade(day, order, lot_id, opened, order.contracts, price, fees, spread, delta, realised, source)
    )
    after = Held(lots, condors, cash - fees, held.nav + (booked - fees), next_lot, next_group)
    return Step(after, Trouble.NONE, 0, 0.0)


@rule
def mark_book(held: Held, flows: Any, prices: DayPrices) -> tuple[Step, Rows, BookSums]:
    """Return the book marked at `prices`, the marks, and their sums; a lot without a price is trouble."""
    marks = mark_lots(held.lots, prices)
    sums = sum_book(held.lots, marks)
    if not math.isfinite(sums.value):
        for row in range(marks.shape[0]):
            if not math.isfinite(marks[row]["mid"]):
                return Step(held, Trouble.NO_MARK, row, 0.0), marks, sums
    lots = held.lots.copy()
    for row in range(lots.shape[0]):
        lots[row]["last_mark"] = marks[row]["mid"]
    flows[Flow.CONDOR_PNL] += sums.condor_pnl
    flows[Flow.HEDGE_PNL] += sums.hedge_pnl
    nav = held.nav + (sums.condor_pnl + sums.hedge_pnl)
    after = Held(lots, held.condors, held.cash, nav, held.next_lot, held.next_group)
    return Step(after, Trouble.NONE, 0, 0.0), marks, sums
