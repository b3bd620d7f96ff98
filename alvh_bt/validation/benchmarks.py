"""Reading the published benchmarks of a folder: Cboe's monthly index levels and its tail hedge index."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.calendars import vx_expiry
from alvh_bt.contracts import calendar_date, epoch_day
from alvh_bt.errors import DataError
from alvh_bt.market.csv_source import Table, read_table, row_error
from alvh_bt.market.files import Column, FileSpec
from alvh_bt.market.quality import check_table

MONTHLY_FILE: Final = "cboe_monthly.csv"
VXTH_FILE: Final = "vxth_daily.csv"

#: Indices that are replicated, where the file has them.
INDEX_NAMES: Final = ("CNDR", "PUT", "BXM", "BXMD")

#: A month's level is that of its last session, which is at the most so many calendar days before its end.
MONTH_END_DAYS: Final = 4

#: A published expiration may miss the exchange's own by a holiday or a slip of so many days.
EXPIRATION_SLIP_DAYS: Final = 3

#: An expiration so many days before its date has the year of the roll in place of its own.
LAST_YEAR_DAYS: Final = 300

#: Days from a row's date to the expiration of its call, at the least (on a roll the old call's may stand) and
#: at the most. The index holds calls of one month.
EXPIRATION_DAYS: Final = (-5, 100)

_VXTH_SPEC: Final = FileSpec(
    "vxth_daily",
    (
        *(Column("vxth", ""), Column("spx", ""), Column("divd", "", or_equal=True), Column("strike", "")),
        *(Column("call_mid", "", blank=True, or_equal=True), Column("number_of_calls", "", or_equal=True)),
    ),
)

#: All that the file must hold: besides the numbers of the specification, columns that are read with care.
_VXTH_COLUMNS: Final = (
    *("date", "vxth", "spx", "divd", "expiration", "strike"),
    *("call_bid", "call_ask", "call_mid", "number_of_calls"),
)

_SHOWN: Final = 40  # characters of a header that a message repeats


def check_folder(folder: Path) -> None:
    """Raise unless the folder is there and holds one of the two files.

    Raises
    ------
    DataError
        One line with the folder and what it should hold.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder: pass the folder that holds {MONTHLY_FILE} or {VXTH_FILE}")
    if not any((folder / name).is_file() for name in (MONTHLY_FILE, VXTH_FILE)):
        raise DataError(
            f"{folder}: neither {MONTHLY_FILE} nor {VXTH_FILE} here: pass the folder that holds them"
        )


def read_monthly(path: Path, today: dt.date | None = None) -> pd.DataFrame:
    """Return month-end levels of Cboe's indices: columns of `INDEX_NAMES` that the file has, NaN where blank.

    Rows stand on the calendar end of their month; of several in a month the last counts.

    Raises
    ------
    DataError
        The file is unusable, has none of the indices, or a date that is not at the end of its month.
    """
    header = [cell.strip() for cell in _header(path)]
    names = [name for name in INDEX_NAMES if name in header]
    if not names and header:
        raise row_error(path.name, 1, "none of the columns " + ", ".join(INDEX_NAMES), "name at least one")
    table = _checked(path, FileSpec(path.stem, tuple(Column(name, "", blank=True) for name in names)), today)
    index = pd.DatetimeIndex(table.day.astype("datetime64[D]"), name="date")
    early = np.asarray(index.days_in_month - index.day > MONTH_END_DAYS)
    if early.any():
        k = int(early.argmax())
        bad = f"date {index[k]:%Y-%m-%d} is not within the last {MONTH_END_DAYS + 1} days of its month"
        raise row_error(path.name, int(table.row[k]), bad, "give month-end levels alone")
    levels = pd.DataFrame({name: table.values[name] for name in names}, index=index)
    return levels.resample("ME").last()


