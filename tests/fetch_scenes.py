"""Synthetic market files in the layouts of their sources: numbers made by rule, none of them real."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from alvh_bt.fetch.run import Moment, moment_of
from alvh_bt.sessions import exchange_sessions

#: Friday 2024-03-15, after the close.
NOW = dt.datetime(2024, 3, 15, 22, 0, tzinfo=dt.UTC)
MOMENT: Moment = moment_of(NOW)
START = dt.date(2024, 1, 2)


def sessions(end: dt.date = dt.date(2024, 3, 15), start: dt.date = START) -> list[dt.date]:
    return [day.item() for day in exchange_sessions(start, end)]


def level(k: int, base: float) -> float:
    """A level that moves a little from day to day, with two decimals."""
    return round(base + (k * 7 % 11) / 10, 2)


def cboe_bars(end: dt.date = dt.date(2024, 3, 15), base: float = 14.0) -> str:
    rows = []
    for k, day in enumerate(sessions(end)):
        value = level(k, base)
        rows.append(f"{day:%m/%d/%Y},{value:.6f},{value + 1:.6f},{value - 1:.6f},{value:.6f}")
    return "\n".join(["DATE,OPEN,HIGH,LOW,CLOSE", *rows]) + "\n"


def cboe_closes(symbol: str, end: dt.date = dt.date(2024, 3, 15), base: float = 80.0) -> str:
    rows = [f"{day:%m/%d/%Y},{level(k, base):.6f}" for k, day in enumerate(sessions(end))]
    return "\n".join([f"DATE,{symbol}", *rows]) + "\n"


def fred(symbol: str, end: dt.date = dt.date(2024, 3, 15), base: float = 5.0, header: str = "") -> str:
    rows = [f"{day},{level(k, base):.2f}" for k, day in enumerate(sessions(end))]
    rows.insert(10, "2024-01-15,.")
    return "\n".join([header or f"observation_date,{symbol}", *sorted(rows)]) + "\n"


def canonical_bars(end: dt.date = dt.date(2024, 3, 15), base: float = 14.0, volume: bool = False) -> str:
    rows = []
    for k, day in enumerate(sessions(end)):
        value = level(k, base)
        rows.append(
            f"{day},{value},{round(value + 1, 2)},{round(value - 1, 2)},{value}"
            + (f",{1000 + k}" if volume else "")
        )
    return "\n".join(["date,open,high,low,close" + (",volume" if volume else ""), *rows]) + "\n"


def canonical_closes(end: dt.date = dt.date(2024, 3, 15), base: float = 80.0, scale: float = 1.0) -> str:
    rows = [f"{day},{level(k, base) * scale}" for k, day in enumerate(sessions(end))]
    return "\n".join(["date,close", *rows]) + "\n"


def yahoo_frame(
    end: dt.date = dt.date(2024, 3, 15), base: float = 4700.0, scale: float = 1.0
) -> pd.DataFrame:
    """As `Ticker.history` gives it: midnights of New York, prices with the noise of single precision."""
    days = sessions(end)
    close = pd.Series([level(k, base) * scale for k in range(len(days))]).astype("float32").astype("float64")
    frame = pd.DataFrame(
        {
            "Open": close,
            "High": close + 1,
            "Low": close - 1,
            "Close": close,
            "Adj Close": close,
            "Volume": 1000,
        }
    )
    frame.index = pd.DatetimeIndex(days, name="Date").tz_localize("America/New_York")
    return frame
