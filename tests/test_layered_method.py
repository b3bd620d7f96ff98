"""The rules of the layered method beyond its market triggers: each on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
from rule_scenes import (
    DAY,
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

from alvh_bt.book.records import Action, Decision, Layer, Reason, Status
from alvh_bt.choices import Profile, Proxy, SignalCode, ThirdReading, mask_of
from alvh_bt.config import ClimateParams, LayeredParams, QuorumParams, SizingParams, Study, VoteParams
from alvh_bt.contracts import NO_EXPIRY, Right, Root
from alvh_bt.hedges.instruments import call_of_delta, rung_call, rung_weight
from alvh_bt.hedges.layered import decide_layered, market_triggers_only, whole_method
from alvh_bt.hedges.notes import thin_vx
from alvh_bt.hedges.projection import condor_irr, horizon_days, projection_terms
from alvh_bt.hedges.rolls import roll_reason, rung_of
from alvh_bt.hedges.sizing import (
    LayeredRules,
    banded_size,
    climate_score,
    equity_beta,
    first_share,
    first_vx,
    layer_calls,
    liquidity_scale,
    net_exposure,
    noise_scale,
)
from alvh_bt.hedges.synthetics import largest_synthetic, synthetic_size
from alvh_bt.hedges.triggers import NO_REASON, second_is_relaxed, second_trigger, third_trigger

PLANNED = {"status": Status.PLANNED}
S = SignalCode

#: 0.625 contracts x 100 x 4,000: a condor of 250,000 USD, whose target is 4 VX.
CONDOR = condor_view(contracts=0.625)


def rules_with(**concerns) -> LayeredRules:
    return whole_method(Study(**concerns))


NO_BAND = SizingParams(band_high=0.0)
#: Nobody needs to approve, no exposure is cut: what is left is one rule at a time.
PLAIN = {"sizing": NO_BAND, "quorum": QuorumParams(second=0)}


# Layer one: valuation climate, bounds, beta, liquidity, profile


@pytest.mark.parametrize(
    ("pe", "wacc", "score"),
    [
        (25.0, 0.07, 0.0),  # the middles of 15..35 and 0.05..0.09
        (35.0, 0.09, 1.0),
        (60.0, 0.20, 1.0),  # no further
        (15.0, 0.05, -1.0),
        (30.0, math.nan, 0.5),  # a missing half is left out
        (math.nan, 0.06, -0.5),
        (math.nan, math.nan, 0.0),  # neutral
        (35.0, 0.07, 0.5),  # the mean of 1 and 0
    ],
)
def test_climate_is_the_mean_of_pe_and_wacc(pe, wacc, score) -> None:
    today = at_close(known={S.PE: pe, S.WACC: wacc})
    # abs 1e-12: sums and one division of doubles.
    assert climate_score(today, ClimateParams()) == pytest.approx(score, abs=1e-12)
    assert climate_score(today, ClimateParams(on=False)) == 0.0


@pytest.mark.parametrize(
    ("pe", "share", "vx"),
    [
        # Target 4 VX; the share moves from 10 to 15 percent, 0.16 to 0.24 VX a 100,000 USD.
        (15.0, 0.10, 0.40),
        (25.0, 0.125, 0.50),
        (30.0, 0.1375, 0.55),
        (35.0, 0.15, 0.60),
    ],
)
def test_layer_one_is_10_to_15_percent_by_climate(pe, share, vx) -> None:
    today = at_close(known={S.PE: pe})
    rules = rules_with()
    assert first_share(today, rules) == pytest.approx(share, abs=1e-12)
    assert first_vx(today, CONDOR, rules) == pytest.approx(vx, abs=1e-12)


@pytest.mark.parametrize(("target", "vx"), [(1.0, 0.375), (1.6, 0.5), (3.0, 0.625)])
def test_layer_one_stays_within_015_and_025_vx_a_100_000(target, vx) -> None:
    # 12.5% of 2.5 VX are 0.3125, below 0.15 x 2.5; of 7.5 VX 0.9375, above 0.25 x 2.5.
    rules = rules_with(layered=LayeredParams(target_vx_per_100k=target))
    assert first_vx(at_close(), CONDOR, rules) == pytest.approx(vx, abs=1e-12)


def test_layers_follow_beta_and_liquidity_of_the_exposure() -> None:
    today = at_close(known={S.CAPM_BETA: 1.5, S.QUICK_RATIO: 0.9})
    rules = rules_with()
    # 0.5 VX x 1.5 x 1 / 0.9; layer two: 4 VX x 0.125 x 10 calls, likewise.
    assert first_vx(today, CONDOR, rules) == pytest.approx(0.5 * 1.5 / 0.9, rel=1e-12)
    assert layer_calls(today, CONDOR, Layer.TWO, rules) == pytest.approx(5.0 * 1.5 / 0.9, rel=1e-12)
    assert layer_calls(today, CONDOR, Layer.THREE, rules) == pytest.approx(5.0 * 1.5 / 0.9, rel=1e-12)


@pytest.mark.parametrize(
    ("ratio", "scale"),
    [(math.nan, 1.0), (1.0, 1.0), (0.8, 1.25), (0.1, 1.25), (1.25, 0.8), (4.0, 0.75), (0.0, 1.0)],
)
def test_quick_ratio_scales_by_a_quarter_at_most(ratio, scale) -> None:
    today = at_close(known={S.QUICK_RATIO: ratio})
    assert liquidity_scale(today, SizingParams()) == pytest.approx(scale, rel=1e-12)


@pytest.mark.parametrize(
    ("beta", "by_beta", "used"),
    [(math.nan, True, 1.0), (1.3, True, 1.3), (1.3, False, 1.0), (-0.4, True, 0.0)],
)
def test_beta_of_the_exposure(beta, by_beta, used) -> None:
    assert equity_beta(at_close(known={S.CAPM_BETA: beta}), SizingParams(by_beta=by_beta)) == used


def test_promoter_loads_the_front_and_keeps_the_total() -> None:
    rules = rules_with(sizing=SizingParams(profile=Profile.PROMOTER))
    one = first_vx(at_close(), CONDOR, rules)
    two, three = (layer_calls(at_close(), CONDOR, layer, rules) for layer in (Layer.TWO, Layer.THREE))
    # A steward has 0.5 VX and 5 calls twice; half as much more in front, half less behind.
    assert (one, two, three) == pytest.approx((0.75, 5.0, 2.5), rel=1e-12)
    assert one + (two + three) / 10.0 == pytest.approx(1.5, rel=1e-12)


@pytest.mark.parametrize(("stress", "scale"), [(math.nan, 1.0), (0.0, 1.0), (0.3, 1.0), (-0.01, 0.5)])
def test_passing_noise_halves_layer_two(stress, scale) -> None:
    today = at_close(known={S.MACRO_STRESS: stress})
    assert noise_scale(today, rules_with()) == scale
    assert layer_calls(today, CONDOR, Layer.TWO, rules_with()) == pytest.approx(5.0 * scale, rel=1e-12)
    assert layer_calls(today, CONDOR, Layer.THREE, rules_with()) == pytest.approx(5.0, rel=1e-12)


# The band on net exposure


def test_net_exposure_on_paper() -> None:
    # The hedge: half a VX of 30 days and 6.5 hours, so that the node of 30 days is met at the open.
    today = at_close()
    lots = [*condor_lots(0.625), future_lot(9, 30, 0.5)]
    marks = {1: {"delta": -0.05}, 2: {"delta": -0.20}, 3: {"delta": 0.10}, 4: {"delta": 0.03}}
    book = book_of(today, lots, condors({}), marks)
    # Condor delta: 0.625 x 100 x (-0.05 + 0.20 - 0.10 + 0.03) x 4,000 = 20,000 USD of the index.
    # Hedge: 0.5 x 1,000 x the rise of the future for a fall of 1%, over 1%.
    nodes = np.arange(0.0, 271.0, 30.0)
    rise = np.interp(30.0 - 6.5 / 24.0, nodes, (1.0 + nodes / 10.6) ** -0.558)
    expected = 0.5 * 1_000.0 * rise / 0.01 - 20_000.0
    # rel 1e-6: the curve keeps its nodes as doubles.
    assert net_exposure(book, 1, today.prices, 1.0) == pytest.approx(expected, rel=1e-6)


def test_net_exposure_does_not_ask_which_side_is_tested() -> None:
    today = at_close()
    lots = [*condor_lots(0.625), future_lot(9, 30, 0.5)]
    put = {1: {"delta": -0.05}, 2: {"delta": -0.30}, 3: {"delta": 0.05}, 4: {"delta": 0.01}}
    call = {1: {"delta": -0.01}, 2: {"delta": -0.05}, 3: {"delta": 0.30}, 4: {"delta": 0.05}}
    one, other = (
        net_exposure(book_of(today, lots, condors({}), m), 1, today.prices, 1.0) for m in (put, call)
    )
    assert one == pytest.approx(other, rel=1e-12)


@pytest.mark.parametrize(
    ("wanted", "unit", "size"),
    [
        # Of 250,000 USD: 8% are 20,000, 12% are 30,000; nothing is held yet.
        (0.5, 50_000.0, 0.5),  # 25,000: inside
        (0.8, 50_000.0, 0.6),  # cut to 30,000
        (0.3, 50_000.0, 0.4),  # raised to 20,000
        (0.2, 50_000.0, 0.3),  # raised by half at most
        (0.0, 50_000.0, 0.0),
        (0.5, 0.0, 0.5),  # a contract without exposure is not scaled
    ],
)
def test_band_cuts_and_raises_a_layer(wanted, unit, size) -> None:
    today = at_close()
    book = book_of(today, [], condors(PLANNED))
    planned = condor_view(contracts=0.625, status=Status.PLANNED)
    found = banded_size(wanted, unit, today, book, planned, [], rules_with())
    assert found == pytest.approx(size, rel=1e-9)
    assert banded_size(wanted, unit, today, book, planned, [], rules_with(sizing=NO_BAND)) == wanted


def test_layer_that_finds_no_room_is_not_added_and_says_so() -> None:
    # 5 VX are far beyond 12% of the condor's notional.
    today = at_close()
    lots = [*condor_lots(0.625), future_lot(9, 30, 5.0)]
    rules = rules_with(quorum=QuorumParams(second=0))
    decision = decide(today, lots, condors({"contracts": 0.625}), IN_DANGER, rules)
    assert not decision.orders
    assert [(note.layer, note.reason) for note in decision.notes] == [(Layer.TWO, Reason.NET_EXPOSURE)]


# Layer two: triggers, quorum, ladder

IN_DANGER = {2: {"delta": -0.30}, 3: {"delta": 0.05}}
AT_EASE = {2: {"delta": -0.16}, 3: {"delta": 0.16}}


def decide(today, lots, rows, marks=None, rules=None) -> Decision:
    return decide_layered(today, book_of(today, lots, rows, marks), rules or rules_with())


@pytest.mark.parametrize(
    ("entry", "now", "drop", "reason"),
    [
        (0.30, 0.09, 0.20, Reason.IRR_FELL),
        (0.30, 0.11, 0.20, NO_REASON),
        (-0.10, -0.31, 0.20, Reason.IRR_FELL),
        (math.nan, -0.9, 0.20, NO_REASON),  # unknown: neutral
        (0.30, math.nan, 0.20, NO_REASON),
        (0.30, -0.9, 0.0, NO_REASON),  # 0 switches it off
    ],
)
def test_fall_of_the_projected_return_deploys_layer_two(entry, now, drop, reason) -> None:
    condor = condor_view(entry_irr=entry, irr=now)
    assert second_trigger(condor, 20.0, LayeredParams(irr_drop=drop)) == reason


def test_layer_two_does_not_leave_while_the_return_is_still_down() -> None:
    calm = condor_view(entry_irr=0.30, irr=0.10)
    assert not second_is_relaxed(calm, 20.0, LayeredParams())
    assert second_is_relaxed(calm._replace(irr=0.21), 20.0, LayeredParams())
    assert second_is_relaxed(calm, 20.0, LayeredParams(irr_drop=0.0))


@pytest.mark.parametrize(
    ("known", "needed", "added"),
    [
        ({S.VIX_RSI: 70.0, S.SPX_RSI: 30.0}, 2, True),
        ({S.VIX_RSI: 70.0, S.SPX_RSI: 50.0}, 2, False),
        ({S.VIX_RSI: 70.0, S.SPX_RSI: 50.0}, 1, True),
        ({S.VIX_RSI: 70.0}, 2, True),  # one is known, and approves: more than two thirds of the known
        ({S.VIX_RSI: 60.0}, 2, False),
        ({S.VIX_RSI: 70.0, S.SPX_RSI: 50.0}, 3, False),  # half of the known, all are needed
        ({}, 2, True),  # nothing is known: neutral
        ({S.VIX_RSI: 10.0, S.SPX_RSI: 90.0}, 0, True),  # nobody is asked
    ],
)
def test_quorum_confirms_layer_two(known, needed, added) -> None:
    mask = mask_of(S.VIX_RSI, S.SPX_RSI, S.VVIX_MACD)
    rules = rules_with(sizing=NO_BAND, quorum=QuorumParams(second=needed, second_of=mask))
    decision = decide(at_close(known=known), condor_lots(0.625), condors({}), IN_DANGER, rules)
    assert bool(decision.orders) is added
    notes = [] if added else [(Layer.TWO, Reason.NO_QUORUM)]
    assert [(note.layer, note.reason) for note in decision.notes] == notes


def test_quorum_works_on_layers_one_and_three_too() -> None:
    mask = mask_of(S.VIX_RSI)
    rules = rules_with(
        sizing=NO_BAND, quorum=QuorumParams(first=1, first_of=mask, second=0, third=1, third_of=mask)
    )
    broken = {"closes": (3600.0,), "flow": 0.99}
    for rsi, layers in ((70.0, {Layer.ONE, Layer.TWO, Layer.THREE}), (50.0, {Layer.TWO})):
        today = at_close(known={S.VIX_RSI: rsi}, **broken)
        planned = decide(today, [], condors(PLANNED), None, rules)
        running = decide(today, condor_lots(), condors({}), IN_DANGER, rules)
        assert {order.layer for order in (*planned.orders, *running.orders)} == layers
        refused = {note.layer for note in (*planned.notes, *running.notes)}
        assert refused == {Layer.ONE, Layer.TWO, Layer.THREE} - layers


def test_layer_two_is_a_ladder_of_two_expiries_where_both_are_listed() -> None:
    params = LayeredParams()
    today = at_close(vix_options=listed(Root.VIX, 16, 31, 45, 72))
    assert [rung_call(today, rung, params).expiry - DAY for rung in (0, 1)] == [31, 45]
    strikes = [rung_call(today, rung, params).strike for rung in (0, 1)]
    assert strikes == [call_of_delta(today, DAY + dte, delta).strike for dte, delta in ((31, 0.3), (45, 0.2))]


def test_layer_two_is_a_ladder_of_strikes_where_one_expiry_is_listed() -> None:
    today = at_close(vix_options=listed(Root.VIX, 16, 37, 72))
    near, far = (rung_call(today, rung, LayeredParams()) for rung in (0, 1))
    assert near.expiry == far.expiry == DAY + 37
    assert near.strike < far.strike


def test_rungs_outside_the_band_take_the_expiry_nearest_to_it() -> None:
    today = at_close(vix_options=listed(Root.VIX, 26, 54))
    assert [rung_call(today, rung, LayeredParams()).expiry - DAY for rung in (0, 1)] == [26, 26]


@pytest.mark.parametrize(
    ("differential", "near"),
    [(math.nan, 0.5), (0.01, 0.5), (0.0, 0.25), (-0.02, 0.25), (0.02, 0.75), (0.05, 0.75), (0.005, 0.375)],
)
def test_rate_differential_tilts_the_ladder(differential, near) -> None:
    today = at_close(known={S.RATE_DIFFERENTIAL: differential})
    weights = [rung_weight(today, rung, LayeredParams()) for rung in (0, 1)]
    assert weights == pytest.approx([near, 1.0 - near], rel=1e-12)
    assert sum(rung_weight(today, k, LayeredParams(rungs=3)) for k in range(3)) == pytest.approx(1.0)


def test_ladder_of_layer_two_is_bought_rung_by_rung() -> None:
    today = at_close(known={S.RATE_DIFFERENTIAL: 0.0}, vix_options=listed(Root.VIX, 16, 31, 45, 72))
    decision = decide(
        today, condor_lots(0.625), condors({"contracts": 0.625}), IN_DANGER, rules_with(**PLAIN)
    )
    # Five calls: a quarter in the near rung, the rest in the far one.
    assert [(o.expiry - DAY, o.contracts) for o in decision.orders] == [(31, 1.25), (45, 3.75)]
    assert len({o.package for o in decision.orders}) == 1


# Layer three: the other reading


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({S.VIX_RSI: 29.0, S.BREADTH_DIVERGENCE: -0.1, S.VVIX_MACD: -0.2, S.FOMC_WINDOW: 1.0}, "aligned"),
        ({S.VIX_RSI: 31.0, S.BREADTH_DIVERGENCE: -0.1, S.VVIX_MACD: -0.2, S.FOMC_WINDOW: 1.0}, "no"),
        ({S.VIX_RSI: 29.0, S.BREADTH_DIVERGENCE: 0.0, S.VVIX_MACD: -0.2, S.FOMC_WINDOW: 1.0}, "no"),
        ({S.VIX_RSI: 29.0, S.BREADTH_DIVERGENCE: -0.1, S.VVIX_MACD: 0.2, S.FOMC_WINDOW: 1.0}, "no"),
        ({S.VIX_RSI: 29.0, S.BREADTH_DIVERGENCE: -0.1, S.VVIX_MACD: -0.2, S.FOMC_WINDOW: 3.0}, "no"),
        ({S.VIX_RSI: 29.0, S.VVIX_MACD: -0.2, S.FOMC_WINDOW: 1.0}, "unavailable"),
        ({S.VIX_RSI: 45.0, S.VVIX_MACD: -0.2}, "no"),  # nothing missing could make it fire
        ({S.INFLATION_SURPRISE: 0.4}, "surprise"),
        ({S.INFLATION_SURPRISE: 0.3}, "no"),
    ],
)
def test_layer_three_by_signals(known, reason) -> None:
    expected = {
        "aligned": Reason.SIGNALS_ALIGNED,
        "surprise": Reason.INFLATION_SURPRISE,
        "unavailable": Reason.UNAVAILABLE,
        "no": NO_REASON,
    }[reason]
    params = LayeredParams(third_reading=ThirdReading.SIGNALS)
    # The index stands above the break-even: the default reading would not fire.
    assert third_trigger(condor_view(), at_close(known=known), params, VoteParams()) == expected


# Time-shifting, monetisation, short volatility


@pytest.mark.parametrize(
    ("status", "dte", "reason"),
    [
        (Status.OPEN, 20, NO_REASON),
        (Status.ROLLING, 20, Reason.TIME_SHIFT),
        (Status.ROLLING, 30, Reason.TIME_SHIFT),
        (Status.ROLLING, 31, NO_REASON),
        (Status.OPEN, 14, Reason.ROLL_FORWARD),
        (Status.ROLLING, 14, Reason.ROLL_FORWARD),
    ],
)
def test_layers_shift_forward_with_the_condors_roll(status, dte, reason) -> None:
    row = rows_of([call_lot(9, Layer.TWO, dte)])[0]
    assert roll_reason(row, at_close(), condor_view(status=status), LayeredParams()) == reason


def test_future_shifts_past_the_month_that_is_near() -> None:
    today = at_close(vx=listed(Root.VX, 20, 48, 76))
    lots = [*condor_lots(), future_lot(9, 20)]
    rolling = decide(today, lots, condors({"status": Status.ROLLING}), AT_EASE)
    assert [(o.action, o.reason, o.expiry - DAY) for o in rolling.orders] == [
        (Action.ROLL, Reason.TIME_SHIFT, 20),
        (Action.ROLL, Reason.TIME_SHIFT, 48),
    ]
    assert not decide(today, lots, condors({}), AT_EASE).orders


def test_half_of_a_layer_is_sold_on_a_spike_and_the_rest_stays() -> None:
    lots = [*condor_lots(), call_lot(9, Layer.TWO, 37, entry_price=1.5, contracts=6.0)]
    rows = condors({"second_entries": 1})
    decision = decide(at_close(), lots, rows, IN_DANGER | {9: {"mid": 4.5}})
    assert [(o.lot, o.contracts, o.action, o.reason) for o in decision.orders] == [
        (9, -3.0, Action.CLOSE, Reason.MONETISED)
    ]


def test_a_rolled_rung_keeps_its_place_in_the_ladder() -> None:
    today = at_close(vix_options=listed(Root.VIX, 10, 31, 45))
    lots = [
        *condor_lots(),
        call_lot(9, Layer.TWO, 10, strike=24.0, contracts=2.0),
        call_lot(10, Layer.TWO, 10, strike=28.0, contracts=3.0),
    ]
    book = book_of(today, lots, condors({"second_entries": 1}), IN_DANGER)
    assert [rung_of(book, row, LayeredParams()) for row in (4, 5)] == [0, 1]
    decision = decide_layered(today, book, rules_with())
    bought = [(o.expiry - DAY, o.contracts) for o in decision.orders if o.contracts > 0.0]
    assert bought == [(31, 2.0), (45, 3.0)]


def test_short_volatility_layer_one_sells_what_it_would_buy() -> None:
    bought, sold = (
        decide(
            at_close(), [], condors(PLANNED), None, rules_with(**PLAIN, layered=LayeredParams(short_first=on))
        )
        for on in (False, True)
    )
    assert [o.contracts for o in sold.orders] == [-o.contracts for o in bought.orders]
    assert sum(o.contracts for o in bought.orders) == pytest.approx(0.4)  # half a contract: 200,000 USD


# Exchange-traded notes


@pytest.mark.parametrize(
    ("volume", "proxy", "thin"),
    [
        (999.0, Proxy.VXX, True),
        (1000.0, Proxy.VXX, False),
        (math.nan, Proxy.VXX, False),  # unknown: VX is taken as liquid
        (1.0, Proxy.NONE, False),
    ],
)
def test_thin_vx(volume, proxy, thin) -> None:
    assert thin_vx(at_close(known={S.VX_VOLUME: volume}), LayeredParams(proxy=proxy)) == thin


def test_thin_vx_is_replaced_by_shares_as_sensitive() -> None:
    # A flat curve at 20: a share of 50 USD moves 50 / 20 = 2.5 USD a point; half a VX 500 USD, 200 shares.
    today = at_close(known={S.VX_VOLUME: 500.0}, vxx=50.0)
    planned = condors(PLANNED | {"contracts": 0.625})
    (order,) = decide(today, [], planned, None, rules_with(**PLAIN)).orders
    assert (order.root, order.layer, order.reason) == (Root.VXX, Layer.ONE, Reason.THIN_VX)
    # rel 1e-9: the curve keeps its nodes as doubles.
    assert order.contracts == pytest.approx(200.0, rel=1e-9)


def test_thin_vx_without_a_share_is_bought_all_the_same_and_noted() -> None:
    today = at_close(known={S.VX_VOLUME: 500.0})
    decision = decide(today, [], condors(PLANNED), None, rules_with(**PLAIN))
    assert {order.root for order in decision.orders} == {Root.VX}
    assert [note.reason for note in decision.notes] == [Reason.NO_PROXY]


@pytest.mark.parametrize("volume", [500.0, 5000.0])
def test_shares_go_back_to_futures_when_vx_is_liquid(volume) -> None:
    today = at_close(known={S.VX_VOLUME: volume}, vxx=50.0)
    share = future_lot(9, 0, 200.0, root=Root.VXX, expiry=NO_EXPIRY, entry_price=50.0)
    decision = decide(today, [*condor_lots(), share], condors({}), AT_EASE)
    if volume < 1000.0:
        assert not decision.orders
        return
    close, *bought = decision.orders
    assert (close.lot, close.contracts, close.reason) == (9, -200.0, Reason.VX_LIQUID)
    assert {(o.root, o.action, o.package) for o in bought} == {(Root.VX, Action.ROLL, close.package)}
    assert sum(o.contracts for o in bought) == pytest.approx(0.5, rel=1e-9)


# Direction


def test_mirrored_moves_of_the_same_volatility_give_the_same_layers() -> None:
    """A tested call side is hedged as a tested put side; only the break-even names the put side."""
    today = at_close(vix=25.0, known={S.VIX_RSI: 70.0, S.SPX_RSI: 30.0, S.PE: 30.0})
    rows = condors({"contracts": 0.625})
    lots = [*condor_lots(0.625), future_lot(9, 16, 0.25), future_lot(10, 51, 0.25)]
    for danger, ease in ((0.27, 0.05), (0.40, 0.02), (0.20, 0.12)):
        wing = 0.3 * danger
        put = {1: {"delta": -wing}, 2: {"delta": -danger}, 3: {"delta": ease}, 4: {"delta": 0.01}}
        call = {1: {"delta": -0.01}, 2: {"delta": -ease}, 3: {"delta": danger}, 4: {"delta": wing}}
        down, up = (decide(today, lots, rows, marks) for marks in (put, call))
        assert [(o._replace(price=0.0)) for o in down.orders] == [(o._replace(price=0.0)) for o in up.orders]
        assert down.notes == up.notes
        assert bool(down.orders) is (danger >= 0.25 or 25.0 / 20.0 >= 1.15)


# The core


def test_core_listens_to_market_triggers_alone() -> None:
    """No valuation, no committee, no beta, no band: what every other signal says changes nothing."""
    study = Study()
    noisy = {code: 1e6 for code in S if code != S.FLOW_SPIKE}
    rows = condors({"contracts": 0.625, "entry_irr": 0.5, "irr": -0.5})
    for known in (noisy, {}):
        today = at_close(known=known, vix=21.0)
        core = decide(today, condor_lots(0.625), rows, AT_EASE, market_triggers_only(study))
        assert core == ([], [])
        planned = decide(
            today, [], condors(PLANNED | {"contracts": 0.625}), None, market_triggers_only(study)
        )
        assert sum(o.contracts for o in planned.orders) == pytest.approx(0.5)
    whole = decide(at_close(vix=21.0), condor_lots(0.625), rows, AT_EASE, rules_with(**PLAIN))
    assert {o.reason for o in whole.orders} == {Reason.IRR_FELL}


# Projected return


def test_horizon_is_the_planned_exit() -> None:
    rows = condors({"expiry": DAY + 46, "entry_dte": 46}, {"expiry": DAY + 10, "entry_dte": 10})
    assert horizon_days(rows, 0, DAY, 21) == 25
    assert horizon_days(rows, 1, DAY, 21) == 10  # entered inside the exit: held to its expiry
    assert horizon_days(rows, 0, DAY + 40, 21) == 1


def test_condor_irr_is_of_its_own_legs() -> None:
    today = at_close()
    terms = projection_terms(Study())
    alone = book_of(today, condor_lots(0.625), condors({}))
    hedged = book_of(today, [*condor_lots(0.625), future_lot(9, 30, 5.0)], condors({}))
    own = condor_irr(alone.lots, alone.condors, 0, today.prices, terms)
    assert math.isfinite(own)
    assert condor_irr(hedged.lots, hedged.condors, 0, today.prices, terms) == own
    none = book_of(today, [future_lot(9, 30, 5.0)], condors({}))
    assert math.isnan(condor_irr(none.lots, none.condors, 0, today.prices, terms))


# Synthetic forwards


def spx(lot_id: int, right: int, strike: float, contracts: float, dte: int = 46, **changes) -> dict:
    leg = condor_lots(contracts, expiry=DAY + dte, **changes)[0]
    return leg | {"id": lot_id, "right": right, "strike": strike}


@pytest.mark.parametrize(
    ("lots", "contract", "size"),
    [
        pytest.param(
            [spx(1, Right.CALL, 4000.0, 2.0), spx(2, Right.PUT, 4000.0, -0.5)],
            (Root.SPX, 4000.0, 46),
            0.5,
            id="long call, short put: a long forward",
        ),
        pytest.param(
            [spx(1, Right.CALL, 4000.0, -2.0), spx(2, Right.PUT, 4000.0, 3.0)],
            (Root.SPX, 4000.0, 46),
            2.0,
            id="the reverse",
        ),
        pytest.param(
            [spx(1, Right.CALL, 4000.0, 2.0), spx(2, Right.PUT, 4000.0, 2.0)],
            (Root.SPX, 4000.0, 46),
            0.0,
            id="a straddle is none",
        ),
        pytest.param(
            [spx(1, Right.CALL, 4000.0, 2.0), spx(2, Right.PUT, 4000.0, -2.0, dte=53)],
            (Root.SPX, 4000.0, 46),
            0.0,
            id="another expiry",
        ),
        pytest.param(
            [spx(1, Right.CALL, 4000.0, 2.0), spx(2, Right.PUT, 4000.0, -2.0, root=Root.SPXW)],
            (Root.SPX, 4000.0, 46),
            0.0,
            id="another settlement",
        ),
        pytest.param(condor_lots(), (Root.SPX, 3700.0, 46), 0.0, id="an iron condor has none"),
        pytest.param(
            [call_lot(9, Layer.TWO, 37, contracts=7.0), future_lot(10, 37, -0.5)],
            (Root.VIX, 25.0, 37),
            5.0,
            id="long VIX calls, short VX: puts",
        ),
        pytest.param(
            [call_lot(9, Layer.TWO, 37, contracts=7.0), future_lot(10, 37, -3.0, root=Root.VXM)],
            (Root.VIX, 25.0, 37),
            3.0,
            id="a mini future counts one option",
        ),
        pytest.param(
            [call_lot(9, Layer.TWO, 37, contracts=7.0), future_lot(10, 37, 0.5)],
            (Root.VIX, 25.0, 37),
            0.0,
            id="long both",
        ),
    ],
)
def test_synthetic_size_on_paper(lots, contract, size) -> None:
    root, strike, dte = contract
    assert synthetic_size(rows_of(lots), root, strike, DAY + dte) == size


def test_a_future_is_looked_at_against_every_strike_of_its_expiry() -> None:
    lots = [
        call_lot(9, Layer.TWO, 37, strike=25.0, contracts=2.0),
        call_lot(10, Layer.TWO, 37, strike=30.0, contracts=4.0),
        future_lot(11, 37, -1.0),
    ]
    assert largest_synthetic(rows_of(lots), Root.VX, 0.0, DAY + 37) == 4.0
    assert largest_synthetic(rows_of(lots), Root.VX, 0.0, DAY + 65) == 0.0
