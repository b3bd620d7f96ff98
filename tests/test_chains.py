"""Option chains of three layouts, in any packing, are the same quotes; days are read one at a time."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import multiprocessing
import os
import random
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import platformdirs
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from chain_files import (
    CANONICAL,
    DATASHOP,
    EXPECTED,
    ROWS,
    all_days,
    canonical_text,
    datashop_text,
    day_of,
    listed,
    optionsdx_text,
    parquet_table,
    write,
    write_parquet,
)

from alvh_bt.chains import cache, open_chains, parquet, reader, store, text
from alvh_bt.errors import DataError


@pytest.fixture(autouse=True)
def cache_dir(tmp_path_factory, monkeypatch) -> Path:
    """A cache folder and a temporary folder of the test's own."""
    home, temporary = tmp_path_factory.mktemp("cache"), tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda _: str(home))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return home / "chains"


def zipped(name: str, content: str, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "layout"),
    [
        ("a.csv", canonical_text(ROWS), "canonical"),
        ("spx_eod_202301.txt", optionsdx_text(ROWS), "optionsdx"),
        ("a.csv", datashop_text(ROWS), "datashop"),
        ("a.csv", canonical_text(ROWS).replace(",C,", ",c,").replace("SPX", "spx"), "canonical"),
        ("a.csv", canonical_text(ROWS).replace("\n", "\r\n").rstrip(), "canonical"),
        ("a.csv", "\ufeff" + canonical_text(ROWS).replace("\n", "\n\n"), "canonical"),
        ("a.csv.gz", gzip.compress(canonical_text(ROWS).encode()), "canonical"),
        ("deep/er/spx_eod_202301.txt", optionsdx_text(ROWS), "optionsdx"),
    ],
)
def test_every_layout_gives_the_same_quotes(tmp_path, name, content, layout):
    write(tmp_path / name, content)
    chains = open_chains(tmp_path)
    assert all_days(chains) == EXPECTED
    assert [(file.name, file.layout) for file in chains.files] == [(name, layout)]
    assert all_days(chains.files[0]) == EXPECTED
    assert chains.dropped() == {}


def test_a_zip_gives_its_members(tmp_path):
    zipped("x/spx_eod_202301.txt", optionsdx_text(ROWS), tmp_path / "2023.zip")
    chains = open_chains(tmp_path)
    assert all_days(chains) == EXPECTED
    assert [file.name for file in chains.files] == ["2023.zip/x/spx_eod_202301.txt"]


def test_a_day_is_a_frame_of_these_types_even_without_quotes(tmp_path):
    write(tmp_path / "a.csv", canonical_text(ROWS))
    chains = open_chains(tmp_path)
    types = {
        "expiry": np.int64, "strike": np.float64, "right": np.int8,
        "bid": np.float64, "ask": np.float64, "underlying": np.float64,
    }  # fmt: skip
    for day, rows in ((day_of("2023-01-04"), 4), (day_of("2023-01-06"), 0)):
        frame = chains.day(day)
        assert list(frame.columns) == ["root", *types]
        assert len(frame) == rows
        assert pd.api.types.is_string_dtype(frame["root"])
        assert {name: frame[name].dtype for name in types} == types
    assert chains.days.tolist() == [day_of("2023-01-04"), day_of("2023-01-05")]


def test_files_are_merged_and_sorted(tmp_path):
    write(tmp_path / "b.csv", canonical_text(ROWS[:1] + ROWS[4:]))
    write_parquet(tmp_path / "c.parquet", parquet_table(ROWS[1:4]))
    write(
        tmp_path / "vix_eod_2023.txt",
        optionsdx_text([("2023-01-04", "", "2023-01-18", 20.0, "C", 2.0, 2.1, 22.0)]),
    )
    chains = open_chains(tmp_path)
    vix = ("VIX", "2023-01-18", 20.0, 1, 2.0, 2.1, 22.0)
    assert all_days(chains) == {**EXPECTED, "2023-01-04": [*EXPECTED["2023-01-04"], vix]}
    assert [len(file.days) for file in chains.files] == [2, 1, 1]
    assert all_days(chains.files[0]) == {**EXPECTED, "2023-01-04": [EXPECTED["2023-01-04"][2]]}
    assert [len(chains.files[k].day(day_of("2023-01-04"))) for k in range(3)] == [1, 3, 1]
    assert chains.dropped() == {"blank": 1}  # OptionsDX rows are pairs, and this one has no put
    assert [dict(file.counts) for file in chains.files] == [{}, {}, {"blank": 1}]


