"""The inputs of the signals: units, publication lags, schedules, provenance, and nothing from the future."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from alvh_bt.calendars import exchange_sessions
from alvh_bt.choices import SignalCode
from alvh_bt.errors import DataError
from alvh_bt.market import COLUMN_NAMES, Market, Provenance, load_folder, load_market
from alvh_bt.signal_params import VoteParams
from alvh_bt.signals.quorum import approves

D = dt.date.fromisoformat
TODAY = D("2025-06-02")
SCHEDULE = ("days_to_fomc", "days_to_inflation")
NEW = COLUMN_NAMES[COLUMN_NAMES.index("advances") :]
UNAVAILABLE, OBSERVED, REPAIRED, MODELLED = (Provenance(code) for code in range(4))
NAN = float("nan")


def market_of(folder: Path, first: str, last: str, **files: str) -> Market:
    """A market of flat bars on the sessions of `first`..`last`, with the files given as their text."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    days = [str(day) for day in exchange_sessions(D(first), D(last))]
    bars = "".join(f"{day},100,100,100,100,1\n" for day in days)
    (folder / "spx.csv").write_text("date,open,high,low,close,volume\n" + bars)
    (folder / "vix.csv").write_text(
        "date,open,high,low,close\n" + "".join(f"{day},20,20,20,20\n" for day in days)
    )
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return load_folder(folder, TODAY)


def on(market: Market, column: str, day: str) -> float:
    return float(market.columns[column][market.index_of(D(day))])


SHILLER = (
    "date,price,dividend,earnings,cpi,gs10,cape\n"
    "2019-12-01,3000,58,139,257,1.86,30\n"
    "2020-01-01,3200,60,,258,1.76,40\n"
    "2020-02-01,3100,61,131,259,1.50,\n"
)
#: file, its text, column, day, value: before and on the first session on which a row is known.
LAGS = [
    # January's average needs February to begin, and six weeks: 1 February 2020 + 42 days.
    ("reer", "date,reer\n2019-12-01,116\n2020-01-01,117\n", "reer", "2020-03-13", 116.0),
    ("reer", "date,reer\n2019-12-01,116\n2020-01-01,117\n", "reer", "2020-03-16", 117.0),  # 14: Saturday
    # A quarter late: the row of 1 January is known on 1 April.
    ("shiller", SHILLER, "ten_year_earnings", "2020-03-31", 100.0),  # 3000 / 30
    ("shiller", SHILLER, "ten_year_earnings", "2020-04-01", 80.0),  # 3200 / 40
    ("shiller", SHILLER, "ten_year_earnings", "2020-05-29", 80.0),  # February has none: held
    ("shiller", SHILLER, "dividends", "2020-03-31", 58.0),
    ("shiller", SHILLER, "dividends", "2020-04-01", 60.0),
    ("shiller", SHILLER, "cash_flow", "2020-04-30", 139.0),
    ("shiller", SHILLER, "cash_flow", "2020-05-01", 131.0),
    # The rate of a month is its mean, known when it is over and a day has passed.
    ("shiller", SHILLER, "long_rate", "2020-01-31", 0.0186),
    ("shiller", SHILLER, "long_rate", "2020-02-03", 0.0176),  # the 2nd is a Sunday
    ("shiller", SHILLER, "long_rate", "2020-02-28", 0.0176),
    ("shiller", SHILLER, "long_rate", "2020-03-02", 0.0150),
    ("cash_flow", "date,cash_flow\n2019-12-01,150\n2020-01-01,-5\n", "cash_flow", "2020-03-31", 150.0),
    ("cash_flow", "date,cash_flow\n2019-12-01,150\n2020-01-01,-5\n", "cash_flow", "2020-04-01", -5.0),
    ("hy_oas", "date,hy_oas\n2020-03-02,5\n2020-03-03,5.2\n", "credit_spread", "2020-03-03", 0.05),
    ("hy_oas", "date,hy_oas\n2020-03-02,5\n2020-03-03,5.2\n", "credit_spread", "2020-03-04", 0.052),
    ("foreign_rates", "date,rate\n2020-03-02,-0.5\n2020-03-03,1\n", "foreign_rate", "2020-03-03", -0.005),
    ("foreign_rates", "date,rate\n2020-03-02,-0.5\n2020-03-03,1\n", "foreign_rate", "2020-03-04", 0.01),
    ("advances", "date,advances,declines\n2020-03-02,2500,500\n", "advances", "2020-03-02", 2500.0),
    ("advances", "date,advances,declines\n2020-03-02,2500,500\n", "declines", "2020-03-02", 500.0),
    ("advances", "date,advances,declines\n2020-03-02,2500,500\n", "declines", "2020-03-03", NAN),
    ("breadth", "date,net_new_highs\n2020-03-02,-7\n", "net_new_highs", "2020-03-02", -7.0),
    ("breadth", "date,percent_advancers\n2020-03-02,35.59\n", "percent_advancers", "2020-03-02", 0.3559),
    ("equity", "date,close\n2020-03-02,51\n", "equity", "2020-03-02", 51.0),
    ("equal_weight", "date,close\n2020-03-02,52\n", "equal_weight", "2020-03-02", 52.0),
    ("etp_uvxy", "date,close\n2020-03-02,53\n", "uvxy", "2020-03-02", 53.0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "column", "day", "value"), LAGS)
