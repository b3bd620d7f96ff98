"""What a book holds at each close: its Greeks, its value in a crash, and its profile under moves."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from alvh_bt.analysis.anatomy import EXPOSURE_COLUMNS, MOVES, PROFILE_COLUMNS
from alvh_bt.analysis.day_sums import named_frame, session_dates, sum_by
from alvh_bt.analysis.positions import Mark, Positions
from alvh_bt.book.codes import Book
from alvh_bt.book.records import Rows, lot_contract
from alvh_bt.contracts import Contract, code_name, contract_multiplier, is_future, on_vix
from alvh_bt.market import Market
from alvh_bt.pricing.day import (
    DayPrices,
    forward_price,
    quote_contract,
    shocked,
    side,
    underlying_scale,
    years_to_expiry,
)

Floats = NDArray[np.float64]

#: Columns of the two tables below.
_OF_LOT: Final = EXPOSURE_COLUMNS[2:]
_OF_MOVE: Final = PROFILE_COLUMNS[2:]


class Shock(NamedTuple):
    """The crash that measures protection, and VIX's answer, in points, to an index fall of 1%."""

    spx_return: float
    vix_points: float
    vix_points_per_percent: float


class ExposureTables(NamedTuple):
    """Exposures of each stretch that reaches a close, (n, 8), and profiles of sessions, (s, 2, moves, 5)."""

    of_lots: Floats
    profile: Floats


def exposure_tables(stretches: int, sessions: int) -> ExposureTables:
    """Return tables of zeros for so many stretches and sessions."""
    return ExposureTables(
        np.zeros((stretches, len(_OF_LOT))), np.zeros((sessions, len(Book), len(MOVES), len(_OF_MOVE)))
    )


@njit(cache=True)
def _intrinsic(contract: Contract, prices: DayPrices) -> float:
    """Return the discounted intrinsic value of an option on its forward, points."""
    root, expiry = contract.root, contract.expiry
    discount = math.exp(-prices.rate * years_to_expiry(root, expiry, prices.day, prices.moment))
    gain = side(contract.right) * (forward_price(root, expiry, prices) - contract.strike)
    return discount * max(gain, 0.0)


@njit(cache=True)
def _add_greeks(contract: Contract, size: float, start: float, prices: DayPrices, row: NDArray[Any]) -> None:
    """Add P&L from `start` (points), delta, gamma, vega and theta of a lot, USD, to a row of the profile."""
    quote = quote_contract(contract, prices)
    row[0] += size * (quote.mid - start)
    if on_vix(contract.root):
        row[3] += size * quote.delta
    else:
        scale = underlying_scale(contract.root)
        row[1] += size * quote.delta * scale
        row[2] += size * quote.gamma * scale * scale
        row[3] += size * quote.vega
    row[4] += size * quote.theta


@njit(cache=True)
def _write_lot(lot: Any, size: float, prices: DayPrices, row: NDArray[Any]) -> float:
    """Write the exposures of a lot, USD, but for the crash, and return its mid in points."""
    contract = lot_contract(lot)
    greeks = np.zeros(5)
    _add_greeks(contract, size, 0.0, prices, greeks)
    row[0] = greeks[0]
    if is_future(contract.root):
        row[0] -= size * lot["entry_price"]
    elif contract.right != 0:
        row[1] = greeks[0] - size * _intrinsic(contract, prices)
        if on_vix(contract.root):
            row[5] = size * quote_contract(contract, prices).vega
    row[2], row[3], row[4], row[6] = greeks[1], greeks[2], greeks[3], greeks[4]
    return greeks[0] / size


@njit(cache=True)
def write_exposures(
    lots: Rows, stretches: NDArray[Any], prices: DayPrices, shock: Shock, of_lots: Floats, profile: Floats
) -> None:
    """Write the exposures of the lots held at a close, and the profile of each book.

    Parameters
    ----------
    lots, stretches
        Rows of `LOT` and of `positions.STRETCH`, (n,); the latter all held at the close of `prices`.
    prices, shock
        The close, and the shock of the study.
    of_lots, profile
        (n, 8) and (2, moves, 5), zeros: columns of `EXPOSURE_COLUMNS` and `PROFILE_COLUMNS` from the third on.
    """
    n = stretches.shape[0]
    mids, sizes = np.empty(n), np.empty(n)
    for i in range(n):
        lot = lots[stretches[i]["lot"]]
        sizes[i] = stretches[i]["contracts"] * contract_multiplier(lot["root"])
        mids[i] = _write_lot(lot, sizes[i], prices, of_lots[i])
    crash = shocked(prices, shock.spx_return, shock.vix_points)
    for i in range(n):
        contract = lot_contract(lots[stretches[i]["lot"]])
        of_lots[i, 7] = sizes[i] * (quote_contract(contract, crash).mid - mids[i])
    for m in range(len(MOVES)):
        after = prices
        if MOVES[m] != 0.0:
            after = shocked(prices, MOVES[m], -100.0 * MOVES[m] * shock.vix_points_per_percent)
        for i in range(n):
            lot = lots[stretches[i]["lot"]]
            _add_greeks(lot_contract(lot), sizes[i], mids[i], after, profile[lot["book"], m])


def exposure_frames(
    positions: Positions, market: Market, tables: ExposureTables
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the frames `exposures` and `profile` of an `Anatomy` from the tables of all sessions."""
    held = positions.stretches["until"] == Mark.CLOSE
    stretches = positions.stretches[held]
    lots = positions.lots[stretches["lot"]]
    keys = np.column_stack([stretches["session"], lots["book"], lots["layer"]])
    groups, sums = sum_by(keys, tables.of_lots[held])
    exposures = named_frame(groups, market, _OF_LOT, sums)
    return exposures, _profile_frame(keys[:, :2], positions, market, tables.profile)


def _profile_frame(
    keys: NDArray[np.int64], positions: Positions, market: Market, profile: Floats
) -> pd.DataFrame:
    """Return a row a session, book and move, of the books that held something."""
    books = np.unique(keys, axis=0)
    rows = profile[books[:, 0] - positions.sessions[0], books[:, 1]].reshape(-1, len(_OF_MOVE))
    frame = pd.DataFrame(rows, columns=list(_OF_MOVE))
    names = np.array([code_name(Book, code) for code in Book], dtype=object)
    frame.insert(0, "date", np.repeat(session_dates(market)[books[:, 0]], len(MOVES)))
    frame.insert(1, "book", np.repeat(names[books[:, 1]], len(MOVES)))
    frame.insert(2, "move", np.tile(np.array(MOVES), len(books)))
    return frame