def test_notes_and_other_files_are_left_alone(tmp_path):
    write(tmp_path / "a.csv", canonical_text(ROWS))
    write(tmp_path / "README.txt", "Bought in 2023, see the licence.\n")
    write(tmp_path / "PROVENANCE.json", "{}")
    write(tmp_path / ".a.csv", "half a download")
    assert [file.name for file in open_chains(tmp_path).files] == ["a.csv"]


def roots_of(tmp_path: Path, name: str, day: str, expiry: str) -> list[str]:
    write(tmp_path / name, optionsdx_text([(day, "", expiry, 100.0, kind, 2.0, 2.1, 100.0) for kind in "CP"]))
    return open_chains(tmp_path).day(day_of(day))["root"].tolist()


@pytest.mark.parametrize(
    ("name", "day", "expiry", "root"),
    [
        ("spx_eod_202301.txt", "2023-01-04", "2023-01-20", "SPX"),  # a third Friday
        ("spx_eod_202301.txt", "2023-01-20", "2023-01-20", "SPXW"),  # AM options ceased trading on Thursday
        ("spx_eod_202301.txt", "2023-01-04", "2023-01-13", "SPXW"),
        ("spx_eod_201904.txt", "2019-04-01", "2019-04-18", "SPX"),  # the Thursday before Good Friday
        ("spx_eod_201904.txt", "2019-04-01", "2019-04-17", "SPXW"),
        ("spy_2023.txt", "2023-01-04", "2023-01-20", "SPY"),
        ("vix_eod_202301.txt", "2023-01-04", "2023-01-18", "VIX"),
    ],
)
def test_optionsdx_roots_follow_the_file_name_and_the_calendar(tmp_path, name, day, expiry, root):
    assert roots_of(tmp_path, name, day, expiry) == [root, root]


@pytest.mark.parametrize(
    ("given", "settled"),
    [("2011-01-22", "2011-01-21"), ("2014-04-19", "2014-04-17"), ("2015-02-20", "2015-02-20")],
)
def test_a_saturday_expiry_is_moved_to_its_settlement(tmp_path, given, settled):
    write(tmp_path / "a.csv", canonical_text([("2011-01-04", "SPX", given, 1000.0, "C", 2.0, 2.1, 900.0)]))
    assert listed(open_chains(tmp_path).day(day_of("2011-01-04")))[0][1] == settled


def test_former_names_of_spxw_are_spxw(tmp_path):
    rows = [
        ("2011-01-04", root, "2011-03-31", k, "C", 2.0, 2.1, 900.0)
        for root, k in (("SPXPM", 1000.0), ("SPXQ", 1005.0))
    ]
    write(tmp_path / "a.csv", canonical_text(rows))
    assert open_chains(tmp_path).day(day_of("2011-01-04"))["root"].tolist() == ["SPXW", "SPXW"]


def test_datashop_without_closing_quotes_gives_those_of_1545(tmp_path):
    header = ",".join(name for name in DATASHOP.split(",") if "eod" not in name)
    write(tmp_path / "a.csv", datashop_text(ROWS[:1], header))
    assert listed(open_chains(tmp_path).day(day_of("2023-01-04"))) == [
        ("SPX", "2023-01-20", 3800.0, 1, 89.1, 89.9, 3848.0)
    ]


def test_an_underlying_of_zero_is_unknown(tmp_path):
    write(tmp_path / "a.csv", datashop_text(ROWS[:1]).replace("3849.5,3850.5", "0.0000,0.0000"))
    frame = open_chains(tmp_path).day(day_of("2023-01-04"))
    assert frame["bid"].tolist() == [90.1]
    assert frame["underlying"].isna().all()


def test_the_first_seven_columns_are_enough(tmp_path):
    lines = [",".join(line.split(",")[:7]) for line in canonical_text(ROWS).splitlines()]
    write(tmp_path / "a.csv", "\n".join(lines))
    frame = open_chains(tmp_path).day(day_of("2023-01-05"))
    assert [row[:6] for row in listed(frame)] == [row[:6] for row in EXPECTED["2023-01-05"]]
    assert frame["underlying"].isna().all()


@pytest.mark.parametrize(
    ("name", "content", "layout"),
    [
        ("spx_eod_2023.parquet", optionsdx_text(ROWS), "optionsdx"),
        ("a.parquet", datashop_text(ROWS), "datashop"),
    ],
)
@pytest.mark.parametrize("group_rows", [100, 2])
def test_parquet_may_have_any_layout(tmp_path, name, content, layout, group_rows):
    table = pa.Table.from_pandas(pd.read_csv(io.StringIO(content)), preserve_index=False)
    write_parquet(tmp_path / name, table, row_group_size=group_rows)
    chains = open_chains(tmp_path)
    assert all_days(chains) == EXPECTED
    assert chains.files[0].layout == layout


