"""Rolled front futures: how many, when they are bought, and that none settles."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_fixtures import embedded, real, run_in, window_study
from rule_scenes import DAY, at_close, book_of, condors, future_lot, listed

from alvh_bt.book.records import Action, Decision, Layer, Reason, Status
from alvh_bt.config import LongVxParams, Sizes
from alvh_bt.contracts import Root
from alvh_bt.hedges.long_vx import decide_long_vx

USUAL = LongVxParams()
FRACTIONAL, WHOLE = int(Sizes.FRACTIONAL), int(Sizes.WHOLE)
PLANNED = {"status": Status.PLANNED, "contracts": 0.625}


def long_vx(today, lots=(), rows=None, sizes=FRACTIONAL, notional=250_000.0) -> Decision:
    book = book_of(today, list(lots), condors() if rows is None else rows)
    return decide_long_vx(today, book, USUAL, notional, sizes)


def front(dte: int, contracts: float = 0.5):
    return future_lot(9, dte, contracts, Layer.FRONT, group=0)


def test_the_front_future_is_bought_on_the_first_close() -> None:
    (order,) = long_vx(at_close(vx=listed(Root.VX, 16, 51))).orders
    # 0.2 VX a 100,000 USD on 250,000
    assert (order.root, order.expiry, order.contracts) == (Root.VX, DAY + 16, 0.5)
    assert (order.layer, order.group, order.action) == (Layer.FRONT, 0, Action.OPEN)
    assert order.reason == Reason.FRONT_FUTURE


@pytest.mark.parametrize(("dte", "month"), [(14, 14), (13, 48)], ids=["a week beyond its roll", "too near"])
def test_nobody_buys_what_is_to_be_rolled_within_the_week(dte, month) -> None:
    (order,) = long_vx(at_close(vx=listed(Root.VX, dte, 48))).orders
    assert order.expiry == DAY + month


@pytest.mark.parametrize(("dte", "rolled"), [(8, False), (7, True), (1, True)])
def test_it_rolls_a_week_before_settlement(dte, rolled) -> None:
    decision = long_vx(at_close(vx=listed(Root.VX, dte, 42)), [front(dte, 0.4)])
    if not rolled:
        assert decision == ([], [])
        return
    sale, purchase = decision.orders
    assert (sale.lot, sale.contracts, sale.action) == (9, -0.4, Action.ROLL)
    assert (purchase.expiry, purchase.contracts, purchase.action) == (DAY + 42, 0.5, Action.ROLL)
    assert sale.package == purchase.package
    assert {sale.reason, purchase.reason} == {Reason.ROLL_FORWARD}


def test_with_nothing_later_listed_it_is_kept() -> None:
    assert long_vx(at_close(vx=listed(Root.VX, 5)), [front(5)]) == ([], [])


def test_what_keeps_it_from_being_bought_is_said_with_a_condor() -> None:
    none = at_close(vx=listed(Root.VX))
    assert long_vx(none) == ([], [])
    assert [n.reason for n in long_vx(none, rows=condors(PLANNED)).notes] == [Reason.NOT_LISTED]
    # A fifth of a mini future is none.
    today = at_close(vx=listed(Root.VX, 16))
    small = long_vx(today, rows=condors(PLANNED), sizes=WHOLE, notional=10_000.0)
    assert not small.orders
    assert [n.reason for n in small.notes] == [Reason.TOO_SMALL]


def test_whole_sizes_are_minis_where_there_are_any() -> None:
    (order,) = long_vx(at_close(), sizes=WHOLE, notional=260_000.0).orders
    assert (order.root, order.contracts) == (Root.VXM, 5.0)  # 5.2 minis
    (order,) = long_vx(at_close(day=DAY - 1000), sizes=WHOLE, notional=500_000.0).orders
    assert (order.root, order.contracts) == (Root.VX, 1.0)


def check_run(world, start: str, end: str) -> None:
    run = run_in(world, window_study(start, end), "long-vx")
    trades = run.trades[run.trades["book"] == "hedge"]
    assert list(trades["action"].iloc[:1]) == ["open"]
    assert set(trades["action"].iloc[1:]) == {"roll"}
    assert trades["contracts"].abs().unique() == pytest.approx([0.5])
    # Each future is sold and the next bought in the same session; at most one is held.
    assert trades["contracts"].cumsum().isin([0.0, 0.5]).all()


def test_a_run_over_the_sample_is_rolled_and_never_settles() -> None:
    check_run(embedded(), "2018-01-02", "2018-06-29")


@pytest.mark.parametrize(
    ("start", "end"),
    [("2008-01-02", "2008-12-31"), ("2018-01-02", "2018-06-29"), ("2020-01-02", "2020-06-30")],
)
def test_runs_over_crises_are_rolled_and_never_settle(real_data_dir: Path, start, end) -> None:
    check_run(real(real_data_dir), start, end)