def test_a_value_stands_in_its_unit_on_the_first_session_that_knew_it(
    tmp_path, name, text, column, day, value
):
    market = market_of(tmp_path / "m", "2020-01-02", "2020-06-12", **{name: text})
    # scales multiply: good to the last digits
    np.testing.assert_allclose(on(market, column, day), value, rtol=1e-14)


STALE = [
    ("reer", "date,reer\n2019-12-01,116\n", "reer", "2020-04-14", "2020-04-15"),  # known 12 Feb; + 62
    ("hy_oas", "date,hy_oas\n2020-02-28,5\n", "credit_spread", "2020-03-10", "2020-03-11"),  # 29 Feb + 10
    ("foreign_rates", "date,rate\n2020-02-28,1\n", "foreign_rate", "2020-04-14", "2020-04-15"),  # 29 Feb + 45
]


@pytest.mark.parametrize(("name", "text", "column", "fresh", "stale"), STALE)
def test_a_value_that_is_too_old_is_held_and_counts_as_repaired(tmp_path, name, text, column, fresh, stale):
    market = market_of(tmp_path / "m", "2020-01-02", "2020-06-12", **{name: text})
    codes = market.provenance[column]
    assert codes[market.index_of(D(fresh))] == OBSERVED
    assert codes[market.index_of(D(stale))] == REPAIRED
    assert on(market, column, stale) == on(market, column, fresh)
    assert [repair.input for repair in market.repairs if "last one held" in repair.what] == [name]


def test_earnings_stand_for_cash_flow_until_its_file_speaks(tmp_path):
    files = {"shiller": SHILLER, "cash_flow": "date,cash_flow\n2020-01-01,150\n"}
    market = market_of(tmp_path / "m", "2020-03-02", "2020-05-29", **files)
    codes = market.provenance["cash_flow"]
    assert (on(market, "cash_flow", "2020-03-31"), codes[market.index_of(D("2020-03-31"))]) == (139, MODELLED)
    assert (on(market, "cash_flow", "2020-04-01"), codes[market.index_of(D("2020-04-01"))]) == (150, OBSERVED)
    assert (
        on(market, "cash_flow", "2020-05-29") == 150
    )  # the earnings of February are newer, but no cash flow


