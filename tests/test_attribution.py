"""The split of a day's P&L: worked by hand with scipy, exact sums under every hedge, and the carry."""

from __future__ import annotations

import copy
import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from attribution_scenes import (
    FRIDAY,
    FRIDAY_OPEN,
    MONDAY,
    MONDAY_OPEN,
    SESSION,
    State,
    black,
    scene_prices,
    scene_run,
)
from chain_scenes import bumped_store
from engine_fixtures import FILLS, USD, World, embedded, real, run_in, sample_run, window_study
from scipy.stats import norm

from alvh_bt.analysis.anatomy import PARTS, Anatomy
from alvh_bt.analysis.attribution import dissect
from alvh_bt.analysis.holding import median_unexplained
from alvh_bt.choices import SignalCode
from alvh_bt.config import make_study
from alvh_bt.contracts import epoch_day
from alvh_bt.errors import DataError
from alvh_bt.hedges import HEDGES
from alvh_bt.pricing.quoted import QuotedPrices
from alvh_bt.pricing.quotes import Source

WINDOW = ("2015-06-01", "2016-05-31")
MOVED = tuple(name for name in PARTS if name not in ("costs", "settlement"))

#: Black's closed forms and differences of them agree to so many USD: a few thousand USD of P&L, differences
#: good to nine digits.
BY_HAND = 1e-5


def moment(date: str, at_open: bool) -> float:
    return epoch_day(dt.date.fromisoformat(date)) - (SESSION if at_open else 0.0)


def forward_greeks(forward: float, strike: float, tau: float, sigma: float, rate: float, right: int) -> dict:
    """Delta to the forward, gamma and vega in closed form; the others as differences of those."""

    def d1(s):
        return math.log(forward / strike) / (s * math.sqrt(tau)) + 0.5 * s * math.sqrt(tau)

    def delta(s):
        return right * math.exp(-rate * tau) * norm.cdf(right * d1(s))

    def vega(s):
        return math.exp(-rate * tau) * forward * norm.pdf(d1(s)) * math.sqrt(tau) / 100.0

    h, years = 1e-5, 1e-5
    later, sooner = (black(forward, strike, tau - x, sigma, rate, right) for x in (years, -years))
    return {
        "delta": delta(sigma),
        "gamma": math.exp(-rate * tau) * norm.pdf(d1(sigma)) / (forward * sigma * math.sqrt(tau)),
        "vega": vega(sigma),
        "vanna": (delta(sigma + h) - delta(sigma - h)) / (2 * h) / 100.0,
        "volga": (vega(sigma + h) - vega(sigma - h)) / (2 * h) / 100.0,
        "theta": (later - sooner) / (2 * years) / 365.0,
    }


def split_spx_put(before: State, after: State, strike: float, expiry: float) -> dict[str, float]:
    """The parts of one SPX put's move, points, step by step."""
    first, last = (expiry - state.moment for state in (before, after))
    old = black(before.forward(expiry), strike, first / 365, before.vol, before.rate, -1)
    # Time alone: the index stays, its forward comes closer.
    drifted = before.spot * math.exp((before.rate - before.dividend_yield) * last / 365)
    idle = black(drifted, strike, last / 365, before.vol, before.rate, -1)
    turned = before.spot * math.exp((after.rate - after.dividend_yield) * last / 365)
    rates = black(turned, strike, last / 365, before.vol, after.rate, -1) - idle
    new = black(after.forward(expiry), strike, last / 365, after.vol, after.rate, -1)
    carry = before.forward(expiry) / before.spot
    terms = (before.forward(expiry), strike, first / 365, before.vol, before.rate, -1)
    return split_of(terms, first - last, carry, old, idle, rates, new,
                    after.spot - before.spot, 100 * (after.vol - before.vol))  # fmt: skip


def split_vix_call(before: State, after: State, strike: float, expiry: float) -> dict[str, float]:
    """The parts of one VIX call's move, points, step by step."""
    first, last = (expiry - state.moment for state in (before, after))
    old_vol, idle_vol, new_vol = (
        before.vix_vol(first / 365),
        before.vix_vol(last / 365),
        after.vix_vol(last / 365),
    )
    old = black(before.future(expiry), strike, first / 365, old_vol, before.rate, 1)
    # Time alone: the future rolls down the line of before, to what a tenor of `last` costs on it.
    rolled = before.vix + before.slope * last
    idle = black(rolled, strike, last / 365, idle_vol, before.rate, 1)
    rates = black(rolled, strike, last / 365, idle_vol, after.rate, 1) - idle
    new = black(after.future(expiry), strike, last / 365, new_vol, after.rate, 1)
    terms = (before.future(expiry), strike, first / 365, old_vol, before.rate, 1)
    return split_of(terms, first - last, 1.0, old, idle, rates, new,
                    after.future(expiry) - rolled, 100 * (new_vol - idle_vol))  # fmt: skip


