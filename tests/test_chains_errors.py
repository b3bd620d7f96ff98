"""An unusable chain: one line that names the file, the row and the remedy, whatever is wrong."""

from __future__ import annotations

import datetime as dt
import gzip
import zipfile
from pathlib import Path

import platformdirs
import pyarrow as pa
import pytest
from chain_files import (
    CANONICAL,
    OPTIONSDX,
    ROWS,
    canonical_text,
    datashop_text,
    optionsdx_text,
    parquet_table,
    write,
    write_parquet,
)

from alvh_bt.chains import open_chains, text
from alvh_bt.errors import DataError


@pytest.fixture(autouse=True)
def cache_dir(tmp_path_factory, monkeypatch) -> None:
    home = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda _: str(home))


def refused(folder: Path) -> str:
    """The one line with which a folder is refused, by opening it or by reading its days."""
    with pytest.raises(DataError) as caught:
        [chains := open_chains(folder), *(chains.day(int(day)) for day in chains.days)]
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.exit_status == 3
    return message


CELLS = [
    # replaced, by, what the line must hold; the first row of quotes is row 2
    (
        "2023-01-04,SPX,2023-01-20,3900.0,C",
        "04/01/2023,SPX,2023-01-20,3900.0,C",
        ["row 4", "'04/01/2023' is not a date", "YYYY-MM-DD"],
    ),
    (
        "2023-01-05,SPX,2023-01-20,3800.0,C",
        "2023-02-30,SPX,2023-01-20,3800.0,C",
        ["row 6", "quote_date '2023-02-30'"],
    ),
    (
        "2023-01-05,SPX,2023-01-20,3800.0,C",
        "20230105,SPX,2023-01-20,3800.0,C",
        ["row 6", "quote_date '20230105'"],
    ),
    ("2023-01-05,SPX,2023-01-20,3800.0,C", ",SPX,2023-01-20,3800.0,C", ["row 6", "quote_date is blank"]),
    (
        "2023-01-05,SPX,2023-01-20,3800.0,C",
        "2023-01-05,SPX,1969-12-31,3800.0,C",
        ["row 6", "expiration '1969-12-31'"],
    ),
    (
        "2023-01-05,SPX,2023-01-20,3800.0,C",
        "2023-01-05,SPX,2200-01-03,3800.0,C",
        ["row 6", "expiration '2200-01-03'"],
    ),
    (
        "2023-01-05,SPX,2023-01-20,3800.0,C",
        "2023-01-05,,2023-01-20,3800.0,C",
        ["row 6", "root is blank", "such as SPX"],
    ),
    (",C,70.1", ",X,70.1", ["row 6", "type 'X' is neither C nor P", "write C or P"]),
    (",C,70.1", ",,70.1", ["row 6", "type is blank"]),
    ("70.1", "seventy", ["row 6", "bid 'seventy' is not a number", "with a point"]),
    ("70.9", "1_000", ["row 6", "ask '1_000' is not a number"]),
    (
        "3810.0,,0\n2023-01-05,SPXW",
        "high,,0\n2023-01-05,SPXW",
        ["row 7", "underlying 'high' is not a number"],
    ),
    ("3900.0,C", ",C", ["row 4", "strike is blank", "above 0 and below 2000000"]),
    ("3900.0,C", "-5,C", ["row 4", "strike -5 is impossible"]),
    ("3900.0,C", "0,C", ["row 4", "strike 0 is impossible"]),
    ("3900.0,C", "2e6,C", ["row 4", "strike 2000000 is impossible"]),
    ("3900.0,C", "nan,C", ["row 4", "strike is blank"]),
    ("70.1,", "70,1,", ["row 6", "11 cells where the header has 10", "one cell a column"]),
    ("70.1,70.9,", "70.1;70.9,", ["row 6", "9 cells where the header has 10"]),
    ("SPXW,2023-01-27", "SPX\xe9,2023-01-27", ["row 8", "not UTF-8"]),
]


