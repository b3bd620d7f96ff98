"""What a folder of market data holds: each file read for itself, so that one bad file hides no other."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh_bt.errors import DataError
from alvh_bt.folder.finding import main_column
from alvh_bt.market.csv_source import Table, read_table
from alvh_bt.market.embedded import embedded_tables
from alvh_bt.market.files import FILES, FileSpec
from alvh_bt.market.load import fetched_folder
from alvh_bt.market.quality import check_table
from alvh_bt.placing import finish_interrupted

SPECS: Final = {spec.name: spec for spec in FILES}
#: How like a name must be to be taken for another, 0 to 1.
_ALIKE: Final = 0.86


class Place(NamedTuple):
    """Where market data comes from: a `folder`, or None for the embedded sample; `why` says it in words."""

    folder: Path | None
    why: str


class Series(NamedTuple):
    """The known values of one column of a file: epoch `day`, ascending, and `value`, as in the file."""

    day: NDArray[np.int64]
    value: NDArray[np.float64]


class Contents(NamedTuple):
    """A folder as read: the `tables` that can be used, the `faults` of those that cannot, both by name.

    `second` holds other sources of a file (`vix.cboe.csv` beside `vix.csv`) by (name, source); `unread` the
    names of CSV files that nothing reads, each with the name that was perhaps meant (or nothing).
    """

    place: Place
    tables: dict[str, Table]
    faults: dict[str, DataError]
    second: dict[tuple[str, str], Table]
    unread: dict[str, str]

    def series(self, name: str, column: str = "") -> Series:
        """Return the known values of a file's column (its main one by default); empty where it is absent."""
        table = self.tables.get(name)
        column = column or ("" if table is None else main_column(table, SPECS[name]))
        if table is None or column not in table.values:
            return Series(np.empty(0, np.int64), np.empty(0))
        known = np.isfinite(table.values[column])
        return Series(table.day[known], table.values[column][known])


def choose_place(data: Path | None) -> Place:
    """Return where `load_market` would look: the folder named, the fetched one, or the embedded sample.

    Raises
    ------
    DataError
        The folder that was named is not there.

    Examples
    --------
    >>> choose_place(Path(".")).why
    'named by --data'
    """
    if data is not None:
        if not data.is_dir():
            raise DataError(f"{data}: no such folder: pass the folder that holds spx.csv and vix.csv")
        return Place(data, "named by --data")
    fetched = fetched_folder()
    if all((fetched / f"{spec.name}.csv").is_file() for spec in FILES if spec.required):
        return Place(fetched, "fetched data")
    return Place(None, "embedded sample; nothing has been fetched")


def read_contents(place: Place, today: dt.date) -> Contents:
    """Return what a place holds, each file checked as the market checks it.

    Parameters
    ----------
    place
        What `choose_place` gave.
    today
        Rows dated later are faults.
    """
    if place.folder is None:
        return Contents(place, embedded_tables(), {}, {}, {})
    finish_interrupted(place.folder)
    contents = Contents(place, {}, {}, {}, _unread(place.folder))
    for name, spec in SPECS.items():
        _read_one(contents, name, spec, place.folder / f"{name}.csv", today)
        for path in sorted(place.folder.glob(f"{name}.*.csv")):
            source = path.name.removeprefix(f"{name}.").removesuffix(".csv")
            _read_one(contents, f"{name}.{source}", spec, path, today, (name, source))
    return contents


def _read_one(
    contents: Contents,
    label: str,
    spec: FileSpec,
    path: Path,
    today: dt.date,
    second: tuple[str, str] | None = None,
) -> None:
    """Read one file into the tables, the second sources or the faults."""
    if not path.is_file():
        return
    try:
        table = read_table(path, spec)
        check_table(table, spec, today)
    except DataError as error:
        contents.faults[label] = error
        return
    if second is None:
        contents.tables[spec.name] = table
    else:
        contents.second[second] = table


def _unread(folder: Path) -> dict[str, str]:
    """Return the files of the folder that look like data and that nothing reads, with the nearest name."""
    unread = {}
    for path in sorted(folder.iterdir()):
        stem, _, kind = path.name.lower().partition(".")
        read = path.name.endswith(".csv") and path.name.partition(".")[0] in SPECS
        if path.is_file() and not path.name.startswith(".") and not read and _is_data(kind):
            unread[path.name] = _nearest(stem)
    return unread


def _is_data(kind: str) -> bool:
    return kind.rpartition(".")[2] in ("csv", "txt", "parquet", "xlsx", "xls", "gz", "zip", "tsv")


def _nearest(stem: str) -> str:
    """Return the name of the file that was perhaps meant, or nothing.

    >>> _nearest("vix-9d"), _nearest("vx_future"), _nearest("putcall")
    ('vix9d', 'vx_futures', '')
    """
    bare = {re.sub(r"[^a-z0-9]", "", name): name for name in SPECS}
    near = difflib.get_close_matches(re.sub(r"[^a-z0-9]", "", stem), list(bare), n=1, cutoff=_ALIKE)
    return bare[near[0]] if near else ""
