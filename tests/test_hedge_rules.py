"""The hedges' rules: what they buy, when each layer comes and goes, and that equal protection is equal."""

from __future__ import annotations

import math

import numpy as np
import pytest
from rule_scenes import (
    DAY,
    SPOT,
    at_close,
    book_of,
    call_lot,
    condor_lots,
    condor_view,
    condors,
    future_lot,
    listed,
    rows_of,
)

from alvh_bt.book.records import Action, Book, Decision, Layer, Reason, Status, order_contract
from alvh_bt.config import LayeredParams, ShockParams, Sizes, StaticParams, Study, VoteParams
from alvh_bt.contracts import Right, Root, contract_multiplier
from alvh_bt.errors import ConfigError
from alvh_bt.hedges import HEDGES, make_hedge
from alvh_bt.hedges.instruments import (
    VXM_FROM,
    call_expiry,
    call_of_delta,
    call_size,
    front_month,
    future_size,
    hedge_package,
)
from alvh_bt.hedges.layered import decide_layered, market_triggers_only, whole_method
from alvh_bt.hedges.projection import annual_return, money_tied_up
from alvh_bt.hedges.rolls import is_relaxed, monetised_size
from alvh_bt.hedges.sizing import condor_notional, full_gain, futures_gain, target_vx
from alvh_bt.hedges.static import decide_static
from alvh_bt.hedges.triggers import (
    NO_REASON,
    second_is_relaxed,
    second_trigger,
    third_is_relaxed,
    third_trigger,
)
from alvh_bt.pricing.day import quote_contract, shocked

#: One rung and whole sales: the ladder and monetisation have their own tests.
USUAL = LayeredParams(rungs=1, monetise_share=1.0)
STATIC = StaticParams()
SHOCK = ShockParams()
FRACTIONAL, WHOLE = int(Sizes.FRACTIONAL), int(Sizes.WHOLE)

#: 0.625 SPX condors at 4,000 carry 250,000 USD: the default book.
PLANNED = {"status": Status.PLANNED, "contracts": 0.625, "credit_points": 0.0}


# Instruments


@pytest.mark.parametrize(
    ("month", "min_dte", "dte"),
    [
        pytest.param(0, 1, 16, id="front"),
        pytest.param(1, 1, 51, id="second"),
        pytest.param(0, 16, 16, id="to the day"),
        pytest.param(0, 17, 51, id="too near: the next"),
        pytest.param(1, 17, 79, id="and the one after it"),
        pytest.param(3, 1, None, id="none so far out"),
    ],
)
def test_front_months(month, min_dte, dte) -> None:
    expected = -1 if dte is None else DAY + dte
    assert front_month(at_close(vx=listed(Root.VX, 16, 51, 79)), month, min_dte) == expected


def test_front_month_counts_from_the_fill_and_skips_the_unlisted() -> None:
    vx = listed(Root.VX, 16, 51)
    assert front_month(at_close(fill_in=3, vx=vx), 0, 13) == DAY + 16
    assert front_month(at_close(fill_in=3, vx=vx), 0, 14) == DAY + 51
    # A future that settles at the open of the fill cannot be bought there, whatever `min_dte` says.
    assert front_month(at_close(fill_in=16, vx=vx), 0, 0) == DAY + 51
    assert front_month(at_close(vx=listed(Root.VX, 16, listed_from=DAY + 1)), 0, 1) == -1
    assert front_month(at_close(vx=listed(Root.VX, 16, listed_from=DAY)), 0, 1) == DAY + 16


@pytest.mark.parametrize(
    ("dtes", "expected"),
    [
        pytest.param((16, 37, 72), 37, id="inside 30-45"),
        pytest.param((30, 58), 30, id="the lower end is inside"),
        pytest.param((17, 45), 45, id="the upper end is inside"),
        pytest.param((31, 44), 31, id="two inside: the earlier"),
        pytest.param((28, 56), 28, id="none inside: 2 days short beats 11 over"),
        pytest.param((19, 47), 47, id="none inside: 2 days over beats 11 short"),
        pytest.param((28, 47), 28, id="none inside, both 2 off: the earlier"),
        pytest.param((6, 90), 90, id="within a week is too near"),
        pytest.param((7,), 7, id="a week is enough where there is nothing else"),
        pytest.param((6,), None, id="nothing"),
        pytest.param((), None, id="nothing listed"),
    ],
)
def test_call_expiry_is_in_the_band_or_nearest_to_it(dtes, expected) -> None:
    today = at_close(vix_options=listed(Root.VIX, *dtes))
    assert call_expiry(today, 30, 45) == (-1 if expected is None else DAY + expected)


