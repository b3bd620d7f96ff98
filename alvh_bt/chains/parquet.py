"""Parquet files of chains, read a row group at a time: which days each group holds, and a group's quotes."""

from __future__ import annotations

import datetime as dt
import os
from collections import OrderedDict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from alvh_bt.chains.cells import Rows, read_days
from alvh_bt.chains.layouts import DATES, TEXTS, Layout, detect_layout, header_names
from alvh_bt.chains.rows import Quotes, sort_by_day
from alvh_bt.contracts import epoch_day
from alvh_bt.errors import DataError

Days = NDArray[np.int64]

#: Rows of quotes that a process keeps decoded, about 60 bytes each: two row groups of the usual size.
HELD_ROWS = 2_500_000
#: Rows decoded at once where a file is read from end to end.
BATCH_ROWS: Final = 250_000
#: Files that a process keeps open: a folder may hold one a day, and a process may open about a thousand.
_OPEN_FILES: Final = 64
#: Bytes read at once, so that a long column is not read whole before its first rows are decoded.
_READ_BYTES: Final = 1 << 20

_DATE: Final = "quote_date"

#: What a damaged file still gives when it is decoded: text that is none, codes without a value.
_DAMAGE: Final = (UnicodeDecodeError, IndexError)


class ParquetChain:
    """A Parquet file of chains.

    Attributes
    ----------
    name
        As messages give it.
    layout
        What its columns mean.
    group_days
        For each row group the epoch days it holds, ascending.
    """

    def __init__(self, name: str, path: Path, layout: Layout | None = None) -> None:
        """Read the header; `layout` None finds it by the column names.

        Raises
        ------
        DataError
            The file is unreadable, no chain, empty, or a column has a type that cannot be meant.
        """
        self.name, self._path, self._converted = name, path, layout is not None
        self._state = path.stat().st_mtime_ns
        schema = self._file().schema_arrow
        self.layout = layout or detect_layout(name, schema.names)
        self._columns = self._find_columns(schema.names)
        self._check_types(schema)
        if not self._file().metadata.num_rows:
            raise DataError(f"{name}: columns and no rows: give at least one quote, or remove the file")
        self.group_days = [self._days_of(k) for k in range(self._file().num_row_groups)]

    def _find_columns(self, given: list[str]) -> dict[str, str]:
        """Return layout name -> the file's own name of the columns to read."""
        wanted = {*self.layout.needed, *self.layout.optional}
        names = header_names(given)
        for name in wanted:
            if names.count(name) > 1:
                raise DataError(f"{self.name}: the column '{name}' twice: keep one of them")
        return {name: own for name, own in zip(names, given, strict=True) if name in wanted}

    def _check_types(self, schema: pa.Schema) -> None:
        """Raise DataError for the first column whose type cannot be meant."""
        for name, own in self._columns.items():
            kind = schema.field(own).type
            kind = kind.value_type if pa.types.is_dictionary(kind) else kind
            if name in DATES:
                fits, must = _is_text(kind) or pa.types.is_date(kind) or pa.types.is_timestamp(kind), "a date"
            elif name in TEXTS:
                fits, must = _is_text(kind), "text"
            else:
                fits, must = _is_number(kind), "a number"
            if not fits:
                raise DataError(f"{self.name}: the column '{own}' has the type {kind}: it must be {must}")

    def _file(self) -> pq.ParquetFile:
        """Return the open file of this process."""
        return _open_files.get(self.name, self._path, self._state)

    def _days_of(self, group: int) -> Days:
        """Return the days of a row group: by its dates, or by what a converted file tells of it."""
        own = self._columns[_DATE]
        # Statistics of a damaged file may end the process, so that only those of converted files are asked.
        if self._converted and (day := self._day_told(group)) is not None:
            return np.array([day], np.int64)
        found: list[NDArray[np.int32]] = []
        for rows in self._batches(group, {_DATE: own}):
            try:
                days = read_days(rows, _DATE)
            except _DAMAGE as error:
                raise _unreadable(self.name, error) from error
            found.append(days[np.flatnonzero(np.diff(days, prepend=np.int32(-1)))])
        return np.unique(np.concatenate(found)).astype(np.int64)

    def _day_told(self, group: int) -> int | None:
        """Return the day of a row group by its statistics; None where they do not say one day."""
        statistics = self._file().metadata.row_group(group).column(self._date_column).statistics
        if statistics is None or not statistics.has_min_max or statistics.null_count:
            return None
        first, last = _plain_day(statistics.min), _plain_day(statistics.max)
        return first if first == last else None

    def _batches(self, group: int, columns: dict[str, str]) -> Iterator[Rows]:
        """Yield the rows of a row group in batches."""
        file = self._file()
        first = self._first_row(group)
        try:
            for batch in file.iter_batches(
                BATCH_ROWS, [group], list(columns.values()), use_threads=False, use_pandas_metadata=False
            ):
                yield self._rows(pa.Table.from_batches([batch]), first)
                first += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self.name, error) from error

    def _first_row(self, group: int) -> int:
        """Return the number of a row group's first row, counted from 1."""
        return 1 + int(self.group_rows[:group].sum())

    def _rows(self, table: pa.Table, first: int) -> Rows:
        """Return a table under the names of its layout; `first` is the number of its first row."""
        names = {own: name for name, own in self._columns.items()}
        return Rows(
            self.name, lambda k: first + k, table.rename_columns([names[own] for own in table.column_names])
        )

    @cached_property
    def _date_column(self) -> int:
        """The place of the quote date among the stored columns; a nested column is several of them."""
        schema = self._file().metadata.schema
        paths = [schema.column(k).path for k in range(len(schema))]
        return paths.index(self._columns[_DATE])

    def layout_name(self) -> str:
        """Return the name of the layout in which the quotes were given; a converted file remembers it."""
        kept = (self._file().schema_arrow.metadata or {}).get(b"layout", b"")
        return kept.decode() if self.layout.name == "stored" else self.layout.name

    @cached_property
    def group_rows(self) -> NDArray[np.int64]:
        """The number of rows of each row group."""
        metadata = self._file().metadata
        return np.array([metadata.row_group(k).num_rows for k in range(metadata.num_row_groups)], np.int64)

    @cached_property
    def groups_by_day(self) -> dict[int, list[int]]:
        """For each epoch day the row groups that hold its quotes, in the order of the file."""
        found: dict[int, list[int]] = {}
        for group, days in enumerate(self.group_days):
            for day in days.tolist():
                found.setdefault(day, []).append(group)
        return dict(sorted(found.items()))

    def most_rows_for_a_day(self) -> int:
        """Return how many rows must be decoded for the costliest day."""
        return max(int(self.group_rows[groups].sum()) for groups in self.groups_by_day.values())

    def read_group(self, group: int) -> Quotes:
        """Return the quotes of a row group, by day and within a day in the order of the file.

        Raises
        ------
        DataError
            The file is damaged, or a cell is unusable; names the row.
        """
        try:
            table = self._file().read_row_group(group, list(self._columns.values()), use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self.name, error) from error
        try:
            return sort_by_day(self.layout.parse(self._rows(table, self._first_row(group))))
        except _DAMAGE as error:
            raise _unreadable(self.name, error) from error

    def read_through(self) -> Iterator[Quotes]:
        """Yield all quotes in the order of the file, in batches of bounded size."""
        for group in range(len(self.group_days)):
            for rows in self._batches(group, self._columns):
                yield self.layout.parse(rows)

    def footer(self) -> bytes:
        """Return the file's own description of itself: sizes and statistics of every column chunk."""
        with self._path.open("rb") as stream:
            stream.seek(-8, os.SEEK_END)
            length = int.from_bytes(stream.read(4), "little")
            stream.seek(-8 - length, os.SEEK_END)
            return stream.read(length)


