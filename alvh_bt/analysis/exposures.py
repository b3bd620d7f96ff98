"""What a book holds at each close: its Greeks, its P&L in a crash, and its profile under moves."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.analysis.anatomy import EXPOSURE_COLUMNS, MOVES, PROFILE_COLUMNS
from alvh_bt.analysis.day_sums import named_frame, session_dates, sum_by
from alvh_bt.analysis.lot_quotes import Column
from alvh_bt.analysis.marked_days import MarkedDays
from alvh_bt.analysis.positions import Mark, Positions
from alvh_bt.book.codes import Book
from alvh_bt.contracts import MULTIPLIERS, Right, Root, code_name
from alvh_bt.market import Market

Floats = NDArray[np.float64]

_OF_LOT: Final = EXPOSURE_COLUMNS[2:]
_OF_MOVE: Final = PROFILE_COLUMNS[2:]


def exposure_frame(positions: Positions, market: Market, days: MarkedDays) -> pd.DataFrame:
    """Return `Anatomy.exposures`: a row a session, book and layer held at the close.

    Intrinsic value is that of the option on its forward, discounted, so that time value is what the option
    is worth beyond it: never below 0 for one unit.
    """
    held = positions.stretches["until"] == Mark.CLOSE
    stretches, quotes, rate = positions.stretches[held], days.end[held], days.rate_after[held]
    lots = positions.lots[stretches["lot"]]
    root, right = lots["root"], lots["right"]
    size = stretches["contracts"] * np.array(MULTIPLIERS)[root]
    futures, options = (root == Root.VX) | (root == Root.VXM), right != Right.FUTURE
    on_spx = root < Root.VIX
    # The sensitivities of XSP options are to a tenth of the index.
    scale = np.where(root == Root.XSP, 0.1, 1.0)
    mid, vega = quotes[:, Column.MID], size * quotes[:, Column.VEGA]
    gain = right * (quotes[:, Column.FORWARD] - lots["strike"])
    intrinsic = np.exp(-rate * quotes[:, Column.TAU]) * np.maximum(gain, 0.0)
    delta = size * quotes[:, Column.DELTA]
    values = np.column_stack(
        [
            size * (mid - np.where(futures, lots["entry_price"], 0.0)),
            np.where(options, size * (mid - intrinsic), 0.0),
            np.where(on_spx, delta * scale, 0.0),
            np.where(on_spx, size * quotes[:, Column.GAMMA] * scale**2, 0.0),
            np.where(on_spx, vega, delta),
            np.where(on_spx, 0.0, vega),
            size * quotes[:, Column.THETA],
            days.crash[held],
        ]
    )
    keys = np.column_stack([stretches["session"], lots["book"], lots["layer"]])
    groups, sums = sum_by(keys, values)
    return named_frame(groups, market, _OF_LOT, sums)


def profile_frame(positions: Positions, market: Market, days: MarkedDays) -> pd.DataFrame:
    """Return `Anatomy.profile`: a row a session, book and move, of the books that held something."""
    stretches = positions.stretches[positions.stretches["until"] == Mark.CLOSE]
    held = np.column_stack([stretches["session"], positions.lots["book"][stretches["lot"]]])
    books = np.unique(held, axis=0)
    rows = days.profile[books[:, 0] - positions.sessions[0], books[:, 1]].reshape(-1, len(_OF_MOVE))
    frame = pd.DataFrame(rows, columns=list(_OF_MOVE))
    names = np.array([code_name(Book, code) for code in Book], dtype=object)
    frame.insert(0, "date", np.repeat(session_dates(market)[books[:, 0]], len(MOVES)))
    frame.insert(1, "book", np.repeat(names[books[:, 1]], len(MOVES)))
    frame.insert(2, "move", np.tile(np.array(MOVES), len(books)))
    return frame