def split_of(terms, days, carry, old, idle, rates, new, move, points) -> dict[str, float]:
    greeks = forward_greeks(*terms)
    parts = {
        "delta": greeks["delta"] * carry * move,
        "gamma": 0.5 * greeks["gamma"] * carry**2 * move**2,
        "vega": greeks["vega"] * points,
        "theta": greeks["theta"] * days,
        "roll_down": idle - old - greeks["theta"] * days,
        "vanna": greeks["vanna"] * carry * move * points,
        "volga": 0.5 * greeks["volga"] * points**2,
        "rates": rates,
    }
    return parts | {"unexplained": new - old - sum(parts.values())}


def row_of(anatomy: Anatomy, date: str, leg: str, layer: str | None = None) -> pd.Series:
    rows = anatomy.attribution[(anatomy.attribution["date"] == date) & (anatomy.attribution["leg"] == leg)]
    rows = rows if layer is None else rows[rows["layer"] == layer]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.fixture(scope="module")
def scene() -> Anatomy:
    return dissect(scene_run(), embedded().market, scene_prices(), make_study())


def test_a_future_rolls_down_and_moves(scene: Anatomy) -> None:
    # 47 days out at Friday's open, 15 + 47/30 points; 6.5 hours down that line it is 0.2708333/30 less; at
    # the close it stands at 16 + 46.7291667 x 0.04. Half a contract is 500 USD a point.
    row = row_of(scene, "2015-06-05", "VX future")
    assert row["roll_down"] == pytest.approx(-500 * 0.2708333333 / 30, abs=1e-6)
    assert row["delta"] == pytest.approx(500 * (17.8691666667 - 16.5576388889), abs=1e-6)
    assert row["costs"] == pytest.approx(-1.25 - 500 * (16.6 - 16.5666666667), abs=1e-6)
    # Monday: three days down the line of 0.04 a day, then to 15.4 + 43.7291667 x 0.038.
    row = row_of(scene, "2015-06-08", "VX future")
    assert row["roll_down"] == pytest.approx(-500 * 3 * 0.04, abs=1e-6)
    assert row["delta"] == pytest.approx(500 * (17.0617083333 - 17.7491666667), abs=1e-6)
    assert row["unexplained"] == pytest.approx(0.0, abs=1e-9)


def test_an_spx_put_sold_at_the_open(scene: Anatomy) -> None:
    expiry = moment("2015-07-10", at_open=False)
    mid = black(FRIDAY_OPEN.forward(expiry), 1950.0, (expiry - FRIDAY_OPEN.moment) / 365, 0.14, 0.01, -1)
    row = row_of(scene, "2015-06-05", "short_put")
    for part, points in split_spx_put(FRIDAY_OPEN, FRIDAY, 1950.0, expiry).items():
        assert row[part] == pytest.approx(-100.0 * points, abs=BY_HAND), part
    assert row["costs"] == pytest.approx(-1.3 - 100.0 * (mid - 9.0), abs=1e-6)
    row = row_of(scene, "2015-06-08", "short_put")
    for part, points in split_spx_put(FRIDAY, MONDAY, 1950.0, expiry).items():
        assert row[part] == pytest.approx(-100.0 * points, abs=BY_HAND), part
    assert row["rates"] != 0.0


def test_a_vix_call_of_which_a_part_is_sold_at_the_open(scene: Anatomy) -> None:
    expiry = moment("2015-07-22", at_open=True)
    row = row_of(scene, "2015-06-05", "VIX call")
    for part, points in split_vix_call(FRIDAY_OPEN, FRIDAY, 18.0, expiry).items():
        assert row[part] == pytest.approx(200.0 * points, abs=BY_HAND), part
    # Monday: one call to the open, where it is sold, the other to the close.
    row = row_of(scene, "2015-06-08", "VIX call")
    sold, kept = (split_vix_call(FRIDAY, state, 18.0, expiry) for state in (MONDAY_OPEN, MONDAY))
    for part in sold:
        assert row[part] == pytest.approx(100.0 * (sold[part] + kept[part]), abs=BY_HAND), part
    tau = (expiry - MONDAY_OPEN.moment) / 365
    mid = black(MONDAY_OPEN.future(expiry), 18.0, tau, MONDAY_OPEN.vix_vol(tau), 0.011, 1)
    assert row["costs"] == pytest.approx(-1.3 + 100.0 * (2.2 - mid), abs=1e-6)