def test_call_expiry_counts_from_the_fill_and_skips_the_unlisted() -> None:
    # 47 days from a Friday's close is 44 from Monday's open.
    today = at_close(fill_in=3, vix_options=listed(Root.VIX, 32, 47))
    assert call_expiry(today, 30, 45) == DAY + 47
    assert call_expiry(at_close(vix_options=listed(Root.VIX, 37, listed_from=DAY + 1)), 30, 45) == -1


def test_call_of_delta_is_the_nearest_listed_strike() -> None:
    today = at_close()
    contract = call_of_delta(today, DAY + 37, 0.30)
    grid = [float(k) for k in range(10, 30)] + [30.0, 32.5, 35.0, 37.5, 40.0, 42.5, 45.0, 47.5, 50.0]
    gaps = [abs(quote_contract(contract._replace(strike=k), today.prices).delta - 0.30) for k in grid]
    assert contract == (Root.VIX, Right.CALL, grid[int(np.argmin(gaps))], DAY + 37)
    assert math.isnan(call_of_delta(today, -1, 0.30).strike)


@pytest.mark.parametrize(
    ("vx", "day", "sizes", "root", "contracts"),
    [
        (0.26, DAY, FRACTIONAL, Root.VX, 0.26),
        (0.26, VXM_FROM, WHOLE, Root.VXM, 3.0),  # 2.6 minis
        (0.26, VXM_FROM - 1, WHOLE, Root.VX, 0.0),  # a quarter of a contract is none
        (2.6, VXM_FROM - 1, WHOLE, Root.VX, 3.0),
        (0.04, VXM_FROM, WHOLE, Root.VXM, 0.0),
    ],
)
def test_future_size_under_each_size_rule(vx, day, sizes, root, contracts) -> None:
    assert future_size(vx, day, sizes) == (root, contracts)


def test_mini_futures_trade_from_10_august_2020() -> None:
    assert np.datetime64(VXM_FROM, "D") == np.datetime64("2020-08-10")


@pytest.mark.parametrize(("sizes", "size"), [(FRACTIONAL, 17.6), (WHOLE, 18.0)])
def test_call_size(sizes, size) -> None:
    assert call_size(17.6, sizes) == size


def test_hedge_packages_of_two_orders_that_may_meet_differ() -> None:
    packages = {
        hedge_package(group, layer, part) for group in (0, 1, 2) for layer in Layer for part in range(16)
    }
    assert len(packages) == 3 * 13 * 16


# Sizes: 0.625 x 100 x 4,000 = 250,000 USD, 1.6 VX a 100,000 -> 4 VX


@pytest.mark.parametrize(("root", "contracts"), [(Root.SPX, 0.625), (Root.SPXW, 0.625), (Root.XSP, 6.25)])
def test_target_is_vx_notional_a_100_000_usd(root, contracts) -> None:
    condor = condor_view(root=root, contracts=contracts)
    # rel 1e-12: products of doubles (a tenth of 4,000 is not exactly 400).
    assert condor_notional(condor, SPOT) == pytest.approx(250_000.0, rel=1e-12)
    assert target_vx(condor, SPOT, USUAL) == pytest.approx(4.0, rel=1e-12)


def layered(today, lots, rows, marks=None, params=USUAL, sizes=FRACTIONAL) -> Decision:
    rules = market_triggers_only(Study(layered=params))._replace(sizes=sizes)
    return decide_layered(today, book_of(today, lots, rows, marks), rules)


def static(today, lots, rows, futures, params=STATIC, sizes=FRACTIONAL) -> Decision:
    return decide_static(today, book_of(today, lots, rows), futures, params, USUAL, SHOCK, sizes)


def test_layer_one_is_the_issue_s_share_over_the_two_front_months() -> None:
    decision = layered(at_close(), [], condors(PLANNED))
    assert [(order.root, order.expiry - DAY) for order in decision.orders] == [(Root.VX, 16), (Root.VX, 51)]
    assert [order.contracts for order in decision.orders] == [0.25, 0.25]
    deployed = sum(order.contracts for order in decision.orders)
    assert 0.15 <= deployed / 2.5 <= 0.25  # a 100,000 USD of notional
    assert 0.10 <= deployed / 4.0 <= 0.15  # of the target
    assert {(o.book, o.layer, o.action, o.group, o.lot, o.reason) for o in decision.orders} == {
        (Book.HEDGE, Layer.ONE, Action.OPEN, 1, -1, Reason.CONDOR_OPENED)
    }


