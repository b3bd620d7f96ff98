"""`alvh data import` and `alvh data info`: what is placed, what is refused, nothing half-written."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from data_folders import clean_frames, write_folder

from alvh_bt.chains import open_chains
from alvh_bt.cli.main import run
from alvh_bt.errors import DataError
from alvh_bt.folder.check import check_folder
from alvh_bt.folder.info import folder_info
from alvh_bt.market import load_folder
from alvh_bt.market.csv_source import read_table
from alvh_bt.market.files import FILES

TODAY = dt.date(2020, 1, 2)
SPECS = {spec.name: spec for spec in FILES}
CHAIN = "quote_date,root,expiration,strike,type,bid,ask,underlying,open_interest,volume\n" + "".join(
    f"2019-01-0{day},SPX,2019-02-15,{strike},{side},{bid},{bid + 1.0},2500.0,10,10\n"
    for day in (2, 3)
    for strike, side, bid in ((2400, "P", 40.0 + day), (2500, "P", 70.0 + day), (2600, "C", 30.0 + day))
)


#: Imports chains, and kills itself when the second file is to be moved.
KILLED = """
import os, signal, sys
from pathlib import Path
from alvh_bt.folder.bring_chains import bring_chains
whole = Path.replace
def struck(path, target):
    if path.name == "b.csv":
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(path, target)
Path.replace = struck
bring_chains(Path(sys.argv[1]), Path(sys.argv[2]), force=True)
"""


@pytest.fixture
def market(tmp_path) -> Path:
    frames = clean_frames()
    return write_folder({name: frames[name] for name in ("spx", "vix", "vvix")}, tmp_path / "data" / "market")


def bring(file: Path, name: str, market: Path, *more: str) -> int:
    return run(["data", "import", str(file), "--as", name, "--data", str(market), *more])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def given(tmp_path: Path, text: str, name: str = "mine.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_csv_is_placed_in_canonical_form_with_its_provenance(tmp_path, market, capsys):
    text = "declines,note,date,advances\n1200,x,2018-06-04,1800.0\n,,2018-06-05,1500\n\n"
    path = given(tmp_path, text)
    assert bring(path, "advance_decline", market) == 0
    assert (market / "advances.csv").read_bytes() == (
        b"date,advances,declines\n2018-06-04,1800,1200\n2018-06-05,1500,\n"
    )
    record = json.loads((market / "PROVENANCE.json").read_text())["advances"]
    assert (record["source"], record["url"], record["rows"]) == ("import", "mine.csv", 2)
    assert hashlib.sha256(text.encode()).hexdigest() in record["terms"]
    said = capsys.readouterr()
    assert said.err == ""
    assert f"placed {market / 'advances.csv'}: 2018-06-04 to 2018-06-05, 2 rows" in said.out
    assert "advancing and declining issues: available to studies from 2018-06-04 to 2018-06-05" in said.out
    assert load_folder(market, TODAY).columns["advances"][1] == 1800.0


def test_parquet_whose_dates_are_the_index_of_a_frame(tmp_path, market):
    path = tmp_path / "x.parquet"
    days = pd.DatetimeIndex(["2018-06-04", "2018-06-05"], name="date")
    pd.DataFrame({"close": [131.25, 132.0]}, index=days).to_parquet(path)
    assert bring(path, "skew", market) == 0
    assert (market / "skew.csv").read_bytes() == b"date,close\n2018-06-04,131.25\n2018-06-05,132\n"


def test_a_settlement_value_of_another_day_is_told(tmp_path, market, capsys):
    """2018-06-15 is the third Friday; on the Wednesday before, no option of SPX settled."""
    spx = clean_frames()["spx"].set_index("date")["open"]
    rows = "".join(f"{day},{spx[day]},\n" for day in ("2018-06-13", "2018-06-15"))
    assert bring(given(tmp_path, f"date,spx_set,vro\n{rows}"), "set", market) == 0
    told = "spx_set: 1 of a day on which nothing here settles, the first 2018-06-13: never read"
    assert told in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("kind", ["date", "timestamp", "string"])
def test_parquet_with_any_kind_of_date(tmp_path, market, kind):
    days = pd.DatetimeIndex(["2018-06-04", "2018-06-05"])
    dates = {"date": days.date, "timestamp": days, "string": days.strftime("%Y-%m-%d")}[kind]
    path = tmp_path / "x.parquet"
    pd.DataFrame({"other": [object.__name__] * 2, "close": [131.25, None], "date": dates}).to_parquet(path)
    assert bring(path, "skew", market) == 0
    assert (market / "skew.csv").read_bytes() == b"date,close\n2018-06-04,131.25\n2018-06-05,\n"


def test_settlement_values_go_by_another_word(tmp_path, market):
    path = given(tmp_path, "date,spx_set,vro\n2018-06-15,2779.11,\n2018-06-20,,12.6\n")
    assert bring(path, "set", market) == 0
    assert read_table(market / "settlements.csv", SPECS["settlements"]).values["vro"][1] == 12.6


def test_fundamentals_in_the_long_form(tmp_path, market, capsys):
    rows = (
        "as_of,symbol,field,value\n2018-06-04,AAA,group,reit\n2018-07-02,AAA,quick_ratio,1.5\n"
        "2018-06-04,AAA,quick_ratio,1.25\n2018-06-05,BBB,group,technology\n2018-06-05,BBB,quick_ratio,2\n"
        "2018-06-05,BBB,ebitda,7\n"
    )
    assert bring(given(tmp_path, rows), "fundamentals", market) == 0
    assert (market / "fundamentals.csv").read_text() == (
        "as_of,symbol,group,quick_ratio\n2018-06-04,AAA,reit,1.25\n2018-06-05,BBB,technology,2\n"
        "2018-07-02,AAA,reit,1.5\n"
    )
    assert "field ebitda: read by nothing, 1 row left out" in capsys.readouterr().out
    # The median of 1.25 and 2.
    assert load_folder(market, TODAY).columns["quick_ratio"][2] == 1.625


REFUSED = [
    # name, text, what the line holds, status
    ("skew", "date,close\n04/06/2018,1\n", "mine.csv, row 2: date '04/06/2018' is not a date", 3),
    ("skew", "date,close\n2018-06-04,x\n", "mine.csv, row 2: close 'x' is not a number", 3),
    ("skew", "date,level\n2018-06-04,1\n", "mine.csv, row 1: no column 'close'", 3),
    ("skew", "date,close\n2018-06-05,1\n2018-06-04,1\n", "row 3: date 2018-06-04 is earlier", 3),
    ("skew", "", "mine.csv: the file is empty", 3),
    (
        "vvix",
        "date,close\n2018-06-04,90\n",
        "mine.csv: not placed over the vvix.csv that is there: the new one ends",
        3,
    ),
    ("vix", "date,open,high,low,close\n2011-06-06,9,9,9,9\n", "vix: no close on any session", 3),
    ("fundamentals", "as_of,symbol,field,value\n2018-06-04,A,quick_ratio,1\n", "row 2: A has no group", 3),
    ("fundamentals", "as_of,symbol,field,value\n2018-06-04,A,group,bank\n", "has the field quick_ratio", 3),
    ("fundamentals", "as_of,symbol,field,value\n4.6.18,A,group,reit\n", "row 2: as_of '4.6.18' is not", 3),
    (
        "fundamentals",
        "as_of,symbol,field,value\n2018-06-04,A,quick_ratio,1\n2018-06-04,A,group,bank\n",
        "row 3: group 'bank' is unknown",
        3,
    ),
    (
        "fundamentals",
        "as_of,symbol,field,value\n2018-06-05,A,quick_ratio,1\n\n2018-06-05,A,group,reit\n"
        "2018-06-04,A,quick_ratio,2\n2018-06-05,A,quick_ratio,3\n",
        "mine.csv, row 6: the same symbol is given twice on 2018-06-05",
        3,
    ),
    ("breadth", "date,foo\n2018-06-04,1\n", "row 1: no column that is read: it must hold one of net_new", 3),
    ("skew", "Date,Close\n2018-06-04,130\n", "no column 'date' but 'Date' in the header 'Date,Close'", 3),
    ("skew", "date,close\n2018-06-04,\n", "mine.csv: not placed: no row has a number", 3),
    (
        "equal_weight",
        "date,close\n2018-06-09,130\n2018-06-16,131\n",
        "none of its 2 rows, the first on 2018-06-09, is of a session of the exchange",
        3,
    ),
    ("advances", "date,advances,declines\n2018-06-04,0.55,0.45\n", "counts of issues are meant", 3),
    ("putcall", "date,total\n2018-06-04,1\n", "--as putcall: no such series; known: spx, vix,", 2),
]


@pytest.mark.parametrize(("name", "text", "said", "status"), REFUSED)
def test_what_cannot_be_used_is_refused_and_nothing_changes(
    tmp_path, market, capsys, name, text, said, status
):
    before = contents(market.parent)
    assert bring(given(tmp_path, text), name, market) == status
    error = capsys.readouterr().err.splitlines()
    assert said in error[-1]
    assert len(error) == 1
    assert contents(market.parent) == before


@pytest.mark.parametrize(("slip", "meant"), [("vix9", "vix9d"), ("advance", "advances"), ("chain", "chains")])
def test_a_slip_in_the_name_is_told_the_nearest_once(tmp_path, market, capsys, slip, meant):
    assert bring(given(tmp_path, "x\n"), slip, market) == 2
    assert capsys.readouterr().err == (
        f"alvh: --as {slip}: no such series; did you mean {meant}? (docs/DATA.md has the form of each)\n"
    )


def text_of(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, date_format="%Y-%m-%d")


def absurd(name: str) -> pd.DataFrame:
    """A file of the clean folder with a fault that no history has."""
    frame = clean_frames()[name.partition(" ")[0]].copy()
    prices = [column for column in frame if column not in ("date", "volume")]
    if name == "vix":  # a fraction, not vol points
        frame[prices] /= 100.0
    elif name == "spx":  # a slip of the decimal point in one bar
        frame.loc[150, prices] *= 10.0
    elif name == "spx end":  # XSP on the last day
        frame.loc[len(frame) - 1, prices] /= 10.0
    return frame


ABSURD = [
    # file, what the line holds where no such file is there
    ("vix", "378 of 378 values lie outside 5 to 150, the first on 2018-06-01 (0.17"),
    ("spx", "the value jumps on 2019-01-07 ("),
    ("spx end", "the value jumps on 2019-11-29 ("),
]


@pytest.mark.parametrize(("name", "said"), ABSURD)
def test_values_that_cannot_be_are_refused_unless_forced(tmp_path, capsys, name, said):
    series = name.partition(" ")[0]
    path, folder = given(tmp_path, text_of(absurd(name))), tmp_path / "market"
    assert bring(path, series, folder) == 3
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and "--force" in error
    assert not folder.exists()
    assert bring(path, series, folder, "--force") == 0
    good = given(tmp_path, text_of(clean_frames()[series]), "good.csv")
    assert bring(good, series, tmp_path / "other") == 0


def test_a_history_that_contradicts_the_one_there_is_refused(tmp_path, market, capsys):
    frame = clean_frames()["vvix"].copy()
    frame.loc[frame.index >= 100, "close"] *= 1.01
    path, before = given(tmp_path, text_of(frame)), contents(market)
    assert bring(path, "vvix", market) == 3
    error = capsys.readouterr().err
    assert "not placed over the vvix.csv that is there: the new one disagrees with the old by more" in error
    assert f"{len(frame) - 100} values differ, the first on 2018-10-23: close" in error
    assert contents(market) == before
    frame.loc[frame.index >= 100, "close"] /= 1.01 / 1.004  # within what sources differ by
    assert bring(given(tmp_path, text_of(frame)), "vvix", market) == 0


def test_settlement_values_are_held_against_their_index(tmp_path, market, capsys):
    frames = clean_frames()
    spx = frames["spx"].set_index("date")["open"]["2018-06-15"]
    vix = frames["vix"].set_index("date")["open"]["2018-06-20"]
    for set_value, vro, said in (
        (3.0 * spx, vix, "spx_set is nowhere near that day's S&P 500 on 2018-06-15"),
        (spx, 10.0 * vix, "vro is nowhere near that day's VIX on 2018-06-20"),
        (1.03 * spx, vix, ""),
    ):
        path = given(tmp_path, f"date,spx_set,vro\n2018-06-15,{set_value},\n2018-06-20,,{vro}\n")
        assert bring(path, "set", market) == (3 if said else 0)
        assert said in capsys.readouterr().err


def test_a_worse_file_is_placed_when_forced_and_the_old_one_kept(tmp_path, market):
    old = (market / "vvix.csv").read_bytes()
    assert bring(given(tmp_path, "date,close\n2018-06-04,90\n"), "vvix", market, "--force") == 0
    assert (market / "vvix.csv").read_text() == "date,close\n2018-06-04,90\n"
    assert (market / ".previous" / "vvix.csv").read_bytes() == old


def test_the_first_files_of_a_folder_may_come_one_by_one(tmp_path, capsys):
    source = write_folder(clean_frames(), tmp_path / "source")
    empty = tmp_path / "new" / "market"
    assert bring(source / "spx.csv", "spx", empty) == 0
    assert "no study can run before vix.csv is there too" in capsys.readouterr().out
    assert bring(source / "vix.csv", "vix", empty) == 0
    assert len(load_folder(empty, TODAY).sessions) == 378


def test_what_is_not_parquet_or_has_times_is_one_line(tmp_path, market, capsys):
    assert bring(given(tmp_path, "date,close\n", "x.parquet"), "skew", market) == 3
    assert "x.parquet: not a Parquet file that can be read" in capsys.readouterr().err
    path = tmp_path / "late.parquet"
    pd.DataFrame({"date": pd.DatetimeIndex(["2018-06-04 16:00"]), "close": [1.0]}).to_parquet(path)
    assert bring(path, "skew", market) == 3
    error = capsys.readouterr().err
    assert "late.parquet, row 2: date has a time of day: write the date alone" in error
    assert error.count("\n") == 1


def test_a_file_of_a_gigabyte_is_refused_before_it_is_read(tmp_path, market, capsys):
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 1_000_000_000)
    with pytest.raises(DataError, match=r"huge\.csv: 1,000 MB, at most 200 MB"):
        read_table(path, SPECS["skew"])
    assert bring(path, "skew", market) == 3
    assert "huge.csv: 1,000 MB, at most 200 MB for a daily series" in capsys.readouterr().err


def test_chains_are_read_whole_and_placed_beside_the_market(tmp_path, market, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = given(tmp_path, CHAIN, "spx.csv")
    target = market.parent / "chains"
    assert bring(path, "chains", market) == 0
    said = capsys.readouterr().out
    assert f"placed {target}: 2019-01-02 to 2019-01-03, 6 quotes" in said
    assert f"alvh compare --data {market} --chains {target}" in said
    assert "is the same as" not in said
    twin = given(tmp_path, CHAIN, "twin.csv")
    assert bring(twin, "chains", market) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "twin.csv is the same as spx.csv, which is there: remove one of them" in told
    (target / "twin.csv").unlink()
    before = contents(market.parent)
    path.write_text(CHAIN.replace(",42.0,", ",42.5,"))
    assert bring(path, "chains", market) == 3
    assert "other chains of that name are there: add --force" in capsys.readouterr().err
    path.write_text(CHAIN.replace("2019-02-15", "soon"))
    assert bring(path, "chains", market, "--force") == 3
    assert contents(market.parent) == before
    assert not list(market.parent.glob(".alvh*"))


def test_chains_killed_between_two_files_are_whole_for_the_next_reader(tmp_path, market, monkeypatch):
    """A replacement that stops after its first file is rolled forward by who reads the folder next."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source, target = tmp_path / "quotes", market.parent / "chains"
    source.mkdir()
    for name in ("a.csv", "b.csv"):
        (source / name).write_text(CHAIN if name == "a.csv" else CHAIN.replace("2019-01-0", "2019-02-0"))
    assert bring(source, "chains", market) == 0
    for name in ("a.csv", "b.csv"):
        (source / name).write_text((source / name).read_text().replace(",42.0,", ",42.5,"))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(source), str(target)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -9, done.stderr
    assert "42.5" in (target / "a.csv").read_text() and "42.5" not in (target / "b.csv").read_text()
    open_chains(target)
    assert "42.5" in (target / "b.csv").read_text()
    assert not list(target.glob(".alvh*"))


