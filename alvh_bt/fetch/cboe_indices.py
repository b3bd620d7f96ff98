"""Cboe's own daily history of its volatility indices, one CSV an index."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar

import pandas as pd

from alvh_bt.fetch.cells import column, dates, numbers, read_cells
from alvh_bt.fetch.source import Fetched, Source


class CboeIndices(Source):
    """The daily prices of VIX, VIX9D, VIX3M, VIX6M, VVIX and SKEW, as Cboe publishes them.

    Two layouts are in use: DATE,OPEN,HIGH,LOW,CLOSE, and DATE with one column named for the index.
    Each file is the whole history.
    """

    name: ClassVar[str] = "cboe_indices"
    licence: ClassVar[str] = (
        "Copyright Cboe Exchange, Inc.; published for viewing, redistribution needs a licence."
    )
    terms: ClassVar[str] = "Cboe's website terms apply: https://www.cboe.com/terms/"
    base: str = "https://cdn.cboe.com/api/global/us_indices/daily_prices"
    symbols: ClassVar[Mapping[str, str]] = {
        name: name.upper() for name in ("vix", "vix9d", "vix3m", "vix6m", "vvix", "skew")
    }

    def fetch(self, series: str, since: dt.date | None, until: dt.date) -> Fetched:
        """Return the bars of VIX, or the closes of another index, vol points or index points."""
        symbol = self.symbols[series]
        url = f"{self.base}/{symbol}_History.csv"
        cells = read_cells(url, self.web.get(url), "DATE")
        days = dates(url, column(url, cells, "DATE"))
        if series == "vix":
            parts = {part.lower(): column(url, cells, part) for part in ("OPEN", "HIGH", "LOW", "CLOSE")}
        else:
            parts = {"close": column(url, cells, symbol if symbol in cells else "CLOSE")}
        values = {name: numbers(url, given) for name, given in parts.items()}
        frame = pd.DataFrame({"date": days, **values})
        return Fetched(frame.dropna(subset=["close"]), url)