def test_layer_one_weighs_the_front_month_as_told() -> None:
    decision = layered(at_close(), [], condors(PLANNED), params=USUAL._replace(front_weight=0.8))
    assert [order.contracts for order in decision.orders] == pytest.approx([0.4, 0.1], rel=1e-12)
    alone = layered(at_close(), [], condors(PLANNED), params=USUAL._replace(front_weight=1.0))
    assert [order.contracts for order in alone.orders] == [0.5]


def test_layer_one_in_whole_minis() -> None:
    decision = layered(
        at_close(), [], condors(PLANNED | {"contracts": 0.75}), sizes=WHOLE
    )  # 300,000 USD: 0.6 VX, 3 minis each month
    assert [(order.root, order.contracts) for order in decision.orders] == [(Root.VXM, 3.0), (Root.VXM, 3.0)]


def gain_of(decision: Decision, today) -> float:
    """What the orders gain, USD, from their own prices to those after the shock."""
    after = shocked(today.prices, -0.10, 20.0)
    return sum(
        order.contracts
        * contract_multiplier(order.root)
        * (quote_contract(order_contract(order), after).mid - order.price)
        for order in decision.orders
    )


ALL_ON = {"contracts": 0.625, "credit_points": 20.0}
#: The put tested, and a close beyond the break-even of 3,680 in heavy flow.
IN_DANGER = {2: {"delta": -0.40}}


def all_layers(today, params=USUAL) -> tuple[Decision, Decision, Decision]:
    """The decisions that put layer one, two and three on, for the same condor on the same day."""
    calm = today._replace(closes=np.array([SPOT]))
    lots = condor_lots(0.625)
    one = layered(calm, [], condors(PLANNED), params=params)
    two = layered(calm, lots, condors(ALL_ON), IN_DANGER, params)
    held = [*lots, call_lot(9, Layer.TWO, 37, entry_price=1.0)]
    danger = today._replace(closes=np.array([3600.0]))
    marks = IN_DANGER | {9: {"mid": 1.0}}
    three = layered(danger, held, condors(ALL_ON), marks, params)
    return one, two, three


@pytest.mark.parametrize("shares", [(0.125, 0.125, 0.125), (0.15, 0.3, 0.5)])
def test_full_gain_is_what_the_layers_would_gain_together(shares) -> None:
    today = at_close(contango=1.0, flow=0.99)
    one, two, three = shares
    params = USUAL._replace(first_share=one, second_share=two, third_share=three)
    parts = all_layers(today, params)
    layers = [{order.layer for order in part.orders} for part in parts]
    assert layers == [{Layer.ONE}, {Layer.TWO}, {Layer.THREE}]
    expected = sum(gain_of(part, today) for part in parts)
    assert expected > 0.0
    # rel 1e-9: sums of a few products of doubles.
    gain = full_gain(today, condor_view(contracts=0.625), params, SHOCK)
    assert gain == pytest.approx(expected, rel=1e-9)


def test_layer_sizes_and_deltas_are_those_of_the_settings() -> None:
    today = at_close(flow=0.99)
    params = USUAL._replace(second_share=0.25, third_share=0.5, second_delta=0.40, third_delta=0.20)
    _, two, three = all_layers(today, params)
    # Of 4 VX a quarter and a half, ten calls each.
    assert [order.contracts for order in (*two.orders, *three.orders)] == [10.0, 20.0]
    assert two.orders[0].strike == call_of_delta(today, DAY + 37, 0.40).strike
    assert three.orders[0].strike == call_of_delta(today, DAY + 37, 0.20).strike
    assert two.orders[0].strike < three.orders[0].strike


def test_gain_of_futures_on_paper() -> None:
    # A flat curve at 20; nodes at 30, 60, ... days rise by 20 (1 + days / 10.6)^-0.558, spot by 20,
    # straight lines between. Front 16 days, second 51, each less the 6.5 hours from open to close.
    today = at_close()
    nodes = np.arange(0.0, 271.0, 30.0)
    rise = 20.0 * (1.0 + nodes / 10.6) ** -0.558
    front, second = np.interp([16 - 6.5 / 24, 51 - 6.5 / 24], nodes, rise)
    gain = futures_gain(today, shocked(today.prices, -0.10, 20.0), 0.6, 1)
    # rel 1e-9: a few sums and powers of doubles.
    assert gain == pytest.approx(1000.0 * (0.6 * front + 0.4 * second), rel=1e-9)