def test_an_import_never_replaces_what_a_fetch_has_placed_meanwhile(tmp_path, market, monkeypatch, capsys):
    frame = clean_frames()["vvix"]
    path, longer = given(tmp_path, text_of(frame)), frame.copy()
    longer.loc[len(frame)] = [pd.Timestamp("2019-12-02"), 90.0]

    def meanwhile(name: str, contents: object) -> list[str]:
        (market / "vvix.csv").write_text(text_of(longer))
        return []

    monkeypatch.setattr("alvh_bt.folder.bring.absurdities", meanwhile)
    assert bring(path, "vvix", market) == 3
    assert "ends on 2019-11-29, the old on 2019-12-02" in capsys.readouterr().err
    assert (market / "vvix.csv").read_text() == text_of(longer)


def test_info_tells_what_is_there_and_what_is_not(tmp_path, market, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert bring(given(tmp_path, "date,close\n2018-06-04,130\n2018-06-06,131\n"), "skew", market) == 0
    (market / "vix-9d.csv").write_text("date,close\n")
    capsys.readouterr()
    assert run(["data", "info", "--data", str(market)]) == 0
    said = capsys.readouterr().out
    lines = [line.split() for line in said.splitlines()]
    # Two of the three sessions from 4 to 6 June have a value.
    row = next(line for line in lines if line[:1] == ["skew"])
    assert row[1:8] == ["2018-06-04", "2018-06-06", "2", "66.6", "0.0", "0.0", "33.3"]
    assert "skew: import; fetched" in said
    assert "vx_futures: the curve is modelled from VIX" in said
    assert "vix-9d.csv: is it vix9d.csv?" in said
    assert "(named by --data)" in " ".join(said.split())


def test_info_tells_of_a_file_that_was_changed_by_hand(tmp_path, market, capsys):
    path = given(tmp_path, "date,close\n2018-06-04,130\n2018-06-06,131\n")
    assert bring(path, "skew", market) == 0
    assert not any(file.changed for file in folder_info(market).files)
    (market / "skew.csv").write_text("date,close\n2018-06-04,130\n2018-06-06,132\n")
    assert [file.name for file in folder_info(market).files if file.changed] == ["skew"]
    assert run(["data", "info", "--data", str(market)]) == 0
    assert "the file has been changed since it was recorded" in " ".join(capsys.readouterr().out.split())
    (warning,) = [each for each in check_folder(market, TODAY).findings if each.check == "record"]
    assert (warning.file, warning.severity) == ("skew", "warning")


def test_ages_count_sessions_that_have_closed(market):
    """The history ends on Friday 2019-11-29; Monday closes at 16:00 in New York, 21:00 in UTC."""
    for hour, age in ((20, 0), (21, 1)):
        told = folder_info(market, dt.datetime(2019, 12, 2, hour, tzinfo=dt.UTC))
        assert {file.age for file in told.files} == {age}


def test_info_fits_eighty_columns(market, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["data", "info", "--data", str(market)]) == 0
    said = capsys.readouterr().out
    assert "\u2026" not in said
    ages = [line.split()[-1] for line in said.splitlines() if line.startswith((" spx ", " vix ", " vvix "))]
    assert len(ages) == 3 and all(age.replace(",", "").isdigit() for age in ages)


def test_info_of_a_folder_that_cannot_run_is_told_with_exit_3(tmp_path, market, capsys):
    (market / "vix.csv").unlink()
    assert run(["data", "info", "--data", str(market)]) == 3
    said = capsys.readouterr()
    assert "spx" in said.out
    assert said.err.startswith("alvh: ")
    assert said.err.count("\n") == 1
