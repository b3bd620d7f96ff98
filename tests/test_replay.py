"""The compiled replay says what the Backtrader engine says: every hedge, fill timing and rule of margin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from engine_fixtures import FILLS, embedded, real, window_study
from replay_twins import assert_same_frame, assert_twins, window_of

from alvh_bt.config import Study
from alvh_bt.errors import ConfigError
from alvh_bt.hedges import HEDGES, Layered
from alvh_bt.hedges.layered import whole_method
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.replay.days import close_prices, open_prices, settlement_values
from alvh_bt.replay.policies import compiled_rules
from alvh_bt.replay.run import replay_variant

CRISIS = ("2008-08-01", "2009-03-31")


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


@pytest.mark.parametrize("hedge", ["static-calls", "layered"])
def test_both_engines_agree_on_modelled_inputs(hedge: str) -> None:
    run = assert_twins(embedded(), window_study("2015-06-01", "2016-03-31"), hedge)
    assert run is not None
    assert not run.trades.empty


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
