"""Signals on series worked by hand; what is not known is unavailable; the future changes nothing."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from rule_scenes import at_close, condor_view

from alvh_bt.market import COLUMN_NAMES, VX_FUTURES, Market, Provenance
from alvh_bt.signals import FLOW_SPIKE, SIGNALS, BreakEven, FlowSpike, IvExpansion, ShortStrikeDelta
from alvh_bt.signals import flow_spike as flow_spike_module
from alvh_bt.signals.break_even import closes_below
from alvh_bt.signals.flow_spike import FEWEST, WINDOW, trailing_rank
from alvh_bt.signals.iv_expansion import iv_expansion
from alvh_bt.signals.short_strike_delta import short_strike_delta

NAN = math.nan


def market_of(**columns: np.ndarray) -> Market:
    """A market of weekdays from 2015-01-01 with the given columns and nothing else."""
    n = len(next(iter(columns.values())))
    sessions = np.busday_offset("2015-01-01", np.arange(n), roll="forward")
    unknown = np.zeros(n, dtype=np.int8)
    return Market(
        sessions=sessions,
        columns={name: columns.get(name, np.full(n, NAN)) for name in COLUMN_NAMES},
        provenance={
            name: unknown + np.int8(Provenance.OBSERVED) * (name in columns)
            for name in (*COLUMN_NAMES, VX_FUTURES)
        },
        vx_expiry=np.zeros((n, 9), dtype=np.int64),
        vx_settle=np.full((n, 9), NAN),
    )


def busy_market(n: int = 420, seed: int = 11, **changes: np.ndarray) -> Market:
    """A market of random closes, ranges and volumes."""
    draw = np.random.default_rng(seed)
    close = 2000.0 * np.exp(np.cumsum(0.01 * draw.standard_normal(n)))
    width = close * 0.01 * draw.exponential(size=n)
    columns = {
        "spx_close": close,
        "spx_high": close + width,
        "spx_low": close - 0.5 * width,
        "spx_open": close,
        "spx_volume": draw.lognormal(sigma=0.3, size=n),
        "vix_close": 15.0 + 5.0 * draw.random(n),
    }
    return market_of(**(columns | changes))


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
    return FlowSpike().series(market)


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


UNKNOWN = {
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


def test_registry_names_every_signal_and_where_the_flow_stands() -> None:
    assert list(SIGNALS) == ["flow_spike", "short_strike_delta", "iv_expansion", "break_even"]
    assert [kind.name for kind in SIGNALS.values()] == list(SIGNALS)
    assert list(SIGNALS)[FLOW_SPIKE] == "flow_spike"


@pytest.mark.parametrize("kind", SIGNALS.values(), ids=SIGNALS)
def test_signal_says_its_unit_and_inputs(kind) -> None:
    assert kind.unit
    assert kind.inputs
    assert set(kind.inputs) <= set(COLUMN_NAMES)


@pytest.mark.parametrize("kind", SIGNALS.values(), ids=SIGNALS)
@pytest.mark.parametrize("cut", [1, 130, 255, 300, 419])
def test_cutting_the_future_off_does_not_change_the_past(kind, cut) -> None:
    market = busy_market()
    whole = kind().series(market)
    assert whole.shape == market.sessions.shape
    known = kind().series(market.truncated(market.sessions[cut - 1].astype(dt.date)))
    np.testing.assert_array_equal(known, whole[:cut])


@pytest.mark.parametrize("kind", SIGNALS.values(), ids=SIGNALS)
def test_a_wild_future_does_not_change_the_past(kind) -> None:
    market = busy_market()
    wild = {name: column.copy() for name, column in market.columns.items()}
    for column in wild.values():
        column[300:] *= 50.0
    np.testing.assert_array_equal(kind().series(market)[:300], kind().series(market_of(**wild))[:300])


@pytest.mark.parametrize("kind", SIGNALS.values(), ids=SIGNALS)
def test_series_of_a_market_without_inputs_is_unavailable(kind) -> None:
    market = market_of(vix_close=np.full(300, 20.0))
    assert np.isnan(kind().series(market)).all()
