"""What may take the place of a file that is there: nothing shorter, older or thinner, unless it is forced."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from alvh_bt.contracts import calendar_date
from alvh_bt.errors import DataError
from alvh_bt.folder.overlap import BELIEVED, disagreement
from alvh_bt.folder.provenance import PROVENANCE, FileRecord, provenance_bytes, read_provenance
from alvh_bt.market.csv_source import Table, read_text_table
from alvh_bt.market.files import FILES, FileSpec
from alvh_bt.market.quality import check_table
from alvh_bt.placing import place_made
from alvh_bt.sessions import scheduled_and_held

#: The folder, beside the files, of what stood there before each of them was replaced.
PREVIOUS: Final = ".previous"

SPECS: Final = {spec.name: spec for spec in FILES}


def place_series(
    folder: Path,
    files: Mapping[str, tuple[bytes, FileRecord]],
    force: bool = False,
    option: str = "--data",
    moved: bool = False,
) -> dict[str, list[str]]:
    """Write series into a folder of market data, and return why those that are left out were.

    Files and provenance are one set. What stood there is kept in `.previous`; the same is not written again.

    Parameters
    ----------
    folder
        Made when it is not there.
    files
        Name as in `market.files.FILES` -> the bytes of its CSV and its record.
    force
        Whether a worse file may replace a better one.
    option
        What gave the folder, for messages.
    moved
        As in `reasons_against`.

    Returns
    -------
    Name -> reasons, for each file that is worse than what stands there and was left out.

    Raises
    ------
    DataError
        When a file is not of the canonical form, or PROVENANCE.json is unreadable.
    ConfigError
        When the folder cannot be written.
    """
    refused: dict[str, list[str]] = {}

    def make() -> dict[str, bytes]:
        records, placed = read_provenance(folder), {}
        for name, (content, record) in files.items():
            path = folder / f"{name}.csv"
            old = path.read_bytes() if path.is_file() else None
            if old is not None and old != content:
                reasons = reasons_against(old, content, SPECS[name], moved)
                if reasons and not force:
                    refused[name] = reasons
                    continue
                placed[f"{PREVIOUS}/{name}.csv"] = old
            if old != content:
                placed[f"{name}.csv"] = content
            records[name] = record
        if len(refused) == len(files):
            return {}
        changed, standing = provenance_bytes(records), folder / PROVENANCE
        if placed or not standing.is_file() or standing.read_bytes() != changed:
            placed[PROVENANCE] = changed
        return placed

    place_made(make, folder, option)
    return refused


def reasons_against(old: bytes, new: bytes, spec: FileSpec, moved: bool = False) -> list[str]:
    """Return why `new` is worse than `old`: shorter, older, with more gaps, lacking values, or contrary.

    Parameters
    ----------
    old, new
        The bytes of two CSVs of one series. An old file that cannot be used is worse than any.
    spec
        What the series is.
    moved
        Whether its dates may have been moved, so that it may be shorter or end earlier: then it may lack as
        many values of a column as it lacks of the old dates, and no more.

    Raises
    ------
    DataError
        When `new` cannot be read.
    """
    fresh = read_text_table(f"{spec.name}.csv", new, spec)
    try:
        stood = read_text_table(f"{spec.name}.csv", old, spec)
        check_table(stood, spec, dt.date.max)
    except DataError:
        return []
    if moved:
        gone = set(_keys(stood)) - set(_keys(fresh))
        return _values_lost(fresh, stood, len(gone))
    found = []
    first, last = (calendar_date(int(day)) for day in (fresh.day.min(), fresh.day.max()))
    was_first, was_last = (calendar_date(int(day)) for day in (stood.day.min(), stood.day.max()))
    if last < was_last:
        found.append(f"ends on {last}, the old on {was_last}")
    if first > was_first:
        found.append(f"begins on {first}, the old on {was_first}")
    if len(fresh.day) < len(stood.day):
        found.append(f"has {len(fresh.day):,} rows, the old {len(stood.day):,}")
    if not (spec.carried or spec.labels):
        gaps, had = _gaps(fresh, stood), _gaps(stood, fresh)
        if gaps > had:
            found.append(f"lacks {gaps} sessions inside their common span, the old {had}")
    found += _values_lost(fresh, stood, max(0, len(stood.day) - len(fresh.day)))
    if differs := disagreement(stood, fresh, spec):
        found.append(f"disagrees with the old by more than {BELIEVED:.1%}: {differs}")
    return found


def _keys(table: Table) -> Iterator[tuple[Any, ...]]:
    return zip(table.day.tolist(), *(labels.tolist() for labels in table.labels.values()), strict=True)


def _gaps(table: Table, other: Table) -> int:
    """Return how many sessions of the span that two tables share the first has no row for."""
    start, end = max(table.day.min(), other.day.min()), min(table.day.max(), other.day.max())
    held = scheduled_and_held()[1]
    wanted = held[(held >= start) & (held <= end)]
    return int((~np.isin(wanted, table.day)).sum())


def _values_lost(fresh: Table, stood: Table, rows: int) -> list[str]:
    """Return the columns that the new table lacks, or lacks more values of than the `rows` that it lacks."""
    found = []
    for name, values in stood.values.items():
        had = _count(values)
        if name not in fresh.values:
            if had:
                found.append(f"has no column {name}")
        elif (has := _count(fresh.values[name])) < had - rows:
            found.append(f"has {has:,} values of {name}, the old {had:,}")
    return found


def _count(values: NDArray[np.float64]) -> int:
    return int(np.isfinite(values).sum())
