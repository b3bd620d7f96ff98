"""Backtrader's own analyzers and observers on our broker, against a ledger that recomputes every day.

The ledger (`engine_fixtures.Ledger`) has the trades, the price model and the bill rate; NAV, returns,
drawdowns, realised P&L and positions are worked out from it alone.
"""

from __future__ import annotations

from typing import NamedTuple

import backtrader as bt
import numpy as np
import pandas as pd
import pytest
from engine_fixtures import FILLS, USD, Ledger, embedded, replay, window_study

from alvh_bt.engine.recorder import BookRecorder
from alvh_bt.engine.results import RunResult
from alvh_bt.engine.run import NamedHedge
from alvh_bt.engine.setup import equip

CASH = 250_000.0


class Analysed(NamedTuple):
    """A run with every analyzer, and the ledger's account of the same trades."""

    run: RunResult
    analyzers: object
    strategy: object
    days: pd.DataFrame
    ledger: Ledger

    def returns(self) -> np.ndarray:
        nav = np.concatenate(([CASH], self.days["nav"].to_numpy()))
        return nav[1:] / nav[:-1] - 1.0


@pytest.fixture(
    scope="module",
    params=[(hedge, fill) for hedge in ("layered", "static-futures") for fill in FILLS],
    ids=lambda case: " ".join(case),
)
def analysed(request: pytest.FixtureRequest) -> Analysed:
    hedge, fill = request.param
    world = embedded()
    cerebro = bt.Cerebro(stdstats=True)
    study = window_study("2015-06-01", "2015-12-31", book={"fill": fill})
    equip(cerebro, world.market, study, world.prices, world.calendar, feeds=("spx", "vix"))
    cerebro.addstrategy(NamedHedge, hedge=hedge)
    for kind in (bt.analyzers.DrawDown, bt.analyzers.TradeAnalyzer):
        cerebro.addanalyzer(kind)
    cerebro.addobserver(bt.observers.DrawDown)
    cerebro.addanalyzer(bt.analyzers.Transactions, headers=False)
    cerebro.addanalyzer(bt.analyzers.PyFolio)
    cerebro.addanalyzer(bt.analyzers.TimeReturn, timeframe=bt.TimeFrame.Days)
    cerebro.addanalyzer(bt.analyzers.TimeReturn, timeframe=bt.TimeFrame.Months, _name="monthly")
    cerebro.addanalyzer(
        bt.analyzers.SharpeRatio, timeframe=bt.TimeFrame.Days, riskfreerate=0.01, annualize=True
    )
    cerebro.addanalyzer(BookRecorder, _name="recorder")
    (strategy,) = cerebro.run()
    recorder = strategy.analyzers.recorder
    run = RunResult(hedge, recorder.daily(), recorder.trade_list(), recorder.journal())
    done = replay(run, world)
    return Analysed(run, strategy.analyzers, strategy, done.days, done.ledger)


def test_the_ledger_and_the_engine_agree_on_nav(analysed: Analysed) -> None:
    assert {"open", "close"} <= set(analysed.run.trades.query("book == 'hedge'")["action"])
    np.testing.assert_allclose(
        analysed.run.daily["nav"].to_numpy(), analysed.days["nav"].to_numpy(), rtol=0.0, atol=USD
    )


def test_time_return_compounds_to_nav(analysed: Analysed) -> None:
    found = analysed.analyzers.timereturn.get_analysis()
    assert [pd.Timestamp(date) for date in found] == list(analysed.days.index)
    np.testing.assert_allclose(list(found.values()), analysed.returns(), rtol=0.0, atol=1e-11)
    np.testing.assert_allclose(
        CASH * np.cumprod(1.0 + np.array(list(found.values()))),
        analysed.days["nav"].to_numpy(),
        rtol=0.0,
        atol=USD,
    )


