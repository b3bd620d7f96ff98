"""`alvh data check`: each injected fault is found, and a clean folder has none."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_folders import Frames, clean_frames, write_folder

from alvh_bt.calendars import spx_monthly_expiry, vx_expiry
from alvh_bt.cli.main import run
from alvh_bt.folder.check import check_folder
from alvh_bt.folder.finding import Finding

TODAY = dt.date(2020, 1, 2)


@pytest.fixture(scope="module")
def clean() -> Frames:
    return clean_frames()


def spoilt(clean: Frames, folder: Path, spoil: Callable[[Frames], object]) -> list[Finding]:
    frames = {name: frame.copy() for name, frame in clean.items()}
    spoil(frames)
    checked = check_folder(write_folder(frames, folder), TODAY)
    return [each for each in checked.findings if each.severity != "ok"]


def test_a_clean_folder_has_no_finding(clean, tmp_path):
    assert spoilt(clean, tmp_path, lambda frames: None) == []


def set_close(name: str, row: int, value: float, column: str = "close") -> Callable[[Frames], None]:
    def spoil(frames: Frames) -> None:
        frames[name].loc[row, column] = value

    return spoil


def drop(name: str, *rows: int) -> Callable[[Frames], None]:
    def spoil(frames: Frames) -> None:
        frames[name] = frames[name].drop(index=list(rows))

    return spoil


def repeat(name: str, first: int, last: int) -> Callable[[Frames], None]:
    def spoil(frames: Frames) -> None:
        frames[name].loc[first:last, "close"] = frames[name].loc[first, "close"]

    return spoil


def whole_bar(frames: Frames) -> None:
    frames["spx"].loc[101, ["open", "high", "low", "close"]] = frames["spx"].loc[100]


def print_on_a_holiday(frames: Frames) -> None:
    holiday = pd.DataFrame({"date": [pd.Timestamp("2019-07-04")], "close": [16.0]})
    frames["vix3m"] = pd.concat([frames["vix3m"], holiday]).sort_values("date")


def bad_print_in_spx(frames: Frames) -> None:
    bar = frames["spx"]
    bar.loc[150, ["open", "high", "low", "close"]] *= 0.8


def open_outside(frames: Frames) -> None:
    frames["vix"].loc[200, "open"] = frames["vix"].loc[200, "high"] + 2.0


def flat_bar(frames: Frames) -> None:
    frames["vix"].loc[200, ["open", "high", "low"]] = frames["vix"].loc[200, "close"]


def stale_open(frames: Frames) -> None:
    bar = frames["spx"]
    bar.loc[120, "open"] = bar.loc[119, "close"]
    bar.loc[120, "high"] = max(bar.loc[120, ["open", "high"]])
    bar.loc[120, "low"] = min(bar.loc[120, ["open", "low"]])


def wrong_expiry(frames: Frames) -> None:
    rows = frames["vx_futures"]
    rows.loc[rows["expiry"] == "2019-03-19", "expiry"] = pd.Timestamp("2019-03-20")


def wrong_settlement(frames: Frames) -> None:
    rows = frames["vx_futures"]
    at = rows.index[rows["date"] == "2019-02-07"][3]
    rows.loc[at, "settle"] *= 1.15


def wrong_last_settlement(frames: Frames) -> None:
    rows = frames["vx_futures"]
    rows.loc[(rows["expiry"] == "2019-02-13") & (rows["date"] >= "2019-02-08"), "settle"] *= 1.2


def no_last_settlement(frames: Frames) -> None:
    rows = frames["vx_futures"]
    frames["vx_futures"] = rows[(rows["expiry"] != "2019-02-13") | (rows["date"] < "2019-02-08")]


def hole_in_a_contract(frames: Frames) -> None:
    rows = frames["vx_futures"]
    frames["vx_futures"] = rows[(rows["expiry"] != "2019-05-22") | (rows["date"] != "2019-02-08")]


def unlisted_month(frames: Frames) -> None:
    rows = frames["vx_futures"]
    frames["vx_futures"] = rows[rows["expiry"] != "2019-05-22"]


def note_of_another_fund(frames: Frames) -> None:
    rng = np.random.default_rng(3)
    moves = 0.02 * rng.uniform(-1, 1, len(frames["etp_vxx"]))
    frames["etp_vxx"]["close"] = np.round(40.0 * np.exp(np.cumsum(moves)), 2)


def second_source(frames: Frames) -> None:
    frames["vix.cboe"] = frames["vix"].copy()
    frames["vix.cboe"].loc[42, ["high", "close"]] += 1.0


def ends_early(frames: Frames) -> None:
    frames["skew"] = frames["skew"][frames["skew"]["date"] < "2019-11-15"]


def late_volume(frames: Frames) -> None:
    frames["spx"]["volume"] = frames["spx"]["volume"].where(frames["spx"].index > 99)


def settlement_values(off: float = 1.0, without: str = "", until: str = "2019-12-31"):
    """SET and VRO of each due day at their index's open; one wrong by a factor, one missing, an early end."""

    def spoil(frames: Frames) -> None:
        spx, vix = (frames[name].set_index("date")["open"] for name in ("spx", "vix"))
        months = pd.period_range("2018-07", "2019-11", freq="M")
        rows = {}
        for month in months:
            third, settles = (
                pd.Timestamp(rule(month.year, month.month)) for rule in (spx_monthly_expiry, vx_expiry)
            )
            rows[third], rows[settles] = (spx[third], np.nan), (np.nan, vix[settles])
        table = pd.DataFrame.from_dict(rows, orient="index", columns=["spx_set", "vro"]).sort_index()
        table.loc["2019-03-15", "spx_set"] *= off
        table = table[(table.index.astype(str) != without) & (table.index <= until)]
        frames["settlements"] = table.rename_axis("date").reset_index()

    return spoil


