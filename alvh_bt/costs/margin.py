"""Margin: the worst that a condor can pay at expiry, and the deposit of a future."""

from __future__ import annotations

from numba import njit

from alvh_bt.book.records import Book, Rows
from alvh_bt.compiled import rule
from alvh_bt.config import CostParams
from alvh_bt.contracts import contract_multiplier, is_future


@rule
def intrinsic(right: int, strike: float, level: float) -> float:
    """Return an option's value at expiry, points, with the index (in the option's units) at `level`."""
    return max(0.0, right * (level - strike))


@njit(cache=True)
def group_payoff(lots: Rows, group: int, level: float) -> float:
    """Return what the condor lots of a group pay at expiry at `level`, USD (negative: they cost)."""
    total = 0.0
    for i in range(lots.shape[0]):
        lot = lots[i]
        if lot["book"] == Book.CONDOR and lot["group"] == group:
            value = intrinsic(lot["right"], lot["strike"], level)
            total += lot["contracts"] * contract_multiplier(lot["root"]) * value
    return total


@njit(cache=True)
def worst_payoff(lots: Rows, group: int) -> float:
    """Return the worst payoff of a condor at expiry, USD <= 0, over all its strikes.

    The payoff is piecewise linear with kinks at the strikes only and flat beyond the wings (each
    short leg has one), so that the strikes are enough; wings may differ in width. A level of zero
    covers a put leg left without its wing.
    """
    worst = min(0.0, group_payoff(lots, group, 0.0))
    for i in range(lots.shape[0]):
        if lots[i]["book"] == Book.CONDOR and lots[i]["group"] == group:
            worst = min(worst, group_payoff(lots, group, lots[i]["strike"]))
    return worst


@njit(cache=True)
def condor_margin(lots: Rows, condors: Rows) -> float:
    """Return the margin of all condors, USD: worst payoff less the credit received, each >= 0."""
    total = 0.0
    for row in range(condors.shape[0]):
        condor = condors[row]
        credit = condor_credit(condor["root"], condor["contracts"], condor["credit_points"])
        total += max(0.0, -worst_payoff(lots, condor["id"]) - credit)
    return total


@njit(cache=True)
def required_money(lots: Rows, marks: Rows, condors: Rows, costs: CostParams) -> float:
    """Return the money that must be at hand, USD: worst condor payoffs and futures' deposits."""
    total = hedge_margin(lots, marks, costs)
    for row in range(condors.shape[0]):
        total -= worst_payoff(lots, condors[row]["id"])
    return total


@rule
def condor_credit(root: int, contracts: float, credit_points: float) -> float:
    """Return a condor's net credit, USD."""
    return credit_points * contracts * contract_multiplier(root)


@njit(cache=True)
def hedge_margin(lots: Rows, marks: Rows, costs: CostParams) -> float:
    """Return the deposit for futures, USD; bought options are paid in full and need none."""
    total = 0.0
    for i in range(lots.shape[0]):
        if is_future(lots[i]["root"]):
            value = abs(lots[i]["contracts"]) * contract_multiplier(lots[i]["root"]) * marks[i]["mid"]
            total += costs.vx_margin_rate * value
    return total