DATE_TYPES = {
    "text": pa.string(),
    "large text": pa.large_string(),
    "dictionary": pa.dictionary(pa.int32(), pa.string()),
    "date32": pa.date32(),
    "date64": pa.date64(),
    "seconds": pa.timestamp("s"),
    "nanoseconds": pa.timestamp("ns"),
}


def retyped(table: pa.Table, kind: pa.DataType) -> pa.Table:
    for name in ("quote_date", "expiration"):
        column = table[name]
        if not pa.types.is_large_string(kind) and not pa.types.is_string(kind):
            column = column.dictionary_encode() if pa.types.is_dictionary(kind) else column.cast(pa.date32())
        table = table.set_column(table.column_names.index(name), name, column.cast(kind))
    return table


@pytest.mark.parametrize("group_rows", [100, 4, 3])
@pytest.mark.parametrize("kind", DATE_TYPES)
def test_parquet_dates_may_be_text_dates_or_timestamps(tmp_path, kind, group_rows):
    table = retyped(parquet_table(ROWS), DATE_TYPES[kind])
    write_parquet(tmp_path / "a.parquet", table, row_group_size=group_rows)
    assert all_days(open_chains(tmp_path)) == EXPECTED


def test_timestamps_count_as_their_own_calendar_day(tmp_path):
    zoned = pa.array([pd.Timestamp(f"{row[0]} 20:15", tz="America/New_York") for row in ROWS])
    late = pa.array([pd.Timestamp(f"{row[2]} 23:59") for row in ROWS])
    table = parquet_table(ROWS).set_column(0, "quote_date", zoned).set_column(2, "expiration", late)
    write_parquet(tmp_path / "a.parquet", table, row_group_size=4)
    assert all_days(open_chains(tmp_path)) == EXPECTED


def test_parquet_numbers_may_be_whole_or_decimal_and_columns_nested(tmp_path):
    table = parquet_table(ROWS)
    table = table.set_column(3, "strike", table["strike"].cast(pa.int32()))
    table = table.set_column(5, "bid", table["bid"].cast(pa.decimal128(10, 1)))
    table = table.add_column(
        0, "extra", pa.array([{"x": dt.date(2020, 1, 1), "y": dt.date(2020, 1, 2)}] * len(ROWS))
    )
    write_parquet(tmp_path / "a.parquet", table)
    assert all_days(open_chains(tmp_path)) == EXPECTED


def many_days(days: int = 12, strikes: int = 5) -> list:
    """Sorted rows of `days` sessions; every quote differs from every other."""
    dates = [str(np.datetime64("2022-03-01") + k) for k in range(days)]
    return [
        (date, "SPX", "2022-06-17", 4000.0 + 50.0 * s, kind, 100.0 + k + 0.01 * s, 101.0 + k, 4100.0)
        for k, date in enumerate(dates)
        for s in range(strikes)
        for kind in "CP"
    ]


def shuffled(rows: list, seed: int) -> list:
    rows = list(rows)
    random.Random(seed).shuffle(rows)
    return rows


def test_unsorted_row_groups_are_read_right(tmp_path):
    rows = many_days()
    write_parquet(tmp_path / "sorted" / "a.parquet", parquet_table(rows))
    write_parquet(tmp_path / "mixed" / "a.parquet", parquet_table(shuffled(rows, 3)), row_group_size=7)
    expected = all_days(open_chains(tmp_path / "sorted"))
    assert len(expected) == 12
    assert all_days(open_chains(tmp_path / "mixed")) == expected


def test_scattered_parquet_is_sorted_once(tmp_path, monkeypatch, cache_dir):
    rows = many_days()
    write_parquet(tmp_path / "a.parquet", parquet_table(shuffled(rows, 4)), row_group_size=30)
    expected = all_days(open_chains(tmp_path))
    assert not cache_dir.exists()
    for module, name, value in (
        (store, "HELD_ROWS", 50),
        (cache, "GATHERED_ROWS", 20),
        (cache, "SORTED_ROWS", 25),
    ):
        monkeypatch.setattr(module, name, value)
    said: list[str] = []
    chains = open_chains(tmp_path, said.append)
    assert said == ["a.parquet: converting once"]
    assert chains.files[0].layout == "canonical"
    assert all_days(chains) == expected
    assert group_days(cache_dir) == [[day] for day in chains.days.tolist()]
    assert [path.suffix for path in cache_dir.iterdir()] == [".parquet"]  # no working files are left


