"""Each source's own layouts, good and bad; all numbers are made up."""

from __future__ import annotations

import datetime as dt
import inspect
import logging
from collections.abc import Iterator
from typing import Any, ClassVar

import fetch_scenes as scenes
import hostile_server as hostile
import numpy as np
import pandas as pd
import pytest
import yfinance
from xls_files import workbook
from yfinance.cache import get_cookie_cache
from yfinance.scrapers.history import PriceHistory

from alvh_bt.errors import ConfigError, DataError
from alvh_bt.fetch.canonical import from_bytes, to_bytes
from alvh_bt.fetch.cboe_futures import CboeFutures, contract_rows, contracts_of
from alvh_bt.fetch.cboe_indices import CboeIndices
from alvh_bt.fetch.events import Events, calendar_meetings, historical_meetings, scheduled_days
from alvh_bt.fetch.fred import Fred, FredBaa
from alvh_bt.fetch.joining import join
from alvh_bt.fetch.plan import PLAN, SOURCES, read_mirrors, wanted
from alvh_bt.fetch.run import fetch_series
from alvh_bt.fetch.shiller import Shiller, workbook_rows
from alvh_bt.fetch.web import Limits, Web
from alvh_bt.fetch.yahoo import Yahoo, yfinance_history
from alvh_bt.folder.replacing import SPECS
from alvh_bt.market.files import FILES

QUICK = Limits(connect=1.0, read=0.3, total=1.5, retries=0, back_off=0.01, pause=0.0)
UNTIL = scenes.MOMENT.until


@pytest.fixture
def server() -> Iterator[hostile.HostileServer]:
    with hostile.serving() as running:
        yield running


@pytest.fixture
def web() -> Iterator[Web]:
    client = Web(QUICK)
    yield client
    client.close()


# The plan


def test_every_file_of_the_plan_has_sources_that_give_it() -> None:
    assert set(PLAN) <= {spec.name for spec in FILES}
    for name, sources in PLAN.items():
        assert sources
        assert all(name in SOURCES[source].symbols for source in sources)
    assert all(source.licence and "https://" in source.terms for source in SOURCES.values())


@pytest.mark.parametrize("text", ["fred", "nobody=https://example.org", "fred=", "=https://example.org"])
def test_mirrors_that_are_not_such(text) -> None:
    with pytest.raises(ConfigError, match="--mirror"):
        read_mirrors([text])


def test_a_mirror_twice_and_an_unknown_file() -> None:
    with pytest.raises(ConfigError, match="given twice"):
        read_mirrors(["fred=https://a.example", "fred=https://b.example"])
    with pytest.raises(ConfigError, match="--only breadth"):
        wanted(["breadth"])


def test_yahoo_takes_no_mirror(web) -> None:
    with pytest.raises(ConfigError, match="takes no mirror"):
        Yahoo(web, "https://mirror.example")


# Cboe's indices


def test_both_layouts_of_cboe(server, web) -> None:
    server.answers["/VVIX_History.csv"] = hostile.good("DATE,VVIX,,\r\n01/02/2024,80.10\r\n01/03/2024,81\r\n")
    server.answers["/VIX3M_History.csv"] = hostile.good("DATE,OPEN,HIGH,LOW,CLOSE\n01/02/2024,1,2,1,15.5\n")
    cboe = CboeIndices(web, server.url)
    assert cboe.fetch("vvix", None, UNTIL).frame["close"].tolist() == [80.1, 81.0]
    frame = cboe.fetch("vix3m", None, UNTIL).frame
    assert frame.columns.tolist() == ["date", "close"]
    assert frame["date"].tolist() == [pd.Timestamp("2024-01-02")]


# FRED


@pytest.mark.parametrize("header", ["DATE,DTB3", "observation_date,DTB3"])
def test_fred_has_had_two_headers_and_a_point_for_nothing(server, web, header) -> None:
    server.answers["/fredgraph.csv"] = hostile.good(f"{header}\n2024-01-01,.\n2024-01-02,5.2\n2024-01-03,\n")
    frame = Fred(web, server.url).fetch("rates", None, UNTIL).frame
    assert frame["dtb3"].tolist() == [5.2]


