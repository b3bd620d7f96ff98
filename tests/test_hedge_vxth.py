"""The tail hedge: its published table, its roll day, and the days and expiries of the index itself."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from engine_fixtures import embedded, real, run_in, window_study
from rule_scenes import DAY, at_close, book_of, call_lot, condors, listed

from alvh_bt.book.records import REASON_TEXT, Action, Decision, Layer, Reason, order_contract
from alvh_bt.config import Sizes, VxthParams
from alvh_bt.contracts import Right, Root
from alvh_bt.hedges.vxth import call_share, decide_vxth
from alvh_bt.pricing.day import quote_contract
from alvh_bt.validation.benchmarks import read_vxth

USUAL = VxthParams()
FRACTIONAL, WHOLE = int(Sizes.FRACTIONAL), int(Sizes.WHOLE)

#: Tomorrow is a VIX settlement day; the month after settles in 29 days.
CHOSEN = {"fill_in": 1, "fill_at_open": True, "vix_options": listed(Root.VIX, 1, 29, 64)}
SETTLES = {**CHOSEN, "vx": listed(Root.VX, 1, 29, 64)}


def vxth(today, lots=(), sizes=FRACTIONAL, nav=250_000.0) -> Decision:
    return decide_vxth(today, book_of(today, list(lots), condors(), nav=nav), USUAL, sizes)


@pytest.mark.parametrize(
    ("future", "share"),
    [(9.0, 0.0), (15.0, 0.0), (15.01, 0.01), (30.0, 0.01), (30.01, 0.005), (50.0, 0.005), (50.01, 0.0)],
)
def test_the_share_follows_the_published_table(future, share) -> None:
    assert call_share(future, USUAL) == share


@pytest.mark.parametrize(("vix", "usd"), [(20.0, 2_500.0), (40.0, 1_250.0)])
def test_on_the_close_before_a_settlement_day_the_months_calls_are_bought(vix, usd) -> None:
    today = at_close(vix=vix, **SETTLES)
    (order,) = vxth(today).orders
    assert (order.root, order.right, order.expiry) == (Root.VIX, Right.CALL, DAY + 29)
    assert (order.layer, order.group, order.action) == (Layer.TAIL, 0, Action.OPEN)
    assert order.reason == Reason.TAIL_CALLS
    assert 100.0 * order.contracts * order.price == pytest.approx(usd)
    grid = [float(k) for k in range(10, 30)] + [k / 2.0 for k in range(60, 160, 5)]
    deltas = {k: quote_contract(order_contract(order)._replace(strike=k), today.prices).delta for k in grid}
    assert order.strike == min(deltas, key=lambda k: abs(deltas[k] - 0.30))


def test_the_share_is_of_nav() -> None:
    (order,) = vxth(at_close(**SETTLES), nav=100_000.0).orders
    assert 100.0 * order.contracts * order.price == pytest.approx(1_000.0)


@pytest.mark.parametrize("vix", [14.0, 55.0], ids=["calm", "panic"])
def test_calm_and_panic_buy_nothing(vix) -> None:
    assert vxth(at_close(vix=vix, **SETTLES)) == ([], [])


def test_it_waits_for_the_first_roll_day_and_holds_on_any_other() -> None:
    other = at_close(fill_in=1, fill_at_open=True, vx=listed(Root.VX, 2, 29, 64))
    assert vxth(other) == ([], [])
    assert vxth(other, [call_lot(9, Layer.TAIL, 2, group=0)]) == ([], [])


def test_calls_that_settle_on_the_roll_day_make_way_for_the_next() -> None:
    old = call_lot(9, Layer.TAIL, 1, group=0)
    (order,) = vxth(at_close(**SETTLES), [old]).orders
    assert order.lot == -1  # the old ones are left to settle
    assert vxth(at_close(**SETTLES), [call_lot(9, Layer.TAIL, 29, group=0)]) == ([], [])


@pytest.mark.parametrize(("fill_in", "dte"), [(0, 0), (1, 1)], ids=["same close", "next close"])
def test_with_fills_at_the_close_it_rolls_at_the_close_of_the_settlement_day(fill_in, dte) -> None:
    month = {"vix_options": listed(Root.VIX, dte, 29), "vx": listed(Root.VX, dte, 29)}
    (order,) = vxth(at_close(fill_in=fill_in, **month)).orders
    assert order.expiry == DAY + 29


def test_whole_contracts_and_what_is_not_listed() -> None:
    today = at_close(**SETTLES)
    exact = vxth(today).orders[0].contracts
    assert vxth(today, sizes=WHOLE).orders[0].contracts == round(exact) > 0
    assert [n.reason for n in vxth(today, sizes=WHOLE, nav=1_000.0).notes] == [Reason.TOO_SMALL]
    early = {**SETTLES, "vix_options": listed(Root.VIX)}
    assert [n.reason for n in vxth(at_close(**early)).notes] == [Reason.NOT_LISTED]


def test_a_run_over_the_sample_buys_on_settlement_days_and_settles() -> None:
    run = run_in(embedded(), window_study("2015-08-03", "2016-03-31"), "vxth")
    trades = run.trades[run.trades["book"] == "hedge"]
    assert set(trades["action"]) == {"open", "settle"}
    assert len(trades) > 8
    opened, settled = trades[trades["action"] == "open"], trades[trades["action"] == "settle"]
    assert set(settled["date"]) == set(settled["expiry"])
    # Roll days published by the exchange, of the months whose future was above 15.
    assert "2015-09-16" in set(opened["date"].dt.strftime("%Y-%m-%d"))
    assert set(opened["date"].dt.strftime("%Y-%m-%d")) <= {
        *("2015-08-19", "2015-09-16", "2015-10-21", "2015-11-18", "2015-12-16"),
        *("2016-01-20", "2016-02-17", "2016-03-16"),
    }


@pytest.mark.parametrize(("start", "end"), [("2008-01-02", "2009-12-31"), ("2010-01-04", "2012-12-31")])
def test_days_expiries_and_shares_are_those_of_the_index(real_data_dir: Path, start, end) -> None:
    run = run_in(real(real_data_dir), window_study(start, end, book={"on_margin": "cut"}), "vxth")
    table = read_vxth(real_data_dir / "benchmarks" / "vxth_daily.csv")
    began = table[table["expiry"].diff() > 0.0].set_index("day")
    held = 100.0 * began["number_of_calls"] * began["call_mid"] / began["spx"]
    trades = run.trades[(run.trades["book"] == "hedge") & (run.trades["action"] != "close")]
    assert set(trades["action"]) == {"open", "settle"}
    ours = trades[trades["action"] == "open"]
    compared = agreed = 0
    nav = run.daily.set_index("date")["nav"]
    for row in ours.itertuples():
        day = int(np.datetime64(row.date, "D").astype(np.int64))
        assert day in began.index  # the index rolled on that day
        assert int(np.datetime64(row.expiry, "D").astype(np.int64)) == began.loc[day, "expiry"]
        if not (math.isfinite(held[day]) and held[day] > 0.0):
            continue
        paid = 100.0 * row.contracts * row.price / nav[nav.index < row.date].iloc[-1]
        compared += 1
        agreed += abs(math.log(paid / held[day])) < math.log(math.sqrt(2.0))
    assert compared >= 10
    assert agreed / compared > 0.8
    assert REASON_TEXT[Reason.TAIL_CALLS] in set(ours["reason"])


@pytest.mark.parametrize(("start", "end"), [("2018-01-02", "2018-12-31"), ("2020-01-02", "2020-12-31")])
def test_calls_are_held_to_settlement_through_later_crises(real_data_dir: Path, start, end) -> None:
    run = run_in(real(real_data_dir), window_study(start, end), "vxth")
    assert run.stopped is None
    trades = run.trades[run.trades["book"] == "hedge"]
    opened, settled = trades[trades["action"] == "open"], trades[trades["action"] == "settle"]
    assert len(opened) + len(settled) == len(trades) > 8
    assert len(opened) - len(settled) in (0, 1)  # the last one is still on
    assert (settled["date"] == settled["expiry"]).all()
