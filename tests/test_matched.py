"""Matched comparisons: what a hedge contributed, scaled exactly, and rivals made equal to a reference."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from engine_fixtures import FILLS, USD, sample_run
from synthetic_runs import CASH, long_comparison, small_run

from alvh_bt.analysis.anatomy import ATTRIBUTION_COLUMNS, EXPOSURE_COLUMNS, PROFILE_COLUMNS, Anatomy
from alvh_bt.analysis.contribution import (
    hedge_cash_flows,
    hedge_contribution,
    interest_rates,
    scaled_run,
)
from alvh_bt.analysis.matched import matched_runs, matched_summary
from alvh_bt.analysis.metrics import run_metrics
from alvh_bt.analysis.plain import json_text
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.choices import Match
from alvh_bt.hedges import HEDGES

SCALED = ("nav", "cash", "interest", "costs", "drawdown", "hedge_pnl", "hedge_costs", "hedge_carry")
HEDGED = [name for name in HEDGES if name != "none"]


def result_of(*runs) -> ComparisonResult:
    dates = runs[0].daily["date"]
    states = pd.DataFrame(dict.fromkeys(("spx", "vix", "vix_slope", "vvix"), 1.0), pd.DatetimeIndex(dates))
    return ComparisonResult(
        tuple(runs), {}, {}, (), states, "id", dates.iloc[0].date(), dates.iloc[-1].date(), CASH
    )


def anatomy_of(run, crash_pnl) -> Anatomy:
    """An anatomy of two layers that share `crash_pnl` (USD a day), beside a condor that loses."""
    dates = run.daily["date"]
    rows = [
        {
            "date": day,
            "book": book,
            "layer": layer,
            **dict.fromkeys(EXPOSURE_COLUMNS[2:], 0.0),
            "crash_pnl": pnl,
        }
        for day, usd in zip(dates, crash_pnl, strict=True)
        for book, layer, pnl in (
            ("condor", "short_put", -9e4),
            ("hedge", "one", 0.25 * usd),
            ("hedge", "two", 0.75 * usd),
        )
    ]
    empty = (
        pd.DataFrame(columns=["date", *ATTRIBUTION_COLUMNS]),
        pd.DataFrame(columns=["date", *PROFILE_COLUMNS]),
    )
    return Anatomy(empty[0], pd.DataFrame(rows), empty[1])


# What the hedge contributed


@pytest.mark.parametrize("hedge", HEDGED)
def test_nav_less_the_contribution_is_the_nav_of_no_hedge(hedge) -> None:
    none, run = sample_run("none"), sample_run(hedge)
    assert (run.trades["book"] == "hedge").any()
    found = hedge_contribution(run, interest_rates([run]))
    assert (run.daily["nav"] - found.nav).to_numpy() == pytest.approx(none.daily["nav"].to_numpy(), abs=USD)
    assert (run.daily["cash"] - found.cash).to_numpy() == pytest.approx(
        none.daily["cash"].to_numpy(), abs=USD
    )
    assert np.abs(found.interest).max() > 100 * USD  # or the interest of the hedge's cash were not tested


@pytest.mark.parametrize("fill", FILLS)
def test_the_contribution_holds_whenever_orders_are_filled(fill) -> None:
    none, run = (sample_run(name, book={"fill": fill}) for name in ("none", "layered"))
    found = hedge_contribution(run, interest_rates([none]))
    assert (run.daily["nav"] - found.nav).to_numpy() == pytest.approx(none.daily["nav"].to_numpy(), abs=USD)


@pytest.mark.parametrize("hedge", ["static-calls", "static-futures"])
def test_scaling_by_two_is_running_with_twice_the_contracts(hedge) -> None:
    one, two = (sample_run(hedge, static={"quantity": size}) for size in (2.0, 4.0))
    found = scaled_run(one, hedge_contribution(one, interest_rates([one])), 2.0, CASH)
    for column in SCALED:
        assert found.daily[column].to_numpy() == pytest.approx(two.daily[column].to_numpy(), abs=USD), column
    for column in ("contracts", "fees_usd", "price"):
        assert found.trades[column].to_numpy() == pytest.approx(two.trades[column].to_numpy(), abs=USD)
    got, wanted = run_metrics(found, CASH), run_metrics(two, CASH)
    for name in set(got._fields) - {"margin_peak_usd"}:
        assert getattr(got, name) == pytest.approx(getattr(wanted, name), rel=1e-9, nan_ok=True), name
    assert math.isnan(got.margin_peak_usd)
    assert found.daily[["margin", "delta", "vega"]].isna().all(axis=None)


def test_scaling_by_nothing_leaves_no_hedge_and_by_one_the_run() -> None:
    none, run = sample_run("none"), sample_run("layered")
    contribution = hedge_contribution(run, interest_rates([run]))
    bare, same = (scaled_run(run, contribution, scale, CASH) for scale in (0.0, 1.0))
    for column in SCALED:
        assert bare.daily[column].to_numpy() == pytest.approx(none.daily[column].to_numpy(), abs=USD), column
        assert same.daily[column].to_numpy() == pytest.approx(run.daily[column].to_numpy(), abs=USD), column


def test_the_drawdown_of_a_scaled_run_counts_from_the_starting_cash() -> None:
    # The hedge loses 500 a day on level NAV: half of it leaves 250 a day, and a first day below the start.
    nav = CASH - 500.0 * np.arange(1, 4)
    run = small_run(nav, variant="mine", hedge_pnl=-500.0, cash=nav)
    found = scaled_run(run, hedge_contribution(run, interest_rates([run])), 0.5, CASH)
    assert found.daily["nav"].tolist() == [249_750.0, 249_500.0, 249_250.0]
    assert found.daily["drawdown"].to_numpy() == pytest.approx([-0.001, -0.002, -0.003])


def test_cash_of_trades_by_hand() -> None:
    days = pd.to_datetime(["2020-02-03", "2020-02-04", "2020-02-05", "2020-02-05"])
    trades = pd.DataFrame(
        {
            "date": days,
            "book": ["hedge", "condor", "hedge", "hedge"],
            "root": ["VX", "SPX", "VX", "VX"],
            "contracts": [3.0, -1.0, -1.0, -2.0],
            "lot": [7, 8, 7, 7],
            "price": [15.0, 9.0, 16.5, 14.0],
            "fees_usd": [6.0, 1.5, 2.0, 4.0],
        }
    )
    found = hedge_cash_flows(trades)
    assert found.index.tolist() == [days[0], days[2]]
    # The day of the closes: 1 x 1,000 x 1.5 - 2 and 2 x 1,000 x -1 - 4.
    assert found.tolist() == [-6.0, 1500.0 - 2.0 - 2000.0 - 4.0]


def test_interest_is_read_from_the_run_with_most_cash() -> None:
    little = small_run([1.0] * 3, variant="a", cash=[0.0, 200.0, 5.0], interest=[0.0, 9.9, 0.02])
    much = small_run([1.0] * 3, variant="b", cash=[-1000.0, 100.0, 5.0], interest=[0.0, -0.2, 0.03])
    assert interest_rates([little, much]).tolist() == pytest.approx([0.0, 0.0002, 0.0001])
    penniless = small_run([1.0] * 3, variant="c", cash=[0.0, 0.5, 0.0], interest=[0.0, 0.0, 0.1])
    assert interest_rates([penniless]).tolist() == pytest.approx([0.0, np.nan, np.nan], nan_ok=True)


# Matching


def test_at_equal_cost_all_hedges_bleed_alike() -> None:
    result = result_of(*(sample_run(name) for name in ("none", "static-calls", "static-futures", "layered")))
    found = matched_runs(result, Match.COST, draws=50, seed=1)
    assert (found.by, found.reference) == ("cost", "layered")
    assert found.left_out == {"none": "it holds no hedge"}
    assert list(found.scales) == ["layered", "static-calls", "static-futures"]
    assert [run.variant for run in found.runs] == list(found.scales) == list(found.metrics)
    bleeds = [float((run.daily["hedge_costs"] - run.daily["hedge_carry"]).sum()) for run in found.runs]
    assert bleeds == pytest.approx([bleeds[0]] * 3)
    layered = sample_run("layered")
    pd.testing.assert_frame_equal(found.runs[0].daily, layered.daily)
    pairs = {(row.a, row.b) for row in found.comparisons}
    assert pairs == {
        ("layered", "static-calls"),
        ("layered", "static-futures"),
        ("static-calls", "static-futures"),
    }
    growth = found.comparisons[0]
    wanted = found.metrics["layered"].cagr - found.metrics["static-calls"].cagr
    assert (growth.metric, growth.difference) == ("cagr", wanted)


def test_at_equal_protection_hedges_pay_alike_in_the_shock() -> None:
    result = long_comparison(sessions=80)
    runs = [replace(run, variant=run.variant) for run in result.runs if run.variant in ("none", "layered")]
    rival = replace(runs[1], variant="mine")  # has trades of a hedge, as `layered` has
    calm = np.where(np.arange(80) < 40, 0.0, 6000.0)  # nothing in the first half: 3,000 on average
    result = replace(
        result,
        runs=(*runs, rival),
        anatomy={"layered": anatomy_of(runs[1], np.full(80, 1500.0)), "mine": anatomy_of(rival, calm)},
    )
    found = matched_runs(result, Match.PROTECTION, draws=20)
    assert found.by == "protection"
    assert found.scales == {"layered": 1.0, "mine": pytest.approx(0.5)}
    assert found.runs[1].daily["hedge_pnl"].to_numpy() == pytest.approx(
        0.5 * rival.daily["hedge_pnl"].to_numpy()
    )
    bare = matched_runs(replace(result, anatomy={}), Match.PROTECTION, draws=20)
    assert bare.left_out["mine"] == "the exposures of layered are unknown"
    poor = replace(result, anatomy={**result.anatomy, "mine": anatomy_of(rival, -calm)})
    said = matched_runs(poor, Match.PROTECTION, draws=20).left_out["mine"]
    assert said == "the average P&L in the shock of mine is not positive (-3,000 USD)"


def with_bleed(variant: str, usd_a_day: float, sessions: int = 80):
    """A run with trades of a hedge whose carry is given, on the path of the synthetic `layered`."""
    run = long_comparison(sessions=sessions).runs[3]
    return replace(run, variant=variant, daily=run.daily.assign(hedge_carry=-usd_a_day, hedge_costs=0.0))


def test_a_hedge_that_gains_by_time_is_left_out() -> None:
    found = matched_runs(result_of(with_bleed("layered", 10.0), with_bleed("giver", -2.0)), Match.COST, 20)
    assert found.left_out == {"giver": "the bleed of giver is not positive (-160 USD)"}
    assert found.scales == {"layered": 1.0}
    assert found.comparisons == ()


def test_without_layered_the_first_that_bleeds_is_the_reference() -> None:
    runs = (with_bleed("giver", -2.0), with_bleed("dear", 30.0), with_bleed("cheap", 10.0))
    found = matched_runs(result_of(*runs), Match.COST, draws=20)
    assert (found.reference, found.scales) == ("dear", {"dear": 1.0, "cheap": pytest.approx(3.0)})
    nothing = matched_runs(result_of(runs[0]), Match.COST)
    assert (nothing.reference, nothing.runs) == (None, ())
    assert nothing.left_out == {"giver": "no hedge bleeds, so that there is none to match to"}


def test_a_layered_that_gains_by_time_leaves_all_out() -> None:
    found = matched_runs(result_of(with_bleed("layered", -1.0), with_bleed("mine", 5.0)), Match.COST, 20)
    assert found.left_out == {"mine": "the bleed of layered is not positive (-80 USD)"}


def test_a_run_that_stopped_is_matched_on_the_days_that_both_lived() -> None:
    # The reference bleeds 10 a day for 40 days and 90 after; the rival 5 a day, and stops after 40.
    reference = with_bleed("layered", 10.0)
    carry = np.where(np.arange(80) < 40, -10.0, -90.0)
    reference = replace(reference, daily=reference.daily.assign(hedge_carry=carry))
    rival = with_bleed("mine", 5.0)
    stopped = replace(rival.until(rival.daily["date"].iloc[39]), stopped="margin not met")
    found = matched_runs(result_of(reference, stopped), Match.COST, draws=20)
    assert found.scales["mine"] == pytest.approx(2.0)
    assert found.runs[1].stopped == "margin not met"


def test_unknown_interest_leaves_a_rival_out() -> None:
    rival = with_bleed("mine", 5.0)
    poor = [replace(run, daily=run.daily.assign(cash=0.0)) for run in (with_bleed("layered", 10.0), rival)]
    found = matched_runs(result_of(*poor), Match.COST, draws=20)
    assert "interest is unknown" in found.left_out["mine"]


def test_the_summary_is_plain() -> None:
    result = result_of(with_bleed("none", 0.0), with_bleed("layered", 10.0), with_bleed("mine", 5.0))
    summary = matched_summary(matched_runs(result, Match.COST, draws=50))
    assert set(summary) == {"by", "reference", "scales", "left_out", "variants", "comparisons"}
    assert summary["scales"] == {"layered": 1.0, "mine": 2.0}
    assert summary["variants"]["mine"]["margin_peak_usd"] is None
    assert summary["comparisons"][0]["a"] == "layered"
    assert '"by": "cost"' in json_text(summary)
