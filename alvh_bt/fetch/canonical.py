"""A series as a table in memory, as the bytes of its CSV, and whether a market could be made of it."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from alvh_bt.errors import DataError
from alvh_bt.market.align import trading_days
from alvh_bt.market.build import build_market
from alvh_bt.market.csv_source import Table, read_text_table
from alvh_bt.market.files import FILES, FileSpec
from alvh_bt.market.quality import check_table
from alvh_bt.sessions import FIRST_DAY

REQUIRED: Final = tuple(spec for spec in FILES if spec.required)


def keys(spec: FileSpec) -> list[str]:
    """Return the columns that tell the rows of a file apart."""
    return ["date", *(["expiry"] if spec.expiry else []), *spec.labels]


def trimmed(frame: pd.DataFrame, where: str, until: dt.date, spec: FileSpec, today: dt.date) -> pd.DataFrame:
    """Return the rows up to the last closed session; a schedule keeps what is to come.

    Rows that stand twice with the same numbers are kept once.

    Raises
    ------
    DataError
        Rows dated after `today`, which no source can have, or no row at all.
    """
    rows = frame.drop_duplicates()
    if not spec.schedule:
        ahead = rows["date"] > pd.Timestamp(today)
        if ahead.any():
            day = rows.loc[ahead, "date"].iloc[0].date()
            raise DataError(f"{where}: a row is dated {day}, after today: use another source")
        rows = rows[rows["date"] <= pd.Timestamp(until)]
    rows = rows[rows["date"] >= pd.Timestamp(FIRST_DAY)]
    if not len(rows):
        raise DataError(f"{where}: no rows up to {until}: try again later, or use another source")
    return rows.reset_index(drop=True)


def to_bytes(frame: pd.DataFrame) -> bytes:
    """Return the CSV of a table, dates as YYYY-MM-DD, numbers as short as they are exact."""
    return frame.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d").encode()


def from_bytes(content: bytes, spec: FileSpec) -> pd.DataFrame:
    """Return the table of a CSV that `read_text_table` has accepted."""
    text = pd.read_csv(
        io.BytesIO(content), dtype="str", keep_default_na=False, index_col=False, encoding="utf-8-sig"
    )
    text = text[text["date"].str.strip() != ""].reset_index(drop=True)
    days = [name for name in keys(spec) if name not in spec.labels]
    frame = pd.DataFrame(index=text.index)
    for name in text.columns:
        cells = text[name].str.strip()
        if name in days:
            frame[name] = pd.to_datetime(cells, format="%Y-%m-%d").astype("datetime64[s]")
        else:
            frame[name] = cells if name in spec.labels else _values(cells)
    return frame


def _values(cells: pd.Series[str]) -> Any:
    """Return a column as exact numbers, NaN for blanks; as text where one of them is no number."""
    try:
        # Not by pandas, whose parsers may lose the last bit: a file must come back as it was.
        return np.array([float(cell) if cell else np.nan for cell in cells])
    except ValueError:
        return cells.mask(cells == "")


def checked(content: bytes, spec: FileSpec, until: dt.date) -> Table:
    """Return the rows of a CSV, fit to be loaded on its own.

    Raises
    ------
    DataError
        Whatever the loader would refuse; names the file and the row.
    """
    table = read_text_table(f"{spec.name}.csv", content, spec)
    check_table(table, spec, until)
    return table


def check_loads(table: Table, spec: FileSpec, folder: Path, until: dt.date) -> None:
    """Raise DataError unless a market can be made of a series and the required ones of a folder.

    The other files of the folder have no say: each was checked so when it came.
    """
    tables = {spec.name: table}
    for required in REQUIRED:
        path = folder / f"{required.name}.csv"
        if required.name not in tables and path.is_file():
            try:
                tables[required.name] = checked(path.read_bytes(), required, until)
            except DataError:
                continue  # what stands there is unusable already, and its own fetch says so
    if all(required.name in tables for required in REQUIRED):
        build_market(tables, until)
    elif spec.name == "spx":
        trading_days(table)
