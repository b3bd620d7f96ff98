"""Every rule compiles, and gives compiled what it gives as plain Python, on days of real history.

Condors, prices and books are compiled here one by one, on quotes too; whole days under every hedge are
what `test_replay` compares, in both engines.
"""

from __future__ import annotations

import ast
import datetime as dt
import importlib
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import backtrader as bt
import numba
import numpy as np
import pytest
from chain_scenes import FakeStore, bumped_store

import alvh_bt
from alvh_bt.book.ledger import carry_of, closing_cash, count_sources, mark_lots, opening_cash, sum_book
from alvh_bt.book.records import (
    REASON_TEXT,
    Action,
    Book,
    Layer,
    Order,
    Status,
    lot_contract,
    order_contract,
)
from alvh_bt.book.settlement import settlement_price, settles_on_proxy
from alvh_bt.book.view import BookView, Today, view_condor
from alvh_bt.condor.manage import decide_condor
from alvh_bt.config import BookParams, Schedule, Sizes, Study, make_study
from alvh_bt.contracts import NO_EXPIRY, Contract, Root, contract_multiplier
from alvh_bt.costs.fees import settlement_fee, trade_fee
from alvh_bt.costs.margin import condor_margin, required_money
from alvh_bt.costs.spreads import half_cost, market_fill
from alvh_bt.engine.setup import equip
from alvh_bt.engine.strategy import CondorStrategy
from alvh_bt.hedges import make_hedge
from alvh_bt.hedges.ladder import decide_ladder
from alvh_bt.hedges.ladder_rolls import RollRule
from alvh_bt.hedges.layered import decide_layered, market_triggers_only, whole_method
from alvh_bt.hedges.lifecycle import NO_CONDOR
from alvh_bt.hedges.long_vx import decide_long_vx
from alvh_bt.hedges.projection import (
    ProjectionTerms,
    annual_return,
    book_irr,
    condor_irr,
    money_tied_up,
    projected_pnl,
    projection_terms,
)
from alvh_bt.hedges.static import decide_static
from alvh_bt.hedges.synthetics import largest_synthetic
from alvh_bt.hedges.vxth import decide_vxth
from alvh_bt.market import Market
from alvh_bt.market.build import build_market
from alvh_bt.market.embedded import embedded_tables
from alvh_bt.pricing.model import ModelPrices, Settlement
from alvh_bt.pricing.quoted import QuotedPrices
from alvh_bt.signal_params import VoteParams
from alvh_bt.signals.quorum import Tally, quorum, quorum_met

PACKAGE = Path(alvh_bt.__file__).parent
SCOPE = ("book", "condor", "costs", "hedges", "signals", "contracts.py")

CRASH = dt.date(2018, 2, 5)

#: Tested, rolled, closed and entered again within a few weeks; two condors at once.
BUSY = make_study(
    start="2018-01-02",
    end="2018-03-29",
    condor={"max_open": 2, "exit_dte": 35, "take_profit": 0.25, "stop_loss": 9.0, "short_delta": 0.25},
    layered={
        "max_entries": 3,
        "future_roll_dte": 10,
        "call_roll_dte": 20,
        "flow_percentile": 0.5,
        "calm_percentile": 0.4,
    },
    book={"starting_cash": 1_000_000.0},
)

#: The same days, from just before the crash.
QUOTED = replace(BUSY, start=dt.date(2018, 1, 30), end=dt.date(2018, 2, 13))

Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Scene(NamedTuple):
    """What a rule was shown: the day, the book, and that session's settlement values."""

    today: Today
    book: BookView
    values: Settlement


# Which functions are rules, and which of them are reached from those compiled here


def rules() -> dict[str, Callable[..., Any]]:
    """Every function decorated with `rule` or `njit` in the packages of rules, by dotted name."""
    found = {}
    for part in SCOPE:
        path = PACKAGE / part
        for source in [path] if path.is_file() else sorted(path.rglob("*.py")):
            relative = source.relative_to(PACKAGE).with_suffix("").parts
            name = ".".join(("alvh_bt", *(piece for piece in relative if piece != "__init__")))
            for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and is_rule(node):
                    found[f"{name}.{node.name}"] = getattr(importlib.import_module(name), node.name)
    return found


