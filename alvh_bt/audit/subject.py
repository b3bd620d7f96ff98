"""What is audited: a registered hedge, a hedge of the user's own, or a whole strategy."""

from __future__ import annotations

import sys
from contextlib import nullcontext
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
from alvh_bt.own_class import checked_own, import_own, is_own
from alvh_bt.pricing.model import ModelPrices, PriceModel


class World(NamedTuple):
    """A history with its prices and calendar."""

    market: Market
    prices: PriceModel
    calendar: Calendar


class Subject(NamedTuple):
    """What is audited.

    `text` is how it was asked for, `name` how its runs are called, `kind` the class of the user's own, and
    `file` where it was loaded from; both None for what the package brings.
    """

    text: str
    name: str
    kind: type[Any] | None = None
    file: str | None = None


class _Paired(CondorStrategy):
    """Condors under a hedge class that was loaded before: what it keeps on itself stays between runs."""

    params = (("kind", None),)

    def make_hedge(self, study: Study) -> Hedge:
        """Return the hedge of the class."""
        hedge: Hedge = self.p.kind(study)
        return hedge


def make_world(market: Market, study: Study) -> World:
    """Return a market with the prices and the calendar that a study's runs take."""
    return World(market, ModelPrices(market), Calendar(market, study.signals))


def find_subject(text: str) -> tuple[Subject, Watch | None]:
    """Return what a name stands for, and what the user's file touched while it was loaded.

    Raises
    ------
    ConfigError
        When there is no such hedge, file or class, or it is neither a hedge nor a strategy.
    """
    if not is_own(text):
        return Subject(text, find_hedge(text).name), None
    where = text.rpartition(":")[0]
    watch = Watch(str(Path(where).resolve())) if where.endswith(".py") else None
    with watch or nullcontext():
        kind = import_own(text)
    if issubclass(kind, CondorStrategy):
        return Subject(text, kind.__name__, kind, _file_of(kind)), watch
    if not issubclass(kind, Hedge):
        raise ConfigError(
            f"{text}: {kind.__name__} is neither a Hedge nor a CondorStrategy; "
            "derive it from alvh_bt.hedges.Hedge or alvh_bt.engine.strategy.CondorStrategy"
        )
    return Subject(text, checked_own(text, kind).name, kind, _file_of(kind)), watch


def run_subject(world: World, study: Study, subject: Subject) -> RunResult:
    """Return the run of what is audited over the study's window.

    Raises
    ------
    Exception
        Whatever the package or the user's code raises.
    """
    market, prices, calendar = world
    if subject.kind is None:
        return run_variant(market, study, subject.text, prices, calendar)
    if issubclass(subject.kind, CondorStrategy):
        return run_strategy(market, study, subject.name, prices, calendar, subject.kind)
    return run_strategy(market, study, subject.name, prices, calendar, _Paired, {"kind": subject.kind})


def _file_of(kind: type[Any]) -> str | None:
    found = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return str(Path(found).resolve()) if found else None
