"""The compiled loop over the days: condors and hedge in one book, each step as the Backtrader engine takes it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from alvh_bt.book.held import Held, Step, Trade, Trouble, no_flows, no_trades
from alvh_bt.book.ledger import BookSums
from alvh_bt.book.margin_cut import cutting_orders
from alvh_bt.book.records import CONDOR, LOT, MARK, Decision, Order, Rows, nothing
from alvh_bt.book.view import BookView, Today
from alvh_bt.choices import Fill, OnMargin
from alvh_bt.compiled import rule
from alvh_bt.pricing.day import DayPrices
from alvh_bt.replay.days import Days, close_prices, open_prices, today_at
from alvh_bt.replay.log import COLUMNS, Log, Noted, Seen, Sent, grown, keep_decision, take_down
from alvh_bt.replay.policies import decide_hedge
from alvh_bt.replay.steps import (
    MARGIN,
    Settings,
    afforded,
    all_open,
    begun,
    condor_decision,
    condors_after,
    filled,
    guarded,
    margins,
    marked,
    no_unfilled,
    projected,
    required,
    settled,
    with_condors,
    without_closed,
)

_NO_SENT = Sent(0, 0, Order(0, 0, 0, 0, 0, 0, 0, 0.0, 0, 0.0, 0.0, 0, 0))


@njit(cache=True)
def hedge_decision(today: Today, view: BookView, rules: Any) -> Decision:
    """Return the decision of the hedge whose settings are `rules`."""
    return decide_hedge(today, view, rules)


@rule
def to_the_close(
    days: Days,
    i: int,
    held: Held,
    flows: Any,
    trades: list[Trade],
    unfilled: Any,
    pending: list[Order],
    close: DayPrices,
    settings: Settings,
) -> tuple[Step, Rows, BookSums]:
    """Return the book after the settlements and fills of session `i`, marked at its close."""
    costs, fill = settings.costs, settings.money.fill
    step = settled(held, flows, trades, days, i, costs, True)
    if step.trouble == Trouble.NONE and fill == Fill.NEXT_OPEN and len(pending) > 0:
        step = filled(step.held, flows, trades, unfilled, pending, open_prices(days, i), costs, i)
    if step.trouble == Trouble.NONE:
        step = settled(step.held, flows, trades, days, i, costs, False)
    if step.trouble == Trouble.NONE and fill == Fill.NEXT_CLOSE and len(pending) > 0:
        step = filled(step.held, flows, trades, unfilled, pending, close, costs, i)
    return at_the_mark(step, flows, trades, close, settings, i)


@rule
def at_the_mark(
    step: Step, flows: Any, trades: list[Trade], close: DayPrices, settings: Settings, i: int
) -> tuple[Step, Rows, BookSums]:
    """Return the book after its fills, marked; a step in trouble stays as it is."""
    if step.trouble != Trouble.NONE:
        sums = BookSums(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        return step, np.empty(0, dtype=MARK), sums
    held = step.held
    if len(trades) > 0 or not all_open(held.condors):
        held = without_closed(held)
    step, marks, sums = marked(held, flows, close)
    if step.trouble == Trouble.NONE:
        step = Step(projected(step.held, close, settings, i), Trouble.NONE, 0, 0.0)
    return step, marks, sums


@rule
def shortfall_of(held: Held, marks: Rows, futures_pnl: float, settings: Settings) -> float:
    """Return the USD by which the margin is not met, 0.0 where it is."""
    needed = required(held.lots, marks, held.condors, settings.costs)
    return max(0.0, needed - (held.cash + futures_pnl))


@rule
def stops(shortfall: float, held: Held, settings: Settings) -> bool:
    """Return whether a run ends for want of margin."""
    return shortfall > 0.0 and (settings.money.on_margin == OnMargin.STOP or held.lots.shape[0] == 0)


@rule
def sent_condor(today: Today, view: BookView, available: float, settings: Settings, i: int) -> Any:
    """Return what of the leg manager's decision is sent, and the lots as they would be then."""
    decision = condor_decision(today, view, settings)
    decision = afforded(decision, nothing().orders, view, available, settings)
    return guarded(decision, view.lots, today, view, settings, i)


@rule
def sent_hedge(
    today: Today,
    view: BookView,
    lots: Rows,
    pending: list[Order],
    available: float,
    settings: Settings,
    rules: Any,
    i: int,
) -> Decision:
    """Return what of the hedge's decision is sent; `lots` are those that the condor's orders lead to."""
    decision = hedge_decision(today, view, rules)
    decision = afforded(decision, pending, view, available, settings)
    return guarded(decision, lots, today, view, settings, i)[0]


@rule
def view_of(held: Held, marks: Rows) -> BookView:
    """Return the book as rules see it."""
    return BookView(held.lots, marks, held.condors, held.next_group, held.nav)


