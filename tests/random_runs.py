"""One random run by its seed: the Backtrader engine, or both engines side by side."""

from __future__ import annotations

import random

from engine_fixtures import world_of
from random_markets import random_market, random_shape, random_study
from run_checks import check_run

from alvh_bt.config import Study
from alvh_bt.engine.run import run_variant
from alvh_bt.engine.today import Calendar
from alvh_bt.errors import AlvhError, ConfigError
from alvh_bt.pricing.model import ModelPrices


def drawn_study(draw: random.Random) -> tuple[Study, str]:
    """The first study of a seed whose settings agree with each other."""
    while True:
        try:
            return random_study(draw)
        except ConfigError:
            continue


def random_run(seed: int) -> tuple[str, str]:
    """Run a seed; returns `accepted`, `stopped` (margin), or an error's class, and what should not be."""
    draw = random.Random(seed)
    shape = random_shape(draw)
    study, hedge = drawn_study(draw)
    try:
        market = random_market(shape)
        run = run_variant(market, study, hedge, ModelPrices(market), Calendar(market, study.signals))
        check_run(run, study)
    except AlvhError as error:
        # Books that do not balance are a named error, and still a fault of ours.
        wrong = "AccountingError" in type(error).__name__
        return ("broken invariant", str(error)) if wrong else (type(error).__name__, "")
    except AssertionError as error:
        return "broken invariant", f"{hedge}: {' '.join(str(error).split())}"
    except Exception as error:
        return "internal error", f"{hedge}: {type(error).__name__}: {error}"
    return ("stopped for margin", "") if run.stopped else ("accepted", "")


def random_twin(seed: int) -> tuple[str, str]:
    """Run a seed in both engines; they agree to 1e-6."""
    from replay_twins import _made, assert_twins

    from alvh_bt.replay.run import make_window

    draw = random.Random(seed)
    shape = random_shape(draw)
    study, hedge = drawn_study(draw)
    try:
        market = random_market(shape)
        world = world_of(market)._replace(calendar=Calendar(market, study.signals))
        make_window(market, study, world.calendar)
        _made.clear()  # by the identity of a market, which a later one may have again
        run = assert_twins(world, study, hedge)
    except AlvhError as error:
        return type(error).__name__, ""
    except Exception as error:
        return "broken invariant", f"{hedge}: {type(error).__name__}: {' '.join(str(error).split())}"
    return ("the same error twice", "") if run is None else ("accepted", "")
