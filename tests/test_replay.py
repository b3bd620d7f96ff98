"""The compiled replay says what the Backtrader engine says: every hedge and fill timing, any settings."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from engine_fixtures import FILLS, embedded, real, window_study
from replay_twins import USD, assert_same_frame, assert_twins, window_of

from alvh_bt.analysis.metrics import run_metrics
from alvh_bt.cli.main import run
from alvh_bt.config import Study, make_study
from alvh_bt.engine.run import run_variant
from alvh_bt.errors import ConfigError
from alvh_bt.hedges import HEDGES, Layered
from alvh_bt.hedges.layered import whole_method
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.replay.days import close_prices, open_prices, settlement_values
from alvh_bt.replay.policies import compiled_rules
from alvh_bt.replay.run import replay_variant
from alvh_bt.sweep.rows import Configuration
from alvh_bt.sweep.space import configurations
from alvh_bt.sweep.spec import Sweep, make_sweep
from alvh_bt.sweep.work import Workload

CRISIS = ("2008-08-01", "2009-03-31")

#: The loops take minutes to compile, up to one for each kind of hedge. The default run has the same
#: comparisons uncompiled, on fewer days, and the last part of this file (`test_uncompiled`).
pytestmark = pytest.mark.long


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("hedge", HEDGES)
def test_both_engines_agree_through_a_crisis(real_data_dir: Path, hedge: str, fill: str) -> None:
    run = assert_twins(real(real_data_dir), window_study(*CRISIS, book={"fill": fill}), hedge)
    assert run is not None
    assert len(run.daily) > 160
    assert hedge == "none" or (run.trades["book"] == "hedge").any()


@pytest.mark.parametrize("hedge", ["layered", "static-futures", "ladder-442", "vxth"])
def test_both_engines_cut_alike(real_data_dir: Path, hedge: str) -> None:
    book = {"on_margin": "cut", "starting_cash": 21_000.0}
    run = assert_twins(real(real_data_dir), window_study(*CRISIS, book=book), hedge)
    assert run is not None
    assert run.trades["reason"].str.contains("margin").any()


@pytest.mark.parametrize("hedge", ["none", "static-calls", "layered"])
def test_both_engines_stop_alike(real_data_dir: Path, hedge: str) -> None:
    study = window_study(*CRISIS, book={"starting_cash": 24_000.0, "notional_usd": 200_000.0})
    run = assert_twins(real(real_data_dir), study, hedge)
    assert run is not None
    assert run.stopped is not None


@pytest.mark.parametrize("guard", [{"on_synthetic": "refuse"}, {"max_irr_cost": 0.02}])
def test_both_engines_refuse_alike(real_data_dir: Path, guard: dict) -> None:
    run = assert_twins(real(real_data_dir), window_study(*CRISIS, guard=guard), "layered")
    assert run is not None
    assert run.journal["reason"].str.startswith("refused").any() or "on_synthetic" in guard


@pytest.mark.parametrize("hedge", HEDGES)
def test_both_engines_agree_on_modelled_inputs(hedge: str) -> None:
    run = assert_twins(embedded(), window_study("2015-06-01", "2016-03-31"), hedge)
    assert run is not None
    assert not run.trades.empty
    assert hedge == "none" or (run.trades["book"] == "hedge").any()


def test_days_are_the_model_s(real_data_dir: Path) -> None:
    world = real(real_data_dir)
    days = window_of(world, window_study("2008-08-01", "2008-12-31")).days
    model = ModelPrices(world.market)
    for i in np.linspace(4600, len(days.calendar) - 1, 40).astype(int).tolist():
        assert close_prices(days, i)[:9] == model.at_close(i)[:9]
        assert open_prices(days, i)[:9] == model.at_open(i)[:9]
        np.testing.assert_array_equal(np.array(settlement_values(days, i)), np.array(model.settlement(i)))


class MyLayers(Layered):
    """A user's own hedge, which may decide anything."""

    name = "my-layers"


def test_only_the_registered_classes_are_compiled() -> None:
    study = Study()
    assert compiled_rules(Layered(study)) == whole_method(study)
    assert compiled_rules(MyLayers(study)) is None
    missing = [name for name, kind in HEDGES.items() if compiled_rules(kind(study)) is None]
    assert missing == []


def test_an_own_hedge_is_refused_in_one_line(tmp_path: Path) -> None:
    own = tmp_path / "mine.py"
    own.write_text("from alvh_bt.hedges import Layered\n\nclass Mine(Layered):\n    name = 'mine'\n")
    with pytest.raises(ConfigError, match="not compiled: run it with the Backtrader engine"):
        replay_variant(embedded().market, window_study("2015-06-01", "2015-07-31"), f"{own}:Mine")


def test_the_comparison_of_frames_notices_a_cent() -> None:
    world = embedded()
    run = replay_variant(world.market, window_study("2015-06-01", "2015-08-31"), "none")
    other = run.daily.copy()
    other.loc[5, "nav"] += 0.01
    with pytest.raises(AssertionError, match="nav"):
        assert_same_frame(run.daily, other, "daily")


