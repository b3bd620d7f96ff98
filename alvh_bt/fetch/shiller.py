"""Robert Shiller's workbook of the S&P 500: monthly prices, dividends, earnings, CPI and long rate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import pandas as pd

from alvh_bt.errors import DataError
from alvh_bt.fetch.address import shown
from alvh_bt.fetch.answers import Kind
from alvh_bt.fetch.source import Fetched, Source

_SHEET: Final = "Data"
#: Column of the file -> its name in the header row of the sheet; the first of that name counts.
_COLUMNS: Final = {
    "price": "P",
    "dividend": "D",
    "earnings": "E",
    "cpi": "CPI",
    "gs10": "Rate GS10",
    "cape": "CAPE",
}
_CHANGED: Final = "the workbook may have changed: use a later version"


class Shiller(Source):
    """Monthly averages; a row stands on the first of its month, and is known only much later."""

    name: ClassVar[str] = "shiller"
    licence: ClassVar[str] = (
        "Compiled by Robert J. Shiller, Yale University, and offered for free download; cite it."
    )
    terms: ClassVar[str] = "No terms are stated beyond the author's page: https://shillerdata.com"
    base: str = "https://img1.wsimg.com/blobby/go/e5e77e0b-59d1-44d9-ab25-4763ac982e53/downloads"
    symbols: ClassVar[Mapping[str, str]] = {"shiller": "ie_data"}

    def fetch(self, series: str, since: dt.date | None, until: dt.date) -> Fetched:
        """Return index points (price, dividend, earnings), the CPI, percent a year (gs10) and the CAPE."""
        url = f"{self.base}/{self.symbols[series]}.xls"
        return Fetched(workbook_rows(shown(url), self.web.get(url, Kind.WORKBOOK)), url)


def workbook_rows(where: str, content: bytes) -> pd.DataFrame:
    """Return the monthly rows of the workbook.

    Parameters
    ----------
    where
        The address, for messages.
    content
        The workbook (.xls).

    Raises
    ------
    DataError
        It cannot be opened, or its sheet is not of the form that is known.
    """
    rows = _sheet(where, content)
    at = next((k for k, row in enumerate(rows) if row and row[0] == "Date" and "P" in row), None)
    if at is None:
        raise DataError(f"{where}: no row of names that begins with Date: {_CHANGED}")
    missing = [name for name in _COLUMNS.values() if name not in rows[at]]
    if missing:
        raise DataError(f"{where}: no column '{missing[0]}': {_CHANGED}")
    places = {name: rows[at].index(source) for name, source in _COLUMNS.items()}
    found = [
        {"date": month, **{name: _number(row[place]) for name, place in places.items()}}
        for row in rows[at + 1 :]
        if (month := month_of(row[0])) is not None
    ]
    if not found:
        raise DataError(f"{where}: no rows under its names: {_CHANGED}")
    frame = pd.DataFrame(found).astype(dict.fromkeys(_COLUMNS, "float64"))
    frame["date"] = pd.to_datetime(frame["date"])
    return frame.dropna(subset=["price"]).reset_index(drop=True)


def _sheet(where: str, content: bytes) -> list[list[Any]]:
    import xlrd

    try:
        book = xlrd.open_workbook(file_contents=content, on_demand=True)
        sheet = book.sheet_by_name(_SHEET)
        return [sheet.row_values(k) for k in range(sheet.nrows)]
    except Exception as error:  # of a broken workbook the library raises whatever it stumbles over
        told = " ".join(str(error).split())[:80]
        raise DataError(f"{where}: the workbook cannot be read ({told}): {_CHANGED}") from None


def month_of(cell: object) -> dt.date | None:
    """Return the first day of a month written as a number, None for anything else.

    Examples
    --------
    >>> month_of(1871.01), month_of(1871.1), month_of("Source: ...")
    (datetime.date(1871, 1, 1), datetime.date(1871, 10, 1), None)
    """
    if not isinstance(cell, float):
        return None
    year, month = divmod(round(cell * 100), 100)
    return dt.date(year, month, 1) if 1 <= month <= 12 and 1800 < year < 2200 else None


def _number(cell: object) -> float | None:
    """Return a cell as a number; `NA` and blanks are unknown."""
    return cell if isinstance(cell, float) else None
