"""Ladders of VIX calls in three tenors, held for the book as a whole.

A ladder is built with the first condor and stays on. The three of them differ in what rolls a bucket:
its days to expiry (and, for the near one, its time value), the calendar, or a spike of VIX. None of them
lets a call expire.
"""

from __future__ import annotations

import math
from typing import ClassVar

from alvh_bt.book.records import Action, Decision, Layer, Reason, nothing
from alvh_bt.book.view import BookView, Today
from alvh_bt.compiled import rule
from alvh_bt.config import Study
from alvh_bt.hedge_params import LadderParams
from alvh_bt.hedges.instruments import FRESH_DAYS, call_size, hedge_package
from alvh_bt.hedges.ladder_rolls import NO_REASON, RollRule, nearest_dte, roll_dte, roll_reason
from alvh_bt.hedges.ladder_sizes import Rung, Tenor, plan_ladder, tenors_of
from alvh_bt.hedges.lifecycle import NO_CONDOR
from alvh_bt.hedges.policy import Hedge
from alvh_bt.hedges.standing import (
    BUILD,
    ROLL,
    bucket_size,
    buy_standing,
    condor_is_planned,
    in_bucket,
    note_standing,
    sell_bucket,
    trim_bucket,
)


@rule
def ladder_tenors(roll_rule: int, params: LadderParams) -> tuple[Tenor, Tenor, Tenor]:
    """Return the tenors; nobody buys what is to be rolled within the week."""
    return tenors_of(
        params,
        roll_dte(Layer.NEAR, roll_rule, params) + FRESH_DAYS,
        roll_dte(Layer.MIDDLE, roll_rule, params) + FRESH_DAYS,
        roll_dte(Layer.FAR, roll_rule, params) + FRESH_DAYS,
    )


@rule
def rolls_into_itself(today: Today, book: BookView, rung: Rung, reason: int) -> bool:
    """Return whether a roll would change nothing: no later expiry is listed, or the same call is bought.

    A bucket that reached its days to expiry goes on to a later one; any other roll may keep the expiry.
    """
    if math.isnan(rung.contract.strike):
        return True
    for i in range(book.lots.shape[0]):
        lot = book.lots[i]
        if not in_bucket(lot, rung.layer, today):
            continue
        if reason == Reason.SET_DTE and rung.contract.expiry > lot["expiry"]:
            return False
        same = rung.contract.expiry == lot["expiry"] and rung.contract.strike == lot["strike"]
        if reason != Reason.SET_DTE and not same:
            return False
    return True


@rule
def buy_rung(
    decision: Decision, today: Today, rung: Rung, contracts: float, action: int, reason: int, part: int
) -> None:
    """Append the purchase of a rung, and the note where its tenor has no expiry of its own."""
    if math.isnan(rung.contract.strike):
        note_standing(decision, rung.layer, Reason.NOT_LISTED)
        return
    if contracts == 0.0:
        if rung.asked > 0.0:
            note_standing(decision, rung.layer, Reason.TOO_SMALL)
        return
    if rung.shared:
        note_standing(decision, rung.layer, Reason.NOT_LISTED)
    package = hedge_package(NO_CONDOR, rung.layer, part)
    decision.orders.append(buy_standing(today, rung.contract, contracts, rung.layer, action, reason, package))


@rule
def shift_near(
    decision: Decision,
    today: Today,
    book: BookView,
    near: float,
    middle: Rung,
    reason: int,
    share: float,
    sizes: int,
) -> None:
    """Append the orders that move a share of `near` calls to the middle tenor, in the near package.

    They take the place of the middle calls nearest to expiry, so that the middle bucket keeps its target.
    """
    contracts = call_size(share * near, sizes)
    if contracts == 0.0 or math.isnan(middle.contract.strike):
        return
    package = hedge_package(NO_CONDOR, Layer.NEAR, ROLL)
    held = bucket_size(today, book, Layer.MIDDLE)
    target = held if math.isnan(middle.contracts) else middle.contracts
    trim_bucket(decision, today, book, Layer.MIDDLE, held + contracts - target, reason, package)
    decision.orders.append(
        buy_standing(today, middle.contract, contracts, Layer.MIDDLE, Action.ROLL, reason, package)
    )


