"""How old each input is at a close."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from alvh_bt.contracts import calendar_date
from alvh_bt.market import Market
from alvh_bt.market.market import NO_DATE, Provenance
from alvh_bt.market.published import PUBLISHED_ON, days_due
from alvh_bt.signals import SIGNALS

#: The state of an input of some sessions only, while no day has passed on which a newer value was due.
NOT_DUE: Final = "not due"


def input_ages(
    market: Market, provenance: Mapping[str, NDArray[np.int8]], row: int
) -> Iterator[dict[str, Any]]:
    """Yield for each input of the prices and of the signals where its number of this close came from.

    `last_observed` is the last session on which one was known, `sessions_ago` counts from there. `dated` is
    the date of the row that a number is of: a month's, of a monthly series that is held until the next one
    is known; `days_old` counts calendar days from it to the close.

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
        dated = _row_date(market, name, row, last)
        due = last is not None and last < row and _was_due(name, market.sessions[last : row + 1])
        waiting = name in PUBLISHED_ON and last is not None and last < row and not due
        yield {
            "input": name,
            "state": NOT_DUE if waiting else Provenance(int(codes[row])).name.lower(),
            "last_observed": None if last is None else calendar_date(market.days[last]).isoformat(),
            "sessions_ago": None if last is None else row - last,
            "dated": None if dated is None else calendar_date(dated).isoformat(),
            "days_old": None if dated is None else int(market.days[row]) - dated,
            "stale": due,
        }


def row_day(market: Market, name: str, row: int) -> int | None:
    """Return the epoch day of the row that an input's value on session `row` is of, None if none is known."""
    seen = np.flatnonzero(market.provenance[name][: row + 1] == Provenance.OBSERVED)
    return _row_date(market, name, row, int(seen[-1]) if len(seen) else None)


def _row_date(market: Market, name: str, row: int, last: int | None) -> int | None:
    """Return the epoch day of the row that the value on session `row` is of, None where none is known."""
    if name in market.dated:
        day = int(market.dated[name][row])
        return None if day == NO_DATE else day
    return None if last is None else int(market.days[last])


def _was_due(name: str, sessions: NDArray[np.datetime64]) -> bool:
    """Return whether a newer value was due after the first of `sessions`, by the last of them."""
    if name not in PUBLISHED_ON:
        return True
    first, last = sessions[[0, -1]].tolist()
    return bool(days_due(name, first + dt.timedelta(days=1), last))