def test_a_share_rolls_and_moves_with_its_two_futures() -> None:
    rows = [
        ("2015-06-04", "hedge", "one", "open", "VXX", None, 0.0, None, 100.0, 1.0, 20.5, 0.0, 1),
    ]
    prices = scene_prices()
    for row, vxx in zip(prices.closes, (20.2, 20.0, 19.0), strict=True):
        prices.closes[row] = prices.closes[row]._replace(vxx=vxx)
    study = make_study(book={"fill": "same_close"})
    row = row_of(dissect(scene_run(rows), embedded().market, prices, study), "2015-06-08", "VXX")
    # On Friday the position of 30 days is the future at 30 days, at 17.2 points; a day later it would be at
    # 17.16. Three days later its line is at 17.08, and the market at 15.4 + 27 x 0.038 = 16.426.
    assert row["roll_down"] == pytest.approx(100 * 20.0 * ((17.16 / 17.2) ** 3 - 1), abs=1e-9)
    assert row["delta"] == pytest.approx(100 * 20.0 / 17.2 * (16.426 - 17.08), abs=1e-9)
    assert row["pnl"] == pytest.approx(-100.0, abs=1e-9)


def test_settlement_takes_the_whole_last_day(scene: Anatomy) -> None:
    tau = 3.0 / 365
    mid = black(FRIDAY.forward(FRIDAY.day + 3.0), 2085.0, tau, 0.155, 0.01, -1)
    row = row_of(scene, "2015-06-08", "SPXW put")
    assert row["settlement"] == pytest.approx(300.0 * (0.0 - mid), abs=1e-6)
    assert row["costs"] == pytest.approx(-0.6, abs=1e-12)
    assert not row[list(MOVED)].any()


def test_parts_add_up_in_the_scene(scene: Anatomy) -> None:
    rows = scene.attribution
    assert rows[list(PARTS)].sum(axis=1).to_numpy() == pytest.approx(rows["pnl"].to_numpy(), abs=USD)
    assert len(rows) == 8  # four legs on two days; none on the day before any trade


def test_each_session_is_priced_once() -> None:
    prices = scene_prices()
    dissect(scene_run(), embedded().market, prices, make_study())
    assert len(prices.asked) == len(set(prices.asked)) == 5


def test_a_run_of_another_market_is_refused() -> None:
    run = scene_run(dates=("2015-06-04", "2015-06-06", "2015-06-08"))
    with pytest.raises(DataError, match="its days are not the market's sessions; give the market"):
        dissect(run, embedded().market, scene_prices(), make_study())


def require_sums(run, anatomy: Anatomy) -> None:
    """Parts add up to P&L in every row, and P&L to the run's in every day and book."""
    rows = anatomy.attribution
    parts = rows[list(PARTS)].sum(axis=1).to_numpy()
    np.testing.assert_allclose(parts, rows["pnl"].to_numpy(), rtol=0.0, atol=USD)
    dates = pd.Index(run.daily["date"])
    for book in ("condor", "hedge"):
        own = rows[rows["book"] == book].groupby("date")[["pnl", "costs"]].sum()
        own = own.reindex(dates, fill_value=0.0)
        np.testing.assert_allclose(own["pnl"], run.daily[f"{book}_pnl"], rtol=0.0, atol=USD)
    costs = rows.groupby("date")["costs"].sum().reindex(dates, fill_value=0.0)
    # The engine counts the spread of a settlement as none; so do we.
    np.testing.assert_allclose(-costs, run.daily["costs"], rtol=0.0, atol=USD)


def dissected(run, world, study) -> Anatomy:
    return dissect(run, world.market, world.prices, study)


@pytest.mark.parametrize("hedge", HEDGES)
def test_sums_are_exact_under_every_hedge(hedge: str) -> None:
    run = sample_run(hedge, *WINDOW)
    anatomy = dissected(run, embedded(), window_study(*WINDOW))
    require_sums(run, anatomy)
    require_carry(run, anatomy)
    if hedge != "none":
        assert (anatomy.attribution["book"] == "hedge").any()


@pytest.mark.parametrize("fill", FILLS[1:])
@pytest.mark.parametrize("hedge", ["layered", "ladder-442"])
def test_sums_are_exact_whenever_orders_are_filled(hedge: str, fill: str) -> None:
    run = sample_run(hedge, *WINDOW, book={"fill": fill})
    anatomy = dissected(run, embedded(), window_study(*WINDOW, book={"fill": fill}))
    require_sums(run, anatomy)
    require_carry(run, anatomy)