def is_rule(node: ast.FunctionDef) -> bool:
    called = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
    names = {
        d.id if isinstance(d, ast.Name) else d.attr for d in called if isinstance(d, ast.Name | ast.Attribute)
    }
    return bool(names & {"rule", "inlined_rule", "njit", "jit"})


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    return getattr(function, "py_func", function)


def uses(function: Callable[..., Any], known: dict[int, str]) -> set[str]:
    """The rules that a rule names in its source, by the objects its module binds those names to."""
    body = plain(function)
    source = Path(body.__code__.co_filename).read_text(encoding="utf-8")
    (node,) = (
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name == body.__name__ and is_rule(node)
    )
    named = {leaf.id for leaf in ast.walk(node) if isinstance(leaf, ast.Name)}
    bound = (body.__globals__.get(name) for name in named)
    return {known[id(thing)] for thing in bound if id(thing) in known}


def reached(roots: Iterable[str], graph: dict[str, set[str]]) -> set[str]:
    """Every node that can be come to from the roots, themselves included."""
    done: set[str] = set()
    todo = list(roots)
    while todo:
        name = todo.pop()
        if name not in done:
            done.add(name)
            todo.extend(graph[name])
    return done


# The rules compiled here, with their arguments on a scene. All others are called by these.


def of_decisions(
    scene: Scene, study: Study, sizes: int
) -> Iterable[tuple[Callable[..., Any], tuple[Any, ...]]]:
    today, book, _ = scene
    money = BookParams(*study.book)._replace(contracts=sizes)
    yield decide_condor, (today, book, study.condor, money, study.costs)
    for method in (whole_method, market_triggers_only):
        yield decide_layered, (today, book, method(study)._replace(sizes=sizes))
    for futures in (False, True):
        yield decide_static, (today, book, futures, study.static, study.layered, study.shock, sizes)
    notional = study.book.notional_usd
    for roll_rule in RollRule:
        yield decide_ladder, (today, book, int(roll_rule), study.ladder, notional, sizes)
    yield decide_vxth, (today, book, study.vxth, sizes)
    yield decide_long_vx, (today, book, study.long_vx, notional, sizes)


def of_book(scene: Scene, study: Study) -> Iterable[Call]:
    today, (lots, marks, condors, *_), values = scene
    costs, prices = study.costs, today.prices
    yield mark_lots, (lots, prices)
    yield count_sources, (lots, prices)
    yield sum_book, (lots, marks)
    yield carry_of, (lots, prices, 3)
    yield condor_margin, (lots, condors)
    yield required_money, (lots, marks, condors, costs)
    yield projected_pnl, (lots, prices, 21, ProjectionTerms(21, 1.0, 0.4))
    for row in range(len(condors)):
        every = (1 << len(VoteParams())) - 1
        yield quorum, (every, view_condor(scene.book, row), today, VoteParams())
    yield quorum_met, (Tally(1, 3, 9), 2)
    terms = projection_terms(study)
    for row in range(len(condors)):
        yield condor_irr, (lots, condors, row, prices, terms)
        yield book_irr, (lots, condors, int(condors["id"][row]), prices, terms)
    yield book_irr, (lots, condors, NO_CONDOR, prices, terms)
    yield money_tied_up, (lots, condors, prices, costs.vx_margin_rate)
    yield annual_return, (-1234.5, 50_000.0, 21)
    for lot, mark in zip(lots, marks, strict=True):
        contract = Contract(*lot_contract(lot))
        root, contracts = contract.root, float(lot["contracts"])
        mid, delta = float(mark["mid"]), float(mark["delta"])
        for sign in (1.0, -1.0):
            yield market_fill, (contract, mid, sign, delta, prices, costs)
        yield largest_synthetic, (lots, root, contract.strike, contract.expiry)
        yield trade_fee, (root, contracts, costs)
        yield settlement_fee, (contracts, costs)
        yield opening_cash, (root, contracts, mid)
        yield closing_cash, (root, contracts, mid, float(lot["entry_price"]))
        yield settlement_price, (contract, values)
        yield settles_on_proxy, (root, values)
        yield contract_multiplier, (root,)
    share = Contract(Root.UVXY, 0, 0.0, NO_EXPIRY)
    for contracts in (2500.0, -2500.0):
        yield market_fill, (share, 40.0, contracts, 2.0, prices, costs)
        yield half_cost, (share, 40.0, 2.0, prices, costs, contracts)
    yield trade_fee, (share.root, 2500.0, costs)
    yield order_contract, (Order(0, 1, 0, 1, -1, 0, -1, 2500.0, 17600, -0.5, 12.5, 0, 4),)


