"""What a compiled replay of the layered hedge costs, beside Backtrader, on the same days.

    python bench/replay_prototype.py --data market

A prototype: the day's steps (`alvh_bt.book.steps`) and the rules run in one compiled loop over arrays,
without journal, margin rule and guards. Prints the time to compile, the time a run, Backtrader's, and the
largest difference between the two NAVs.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.book.condors import with_decisions, without_flat
from alvh_bt.book.held import Held, no_flows, no_trades
from alvh_bt.book.records import CONDOR, LOT, empty_rows, make_order
from alvh_bt.book.steps import begin_day, fill_package, mark_book, settle_due
from alvh_bt.book.view import BookView, Today
from alvh_bt.calendars import Expiries
from alvh_bt.condor.manage import decide_condor
from alvh_bt.config import make_study
from alvh_bt.contracts import make_contract
from alvh_bt.engine.run import run_variant
from alvh_bt.engine.today import CLOSES, Calendar
from alvh_bt.hedges.layered import decide_layered, whole_method
from alvh_bt.hedges.projection import projection_terms, with_projections
from alvh_bt.market import load_market
from alvh_bt.pricing.day import DayPrices
from alvh_bt.pricing.history import DayTable, close_table, open_table
from alvh_bt.pricing.model import ModelPrices, Settlement
from alvh_bt.pricing.parameters import load_parameters
from alvh_bt.pricing.quotes import QuoteRows
from alvh_bt.pricing.spx_surface import SpxSurface
from alvh_bt.pricing.vix_curve import VxCurve
from alvh_bt.pricing.vix_surface import VixSurface

Floats = NDArray[np.float64]


class Moments(NamedTuple):
    """The prices of one moment of each session (the open, or the close): one row a session."""

    moment: float
    spot: Floats
    rate: Floats
    dividend_yield: Floats
    vix: Floats
    eta: Floats
    node_vol: Floats
    node_theta: Floats
    long_run: Floats
    nodes: NDArray[np.int64]
    tenor: Floats
    price: Floats
    vix_eta: Floats
    theta_30: Floats
    vxx: Floats
    uvxy: Floats


class Constants(NamedTuple):
    """The parts of a surface and a curve that stay the same on all days."""

    surface: SpxSurface
    curve: VxCurve
    vix: VixSurface


class Days(NamedTuple):
    """Everything that a run reads and no setting changes but those of the signals."""

    day: NDArray[np.int64]
    next_day: NDArray[np.int64]
    week_start: NDArray[np.bool_]
    after_monthly: NDArray[np.bool_]
    close: Moments
    open: Moments
    settlements: Floats  # spx_am, spx_pm, vix, spx_am_proxy, vix_proxy
    spx_closes: Floats
    vix_closes: Floats
    signals: Floats
    spx: Expiries
    vix: Expiries
    vx: Expiries
    constants: Constants
    quotes: QuoteRows


def moments(table: DayTable) -> Moments:
    """Return the columns of a table of prices as contiguous arrays."""
    return Moments(
        float(table.moment),
        *(np.ascontiguousarray(getattr(table, name)) for name in Moments._fields[1:]),
    )


@njit
def prices_at(rows: Moments, i: int, day: int, constants: Constants, quotes: Any) -> DayPrices:
    """Return the prices of session `i` at one moment, as `ModelPrices` does."""
    s, c, v = constants.surface, constants.curve, constants.vix
    w, t, n, p = rows.node_vol[i], rows.node_theta[i], rows.tenor[i], rows.price[i]
    return DayPrices(
        day,
        rows.moment,
        rows.spot[i],
        rows.rate[i],
        rows.dividend_yield[i],
        rows.vix[i],
        SpxSurface(
            s.rho, rows.eta[i], s.gamma, s.wing, s.wing_start, s.wing_width, s.eta_on_vix, s.eta_cap,
            s.damping, (w[0], w[1], w[2], w[3]), (t[0], t[1], t[2], t[3]),
        ),
        VxCurve(
            c.reversion, c.damping_days, c.damping_power, rows.vix[i], rows.long_run[i], rows.nodes[i],
            (n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8]),
            (p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8]),
        ),
        VixSurface(v.rho, rows.vix_eta[i], v.gamma, rows.theta_30[i], v.decay),
        quotes,
        rows.vxx[i],
        rows.uvxy[i],
    )  # fmt: skip


@njit
def today_at(days: Days, i: int, first: int, prices: DayPrices, same_close: bool, at_open: bool) -> Today:
    """Return what is known at the close of session `i` of a run that began at session `first`."""
    since = max(0, i + 1 - CLOSES)
    return Today(
        days.day[i],
        i - first,
        days.day[i] if same_close else days.next_day[i],
        at_open,
        days.week_start[i],
        days.after_monthly[i],
        prices,
        days.spx,
        days.vix,
        days.vx,
        days.spx_closes[since : i + 1],
        days.vix_closes[since : i + 1],
        days.signals[i],
    )


@njit
def settlement_at(days: Days, i: int) -> Settlement:
    """Return the settlement values of session `i`."""
    v = days.settlements[i]
    return Settlement(v[0], v[1], v[2], v[3] != 0.0, v[4] != 0.0)


def days_of(prices: ModelPrices, tables: tuple[DayTable, DayTable], calendar: Calendar) -> Days:
    """Return a market's days."""
    known = int(np.flatnonzero(np.isfinite(tables[0].node_theta[:, 1]))[0])
    sample = prices.at_close(known)
    n = len(calendar.days)
    settled = np.array([tuple(map(float, prices.settlement(i))) for i in range(n)])
    return Days(
        calendar.days,
        calendar.next_day,
        np.ascontiguousarray(calendar.week_start),
        np.ascontiguousarray(calendar.after_monthly),
        moments(tables[0]),
        moments(tables[1]),
        settled,
        np.ascontiguousarray(calendar.closes),
        np.ascontiguousarray(calendar.vix_closes),
        np.ascontiguousarray(calendar.signals),
        calendar.spx,
        calendar.vix,
        calendar.vx,
        Constants(sample.spx, sample.curve, sample.vix),
        sample.quotes,
    )