@pytest.mark.parametrize("futures", [False, True])
@pytest.mark.parametrize("contango", [-2.0, 0.0, 1.5])
@pytest.mark.parametrize("vix", [12.0, 20.0, 45.0])
def test_static_protects_as_much_as_layered_with_all_layers_on(futures, contango, vix) -> None:
    today = at_close(contango=contango, vix=vix, flow=0.99)
    bought = static(today, [], condors(PLANNED | {"entry_vix": vix}), futures)
    assert {order.layer for order in bought.orders} == {Layer.STATIC}
    expected = sum(gain_of(part, today) for part in all_layers(today))
    # rel 1e-9: a quotient and a product of doubles apart.
    assert gain_of(bought, today) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("futures", [False, True])
def test_static_in_whole_contracts_protects_alike_within_half_a_contract(futures) -> None:
    today = at_close(flow=0.99)
    bought = static(today, [], condors(PLANNED), futures, sizes=WHOLE)
    assert all(order.contracts == round(order.contracts) > 0 for order in bought.orders)
    gap = abs(gain_of(bought, today) - sum(gain_of(part, today) for part in all_layers(today)))
    after = shocked(today.prices, -0.10, 20.0)
    units = [
        (quote_contract(order_contract(order), after).mid - order.price) * contract_multiplier(order.root)
        for order in bought.orders
    ]
    assert gap <= sum(units) / 2


# Static


def test_static_calls_take_the_expiry_nearest_the_condor_s() -> None:
    for dtes, expected in (((37, 44, 72), 44), ((37, 48, 72), 48), ((16, 37), 37), ((72,), 72)):
        today = at_close(vix_options=listed(Root.VIX, *dtes))
        (order,) = static(today, [], condors(PLANNED), False, STATIC._replace(quantity=3.0)).orders
        assert (order.root, order.right, order.expiry - DAY) == (Root.VIX, Right.CALL, expected)
        assert order.contracts == 3.0


def test_static_futures_split_a_given_quantity() -> None:
    params = STATIC._replace(quantity=3.0, front_weight=0.25)
    decision = static(at_close(), [], condors(PLANNED), True, params)
    assert [(order.expiry - DAY, order.contracts) for order in decision.orders] == [(16, 0.75), (51, 2.25)]


@pytest.mark.parametrize("futures", [False, True])
def test_static_says_when_nothing_is_listed(futures) -> None:
    today = at_close(vx=listed(Root.VX), vix_options=listed(Root.VIX))
    decision = static(today, [], condors(PLANNED), futures)
    assert not decision.orders
    assert [(n.book, n.layer, n.group, n.reason) for n in decision.notes] == [
        (Book.HEDGE, Layer.STATIC, 1, Reason.NOT_LISTED)
    ]


HELD_STATIC = {
    False: [call_lot(9, Layer.STATIC, 3)],
    True: [future_lot(9, 1, layer=Layer.STATIC), future_lot(10, 36, layer=Layer.STATIC)],
}


@pytest.mark.parametrize("futures", [False, True])
def test_static_is_held_unchanged_while_the_condor_is_open(futures) -> None:
    # A panic, contracts about to settle, and a VIX call worth many times its cost: nothing moves.
    today = at_close(vix=60.0, flow=1.0, closes=(3000.0,), spot=3000.0)
    decision = static(today, condor_lots() + HELD_STATIC[futures], condors({}), futures)
    assert not decision.orders
    assert not decision.notes


# Every hedge: what happens when the condor goes


def hedge_decision(name: str, today, lots, rows) -> Decision:
    return make_hedge(name, Study()).decide(today, book_of(today, lots, rows))


MIXED = [future_lot(9, 16), future_lot(10, 51), call_lot(11, Layer.TWO, 37), call_lot(12, Layer.THREE, 37)]


@pytest.mark.parametrize("name", ["static-calls", "static-futures", "layered"])
@pytest.mark.parametrize("gone", [True, False])
def test_hedge_is_closed_with_its_condor(name, gone) -> None:
    lots = MIXED if gone else condor_lots() + MIXED
    rows = condors() if gone else condors({"status": Status.CLOSING})
    danger = at_close(vix=60.0, flow=1.0, closes=(3000.0,), spot=3000.0)
    decision = hedge_decision(name, danger, lots, rows)
    assert [order.lot for order in decision.orders] == [9, 10, 11, 12]  # and nothing is bought
    assert [order.contracts for order in decision.orders] == [-0.25, -0.25, -7.0, -7.0]
    assert {(o.book, o.action, o.reason) for o in decision.orders} == {
        (Book.HEDGE, Action.CLOSE, Reason.CONDOR_CLOSED)
    }


@pytest.mark.parametrize("name", ["static-calls", "static-futures", "layered"])
def test_orphan_that_settles_before_the_fill_is_left_to_settle(name) -> None:
    today = at_close(fill_in=1, fill_at_open=True)
    decision = hedge_decision(name, today, [future_lot(9, 1), call_lot(10, Layer.TWO, 2)], condors())
    assert [order.lot for order in decision.orders] == [10]


