"""What a folder of market data holds: each file's span, shares, age and source, and what is not there."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from alvh_bt.contracts import calendar_date
from alvh_bt.errors import DataError
from alvh_bt.folder.contents import SPECS, Place, choose_place, read_contents
from alvh_bt.folder.lacking import PURPOSE
from alvh_bt.folder.provenance import FileRecord, has_changed, read_provenance
from alvh_bt.market.csv_source import Table
from alvh_bt.market.load import load_market
from alvh_bt.market.market import VX_FUTURES, Market, provenance_shares
from alvh_bt.sessions import sessions_behind

#: The market's column that speaks for a file whose own columns have no target there.
_SPEAKS: Final = {
    "macro_events": "days_to_fomc",
    "fundamentals": "quick_ratio",
    "vx_futures": VX_FUTURES,
    "etp_vxx_series_a": "vxx",
    "spx": "spx_close",
    "vix": "vix_close",
}


class FileInfo(NamedTuple):
    """One file: its span and `rows`, the share of sessions of that span by provenance, its age and source.

    `shares` is observed, repaired, modelled, unavailable (0 to 1; NaN where there is no market), `age` the
    sessions that have closed since its last row, `record` what is written down of where it came from, None
    where nothing is; `changed` whether the file is another than that.
    """

    name: str
    first: dt.date
    last: dt.date
    rows: int
    shares: dict[str, float]
    age: int
    record: FileRecord | None
    changed: bool = False


class FolderInfo(NamedTuple):
    """A place of market data.

    Its `files`; those `absent`, name -> what lacking it means; those `unread` by anything, name -> the name
    perhaps meant; the `faults` of those that cannot be used; and the `error` that leaves no market, if any.
    """

    place: Place
    files: tuple[FileInfo, ...]
    absent: dict[str, str]
    unread: dict[str, str]
    faults: dict[str, str]
    error: DataError | None


def folder_info(data: Path | None, now: dt.datetime | None = None) -> FolderInfo:
    """Return what a folder of market data holds.

    Parameters
    ----------
    data
        The folder; None for the one that `load_market` would choose.
    now
        Ages are counted to this moment, with its time zone; None is that of the call.

    Raises
    ------
    DataError
        The folder is not there. A file that cannot be used is told, and the others with it.
    """
    moment = now or dt.datetime.now(dt.UTC)
    day = dt.date.today() if now is None else now.date()
    place = choose_place(data)
    contents = read_contents(place, day)
    market, error = None, None
    try:
        market = load_market(place.folder, day)
    except DataError as reason:
        error = reason
    records = read_provenance(place.folder) if place.folder is not None else {}
    files = tuple(
        _file(name, table, market, records.get(name), place.folder, moment)
        for name, table in contents.tables.items()
    )
    absent = {
        name: PURPOSE[name][1]
        for name in SPECS
        if name not in contents.tables and name not in contents.faults
    }
    faults = {name: str(fault) for name, fault in contents.faults.items()}
    return FolderInfo(place, files, absent, contents.unread, faults, error)


def _file(
    name: str,
    table: Table,
    market: Market | None,
    record: FileRecord | None,
    folder: Path | None,
    now: dt.datetime,
) -> FileInfo:
    """Return what is told of one file."""
    first, last = int(table.day.min()), int(table.day.max())
    age = sessions_behind(min(calendar_date(last), now.date()), now)
    changed = record is not None and folder is not None and has_changed(folder / f"{name}.csv", record)
    shares = dict.fromkeys(("observed", "repaired", "modelled", "unavailable"), float("nan"))
    if market is not None:
        low, high = np.searchsorted(market.days, [first, last + 1])
        if high > low:
            column = _SPEAKS.get(name) or next(each.target for each in SPECS[name].columns if each.target)
            shares = provenance_shares({name: market.provenance[column]}, int(low), int(high) - 1)[name]
    dates = calendar_date(first), calendar_date(last)
    return FileInfo(name, *dates, len(table.day), shares, age, record, changed)