FAULTS = [
    # check, file, severity, rows counted (None: any), first day (None: any), what is done
    ("gap", "skew", "note", 1, "2018-10-23", drop("skew", 100)),
    ("gap", "vvix", "warning", 8, "2018-10-23", drop("vvix", *range(100, 108))),
    ("gap", "vix", "note", 2, "2018-10-23", drop("vix", 100, 101)),
    ("gap", "vx_futures", "note", 1, "2019-02-11", hole_in_a_contract),
    ("stale", "vix9d", "warning", 1, None, repeat("vix9d", 100, 104)),
    ("stale", "spx", "warning", 1, None, whole_bar),
    ("end", "skew", "warning", 1, "2019-11-14", ends_early),
    ("holiday", "vix3m", "note", 1, "2019-07-04", print_on_a_holiday),
    ("spike", "spx", "warning", 1, None, bad_print_in_spx),
    ("spike", "skew", "warning", 1, "2019-01-07", set_close("skew", 150, 180.0)),
    ("spike", "rates", "warning", 1, "2019-01-07", set_close("rates", 150, 3.5, "dtb3")),
    ("bounds", "vvix", "warning", 1, "2019-01-07", set_close("vvix", 150, 15.71)),
    ("open", "vix", "note", 1, None, open_outside),
    ("open", "spx", "note", 1, None, stale_open),
    ("bar", "vix", "note", 1, None, flat_bar),
    ("volume", "spx", "note", 1, "2018-10-23", set_close("spx", 100, 0, "volume")),
    ("column", "spx", "note", 1, None, late_volume),
    ("term", "vix/vix3m", "warning", 1, "2018-10-23", set_close("vix3m", 100, 6.5)),
    ("term", "vix3m/vix6m", "warning", 1, "2018-10-23", set_close("vix6m", 100, 27.0)),
    ("sources", "vix", "warning", 1, "2018-08-01", second_source),
    ("agreement", "etp_vxx/vx_futures", "warning", 0, None, note_of_another_fund),
    ("expiry", "vx_futures", "warning", 1, None, wrong_expiry),
    ("listing", "vx_futures", "warning", None, None, unlisted_month),
    ("curve", "vx_futures", "warning", 1, "2019-02-07", wrong_settlement),
    ("settlement", "vx_futures", "warning", 1, "2019-02-12", wrong_last_settlement),
    ("settlement", "vx_futures", "warning", 1, "2019-02-07", no_last_settlement),
    ("published", "settlements/spx", "warning", 1, "2019-03-15", settlement_values(off=1.05)),
    ("gap", "settlements", "warning", 1, "2019-05-17", settlement_values(without="2019-05-17")),
    ("gap", "settlements", "warning", 1, "2019-05-22", settlement_values(without="2019-05-22")),
    ("end", "settlements", "warning", 1, "2019-10-16", settlement_values(until="2019-11-18")),
]  # fmt: skip


@pytest.mark.parametrize(("check", "file", "severity", "count", "first", "spoil"), FAULTS)
def test_each_fault_is_found(clean, tmp_path, check, file, severity, count, first, spoil):
    findings = spoilt(clean, tmp_path, spoil)
    mine = [each for each in findings if (each.check, each.file) == (check, file)]
    assert [each.severity for each in mine] == [severity], findings
    told = mine[0].plain()
    assert count is None or told["count"] == count
    assert first is None or told["first"] == first


@pytest.mark.parametrize(("last", "gap"), [("2018-09-30", 1), ("2018-09-29", 1)])
def test_a_file_that_ends_on_a_weekend_has_its_gap_counted(clean, tmp_path, last, gap):
    """Friday the 28th is missing, and a row of the weekend stands last."""

    def spoil(frames: Frames) -> None:
        kept = clean["skew"][clean["skew"]["date"] <= "2018-09-27"]
        extra = pd.DataFrame({"date": [pd.Timestamp(last)], "close": [130.0]})
        frames["skew"] = pd.concat([kept, extra])

    told = [each for each in spoilt(clean, tmp_path, spoil) if (each.check, each.file) == ("gap", "skew")]
    assert [each.plain()["first"] for each in told] == ["2018-09-28"] * gap