@pytest.mark.parametrize("name", ["static-calls", "static-futures", "layered"])
@pytest.mark.parametrize(
    ("root", "days_left", "closed"),
    [
        pytest.param(Root.SPX, 1, True, id="AM: gone at the open at which the hedge is sold"),
        pytest.param(Root.SPXW, 1, False, id="PM: there until the close of that day"),
        pytest.param(Root.SPX, 2, False, id="a day later"),
    ],
)
def test_hedge_is_closed_at_the_fill_at_which_its_condor_settles(name, root, days_left, closed) -> None:
    terms = {"root": root, "expiry": DAY + days_left}
    today = at_close(fill_in=1, fill_at_open=True, vix=20.0)
    lots = [*condor_lots(**terms), future_lot(9, 51), call_lot(10, Layer.TWO, 51)]
    rows = condors(terms | {"entry_vix": 18.0})
    decision = hedge_decision(name, today, lots, rows)
    if closed:
        assert [order.lot for order in decision.orders] == [9, 10]
        assert {order.reason for order in decision.orders} == {Reason.CONDOR_CLOSED}
    else:
        assert Reason.CONDOR_CLOSED not in {order.reason for order in decision.orders}
        assert name == "layered" or not decision.orders


def test_hedge_of_another_condor_is_not_touched() -> None:
    lots = [*condor_lots(), future_lot(9, 30), future_lot(10, 30, group=2)]
    decision = hedge_decision("layered", at_close(vix=20.0), lots, condors({}))
    assert [order.lot for order in decision.orders] == [10]


def test_none_never_trades() -> None:
    today = at_close(vix=60.0, flow=1.0, closes=(3000.0,))
    for rows in (condors(PLANNED), condors({})):
        decision = hedge_decision("none", today, condor_lots(), rows)
        assert decision == ([], [])


def test_registry_holds_the_hedges_by_their_names() -> None:
    own = ["none", "static-calls", "static-futures", "layered", "layered-core"]
    assert list(HEDGES) == [*own, "ladder-442", "ladder-calendar", "ladder-spike", "vxth", "long-vx"]
    assert [make_hedge(name, Study()).name for name in HEDGES] == list(HEDGES)


def test_unknown_hedge_lists_the_valid_ones() -> None:
    with pytest.raises(ConfigError, match=r"'calls'.*none, static-calls, static-futures, layered, .*vxth"):
        make_hedge("calls", Study())


# Layer two


@pytest.mark.parametrize(
    ("put", "call", "vix", "reason"),
    [
        pytest.param(0.16, 0.16, 20.0, NO_REASON, id="calm"),
        pytest.param(0.25, 0.10, 20.0, Reason.SHORT_DELTA, id="put at 0.25"),
        pytest.param(0.10, 0.25, 15.0, Reason.SHORT_DELTA, id="call at 0.25, VIX falling"),
        pytest.param(0.249, 0.249, 20.0, NO_REASON, id="both just below"),
        pytest.param(0.16, 0.16, 23.01, Reason.IV_EXPANSION, id="VIX up by 15.05%"),
        pytest.param(0.16, 0.16, 22.99, NO_REASON, id="VIX up by 14.95%"),
        pytest.param(0.30, 0.16, 40.0, Reason.SHORT_DELTA, id="both: delta outranks VIX"),
    ],
)
def test_second_trigger_table(put, call, vix, reason) -> None:
    condor = condor_view(short_put_delta=put, short_call_delta=call, entry_vix=20.0)
    assert second_trigger(condor, vix, USUAL) == reason


def test_default_iv_trigger_is_in_the_band_of_12_to_18_percent() -> None:
    assert 0.12 <= USUAL.trigger_iv_expansion <= 0.18


@pytest.mark.parametrize(
    ("put", "call", "vix", "relaxed"),
    [
        (0.18, 0.10, 20.9, True),  # to the delta; VIX up by 4.5%
        (0.181, 0.10, 20.0, False),
        (0.10, 0.181, 20.0, False),
        (0.10, 0.10, 21.1, False),  # VIX up by 5.5%
        (0.10, 0.10, 12.0, True),
    ],
)
def test_second_is_relaxed_when_both_are_back(put, call, vix, relaxed) -> None:
    condor = condor_view(short_put_delta=put, short_call_delta=call, entry_vix=20.0)
    assert second_is_relaxed(condor, vix, USUAL) is relaxed


# Layer three. Break-even 3,700 - 20 = 3,680.


