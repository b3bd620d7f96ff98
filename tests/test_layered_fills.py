"""The layers as they are filled: entries counted, exposure of one close, the time a layer stays."""

from __future__ import annotations

import math

import pytest
from engine_fixtures import sample_run
from rule_scenes import DAY, at_close, book_of, call_lot, condor_lots, condors

from alvh_bt.book.records import Action, Book, Decision, Layer, Order, Reason, make_order, order_contract
from alvh_bt.choices import SignalCode, ThirdReading
from alvh_bt.config import LayeredParams, QuorumParams, SizingParams, Study
from alvh_bt.contracts import NO_EXPIRY, Contract, Right, Root, make_contract
from alvh_bt.engine.accounts import Accounts
from alvh_bt.hedges.layered import decide_layered, whole_method
from alvh_bt.pricing.day import quote_contract, shocked
from alvh_bt.pricing.flat import flat_prices

S = SignalCode

# Entries


def call(strike: float, layer: int = Layer.TWO, action: int = Action.OPEN) -> Order:
    contract = make_contract(Root.VIX, Right.CALL, strike, DAY + 37)
    return bought(contract, layer, action)


def bought(contract: Contract, layer: int = Layer.TWO, action: int = Action.OPEN) -> Order:
    return make_order(Book.HEDGE, layer, action, 1, -1, contract, 2.0, 1.0, Reason.SHORT_DELTA, 100)


def entries_after(*packages: list[Order]) -> tuple[int, int]:
    """Entries of layers two and three of condor 1 once the packages were filled one after another."""
    accounts = Accounts(Study())
    accounts.condors = condors({}, {"id": 2})
    accounts.begin(DAY)
    for package in packages:
        accounts.fill(package, flat_prices(spot=4000.0, vix=20.0, day=DAY))
    own, other = accounts.condors
    assert (other["second_entries"], other["third_entries"]) == (0, 0)
    return int(own["second_entries"]), int(own["third_entries"])


NOT_LISTED = bought(make_contract(Root.VXX, Right.FUTURE, 0.0, NO_EXPIRY))


@pytest.mark.parametrize(
    ("packages", "entries"),
    [
        pytest.param([[call(24.0), call(28.0)]], (1, 0), id="a ladder of two rungs"),
        pytest.param([[call(24.0), call(28.0)], [call(25.0)]], (2, 0), id="and once more"),
        pytest.param([[call(30.0, Layer.THREE)]], (0, 1), id="layer three"),
        pytest.param([[call(24.0, action=Action.ROLL)]], (0, 0), id="a roll is no entry"),
        pytest.param([[call(24.0, Layer.ONE)]], (0, 0), id="layer one is not counted"),
        pytest.param([[call(24.0), NOT_LISTED]], (0, 0), id="not filled"),
    ],
)
def test_a_purchase_is_one_entry_however_many_rungs_it_has(packages, entries) -> None:
    assert entries_after(*packages) == entries


@pytest.mark.parametrize("most", [1, 2])
def test_as_many_purchases_as_allowed_for_a_condor(most) -> None:
    # Layer two leaves as soon as the delta is below its trigger, so that one condor is in danger twice.
    layered = {"max_entries": most, "rungs": 2, "relax_delta": 0.249, "relax_iv_expansion": 0.149}
    run = sample_run(
        "layered",
        "2015-01-02",
        "2016-12-30",
        layered=layered,
        quorum={"second": 0},
        sizing={"band_high": 0.0},
    )
    trades = run.trades
    entries = trades[(trades["layer"] == "two") & (trades["action"] == "open")]
    assert (entries.groupby("date")["strike"].count() == 2).all()  # two rungs each
    assert entries.groupby("condor")["date"].nunique().max() == most


# One close together

#: 0.625 x 100 x (-0.05 + 0.30 - 0.05 + 0.02) x 4,000 USD: 55,000 USD of the index.
TESTED = {1: {"delta": -0.05}, 2: {"delta": -0.30}, 3: {"delta": 0.05}, 4: {"delta": 0.02}}
CONDOR_USD = 55_000.0
NOTIONAL = 250_000.0
SURPRISE = {S.INFLATION_SURPRISE: 0.5}


