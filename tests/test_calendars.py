"""Expiries and listings against the exchange's own dates, published chains and settlement files."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_bt import calendars
from alvh_bt.calendars import (
    Expiries,
    exchange_sessions,
    listed_expiry_nearest,
    spx_expiries,
    spx_monthly_expiry,
    vix_option_expiries,
    vx_expiries,
    vx_expiry,
)
from alvh_bt.contracts import ROOT_NAMES, Root, calendar_date, epoch_day
from alvh_bt.errors import DataError

D = dt.date.fromisoformat


def listed_on(expiries: Expiries, day: dt.date) -> set[tuple[str, dt.date]]:
    today = epoch_day(day)
    rows = zip(expiries.day, expiries.root, expiries.listed_from, strict=True)
    return {(ROOT_NAMES[r], calendar_date(d)) for d, r, since in rows if since <= today <= d}


@pytest.mark.parametrize(
    ("month", "settled"),
    [
        ((2008, 2), "2008-02-19"),  # Good Friday in March 2008
        ((2014, 3), "2014-03-18"),
        ((2019, 3), "2019-03-19"),
        ((2022, 3), "2022-03-15"),
        ((2024, 6), "2024-06-18"),  # its Wednesday is a holiday
        ((2024, 12), "2024-12-18"),
        ((2012, 10), "2012-10-17"),
    ],
)
def test_vx_settlement_days_of_the_exchange(month, settled):
    assert vx_expiry(*month) == D(settled)


@pytest.mark.parametrize(
    ("month", "expired"),
    [
        ((2019, 4), "2019-04-18"),
        ((2022, 4), "2022-04-14"),
        ((2008, 3), "2008-03-20"),
        ((2011, 1), "2011-01-21"),
    ],
)
def test_spx_monthly_expiries_of_the_exchange(month, expired):
    assert spx_monthly_expiry(*month) == D(expired)


def test_sessions_are_those_of_the_calendar_package():
    import exchange_calendars

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's own use of pandas
        whole = exchange_calendars.get_calendar("XNYS", start="1990-01-01", end="2030-12-31")
    ours = exchange_sessions(dt.date(1990, 1, 1), dt.date(2030, 12, 31))
    np.testing.assert_array_equal(ours, whole.sessions.to_numpy().astype("datetime64[D]"))


def test_sessions_of_an_empty_span_and_outside_the_calendar():
    assert len(exchange_sessions(D("2024-01-06"), D("2024-01-07"))) == 0
    with pytest.raises(DataError, match=r"1950-01-01: the exchange calendar covers 1960-01-01"):
        exchange_sessions(D("1950-01-01"), D("1990-01-01"))


def test_a_closure_that_nobody_foresaw_moves_only_what_expired_on_that_day():
    found = listed_on(spx_expiries(D("2018-12-03"), D("2018-12-03")), D("2018-12-03"))
    assert ("SPXW", D("2018-12-04")) in found  # Wednesday 5th, a day of mourning
    assert ("SPXW", D("2018-12-05")) not in found
    assert vx_expiry(2018, 12) == D("2018-12-19")
    assert spx_monthly_expiry(2012, 11) == D("2012-11-16")  # after the storm of October


@pytest.mark.parametrize(
    ("day", "expiry", "listed"),
    [
        ("2011-01-05", "2011-01-14", False),  # weeklies were listed on the Thursday of the week before
        ("2011-01-06", "2011-01-14", True),
        ("2009-12-31", "2010-01-08", False),  # before the weeklies of this table
        ("2012-10-31", "2012-11-23", False),  # the era of four weeks begins on 2012-11-01
        ("2012-11-01", "2012-11-23", True),
        ("2015-06-01", "2015-06-10", False),  # no Wednesdays yet
        ("2016-03-01", "2016-03-09", True),
        ("2016-03-01", "2016-03-07", False),  # no Mondays yet
        ("2016-09-01", "2016-09-12", True),
        ("2022-03-01", "2022-03-10", False),  # no Thursdays yet
        ("2022-06-01", "2022-06-09", True),
        ("2022-06-01", "2022-06-07", True),
        ("2018-01-05", "2018-01-16", True),  # a Monday holiday: Tuesday
        ("2018-06-20", "2018-07-03", True),  # Wednesday 4 July: the session before
        ("2014-03-10", "2014-04-17", False),  # the SPX monthly of Good Friday's week is SPX alone
    ],
)
def test_weeklies_are_listed_in_their_eras(day, expiry, listed):
    assert (("SPXW", D(expiry)) in listed_on(spx_expiries(D(day), D(day)), D(day))) is listed


def test_no_expiry_is_listed_twice_and_each_is_a_session_of_its_family():
    table = spx_expiries(dt.date(1990, 1, 1), dt.date(2024, 12, 31))
    assert len(np.unique(table.day)) == len(table.day)
    assert (np.diff(table.day) > 0).all()
    held = exchange_sessions(dt.date(1990, 1, 1), dt.date(2026, 12, 31)).astype(np.int64)
    assert np.isin(table.day, held).all()
    assert (table.listed_from <= table.day).all()


def test_first_listings_of_vix_products():
    options = vix_option_expiries(dt.date(2000, 1, 1), dt.date(2007, 1, 1))
    assert calendar_date(options.listed_from.min()) == D("2006-02-24")
    assert calendar_date(options.day[0]) == D("2006-03-22")
    futures = vx_expiries(dt.date(2000, 1, 1), dt.date(2007, 1, 1))
    assert calendar_date(futures.listed_from.min()) == D("2004-03-26")
    assert calendar_date(futures.day[0]) == D("2004-05-19")
    assert set(futures.root) == {Root.VX}


def test_a_wider_span_changes_nothing_inside_a_narrower_one():
    narrow = spx_expiries(dt.date(2015, 1, 1), dt.date(2015, 12, 31))
    wide = spx_expiries(dt.date(2005, 1, 1), dt.date(2024, 12, 31))
    inside = (wide.day >= epoch_day(D("2015-01-01"))) & (wide.listed_from <= epoch_day(D("2015-12-31")))
    for ours, theirs in zip(narrow, wide, strict=True):
        np.testing.assert_array_equal(ours, theirs[inside])


THREE = Expiries(np.array([110, 130, 150]), np.array([0, 1, 0]), np.array([0, 105, 0]))


# Without compilation there is one of them: the plain function.
PLAIN = getattr(listed_expiry_nearest, "py_func", listed_expiry_nearest)


@pytest.mark.parametrize("nearest", [listed_expiry_nearest, PLAIN])
@pytest.mark.parametrize(
    ("today", "target", "least", "index"),
    [
        (100, 30, 1, 0),  # dte 10, (30 not listed yet), 50: a tie of 20, the earlier
        (100, 31, 1, 2),
        (105, 25, 1, 1),
        (105, 5, 6, 1),  # dte 5 is nearer than allowed
        (105, 5, 5, 0),
        (100, 30, 51, -1),
        (151, 10, 0, -1),
        (150, 0, 0, 2),
    ],
)
def test_nearest_listed_expiry_by_hand(nearest, today, target, least, index):
    assert nearest(THREE, today, target, least) == index


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.integers(0, 80), st.integers(0, 60)),
        min_size=1,
        max_size=12,
        unique_by=lambda row: row[0],
    ),
    st.integers(0, 80),
    st.integers(0, 60),
    st.integers(0, 20),
)
def test_nearest_listed_expiry_equals_a_plain_search(rows, today, target, least):
    rows = sorted(rows)
    table = Expiries(
        *(np.array(c, dtype=np.int64) for c in ([d for d, _ in rows], [0] * len(rows), [s for _, s in rows]))
    )
    fit = [
        (abs(d - today - target), d, k)
        for k, (d, since) in enumerate(rows)
        if since <= today and d - today >= least
    ]
    assert listed_expiry_nearest(table, today, target, least) == (min(fit)[2] if fit else -1)


def _rows(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return list(csv.DictReader(text.splitlines()))


def test_every_vx_expiry_that_settled_is_the_one_by_rule(real_data_dir):
    given_expiries = {D(row["expiry"]) for row in _rows(real_data_dir / "market" / "vx_futures.csv")}
    assert len(given_expiries) > 200
    assert {day for day in given_expiries if vx_expiry(day.year, day.month) != day} == set()


def test_vx_listed_by_rule_had_a_settlement_that_day(real_data_dir):
    # The file lacks some last and first days of these contracts; beyond 200 days it often has M7 alone.
    gaps = {D("2004-07-21"), D("2004-10-20"), D("2005-03-16"), D("2007-06-20")}
    settled = defaultdict(set)
    for row in _rows(real_data_dir / "market" / "vx_futures.csv"):
        settled[D(row["date"])].add(D(row["expiry"]))
    table = vx_expiries(min(settled), max(settled))
    missing = set()
    for day, have in settled.items():
        near = {e for _, e in listed_on(table, day) if 0 < (e - day).days < 200}
        missing |= near - have
    assert missing <= gaps


@pytest.mark.parametrize("name", ["spx_2011-01-03_2011-01-07", "spx_2022-07-12_intraday"])
def test_spx_expiries_by_rule_were_in_the_chain_of_that_day(real_data_dir, name):
    """One direction alone: quarter-ends, month-ends, long-dated and PM third Fridays are not in the table."""
    quoted = defaultdict(set)
    for row in _rows(real_data_dir / "chains" / f"{name}.csv.gz"):
        quoted[D(row["quote_date"])].add((row["root"], D(row["expiration"])))
    for day, have in quoted.items():
        ours = listed_on(spx_expiries(day, day), day)
        assert len(ours) >= 5
        assert ours - have == set()


def test_vix_calls_that_the_tail_hedge_index_held_are_listed_by_rule(real_data_dir):
    # Published with wrong dates: December 2012 (settled on the 19th) and January 2013 (year).
    misprints = {D("2012-12-21"), D("2012-01-16")}
    table = vix_option_expiries(D("2006-02-24"), D("2012-12-31"))
    held = [r for r in _rows(real_data_dir / "benchmarks" / "vxth_daily.csv") if r["expiration"]]
    assert len(held) > 1000
    unlisted = {
        D(r["expiration"]) for r in held if ("VIX", D(r["expiration"])) not in listed_on(table, D(r["date"]))
    }
    assert unlisted <= misprints


def test_calendars_exports_only_what_exists():
    assert all(hasattr(calendars, name) for name in calendars.__all__)
