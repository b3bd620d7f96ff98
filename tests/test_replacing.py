"""A file of market data is never replaced by a worse one unless forced, and the last good copy is kept."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from alvh_bt.errors import DataError
from alvh_bt.folder.provenance import FileRecord, provenance_bytes, read_provenance, record_of
from alvh_bt.folder.replacing import SPECS, place_series, reasons_against

DAYS = ("2016-01-04", "2016-01-05", "2016-01-06", "2016-01-07", "2016-01-08", "2016-01-11")
RECORD = FileRecord(source="somewhere", terms="free", tried=("elsewhere: gone",))


def closes(days=DAYS, header="date,close", row="{day},20.5") -> bytes:
    return "\n".join([header, *(row.format(day=day) for day in days), ""]).encode()


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (closes(DAYS[:-1]), "ends on 2016-01-08, the old on 2016-01-11"),
        (closes(DAYS[1:]), "begins on 2016-01-05, the old on 2016-01-04"),
        (closes((*DAYS[:2], *DAYS[3:])), "lacks 1 sessions inside their common span, the old 0"),
        (closes((*DAYS[:2], *DAYS[3:])), "has 5 rows, the old 6"),
        (closes(row="{day},"), "has 0 values of close, the old 6"),
        (closes(row="{day},21.0"), "disagrees with the old by more than 0.5%: 6 values differ, the first on"),
    ],
)
def test_what_is_worse_is_told(new: bytes, reason: str) -> None:
    assert [told for told in reasons_against(closes(), new, SPECS["vix9d"]) if told.startswith(reason)]


def test_a_shorter_file_is_not_told_again_for_each_column() -> None:
    bars = "{day},9,9.5,8,9"
    header = "date,open,high,low,close"
    reasons = reasons_against(closes(header=header, row=bars), closes(DAYS[1:], header, bars), SPECS["vix"])
    assert reasons == ["begins on 2016-01-05, the old on 2016-01-04", "has 5 rows, the old 6"]


def test_more_is_not_worse() -> None:
    longer = closes(("2015-12-31", *DAYS, "2016-01-12"))
    assert reasons_against(closes(), longer, SPECS["vix9d"]) == []
    assert reasons_against(b"not a table at all", closes(), SPECS["vix9d"]) == []
    with pytest.raises(DataError, match=r"vix9d\.csv"):
        reasons_against(closes(), b"<html>", SPECS["vix9d"])


def test_an_old_file_with_a_date_twice_is_worse_than_any() -> None:
    twice = closes((*DAYS, DAYS[-1]))
    assert reasons_against(twice, closes(row="{day},21.0"), SPECS["vix9d"]) == []


def test_a_column_that_goes_is_a_loss() -> None:
    both = closes(header="date,net_new_highs,percent_advancers", row="{day},12,55")
    one = closes(header="date,net_new_highs", row="{day},12")
    assert reasons_against(both, one, SPECS["breadth"]) == ["has no column percent_advancers"]


def test_a_worse_file_stays_out_and_a_better_one_leaves_a_copy(tmp_path: Path) -> None:
    folder = tmp_path / "market"
    assert place_series(folder, {"vix9d": (closes(), RECORD)}) == {}
    refused = place_series(folder, {"vix9d": (closes(DAYS[:3]), RECORD), "vvix": (closes(), RECORD)})
    assert list(refused) == ["vix9d"]
    assert (folder / "vix9d.csv").read_bytes() == closes()
    assert (folder / "vvix.csv").read_bytes() == closes()
    longer = closes((*DAYS, "2016-01-12"))
    assert place_series(folder, {"vix9d": (longer, RECORD)}) == {}
    assert (folder / "vix9d.csv").read_bytes() == longer
    assert (folder / ".previous" / "vix9d.csv").read_bytes() == closes()
    assert place_series(folder, {"vix9d": (closes(DAYS[:3]), RECORD)}, force=True) == {}
    assert (folder / "vix9d.csv").read_bytes() == closes(DAYS[:3])
    assert (folder / ".previous" / "vix9d.csv").read_bytes() == longer


def test_the_same_again_writes_nothing(tmp_path: Path) -> None:
    place_series(tmp_path, {"vix9d": (closes(), RECORD)})
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    place_series(tmp_path, {"vix9d": (closes(), RECORD)})
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_a_refusal_of_everything_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "vix9d.csv").write_bytes(closes())
    assert list(place_series(tmp_path, {"vix9d": (closes(DAYS[:3]), RECORD)})) == ["vix9d"]
    assert [path.name for path in tmp_path.iterdir()] == ["vix9d.csv"]


def test_two_processes_lose_no_record(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    names = ("vix9d", "vix3m", "vix6m", "vvix", "skew")
    jobs = [fork.Process(target=place_series, args=(tmp_path, {name: (closes(), RECORD)})) for name in names]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
        assert job.exitcode == 0
    assert set(read_provenance(tmp_path)) == set(names)


def test_records_go_round_and_unknown_shapes_are_refused(tmp_path: Path) -> None:
    record = record_of(closes(), (DAYS[0], DAYS[-1]), len(DAYS), source="Cboe", tried=("Yahoo: empty",))
    # SHA-256 of the same bytes by another program's reckoning: 64 hexadecimal digits.
    assert len(record.sha256) == 64 and record.rows == 6
    (tmp_path / "PROVENANCE.json").write_bytes(provenance_bytes({"vix9d": record}))
    assert read_provenance(tmp_path) == {"vix9d": record}
    (tmp_path / "PROVENANCE.json").write_text(json.dumps({"spx": {"rows": 8817, "first": 3, "more": 1}}))
    assert read_provenance(tmp_path) == {"spx": FileRecord(rows=8817)}
    for broken in ("[1]", '{"spx": 3}', "{", "[" * 100_000):
        (tmp_path / "PROVENANCE.json").write_text(broken)
        with pytest.raises(DataError, match=r"PROVENANCE\.json: (cannot be read|is not a table).*remove it"):
            read_provenance(tmp_path)


def test_real_provenance_reads(real_data_dir: Path) -> None:
    records = read_provenance(real_data_dir / "market")
    assert records["spx"].rows == 8817 and records["vx_futures"].first == "2004-03-26"