def group_days(folder: Path) -> list[list[int]]:
    """The days of each row group of the only converted file."""
    (path,) = folder.glob("*.parquet")
    file = pq.ParquetFile(path)
    dates = [
        file.read_row_group(k)["quote_date"].cast(pa.int32()).to_pylist() for k in range(file.num_row_groups)
    ]
    return [sorted(set(days)) for days in dates]


@pytest.mark.parametrize("seed", [None, 5, 6])
@pytest.mark.parametrize("gathered", [7, 1000])
def test_converted_text_has_a_row_group_a_day_sorted_or_not(tmp_path, monkeypatch, cache_dir, seed, gathered):
    monkeypatch.setattr(text, "BLOCK_BYTES", 500)  # some seven rows: blocks end inside days
    monkeypatch.setattr(cache, "GATHERED_ROWS", gathered)
    monkeypatch.setattr(cache, "SORTED_ROWS", 25)
    if seed is None:
        monkeypatch.delattr(cache, "_by_day")  # a file in order is written once
    rows = many_days()
    write(tmp_path / "a.csv", canonical_text(rows if seed is None else shuffled(rows, seed)))
    write_parquet(tmp_path / "sorted" / "a.parquet", parquet_table(rows))
    chains = open_chains(tmp_path)
    assert all_days(chains.files[0]) == all_days(open_chains(tmp_path / "sorted"))
    assert group_days(cache_dir) == [[day] for day in chains.days.tolist()]


@pytest.mark.parametrize("gathered", [7, 1000])
def test_sorting_by_day_keeps_the_order_of_the_file(tmp_path, monkeypatch, gathered):
    monkeypatch.setattr(cache, "GATHERED_ROWS", gathered)
    first, second = many_days(2, 1)[0], many_days(2, 1)[2]
    rows = [(*row[:5], 50.0 + k, 200.0, 4100.0) for k in range(100) for row in (second, first)]
    write(tmp_path / "a.csv", canonical_text(rows))
    write_parquet(tmp_path / "parquet" / "a.parquet", parquet_table(rows))
    for folder in (tmp_path, tmp_path / "parquet"):
        chains = open_chains(folder).files[0]
        assert [chains.day(int(day))["bid"].tolist() for day in chains.days] == [[149.0], [149.0]]


def test_only_the_row_groups_of_a_day_and_the_columns_asked_for_are_read(tmp_path, monkeypatch):
    table = parquet_table(many_days()).append_column("delta", pa.array(np.zeros(120)))
    write_parquet(tmp_path / "a.parquet", table, row_group_size=10)
    chains = open_chains(tmp_path)
    read: list[tuple[int, list[str]]] = []
    whole = pq.ParquetFile.read_row_group

    def watched(self, k, columns=None, **options):
        read.append((k, columns))
        return whole(self, k, columns, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", watched)
    chains.day(int(chains.days[6]))
    assert [group for group, _ in read] == [6, 5]  # and the day before, for what is stale
    assert set(read[0][1]) == set(CANONICAL.split(",")[:8])
    chains.day(int(chains.days[7]))
    assert [group for group, _ in read] == [6, 5, 7]


def test_row_groups_held_in_memory_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "HELD_ROWS", 60)
    write_parquet(tmp_path / "a.parquet", parquet_table(many_days()), row_group_size=25)
    chains = open_chains(tmp_path)
    held = chains._reader._held
    days = len([chains.day(int(day)) for day in chains.days])
    assert days == 12
    assert sum(len(quotes.day) for quotes in held._groups.values()) <= 60
    assert len(held._days) <= 6


def test_text_is_converted_once_and_again_when_it_changes(tmp_path, cache_dir):
    path = write(tmp_path / "a.csv", canonical_text(ROWS))
    said: list[str] = []
    first = open_chains(tmp_path, said.append)
    assert said == ["a.csv: converting once"]
    again = open_chains(tmp_path, said.append)
    assert len(said) == 1
    assert all_days(again) == EXPECTED
    path.write_text(canonical_text(ROWS).replace("90.1", "89.1"))
    changed = open_chains(tmp_path, said.append)
    assert len(said) == 2
    assert all_days(changed)["2023-01-04"][2][4] == 89.1
    assert len(list(cache_dir.iterdir())) == 1
    assert first.fingerprint == again.fingerprint != changed.fingerprint