def test_monthly_time_return_is_from_month_end_to_month_end(analysed: Analysed) -> None:
    found = list(analysed.analyzers.monthly.get_analysis().values())
    nav = analysed.days["nav"]
    ends = nav.groupby([nav.index.year, nav.index.month]).last().to_numpy()
    expected = ends / np.concatenate(([CASH], ends[:-1])) - 1.0
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-11)


def test_draw_down_is_from_the_highest_close(analysed: Analysed) -> None:
    """Backtrader's peak is the highest NAV at a close so far; starting cash is not one."""
    found = analysed.analyzers.drawdown.get_analysis()
    nav = analysed.days["nav"].to_numpy()
    peak = np.maximum.accumulate(nav)
    down = peak - nav
    assert down.max() > 1_000.0
    assert found.max.moneydown == pytest.approx(down.max(), rel=0.0, abs=USD)
    # Percent of the peak: a millionth of a dollar is 4e-10 percent of a quarter of a million.
    assert found.max.drawdown == pytest.approx((100.0 * down / peak).max(), rel=0.0, abs=1e-9)
    assert found.moneydown == pytest.approx(down[-1], rel=0.0, abs=USD)
    (observer,) = (o for o in analysed.strategy.observers if isinstance(o, bt.observers.DrawDown))
    daily = observer.lines.drawdown.get(size=len(nav))
    np.testing.assert_allclose(daily, 100.0 * down / peak, rtol=0.0, atol=1e-9)
    under = np.split(down > 0.0, np.flatnonzero(down == 0.0))
    assert found.max.len == max(int(run.sum()) for run in under)


def test_sharpe_ratio_is_mean_over_deviation_of_daily_returns(analysed: Analysed) -> None:
    excess = analysed.returns() - (1.01 ** (1.0 / 252.0) - 1.0)
    expected = excess.mean() / excess.std() * np.sqrt(252.0)
    found = analysed.analyzers.sharperatio.get_analysis()["sharperatio"]
    # Returns differ by 1e-11, their deviation is 1e-3: eight digits are left, and six are asked for.
    assert found == pytest.approx(expected, rel=1e-6)


def test_trade_analyzer_adds_up_realised_pnl_net_of_fees(analysed: Analysed) -> None:
    found = analysed.analyzers.tradeanalyzer.get_analysis()
    assert found.pnl.net.total == pytest.approx(analysed.ledger.realised_net, rel=0.0, abs=USD)
    assert found.pnl.gross.total > found.pnl.net.total
    assert found.total.total == analysed.ledger.opened
    assert found.total.closed == analysed.ledger.closed
    assert found.total.get("open", 0) == sum(1 for _ in analysed.ledger.held())
    assert found.won.total + found.lost.total == found.total.closed


def paid(trades: pd.DataFrame) -> pd.DataFrame:
    """Contracts and USD of every contract of every day, by Backtrader's names."""
    names = []
    for row in trades.itertuples():
        tail = f" {row.strike:g} {row.right}" if row.right in ("C", "P") else ""
        names.append(f"{row.root} {row.expiry:%Y-%m-%d}{tail}")
    usd = -trades["contracts"] * trades["contract_multiplier"] * trades["price"]
    frame = pd.DataFrame(
        {"date": trades["date"], "name": names, "contracts": trades["contracts"], "usd": usd}
    )
    return frame.groupby(["date", "name"])[["contracts", "usd"]].sum()


def test_transactions_are_the_fills_in_dollars(analysed: Analysed) -> None:
    rows = [
        (pd.Timestamp(date), name, size, size * price, value)
        for date, entries in analysed.analyzers.transactions.get_analysis().items()
        for size, price, _, name, value in entries
    ]
    found = pd.DataFrame(rows, columns=["date", "name", "contracts", "bought", "usd"])
    found["date"] = found["date"].astype("datetime64[ns]")
    assert not found.duplicated(["date", "name"]).any()
    found = found.set_index(["date", "name"]).sort_index()
    expected = paid(analysed.run.trades)
    pd.testing.assert_frame_equal(found[["contracts", "usd"]], expected, check_exact=False, rtol=1e-12)
    np.testing.assert_allclose(found["bought"], -expected["usd"], rtol=1e-12)