def test_whole_contracts_of_a_tenth_of_the_index() -> None:
    settings = {"book": {"contracts": "whole"}}
    run = sample_run("layered", *WINDOW, **settings)
    anatomy = dissected(run, embedded(), window_study(*WINDOW, **settings))
    assert "XSP" in set(run.trades["root"])
    require_sums(run, anatomy)
    # Were the index taken for its tenth, nearly all would be unexplained.
    assert median_unexplained(anatomy.attribution)["condor"] <= 0.05


def require_carry(run, anatomy: Anatomy, least: int = 30) -> None:
    """On days without trades of the hedge, theta and roll-down are the engine's carry."""
    rows = anatomy.attribution[anatomy.attribution["book"] == "hedge"]
    traded = run.trades.loc[run.trades["book"] == "hedge", "date"].unique()
    quiet = run.daily[~run.daily["date"].isin(traded)].set_index("date")["hedge_carry"]
    ours = rows.groupby("date")[["theta", "roll_down"]].sum().sum(axis=1).reindex(quiet.index, fill_value=0.0)
    assert len(quiet) >= least
    np.testing.assert_allclose(ours, quiet, rtol=0.0, atol=USD)


@pytest.mark.parametrize("window", [("2008-09-02", "2009-03-31"), ("2020-02-03", "2020-04-30")])
@pytest.mark.parametrize("hedge", ["layered", "vxth"])
def test_real_history(real_data_dir, hedge: str, window: tuple[str, str]) -> None:
    world, study = real(real_data_dir), window_study(*window)
    run = run_in(world, study, hedge)
    anatomy = dissected(run, world, study)
    require_sums(run, anatomy)
    require_carry(run, anatomy)
    # The worst markets on record: the share is that of a median day, and larger than in quiet years.
    assert max(median_unexplained(anatomy.attribution).values()) <= 0.05


def thin_world(folder) -> World:
    """The real history, in which hardly a VIX future is traded."""
    market, prices, calendar = real(folder)
    calendar = copy.copy(calendar)
    calendar.signals = calendar.signals.copy()
    calendar.signals[:, SignalCode.VX_VOLUME] = 1.0
    return World(market, prices, calendar)


@pytest.mark.parametrize("proxy", ["vxx", "uvxy"])
def test_shares_of_notes_across_a_cut_of_leverage(real_data_dir, proxy: str) -> None:
    world = thin_world(real_data_dir)
    study = window_study("2018-02-14", "2018-06-29", layered={"proxy": proxy})
    run = run_in(world, study, "layered")
    anatomy = dissected(run, world, study)
    require_sums(run, anatomy)
    require_carry(run, anatomy)
    shares = anatomy.attribution[anatomy.attribution["leg"] == proxy.upper()]
    assert len(shares) > 60
    # A note closes a quarter of an hour before its futures settle: a good part of its days is unexplained,
    # and yet over the days the move of its futures, times the delta, is the move of the note.
    beyond_roll = shares["pnl"] - shares["roll_down"] - shares["costs"]
    slope = float(beyond_roll @ shares["delta"] / (shares["delta"] @ shares["delta"]))
    assert 0.85 < slope < 1.15


def test_real_quotes() -> None:
    market, window = embedded().market, ("2015-08-17", "2015-09-04")
    study, store = window_study(*window), bumped_store(market, *window, max_dte=60)
    world = World(market, QuotedPrices(market, store), embedded().calendar)
    run = run_in(world, study, "layered")
    assert run.quotes.marks[Source.QUOTE] > 0
    read = len(store.readings)
    anatomy = dissected(run, world, study)
    # Each session is read once, and its open stands on the rows of the close before.
    assert len(store.readings) - read <= len(run.daily)
    require_sums(run, anatomy)
    require_carry(run, anatomy, least=5)
    assert max(median_unexplained(anatomy.attribution).values()) <= 0.05


def test_a_trade_outside_the_run_is_refused() -> None:
    run = scene_run(dates=("2015-06-04", "2015-06-05"))
    with pytest.raises(DataError, match="a trade is on none of its days; give the frames of one run"):
        dissect(run, embedded().market, scene_prices(), make_study())


def test_a_run_that_stopped_is_dissected_as_far_as_it_went() -> None:
    run = sample_run("static-calls", *WINDOW).until(pd.Timestamp("2015-10-15"))
    anatomy = dissected(run, embedded(), window_study(*WINDOW))
    require_sums(run, anatomy)
    assert anatomy.exposures["date"].max() <= pd.Timestamp("2015-10-15")
