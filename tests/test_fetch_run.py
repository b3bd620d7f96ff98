"""One series, fetched and joined to what is there, against a server on this machine."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path

import fetch_scenes as scenes
import hostile_server as hostile
import pytest

from alvh_bt.fetch.cboe_indices import CboeIndices
from alvh_bt.fetch.fred import Fred
from alvh_bt.fetch.run import fetch_series, moment_of
from alvh_bt.fetch.web import Limits, Web
from alvh_bt.fetch.yahoo import Yahoo
from alvh_bt.folder.provenance import read_provenance
from alvh_bt.market import load_market

QUICK = Limits(connect=1.0, read=0.3, total=1.5, retries=1, back_off=0.01, pause=0.0, most=200_000)
OLD_END = dt.date(2024, 3, 1)
VIX = "/VIX_History.csv"


@pytest.fixture
def server() -> Iterator[hostile.HostileServer]:
    with hostile.serving() as running:
        yield running


@pytest.fixture
def web() -> Iterator[Web]:
    client = Web(QUICK)
    yield client
    client.close()


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def vix_of(text: str, changed: dict[str, str]) -> str:
    for old, new in changed.items():
        assert old in text
        text = text.replace(old, new, 1)
    return text


GOOD = scenes.cboe_bars()
LINES = GOOD.splitlines()
FAULTS = {
    "a hang": (hostile.hangs, "no answer in time"),
    "half a file": (hostile.half_written(GOOD * 20), "broke off half-way"),
    "a web page": (hostile.page, "a web page ('Are you a robot?')"),
    "an empty answer": (hostile.good(""), "the answer is empty"),
    "a header alone": (hostile.good(LINES[0] + "\n"), "a header and no rows"),
    "a renamed column": (hostile.good(GOOD.replace("CLOSE", "LAST")), "no column 'close'"),
    "another header": (hostile.good(GOOD.replace("DATE", "TIME")), "no column 'date'"),
    "a column twice": (hostile.good(GOOD.replace("OPEN", "CLOSE")), "stands twice"),
    "a word for a number": (hostile.good(vix_of(GOOD, {"14.000000": "n/a"})), "'n/a' is not a number"),
    "a word for a date": (
        hostile.good(vix_of(GOOD, {"01/03/2024": "yesterday"})),
        "'yesterday' is not a date",
    ),
    "a wrong symbol": (hostile.absent, "HTTP 404"),
    "zero": (hostile.good(vix_of(GOOD, {",13.000000,14.000000": ",0,0"})), "must be above 0"),
    "infinity": (hostile.good(vix_of(GOOD, {"13.000000": "-inf"})), "infinite"),
    "low above high": (hostile.good(vix_of(GOOD, {"15.000000,13.000000": "13,15"})), "is below low"),
    "the future": (hostile.good(GOOD + "03/18/2030,14,15,13,14\n"), "dated 2030-03-18, after today"),
    "unsorted": (hostile.good("\n".join([LINES[0], *LINES[:0:-1]])), "earlier than the row above"),
    "two numbers for a day": (hostile.good(GOOD + "03/15/2024,1,2,1,2\n"), "duplicate"),
    "binary": (hostile.binary, "binary in place of CSV"),
    "a bomb": (hostile.bomb, "more than the 200,000 bytes"),
    "a redirect to http": (hostile.redirect("http://example.org/"), "not https"),
    "a gap": (hostile.good("\n".join(LINES[:10] + LINES[25:])), "no row for 15 sessions"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_leaves_the_folder_as_it_was(server, web, tmp_path, fault) -> None:
    (tmp_path / "spx.csv").write_text(scenes.canonical_bars(base=4700.0, volume=True), encoding="utf-8")
    if fault != "a gap":  # one inside a history shows when the whole of it comes
        (tmp_path / "vix.csv").write_text(scenes.canonical_bars(OLD_END), encoding="utf-8")
    before = bytes_of(tmp_path)
    server.answers[VIX], said = FAULTS[fault]
    outcome = fetch_series("vix", [CboeIndices(web, server.url)], tmp_path, scenes.MOMENT)
    assert outcome.status == ("failed" if fault == "a gap" else "kept")
    (line,) = outcome.tried
    assert line.startswith("cboe_indices: ")
    assert said in line
    assert "\n" not in line
    assert bytes_of(tmp_path) == before


def test_the_next_source_serves_and_provenance_says_so(server, web, tmp_path) -> None:
    server.answers[VIX] = hostile.page
    yahoo = Yahoo(web, history=lambda *asked: scenes.yahoo_frame(base=14.0))
    outcome = fetch_series("vix", [CboeIndices(web, server.url), yahoo], tmp_path, scenes.MOMENT)
    assert (outcome.status, outcome.source, outcome.rows) == ("placed", "yahoo", 52)
    record = read_provenance(tmp_path)["vix"]
    assert (record.source, record.rows, record.first, record.last) == (
        "yahoo",
        52,
        "2024-01-02",
        "2024-03-15",
    )
    assert len(record.tried) == 1
    assert "Are you a robot?" in record.tried[0]
    assert record.fetched == "2024-03-15T22:00:00Z"
    assert record.licence and record.terms


def test_what_is_missing_is_added_and_the_old_rows_stay(server, web, tmp_path) -> None:
    old = scenes.canonical_bars(OLD_END)
    (tmp_path / "vix.csv").write_text(old, encoding="utf-8")
    server.answers[VIX] = hostile.good(GOOD)
    outcome = fetch_series("vix", [CboeIndices(web, server.url)], tmp_path, scenes.MOMENT)
    assert (outcome.status, outcome.added, outcome.notes) == ("placed", 10, ())
    assert (tmp_path / "vix.csv").read_text(encoding="utf-8") == scenes.canonical_bars()
    assert (tmp_path / ".previous" / "vix.csv").read_text(encoding="utf-8") == old
    again = fetch_series("vix", [CboeIndices(web, server.url)], tmp_path, scenes.MOMENT)
    assert (again.status, again.added) == ("unchanged", 0)


def test_the_session_of_today_waits_for_its_close(server, web, tmp_path) -> None:
    server.answers[VIX] = hostile.good(GOOD)
    noon = moment_of(scenes.NOW.replace(hour=16))
    outcome = fetch_series("vix", [CboeIndices(web, server.url)], tmp_path, noon)
    assert outcome.last == "2024-03-14"


def test_a_row_of_today_in_the_file_stays_and_is_no_obstacle(server, web, tmp_path) -> None:
    """The user has imported this morning's row; the last session that is over is yesterday's."""
    whole = scenes.canonical_bars()
    (tmp_path / "vix.csv").write_text(whole, encoding="utf-8")
    server.answers[VIX] = hostile.good(GOOD)
    noon = moment_of(scenes.NOW.replace(hour=16))
    outcome = fetch_series("vix", [CboeIndices(web, server.url)], tmp_path, noon)
    assert (outcome.status, outcome.last, outcome.tried) == ("unchanged", "2024-03-15", ())
    assert (tmp_path / "vix.csv").read_text(encoding="utf-8") == whole


def test_what_an_interrupted_process_had_ready_is_joined_to(server, web, tmp_path) -> None:
    (tmp_path / "vix.csv").write_text(scenes.canonical_bars(dt.date(2024, 2, 16)), encoding="utf-8")
    (tmp_path / ".alvh-ready-x").mkdir()
    ready = tmp_path / ".alvh-ready-x" / "vix.csv"
    ready.write_text(scenes.canonical_bars(OLD_END), encoding="utf-8")
    server.answers[VIX] = hostile.good(GOOD)
    outcome = fetch_series("vix", [CboeIndices(web, server.url)], tmp_path, scenes.MOMENT)
    assert (outcome.status, outcome.added) == ("placed", 10)


def test_small_differences_are_told_and_the_new_number_counts(server, web, tmp_path) -> None:
    old = scenes.canonical_bars(OLD_END).splitlines()
    day, opened, high, low, close = old[-1].split(",")
    old[-1] = ",".join([day, opened, high, low, str(round(float(close) + 0.03, 2))])
    (tmp_path / "vix.csv").write_text("\n".join(old) + "\n", encoding="utf-8")
    server.answers[VIX] = hostile.good(GOOD)
    outcome = fetch_series("vix", [CboeIndices(web, server.url)], tmp_path, scenes.MOMENT)
    assert outcome.notes == (
        f"1 value differs, the first on 2024-03-01: close {float(close) + 0.03:.10g}, now {close}",
    )
    assert (tmp_path / "vix.csv").read_text(encoding="utf-8") == scenes.canonical_bars()


def test_large_disagreement_needs_force(server, web, tmp_path) -> None:
    (tmp_path / "vix.csv").write_text(scenes.canonical_bars(OLD_END, base=15.0), encoding="utf-8")
    before = bytes_of(tmp_path)
    server.answers[VIX] = hostile.good(GOOD)
    source = CboeIndices(web, server.url)
    outcome = fetch_series("vix", [source], tmp_path, scenes.MOMENT)
    assert outcome.status == "kept"
    assert "44 values differ, the first on 2024-02-15: open" in outcome.tried[0]
    assert "--force" in outcome.tried[0]
    assert bytes_of(tmp_path) == before
    forced = fetch_series("vix", [source], tmp_path, scenes.MOMENT, force=True)
    assert forced.status == "placed"
    assert (tmp_path / "vix.csv").read_text(encoding="utf-8") == scenes.canonical_bars()


def test_volume_is_revised_without_more_ado(web, tmp_path) -> None:
    (tmp_path / "spx.csv").write_text(scenes.canonical_bars(OLD_END, 4700.0, volume=True), encoding="utf-8")
    given = scenes.yahoo_frame()
    given["High"], given["Low"] = given["Close"] + 1, given["Close"] - 1
    outcome = fetch_series("spx", [Yahoo(web, history=lambda *asked: given)], tmp_path, scenes.MOMENT)
    assert outcome.status == "placed"
    assert outcome.notes == ("11 values differ, the first on 2024-02-15: volume 1031, now 1000",)


def test_what_the_folder_refuses_counts_as_a_failure(server, web, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("alvh_bt.fetch.run.place_series", lambda *given, **force: {"vix": ["ends on Monday"]})
    server.answers[VIX] = hostile.good(GOOD)
    outcome = fetch_series("vix", [CboeIndices(web, server.url)], tmp_path, scenes.MOMENT)
    assert outcome.status == "failed"
    assert "worse than the file there (ends on Monday)" in outcome.tried[0]


def test_a_source_that_ends_earlier_takes_nothing_away(server, web, tmp_path) -> None:
    (tmp_path / "vix.csv").write_text(scenes.canonical_bars(), encoding="utf-8")
    server.answers[VIX] = hostile.good(scenes.cboe_bars(dt.date(2024, 3, 8)))
    outcome = fetch_series("vix", [CboeIndices(web, server.url)], tmp_path, scenes.MOMENT)
    assert (outcome.status, outcome.last) == ("unchanged", "2024-03-15")
    assert (tmp_path / "vix.csv").read_text(encoding="utf-8") == scenes.canonical_bars()


def test_a_file_without_a_day_in_common_is_not_continued(server, web, tmp_path) -> None:
    (tmp_path / "vix.csv").write_text("date,open,high,low,close\n2023-06-01,14,15,13,14\n", encoding="utf-8")
    server.answers[VIX] = hostile.good(GOOD)
    outcome = fetch_series("vix", [CboeIndices(web, server.url)], tmp_path, scenes.MOMENT)
    assert outcome.status == "kept"
    assert "no day in common" in outcome.tried[0]


def test_an_unusable_old_file_is_replaced_and_kept_aside(server, web, tmp_path) -> None:
    (tmp_path / "vix.csv").write_text("rubbish", encoding="utf-8")
    server.answers[VIX] = hostile.good(GOOD)
    outcome = fetch_series("vix", [CboeIndices(web, server.url)], tmp_path, scenes.MOMENT)
    assert outcome.status == "placed"
    assert "unusable" in outcome.notes[0]
    assert (tmp_path / ".previous" / "vix.csv").read_text(encoding="utf-8") == "rubbish"


def test_columns_that_the_source_lacks_stay(server, web, tmp_path) -> None:
    old = (
        scenes.canonical_closes(OLD_END).replace("close", "close,mine").replace("2024-02-29,", "2024-02-29,")
    )
    rows = [old.splitlines()[0], *(f"{line},7" for line in old.splitlines()[1:])]
    (tmp_path / "vvix.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    server.answers["/VVIX_History.csv"] = hostile.good(scenes.cboe_closes("VVIX"))
    fetch_series("vvix", [CboeIndices(web, server.url)], tmp_path, scenes.MOMENT)
    got = (tmp_path / "vvix.csv").read_text(encoding="utf-8").splitlines()
    assert got[0] == "date,close,mine"
    assert got[42] == rows[42] + ".0"
    assert got[-1].endswith(",")


def test_fred_is_asked_for_the_last_days_alone(server, web, tmp_path) -> None:
    old = "date,dtb3\n" + "\n".join(
        line for line in scenes.fred("DTB3", OLD_END).splitlines()[1:] if not line.endswith(".")
    )
    (tmp_path / "rates.csv").write_text(old + "\n", encoding="utf-8")
    server.answers["/fredgraph.csv"] = hostile.good(scenes.fred("DTB3", header="DATE,DTB3"))
    outcome = fetch_series("rates", [Fred(web, server.url)], tmp_path, scenes.MOMENT)
    assert (outcome.status, outcome.rows, outcome.added) == ("placed", 52, 10)
    assert list(server.asked) == ["/fredgraph.csv?id=DTB3&cosd=2024-02-15"]
    assert read_provenance(tmp_path)["rates"].url.endswith("/fredgraph.csv?id=DTB3&cosd=2024-02-15")


def test_a_split_rescales_and_the_whole_is_fetched_again(web, tmp_path) -> None:
    old = scenes.canonical_closes(OLD_END, base=20.0)
    (tmp_path / "etp_uvxy.csv").write_text(old, encoding="utf-8")
    asked: list[dt.date] = []

    def history(symbol: str, start: dt.date, end: dt.date, timeout: float):
        asked.append(start)
        frame = scenes.yahoo_frame(base=20.0, scale=10.0)
        return frame[frame.index.date >= start]

    outcome = fetch_series("etp_uvxy", [Yahoo(web, history=history)], tmp_path, scenes.MOMENT)
    assert outcome.status == "placed"
    assert "a split has rescaled the closes" in outcome.notes[0]
    assert asked == [dt.date(2024, 2, 15), dt.date(1990, 1, 1)]
    rows = (tmp_path / "etp_uvxy.csv").read_text(encoding="utf-8").splitlines()[1:]
    closes = [float(row.split(",")[1]) for row in rows]
    assert closes == pytest.approx([scenes.level(k, 20.0) * 10 for k in range(52)], rel=1e-6)


def test_returns_that_disagree_are_no_split(web, tmp_path) -> None:
    (tmp_path / "etp_uvxy.csv").write_text(scenes.canonical_closes(OLD_END, base=20.0), encoding="utf-8")
    yahoo = Yahoo(web, history=lambda *asked: scenes.yahoo_frame(base=40.0))
    outcome = fetch_series("etp_uvxy", [yahoo], tmp_path, scenes.MOMENT)
    assert outcome.status == "kept"
    assert "values differ" in outcome.tried[0]


def test_what_is_fetched_loads(server, web, tmp_path) -> None:
    server.answers[VIX] = hostile.good(GOOD)
    server.answers["/SKEW_History.csv"] = hostile.good(scenes.cboe_closes("SKEW"))
    server.answers["/fredgraph.csv"] = hostile.good(scenes.fred("DTB3"))
    yahoo = Yahoo(web, history=lambda *asked: scenes.yahoo_frame())
    cboe = CboeIndices(web, server.url)
    for name, source in {"spx": yahoo, "vix": cboe, "skew": cboe, "rates": Fred(web, server.url)}.items():
        assert fetch_series(name, [source], tmp_path, scenes.MOMENT).status == "placed"
    market = load_market(tmp_path)
    assert len(market.sessions) == 52
    assert market.columns["spx_close"][0] == 4700.0
    assert market.columns["vix_high"][1] == 15.7


def test_two_fetches_at_once_leave_a_whole_folder(server, web, tmp_path) -> None:
    server.answers[VIX] = hostile.good(GOOD)
    server.answers["/SKEW_History.csv"] = hostile.good(scenes.cboe_closes("SKEW"))
    outcomes: list[str] = []

    def fetch(name: str) -> None:
        own = Web(QUICK)
        outcomes.append(fetch_series(name, [CboeIndices(own, server.url)], tmp_path, scenes.MOMENT).status)
        own.close()

    threads = [threading.Thread(target=fetch, args=(name,)) for name in ("vix", "skew", "vix", "skew")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) <= {"placed", "unchanged"}
    assert (tmp_path / "vix.csv").read_text(encoding="utf-8") == scenes.canonical_bars()
    assert (tmp_path / "skew.csv").read_text(encoding="utf-8") == scenes.canonical_closes()
    assert read_provenance(tmp_path).keys() <= {"vix", "skew"}
    assert not list(tmp_path.glob(".alvh*"))
