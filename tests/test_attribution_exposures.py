"""Exposures and profiles: by hand in a flat market, against the engine's sums, and against single prices."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from attribution_scenes import FRIDAY, SESSION, black, scene_prices, scene_run
from engine_fixtures import USD, Key, Ledger, embedded, sample_run, window_study
from scipy.stats import norm

from alvh_bt.analysis.anatomy import MOVES, Anatomy
from alvh_bt.analysis.attribution import dissect
from alvh_bt.config import make_study
from alvh_bt.contracts import epoch_day
from alvh_bt.pricing.day import quote_contract, shocked

WINDOW = ("2015-06-01", "2016-05-31")


@pytest.fixture(scope="module")
def scene() -> Anatomy:
    return dissect(scene_run(), embedded().market, scene_prices(), make_study())


def friday(scene: Anatomy, layer: str) -> pd.Series:
    rows = scene.exposures[(scene.exposures["date"] == FRIDAY.date) & (scene.exposures["layer"] == layer)]
    assert len(rows) == 1
    return rows.iloc[0]


def days_to(date: str, at_open: bool) -> float:
    return epoch_day(pd.Timestamp(date).date()) - (SESSION if at_open else 0.0) - FRIDAY.moment


def test_a_short_put_out_of_the_money(scene: Anatomy) -> None:
    row, tau = friday(scene, "short_put"), days_to("2015-07-10", False) / 365
    forward = FRIDAY.forward(FRIDAY.moment + 365 * tau)
    s = 0.155 * math.sqrt(tau)
    d1 = math.log(forward / 1950.0) / s + 0.5 * s
    discount, carry = math.exp(-0.01 * tau), forward / FRIDAY.spot
    price = black(forward, 1950.0, tau, 0.155, 0.01, -1)
    assert row["value"] == row["time_value"] == pytest.approx(-100 * price, rel=1e-9)
    assert row["delta"] == pytest.approx(100 * discount * norm.cdf(-d1) * carry, rel=1e-9)
    assert row["gamma"] == pytest.approx(-100 * discount * norm.pdf(d1) / (forward * s) * carry**2, rel=1e-9)
    vega = discount * forward * norm.pdf(d1) * math.sqrt(tau) / 100
    assert row["vega"] == pytest.approx(-100 * vega, rel=1e-9)
    assert row["vvix_vega"] == 0.0
    theta = (0.01 * price - 100 * vega * 0.155 / (2 * tau)) / 365
    assert row["theta"] == pytest.approx(-100 * theta, rel=1e-9)


def test_time_value_is_what_is_above_the_discounted_intrinsic_value(scene: Anatomy) -> None:
    row, tau = friday(scene, "static"), days_to("2015-06-08", False) / 365
    forward = FRIDAY.forward(FRIDAY.moment + 3.0)
    price = black(forward, 2085.0, tau, 0.155, 0.01, -1)
    intrinsic = math.exp(-0.01 * tau) * (2085.0 - forward)
    assert intrinsic > 5.0
    assert row["value"] == pytest.approx(300 * price, rel=1e-9)
    assert row["time_value"] == pytest.approx(300 * (price - intrinsic), rel=1e-9)


def test_a_future_has_open_pnl_and_no_time_value(scene: Anatomy) -> None:
    row = friday(scene, "one")
    # Bought at 16.6; 16 + 46.7291667 x 0.04 at the close.
    assert row["value"] == pytest.approx(500 * (17.8691666667 - 16.6), abs=1e-6)
    assert row[["time_value", "delta", "gamma", "vvix_vega", "theta"]].tolist() == [0.0] * 5
    assert row["vega"] == pytest.approx(500.0)
    # Twenty points of VIX reach the nodes at 30 and 60 days damped, and the future in between linearly.
    curve = FRIDAY.prices().curve
    moved = [20.0 * (1.0 + t / curve.damping_days) ** -curve.damping_power for t in (30.0, 60.0)]
    weight = (days_to("2015-07-22", True) - 30.0) / 30.0
    assert row["crash_pnl"] == pytest.approx(500 * ((1 - weight) * moved[0] + weight * moved[1]), rel=1e-9)


def test_a_vix_call_has_vega_to_its_future_and_to_its_own_volatility(scene: Anatomy) -> None:
    row, days = friday(scene, "two"), days_to("2015-07-22", True)
    tau, forward = days / 365, 16.0 + 0.04 * days
    sigma = FRIDAY.vix_vol(tau)
    s = sigma * math.sqrt(tau)
    d1 = math.log(forward / 18.0) / s + 0.5 * s
    discount = math.exp(-0.01 * tau)
    assert row["vega"] == pytest.approx(200 * discount * norm.cdf(d1), rel=1e-9)
    own = discount * forward * norm.pdf(d1) * math.sqrt(tau) / 100
    assert row["vvix_vega"] == pytest.approx(200 * own, rel=1e-9)
    assert (row["delta"], row["gamma"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    "hedge, contracts", [("layered", "fractional"), ("ladder-442", "fractional"), ("layered", "whole")]
)
def test_sums_are_the_engines(hedge: str, contracts: str) -> None:
    # Whole contracts are of XSP, a tenth of the index.
    settings = {"book": {"contracts": contracts}}
    run = sample_run(hedge, *WINDOW, **settings)
    assert set(run.trades.loc[run.trades["book"] == "condor", "root"]) == (
        {"XSP"} if contracts == "whole" else {"SPX", "SPXW"}
    )
    anatomy = dissect(run, embedded().market, embedded().prices, window_study(*WINDOW, **settings))
    daily = run.daily.set_index("date")
    sums = anatomy.exposures.groupby("date")[["value", "delta", "vega"]].sum()
    sums = sums.reindex(daily.index, fill_value=0.0)
    np.testing.assert_allclose(sums["delta"], daily["delta"], rtol=0.0, atol=USD)
    np.testing.assert_allclose(sums["vega"], daily["vega"], rtol=0.0, atol=USD)
    np.testing.assert_allclose(sums["value"], daily["nav"] - daily["cash"], rtol=0.0, atol=USD)
    condor = anatomy.exposures[anatomy.exposures["book"] == "condor"].groupby("date")["theta"].sum()
    condor = condor.reindex(daily.index, fill_value=0.0)
    days = np.diff(daily.index.to_numpy()) / np.timedelta64(1, "D")
    # The engine counts a night's theta on the day after.
    np.testing.assert_allclose(condor.to_numpy()[:-1] * days, daily["condor_theta"].iloc[1:], atol=USD)


def held_on(run, last: str) -> Ledger:
    ledger = Ledger(250_000.0)
    for row in run.trades[run.trades["date"] <= last].itertuples():
        ledger.trade(row)
    return ledger


@pytest.mark.parametrize("date", ["2015-08-21", "2015-09-01"])
def test_crash_and_moves_against_single_prices(date: str) -> None:
    world, run = embedded(), sample_run("layered", *WINDOW)
    anatomy = dissect(run, world.market, world.prices, window_study(*WINDOW))
    close = world.prices.at_close(world.market.index_of(pd.Timestamp(date).date()))
    held = list(held_on(run, date).held())
    assert {key.book for key, _ in held} == {"condor", "hedge"}

    def value(key: Key, contracts: float, state) -> float:
        return contracts * (1000.0 if key.root == "VX" else 100.0) * quote_contract(key.contract, state).mid

    def gain(book: str, state) -> float:
        own = [(key, parcel.contracts) for key, parcel in held if key.book == book]
        return sum(value(*position, state) - value(*position, close) for position in own)

    for book in ("condor", "hedge"):
        rows = anatomy.exposures[(anatomy.exposures["date"] == date) & (anatomy.exposures["book"] == book)]
        assert rows["crash_pnl"].sum() == pytest.approx(gain(book, shocked(close, -0.10, 20.0)), abs=USD)
        profile = anatomy.profile[(anatomy.profile["date"] == date) & (anatomy.profile["book"] == book)]
        assert profile["move"].tolist() == list(MOVES)
        expected = [gain(book, shocked(close, move, -100.0 * move)) for move in MOVES]
        # The shock of nothing solves the surface anew, and misses it by its last digits.
        assert profile["pnl"].to_numpy() == pytest.approx(expected, abs=1e-3)
        still = profile[profile["move"] == 0.0].iloc[0]
        assert still["pnl"] == 0.0
        for name in ("delta", "gamma", "vega", "theta"):
            assert still[name] == pytest.approx(rows[name].sum(), abs=1e-9)


def test_the_crash_is_the_move_of_the_same_size() -> None:
    settings = {"shock": {"spx_return": -0.15, "vix_points": 22.5, "vix_points_per_percent": 1.5}}
    run = sample_run("layered", *WINDOW)
    anatomy = dissect(run, embedded().market, embedded().prices, window_study(*WINDOW, **settings))
    crash = anatomy.exposures.groupby(["date", "book"])["crash_pnl"].sum()
    moved = anatomy.profile[anatomy.profile["move"] == -0.15].set_index(["date", "book"])["pnl"]
    pd.testing.assert_series_equal(crash, moved.sort_index(), check_names=False, rtol=0.0, atol=USD)


def test_deltas_of_the_profile_are_slopes_of_its_pnl(scene: Anatomy) -> None:
    # Far up, a short put is worth nothing and has no delta; far down it has that of the index.
    rows = scene.profile[(scene.profile["date"] == FRIDAY.date) & (scene.profile["book"] == "condor")]
    by_move = rows.set_index("move")
    assert by_move.loc[0.15, "delta"] == pytest.approx(0.0, abs=0.1)
    assert by_move.loc[-0.30, "delta"] == pytest.approx(100.0, rel=0.05)
    rise = by_move.loc[-0.15, "pnl"] - by_move.loc[-0.20, "pnl"]
    slope = rise / (0.05 * FRIDAY.spot)
    assert 0.9 * by_move.loc[-0.15, "delta"] < slope < 1.1 * by_move.loc[-0.20, "delta"]
