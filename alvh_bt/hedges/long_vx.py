"""A standing position in the front VX future, rolled before it settles."""

from __future__ import annotations

from typing import ClassVar

from alvh_bt.book.records import Action, Decision, Layer, Reason, nothing
from alvh_bt.book.view import BookView, Today
from alvh_bt.compiled import rule
from alvh_bt.config import Study
from alvh_bt.contracts import Right, make_contract
from alvh_bt.hedge_params import LongVxParams
from alvh_bt.hedges.instruments import FRESH_DAYS, front_month, future_size, hedge_package
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
)


@rule
def front_is_due(today: Today, book: BookView, expiry: int, days: int) -> bool:
    """Return whether a future is held that is `days` or less from settlement, and `expiry` is later."""
    for i in range(book.lots.shape[0]):
        lot = book.lots[i]
        near = in_bucket(lot, Layer.FRONT, today) and lot["expiry"] - today.fill_day <= days
        if near and expiry > lot["expiry"]:
            return True
    return False


@rule
def decide_long_vx(
    today: Today, book: BookView, params: LongVxParams, notional_usd: float, sizes: int
) -> Decision:
    """Return the decision of rolled front futures: bought on the first close, rolled before they settle.

    Parameters
    ----------
    today, book
        What is known at the close. What keeps the position from being bought is noted with a planned condor,
        not every day.
    params
        Size and days to the roll.
    notional_usd
        The condor book's notional.
    sizes
        `Sizes` code.
    """
    decision = nothing()
    expiry = front_month(today, 0, params.roll_dte + FRESH_DAYS)
    rolls = front_is_due(today, book, expiry, params.roll_dte)
    if not rolls and bucket_size(today, book, Layer.FRONT) > 0.0:
        return decision
    vx = params.vx_per_100k * notional_usd / 100_000.0
    root, contracts = future_size(vx, today.fill_day, sizes)
    if rolls:
        action = Action.ROLL if contracts > 0.0 else Action.CLOSE
        sell_bucket(decision, today, book, Layer.FRONT, Reason.ROLL_FORWARD, action)
    if expiry < 0 or contracts == 0.0:
        if rolls or condor_is_planned(book):
            note_standing(decision, Layer.FRONT, Reason.NOT_LISTED if expiry < 0 else Reason.TOO_SMALL)
        return decision
    action, reason, part = Action.OPEN, Reason.FRONT_FUTURE, BUILD
    if rolls:
        action, reason, part = Action.ROLL, Reason.ROLL_FORWARD, ROLL
    contract = make_contract(root, Right.FUTURE, 0.0, expiry)
    package = hedge_package(NO_CONDOR, Layer.FRONT, part)
    decision.orders.append(buy_standing(today, contract, contracts, Layer.FRONT, action, reason, package))
    return decision


class LongVx(Hedge):
    """The front VX future, held for the book as a whole and rolled."""

    name: ClassVar[str] = "long-vx"

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self.settings = (study.long_vx, study.book.notional_usd, int(study.book.contracts))

    def decide(self, today: Today, book: BookView) -> Decision:
        """Return the decision of `decide_long_vx`."""
        return decide_long_vx(today, book, *self.settings)
