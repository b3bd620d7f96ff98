"""What a run held from one mark to the next, rebuilt from its trades alone.

A *stretch* is a number of contracts of one lot that stood from one mark of a session to a later one; a
*deal* is a fill or a settlement. Between them they make up all of a run's P&L: stretches by the change of the
mid, deals by the distance of their price from the mid.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.book.codes import Book, Layer
from alvh_bt.book.records import LOT, Rows, empty_rows
from alvh_bt.contracts import NO_EXPIRY, ROOT_NAMES, Right
from alvh_bt.engine.results import RunResult
from alvh_bt.errors import DataError
from alvh_bt.market import Market


class _Mark(NamedTuple):
    """The marks of a session, in their order."""

    LAST: int = 0  # the close of the session before
    FILL: int = 1  # the moment at which orders are filled
    CLOSE: int = 2


Mark: Final = _Mark()

#: A stretch: session of the market, the two marks, row of its lot, signed contracts.
STRETCH: Final = np.dtype(
    [("session", "i8"), ("since", "i8"), ("until", "i8"), ("lot", "i8"), ("contracts", "f8")]
)

#: A deal: session, the mark that its price is measured against, row of its lot, contracts traded (signed),
#: price in points, fees in USD, whether it is a settlement.
DEAL: Final = np.dtype(
    [
        ("session", "i8"),
        ("at", "i8"),
        ("lot", "i8"),
        ("contracts", "f8"),
        ("price", "f8"),
        ("fees", "f8"),
        ("settles", "?"),
    ]
)


class Positions(NamedTuple):
    """A run's lots (rows of `LOT`), stretches and deals; both sorted by session and mark.

    `sessions` are the rows of the market that the run has, ascending.
    """

    lots: Rows
    stretches: NDArray[Any]
    deals: NDArray[Any]
    sessions: NDArray[np.int64]


class _Deal(NamedTuple):
    """A trade as plain numbers."""

    session: int
    contracts: float
    price: float
    fees: float
    settles: bool


def read_positions(run: RunResult, market: Market) -> Positions:
    """Return what a run held between its marks, and its deals.

    Parameters
    ----------
    run
        Its trades and the dates of its days; a run that stopped early has fewer days.
    market
        The history that it ran over.

    Raises
    ------
    DataError
        When a day of the run is no session of the market, or a trade's no day of the run.
    """
    days = epoch_days(run.daily["date"])
    sessions = np.searchsorted(market.days, days)
    inside = bool((sessions < len(market.days)).all()) and np.array_equal(market.days[sessions], days)
    if not inside or np.any(np.diff(sessions) != 1):
        raise DataError(
            f"run {run.variant}: its days are not the market's sessions; give the market it ran on"
        )
    if not len(run.trades):
        return Positions(empty_rows(LOT), np.zeros(0, STRETCH), np.zeros(0, DEAL), sessions)
    if not np.isin(epoch_days(run.trades["date"]), days).all():
        raise DataError(f"run {run.variant}: a trade is on none of its days; give the frames of one run")
    lots, deals_of = _lots(run.trades, market)
    last = int(sessions[-1])
    stretches: list[tuple[int, int, int, int, float]] = []
    deals: list[tuple[int, int, int, float, float, float, bool]] = []
    runs: list[NDArray[Any]] = []
    for row, own in enumerate(deals_of):
        _walk(row, own, last, stretches, deals, runs)
    moves = np.concatenate([np.array(stretches, dtype=STRETCH), *runs])
    done = np.array(deals, dtype=DEAL)
    moves = moves[np.lexsort((moves["lot"], moves["since"], moves["until"], moves["session"]))]
    done = done[np.lexsort((done["lot"], done["at"], done["session"]))]
    return Positions(lots, moves, done, sessions)


def _walk(
    row: int,
    own: list[_Deal],
    last: int,
    stretches: list[tuple[int, int, int, int, float]],
    deals: list[tuple[int, int, int, float, float, float, bool]],
    runs: list[NDArray[Any]],
) -> None:
    """Add the stretches and deals of one lot, from its purchase to its end or to session `last`."""
    held, since, now = 0.0, Mark.FILL, own[0].session
    for deal in own:
        if deal.session > now:
            # The rest of the day of the deal before, then whole days up to this one.
            if held != 0.0:
                stretches.append((now, since, Mark.CLOSE, row, held))
                runs.append(_whole_days(row, held, now + 1, deal.session))
            now, since = deal.session, Mark.LAST
        # A settlement is measured from the last mark, also where orders were filled in between.
        at = since if deal.settles else Mark.FILL
        deals.append((deal.session, at, row, deal.contracts, deal.price, deal.fees, deal.settles))
        if since == Mark.LAST and not deal.settles:
            stretches.append((now, Mark.LAST, Mark.FILL, row, -deal.contracts))
        held += deal.contracts
    if held != 0.0:
        stretches.append((now, since, Mark.CLOSE, row, held))
        runs.append(_whole_days(row, held, now + 1, last + 1))


def _whole_days(row: int, contracts: float, start: int, stop: int) -> NDArray[Any]:
    """Return the stretches of a lot that stood untouched in sessions `start`..`stop` - 1."""
    days = np.zeros(max(0, stop - start), dtype=STRETCH)
    days["session"], days["until"] = np.arange(start, start + len(days)), Mark.CLOSE
    days["lot"], days["contracts"] = row, contracts
    return days


def _lots(trades: pd.DataFrame, market: Market) -> tuple[Rows, list[list[_Deal]]]:
    """Return a row of `LOT` for each lot that was ever opened, and the deals of each, in their order."""
    rows: dict[int, int] = {}
    deals: list[list[_Deal]] = []
    sessions = np.searchsorted(market.days, epoch_days(trades["date"])).tolist()
    columns = (trades[name].tolist() for name in ("lot", "contracts", "price", "fees_usd", "action"))
    for session, lot, contracts, price, fees, action in zip(sessions, *columns, strict=True):
        if lot not in rows:
            rows[lot] = len(deals)
            deals.append([])
        deals[rows[lot]].append(_Deal(session, contracts, price, fees, action == "settle"))
    bought = trades.drop_duplicates("lot")
    lots = empty_rows(LOT, len(bought))
    lots["id"], lots["group"] = bought["lot"], bought["condor"]
    lots["book"] = _codes(bought["book"], Book)
    lots["layer"] = _codes(bought["layer"], Layer)
    lots["root"] = bought["root"].map(ROOT_NAMES.index)
    lots["right"] = bought["right"].map({"C": Right.CALL, "P": Right.PUT}).fillna(Right.FUTURE)
    lots["strike"], lots["contracts"] = bought["strike"], bought["contracts"]
    expiry = bought["expiry"]
    lots["expiry"] = np.where(expiry.isna(), NO_EXPIRY, epoch_days(expiry.fillna(pd.Timestamp(0))))
    lots["entry_price"] = lots["last_mark"] = bought["price"]
    lots["entry_day"] = epoch_days(bought["date"])
    return lots, deals


def _codes(names: pd.Series, codes: tuple[int, ...]) -> NDArray[np.int64]:
    fields: tuple[str, ...] = type(codes)._fields  # type: ignore[attr-defined]
    known = {name.lower(): code for name, code in zip(fields, codes, strict=True)}
    return np.array([known[name] for name in names], dtype=np.int64)


def epoch_days(dates: pd.Series) -> NDArray[np.int64]:
    """Return timestamps as epoch days, shape (n,); none may be missing."""
    return dates.to_numpy("datetime64[D]").astype(np.int64)