def test_days_to_and_since_events(tmp_path):
    rows = (
        "2020-03-02,NFP", "2020-03-03,FOMC_INTERMEETING", "2020-03-04,FOMC", "2020-03-11,CPI",
        "2020-03-12,PPI", "2020-03-15,FOMC_INTERMEETING", "2020-03-18,FOMC_DECISION", "2025-12-10,CPI",
    )  # fmt: skip
    text = "date,event\n" + "\n".join(rows) + "\n"  # the last is after today: announced
    market = market_of(tmp_path / "m", "2020-03-02", "2020-03-20", macro_events=text)
    days = [str(day)[8:] for day in market.sessions]
    table = {name: dict(zip(days, market.columns[name].tolist(), strict=True)) for name in NEW}
    expected = {
        # 02 is before the first; the meeting of Sunday the 15th was known to nobody before
        "days_to_fomc": {"02": NAN, "03": NAN, "04": 0, "05": 13, "13": 5, "16": 2, "18": 0, "19": NAN},
        "days_since_fomc": {"02": NAN, "03": 0, "04": 0, "05": 1, "13": 9, "16": 1, "18": 0, "20": 2},
        "days_to_inflation": {"10": NAN, "11": 0, "12": 0, "13": 2098},
        "days_since_inflation": {"10": NAN, "11": 0, "12": 0, "13": 1, "16": 4},
    }
    for name, values in expected.items():
        np.testing.assert_array_equal([table[name][day] for day in values], list(values.values()), name)
    assert np.isnan(market.columns["inflation_surprise"]).all()


def test_an_inflation_surprise_is_actual_less_consensus(tmp_path):
    text = (
        "date,event,actual,consensus\n"
        "2020-04-01,CPI,2.0,\n"  # before the first consensus: the file does not follow it yet
        "2020-04-03,FOMC,9,1\n"  # no release of prices
        "2020-04-06,CPI,2.5,2.1\n"
        "2020-04-08,CPI,1.0,1.5\n"
        "2020-04-08,PPI,2.0,2.2\n"
        "2020-04-10,CPI,3.0,2.75\n"  # Good Friday: the next session is the 13th
        "2020-04-14,PPI,3.0,\n"
        "2020-04-16,PPI,,1.0\n"
    )
    market = market_of(tmp_path / "m", "2020-04-01", "2020-04-17", macro_events=text)
    values = dict(
        zip(market.sessions.astype(str).tolist(), market.columns["inflation_surprise"], strict=True)
    )
    expected = [NAN, NAN, NAN, 0.4, 0.0, -0.2, 0.0, 0.25, NAN, 0.0, NAN, 0.0]
    np.testing.assert_allclose(list(values.values()), expected, atol=1e-12)


@pytest.mark.parametrize(("actual", "vote"), [("0.6", 1), ("0.5", 0)])
def test_a_surprise_on_the_threshold_of_0_4_approves(tmp_path, actual, vote):
    text = f"date,event,actual,consensus\n2020-04-06,CPI,{actual},0.2\n"
    market = market_of(tmp_path / "m", "2020-04-01", "2020-04-17", macro_events=text)
    value = on(market, "inflation_surprise", "2020-04-06")
    # To the digits published: 0.6 less 0.2 in doubles is the one before 0.4.
    assert value == {"0.6": 0.4, "0.5": 0.3}[actual]
    assert approves(SignalCode.INFLATION_SURPRISE, value, VoteParams()) == vote


