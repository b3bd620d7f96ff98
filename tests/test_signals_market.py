"""Signals of the market, each on a table worked by hand: the sums stand in the comments."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from signal_markets import busy_market, market_of

from alvh_bt.choices import Differential
from alvh_bt.config import SignalParams
from alvh_bt.market import Market, Provenance, load_folder
from alvh_bt.signals import (
    AdvanceDecline,
    BreadthDivergence,
    CapmBeta,
    CapRotation,
    CreditSpread,
    FomcWindow,
    InflationSurprise,
    InflationWindow,
    MacroStress,
    Pe,
    QuickRatio,
    RateDifferential,
    Reer,
    Signal,
    VxVolume,
    Wacc,
)
from alvh_bt.signals.capm_beta import slope
from alvh_bt.signals.smoothing import macd_histogram, smoothed, wilder_rsi
from alvh_bt.signals.trailing import earlier, known_then, months_ago, trailing_mean

NAN = math.nan
PARAMS = SignalParams()

#: Tables are worked to the digits shown or in exact fractions; sums of a few terms round in the last bits.
CLOSE = 1e-12


def values(kind: type[Signal], market: Market, **changes: float) -> np.ndarray:
    return kind().series(market, PARAMS._replace(**changes))


def same(found: np.ndarray, expected: list[float]) -> None:
    np.testing.assert_allclose(found, expected, rtol=CLOSE, atol=CLOSE)


# Looking back


def test_earlier_values_on_paper() -> None:
    same(earlier(np.array([1.0, 2.0, 3.0]), 1), [NAN, 1.0, 2.0])
    same(earlier(np.array([1.0, 2.0]), 5), [NAN, NAN])
    same(earlier(np.array([1.0, 2.0]), 0), [1.0, 2.0])


def test_trailing_mean_on_paper() -> None:
    series = np.array([2.0, NAN, 4.0, NAN, NAN, NAN, 9.0])
    # Windows of 3: 2 | 2 . | 2 . 4 | . 4 . | 4 . . | . . . | . . 9
    same(trailing_mean(series, 3, 1), [2.0, 2.0, 3.0, 4.0, 4.0, NAN, 9.0])
    same(trailing_mean(series, 3, 2), [NAN, NAN, 3.0, NAN, NAN, NAN, NAN])
    same(trailing_mean(series, 3, 0), [2.0, 2.0, 3.0, 4.0, 4.0, NAN, 9.0])  # nothing known has no mean


def test_months_ago_is_the_last_session_on_or_before_the_date() -> None:
    days = ("2015-02-13", "2015-02-16", "2015-02-27", "2015-05-15", "2015-05-16", "2015-05-29", "2015-05-31")
    # Three months before: November, November, November | Feb 15, a Sunday | Feb 16 | Feb 28 twice
    rows = months_ago(np.array(days, dtype="datetime64[D]"), 3)
    assert rows.tolist() == [-1, -1, -1, 0, 1, 2, 2]
    same(known_then(np.array([5.0, 6.0, 7.0, 8.0]), np.array([-1, 0, 2])), [NAN, 5.0, 7.0])


def test_a_year_ago_from_a_leap_day() -> None:
    days = np.array(["2015-02-27", "2015-02-28", "2015-03-01", "2016-02-29"], dtype="datetime64[D]")
    assert months_ago(days, 12)[-1] == 1


# Breadth


def breadth(n: int, **columns: list[float]) -> Market:
    return market_of(**{"skew": np.zeros(n), **{k: np.array(v) for k, v in columns.items()}})


def test_advance_decline_on_paper() -> None:
    # Net: 600 of 3000 = 0.2 | -1200 of 3000 = -0.4 | 0 | 900 of 1500 = 0.6, the mean of three:
    market = breadth(4, advances=[1800.0, 900.0, 1500.0, 1200.0], declines=[1200.0, 2100.0, 1500.0, 300.0])
    # one or two of three is enough (two may lack): 0.2 | (0.2 - 0.4) / 2 | -0.2 / 3 | (-0.4 + 0.6) / 3
    same(values(AdvanceDecline, market, breadth_sessions=3), [0.2, -0.1, -0.2 / 3, 0.2 / 3])


def test_advance_decline_allows_two_missing_sessions() -> None:
    up = [2.0, NAN, NAN, 2.0, 2.0, NAN, 2.0]
    market = breadth(7, advances=up, declines=[1.0] * 7)
    # Each known session is 1/3. Known of the last four: 1 1 1 2 2 2 3: two are enough.
    same(values(AdvanceDecline, market, breadth_sessions=4), [NAN] * 3 + [1 / 3] * 4)


def test_a_session_without_issues_is_missing() -> None:
    market = breadth(2, advances=[0.0, 3.0], declines=[0.0, 1.0])
    same(values(AdvanceDecline, market, breadth_sessions=1), [NAN, 0.5])


def test_share_of_advancers_stands_in_and_is_not_mixed() -> None:
    # Counts say -0.5 a session until session 2; shares say 2 x 0.6 - 1 = 0.2 throughout.
    market = breadth(
        6, advances=[1.0] * 3 + [NAN] * 3, declines=[3.0] * 3 + [NAN] * 3, percent_advancers=[0.6] * 6
    )
    # Windows of four with two counts or more take the counts alone, the last window the shares alone.
    same(values(AdvanceDecline, market, breadth_sessions=4), [NAN, -0.5, -0.5, -0.5, -0.5, 0.2])


def test_new_highs_stand_in_last() -> None:
    # 126 sessions of 100 or -100, of mean size 100, are needed before the first ratio.
    highs = [100.0, -100.0] * 63 + [50.0, -250.0]
    market = breadth(128, net_new_highs=highs)
    # Session 126: 50 / 100. Session 127: usual (126 x 100 + 50) / 127 = 99.6; -250 is clipped to -1.
    same(values(AdvanceDecline, market, breadth_sessions=1), [NAN] * 126 + [0.5, -1.0])
    same(values(AdvanceDecline, market, breadth_sessions=2)[-2:], [0.5, -0.25])
    shares = [NAN] * 127 + [0.55]
    market = breadth(128, net_new_highs=highs, percent_advancers=shares)
    # 2 x 0.55 - 1 = 0.1
    same(values(AdvanceDecline, market, breadth_sessions=1)[-2:], [0.5, 0.1])


def test_new_highs_of_a_dead_market_are_unavailable() -> None:
    market = breadth(200, net_new_highs=[0.0] * 199 + [5.0])
    assert np.isnan(values(AdvanceDecline, market)).all()


def test_divergence_on_paper() -> None:
    market = breadth(
        6,
        advances=[1.0] * 6,
        declines=[3.0, 3.0, 3.0, 3.0, 1.0, 3.0],
        spx_close=[100.0, 99.0, 101.0, 99.0, 100.0, NAN],
    )
    # Breadth of two sessions: -0.5 -0.5 -0.5 -0.5 -0.25 -0.25. The index over the same two, from the close
    # before: none, none, 100 to 101 up, 99 to 99 unchanged, 101 to 100 down (so 0), unknown.
    same(values(BreadthDivergence, market, breadth_sessions=2), [NAN, NAN, -0.5, -0.5, 0.0, NAN])


# Indicators


def test_smoothing_on_paper() -> None:
    # Seed (2 + 4) / 2 = 3; then 3/4 of 3 + 1/4 of 7 = 4; then 3/4 of 4 + 1/4 of 0 = 3.
    same(smoothed(np.array([2.0, 4.0, 7.0, 0.0]), 2, 0.25), [NAN, 3.0, 4.0, 3.0])
    same(smoothed(np.array([2.0]), 2, 0.25), [NAN])


def test_rsi_on_paper() -> None:
    closes = np.array([10.0, 12.0, 11.0, 13.0, NAN, 13.0, 10.0])
    # Moves 2 -1 2 . 0 -3. Rises: (2 + 0) / 2 = 1, (1 + 2) / 2 = 1.5, 0.75, 0.375. Falls: 0.5, 0.25, 0.125,
    # (0.125 + 3) / 2 = 1.5625. 1 / 1.5, 1.5 / 1.75, unknown, 0.75 / 0.875, 0.375 / 1.9375:
    expected = [NAN, NAN, 100 * 2 / 3, 100 * 6 / 7, NAN, 100 * 6 / 7, 100 * 6 / 31]
    same(wilder_rsi(closes, 2), expected)


def test_rsi_of_one_sided_and_still_markets() -> None:
    same(wilder_rsi(np.array([1.0, 2.0, 3.0]), 2), [NAN, NAN, 100.0])
    same(wilder_rsi(np.array([3.0, 2.0, 1.0]), 2), [NAN, NAN, 0.0])
    same(wilder_rsi(np.array([2.0, 2.0, 2.0]), 2), [NAN, NAN, 50.0])


def test_macd_on_paper() -> None:
    vvix = np.array([10.0, NAN, 12.0, 9.0, 12.0])
    # Fast (period 1) is the value. Slow (period 2, weight 2/3): seed 11; 11/3 + 6 = 29/3; 29/9 + 8 = 101/9.
    # Line 1, -2/3, 7/9. Signal (period 2): seed (1 - 2/3) / 2 = 1/6; 1/18 + 14/27 = 31/54.
    # Histogram -2/3 - 1/6 = -5/6, then 42/54 - 31/54 = 11/54.
    same(macd_histogram(vvix, 1, 2, 2), [NAN, NAN, NAN, -5 / 6, 11 / 54])


# Rates, currencies, dates


def test_reer_compares_what_was_known_then() -> None:
    # Weekdays from 2015-01-01: row 31 is 2015-02-13, row 32 Monday 02-16; row 96 is 05-15, row 97 05-18.
    level = np.full(100, 100.0)
    level[32:] = 101.0
    level[90:] = 103.0
    market = market_of(reer=level)
    assert market.sessions[[31, 96]].astype(str).tolist() == ["2015-02-13", "2015-05-15"]
    change = values(Reer, market)
    same(change[96:98], [0.03, 103 / 101 - 1])  # Feb 15 still knew 100; Feb 18 knew 101
    assert np.isnan(change[:64]).all()  # 2015-04-01 is the first session with one three months earlier
    assert change[64] == 101 / 100 - 1


def test_rate_differential_by_setting() -> None:
    market = breadth(3, long_rate=[0.04, 0.03, 0.04], rate=[0.01, 0.05, NAN], foreign_rate=[0.03, 0.02, 0.01])
    same(values(RateDifferential, market), [0.03, -0.02, NAN])
    same(values(RateDifferential, market, differential=Differential.FOREIGN), [-0.02, 0.03, NAN])


@pytest.mark.parametrize("kind", [FomcWindow, InflationWindow])
def test_window_is_the_nearer_side(kind) -> None:
    event = kind.name.removesuffix("_window")
    ahead, past = [9.0, 3.0, 0.0, NAN, 5.0], [2.0, 8.0, 0.0, 1.0, NAN]
    market = breadth(5, **{f"days_to_{event}": ahead, f"days_since_{event}": past})
    same(values(kind, market), [2.0, 3.0, 0.0, NAN, NAN])


def test_windows_look_at_their_own_dates() -> None:
    assert FomcWindow.inputs == ("days_to_fomc", "days_since_fomc")
    assert InflationWindow.inputs == ("days_to_inflation", "days_since_inflation")


@pytest.mark.parametrize("kind", [InflationSurprise, QuickRatio, VxVolume])
def test_signal_that_is_its_column(kind) -> None:
    same(values(kind, breadth(3, **{kind.name: [0.5, NAN, -0.1]})), [0.5, NAN, -0.1])


def test_credit_spread_against_the_sessions_before() -> None:
    market = breadth(6, credit_spread=[0.03, 0.05, 0.06, NAN, 0.09, 0.04])
    # Means of the two before: none, 0.03, 0.04, 0.055, 0.06, 0.09 (one known is half of two).
    same(values(CreditSpread, market, spread_sessions=2), [NAN, 0.02, 0.02, NAN, 0.03, -0.05])
    # Of three before, two must be known: none, one, 0.04, ..., 0.055, 0.075.
    same(values(CreditSpread, market, spread_sessions=3), [NAN, NAN, 0.02, NAN, 0.035, -0.035])


STALE = {
    Reer: ("reer",),
    RateDifferential: ("rate", "long_rate"),
    CreditSpread: ("credit_spread",),
    Pe: ("ten_year_earnings",),
    Wacc: ("long_rate", "credit_spread"),
    MacroStress: ("dividends", "long_rate", "credit_spread", "cash_flow"),
}


@pytest.mark.parametrize(("kind", "column"), [(kind, name) for kind in STALE for name in STALE[kind]])
def test_value_held_past_its_time_is_unavailable(kind, column) -> None:
    market = busy_market()
    known = ~np.isnan(kind().series(market, PARAMS._replace(growth_years=1)))
    held = np.full(700, Provenance.OBSERVED, dtype=np.int8)
    held[600:] = Provenance.REPAIRED  # the last value of a series that has ended
    market = replace(market, provenance={**market.provenance, column: held})
    after = ~np.isnan(kind().series(market, PARAMS._replace(growth_years=1)))
    assert known[600:].sum() > 70
    assert not after[600:].any()
    np.testing.assert_array_equal(after[:600], known[:600])


def test_foreign_rate_held_past_its_time_is_unavailable() -> None:
    market = breadth(2, rate=[0.03, 0.03], foreign_rate=[0.01, 0.01])
    held = np.array([Provenance.OBSERVED, Provenance.REPAIRED], dtype=np.int8)
    market = replace(market, provenance={**market.provenance, "foreign_rate": held})
    same(values(RateDifferential, market, differential=Differential.FOREIGN), [0.02, NAN])


# Valuation


def test_pe_on_paper() -> None:
    market = breadth(4, spx_close=[3000.0, 3300.0, 3000.0, NAN], ten_year_earnings=[100.0, 110.0, 0.0, 1.0])
    same(values(Pe, market), [30.0, 30.0, NAN, NAN])


def test_wacc_on_paper() -> None:
    market = breadth(3, long_rate=[0.04, 0.04, NAN], credit_spread=[0.04, 0.08, 0.04])
    # Equity 0.04 + 1 x 0.05 = 0.09, three quarters of it 0.0675. Debt 0.08 x 0.79 = 0.0632, a quarter 0.0158.
    # With twice the spread 0.12 x 0.79 / 4 = 0.0237.
    same(values(Wacc, market), [0.0833, 0.0912, NAN])
    # All debt, no tax: 0.08. All equity, premium 0.06: 0.10.
    same(values(Wacc, market, debt_share=1.0, tax_rate=0.0)[:1], [0.08])
    same(values(Wacc, market, debt_share=0.0, equity_premium=0.06)[:1], [0.10])


def test_wacc_takes_the_beta_of_the_equity_book() -> None:
    index = 100.0 * np.exp(np.cumsum([0.0, 0.01, -0.02, 0.03, 0.01]))
    book = index**2  # twice the log returns: beta 2
    n = len(index)
    market = market_of(
        spx_close=index, equity=book, long_rate=np.full(n, 0.04), credit_spread=np.full(n, 0.04)
    )
    # Beta is known from the third return (two of three): 0.75 x (0.04 + 2 x 0.05) + 0.0158 = 0.1208; before
    # that it is taken for 1.
    same(values(Wacc, market, beta_sessions=3), [0.0833, 0.0833, 0.1208, 0.1208, 0.1208])


#: No growth, k = 0.04 + 0.04 + 0.02 = 0.10: fair value 40 / 0.10 = 400; price over cash flow 10.
USUAL = {"spx_close": 1000.0, "cash_flow": 100.0, "dividends": 40.0, "long_rate": 0.04, "credit_spread": 0.04}


def usual_market(n: int = 300, at: int = -1, **changed: float) -> Market:
    """A market of the usual values throughout, but for those of one session."""
    columns = {name: np.full(n, value) for name, value in USUAL.items()}
    for name, value in changed.items():
        columns[name][at] = value
    return market_of(**columns)


def stress(market: Market, **changes: float) -> np.ndarray:
    """Macro stress over three sessions with dividends that grow over one year."""
    return values(MacroStress, market, **{"growth_years": 1, "stress_sessions": 3, **changes})


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        # k = 0.20: value 200, half. Multiple 8 after 10: the price fell less, by 1.25 times.
        ({"credit_spread": 0.14, "spx_close": 800.0}, math.log(1.25)),
        # k = 0.11: value 363.6, a fall by 1.1 times, less than that of the multiple.
        ({"credit_spread": 0.05, "spx_close": 800.0}, math.log(1.1)),
        # k = 0.12 by the ten-year rate: as much as by the spread.
        ({"long_rate": 0.06, "spx_close": 500.0}, math.log(1.2)),
        # k = 0.09: value 444.4, more than before: the price has halved, and nothing that it pays for.
        ({"credit_spread": 0.03, "spx_close": 500.0}, math.log(0.9)),
        # Value halves at an unchanged price of cash flow that falls: multiple 12.5 after 10.
        ({"credit_spread": 0.14, "cash_flow": 80.0}, math.log(0.8)),
        # Value halves, the price falls by a tenth, cash flow by a fifth: multiple 11.25 after 10.
        ({"credit_spread": 0.14, "spx_close": 900.0, "cash_flow": 80.0}, math.log(10 / 11.25)),
        # Dividends halve: 20 x 0.5 / (0.10 + 0.5) = 16.67, 24 times less. Multiple 5: half.
        ({"dividends": 20.0, "spx_close": 500.0}, math.log(2.0)),
        # Dividends grow by 3% to 41.2: 41.2 x 1.03 / 0.07 = 606.2286.
        ({"dividends": 41.2, "spx_close": 500.0}, -math.log(606.2285714285714 / 400)),
        # Dividends double: growth is capped at 4%: 80 x 1.04 / 0.06 = 1386.67, 52 / 15 of 400.
        ({"dividends": 80.0, "spx_close": 500.0}, -math.log(52 / 15)),
    ],
)
def test_macro_stress_on_paper(last, expected) -> None:
    same(stress(usual_market(**last))[-1:], [expected])


def test_cost_of_equity_stands_above_that_of_debt_by_the_setting() -> None:
    # k = 0.14, then 0.24 in place of 0.10 and 0.20.
    market = usual_market(credit_spread=0.14, spx_close=500.0)
    same(stress(market, equity_over_credit=0.06)[-1:], [math.log(12 / 7)])


def test_growth_of_dividends_is_a_year() -> None:
    # 42.436 / 40 = 1.0609 in two years is 3% a year: 42.436 x 1.03 / 0.07 = 624.4154.
    market = usual_market(560, dividends=42.436, spx_close=500.0)
    same(stress(market, growth_years=2)[-1:], [-math.log(624.4154285714286 / 400)])


@pytest.mark.parametrize(("changes", "sessions"), [({"stress_sessions": 3}, 3), ({}, 63)])
def test_macro_stress_is_the_change_over_its_sessions(changes, sessions) -> None:
    columns = {name: np.full(450, value) for name, value in USUAL.items()}
    columns["credit_spread"][330:], columns["spx_close"][330:] = 0.14, 800.0
    found = values(MacroStress, market_of(**columns), growth_years=1, **changes)
    # A step at session 330 is seen until the session it is compared with lies behind it too.
    same(found[325:], [0.0] * 5 + [math.log(1.25)] * sessions + [0.0] * (120 - sessions))


ENDS = {"today": -1, "then": -4}
UNKNOWN_STRESS = [
    {"dividends": 80.0, "long_rate": 0.0, "credit_spread": 0.01},  # k 0.03 under the growth of 0.04
    {"dividends": NAN},
    {"dividends": 0.0},
    {"cash_flow": NAN},
    {"cash_flow": -5.0},
    {"long_rate": NAN},
    {"credit_spread": NAN},
    {"spx_close": NAN},
]


@pytest.mark.parametrize("at", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("unknown", UNKNOWN_STRESS)
def test_macro_stress_is_unavailable_where_an_input_is_at_either_end(unknown, at) -> None:
    assert math.isnan(stress(usual_market(at=at, **unknown))[-1])


@pytest.mark.parametrize("at", [-2, -3])
@pytest.mark.parametrize("unknown", UNKNOWN_STRESS)
def test_macro_stress_asks_nothing_of_the_sessions_between(unknown, at) -> None:
    same(stress(usual_market(at=at, **unknown))[-1:], [0.0])


@pytest.mark.parametrize("at", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("column", STALE[MacroStress])
def test_macro_stress_is_unavailable_where_an_input_is_stale_at_either_end(column, at) -> None:
    market = usual_market()
    codes = market.provenance[column].copy()
    codes[at] = Provenance.REPAIRED
    stale = replace(market, provenance={**market.provenance, column: codes})
    assert stress(market)[-1] == 0.0
    assert math.isnan(stress(stale)[-1])


def test_macro_stress_needs_dividends_of_the_whole_span() -> None:
    market = usual_market()
    found = stress(market)
    first = int(np.flatnonzero(market.sessions == np.datetime64("2016-01-01"))[0]) + 3
    assert np.isnan(found[:first]).all()
    same(found[first:], [0.0] * (300 - first))


@pytest.fixture(scope="module")
def history(real_data_dir: Path) -> Market:
    return load_folder(real_data_dir / "market")


#: Day, whether stress is genuine, and the signs of the moves over 63 sessions that say why: of the ten-year
#: rate plus credit spread, and of price over cash flow (earnings of a quarter before stand for it).
REAL = {
    "2008-10-10": (True, 1, -1),  # spreads from 8% to 14%: value falls; the price by more than earnings
    "2020-03-16": (True, 1, -1),  # spreads from 4% to 7%, and the price falls on earnings that still rise
    "2011-08-08": (True, 1, -1),  # debt costs 1 point more; dividends that rise make up for part of it
    "2017-06-30": (False, -1, -1),  # debt costs less and dividends rise: value rises
    "2008-09-29": (False, 1, 1),  # value falls, but earnings have fallen faster than the price so far
}


@pytest.mark.parametrize("day", REAL)
def test_macro_stress_of_real_days_is_what_their_inputs_say(day, history) -> None:
    genuine, debt_moves, multiple_moves = REAL[day]
    now = history.index_of(dt.date.fromisoformat(day))
    columns = history.columns
    debt = columns["long_rate"] + columns["credit_spread"]
    multiple = columns["spx_close"] / columns["cash_flow"]
    assert np.sign(debt[now] - debt[now - 63]) == debt_moves
    assert np.sign(multiple[now] - multiple[now - 63]) == multiple_moves
    found = values(MacroStress, history)[now]
    assert found > 0.0 if genuine else found < 0.0


# Exposure


def test_slope_on_paper() -> None:
    x, y = np.array([0.01, 0.02, 0.03, 0.05]), np.array([0.02, 0.01, 0.06, NAN])
    # Of three: deviations -1 0 1 and -1 -2 3 hundredths: (1 + 3) / 2 = 2. Of two: -0.5 0.5 and -0.5 0.5
    # twice over: 0.01 down on 0.01 up is -1; 0.05 up on 0.01 is 5. The last has two known: 5 again.
    same(slope(x, y, 3), [NAN, -1.0, 2.0, 5.0])
    same(slope(np.full(4, 0.01), y, 3), [NAN] * 4)  # no slope on what does not move


def test_slope_is_numpy_s_line() -> None:
    draw = np.random.default_rng(8)
    x = 0.01 * draw.standard_normal(400)
    y = 1.4 * x + 0.005 * draw.standard_normal(400)
    x[draw.random(400) < 0.2] = NAN
    found = slope(x, y, 60)
    for i in (70, 200, 399):
        known = [j for j in range(i - 59, i + 1) if not math.isnan(x[j])]
        assert found[i] == pytest.approx(np.polyfit(x[known], y[known], 1)[0], rel=1e-9)


def test_beta_without_an_equity_book_is_that_of_the_index() -> None:
    same(values(CapmBeta, breadth(3, spx_close=[100.0, 90.0, NAN])), [1.0] * 3)


def test_beta_from_the_first_day_of_the_equity_book() -> None:
    index = 100.0 * np.exp(np.cumsum([0.0, 0.01, -0.02, 0.03, 0.01, -0.02]))
    book = 50.0 * (index / 100.0) ** 1.5
    book[:2] = NAN
    # Sessions 0 and 1: no book yet, 1. Sessions 2 and 3: too few returns. Then 1.5 times the log returns.
    same(
        values(CapmBeta, market_of(spx_close=index, equity=book), beta_sessions=3),
        [1.0, 1.0, NAN, NAN, 1.5, 1.5],
    )


def test_rotation_on_paper() -> None:
    market = breadth(
        5,
        equal_weight=[50.0, 51.0, 49.0, 51.0, NAN],
        spx_close=[100.0, 100.0, 105.0, 98.0, 100.0],
    )
    # Over two sessions: -2% less 5%; 0% less -2%.
    same(values(CapRotation, market, rotation_sessions=2), [NAN, NAN, -0.07, 0.02, NAN])
