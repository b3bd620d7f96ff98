"""Signals on series worked by hand; what is not known is unavailable; the future changes nothing."""

from __future__ import annotations

import datetime as dt
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from rule_scenes import at_close, condor_view
from signal_markets import busy_market, market_of, with_random_columns

from alvh_bt.choices import SignalCode
from alvh_bt.config import SignalParams
from alvh_bt.market import COLUMN_NAMES, Market
from alvh_bt.market.build import build_market
from alvh_bt.market.embedded import embedded_tables
from alvh_bt.market.load import load_folder
from alvh_bt.signal_params import APPROVES_ABOVE, VoteParams
from alvh_bt.signals import (
    FLOW_SPIKE,
    SIGNALS,
    BreakEven,
    CondorIrr,
    FlowSpike,
    IvExpansion,
    ShortStrikeDelta,
)
from alvh_bt.signals import flow_spike as flow_spike_module
from alvh_bt.signals.break_even import closes_below
from alvh_bt.signals.flow_spike import FEWEST, WINDOW, trailing_rank
from alvh_bt.signals.iv_expansion import iv_expansion
from alvh_bt.signals.short_strike_delta import short_strike_delta

NAN = math.nan
PARAMS = SignalParams()
#: One year in place of ten, so that a market of three years has dividends to compare with.
SHORT = PARAMS._replace(growth_years=1)


# Percentile rank


def test_rank_on_paper(monkeypatch) -> None:
    monkeypatch.setattr(flow_spike_module, "WINDOW", 4)
    monkeypatch.setattr(flow_spike_module, "FEWEST", 2)
    values = np.array([3.0, 1.0, 2.0, 2.0, 5.0, 0.0, NAN, NAN, 4.0, 4.0])
    expected = [
        NAN,  # nothing before it
        NAN,  # one value before it
        1 / 2,  # 3 1 | 2: one of two below
        1 / 3,  # 3 1 2 | 2: the equal one is not below
        4 / 4,  # 3 1 2 2 | 5
        0 / 4,  # 1 2 2 5 | 0
        NAN,  # itself unknown
        NAN,
        1 / 2,  # 5 0 . . | 4: one of two known below
        1 / 2,  # 0 . . 4 | 4
    ]
    np.testing.assert_array_equal(trailing_rank(values), expected)


def test_rank_needs_half_a_year_and_looks_back_a_year() -> None:
    assert (WINDOW, FEWEST) == (252, 126)
    rising = trailing_rank(np.arange(400.0))
    assert np.isnan(rising[:126]).all()
    assert (rising[126:] == 1.0).all()
    # A spike leaves the window after 252 sessions: then nothing before the value lies above it.
    values = np.full(400, 1.0)
    values[100] = 9.0
    values[352] = values[353] = 5.0
    rank = trailing_rank(values)
    assert rank[352] == 251 / 252  # sessions 100..351: the 9 is still there
    assert rank[353] == 251 / 252  # sessions 101..352: now the 5 of the day before is
    assert rank[354] == 0.0


def test_rank_is_that_of_a_plain_loop() -> None:
    draw = np.random.default_rng(3)
    values = draw.integers(0, 40, 600).astype(float)
    values[draw.random(600) < 0.3] = NAN
    expected = np.full(600, NAN)
    for i in range(600):
        known = [v for v in values[max(0, i - 252) : i] if not math.isnan(v)]
        if len(known) >= 126 and not math.isnan(values[i]):
            expected[i] = sum(v < values[i] for v in known) / len(known)
    # The same division of the same two integers.
    np.testing.assert_array_equal(trailing_rank(values), expected)


# Flow spike


def quiet_market(n: int = 300, **spikes: dict[int, float]) -> Market:
    """Close 1,000, range 995-1,005 and volume 100 + a little that grows, with spikes by session."""
    growing = np.arange(n) * 1e-6
    columns = {
        "spx_close": np.full(n, 1000.0),
        "spx_high": 1005.0 + growing,
        "spx_low": np.full(n, 995.0),
        "spx_volume": 100.0 + growing,
    }
    for name, at in spikes.items():
        for i, value in at.items():
            columns[name][i] = value
    return market_of(**columns)