def test_the_quick_ratio_is_the_median_of_the_latest_statements(tmp_path):
    text = (
        "as_of,symbol,group,quick_ratio\n"
        "2020-01-03,AAA,reit,0.5\n"
        "2020-01-03,BBB,technology,2.0\n"
        "2020-01-07,AAA,reit,0.7\n"
        "2020-01-08,CCC,technology,1.0\n"
        "2020-07-06,BBB,technology,\n"
        "2020-07-21,AAA,reit,0.9\n"
    )
    market = market_of(tmp_path / "m", "2020-01-02", "2020-08-14", fundamentals=text)
    expected = {
        "2020-01-02": NAN, "2020-01-03": 1.25, "2020-01-06": 1.25, "2020-01-07": 1.35, "2020-01-08": 1.0,
        "2020-07-21": 1.0,  # 200 days after 3 January: BBB's last, 2.0, with 0.9 and 1.0
        "2020-07-22": 0.95,  # BBB is too old
        "2020-07-27": 0.9,  # and CCC: 26 July is 200 days after 8 January
    }  # fmt: skip
    found = [on(market, "quick_ratio", day) for day in expected]
    np.testing.assert_allclose(found, list(expected.values()), rtol=1e-14)


def test_vx_volume_is_that_of_the_two_nearest_months(tmp_path):
    text = (
        "date,expiry,settle,volume\n"
        "2020-01-15,2020-03-18,15,1000\n"
        "2020-01-15,2020-02-19,15,200\n"
        "2020-01-15,2020-01-22,15,30\n"
        "2020-01-16,2020-01-22,15,40\n"
        "2020-01-17,2020-01-22,15,50\n"
        "2020-01-17,2020-02-19,15,\n"
        "2020-01-22,2020-01-22,15,7\n"  # settles that day
        "2020-01-22,2020-02-19,15,0\n"
        "2020-01-22,2020-03-18,15,3\n"
        "2020-01-22,2020-04-15,15,9\n"
    )
    market = market_of(tmp_path / "m", "2020-01-15", "2020-01-23", vx_futures=text)
    np.testing.assert_array_equal(market.columns["vx_volume"], [230, 40, NAN, NAN, 3, NAN])
    without = text.replace("volume", "traded")
    market = market_of(tmp_path / "m", "2020-01-15", "2020-01-23", vx_futures=without)
    assert np.isnan(market.columns["vx_volume"]).all()


NOTES = [
    # first note, its successor, what holds on 2..9 January (six sessions)
    ("40 50 60 - - -", "- 5 3 6 9 -", [40, 50, 60, 120, 180, NAN]),  # 60 is 3 on the 6th
    ("40 50 - - - -", "- - - 6 9 12", [40, 50, NAN, 6, 9, 12]),  # never both: each on its own scale
    ("40 50 - - - -", "- - 3 6 9 12", [40, 50, NAN, 6, 9, 12]),  # a day without a price between them
    ("40 - 60 - - -", "8 4 - 6 - -", [40, 20, 60, 30, NAN, NAN]),  # a hole in the first
    ("- - - - - -", "- 1 2 3 4 5", [NAN, 1, 2, 3, 4, 5]),
    ("40 50 - - - -", "- - - - - -", [40, 50, NAN, NAN, NAN, NAN]),
]  # fmt: skip


@pytest.mark.parametrize(("first", "later", "expected"), NOTES)
def test_two_series_of_vxx_become_one_of_right_returns(tmp_path, first, later, expected):
    days = ("2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07", "2020-01-08", "2020-01-09")
    files = {}
    for name, closes in (("etp_vxx_series_a", first), ("etp_vxx", later)):
        rows = [f"{day},{close.strip('-')}\n" for day, close in zip(days, closes.split(), strict=True)]
        files[name] = "date,close\n" + "".join(rows)
    market = market_of(tmp_path / "m", days[0], days[-1], **files)
    np.testing.assert_allclose(market.columns["vxx"], expected, rtol=1e-14)
    np.testing.assert_array_equal(market.provenance["vxx"] == OBSERVED, np.isfinite(expected))
    for cut in range(1, 6):
        kept = {name: "\n".join(text.splitlines()[: cut + 1]) + "\n" for name, text in files.items()}
        early = market_of(tmp_path / "m", days[0], days[cut - 1], **kept)
        np.testing.assert_array_equal(early.columns["vxx"], market.columns["vxx"][:cut])