def test_fred_answers_another_symbol(server, web) -> None:
    server.answers["/fredgraph.csv"] = hostile.good(scenes.fred("DGS3MO"))
    with pytest.raises(DataError, match=r"no column 'dtb3' .it has observation_date,dgs3mo"):
        Fred(web, server.url).fetch("rates", None, UNTIL)


def test_the_other_spread_does_not_continue_the_first(server, web, tmp_path) -> None:
    (tmp_path / "hy_oas.csv").write_text("date,hy_oas\n2024-03-13,3.13\n2024-03-14,3.10\n", encoding="utf-8")
    server.answers["/fredgraph.csv?id=BAA10Y&cosd=2024-02-29"] = hostile.good(
        "observation_date,BAA10Y\n2024-03-13,1.60\n2024-03-14,1.61\n2024-03-15,1.62\n"
    )
    sources = [Fred(web, server.url), FredBaa(web, server.url)]
    for force in (False, True):  # forced, the whole of it is asked for
        server.answers["/fredgraph.csv?id=BAA10Y"] = server.answers[
            "/fredgraph.csv?id=BAA10Y&cosd=2024-02-29"
        ]
        outcome = fetch_series("hy_oas", sources, tmp_path, scenes.MOMENT, force)
        assert outcome.status == "kept"
        assert "HTTP 404" in outcome.tried[0]
        assert "fred_baa gives another quantity than the file there" in outcome.tried[1]


def test_a_file_of_the_other_spread_is_continued_by_it_alone(server, web, tmp_path) -> None:
    baa = "observation_date,BAA10Y\n2024-03-13,1.60\n2024-03-14,1.61\n"
    server.answers["/fredgraph.csv?id=BAA10Y"] = hostile.good(baa)
    sources = [Fred(web, server.url), FredBaa(web, server.url)]
    assert fetch_series("hy_oas", sources, tmp_path, scenes.MOMENT).source == "fred_baa"
    for query in ("id=BAA10Y", "id=BAA10Y&cosd=2024-02-29"):
        server.answers[f"/fredgraph.csv?{query}"] = hostile.good(f"{baa}2024-03-15,1.62\n")
    hy = "observation_date,BAMLH0A0HYM2\n2024-03-13,3.13\n2024-03-14,3.10\n2024-03-15,3.1\n"
    for query in ("id=BAMLH0A0HYM2", "id=BAMLH0A0HYM2&cosd=2024-02-29"):
        server.answers[f"/fredgraph.csv?{query}"] = hostile.good(hy)
    outcome = fetch_series("hy_oas", sources, tmp_path, scenes.MOMENT, force=True)
    assert (outcome.status, outcome.source) == ("placed", "fred_baa")
    assert "fred gives another quantity" in outcome.tried[0]
    text = (tmp_path / "hy_oas.csv").read_text()
    assert text == "date,hy_oas\n2024-03-13,1.6\n2024-03-14,1.61\n2024-03-15,1.62\n"


# Yahoo


def yahoo(web: Web, frame: object) -> Yahoo:
    return Yahoo(web, history=lambda *asked: frame)


def test_yahoo_in_its_plain_shape(web) -> None:
    frame = yahoo(web, scenes.yahoo_frame()).fetch("spx", None, UNTIL).frame
    assert frame.columns.tolist() == ["date", "open", "high", "low", "close", "volume"]
    assert frame["close"].tolist()[:2] == [4700.0, 4700.7]
    assert frame["date"].dt.tz is None
    assert frame["date"].iloc[0] == pd.Timestamp("2024-01-02")


@pytest.mark.parametrize("order", [0, 1])
def test_yahoo_with_two_levels_of_columns(web, order) -> None:
    given = scenes.yahoo_frame()
    pairs = [(name, "^GSPC")[:: 1 - 2 * order] for name in given.columns]
    given.columns = pd.MultiIndex.from_tuples(pairs)
    frame = yahoo(web, given).fetch("spx", None, UNTIL).frame
    assert frame["close"].tolist()[:2] == [4700.0, 4700.7]


