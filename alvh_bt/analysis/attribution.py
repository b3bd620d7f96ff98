"""Where the P&L of a run came from: each day's, split by what moved, with the exposures that it came from."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.analysis.anatomy import ATTRIBUTION_COLUMNS, PARTS, Anatomy
from alvh_bt.analysis.day_sums import named_frame, sum_by
from alvh_bt.analysis.exposures import exposure_frame, profile_frame
from alvh_bt.analysis.lot_quotes import Column
from alvh_bt.analysis.marked_days import MarkedDays, mark_days
from alvh_bt.analysis.positions import Positions, read_positions
from alvh_bt.book.codes import Book, Layer
from alvh_bt.book.records import Rows
from alvh_bt.config import Study
from alvh_bt.contracts import MULTIPLIERS, ROOT_NAMES, Right, Root, code_name, is_future
from alvh_bt.engine.results import RunResult
from alvh_bt.market import Market
from alvh_bt.pricing.black import price_delta_vega
from alvh_bt.pricing.model import PriceModel

Floats = NDArray[np.float64]

_COSTS, _SETTLEMENT, _UNEXPLAINED = (PARTS.index(name) for name in ("costs", "settlement", "unexplained"))


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
      smile's term structure are held by tenor. On days without a trade or
      settlement of the hedge, its theta and roll_down add up to `hedge_carry`.
    - rates: the rate, and the ratio of the forward to the index, change; the strike's volatility does not.
    - delta, gamma: the move of the index; of VIX options, of their future beyond its roll. A future's whole
      move beyond its roll is delta; a share's delta is to the 30-day VX position.
    - vega, vanna, volga: the change of the volatility *of the strike* beyond what time alone does.
    - costs: fees and the distance of each fill from the mid.
    - settlement: from the last mark to the settlement value, whatever moved.
    - unexplained: the rest, mostly that Greeks change as time passes (charm, veta), and on days of crisis
      what is of third order. Parts and rest add up to `pnl`.

    Raises
    ------
    DataError
        When the run is not of this market.
    """
    positions = read_positions(run, market)
    days = mark_days(positions, prices, study.book.fill, study.shock)
    return Anatomy(
        _attribution(positions, market, days),
        exposure_frame(positions, market, days),
        profile_frame(positions, market, days),
    )


def _split(positions: Positions, days: MarkedDays) -> Floats:
    """Return the parts of all stretches, points, (n, len(PARTS)), what is unexplained left at 0.

    One thing changes after the other: time passes, then rates and the forward's ratio to the index, then the
    underlying and the volatility move.
    """
    lots = positions.lots[positions.stretches["lot"]]
    root = lots["root"]
    start, idle, end = days.start, days.idle, days.end
    option, share = lots["right"] != Right.FUTURE, (root == Root.VXX) | (root == Root.UVXY)
    rates = np.zeros(len(lots))
    rates[option] = _rates(lots[option], days, option)
    move = np.where(root < Root.VIX, _spot_move(root, days), end[:, Column.FORWARD] - idle[:, Column.FORWARD])
    move = np.where(share, days.note_move, move)
    points = np.where(option, 100.0 * (end[:, Column.SIGMA] - idle[:, Column.SIGMA]), 0.0)
    theta = start[:, Column.THETA] * days.days
    parts = {
        "delta": start[:, Column.DELTA] * move,
        "gamma": 0.5 * start[:, Column.GAMMA] * move**2,
        "vega": start[:, Column.VEGA] * points,
        "theta": theta,
        "roll_down": idle[:, Column.MID] - start[:, Column.MID] - theta,
        "vanna": start[:, Column.VANNA] * move * points,
        "volga": 0.5 * start[:, Column.VOLGA] * points**2,
        "rates": rates,
    }
    nothing = np.zeros(len(lots))
    return np.column_stack([parts.get(name, nothing) for name in PARTS])


def _spot_move(root: NDArray[np.int64], days: MarkedDays) -> Floats:
    """Return the move of the index, points of the root's own."""
    scale = np.where(root == Root.XSP, 0.1, 1.0)
    return np.asarray(scale * (days.spot_after - days.spot_before))


def _rates(lots: Rows, days: MarkedDays, rows: NDArray[np.bool_]) -> Floats:
    """Return what new rates do to options, points: the volatility of the strike and the index held."""
    idle, end = days.idle[rows], days.end[rows]
    held = idle[:, Column.FORWARD]
    same_index = end[:, Column.FORWARD] * days.spot_before[rows] / days.spot_after[rows]
    turned = np.where(lots["root"] < Root.VIX, same_index, held)
    terms = (lots["strike"], idle[:, Column.TAU], idle[:, Column.SIGMA])
    after, _, _ = price_delta_vega(turned, *terms, days.rate_after[rows], lots["right"])
    before, _, _ = price_delta_vega(held, *terms, days.rate_before[rows], lots["right"])
    return after - before


def _attribution(positions: Positions, market: Market, days: MarkedDays) -> pd.DataFrame:
    """Return the parts of all stretches and deals, summed by day, book, layer and leg."""
    lots, stretches, deals, _ = positions
    multiplier = np.array(MULTIPLIERS)[lots["root"]]
    size = multiplier[stretches["lot"]] * stretches["contracts"]
    table = np.zeros((len(stretches) + len(deals), len(PARTS) + 1))
    moved, dealt = table[: len(stretches)], table[len(stretches) :]
    moved[:, :-1] = size[:, None] * _split(positions, days)
    moved[:, -1] = size * (days.end[:, Column.MID] - days.start[:, Column.MID])
    moved[:, _UNEXPLAINED] = moved[:, -1] - moved[:, :-1].sum(axis=1)
    got = -multiplier[deals["lot"]] * deals["contracts"] * (deals["price"] - days.mids)
    dealt[:, _SETTLEMENT] = np.where(deals["settles"], got, 0.0)
    # Adding 0.0 turns -0.0 into 0.0, which reads as a loss.
    dealt[:, _COSTS] = np.where(deals["settles"], 0.0, got) - deals["fees"] + 0.0
    dealt[:, -1] = got - deals["fees"] + 0.0
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
