"""FRED, the Federal Reserve Bank of St. Louis: the CSV behind each of its graphs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar, Final

import pandas as pd

from alvh_bt.fetch.cells import column, dates, numbers, read_cells
from alvh_bt.fetch.source import Fetched, Source

#: File -> the column that its values fill.
_COLUMNS: Final = {"rates": "dtb3", "reer": "reer", "hy_oas": "hy_oas"}


class Fred(Source):
    """The 3-month bill (DTB3), the broad real dollar of the BIS (RBUSBIS), and the high-yield spread.

    All in percent, the dollar an index. The spread is ICE's option-adjusted one (BAMLH0A0HYM2).
    """

    name: ClassVar[str] = "fred"
    licence: ClassVar[str] = (
        "DTB3 is in the public domain; the BIS and ICE series belong to their owners, personal use only."
    )
    terms: ClassVar[str] = "FRED's terms of use apply: https://fred.stlouisfed.org/legal/"
    base: str = "https://fred.stlouisfed.org/graph"
    symbols: ClassVar[Mapping[str, str]] = {"rates": "DTB3", "reer": "RBUSBIS", "hy_oas": "BAMLH0A0HYM2"}

    def fetch(self, series: str, since: dt.date | None, until: dt.date) -> Fetched:
        """Return the values that are not blank: percent a year, or index points."""
        symbol = self.symbols[series]
        url = f"{self.base}/fredgraph.csv?id={symbol}"
        if since is not None:
            url += f"&cosd={since}"
        cells = read_cells(url, self.web.get(url), "OBSERVATION_DATE|DATE")
        days = dates(url, cells.iloc[:, 0])
        values = numbers(url, column(url, cells, symbol))
        return Fetched(pd.DataFrame({"date": days, _COLUMNS[series]: values}).dropna(), url)


class FredBaa(Fred):
    """Moody's Baa yield less the ten-year Treasury's (BAA10Y), in the place of the high-yield spread.

    Another quantity, lower and calmer. It is for folders without the other, whose free history is short;
    it never continues a file of the other, not even under --force.
    """

    name: ClassVar[str] = "fred_baa"
    licence: ClassVar[str] = (
        "The spread is computed by FRED from Moody's and Treasury yields; personal use only."
    )
    symbols: ClassVar[Mapping[str, str]] = {"hy_oas": "BAA10Y"}


#: Sources of another quantity than their file is meant for: no file is of one of them and of another.
STAND_INS: Final = frozenset({FredBaa.name})
