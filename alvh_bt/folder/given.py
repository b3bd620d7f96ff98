"""A file of the user's own, CSV or Parquet, as the bytes of a canonical CSV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from alvh_bt.errors import DataError
from alvh_bt.market.csv_source import Table, refuse_large, row_error
from alvh_bt.market.files import FileSpec

#: Rows of a Parquet file beyond which it is no daily series: it may be small on disk and huge in memory.
MOST_ROWS: Final = 5_000_000


def is_parquet(path: Path) -> bool:
    """Return whether a file is meant to be Parquet, by its name or its first bytes."""
    if path.suffix.lower() in (".parquet", ".pq"):
        return True
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def wanted_columns(spec: FileSpec) -> list[str]:
    """Return the columns of a file that the market reads, in canonical order."""
    dates = [spec.date, *(["expiry"] if spec.expiry else [])]
    return list(dict.fromkeys([*dates, *spec.labels, *(column.source for column in spec.columns)]))


def given_bytes(path: Path, columns: Sequence[str], dates: Sequence[str]) -> bytes:
    """Return a file as the bytes of a CSV: a CSV as it is, a Parquet file's `columns` written as one.

    Parameters
    ----------
    path
        The file.
    columns
        Columns that are read of a Parquet file, those that it has.
    dates
        Those of them that are dates: a date, a moment at midnight, or text.

    Raises
    ------
    DataError
        No such file, too large, not Parquet, or a date with a time of day.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file: give the file to import")
    try:
        refuse_large(path)
        if not is_parquet(path):
            return path.read_bytes()
        frame = _parquet(path, columns)
    except OSError as error:
        told = error.strerror or " ".join(str(error).split())[:80]
        raise DataError(f"{path.name}: cannot be read ({told}): check the file") from None
    for name in dates:
        if name in frame:
            frame[name] = _iso(path.name, frame[name])
    return frame.to_csv(index=False, lineterminator="\n").encode()


def _parquet(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Return the wanted columns of a Parquet file."""
    try:
        file = pq.ParquetFile(path)
        if file.metadata.num_rows > MOST_ROWS:
            raise DataError(
                f"{path.name}: {file.metadata.num_rows:,} rows, at most {MOST_ROWS:,} for a daily series: "
                "give one row a day"
            )
        present = [name for name in columns if name in file.schema_arrow.names]
        # What pandas wrote as an index is a column like any other.
        return file.read(columns=present).to_pandas(date_as_object=False, ignore_metadata=True)
    except (pa.ArrowException, ValueError, KeyError) as error:
        told = " ".join(str(error).split())[:80]
        raise DataError(f"{path.name}: not a Parquet file that can be read ({told}): write it anew") from None


def _iso(where: str, cells: pd.Series[Any]) -> pd.Series[Any]:
    """Return dates as YYYY-MM-DD; text stays as it is, and is checked with the CSV."""
    if not pd.api.types.is_datetime64_any_dtype(cells):
        return cells
    moments = pd.DatetimeIndex(cells)
    late = cells.notna().to_numpy() & np.asarray(moments != moments.normalize())
    if late.any():
        raise row_error(
            where, int(late.argmax()) + 2, f"{cells.name} has a time of day", "write the date alone"
        )
    return pd.Series(moments.strftime("%Y-%m-%d"), index=cells.index)


def canonical_csv(table: Table, spec: FileSpec) -> bytes:
    r"""Return the bytes of a table in the canonical form.

    Columns stand in their order, blank lines are gone, numbers have the fewest digits that give them back.

    Examples
    --------
    >>> from alvh_bt.market.csv_source import read_text_table
    >>> from alvh_bt.market.files import FILES
    >>> vvix = next(spec for spec in FILES if spec.name == "vvix")
    >>> text = b"close,date\n85.10,2024-01-02\n,2024-01-03\n"
    >>> canonical_csv(read_text_table("vvix.csv", text, vvix), vvix)
    b'date,close\n2024-01-02,85.1\n2024-01-03,\n'
    """
    columns: dict[str, Sequence[str]] = {spec.date: _days(table.day)}
    if spec.expiry:
        columns["expiry"] = _days(table.expiry)
    columns |= {name: table.labels[name].tolist() for name in spec.labels}
    for name in wanted_columns(spec):
        if name in table.values:
            columns[name] = [_number(value) for value in table.values[name].tolist()]
    return pd.DataFrame(columns).to_csv(index=False, lineterminator="\n").encode()


def _days(days: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[str]:
    return [str(day) for day in days.astype("datetime64[D]")]


def _number(value: float) -> str:
    return "" if value != value else repr(value).removesuffix(".0")
