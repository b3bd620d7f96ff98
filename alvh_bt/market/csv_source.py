"""Reading one CSV file into numbers and dates; every failure names the file, the row and the remedy.

Rows are counted as an editor counts them: the header is row 1.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.errors import DataError
from alvh_bt.market.files import FileSpec

#: Bytes of the largest daily series that is read: a century of VX settlements has a tenth of it.
LARGEST_BYTES = 200_000_000
_SHOWN = 40  # characters of a bad cell that a message repeats


class Table(NamedTuple):
    """The rows of one input as given: nothing dropped but blank lines, nothing mended.

    `where` is the file or package, `row` the row number in it, `day` and `expiry` epoch days
    (`expiry` empty where the input has none), `values` source column -> float64, NaN for blank,
    `labels` label column -> its text, none of it blank.
    """

    where: str
    row: NDArray[np.int64]
    day: NDArray[np.int64]
    expiry: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]
    labels: Mapping[str, NDArray[np.str_]] = MappingProxyType({})


def row_error(where: str, row: int, what: str, remedy: str) -> DataError:
    """Return the error for one bad row."""
    return DataError(f"{where}, row {row}: {what}: {remedy}")


def refuse_large(path: Path) -> None:
    """Raise DataError for a file that is too large to be a daily series, before it is read."""
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        most = LARGEST_BYTES // 1_000_000
        raise DataError(
            f"{path.name}: {size // 1_000_000:,} MB, at most {most} MB for a daily series: "
            "give one row a day, or put option quotes into a folder of chains"
        )


def read_table(path: Path, spec: FileSpec) -> Table:
    """Return the rows of a CSV file, its dates and numbers parsed.

    Parameters
    ----------
    path
        The file; UTF-8, comma-separated, with a header.
    spec
        What it must hold; other columns are ignored.

    Raises
    ------
    DataError
        The file is unreadable, too large, empty, not CSV, lacks a column, or holds a bad date or number.
    """
    try:
        refuse_large(path)
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path.name}: cannot be read ({error.strerror}): check the file's permissions"
        ) from error
    return read_text_table(path.name, content, spec)


def read_text_table(where: str, content: bytes, spec: FileSpec) -> Table:
    """Return the rows of the bytes of a CSV file, as `read_table`; `where` names it in messages."""
    text = _text(where, content)
    dates = (spec.date, "expiry") if spec.expiry else (spec.date,)
    header = _header(text)
    needed = (*dates, *spec.labels, *(column.source for column in spec.columns if not column.optional))
    extra = tuple(column.source for column in spec.columns if column.optional and column.source in header)
    _check_header(where, text, needed, extra)
    if not spec.labels and len(needed) + len(extra) == len(dates):
        wanted = ", ".join(column.source for column in spec.columns)
        raise row_error(where, 1, "no column that is read", f"it must hold one of {wanted} at least")
    frame = _parse(where, text, (*dates, *spec.labels))
    row = np.arange(2, len(frame) + 2)
    if frame[spec.date].isna().any():
        filled = ~frame.isna().all(axis=1).to_numpy()
        frame, row = frame[filled], row[filled]
    if not len(frame):
        raise DataError(f"{where}: a header and no rows: give at least one day, or remove the file")
    days = [_dates(where, frame[name], row) for name in dates]
    given = [column.source for column in spec.columns if column.source in frame]
    values = {name: _numbers(where, frame[name], row) for name in given}
    labels = {name: _labels(where, frame[name], row) for name in spec.labels}
    expiry = days[1] if spec.expiry else np.empty(0, np.int64)
    return Table(where, row, days[0], expiry, values, labels)


def _text(where: str, content: bytes) -> str:
    """Return the text of a file's bytes."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        bad_row = content[: error.start].count(b"\n") + 1
        raise row_error(where, bad_row, "not UTF-8 text", "save it as plain CSV in UTF-8") from error
    if "\0" in text:
        bad_row = text[: text.index("\0")].count("\n") + 1
        raise row_error(where, bad_row, "a binary file, not CSV", "save it as plain CSV in UTF-8")
    return text


def _header(text: str) -> list[str]:
    """Return the names in the first line."""
    return [cell.strip('"') for cell in text.split("\n", 1)[0].rstrip("\r").split(",")]


def _check_header(where: str, text: str, needed: tuple[str, ...], extra: tuple[str, ...]) -> None:
    """Raise DataError unless the first line names each needed column once, and `extra` not twice."""
    if not text.strip():
        raise DataError(f"{where}: the file is empty: give a header and rows, or remove the file")
    header = _header(text)
    if text.lstrip()[:1] == "<":
        raise row_error(where, 1, "a web page, not CSV", "save the table itself, as plain CSV")
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise row_error(
            where, 1, "no comma in the header", "separate columns with commas, decimals with a point"
        )
    for name in needed + extra:
        if header.count(name) != 1:
            fault = f"no column '{name}'" if name not in header else f"the column '{name}' twice"
            spelt = next((cell for cell in header if cell.strip().casefold() == name), name)
            fault += f" but {spelt!r}" if spelt != name else ""
            found = ",".join(header)[:_SHOWN]
            # A column may give several inputs.
            wanted = ",".join(dict.fromkeys(needed))
            raise row_error(where, 1, f"{fault} in the header '{found}'", f"it must hold {wanted}")


def _parse(where: str, text: str, words: tuple[str, ...]) -> pd.DataFrame:
    """Return the cells: `words` (dates, labels) as text, others as numbers where all their cells are."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                io.StringIO(text),
                dtype=dict.fromkeys(words, "str"),
                index_col=False,
                skip_blank_lines=False,
                keep_default_na=False,
                na_values=[""],
                low_memory=False,
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        lines = text.split("\n")
        width = lines[0].count(",")
        bad = next((k + 1 for k, line in enumerate(lines) if line.count(",") > width), 1)
        remedy = "write one cell a column, decimals with a point"
        raise row_error(where, bad, f"more than the {width + 1} cells of the header", remedy) from error


def _dates(where: str, cells: pd.Series[str], row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the epoch days of a column of dates."""
    parsed = pd.to_datetime(cells, format="%Y-%m-%d", errors="coerce")
    if parsed.isna().any():
        k = int(parsed.isna().to_numpy().argmax())
        cell = cells.iloc[k]
        what = (
            f"{cells.name} '{str(cell)[:_SHOWN]}' is not a date"
            if isinstance(cell, str)
            else f"{cells.name} is blank"
        )
        raise row_error(where, int(row[k]), what, "write it as YYYY-MM-DD")
    return parsed.to_numpy().astype("datetime64[D]").astype(np.int64)


def _labels(where: str, cells: pd.Series[str], row: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return a column of text, without the blanks around it."""
    text = cells.fillna("").astype("str").str.strip()
    blank = (text == "").to_numpy()
    if blank.any():
        raise row_error(where, int(row[blank.argmax()]), f"{cells.name} is blank", "fill it in")
    return text.to_numpy(dtype=np.str_)


def _numbers(where: str, cells: pd.Series[float], row: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a column of numbers, NaN for blank cells."""
    if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
        return np.asarray(cells, dtype=np.float64)
    text = cells.astype("str").str.strip()
    blank = cells.isna() | (text == "")
    numbers = pd.to_numeric(text.mask(blank), errors="coerce")
    bad = (numbers.isna() & ~blank).to_numpy()
    if bad.any():
        k = int(bad.argmax())
        what = f"{cells.name} '{text.iloc[k][:_SHOWN]}' is not a number"
        raise row_error(where, int(row[k]), what, "write a plain number with a decimal point")
    return np.asarray(numbers, dtype=np.float64)
