"""The aligned market: repairs, provenance, windows, lags, and nothing from the future."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alvh_bt.calendars import exchange_sessions
from alvh_bt.contracts import epoch_day
from alvh_bt.errors import DataError
from alvh_bt.market import COLUMN_NAMES, VX_FUTURES, Market, Provenance, Repair, load_folder, load_market

D = dt.date.fromisoformat
TODAY = D("2025-06-02")
UNAVAILABLE, OBSERVED, REPAIRED = Provenance.UNAVAILABLE, Provenance.OBSERVED, Provenance.REPAIRED


def write(folder: Path, name: str, header: str, *rows: str) -> None:
    (folder / f"{name}.csv").write_text("\n".join((header, *rows)) + "\n")


def small_market(folder: Path, days: list[str], vix: list[str] | None = None) -> None:
    """Write flat bars: the S&P 500 at 100, 101, .. and VIX at 20, 21, .. on the days given."""
    bars = [f"{d},{100 + k},{101 + k},{99 + k},{100 + k},1000" for k, d in enumerate(days)]
    write(folder, "spx", "date,open,high,low,close,volume", *bars)
    bars = [f"{d},{20 + k},{20 + k},{20 + k},{20 + k}" for k, d in enumerate(days)] if vix is None else vix
    write(folder, "vix", "date,open,high,low,close", *bars)


WEEK = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"]


def repair_of(market: Market, what: str) -> Repair:
    (found,) = [repair for repair in market.repairs if what in repair.what]
    return found


def test_missing_vix_holds_the_last_close_and_says_so(tmp_path):
    small_market(tmp_path, WEEK, [f"{WEEK[0]},19,21,18,20", f"{WEEK[4]},30,31,29,30"])
    market = load_folder(tmp_path, TODAY)
    for name in ("vix_open", "vix_high", "vix_low", "vix_close"):
        assert market.columns[name][1:4].tolist() == [20.0] * 3
        # the last day has no row either, and none after it
        assert market.provenance[name].tolist() == [
            OBSERVED,
            REPAIRED,
            REPAIRED,
            REPAIRED,
            OBSERVED,
            REPAIRED,
        ]
    assert market.columns["vix_close"][5] == 30.0
    found = repair_of(market, "last close held")
    assert (found.input, found.count, found.first) == ("vix", 4, D("2024-01-03"))


def test_vix_that_ends_early_is_held_three_sessions_and_then_unknown(tmp_path):
    small_market(tmp_path, WEEK, [f"{WEEK[0]},19,21,18,20", f"{WEEK[1]},19,21,18,20.5"])
    market = load_folder(tmp_path, TODAY)
    np.testing.assert_array_equal(market.columns["vix_close"], [20, 20.5, 20.5, 20.5, 20.5, np.nan])
    assert market.provenance["vix_close"][5] == UNAVAILABLE
    assert market.usable == (D("2024-01-02"), D("2024-01-08"))
    assert market.window() == (0, 4)


def test_a_vix_open_outside_the_range_becomes_the_previous_close(tmp_path):
    rows = [
        f"{WEEK[0]},25,21,19,20",  # no day before: unknown
        f"{WEEK[1]},26,23,21,22",  # previous close 20; the range is not known at the open
        f"{WEEK[2]},18,24,21,23",  # previous close 22
        f"{WEEK[3]},24.01,24,22,23",
        f"{WEEK[4]},24,24,22,23",  # on the high: right
        f"{WEEK[5]},22,24,22,23",  # on the low: right
    ]
    small_market(tmp_path, WEEK, rows)
    market = load_folder(tmp_path, TODAY)
    np.testing.assert_array_equal(market.columns["vix_open"], [np.nan, 20.0, 22.0, 23.0, 24.0, 22.0])
    assert market.provenance["vix_open"].tolist() == [UNAVAILABLE] + [REPAIRED] * 3 + [OBSERVED] * 2
    assert set(market.provenance["vix_close"]) == {OBSERVED}
    assert repair_of(market, "open outside").count == 4


def test_prints_on_closed_days_are_dropped_and_counted(tmp_path):
    days = ["2024-01-12", "2024-01-16"]
    vix = [f"{d},20,20,20,20" for d in ("2023-12-25", "2024-01-12", "2024-01-15", "2024-01-16")]
    small_market(tmp_path, days, vix)  # the 15th is a holiday; 25 December is before the history
    market = load_folder(tmp_path, TODAY)
    assert [str(day) for day in market.sessions] == days
    found = repair_of(market, "without a session")
    assert (found.input, found.count, found.first) == ("vix", 1, D("2024-01-15"))


def test_a_missing_session_is_skipped_and_counted(tmp_path):
    small_market(tmp_path, [day for day in WEEK if day != "2024-01-04"])
    market = load_folder(tmp_path, TODAY)
    assert len(market.sessions) == 5
    found = repair_of(market, "missing from the file (skipped)")
    assert (found.input, found.count, found.first) == ("spx", 1, D("2024-01-04"))
    assert str(found) == "spx: session missing from the file (skipped): 1, first on 2024-01-04"


def test_zero_volume_and_stale_opens(tmp_path):
    small_market(tmp_path, WEEK)
    write(
        tmp_path,
        "spx",
        "date,open,high,low,close,volume",
        f"{WEEK[0]},100,102,99,101,5",
        f"{WEEK[1]},101,102,99,100,0",  # opens on the close before
        f"{WEEK[2]},101,102,99,100,",
    )
    market = load_folder(tmp_path, TODAY)
    np.testing.assert_array_equal(market.columns["spx_volume"], [5, np.nan, np.nan])
    assert market.provenance["spx_volume"].tolist() == [OBSERVED, UNAVAILABLE, UNAVAILABLE]
    assert repair_of(market, "volume of zero").first == D("2024-01-03")
    assert repair_of(market, "stale print").count == 1
    assert market.provenance["spx_open"].tolist() == [OBSERVED] * 3


def test_early_vvix_is_unknown(tmp_path):
    small_market(tmp_path, ["2006-05-30", "2006-05-31", "2006-06-01"])
    write(tmp_path, "vvix", "date,close", "2006-05-30,82", "2006-05-31,77", "2006-06-01,74")
    market = load_folder(tmp_path, TODAY)
    np.testing.assert_array_equal(market.columns["vvix"], [np.nan, np.nan, 74.0])
    assert market.provenance["vvix"].tolist() == [UNAVAILABLE, UNAVAILABLE, OBSERVED]
    assert repair_of(market, "not usable").count == 2


def test_the_bill_rate_enters_a_session_late_as_a_fraction(tmp_path):
    small_market(tmp_path, WEEK)
    write(tmp_path, "rates", "date,dtb3", "2024-01-02,5.20", "2024-01-03,", "2024-01-06,-0.05")
    market = load_folder(tmp_path, TODAY)
    np.testing.assert_allclose(
        market.columns["rate"],
        [np.nan, 0.052, 0.052, 0.052, -0.0005, -0.0005],
        rtol=1e-15,  # one multiplication
    )
    assert market.provenance["rate"].tolist() == [UNAVAILABLE] + [OBSERVED] * 5


def test_a_rate_older_than_45_days_counts_as_repaired(tmp_path):
    small_market(tmp_path, WEEK)
    write(tmp_path, "rates", "date,dtb3", "2023-11-19,5.2")  # known from the 20th: 45 days to 4 January
    market = load_folder(tmp_path, TODAY)
    assert market.provenance["rate"].tolist() == [OBSERVED] * 3 + [REPAIRED] * 3
    assert repair_of(market, "last one held").count == 3


def test_the_dividend_yield_enters_three_months_late(tmp_path):
    days = [str(day) for day in exchange_sessions(D("2024-03-25"), D("2024-05-03"))]
    small_market(tmp_path, days)
    header = "date,price,dividend,earnings,cpi,gs10,cape"
    write(
        tmp_path,
        "shiller",
        header,
        "2023-12-01,4000,60,1,1,1,1",
        "2024-01-01,5000,70,1,1,1,1",
        "2024-02-01,5100,,,,,",
    )
    market = load_folder(tmp_path, TODAY)
    values = dict(zip(days, market.columns["dividend_yield"].tolist(), strict=True))
    assert values["2024-03-28"] == 60 / 4000
    assert values["2024-04-01"] == 70 / 5000
    assert values["2024-05-03"] == 70 / 5000  # the row of February has no dividend yet


def test_settlement_values_stand_on_their_day(tmp_path):
    small_market(tmp_path, WEEK)
    write(tmp_path, "settlements", "date,spx_set,vro", "2024-01-03,,13.5", "2024-01-05,4690.5,")
    market = load_folder(tmp_path, TODAY)
    np.testing.assert_array_equal(market.columns["vro"], [np.nan, 13.5] + [np.nan] * 4)
    np.testing.assert_array_equal(market.columns["spx_set"], [np.nan] * 3 + [4690.5] + [np.nan] * 2)


def test_futures_are_sorted_by_expiry_and_odd_expiries_kept(tmp_path):
    small_market(tmp_path, WEEK)
    write(
        tmp_path,
        "vx_futures",
        "date,expiry,settle",
        f"{WEEK[0]},2024-02-14,15",
        f"{WEEK[0]},2024-01-17,14",
        f"{WEEK[0]},2024-03-21,16",  # the rule says the 20th
        f"{WEEK[1]},2024-01-03,13",  # settles that day
        f"{WEEK[1]},2024-02-14,15.5",
        *(f"{WEEK[2]},20{y}-{m:02d}-10,20" for y in (25, 26) for m in range(1, 7)),
    )
    market = load_folder(tmp_path, TODAY)
    assert market.vx_settle[0, :4].tolist()[:3] == [14, 15, 16]
    assert market.vx_expiry[0, :4].tolist() == [
        epoch_day(D(f"2024-{d}")) for d in ("01-17", "02-14", "03-21")
    ] + [0]
    assert market.vx_expiry[1, :2].tolist() == [epoch_day(D("2024-02-14")), 0]
    assert market.vx_settle.shape == (6, 9)
    assert (market.vx_expiry[2] > 0).all()
    assert market.provenance[VX_FUTURES].tolist() == [OBSERVED] * 3 + [UNAVAILABLE] * 3
    assert repair_of(market, "rule does not give").count == 2  # two days that have such a contract
    assert repair_of(market, "settlement day itself").first == D(WEEK[1])
    assert repair_of(market, "beyond the nearest 9").first == D(WEEK[2])


def test_what_is_absent_is_unknown_and_unavailable(tmp_path):
    small_market(tmp_path, WEEK)
    market = load_folder(tmp_path, TODAY)
    for name in ("vix9d", "vix3m", "vix6m", "vvix", "skew", "rate", "dividend_yield", "spx_set", "vro"):
        assert np.isnan(market.columns[name]).all()
        assert set(market.provenance[name]) == {UNAVAILABLE}
    assert set(market.source) == {"spx", "vix"}
    assert set(market.columns) == set(COLUMN_NAMES)


def test_nobody_can_write_to_a_market(tmp_path):
    small_market(tmp_path, WEEK)
    market = load_folder(tmp_path, TODAY)
    arrays = [market.sessions, market.days, market.vx_expiry, market.vx_settle]
    for array in (*arrays, *market.columns.values(), *market.provenance.values()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[0]
    with pytest.raises(TypeError):
        market.columns["vvix"] = market.columns["vix_close"]
    with pytest.raises(AttributeError):
        market.fingerprint = ""


def test_rows_windows_and_their_errors(tmp_path):
    small_market(tmp_path, WEEK, [f"{d},20,20,20,20" for d in WEEK[2:]])
    market = load_folder(tmp_path, TODAY)
    assert market.index_of(D("2024-01-08")) == 4
    with pytest.raises(DataError, match=r"2024-01-06: not a session of this market .*choose a trading day"):
        market.index_of(D("2024-01-06"))
    assert market.window() == (2, 5)
    assert market.window(D("2024-01-06"), D("2024-01-08")) == (4, 4)
    assert market.window(D("2020-01-01"), D("2030-01-01")) == (2, 5)
    assert market.clipped(D("2024-01-04"), D("2024-01-08")) == ""
    said = market.clipped(D("2020-01-01"), D("2030-01-01"))
    assert said.startswith("starts on 2024-01-04, the first session with VIX data")
    assert said.endswith(" and ends on 2024-01-09, the last session with data")
    for start, end in [
        ("2024-01-02", "2024-01-03"),
        ("2024-01-06", "2024-01-07"),
        ("2024-01-09", "2024-01-05"),
    ]:
        with pytest.raises(DataError, match=r"choose dates between 2024-01-04 and 2024-01-09"):
            market.window(D(start), D(end))
    with pytest.raises(DataError, match=r"before the first session"):
        market.truncated(D("2023-12-29"))


def test_no_vix_at_all_is_refused(tmp_path):
    small_market(tmp_path, WEEK, ["2023-01-03,20,20,20,20"])
    with pytest.raises(DataError, match=r"vix: no close on any session"):
        load_folder(tmp_path, TODAY).window()


def test_a_market_of_unequal_columns_is_refused(tmp_path):
    small_market(tmp_path, WEEK)
    good = load_folder(tmp_path, TODAY)
    parts = {k: getattr(good, k) for k in ("sessions", "columns", "provenance", "vx_expiry", "vx_settle")}
    with pytest.raises(DataError, match=r"column skew must have 6 rows"):
        Market(**{**parts, "columns": {**good.columns, "skew": np.zeros(3)}})
    with pytest.raises(DataError, match=r"vx_futures must have 6 rows"):
        Market(**{**parts, "vx_settle": good.vx_settle[:2]})


def test_the_fingerprint_follows_the_content(tmp_path):
    small_market(tmp_path, WEEK)
    first = load_folder(tmp_path, TODAY)
    assert load_folder(tmp_path, TODAY).fingerprint == first.fingerprint
    write(tmp_path, "skew", "date,close", f"{WEEK[1]},120")
    assert load_folder(tmp_path, TODAY).fingerprint != first.fingerprint


@pytest.fixture(scope="module")
def sample() -> Market:
    patch = pytest.MonkeyPatch()
    patch.setattr(platformdirs, "user_data_dir", lambda _: "/nonexistent")
    try:
        return load_market()
    finally:
        patch.undo()


def test_the_embedded_sample_is_the_history_of_its_package(sample):
    assert sample.sessions[0] == np.datetime64("1999-01-04")
    assert sample.sessions[-1] == np.datetime64("2018-12-31")
    assert len(sample.sessions) == 5031  # the exchange's sessions of twenty years
    assert sample.usable == (D("2014-01-03"), D("2018-12-31"))
    assert sample.columns["spx_close"][sample.index_of(D("2008-09-29"))] == pytest.approx(1106.42, abs=0.005)
    assert sample.columns["vix_close"][sample.index_of(D("2018-02-05"))] == 37.32
    before = sample.index_of(D("2014-01-03"))
    assert np.isnan(sample.columns["vix_close"][:before]).all()
    assert np.isfinite(sample.columns["vix_close"][before:]).all()
    assert np.isnan(sample.columns["vix_open"]).all()
    assert sample.window() == (before, 5030)
    assert sample.source == {"spx": "arch.data.sp500", "vix": "arch.data.vix"}
    with pytest.raises(DataError, match=r"between 2014-01-03 and 2018-12-31"):
        sample.window(D("2008-01-01"), D("2009-12-31"))


def test_the_fetched_folder_comes_before_the_sample(tmp_path, monkeypatch):
    monkeypatch.setattr(platformdirs, "user_data_dir", lambda _: str(tmp_path))
    (tmp_path / "market").mkdir()
    small_market(tmp_path / "market", WEEK)
    assert load_market(today=TODAY).source["spx"] == "spx.csv"


@pytest.fixture(scope="module")
def real(real_data_dir) -> Market:
    return load_folder(real_data_dir / "market")


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "market" / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def test_repairs_of_the_real_history_are_those_counted_by_hand(real, real_data_dir):
    spx = {row["date"] for row in _rows(real_data_dir, "spx")}
    vix = _rows(real_data_dir, "vix")
    kept = [row for row in vix if row["date"] in spx]
    opens = [r for r in kept if not float(r["low"]) <= float(r["open"]) <= float(r["high"])]
    counts = {(r.input, r.what): r.count for r in real.repairs}
    assert repair_of(real, "open outside").count == len(opens) == 47
    assert counts["vix", "print on a day without a session (dropped)"] == len(vix) - len(kept) == 20
    assert repair_of(real, "last close held").count == len(spx - {row["date"] for row in vix}) == 4
    early = [r for r in _rows(real_data_dir, "vvix") if r["date"] < "2006-06-01"]
    assert repair_of(real, "not usable").count == len(early) == 17
    assert repair_of(real, "volume of zero").days == (epoch_day(D("2023-05-24")),)
    ends = [_rows(real_data_dir, name)[at]["date"] for name, at in (("etp_vxx_series_a", -1), ("etp_vxx", 0))]
    between = [day for day in spx if ends[0] < day < ends[1]]
    assert repair_of(real, "no common session").count == len(between) == 94
    # The row of January 2024 was known on 1 February + 42 days, 14 March; 62 days later is 15 May.
    assert repair_of(real, "62 days").count == len([day for day in spx if day > "2024-05-15"]) == 158
    off = [r for r in _rows(real_data_dir, "breadth") if r["date"] not in spx]
    assert counts["breadth", "print on a day without a session (dropped)"] == len(off) == 14
    assert len(counts) == 9  # the ninth: stale opens


def test_the_real_history_is_what_the_files_say(real, real_data_dir):
    spx = _rows(real_data_dir, "spx")
    assert [str(day) for day in real.sessions] == [row["date"] for row in spx]
    # exact: both parse the same text to the nearest float
    assert real.columns["spx_close"].tolist() == [float(row["close"]) for row in spx]
    futures = _rows(real_data_dir, "vx_futures")
    assert np.isfinite(real.vx_settle).sum() == len(futures)
    settles = {(row["date"], row["expiry"]): float(row["settle"]) for row in futures}
    i = real.index_of(D("2020-03-16"))
    for expiry, settle in zip(real.vx_expiry[i], real.vx_settle[i], strict=True):
        assert expiry == 0 or settles["2020-03-16", str(np.datetime64(int(expiry), "D"))] == settle
    # the bill of 2020-03-13 is what was known on the 16th
    known = {row["date"]: float(row["dtb3"]) for row in _rows(real_data_dir, "rates")}
    assert real.columns["rate"][i] == pytest.approx(known["2020-03-13"] / 100, rel=1e-15)


def assert_same_past(whole: Market, cut: Market) -> None:
    n = len(cut.sessions)
    for name in COLUMN_NAMES:
        np.testing.assert_array_equal(cut.columns[name], whole.columns[name][:n], err_msg=name)
    for name in (*COLUMN_NAMES, VX_FUTURES):
        np.testing.assert_array_equal(cut.provenance[name], whole.provenance[name][:n], err_msg=name)
    np.testing.assert_array_equal(cut.vx_expiry, whole.vx_expiry[:n])
    np.testing.assert_array_equal(cut.vx_settle, whole.vx_settle[:n])


def cut_folder(source: Path, target: Path, last: str) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for path in source.glob("*.csv"):
        header, *rows = path.read_text().splitlines()
        if path.stem == "macro_events":
            shutil.copy(path, target)  # a schedule: its later dates were announced before
            continue
        rows = [row for row in rows if row[:10] <= last]
        if rows:
            (target / path.name).write_text("\n".join([header, *rows]) + "\n")
    return target


@pytest.mark.parametrize("last", ["1997-11-26", "2004-06-11", "2006-05-31", "2012-10-28", "2023-05-24"])
def test_cutting_the_real_files_changes_no_earlier_row(real, real_data_dir, tmp_path, last):
    cut = load_folder(cut_folder(real_data_dir / "market", tmp_path / "cut", last))
    assert_same_past(real, cut)
    assert cut.fingerprint == real.truncated(D(last)).fingerprint
    assert {r.what: r.days for r in cut.repairs} == {r.what: r.days for r in real.truncated(D(last)).repairs}


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(1, 29))
def test_cutting_flawed_files_anywhere_changes_no_earlier_row(tmp_path, seed, cut):
    rng = np.random.default_rng(seed)
    days = [str(day) for day in exchange_sessions(D("2006-05-10"), D("2006-06-22"))]
    folder = tmp_path / "whole"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    vix = []
    for k, day in enumerate(days):
        low, high = sorted(rng.uniform(10, 40, 2).round(2).tolist())
        if k % 4 or rng.random() < 0.5:
            vix.append(f"{day},{rng.uniform(5, 45):.2f},{high},{low},{high}")
    small_market(folder, days, vix)
    kept = [day for day in days if rng.random() < 0.7] or days
    write(folder, "vvix", "date,close", *(f"{day},{rng.uniform(60, 120):.2f}" for day in kept))
    write(folder, "rates", "date,dtb3", *(f"{day},{rng.uniform(0, 6):.2f}" for day in kept))
    futures = [f"{day},{e},{rng.uniform(10, 40):.2f}" for day in kept for e in ("2006-07-19", "2006-08-16")]
    write(folder, "vx_futures", "date,expiry,settle", *futures)
    whole = load_folder(folder, TODAY)
    last = days[min(cut, len(days) - 1)]
    if vix[0][:10] <= last:
        assert_same_past(whole, load_folder(cut_folder(folder, tmp_path / "cut", last), TODAY))
    assert_same_past(whole, whole.truncated(D(last)))
