"""What the sheet tells, in the terminal, in its files and on the edges: first days, ends of data, stops."""

from __future__ import annotations

import datetime as dt
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from engine_fixtures import changed, embedded, real, window_study
from rich.console import Console
from test_today import CUT, NOW, agrees, follows, sample, truncated_sheet, watched_in

from alvh_bt.analysis.plain import plain
from alvh_bt.cli.main import run
from alvh_bt.condor.entry import entry_is_due
from alvh_bt.config import CondorParams, make_study
from alvh_bt.contracts import Contract, Root, epoch_day
from alvh_bt.market.build import build_market
from alvh_bt.market.csv_source import read_text_table
from alvh_bt.market.embedded import embedded_tables
from alvh_bt.market.files import FILES
from alvh_bt.pricing.day import quote_contract, shocked
from alvh_bt.pricing.flat import flat_prices
from alvh_bt.report.today_table import print_today, today_markdown
from alvh_bt.sessions import sessions_behind
from alvh_bt.today.levels import level_at_delta
from alvh_bt.today.run import decide_today
from alvh_bt.today.schedule import next_entry

WINDOW = {"start": "2018-10-01", "end": "2018-12-28"}


def printed(result: dict, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_today(result, console)
    return console.file.getvalue()


def decided(hedges: tuple[str, ...] = ("layered",), **settings) -> dict:
    return decide_today(embedded().market, make_study(hedges=hedges, **settings), NOW, "a folder")


@pytest.fixture(scope="module")
def sheets() -> dict:
    return decided(("layered", "static-futures"), **WINDOW)


@pytest.mark.parametrize("width", [80, 140])
def test_the_sheet_fits_the_terminal_and_says_what_a_trader_asks(sheets, width) -> None:
    text = printed(sheets, width)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    flat = " ".join(text.split())
    for said in (
        *("layered: after the close of 2018-12-28", "static-futures: after the close of 2018-12-28"),
        *("SPX 2,485.74", "VIX 28.34", "front VX", "NAV", "margin", "Greeks", "Book", "Layers", "Triggers"),
        *("stop loss", "take profit", "time exit", "short strike delta", "flow spike", "Quorum of layer two"),
        *("Orders for 2018-12-31 at the open", "Observed at this close", "Never observed, modelled"),
        *("Nothing is sent anywhere", "not advice", "run since 2018-10-01", "a folder"),
    ):
        assert said in flat, said


def test_the_files_are_plain_json_and_readable_text(sheets, tmp_path) -> None:
    text = json.dumps(sheets, allow_nan=False)
    assert json.loads(text) == sheets
    told = today_markdown(sheets)
    assert told.startswith("# layered: after the close of 2018-12-28")
    rows = [line for line in told.splitlines() if line.startswith("|")]
    assert len(rows) > 20
    assert "<" not in told.replace("&lt;", "")


def test_a_name_of_the_users_own_cannot_break_the_page(sheets) -> None:
    sheet = {**sheets["sheets"][0], "hedge": "a|b<script>[red]x"}
    told = today_markdown({**sheets, "sheets": [sheet]})
    assert "<script" not in told and "a\\|b&lt;script>\\[red\\]x" in told
    assert "a|b<script>[red]x" in printed({**sheets, "sheets": [sheet]}, 140)


def test_every_layer_and_number_of_the_first_session_is_there() -> None:
    result = decided(("layered",), start="2018-10-01", end="2018-10-01")
    (sheet,) = result["sheets"]
    assert sheet["condors"] == sheet["lots"] == []
    assert sheet["account"] == {
        "nav_usd": 250_000.0, "cash_usd": 250_000.0, "margin_usd": 0.0, "required_usd": 0.0,
        "available_usd": 250_000.0,
    }  # fmt: skip
    # 2018-10-01 is a Monday: the weekly schedule opens a condor at the next open, and layer one with it.
    assert [(o["event"], o["book"], o["fill_day"]) for o in sheet["orders"][:2]] == [
        ("open", "condor", "2018-10-02"), ("open", "hedge", "2018-10-02"),
    ]  # fmt: skip
    assert [len(o["legs"]) for o in sheet["orders"]] == [4, 1, 1]
    assert {(row["layer"], row["state"]) for row in sheet["layers"]} == {
        ("one", "ordered"), ("two", "not deployed"), ("three", "not deployed"),
    }  # fmt: skip
    assert any("research sizes" in warning for warning in sheet["warnings"])
    # 2018-10-02 is a Tuesday: nothing is held yet at the close that decides nothing.
    (tuesday,) = decided(("layered",), start="2018-10-02", end="2018-10-02")["sheets"]
    assert (tuesday["orders"], tuesday["layers"], tuesday["nearest"]) == ([], [], None)
    assert "No orders for 2018-10-03 at the open." in printed(
        {"sheets": [tuesday], "data": result["data"], "sizes": "fractional"}, 100
    )


def test_whole_contracts_bring_no_warning_of_research_sizes() -> None:
    (sheet,) = decided(("none",), start="2018-10-01", end="2018-10-01", book={"contracts": "whole"})["sheets"]
    assert sheet["orders"] and sheet["warnings"] == []


def test_a_run_that_stopped_says_so_and_shows_its_last_decision() -> None:
    result = decided(("none",), start="2018-09-04", end="2018-12-31", book={"starting_cash": 26_000.0})
    (sheet,) = result["sheets"]
    assert sheet["stopped"].startswith("margin not met on 2018-")
    assert sheet["as_of"] < sheet["stopped"].split()[4]
    assert any(warning.startswith("the run stopped: margin not met") for warning in sheet["warnings"])
    assert "the run stopped" in printed(result, 80)


def test_the_cut_of_a_book_is_told_in_place_of_triggers() -> None:
    watched = sample("layered", **CUT)
    cuts = [k for k, close in enumerate(watched.closes) if close.cut]
    assert cuts
    sheet = watched.sheet(cuts[0])
    assert sheet["triggers"] == [] and {o["reason"] for o in sheet["orders"]} == {"cut to meet margin"}
    assert any("margin is not met" in warning for warning in sheet["warnings"])
    follows(watched)
    longer, shorter = watched.sheet(cuts[0]), truncated_sheet(watched, cuts[0], "layered")
    assert longer == shorter


def test_what_the_guards_refuse_fires_without_being_sent() -> None:
    settings = {"start": "2018-10-01", "end": "2018-10-12", "quorum": {"second": 0}}
    study = window_study(settings.pop("start"), settings.pop("end"), guard={"max_irr_cost": 1e-6}, **settings)
    watched = watched_in(embedded(), study, "layered")
    refused = 0
    for k in range(len(watched.closes)):
        sheet = watched.sheet(k)
        notes = [note for note in sheet["notes"] if note["reason"].startswith("refused: the layer costs")]
        told = [t for t in sheet["triggers"] if t["told"].startswith("asked for, and not sent")]
        assert {note["layer"] for note in notes} == {trigger["layer"] for trigger in told}
        assert all(note["irr_without"] - note["irr_with"] > 1e-6 for note in notes)
        assert not {order["layer"] for order in sheet["orders"]} & {note["layer"] for note in notes}
        refused += len(told)
    assert refused


def test_a_hedge_of_ones_own_tells_no_triggers_but_its_orders(tmp_path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from alvh_bt.hedges import HEDGES\nclass Mine(HEDGES['static-futures']):\n    name = 'mine'\n",
        encoding="utf-8",
    )
    (sheet,) = decided((f"{path}:Mine",), start="2018-10-01", end="2018-10-01")["sheets"]
    (known,) = decided(("static-futures",), start="2018-10-01", end="2018-10-01")["sheets"]
    assert sheet["orders"] == known["orders"] and len(sheet["orders"]) == 3
    assert all(t["book"] == "condor" for t in sheet["triggers"])
    assert any(t["book"] == "hedge" for t in known["triggers"])
    assert any("tells no triggers" in warning for warning in sheet["warnings"])


def test_days_without_vix_at_the_end_are_told_and_left_out() -> None:
    market = changed(embedded().market, slice(-3, None), vix_close=np.full(3, np.nan))
    result = decide_today(market, make_study(hedges=["none"], start="2018-12-01"), NOW, "x")
    assert result["sheets"][0]["as_of"] == "2018-12-26"
    assert (
        "VIX ends on 2018-12-26, 3 sessions before the S&P 500: add its closes" in result["data"]["warnings"]
    )


def test_a_vix_that_is_carried_is_no_vix_of_the_close() -> None:
    """VIX ends six sessions early, is held for three of them, and the book ends there."""
    tables = embedded_tables()
    vix = tables["vix"]
    rows = vix.day <= epoch_day(dt.date(2018, 12, 20))
    values = {name: column[rows] for name, column in vix.values.items()}
    short = vix._replace(row=vix.row[rows], day=vix.day[rows], values=values)
    market = build_market({**tables, "vix": short}, dt.date(2019, 1, 31))
    result = decide_today(market, make_study(hedges=["none"], start="2018-12-03"), NOW, "x")
    (sheet,) = result["sheets"]
    assert (sheet["as_of"], sheet["market"]["vix_dated"]) == ("2018-12-26", "2018-12-20")
    assert (
        "VIX ends on 2018-12-20, 6 sessions before the S&P 500, and is carried forward to 2018-12-26: "
        "add its closes" in result["data"]["warnings"]
    )
    assert "VIX 28.38 (carried from 2018-12-20);" in " ".join(printed(result, 140).split())
    earlier = decide_today(
        market, make_study(hedges=["none"], start="2018-12-03", end="2018-12-20"), NOW, "x"
    )
    assert earlier["data"]["warnings"] == []


def test_what_is_projected_is_told_for_what_it_is(sheets) -> None:
    sheet = json.loads(json.dumps(sheets["sheets"][0]))
    sheet["condors"][0] |= {"root": "XSP", "irr": -0.721, "entry_irr": 42_030.43}
    sheet["orders"] = [
        {"event": "close", "book": "condor", "condor": 1, "layer": "condor", "reason": "stop loss",
         "legs": [], "cost_usd": 1.0, "irr_without": 42_030.43, "irr_with": None}
    ]  # fmt: skip
    flat = " ".join(printed({**sheets, "sheets": [sheet]}, 140).split())
    assert "projected IRR of its own legs -72.1% a year (over 1,000% after entry)" in flat
    assert "a year: over 1,000% without, n/a with it" in flat
    assert " XSP points (" in flat and "break-even SPX " in flat


@pytest.mark.parametrize(("net", "outside"), [(0.064, True), (0.08, False), (0.12, False), (-0.175, True)])
def test_a_net_exposure_outside_its_band_is_explained(sheets, net, outside) -> None:
    row = {"condor": 1, "net_exposure": net, "band_low": 0.08, "band_high": 0.12}
    flat = " ".join(printed({**sheets, "sheets": [{**sheets["sheets"][0], "exposure": [row]}]}, 140).split())
    assert ("outside it: only a layer that is bought or rolled is sized to the band" in flat) is outside


def test_the_age_of_the_data_counts_sessions_that_have_closed() -> None:
    new_york = dt.timezone(dt.timedelta(hours=-5))
    friday = dt.date(2018, 12, 28)
    # Monday the 31st is a session; Tuesday is New Year.
    for day, hour, behind in ((28, 17, 0), (30, 12, 0), (31, 15, 0), (31, 16, 1)):
        assert sessions_behind(friday, dt.datetime(2018, 12, day, hour, tzinfo=new_york)) == behind
    assert sessions_behind(friday, dt.datetime(2019, 1, 1, 23, tzinfo=new_york)) == 1
    assert sessions_behind(friday, dt.datetime(2019, 1, 2, 23, tzinfo=new_york)) == 2
    # In UTC the same moment is a day later.
    assert sessions_behind(friday, dt.datetime(2019, 1, 1, 1, tzinfo=dt.UTC)) == 1
    (warning,) = decided(("none",), start="2018-12-03")["data"]["warnings"] or ["none"]
    assert warning == "none"  # at noon of 2019-01-02 in UTC nothing has closed since 2018-12-31
    later = decide_today(
        embedded().market, make_study(hedges=["none"], start="2018-12-03"), NOW + dt.timedelta(days=2), ""
    )
    assert later["data"]["warnings"] == ["the data ends 2 sessions ago, on 2018-12-31"]


def test_stale_inputs_are_marked_with_their_age() -> None:
    market = embedded().market
    codes = market.provenance["spx_volume"].copy()
    codes[-4:] = 0
    old = replace(market, provenance={**market.provenance, "spx_volume": codes})
    result = decide_today(old, make_study(hedges=["none"], start="2018-12-03"), NOW, "")
    rows = {row["input"]: row for row in result["sheets"][0]["inputs"]}
    assert rows["spx_volume"] == {
        "input": "spx_volume", "state": "unavailable", "last_observed": "2018-12-24", "sessions_ago": 4,
        "dated": "2018-12-24", "days_old": 7, "stale": True,
    }  # fmt: skip
    assert (rows["vix"]["state"], rows["vix"]["sessions_ago"]) == ("observed", 0)
    assert rows["vx_futures"]["state"] == "modelled" and rows["vx_futures"]["last_observed"] is None
    assert "SPX volume unavailable 2018-12-24 7 STALE: last observed 4 sessions ago" in " ".join(
        printed(result, 100).split()
    )


def test_a_number_that_is_held_has_the_age_of_its_row() -> None:
    """A month's dividend is known a quarter later: at its first close it is three months old."""
    day = dt.date(2019, 1, 31)
    rows = b"date,dividend,price,cape\n2018-08-01,52.3,2857.1,32.4\n2018-09-01,52.3,2901.5,32.6\n"
    spec = next(spec for spec in FILES if spec.name == "shiller")
    market = build_market({**embedded_tables(), "shiller": read_text_table("shiller.csv", rows, spec)}, day)
    result = decide_today(market, make_study(hedges=["none"], start="2018-12-03"), NOW, "")
    ages = {row["input"]: row for row in result["sheets"][0]["inputs"]}
    held = ages["dividend_yield"]
    assert (held["state"], held["dated"], held["days_old"], held["stale"]) == (
        "observed", "2018-09-01", 121, False,
    )  # fmt: skip
    assert "holds until its next row is known" in printed(result, 100)


def test_a_settlement_value_is_stale_only_after_the_day_of_the_next() -> None:
    """SET is published on third Fridays: that of 2018-12-21 is the latest until 2019-01-18."""
    market = embedded().market
    values, codes = np.full(len(market.days), np.nan), np.zeros(len(market.days), np.int8)
    for date, state, stale in (("2018-12-21", "not due", False), ("2018-11-16", "modelled", True)):
        codes[:], values[:] = 0, np.nan
        row = market.index_of(dt.date.fromisoformat(date))
        codes[row], values[row] = 1, 2500.0
        old = replace(
            market,
            columns={**market.columns, "spx_set": values},
            provenance={**market.provenance, "spx_set": codes},
        )
        result = decide_today(old, make_study(hedges=["none"], start="2018-12-03"), NOW, "")
        told = {row["input"]: row for row in result["sheets"][0]["inputs"]}["spx_set"]
        assert (told["last_observed"], told["state"], told["stale"]) == (date, state, stale)


def test_a_bucket_that_is_due_by_days_and_by_age_says_which_decides() -> None:
    """On 2015-12-08 the near calls are 30 days old and have reached their last days."""
    (sheet,) = decided(("ladder-calendar",), end="2015-12-08")["sheets"]
    (row,) = [t for t in sheet["triggers"] if (t["layer"], t["name"]) == ("near", "calendar roll")]
    assert (row["value"], row["threshold"]) == (30.0, 30.0)
    assert (row["state"], row["told"]) == ("met", "its days to expiry decide first")


def test_a_ladder_without_a_condor_waits_for_one() -> None:
    result = decided(("ladder-442",), start="2018-01-09", end="2018-01-10")
    (sheet,) = result["sheets"]
    built = [t for t in sheet["triggers"] if t["name"] == "condor planned"]
    assert [(t["state"], t["told"]) for t in built] == [("armed", "waits for a condor")] * 3
    assert sheet["nearest"] is None or sheet["nearest"]["unit"]
    assert ", fires at >= :" not in " ".join(printed(result, 140).split())


def test_a_spike_of_a_young_history_is_unavailable() -> None:
    """The sample begins on 2014-01-02; ten closes are known on the 15th."""
    (sheet,) = decided(("ladder-spike",), start="2014-01-03", end="2014-01-14")["sheets"]
    spikes = [t for t in sheet["triggers"] if t["name"] == "spike of VIX"]
    assert {t["state"] for t in spikes} == {"unavailable"}
    assert "nan" not in printed({**decided(("none",)), "sheets": [sheet]}, 140).lower()


def test_the_level_of_a_delta_is_where_the_contract_has_it() -> None:
    prices = flat_prices(spot=4000.0, vix=20.0, day=19_000)
    for right, strike in ((-1, 3700.0), (1, 4300.0)):
        contract = Contract(Root.SPXW, right, strike, 19_040)
        level = level_at_delta(contract, 0.3, prices, 1.0)
        move = level / 4000.0 - 1.0
        assert right * move > 0.0
        after = shocked(prices, move, -100.0 * move)
        assert abs(quote_contract(contract, after).delta) == pytest.approx(0.3, abs=1e-3)
        assert math.isnan(level_at_delta(contract, 0.01, prices, 1.0))  # it is there already
        far = Contract(Root.SPXW, right, 4000.0 * (1.0 + right * 0.9), 19_040)
        assert math.isnan(level_at_delta(far, 0.3, prices, 1.0))  # not within 25%


@pytest.mark.parametrize("schedule", [{"schedule": 1}, {"schedule": 2}, {"schedule": 0, "every_sessions": 7}])
def test_the_next_entry_is_the_next_close_that_the_schedule_allows(schedule) -> None:
    watched, params = sample("none"), CondorParams(**schedule)
    due = [close.today.day for close in watched.closes if entry_is_due(close.today, params)]
    for close in watched.closes[:-30]:
        later = [day for day in due if day > close.today.day]
        assert next_entry(close.today, params) == later[0]
    holiday = epoch_day(dt.date(2015, 9, 7))  # Labor Day: the week begins on Tuesday
    if schedule == {"schedule": 1}:
        assert holiday not in due and holiday + 1 in due


def test_the_command_writes_its_files_and_refuses_in_a_line(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("alvh_bt.market.load_market", lambda data: embedded().market)
    window = ["--start", "2018-12-03", "--end", "2018-12-14"]
    out = tmp_path / "sheet"
    assert run(["today", *window, "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "layered: after the close of 2018-12-14" in text and "written to" in text
    told = json.loads((out / "today.json").read_text(encoding="utf-8"))
    assert [sheet["hedge"] for sheet in told["sheets"]] == ["layered"]
    assert told["sheets"][0]["as_of"] == "2018-12-14"
    assert (out / "today.md").read_text(encoding="utf-8").startswith("# layered")
    study = tmp_path / "study.toml"
    study.write_text('hedges = ["vxth", "none"]\n', encoding="utf-8")
    assert run(["today", *window, "--config", str(study), "--out", str(out)]) == 0
    told = json.loads((out / "today.json").read_text(encoding="utf-8"))
    assert [sheet["hedge"] for sheet in told["sheets"]] == ["vxth", "none"]
    capsys.readouterr()
    for wrong, status, word in (
        (["--hedge", "nope"], 2, "unknown hedge"),
        (["--end", "2018-13-01"], 2, "not a date"),
        (["--start", "2024-01-01", "--end", "2024-02-01"], 3, "choose dates between"),
        (["--end", "2018-01-01"], 2, "start is after end"),
        (["--preset", "default", "--config", str(study)], 2, "exclude each other"),
        (["--out", str(study)], 2, "is a file"),
    ):
        assert run(["today", *window[:2], *wrong]) == status, wrong
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and word in error


def test_a_stopped_run_exits_with_one_after_its_sheet(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("alvh_bt.market.load_market", lambda data: embedded().market)
    study = tmp_path / "study.toml"
    study.write_text("[book]\nstarting_cash = 26000.0\n", encoding="utf-8")
    assert run(["today", "--start", "2018-09-04", "--hedge", "none", "--config", str(study)]) == 1
    told = capsys.readouterr()
    assert "the run stopped" in " ".join(told.out.split()) and "none: margin not met" in told.err


@pytest.mark.parametrize("window", [
    ("2008-10-01", "2008-10-24"), ("2018-01-29", "2018-02-16"), ("2020-02-18", "2020-03-20"),
])  # fmt: skip
def test_sheets_of_crises_on_real_history(real_data_dir: Path, window) -> None:
    world = real(real_data_dir)
    for hedge, settings in (
        ("layered", {}),
        ("ladder-spike", {"book": {"fill": "same_close"}}),
        ("vxth", {}),
    ):
        watched = watched_in(world, window_study(*window, **settings), hedge)
        follows(watched)
        agrees(watched)
        if hedge == "layered":
            k = len(watched.closes) // 2
            assert plain(watched.sheet(k)) == truncated_sheet(watched, k, hedge)
