"""Ladders of VIX calls: how they are built, what rolls each bucket, and that none is left to expire."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from engine_fixtures import World, embedded, real, run_in, window_study
from rule_scenes import DAY, at_close, book_of, call_lot, condors, listed

from alvh_bt.book.records import REASON_TEXT, Action, Book, Decision, Layer, Order, Reason, Status
from alvh_bt.book.records import order_contract as contract_of
from alvh_bt.config import Sizes, make_study
from alvh_bt.contracts import Right, Root
from alvh_bt.hedges.ladder import decide_ladder
from alvh_bt.hedges.ladder_rolls import RollRule, time_value_left, vix_spikes
from alvh_bt.hedges.ladder_sizes import tenor_expiry
from alvh_bt.pricing.day import forward_price, quote_contract

USUAL = make_study().ladder
FRACTIONAL, WHOLE = int(Sizes.FRACTIONAL), int(Sizes.WHOLE)
LADDERS = ("ladder-442", "ladder-calendar", "ladder-spike")
LAYERS = (Layer.NEAR, Layer.MIDDLE, Layer.FAR)
PLANNED = {"status": Status.PLANNED, "contracts": 0.625, "credit_points": 0.0}
NOTIONAL = 250_000.0

#: Six months of monthly expiries, as they are listed 180 days ahead.
MONTHS = listed(Root.VIX, 16, 37, 72, 107, 135, 163)


def params(**changes):
    return make_study(ladder=changes).ladder


def ladder(today, lots=(), rows=None, rule=RollRule.SET_DTE, settings=USUAL, sizes=FRACTIONAL) -> Decision:
    book = book_of(today, list(lots), condors() if rows is None else rows)
    return decide_ladder(today, book, int(rule), settings, NOTIONAL, sizes)


def rung(lot_id: int, layer: int, dte: int, **changes):
    """Calls of a standing ladder, bought ten days ago for 2 points with the future at 20."""
    usual = {"group": 0, "entry_day": DAY - 10, "entry_price": 2.0, "entry_forward": 20.0}
    return call_lot(lot_id, layer, dte, **({"strike": 21.0, "contracts": 4.0} | usual | changes))


def standing(near: int = 37, middle: int = 107, far: int = 163, **changes) -> list[dict]:
    return [
        rung(11, Layer.NEAR, near, **changes),
        rung(12, Layer.MIDDLE, middle, **changes),
        rung(13, Layer.FAR, far, **changes),
    ]


def bought(decision: Decision, layer: int) -> list[Order]:
    return [order for order in decision.orders if order.layer == layer and order.contracts > 0.0]


def sold(decision: Decision) -> list[int]:
    return [order.lot for order in decision.orders if order.contracts < 0.0]


def reasons(decision: Decision) -> set[int]:
    return {order.reason for order in decision.orders}


# Tenors


@pytest.mark.parametrize(
    ("dte", "fresh", "expected"),
    [
        pytest.param(30, 14, 37, id="7 over beats 14 short"),
        pytest.param(25, 14, 16, id="9 short beats 12 over"),
        pytest.param(25, 28, 37, id="too near to its roll: the next"),
        pytest.param(110, 67, 107, id="middle"),
        pytest.param(220, 157, 163, id="the furthest listed"),
        pytest.param(220, 170, 163, id="none fresh enough: the furthest all the same"),
        pytest.param(121, 67, 107, id="a tie: the earlier"),
    ],
)
def test_a_tenor_takes_the_nearest_listed_expiry_that_need_not_be_rolled_at_once(
    dte, fresh, expected
) -> None:
    assert tenor_expiry(at_close(vix_options=MONTHS), dte, fresh) == DAY + expected


def test_a_tenor_counts_from_the_fill_and_skips_the_unlisted() -> None:
    assert tenor_expiry(at_close(fill_in=3, vix_options=listed(Root.VIX, 30, 59)), 30, 28) == DAY + 59
    unlisted = listed(Root.VIX, 37, listed_from=DAY + 1)
    assert tenor_expiry(at_close(vix_options=unlisted), 30, 14) == -1
    assert tenor_expiry(at_close(vix_options=listed(Root.VIX, 6)), 30, 14) == -1


# Built with the first condor


def test_a_ladder_is_built_with_the_first_planned_condor_and_not_before() -> None:
    today = at_close(vix_options=MONTHS)
    assert ladder(today) == ([], [])
    decision = ladder(today, rows=condors(PLANNED))
    assert [(o.layer, o.expiry - DAY) for o in decision.orders] == [(8, 37), (9, 107), (10, 163)]
    for order in decision.orders:
        assert (order.book, order.group, order.action, order.lot) == (Book.HEDGE, 0, Action.OPEN, -1)
        assert (order.root, order.right, order.reason) == (Root.VIX, Right.CALL, Reason.LADDER_BUILT)
        # No listed strike, all whole points below 30, is nearer 0.50 delta.
        deltas = {
            k: quote_contract(contract_of(order)._replace(strike=k), today.prices).delta
            for k in np.arange(15.0, 30.0)
        }
        assert order.strike == min(deltas, key=lambda k: abs(deltas[k] - 0.50))
    assert len({order.package for order in decision.orders}) == 3
    assert not decision.notes


def test_contract_weights_give_4_to_4_to_2_for_the_budget() -> None:
    near, middle, far = ladder(at_close(vix_options=MONTHS), rows=condors(PLANNED)).orders
    assert near.contracts == pytest.approx(middle.contracts, rel=1e-12)
    assert near.contracts == pytest.approx(2.0 * far.contracts, rel=1e-12)
    paid = 100.0 * sum(order.contracts * order.price for order in (near, middle, far))
    assert paid == pytest.approx(5_000.0)  # 2% of 250,000 USD


def test_budget_weights_divide_the_premium() -> None:
    weights = {"near_weight": 40.0, "middle_weight": 35.0, "far_weight": 25.0, "weigh": "budget"}
    decision = ladder(at_close(vix_options=MONTHS), rows=condors(PLANNED), settings=params(**weights))
    paid = [100.0 * order.contracts * order.price for order in decision.orders]
    assert paid == pytest.approx([2_000.0, 1_750.0, 1_250.0])


def test_calls_a_condor_replace_the_budget() -> None:
    # Ten condors of SPX size, two of them in XSP, carry 4 + 4 + 2 calls.
    rows = condors(PLANNED | {"contracts": 8.0}, {"id": 2, "root": Root.XSP, "contracts": 20.0})
    decision = ladder(at_close(vix_options=MONTHS), rows=rows, settings=params(calls_per_condor=1.0))
    assert [order.contracts for order in decision.orders] == pytest.approx([4.0, 4.0, 2.0])
    closing = condors(PLANNED | {"contracts": 10.0}, {"id": 2, "status": Status.CLOSING, "contracts": 10.0})
    decision = ladder(at_close(vix_options=MONTHS), rows=closing, settings=params(calls_per_condor=1.0))
    assert [order.contracts for order in decision.orders] == pytest.approx([4.0, 4.0, 2.0])


def test_calls_a_condor_with_budget_weights_keep_their_number_and_the_weights_of_premium() -> None:
    settings = params(
        calls_per_condor=1.0, weigh="budget", near_weight=2.0, middle_weight=1.0, far_weight=1.0
    )
    rows = condors(PLANNED | {"contracts": 10.0})
    near, middle, far = ladder(at_close(vix_options=MONTHS), rows=rows, settings=settings).orders
    assert near.contracts + middle.contracts + far.contracts == pytest.approx(10.0)
    assert near.contracts * near.price == pytest.approx(2.0 * middle.contracts * middle.price)
    assert middle.contracts * middle.price == pytest.approx(far.contracts * far.price)


def test_whole_contracts_and_what_rounds_to_none() -> None:
    rows = condors(PLANNED | {"contracts": 3.6})  # 1.44, 1.44 and 0.72 calls
    settings = params(calls_per_condor=1.0)
    whole = ladder(at_close(vix_options=MONTHS), rows=rows, settings=settings, sizes=WHOLE)
    assert [order.contracts for order in whole.orders] == [1.0, 1.0, 1.0]
    rows = condors(PLANNED | {"contracts": 2.0})  # 0.8, 0.8 and 0.4 calls
    whole = ladder(at_close(vix_options=MONTHS), rows=rows, settings=settings, sizes=WHOLE)
    assert [order.layer for order in whole.orders] == [Layer.NEAR, Layer.MIDDLE]
    assert [(note.layer, note.reason) for note in whole.notes] == [(Layer.FAR, Reason.TOO_SMALL)]


def test_a_tenor_without_an_expiry_of_its_own_takes_the_furthest_and_says_so() -> None:
    decision = ladder(at_close(vix_options=listed(Root.VIX, 37, 72)), rows=condors(PLANNED))
    assert [o.expiry - DAY for o in decision.orders] == [37, 72, 72]
    assert [(n.layer, n.group, n.reason) for n in decision.notes] == [(Layer.FAR, 0, Reason.NOT_LISTED)]


def test_before_vix_options_nothing_is_bought_and_each_tenor_says_why() -> None:
    decision = ladder(at_close(vix_options=listed(Root.VIX)), rows=condors(PLANNED))
    assert not decision.orders
    assert [(n.layer, n.reason) for n in decision.notes] == [(layer, Reason.NOT_LISTED) for layer in LAYERS]


def test_a_ladder_stays_on_between_condors_and_with_a_further_one() -> None:
    for rule in RollRule:
        for rows in (condors(), condors({}), condors(PLANNED), condors({"status": Status.CLOSING})):
            assert ladder(
                at_close(vix_options=MONTHS), standing(), rows, rule, params(time_value_gone=0.0)
            ) == (
                [],
                [],
            )


def test_a_bucket_that_was_lost_is_built_again_with_the_next_condor() -> None:
    decision = ladder(at_close(vix_options=MONTHS), standing()[1:], condors(PLANNED))
    assert [(o.layer, o.reason) for o in decision.orders] == [(Layer.NEAR, Reason.LADDER_BUILT)]
    assert ladder(at_close(vix_options=MONTHS), standing()[1:]).orders == []


# Rolled at set days to expiry

CALM = params(time_value_gone=0.0, shift_share=0.0)


@pytest.mark.parametrize(
    ("held", "months", "layer", "rolled_to"),
    [
        pytest.param({"near": 22}, (22, 50, 107, 163), None, None, id="near at 22: not yet"),
        pytest.param({"near": 21}, (21, 49, 107, 163), Layer.NEAR, 49, id="near at 21"),
        pytest.param({"middle": 61}, (37, 61, 107, 163), None, None, id="middle at 61: not yet"),
        pytest.param({"middle": 60}, (37, 60, 95, 163), Layer.MIDDLE, 95, id="middle at 60"),
        pytest.param({"far": 151}, (37, 107, 151, 179), None, None, id="far at 151: not yet"),
        pytest.param({"far": 150}, (37, 107, 150, 178), Layer.FAR, 178, id="far at 150"),
        pytest.param({"far": 150}, (37, 107, 150), None, None, id="far at 150, nothing later listed: kept"),
    ],
)
def test_each_bucket_rolls_at_its_set_days(held, months, layer, rolled_to) -> None:
    today = at_close(vix_options=listed(Root.VIX, *months))
    decision = ladder(today, standing(**held), settings=CALM)
    if layer is None:
        assert decision == ([], [])
        return
    sale, purchase = decision.orders
    assert (sale.layer, sale.contracts, sale.action, sale.reason) == (
        layer,
        -4.0,
        Action.ROLL,
        Reason.SET_DTE,
    )
    assert (purchase.layer, purchase.action, purchase.reason) == (layer, Action.ROLL, Reason.SET_DTE)
    assert purchase.expiry == DAY + rolled_to
    assert purchase.package == sale.package


def test_days_are_counted_at_the_fill() -> None:
    today = at_close(fill_in=3, vix_options=listed(Root.VIX, 24, 52, 107, 163))
    assert sold(ladder(today, standing(near=24), settings=CALM)) == [11]
    assert sold(ladder(today._replace(fill_day=DAY + 2), standing(near=24), settings=CALM)) == []


def test_a_roll_goes_to_the_target_of_todays_prices() -> None:
    today = at_close(vix=30.0, vix_options=listed(Root.VIX, 21, 49, 107, 163))
    fresh = ladder(today, rows=condors(PLANNED), settings=CALM)
    rolled = bought(ladder(today, standing(near=21), settings=CALM), Layer.NEAR)
    assert [o.contracts for o in rolled] == [o.contracts for o in bought(fresh, Layer.NEAR)]
    # With a number of calls a condor and no condor there is no target: what is held is held on.
    settings = params(time_value_gone=0.0, shift_share=0.0, calls_per_condor=1.0)
    rolled = bought(ladder(today, standing(near=21), settings=settings), Layer.NEAR)
    assert [o.contracts for o in rolled] == [4.0]


# Rolled when the near calls' time value is used up


@pytest.mark.parametrize(
    ("mid", "rolled"), [(1.41, False), (1.40, True), (0.10, True)], ids=["29.5% gone", "30% gone", "95% gone"]
)
def test_near_calls_roll_when_their_time_value_is_gone(mid, rolled) -> None:
    today = at_close(vix_options=MONTHS)  # the future is at 20, below the strike: all is time value
    book = book_of(
        today, standing(strike=23.0), condors(), {11: {"mid": mid}, 12: {"mid": 0.1}, 13: {"mid": 0.1}}
    )
    decision = decide_ladder(today, book, int(RollRule.SET_DTE), USUAL, NOTIONAL, FRACTIONAL)
    assert (11 in sold(decision)) is rolled
    assert reasons(decision) == ({Reason.TIME_VALUE_GONE} if rolled else set())
    assert 12 not in sold(decision)
    for rule in (RollRule.CALENDAR, RollRule.SPIKE):
        assert not decide_ladder(today, book, int(rule), USUAL, NOTIONAL, FRACTIONAL).orders


@pytest.mark.parametrize(("age", "rolled"), [(5, False), (6, True)])
def test_time_value_does_not_roll_calls_within_five_days_of_purchase(age, rolled) -> None:
    today = at_close(vix_options=MONTHS)
    book = book_of(today, standing(strike=23.0, entry_day=DAY - age), condors(), {11: {"mid": 0.5}})
    decision = decide_ladder(today, book, int(RollRule.SET_DTE), USUAL, NOTIONAL, FRACTIONAL)
    assert (sold(decision) == [11]) is rolled


def test_time_value_is_what_the_future_does_not_give() -> None:
    today = at_close(vix=22.0, vix_options=MONTHS)
    assert forward_price(Root.VIX, DAY + 37, today.prices) == pytest.approx(22.0)
    # Bought for 3 with the future at 20 and the strike at 18: 1 of time value; now 4.6, of which 4 intrinsic.
    (lot,) = book_of(
        today, [rung(11, Layer.NEAR, 37, strike=18.0, entry_price=3.0, entry_forward=20.0)], condors()
    ).lots
    assert time_value_left(lot, 4.6, today) == pytest.approx(0.6)
    lot["entry_price"] = 2.0  # bought at its intrinsic value: there is nothing to lose
    assert np.isnan(time_value_left(lot, 4.6, today))


def test_switched_off_time_value_never_rolls() -> None:
    today = at_close(vix_options=MONTHS)
    book = book_of(today, standing(strike=23.0), condors(), {11: {"mid": 0.01}})
    off = params(time_value_gone=0.0)
    assert decide_ladder(today, book, int(RollRule.SET_DTE), off, NOTIONAL, FRACTIONAL) == ([], [])


# The time shift


def test_half_of_the_near_calls_move_to_the_middle_tenor_with_their_roll() -> None:
    today = at_close(vix_options=listed(Root.VIX, 21, 49, 107, 163))
    settings = params(time_value_gone=0.0, calls_per_condor=1.0)
    rows = condors({"contracts": 10.0})  # a target of 4, 4 and 2
    decision = ladder(today, standing(near=21), rows, settings=settings)
    # Two of four near calls are bought in the middle tenor and take the place of two of its four.
    trades = [(o.layer, o.lot, o.expiry - DAY, o.contracts) for o in decision.orders]
    assert trades == [
        (Layer.NEAR, 11, 21, -4.0),
        (Layer.NEAR, -1, 49, pytest.approx(4.0)),
        (Layer.MIDDLE, 12, 107, pytest.approx(-2.0)),
        (Layer.MIDDLE, -1, 107, 2.0),
    ]
    assert len({order.package for order in decision.orders}) == 1  # together or not at all
    assert {order.action for order in decision.orders} == {Action.ROLL}


def test_shifted_calls_take_the_place_of_those_nearest_to_expiry() -> None:
    today = at_close(vix_options=listed(Root.VIX, 21, 49, 107, 163))
    settings = params(time_value_gone=0.0, calls_per_condor=1.0)
    rows = condors({"contracts": 10.0})
    # Four middle calls in three lots, the last bought the nearest; eight near calls, of which four move.
    lots = [*standing(near=21, contracts=8.0, middle=100), rung(14, Layer.MIDDLE, 88, contracts=1.0)]
    lots[1]["contracts"] = 2.0
    lots.append(rung(15, Layer.MIDDLE, 72, contracts=1.0))
    decision = ladder(today, lots, rows, settings=settings)
    middle = [(o.lot, o.contracts) for o in decision.orders if o.layer == Layer.MIDDLE]
    assert middle == [(15, -1.0), (14, -1.0), (12, pytest.approx(-2.0)), (-1, 4.0)]


def test_a_middle_bucket_below_its_target_is_not_trimmed() -> None:
    today = at_close(vix_options=listed(Root.VIX, 21, 49, 107, 163))
    settings = params(time_value_gone=0.0, calls_per_condor=1.0)
    lots = standing(near=21)
    lots[1]["contracts"] = 1.0
    decision = ladder(today, lots, condors({"contracts": 10.0}), settings=settings)
    assert [(o.lot, o.contracts) for o in decision.orders if o.layer == Layer.MIDDLE] == [(-1, 2.0)]


def test_a_shift_in_whole_contracts_and_the_return_of_the_middle_bucket_to_its_target() -> None:
    today = at_close(vix_options=listed(Root.VIX, 21, 49, 107, 163))
    settings = params(time_value_gone=0.0, calls_per_condor=1.0)
    rows = condors({"contracts": 10.0})
    lots = standing(near=21, contracts=3.0)
    moved = ladder(today, lots, rows, settings=settings, sizes=WHOLE)
    # Half of three is two, by rounding to even; the middle then has five, one more than its target.
    assert [o.contracts for o in moved.orders if o.layer == Layer.MIDDLE] == [-1.0, 2.0]
    # The middle bucket at its own days rolls back to four calls.
    months = at_close(vix_options=listed(Root.VIX, 37, 60, 107, 163))
    lots = [*standing(middle=60), rung(14, Layer.MIDDLE, 88, contracts=2.0)]
    decision = ladder(months, lots, rows, settings=settings)
    assert sold(decision) == [12, 14]
    assert [o.contracts for o in bought(decision, Layer.MIDDLE)] == pytest.approx([4.0])


def test_nothing_is_shifted_into_a_middle_bucket_that_rolls_itself() -> None:
    today = at_close(vix_options=listed(Root.VIX, 21, 49, 107, 163))
    settings = params(time_value_gone=0.0, calls_per_condor=1.0)
    decision = ladder(today, standing(near=21, middle=60), condors({"contracts": 10.0}), settings=settings)
    assert [o.contracts for o in bought(decision, Layer.MIDDLE)] == pytest.approx([4.0])


def test_only_the_ladder_of_set_days_shifts() -> None:
    today = at_close(vix_options=MONTHS)
    for rule in (RollRule.CALENDAR, RollRule.SPIKE):
        decision = ladder(today, standing(near=7), rule=rule)
        assert sold(decision) == [11]
        assert [order.layer for order in decision.orders] == [Layer.NEAR, Layer.NEAR]


# The calendar and the spike


@pytest.mark.parametrize(("age", "rolled"), [(29, False), (30, True)])
def test_the_calendar_rolls_all_buckets_since_the_oldest_purchase(age, rolled) -> None:
    today = at_close(vix_options=MONTHS)
    lots = standing()
    lots[2]["entry_day"] = DAY - age
    decision = ladder(today, lots, rule=RollRule.CALENDAR)
    assert sold(decision) == ([11, 12, 13] if rolled else [])
    assert reasons(decision) == ({Reason.CALENDAR_ROLL} if rolled else set())
    fresh = ladder(today, rows=condors(PLANNED), rule=RollRule.CALENDAR)
    assert [(o.layer, o.strike, o.expiry, o.contracts) for o in decision.orders if o.lot < 0] == [
        (o.layer, o.strike, o.expiry, o.contracts) for o in fresh.orders if rolled
    ]


SPIKE = (*(20.0,) * 9, 26.0)


@pytest.mark.parametrize(
    ("closes", "spikes"),
    [
        pytest.param(SPIKE, True, id="30% above the mean of nine"),
        pytest.param((*(20.0,) * 9, 25.99), False, id="just below"),
        pytest.param((10.0, *(20.0,) * 7, 30.0, 26.0), True, id="the mean, not the last"),
        pytest.param((90.0, *SPIKE), True, id="only nine before"),
        pytest.param(SPIKE[1:], False, id="eight closes before: not known"),
        pytest.param((*(20.0,) * 8, np.nan, 26.0), False, id="a close is missing: not known"),
    ],
)
def test_a_spike_is_a_rise_above_the_mean_of_nine_closes(closes, spikes) -> None:
    assert vix_spikes(at_close(vix_closes=closes), 0.30) is spikes


@pytest.mark.parametrize(("age", "rolled"), [(5, []), (6, [11, 12, 13])])
def test_a_spike_rolls_buckets_that_have_rested(age, rolled) -> None:
    today = at_close(vix=26.0, vix_options=MONTHS, vix_closes=SPIKE)
    decision = ladder(today, standing(entry_day=DAY - age), rule=RollRule.SPIKE)
    assert sold(decision) == rolled
    assert reasons(decision) == ({Reason.SPIKE_ROLL} if rolled else set())
    lots = standing(entry_day=DAY - age)
    lots[1]["entry_day"] = DAY - 2  # its own rest counts
    assert sold(ladder(today, lots, rule=RollRule.SPIKE)) == ([11, 13] if rolled else [])
    for rule in (RollRule.SET_DTE, RollRule.CALENDAR):
        assert Reason.SPIKE_ROLL not in reasons(ladder(today, lots, rule=rule))


def test_a_spike_takes_profits() -> None:
    """At twice the price a budget buys fewer calls: the sale brings more than the purchase takes."""
    today = at_close(vix=40.0, vix_options=MONTHS, vix_closes=(*(20.0,) * 9, 40.0))
    decision = ladder(today, standing(contracts=8.0), rule=RollRule.SPIKE)
    cash = -100.0 * sum(order.contracts * order.price for order in decision.orders)
    assert cash > 20_000.0  # 24 calls struck 19 points below the future, for 5,000 of new ones


# Never left to expire


@pytest.mark.parametrize("rule", list(RollRule), ids=LADDERS)
def test_nothing_is_held_closer_to_expiry_than_its_last_days(rule) -> None:
    months = listed(Root.VIX, 7, 37, 107, 163)
    decision = ladder(at_close(vix_options=months), standing(near=7), rule=rule, settings=CALM)
    assert sold(decision) == [11]
    assert [o.expiry - DAY for o in bought(decision, Layer.NEAR)] == [37]
    if rule != RollRule.SET_DTE:
        eight = listed(Root.VIX, 8, 37, 107, 163)
        assert ladder(at_close(vix_options=eight), standing(near=8), rule=rule) == ([], [])


@pytest.mark.parametrize("rule", list(RollRule), ids=LADDERS)
def test_with_nothing_later_listed_the_last_days_are_sold_outright(rule) -> None:
    only = at_close(vix_options=listed(Root.VIX, 7))
    decision = ladder(only, [rung(11, Layer.NEAR, 7)], rule=rule, settings=CALM)
    assert [(o.lot, o.action) for o in decision.orders] == [(11, Action.CLOSE)]
    assert [n.reason for n in decision.notes] == [Reason.NOT_LISTED]


def test_a_lot_that_settles_before_the_fill_is_left_alone() -> None:
    today = at_close(fill_in=1, fill_at_open=True, vix_options=listed(Root.VIX, 1, 37, 107, 163))
    assert sold(ladder(today, standing(near=1), settings=CALM)) == []


def test_a_roll_into_the_very_same_calls_is_none() -> None:
    today = at_close(vix_options=MONTHS)
    strike = bought(ladder(today, rows=condors(PLANNED)), Layer.NEAR)[0].strike
    book = book_of(today, standing(strike=strike), condors(), {11: {"mid": 0.5}})
    assert decide_ladder(today, book, int(RollRule.SET_DTE), USUAL, NOTIONAL, FRACTIONAL) == ([], [])


# Whole runs


def check_run(world: World, hedge: str, start: str, end: str, **settings) -> pd.DataFrame:
    """A run's hedge trades, none of them a settlement; every build at 4:4:2 for the budget to a tick."""
    run = run_in(world, window_study(start, end, **settings), hedge)
    assert run.stopped is None
    hedges = run.trades[run.trades["book"] == "hedge"]
    assert len(hedges) > 6
    assert "settle" not in set(hedges["action"])
    built = run.journal[run.journal["reason"] == REASON_TEXT[Reason.LADDER_BUILT]]
    first = built[built["date"] == built["date"].min()]
    sizes = first.set_index("layer")["contracts"]
    assert [sizes["near"] / sizes["far"], sizes["middle"] / sizes["far"]] == pytest.approx([2.0, 2.0])
    tick = 100.0 * 0.05 * sizes.sum()
    assert abs(100.0 * (first["contracts"] * first["price"]).sum() - 5_000.0) < tick
    rolls = hedges[hedges["action"] == "roll"]
    for _, day in rolls.groupby("date"):
        assert {True, False} == set(day["contracts"] > 0.0)
    return hedges


