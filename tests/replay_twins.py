"""What the tests of the replay share: one study run by both engines, and what they say compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
from engine_fixtures import World

from alvh_bt.analysis.metrics import run_metrics
from alvh_bt.config import Study
from alvh_bt.engine.results import RunResult
from alvh_bt.engine.run import run_variant
from alvh_bt.errors import AlvhError
from alvh_bt.replay.days import Days, make_days
from alvh_bt.replay.run import Window, nothing_known, replay_condors, replay_daily, replay_variant

#: What the two engines may differ by, USD (and contracts, points, returns): the issue's own bound.
USD = 1e-6


_made: dict[tuple[int, float], tuple[Days, np.ndarray]] = {}


def _days(world: World, points: float) -> tuple[Days, np.ndarray]:
    key = id(world.market), points
    if key not in _made:
        days = make_days(world.market, world.calendar)
        _made[key] = days, nothing_known(days)
    return _made[key]


def window_of(world: World, study: Study) -> Window:
    """The window of a study with the default signals; days are shared between tests, as in a sweep."""
    first, last = world.market.window(study.start, study.end)
    days, known = _days(world, study.shock.vix_points_per_percent)
    return Window(days, first, last, known)


def assert_twins(world: World, study: Study, hedge: str) -> RunResult | None:
    """Both engines, whole: all daily figures, trades, journal, and how it ended; None if neither ran."""
    window = window_of(world, study)
    try:
        slow = run_variant(world.market, study, hedge, world.prices, world.calendar)
    except AlvhError as error:
        assert_same_error(error, lambda: replay_variant(world.market, study, hedge, window=window))
        assert_same_error(
            error, lambda: replay_daily(window, study, hedge, lambda: replay_condors(window, study))
        )
        return None
    fast = replay_variant(world.market, study, hedge, world.prices, world.calendar, window)
    assert fast.stopped == slow.stopped
    for name in ("daily", "trades", "journal"):
        assert_same_frame(getattr(slow, name), getattr(fast, name), f"{hedge}: {name}")
    assert_same_daily(slow, window, study, hedge)
    return slow


def assert_same_error(error: AlvhError, run) -> None:
    try:
        run()
    except AlvhError as other:
        assert (type(other), str(other)) == (type(error), str(error))
    else:
        raise AssertionError(f"no error where the Backtrader engine says: {error}")


def assert_same_frame(one: pd.DataFrame, other: pd.DataFrame, what: str) -> None:
    assert list(one.columns) == list(other.columns)
    assert len(one) == len(other), f"{what}: {len(one)} rows against {len(other)}"
    for name in one.columns:
        if one[name].dtype.kind in "if":
            left, right = one[name].to_numpy(np.float64), other[name].to_numpy(np.float64)
            np.testing.assert_allclose(right, left, rtol=1e-9, atol=USD, err_msg=f"{what}: {name}")
        else:
            assert one[name].astype(str).tolist() == other[name].astype(str).tolist(), f"{what}: {name}"


def assert_same_daily(slow: RunResult, window: Window, study: Study, hedge: str) -> None:
    """The daily figures alone, as sweeps take them: over the condors' own run where that is the same."""
    fast = replay_daily(window, study, hedge, lambda: replay_condors(window, study))
    metrics = run_metrics(slow, study.book.starting_cash)
    assert (fast.stopped, fast.fills) == (slow.stopped, metrics.trades)
    np.testing.assert_allclose(fast.monetised_usd, metrics.monetised_usd, rtol=1e-9, atol=USD)
    daily = slow.daily.drop(columns="date").to_numpy(np.float64)
    assert fast.daily.shape == daily.shape
    np.testing.assert_allclose(fast.daily, daily, rtol=1e-9, atol=USD)
