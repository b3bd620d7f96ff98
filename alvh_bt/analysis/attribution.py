"""Where the P&L of a run came from: each day's, split by what moved, with the exposures that it came from."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.analysis.anatomy import ATTRIBUTION_COLUMNS, PARTS, Anatomy
from alvh_bt.analysis.attribution_kernel import Split, split_stretches, write_mids
from alvh_bt.analysis.day_sums import named_frame, sum_by
from alvh_bt.analysis.exposures import (
    ExposureTables,
    Shock,
    exposure_frames,
    exposure_tables,
    write_exposures,
)
from alvh_bt.analysis.positions import Mark, Positions, read_positions
from alvh_bt.book.codes import Book, Layer
from alvh_bt.book.records import Rows
from alvh_bt.config import Fill, Study
from alvh_bt.contracts import MULTIPLIERS, ROOT_NAMES, Right, code_name, is_future
from alvh_bt.engine.results import RunResult
from alvh_bt.market import Market
from alvh_bt.pricing.day import DayPrices
from alvh_bt.pricing.model import PriceModel

Floats = NDArray[np.float64]

#: The parts that the kernel finds; the others come from deals, and from the sum.
_MOVED: Final = Split._fields[:-1]


class _Group(NamedTuple):
    """Rows that stand between the same marks of one session."""

    rows: slice
    marks: tuple[int, ...]


class _Splits(NamedTuple):
    """What the prices of all days gave, row by row of the stretches and of the deals."""

    moves: Floats
    mids: Floats
    exposures: ExposureTables


def dissect(run: RunResult, market: Market, prices: PriceModel, study: Study) -> Anatomy:
    """Return what a run is made of, day by day: parts of its P&L, exposures and profile.

    Parameters
    ----------
    run
        The engine's frames; nothing else of the engine is needed.
    market, prices
        What it ran over. Each session's prices are asked for once, its opens only where orders were filled.
    study
        The run's own, for the time of fills and the shock.

    Notes
    -----
    Greeks are those of the mark before: the last close, or the open at which a position was bought.

    - theta: theta a day times the calendar days (a part of one between a close and an open).
    - roll_down: what time alone does beyond theta: the forward drifts to the index, the VIX curve and the
      smile's term structure are held by tenor. For the hedge, theta and roll_down are its `hedge_carry`.
    - rates: the rate, and the ratio of the forward to the index, change; the strike's volatility does not.
    - delta, gamma: the move of the index; of VIX options, of their future beyond its roll. A future's whole
      move beyond its roll is delta; a share's delta is to the 30-day VX position.
    - vega, vanna, volga: the change of the volatility *of the strike* beyond what time alone does.
    - costs: fees and the distance of each fill from the mid.
    - settlement: from the last mark to the settlement value, whatever moved.
    - unexplained: the rest. Parts and rest add up to `pnl`.

    Raises
    ------
    DataError
        When the run is not of this market.
    """
    positions = read_positions(run, market)
    shock = Shock(
        study.shock.spx_return, study.shock.vix_points, study.shock.vix_points_per_percent
    )
    splits = _split_all(positions, prices, study.book.fill, shock)
    exposures, profile = exposure_frames(positions, market, splits.exposures)
    return Anatomy(_attribution(positions, market, splits), exposures, profile)


def _split_all(positions: Positions, prices: PriceModel, fill: int, shock: Shock) -> _Splits:
    """Return the splits of all stretches and deals, session by session."""
    lots, stretches, deals, sessions = positions
    splits = _Splits(
        np.zeros((len(stretches), len(Split._fields))),
        np.zeros(len(deals)),
        exposure_tables(len(stretches), len(sessions)),
    )
    moved, dealt = _groups(stretches, ("since", "until")), _groups(deals, ("at",))
    last: DayPrices | None = None
    for k, i in enumerate(sessions.tolist()):
        at_open = fill == Fill.NEXT_OPEN and any(group.marks[0] == Mark.FILL for group in dealt[i])
        opened = prices.at_open(i) if at_open else None
        close = prices.at_close(i)
        marks = (last, opened or close, close)
        for rows, (since, until) in moved[i]:
            split_stretches(lots, stretches[rows], marks[since], marks[until], splits.moves[rows])
        for rows, (at,) in dealt[i]:
            write_mids(lots, deals[rows], marks[at], splits.mids[rows])
        held = [rows for rows, (_, until) in moved[i] if until == Mark.CLOSE]
        if held:
            # They stand one after the other, so that one slice holds them all.
            rows = slice(held[0].start, held[-1].stop)
            of_lots, profile = splits.exposures.of_lots[rows], splits.exposures.profile[k]
            write_exposures(lots, stretches[rows], close, shock, of_lots, profile)
        last = close
    return splits


def _groups(rows: NDArray[Any], names: tuple[str, ...]) -> defaultdict[int, list[_Group]]:
    """Return by session where the rows of the same marks are, in their order."""
    found: defaultdict[int, list[_Group]] = defaultdict(list)
    if not len(rows):
        return found
    keys = np.column_stack([rows["session"], *(rows[name] for name in names)])
    starts = np.concatenate([[0], np.flatnonzero((keys[1:] != keys[:-1]).any(axis=1)) + 1])
    stops = [*starts[1:].tolist(), len(rows)]
    for start, stop, (session, *marks) in zip(starts.tolist(), stops, keys[starts].tolist(), strict=True):
        found[session].append(_Group(slice(start, stop), tuple(marks)))
    return found


def _attribution(positions: Positions, market: Market, splits: _Splits) -> pd.DataFrame:
    """Return the parts of all stretches and deals, summed by day, book, layer and leg."""
    lots, stretches, deals, _ = positions
    size = np.array(MULTIPLIERS)[lots["root"][deals["lot"]]] * deals["contracts"]
    paid = -size * (deals["price"] - splits.mids)
    table = np.zeros((len(stretches) + len(deals), len(PARTS) + 1))
    moved, dealt = table[: len(stretches)], table[len(stretches) :]
    for column, name in enumerate(_MOVED):
        moved[:, PARTS.index(name)] = splits.moves[:, column]
    moved[:, -1] = splits.moves[:, -1]
    moved[:, PARTS.index("unexplained")] = moved[:, -1] - moved[:, :-1].sum(axis=1)
    dealt[:, PARTS.index("settlement")] = np.where(deals["settles"], paid, 0.0)
    dealt[:, PARTS.index("costs")] = np.where(deals["settles"], 0.0, paid) - deals["fees"]
    dealt[:, -1] = paid - deals["fees"]
    session = np.concatenate([stretches["session"], deals["session"]])
    lot = np.concatenate([stretches["lot"], deals["lot"]])
    keys = np.column_stack([session, lots["book"][lot], lots["layer"][lot], _leg_codes(lots)[lot]])
    groups, sums = sum_by(keys, table)
    frame = named_frame(groups[:, :3], market, (*PARTS, "pnl"), sums)
    frame.insert(3, "leg", [_leg_name(*row) for row in groups[:, 1:].tolist()])
    return frame[["date", *ATTRIBUTION_COLUMNS]]


def _leg_codes(lots: Rows) -> NDArray[np.int64]:
    """Return one code for each kind of contract: its root and right."""
    return np.asarray(lots["root"] * 3 + lots["right"] + 1)


def _leg_name(book: int, layer: int, code: int) -> str:
    """Return what a row of the attribution is called: the condor's leg, or the hedge's kind of contract."""
    if book == Book.CONDOR:
        return code_name(Layer, layer)
    root, right = ROOT_NAMES[code // 3], code % 3 - 1
    if right == Right.FUTURE:
        return f"{root} future" if is_future(code // 3) else root
    return f"{root} {'call' if right == Right.CALL else 'put'}"
