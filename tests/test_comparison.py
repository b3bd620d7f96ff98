"""Comparisons: paired, seeded, right on average, honest where a run stopped or a metric is undefined."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests
from synthetic_runs import CASH, long_comparison, small_run

from alvh_bt.analysis.bootstrap import COMPARED, DailyRows, block_length, draw_days, interval_of, resampled
from alvh_bt.analysis.comparison import STRETCHED, compare_runs, holm, persistent_series
from alvh_bt.analysis.metrics import run_metrics
from alvh_bt.analysis.plain import json_text
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.analysis.summary import summarise
from alvh_bt.errors import DataError


def comparison_of(*runs) -> ComparisonResult:
    dates = max((run.daily["date"] for run in runs), key=len)
    states = pd.DataFrame(
        {"spx": 4000.0, "vix": 20.0, "vix_slope": 0.02, "vvix": 90.0}, pd.DatetimeIndex(dates)
    )
    return ComparisonResult(runs, {}, {}, (), states, "id", dates.iloc[0].date(), dates.iloc[-1].date(), CASH)


def walk(seed: int, drift: float, sessions: int = 300):
    draw = np.random.default_rng(seed)
    return CASH * np.cumprod(1 + drift + 0.01 * draw.standard_normal(sessions))


def test_every_pair_on_every_metric_in_order():
    result = long_comparison(sessions=250)
    rows = compare_runs(result, draws=100, seed=1)
    names = [run.variant for run in result.runs]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    assert [(row.a, row.b, row.metric) for row in rows] == [
        (a, b, metric) for a, b in pairs for metric in COMPARED
    ]


def test_the_difference_is_that_of_the_metrics():
    result = long_comparison(sessions=250)
    metrics = {run.variant: run_metrics(run, CASH) for run in result.runs}
    for row in compare_runs(result, draws=100, seed=1):
        assert row.difference == getattr(metrics[row.a], row.metric) - getattr(metrics[row.b], row.metric)


def test_resampling_every_day_once_in_order_gives_the_metrics_of_the_run():
    run = long_comparison(sessions=600).runs[1]
    nav = run.daily["nav"].to_numpy()
    returns = nav / np.concatenate(([CASH], nav[:-1])) - 1
    bleed = (run.daily["hedge_costs"] - run.daily["hedge_carry"]).to_numpy()
    years = (run.daily["date"].iloc[-1] - run.daily["date"].iloc[0]).days / 365
    rows = DailyRows(*(column[np.newaxis] for column in (returns, nav, bleed)))
    found = resampled(rows, [np.arange(600)], years)[:, 0, 0]
    metrics = run_metrics(run, CASH)
    # NAV is multiplied up from 600 returns here and read there: 600 roundings.
    assert found == pytest.approx([getattr(metrics, name) for name in COMPARED], rel=1e-9)


def test_resampled_metrics_of_hand_made_draws_of_two_runs():
    rows = DailyRows(
        np.array([[0.10, -0.50, 0.0], [-0.10, 0.20, 0.30]]),
        np.array([[110.0, 55.0, 55.0], [90.0, 108.0, 140.4]]),
        np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 6.0]]),
    )
    found = resampled(rows, [np.array([1, 1, 0]), np.array([2, 0, 0])], 1.0)
    assert found.shape == (len(COMPARED), 2, 2)
    first = dict(zip(COMPARED, found[:, 0, 0], strict=True))
    assert first["cagr"] == pytest.approx(0.5 * 0.5 * 1.1 - 1)
    assert first["max_drawdown"] == pytest.approx(0.25 - 1)  # from the starting cash
    assert first["cvar_95"] == pytest.approx(-0.5)
    mean, variance = -0.9 / 3, (0.04 + 0.04 + 0.16) / 2  # returns -0.5, -0.5, 0.1
    assert first["sharpe"] == pytest.approx(mean / math.sqrt(variance) * math.sqrt(252))
    assert first["hedge_decay"] == pytest.approx((2 + 2 + 1) / ((55 + 55 + 110) / 3))
    other = dict(zip(COMPARED, found[:, 1, 1], strict=True))
    assert other["cagr"] == pytest.approx(1.3 * 0.9 * 0.9 - 1)
    assert other["max_drawdown"] == pytest.approx(0.81 - 1)
    assert other["cvar_95"] == pytest.approx(-0.1)
    assert other["hedge_decay"] == pytest.approx(6 / ((140.4 + 90 + 90) / 3))


def test_the_tail_of_a_draw_counts_a_day_as_often_as_it_was_drawn():
    # 41 days: the worst 3 returns. Row 7 is the worst, drawn twice; row 3 next, drawn three times.
    returns = np.linspace(0.001, 0.041, 41)
    returns[7], returns[3] = -0.09, -0.03
    days = np.r_[[7, 3, 3, 7, 3], np.arange(20, 40), np.arange(20, 36)]
    rows = DailyRows(returns[np.newaxis], np.full((1, 41), 100.0), np.zeros((1, 41)))
    found = dict(zip(COMPARED, resampled(rows, [days], 1.0)[:, 0, 0], strict=True))
    assert found["cvar_95"] == pytest.approx(-(0.09 + 0.09 + 0.03) / 3)


def test_an_interval_that_misses_what_was_measured_is_stretched():
    drawn = np.linspace(-1.0, 1.0, 201)
    assert interval_of(drawn, 0.2) == (pytest.approx(-0.9), pytest.approx(0.9), False)
    assert interval_of(drawn, 1.5) == (pytest.approx(-0.9), 1.5, True)
    assert interval_of(drawn, -0.95) == (-0.95, pytest.approx(0.9), True)
    assert math.isnan(interval_of(drawn, math.nan).low)
    assert math.isnan(interval_of(np.array([0.0, math.nan]), 0.0).high)


def test_a_drawdown_beyond_all_drawn_ones_is_inside_its_interval_all_the_same():
    # Days of random size, each with the sign that leads back to the start: nothing falls far. Drawn days
    # have no such order.
    path = [1.0]
    for size in np.random.default_rng(2).uniform(0.002, 0.012, 2000):
        path.append(path[-1] * (1 + (size if path[-1] < 1.0 else -size)))
    tame = CASH * np.array(path[1:])
    result = comparison_of(small_run(tame, variant="a"), small_run(np.full(2000, CASH), variant="b"))
    rows = {row.metric: row for row in compare_runs(result, 200, 1)}
    fall = rows["max_drawdown"]
    assert fall.difference == pytest.approx(np.min(path / np.maximum.accumulate(path)) - 1)
    assert fall.ci_low < 1.5 * fall.difference
    assert fall.ci_high == fall.difference
    assert fall.method.endswith(STRETCHED)
    assert not rows["cagr"].method.endswith(STRETCHED)


def test_p_values_are_adjusted_by_holm_over_the_pairs_of_a_metric():
    rows = compare_runs(long_comparison(sessions=400), draws=200, seed=1)
    for metric in COMPARED:
        raw = [row.p_value for row in rows if row.metric == metric]
        adjusted = [row.p_adjusted for row in rows if row.metric == metric]
        assert adjusted == pytest.approx(multipletests(raw, method="holm")[1])


@pytest.mark.parametrize(
    ("raw", "adjusted"),
    [
        ([], []),
        ([0.04], [0.04]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),  # 3 x 0.01; 2 x 0.03; 1 x 0.04, which may not fall below it
        ([0.6, 0.6], [1.0, 1.0]),
    ],
)
def test_holm_by_hand(raw, adjusted):
    assert holm(raw) == pytest.approx(adjusted)


def test_pairs_without_a_p_value_do_not_count_in_the_adjustment():
    nav = walk(1, 0.0)
    ruined = np.where(np.arange(300) > 250, -100.0, nav)
    runs = (small_run(n, variant=v) for v, n in (("a", nav), ("b", walk(2, 0.001)), ("c", ruined)))
    rows = {(row.a, row.b, row.metric): row for row in compare_runs(comparison_of(*runs), 100, 1)}
    row = rows["a", "b", "sharpe"]
    assert row.p_adjusted == row.p_value < 1.0  # the only pair of three
    assert math.isnan(rows["a", "c", "sharpe"].p_adjusted)


def test_the_tails_of_runs_count_in_the_block_length():
    returns = np.array([-0.05, 0.01, 0.02, 0.03] * 10)
    other = returns + 0.001
    differences, *tails = persistent_series([(returns, other)])
    assert differences == pytest.approx(np.full(40, -0.001))
    # The worst 5% of 40 days are 2, the second of them -0.05 like the first ten.
    assert [tail.tolist() for tail in tails] == [[0.0] * 40, [0.0] * 40]
    tail = persistent_series([(np.arange(40) / 100, other)])[1]
    assert tail[:3].tolist() == pytest.approx([-0.01, 0.0, 0.0])


def test_a_clear_difference_is_found_and_noise_is_not():
    noise = walk(3, 0.0)
    same_but_better = CASH * np.cumprod(np.concatenate(([noise[0] / CASH], noise[1:] / noise[:-1])) + 0.001)
    better, base, other = (
        small_run(nav, variant=name)
        for nav, name in ((same_but_better, "better"), (noise, "base"), (walk(4, 0.0), "other"))
    )
    rows = {
        (row.a, row.b, row.metric): row for row in compare_runs(comparison_of(better, base, other), 400, 5)
    }
    clear = rows["better", "base", "cagr"]
    assert clear.ci_low > 0
    assert clear.p_value == pytest.approx(2 / 401)  # no draw beyond zero: the least that 400 draws can show
    unclear = rows["base", "other", "cagr"]
    assert unclear.ci_low < 0 < unclear.ci_high
    assert unclear.p_value > 0.10


def test_the_interval_of_a_mean_is_as_wide_as_theory_says():
    # Sharpe of independent days has standard error sqrt((1 + S^2/2) / n) a day (Lo 2002, eq. 9), here
    # sqrt(1 / n); the difference between two runs that have nothing in common sqrt(2 / n).
    sessions = 1000
    draw = np.random.default_rng(11)
    left, right = (CASH * np.cumprod(1 + 0.01 * draw.standard_normal(sessions)) for _ in range(2))
    result = comparison_of(small_run(left, variant="a"), small_run(right, variant="b"))
    row = next(row for row in compare_runs(result, 500, 2) if row.metric == "sharpe")
    theory = 2 * 1.645 * math.sqrt(2 / sessions) * math.sqrt(252)
    # 500 draws know the 5% quantile to about 6%; blocks and the sample's own spread add as much.
    assert row.ci_high - row.ci_low == pytest.approx(theory, rel=0.15)


def test_identical_runs_differ_by_nothing():
    nav = walk(1, 0.0)
    rows = compare_runs(comparison_of(small_run(nav, variant="a"), small_run(nav, variant="b")), 100, 0)
    for row in rows:
        assert row[3:8] == (0.0, 0.0, 0.0, 1.0, 1.0)
        assert STRETCHED not in row.method


def test_the_seed_decides_the_draws():
    result = long_comparison(sessions=250)
    first, again, other = (compare_runs(result, 100, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_draws_are_as_many_and_as_long_as_asked_for():
    days = np.array(list(draw_days(50, 5, 60, 3)))
    assert days.shape == (60, 50)
    assert days.min() >= 0
    assert days.max() < 50


def test_persistent_differences_need_longer_blocks():
    draw = np.random.default_rng(5)
    noise = draw.standard_normal(2000)
    persistent = pd.Series(noise).ewm(halflife=10).mean().to_numpy()
    assert block_length([persistent]) > 5 * block_length([noise])
    assert block_length([np.zeros(100)]) == 1


def test_a_stopped_run_is_compared_on_the_days_that_it_lived():
    nav = walk(1, 0.001)
    whole, other, cut = small_run(nav, variant="whole"), small_run(nav * 1.01, variant="other"), nav[:200]
    stopped = small_run(cut, variant="stopped", stopped="margin short by 1 USD")
    rows = {
        (row.a, row.b, row.metric): row for row in compare_runs(comparison_of(whole, other, stopped), 100, 1)
    }
    assert rows["whole", "stopped", "cagr"].difference == 0.0  # the same NAV as long as both lived
    last = stopped.daily["date"].iloc[-1]
    assert rows["whole", "stopped", "cagr"].method.endswith(f"days common to both, to {last:%Y-%m-%d}")
    assert "common" not in rows["whole", "other", "cagr"].method


def test_a_ruined_run_has_no_interval():
    nav = CASH * 1.001 ** np.arange(300)
    ruined = np.where(np.arange(300) > 250, -100.0, nav)
    rows = compare_runs(comparison_of(small_run(nav, variant="a"), small_run(ruined, variant="b")), 100, 1)
    by_metric = {row.metric: row for row in rows}
    assert math.isnan(by_metric["cagr"].difference)
    assert by_metric["max_drawdown"].difference > 1.0
    assert all(math.isnan(row.ci_low) and math.isnan(row.p_value) for row in rows)
    assert all(math.isnan(row.p_adjusted) for row in rows)


def test_too_few_sessions_give_a_difference_without_an_interval():
    rows = compare_runs(
        comparison_of(small_run(walk(1, 0.0, 20), variant="a"), small_run(walk(2, 0.0, 20), variant="b"))
    )
    assert all(math.isnan(row.ci_low) and "20 sessions" in row.method for row in rows)
    assert math.isfinite(rows[0].difference)


def test_runs_on_other_days_are_refused():
    left = small_run([CASH, CASH], pd.to_datetime(["2020-01-02", "2020-01-06"]), "a")
    right = small_run([CASH, CASH], pd.to_datetime(["2020-01-03", "2020-01-06"]), "b")
    with pytest.raises(DataError, match="do not share their sessions"):
        compare_runs(comparison_of(left, right))


def test_summary_has_the_agreed_keys_and_the_same_bytes_each_time():
    first, second = (json_text(summarise(long_comparison(sessions=250), draws=100, seed=1)) for _ in range(2))
    assert first == second
    summary = json.loads(first)
    assert list(summary) == [
        *("run_id", "verdict", "inputs", "signals_unavailable", "window", "variants", "comparisons"),
        *("superior", "regimes", "crises", "notes", "settings"),
    ]
    assert set(summary["window"]) == {"start", "end", "sessions"}
    assert summary["window"]["start"] == "2006-03-01"
    assert set(summary["variants"]["layered"]) == {
        *(
            "pnl_usd",
            "total_return",
            "cagr",
            "ann_vol",
            "sharpe",
            "sortino",
            "max_drawdown",
            "max_drawdown_days",
        ),
        *("cvar_95", "condor_pnl_usd", "hedge_pnl_usd", "costs_usd", "hedge_decay", "decay_to_theta"),
        *("hedge_efficiency", "trades", "margin_peak_usd", "monetised_usd"),
        *("hedge_pnl_worst_usd", "stopped"),
    }
    assert set(summary["comparisons"][0]) == {
        *("a", "b", "metric", "difference", "ci_low", "ci_high", "p_value", "p_adjusted", "method")
    }


def test_summary_turns_the_undefined_into_null_and_rounds_to_ten_digits():
    result = comparison_of(small_run([CASH, CASH + 1 / 3], variant="a", stopped="why"))
    summary = summarise(result)
    assert summary["variants"]["a"]["hedge_efficiency"] is None
    assert summary["variants"]["a"]["stopped"] == "why"
    assert summary["variants"]["a"]["pnl_usd"] == 0.3333333333
    assert '"hedge_efficiency": null' in json_text(summary)
    loss_of_nothing = ComparisonResult(**{**vars(result), "settings": {"tilt": -0.0}})
    assert '"tilt": 0.0' in json_text(summarise(loss_of_nothing))
