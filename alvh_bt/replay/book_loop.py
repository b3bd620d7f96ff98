"""The compiled loop over the days: condors and hedge in one book, steps as in the Backtrader engine."""

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
from alvh_bt.compiled import inlined_rule, rule
from alvh_bt.pricing.day import DayPrices
from alvh_bt.replay.days import Days, borrowed, close_prices, open_prices, today_at
from alvh_bt.replay.log import (
    COLUMNS,
    Ending,
    Log,
    all_orders,
    fills_among,
    keep_decision,
    keep_trades,
    no_noted,
    no_sent,
    nothing_seen,
    take_down,
    with_seen,
)
from alvh_bt.replay.policies import decide_hedge
from alvh_bt.replay.steps import (
    MARGIN,
    Settings,
    afforded,
    all_open,
    begun,
    borrowed_settings,
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


@njit(cache=True)
def hedge_decision(today: Today, view: BookView, rules: Any) -> Decision:
    """Return the decision of the hedge whose settings are `rules`."""
    return decide_hedge(today, view, rules)


@inlined_rule
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


@inlined_rule
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
def sent_condor(today: Today, view: BookView, available: float, settings: Settings, i: int) -> Any:
    """Return what of the leg manager's decision is sent, and the lots as they would be then."""
    decision, lots = condor_decision(today, view, settings), view.lots
    if settings.money.on_margin == OnMargin.CUT:
        decision = afforded(decision, nothing().orders, view, available, settings)
    if len(decision.orders) > 0:
        decision, lots = guarded(decision, lots, today, view, settings, i)
    return decision, lots


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
    if settings.money.on_margin == OnMargin.CUT:
        decision = afforded(decision, pending, view, available, settings)
    if len(decision.orders) > 0:
        decision = guarded(decision, lots, today, view, settings, i)[0]
    return decision


@rule
def view_of(held: Held, marks: Rows) -> BookView:
    """Return the book as rules see it."""
    return BookView(held.lots, marks, held.condors, held.next_group, held.nav)


@rule
def sent_cut(
    today: Today, view: BookView, available: float, short: float, settings: Settings, i: int
) -> Decision:
    """Return the orders that cut the book to its margin, in place of all other decisions of the close."""
    needed = required(view.lots, view.marks, view.condors, settings.costs)
    cut = cutting_orders(view.lots, view.marks, needed, short, today, settings.money.contracts)
    cut = afforded(cut, nothing().orders, view, available, settings)
    return guarded(cut, view.lots, today, view, settings, i)[0]


@rule
def decided(
    today: Today,
    held: Held,
    marks: Rows,
    available: float,
    short: float,
    settings: Settings,
    rules: Any,
    i: int,
    alone: bool,
) -> tuple[Held, Decision, Decision]:
    """Return the book with its condors as decided, and what is sent for the condors and for the hedge."""
    if short > 0.0:
        cut = sent_cut(today, view_of(held, marks), available, short, settings, i)
        held = with_condors(held, condors_after(held.condors, cut.orders, today))
        return held, cut, nothing()
    condor, lots = sent_condor(today, view_of(held, marks), available, settings, i)
    if len(condor.orders) > 0:
        held = with_condors(held, condors_after(held.condors, condor.orders, today))
    if alone:
        return held, condor, nothing()
    view = view_of(held, marks)
    hedge = sent_hedge(today, view, lots, condor.orders, available, settings, rules, i)
    return held, condor, hedge


@inlined_rule
def ended_by(step: Step, marks: Rows, sums: BookSums, checks: bool, settings: Settings) -> Step:
    """Return the step, in trouble where it lacks margin and the run stops; `amount` is the shortfall."""
    if step.trouble != Trouble.NONE or not checks:
        return step
    held = step.held
    needed = required(held.lots, marks, held.condors, settings.costs)
    short = max(0.0, needed - (held.cash + sums.futures_pnl))
    stops = settings.money.on_margin == OnMargin.STOP or held.lots.shape[0] == 0
    return Step(held, MARGIN if stops and short > 0.0 else int(Trouble.NONE), 0, short)


@njit(cache=True)
def replay_book(days: Days, first: int, last: int, settings: Settings, rules: Any, checks: bool) -> Log:
    """Return the run of condors and hedge over sessions `first` to `last` of the market.

    Parameters
    ----------
    days
        The market.
    first, last
        Sessions, both included.
    settings, rules
        Of condors, money and costs; and of the hedge, whose type says which it is.
    checks
        Whether margin counts; False where the condors are run for themselves, to be hedged afterwards: their
        trades and decisions are not told then.
    """
    days, settings, n = borrowed(days), borrowed_settings(settings), last + 1 - first
    daily, seen = np.zeros((n, COLUMNS)), nothing_seen(n)
    sent, noted, unfilled, every = no_sent(), no_noted(), no_unfilled(), no_trades()
    money, cash = settings.money, settings.money.starting_cash
    held = Held(np.empty(0, dtype=LOT), np.empty(0, dtype=CONDOR), cash, cash, 1, 1)
    same_close, at_open = money.fill == Fill.SAME_CLOSE, money.fill == Fill.NEXT_OPEN
    before, theta, peak, k, pending = close_prices(days, first), 0.0, cash, 0, nothing().orders
    step = Step(held, Trouble.NONE, 0, 0.0)
    while k < n:
        i, flows, trades, close = first + k, no_flows(), no_trades(), close_prices(days, first + k)
        if k > 0:
            held = begun(held, flows, before, theta, close.day, money.interest_share)
        step, marks, sums = to_the_close(days, i, held, flows, trades, unfilled, pending, close, settings)
        step = ended_by(step, marks, sums, checks, settings)
        if step.trouble != Trouble.NONE:
            break
        today, cash = today_at(days, i, first, close, same_close, at_open), step.held.cash + sums.futures_pnl
        held, condor, hedge = decided(
            today, step.held, marks, cash, step.amount, settings, rules, i, not checks
        )
        if checks:
            keep_decision(sent, noted, condor, i, 0)
            keep_decision(sent, noted, hedge, i, 1)
        pending = all_orders(condor, hedge)
        seen = with_seen(seen, k, held, marks, required(held.lots, marks, held.condors, settings.costs))
        step = Step(held, Trouble.NONE, 0, 0.0)
        if same_close:
            if len(pending) > 0:
                step = filled(held, flows, trades, unfilled, pending, close, settings.costs, i)
            pending = nothing().orders
            step, marks, sums = at_the_mark(step, flows, trades, close, settings, i)
            step = ended_by(step, marks, sums, checks, settings)
            if step.trouble != Trouble.NONE:
                break
            seen.figures[k, 4] = required(step.held.lots, marks, step.held.condors, settings.costs)
        held, before, theta = step.held, close, sums.condor_theta
        peak = max(peak, held.nav)
        margin = margins(held.lots, marks, held.condors, settings.costs)
        take_down(daily[k], held, flows, sums, margin, held.nav / peak - 1.0)
        seen.figures[k, 5] = fills_among(trades)
        if checks:
            keep_trades(every, trades)
        k += 1
    end = Ending(k, step.trouble, step.about, step.amount, step.held.lots)
    return Log(daily[:k].copy(), every, sent, noted, unfilled, seen, end)