@pytest.mark.parametrize("blank_lines", [0, 2])
@pytest.mark.parametrize("block", [8 << 20, 150])
@pytest.mark.parametrize(("old", "new", "said"), CELLS)
def test_a_bad_cell_is_named_with_its_row_and_a_remedy(
    tmp_path, monkeypatch, old, new, said, block, blank_lines
):
    monkeypatch.setattr(text, "BLOCK_BYTES", block)
    good = canonical_text(ROWS)
    assert old in good
    bad = good.replace(old, new, 1)
    # Blank lines are no rows, but an editor counts them.
    bad = bad.replace("\n", "\n" * (1 + blank_lines), 1)
    row = int(said[0].split()[1]) + blank_lines
    write(tmp_path / "a.csv", bad.encode("latin-1"))
    message = refused(tmp_path)
    assert message.startswith(f"a.csv, row {row}: ")
    assert [part for part in said[1:] if part not in message] == []


WHOLE = [
    ("a.csv", "", ["a.csv: the file is empty", "remove the file"]),
    ("a.csv", CANONICAL, ["a.csv: a header and no rows"]),
    ("a.csv", CANONICAL + "\n\n\n", ["a.csv: a header and no rows"]),
    (
        "a.csv",
        "date,open,high\n2023-01-04,1,2\n",
        [
            "a.csv: not an option chain",
            "lacks",
            "canonical (quote_date,root",
            "optionsdx (quote_date,",
            "datashop (quote_date,",
        ],
    ),
    (
        "a.csv",
        canonical_text(ROWS).replace("bid,ask", "offer,ask"),
        ["a.csv: not an option chain", "lacks bid of the layout canonical"],
    ),
    (
        "a.csv",
        datashop_text(ROWS).replace("option_type", "kind"),
        ["lacks option_type of the layout datashop"],
    ),
    (
        "spx_eod.txt",
        optionsdx_text(ROWS).replace("[P_ASK]", "[P_OFFER]"),
        ["spx_eod.txt", "lacks p_ask of the layout optionsdx"],
    ),
    ("a.csv", canonical_text(ROWS).replace("open_interest", "bid"), ["a.csv, row 1: the column 'bid' twice"]),
    ("a.csv", canonical_text(ROWS).encode("utf-16-le"), ["a.csv, row 1: a binary file"]),
    ("a.csv", canonical_text(ROWS).encode("utf-16"), ["a.csv, row 1: not UTF-8 text"]),
    ("a.csv", gzip.compress(canonical_text(ROWS).encode()), ["a.csv, row 1: not UTF-8 text"]),
    (
        "a.csv.gz",
        gzip.compress(canonical_text(ROWS).encode())[:-30],
        ["a.csv.gz: cannot be read", "fetch the file again"],
    ),
    ("a.csv.gz", canonical_text(ROWS), ["a.csv.gz: cannot be read (Not a gzipped file"]),
    ("a.zip", canonical_text(ROWS), ["a.zip: cannot be read (File is not a zip file)"]),
    ("chains.txt", optionsdx_text(ROWS), ["chains.txt: OptionsDX files name no root", "spx_eod_202301.txt"]),
    (
        "spx_eod.txt",
        optionsdx_text(ROWS).replace("2023-01-20,", "soon,", 1),
        ["spx_eod.txt, row 2: expire_date 'soon'"],
    ),
    (
        "spx_eod.txt",
        optionsdx_text(ROWS).replace("40.2,", "forty,", 1),
        ["spx_eod.txt, row 2: p_bid 'forty'"],
    ),
    ("a.parquet", canonical_text(ROWS), ["a.parquet: cannot be read as Parquet", "write or fetch"]),
    ("a.parquet", b"", ["a.parquet: cannot be read as Parquet"]),
    ("a.7z", "x", ["no option chains: only packed archives: unpack them"]),
    ("a.json", "{}", ["no option chains: no *.csv, *.csv.gz, *.txt, *.zip or *.parquet"]),
]


@pytest.mark.parametrize(("name", "content", "said"), WHOLE)
def test_a_bad_file_is_one_line(tmp_path, name, content, said):
    write(tmp_path / name, content)
    message = refused(tmp_path)
    assert [part for part in said if part not in message] == []