@njit(cache=True)
def replay_book(days: Days, first: int, last: int, settings: Settings, rules: Any, checks_margin: bool) -> Log:
    """Return the run of condors and hedge over sessions `first` to `last` of the market.

    Parameters
    ----------
    days
        The market.
    first, last
        Sessions, both included.
    settings, rules
        Of condors, money and costs; and of the hedge, whose type says which it is.
    checks_margin
        False where the condors are run for themselves, to be hedged afterwards.
    """
    n, money = last + 1 - first, settings.money
    daily, figures = np.zeros((n, COLUMNS)), np.zeros((n, 5))
    lot_end, condor_end = np.zeros(n, np.int64), np.zeros(n, np.int64)
    seen_lots, seen_marks = np.empty(256, dtype=LOT), np.empty(256, dtype=MARK)
    seen_condors = np.empty(64, dtype=CONDOR)
    sent = [_NO_SENT for _ in range(0)]
    noted = [Noted(0, 0, note) for note in nothing().notes]
    unfilled, every, pending = no_unfilled(), no_trades(), nothing().orders
    cash = money.starting_cash
    held = Held(np.empty(0, dtype=LOT), np.empty(0, dtype=CONDOR), cash, cash, 1, 1)
    same_close, at_open = money.fill == Fill.SAME_CLOSE, money.fill == Fill.NEXT_OPEN
    before, theta, peak, short = close_prices(days, first), 0.0, cash, 0.0
    k, trouble, about, amount = 0, 0, 0, 0.0
    while k < n:
        i, flows, trades, close = first + k, no_flows(), no_trades(), close_prices(days, first + k)
        if k > 0:
            held = begun(held, flows, before, theta, close.day, money.interest_share)
        step, marks, sums = to_the_close(
            days, i, held, flows, trades, unfilled, pending, close, settings
        )
        held, trouble, about, amount = step.held, step.trouble, step.about, step.amount
        short = shortfall_of(held, marks, sums.futures_pnl, settings) if trouble == 0 else 0.0
        if trouble == 0 and checks_margin and stops(short, held, settings):
            trouble, amount = MARGIN, short
        if trouble != 0:
            break
        today = today_at(days, i, first, close, same_close, at_open)
        if checks_margin and short > 0.0:
            needed = required(held.lots, marks, held.condors, settings.costs)
            cut = cutting_orders(held.lots, marks, needed, short, today, money.contracts)
            available = held.cash + sums.futures_pnl
            cut = afforded(cut, nothing().orders, view_of(held, marks), available, settings)
            cut = guarded(cut, held.lots, today, view_of(held, marks), settings, i)[0]
            held = with_condors(held, condors_after(held.condors, cut.orders, today))
            keep_decision(sent, noted, cut, i, 0)
            pending = cut.orders
        else:
            available = held.cash + sums.futures_pnl
            condor, lots = sent_condor(today, view_of(held, marks), available, settings, i)
            held = with_condors(held, condors_after(held.condors, condor.orders, today))
            hedge = sent_hedge(
                today, view_of(held, marks), lots, condor.orders, available, settings, rules, i
            )
            keep_decision(sent, noted, condor, i, 0)
            keep_decision(sent, noted, hedge, i, 1)
            pending = condor.orders
            for order in hedge.orders:
                pending.append(order)
        seen_lots = grown(seen_lots, lot_end[k - 1] if k > 0 else 0, held.lots)
        seen_marks = grown(seen_marks, lot_end[k - 1] if k > 0 else 0, marks)
        seen_condors = grown(seen_condors, condor_end[k - 1] if k > 0 else 0, held.condors)
        lot_end[k] = (lot_end[k - 1] if k > 0 else 0) + held.lots.shape[0]
        condor_end[k] = (condor_end[k - 1] if k > 0 else 0) + held.condors.shape[0]
        worst = required(held.lots, marks, held.condors, settings.costs)
        figures[k, 0], figures[k, 1], figures[k, 2] = held.next_group, held.nav, held.cash
        figures[k, 3] = figures[k, 4] = worst
        if same_close:
            step = Step(held, Trouble.NONE, 0, 0.0)
            if len(pending) > 0:
                step = filled(held, flows, trades, unfilled, pending, close, settings.costs, i)
            pending = nothing().orders
            step, marks, sums = at_the_mark(step, flows, trades, close, settings, i)
            held, trouble, about, amount = step.held, step.trouble, step.about, step.amount
            short = shortfall_of(held, marks, sums.futures_pnl, settings) if trouble == 0 else 0.0
            if trouble == 0 and checks_margin and stops(short, held, settings):
                trouble, amount = MARGIN, short
            if trouble != 0:
                break
            figures[k, 4] = required(held.lots, marks, held.condors, settings.costs)
        theta, before, peak = sums.condor_theta, close, max(peak, held.nav)
        margin = margins(held.lots, marks, held.condors, settings.costs)
        take_down(daily[k], held, flows, sums, margin, held.nav / peak - 1.0)
        for trade in trades:
            every.append(trade)
        k += 1
    seen = Seen(
        seen_lots, seen_marks, seen_condors, lot_end, condor_end, figures
    )
    return Log(daily[:k].copy(), every, sent, noted, unfilled, seen, k, trouble, about, amount, held.lots)
