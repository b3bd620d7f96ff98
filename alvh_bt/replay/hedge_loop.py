"""The compiled loop of a hedge over a condor book that has been run already.

The condors do not depend on the hedge unless margin binds: their lots, marks and decisions of each day are
taken from their own run (`CondorPath`), and only the hedge's are worked out. Cash earns interest as a whole.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.book.held import Flow, Held, Step, Trade, Trouble, no_flows, no_trades
from alvh_bt.book.ledger import BookSums
from alvh_bt.book.records import CONDOR, LOT, MARK, Action, Order, Reason, Rows, nothing
from alvh_bt.book.steps import mark_book
from alvh_bt.book.view import BookView
from alvh_bt.choices import Fill
from alvh_bt.compiled import inlined_rule, rule, unowned
from alvh_bt.costs.fees import trade_fee
from alvh_bt.costs.margin import hedge_margin
from alvh_bt.pricing.day import DayPrices
from alvh_bt.replay.book_loop import hedge_decision
from alvh_bt.replay.days import Days, borrowed, close_prices, open_prices, today_at
from alvh_bt.replay.log import COLUMNS, Ending, Log, Seen, nothing_seen
from alvh_bt.replay.steps import MARGIN, Settings, begun, borrowed_settings, filled, no_unfilled, settled


class CondorPath(NamedTuple):
    """The condors' own run: `daily` as `Log.daily`, what was seen, and `moves`, (sessions, 6).

    `moves` are USD: cash and NAV that the condors bring up to the decision of a session, the same from there
    to its end, and their worst payoffs (>= 0) at both.
    """

    daily: NDArray[np.float64]
    moves: NDArray[np.float64]
    seen: Seen


class HedgeRun(NamedTuple):
    """A hedged run: `daily` as `Log.daily`, the hedge's fills, and what monetising sales realised."""

    daily: NDArray[np.float64]
    fills: int
    monetised_usd: float
    end: Ending


def empty_path() -> CondorPath:
    """Return the path of a run of no session, of the types of any other: to compile with."""
    daily, moves, seen = np.zeros((0, COLUMNS)), np.zeros((0, 6)), nothing_seen(0)
    return CondorPath(daily, moves, seen)


def make_path(log: Log, starting_cash: float) -> CondorPath:
    """Return the path of a run of the condors alone.

    Interest is left out of `moves`: that is earned on all the cash there is.
    """
    figures, daily = log.seen.figures[: log.end.done], log.daily
    before = np.vstack([[starting_cash, starting_cash], daily[:-1, 1::-1]])
    interest = daily[:, 5]
    moves = np.column_stack(
        [
            figures[:, 2] - interest - before[:, 0],
            figures[:, 1] - interest - before[:, 1],
            daily[:, 1] - figures[:, 2],
            daily[:, 0] - figures[:, 1],
            figures[:, 3],
            figures[:, 4],
        ]
    )
    return CondorPath(daily, np.ascontiguousarray(moves), log.seen)


@rule
def borrowed_path(path: CondorPath) -> CondorPath:
    """Return the same path in arrays that count no references; `path` must outlive them."""
    seen = path.seen
    return CondorPath(
        unowned(path.daily),
        unowned(path.moves),
        Seen(
            unowned(seen.lots),
            unowned(seen.marks),
            unowned(seen.condors),
            unowned(seen.lot_end),
            unowned(seen.condor_end),
            unowned(seen.figures),
        ),
    )


@rule
def fitting(buffer: Rows, rows: int) -> Rows:
    """Return the buffer, or a longer one where so many rows do not fit."""
    return buffer if rows <= buffer.shape[0] else np.empty(2 * rows, dtype=buffer.dtype)


@rule
def joined(buffer: Rows, first: Rows, start: int, end: int, second: Rows) -> Rows:
    """Return, in the buffer, rows `start` to `end` of one table with all of another after them.

    No references are counted to them: the buffer must outlive what is returned.
    """
    n = end - start
    rows = unowned(buffer)[: n + second.shape[0]]
    rows[:n] = first[start:end]
    rows[n:] = second
    return rows


@inlined_rule
def condors_at(path: CondorPath, k: int, held: Held) -> Rows:
    """Return the condors as seen in session `k`, with the layers that the hedge has bought for each."""
    start = path.seen.condor_end[k - 1] if k > 0 else 0
    rows = path.seen.condors[start : path.seen.condor_end[k]].copy()
    for row in range(rows.shape[0]):
        for j in range(held.condors.shape[0]):
            if held.condors[j]["id"] == rows[row]["id"]:
                rows[row]["second_entries"] = held.condors[j]["second_entries"]
                rows[row]["third_entries"] = held.condors[j]["third_entries"]
    return rows


@rule
def with_money(held: Held, cash: float, nav: float, condors: Rows, next_group: int) -> Held:
    """Return the hedge's book with cash and NAV moved (USD) and the condors of the day."""
    return Held(held.lots, condors, held.cash + cash, held.nav + nav, held.next_lot, next_group)


@rule
def monetised(trades: list[Trade], costs: Any) -> tuple[int, float]:
    """Return the fills among trades, and what sales that monetise realised, USD after both fees."""
    fills, realised = 0, 0.0
    for trade in trades:
        fills += trade.order.action != Action.SETTLE
        if trade.order.reason == Reason.MONETISED:
            bought = trade_fee(trade.order.root, trade.contracts, costs)
            realised += trade.pnl_usd - trade.fees_usd - bought
    return fills, realised


