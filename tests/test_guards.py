"""What an order must pass before it is sent."""

from __future__ import annotations

import math

import pytest
from engine_fixtures import embedded, run_in, window_study
from rule_scenes import DAY, at_close, book_of, call_lot, condor_lots, condors, future_lot

from alvh_bt.book.records import Action, Book, Decision, Layer, Order, Reason, nothing
from alvh_bt.choices import OnSynthetic
from alvh_bt.config import GuardParams, Study, make_study
from alvh_bt.contracts import Right, Root
from alvh_bt.engine.guards import Guards
from alvh_bt.hedges.projection import book_irr, projection_terms

REFUSE = GuardParams(on_synthetic=OnSynthetic.REFUSE)


def order(root: int, right: int, strike: float, dte: int, contracts: float, **changes) -> Order:
    """A hedge order of condor 1 that opens a lot."""
    usual = Order(
        Book.HEDGE, Layer.TWO, Action.OPEN, 1, -1, root, right, strike, DAY + dte, contracts, 1.0,
        Reason.SHORT_DELTA, 100,
    )  # fmt: skip
    return usual._replace(**changes)


def passed(study: Study, lots: list[dict], *orders: Order) -> Decision:
    today = at_close()
    return Guards(study).passed(Decision(list(orders), []), today, book_of(today, lots, condors({})))


@pytest.mark.parametrize(
    ("lots", "bought", "found"),
    [
        pytest.param(
            condor_lots(),
            order(Root.SPX, Right.CALL, 3700.0, 46, 0.5),
            True,
            id="call at the short put",
        ),
        pytest.param(
            condor_lots(), order(Root.SPX, Right.PUT, 3700.0, 46, 0.2), False, id="buying the short put back"
        ),
        pytest.param(condor_lots(), order(Root.VIX, Right.CALL, 25.0, 37, 5.0), False, id="a VIX call"),
        pytest.param(
            [*condor_lots(), future_lot(9, 37, -0.5)],
            order(Root.VIX, Right.CALL, 25.0, 37, 5.0),
            True,
            id="a VIX call against a sold VX",
        ),
        pytest.param(
            [*condor_lots(), call_lot(9, Layer.TWO, 37)],
            order(Root.VX, Right.FUTURE, 0.0, 37, -0.5),
            True,
            id="a sold VX against VIX calls",
        ),
        pytest.param(
            [*condor_lots(), call_lot(9, Layer.TWO, 37)],
            order(Root.VX, Right.FUTURE, 0.0, 37, 0.5),
            False,
            id="VX and VIX calls, both long",
        ),
    ],
)
def test_guard_finds_synthetic_forwards(lots, bought, found) -> None:
    told = passed(Study(), lots, bought)
    assert told.orders == [bought]
    assert [note.reason for note in told.notes] == ([Reason.SYNTHETIC_FOUND] if found else [])
    strict = passed(Study(guard=REFUSE), lots, bought)
    assert bool(strict.orders) is not found
    assert [note.reason for note in strict.notes] == ([Reason.SYNTHETIC_REFUSED] if found else [])


def test_a_package_is_refused_whole_and_others_pass() -> None:
    bad = order(Root.SPX, Right.CALL, 3700.0, 46, 0.5)
    partner = order(Root.VIX, Right.CALL, 25.0, 37, 5.0)
    other = order(Root.VIX, Right.CALL, 30.0, 37, 5.0, package=101)
    assert passed(Study(guard=REFUSE), condor_lots(), partner, bad, other).orders == [other]


def test_a_refused_roll_of_a_hedge_is_sold_all_the_same() -> None:
    # VX is sold for the expiry into which the calls roll: together they would be a synthetic.
    lots = [*condor_lots(), call_lot(9, Layer.TWO, 10), future_lot(10, 37, -0.5)]
    rolls = {"action": Action.ROLL, "reason": Reason.ROLL_FORWARD}
    sale = order(Root.VIX, Right.CALL, 25.0, 10, -7.0, lot=9, **rolls)
    purchase = order(Root.VIX, Right.CALL, 25.0, 37, 7.0, **rolls)
    told = passed(Study(guard=REFUSE), lots, sale, purchase)
    assert told.orders == [sale]
    assert [(note.layer, note.reason) for note in told.notes] == [(Layer.TWO, Reason.SYNTHETIC_REFUSED)]
    assert passed(Study(), lots, sale, purchase).orders == [sale, purchase]


@pytest.mark.parametrize("guard", [REFUSE, GuardParams()], ids=["refuse", "journal"])
def test_a_condors_roll_passes_whole_and_is_noted(guard) -> None:
    # The hedge holds the call of the strike to which the short put goes.
    lots = [*condor_lots(), spx_call(9, 3600.0)]
    usual = {"book": Book.CONDOR, "layer": Layer.SHORT_PUT, "action": Action.ROLL}
    bought_back = order(Root.SPX, Right.PUT, 3700.0, 46, 0.5, lot=2, **usual)
    sold = order(Root.SPX, Right.PUT, 3600.0, 46, -0.5, **usual)
    told = passed(Study(guard=guard), lots, bought_back, sold)
    assert told.orders == [bought_back, sold]
    assert [(note.book, note.reason) for note in told.notes] == [(Book.CONDOR, Reason.SYNTHETIC_FOUND)]