EVENTS = "date,event\n2020-03-04,FOMC\n2020-03-11,CPI\n"
COMPANIES = "as_of,symbol,group,quick_ratio\n2020-03-04,AAA,reit,0.5\n2020-03-05,BBB,technology,2\n"
BAD = [
    ("macro_events", EVENTS.replace("FOMC", ""), ["macro_events.csv, row 2", "event is blank", "fill it in"]),
    (
        "macro_events",
        EVENTS.replace("11,CPI", "04,FOMC"),
        ["row 3", "same event is given twice on 2020-03-04"],
    ),
    ("macro_events", EVENTS.replace("03-11", "03-01"), ["row 3", "earlier than the row above"]),
    ("macro_events", EVENTS.replace("event", "what"), ["row 1", "no column 'event'", "date,event"]),
    (
        "macro_events",
        EVENTS.replace("FOMC\n", "FOMC,x\n").replace("event\n", "event,actual\n"),
        ["row 2", "actual 'x' is not a number"],
    ),
    (
        "macro_events",
        EVENTS.replace("event\n", "event,actual,actual\n"),
        ["row 1", "the column 'actual' twice"],
    ),
    (
        "fundamentals",
        COMPANIES.replace("reit", "bank"),
        ["fundamentals.csv, row 2", "group 'bank' is unknown", "reit"],
    ),
    ("fundamentals", COMPANIES.replace("AAA", ""), ["row 2", "symbol is blank"]),
    ("fundamentals", COMPANIES.replace("05,BBB", "04,AAA"), ["row 3", "same symbol is given twice"]),
    ("fundamentals", COMPANIES.replace("0.5", "-0.5"), ["row 2", "quick_ratio -0.5 must be at least 0"]),
    ("fundamentals", COMPANIES.replace("2020-03-05", "2025-06-03"), ["row 3", "after today"]),
    ("fundamentals", COMPANIES.replace("as_of", "date"), ["row 1", "no column 'as_of'"]),
    (
        "breadth",
        "date,percent_advancers\n2020-03-02,100.5\n",
        ["row 2", "percent_advancers 100.5 must be at most 100"],
    ),
    (
        "advances",
        "date,advances,declines\n2020-03-02,2500,-1\n",
        ["advances.csv, row 2", "declines -1 must be at least 0"],
    ),
    ("hy_oas", "date,hy_oas\n2020-03-02,0\n", ["hy_oas.csv, row 2", "hy_oas 0 must be above 0"]),
    ("reer", "date,reer\n2020-03-01,high\n", ["reer.csv, row 2", "reer 'high' is not a number"]),
    ("etp_uvxy", "date,close\n2020-03-02,0\n", ["etp_uvxy.csv, row 2", "close 0 must be above 0"]),
    ("shiller", SHILLER.replace(",40\n", ",0\n"), ["shiller.csv, row 3", "cape 0 must be above 0"]),
]


@pytest.mark.parametrize(("name", "text", "said"), BAD)
def test_a_bad_row_is_named_with_its_file_and_a_remedy(tmp_path, name, text, said):
    with pytest.raises(DataError) as caught:
        market_of(tmp_path / "m", "2020-03-02", "2020-03-20", **{name: text})
    message = str(caught.value)
    assert [part for part in said if part not in message] == []
    assert "\n" not in message
    assert ": " in message.split(", row", 1)[1]


