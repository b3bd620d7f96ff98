"""What is audited: a registered hedge, a hedge of the user's own, or a whole strategy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

from alvh_bt.audit.watch import Watch
from alvh_bt.config import Study
from alvh_bt.engine.results import RunResult
from alvh_bt.engine.run import run_strategy, run_variant
from alvh_bt.engine.strategy import CondorStrategy
from alvh_bt.engine.today import Calendar
from alvh_bt.errors import ConfigError
from alvh_bt.hedges import find_hedge
from alvh_bt.hedges.policy import Hedge
from alvh_bt.market import Market
from alvh_bt.own_class import import_own, is_own, load_own
from alvh_bt.pricing.model import ModelPrices, PriceModel


class World(NamedTuple):
    """A history with its prices and calendar."""

    market: Market
    prices: PriceModel
    calendar: Calendar


class Subject(NamedTuple):
    """What is audited.

    `text` is how it was asked for, `name` how its runs are called, `file` the user's own file that it comes
    from, None for what the package brings.
    """

    text: str
    name: str
    is_strategy: bool
    file: str | None


def make_world(market: Market, study: Study) -> World:
    """Return a market with the prices and the calendar that a study's runs take."""
    return World(market, ModelPrices(market), Calendar(market, study.signals))


def find_subject(text: str) -> Subject:
    """Return what a name stands for: a hedge, or a strategy derived from `CondorStrategy`.

    Raises
    ------
    ConfigError
        When there is no such hedge, file or class, or it is neither a hedge nor a strategy.
    """
    if not is_own(text):
        return Subject(text, find_hedge(text).name, False, None)
    kind = import_own(text)
    if issubclass(kind, CondorStrategy):
        return Subject(text, kind.__name__, True, _file_of(kind))
    if not issubclass(kind, Hedge):
        raise ConfigError(
            f"{text}: {kind.__name__} is neither a Hedge nor a CondorStrategy; "
            "derive it from alvh_bt.hedges.Hedge or alvh_bt.engine.strategy.CondorStrategy"
        )
    return Subject(text, load_own(text, Hedge).name, False, _file_of(kind))


def run_subject(world: World, study: Study, subject: Subject, watch: Watch | None = None) -> RunResult:
    """Return the run of what is audited over the study's window; a user's file is loaded anew.

    Raises
    ------
    Exception
        Whatever the package or the user's code raises.
    """
    if watch is None:
        return _run(world, study, subject)
    with watch:
        return _run(world, study, subject)


def _run(world: World, study: Study, subject: Subject) -> RunResult:
    market, prices, calendar = world
    if subject.is_strategy:
        return run_strategy(market, study, subject.name, prices, calendar, import_own(subject.text))
    return run_variant(market, study, subject.text, prices, calendar)


def _file_of(kind: type[Any]) -> str | None:
    found = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return str(Path(found).resolve()) if found else None
