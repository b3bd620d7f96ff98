"""Settlements of VX futures from Cboe: one CSV a contract, in two archives."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping
from typing import ClassVar, Final, NamedTuple

import numpy as np
import pandas as pd

from alvh_bt.calendars import vx_expiries, vx_expiry
from alvh_bt.contracts import calendar_date
from alvh_bt.errors import DataError
from alvh_bt.fetch.address import shown
from alvh_bt.fetch.cells import column, dates, numbers, read_cells
from alvh_bt.fetch.source import Fetched, Source
from alvh_bt.fetch.web import AbsentError

_FIRST: Final = dt.date(2004, 3, 26)
#: Contracts that expire from this year on have a file by the day of their expiry.
_BY_DAY_FROM: Final = 2013
#: The older archive, by month code, goes to August 2018; it fills what the newer lacks of 2013.
_BY_MONTH_TO: Final = 2018
_BY_DAY: Final = "data/us/futures/market_statistics/historical_data/VX"
_MONTH_CODES: Final = "FGHJKMNQUVXZ"
#: Until the day before, a price was ten times the index.
_SCALED_BEFORE: Final = dt.date(2007, 3, 26)
#: The nearest months of a day that are kept; more were never listed for long.
_MONTHS: Final = 8
_COLUMNS: Final = {
    "settle": "SETTLE",
    "open": "OPEN",
    "high": "HIGH",
    "low": "LOW",
    "volume": "TOTAL VOLUME",
    "open_interest": "OPEN INTEREST",
}


class _Contract(NamedTuple):
    """One monthly contract: what its files are called, and when it expires."""

    year: int
    month: int
    expiry: dt.date


class CboeFutures(Source):
    """The daily settlements, bars, volume and open interest of the monthly VX contracts, nearest eight.

    A contract has no row on the day of its expiry: it settles at the open. Zero is how the files write
    that there was no price; a day without a settlement is left out, a blank bar is NaN.
    """

    name: ClassVar[str] = "cboe_futures"
    licence: ClassVar[str] = (
        "Copyright Cboe Futures Exchange, LLC; published for viewing, redistribution needs a licence."
    )
    terms: ClassVar[str] = "Cboe's website terms apply: https://www.cboe.com/terms/"
    base: str = "https://cdn.cboe.com"
    symbols: ClassVar[Mapping[str, str]] = {"vx_futures": "VX"}

    def fetch(self, series: str, since: dt.date | None, until: dt.date) -> Fetched:
        """Return a row a day and contract: vol points, contracts.

        Raises
        ------
        DataError
            A contract is not there that has expired, is the next to do so, or lies before one that is.
        """
        contracts = contracts_of(since or _FIRST, until)
        nearest = next((each for each in contracts if each.expiry > until), None)
        tables = []
        missing: AbsentError | None = None
        for k, contract in enumerate(contracts):
            self.web.watch(k, len(contracts))
            try:
                tables.append(self._contract(contract))
            except AbsentError as error:
                if contract.expiry <= until or contract == nearest:
                    raise
                # The furthest months may be listed a little later than the rules foresee.
                missing = missing or error
            else:
                if missing is not None:
                    raise missing
        whole = pd.concat(tables, ignore_index=True)
        whole = whole[whole["date"] >= pd.Timestamp(since or _FIRST)]
        whole = whole.sort_values(["date", "expiry"], ignore_index=True)
        kept = whole.groupby("date").cumcount() < _MONTHS
        return Fetched(whole[kept].reset_index(drop=True), f"{self.base}/{_BY_DAY}/")

    def _contract(self, contract: _Contract) -> pd.DataFrame:
        """Return the rows of a contract, the newer archive's first; AbsentError if no archive has it."""
        found = []
        absent: AbsentError | None = None
        for url in self._addresses(contract):
            try:
                found.append(contract_rows(shown(url), self.web.get(url), contract.expiry))
            except AbsentError as error:
                absent = error
        if not found and absent is not None:
            raise absent
        rows = pd.concat(found, ignore_index=True)
        return rows.drop_duplicates("date", keep="first")

    def _addresses(self, contract: _Contract) -> list[str]:
        by_day = f"{_BY_DAY}/VX_{contract.expiry}.csv"
        code = f"{_MONTH_CODES[contract.month - 1]}{contract.year % 100:02d}"
        by_month = f"resources/futures/archive/volume-and-price/CFE_{code}_VX.csv"
        paths = [by_day] if contract.year >= _BY_DAY_FROM else [by_month]
        if contract.year == _BY_DAY_FROM:
            paths.append(by_month)
        return [f"{self.base}/{path}" for path in paths]


def contracts_of(since: dt.date, until: dt.date) -> list[_Contract]:
    """Return the monthly contracts that traded on some day of since..until, by expiry.

    Examples
    --------
    >>> [str(each.expiry) for each in contracts_of(dt.date(2024, 3, 1), dt.date(2024, 3, 15))][:2]
    ['2024-03-20', '2024-04-17']
    """
    days = [calendar_date(int(day)) for day in np.unique(vx_expiries(since, until).day)]
    wanted = [day for day in days if day > since]
    # A holiday may move an expiry by a day, never out of its month.
    return [_Contract(day.year, day.month, day) for day in wanted if vx_expiry(day.year, day.month) == day]


def contract_rows(where: str, content: bytes, expiry: dt.date) -> pd.DataFrame:
    """Return the rows of one contract's CSV before its expiry, prices on today's scale.

    Parameters
    ----------
    where
        The address, for messages.
    content
        The CSV; it may begin with a disclaimer.
    expiry
        Of the contract.

    Raises
    ------
    DataError
        Another layout, or the file of another contract.
    """
    cells = read_cells(where, content, "TRADE DATE")
    _check_contract(where, column(where, cells, "FUTURES"), expiry)
    values = {name: numbers(where, column(where, cells, source)) for name, source in _COLUMNS.items()}
    frame = pd.DataFrame({"date": dates(where, column(where, cells, "TRADE DATE")), **values})
    prices = ["settle", "open", "high", "low"]
    frame[prices] = frame[prices].mask(frame[prices] == 0.0)
    scaled = frame["date"] < pd.Timestamp(_SCALED_BEFORE)
    frame.loc[scaled, prices] = (frame.loc[scaled, prices] / 10.0).round(4)
    frame.insert(1, "expiry", pd.Timestamp(expiry))
    frame = frame[frame["settle"].notna() & (frame["date"] < pd.Timestamp(expiry))]
    return frame.drop_duplicates().reset_index(drop=True)


def _check_contract(where: str, named: pd.Series[str], expiry: dt.date) -> None:
    """Raise DataError unless every row names the month of the expiry, as `F (Jan 13)` or `F (Jan 2013)`."""
    month = calendar.month_abbr[expiry.month]
    wanted = rf"^{_MONTH_CODES[expiry.month - 1]} \({month}[a-z]*\.? ?(?:20)?{expiry.year % 100:02d}\)$"
    other = ~named.str.match(wanted, case=False)
    if other.any():
        cell = named[other].iloc[0][:40]
        raise DataError(
            f"{where}: rows of another contract ('{cell}'): use a later version, or another source"
        )
