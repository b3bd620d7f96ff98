"""The projected internal rate of return of a book, with and without an order."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.book.codes import Book
from alvh_bt.book.records import Rows, lot_contract
from alvh_bt.config import Study
from alvh_bt.contracts import Root, contract_multiplier, is_future
from alvh_bt.costs.margin import worst_payoff
from alvh_bt.hedges.lifecycle import NO_CONDOR
from alvh_bt.pricing.day import (
    DayPrices,
    contract_mid,
    later_prices,
    moved_prices,
    points_moved,
    prices_moved_to,
    rolled,
)
from alvh_bt.pricing.spx_surface import SpxSurface, moved_surface, moved_surface_of

#: Five scenarios of the index, in deviations over the horizon, with discretised normal weights.
DEVIATIONS = (-2.0, -1.0, 0.0, 1.0, 2.0)
WEIGHTS = (0.0545, 0.2442, 0.4026, 0.2442, 0.0545)

#: The horizon of a book without a condor, calendar days.
NO_CONDOR_DAYS = 30


#: What `ProjectionTerms.known` is where nothing is kept.
NOTHING_KNOWN: Final = np.empty((0, 5, 4))


class ProjectionTerms(NamedTuple):
    """What a projection needs of the settings.

    `exit_dte` is the days to expiry at which condors are left, `points_per_percent` VIX's answer to a
    fall of 1% in the index, `vx_margin_rate` the deposit of futures as a share of their value. `known` keeps,
    (horizons, scenarios, nodes) for one session, the levels of total variance that were solved for (0.0: not
    yet): condors of one horizon share them. Without rows nothing is kept.
    """

    exit_dte: int
    points_per_percent: float
    vx_margin_rate: float
    known: NDArray[np.float64] = NOTHING_KNOWN


def projection_terms(study: Study) -> ProjectionTerms:
    """Return what projections need of a study."""
    return ProjectionTerms(
        study.condor.exit_dte, study.shock.vix_points_per_percent, study.costs.vx_margin_rate
    )


@njit(cache=True)
def projected_pnl(lots: Rows, prices: DayPrices, days: int, terms: ProjectionTerms) -> float:
    """Return the expected P&L of lots, USD, over `days` calendar days.

    Parameters
    ----------
    lots
        Rows of `LOT`.
    prices
        Prices at the decision.
    days
        Horizon, calendar days; the curve rolls down and options decay over it.
    terms
        How VIX answers the index, and what is known of the scenarios.

    Notes
    -----
    Five scenarios move the index by -2 to +2 deviations at VIX's own volatility, with VIX answering;
    weights are the normal density's, scaled to one.
    """
    with_vix = any_on_vix(lots)
    later = rolled(prices, days) if with_vix else later_prices(prices, days, prices.vxx, prices.uvxy)
    deviation = prices.vix_level / 100.0 * math.sqrt(days / 365.0)
    total = 0.0
    now = np.empty(lots.shape[0])
    for i in range(lots.shape[0]):
        now[i] = contract_mid(lot_contract(lots[i]), prices)
    for k in range(len(DEVIATIONS)):
        move = math.exp(DEVIATIONS[k] * deviation) - 1.0
        after = scenario(later, days, k, move, terms, with_vix)
        for i in range(lots.shape[0]):
            contract = lot_contract(lots[i])
            change = contract_mid(contract, after) - now[i]
            size = lots[i]["contracts"] * contract_multiplier(contract.root)
            total += WEIGHTS[k] * size * change
    return total


@njit(cache=True)
def any_on_vix(lots: Rows) -> bool:
    """Return whether any of the lots is written on VIX, a note included."""
    return bool((lots["root"] >= Root.VIX).any())


@njit(cache=True, forceinline=True)
def scenario(
    later: DayPrices, days: int, k: int, move: float, terms: ProjectionTerms, with_vix: bool
) -> DayPrices:
    """Return the prices `days` later in scenario `k`, the index up by the share `move` and VIX answering.

    Without VIX contracts (`with_vix`) their curve stays where it is.
    """
    points = -100.0 * move * terms.points_per_percent
    surface = scenario_surface(later, days, k, points_moved(later, points), terms)
    if with_vix:
        return moved_prices(later, move, points, surface)
    return prices_moved_to(later, move, points, surface, later.curve, later.vxx, later.uvxy)


@njit(cache=True)
def scenario_surface(
    later: DayPrices, days: int, k: int, points: float, terms: ProjectionTerms
) -> SpxSurface:
    """Return the surface after VIX moved by `points` in scenario `k`: solved for, or as found before."""
    if not 0 <= days < terms.known.shape[0]:
        return moved_surface(later.spx, points)
    theta = terms.known[days, k]
    if theta[0] * theta[1] * theta[2] * theta[3] == 0.0:
        surface = moved_surface(later.spx, points)
        for node in range(4):
            theta[node] = surface.node_theta[node]
        return surface
    return moved_surface_of(later.spx, points, (theta[0], theta[1], theta[2], theta[3]))


@njit(cache=True)
def money_tied_up(lots: Rows, condors: Rows, prices: DayPrices, vx_margin_rate: float) -> float:
    """Return what lots tie up, USD: worst payoffs of the condors, hedge premiums, futures' deposits."""
    capital = 0.0
    for row in range(condors.shape[0]):
        capital -= worst_payoff(lots, condors[row]["id"])
    for i in range(lots.shape[0]):
        lot = lots[i]
        if lot["book"] == Book.HEDGE:
            value = lot["contracts"] * contract_multiplier(lot["root"])
            value *= contract_mid(lot_contract(lot), prices)
            capital += abs(value) * (vx_margin_rate if is_future(lot["root"]) else 1.0)
    return capital