def test_a_file_of_saturdays_is_told_and_not_a_crash(clean, tmp_path):
    def spoil(frames: Frames) -> None:
        frames["equity"] = pd.DataFrame(
            {"date": pd.date_range("2018-06-02", periods=9, freq="7D"), "close": 9.0}
        )

    told = {each.check: each for each in spoilt(clean, tmp_path, spoil) if each.file == "equity"}
    assert len(told["gap"].days) == 39  # the sessions from 2018-06-04 to 2018-07-27, without the Fourth
    assert len(told["holiday"].days) == 9


def test_settlement_values_of_every_due_day_are_whole(clean, tmp_path):
    """Third Fridays and VIX settlement days alone have one: days between are no gaps."""
    assert spoilt(clean, tmp_path, settlement_values()) == []


def test_a_crash_that_stays_is_no_bad_print(clean, tmp_path):
    def crash(frames: Frames) -> None:
        frames["spx"].loc[150:, ["open", "high", "low", "close"]] *= 0.8
        frames["vix"].loc[150, ["open", "high", "low", "close"]] *= 2.2
        frames["vix9d"].loc[150, "close"] *= 2.4

    assert not [each for each in spoilt(clean, tmp_path, crash) if each.check == "spike"]


def test_real_panics_are_no_faults_and_known_flaws_are_found(real_data_dir):
    findings = check_folder(real_data_dir / "market").findings
    by = {(each.check, each.file): each.plain() for each in findings}
    assert not [each for each in findings if each.severity == "fail"]
    assert {file for check, file in by if check == "spike"} == {"vvix", "skew", "rates"}
    assert by["bounds", "vvix"]["worst"] == "2006-03-15"
    assert by["spike", "vvix"]["worst"] == "2006-11-13"
    assert by["holiday", "vix"]["count"] == 20
    assert by["gap", "vvix"]["count"] == 61
    assert by["gap", "rates"]["first"] == "1990-01-31"
    assert by["open", "vix"]["severity"] == "note"
    assert by["listing", "vx_futures"]["first"] == "2004-03-26"
    assert by["end", "reer"]["first"] == "2024-01-01"
    assert "2023-11-29" in by["column", "breadth"]["what"]
    assert "2015-04-01" in by["column", "vx_futures"]["what"]


def test_one_bad_file_is_told_and_the_others_are_still_checked(clean, tmp_path, capsys):
    folder = write_folder(clean, tmp_path / "market")
    (folder / "skew.csv").write_text("date,close\n2019-01-02,abc\n")
    frame = clean["vvix"].drop(index=[100])
    frame.to_csv(folder / "vvix.csv", index=False)
    out = tmp_path / "out"
    assert run(["data", "check", "--data", str(folder), "--out", str(out)]) == 3
    said = capsys.readouterr()
    assert said.err == (
        "alvh: skew.csv, row 2: close 'abc' is not a number: write a plain number with a decimal point\n"
    )
    lines = json.loads((out / "check.json").read_text())
    assert set(lines[0]) == {"check", "file", "severity", "count", "first", "worst", "what"}
    assert [(each["check"], each["file"]) for each in lines if each["severity"] == "fail"] == [
        ("file", "skew")
    ]
    assert ("gap", "vvix") in [(each["check"], each["file"]) for each in lines]


def test_figures_and_exit_0(clean, tmp_path, capsys):
    folder = write_folder({name: clean[name] for name in ("spx", "vix", "vvix")}, tmp_path / "market")
    out = tmp_path / "out"
    assert run(["data", "check", "--data", str(folder), "--out", str(out), "--figures"]) == 0
    assert capsys.readouterr().err == ""
    names = sorted(path.name for path in (out / "figures").iterdir())
    assert names == ["spx.png", "vix.png", "vvix.png"]
    assert (out / "figures" / "vix.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--figures"], 2, "--figures: no folder"),
        (["--data", "nowhere"], 3, "nowhere: no such folder"),
    ],
)
def test_bad_usage_is_one_line(arguments, status, said, capsys):
    assert run(["data", "check", *arguments]) == status
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_slips_in_names_are_told(clean, tmp_path):
    folder = write_folder({"spx": clean["spx"], "vix": clean["vix"], "vix-9d": clean["vix9d"]}, tmp_path)
    (folder / "putcall.csv").write_text("date,total\n")
    named = {each.file: each for each in check_folder(folder, TODAY).findings if each.check == "name"}
    assert named["vix-9d.csv"].what == "nothing reads it; is it vix9d.csv?"
    assert (named["vix-9d.csv"].severity, named["putcall.csv"].severity) == ("warning", "note")


def test_the_end_of_vix_is_the_end_of_runs(clean, tmp_path):
    def cut(frames: Frames) -> None:
        frames["vix"] = frames["vix"][frames["vix"]["date"] < "2019-11-15"]

    (told,) = [
        each.what for each in spoilt(clean, tmp_path, cut) if (each.check, each.file) == ("end", "vix")
    ]
    assert told.endswith("sessions before spx (it is carried forward for 3 sessions, and runs end there)")
