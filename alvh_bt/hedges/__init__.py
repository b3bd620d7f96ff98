"""Hedges: one policy a file, and the registry of their names."""

from __future__ import annotations

from typing import Final

from alvh_bt.config import Study
from alvh_bt.errors import ConfigError
from alvh_bt.hedges.layered import Layered, LayeredCore
from alvh_bt.hedges.none import NoHedge
from alvh_bt.hedges.policy import Hedge
from alvh_bt.hedges.static import StaticCalls, StaticFutures

#: Every hedge by its name on the command line.
HEDGES: Final[dict[str, type[Hedge]]] = {
    kind.name: kind for kind in (NoHedge, StaticCalls, StaticFutures, Layered, LayeredCore)
}


def make_hedge(name: str, study: Study) -> Hedge:
    """Return the hedge of that name with the study's settings.

    Raises
    ------
    ConfigError
        When the name is unknown; lists the valid ones.
    """
    if name not in HEDGES:
        raise ConfigError(f"unknown hedge {name!r}; choose from {', '.join(HEDGES)}")
    return HEDGES[name](study)


__all__ = [
    "HEDGES",
    "Hedge",
    "Layered",
    "LayeredCore",
    "NoHedge",
    "StaticCalls",
    "StaticFutures",
    "make_hedge",
]
