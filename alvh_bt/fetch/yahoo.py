"""Yahoo Finance through yfinance: indices, the 13-week bill, and VIX notes."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

import pandas as pd

from alvh_bt.errors import DataError
from alvh_bt.fetch.deadline import TooLongError, within
from alvh_bt.fetch.source import Fetched, Source
from alvh_bt.fetch.web import Web

#: Takes a symbol, the first day, the day after the last, and seconds of patience.
History = Callable[[str, dt.date, dt.date, float], Any]

_HOST: Final = "query2.finance.yahoo.com"
#: Before it there is no VIX, and before 1962 Yahoo's index opens are zero.
_EARLIEST: Final = dt.date(1990, 1, 1)
_PARTS: Final = ("open", "high", "low", "close", "volume")
#: Decimals that the publishers give; Yahoo's numbers come with the noise of single precision.
_DECIMALS: Final = {"rates": 3, "etp_vxx": 6, "etp_uvxy": 6}
_COLUMNS: Final = {"spx": _PARTS, "vix": _PARTS[:4]}
#: What yfinance's own web library calls a host that cannot be reached.
_NO_CONNECTION: Final = frozenset({"DNSError", "ConnectionError", "ConnectTimeout", "ProxyError"})
_LATER: Final = "try again later, or use another source"


class Yahoo(Source):
    """Daily prices: unadjusted for dividends, adjusted for splits.

    The 13-week bill (^IRX) is a yield on a discount basis, percent a year, as DTB3 is, but quoted by
    dealers at the close of trading: the two differ by some hundredths.
    """

    name: ClassVar[str] = "yahoo"
    licence: ClassVar[str] = "Belongs to Yahoo and the exchanges behind it; for personal use only."
    terms: ClassVar[str] = (
        "Yahoo's terms of service apply: https://legal.yahoo.com/us/en/yahoo/terms/otos/index.html"
    )
    symbols: ClassVar[Mapping[str, str]] = {
        "spx": "^GSPC",
        **{name: f"^{name.upper()}" for name in ("vix", "vix9d", "vix3m", "vix6m", "vvix", "skew")},
        "rates": "^IRX",
        "etp_vxx": "VXX",
        "etp_uvxy": "UVXY",
    }

    def __init__(self, web: Web, base: str = "", history: History | None = None) -> None:
        super().__init__(web, base)
        self._history = history or yfinance_history
        self._out_of_reach = False

    def fetch(self, series: str, since: dt.date | None, until: dt.date) -> Fetched:
        """Return bars (and volume) of SPX and VIX, closes of others; index points, percent or USD."""
        symbol = self.symbols[series]
        where = f"yahoo {symbol}"
        if self._out_of_reach:
            raise DataError(f"{where}: {_HOST} could not be reached a moment ago: {_LATER}")
        self.web.wait_for(_HOST)
        limits, after = self.web.limits, until + dt.timedelta(days=1)
        try:
            given = within(
                limits.total, lambda: self._history(symbol, since or _EARLIEST, after, limits.read)
            )
        except TooLongError:
            raise DataError(
                f"{where}: not done within {limits.total:g} s: {_LATER}, or allow more with --timeout"
            ) from None
        except Exception as error:  # yfinance lets through whatever its own libraries raise
            if type(error).__name__ in _NO_CONNECTION:
                self._out_of_reach = True
                raise DataError(f"{where}: {_HOST} cannot be reached: {_LATER}") from None
            told = " ".join(str(error).split())[:160]
            raise DataError(f"{where}: {type(error).__name__} ({told}): {_LATER}") from None
        frame = _plain(where, given)
        columns = _COLUMNS.get(series, ("close",))
        missing = [name for name in columns if name not in frame]
        if missing:
            raise DataError(f"{where}: no column '{missing[0]}': {_LATER}")
        frame = frame.dropna(subset=["close"])[["date", *columns]]
        frame = frame.round(dict.fromkeys(columns, _DECIMALS.get(series, 2)))
        if not len(frame):
            raise DataError(f"{where}: no rows (a wrong symbol, or nothing since {since}): {_LATER}")
        return Fetched(frame.rename(columns={"close": "dtb3"} if series == "rates" else {}), where)


def _plain(where: str, given: Any) -> pd.DataFrame:
    """Return a frame with `date` and lower-case names, of any shape that yfinance gives."""
    if not isinstance(given, pd.DataFrame) or not len(given):
        raise DataError(f"{where}: no rows (a wrong symbol, or nothing new): {_LATER}")
    frame = given.copy()
    if frame.columns.nlevels > 1:
        # Names of prices stand in either level, by the version and the options.
        level = next(
            (k for k in range(frame.columns.nlevels) if "Close" in frame.columns.get_level_values(k)), 0
        )
        frame.columns = frame.columns.get_level_values(level)
    frame.columns = [str(name).lower() for name in frame.columns]
    if not frame.columns.is_unique:
        raise DataError(f"{where}: a column stands twice: {_LATER}")
    index = frame.index
    if not isinstance(index, pd.DatetimeIndex):
        raise DataError(f"{where}: its rows have no dates: {_LATER}")
    if index.tz is not None:
        index = index.tz_convert("America/New_York").tz_localize(None)
    numbers = frame.drop(columns=["date"], errors="ignore").apply(pd.to_numeric, errors="coerce")
    numbers.insert(0, "date", index.normalize())
    return numbers.reset_index(drop=True)


def yfinance_history(symbol: str, start: dt.date, end: dt.date, timeout: float) -> pd.DataFrame:
    """Return what yfinance gives of a symbol; raise what it only logs."""
    import yfinance
    from yfinance.cache import get_cookie_cache

    # It would keep its cookies pickled in a folder of the user's: nothing is unpickled here.
    get_cookie_cache().dummy = True
    log = logging.getLogger("yfinance")
    kept = _Kept()
    passed_on = log.propagate
    log.addHandler(kept)
    log.propagate = False
    try:
        frame: pd.DataFrame = yfinance.Ticker(symbol).history(
            start=start.isoformat(),
            end=end.isoformat(),
            interval="1d",
            auto_adjust=False,
            actions=False,
            timeout=timeout,
        )
    finally:
        log.removeHandler(kept)
        log.propagate = passed_on
    if not len(frame) and kept.said:
        raise DataError(kept.said[-1])
    return frame


class _Kept(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())