def test_yahoo_in_other_zones_means_days_of_new_york(web) -> None:
    given = scenes.yahoo_frame()
    for index in (given.index.tz_convert("America/Los_Angeles"), given.index.tz_localize(None)):
        frame = yahoo(web, given.set_axis(index)).fetch("spx", None, UNTIL).frame
        assert frame["date"].iloc[0] == pd.Timestamp("2024-01-02")


def test_rows_of_yahoo_without_a_close_are_no_data(web) -> None:
    given = scenes.yahoo_frame()
    given.iloc[3] = np.nan
    assert len(yahoo(web, given).fetch("spx", None, UNTIL).frame) == len(given) - 1


def test_the_bill_of_yahoo_is_called_as_in_the_file(web) -> None:
    frame = yahoo(web, scenes.yahoo_frame(base=5.0)).fetch("rates", None, UNTIL).frame
    assert frame.columns.tolist() == ["date", "dtb3"]


def test_a_last_row_twice_is_one_row_if_it_is_the_same(web, tmp_path) -> None:
    given = scenes.yahoo_frame()
    twice = pd.concat([given, given.iloc[-1:]])
    assert fetch_series("spx", [yahoo(web, twice)], tmp_path / "a", scenes.MOMENT).rows == len(given)
    other = pd.concat([given, given.iloc[-1:] + 1.0])
    outcome = fetch_series("spx", [yahoo(web, other)], tmp_path / "b", scenes.MOMENT)
    assert outcome.status == "failed"
    assert "duplicate" in outcome.tried[0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "no rows"),
        (pd.DataFrame(), "no rows"),
        (scenes.yahoo_frame().drop(columns="High"), "no column 'high'"),
        (scenes.yahoo_frame().rename(columns={"Open": "Close"}), "stands twice"),
        (scenes.yahoo_frame().reset_index(drop=True), "have no dates"),
        (scenes.yahoo_frame() * np.nan, "no rows"),
    ],
)
def test_yahoo_in_bad_shapes(web, given, said) -> None:
    with pytest.raises(DataError, match=f"yahoo .GSPC: .*{said}"):
        yahoo(web, given).fetch("spx", None, UNTIL)


def test_what_yfinance_raises_is_one_line(web) -> None:
    def history(*asked: object) -> None:
        raise RuntimeError("Too Many\nRequests")

    with pytest.raises(DataError, match=r"^yahoo \^GSPC: RuntimeError \(Too Many Requests\): try"):
        Yahoo(web, history=history).fetch("spx", None, UNTIL)


def test_yfinance_that_hangs_is_left(server, web) -> None:
    slow = Web(QUICK._replace(total=0.1))
    with pytest.raises(DataError, match=r"not done within 0.1 s"):
        Yahoo(slow, history=lambda *asked: server.stopping.wait(5)).fetch("spx", None, UNTIL)
    slow.close()


# VX futures

HEADER = "Trade Date,Futures,Open,High,Low,Close,Settle,Change,Total Volume,EFP,Open Interest"


def test_a_contract_of_the_older_archive() -> None:
    text = (
        "CFE data is compiled for the convenience of site visitors.\n"
        f"{HEADER}\n"
        "3/23/2007,K (May 07),140,142,138,141,141.5,1.5,561,0,19879,\n"
        "03/26/2007,K (May 07),14.00,14.20,13.80,14.10,14.25,-0.8,490,0,20141\n"
        "03/27/2007,K (May 07),0,0,0,0,14.30,0,0,0,20141\n"
        "03/28/2007,K (May 07),0,0,0,0,0,0,0,0,20141\n"
        "05/16/2007,K (May 07),0,0,0,0,13.63,-0.33,0,0,11742\n"
    )
    rows = contract_rows("x", text.encode(), dt.date(2007, 5, 16))
    # Ten times the index until 2007-03-23; no settlement on the 28th; none on the day it expires.
    assert rows["settle"].tolist() == [14.15, 14.25, 14.30]
    assert rows["open"].tolist()[:2] == [14.0, 14.0]
    assert np.isnan(rows["open"].iloc[2])
    assert rows["volume"].tolist() == [561, 490, 0]
    assert rows["expiry"].unique().tolist() == [pd.Timestamp("2007-05-16")]


