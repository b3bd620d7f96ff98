"""The leg manager's rules: tables worked by hand on days and books made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from rule_scenes import DAY, SPOT, at_close, book_of, condor_lots, condor_view, condors, listed

from alvh_bt.book.records import Action, Book, Layer, Reason, Status
from alvh_bt.condor.entry import condor_contracts, enter_condor, entry_is_due
from alvh_bt.condor.manage import NO_REASON, decide_condor, exit_reason, manage_condor
from alvh_bt.condor.rolls import tested_side
from alvh_bt.condor.strikes import choose_spread, side_layers
from alvh_bt.config import BookParams, CondorParams, CostParams, Schedule, Sizes
from alvh_bt.contracts import Contract, Right, Root
from alvh_bt.pricing.day import quote_contract
from alvh_bt.pricing.flat import flat_prices

tested_side.__test__ = False  # a rule of the leg manager, not a test

USUAL = CondorParams()
MONEY = BookParams()
COSTS = CostParams()
EXPIRY = DAY + 46


# Schedule


@pytest.mark.parametrize("every", [1, 2, 5, 21])
def test_every_k_sessions_counts_from_the_first(every) -> None:
    params = USUAL._replace(schedule=Schedule.EVERY, every_sessions=every)
    due = [k for k in range(45) if entry_is_due(at_close(since_start=k), params)]
    assert due == list(range(0, 45, every))


@pytest.mark.parametrize(
    ("schedule", "week_start", "after_expiry", "due"),
    [
        (Schedule.WEEKLY, True, False, True),
        (Schedule.WEEKLY, False, True, False),
        (Schedule.MONTHLY, False, True, True),
        (Schedule.MONTHLY, True, False, False),
        (Schedule.EVERY, True, True, False),  # session 3 of every 5
    ],
)
def test_schedule_looks_at_its_own_flag(schedule, week_start, after_expiry, due) -> None:
    today = at_close(since_start=3, week_start=week_start, after_monthly_expiry=after_expiry)
    assert entry_is_due(today, USUAL._replace(schedule=schedule)) is due


# Size


@pytest.mark.parametrize(
    ("notional", "root", "max_open", "sizes", "contracts"),
    [
        pytest.param(250_000.0, Root.SPX, 1, Sizes.FRACTIONAL, 0.625, id="250,000 / (100 x 4,000)"),
        pytest.param(250_000.0, Root.SPXW, 5, Sizes.FRACTIONAL, 0.125, id="shared by five"),
        pytest.param(250_000.0, Root.XSP, 1, Sizes.FRACTIONAL, 6.25, id="XSP at 400"),
        pytest.param(250_000.0, Root.XSP, 1, Sizes.WHOLE, 6.0, id="whole: 6.25 -> 6"),
        pytest.param(270_000.0, Root.XSP, 1, Sizes.WHOLE, 7.0, id="whole: 6.75 -> 7"),
        pytest.param(10_000.0, Root.XSP, 1, Sizes.WHOLE, 1.0, id="whole: never none"),
    ],
)
def test_contracts_carry_the_notional(notional, root, max_open, sizes, contracts) -> None:
    money = MONEY._replace(notional_usd=notional, contracts=sizes)
    # rel 1e-12: two quotients of doubles (a tenth of 4,000 is not exactly 400).
    assert condor_contracts(SPOT, root, USUAL._replace(max_open=max_open), money) == pytest.approx(
        contracts, rel=1e-12
    )


# Exit. Credit 20 points: take profit at a cost to close of 10, stop at 60; entered 45 days out, exit at 21.


@pytest.mark.parametrize(
    ("cost_to_close", "dte", "changes", "reason"),
    [
        pytest.param(20.0, 40, {}, NO_REASON, id="nothing happened"),
        pytest.param(10.0, 40, {}, Reason.TAKE_PROFIT, id="half the credit, to the point"),
        pytest.param(10.01, 40, {}, NO_REASON, id="just short of it"),
        pytest.param(-1.0, 40, {}, Reason.TAKE_PROFIT, id="more than all of it"),
        pytest.param(60.0, 40, {}, Reason.STOP_LOSS, id="loss of twice the credit, to the point"),
        pytest.param(59.99, 40, {}, NO_REASON, id="just short of the stop"),
        pytest.param(20.0, 22, {}, NO_REASON, id="a day before the time exit"),
        pytest.param(20.0, 21, {}, Reason.TIME_EXIT, id="at 21 days"),
        pytest.param(20.0, 3, {}, Reason.TIME_EXIT, id="past 21 days (a weekend, a gap in the data)"),
        pytest.param(10.0, 21, {}, Reason.TAKE_PROFIT, id="profit outranks the calendar"),
        pytest.param(60.0, 21, {}, Reason.STOP_LOSS, id="loss outranks the calendar"),
        pytest.param(20.0, 15, {"entry_dte": 21}, NO_REASON, id="entered at 21 days: no time exit"),
        pytest.param(20.0, 1, {"entry_dte": 7}, NO_REASON, id="a weekly is not left for being one"),
        pytest.param(20.0, 21, {"entry_dte": 22}, Reason.TIME_EXIT, id="entered a day beyond it"),
        pytest.param(5.0, 40, {"credit_points": -1.0}, NO_REASON, id="a roll into a debit is no stop"),
        pytest.param(38.99, 40, {"credit_points": -1.0}, NO_REASON, id="rolled, just short of a loss of 40"),
        pytest.param(39.0, 40, {"credit_points": -1.0}, Reason.STOP_LOSS, id="rolled, a loss of 40"),
        pytest.param(2.0, 40, {"credit_points": 12.0}, Reason.TAKE_PROFIT, id="rolled, a profit of 10"),
        pytest.param(2.01, 40, {"credit_points": 12.0}, NO_REASON, id="rolled, just short of a profit of 10"),
    ],
)
def test_exit_reason_table(cost_to_close, dte, changes, reason) -> None:
    condor = condor_view(cost_to_close=cost_to_close, expiry=DAY + dte, **changes)
    assert exit_reason(condor, DAY, USUAL) == reason


@pytest.mark.parametrize(
    ("cost_to_close", "dte", "off"),
    [(0.0, 40, {"take_profit": 0.0}), (500.0, 40, {"stop_loss": 0.0}), (20.0, 1, {"exit_dte": 0})],
)
def test_zero_switches_an_exit_off(cost_to_close, dte, off) -> None:
    condor = condor_view(cost_to_close=cost_to_close, expiry=DAY + dte)
    assert exit_reason(condor, DAY, USUAL) != NO_REASON
    assert exit_reason(condor, DAY, USUAL._replace(**off)) == NO_REASON


# Roll


@pytest.mark.parametrize(
    ("put", "call", "changes", "side"),
    [
        pytest.param(0.16, 0.16, {}, 0, id="untested"),
        pytest.param(0.30, 0.05, {}, Right.PUT, id="put at the bound"),
        pytest.param(0.2999, 0.05, {}, 0, id="put just below it"),
        pytest.param(0.05, 0.35, {}, Right.CALL, id="call"),
        pytest.param(0.40, 0.35, {}, Right.PUT, id="both: the more tested"),
        pytest.param(0.35, 0.40, {}, Right.CALL, id="both: the more tested call"),
        pytest.param(0.35, 0.35, {}, Right.PUT, id="both alike: the put, where crashes are"),
        pytest.param(0.60, 0.05, {"put_rolls": 1}, 0, id="put rolled already"),
        pytest.param(0.05, 0.60, {"call_rolls": 1}, 0, id="call rolled already"),
        pytest.param(0.60, 0.31, {"put_rolls": 1}, Right.CALL, id="put used up: the call, if tested"),
        pytest.param(0.31, 0.60, {"call_rolls": 1}, Right.PUT, id="call used up: the put, if tested"),
    ],
)
def test_tested_side_table(put, call, changes, side) -> None:
    condor = condor_view(short_put_delta=put, short_call_delta=call, **changes)
    assert tested_side(condor, USUAL) == side


def test_roll_delta_of_zero_and_no_rolls_left_switch_rolling_off() -> None:
    condor = condor_view(short_put_delta=0.9)
    assert tested_side(condor, USUAL) == Right.PUT
    assert tested_side(condor, USUAL._replace(roll_delta=0.0)) == 0
    assert tested_side(condor, USUAL._replace(max_rolls=0)) == 0


# Strikes, on a spot of 4,000 with VIX at 20 at every tenor and no rates: the forward is 4,000


def nearest_by_delta(root: int, right: int, aim: float, grid: np.ndarray) -> float:
    """The strike of `grid` whose |delta| is nearest `aim`: every quote of the grid is looked at."""
    prices = flat_prices(spot=SPOT, vix=20.0, day=DAY)
    gaps = [abs(abs(quote_contract(Contract(root, right, k, EXPIRY), prices).delta) - aim) for k in grid]
    return float(grid[int(np.argmin(gaps))])


# Within 0.85-1.10 of the forward every 5 points are listed, to 46 days out.
FINE = np.arange(3400.0, 4400.0, 5.0)


@pytest.mark.parametrize("right", [Right.PUT, Right.CALL])
@pytest.mark.parametrize(("short", "wing"), [(0.16, 0.08), (0.25, 0.10)])
def test_strikes_by_delta_are_the_nearest_listed(right, short, wing) -> None:
    params = USUAL._replace(short_delta=short, wing_delta=wing)
    prices = flat_prices(spot=SPOT, vix=20.0, day=DAY)
    spread = choose_spread(Root.SPX, right, EXPIRY, prices, params)
    assert spread.short == nearest_by_delta(Root.SPX, right, short, FINE)
    assert spread.wing == nearest_by_delta(Root.SPX, right, wing, FINE)
    assert (spread.wing - spread.short) * right > 0.0


@pytest.mark.parametrize(
    ("root", "right", "distance", "width", "short", "wing"),
    [
        (Root.SPX, Right.PUT, 0.05, 50.0, 3800.0, 3750.0),
        (Root.SPX, Right.CALL, 0.05, 50.0, 4200.0, 4250.0),
        (Root.SPX, Right.PUT, 0.0513, 48.0, 3795.0, 3745.0),  # 3,794.8; 3,747 is nearer 3,745 than 3,750
        (Root.SPXW, Right.PUT, 0.10, 60.0, 3600.0, 3550.0),  # 25 points apart out there: 3,540 -> 3,550
        (Root.XSP, Right.PUT, 0.05, 5.0, 380.0, 375.0),  # a tenth, every point
        (Root.XSP, Right.CALL, 0.05, 7.4, 420.0, 427.0),
    ],
)
def test_strikes_by_distance_and_width(root, right, distance, width, short, wing) -> None:
    params = USUAL._replace(short_distance=distance, wing_width=width)
    prices = flat_prices(spot=SPOT, vix=20.0, day=DAY)
    assert choose_spread(root, right, EXPIRY, prices, params) == (short, wing)


@pytest.mark.parametrize(
    ("right", "expiry", "changes"),
    [
        pytest.param(Right.PUT, EXPIRY, {"wing_width": 1.0}, id="put wing on the short strike"),
        pytest.param(Right.CALL, EXPIRY, {"wing_width": 1.0}, id="call wing on the short strike"),
        pytest.param(Right.PUT, EXPIRY, {"wing_delta": 0.30}, id="wing nearer the money"),
        pytest.param(Right.CALL, EXPIRY, {"wing_delta": 0.16}, id="wing on the short strike by delta"),
        pytest.param(Right.PUT, EXPIRY, {"wing_width": 4000.0}, id="wing below zero"),
        pytest.param(Right.PUT, DAY - 1, {}, id="expiry has passed"),
    ],
)
def test_no_spread_is_nan(right, expiry, changes) -> None:
    prices = flat_prices(spot=SPOT, vix=20.0, day=DAY)
    spread = choose_spread(Root.SPX, right, expiry, prices, USUAL._replace(**changes))
    assert math.isnan(spread.short)
    assert math.isnan(spread.wing)


def test_side_layers_are_the_legs_of_the_records() -> None:
    assert side_layers(Right.PUT) == (Layer.SHORT_PUT, Layer.LONG_PUT)
    assert side_layers(Right.CALL) == (Layer.SHORT_CALL, Layer.LONG_CALL)


# Entry


def enter(today=None, params=USUAL, money=MONEY, costs=COSTS, rows=None):
    today = at_close() if today is None else today
    rows = condors() if rows is None else rows
    return enter_condor(today, book_of(today, [], rows, next_group=7), params, money, costs)


def test_entry_is_four_legs_in_one_package() -> None:
    decision = enter()
    assert [order.layer for order in decision.orders] == [
        Layer.SHORT_PUT,
        Layer.LONG_PUT,
        Layer.SHORT_CALL,
        Layer.LONG_CALL,
    ]
    assert [order.contracts for order in decision.orders] == [-0.625, 0.625, -0.625, 0.625]
    assert {order.package for order in decision.orders} == {28}  # four packages a condor: 7 x 4
    assert {(o.book, o.action, o.group, o.lot, o.reason) for o in decision.orders} == {
        (Book.CONDOR, Action.OPEN, 7, -1, Reason.ENTRY)
    }
    assert {(o.root, o.expiry) for o in decision.orders} == {(Root.SPX, EXPIRY)}
    short_put, long_put, short_call, long_call = (order.strike for order in decision.orders)
    assert long_put < short_put < SPOT < short_call < long_call
    assert not decision.notes


@pytest.mark.parametrize(
    ("dtes", "expiry"),
    [
        pytest.param((44, 46), 44, id="a tie goes to the earlier"),
        pytest.param((63,), 63, id="18 days off: 0.4 x 45, to the day"),
        pytest.param((27,), 27, id="18 days early"),
        pytest.param((64,), None, id="19 days late"),
        pytest.param((26,), None, id="19 days early"),
        pytest.param((), None, id="nothing listed"),
    ],
)
def test_entry_needs_an_expiry_within_the_tolerance(dtes, expiry) -> None:
    decision = enter(at_close(spx=listed(Root.SPX, *dtes)))
    if expiry is None:
        assert not decision.orders
        assert [(n.book, n.group, n.reason) for n in decision.notes] == [(Book.CONDOR, 7, Reason.NO_EXPIRY)]
    else:
        assert {order.expiry for order in decision.orders} == {DAY + expiry}


def test_expiry_that_is_not_listed_yet_is_not_traded() -> None:
    assert enter(at_close(spx=listed(Root.SPX, 45, listed_from=DAY))).orders
    decision = enter(at_close(spx=listed(Root.SPX, 45, listed_from=DAY + 1)))
    assert [note.reason for note in decision.notes] == [Reason.NO_EXPIRY]


def test_days_to_expiry_are_counted_from_the_fill() -> None:
    # Decided on a Friday, filled on Monday: 46 and 50 days from the decision are 43 and 47 from the fill.
    today = at_close(fill_in=3, fill_at_open=True, spx=listed(Root.SPX, 44, 47))
    assert {order.expiry for order in enter(today).orders} == {DAY + 47}


def test_one_day_condor_where_it_is_listed() -> None:
    params = USUAL._replace(target_dte=1)
    today = at_close(fill_in=1, fill_at_open=True, spx=listed(Root.SPXW, 1, 2, 3))
    decision = enter(today, params)
    assert {(order.root, order.expiry) for order in decision.orders} == {(Root.SPXW, DAY + 2)}
    weeklies_only = at_close(fill_in=1, fill_at_open=True, spx=listed(Root.SPXW, 5, 12))
    assert [note.reason for note in enter(weeklies_only, params).notes] == [Reason.NO_EXPIRY]


def test_entry_without_strikes_or_without_credit_says_so() -> None:
    no_wing = enter(params=USUAL._replace(wing_width=1.0))
    assert not no_wing.orders
    assert [note.reason for note in no_wing.notes] == [Reason.NO_STRIKES]
    dear = enter(costs=COSTS._replace(spread_floor=100.0))
    assert not dear.orders
    assert [note.reason for note in dear.notes] == [Reason.NO_CREDIT]


def test_credit_must_outlast_half_a_spread_on_each_leg() -> None:
    legs = enter().orders
    credit = sum(-leg.contracts / 0.625 * leg.price for leg in legs)
    assert credit > 0.0
    # Half of the half-spread on each of four legs takes all of the credit at a floor of credit / 2.
    for floor, filled in ((credit / 2 - 0.01, 4), (credit / 2 + 0.01, 0)):
        assert len(enter(costs=COSTS._replace(spread_floor=floor)).orders) == filled


@pytest.mark.parametrize(("max_open", "legs"), [(1, 0), (2, 4)])
def test_no_more_condors_than_max_open(max_open, legs) -> None:
    decision = enter(params=USUAL._replace(max_open=max_open), rows=condors({"id": 1}))
    assert len(decision.orders) == legs
    assert not decision.notes


def test_no_entry_and_no_note_when_none_is_due() -> None:
    decision = enter(at_close(week_start=False))
    assert not decision.orders
    assert not decision.notes


def test_whole_contracts_are_xsp() -> None:
    decision = enter(money=MONEY._replace(contracts=Sizes.WHOLE))
    assert {(order.root, abs(order.contracts)) for order in decision.orders} == {(Root.XSP, 6.0)}
    assert all(300.0 < order.strike < 500.0 for order in decision.orders)


# Management

CALM = {2: {"delta": -0.16}, 3: {"delta": 0.16}}
TESTED_PUT = {2: {"delta": -0.35}, 3: {"delta": 0.05}}
TESTED_CALL = {2: {"delta": -0.05}, 3: {"delta": 0.35}}


NO_EXIT = USUAL._replace(take_profit=0.0, stop_loss=0.0, exit_dte=0)


def managed(today, marks, params=NO_EXIT, changes=None, lots=None):
    book = book_of(today, condor_lots() if lots is None else lots, condors(changes or {}), marks)
    return manage_condor(today, book, 0, params), book


def test_calm_condor_is_left_alone() -> None:
    decision, _ = managed(at_close(), CALM)
    assert not decision.orders


@pytest.mark.parametrize(
    ("marks", "right", "closed", "package", "reason"),
    [
        (TESTED_PUT, Right.PUT, [1, 2], 6, Reason.ROLL_PUT),
        (TESTED_CALL, Right.CALL, [3, 4], 7, Reason.ROLL_CALL),
    ],
)
def test_roll_closes_and_opens_one_side_in_one_package(marks, right, closed, package, reason) -> None:
    decision, book = managed(at_close(), marks)
    close, opened = decision.orders[:2], decision.orders[2:]
    assert len(decision.orders) == 4
    assert {(o.action, o.package, o.reason, o.group, o.right) for o in decision.orders} == {
        (Action.ROLL, package, reason, 1, right)
    }
    assert [order.lot for order in close] == closed
    held = {int(lot["id"]): lot for lot in book.lots}
    assert [order.contracts for order in close] == [-held[i]["contracts"] for i in closed]
    assert [order.strike for order in close] == [held[i]["strike"] for i in closed]
    short, wing = opened
    assert (short.contracts, wing.contracts) == (-0.5, 0.5)
    assert (short.lot, wing.lot) == (-1, -1)
    assert {order.expiry for order in decision.orders} == {EXPIRY}
    assert short.strike == nearest_by_delta(Root.SPX, right, 0.16, FINE)


def test_side_that_has_no_strikes_to_roll_into_is_kept() -> None:
    decision, _ = managed(at_close(), TESTED_PUT, NO_EXIT._replace(wing_width=1.0))
    assert not decision.orders


def test_exit_closes_all_four_legs_and_outranks_a_roll() -> None:
    marks = {i: {"mid": 0.0, "delta": 0.0} for i in range(1, 5)} | {2: {"mid": 100.0, "delta": -0.9}}
    decision, _ = managed(at_close(), marks, NO_EXIT._replace(stop_loss=2.0))
    assert [order.lot for order in decision.orders] == [1, 2, 3, 4]
    assert [order.contracts for order in decision.orders] == [-0.5, 0.5, 0.5, -0.5]
    assert {(o.action, o.package, o.reason) for o in decision.orders} == {(Action.CLOSE, 5, Reason.STOP_LOSS)}


def test_cost_to_close_is_a_unit_s_not_the_book_s() -> None:
    # Worth 6 + 5 - 0.5 - 0.5 = 10 a unit, half of the credit of 20, at whatever size.
    marks = {1: {"mid": 0.5}, 2: {"mid": 6.0, "delta": -0.1}, 3: {"mid": 5.0, "delta": 0.1}, 4: {"mid": 0.5}}
    params = NO_EXIT._replace(take_profit=0.4999)
    for size in (0.25, 3.0):
        decision, _ = managed(at_close(), marks, params, {"contracts": size}, condor_lots(size))
        assert {order.reason for order in decision.orders} == {Reason.TAKE_PROFIT}
        none, _ = managed(
            at_close(), marks, params._replace(take_profit=0.5001), {"contracts": size}, condor_lots(size)
        )
        assert not none.orders


@pytest.mark.parametrize(
    ("root", "at_open", "days_left", "orders"),
    [
        pytest.param(Root.SPX, True, 1, 0, id="AM: settles at the open it would be filled at"),
        pytest.param(Root.SPXW, True, 1, 4, id="PM: can be sold at the open of its last day"),
        pytest.param(Root.SPXW, False, 1, 0, id="PM: filled at the close is too late"),
        pytest.param(Root.SPX, True, 2, 4, id="a day later there is time"),
        pytest.param(Root.SPX, False, 2, 4, id="a day later there is time, at the close too"),
    ],
)
def test_condor_that_settles_before_the_fill_is_left_to_settle(root, at_open, days_left, orders) -> None:
    today = at_close(fill_in=1, fill_at_open=at_open)
    lots = condor_lots(root=root, expiry=DAY + days_left)
    marks = {i: {"mid": 0.0, "delta": 0.0} for i in range(1, 5)} | {2: {"mid": 100.0}}
    changes = {"root": root, "expiry": DAY + days_left}
    decision, _ = managed(today, marks, NO_EXIT._replace(stop_loss=2.0), changes, lots)
    assert len(decision.orders) == orders


def test_only_open_condors_are_managed_and_an_entry_comes_after_the_exits() -> None:
    today = at_close()
    lots = condor_lots() + condor_lots(group=2)
    for i, lot in enumerate(lots):
        lot["id"] = i + 1
    rows = condors({"id": 1, "status": Status.CLOSING}, {"id": 2, "entry_credit_points": 0.001})
    book = book_of(today, lots, rows, next_group=3)
    decision = decide_condor(today, book, USUAL._replace(max_open=3), MONEY, COSTS)
    assert [(o.group, o.action) for o in decision.orders] == [(2, Action.CLOSE)] * 4 + [(3, Action.OPEN)] * 4
    full = decide_condor(today, book, USUAL._replace(max_open=2), MONEY, COSTS)
    assert [(o.group, o.action) for o in full.orders] == [(2, Action.CLOSE)] * 4
