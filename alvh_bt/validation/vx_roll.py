"""Rolled positions in VIX futures, as the S&P 500 VIX futures indices hold them.

Every session a part of the nearest contract goes into a further one, so that the mean maturity stays. At
the close of session t, with d the session after, the contract that settles next after d carries the weight
w = (sessions from d up to the next settlement, exclusive) / (sessions from the settlement before up to the
next, exclusive), and the contract at the far end 1 - w. All of a contract is gone by the close before it
settles.

Source: S&P Dow Jones Indices, "S&P VIX Futures Indices Methodology", contract rolling weights.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh_bt.calendars import vx_expiry
from alvh_bt.contracts import calendar_date, epoch_day
from alvh_bt.market.market import Market
from alvh_bt.sessions import scheduled_and_held

Floats = NDArray[np.float64]
Days = NDArray[np.int64]

#: Contracts of the rolled position counted from the nearest: first and last, both partly held.
SHORT_TERM: Final = (0, 1)
MID_TERM: Final = (3, 6)


class Settlements(NamedTuple):
    """What a rolled position needs of each session.

    `expiry` (n, m) are the settlement days of the m nearest contracts after the *next* session, epoch days;
    `weight` (n,) the share of the nearest; both are known at the close of the session, from the calendar.
    """

    expiry: Days
    weight: Floats


def roll_schedule(sessions: Days, expiries: Days, months: int) -> Settlements:
    """Return the contracts and the weight of the nearest at the close of each session.

    Parameters
    ----------
    sessions
        Epoch days, ascending, shape (n,).
    expiries
        Settlement days of all contracts, ascending.
    months
        How many contracts to name; 0 stands for one that `expiries` lacks.
    """
    scheduled = scheduled_and_held()[0]
    following = scheduled[np.searchsorted(scheduled, sessions, side="right")]
    nearest = np.searchsorted(expiries, following, side="right")
    padded = np.concatenate([expiries, np.zeros(months + 1, dtype=np.int64)])
    expiry = padded[nearest[:, None] + np.arange(months)]
    end = expiry[:, 0]
    start = np.where(nearest > 0, expiries[np.maximum(nearest - 1, 0)], 0)
    at = np.searchsorted(scheduled, np.column_stack([start, following, end]))
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = (at[:, 2] - at[:, 1]) / (at[:, 2] - at[:, 0])
    known = (start > 0) & (end > 0)
    return Settlements(expiry, np.where(known, weight, np.nan))


def rolled_returns(market: Market, span: tuple[int, int] = SHORT_TERM) -> Floats:
    """Return the daily return of the rolled futures with bill interest, of shape (n,), before fees.

    Parameters
    ----------
    market
        Settlements of VIX futures and the bill rate.
    span
        First and last contract held, counted from the nearest: (0, 1) is the short-term index of S&P,
        (3, 6) the mid-term one.

    Returns
    -------
    numpy.ndarray
        Fractions; NaN where a settlement is missing, and in the first row.
    """
    first, last = span
    known = np.unique(market.vx_expiry[market.vx_expiry > 0])
    if not len(known):
        return np.full(len(market.days), np.nan)
    schedule = roll_schedule(market.days, _with_the_one_before(known), last + 1)
    contracts = range(first, last + 1)
    held = np.stack(
        [schedule.weight, *[np.ones(len(market.days))] * (last - first - 1), 1.0 - schedule.weight]
    )
    before = np.stack([_settlement(market, schedule.expiry[:-1, k], 0) for k in contracts])
    after = np.stack([_settlement(market, schedule.expiry[:-1, k], 1) for k in contracts])
    # A contract of no weight may have no settlement: it settles that very day.
    part = np.where(held[:, :-1] > 0.0, held[:, :-1] * np.stack([before, after]), 0.0)
    cost, value = part.sum(axis=1)
    days = np.diff(market.days)
    interest = np.nan_to_num(market.columns["rate"][:-1]) * days / 365.0
    known_weight = np.isfinite(schedule.weight[:-1]) & (cost > 0.0)
    result = np.full(len(market.days), np.nan)
    result[1:] = np.divide(value, cost, out=np.full(len(cost), np.nan), where=known_weight) - 1.0 + interest
    return result


def _with_the_one_before(expiries: Days) -> Days:
    """Return the settlement days with that of the month before the first, which the first roll needs."""
    first = calendar_date(int(expiries[0]))
    month = (first.year - 1, 12) if first.month == 1 else (first.year, first.month - 1)
    return np.concatenate([[epoch_day(vx_expiry(*month))], expiries])


def _settlement(market: Market, expiry: Days, later: int) -> Floats:
    """Return for each row but the last the settlement of `expiry`, `later` sessions on; NaN where unknown."""
    rows = slice(later, len(market.days) - 1 + later)
    same = (market.vx_expiry[rows] == expiry[:, None]) & (expiry[:, None] > 0)
    value = np.where(same, market.vx_settle[rows], 0.0).sum(axis=1)
    return np.where(same.any(axis=1), value, np.nan)
