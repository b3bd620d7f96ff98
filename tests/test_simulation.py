"""Resampled histories: which days they are made of, and what each column becomes."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from engine_fixtures import embedded, real
from signal_markets import busy_market, market_of

from alvh_bt.contracts import epoch_day
from alvh_bt.engine.today import Calendar
from alvh_bt.errors import DataError
from alvh_bt.market import COLUMN_NAMES, VX_FUTURES, Market, Provenance, Repair, simulation
from alvh_bt.market.like_days import (
    SourceDays,
    day_states,
    days_that_follow,
    draw_source_days,
    futures_by_tenor,
)
from alvh_bt.market.simulation import simulate
from alvh_bt.pricing.model import ModelPrices

#: Of the date, not of the source day, so that they keep their values.
DATED = ("days_to_fomc", "days_since_fomc", "days_to_inflation", "days_since_inflation")
DATED += ("inflation_surprise", "vx_volume")


def sample() -> tuple[Market, int, int]:
    """The embedded sample and its window: VIX 2014 to 2018, no other state known."""
    market = embedded().market
    return (market, *market.window())


# --- which days ---------------------------------------------------------------------------------------------


def drawn(draws: int, block: int = 63, neighbours: int = 20) -> list[SourceDays]:
    market, first, last = sample()
    return [draw_source_days(market, first, last, seed, block, neighbours) for seed in range(draws)]


def likes(days: SourceDays, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the joints of like days: the day just left, and the one like it, whose next day the joint leads to.

    Not among them: the first row, and the last session of the window followed by the first.
    """
    wrapped = (days.left == last) & (days.row == first)
    found = days.joint & ~wrapped & (np.arange(len(days.row)) > 0)
    return days.left[found], np.where(days.row == first, last, days.row - 1)[found]


def test_days_stay_in_the_window_and_in_blocks() -> None:
    _, first, last = sample()
    for days in drawn(3, block=20):
        assert len(days.row) == last + 1 - first
        assert days.row.min() >= first and days.row.max() <= last
        assert days.left[0] == first - 1
        assert (days.left[1:] == days.row[:-1]).all()
        assert (days.joint == (np.diff(np.append(first - 1, days.row)) != 1)).all()


def test_the_window_is_a_ring() -> None:
    """With blocks too long for a joint, a history is the window turned: the first day follows the last."""
    _, first, last = sample()
    sessions = last + 1 - first
    for days in drawn(5, block=10**9):
        assert (days.row == first + (days.row[0] - first + np.arange(sessions)) % sessions).all()
        assert days.joint[1:].sum() == 1 and days.row[1:][days.joint[1:]] == first


def test_a_history_may_begin_on_any_session() -> None:
    """Of 1200 histories of twelve sessions a hundred begin on each, within four errors of a count."""
    market, first, _ = sample()
    rows = [draw_source_days(market, first, first + 11, seed, 5, 3).row[0] for seed in range(1200)]
    counts = np.bincount(np.array(rows) - first, minlength=12)
    assert len(counts) == 12
    assert (np.abs(counts - 100) < 4 * math.sqrt(1200 * (1 / 12) * (11 / 12))).all()


def ending_in_panic() -> tuple[Market, int, int]:
    """Sixty sessions of which the last three are a panic, too few to be each other's twenty."""
    vix = 15.0 + np.random.default_rng(2).random(61)
    vix[-3:] = [40.0, 60.0, 80.0]
    return market_of(spx_close=np.full(61, 100.0), vix_close=vix), 1, 60


WINDOWS = pytest.mark.parametrize("window", [sample, ending_in_panic])


@WINDOWS
@pytest.mark.parametrize("block", [1, 20, 63])
def test_every_session_is_led_to_as_often_as_it_is_left(window, block: int) -> None:
    """The chances that a session is next, summed over where the history stands, are 1: visits stay even."""
    market, first, last = window()
    follow = days_that_follow(market, first, last, 20)
    n = last + 1 - first
    here = np.arange(n)
    like_only = follow != (here[:, None] + 1) % n
    tried = min(1.0, 1.0 / (block * like_only.mean()))
    chance = np.zeros((n, n))
    np.add.at(chance, (np.repeat(here, 20), follow.ravel()), tried / 20)
    chance[here, (here + 1) % n] += 1.0 - tried
    assert chance.sum(axis=1) == pytest.approx(np.ones(n), rel=1e-12)
    assert chance.sum(axis=0) == pytest.approx(np.ones(n), rel=1e-12)
    assert like_only.any()


