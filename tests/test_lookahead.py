"""Cutting the future off, or changing it, changes nothing of the past: to the last bit, on every hedge."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from engine_fixtures import HEDGES, HELD, RIVALS, World, embedded, real, run_in, window_study, world_of
from pandas.testing import assert_frame_equal

from alvh_bt.engine.results import RunResult
from alvh_bt.market import Market

#: Window -> the days after whose close the future is cut off or changed.
SAMPLE_CUTS = {
    ("2015-07-01", "2015-10-30"): ("2015-08-20", "2015-08-24", "2015-09-18"),
    ("2017-12-01", "2018-03-29"): ("2018-01-16", "2018-02-02", "2018-02-05", "2018-02-09"),
}
REAL_CUTS = {
    ("2008-08-01", "2008-11-28"): ("2008-09-12", "2008-09-29"),
    ("2011-06-15", "2011-09-30"): ("2011-08-04", "2011-08-08"),
    ("2020-02-03", "2020-04-30"): ("2020-02-27", "2020-03-16"),
}


def flat(cuts: dict) -> list[tuple[str, str, str]]:
    return [(start, end, cut) for (start, end), days in cuts.items() for cut in days]


def same_past(full: RunResult, other: RunResult, cut: str) -> None:
    """Every row of every frame up to the cut is the same, in every column, exactly."""
    last = pd.Timestamp(cut)
    before = full.until(last)
    assert before.daily["date"].iloc[-1] == last
    assert len(before.trades) > 0
    for name in ("daily", "trades", "journal"):
        frame = getattr(other.until(last), name)
        assert_frame_equal(
            getattr(before, name).reset_index(drop=True),
            frame.reset_index(drop=True),
            check_exact=True,
            obj=f"{name} up to {cut}",
        )


@cache
def sample_run_of(hedge: str, start: str, end: str) -> RunResult:
    return run_in(embedded(), window_study(start, end), hedge)


@cache
def real_run_of(folder: Path, hedge: str, start: str, end: str) -> RunResult:
    return run_in(real(folder), window_study(start, end), hedge)


@cache
def cut_world(folder: Path | None, cut: str) -> World:
    market = real(folder).market if folder else embedded().market
    return world_of(market.truncated(dt.date.fromisoformat(cut)))


@cache
def perturbed_world(folder: Path | None, cut: str, seed: int) -> World:
    market = real(folder).market if folder else embedded().market
    return world_of(perturbed(market, dt.date.fromisoformat(cut), seed))


def perturbed(market: Market, cut: dt.date, seed: int) -> Market:
    """The market with every number after `cut` multiplied by a random factor between 0.7 and 1.4.

    One factor a session for the prices of an index, so that its high stays above its low.
    """
    draw = np.random.default_rng(seed)
    after = market.index_of(cut) + 1
    rows = len(market.sessions) - after
    families: dict[str, np.ndarray] = {}
    columns = {}
    for name, values in market.columns.items():
        family = name.split("_")[0] if name.endswith(("open", "high", "low", "close")) else name
        factor = families.setdefault(family, np.exp(draw.uniform(np.log(0.7), np.log(1.4), rows)))
        changed = values.copy()
        changed[after:] *= factor
        columns[name] = changed
    settle = market.vx_settle.copy()
    settle[after:] *= families["vix"][:, None]
    return replace(market, columns=columns, vx_settle=settle)


@pytest.mark.parametrize(("start", "end", "cut"), flat(SAMPLE_CUTS))
@pytest.mark.parametrize("hedge", HEDGES)
def test_cutting_the_future_off_leaves_the_past_alone(hedge: str, start: str, end: str, cut: str) -> None:
    shorter = run_in(cut_world(None, cut), window_study(start, end), hedge)
    assert shorter.daily["date"].iloc[-1] == pd.Timestamp(cut)
    full = sample_run_of(hedge, start, end)
    assert full.daily["date"].iloc[-1] == pd.Timestamp(end)
    same_past(full, shorter, cut)


@pytest.mark.parametrize(("start", "end", "cut"), flat(REAL_CUTS))
@pytest.mark.parametrize("hedge", HEDGES)
def test_cutting_the_real_future_off_leaves_the_past_alone(
    real_data_dir: Path, hedge: str, start: str, end: str, cut: str
) -> None:
    shorter = run_in(cut_world(real_data_dir, cut), window_study(start, end), hedge)
    assert shorter.daily["date"].iloc[-1] == pd.Timestamp(cut)
    same_past(real_run_of(real_data_dir, hedge, start, end), shorter, cut)


@pytest.mark.parametrize("hedge", [*HEDGES, *RIVALS])
def test_another_future_has_the_same_past(hedge: str) -> None:
    start, end, cut = "2017-12-01", "2018-03-29", "2018-02-02"
    other = run_in(perturbed_world(None, cut, seed=11), window_study(start, end), hedge)
    full = sample_run_of(hedge, start, end)
    same_past(full, other, cut)
    later = full.daily["nav"].iloc[-1], other.daily["nav"].iloc[-1]
    assert later[0] != later[1]


@pytest.mark.parametrize("hedge", RIVALS)
def test_cutting_the_future_off_leaves_the_past_of_standing_hedges_alone(hedge: str) -> None:
    start, end, cut = "2017-12-01", "2018-03-29", "2018-02-05"
    same_past(
        sample_run_of(hedge, start, end), run_in(cut_world(None, cut), window_study(start, end), hedge), cut
    )


@pytest.mark.parametrize("hedge", [*HEDGES, *RIVALS])
def test_another_real_future_has_the_same_past(real_data_dir: Path, hedge: str) -> None:
    start, end, cut = "2020-02-03", "2020-04-30", "2020-02-27"
    other = run_in(perturbed_world(real_data_dir, cut, seed=12), window_study(start, end), hedge)
    full = real_run_of(real_data_dir, hedge, start, end)
    same_past(full, other, cut)
    assert full.daily["nav"].iloc[-1] != other.daily["nav"].iloc[-1]


@pytest.mark.parametrize("fill", ["same_close", "next_close"])
def test_the_other_fill_timings_do_not_look_ahead_either(fill: str) -> None:
    start, end, cut = "2017-12-01", "2018-03-29", "2018-02-05"
    study = window_study(start, end, book={"fill": fill})
    full = run_in(embedded(), study, "layered")
    same_past(full, run_in(cut_world(None, cut), study, "layered"), cut)
    same_past(full, run_in(perturbed_world(None, cut, seed=13), study, "layered"), cut)


def test_held_condors_settle_without_looking_ahead() -> None:
    """Cut on settlement days: what settles on them is not moved by the next day."""
    start, end = "2015-06-01", "2015-12-31"
    study = window_study(start, end, condor=HELD)
    full = run_in(embedded(), study, "static-futures")
    settled = full.trades.query("action == 'settle'").groupby("root")["date"].max()
    assert {"SPX", "VX"} <= set(settled.index)
    for cut in settled.dt.strftime("%Y-%m-%d"):
        same_past(full, run_in(cut_world(None, cut), study, "static-futures"), cut)


def closes_of_one_day(market: Market, day: dt.date) -> Market:
    """The market with all that is known only at the close of one day halved or doubled; opens are kept."""
    i = market.index_of(day)
    columns = {}
    for name, values in market.columns.items():
        if name in ("spx_open", "vix_open", "spx_set", "vro"):
            columns[name] = values
            continue
        changed = values.copy()
        changed[i] *= 0.8 if name.startswith("spx") and name != "spx_volume" else 1.5
        columns[name] = changed
    # High and low must still enclose the open.
    columns["spx_high"][i] = max(columns["spx_high"][i], columns["spx_open"][i])
    columns["vix_low"][i] = np.fmin(columns["vix_low"][i], columns["vix_open"][i])
    settle = market.vx_settle.copy()
    settle[i] *= 1.5
    return replace(market, columns=columns, vx_settle=settle)


def crash_day(hedge: str, world: World, start: str, day: str) -> None:
    """Fills at an open, and settlements on it, are blind to what the same day brings."""
    study = window_study(start, day)
    date = dt.date.fromisoformat(day)
    full = run_in(world, study, hedge)
    blind = run_in(world_of(closes_of_one_day(world.market, date)), study, hedge)
    todays = [run.trades[run.trades["date"] == day].reset_index(drop=True) for run in (full, blind)]
    assert len(todays[0]) > 0
    assert_frame_equal(*todays, check_exact=True)
    assert full.daily["nav"].iloc[-1] != blind.daily["nav"].iloc[-1]


def days_with_fills(run: RunResult, since: str) -> list[str]:
    """Days on which something was traded, and something held into the close."""
    held = run.daily.loc[run.daily["margin"] > 0.0, "date"]
    days = run.trades.loc[run.trades["date"].isin(held) & (run.trades["date"] >= since), "date"]
    return [f"{day:%Y-%m-%d}" for day in days.unique()]


def test_fills_at_the_open_do_not_see_that_days_close() -> None:
    for day in days_with_fills(sample_run_of("layered", "2015-07-01", "2015-10-30"), "2015-07-01")[:3]:
        crash_day("layered", embedded(), "2015-07-01", day)


def test_fills_at_a_real_open_do_not_see_that_days_close(real_data_dir: Path) -> None:
    full = real_run_of(real_data_dir, "layered", "2020-02-03", "2020-04-30")
    crash_day("layered", real(real_data_dir), "2020-02-03", days_with_fills(full, "2020-02-24")[0])