def test_transactions_number_each_contract_once(analysed: Analysed) -> None:
    entries = [e for es in analysed.analyzers.transactions.get_analysis().values() for e in es]
    ids = {(number, name) for _, _, number, name, _ in entries}
    assert len({name for _, name in ids}) == len(ids) == len({number for number, _ in ids})


def test_pyfolio_positions_and_cash_add_up_to_nav(analysed: Analysed) -> None:
    found = dict(analysed.analyzers.pyfolio.get_analysis()["positions"])
    assert found.pop("Datetime") == ["spx", "vix", "cash"]
    table = np.array(list(found.values()))
    days = analysed.days
    assert [pd.Timestamp(date) for date in found] == list(days.index)
    expected = days[["spx_value", "vix_value", "cash"]].to_numpy()
    np.testing.assert_allclose(table, expected, rtol=0.0, atol=USD)
    np.testing.assert_allclose(table.sum(axis=1), days["nav"].to_numpy(), rtol=0.0, atol=USD)
    assert (np.abs(table) > 1.0).any(axis=0).all()


def test_pyfolio_returns_and_transactions_are_those_of_the_ledger(analysed: Analysed) -> None:
    found = analysed.analyzers.pyfolio.get_analysis()
    np.testing.assert_allclose(list(found["returns"].values()), analysed.returns(), rtol=0.0, atol=1e-11)
    moved = dict(found["transactions"])
    moved.pop("date")
    usd = sum(entry[-1] for entries in moved.values() for entry in entries)
    assert usd == pytest.approx(paid(analysed.run.trades)["usd"].sum(), rel=1e-12)


def test_observers_see_nav_and_cash(analysed: Analysed) -> None:
    (broker,) = (o for o in analysed.strategy.observers if isinstance(o, bt.observers.Broker))
    count = len(analysed.days)
    np.testing.assert_allclose(
        broker.lines.value.get(size=count), analysed.days["nav"].to_numpy(), rtol=0.0, atol=USD
    )
    np.testing.assert_allclose(
        broker.lines.cash.get(size=count), analysed.days["cash"].to_numpy(), rtol=0.0, atol=USD
    )


@pytest.fixture(scope="module")
def short_run() -> object:
    """A month of `layered` with more observers, and PyFolio."""
    world, cerebro = embedded(), bt.Cerebro(stdstats=True)
    equip(cerebro, world.market, window_study("2015-06-01", "2015-06-30"), world.prices, world.calendar)
    cerebro.addstrategy(NamedHedge, hedge="layered")
    cerebro.addobserver(bt.observers.Value)
    cerebro.addanalyzer(bt.analyzers.PyFolio)
    cerebro.addanalyzer(BookRecorder, _name="recorder")
    return cerebro.run()[0]


def test_a_value_observer_runs_beside_the_standard_ones(short_run: object) -> None:
    nav = short_run.analyzers.recorder.daily()["nav"].to_numpy()
    (value,) = (o for o in short_run.observers if type(o) is bt.observers.Value)
    assert list(value.lines.value.get(size=len(nav))) == list(nav)


def test_pyfolio_items_hold_every_position(short_run: object) -> None:
    """What PyFolio's own users call: four frames, of which the positions must add up to NAV too."""
    recorder = short_run.analyzers.recorder
    nav = recorder.daily()["nav"].to_numpy()
    returns, positions, transactions, _ = short_run.analyzers.pyfolio.get_pf_items()
    assert len(returns) == len(nav)
    assert len(transactions) == len(paid(recorder.trade_list()))
    np.testing.assert_allclose(positions.sum(axis=1).to_numpy(), nav, rtol=0.0, atol=USD)
