"""Variants of the leg manager, each off at 0: tables worked by hand on days and books made by hand."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from engine_fixtures import embedded, run_in
from rule_scenes import DAY, SPOT, at_close, book_of, condor_lots, condors, listed

from alvh_bt.book.condors import with_decisions, with_fill
from alvh_bt.book.records import Action, Layer, Reason, Status
from alvh_bt.condor.entry import enter_condor
from alvh_bt.condor.manage import decide_condor, manage_condor
from alvh_bt.condor.rolls import later_expiry, may_roll
from alvh_bt.condor.strikes import choose_spread, expected_daily_range, rolled_spread
from alvh_bt.config import BookParams, CondorParams, CostParams, make_study
from alvh_bt.contracts import Contract, Right, Root
from alvh_bt.pricing.day import quote_contract
from alvh_bt.pricing.flat import flat_prices

USUAL = CondorParams()
NO_EXIT = USUAL._replace(take_profit=0.0, stop_loss=0.0, exit_dte=0)
EXPIRY = DAY + 46
TESTED_PUT = {2: {"delta": -0.35}, 3: {"delta": 0.05}}
TESTED_CALL = {2: {"delta": -0.05}, 3: {"delta": 0.35}}


# Entry by VIX


@pytest.mark.parametrize(
    ("vix", "limit", "enters"),
    [(20.0, 20.0, True), (20.01, 20.0, False), (80.0, 0.0, True), (12.0, 20.0, True)],
)
def test_no_condor_is_opened_above_the_vix_limit(vix, limit, enters) -> None:
    today = at_close(vix=vix)
    params = USUAL._replace(max_entry_vix=limit)
    decision = enter_condor(
        today, book_of(today, [], condors(), next_group=7), params, BookParams(), CostParams()
    )
    assert len(decision.orders) == (4 if enters else 0)
    assert [(note.group, note.reason) for note in decision.notes] == (
        [] if enters else [(7, Reason.VIX_TOO_HIGH)]
    )


def test_vix_limit_says_nothing_where_no_entry_is_due() -> None:
    today = at_close(vix=30.0, week_start=False)
    book = book_of(today, [], condors())
    assert not enter_condor(today, book, USUAL._replace(max_entry_vix=20.0), BookParams(), CostParams()).notes


# Strikes by the expected daily range


@pytest.mark.parametrize(
    ("vix", "share", "range_"),
    [(20.0, 0.8, 0.01), (16.0, 1.0, 0.01), (32.0, 0.5, 0.01), (40.0, 0.8, 0.02)],
)
def test_expected_daily_range_is_a_share_of_vix_over_sixteen_percent(vix, share, range_) -> None:
    # rel 1e-12: a product and a quotient of doubles.
    assert expected_daily_range(vix, share) == pytest.approx(range_, rel=1e-12)


@pytest.mark.parametrize(
    ("root", "vix", "multiple", "put", "call"),
    [
        # The expected range is 1% of 4,000, 40 points: 56, 44 and 34 away, every 5 points listed.
        (Root.SPXW, 20.0, 1.4, (3945.0, 3895.0), (4055.0, 4105.0)),
        (Root.SPXW, 20.0, 1.1, (3955.0, 3905.0), (4045.0, 4095.0)),
        (Root.SPXW, 20.0, 0.85, (3965.0, 3915.0), (4035.0, 4085.0)),
        # 2%, 80 points: 112 away.
        (Root.SPXW, 40.0, 1.4, (3890.0, 3840.0), (4110.0, 4160.0)),
    ],
)
def test_short_strikes_stand_at_a_multiple_of_the_expected_range(root, vix, multiple, put, call) -> None:
    params = USUAL._replace(short_range=multiple, wing_width=50.0, short_distance=0.2)
    prices = flat_prices(spot=SPOT, vix=vix, day=DAY)
    assert choose_spread(root, Right.PUT, DAY + 1, prices, params) == put
    assert choose_spread(root, Right.CALL, DAY + 1, prices, params) == call


def test_xsp_stands_at_a_tenth() -> None:
    params = USUAL._replace(short_range=1.4, wing_width=5.0)
    prices = flat_prices(spot=SPOT, vix=20.0, day=DAY)
    # 400 less 5.6 is 394.4, and every whole point is listed.
    assert choose_spread(Root.XSP, Right.PUT, DAY + 1, prices, params) == (394.0, 389.0)


# Strikes by credit


def mid(root: int, right: int, strike: float, expiry: int, prices) -> float:
    return quote_contract(Contract(root, right, strike, expiry), prices).mid


@pytest.mark.parametrize("right", [Right.PUT, Right.CALL])
@pytest.mark.parametrize(
    ("vix", "dte", "credit", "wing"),
    [(20.0, 1, 0.70, 25.0), (20.0, 1, 1.60, 25.0), (35.0, 1, 1.15, 25.0), (20.0, 4, 5.0, 50.0)],
)
def test_strikes_by_credit_are_the_nearest_of_the_grid(right, vix, dte, credit, wing) -> None:
    prices = flat_prices(spot=SPOT, vix=vix, day=DAY)
    params = USUAL._replace(target_credit=credit, wing_width=wing, short_range=3.0)
    spread = choose_spread(Root.SPXW, right, DAY + dte, prices, params)
    # Every spread out of the money of the zone where each 5 points are listed (3,800 to 4,200) is looked at.
    shorts = SPOT + right * np.arange(0.0, 201.0 - wing, 5.0)
    credits = np.array(
        [
            mid(Root.SPXW, right, k, DAY + dte, prices)
            - mid(Root.SPXW, right, k + right * wing, DAY + dte, prices)
            for k in shorts
        ]
    )
    assert spread == (shorts[np.argmin(np.abs(credits - credit / 2))], spread.short + right * wing)


def test_strikes_by_credit_with_a_wing_by_delta() -> None:
    prices = flat_prices(spot=SPOT, vix=20.0, day=DAY)
    params = USUAL._replace(target_credit=20.0, wing_delta=0.05)
    spread = choose_spread(Root.SPX, Right.PUT, EXPIRY, prices, params)
    grid = np.arange(spread.wing + 5.0, 4000.0, 5.0)
    bought = mid(Root.SPX, Right.PUT, spread.wing, EXPIRY, prices)
    credits = np.array([mid(Root.SPX, Right.PUT, k, EXPIRY, prices) - bought for k in grid])
    assert spread.short == grid[np.argmin(np.abs(credits - 10.0))]


def test_credit_that_even_the_money_does_not_pay_is_no_condor() -> None:
    prices = flat_prices(spot=SPOT, vix=20.0, day=DAY)
    # A spread 25 wide can never earn 30 a side.
    params = USUAL._replace(target_credit=60.0, wing_width=25.0)
    assert math.isnan(choose_spread(Root.SPXW, Right.PUT, DAY + 1, prices, params).short)
    today = at_close(spx=listed(Root.SPXW, 1))
    entry = params._replace(target_dte=1)
    decision = enter_condor(today, book_of(today, [], condors()), entry, BookParams(), CostParams())
    assert [note.reason for note in decision.notes] == [Reason.NO_STRIKES]


@pytest.mark.parametrize(
    ("dte", "enters"), [(1, True), (3, True), (4, False), (8, False)], ids=["next day", "weekend", "4", "8"]
)
def test_one_day_condor_spans_a_weekend_and_no_more(dte, enters) -> None:
    today = at_close(spx=listed(Root.SPXW, dte))
    params = USUAL._replace(target_dte=1, target_credit=0.7, wing_width=25.0)
    decision = enter_condor(today, book_of(today, [], condors()), params, BookParams(), CostParams())
    assert len(decision.orders) == (4 if enters else 0)
    assert [note.reason for note in decision.notes] == ([] if enters else [Reason.NO_EXPIRY])


# Rolls


@pytest.mark.parametrize(
    ("vix", "roll_vix", "roll_range", "rolls"),
    [
        pytest.param(5.0, 0.0, 0.0, True, id="no condition"),
        pytest.param(16.0, 16.0, 0.0, False, id="VIX at its bound"),
        pytest.param(16.01, 16.0, 0.0, True, id="VIX above it"),
        pytest.param(18.79, 0.0, 0.0094, False, id="0.8 x 18.79 / 16 = 0.9395%"),
        pytest.param(18.81, 0.0, 0.0094, True, id="0.8 x 18.81 / 16 = 0.9405%"),
        pytest.param(17.0, 16.0, 0.0094, True, id="VIX alone will do"),
        pytest.param(19.0, 40.0, 0.0094, True, id="the range alone will do"),
        pytest.param(15.0, 16.0, 0.0094, False, id="neither"),
    ],
)
def test_rolls_wait_for_vix_or_the_range(vix, roll_vix, roll_range, rolls) -> None:
    params = NO_EXIT._replace(roll_vix=roll_vix, roll_range=roll_range)
    assert may_roll(vix, params) is rolls
    today = at_close(vix=vix)
    book = book_of(today, condor_lots(), condors({}), TESTED_PUT)
    assert len(manage_condor(today, book, 0, params).orders) == (4 if rolls else 0)


@pytest.mark.parametrize(
    ("dtes", "days_out", "listed_from", "found"),
    [
        pytest.param((46, 47, 49), 7, 0, 47, id="the first later one"),
        pytest.param((39, 46, 53), 7, 0, 53, id="seven days, to the day"),
        pytest.param((46, 54), 7, 0, None, id="eight days"),
        pytest.param((46, 47), 7, DAY + 1, None, id="not listed yet"),
        pytest.param((46,), 60, 0, None, id="nothing later"),
    ],
)
def test_later_expiry_is_the_first_listed_within_reach(dtes, days_out, listed_from, found) -> None:
    today = at_close(spx=listed(Root.SPXW, *dtes, listed_from=listed_from))
    row = later_expiry(today, EXPIRY, days_out)
    assert (None if row < 0 else int(today.spx.day[row]) - DAY) == found


@pytest.mark.parametrize(
    ("marks", "package", "reason"),
    [(TESTED_PUT, 6, Reason.ROLL_PUT), (TESTED_CALL, 7, Reason.ROLL_CALL)],
)
def test_roll_out_moves_all_four_legs_to_one_later_expiry(marks, package, reason) -> None:
    today = at_close(spx=listed(Root.SPXW, 46, 49, 53))
    book = book_of(today, condor_lots(), condors({}), marks)
    params = NO_EXIT._replace(roll_days_out=7, roll_short_delta=0.18)
    orders = manage_condor(today, book, 0, params).orders
    assert {(o.action, o.package, o.reason, o.group) for o in orders} == {(Action.ROLL, package, reason, 1)}
    assert [o.lot for o in orders] == [1, 2, 3, 4, -1, -1, -1, -1]
    assert [(o.root, o.expiry - DAY) for o in orders] == [(Root.SPX, 46)] * 4 + [(Root.SPXW, 49)] * 4
    assert [o.layer for o in orders[4:]] == [
        Layer.SHORT_PUT,
        Layer.LONG_PUT,
        Layer.SHORT_CALL,
        Layer.LONG_CALL,
    ]
    assert [o.contracts for o in orders] == [-0.5, 0.5, 0.5, -0.5, -0.5, 0.5, -0.5, 0.5]
    for order in (orders[4], orders[6]):
        assert abs(delta(order.right, order.strike, today.prices, order.expiry, order.root)) <= 0.18


def test_condor_with_nowhere_to_go_is_not_rolled() -> None:
    book_at = at_close(spx=listed(Root.SPXW, 46, 60))
    book = book_of(book_at, condor_lots(), condors({}), TESTED_PUT)
    assert not manage_condor(book_at, book, 0, NO_EXIT._replace(roll_days_out=7)).orders
    no_wings = NO_EXIT._replace(roll_days_out=20, wing_width=1.0)
    assert not manage_condor(book_at, book, 0, no_wings).orders


def test_mini_condor_stays_in_its_index() -> None:
    today = at_close(spx=listed(Root.SPXW, 46, 49))
    lots = condor_lots(strikes=(350.0, 370.0, 430.0, 440.0), root=Root.XSP)
    book = book_of(today, lots, condors({"root": Root.XSP}), TESTED_PUT)
    orders = manage_condor(today, book, 0, NO_EXIT._replace(roll_days_out=7)).orders
    assert {o.root for o in orders} == {Root.XSP}
    assert len(orders) == 8


def delta(right: int, strike: float, prices, expiry: int = EXPIRY, root: int = Root.SPX) -> float:
    return quote_contract(Contract(root, right, strike, expiry), prices).delta


@pytest.mark.parametrize("right", [Right.PUT, Right.CALL])
@pytest.mark.parametrize("limit", [0.10, 0.18, 0.21])
def test_rolled_strike_is_the_nearest_whose_delta_is_within_the_limit(right, limit) -> None:
    prices = flat_prices(spot=SPOT, vix=20.0, day=DAY)
    spread = rolled_spread(Root.SPX, right, EXPIRY, prices, USUAL._replace(roll_short_delta=limit))
    assert abs(delta(right, spread.short, prices)) <= limit
    # One listed strike nearer the money is beyond it.
    assert abs(delta(right, spread.short - right * 5.0, prices)) > limit


def test_roll_within_the_expiry_takes_the_rolled_delta_too() -> None:
    today = at_close()
    book = book_of(today, condor_lots(), condors({}), TESTED_PUT)
    usual, lower = (
        manage_condor(today, book, 0, NO_EXIT._replace(roll_short_delta=d)).orders[2].strike
        for d in (0.0, 0.08)
    )
    assert lower < usual
    assert abs(delta(Right.PUT, lower, today.prices)) <= 0.08


def test_record_of_a_rolled_condor_follows_its_fills() -> None:
    today = at_close(spx=listed(Root.SPXW, 46, 49))
    rows = condors({"credit_points": 20.0})
    book = book_of(today, condor_lots(), rows, TESTED_PUT)
    orders = manage_condor(today, book, 0, NO_EXIT._replace(roll_days_out=7)).orders
    rows = with_decisions(rows, orders, today)
    assert rows["status"].tolist() == [Status.ROLLING]
    # Bought back at 1, 30, 8 and 2; sold again at 20 and 9, with wings at 3 and 2.
    for order, price in zip(orders, (1.0, 30.0, 8.0, 2.0, 20.0, 3.0, 9.0, 2.0), strict=True):
        rows = with_fill(rows, order, price)
    condor = rows[0]
    assert (condor["root"], condor["expiry"], condor["entry_dte"]) == (Root.SPXW, DAY + 49, 46)
    assert (condor["put_rolls"], condor["call_rolls"]) == (1, 0)
    # 20 + (1 - 30 - 8 + 2) + (20 - 3 + 9 - 2) = 9; what it was opened for stays.
    assert condor["credit_points"] == pytest.approx(9.0, abs=1e-12)  # a dozen sums of doubles
    assert condor["entry_credit_points"] == 20.0


def test_all_variants_are_off_by_default() -> None:
    names = ("short_range", "target_credit", "max_entry_vix", "roll_vix", "roll_range", "roll_days_out")
    assert [getattr(USUAL, name) for name in (*names, "roll_short_delta")] == [0] * 7
    today = at_close(vix=90.0)
    book = book_of(today, condor_lots(), condors({}), TESTED_PUT, next_group=2)
    orders = decide_condor(today, book, NO_EXIT._replace(max_open=2), BookParams(), CostParams()).orders
    assert [(o.group, o.action) for o in orders] == [(1, Action.ROLL)] * 4 + [(2, Action.OPEN)] * 4
    assert {o.expiry for o in orders} == {EXPIRY}


# In the engine


def test_condors_that_move_keep_one_expiry_and_balance() -> None:
    # From the crash of February 2018 on; the engine checks NAV against cash and marks every day.
    study = make_study(
        start=dt.date(2018, 1, 2),
        end=dt.date(2018, 3, 29),
        condor={
            "roll_days_out": 30,
            "roll_short_delta": 0.18,
            "short_delta": 0.25,
            "stop_loss": 0.0,
            "exit_dte": 0,
        },
    )
    found = run_in(embedded(), study, "none")
    rolls = found.trades[found.trades["action"] == "roll"]
    assert len(rolls) >= 8
    for _, legs in rolls.groupby(["date", "condor"]):
        assert len(legs) == legs["lot"].nunique() == 8
        assert legs["expiry"].nunique() == 2
        assert 1 <= (legs["expiry"].max() - legs["expiry"].min()).days <= 30
        assert sorted(legs.loc[legs["expiry"] == legs["expiry"].max(), "layer"]) == sorted(
            ("long_put", "short_put", "short_call", "long_call")
        )