@pytest.mark.parametrize(
    ("closes", "flow", "confirm", "reason"),
    [
        pytest.param((3700.0, 3679.0), 0.95, 1, Reason.BREAK_EVEN_AND_FLOW, id="below, in heavy flow"),
        pytest.param((3700.0, 3679.0), 0.90, 1, Reason.BREAK_EVEN_AND_FLOW, id="flow at the percentile"),
        pytest.param((3700.0, 3679.0), 0.89, 1, NO_REASON, id="below, in usual flow"),
        pytest.param((3700.0, 3680.0), 1.0, 1, NO_REASON, id="on the break-even is not beyond"),
        pytest.param((3679.0, 3700.0), 1.0, 1, NO_REASON, id="back above"),
        pytest.param((3700.0, 3679.0), 1.0, 2, NO_REASON, id="one close of two"),
        pytest.param((3679.0, 3650.0), 1.0, 2, Reason.BREAK_EVEN_AND_FLOW, id="two closes of two"),
        pytest.param((3650.0, 3700.0, 3650.0), 1.0, 2, NO_REASON, id="not in a row"),
        pytest.param((3700.0, 3679.0), math.nan, 1, Reason.UNAVAILABLE, id="flow unknown: neutral, and said"),
        pytest.param((3679.0, 3700.0), math.nan, 1, NO_REASON, id="flow unknown, but it would not matter"),
    ],
)
def test_third_trigger_table(closes, flow, confirm, reason) -> None:
    today = at_close(closes=closes, flow=flow)
    assert third_trigger(condor_view(), today, USUAL._replace(confirm_closes=confirm), VoteParams()) == reason


@pytest.mark.parametrize(
    ("close", "flow", "relaxed"),
    [
        (3700.0, 0.50, True),
        (3700.0, 0.51, False),
        (3679.0, 0.10, False),
        (3700.0, math.nan, True),
        (3679.0, math.nan, False),
    ],
)
def test_third_is_relaxed_above_the_break_even_in_calm_or_unknown_flow(close, flow, relaxed) -> None:
    assert third_is_relaxed(condor_view(), at_close(closes=(close,), flow=flow), 5, USUAL) is relaxed


def test_unknown_flow_is_noted_and_buys_nothing() -> None:
    today = at_close(closes=(3600.0,), flow=math.nan)
    decision = layered(today, condor_lots(), condors({}), {2: {"delta": -0.16}, 3: {"delta": 0.16}})
    assert not decision.orders
    assert [(n.book, n.layer, n.group, n.reason) for n in decision.notes] == [
        (Book.HEDGE, Layer.THREE, 1, Reason.UNAVAILABLE)
    ]


# Both call layers: entries


@pytest.mark.parametrize(
    ("second", "third", "max_entries", "bought"),
    [
        (0, 0, 1, [Layer.TWO, Layer.THREE]),
        (1, 0, 1, [Layer.THREE]),
        (0, 1, 1, [Layer.TWO]),
        (1, 1, 1, []),
        (1, 1, 2, [Layer.TWO, Layer.THREE]),
    ],
)
def test_call_layers_come_no_oftener_than_max_entries(second, third, max_entries, bought) -> None:
    today = at_close(closes=(3600.0,), flow=1.0)
    rows = condors({"second_entries": second, "third_entries": third})
    params = USUAL._replace(max_entries=max_entries)
    decision = layered(today, condor_lots(), rows, IN_DANGER, params)
    assert [order.layer for order in decision.orders] == bought
    assert {order.action for order in decision.orders} <= {Action.OPEN}


def test_layer_that_is_held_is_not_bought_again() -> None:
    today = at_close(closes=(3600.0,), flow=1.0)
    lots = [*condor_lots(), call_lot(9, Layer.TWO, 37)]
    marks = IN_DANGER | {9: {"mid": 1.0}}
    decision = layered(today, lots, condors({}), marks, USUAL._replace(max_entries=5))
    assert [order.layer for order in decision.orders] == [Layer.THREE]


def test_call_layer_that_is_not_listed_is_noted() -> None:
    today = at_close(vix_options=listed(Root.VIX))
    decision = layered(today, condor_lots(), condors({}), IN_DANGER)
    assert not decision.orders
    assert [(n.layer, n.reason) for n in decision.notes] == [(Layer.TWO, Reason.NOT_LISTED)]


# Both call layers: exits


