"""Cells to numbers: dates, rights, roots and prices of an Arrow column, every failure with its row.

Repeated text (dates, roots, rights) is parsed once a distinct value.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from alvh_bt.chains.rows import Floats
from alvh_bt.contracts import Right, epoch_day
from alvh_bt.errors import DataError

_SHOWN: Final = 40  # characters of a bad cell that a message repeats
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_LAST: Final = dt.date(2199, 12, 31)

#: Roots under which the exchange listed the same product before: SPXPM became SPXW on 2017-05-01, and the
#: quarterlies (SPXQ) had joined it before; all settle at the close.
_NOW_NAMED: Final = {"SPXPM": "SPXW", "SPXQ": "SPXW"}


class Rows(NamedTuple):
    """Some rows of a file as given: `table` their columns, `row_of` the row number in the file of row k."""

    where: str
    row_of: Callable[[int], int]
    table: pa.Table

    def error(self, k: int, what: str, remedy: str) -> DataError:
        """Return the error for row `k` of the table."""
        return DataError(f"{self.where}, row {self.row_of(k)}: {what}: {remedy}")


def read_days(rows: Rows, column: str) -> NDArray[np.int32]:
    """Return a column of dates as epoch days.

    Takes text `YYYY-MM-DD`, Arrow dates, and timestamps (their calendar day).

    Raises
    ------
    DataError
        A cell is blank, no date, or outside 1970..2199.
    """
    cells = rows.table[column]
    if not _is_text(cells.type):
        return _whole_days(rows, column, cells)
    codes, values = _distinct(rows, column, "write it as YYYY-MM-DD")
    days = np.array([_epoch_day(value) for value in values], np.int32)
    _refuse(rows, days[codes] < 0, f"{column} '{{}}' is not a date", "write it as YYYY-MM-DD", column)
    return days[codes]


def _epoch_day(text: str) -> int:
    """Return the epoch day of `YYYY-MM-DD`; below 0 where there is none, or it is outside 1970..2199."""
    if not _DATE.fullmatch(text):
        return -1
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return -1
    return epoch_day(day) if day <= _LAST else -1


def _whole_days(rows: Rows, column: str, cells: pa.ChunkedArray) -> NDArray[np.int32]:
    """Return the epoch days of Arrow dates or timestamps."""
    if pa.types.is_timestamp(cells.type) and cells.type.tz is not None:
        cells = pc.local_timestamp(cells)
    _refuse(rows, _nulls(cells), f"{column} is blank", "give every quote its dates")
    days = _numpy(cells.cast(pa.date32()).cast(pa.int32())).astype(np.int32)
    outside = (days < 0) | (days > epoch_day(_LAST))
    _refuse(rows, outside, f"{column} {{}} is outside 1970..2199", "correct the date", column)
    return days


def read_numbers(rows: Rows, column: str) -> Floats:
    """Return a column of numbers, NaN for blank cells.

    Raises
    ------
    DataError
        A cell of text is not a number.
    """
    cells = rows.table[column]
    if pa.types.is_decimal(cells.type):
        return _floats(cells.cast(pa.string()))  # straight to float would miss the nearest one
    if not _is_text(cells.type):
        return _floats(cells)
    text = pc.utf8_trim_whitespace(_plain(cells))
    text = pc.if_else(pc.equal(text, ""), None, text)
    try:
        return _floats(text)
    except pa.ArrowInvalid:
        bad = np.array([not _is_number(cell) for cell in text.to_pylist()])
        _refuse(rows, bad, f"{column} '{{}}' is not a number", "write a plain number with a point", column)
        raise


def _is_number(cell: str | None) -> bool:
    """Return whether a cell is blank or converts as the whole column would."""
    try:
        pa.scalar(cell, pa.string()).cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def read_rights(rows: Rows, column: str) -> NDArray[np.int8]:
    """Return +1 for C and -1 for P, in either case.

    Raises
    ------
    DataError
        A cell is neither.
    """
    codes, values = _distinct(rows, column, "write C or P")
    known = {"C": int(Right.CALL), "P": int(Right.PUT)}
    rights = np.array([known.get(value.upper(), 0) for value in values], np.int8)
    _refuse(rows, rights[codes] == 0, f"{column} '{{}}' is neither C nor P", "write C or P", column)
    return rights[codes]


def read_roots(rows: Rows, column: str) -> tuple[tuple[str, ...], NDArray[np.int16]]:
    """Return the roots by name and each row's index into them; former names of SPXW become SPXW.

    Raises
    ------
    DataError
        A cell is blank.
    """
    codes, values = _distinct(rows, column, "give every quote its root, such as SPX")
    now = [_NOW_NAMED.get(root, root) for root in (value.upper().lstrip("^$.") for value in values)]
    names = tuple(sorted(set(now)))
    return names, np.array([names.index(name) for name in now], np.int16)[codes]


def _distinct(rows: Rows, column: str, remedy: str) -> tuple[NDArray[np.int32], list[str]]:
    """Return each row's index into the distinct values of a text column, trimmed; refuse blanks."""
    cells = rows.table[column]
    encoded = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
    chunk = encoded.unify_dictionaries().combine_chunks()
    if isinstance(chunk, pa.ChunkedArray):  # no rows at all
        return np.empty(0, np.int32), []
    values = [str(value or "").strip() for value in chunk.dictionary.to_pylist()]
    codes = np.asarray(chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int32)
    blank = np.array([*(not value for value in values), True])  # a null has index -1
    if blank[:-1].any() or (codes < 0).any():
        _refuse(rows, blank[codes], f"{column} is blank", remedy)
    return codes, values


def _refuse(rows: Rows, bad: NDArray[np.bool_], what: str, remedy: str, column: str = "") -> None:
    """Raise DataError at the first row where `bad`; `{}` in `what` becomes its cell in `column`."""
    if bad.any():
        k = int(bad.argmax())
        cell = str(rows.table[column][k].as_py()).strip()[:_SHOWN] if column else ""
        raise rows.error(k, what.format(cell), remedy)


def _is_text(kind: Any) -> bool:
    """Return whether an Arrow type holds text, plain or as a dictionary."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _plain(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return text as plain text."""
    return cells.cast(pa.string())


def _nulls(cells: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return which cells are null."""
    return np.asarray(_numpy(cells.is_null()), np.bool_)


def _floats(cells: pa.ChunkedArray) -> Floats:
    """Return numbers, NaN for nulls."""
    return np.asarray(_numpy(cells.cast(pa.float64(), safe=False)), np.float64)


def _numpy(cells: pa.ChunkedArray) -> NDArray[Any]:
    """Return a column as one numpy array."""
    array: NDArray[Any] = cells.to_numpy()
    return array