def test_the_file_of_another_contract_is_refused() -> None:
    text = f"{HEADER}\n2024-03-01,J (Apr 2024),1,1,1,1,14,0,1,0,1\n"
    with pytest.raises(DataError, match="rows of another contract"):
        contract_rows("x", text.encode(), dt.date(2024, 3, 20))


def contract_csv(month: str, settle: float, *days: str) -> hostile.Answer:
    rows = [f"{day},{month},14,15,13,14,{settle},0,100,0,50" for day in days]
    return hostile.good("\n".join([HEADER, *rows]) + "\n")


def test_contracts_are_asked_for_by_expiry_and_joined_by_day(server, web) -> None:
    place = "/data/us/futures/market_statistics/historical_data/VX/VX_{}.csv"
    server.answers[place.format("2024-03-20")] = contract_csv(
        "H (Mar 2024)", 14.5, "2024-03-14", "2024-03-15"
    )
    server.answers[place.format("2024-04-17")] = contract_csv("J (Apr 2024)", 15.5, "2024-03-15")
    frame = CboeFutures(web, server.url).fetch("vx_futures", dt.date(2024, 3, 14), UNTIL).frame
    assert frame["settle"].tolist() == [14.5, 14.5, 15.5]
    # The months listed in March are asked for, and those without a file yet are left out.
    asked = sorted(path.rpartition("VX_")[2] for path in server.asked)
    assert asked[:3] == ["2024-03-20.csv", "2024-04-17.csv", "2024-05-22.csv"]
    assert len(asked) >= 8


def test_a_hole_in_the_curve_is_no_month_that_is_not_listed_yet(server, web) -> None:
    place = "/data/us/futures/market_statistics/historical_data/VX/VX_{}.csv"
    server.answers[place.format("2024-03-20")] = contract_csv("H (Mar 2024)", 14.5, "2024-03-15")
    server.answers[place.format("2024-05-22")] = contract_csv("K (May 2024)", 16.5, "2024-03-15")
    with pytest.raises(DataError, match=r"VX_2024-04-17.csv: .*HTTP 404"):
        CboeFutures(web, server.url).fetch("vx_futures", dt.date(2024, 3, 14), UNTIL)


def test_the_nearest_month_is_listed_whatever_the_server_says(server, web) -> None:
    """A server that turns a program away from some contract on gives no shorter history in silence."""
    place = "/data/us/futures/market_statistics/historical_data/VX/VX_{}.csv"
    server.answers[place.format("2024-02-14")] = contract_csv("G (Feb 2024)", 14.5, "2024-02-09")
    for status in (403, 404, 410):
        server.answers[place.format("2024-03-20")] = hostile.always(status)
        with pytest.raises(DataError, match=rf"VX_2024-03-20.csv: .*HTTP {status}"):
            CboeFutures(web, server.url).fetch("vx_futures", dt.date(2024, 2, 8), UNTIL)


def test_the_nearest_eight_months_are_kept(web, monkeypatch) -> None:
    expiries = [each.expiry for each in contracts_of(dt.date(2024, 1, 2), dt.date(2024, 12, 31))][:10]

    def rows(self: CboeFutures, contract: Any) -> pd.DataFrame:
        days = {"date": [pd.Timestamp("2024-01-10")], "expiry": [pd.Timestamp(contract.expiry)]}
        return pd.DataFrame({**days, "settle": [14.0]})

    monkeypatch.setattr(CboeFutures, "_contract", rows)
    frame = CboeFutures(web).fetch("vx_futures", dt.date(2024, 1, 2), dt.date(2024, 3, 15)).frame
    assert frame["expiry"].dt.date.tolist() == expiries[:8]


