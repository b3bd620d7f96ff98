"""Bad input: one line that names the file, the row and the remedy, whatever is wrong."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import pytest

from alvh_bt.errors import DataError
from alvh_bt.market import load_folder, load_market
from alvh_bt.market.csv_source import read_table
from alvh_bt.market.files import FILES as SPECS

SPX = """date,open,high,low,close,volume
2024-01-02,4745.2,4754.33,4722.67,4742.83,100
2024-01-03,4725.07,4729.29,4699.71,4704.81,100
2024-01-04,4697.42,4726.78,4687.53,4688.68,100
"""
VIX = """date,open,high,low,close
2024-01-02,13.21,14.23,13.1,13.2
2024-01-03,13.38,14.22,13.36,14.04
2024-01-04,13.97,14.2,13.64,14.13
"""
VVIX = "date,close\n2024-01-02,85.1\n2024-01-03,\n2024-01-04,86.2\n"
RATES = "date,dtb3\n2024-01-02,5.2\n2024-01-03,5.21\n"
VX = """date,expiry,settle
2024-01-02,2024-01-17,14.4
2024-01-02,2024-02-14,15.2
2024-01-03,2024-01-17,14.9
2024-01-04,2024-01-17,14.7
"""
GOOD = {"spx": SPX, "vix": VIX, "vvix": VVIX, "rates": RATES, "vx_futures": VX}
TODAY = dt.date(2024, 6, 3)


def folder(tmp_path: Path, **changed: str | bytes | None) -> Path:
    for name, text in {**GOOD, **changed}.items():
        if text is not None:
            content = text if isinstance(text, bytes) else text.encode()
            (tmp_path / f"{name}.csv").write_bytes(content)
    return tmp_path


def test_the_good_folder_loads(tmp_path):
    market = load_folder(folder(tmp_path), TODAY)
    assert [str(day) for day in market.sessions] == ["2024-01-02", "2024-01-03", "2024-01-04"]
    assert market.columns["spx_close"].tolist() == [4742.83, 4704.81, 4688.68]
    assert market.columns["vvix"][[0, 2]].tolist() == [85.1, 86.2]
    assert market.vx_settle[0, :2].tolist() == [14.4, 15.2]


CASES = [
    # file, replaced, by, what the line must hold
    ("spx", "4704.81", "abc", ["spx.csv, row 3", "close 'abc' is not a number", "decimal point"]),
    ("spx", "4704.81", "nan", ["spx.csv, row 3", "close 'nan' is not a number"]),
    ("spx", "4704.81", '"4,704.81"', ["spx.csv, row 3", "close '4,704.81' is not a number"]),
    ("spx", "4704.81", "inf", ["spx.csv, row 3", "close is infinite", "leave out the row"]),
    ("spx", "4704.81", "", ["spx.csv, row 3", "close is blank", "fill it in"]),
    ("spx", "4704.81", "0", ["spx.csv, row 3", "close 0 must be above 0", "correct it"]),
    ("spx", "4704.81", "-4704.81", ["spx.csv, row 3", "close -4704.81 must be above 0"]),
    ("spx", ",100\n2024-01-04", ",-1\n2024-01-04", ["spx.csv, row 3", "volume -1 must be at least 0"]),
    ("spx", "4729.29", "4690", ["spx.csv, row 3", "high 4690 is below low 4699.71", "correct the row"]),
    ("spx", "4725.07", "4729.31", ["spx.csv, row 3", "open 4729.31 is outside low 4699.71 to high 4729.29"]),
    ("spx", "4704.81", "4699.69", ["spx.csv, row 3", "close 4699.69 is outside low"]),
    ("vix", "14.04", "15.04", ["vix.csv, row 3", "close 15.04 is outside low 13.36 to high 14.22"]),
    ("spx", "2024-01-03", "2024-01-02", ["spx.csv, row 3", "2024-01-02 is a duplicate", "one row a day"]),
    (
        "spx",
        "2024-01-03",
        "2024-01-05",
        ["spx.csv, row 4", "2024-01-04 is earlier than the row above", "sort"],
    ),
    (
        "spx",
        "2024-01-04",
        "2024-06-04",
        ["spx.csv, row 4", "2024-06-04 is after today, 2024-06-03", "remove"],
    ),
    ("spx", "2024-01-02", "1950-01-03", ["spx.csv, row 2", "1950-01-03 is before 1960-01-01"]),
    ("spx", "2024-01-03", "03/01/2024", ["spx.csv, row 3", "date '03/01/2024' is not a date", "YYYY-MM-DD"]),
    ("spx", "2024-01-03", "2024-02-30", ["spx.csv, row 3", "date '2024-02-30' is not a date"]),
    ("spx", "2024-01-03", "", ["spx.csv, row 3", "date is blank", "YYYY-MM-DD"]),
    (
        "spx",
        "close",
        "last",
        ["spx.csv, row 1", "no column 'close'", "must hold date,open,high,low,close,volume"],
    ),
    ("spx", "volume", "close", ["spx.csv, row 1", "the column 'close' twice"]),
    ("spx", "4704.81", "4704,81", ["spx.csv, row 3", "more than the 6 cells of the header", "point"]),
    ("spx", "4742.83", "4742,83", ["spx.csv, row 2", "more than the 6 cells of the header"]),
    ("vix", "14.04", "", ["vix.csv, row 3", "close is blank"]),
    ("vvix", "86.2", "-86.2", ["vvix.csv, row 4", "close -86.2 must be above 0"]),
    ("rates", "5.21", "five", ["rates.csv, row 3", "dtb3 'five' is not a number"]),
    ("vx_futures", "14.9", "0", ["vx_futures.csv, row 4", "settle 0 must be above 0"]),
    ("vx_futures", "14.9", "", ["vx_futures.csv, row 4", "settle is blank"]),
    (
        "vx_futures",
        "2024-01-03,2024-01-17",
        "2024-01-03,2023-12-20",
        ["row 4", "the expiry is before the date"],
    ),
    ("vx_futures", "2024-02-14", "2024-01-17", ["row 3", "an expiry is given twice on 2024-01-02"]),
    ("vx_futures", "2024-02-14", "soon", ["row 3", "expiry 'soon' is not a date"]),
]


@pytest.mark.parametrize(("name", "old", "new", "said"), CASES)
def test_a_bad_cell_is_named_with_its_row_and_a_remedy(tmp_path, name, old, new, said):
    assert old in GOOD[name]
    bad = GOOD[name].replace(old, new, 1)
    with pytest.raises(DataError) as caught:
        load_folder(folder(tmp_path, **{name: bad}), TODAY)
    message = str(caught.value)
    assert [part for part in said if part not in message] == []
    assert "\n" not in message
    assert caught.value.exit_status == 3


FILES = [
    ("spx", "", ["spx.csv: the file is empty"]),
    ("spx", "\n\n", ["spx.csv: the file is empty"]),
    ("spx", SPX.split("\n", 1)[0] + "\n", ["spx.csv: a header and no rows", "remove the file"]),
    ("vvix", "date,close\n", ["vvix.csv: a header and no rows"]),
    ("spx", gzip.compress(SPX.encode()), ["spx.csv, row 1", "not UTF-8 text", "plain CSV"]),
    ("spx", SPX.replace("4704.81", "é").encode("latin-1"), ["spx.csv, row 3", "not UTF-8 text"]),
    ("spx", SPX.replace("4704.81", "\0"), ["spx.csv, row 3", "a binary file"]),
    ("spx", SPX.encode("utf-16-le"), ["spx.csv, row 1", "a binary file"]),
    ("vix", None, ["no file vix.csv", "add it"]),
    ("spx", None, ["no file spx.csv", "add it"]),
    (
        "spx",
        "date,open,high,low,close,volume\n2024-01-06,1,1,1,1,1\n",
        ["spx.csv: no row falls on a session", "check its dates"],
    ),
]


@pytest.mark.parametrize(("name", "content", "said"), FILES)
def test_an_unusable_file_is_named_with_a_remedy(tmp_path, name, content, said):
    with pytest.raises(DataError) as caught:
        load_folder(folder(tmp_path, **{name: content}), TODAY)
    message = str(caught.value)
    assert [part for part in said if part not in message] == []
    assert "\n" not in message


def test_a_missing_folder_and_the_parent_of_a_market_folder(tmp_path):
    with pytest.raises(DataError, match=r"nowhere: no such folder: pass the folder that holds spx.csv"):
        load_market(tmp_path / "nowhere")
    (tmp_path / "market").mkdir()
    folder(tmp_path / "market")
    with pytest.raises(DataError, match=r"in its market folder: pass .*market$"):
        load_market(tmp_path)


def test_an_unreadable_file_is_named(tmp_path, monkeypatch):
    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"spx.csv: cannot be read \(Permission denied\): check"):
        load_folder(folder(tmp_path), TODAY)


@pytest.mark.parametrize(
    "spx",
    [
        "\ufeff" + SPX,
        SPX.replace("\n", "\r\n"),
        SPX.rstrip("\n"),
        SPX + "\n\n",
        SPX.replace("4704.81", " 4704.81 "),
        SPX.replace("date,open", '"date","open"'),
        SPX.replace(",100\n", ",100,extra\n").replace("volume\n", "volume,note\n"),
    ],
    ids=[
        "byte order mark",
        "windows ends",
        "no last end",
        "blank last lines",
        "spaces",
        "quotes",
        "more columns",
    ],
)
def test_harmless_forms_of_the_same_file_load_alike(tmp_path, spx):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain, other = (
        load_folder(folder(tmp_path / "a"), TODAY),
        load_folder(folder(tmp_path / "b", spx=spx), TODAY),
    )
    assert other.fingerprint == plain.fingerprint


def test_row_numbers_count_blank_lines_as_an_editor_does(tmp_path):
    bad = SPX.replace("\n2024-01-03", "\n\n\n2024-01-03").replace("4704.81", "x")
    with pytest.raises(DataError, match=r"spx.csv, row 5: close 'x' is not a number"):
        load_folder(folder(tmp_path, spx=bad), TODAY)


def test_a_long_gap_in_either_history_is_refused(tmp_path):
    spx = SPX + "2024-01-16,4772.35,4782.34,4747.12,4765.98,100\n"  # 5, 8..12 January: six sessions
    with pytest.raises(DataError, match=r"spx.csv, row 5: 6 sessions missing after 2024-01-04 \(at most 5\)"):
        load_folder(folder(tmp_path, spx=spx), TODAY)
    days = ["2024-01-05", "2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11"]
    spx = SPX + "".join(f"{day},4700,4700,4700,4700,100\n" for day in days)
    vix = VIX + "2024-01-11,13,13,13,13\n"
    with pytest.raises(DataError, match=r"vix.csv: no row for 4 sessions after 2024-01-04 \(at most 3\)"):
        load_folder(folder(tmp_path, spx=spx, vix=vix), TODAY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date;close\n2016-01-04;20,5\n", "row 1: no comma in the header: separate columns with commas"),
        ("date\tclose\n2016-01-04\t20.5\n", "row 1: no comma in the header"),
        ("<!DOCTYPE html>\n<html></html>\n", "row 1: a web page, not CSV: save the table itself"),
    ],
)
def test_what_is_no_csv_is_told_as_what_it_is(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "vvix.csv").write_text(text)
    spec = next(spec for spec in SPECS if spec.name == "vvix")
    with pytest.raises(DataError, match=said):
        read_table(tmp_path / "vvix.csv", spec)