def random_files(rng: np.random.Generator, days: list[str]) -> dict[str, str]:
    """Every new file with made-up rows, some days and some cells of each left out."""

    def rows(dates: list[str], *columns: tuple[float, float]) -> str:
        def cell(low: float, high: float) -> str:
            return "" if rng.random() < 0.1 else f"{rng.uniform(low, high):.3f}"

        kept = [day for day in dates if rng.random() < 0.8] or dates[:1]
        return "".join(",".join([day, *(cell(*column) for column in columns)]) + "\n" for day in kept)

    months = [
        day for day in (f"{y}-{m:02d}-01" for y in (2019, 2020) for m in range(1, 13)) if day <= days[-1]
    ]
    kinds = ("CPI", "FOMC", "FOMC_INTERMEETING")
    events = [f"{day},{name},{rng.uniform(1, 3):.2f},{'' if rng.random() < 0.3 else '2.0'}\n"
              for day in days for name in kinds if rng.random() < 0.1]  # fmt: skip
    companies = [f"{day},{name},reit,{rng.uniform(0.5, 2):.2f}\n"
                 for day in days for name in "ABC" if rng.random() < 0.05]  # fmt: skip
    futures = [f"{day},{e},20,{'' if rng.random() < 0.1 else rng.integers(0, 2000)}\n"
               for day in days for e in ("2020-10-21", "2020-11-18", "2020-12-16")]  # fmt: skip
    half = len(days) // 2
    return {
        "advances": "date,advances,declines\n" + rows(days, (0, 3000), (0, 3000)),
        "breadth": "date,net_new_highs,percent_advancers\n" + rows(days, (-9, 9), (0, 100)),
        "shiller": "date,price,dividend,earnings,cpi,gs10,cape\n"
        + rows(months, (1, 9), (1, 9), (1, 9), (1, 9), (1, 9), (1, 9)),
        "cash_flow": "date,cash_flow\n" + rows(months[9:], (1, 9)),
        "hy_oas": "date,hy_oas\n" + rows(days, (1, 9)),
        "reer": "date,reer\n" + rows(months, (90, 120)),
        "foreign_rates": "date,rate\n" + rows(days, (-1, 5)),
        "macro_events": "date,event,actual,consensus\n" + "".join(events or ["2020-03-02,CPI,1,1\n"]),
        "fundamentals": "as_of,symbol,group,quick_ratio\n"
        + "".join(companies or ["2020-03-02,A,reit,1\n"]),
        "equal_weight": "date,close\n" + rows(days, (90, 110)),
        "equity": "date,close\n" + rows(days, (90, 110)),
        "vx_futures": "date,expiry,settle,volume\n" + "".join(futures),
        "etp_vxx_series_a": "date,close\n" + rows(days[: half + 10], (20, 40)),
        "etp_vxx": "date,close\n" + rows(days[half:], (2, 4)),
        "etp_uvxy": "date,close\n" + rows(days, (20, 40)),
    }  # fmt: skip


@pytest.fixture(scope="module", params=[1, 2, 3])
def whole(request, tmp_path_factory) -> tuple[Market, dict[str, str], Path]:
    folder = tmp_path_factory.mktemp("whole")
    days = [str(day) for day in exchange_sessions(D("2020-01-02"), D("2020-09-30"))]
    files = random_files(np.random.default_rng(request.param), days)
    return market_of(folder / "m", days[0], days[-1], **files), files, folder


@pytest.mark.parametrize("column", NEW)
def test_every_column_is_filled_in_the_market_that_is_cut(whole, column):
    assert np.isfinite(whole[0].columns[column]).sum() > 10, "the test below would say nothing of it"


@pytest.mark.parametrize("last", ["2020-02-14", "2020-04-01", "2020-05-29", "2020-08-03"])
@pytest.mark.parametrize("schedule", ["cut", "whole"])
def test_cutting_the_files_changes_no_earlier_session(whole, last, schedule):
    market, files, folder = whole
    kept = {}
    for name, text in files.items():
        header, *rows = text.splitlines()
        left = [r for r in rows if r[:10] <= last or (name == "macro_events" and schedule == "whole")]
        if left:
            kept[name] = "\n".join([header, *left]) + "\n"
    early = market_of(folder / "cut", "2020-01-02", last, **kept)
    n = len(early.sessions)
    for column in COLUMN_NAMES:
        if schedule == "cut" and column in SCHEDULE:
            continue  # days to an event that was announced: its row is what was cut
        np.testing.assert_array_equal(early.columns[column], market.columns[column][:n], column)
        np.testing.assert_array_equal(early.provenance[column], market.provenance[column][:n], column)
    short = market.truncated(D(last))
    for column in COLUMN_NAMES:
        np.testing.assert_array_equal(short.columns[column], market.columns[column][:n], column)