@njit(cache=True)
def annual_return(pnl: float, capital: float, days: int) -> float:
    """Return the rate a year that `pnl` on `capital` over `days` amounts to; NaN without capital.

    A loss of the capital or more is -1.0.
    """
    if capital <= 0.0 or days <= 0:
        return math.nan
    growth = 1.0 + pnl / capital
    return growth ** (365.0 / days) - 1.0 if growth > 0.0 else -1.0


@njit(cache=True)
def horizon_days(condors: Rows, row: int, day: int, exit_dte: int) -> int:
    """Return the calendar days from epoch day `day` to a condor's planned exit, at least 1."""
    condor = condors[row]
    leave = condor["expiry"] - (exit_dte if condor["entry_dte"] > exit_dte else 0)
    return max(1, int(leave - day))


@njit(cache=True)
def condor_irr(lots: Rows, condors: Rows, row: int, prices: DayPrices, terms: ProjectionTerms) -> float:
    """Return the projected return a year of a condor's own legs; NaN where it has none."""
    ours = lots[(lots["group"] == condors[row]["id"]) & (lots["book"] == Book.CONDOR)]
    if ours.shape[0] == 0:
        return math.nan
    days = horizon_days(condors, row, prices.day, terms.exit_dte)
    capital = money_tied_up(ours, condors[row : row + 1], prices, terms.vx_margin_rate)
    return annual_return(projected_pnl(ours, prices, days, terms), capital, days)


@njit(cache=True)
def with_projections(lots: Rows, condors: Rows, prices: DayPrices, terms: ProjectionTerms) -> Rows:
    """Return the condors with their projected returns brought up to this close, decimals a year."""
    rows = condors.copy()
    for row in range(rows.shape[0]):
        rows[row]["irr"] = condor_irr(lots, condors, row, prices, terms)
        if math.isnan(rows[row]["entry_irr"]):
            rows[row]["entry_irr"] = rows[row]["irr"]
    return rows


@njit(cache=True)
def book_irr(lots: Rows, condors: Rows, group: int, prices: DayPrices, terms: ProjectionTerms) -> float:
    """Return the projected return a year of a condor with its hedge, or of the whole book.

    Parameters
    ----------
    lots, condors
        Rows of `LOT` and `CONDOR`, as they would be after an order or without it.
    group
        Id of the condor; `NO_CONDOR` for the whole book, to the planned exit of its first condor.
    prices, terms
        The close, and the settings.

    Returns
    -------
    float
        Decimal a year; NaN where the condor has no legs or the book ties up no money.
    """
    if group == NO_CONDOR:
        days = NO_CONDOR_DAYS
        if condors.shape[0] > 0:
            days = horizon_days(condors, 0, prices.day, terms.exit_dte)
        capital = money_tied_up(lots, condors, prices, terms.vx_margin_rate)
        return annual_return(projected_pnl(lots, prices, days, terms), capital, days)
    for row in range(condors.shape[0]):
        if condors[row]["id"] != group:
            continue
        ours = lots[lots["group"] == group]
        if not np.any(ours["book"] == Book.CONDOR):
            return math.nan
        days = horizon_days(condors, row, prices.day, terms.exit_dte)
        capital = money_tied_up(ours, condors[row : row + 1], prices, terms.vx_margin_rate)
        return annual_return(projected_pnl(ours, prices, days, terms), capital, days)
    return math.nan