def test_an_expired_contract_that_is_absent_fails(server, web) -> None:
    with pytest.raises(DataError, match=r"VX_2024-02-14.csv: .*HTTP 404"):
        CboeFutures(web, server.url).fetch("vx_futures", dt.date(2024, 2, 12), UNTIL)


def test_what_the_newer_archive_lacks_of_2013_comes_from_the_older(server, web) -> None:
    newer = "/data/us/futures/market_statistics/historical_data/VX/VX_2013-01-16.csv"
    server.answers[newer] = contract_csv("F (Jan 2013)", 0, "2013-01-10", "2013-01-11")
    server.answers["/resources/futures/archive/volume-and-price/CFE_F13_VX.csv"] = hostile.good(
        f"{HEADER}\n01/10/2013,F (Jan 13),14,15,13,14,13.5,0,1,0,1\n"
    )
    source = CboeFutures(web, server.url)
    rows = source._contract(contracts_of(dt.date(2013, 1, 10), dt.date(2013, 1, 11))[0])
    assert rows["settle"].tolist() == [13.5]


def test_the_contracts_asked_for_are_those_that_traded(real_data_dir) -> None:
    table = pd.read_csv(real_data_dir / "market" / "vx_futures.csv", usecols=["date", "expiry"])
    first, last = (dt.date.fromisoformat(day) for day in (table["date"].min(), table["date"].max()))
    ours = {str(each.expiry) for each in contracts_of(first, last)}
    assert set(table["expiry"]) <= ours
    assert len(ours - set(table["expiry"])) <= 1  # a ninth month at the end


# Shiller's workbook

NAMES = ["Date", "P", "D", "E", "CPI", "Fraction", "Rate GS10", "Price", "Dividend", "CAPE", "", "TR CAPE"]
ROWS: list[list[float | str | None]] = [
    ["Stock Market Data"],
    [],
    list(NAMES),
    [1960.01, 58.0, 1.8, 3.4, 29.3, 1960.04, 4.7, 1.0, 1.0, 18.3],
    [2023.1, 4269.0, 69.0, 180.0, 307.7, 2023.8, 4.8, 1.0, 1.0, 29.1],
    [2023.11, 4460.0, "NA", None, 307.1, 2023.9, 4.5, 1.0, 1.0, 30.3],
    ["Nov price is the last close"],
]


def test_october_is_written_as_a_tenth() -> None:
    frame = workbook_rows("x", workbook(ROWS))
    assert [str(day.date()) for day in frame["date"]] == ["1960-01-01", "2023-10-01", "2023-11-01"]
    assert frame["price"].tolist() == [58.0, 4269.0, 4460.0]
    assert frame["gs10"].tolist() == [4.7, 4.8, 4.5]
    assert frame["cape"].tolist() == [18.3, 29.1, 30.3]
    assert np.isnan(frame["dividend"].iloc[2]) and np.isnan(frame["earnings"].iloc[2])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (workbook(ROWS, sheet="Other"), "cannot be read"),
        (workbook([["nothing"]]), "no row of names"),
        (workbook([["Date", "P"], [2023.1, 1.0]]), "no column 'D'"),
        (workbook([list(NAMES), ["Source"]]), "no rows under its names"),
        (workbook(ROWS)[:2000], "cannot be read"),
    ],
)
def test_workbooks_that_cannot_be_used(content, said) -> None:
    with pytest.raises(DataError, match=f"^x: .*{said}"):
        workbook_rows("x", content)


def test_revisions_of_the_workbook_are_taken(server, web, tmp_path) -> None:
    server.answers["/ie_data.xls"] = hostile.good(workbook(ROWS))
    source = Shiller(web, server.url)
    assert fetch_series("shiller", [source], tmp_path, scenes.MOMENT).status == "placed"
    revised = [*ROWS[:5], [2023.11, 4460.0, 69.5, 190.0, 307.1, 2023.9, 4.5, 1.0, 1.0, 33.0]]
    server.answers["/ie_data.xls"] = hostile.good(workbook(revised))
    outcome = fetch_series("shiller", [source], tmp_path, scenes.MOMENT)
    assert outcome.status == "placed"
    assert outcome.notes == ("1 value differs, the first on 2023-11-01: cape 30.3, now 33",)