def test_a_damaged_copy_is_made_again(tmp_path, cache_dir):
    write(tmp_path / "a.csv", canonical_text(ROWS))
    open_chains(tmp_path)
    (copy,) = cache_dir.iterdir()
    copy.write_bytes(copy.read_bytes()[:-20])
    assert all_days(open_chains(tmp_path)) == EXPECTED


def test_a_cache_that_cannot_be_written_gives_way_to_a_temporary_folder(tmp_path, cache_dir):
    write(tmp_path / "a.csv", canonical_text(ROWS))
    cache_dir.write_text("a file where the folder should be")
    assert all_days(open_chains(tmp_path)) == EXPECTED
    assert [path.name[:12] for path in Path(tempfile.gettempdir()).iterdir()] == ["alvh-chains-"]


def test_no_folder_to_write_to_is_one_line(tmp_path, cache_dir, monkeypatch):
    write(tmp_path / "a.csv", canonical_text(ROWS))
    monkeypatch.setattr(tempfile, "tempdir", str(write(tmp_path / "file", "")))
    cache_dir.write_text("a file where the folder should be")
    with pytest.raises(
        DataError, match=r"^a\.csv: its converted form cannot be written to .*: make room there"
    ):
        open_chains(tmp_path)


def test_the_fingerprint_is_of_names_and_quotes_not_of_places(tmp_path):
    for folder, name, rows in (("a", "x", ROWS), ("b", "x", ROWS), ("c", "y", ROWS), ("d", "x", ROWS[1:])):
        write(tmp_path / folder / f"{name}.csv", canonical_text(rows))
        write_parquet(tmp_path / folder / f"{name}.parquet", parquet_table(rows))
    first, same, *others = (open_chains(tmp_path / folder).fingerprint for folder in "abcd")
    assert first == same
    assert len({first, *others}) == 3


@pytest.mark.parametrize(
    ("roots", "max_dte", "rows"),
    [
        (["SPX"], None, 2),
        (["spxw"], None, 2),
        (["SPX", "SPXW"], None, 4),
        (["VIX"], None, 0),
        ([], None, 0),
        (None, 22, 4),
        (None, 21, 2),
        (["SPXW"], 21, 0),
    ],
)
def test_roots_and_days_to_expiry_are_filtered(tmp_path, roots, max_dte, rows):
    write(tmp_path / "a.csv", canonical_text(ROWS))
    frame = open_chains(tmp_path).day(day_of("2023-01-05"), roots, max_dte)
    assert len(frame) == rows
    assert listed(frame) == [
        row
        for row in EXPECTED["2023-01-05"]
        if (roots is None or row[0] in [root.upper() for root in roots])
        and (max_dte is None or day_of(row[1]) - day_of("2023-01-05") <= max_dte)
    ]


def test_a_frame_may_be_changed_without_changing_the_store(tmp_path):
    write_parquet(tmp_path / "a.parquet", parquet_table(ROWS))
    chains = open_chains(tmp_path)
    frame = chains.day(day_of("2023-01-04"))
    frame.loc[:, "bid"] = -1.0
    assert all_days(chains) == EXPECTED


_shared: dict = {}


def _read_in_child(day: int) -> list[tuple]:
    rows = listed(_shared["chains"].day(day))
    assert parquet._open_files._process == os.getpid(), "the parent's open files are in use"
    return rows


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this platform")
def test_a_store_survives_a_fork(tmp_path):
    write_parquet(tmp_path / "a.parquet", parquet_table(many_days()), row_group_size=10)
    chains = _shared["chains"] = open_chains(tmp_path)
    first, *days = chains.days.tolist()
    expected = [listed(open_chains(tmp_path).day(day)) for day in days]
    chains.day(first)
    with warnings.catch_warnings():
        # The workers call nothing that an idle thread of the parent could have locked.
        warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)
        with multiprocessing.get_context("fork").Pool(2) as pool:
            children = pool.map_async(_read_in_child, days)
            parent = [listed(chains.day(day)) for day in days]
            assert children.get(timeout=60) == expected
            # Workers that are ended by a signal may be caught while they write their coverage.
            pool.close()
            pool.join()
    assert parent == expected


def test_more_files_than_may_be_open_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "_OPEN_FILES", 3)
    rows = many_days()
    for date in sorted({row[0] for row in rows}):
        write_parquet(tmp_path / f"{date}.parquet", parquet_table([row for row in rows if row[0] == date]))
    chains = open_chains(tmp_path)
    assert len(chains.files) == 12
    found = all_days(chains)
    write_parquet(tmp_path / "one" / "a.parquet", parquet_table(rows))
    assert found == all_days(open_chains(tmp_path / "one"))
    assert len(parquet._open_files._files) <= 3