def flow(market: Market) -> np.ndarray:
    return FlowSpike().series(market, PARAMS)


def test_flow_is_the_lower_of_the_two_ranks() -> None:
    # By itself every session is the busiest and widest so far: rank 1. Low volume or range pulls it down.
    assert flow(quiet_market())[290] == 1.0
    thin = flow(quiet_market(spx_volume={290: 1.0}))
    assert thin[290] == 0.0  # wide, on holiday volume
    narrow = flow(quiet_market(spx_high={290: 1000.0}, spx_low={290: 1000.0}))
    assert narrow[290] == 0.0  # an index rebalancing


def test_range_is_the_true_one_from_the_close_before() -> None:
    # A gap: yesterday closed at 1,000, today trades 960-965. True range 40, the bar's own 5.
    gap = {"spx_high": {290: 965.0}, "spx_low": {290: 960.0}}
    assert flow(quiet_market(**gap))[290] == 1.0
    # Yesterday closed at 962 already: the range is the bar's 5 against a usual 10.
    assert flow(quiet_market(**gap, spx_close={289: 962.0}))[290] == 0.0


def test_range_is_a_share_of_the_close_before() -> None:
    # Range 10 after a close of 2,000 is half of the usual 10 after 1,000. High and low hold 2,000 within.
    high, low = {289: 2005.0, 290: 2005.0}, {289: 1995.0, 290: 1995.0}
    market = quiet_market(spx_close={289: 2000.0}, spx_high=high, spx_low=low)
    assert flow(market)[290] == 0.0


@pytest.mark.parametrize("column", ["spx_volume", "spx_high", "spx_low"])
def test_flow_is_unavailable_when_an_input_of_the_day_is(column) -> None:
    assert math.isnan(flow(quiet_market(**{column: {290: NAN}}))[290])


def test_flow_is_unavailable_without_the_close_before() -> None:
    assert math.isnan(flow(quiet_market(spx_close={289: NAN}))[290])


def test_flow_is_unavailable_without_volumes() -> None:
    n = 300
    market = busy_market(n, spx_volume=np.full(n, NAN))
    assert np.isnan(flow(market)).all()


def gapping(n: int = 300, **opens: float) -> Market:
    """The quiet market with gaps of 0.1% that grow a little, half of them down; opens by session."""
    market = quiet_market(n, spx_high={290: 1003.0}, spx_low={290: 997.0})
    sizes = 1.0 + np.arange(n) * 1e-4
    spx_open = 1000.0 + np.where(np.arange(n) % 2, sizes, -sizes)
    for at, value in opens.items():
        spx_open[int(at[1:])] = value
    return market_of(**{**market.columns, "spx_open": spx_open})


def test_flow_takes_the_gap_where_the_range_is_quiet() -> None:
    # Range 6 after 10 on every session before: rank 0. The gap alone says whether the move is unusual.
    assert flow(gapping(_290=1002.5))[290] == 1.0  # 0.25% up, more than any before
    assert flow(gapping(_290=997.5))[290] == 1.0  # and as much down
    assert flow(gapping(_290=1000.5))[290] == 0.0  # 0.05%, less than any before
    # Gaps grow: of the 252 before, sessions 38 to 289 with 1.0038 to 1.0289, those to 163 lie below 1.01635.
    assert flow(gapping(_290=1001.01635))[290] == 126 / 252


def test_open_that_repeats_the_close_is_no_gap() -> None:
    # Stale on the day: unknown and left out, so that the quiet range stands alone, as on paper without gaps.
    assert flow(gapping(_290=1000.0))[290] == 0.0
    # Stale on 126 of the sessions before: of the other 126, 164 to 289, those to 226 lie below 1.02265.
    stale = {f"_{i}": 1000.0 for i in range(38, 164)}
    assert flow(gapping(**stale, _290=1001.02265))[290] == 63 / 126
    # One more and less than half of the window is known: no rank of the gap, and the range stands alone.
    assert flow(gapping(**stale, _164=1000.0, _290=1002.5))[290] == 0.0