@pytest.mark.parametrize("name", ["reer", "shiller", "cash_flow", "hy_oas", "foreign_rates"])
def test_rows_published_after_a_day_change_nothing_up_to_it(whole, name):
    """Rows dated before a day but published after it, too: the last row of each file is replaced."""
    market, files, folder = whole
    header, *rows = files[name].splitlines()
    months, days = {"reer": (1, 42), "shiller": (1, 1), "cash_flow": (3, 0)}.get(name, (0, 1))
    date, *cells = rows[-1].split(",")
    rows[-1] = ",".join([date, *("7.7" for _ in cells)])
    month = np.datetime64(date, "M") + months
    known = month.astype("datetime64[D]") + (np.datetime64(date) - np.datetime64(date, "M")) + days
    changed = {**files, name: "\n".join([header, *rows]) + "\n"}
    other = market_of(folder / "other", "2020-01-02", "2020-09-30", **changed)
    before = market.sessions < known
    for column in COLUMN_NAMES:
        np.testing.assert_array_equal(
            other.columns[column][before], market.columns[column][before], err_msg=column
        )


def test_the_embedded_sample_has_none_of_them(monkeypatch):
    monkeypatch.setattr(platformdirs, "user_data_dir", lambda _: "/nonexistent")
    sample = load_market()
    for column in NEW:
        assert np.isnan(sample.columns[column]).all()
        assert set(sample.provenance[column]) == {UNAVAILABLE}


@pytest.fixture(scope="module")
def real(real_data_dir) -> Market:
    return load_folder(real_data_dir / "market")


def test_real_history_says_what_is_known_of_it(real):
    # The Federal Reserve met on Sunday 2020-03-15, unscheduled, before the meeting of 17-18 March.
    assert on(real, "days_since_fomc", "2020-03-16") == 1
    assert on(real, "days_to_fomc", "2020-03-10") >= 7
    # Shiller's P/E of October 2019, known in January 2020, was about 29 and his price 2978.
    assert 2978 / on(real, "ten_year_earnings", "2020-01-02") == pytest.approx(28.8, abs=0.3)
    # High-yield spreads peaked near 21.8% in December 2008 (ICE BofA).
    peak = int(np.nanargmax(real.columns["credit_spread"]))
    assert str(real.sessions[peak])[:7] == "2008-12"
    assert real.columns["credit_spread"][peak] == pytest.approx(0.218, abs=0.001)
    # Ten-year yields: below 1% for the mean of August 2020, the lowest month.
    assert on(real, "long_rate", "2020-08-04") == pytest.approx(0.0062)
    assert set(real.provenance["cash_flow"]) == {MODELLED}


def test_real_notes_move_as_their_files_do(real, real_data_dir):
    for name, column in (("etp_vxx_series_a", "vxx"), ("etp_vxx", "vxx"), ("etp_uvxy", "uvxy")):
        with (real_data_dir / "market" / f"{name}.csv").open() as file:
            closes = {row["date"]: float(row["close"]) for row in csv.DictReader(file)}
        rows = [i for i, day in enumerate(real.sessions) if str(day) in closes]
        given = np.array([closes[str(real.sessions[i])] for i in rows])
        held = real.columns[column][rows]
        # exact up to rounding: a constant scale
        np.testing.assert_allclose(held[1:] / held[:-1], given[1:] / given[:-1], rtol=1e-12)
    # Volume is on the file to April 2015 alone.
    assert on(real, "vx_volume", "2011-08-08") > 1000
    assert np.isnan(on(real, "vx_volume", "2018-02-05"))