@njit
def with_condors(held: Held, condors: Any) -> Held:
    """Return the book with other condors."""
    return Held(held.lots, condors, held.cash, held.nav, held.next_lot, held.next_group)


@njit
def first_package(orders: Any, done: Any) -> tuple[int, int]:
    """Return book and package of the orders that are filled next: condors first, packages ascending."""
    book, package = 9, 0
    for k in range(len(orders)):
        order = orders[k]
        earlier = order.book < book or (order.book == book and order.package < package)
        if not done[k] and earlier:
            book, package = order.book, order.package
    return book, package


@njit
def fill_pending(held: Held, flows: Any, trades: Any, orders: Any, prices: DayPrices, costs: Any) -> Held:
    """Return the book with all pending orders filled, package by package."""
    done = np.zeros(len(orders), np.bool_)
    while not done.all():
        book, package = first_package(orders, done)
        chosen = [order for order in orders if order.book == book and order.package == package]
        for k in range(len(orders)):
            done[k] = done[k] or (orders[k].book == book and orders[k].package == package)
        held = fill_package(held, flows, trades, chosen, prices, costs)[0].held
    return held


@njit
def replay(
    days: Days, first: int, last: int, held: Held, condor: Any, money: Any, costs: Any, terms: Any, rules: Any
) -> tuple[NDArray[np.float64], int]:
    """Return NAV at each close, and the number of trades; orders are filled at the next open."""
    nav, count, theta = np.zeros(last + 1 - first), 0, 0.0
    nothing = make_order(0, 0, 0, 0, 0, make_contract(0, 0, 0.0, 0), 0.0, 0.0, 0, 0)
    pending = [nothing for _ in range(0)]
    before = prices_at(days.close, first, days.day[first], days.constants, days.quotes)
    for i in range(first, last + 1):
        flows, trades, day = no_flows(), no_trades(), days.day[i]
        close = prices_at(days.close, i, day, days.constants, days.quotes)
        values = settlement_at(days, i)
        if i > first:
            held = begin_day(held, flows, before, theta, day, money.interest_share)
        held = settle_due(held, flows, trades, day, values, costs, True).held
        if len(pending) > 0:
            opened = prices_at(days.open, i, day, days.constants, days.quotes)
            held = fill_pending(held, flows, trades, pending, opened, costs)
        held = settle_due(held, flows, trades, day, values, costs, False).held
        held = with_condors(held, without_flat(held.condors, held.lots))
        step, marks, sums = mark_book(held, flows, close)
        held = with_condors(step.held, with_projections(step.held.lots, step.held.condors, close, terms))
        theta, before, count = sums.condor_theta, close, count + len(trades)
        today = today_at(days, i, first, close, False, True)
        view = BookView(held.lots, marks, held.condors, held.next_group, held.nav)
        pending = decide_condor(today, view, condor, money, costs).orders
        held = with_condors(held, with_decisions(held.condors, pending, today))
        view = BookView(held.lots, marks, held.condors, held.next_group, held.nav)
        for order in decide_layered(today, view, rules).orders:
            pending.append(order)
        nav[i - first] = held.nav
    return nav, count


def main() -> None:
    """Run both, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--start", default="2007-01-03")
    parser.add_argument("--end", default="2024-12-31")
    given = parser.parse_args()
    market = load_market(given.data)
    study = make_study(start=given.start, end=given.end)
    prices, calendar = ModelPrices(market), Calendar(market, study.signals)
    parameters = load_parameters()
    closes = close_table(market, parameters)
    days = days_of(prices, (closes, open_table(market, parameters, closes)), calendar)
    first, last = market.window(study.start, study.end)
    cash = study.book.starting_cash
    held = Held(empty_rows(LOT), empty_rows(CONDOR), cash, cash, 1, 1)
    settings = (study.condor, study.book, study.costs, projection_terms(study), whole_method(study))
    for told in ("compile and run", "run"):
        began = time.perf_counter()
        nav, count = replay(days, first, last, held, *settings)
        print(f"{told}: {time.perf_counter() - began:.2f} s, {count:,} trades")
    began = time.perf_counter()
    run = run_variant(market, study, "layered", prices, calendar)
    print(f"Backtrader: {time.perf_counter() - began:.2f} s, {len(run.trades):,} trades")
    gap = float(np.abs(nav - run.daily["nav"].to_numpy()).max())
    print(f"largest difference of NAV over {len(nav):,} sessions: {gap:.2g} USD")


if __name__ == "__main__":
    main()