COMPILED_HERE = (
    decide_condor,
    mark_lots,
    count_sources,
    sum_book,
    carry_of,
    condor_margin,
    required_money,
    projected_pnl,
    condor_irr,
    book_irr,
    money_tied_up,
    annual_return,
    largest_synthetic,
    market_fill,
    half_cost,
    trade_fee,
    settlement_fee,
    opening_cash,
    closing_cash,
    settlement_price,
    settles_on_proxy,
    contract_multiplier,
    order_contract,
    quorum,
    quorum_met,
)


def of_the_replay(known: dict[int, str]) -> set[str]:
    """The rules that the replay's own modules name: `test_replay` holds what they do to plain Python."""
    named = set()
    for path in sorted((PACKAGE / "replay").glob("*.py")):
        module = importlib.import_module(f"alvh_bt.replay.{path.stem}")
        named |= {known[id(thing)] for thing in vars(module).values() if id(thing) in known}
    return named


def test_every_rule_is_reached_from_one_compiled_here_or_in_the_replay() -> None:
    found = rules()
    known = {id(function): name for name, function in found.items()}
    graph = {name: uses(function, known) for name, function in found.items()}
    roots = {known[id(function)] for function in COMPILED_HERE} | of_the_replay(known)
    assert len(found) > 60  # the scan has not lost its way
    assert sorted(found.keys() - reached(roots, graph)) == []


def test_a_rule_that_nothing_reaches_would_be_noticed() -> None:
    graph = {"entry": {"strikes"}, "strikes": set(), "forgotten": {"strikes"}}
    assert graph.keys() - reached({"entry"}, graph) == {"forgotten"}


# Compiled and plain


@pytest.fixture(scope="module")
def market() -> Market:
    return build_market(embedded_tables(), dt.date(2020, 1, 1))


@pytest.fixture(scope="module")
def scenes(market: Market) -> list[Scene]:
    """What the rules of two layered runs saw, each close twice: before and after the condor's decision.

    One is on the model alone, one on quotes.
    """
    runs = ((BUSY, ModelPrices(market)), (QUOTED, quoted_prices(market)))
    return [scene for study, prices in runs for scene in watch(market, "layered", study, prices)]


def watch(market: Market, hedge: str, study: Study, prices: ModelPrices | QuotedPrices) -> list[Scene]:
    """What the rules of a run saw, each close twice."""
    seen: list[Scene] = []

    class Watched(CondorStrategy):
        def make_hedge(self, study: Study) -> Any:
            return make_hedge(hedge, study)

        def book(self) -> BookView:
            view = super().book()
            values = self.broker.model.settlement(self.broker.session)
            copies = (view.lots.copy(), view.marks.copy(), view.condors.copy())
            seen.append(Scene(self.broker.today(), BookView(*copies, view.next_group, view.nav), values))
            return view

    cerebro = bt.Cerebro(stdstats=False)
    equip(cerebro, market, study, prices)
    cerebro.addstrategy(Watched)
    cerebro.run()
    return [scene for scene in seen if len(scene.book.lots) == len(scene.book.marks)]


def quoted_prices(market: Market) -> QuotedPrices:
    """Prices with real quotes, two volatility points above the model, on most days of the crash."""
    store = bumped_store(market, "2018-01-30", "2018-02-12", max_dte=60)
    del store.frames[int(market.days[market.index_of(dt.date(2018, 2, 8))])]
    return QuotedPrices(market, FakeStore(store.frames))


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    return function if hasattr(function, "py_func") else numba.njit(cache=True)(function)


def assert_same(left: Any, right: Any) -> None:
    """Same structure, same whole numbers and flags; floats to rounding, NaN where NaN."""
    if isinstance(left, tuple | list):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            assert_same(one, other)
    elif isinstance(left, np.ndarray):
        assert left.dtype == right.dtype
        assert_same(left.tolist(), right.tolist())
    elif isinstance(left, float):
        # rel 1e-12: sums in the same order, but transcendental functions may differ in the last bit.
        assert right == pytest.approx(left, rel=1e-12, abs=1e-12, nan_ok=True)
    else:
        assert left == right


needs_compiler = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="compilation is switched off (NUMBA_DISABLE_JIT)"
)