def test_gap_does_not_make_up_for_an_unknown_range() -> None:
    market = gapping(_290=1002.5)
    high = market.columns["spx_high"].copy()
    high[290] = NAN
    assert math.isnan(flow(market_of(**{**market.columns, "spx_high": high}))[290])


def test_flow_reads_the_day_s_rank() -> None:
    assert FlowSpike().read(0.75, condor_view(), at_close()) == 0.75
    assert math.isnan(FlowSpike().read(NAN, condor_view(), at_close()))


# Signals of a condor


@pytest.mark.parametrize(
    ("now", "entry", "expected"), [(23.0, 20.0, 0.15), (20.0, 20.0, 0.0), (10.0, 40.0, -0.75)]
)
def test_iv_expansion_on_paper(now, entry, expected) -> None:
    # abs 1e-15: one quotient less one.
    assert iv_expansion(now, entry) == pytest.approx(expected, abs=1e-15)
    read = IvExpansion().read(NAN, condor_view(entry_vix=entry), at_close(vix=now))
    assert read == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("put", "call", "expected"), [(0.16, 0.10, 0.16), (0.05, 0.31, 0.31), (0.2, 0.2, 0.2)]
)
def test_short_strike_delta_is_the_larger(put, call, expected) -> None:
    condor = condor_view(short_put_delta=put, short_call_delta=call)
    assert short_strike_delta(condor) == expected
    assert ShortStrikeDelta().read(NAN, condor, at_close()) == expected


@pytest.mark.parametrize(
    ("closes", "count"),
    [
        ((99.0,), 1),
        ((100.0,), 0),  # on the level is not below it
        ((98.0, 99.0, 97.0), 3),
        ((98.0, 101.0, 97.0), 1),
        ((98.0, 97.0, 101.0), 0),
        ((), 0),
        ((98.0, NAN, 97.0), 1),  # an unknown close confirms nothing
    ],
)
def test_closes_below_counts_back_from_the_latest(closes, count) -> None:
    assert closes_below(np.array(closes), 100.0) == count


def test_break_even_counts_closes_below_the_condor_s() -> None:
    condor = condor_view(break_even=3680.0)
    assert BreakEven().read(NAN, condor, at_close(closes=(3700.0, 3679.0, 3650.0))) == 2.0
    assert BreakEven().read(NAN, condor, at_close(closes=(3650.0, 3700.0))) == 0.0


@pytest.mark.parametrize(
    ("now", "entry", "expected"), [(0.05, 0.30, -0.25), (0.30, 0.30, 0.0), (-0.40, 0.10, -0.50)]
)
def test_condor_irr_is_the_change_since_entry(now, entry, expected) -> None:
    # abs 1e-15: one difference.
    read = CondorIrr().read(NAN, condor_view(irr=now, entry_irr=entry), at_close())
    assert read == pytest.approx(expected, abs=1e-15)


