"""Hedges: one policy a file, and the registry of their names."""

from __future__ import annotations

from typing import Final

from alvh_bt.config import Study
from alvh_bt.errors import ConfigError
from alvh_bt.hedges.ladder import Ladder442, LadderCalendar, LadderSpike
from alvh_bt.hedges.layered import Layered, LayeredCore
from alvh_bt.hedges.long_vx import LongVx
from alvh_bt.hedges.none import NoHedge
from alvh_bt.hedges.policy import Hedge
from alvh_bt.hedges.static import StaticCalls, StaticFutures
from alvh_bt.hedges.vxth import Vxth
from alvh_bt.own_class import is_own, load_own

#: Every hedge by its name on the command line; a user may add one.
HEDGES: Final[dict[str, type[Hedge]]] = {
    kind.name: kind
    for kind in (
        *(NoHedge, StaticCalls, StaticFutures, Layered, LayeredCore),
        *(Ladder442, LadderCalendar, LadderSpike, Vxth, LongVx),
    )
}


def find_hedge(name: str) -> type[Hedge]:
    """Return the class of a hedge: registered under the name, or a user's own at `where:ClassName`.

    Raises
    ------
    ConfigError
        When the name is unknown (lists the valid ones), or the user's class cannot be loaded.
    """
    if name in HEDGES:
        return HEDGES[name]
    if is_own(name):
        return load_own(name, Hedge)  # type: ignore[type-abstract]
    if name.endswith(".py"):
        raise ConfigError(f"hedge {name!r} names a file but no class in it; write {name}:ClassName")
    raise ConfigError(
        f"unknown hedge {name!r}; choose from {', '.join(HEDGES)}, or give your own as file.py:ClassName"
    )


def make_hedge(name: str, study: Study) -> Hedge:
    """Return the hedge of that name with the study's settings.

    Raises
    ------
    ConfigError
        As `find_hedge`.
    """
    return find_hedge(name)(study)


def variant_name(name: str) -> str:
    """Return what results under a hedge are called: its registered name, or that of the user's class.

    Raises
    ------
    ConfigError
        As `find_hedge`.
    """
    return name if name in HEDGES else find_hedge(name).name


def variant_names(hedges: tuple[str, ...]) -> tuple[str, ...]:
    """Return the variants of a comparison, each named once.

    Raises
    ------
    ConfigError
        When two hedges would go by one name, or as `find_hedge`.
    """
    names = tuple(variant_name(hedge) for hedge in hedges)
    for k, name in enumerate(names):
        if name in names[:k]:
            first = hedges[names.index(name)]
            raise ConfigError(f"hedges {first!r} and {hedges[k]!r} are both named {name!r}; rename one")
    return names


__all__ = [
    "HEDGES",
    "Hedge",
    "Ladder442",
    "LadderCalendar",
    "LadderSpike",
    "Layered",
    "LayeredCore",
    "LongVx",
    "NoHedge",
    "StaticCalls",
    "StaticFutures",
    "Vxth",
    "find_hedge",
    "make_hedge",
    "variant_name",
    "variant_names",
]