@pytest.mark.parametrize(
    ("layer", "put", "close", "relaxed"),
    [
        pytest.param(Layer.TWO, 0.10, 3600.0, True, id="two: deltas back"),
        pytest.param(Layer.TWO, 0.40, 4000.0, False, id="two does not ask for the break-even"),
        pytest.param(Layer.THREE, 0.40, 4000.0, True, id="three: above, flow calm"),
        pytest.param(Layer.THREE, 0.10, 3600.0, False, id="three does not ask for the delta"),
        pytest.param(Layer.ONE, 0.10, 4000.0, False, id="layer one stays with its condor"),
    ],
)
def test_relaxed_table(layer, put, close, relaxed) -> None:
    condor = condor_view(short_put_delta=put, short_call_delta=0.05)
    assert is_relaxed(at_close(closes=(close,), flow=0.2), condor, layer, 5, USUAL) is relaxed


@pytest.mark.parametrize(
    ("root", "held", "mid", "sales", "sizes", "sold"),
    [
        # Calls bought at 1.5: half of them at 4.5, half of what is left at 13.5.
        (Root.VIX, 7.0, 4.49, 0, FRACTIONAL, 0.0),
        (Root.VIX, 7.0, 4.5, 0, FRACTIONAL, 3.5),
        (Root.VIX, 7.0, 4.5, 0, WHOLE, 4.0),
        (Root.VIX, 3.5, 13.49, 1, FRACTIONAL, 0.0),
        (Root.VIX, 3.5, 13.5, 1, FRACTIONAL, 1.75),
        # Futures bought at 20: half of them at 30, half of what is left at 45.
        (Root.VX, 0.5, 29.99, 0, FRACTIONAL, 0.0),
        (Root.VX, 0.5, 30.0, 0, FRACTIONAL, 0.25),
        (Root.VXM, 5.0, 45.0, 1, WHOLE, 3.0),
        (Root.VX, -0.5, 30.0, 0, FRACTIONAL, 0.0),  # sold futures lose on a spike
    ],
)
def test_each_sale_of_a_part_asks_for_a_further_multiple(root, held, mid, sales, sizes, sold) -> None:
    price = 1.5 if root == Root.VIX else 20.0
    row = rows_of([call_lot(9, Layer.TWO, 37, contracts=held, root=root, entry_price=price, sales=sales)])[0]
    rules = whole_method(Study())._replace(sizes=sizes)
    assert monetised_size(row, mid, rules) == sold


@pytest.mark.parametrize("layer", [Layer.ONE, Layer.TWO])
def test_multiple_of_zero_never_monetises(layer) -> None:
    row = rows_of([call_lot(9, layer, 37, entry_price=0.1)])[0]
    rules = whole_method(Study(layered=USUAL._replace(monetise_multiple=0.0)))
    assert monetised_size(row, 500.0, rules) == 0.0


def test_monetised_layer_is_sold_at_the_multiple_of_its_cost() -> None:
    lots = [*condor_lots(), call_lot(9, Layer.TWO, 37, entry_price=1.5)]
    rows = condors({"second_entries": 1})
    for mid, sold in ((4.5, [9]), (4.49, [])):
        decision = layered(at_close(), lots, rows, IN_DANGER | {9: {"mid": mid}})
        assert [order.lot for order in decision.orders] == sold
        assert {(o.action, o.reason, o.contracts) for o in decision.orders} <= {
            (Action.CLOSE, Reason.MONETISED, -7.0)
        }


# Rolls


@pytest.mark.parametrize(
    ("held", "closed", "opened"),
    [
        pytest.param((7, 35), 7, 63, id="front at a week: past the second, which is held"),
        pytest.param((7,), 7, 35, id="alone: into the second"),
        pytest.param((8, 36), None, None, id="eight days left: not yet"),
    ],
)
def test_future_is_rolled_a_week_before_into_the_month_not_held(held, closed, opened) -> None:
    first = held[0]
    today = at_close(vx=listed(Root.VX, first, first + 28, first + 56))
    lots = condor_lots() + [future_lot(9 + i, dte, 0.25 + i) for i, dte in enumerate(held)]
    marks = {2: {"delta": -0.16}, 3: {"delta": 0.16}}
    decision = layered(today, lots, condors({}), marks)
    if closed is None:
        assert not decision.orders
        return
    close, entry = decision.orders
    assert (close.lot, close.expiry - DAY, close.contracts) == (9, closed, -0.25)
    assert (entry.lot, entry.expiry - DAY, entry.contracts) == (-1, opened, 0.25)
    assert close.package == entry.package
    assert {(o.action, o.reason, o.layer) for o in decision.orders} == {
        (Action.ROLL, Reason.ROLL_FORWARD, Layer.ONE)
    }