@pytest.mark.parametrize("hedge", LADDERS)
def test_a_run_over_the_sample_never_settles_a_call(hedge) -> None:
    trades = check_run(embedded(), hedge, "2018-01-02", "2018-06-29")
    expected = {
        "ladder-442": {Reason.SET_DTE, Reason.TIME_VALUE_GONE},
        "ladder-calendar": {Reason.CALENDAR_ROLL},
        "ladder-spike": {Reason.SPIKE_ROLL, Reason.SET_DTE},
    }[hedge]
    assert {REASON_TEXT[reason] for reason in expected} <= set(trades["reason"])


@pytest.mark.parametrize("hedge", LADDERS)
@pytest.mark.parametrize(
    ("start", "end"),
    [("2008-01-02", "2009-06-30"), ("2018-01-02", "2018-12-31"), ("2020-01-02", "2020-09-30")],
)
def test_runs_over_crises_never_settle_a_call(real_data_dir: Path, hedge, start, end) -> None:
    check_run(real(real_data_dir), hedge, start, end, book={"on_margin": "cut"})


def test_whole_contracts_stay_whole() -> None:
    run = run_in(
        embedded(),
        window_study("2018-01-02", "2018-04-30", book={"contracts": "whole", "starting_cash": 1e6}),
        "ladder-442",
    )
    sizes = run.trades.loc[run.trades["book"] == "hedge", "contracts"]
    assert len(sizes) > 6
    assert (sizes == sizes.round()).all()