def read_vxth(path: Path, today: dt.date | None = None) -> pd.DataFrame:
    """Return Cboe's tail hedge index day by day, with the VIX call that it held at the close.

    Published flaws are mended: an expiration nearly a year before its date has the wrong year; on
    some roll days the new call stands under the expiration of the old; an expiration off by a holiday or
    a slip is the exchange's own of that month. A bid or ask that cannot be read is absent.

    Parameters
    ----------
    path
        The file.
    today
        Rows dated later are refused; None is the day of the call.

    Returns
    -------
    pd.DataFrame
        One row a day: `day`, `expiry` (epoch days), `strike`, `call_bid`, `call_ask`, `call_mid` (points, NaN
        where absent), `number_of_calls`, `vxth`, `spx`, `divd` (index points).

    Raises
    ------
    DataError
        The file is unusable; names the row.
    """
    _check_columns(path)
    table = _checked(path, _VXTH_SPEC, today)
    expiry = _expirations(path, table)
    frame = pd.DataFrame({"day": table.day, "expiry": expiry, **table.values})
    for name in ("call_bid", "call_ask"):
        # The published file has slips of the keyboard here ("0..35"): such a quote is absent.
        cells = _text_column(path, name).iloc[table.row - 2]
        frame[name] = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    # Absent quotes are written as zeros; a bid of zero beside a real ask is one.
    absent = ~(frame["call_ask"] > 0.0)
    frame.loc[absent, ["call_bid", "call_ask"]] = np.nan
    frame.loc[~(frame["call_mid"] > 0.0), "call_mid"] = np.nan
    return frame


def _check_columns(path: Path) -> None:
    """Raise DataError unless the tail hedge index's file names each needed column once."""
    header = _header(path)
    for name in _VXTH_COLUMNS if header else ():
        if header.count(name) != 1:
            fault = f"no column '{name}'" if name not in header else f"the column '{name}' twice"
            found = ",".join(header)[:_SHOWN]
            remedy = f"it must hold {','.join(_VXTH_COLUMNS)}"
            raise row_error(path.name, 1, f"{fault} in the header '{found}'", remedy)


def _checked(path: Path, spec: FileSpec, today: dt.date | None) -> Table:
    table = read_table(path, spec)
    check_table(table, spec, today or dt.date.today())
    return table


def _expirations(path: Path, table: Table) -> NDArray[np.int64]:
    """Return the exchange's settlement day of each row's call."""
    cells = _text_column(path, "expiration").iloc[table.row - 2]
    parsed = pd.to_datetime(cells, format="%Y-%m-%d", errors="coerce")
    if parsed.isna().any():
        k = int(parsed.isna().to_numpy().argmax())
        cell = cells.iloc[k]
        bad = f"expiration '{cell}' is not a date" if isinstance(cell, str) else "expiration is blank"
        raise row_error(path.name, int(table.row[k]), bad, "write it as YYYY-MM-DD")
    late = table.day - _epoch_days(parsed) > LAST_YEAR_DAYS
    parsed[late] += pd.DateOffset(years=1)
    given = _epoch_days(parsed)
    least, most = EXPIRATION_DAYS
    far = (given - table.day < least) | (given - table.day > most)
    if far.any():
        k = int(far.argmax())
        bad = f"expiration {cells.iloc[k]} is not within {least} to {most} days of its date"
        raise row_error(path.name, int(table.row[k]), bad, "give the held call's")
    expiry = np.array([_settlement_near(day) for day in given.tolist()], dtype=np.int64)
    # On the day of a roll the new call is held at the close: one that has settled cannot be it.
    following = np.append(expiry[1:], expiry[-1])
    return np.where((expiry <= table.day) & (following > table.day), following, expiry)


def _header(path: Path) -> list[str]:
    """Return the names in the first line; none where the file is empty or is no text."""
    try:
        with path.open(encoding="utf-8-sig") as lines:
            return [cell.strip('"') for cell in next(lines, "").rstrip().split(",") if cell]
    except (OSError, UnicodeDecodeError):
        return []  # reading the table says what is wrong


def _text_column(path: Path, name: str) -> pd.Series:
    return pd.read_csv(path, usecols=[name], skip_blank_lines=False, dtype="str", encoding="utf-8-sig")[name]


def _epoch_days(dates: pd.Series) -> NDArray[np.int64]:
    return dates.to_numpy().astype("datetime64[D]").astype(np.int64)


def _settlement_near(day: int) -> int:
    """Return the settlement day of VIX options in the month of `day`, or `day` where they are far apart."""
    date = calendar_date(day)
    ruled = epoch_day(vx_expiry(date.year, date.month))
    return ruled if abs(ruled - day) <= EXPIRATION_SLIP_DAYS else day
