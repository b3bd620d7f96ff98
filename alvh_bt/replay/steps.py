"""The steps of a day as units that are compiled once each, whatever the hedge.

They only call the rules, in the order of the day; a unit of its own keeps its compiled code on disk, and
every loop that needs it takes it from there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.book.condors import with_decisions, without_flat
from alvh_bt.book.decided import same_package
from alvh_bt.book.held import Held, Step, Trouble
from alvh_bt.book.ledger import BookSums
from alvh_bt.book.margin_cut import affordable
from alvh_bt.book.records import Decision, Order, Rows, Status, nothing
from alvh_bt.book.steps import TOLERANCE_SHARE, TOLERANCE_USD, begin_day, fill_package, mark_book, settle_due
from alvh_bt.book.view import BookView, Today
from alvh_bt.compiled import rule, unowned
from alvh_bt.condor.manage import decide_condor
from alvh_bt.config import BookParams, CondorParams, CostParams, GuardParams, Study
from alvh_bt.costs.margin import condor_margin, hedge_margin, required_money
from alvh_bt.hedges.guard import passed
from alvh_bt.hedges.projection import ProjectionTerms, with_projections
from alvh_bt.pricing.day import DayPrices
from alvh_bt.replay.days import Days, settlement_values

#: Stands beside the troubles of `book.held` for books that do not balance, and for a margin not met.
UNBALANCED = 100
MARGIN = 101


class Settings(NamedTuple):
    """What all hedges of a run share; `known` is (n, horizons, 5, 4), see `ProjectionTerms.known`."""

    condor: CondorParams
    money: BookParams
    costs: CostParams
    guard: GuardParams
    points_per_percent: float
    known: NDArray[np.float64]


class Unfilled(NamedTuple):
    """The first order of a package that could not be filled in a session."""

    session: int
    order: Order


_NO_UNFILLED = Unfilled(0, Order(0, 0, 0, 0, 0, 0, 0, 0.0, 0, 0.0, 0.0, 0, 0))


def settings_of(study: Study, known: NDArray[np.float64]) -> Settings:
    """Return the settings of a study's condors, money and costs."""
    points = study.shock.vix_points_per_percent
    return Settings(study.condor, study.book, study.costs, study.guard, points, known)


@rule
def borrowed_settings(settings: Settings) -> Settings:
    """Return the same settings, their array without a count of references; `settings` must outlive them."""
    return Settings(
        settings.condor,
        settings.money,
        settings.costs,
        settings.guard,
        settings.points_per_percent,
        unowned(settings.known),
    )


@rule
def no_unfilled() -> Any:
    """Return an empty list of what was not filled."""
    return [_NO_UNFILLED for _ in range(0)]


@rule
def terms_at(settings: Settings, i: int) -> ProjectionTerms:
    """Return the terms of projections at session `i`."""
    return ProjectionTerms(
        settings.condor.exit_dte,
        settings.points_per_percent,
        settings.costs.vx_margin_rate,
        settings.known[i],
    )


@rule
def with_condors(held: Held, condors: Rows) -> Held:
    """Return the book with other condors."""
    return Held(held.lots, condors, held.cash, held.nav, held.next_lot, held.next_group)


@njit(cache=True)
def begun(held: Held, flows: Any, last: DayPrices, theta: float, day: int, interest_share: float) -> Held:
    """Return the book after interest, as `begin_day`."""
    return begin_day(held, flows, last, theta, day, interest_share)


@njit(cache=True)
def settled(
    held: Held, flows: Any, trades: Any, days: Days, i: int, costs: CostParams, at_open: bool
) -> Step:
    """Return the book with what settles at the open, or at the close, of session `i`."""
    day, due = days.calendar[i, 0], False
    for row in range(held.lots.shape[0]):
        due = due or held.lots[row]["expiry"] <= day
    if not due:
        return Step(held, Trouble.NONE, 0, 0.0)
    return settle_due(held, flows, trades, day, settlement_values(days, i), costs, at_open)