def test_scenes_hold_what_there_is_to_decide(scenes: list[Scene]) -> None:
    days = {scene.today.day for scene in scenes}
    quoted = [len(scene.today.prices.quotes) for scene in scenes]
    assert 10 < sum(rows > 0 for rows in quoted) < len(quoted) - 10
    assert (CRASH - dt.date(1970, 1, 1)).days in days
    assert {int(s) for scene in scenes for s in scene.book.condors["status"]} == set(Status)
    assert {int(b) for scene in scenes for b in scene.book.lots["book"]} == set(Book)
    assert max(len(scene.book.condors) for scene in scenes) == 2
    orders = [
        order
        for scene in scenes
        for function, arguments in of_decisions(scene, BUSY, Sizes.FRACTIONAL)
        for order in plain(function)(*arguments).orders
    ]
    decided = {(order.book, order.action) for order in orders}
    assert decided == {(book, action) for book in Book for action in (Action.OPEN, Action.CLOSE, Action.ROLL)}
    # Four legs, the static hedge, three layers; three tenors, tail calls and the front future.
    assert {order.layer for order in orders} == set(Layer)


@pytest.mark.long
@needs_compiler
@pytest.mark.parametrize("sizes", [Sizes.FRACTIONAL, Sizes.WHOLE], ids=["fractional", "whole"])
def test_condors_are_decided_the_same_compiled(scenes: list[Scene], sizes: int) -> None:
    run, money, orders = compiled(decide_condor), BUSY.book._replace(contracts=int(sizes)), 0
    for today, book, _ in scenes:
        arguments = (today, book, BUSY.condor, money, BUSY.costs)
        decision = plain(decide_condor)(*arguments)
        orders += len(decision.orders)
        assert_same(run(*arguments), decision)
    assert orders > 50


@pytest.mark.long
@needs_compiler
@pytest.mark.parametrize("schedule", [Schedule.EVERY, Schedule.MONTHLY], ids=["every", "monthly"])
def test_other_settings_are_the_same_compiled(scenes: list[Scene], schedule: int) -> None:
    condor = BUSY.condor._replace(
        schedule=int(schedule), short_distance=0.04, wing_width=50.0, target_dte=7, max_open=3
    )
    run = compiled(decide_condor)
    entries = 0
    for today, book, _ in scenes:
        arguments = (today, book, condor, BUSY.book, BUSY.costs)
        decision = plain(decide_condor)(*arguments)
        entries += len(decision.orders)
        assert_same(run(*arguments), decision)
    assert entries > 0


@needs_compiler
def test_variants_of_the_condor_are_the_same_compiled(scenes: list[Scene]) -> None:
    out = {"roll_days_out": 14, "roll_short_delta": 0.18, "roll_vix": 12.0, "roll_range": 0.5}
    variants = (
        BUSY.condor._replace(max_open=3, short_range=3.0, wing_width=50.0, max_entry_vix=20.0, **out),
        BUSY.condor._replace(max_open=3, target_credit=8.0, target_dte=7, roll_short_delta=0.18),
    )
    run = compiled(decide_condor)
    decided, noted = set(), set()
    for today, book, _ in scenes:
        for condor in variants:
            arguments = (today, book, condor, BUSY.book, BUSY.costs)
            decision = plain(decide_condor)(*arguments)
            decided |= {(order.action, len(decision.orders)) for order in decision.orders}
            noted |= {REASON_TEXT[note.reason] for note in decision.notes}
            assert_same(run(*arguments), decision)
    assert (Action.ROLL, 8) in decided and (Action.OPEN, 4) in decided
    assert "no entry: VIX above its limit" in noted


@pytest.mark.long
@needs_compiler
def test_books_costs_and_settlement_are_the_same_compiled(scenes: list[Scene]) -> None:
    built: dict[Any, Any] = {}
    for scene in scenes[::3]:
        for function, arguments in of_book(scene, BUSY):
            run = built.setdefault(function, compiled(function))
            assert_same(run(*arguments), plain(function)(*arguments))
    assert set(built) | {decide_condor} == set(COMPILED_HERE)


def test_comparison_would_notice_a_difference() -> None:
    assert_same((1, [math.nan, 2.0]), (1, [math.nan, 2.0]))
    for other in ((2, [math.nan, 2.0]), (1, [0.0, 2.0]), (1, [math.nan, 2.0 + 1e-9])):
        with pytest.raises(AssertionError):
            assert_same((1, [math.nan, 2.0]), other)