@WINDOWS
def test_both_ends_of_the_window_are_visited_once(window) -> None:
    """Mean visits of its first and of its last sessions over many histories: 1, within four errors."""
    market, first, last = window()
    some = min(63, (last + 1 - first) // 10)
    rows = [draw_source_days(market, first, last, seed, 20, 20).row for seed in range(200)]
    for end in (slice(0, some), slice(-some, None)):
        visits = [np.bincount(row - first, minlength=last + 1 - first)[end].mean() for row in rows]
        assert abs(np.mean(visits) - 1.0) < 4 * np.std(visits) / math.sqrt(len(visits))


def test_a_block_starts_after_one_of_the_nearest_days() -> None:
    market, first, last = sample()
    vix = np.log(market.columns["vix_close"])
    joints = 0
    for days in drawn(5, block=15, neighbours=7):
        for left, like in zip(*likes(days, first, last), strict=True):
            nearest = sorted(abs(vix[i] - vix[left]) for i in range(first, last + 1) if i != left)
            assert abs(vix[like] - vix[left]) <= nearest[6] + 1e-12
            joints += 1
    assert joints > 300


def test_blocks_are_as_long_as_asked() -> None:
    """Joints are drawn one by one: their count over many draws is close to Poisson's, within four errors."""
    _, first, last = sample()
    for block in (20, 63):
        found = drawn(20, block=block)
        joints = sum(len(likes(days, first, last)[0]) for days in found)
        sessions = sum(len(days.row) - 1 for days in found)
        assert abs(joints - sessions / block) < 4 * math.sqrt(sessions / block)


def test_days_are_joined_that_are_like_each_other() -> None:
    """Every joint leads to a day that would lead back."""
    market, first, last = sample()
    vix, joints = np.log(market.columns["vix_close"]), 0
    for days in drawn(5, block=15, neighbours=7):
        for left, like in zip(*likes(days, first, last), strict=True):
            gaps = sorted(abs(vix[i] - vix[like]) for i in range(first, last + 1) if i != like)
            assert abs(vix[left] - vix[like]) <= gaps[6] + 1e-12
            joints += 1
    assert joints > 300


def test_panics_are_visited_as_often_as_they_happened() -> None:
    """A last twelve days of panic in 240, too few to be each other's twenty: their mean share is fair.

    If joints needed not be mutual, every joint would lead away from panic and none to it.
    """
    n, noise = 241, np.random.default_rng(1)
    vix = 15.0 + noise.random(n)
    panic = np.arange(n) >= n - 12
    vix[panic] += 60.0
    market = market_of(spx_close=np.full(n, 100.0), vix_close=vix)
    found = [draw_source_days(market, 1, n - 1, seed, 4, 20) for seed in range(200)]
    shares = [panic[days.row].mean() for days in found]
    assert abs(np.mean(shares) - 12 / 240) < 4 * np.std(shares) / math.sqrt(200)


def test_the_same_seed_draws_the_same_days() -> None:
    market, first, last = sample()
    one, same, other = (
        draw_source_days(market, first, last, seed, 63, 20)
        for seed in (np.random.SeedSequence([5, 1]), np.random.SeedSequence([5, 1]), 5)
    )
    assert (one.row == same.row).all()
    assert (one.row != other.row).any()


def test_a_window_too_short_is_refused() -> None:
    market, first, _ = sample()
    draw_source_days(market, first, first + 11, 0, 5, 10)
    with pytest.raises(DataError, match=r"^a window of 11 sessions cannot be resampled with 10 like days"):
        draw_source_days(market, first, first + 10, 0, 5, 10)


def test_states_are_standardised_and_lacks_are_usual_for_their_vix() -> None:
    vix = np.exp([0.0, 1.0, 2.0, 3.0])
    vvix = np.exp([4.0, 6.0, math.nan, 10.0])  # ln VVIX = 4 + 2 ln VIX where known
    market = market_of(spx_close=np.full(4, 100.0), vix_close=vix, vvix=vvix, vix3m=vix**2)
    states = day_states(market, 0, 3)
    z = np.array([-1.5, -0.5, 0.5, 1.5]) / math.sqrt(1.25)
    # ln VIX3M less ln VIX is ln VIX again: it stands in for the slope of futures, of which there are none.
    assert states == pytest.approx(np.column_stack([z, z, z]))


def test_states_without_anything_but_vix() -> None:
    states = day_states(market_of(spx_close=np.ones(3), vix_close=np.array([10.0, 20.0, 40.0])), 0, 2)
    assert states[:, 0] == pytest.approx(np.array([-1.0, 0.0, 1.0]) / math.sqrt(2.0 / 3.0))
    assert (states[:, 1:] == 0.0).all()


# --- what the columns become --------------------------------------------------------------------------------

#: Six sessions; the window is the last four. Sources of the resampled rows 2 to 5: rows 4, 5, 3, 4.
SOURCES = SourceDays(np.array([4, 5, 3, 4]), np.array([1, 4, 5, 3]))


def with_futures(market: Market, expiry: list[list[int]], settle: list[list[float]]) -> Market:
    expiries, settles = np.zeros_like(market.vx_expiry), np.full_like(market.vx_settle, math.nan)
    for i, (days, prices) in enumerate(zip(expiry, settle, strict=True)):
        expiries[i, : len(days)], settles[i, : len(prices)] = days, prices
    codes = np.where(np.isfinite(settles[:, 0]), Provenance.OBSERVED, Provenance.UNAVAILABLE).astype(np.int8)
    provenance = {**market.provenance, VX_FUTURES: codes}
    return replace(market, vx_expiry=expiries, vx_settle=settles, provenance=provenance)


@pytest.fixture
def six(monkeypatch: pytest.MonkeyPatch):
    """Resample six sessions with given columns from `SOURCES`."""
    monkeypatch.setattr(simulation, "draw_source_days", lambda *_: SOURCES)
    base = {
        "spx_close": np.array([90.0, 100.0, 110.0, 100.0, 120.0, 90.0]),
        "vix_close": np.array([12.0, 14.0, 16.0, 20.0, 25.0, 40.0]),
    }

    def resample(**columns: list[float]) -> Market:
        known = {name: np.array(values) for name, values in columns.items()}
        return simulate(market_of(**base | known), 2, 5, seed=0)

    return resample


def test_levels_compound_by_the_moves_of_the_source_days(six) -> None:
    """Moves of rows 3, 4, 5: 100/110, 1.2, 0.75; the level before the window is 100."""
    nan = math.nan
    # Row 4 of the equity book has no move, for row 3 is unknown: nothing is told, and the level waits.
    market = six(equity=[1.0, 2.0, 4.0, nan, 6.0, 3.0], reer=[nan, nan, 100.0, 110.0, 121.0, 121.0])
    assert market.columns["spx_close"] == pytest.approx([90, 100, 120, 90, 90 / 1.1, 108 / 1.1])
    assert market.columns["equity"] == pytest.approx([1, 2, nan, 1, nan, nan], nan_ok=True)
    # A series that begins inside the window starts from its first value.
    assert market.columns["reer"][2:] == pytest.approx([110, 110, 121, 133.1])


def test_a_day_keeps_its_shape_in_the_index(six) -> None:
    """On row 4 the index opened 5% above the close before, on row 5 at it: a stale open, to the last bit."""
    market = six(
        spx_open=[90, 100, 110, 110, 105, 120],
        spx_high=[91, 101, 111, 121, 130, 120],
        spx_low=[89, 99, 109, 99, 100, 60],
    )
    before = market.columns["spx_close"][1:5]
    assert market.columns["spx_open"][2:] == pytest.approx(before * [1.05, 1.0, 1.0, 1.05])
    assert (market.columns["spx_open"][3:5] == before[1:3]).all()
    assert market.columns["spx_high"][2:] == pytest.approx(before * [1.3, 1.0, 1.1, 1.3])
    assert market.columns["spx_low"][2:] == pytest.approx(before * [1.0, 0.5, 0.9, 1.0])


def test_levels_that_do_not_wander_are_copied(six) -> None:
    levels = [1.0, 2.0, 3.0, 4.0, 5.0, math.nan]
    names = ("vix9d", "vix3m", "vix6m", "vvix", "skew", "rate", "dividend_yield", "credit_spread")
    market = six(**dict.fromkeys(names, levels))
    for name in names:
        assert market.columns[name] == pytest.approx([1, 2, 5, math.nan, 4, 5], nan_ok=True), name
    assert list(market.columns["vix_close"]) == [12, 14, 25, 40, 20, 25]


def test_the_open_of_vix_is_in_scale_with_the_close_before(six) -> None:
    market = six(
        vix_open=[12, 12, 14, 17, 21, 24],
        vix_high=[13, 15, 17, 21, 26, 41],
        vix_low=[11, 12, 13, 16, 20, 24],
    )
    # Row 2 is a joint: 14 x 21/20, below the range of the source day. So is row 4: 40 x 17/16, above it.
    assert market.columns["vix_open"][2:] == pytest.approx([14.7, 24, 42.5, 21])
    assert market.columns["vix_low"][2:] == pytest.approx([14.7, 24, 16, 20])
    assert market.columns["vix_high"][2:] == pytest.approx([26, 41, 42.5, 26])


def test_a_bar_of_one_price_stays_one(six) -> None:
    bar = [12.0, 14.0, 16.0, 20.0, 25.0, 40.0]
    market = six(vix_open=bar, vix_high=bar, vix_low=bar)
    assert (market.columns["vix_high"] == market.columns["vix_low"]).all()


def test_what_is_measured_by_the_index_keeps_its_ratio(six) -> None:
    market = six(ten_year_earnings=[5.0] * 6, cash_flow=[-6.0] * 6)
    level = market.columns["spx_close"][2:]
    assert market.columns["ten_year_earnings"][2:] == pytest.approx(level / [24, 18, 20, 24])
    assert market.columns["cash_flow"][2:] == pytest.approx(-level / [20, 15, 50 / 3, 20])


def test_what_belongs_to_the_date_stays(six) -> None:
    market = six(**{name: [1.0, 2.0, 3.0, 4.0, 5.0, 6.0] for name in DATED})
    for name in DATED:
        assert list(market.columns[name]) == [1, 2, 3, 4, 5, 6]
        assert (market.provenance[name] == Provenance.OBSERVED).all()


def test_a_note_is_known_up_to_the_window_or_on_its_first_day(six) -> None:
    nan = math.nan
    market = six(vxx=[50.0, 51.0, 52.0, 53.0, 54.0, 55.0], uvxy=[nan, nan, nan, 20.0, 21.0, 22.0])
    assert market.columns["vxx"] == pytest.approx([50, 51, nan, nan, nan, nan], nan_ok=True)
    assert market.columns["uvxy"] == pytest.approx([nan, nan, nan, 20, nan, nan], nan_ok=True)


def test_settlement_takes_what_the_source_day_would_have_settled_on(six) -> None:
    """Official on row 4, 10% above the close before; else the open, of which too few are seen to doubt it."""
    nan = math.nan
    market = six(
        spx_open=[90, 100, 110, 99, 105, 120],
        spx_set=[nan, nan, nan, nan, 110.0, nan],
        vro=[nan, 14.0, 15.0, 16.0, 17.0, 18.0],
    )
    before = market.columns["spx_close"][1:5]
    assert market.columns["spx_set"][2:] == pytest.approx(before * [1.1, 1.0, 0.9, 1.1])
    assert market.columns["vro"] == pytest.approx([nan, 14, nan, nan, nan, nan], nan_ok=True)


def test_volume_is_measured_by_its_year(monkeypatch) -> None:
    """A day of thrice the usual volume is one in any year: 1e9 is usual first, 4e9 later."""
    n = 560
    volume = np.where(np.arange(n) < 290, 1e9, 4e9)
    volume[280] = 3e9
    sources = SourceDays(np.array([280, 281, 551]), np.array([555, 280, 281]))
    monkeypatch.setattr(simulation, "draw_source_days", lambda *_: sources)
    market = market_of(spx_close=np.full(n, 100.0), vix_close=np.full(n, 15.0), spx_volume=volume)
    resampled = simulate(market, 556, 558, seed=0)
    # The year before row 281 holds the day of 3e9: a mean of 254/252.
    assert resampled.columns["spx_volume"][556:] == pytest.approx([12e9, 4e9 * 252 / 254, 4e9])


def test_futures_are_read_off_the_source_curve_by_days_to_settlement(monkeypatch) -> None:
    monkeypatch.setattr(simulation, "draw_source_days", lambda *_: SOURCES)
    market = market_of(spx_close=np.full(6, 100.0), vix_close=np.array([12.0, 14.0, 16.0, 20.0, 25.0, 40.0]))
    days = market.days
    open_moment = 6.5 / 24
    listed = [[days[i] + 10, days[i] + 40] for i in range(6)]
    listed[3] = [days[3] + 20, days[3] + 30, days[3] + 90]
    settled = [[13.0, 14.0]] * 3 + [[21.0, 22.0, 23.0], [24.0, 21.0], []]
    listed[5] = []
    resampled = simulate(with_futures(market, listed, settled), 2, 5, seed=0)
    # Row 2 has the tenors of its source, row 4.
    assert resampled.vx_settle[2, :3] == pytest.approx([24.0, 21.0, math.nan], nan_ok=True)
    # Row 3, three contracts, from row 5, which has none.
    assert np.isnan(resampled.vx_settle[3]).all() and (resampled.vx_expiry[3] == 0).all()
    assert resampled.provenance[VX_FUTURES].tolist() == [1, 1, 3, 0, 3, 0]
    # Row 4 lists 10 and 40 days; its source, row 3, 20, 30 and 90 days, each less a day's session.
    near = 20.0 + 1.0 * (10 - open_moment) / (20 - open_moment)
    assert resampled.vx_settle[4, :2] == pytest.approx([near, 22.0 + 10 / 60])
    # Row 5 lists nothing on its date.
    assert np.isnan(resampled.vx_settle[5]).all()


def test_the_curve_is_flat_beyond_its_last_settlement_and_vix_at_its_start() -> None:
    market = market_of(spx_close=np.ones(1), vix_close=np.array([15.0]))
    market = with_futures(market, [[market.days[0] + 30]], [[18.0]])
    assert futures_by_tenor(market, 0, np.array([0.0, 200.0])) == pytest.approx([15.0, 18.0])


# --- the market as a whole ----------------------------------------------------------------------------------


def test_no_column_is_forgotten() -> None:
    """Every column that is not of the date differs from the real one, and none is called observed."""
    market = busy_market(900)
    resampled = simulate(market, 300, 850, seed=4)
    for name in COLUMN_NAMES:
        told = market.columns[name][300:851], resampled.columns[name][300:]
        codes = set(resampled.provenance[name][300:].tolist())
        if name in DATED:
            assert np.array_equal(*told, equal_nan=True)
        else:
            assert not np.array_equal(*told, equal_nan=True) or not np.isfinite(told[0]).any(), name
            assert Provenance.OBSERVED not in codes, name
            known = np.isfinite(told[1])
            assert ((resampled.provenance[name][300:] != Provenance.UNAVAILABLE) == known).all(), name


def test_rows_before_the_window_are_real_and_rows_after_it_gone() -> None:
    market = replace(busy_market(900), repairs=(Repair("spx", "noted", (int(busy_market(900).days[5]),)),))
    resampled = simulate(market, 300, 850, seed=4)
    assert (resampled.sessions == market.sessions[:851]).all()
    for name in COLUMN_NAMES:
        assert np.array_equal(resampled.columns[name][:300], market.columns[name][:300], equal_nan=True)
        assert (resampled.provenance[name][:300] == market.provenance[name][:300]).all()
    assert resampled.repairs == ()


def test_a_value_that_stood_too_long_stays_marked(monkeypatch) -> None:
    monkeypatch.setattr(simulation, "draw_source_days", lambda *_: SOURCES)
    market = market_of(spx_close=np.full(6, 100.0), vix_close=np.full(6, 15.0), rate=np.full(6, 0.02))
    stale = np.array([1, 1, 1, 2, 1, 2], dtype=np.int8)
    market = replace(market, provenance={**market.provenance, "rate": stale})
    assert simulate(market, 2, 5, seed=0).provenance["rate"].tolist() == [1, 1, 3, 2, 2, 3]


def test_the_same_seed_gives_the_same_market() -> None:
    market, first, last = sample()
    one, same, other = (simulate(market, first, last, seed) for seed in (1, 1, 2))
    assert one.fingerprint == same.fingerprint
    assert len({one.fingerprint, other.fingerprint, market.fingerprint}) == 3


def test_the_first_session_of_all_stays_real() -> None:
    market = busy_market(200)
    resampled = simulate(market, 0, 199, seed=2)
    assert resampled.columns["spx_close"][0] == market.columns["spx_close"][0]
    assert np.isfinite(resampled.columns["spx_close"]).all()


def test_moments_are_those_of_the_source() -> None:
    """Mean and volatility of the index, mean VIX and how they move together, within four errors of a mean."""
    market, first, last = sample()

    def moments(of: Market) -> list[float]:
        index = np.diff(np.log(of.columns["spx_close"][first - 1 : last + 1]))
        vix = np.log(of.columns["vix_close"][first : last + 1])
        together = float(np.corrcoef(index[1:], np.diff(vix))[0, 1])
        return [float(index.mean()), float(index.std()), float(vix.mean()), together]

    found = np.array([moments(simulate(market, first, last, seed)) for seed in range(40)])
    error = found.std(axis=0) / math.sqrt(len(found))
    # Joints add moves of VIX that no move of the index goes with: one in 63 sessions, at most 5% of the link.
    allowed = 4 * error + [0, 0, 0, 0.05 * abs(moments(market)[3])]
    assert (np.abs(found.mean(axis=0) - moments(market)) < allowed).all()


def test_real_history_in_its_own_order_is_itself(real_data_dir: Path, monkeypatch) -> None:
    """What resampling makes of a day is that day: nothing but rounding, and the columns that are left out."""
    market = real(real_data_dir).market
    first, last = market.window(dt.date(2007, 1, 3), dt.date(2024, 12, 31))
    rows = np.arange(first, last + 1)
    monkeypatch.setattr(simulation, "draw_source_days", lambda *_: SourceDays(rows, rows - 1))
    again = simulate(market, first, last, seed=0)
    for name in set(COLUMN_NAMES) - {"vxx", "uvxy", "spx_set"}:
        assert again.columns[name][first:] == pytest.approx(
            market.columns[name][first : last + 1], rel=1e-9, nan_ok=True
        ), name
    assert (again.vx_expiry[first:] == market.vx_expiry[first : last + 1]).all()
    assert again.vx_settle[first:] == pytest.approx(market.vx_settle[first : last + 1], nan_ok=True)
    # The notes go on from the futures; AM options settle on what they would have settled on.
    one, other = ModelPrices(market), ModelPrices(again)
    for i in range(first, last + 1, 61):
        assert other.settlement(i).spx_am == pytest.approx(one.settlement(i).spx_am)
        assert other.settlement(i).vix == pytest.approx(one.settlement(i).vix)


def test_real_history_resampled(real_data_dir: Path) -> None:
    market = real(real_data_dir).market
    first, last = market.window(dt.date(2007, 1, 3), dt.date(2024, 12, 31))
    resampled, days = simulate(market, first, last, 7), draw_source_days(market, first, last, 7, 63, 20)
    vix = market.columns["vix_close"]
    moves = np.abs(np.diff(np.log(vix[first : last + 1])))
    left, like = likes(days, first, last)
    jump = np.abs(np.log(vix[like] / vix[left]))
    # What a joint adds is less than a usual day's move of VIX, and never more than a rare one's.
    assert np.median(jump) < np.median(moves)
    assert jump.max() < moves.max()
    # Futures: where the date lists a contract at a tenor of the source day, the price is the source's.
    prices = ModelPrices(resampled)
    for t in np.flatnonzero(~days.joint)[::97]:
        row, i = days.row[t], first + t
        tenors = {
            int(e - market.days[row]): p
            for e, p in zip(market.vx_expiry[row], market.vx_settle[row], strict=True)
        }
        for e, p in zip(resampled.vx_expiry[i], resampled.vx_settle[i], strict=True):
            if e > 0 and int(e - market.days[i]) in tenors:
                assert p == pytest.approx(tenors[int(e - market.days[i])])
        assert prices.at_close(i).curve.spot_vix == vix[row]
    assert np.isfinite([prices.settlement(i).spx_am for i in range(first, last + 1)]).all()
    # Both notes live from the day they were listed, though their closes are unknown after it.
    listed = resampled.columns["vxx"][first:]
    assert np.flatnonzero(np.isfinite(listed)).tolist() == [market.index_of(dt.date(2009, 1, 30)) - first]
    assert math.isfinite(prices.at_close(last).vxx) and math.isfinite(prices.at_close(last).uvxy)
    assert resampled.days[-1] == epoch_day(dt.date(2024, 12, 31))
    assert Calendar(resampled).signals.shape[0] == last + 1