@inlined_rule
def hedge_to_the_close(
    days: Days,
    i: int,
    held: Held,
    flows: Any,
    trades: list[Trade],
    pending: list[Order],
    close: DayPrices,
    settings: Settings,
) -> Step:
    """Return the hedge's book after the settlements and fills of session `i`."""
    costs, fill = settings.costs, settings.money.fill
    step = settled(held, flows, trades, days, i, costs, True)
    if step.trouble == Trouble.NONE and fill == Fill.NEXT_OPEN and len(pending) > 0:
        prices = open_prices(days, i)
        step = filled(step.held, flows, trades, no_unfilled(), pending, prices, costs, i)
    if step.trouble == Trouble.NONE:
        step = settled(step.held, flows, trades, days, i, costs, False)
    if step.trouble == Trouble.NONE and fill == Fill.NEXT_CLOSE and len(pending) > 0:
        step = filled(step.held, flows, trades, no_unfilled(), pending, close, costs, i)
    return step


@inlined_rule
def marked_hedge(
    step: Step, flows: Any, close: DayPrices, path: CondorPath, k: int, last: bool, settings: Settings
) -> tuple[Step, Rows, BookSums]:
    """Return the hedge's book marked, with the money that the condors brought; in trouble where margin lacks.

    `last` says that it is the end of the session, after fills at its close, not the decision.
    """
    if step.trouble != Trouble.NONE:
        return step, np.empty(0, dtype=MARK), BookSums(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    step, marks, sums = mark_book(step.held, flows, close)
    moves, column = path.moves[k], 2 if last else 0
    condors = step.held.condors if last else condors_at(path, k, step.held)
    held = with_money(step.held, moves[column], moves[column + 1], condors, int(path.seen.figures[k, 0]))
    needed = moves[5 if last else 4] + hedge_margin(held.lots, marks, settings.costs)
    short = max(0.0, needed - (held.cash + sums.futures_pnl))
    trouble = MARGIN if short > 0.0 and step.trouble == Trouble.NONE else step.trouble
    return Step(held, trouble, step.about, short), marks, sums


@rule
def take_down_hedge(
    row: Any, alone: Any, held: Held, flows: Any, sums: BookSums, margin: float, drawdown: float
) -> None:
    """Write a session's figures: those of the condors `alone`, and the hedge's."""
    row[0], row[1], row[2], row[3] = held.nav, held.cash, alone[2], flows[Flow.HEDGE_PNL]
    row[4], row[5] = alone[4] + flows[Flow.COSTS], flows[Flow.INTEREST]
    row[6], row[7] = flows[Flow.HEDGE_CARRY], alone[7]
    row[8], row[9] = alone[8] + sums.delta, alone[9] + sums.vega
    row[10], row[11], row[12] = alone[10] + margin, drawdown, flows[Flow.HEDGE_COSTS]


@njit(cache=True)
def replay_hedge(days: Days, first: int, path: CondorPath, settings: Settings, rules: Any) -> HedgeRun:
    """Return the run of a hedge over the condors of `path`, which began at session `first` of the market.

    The study stops where margin is not met, and refuses no order for its synthetics or its projected return:
    those would reach back to the condors.
    """
    days, path, settings = borrowed(days), borrowed_path(path), borrowed_settings(settings)
    n, money, costs = path.daily.shape[0], settings.money, settings.costs
    daily, fills, realised, cash = np.zeros((n, COLUMNS)), 0, 0.0, money.starting_cash
    held = Held(np.empty(0, dtype=LOT), np.empty(0, dtype=CONDOR), cash, cash, 1, 1)
    same_close, at_open = money.fill == Fill.SAME_CLOSE, money.fill == Fill.NEXT_OPEN
    pending, trades, flows = nothing().orders, no_trades(), no_flows()
    lots_seen, marks_seen = np.empty(64, dtype=LOT), np.empty(64, dtype=MARK)
    before, peak, k, step = close_prices(days, first), cash, 0, Step(held, Trouble.NONE, 0, 0.0)
    while k < n:
        i, close = first + k, close_prices(days, first + k)
        flows[:] = 0.0
        trades.clear()
        if k > 0:
            held = begun(held, flows, before, 0.0, close.day, money.interest_share)
        step = hedge_to_the_close(days, i, held, flows, trades, pending, close, settings)
        step, marks, sums = marked_hedge(step, flows, close, path, k, False, settings)
        if step.trouble != Trouble.NONE:
            break
        held = step.held
        start, end = path.seen.lot_end[k - 1] if k > 0 else 0, path.seen.lot_end[k]
        lots_seen = fitting(lots_seen, end - start + held.lots.shape[0])
        marks_seen = fitting(marks_seen, end - start + held.lots.shape[0])
        lots = joined(lots_seen, path.seen.lots, start, end, held.lots)
        view_marks = joined(marks_seen, path.seen.marks, start, end, marks)
        view = BookView(lots, view_marks, unowned(held.condors), held.next_group, held.nav)
        today = today_at(days, i, first, close, same_close, at_open)
        pending = hedge_decision(today, view, rules).orders
        if same_close:
            step = filled(held, flows, trades, no_unfilled(), pending, close, costs, i)
            step, marks, sums = marked_hedge(step, flows, close, path, k, True, settings)
            if step.trouble != Trouble.NONE:
                break
            held = step.held
        before, peak = close, max(peak, held.nav)
        margin = hedge_margin(held.lots, marks, costs)
        take_down_hedge(daily[k], path.daily[k], held, flows, sums, margin, held.nav / peak - 1.0)
        count, sold = monetised(trades, costs)
        fills, realised = fills + count, realised + sold
        k += 1
    # Used here, so that the buffers live as long as what was seen in them.
    done = k if lots_seen.shape[0] + marks_seen.shape[0] > 0 else 0
    end_of_run = Ending(k, step.trouble, step.about, step.amount, step.held.lots)
    return HedgeRun(daily[:done].copy(), fills, realised, end_of_run)
