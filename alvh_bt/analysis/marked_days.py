"""Every session of a run, marked: the quotes of what it held, as they came and if only time had passed."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh_bt.analysis.anatomy import MOVES
from alvh_bt.analysis.lot_quotes import (
    PROFILE_WIDTH,
    Column,
    days_between,
    let_pass,
    position_move,
    quote_lots,
)
from alvh_bt.analysis.positions import Mark, Positions
from alvh_bt.book.codes import Book
from alvh_bt.config import Fill, ShockParams
from alvh_bt.contracts import Root
from alvh_bt.pricing.day import DayPrices
from alvh_bt.pricing.model import PriceModel

Floats = NDArray[np.float64]

_NO_MOVES = np.zeros((0, 2))
_NO_CRASH, _NO_PROFILE = np.zeros(0), np.zeros((2, 0, PROFILE_WIDTH))


class MarkedDays(NamedTuple):
    """Quotes of a run's positions, and the markets' state; row by row of its stretches, deals and sessions.

    `start`, `idle` and `end` are the quotes of each stretch at its first mark, at its last mark if only
    time had passed, and there as it came, (n, 10), columns as `Column`. `days` (calendar), `spot_before`,
    `spot_after`, `rate_before`, `rate_after` and `note_move` (points by which the 30-day VX position moved
    beyond its roll; 0 where no share is held) are (n,). `mids` are the mids of deals, points. `crash` is the
    P&L of each stretch that reaches a close in the study's shock, USD, (n,). `profile` is (s, 2, moves, 5).
    """

    start: Floats
    idle: Floats
    end: Floats
    days: Floats
    spot_before: Floats
    spot_after: Floats
    rate_before: Floats
    rate_after: Floats
    note_move: Floats
    mids: Floats
    crash: Floats
    profile: Floats


class _Columns(NamedTuple):
    """Which lots, and how many contracts, in arrays of one type: for each type the kernel is compiled."""

    lot: NDArray[np.int64]
    contracts: Floats

    @classmethod
    def of(cls, rows: NDArray[Any]) -> _Columns:
        return cls(np.ascontiguousarray(rows["lot"]), np.ascontiguousarray(rows["contracts"]))

    def cut(self, rows: slice) -> tuple[NDArray[np.int64], Floats]:
        return self.lot[rows], self.contracts[rows]


class _Group(NamedTuple):
    """Rows of one session that stand between the same marks."""

    rows: slice
    marks: tuple[int, ...]


def mark_days(positions: Positions, prices: PriceModel, fill: int, shock: ShockParams) -> MarkedDays:
    """Return the quotes of all positions at all their marks.

    Parameters
    ----------
    positions
        What the run held.
    prices
        What it ran on; each session is asked for once, its open only where orders were filled.
    fill
        A `choices.Fill`.
    shock
        The crash, and VIX's answer to the moves of `MOVES`.
    """
    days = _empty(positions)
    of_deals = np.zeros((len(positions.deals), len(Column)))
    stretches, deals = _Columns.of(positions.stretches), _Columns.of(positions.deals)
    moved, dealt = _groups(positions.stretches, ("since", "until")), _groups(positions.deals, ("at",))
    shares = bool(np.isin(positions.lots["root"], (Root.VXX, Root.UVXY)).any())
    moves = shock_moves(shock)
    last: Any = None
    for k, i in enumerate(positions.sessions.tolist()):
        fills = [rows for rows, (at,) in dealt[i] if at == Mark.FILL]
        opened = prices.at_open(i) if fills and fill == Fill.NEXT_OPEN else None
        close = prices.at_close(i)
        marks = (last, opened or close, close)
        for rows in fills:
            plain = (_NO_MOVES, of_deals[rows], _NO_CRASH, _NO_PROFILE)
            quote_lots(positions.lots, *deals.cut(rows), opened or close, *plain)
        for rows, (since, until) in moved[i]:
            before, after = marks[since], marks[until]
            idled = let_pass(before, after.day, after.moment, shares)
            plain = (_NO_MOVES, days.idle[rows], _NO_CRASH, _NO_PROFILE)
            quote_lots(positions.lots, *stretches.cut(rows), idled, *plain)
            _note_state(before, after, shares, rows, days)
        held = [rows for rows, (_, until) in moved[i] if until == Mark.CLOSE]
        if held:
            # They stand one after the other, so that one slice holds them all.
            rows = slice(held[0].start, held[-1].stop)
            told = (days.end[rows], days.crash[rows], days.profile[k])
            quote_lots(positions.lots, *stretches.cut(rows), close, moves, *told)
        last = close
    return _joined(positions, days, of_deals)


def shock_moves(shock: ShockParams) -> Floats:
    """Return the moves of `quote_lots`, (1 + moves, 2): the crash, then `MOVES` with VIX's answer."""
    answers = [(move, -100.0 * move * shock.vix_points_per_percent) for move in MOVES]
    return np.array([(shock.spx_return, shock.vix_points), *answers])