# Random configurations

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
        "calm_percentile": some(0.05, 0.29),
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
    ran, numbers = 0, range(part, DRAWS, PARTS)
    for number in numbers:
        rng = np.random.default_rng([20_240_229, number])
        start = int(rng.integers(first, last - LONGEST))
        end = start + int(rng.integers(20, LONGEST))
        hedge = list(HEDGES)[number % len(HEDGES)]
        settings = drawn(rng)
        study = make_study(start=str(sessions[start]), end=str(sessions[end]), **settings)
        try:
            ran += assert_twins(world, study, hedge) is not None
        except AssertionError as error:
            raise AssertionError(f"draw {number}, {hedge}, from {sessions[start]}: {error}") from error
    assert ran > 0.8 * len(numbers)


# The rows of sweeps

WINDOW = {"start": "2015-06-01", "end": "2015-09-30"}
AXES = {"condor.short_delta": [0.12, 0.2], "static.call_delta": [0.2, 0.4]}


def small_sweep(**more: Any) -> Sweep:
    wanted = {"hedges": ["none", "static-calls"], "hedge": "static-calls"}
    return make_sweep({"sweep": wanted, "axes": AXES, "study": {**WINDOW, **more}})


def test_rows_of_a_sweep_are_the_backtrader_engine_s_metrics() -> None:
    world, sweep = embedded(), small_sweep()
    work = pickle.loads(pickle.dumps(Workload(sweep, world.market)))
    points = configurations(sweep)
    rows = work.job([(point, sweep.hedges) for point in points])
    assert len(rows) == 8 and len({row["key"] for row in rows}) == 8
    for row in rows:
        study = sweep.study(points[row["configuration"]].values)
        run = run_variant(world.market, study, row["variant"], world.prices, world.calendar)
        for name, value in run_metrics(run, 250_000.0)._asdict().items():
            assert row[name] == pytest.approx(value, rel=1e-9, abs=USD, nan_ok=True) or (
                row[name] is None and np.isnan(value)
            ), name
        nav = pd.Series(run.daily["nav"].to_numpy(), pd.DatetimeIndex(run.daily["date"]))
        last = nav.resample("W-FRI").last().dropna().to_numpy()
        weekly = last / np.concatenate(([250_000.0], last[:-1])) - 1.0
        np.testing.assert_allclose(row["weekly_returns"], weekly.astype(np.float32), rtol=1e-5, atol=1e-7)
        assert len(weekly) == len(work.manifest["weeks"])
        carried = run.daily["hedge_costs"].sum() - run.daily["hedge_carry"].sum()
        assert row["bleed_usd"] == pytest.approx(carried, abs=USD)


def test_what_fails_is_a_row_and_the_rest_go_on() -> None:
    sweep = small_sweep()
    work = Workload(sweep, embedded().market)
    bad = Configuration(7, {"condor.short_delta": 0.01, "static.call_delta": 0.2})
    poor = Configuration(
        8, {"condor.short_delta": 0.2, "static.call_delta": 0.2, "book.starting_cash": 100.0}
    )
    good = configurations(sweep)[0]
    rows = work.job([(bad, ("none",)), (poor, ("none",)), (good, ("none",))])
    assert "condor.wing_delta must be below condor.short_delta" in rows[0]["error"]
    assert (rows[1].get("error") or rows[1]["stopped"]).startswith("margin not met on")
    assert rows[2].get("error") is None and rows[2]["trades"] > 0


def test_a_sweep_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = tmp_path / "small.toml", tmp_path / "out"
    axes = "\n".join(f'"{name}" = {values}' for name, values in AXES.items())
    study = "\n".join(f"{name} = {day}" for name, day in WINDOW.items())
    file.write_text(f'[sweep]\nhedges = ["none", "static-calls"]\n[axes]\n{axes}\n[study]\n{study}\n')
    assert run(["sweep", str(file), "--out", str(out), "--dry-run"]) == 0
    assert "runs: 8" in capsys.readouterr().out and not out.exists()
    assert run(["sweep", str(file), "--out", str(out)]) == 0
    assert "8 runs in" in capsys.readouterr().out
    parts = sorted((out / "parts").glob("*.parquet"))
    whole = pd.concat([pd.read_parquet(part) for part in parts]).sort_values(["configuration", "variant"])
    parts[0].unlink()
    assert run(["sweep", str(file), "--out", str(out)]) == 2  # there already
    assert run(["sweep", str(file), "--out", str(out), "--resume"]) == 0
    again = pd.concat([pd.read_parquet(part) for part in sorted((out / "parts").glob("*.parquet"))])
    again = again.sort_values(["configuration", "variant"])
    assert again["key"].tolist() == whole["key"].tolist()
    assert again["pnl_usd"].tolist() == whole["pnl_usd"].tolist()
    assert run(["sweep", "show", str(out)]) == 0
    assert "Best of static-calls" in capsys.readouterr().out
    assert (out / "sweep.html").is_file()
