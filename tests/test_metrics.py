"""Metrics against figures worked by hand and against an independent, plain-Python twin."""

from __future__ import annotations

import datetime as dt
import math
import statistics

import numpy as np
import pandas as pd
import pytest
from synthetic_runs import CASH, long_comparison, no_journal, no_trades, small_run

from alvh_bt.analysis import decay
from alvh_bt.analysis.metrics import run_metrics
from alvh_bt.analysis.results import STATES, ComparisonResult
from alvh_bt.engine.results import TRADE_COLUMNS, RunResult
from alvh_bt.errors import DataError

# Both sides are a few dozen double operations on the same numbers: only rounding may differ.
EXACT = {"rel": 1e-12, "abs": 1e-12}
DATES = pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-06", "2020-12-31"])


@pytest.fixture
def by_hand() -> RunResult:
    """Five sessions over 365 days: NAV 110, 99, 88, 121, 110 from 100 USD of cash."""
    return small_run(
        [110.0, 99.0, 88.0, 121.0, 110.0],
        DATES,
        condor_pnl=[12.0, -10.0, -12.0, 30.0, -10.0],
        hedge_pnl=[-2.0, -1.0, 1.0, 3.0, -1.0],
        costs=[2.0, 0.0, 0.5, 0.0, 1.0],
        hedge_costs=[1.0, 0.0, 0.0, 0.0, 0.5],
        hedge_carry=[-1.0, -1.0, -1.0, -0.5, 0.2],
        condor_theta=[2.0, 2.0, 2.0, 2.0, 2.0],
        margin=[10.0, 40.0, 30.0, 0.0, 0.0],
    )


def test_money_by_hand(by_hand):
    found = run_metrics(by_hand, 100.0)
    assert found.pnl_usd == pytest.approx(10.0, **EXACT)
    assert found.total_return == pytest.approx(0.10, **EXACT)
    assert found.cagr == pytest.approx(0.10, **EXACT)  # 365 calendar days: one year
    assert found.condor_pnl_usd == pytest.approx(10.0, **EXACT)
    assert found.hedge_pnl_usd == pytest.approx(0.0, **EXACT)
    assert found.costs_usd == pytest.approx(3.5, **EXACT)
    assert found.margin_peak_usd == 40.0


def test_risk_by_hand(by_hand):
    # Returns: 10/100, -11/110, -11/99, 33/88, -11/121 = 1/10, -1/10, -1/9, 3/8, -1/11.
    found = run_metrics(by_hand, 100.0)
    returns = [1 / 10, -1 / 10, -1 / 9, 3 / 8, -1 / 11]
    mean = sum(returns) / 5
    spread = math.sqrt(sum((each - mean) ** 2 for each in returns) / 4)
    downside = math.sqrt((0.01 + 1 / 81 + 1 / 121) / 5)
    assert found.ann_vol == pytest.approx(spread * math.sqrt(252), **EXACT)
    assert found.sharpe == pytest.approx(mean / spread * math.sqrt(252), **EXACT)
    assert found.sortino == pytest.approx(mean / downside * math.sqrt(252), **EXACT)
    assert found.cvar_95 == pytest.approx(-1 / 9, **EXACT)  # 5% of five days: the worst one
    # 110 on 2020-01-01 falls to 88 on 01-03 and is passed again on 01-06: -20%, five calendar days.
    assert found.max_drawdown == pytest.approx(-0.2, **EXACT)
    assert found.max_drawdown_days == 5


def test_decay_by_hand(by_hand):
    found = run_metrics(by_hand, 100.0)
    # Bleed: 1 + 1 + 1 + 0.5 - 0.2 of carry and 1.5 of costs = 4.8 USD; average NAV 105.6; one year.
    assert found.hedge_decay == pytest.approx(4.8 / 105.6, **EXACT)
    assert found.decay_to_theta == pytest.approx(0.48, **EXACT)
    # The condor's worst day is the third; the hedge made 1 USD on it.
    assert found.hedge_efficiency == pytest.approx(1 / 4.8, **EXACT)


@pytest.mark.parametrize(
    ("nav", "fall", "days"),
    [
        ([100.0, 101.0, 102.0, 103.0, 104.0], 0.0, 0),
        ([90.0, 95.0, 99.0, 99.0, 99.0], -0.1, 365),  # below starting cash from the first to the last day
        ([90.0, 95.0, 100.0, 99.5, 99.0], -0.1, 2),  # back at starting cash on 01-03
        ([120.0, 120.0, 60.0, 119.0, 120.0], -0.5, 364),  # counted from the last day at the peak
        ([120.0, 114.0, 120.0, 60.0, 60.0], -0.5, 363),  # the deepest, not the first
        ([100.0, 50.0, -25.0, -25.0, -25.0], -1.25, 365),  # more than all is lost
    ],
)
def test_deepest_drawdown(nav, fall, days):
    found = run_metrics(small_run(nav, DATES), 100.0)
    assert found.max_drawdown == pytest.approx(fall, **EXACT)
    assert found.max_drawdown_days == days


