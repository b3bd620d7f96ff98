"""What is audited: a registered hedge, or a user's own hedge or strategy, and where it runs."""

from __future__ import annotations

import importlib.util
import re
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh_bt.config import Study
from alvh_bt.engine.guarded import Ran, run_guarded
from alvh_bt.engine.strategy import CondorStrategy
from alvh_bt.engine.today import Calendar
from alvh_bt.errors import ConfigError
from alvh_bt.hedges import HEDGES, Hedge, find_hedge
from alvh_bt.market import Market
from alvh_bt.own_class import is_own, load_own
from alvh_bt.pricing.model import ModelPrices, PriceModel


class World(NamedTuple):
    """A history with its prices and calendar."""

    market: Market
    prices: PriceModel
    calendar: Calendar


def world_of(market: Market, study: Study) -> World:
    """Return the market with model prices, and the calendar with the study's signals."""
    return World(market, ModelPrices(market), Calendar(market, study.signals))


def check_subject(name: str) -> None:
    """Raise unless a hedge is registered, or its file or module is there; no code of the user runs.

    Raises
    ------
    ConfigError
        When the name is unknown, or there is no such file or module.
    """
    if not is_own(name):
        find_hedge(name)
        return
    where, _, kind = name.rpartition(":")
    source = source_file(name)
    if source is None:
        raise ConfigError(f"{where} does not exist; check the path or module before the colon")
    if source.suffix == ".py" and kind not in _words(source):
        raise ConfigError(f"{where} has no class {kind!r}; check the name after the colon")


def _words(source: Path) -> frozenset[str]:
    """Return every word of a source: what is not among them is no class of it."""
    try:
        return frozenset(re.findall(r"\w+", source.read_text(encoding="utf-8", errors="replace")))
    except OSError as error:
        raise ConfigError(f"{source} cannot be read ({error.strerror}); check its permissions") from None


def source_file(name: str) -> Path | None:
    """Return the file that a user's class is in; None where there is none, or for a registered hedge."""
    where = name.rpartition(":")[0]
    if not where:
        return None
    if where.endswith(".py"):
        return Path(where).resolve() if Path(where).is_file() else None
    try:
        spec = _module_spec(where)
    except Exception:  # an import hook of somebody's may raise anything
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin).resolve()


def _module_spec(where: str) -> ModuleSpec | None:
    """Return where a module is found; unlike `find_spec` this runs none of the packages that it is in."""
    top, *parts = where.split(".")
    spec, full = importlib.util.find_spec(top), top
    for part in parts:
        if spec is None or spec.submodule_search_locations is None:
            return None
        full = f"{full}.{part}"
        spec = PathFinder.find_spec(full, list(spec.submodule_search_locations))
    return spec


def load_subject(name: str) -> type[Any]:
    """Return the class of a hedge or strategy; the user's file is run.

    Raises
    ------
    ConfigError
        When it cannot be loaded, or is neither a `Hedge` nor a `CondorStrategy`.
    """
    if name in HEDGES:
        return HEDGES[name]
    kind = load_own(name, object, named=False)
    if issubclass(kind, CondorStrategy):
        return kind
    if not issubclass(kind, Hedge):
        raise ConfigError(
            f"{name}: neither a hedge nor a strategy; derive it from alvh_bt.hedges.Hedge "
            "or alvh_bt.engine.strategy.CondorStrategy"
        )
    if not isinstance(getattr(kind, "name", None), str) or not kind.name:
        raise ConfigError(f"{name}: {kind.__name__} has no name; set name = '...' in the class")
    return kind


def run_subject(world: World, study: Study, kind: type[Any]) -> Ran:
    """Return the run of a hedge or strategy over a world, as `engine.guarded.run_guarded`.

    An error is also what it wrote to the calendar, which is then put right for the runs after.
    """
    lists = _expiry_arrays(world.calendar)
    before = [days.copy() for days in lists]
    ran = run_guarded(world.market, study, kind, world.prices, world.calendar)
    if all(np.array_equal(*pair) for pair in zip(before, lists, strict=True)):
        return ran
    for kept, days in zip(before, lists, strict=True):
        days[:] = kept
    error = "AccountingError: it writes to the calendar; let it return orders and nothing else"
    return ran._replace(error=ran.error or error)


def _expiry_arrays(calendar: Calendar) -> list[NDArray[np.int64]]:
    """Return the calendar's own arrays that rules are handed, of one type with those of compiled rules."""
    return [days for expiries in (calendar.spx, calendar.vix, calendar.vx) for days in expiries]