@rule
def _first_left(orders: list[Order], done: Any) -> int:
    """Return the place of the first order of the package that is filled next: condors first, by package."""
    best = -1
    for k in range(len(orders)):
        if not done[k] and (best < 0 or _comes_before(orders[k], orders[best])):
            best = k
    return best


@rule
def _comes_before(order: Order, other: Order) -> bool:
    return order.book < other.book or (order.book == other.book and order.package < other.package)


@njit(cache=True)
def filled(
    held: Held,
    flows: Any,
    trades: Any,
    unfilled: Any,
    orders: list[Order],
    prices: DayPrices,
    costs: CostParams,
    i: int,
) -> Step:
    """Return the book with all orders filled, package by package; what could not be is taken down."""
    done, step = np.zeros(len(orders), np.bool_), Step(held, Trouble.NONE, 0, 0.0)
    while True:
        first = _first_left(orders, done)
        if first < 0:
            return step
        chosen = nothing().orders
        for k in range(len(orders)):
            if same_package(orders[k], orders[first]):
                chosen.append(orders[k])
                done[k] = True
        step, whole = fill_package(step.held, flows, trades, chosen, prices, costs)
        if step.trouble != Trouble.NONE:
            return step
        if not whole:
            unfilled.append(Unfilled(i, chosen[0]))


@njit(cache=True)
def without_closed(held: Held) -> Held:
    """Return the book with the condors brought in line with their lots."""
    return with_condors(held, without_flat(held.condors, held.lots))


@njit(cache=True)
def marked(held: Held, flows: Any, prices: DayPrices) -> tuple[Step, Rows, BookSums]:
    """Return the book marked, as `mark_book`, with the check that NAV is cash plus marks."""
    step, marks, sums = mark_book(held, flows, prices)
    gap = step.held.nav - (step.held.cash + sums.value)
    if step.trouble == Trouble.NONE and not (
        abs(gap) <= max(TOLERANCE_USD, TOLERANCE_SHARE * abs(step.held.nav))
    ):
        step = Step(step.held, UNBALANCED, 0, gap)
    return step, marks, sums


@njit(cache=True)
def projected(held: Held, prices: DayPrices, settings: Settings, i: int) -> Held:
    """Return the book with its condors' projected returns brought up to the close of session `i`."""
    if held.condors.shape[0] == 0:
        return held
    return with_condors(held, with_projections(held.lots, held.condors, prices, terms_at(settings, i)))


@njit(cache=True)
def condor_decision(today: Today, view: BookView, settings: Settings) -> Decision:
    """Return the leg manager's decision."""
    return decide_condor(today, view, settings.condor, settings.money, settings.costs)


@njit(cache=True)
def afforded(
    decision: Decision, pending: list[Order], view: BookView, available: float, settings: Settings
) -> Decision:
    """Return the decision scaled to the money at hand."""
    required = required_money(view.lots, view.marks, view.condors, settings.costs)
    rate, sizes = settings.costs.vx_margin_rate, settings.money.contracts
    return affordable(decision, pending, available - required, rate, sizes)


@njit(cache=True)
def guarded(
    decision: Decision, lots: Rows, today: Today, view: BookView, settings: Settings, i: int
) -> tuple[Decision, Rows]:
    """Return what of a decision is sent, and the lots as they would be then."""
    sent = passed(decision, lots, today, view, settings.guard, terms_at(settings, i))
    return sent.decision, sent.lots


@njit(cache=True)
def condors_after(condors: Rows, orders: list[Order], today: Today) -> Rows:
    """Return the condors with planned and closing ones marked."""
    return with_decisions(condors, orders, today)


@njit(cache=True)
def required(lots: Rows, marks: Rows, condors: Rows, costs: CostParams) -> float:
    """Return the money that must be at hand, USD."""
    return required_money(lots, marks, condors, costs)


@njit(cache=True)
def margins(lots: Rows, marks: Rows, condors: Rows, costs: CostParams) -> float:
    """Return the margin in use, USD."""
    return condor_margin(lots, condors) + hedge_margin(lots, marks, costs)


@rule
def all_open(condors: Rows) -> bool:
    """Return whether no condor is planned, closing or being rolled."""
    return bool((condors["status"] == Status.OPEN).all())