@rule
def roll_bucket(
    decision: Decision,
    today: Today,
    book: BookView,
    plan: tuple[Rung, Rung, Rung],
    rung: Rung,
    reason: int,
    shift_share: float,
    last_dte: int,
    sizes: int,
) -> None:
    """Append the roll of one bucket to its tenor and target; `shift_share` of it to the middle tenor.

    Where a roll would change nothing the bucket is kept, but sold once it is at its last days.
    """
    held = bucket_size(today, book, rung.layer)
    if reason != Reason.CALENDAR_ROLL and rolls_into_itself(today, book, rung, reason):
        if reason == Reason.SET_DTE and nearest_dte(today, book, rung.layer) <= last_dte:
            sell_bucket(decision, today, book, rung.layer, reason, Action.CLOSE)
            note_standing(decision, rung.layer, Reason.NOT_LISTED)
        return
    # With no condor to size it on, the bucket keeps its size.
    target = held if math.isnan(rung.contracts) else rung.contracts
    sell_bucket(decision, today, book, rung.layer, reason, Action.CLOSE if target == 0.0 else Action.ROLL)
    buy_rung(decision, today, rung, target, Action.ROLL, reason, ROLL)
    if rung.layer == Layer.NEAR and shift_share > 0.0 and target > 0.0:
        shift_near(decision, today, book, held, plan[1], reason, shift_share, sizes)


@rule
def decide_ladder(
    today: Today, book: BookView, roll_rule: int, params: LadderParams, notional_usd: float, sizes: int
) -> Decision:
    """Return a ladder's decision: buckets that are due rolled, empty ones built with a planned condor.

    Parameters
    ----------
    today, book
        What is known at the close.
    roll_rule
        `RollRule` code.
    params
        Tenors, weights, sizes and rolls.
    notional_usd
        The condor book's notional, of which the premium is a share.
    sizes
        `Sizes` code.
    """
    decision = nothing()
    planned = condor_is_planned(book)
    reasons = [
        roll_reason(today, book, Layer.NEAR, roll_rule, params),
        roll_reason(today, book, Layer.MIDDLE, roll_rule, params),
        roll_reason(today, book, Layer.FAR, roll_rule, params),
    ]
    if not planned and max(reasons) == NO_REASON:
        return decision
    plan = plan_ladder(today, book, ladder_tenors(roll_rule, params), params, notional_usd, sizes)
    # A middle bucket that rolls by itself on this close goes to its target: nothing is moved into it.
    shifts = roll_rule == RollRule.SET_DTE and reasons[1] == NO_REASON
    shift_share = params.shift_share if shifts else 0.0
    for k in range(3):
        rung = plan[k]
        if reasons[k] != NO_REASON:
            roll_bucket(decision, today, book, plan, rung, reasons[k], shift_share, params.last_dte, sizes)
        elif planned and bucket_size(today, book, rung.layer) == 0.0 and not math.isnan(rung.contracts):
            buy_rung(decision, today, rung, rung.contracts, Action.OPEN, Reason.LADDER_BUILT, BUILD)
        elif planned and math.isnan(rung.contract.strike):
            note_standing(decision, rung.layer, Reason.NOT_LISTED)
    return decision


class Ladder(Hedge):
    """Base of the three ladders; `roll_rule` says what rolls a bucket."""

    roll_rule: ClassVar[int]

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self.settings = (study.ladder, study.book.notional_usd, int(study.book.contracts))

    def decide(self, today: Today, book: BookView) -> Decision:
        """Return the decision of `decide_ladder`."""
        return decide_ladder(today, book, self.roll_rule, *self.settings)


class Ladder442(Ladder):
    """Rolled at set days to expiry; the near calls also when their time value is used up, half of them on."""

    name: ClassVar[str] = "ladder-442"
    roll_rule: ClassVar[int] = RollRule.SET_DTE


class LadderCalendar(Ladder):
    """All buckets struck anew after so many days."""

    name: ClassVar[str] = "ladder-calendar"
    roll_rule: ClassVar[int] = RollRule.CALENDAR


class LadderSpike(Ladder):
    """Profits taken and struck anew on a spike of VIX, and otherwise only before expiry."""

    name: ClassVar[str] = "ladder-spike"
    roll_rule: ClassVar[int] = RollRule.SPIKE