def test_a_ruined_run_has_no_growth_rate_and_does_not_crash():
    found = run_metrics(small_run([100.0, 40.0, -10.0, -5.0, 20.0], DATES), 100.0)
    assert found.pnl_usd == -80.0
    for undefined in ("ann_vol", "sharpe", "sortino", "cvar_95"):
        assert math.isnan(getattr(found, undefined)), undefined
    assert math.isnan(run_metrics(small_run([100.0, 0.0]), 100.0).cagr)


def test_what_is_undefined_is_nan():
    found = run_metrics(small_run([100.0]), 100.0)
    for name in ("cagr", "ann_vol", "sharpe", "sortino", "hedge_decay", "decay_to_theta", "hedge_efficiency"):
        assert math.isnan(getattr(found, name)), name
    assert (found.total_return, found.max_drawdown, found.trades) == (0.0, 0.0, 0)


def test_a_hedge_that_earns_by_standing_has_negative_decay_and_no_efficiency():
    found = run_metrics(
        small_run([100.0] * 5, DATES, hedge_carry=1.0, hedge_costs=0.2, condor_theta=2.0), 100.0
    )
    assert found.hedge_decay == pytest.approx(-0.04, **EXACT)
    assert found.decay_to_theta == pytest.approx(-0.4, **EXACT)
    assert math.isnan(found.hedge_efficiency)


def test_settlements_are_not_counted_as_trades(by_hand):
    actions = ["open", "close", "roll", "settle", "settle", "open"]
    trades = pd.DataFrame({name: [None] * 6 for name in TRADE_COLUMNS}).assign(action=actions, date=DATES[0])
    run = RunResult("none", by_hand.daily, trades, no_journal())
    assert run_metrics(run, 100.0).trades == 4


@pytest.mark.parametrize(("days", "size"), [(1, 1), (20, 1), (21, 2), (41, 3), (100, 5), (4700, 235)])
def test_tail_size(days, size):
    assert decay.tail_size(days) == size


def twin(run: RunResult, cash: float) -> dict[str, float]:
    """The metrics once more from their definitions, with lists and loops."""
    rows = run.daily.to_dict("records")
    nav = [row["nav"] for row in rows]
    returns = [after / before - 1 for before, after in zip([cash, *nav], nav, strict=False)]
    years = (rows[-1]["date"] - rows[0]["date"]) / dt.timedelta(days=365)
    tail = sorted(returns)[: int((len(returns) - 1) * 0.05) + 1]
    peak, fall = cash, 0.0
    for level in nav:
        peak = max(peak, level)
        fall = min(fall, (level - peak) / peak)
    bleed = sum(row["hedge_costs"] - row["hedge_carry"] for row in rows)
    worst = sorted(rows, key=lambda row: row["condor_pnl"])[: len(tail)]
    downside = math.sqrt(statistics.fmean(min(each, 0) ** 2 for each in returns))
    return {
        "cagr": (nav[-1] / cash) ** (1 / years) - 1,
        "ann_vol": statistics.stdev(returns) * math.sqrt(252),
        "sharpe": statistics.fmean(returns) / statistics.stdev(returns) * math.sqrt(252),
        "sortino": statistics.fmean(returns) / downside * math.sqrt(252),
        "max_drawdown": fall,
        "cvar_95": statistics.fmean(tail),
        "hedge_decay": bleed / years / statistics.fmean(nav),
        "decay_to_theta": bleed / sum(row["condor_theta"] for row in rows),
        "hedge_efficiency": sum(row["hedge_pnl"] for row in worst) / bleed,
    }


def test_metrics_agree_with_the_twin_on_a_long_run():
    run = long_comparison(sessions=1500).runs[-1]
    found = run_metrics(run, CASH)._asdict()
    # Sums of 1,500 doubles in another order: about 1,500 roundings of 1e-16, and cancellation.
    assert {name: found[name] for name in twin(run, CASH)} == pytest.approx(twin(run, CASH), rel=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="hedge_carry"), "daily lacks hedge_carry"),
        (lambda frame: frame.iloc[:0], "daily has no row"),
        (lambda frame: frame.iloc[::-1], "ascending"),
    ],
)
def test_a_run_refuses_frames_that_it_cannot_use(by_hand, change, message):
    with pytest.raises(DataError, match=message):
        RunResult("none", change(by_hand.daily), no_trades(), no_journal())


@pytest.mark.parametrize(
    ("names", "cash"), [((), 100.0), (("a", "a"), 100.0), (("a",), 0.0), (("a",), np.nan)]
)
def test_a_comparison_refuses_what_cannot_be_compared(names, cash):
    runs = tuple(small_run([100.0, 101.0], variant=name) for name in names)
    with pytest.raises(DataError):
        ComparisonResult(
            runs,
            {},
            {},
            (),
            pd.DataFrame(columns=list(STATES)),
            "id",
            dt.date(2020, 1, 2),
            dt.date(2020, 1, 3),
            cash,
        )