def _empty(positions: Positions) -> MarkedDays:
    n = len(positions.stretches)
    return MarkedDays(
        start=np.zeros((n, len(Column))),
        idle=np.zeros((n, len(Column))),
        end=np.zeros((n, len(Column))),
        days=np.zeros(n),
        spot_before=np.zeros(n),
        spot_after=np.zeros(n),
        rate_before=np.zeros(n),
        rate_after=np.zeros(n),
        note_move=np.zeros(n),
        mids=np.zeros(len(positions.deals)),
        crash=np.zeros(n),
        profile=np.zeros((len(positions.sessions), len(Book), len(MOVES), PROFILE_WIDTH)),
    )


def _note_state(before: DayPrices, after: DayPrices, shares: bool, rows: slice, days: MarkedDays) -> None:
    """Write the state of the markets at the two marks of some stretches."""
    passed = days.days[rows] = days_between(before, after)
    days.spot_before[rows], days.spot_after[rows] = before.spot, after.spot
    days.rate_before[rows], days.rate_after[rows] = before.rate, after.rate
    if shares:
        days.note_move[rows] = position_move(before.curve, after.curve, passed)


def _joined(positions: Positions, days: MarkedDays, of_deals: Floats) -> MarkedDays:
    """Return the days with the quotes that one row has from another: the last close's, and the fills'."""
    stretches, deals = positions.stretches, positions.deals
    closes = stretches["until"] == Mark.CLOSE
    at_close = _Finder(stretches["session"][closes], stretches["lot"][closes], days.end[closes])
    fills = deals["at"] == Mark.FILL
    at_fill = _Finder(deals["session"][fills], deals["lot"][fills], of_deals[fills])
    carried, bought, sold = (
        stretches["since"] == Mark.LAST,
        stretches["since"] == Mark.FILL,
        stretches["until"] == Mark.FILL,
    )
    days.start[carried] = at_close(stretches["session"][carried] - 1, stretches["lot"][carried])
    days.start[bought] = at_fill(stretches["session"][bought], stretches["lot"][bought])
    days.end[sold] = at_fill(stretches["session"][sold], stretches["lot"][sold])
    days.mids[fills] = of_deals[fills, Column.MID]
    before = at_close(deals["session"][~fills] - 1, deals["lot"][~fills])
    days.mids[~fills] = before[:, Column.MID]
    return days


class _Finder:
    """Finds the quotes of lots in sessions among rows of quotes; all that is asked for must be there."""

    def __init__(self, sessions: NDArray[Any], lots: NDArray[Any], quotes: Floats) -> None:
        self._width = int(lots.max(initial=0)) + 1
        keys = sessions * self._width + lots
        self._order = np.argsort(keys, kind="stable")
        self._keys, self._quotes = keys[self._order], quotes

    def __call__(self, sessions: NDArray[Any], lots: NDArray[Any]) -> Floats:
        at = np.searchsorted(self._keys, sessions * self._width + lots)
        return self._quotes[self._order[at]]


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
