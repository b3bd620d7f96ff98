"""Measures of claims, on days and condors written by hand: every expected figure is worked beside it."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from synthetic_runs import daily_frame, no_journal

from alvh_bt.analysis.claim_days import BookDays, Condors, MarketDays, book_days, condors_of, market_days
from alvh_bt.analysis.claim_figures import monthly_spread, spikes
from alvh_bt.analysis.claim_measures import MEASURES, Case
from alvh_bt.engine.results import TRADE_COLUMNS, RunResult
from alvh_bt.market.build import build_market
from alvh_bt.market.embedded import embedded_tables

# Products and quotients of doubles: a dozen roundings at most.
EXACT = 1e-12


def days(returns, **columns) -> BookDays:
    n = len(returns)
    filled = {name: np.zeros(n) for name in BookDays._fields} | {"nav": np.full(n, 100.0)}
    filled |= {name: np.array(values, dtype=float) for name, values in columns.items()}
    return BookDays(**(filled | {"returns": np.array(returns, dtype=float)}))


def world(n, **columns) -> MarketDays:
    filled = {
        "vix": np.full(n, 20.0),
        "vix_before": np.full(n, 20.0),
        "contango": np.ones(n),
        "spike": np.zeros(n, dtype=bool),
    }
    return MarketDays(**(filled | {name: np.array(values) for name, values in columns.items()}))


def sold(pnl, vix=None, hedge=None, first="2020-01-06") -> Condors:
    n = len(pnl)
    entries = pd.bdate_range(first, periods=n).to_numpy()
    level = np.full(n, 20.0) if vix is None else np.array(vix, dtype=float)
    return Condors(
        entries, level, np.array(pnl, float), np.zeros(n) if hedge is None else np.array(hedge, float)
    )


def measured(name, case):
    sample = MEASURES[name].sample(case)
    assert sample.reason == ""
    assert len(case.books) == MEASURES[name].books or not case.books
    return sample.statistic(np.arange(sample.units)), sample


def test_drawdown_cut_and_the_hedged_drawdown() -> None:
    # 1.1 -> 0.88 is a fall of 20%; 1.0 -> 0.9 one of 10%: half of it is cut.
    case = Case((days([0.1, -0.2, 0.05]), days([0.0, -0.1, 0.02])), world(3), ())
    cut, sample = measured("drawdown_cut", case)
    assert cut == pytest.approx(0.5, abs=EXACT)
    assert sample.detail == pytest.approx({"without": 0.2, "with": 0.1}, abs=EXACT)
    assert measured("max_drawdown", case)[0] == pytest.approx(0.1, abs=EXACT)


def test_a_first_day_s_loss_is_a_drawdown_and_a_ruin_is_undefined() -> None:
    assert measured("max_drawdown", Case((days([0.0]), days([-0.3])), world(1), ()))[0] == pytest.approx(0.3)
    ruined = Case((days([0.0]), days([math.nan])), world(1), ())
    assert math.isnan(MEASURES["max_drawdown"].sample(ruined).statistic(np.arange(1)))


def test_spikes_reach_before_and_after_and_join() -> None:
    flags = np.zeros(200, dtype=bool)
    flags[[50, 52, 91, 150]] = True
    # 50 and 52 share days; 91 begins at 71, inside what 52 leaves at 72; 150 begins at 130 and stands alone.
    assert spikes(flags, 20) == [(30, 111), (130, 170)]
    assert spikes(flags[:60], 20) == [(30, 59)]


def test_spike_cut_is_the_ratio_of_mean_falls() -> None:
    returns, hedged = np.zeros(200), np.zeros(200)
    returns[[52, 150]] = -0.20, -0.04
    hedged[[52, 150]] = -0.10, -0.05
    returns[120] = -0.5  # outside both spikes
    flags = np.zeros(200, dtype=bool)
    flags[[50, 150]] = True
    cut, sample = measured("spike_cut", Case((days(returns), days(hedged)), world(200, spike=flags), ()))
    assert cut == pytest.approx(1.0 - 0.075 / 0.12, abs=EXACT)
    assert sample.units == 2
    assert sample.detail["mean_fall_without"] == pytest.approx(0.12, abs=EXACT)
    calm = MEASURES["spike_cut"].sample(Case((days([0.0]), days([0.0])), world(1), ()))
    assert calm.reason == "no spike of VIX in the window"


def test_annual_bleed_and_what_was_realised() -> None:
    # 252 sessions: a year. Bleed of 1 a day and NAV of 10,000: 2.52%; P&L of -0.5 a day: -1.26%.
    book = days(np.zeros(252), bleed=np.ones(252), nav=np.full(252, 10_000.0), hedge_pnl=np.full(252, -0.5))
    book.bleed[:126] = 2.0
    vix = np.where(np.arange(252) < 126, 14.99, 15.0)
    bleed, sample = measured("annual_bleed", Case((book,), world(252, vix_before=vix), (), vix_below=15.0))
    assert bleed == pytest.approx(0.0378, abs=EXACT)
    assert sample.detail["hedge_pnl_a_year"] == pytest.approx(-0.0126, abs=EXACT)
    # Half a year of 2 a day: at a year's rate 5.04%.
    assert sample.detail["bleed_a_year_below"] == pytest.approx(0.0504, abs=EXACT)
    assert sample.detail["share_of_days_below"] == 0.5


def test_theta_eaten_counts_days_in_contango_only() -> None:
    book = days(np.zeros(4), bleed=[1.0, 2.0, 50.0, 70.0], condor_theta=[10.0, 5.0, 1.0, 1.0])
    case = Case((book,), world(4, contango=[1.0, 1.0, 0.0, math.nan]), ())
    share, sample = measured("theta_eaten_in_contango", case)
    assert share == pytest.approx(3.0 / 15.0, abs=EXACT)
    assert sample.detail["contango_share"] == pytest.approx(2 / 3)
    unknown = MEASURES["theta_eaten_in_contango"].sample(Case((book,), world(4, contango=[math.nan] * 4), ()))
    assert "contango is unknown" in unknown.reason


def test_win_rates() -> None:
    won, sample = measured("win_rate", Case((), world(1), (sold([5.0, -1.0, 0.0, 2.0]),)))
    assert won == 0.5  # a condor that ends at nothing has not won
    assert sample.detail == {"condors": 4.0, "mean_pnl_usd": 1.5}
    assert "no condor" in MEASURES["win_rate"].sample(Case((), world(1), (sold([]),))).reason


def test_win_rate_gain_pairs_condors_by_their_entry() -> None:
    vix = [31.0, 35.0, 30.0, 40.0, 45.0]
    bare = sold([-1.0, -3.0, -9.0, 4.0, 2.0], vix)
    # The last condor was not opened under the hedge; the third was entered at 30, not above.
    hedged = sold([-1.0, -3.0, -9.0, 4.0], vix[:4], hedge=[5.0, 1.0, 50.0, -5.0])
    gain, sample = measured("win_rate_gain", Case((), world(1), (bare, hedged), vix_above=30.0))
    # Without: lose, lose, win. With: 4, -2, -1.
    assert gain == pytest.approx(0.0, abs=EXACT)
    assert sample.detail == pytest.approx({"condors": 3.0, "without": 1 / 3, "with": 1 / 3})
    better = hedged._replace(hedge_pnl=np.array([5.0, 4.0, 50.0, 0.0]))
    assert measured("win_rate_gain", Case((), world(1), (bare, better), vix_above=30.0))[0] == pytest.approx(
        2 / 3
    )
    none = MEASURES["win_rate_gain"].sample(Case((), world(1), (bare, hedged), vix_above=50.0))
    assert none.reason == "no condor was entered with VIX above 50"


def test_loss_cut_adds_up_losing_days_above_the_level() -> None:
    vix = [30.0, 26.0, 25.0, 40.0]
    case = Case(
        (days([-0.05, -0.03, -0.50, 0.10]), days([-0.05, 0.02, -0.60, -0.01])),
        world(4, vix=vix),
        (),
        vix_above=25.0,
    )
    cut, sample = measured("loss_cut", case)
    assert cut == pytest.approx(1.0 - 0.06 / 0.08, abs=EXACT)
    assert sample.detail == pytest.approx({"days": 3.0, "return_without": 0.02, "return_with": -0.04})
    assert "no loss" in MEASURES["loss_cut"].sample(case._replace(vix_above=50.0)).reason


def test_protection_gain_compares_worst_days_with_bleed() -> None:
    # 21 days: the worst two count (5% of 20 and one). The hedges earn 30 and 20 on them.
    condor = np.zeros(21)
    condor[[3, 7]] = -50.0, -40.0
    gains = [np.zeros(21), np.zeros(21)]
    gains[0][[3, 7, 9]] = 20.0, 10.0, 99.0
    gains[1][[3, 7]] = 15.0, 5.0
    bleeds = [np.full(21, 1.0), np.full(21, 0.5)]
    books = [
        days(np.zeros(21), condor_pnl=condor, hedge_pnl=g, bleed=b)
        for g, b in zip(gains, bleeds, strict=True)
    ]
    gain, sample = measured("protection_gain", Case(tuple(books), world(21), ()))
    assert gain == pytest.approx(30.0 / 21.0 - 20.0 / 10.5, abs=EXACT)
    assert sample.detail == pytest.approx({"first": 30.0 / 21.0, "second": 20.0 / 10.5})


def test_dearer_or_rougher_is_the_worse_of_two() -> None:
    # Two months: 21 and 63 against 42 and 42. Bleed: 84 against 84; spread: 42 / sqrt 2 against 0.
    uneven = days(np.zeros(42), bleed=np.repeat([1.0, 3.0], 21), nav=np.full(42, 1000.0))
    even = days(np.zeros(42), bleed=np.full(42, 2.0), nav=np.full(42, 1000.0))
    rows = np.arange(42)
    spread = 42.0 / math.sqrt(2.0) * 12.0 / 1000.0
    assert monthly_spread(uneven, rows) == pytest.approx(spread, abs=EXACT)
    rougher, sample = measured("dearer_or_rougher", Case((uneven, even), world(42), ()))
    assert rougher == pytest.approx(spread, abs=EXACT)
    assert sample.detail["bleed_difference"] == pytest.approx(0.0, abs=EXACT)
    # The steady one is no rougher, and costs the same.
    assert measured("dearer_or_rougher", Case((even, uneven), world(42), ()))[0] == pytest.approx(
        0.0, abs=EXACT
    )
    assert math.isnan(monthly_spread(even, rows[:41]))


def test_growth_and_growth_over_drawdown() -> None:
    one, other = np.zeros(252), np.zeros(252)
    one[[0, 1]] = 0.5, -0.2  # a year's growth of 20% on a fall of 20%
    other[[0, 1]] = -0.1, 0.0
    other[2] = 1.05 / 0.9 - 1.0  # 5% on 10%
    books = (days(one), days(other))
    assert measured("cagr_gain", Case(books, world(252), ()))[0] == pytest.approx(0.15, abs=EXACT)
    assert measured("calmar_gain", Case(books, world(252), ()))[0] == pytest.approx(1.0 - 0.5, abs=EXACT)


# What measures read


def test_the_least_gain_is_over_the_better_of_the_others() -> None:
    # A year each: 10% against 4% and 12%.
    books = tuple(days(np.full(252, (1.0 + rate) ** (1 / 252) - 1.0)) for rate in (0.10, 0.04, 0.12))
    gain, sample = measured("least_cagr_gain", Case(books, world(252), ()))
    # abs 1e-9: 252 roundings of a double.
    assert gain == pytest.approx(-0.02, abs=1e-9)
    assert [sample.detail[f"cagr_{name}"] for name in ("first", "second", "third")] == pytest.approx(
        [0.10, 0.04, 0.12], abs=1e-9
    )


def test_book_days_start_from_the_close_before_the_window() -> None:
    dates = pd.bdate_range("2020-01-02", periods=4)
    frame = daily_frame(
        dates,
        [110.0, 99.0, 118.8, 118.8],
        hedge_carry=[0.0, -2.0, 1.0, 0.0],
        hedge_costs=[0.0, 3.0, 0.0, 0.0],
    )
    result = RunResult("none", frame, pd.DataFrame(columns=["date", *TRADE_COLUMNS]), no_journal())
    found = book_days(result, 100.0, dates[1], dates[2])
    assert found.returns == pytest.approx([-0.1, 0.2], abs=EXACT)
    assert found.bleed.tolist() == [5.0, -1.0]


def trades(*rows) -> pd.DataFrame:
    """Rows of date, book, action, contracts, price, fees, condor, lot; each a contract of 100."""
    usual = dict.fromkeys(TRADE_COLUMNS)
    return pd.DataFrame(
        [
            usual
            | {
                "date": pd.Timestamp(day),
                "book": book,
                "action": action,
                "contracts": size,
                "contract_multiplier": 100.0,
                "price": price,
                "fees_usd": fees,
                "condor": condor,
                "lot": lot,
            }
            for day, book, action, size, price, fees, condor, lot in rows
        ],
        columns=["date", *TRADE_COLUMNS],
    )


def test_condors_are_their_fills_and_the_hedge_of_their_days() -> None:
    dates = pd.bdate_range("2020-01-06", periods=6)  # Monday 6th to Monday 13th
    frame = daily_frame(dates, np.full(6, 1000.0), hedge_pnl=[1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    fills = trades(
        ("2020-01-07", "condor", "open", -1.0, 3.0, 2.0, 1, 1),  # sold at 3, bought back at 1
        ("2020-01-07", "hedge", "open", 1.0, 9.0, 2.0, 1, 2),
        ("2020-01-09", "condor", "close", 1.0, 1.0, 2.0, 1, 1),
        ("2020-01-10", "condor", "open", -2.0, 1.0, 1.0, 2, 3),  # settled at 4
        ("2020-01-13", "condor", "settle", 2.0, 4.0, 0.0, 2, 3),
        ("2020-01-13", "condor", "open", -1.0, 1.0, 1.0, 3, 4),  # never ended
    )
    vix = pd.Series([20.0, 21.0, 22.0, 23.0, 24.0, 25.0], index=dates)
    result = RunResult("layered", frame, fills, no_journal())
    first, last = dates[0].date(), dates[-1].date()
    found = condors_of(result, vix, False, first, last)
    # (3 - 1) x 100 - 4 = 196; (1 - 4) x 200 - 1 = -601.
    assert found.pnl.tolist() == [196.0, -601.0]
    assert found.hedge_pnl.tolist() == [2.0 + 4.0 + 8.0, 16.0 + 32.0]
    assert found.entry_vix.tolist() == [20.0, 23.0]  # of the close before the fill
    assert condors_of(result, vix, True, first, last).entry_vix.tolist() == [21.0, 24.0]
    assert condors_of(result, vix, False, first, dt.date(2020, 1, 10)).pnl.tolist() == [196.0]
    assert condors_of(result, vix, False, dt.date(2020, 1, 8), last).pnl.tolist() == [-601.0]


def test_market_days_look_back_from_each_session() -> None:
    market = build_market(embedded_tables(), dt.date(2026, 1, 1))
    first, last = market.window(dt.date(2018, 1, 29), dt.date(2018, 2, 9))
    dates = pd.Series(market.sessions[first : last + 1].astype("datetime64[ns]"))
    found = market_days(market, dates)
    # VIX closed at 17.31 on 2018-02-02 and at 37.32 on 2018-02-05 (Cboe).
    crash = dates[dates == pd.Timestamp("2018-02-05")].index[0]
    assert (found.vix[crash], found.vix_before[crash]) == (37.32, 17.31)
    assert found.spike[crash]
    assert not found.spike[0]
    assert np.isnan(found.contango).all()  # the sample has no VX futures


def test_spikes_are_closes_half_above_those_of_twenty_sessions_before() -> None:
    market = build_market(embedded_tables(), dt.date(2026, 1, 1))
    first, last = market.window(dt.date(2014, 1, 3), dt.date(2018, 12, 31))
    dates = pd.Series(market.sessions[first : last + 1].astype("datetime64[ns]"))
    vix = pd.Series(market.columns["vix_close"])
    expected = (vix / vix.shift(20) >= 1.5)[first : last + 1].to_numpy()
    assert market_days(market, dates).spike.tolist() == expected.tolist()
    # The day after the British vote: VIX at 25.76 after 13.43 on 2016-05-26, twenty sessions before (Cboe).
    vote = dates[dates == pd.Timestamp("2016-06-24")].index[0]
    assert expected[vote] and not expected[vote - 1]


def test_contango_is_the_close_before_s(real_data_dir) -> None:
    from alvh_bt.market import load_market

    market = load_market(real_data_dir / "market")
    dates = pd.Series(pd.to_datetime(["2008-10-15", "2017-06-15"]))
    # October 2008 was backwardated, June 2017 in contango, as every account of those months has it.
    assert market_days(market, dates).contango.tolist() == [0.0, 1.0]
