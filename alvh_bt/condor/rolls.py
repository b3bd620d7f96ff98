"""When a tested side of a condor is rolled, and where to."""

from __future__ import annotations

from alvh_bt.book.records import Action, Decision, Layer, Reason, extend, nothing
from alvh_bt.book.view import BookView, CondorView, Today
from alvh_bt.compiled import rule
from alvh_bt.condor.legs import close_legs, open_side
from alvh_bt.condor.strikes import expected_daily_range
from alvh_bt.config import CondorParams
from alvh_bt.contracts import Right, Root


@rule
def tested_side(condor: CondorView, params: CondorParams) -> int:
    """Return the side (`Right`) whose short strike is to be rolled, or 0."""
    if params.roll_delta <= 0.0:
        return 0
    put = condor.short_put_delta if condor.put_rolls < params.max_rolls else 0.0
    call = condor.short_call_delta if condor.call_rolls < params.max_rolls else 0.0
    if max(put, call) < params.roll_delta:
        return 0
    return Right.PUT if put >= call else Right.CALL


@rule
def may_roll(vix_level: float, params: CondorParams) -> bool:
    """Return whether VIX (vol points) lets a tested side be rolled.

    With `roll_vix` or `roll_range` set, VIX or the expected daily range must be above its own; where
    both are set either will do. With neither there is no such condition.
    """
    if params.roll_vix <= 0.0 and params.roll_range <= 0.0:
        return True
    if params.roll_vix > 0.0 and vix_level > params.roll_vix:
        return True
    return params.roll_range > 0.0 and expected_daily_range(vix_level, params.range_share) > params.roll_range


@rule
def later_expiry(today: Today, expiry: int, days_out: int) -> int:
    """Return the row in `today.spx` of the first expiry listed 1 to `days_out` days after `expiry`, or -1."""
    for row in range(today.spx.day.shape[0]):
        later = today.spx.day[row] - expiry
        if 1 <= later <= days_out and today.spx.listed_from[row] <= today.day:
            return row
    return -1


@rule
def roll_condor(
    today: Today, book: BookView, condor: CondorView, side: int, params: CondorParams
) -> Decision:
    """Return the orders that roll a tested side (`Right`), all in one package; none where nothing fits.

    Parameters
    ----------
    today, book, condor
        What is known at the close, and the condor that is tested.
    side
        `Right.PUT` or `Right.CALL`.
    params
        Without `roll_days_out` the side's two legs move within the expiry. With it the whole condor moves,
        all four legs: sides in two expiries would each be margined alone, at twice the deposit, and
        would no longer end on one day.
    """
    put = side == Right.PUT
    reason = Reason.ROLL_PUT if put else Reason.ROLL_CALL
    package = condor.id * 4 + (2 if put else 3)
    if params.roll_days_out > 0:
        return roll_out(today, book, condor, params, reason, package)
    opened = open_side(
        today, condor.root, side, condor.expiry, condor.contracts, condor.id, params, reason, package
    )
    if len(opened.orders) < 2:
        return nothing()
    first, last = (Layer.LONG_PUT, Layer.SHORT_PUT) if put else (Layer.SHORT_CALL, Layer.LONG_CALL)
    decision = close_legs(book, condor, first, last, reason, Action.ROLL, package)
    extend(decision, opened)
    return decision


@rule
def roll_out(
    today: Today, book: BookView, condor: CondorView, params: CondorParams, reason: int, package: int
) -> Decision:
    """Return the eight orders that move a condor to a later expiry; none where nothing is listed or fits."""
    row = later_expiry(today, condor.expiry, params.roll_days_out)
    if row < 0:
        return nothing()
    root = condor.root if condor.root == Root.XSP else today.spx.root[row]
    decision = close_legs(book, condor, Layer.LONG_PUT, Layer.LONG_CALL, reason, Action.ROLL, package)
    closing = len(decision.orders)
    for right in (Right.PUT, Right.CALL):
        opened = open_side(
            today, root, right, today.spx.day[row], condor.contracts, condor.id, params, reason, package
        )
        extend(decision, opened)
    return decision if len(decision.orders) == closing + 4 else nothing()
