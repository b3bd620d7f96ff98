"""How old each input is at a close, and how old the data is now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from alvh_bt.calendars import exchange_sessions
from alvh_bt.contracts import calendar_date
from alvh_bt.market import Market
from alvh_bt.market.market import Provenance
from alvh_bt.signals import SIGNALS

#: When a session has closed, in the exchange's own time; an early close is waited for all the same.
CLOSE_AT: Final = dt.time(16, 0)
_EXCHANGE: Final = ZoneInfo("America/New_York")


def sessions_behind(last: dt.date, now: dt.datetime) -> int:
    """Return how many sessions of the exchange have closed since `last`, the last close of the data.

    Parameters
    ----------
    last
        A session.
    now
        A moment with its time zone.

    Examples
    --------
    >>> friday = dt.datetime(2024, 5, 31, 22, 0, tzinfo=dt.timezone.utc)
    >>> sessions_behind(dt.date(2024, 5, 29), friday), sessions_behind(dt.date(2024, 5, 31), friday)
    (2, 0)
    """
    there = now.astimezone(_EXCHANGE)
    until = there.date() if there.time() >= CLOSE_AT else there.date() - dt.timedelta(days=1)
    return len(exchange_sessions(last + dt.timedelta(days=1), until))


def input_ages(
    market: Market, provenance: Mapping[str, NDArray[np.int8]], row: int
) -> Iterator[dict[str, Any]]:
    """Yield for each input of the prices and of the signals where its number of this close came from.

    Parameters
    ----------
    market
        The history; rows after `row` are not looked at.
    provenance
        `PriceModel.provenance`: where a model stands in, that is said.
    row
        The close.
    """
    signals = {name: market.provenance[name] for kind in SIGNALS.values() for name in kind.inputs}
    # The prices speak of the two indices as a whole.
    told = {"spx_close": "spx", "vix_close": "vix"}
    inputs = dict(provenance) | {k: v for k, v in signals.items() if told.get(k, k) not in provenance}
    for name, codes in inputs.items():
        seen = np.flatnonzero(codes[: row + 1] == Provenance.OBSERVED)
        last = int(seen[-1]) if len(seen) else None
        yield {
            "input": name,
            "state": Provenance(int(codes[row])).name.lower(),
            "last_observed": None if last is None else calendar_date(market.days[last]).isoformat(),
            "sessions_ago": None if last is None else row - last,
            "stale": last is not None and last < row,
        }
