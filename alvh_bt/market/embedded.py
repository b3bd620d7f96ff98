"""The embedded sample: real history that an installed package ships, so that a first run needs no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alvh_bt.market.csv_source import Table

if TYPE_CHECKING:
    import pandas as pd


def embedded_tables() -> dict[str, Table]:
    """Return the S&P 500 bars (1999-2018) and VIX closes (2014-2018) of the `arch` package.

    VIX has no open, high or low there, and there is no other input.
    """
    # Imported here: the package takes seconds to import, and a run on a folder never needs it.
    from arch.data import sp500, vix

    closes = vix.load()["vix"].dropna().rename("close").to_frame()
    bars = sp500.load().rename(columns=str.lower)[["open", "high", "low", "close", "volume"]]
    return {"spx": _table("arch.data.sp500", bars), "vix": _table("arch.data.vix", closes)}


def _table(where: str, frame: pd.DataFrame) -> Table:
    """Return a frame with a date index as the rows of an input."""
    day = frame.index.to_numpy().astype("datetime64[D]").astype(np.int64)
    values = {str(name): column.to_numpy(dtype=np.float64) for name, column in frame.items()}
    return Table(where, np.arange(2, len(day) + 2), day, np.empty(0, np.int64), values)