# Dates of events

CALENDAR = """<html><body>
<div class="panel panel-default"><div class="panel-heading"><h4><a>2024 FOMC Meetings</a></h4></div>
 <div class="row fomc-meeting"><div class="fomc-meeting__month col"><strong>January</strong></div>
  <div class="fomc-meeting__date col">30-31</div></div>
 <div class="row fomc-meeting"><div class="fomc-meeting__month col"><strong>Apr/May</strong></div>
  <div class="fomc-meeting__date col">30-1*</div></div>
</div>
<div class="panel panel-default"><div class="panel-heading"><h4><a>2023 FOMC Meetings</a></h4></div>
 <div class="row fomc-meeting"><div class="fomc-meeting__month col"><strong>August</strong></div>
  <div class="fomc-meeting__date col">22 (notation vote)</div></div>
 <div class="row fomc-meeting"><div class="fomc-meeting__month col"><strong>December</strong></div>
  <div class="fomc-meeting__date col">12-13*</div></div>
</div></body></html>"""

PAST = """<html><body><h5 class="panel-heading">January 21 Conference Call - 2008</h5>
<h5 class="panel-heading">January 29-30 Meeting - 2008</h5>
<h5>April 29-30 Meeting - 2008</h5><h5>July 31-August 1  Meeting - 2008</h5>
<h5>March 15 (unscheduled) Meeting - 2020</h5><h5>March 17-18 (cancelled) Meeting - 2020</h5>
<h5>March 19 (notation vote) - 2020</h5><h5>FOMC Search</h5></body></html>"""


def test_meetings_to_come_and_meetings_past() -> None:
    meetings, years = calendar_meetings("x", CALENDAR)
    assert years == [2024, 2023]
    assert [(str(each.date), each.time_et) for each in meetings] == [
        ("2024-01-31", "14:00"),
        ("2024-05-01", "14:00"),
        ("2023-12-13", "14:00"),
    ]
    assert [(str(each.date), each.event) for each in historical_meetings("x", PAST)] == [
        ("2008-01-30", "FOMC_DECISION"),
        ("2008-04-30", "FOMC_DECISION"),
        ("2008-08-01", "FOMC_DECISION"),
        ("2020-03-15", "FOMC_INTERMEETING"),
    ]


def serve_events(server: hostile.HostileServer, calendar: str = CALENDAR) -> None:
    server.answers["/fomccalendars.htm"] = hostile.good(calendar)
    for number, day in ((10, 13), (46, 14), (50, 2)):
        days = "\r\n".join(("2024-01-31", "2024-02-01", f"2024-02-{day:02d}", f"2024-03-{day:02d}"))
        text = f"Release ID\r\n{number}\r\n\r\nRelease Dates:\r\n\r\n{days}\r\n"
        server.answers[f"/downloaddates?rid={number}&ff=txt"] = hostile.good(text)
    for page in ("cpi", "ppi"):
        rows = (("January", "Feb. 20, 2024"), ("April", "May 15, 2024"))
        cells = "".join(f"<tr><td>{month} 2024</td><td>{day}</td></tr>" for month, day in rows)
        table = f"<table>{cells}</table>"
        server.answers[f"/{page}.htm"] = hostile.good(f"<html>{table}</html>")


