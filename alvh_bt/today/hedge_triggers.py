"""The triggers of whichever hedge the book has."""

from __future__ import annotations

from typing import Final

from alvh_bt.config import Study
from alvh_bt.engine.closes import Close
from alvh_bt.hedges import HEDGES, Hedge, Layered, LongVx, NoHedge, Vxth
from alvh_bt.hedges.ladder import Ladder
from alvh_bt.hedges.static import StaticHedge
from alvh_bt.today.layered_triggers import layered_triggers
from alvh_bt.today.lot_triggers import orphan_triggers
from alvh_bt.today.standing_triggers import ladder_triggers, long_vx_triggers, static_triggers, vxth_triggers
from alvh_bt.today.triggers import Asked, Trigger

#: What is said of a hedge whose rules nobody but its author knows.
UNTOLD: Final = "a hedge of your own: it tells no triggers; its orders and notes are all there"


def tells_triggers(hedge: Hedge) -> bool:
    """Return whether a hedge is one of the package's own, with its very own rules."""
    package = type(hedge).__module__.startswith("alvh_bt.hedges.")
    return package and HEDGES.get(hedge.name) is type(hedge)


def hedge_triggers(close: Close, study: Study, asked: Asked) -> list[Trigger]:
    """Return the hedge's triggers on a close; none where the book was cut, and of a user's own hedge."""
    hedge = close.hedge
    if close.cut or isinstance(hedge, NoHedge) or not tells_triggers(hedge):
        return []
    if isinstance(hedge, Layered):
        return [*orphan_triggers(close, asked), *layered_triggers(close, study, asked, hedge.rules)]
    if isinstance(hedge, StaticHedge):
        return [*orphan_triggers(close, asked), *static_triggers(close, asked)]
    if isinstance(hedge, Ladder):
        return list(ladder_triggers(close, hedge.roll_rule, study.ladder, asked))
    if isinstance(hedge, Vxth):
        return list(vxth_triggers(close, study.vxth, asked))
    if isinstance(hedge, LongVx):
        return list(long_vx_triggers(close, study.long_vx, asked))
    return []