def spx_call(lot_id: int, strike: float) -> dict:
    """An SPX call of the condor's expiry, in the hedge book."""
    return call_lot(lot_id, Layer.TWO, 46, strike, 0.5, root=Root.SPX)


def test_an_entry_of_a_condor_is_refused_whole() -> None:
    usual = {"book": Book.CONDOR, "action": Action.OPEN, "group": 2}
    legs = [
        order(Root.SPX, Right.PUT, 3500.0, 46, 0.5, layer=Layer.LONG_PUT, **usual),
        order(Root.SPX, Right.PUT, 3600.0, 46, -0.5, layer=Layer.SHORT_PUT, **usual),
    ]
    told = passed(Study(guard=REFUSE), [spx_call(9, 3600.0)], *legs)
    assert told.orders == []
    assert [note.reason for note in told.notes] == [Reason.SYNTHETIC_REFUSED]


def test_decisions_of_one_close_count_together() -> None:
    # The condor sells a put; the hedge then buys the call of that strike on the same close.
    today = at_close()
    book = book_of(today, [], condors({}))
    guards = Guards(Study(guard=REFUSE))
    put = order(Root.SPX, Right.PUT, 3700.0, 46, -0.5, book=Book.CONDOR, layer=Layer.SHORT_PUT)
    call = order(Root.SPX, Right.CALL, 3700.0, 46, 0.5)
    assert guards.passed(Decision([put], []), today, book).orders == [put]
    assert guards.passed(Decision([call], []), today, book).orders == []


def test_closing_a_position_is_never_a_synthetic() -> None:
    lots = [*condor_lots(), call_lot(9, Layer.TWO, 37), future_lot(10, 37, -0.5)]
    sale = order(Root.VIX, Right.CALL, 25.0, 37, -7.0, lot=9, action=Action.CLOSE)
    assert passed(Study(guard=REFUSE), lots, sale) == ([sale], [])


def test_guard_refuses_what_costs_too_much() -> None:
    today = at_close()
    calls = order(Root.VIX, Right.CALL, 25.0, 37, 50.0)
    lots = condor_lots()
    terms = projection_terms(Study())
    book, hedged = (
        book_of(today, held, condors({}))
        for held in (lots, [*lots, call_lot(9, Layer.TWO, 37, contracts=50.0)])
    )
    without = book_irr(book.lots, book.condors, 1, today.prices, terms)
    with_it = book_irr(hedged.lots, hedged.condors, 1, today.prices, terms)
    cost = without - with_it
    assert cost > 0.0
    allowed, refused = (
        passed(Study(guard=GuardParams(max_irr_cost=cost * share)), lots, calls) for share in (1.01, 0.99)
    )
    assert (allowed.orders, allowed.notes) == ([calls], [])
    assert refused.orders == []
    (note,) = refused.notes
    # rel 1e-9: the order's lot has its own price at entry, which the projection does not read.
    assert (note.reason, note.contracts) == (Reason.IRR_COST, 50.0)
    assert (note.irr_without, note.irr_with) == pytest.approx((without, with_it), rel=1e-9)


def test_condors_and_sales_are_not_asked_what_they_cost() -> None:
    lots = [*condor_lots(), call_lot(9, Layer.TWO, 37)]
    sale = order(Root.VIX, Right.CALL, 25.0, 37, -7.0, lot=9, action=Action.CLOSE)
    own = order(Root.SPX, Right.PUT, 3000.0, 46, 0.5, book=Book.CONDOR, layer=Layer.LONG_PUT, package=5)
    dear = Study(guard=GuardParams(max_irr_cost=1e-9))
    assert passed(dear, lots, sale, own).orders == [sale, own]


def test_nothing_passes_as_nothing() -> None:
    assert passed(Study(), condor_lots(), *nothing().orders) == ([], [])


def test_refused_layers_stand_in_the_journal_and_are_not_bought() -> None:
    settings = window_study("2018-01-02", "2018-03-29")
    strict = make_study(start=settings.start, end=settings.end, guard={"max_irr_cost": 1e-6})
    free, held_back = (run_in(embedded(), study, "layered") for study in (settings, strict))
    notes = held_back.journal[held_back.journal["reason"].str.startswith("refused")]
    assert len(notes) > 0
    assert (notes["irr_without"] - notes["irr_with"] > 1e-6).all()
    assert notes["contracts"].gt(0.0).all()
    bought = [run.trades[(run.trades["book"] == "hedge")] for run in (free, held_back)]
    assert len(bought[1]) < len(bought[0])
    assert not math.isnan(held_back.daily["nav"].iloc[-1])