def test_events_of_the_three_publishers_are_joined_to_those_there(server, web, tmp_path) -> None:
    old = "date,event,time_et\n2024-01-11,CPI,08:30\n2024-01-31,FOMC_DECISION,14:00\n"
    old += "2024-03-05,NFP,08:30\n2024-04-24,FOMC_DECISION,14:00\n"
    (tmp_path / "macro_events.csv").write_text(old, encoding="utf-8")
    serve_events(server)
    outcome = fetch_series("macro_events", [Events(web, server.url)], tmp_path, scenes.MOMENT)
    assert outcome.status == "placed"
    got = (tmp_path / "macro_events.csv").read_text(encoding="utf-8").splitlines()
    assert got == [
        "date,event,time_et",
        "2023-12-13,FOMC_DECISION,14:00",
        # January has its CPI: no second date of it.
        "2024-01-11,CPI,08:30",
        "2024-01-31,FOMC_DECISION,14:00",
        "2024-01-31,NFP,08:30",
        "2024-01-31,PPI,08:30",
        "2024-02-02,NFP,08:30",
        "2024-02-13,CPI,08:30",
        "2024-02-14,PPI,08:30",
        # Moved from March 5.
        "2024-03-02,NFP,08:30",
        "2024-03-13,CPI,08:30",
        "2024-03-14,PPI,08:30",
        # A meeting moved from April 24: the old date is gone.
        "2024-05-01,FOMC_DECISION,14:00",
        "2024-05-15,CPI,08:30",
        "2024-05-15,PPI,08:30",
    ]


def test_a_schedule_may_end_earlier_when_a_meeting_is_moved(server, web, tmp_path) -> None:
    old = "date,event,time_et\n2024-03-14,PPI,08:30\n2024-05-01,FOMC_DECISION,14:00\n"
    (tmp_path / "macro_events.csv").write_text(old, encoding="utf-8")
    serve_events(server, CALENDAR.replace("Apr/May", "April").replace("30-1*", "23-24*"))
    for page in ("cpi", "ppi"):
        server.answers[f"/{page}.htm"] = hostile.absent
    outcome = fetch_series("macro_events", [Events(web, server.url)], tmp_path, scenes.MOMENT)
    assert (outcome.status, outcome.last) == ("placed", "2024-04-24")


def test_figures_and_announced_dates_stay_when_a_publisher_fails(server, web, tmp_path) -> None:
    """What the user knew of a release, and what was announced before, is not lost with one fetch."""
    old = (
        "date,event,time_et,actual,consensus\n2024-03-13,CPI,08:30,0.4,0.3\n2024-03-14,PPI,08:30,,0.2\n"
        "2024-05-15,CPI,08:30,,0.3\n2024-07-11,CPI,08:30,,\n"
    )
    (tmp_path / "macro_events.csv").write_text(old, encoding="utf-8")
    serve_events(server)
    for page in ("cpi", "ppi"):
        server.answers[f"/{page}.htm"] = hostile.absent
    outcome = fetch_series("macro_events", [Events(web, server.url)], tmp_path, scenes.MOMENT)
    assert outcome.status == "placed"
    got = (tmp_path / "macro_events.csv").read_text(encoding="utf-8").splitlines()
    for line in old.splitlines()[1:]:
        assert line in got


def test_the_figures_of_a_moved_date_go_along(server, web, tmp_path) -> None:
    old = "date,event,time_et,actual,consensus\n2024-03-12,CPI,08:30,0.4,0.3\n2024-03-14,PPI,08:30,,0.2\n"
    (tmp_path / "macro_events.csv").write_text(old, encoding="utf-8")
    serve_events(server)
    outcome = fetch_series("macro_events", [Events(web, server.url)], tmp_path, scenes.MOMENT)
    assert outcome.status == "placed"
    got = (tmp_path / "macro_events.csv").read_text(encoding="utf-8").splitlines()
    assert "2024-03-13,CPI,08:30,0.4,0.3" in got
    assert not [line for line in got if line.startswith("2024-03-12,CPI")]


def test_a_date_goes_only_for_one_that_stays() -> None:
    """The new date of February 28 does not count, for February has its CPI: March must keep its own."""
    spec = SPECS["macro_events"]
    head = "date,event,time_et\n2024-02-13,CPI,08:30\n"
    rest = "2024-03-15,PPI,08:30\n"
    old, new = (
        from_bytes(f"{head}{row}{rest}".encode(), spec)
        for row in ("2024-03-05,CPI,08:30\n", "2024-02-28,CPI,08:30\n")
    )
    assert to_bytes(join(old, new, spec, UNTIL).frame).decode() == f"{head}2024-03-05,CPI,08:30\n{rest}"


