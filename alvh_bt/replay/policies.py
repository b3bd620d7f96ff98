"""Which compiled rule stands for each registered hedge, with the settings that it decides by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from numba.extending import overload

from alvh_bt.book.records import Decision, nothing
from alvh_bt.book.view import BookView, Today
from alvh_bt.compiled import inlined_rule
from alvh_bt.config import LayeredParams, ShockParams, StaticParams
from alvh_bt.hedge_params import LadderParams, LongVxParams, VxthParams
from alvh_bt.hedges import (
    Hedge,
    Ladder442,
    LadderCalendar,
    LadderSpike,
    Layered,
    LayeredCore,
    LongVx,
    NoHedge,
    StaticCalls,
    StaticFutures,
    Vxth,
)
from alvh_bt.hedges.ladder import decide_ladder
from alvh_bt.hedges.layered import decide_layered
from alvh_bt.hedges.long_vx import decide_long_vx
from alvh_bt.hedges.sizing import LayeredRules
from alvh_bt.hedges.static import decide_static
from alvh_bt.hedges.vxth import decide_vxth


class NoRules(NamedTuple):
    """Of no hedge; compiled code knows a rule by the type of its settings, so that there is something."""

    sizes: int


class StaticRules(NamedTuple):
    """Of the two static hedges."""

    futures: bool
    static: StaticParams
    layered: LayeredParams
    shock: ShockParams
    sizes: int


class LadderRules(NamedTuple):
    """Of the three ladders."""

    roll_rule: int
    params: LadderParams
    notional_usd: float
    sizes: int


class VxthRules(NamedTuple):
    """Of Cboe's tail hedge."""

    params: VxthParams
    sizes: int


class LongVxRules(NamedTuple):
    """Of the rolled front future."""

    params: LongVxParams
    notional_usd: float
    sizes: int


@inlined_rule
def _nothing(today: Today, book: BookView, rules: NoRules) -> Decision:
    return nothing()


@inlined_rule
def _static(today: Today, book: BookView, r: StaticRules) -> Decision:
    return decide_static(today, book, r.futures, r.static, r.layered, r.shock, r.sizes)


@inlined_rule
def _ladder(today: Today, book: BookView, r: LadderRules) -> Decision:
    return decide_ladder(today, book, r.roll_rule, r.params, r.notional_usd, r.sizes)


@inlined_rule
def _vxth(today: Today, book: BookView, r: VxthRules) -> Decision:
    return decide_vxth(today, book, r.params, r.sizes)


@inlined_rule
def _long_vx(today: Today, book: BookView, r: LongVxRules) -> Decision:
    return decide_long_vx(today, book, r.params, r.notional_usd, r.sizes)


_DECIDE: Final[dict[type, Callable[..., Decision]]] = {
    NoRules: _nothing,
    StaticRules: _static,
    LayeredRules: decide_layered,
    LadderRules: _ladder,
    VxthRules: _vxth,
    LongVxRules: _long_vx,
}


def decide_hedge(today: Today, book: BookView, rules: Any) -> Decision:
    """Return the decision of the hedge whose settings are `rules`."""
    return _DECIDE[type(rules)](today, book, rules)


@overload(decide_hedge, jit_options={"forceinline": True})
def _compiled_decide_hedge(today: Any, book: Any, rules: Any) -> Any:
    chosen = _DECIDE[rules.instance_class]

    def decide(today: Any, book: Any, rules: Any) -> Any:
        return chosen(today, book, rules)

    return decide


def compiled_rules(hedge: Hedge) -> Any:
    """Return the settings that stand for a hedge in compiled code, or None where it has none.

    A subclass of a registered hedge may decide otherwise, so that only the very classes count.
    """
    kind = type(hedge)
    sizes = int(hedge.study.book.contracts)
    if kind is NoHedge:
        return NoRules(sizes)
    if kind in (StaticCalls, StaticFutures):
        return StaticRules(hedge.futures, *hedge.settings)  # type: ignore[attr-defined]
    if kind in (Layered, LayeredCore):
        return hedge.rules  # type: ignore[attr-defined]
    if kind in (Ladder442, LadderCalendar, LadderSpike):
        return LadderRules(int(hedge.roll_rule), *hedge.settings)  # type: ignore[attr-defined]
    if kind is Vxth:
        return VxthRules(*hedge.settings)  # type: ignore[attr-defined]
    return LongVxRules(*hedge.settings) if kind is LongVx else None  # type: ignore[attr-defined]