def test_a_folder_that_is_not_there_or_a_file(tmp_path):
    assert "nowhere: no such folder: pass the folder" in refused(tmp_path / "nowhere")
    assert "no such folder" in refused(write(tmp_path / "a.csv", canonical_text(ROWS)))


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "BLOCK_BYTES", 100)
    write(tmp_path / "a.csv", CANONICAL + "\n" + "1," * 400)
    assert "a.csv: a line of more than 100 bytes" in refused(tmp_path)


def test_a_damaged_member_of_a_zip_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("b.csv", canonical_text(ROWS))
    content = (tmp_path / "a.zip").read_bytes()
    write(tmp_path / "a.zip", content.replace(b"90.1", b"91.1"))  # its checksum is now wrong
    assert refused(tmp_path).startswith("a.zip/b.csv: cannot be read (Bad CRC-32")


def changed(column: str, values: list | pa.Array) -> pa.Table:
    table = parquet_table(ROWS)
    return table.set_column(table.column_names.index(column), column, pa.array(values))


PARQUET = [
    (changed("bid", ["90.1"] * 8), ["the column 'bid' has the type string: it must be a number"]),
    (changed("strike", [dt.date(2023, 1, 4)] * 8), ["the column 'strike' has the type date32[day]"]),
    (
        changed("quote_date", [20230104] * 8),
        ["the column 'quote_date' has the type int64: it must be a date"],
    ),
    (changed("type", [1] * 8), ["the column 'type' has the type int64: it must be text"]),
    (
        changed("quote_date", [*["2023-01-04"] * 7, "4 Jan"]),
        ["a.parquet, row 8: quote_date '4 Jan' is not a date"],
    ),
    (changed("quote_date", [*[dt.date(2023, 1, 4)] * 7, None]), ["a.parquet, row 8: quote_date is blank"]),
    (
        changed("expiration", [*[dt.date(2023, 1, 4)] * 7, dt.date(1950, 1, 1)]),
        ["row 8: expiration 1950-01-01 is outside"],
    ),
    (changed("type", [*["C"] * 6, "Q", "P"]), ["a.parquet, row 7: type 'Q' is neither C nor P"]),
    (changed("strike", [*[3800.0] * 5, None, 1.0, 1.0]), ["a.parquet, row 6: strike is blank"]),
    (
        parquet_table(ROWS).drop_columns("root"),
        ["a.parquet: not an option chain", "lacks root of the layout canonical"],
    ),
    (parquet_table(ROWS).slice(0, 0), ["a.parquet: columns and no rows"]),
    (
        parquet_table(ROWS).rename_columns([*CANONICAL.split(",")[:7], "Bid"]),
        ["a.parquet: the column 'bid' twice"],
    ),
]


@pytest.mark.parametrize("group_rows", [100, 3])
@pytest.mark.parametrize(("table", "said"), PARQUET)
def test_bad_parquet_is_one_line(tmp_path, table, said, group_rows):
    write_parquet(tmp_path / "a.parquet", table, row_group_size=group_rows)
    message = refused(tmp_path)
    assert [part for part in said if part not in message] == []


def test_a_parquet_file_cut_short_is_one_line(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", parquet_table(ROWS))
    write(path, path.read_bytes()[:-9])
    assert "a.parquet: cannot be read as Parquet" in refused(tmp_path)


def test_pages_of_a_parquet_file_that_are_damaged_are_one_line(tmp_path):
    path = write_parquet(
        tmp_path / "a.parquet", parquet_table(ROWS), compression="none", use_dictionary=False
    )
    content = bytearray(path.read_bytes())
    content[4:200] = bytes(196)
    write(path, bytes(content))
    assert "a.parquet: cannot be read as Parquet" in refused(tmp_path)


def test_headers_are_told_apart_in_any_case_and_order(tmp_path):
    lines = [line.split(",") for line in canonical_text(ROWS).splitlines()]
    turned = "\n".join(",".join(f'"{one}"' for one in reversed(cells)) for cells in lines)
    write(tmp_path / "a.csv", turned.replace("quote_date", "Quote_Date"))
    write(
        tmp_path / "spy_eod.txt",
        optionsdx_text(ROWS).replace(OPTIONSDX, OPTIONSDX.replace("[", "").replace("]", "")),
    )
    assert [file.layout for file in open_chains(tmp_path).files] == ["canonical", "optionsdx"]