def test_a_slip_on_the_page_costs_its_date_alone() -> None:
    page = "<td>Feb. 30, 2024</td><td>Mar. 12, 2024</td>"
    assert scheduled_days("x", page) == [dt.date(2024, 3, 12)]


def test_a_page_that_trips_the_parser_is_one_line(server, web, tmp_path) -> None:
    serve_events(server, "<!-- -->")
    outcome = fetch_series("macro_events", [Events(web, server.url)], tmp_path, scenes.MOMENT)
    assert outcome.status == "failed"
    assert "events sent what cannot be read (ParserError: Document is empty)" in outcome.tried[0]


@pytest.mark.parametrize("broken", ["/fomccalendars.htm", "/downloaddates?rid=10&ff=txt"])
def test_pages_of_another_form_are_told(server, web, broken) -> None:
    serve_events(server)
    server.answers[broken] = hostile.good("<html>new</html>" if "htm" in broken else "nothing here")
    with pytest.raises(DataError, match="the page may have changed"):
        Events(web, server.url).fetch("macro_events", dt.date(2024, 1, 1), UNTIL)


class Ticker:
    """Stands for yfinance's: keeps what it was asked, and logs an error as yfinance does."""

    asked: ClassVar[list[object]] = []
    said: ClassVar[str] = ""

    def __init__(self, symbol: str) -> None:
        self.asked.append(symbol)

    def history(self, **options: object) -> pd.DataFrame:
        self.asked.append(options)
        if self.said:
            logging.getLogger("yfinance").error(self.said)
            return pd.DataFrame()
        return scenes.yahoo_frame()


def test_yfinance_is_asked_for_unadjusted_days(monkeypatch) -> None:
    monkeypatch.setattr(yfinance, "Ticker", Ticker)
    monkeypatch.setattr(Ticker, "asked", [])
    frame = yfinance_history("^GSPC", dt.date(2024, 1, 1), dt.date(2024, 3, 16), 7.0)
    assert len(frame) == 52
    symbol, options = Ticker.asked
    assert symbol == "^GSPC"
    assert isinstance(options, dict)
    assert {
        "start": "2024-01-01",
        "end": "2024-03-16",
        "auto_adjust": False,
        "timeout": 7.0,
    }.items() <= options.items()
    # What is asked for must be what yfinance takes.
    assert options.keys() <= inspect.signature(PriceHistory.history).parameters.keys()


def test_yfinance_keeps_no_cookies(monkeypatch) -> None:
    """It would pickle them into a folder of its own, and unpickle whatever it finds there."""
    cache = get_cookie_cache()
    monkeypatch.setattr(cache, "dummy", False)
    monkeypatch.setattr(cache, "get_db", lambda: pytest.fail("the folder is opened"))
    monkeypatch.setattr(yfinance.Ticker, "history", lambda *_, **__: cache.lookup("basic") or pd.DataFrame())
    assert yfinance_history("^GSPC", dt.date(2024, 1, 1), dt.date(2024, 3, 16), 7.0).empty
    cache.store("basic", "cookie")


def test_what_yfinance_only_logs_is_told_once(web, monkeypatch, caplog) -> None:
    monkeypatch.setattr(yfinance, "Ticker", Ticker)
    monkeypatch.setattr(Ticker, "said", "$^VVIX: possibly delisted; no timezone found")
    with pytest.raises(DataError, match=r"^yahoo \^VVIX: .*possibly delisted"):
        Yahoo(web).fetch("vvix", None, UNTIL)
    assert not caplog.records


def test_yahoo_out_of_reach_is_asked_once() -> None:
    asked = []

    class DNSError(Exception):
        pass

    def history(symbol: str, *_: object) -> None:
        asked.append(symbol)
        raise DNSError("(6) Could not resolve host")

    source = Yahoo(Web(Limits(total=5.0)), history=history)
    for name, said in (("spx", "cannot be reached: try again later"), ("vix", "a moment ago")):
        with pytest.raises(DataError, match=said):
            source.fetch(name, None, dt.date(2024, 1, 5))
    assert asked == ["^GSPC"]