UNKNOWN = {
    "condor_irr": (condor_view(irr=0.1), at_close()),
    "flow_spike": (condor_view(), at_close()),
    "iv_expansion": (condor_view(entry_vix=NAN), at_close()),
    "break_even": (condor_view(), at_close(closes=(3600.0, NAN))),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_signal_of_an_unknown_input_is_unavailable(name) -> None:
    assert math.isnan(SIGNALS[name]().read(NAN, *UNKNOWN[name]))


@pytest.mark.parametrize("unknown", ["short_put_delta", "short_call_delta"])
def test_short_strike_delta_of_an_unknown_delta_is_unavailable(unknown) -> None:
    condor = condor_view(**{unknown: NAN})
    assert math.isnan(ShortStrikeDelta().read(NAN, condor, at_close()))


# Every signal

UNITS = {
    "flow_spike": "share of the last 252 sessions below today",
    "short_strike_delta": "absolute delta",
    "iv_expansion": "fraction",
    "break_even": "closes in a row",
    "condor_irr": "fraction a year",
    "advance_decline": "share of issues a session",
    "breadth_divergence": "share of issues a session",
    "spx_rsi": "0 to 100",
    "vix_rsi": "0 to 100",
    "vvix_macd": "vol points",
    "reer": "fraction",
    "rate_differential": "fraction a year",
    "fomc_window": "calendar days",
    "inflation_window": "calendar days",
    "inflation_surprise": "percentage points",
    "credit_spread": "fraction a year",
    "pe": "ratio",
    "wacc": "fraction a year",
    "macro_stress": "log change, falls positive",
    "quick_ratio": "ratio",
    "capm_beta": "beta",
    "cap_rotation": "fraction",
    "vx_volume": "contracts a session",
}
OF_CONDOR = ("short_strike_delta", "iv_expansion", "break_even", "condor_irr")
OF_MARKET = {name: kind for name, kind in SIGNALS.items() if name not in OF_CONDOR}

#: Columns without any of which a signal is unavailable throughout; of the others it can do with some.
NEEDED = {
    "flow_spike": ("spx_volume", "spx_high", "spx_low", "spx_close"),
    "breadth_divergence": ("spx_close",),
    "spx_rsi": ("spx_close",),
    "vix_rsi": ("vix_close",),
    "vvix_macd": ("vvix",),
    "reer": ("reer",),
    "rate_differential": ("rate", "long_rate"),
    "fomc_window": ("days_to_fomc", "days_since_fomc"),
    "inflation_window": ("days_to_inflation", "days_since_inflation"),
    "inflation_surprise": ("inflation_surprise",),
    "credit_spread": ("credit_spread",),
    "pe": ("spx_close", "ten_year_earnings"),
    "wacc": ("long_rate", "credit_spread"),
    "macro_stress": ("spx_close", "dividends", "long_rate", "credit_spread", "cash_flow"),
    "quick_ratio": ("quick_ratio",),
    "cap_rotation": ("equal_weight", "spx_close"),
    "vx_volume": ("vx_volume",),
}


@cache
def sample() -> Market:
    """The embedded sample with every column that it lacks random."""
    return with_random_columns(build_market(embedded_tables(), dt.date(2020, 1, 1)), seed=5)


@cache
def real(folder: Path) -> Market:
    """Real history with every column but the prices random."""
    return with_random_columns(load_folder(folder / "market"), seed=6)


def test_registry_holds_every_signal_in_the_order_of_the_codes() -> None:
    assert list(SIGNALS) == [name.lower() for name in SignalCode._fields]
    assert list(SIGNALS) == list(VoteParams._fields)
    assert list(SignalCode) == list(range(23))
    assert len(SIGNALS) == len(APPROVES_ABOVE) == 23
    assert [kind.name for kind in SIGNALS.values()] == list(SIGNALS)
    assert list(SIGNALS)[FLOW_SPIKE] == "flow_spike"


def test_each_signal_has_a_file_of_its_name() -> None:
    assert {name: kind.__module__ for name, kind in SIGNALS.items()} == {
        name: f"alvh_bt.signals.{name}" for name in SIGNALS
    }


def test_each_signal_says_its_unit() -> None:
    assert {name: kind.unit for name, kind in SIGNALS.items()} == UNITS


@pytest.mark.parametrize("kind", SIGNALS.values(), ids=SIGNALS)
def test_signal_names_columns_of_the_market(kind) -> None:
    assert kind.inputs
    assert set(kind.inputs) <= set(COLUMN_NAMES)
    assert set(NEEDED.get(kind.name, ())) <= set(kind.inputs)


@pytest.mark.parametrize("kind", SIGNALS.values(), ids=SIGNALS)
def test_signal_reads_no_column_that_it_does_not_name(kind) -> None:
    market = busy_market()
    named = {name: market.columns[name] for name in kind.inputs}
    only = kind().series(market_of(**named), SHORT)
    np.testing.assert_array_equal(only, kind().series(market, SHORT))


@pytest.mark.parametrize("kind", OF_MARKET.values(), ids=OF_MARKET)
def test_signal_of_the_market_reads_the_day_s_value(kind) -> None:
    assert kind().read(0.75, condor_view(), at_close()) == 0.75
    assert math.isnan(kind().read(NAN, condor_view(), at_close()))


@pytest.mark.parametrize("name", OF_CONDOR)
def test_signal_of_a_condor_has_no_series(name) -> None:
    assert np.isnan(SIGNALS[name]().series(busy_market(), SHORT)).all()


@pytest.mark.parametrize("kind", OF_MARKET.values(), ids=OF_MARKET)
def test_signal_of_a_full_market_is_known_on_most_late_sessions(kind) -> None:
    values = kind().series(busy_market(), SHORT)
    assert values.shape == (700,)
    assert np.isfinite(values[450:]).mean() > 0.75  # holes of 2% a column, two dates in some
    assert len(np.unique(values[450:])) > 50 or kind.name == "breadth_divergence"


@pytest.mark.parametrize(("name", "column"), [(k, c) for k, needed in NEEDED.items() for c in needed])
def test_signal_is_unavailable_without_an_input(name, column) -> None:
    market = busy_market(**{column: np.full(700, NAN)})
    assert np.isnan(SIGNALS[name]().series(market, SHORT)).all()


@pytest.mark.parametrize("kind", SIGNALS.values(), ids=SIGNALS)
def test_signal_of_a_market_without_inputs_is_unavailable(kind) -> None:
    market = market_of(skew=np.full(300, 120.0))
    values = kind().series(market, PARAMS)
    if kind.name == "capm_beta":
        assert (values == 1.0).all()  # no equity book: the exposure is the index
    else:
        assert np.isnan(values).all()


@pytest.mark.parametrize("kind", SIGNALS.values(), ids=SIGNALS)
@pytest.mark.parametrize("cut", [1, 2, 130, 255, 300, 519, 699])
def test_cutting_the_future_off_does_not_change_the_past(kind, cut) -> None:
    market = busy_market()
    whole = kind().series(market, SHORT)
    known = kind().series(market.truncated(market.sessions[cut - 1].astype(dt.date)), SHORT)
    np.testing.assert_array_equal(known, whole[:cut])


def same_prefix(kind, market: Market, days: tuple[str, ...]) -> None:
    whole = kind().series(market, PARAMS)
    for day in days:
        known = kind().series(market.truncated(dt.date.fromisoformat(day)), PARAMS)
        np.testing.assert_array_equal(known, whole[: len(known)])


@pytest.mark.parametrize("kind", OF_MARKET.values(), ids=OF_MARKET)
def test_cutting_the_sample_s_future_off_does_not_change_the_past(kind) -> None:
    same_prefix(kind, sample(), ("1999-01-05", "2011-08-08", "2018-02-05"))


@pytest.mark.parametrize("kind", OF_MARKET.values(), ids=OF_MARKET)
def test_cutting_real_future_off_does_not_change_the_past(kind, real_data_dir: Path) -> None:
    same_prefix(kind, real(real_data_dir), ("2008-09-29", "2020-03-16"))


@pytest.mark.parametrize("kind", SIGNALS.values(), ids=SIGNALS)
def test_a_wild_future_does_not_change_the_past(kind) -> None:
    market = busy_market()
    wild = {name: column.copy() for name, column in market.columns.items()}
    for column in wild.values():
        column[500:] *= 50.0
    past = kind().series(market_of(**wild), SHORT)[:500]
    np.testing.assert_array_equal(kind().series(market, SHORT)[:500], past)
