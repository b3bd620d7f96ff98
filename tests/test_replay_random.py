"""Random configurations: both engines say the same, whatever the settings, the window and the hedge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_fixtures import FILLS, real
from replay_twins import assert_twins

from alvh_bt.config import make_study
from alvh_bt.errors import ConfigError
from alvh_bt.hedges import HEDGES

#: How many configurations are drawn in all, in so many parts.
DRAWS, PARTS = 200, 8

#: First and last session that a window may have; VIX options are listed from February 2006.
FIRST, LAST, LONGEST = "2005-06-01", "2024-12-31", 150


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    """Settings drawn far beyond the usual: most runs differ in several rules at once."""

    def some(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def one(*values: Any) -> Any:
        return values[int(rng.integers(len(values)))]

    condor = {
        "schedule": one("weekly", "monthly", "every"),
        "every_sessions": int(rng.integers(1, 15)),
        "target_dte": int(rng.integers(7, 75)),
        "short_delta": some(0.08, 0.35),
        "wing_delta": some(0.02, 0.07),
        "wing_width": one(0.0, 0.0, 25.0, 50.0),
        "short_range": one(0.0, 0.0, 0.0, 4.0),
        "target_credit": one(0.0, 0.0, 0.0, some(1.0, 8.0)),
        "take_profit": one(0.0, 0.25, 0.5),
        "stop_loss": one(0.0, 1.0, 2.0),
        "exit_dte": int(rng.integers(0, 30)),
        "roll_delta": one(0.0, some(0.2, 0.5)),
        "max_rolls": int(rng.integers(0, 4)),
        "roll_days_out": one(0, 0, 14, 35),
        "roll_short_delta": one(0.0, 0.0, 0.12),
        "max_open": int(rng.integers(1, 5)),
    }
    layered = {
        "first_share": some(0.10, 0.15),
        "trigger_delta": some(0.20, 0.35),
        "trigger_iv_expansion": some(0.08, 0.4),
        "irr_drop": one(0.0, some(0.05, 0.4)),
        "rungs": int(rng.integers(1, 4)),
        "second_delta": some(0.25, 0.5),
        "call_roll_dte": int(rng.integers(5, 25)),
        "future_roll_dte": int(rng.integers(1, 14)),
        "flow_percentile": some(0.3, 0.95),
        "monetise_multiple": one(0.0, some(1.2, 4.0)),
        "monetise_future": one(0.0, some(1.1, 2.0)),
        "max_entries": int(rng.integers(1, 5)),
        "short_first": bool(rng.random() < 0.1),
        "third_reading": one("break_even", "signals"),
        "proxy": one("none", "vxx", "uvxy"),
        "thin_volume": one(1000.0, 80_000.0),
    }
    return {
        "book": {
            "fill": one(*FILLS),
            "contracts": one("fractional", "fractional", "whole"),
            "on_margin": one("stop", "cut"),
            "starting_cash": one(250_000.0, 60_000.0, 25_000.0),
            "interest_share": one(1.0, 0.0, 0.5),
        },
        "condor": condor,
        "layered": layered,
        "sizing": {"profile": one("steward", "promoter"), "band_high": one(0.0, 0.12)},
        "climate": {"on": bool(rng.random() < 0.5)},
        "static": {"quantity": one(0.0, 0.0, 2.0), "call_delta": some(0.1, 0.5)},
        "ladder": {
            "budget_share": some(0.002, 0.03),
            "calls_per_condor": one(0.0, 3.0),
            "time_value_gone": one(0.0, 0.3),
            "spike_rise": some(0.05, 0.3),
            "calendar_days": int(rng.integers(10, 50)),
        },
        "guard": {"on_synthetic": one("journal", "journal", "refuse"), "max_irr_cost": one(0.0, 0.0, 0.05)},
        "shock": {"vix_points_per_percent": one(1.0, 1.0, 0.5)},
        "costs": {"spread_share": some(0.0, 1.0), "option_fee": some(0.0, 2.0)},
    }


@pytest.mark.parametrize("part", range(PARTS))
def test_random_configurations(real_data_dir: Path, part: int) -> None:
    world = real(real_data_dir)
    sessions = world.market.sessions
    first, last = np.searchsorted(sessions, np.array([FIRST, LAST], dtype="datetime64[D]"))
    ran = 0
    for number in range(part, DRAWS, PARTS):
        rng = np.random.default_rng([20_240_229, number])
        start = int(rng.integers(first, last - LONGEST))
        end = start + int(rng.integers(20, LONGEST))
        hedge = list(HEDGES)[number % len(HEDGES)]
        settings = drawn(rng)
        try:
            study = make_study(start=str(sessions[start]), end=str(sessions[end]), **settings)
        except ConfigError:
            pytest.fail(f"draw {number} is no study")
        try:
            ran += assert_twins(world, study, hedge) is not None
        except AssertionError as error:
            raise AssertionError(f"draw {number}, {hedge}, from {sessions[start]}: {error}") from error
    assert ran > 0.8 * DRAWS / PARTS
