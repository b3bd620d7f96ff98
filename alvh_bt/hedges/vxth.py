"""Cboe's tail hedge index: one-month VIX calls of 30 delta, bought on each VIX settlement day.

What they cost is a share of NAV by the level of the VIX future that settles with them: nothing in calm
and in panic, most in between. They are held to settlement.

Source: Cboe, "Cboe VIX Tail Hedge Index (VXTH)", index description.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from alvh_bt.book.records import Action, Decision, Layer, Reason, nothing
from alvh_bt.book.view import BookView, Today
from alvh_bt.compiled import rule
from alvh_bt.config import Study
from alvh_bt.contracts import Root, contract_multiplier
from alvh_bt.hedge_params import VxthParams
from alvh_bt.hedges.instruments import call_of_delta, call_size, hedge_package
from alvh_bt.hedges.lifecycle import NO_CONDOR
from alvh_bt.hedges.policy import Hedge
from alvh_bt.hedges.standing import BUILD, bucket_size, buy_standing, note_standing
from alvh_bt.pricing.day import forward_price, quote_contract


@rule
def call_share(future: float, params: VxthParams) -> float:
    """Return the share of the portfolio that goes into VIX calls at a roll.

    Parameters
    ----------
    future
        The VIX future that settles with the calls, points.
    params
        The levels and the shares.

    Examples
    --------
    >>> [call_share(level, VxthParams()) for level in (15.0, 15.01, 30.0, 30.01, 50.0, 50.01)]
    [0.0, 0.01, 0.01, 0.005, 0.005, 0.0]
    """
    if future <= params.low or future > params.top:
        return 0.0
    return params.full_share if future <= params.high else params.half_share


@rule
def is_roll_day(today: Today) -> bool:
    """Return whether today's orders are filled on a monthly VIX settlement day.

    The futures' calendar is asked, since real quotes leave only quoted expiries of the options.
    """
    row = np.searchsorted(today.vx.day, today.fill_day)
    return bool(row < today.vx.day.shape[0] and today.vx.day[row] == today.fill_day)


@rule
def next_monthly(today: Today) -> int:
    """Return the first VIX option expiry after the fill that is listed, or -1."""
    for row in range(np.searchsorted(today.vix.day, today.fill_day + 1), today.vix.day.shape[0]):
        if today.vix.listed_from[row] <= today.day:
            return int(today.vix.day[row])
    return -1


@rule
def decide_vxth(today: Today, book: BookView, params: VxthParams, sizes: int) -> Decision:
    """Return the tail hedge's decision: on the roll day, the month's calls; nothing on any other.

    Parameters
    ----------
    today, book
        What is known at the close; the calls cost a share of the book's NAV.
    params
        Delta, levels and shares.
    sizes
        `Sizes` code.
    """
    decision = nothing()
    if not is_roll_day(today) or bucket_size(today, book, Layer.TAIL) > 0.0:
        return decision
    call = call_of_delta(today, next_monthly(today), params.call_delta)
    if math.isnan(call.strike):
        note_standing(decision, Layer.TAIL, Reason.NOT_LISTED)
        return decision
    share = call_share(forward_price(Root.VIX, call.expiry, today.prices), params)
    price = quote_contract(call, today.prices).mid * contract_multiplier(Root.VIX)
    if share == 0.0 or not price > 0.0:
        return decision
    calls = call_size(share * book.nav / price, sizes)
    if calls > 0.0:
        package = hedge_package(NO_CONDOR, Layer.TAIL, BUILD)
        decision.orders.append(
            buy_standing(today, call, calls, Layer.TAIL, Action.OPEN, Reason.TAIL_CALLS, package)
        )
    else:
        note_standing(decision, Layer.TAIL, Reason.TOO_SMALL)
    return decision


class Vxth(Hedge):
    """One-month VIX calls by the published table, held to settlement."""

    name: ClassVar[str] = "vxth"

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self.settings = (study.vxth, int(study.book.contracts))

    def decide(self, today: Today, book: BookView) -> Decision:
        """Return the decision of `decide_vxth`."""
        return decide_vxth(today, book, *self.settings)