def test_days_to_a_roll_are_counted_at_the_fill() -> None:
    lots = [*condor_lots(), future_lot(9, 10)]
    marks = {2: {"delta": -0.16}, 3: {"delta": 0.16}}
    vx = listed(Root.VX, 10, 38, 66)
    assert not layered(at_close(vx=vx, fill_in=2), lots, condors({}), marks).orders
    assert len(layered(at_close(vx=vx, fill_in=3), lots, condors({}), marks).orders) == 2


def test_future_with_no_month_to_roll_into_and_one_that_settles_first_are_kept() -> None:
    lots = [*condor_lots(), future_lot(9, 5)]
    marks = {2: {"delta": -0.16}, 3: {"delta": 0.16}}
    assert not layered(at_close(vx=listed(Root.VX, 5)), lots, condors({}), marks).orders
    settling = at_close(vx=listed(Root.VX, 5, 33), fill_in=5, fill_at_open=True)
    assert not layered(settling, lots, condors({}), marks).orders


def test_rolled_mini_stays_a_mini() -> None:
    lots = [*condor_lots(), future_lot(9, 7, 3.0, root=Root.VXM)]
    marks = {2: {"delta": -0.16}, 3: {"delta": 0.16}}
    decision = layered(at_close(vx=listed(Root.VX, 7, 35)), lots, condors({}), marks, sizes=WHOLE)
    assert [(order.root, order.contracts) for order in decision.orders] == [(Root.VXM, -3.0), (Root.VXM, 3.0)]


@pytest.mark.parametrize(("layer", "delta"), [(Layer.TWO, 0.30), (Layer.THREE, 0.15)])
@pytest.mark.parametrize(("dte", "rolls"), [(14, True), (15, False)])
def test_call_layer_is_rolled_two_weeks_before_at_its_own_delta(layer, delta, dte, rolls) -> None:
    today = at_close(closes=(3600.0,), flow=0.2, vix_options=listed(Root.VIX, dte, dte + 28))
    lots = [*condor_lots(), call_lot(9, layer, dte)]
    rows = condors({"second_entries": 1, "third_entries": 1})
    decision = layered(today, lots, rows, IN_DANGER | {9: {"mid": 0.4}})
    if not rolls:
        assert not decision.orders
        return
    close, entry = decision.orders
    assert (close.lot, close.contracts, entry.contracts) == (9, -7.0, 7.0)
    assert close.package == entry.package
    assert order_contract(entry) == call_of_delta(today, DAY + dte + 28, delta)
    assert {(o.action, o.reason, o.layer) for o in decision.orders} == {
        (Action.ROLL, Reason.ROLL_FORWARD, layer)
    }


def test_call_layer_with_nothing_further_out_is_kept() -> None:
    today = at_close(vix_options=listed(Root.VIX, 10))
    lots = [*condor_lots(), call_lot(9, Layer.TWO, 10)]
    decision = layered(today, lots, condors({"second_entries": 1}), IN_DANGER | {9: {"mid": 0.4}})
    assert not decision.orders


# The projected return


def test_money_tied_up_is_the_worst_payoff_the_deposit_and_the_premium() -> None:
    today = at_close()  # a flat curve: every VX at 20
    lots = [*condor_lots(2.0), future_lot(9, 51, 0.5), call_lot(10, Layer.TWO, 37, contracts=3.0)]
    other = [future_lot(11, 51, 100.0, group=2), *condor_lots(50.0, group=2)]
    premium = quote_contract(call_of_delta(today, DAY + 37, 0.3)._replace(strike=25.0), today.prices).mid
    # 200 points x 2 x 100 + 0.4 x 0.5 x 1,000 x 20 + 3 x 100 x premium
    expected = 40_000.0 + 4_000.0 + 300.0 * premium
    both = book_of(today, lots + other, condors({}, {"id": 2})).lots
    tied = money_tied_up(both[both["group"] == 1], condors({}), today.prices, 0.4)
    # rel 1e-12: sums of a few products of doubles.
    assert tied == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("pnl", "capital", "days", "rate"),
    [
        (1_000.0, 10_000.0, 365, 0.1),
        (1_000.0, 10_000.0, 73, 1.1**5 - 1.0),  # five times a year
        (-10_000.0, 10_000.0, 30, -1.0),
        (-20_000.0, 10_000.0, 30, -1.0),  # no more than all of it
        (100.0, 0.0, 30, math.nan),
        (100.0, -5.0, 30, math.nan),
        (100.0, 10_000.0, 0, math.nan),
    ],
)
def test_annual_return_on_paper(pnl, capital, days, rate) -> None:
    # rel 1e-12: one power of a double.
    assert annual_return(pnl, capital, days) == pytest.approx(rate, rel=1e-12, nan_ok=True)