class _OpenFiles:
    """Open Parquet files of this process, the least recently used closed first."""

    def __init__(self) -> None:
        self._files: OrderedDict[tuple[Path, int], pq.ParquetFile] = OrderedDict()
        self._process = os.getpid()

    def get(self, name: str, path: Path, state: int) -> pq.ParquetFile:
        """Return the open file of a path; `state` tells a file from one that has replaced it since."""
        if self._process != os.getpid():  # a forked process must not share its parent's positions
            self._files, self._process = OrderedDict(), os.getpid()
        key = (path, state)
        if key in self._files:
            self._files.move_to_end(key)
            return self._files[key]
        try:
            file = _open(path)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise _unreadable(name, error) from error
        self._files[key] = file
        while len(self._files) > _OPEN_FILES:
            self._files.popitem(last=False)[1].close(force=True)
        return file

    def close(self, path: Path) -> None:
        """Close what is open of a path."""
        for key in [key for key in self._files if key[0] == path]:
            self._files.pop(key).close(force=True)


def close_parquet(path: Path) -> None:
    """Close a file that is about to be removed."""
    _open_files.close(path)


def _open(path: Path) -> pq.ParquetFile:
    """Return a Parquet file opened for bounded reads, its repeated text as dictionaries."""
    options: dict[str, Any] = {"pre_buffer": False, "buffer_size": _READ_BYTES}
    file = pq.ParquetFile(path, **options)
    texts = [
        own
        for own, name in zip(file.schema_arrow.names, header_names(file.schema_arrow.names), strict=True)
        if name in DATES + TEXTS and _is_text(file.schema_arrow.field(own).type)
    ]
    if not texts:
        return file
    file.close(force=True)
    return pq.ParquetFile(path, read_dictionary=texts, **options)


def _is_text(kind: Any) -> bool:
    """Return whether an Arrow type is text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_number(kind: Any) -> bool:
    """Return whether an Arrow type holds numbers, or nothing at all."""
    types = pa.types
    return bool(
        types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_null(kind)
    )


def _plain_day(value: object) -> int | None:
    """Return the epoch day of a date, a naive timestamp or text in statistics; None for anything else."""
    if isinstance(value, dt.datetime):
        value = None if value.tzinfo else value.date()
    if isinstance(value, str):
        try:
            value = dt.date.fromisoformat(value.strip())
        except ValueError:
            return None
    return epoch_day(value) if isinstance(value, dt.date) else None


def _unreadable(name: str, error: Exception) -> DataError:
    """Return the error for a file that is no sound Parquet file."""
    said = (getattr(error, "strerror", None) or str(error)).splitlines()[0]
    return DataError(f"{name}: cannot be read as Parquet ({said}): write or fetch the file again")


_open_files = _OpenFiles()