def decided(
    known: dict[int, float], second: float, third: float, hedge: tuple[dict, ...] = (), entries: int = 0
) -> Decision:
    """What is decided for a tested condor of 250,000 USD with a target of 50 VX."""
    layered = LayeredParams(
        target_vx_per_100k=20.0,
        second_share=second,
        third_share=third,
        third_reading=ThirdReading.SIGNALS,
        call_roll_dte=0,
        irr_drop=0.0,
    )
    sizing = SizingParams(band_stretch=1.0)  # nothing is raised
    rules = whole_method(Study(layered=layered, sizing=sizing, quorum=QuorumParams(second=0)))
    today = at_close(known=known)
    rows = condors({"contracts": 0.625, "third_entries": entries})
    return decide_layered(today, book_of(today, [*condor_lots(0.625), *hedge], rows, TESTED), rules)


def exposure(order: Order) -> float:
    """USD of the index that a fall of 1%, with VIX a point up, makes of an order."""
    prices = at_close().prices
    after = shocked(prices, -0.01, 1.0)
    contract = order_contract(order)
    gain = quote_contract(contract, after).mid - quote_contract(contract, prices).mid
    return order.contracts * 100.0 * gain / 0.01


def test_two_layers_of_one_close_stay_within_the_band_together() -> None:
    decision = decided(SURPRISE, second=0.05, third=0.40)
    two, three = (
        [order for order in decision.orders if order.layer == layer] for layer in (Layer.TWO, Layer.THREE)
    )
    # Layer two is bought whole: 50 VX x 5% x 10 calls. Layer three gets the room that is left.
    assert sum(order.contracts for order in two) == pytest.approx(25.0, rel=1e-12)
    assert 0.0 < sum(order.contracts for order in three) < 200.0
    # 12% of the notional, and what the condor itself loses in a fall.
    total = sum(exposure(order) for order in decision.orders)
    assert total == pytest.approx(0.12 * NOTIONAL + CONDOR_USD, rel=1e-9)


def test_where_layer_two_takes_all_the_room_layer_three_has_none() -> None:
    decision = decided(SURPRISE, second=0.40, third=0.40)
    assert {order.layer for order in decision.orders} == {Layer.TWO}
    assert sum(map(exposure, decision.orders)) == pytest.approx(0.12 * NOTIONAL + CONDOR_USD, rel=1e-9)
    assert (Layer.THREE, Reason.NET_EXPOSURE) in [(note.layer, note.reason) for note in decision.notes]


def test_a_sale_of_the_same_close_makes_room() -> None:
    held = call_lot(9, Layer.THREE, 37, contracts=400.0, entry_day=DAY - 20)
    kept, sold = (decided({S.VIX_RSI: rsi}, 0.05, 0.40, (held,), entries=1) for rsi in (40.0, 60.0))
    assert kept.orders == []
    assert [(note.layer, note.reason) for note in kept.notes] == [(Layer.TWO, Reason.NET_EXPOSURE)]
    assert [(o.layer, o.contracts, o.reason) for o in sold.orders[:1]] == [
        (Layer.THREE, -400.0, Reason.RELAXED)
    ]
    assert sum(o.contracts for o in sold.orders[1:]) == pytest.approx(25.0, rel=1e-12)


# Layer three after a surprise


@pytest.mark.parametrize(
    ("days", "rsi", "leaves"),
    [
        (0, 60.0, False),  # calm on the very day of the surprise
        (1, 60.0, False),
        (9, 60.0, False),
        (10, 60.0, True),
        (10, 50.0, True),
        (10, 49.0, False),  # not calm yet
        (40, math.nan, False),  # nobody knows
    ],
)
def test_layer_three_stays_its_days_though_vix_is_calm(days, rsi, leaves) -> None:
    held = call_lot(9, Layer.THREE, 37, contracts=2.0, entry_day=DAY - days)
    decision = decided({S.VIX_RSI: rsi}, 0.0, 0.40, (held,), entries=1)
    found = [(o.lot, o.contracts, o.action, o.reason) for o in decision.orders]
    assert found == ([(9, -2.0, Action.CLOSE, Reason.RELAXED)] if leaves else [])


# Packages


def test_lots_of_one_layer_are_sold_and_rolled_each_by_itself() -> None:
    held = tuple(
        call_lot(lot_id, Layer.THREE, 37, contracts=2.0, entry_day=DAY - 20) for lot_id in (9, 15, 1000)
    )
    decision = decided({S.VIX_RSI: 60.0}, 0.0, 0.40, held, entries=1)
    assert [order.lot for order in decision.orders] == [9, 15, 1000]
    assert len({order.package for order in decision.orders}) == 3
