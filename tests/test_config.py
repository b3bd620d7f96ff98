"""Settings: bounds, names, contradictions, files; every complaint is one line with a remedy."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
from pathlib import Path

import pytest

from alvh_bt.config import (
    BookParams,
    CondorParams,
    CostParams,
    Fill,
    LayeredParams,
    OnMargin,
    Schedule,
    ShockParams,
    Sizes,
    StaticParams,
    Study,
    make_study,
    read_study,
)
from alvh_bt.errors import AlvhError, ConfigError

PRESETS = Path(__file__).resolve().parent.parent / "data" / "presets"


def complaint(**settings) -> str:
    """The one line with which settings are refused."""
    with pytest.raises(ConfigError) as caught:
        make_study(**settings)
    assert isinstance(caught.value, AlvhError)
    assert caught.value.exit_status == 2
    message = str(caught.value)
    assert message
    assert "\n" not in message
    return message


# Bounds: the nearest value inside, the nearest outside


@pytest.mark.parametrize(
    ("concern", "setting", "inside", "outside"),
    [
        ("condor", "every_sessions", 1, 0),
        ("condor", "every_sessions", 252, 253),
        ("condor", "target_dte", 1, 0),
        ("condor", "target_dte", 365, 366),
        ("condor", "dte_tolerance", 1.0, 1.01),
        ("condor", "short_delta", 0.499, 0.5),
        ("condor", "short_delta", 0.051, 0.0),
        ("condor", "short_distance", 0.499, 0.5),
        ("condor", "wing_width", 0.0, -1.0),
        ("condor", "take_profit", 1.0, 1.01),
        ("condor", "stop_loss", 0.0, -0.1),
        ("condor", "exit_dte", 730, 731),
        ("condor", "roll_delta", 0.999, 1.0),
        ("condor", "max_rolls", 20, 21),
        ("condor", "max_open", 16, 17),
        ("condor", "max_open", 1, 0),
        ("static", "quantity", 0.0, -1.0),
        ("static", "call_delta", 0.999, 1.0),
        ("static", "front_weight", 1.0, 1.01),
        ("layered", "target_vx_per_100k", 0.01, 0.0),
        ("layered", "trigger_iv_expansion", 0.06, 0.0),
        ("layered", "confirm_closes", 10, 11),
        ("layered", "confirm_closes", 1, 0),
        ("layered", "max_entries", 20, 21),
        ("shock", "spx_return", -0.99, -1.0),
        ("shock", "spx_return", -0.01, 0.0),
        ("shock", "vix_points", 0.1, 0.0),
        ("costs", "spread_share", 0.0, -0.1),
        ("costs", "calm_vix", 0.1, 0.0),
        ("costs", "vx_margin_rate", 1.0, 1.1),
        ("book", "starting_cash", 0.01, 0.0),
        ("book", "notional_usd", 0.01, -1.0),
        ("book", "interest_share", 1.0, 1.1),
    ],
)
def test_bounds(concern, setting, inside, outside) -> None:
    study = make_study(**{concern: {setting: inside}})
    assert getattr(getattr(study, concern), setting) == inside
    message = complaint(**{concern: {setting: outside}})
    assert message.startswith(f"setting {concern}.{setting} = {outside}")
    assert "change it in the study" in message


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("concern", "setting"),
    [
        ("condor", "short_delta"),
        ("condor", "stop_loss"),
        ("layered", "target_vx_per_100k"),
        ("layered", "relax_iv_expansion"),
        ("layered", "flow_percentile"),
        ("shock", "spx_return"),
        ("costs", "option_fee"),
        ("book", "starting_cash"),
    ],
)
def test_numbers_must_be_finite(concern, setting, value) -> None:
    assert f"{concern}.{setting}" in complaint(**{concern: {setting: value}})


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"seed": "abc"}, "seed"),
        ({"bootstrap_draws": 99}, "bootstrap_draws"),
        ({"start": "2020-13-01"}, "start"),
        ({"start": "soon"}, "start"),
        ({"hedges": "none"}, "hedges"),
        ({"hedges": [1]}, "hedges.0"),
        ({"condor": 5}, "condor"),
        ({"condor": "fast"}, "condor"),
        ({"condor": [1] * 30}, "condor"),
        ({"condor": {"target_dte": 10.5}}, "condor.target_dte"),
        ({"condor": {"target_dte": None}}, "condor.target_dte"),
        ({"condor": {"target_dte": "ten"}}, "condor.target_dte"),
    ],
)
def test_values_of_the_wrong_kind(settings, named) -> None:
    assert complaint(**settings).startswith(f"setting {named} = ")


def test_several_complaints_are_counted_in_one_line() -> None:
    assert "(and 1 more)" in complaint(condor={"target_dte": 0, "exit_dte": -1})


# Names


def test_unknown_setting_lists_the_known_ones_of_its_concern() -> None:
    message = complaint(condor={"short_dleta": 0.2})
    assert message.startswith("unknown setting condor.short_dleta; known: ")
    assert message.split("known: ")[1] == ", ".join(CondorParams._fields)


def test_unknown_concern_lists_the_known_ones() -> None:
    message = complaint(condors={})
    assert message.startswith("unknown setting condors; known: start, end, hedges")
    assert message.endswith("guard, ladder, vxth, long_vx, shock, costs, comparison")


@pytest.mark.parametrize(
    ("concern", "setting", "codes"),
    [
        (
            "condor",
            "schedule",
            {"every": Schedule.EVERY, "weekly": Schedule.WEEKLY, "monthly": Schedule.MONTHLY},
        ),
        (
            "book",
            "fill",
            {"next_open": Fill.NEXT_OPEN, "same_close": Fill.SAME_CLOSE, "next_close": Fill.NEXT_CLOSE},
        ),
        ("book", "on_margin", {"stop": OnMargin.STOP, "cut": OnMargin.CUT}),
        ("book", "contracts", {"fractional": Sizes.FRACTIONAL, "whole": Sizes.WHOLE}),
    ],
)
def test_choices_are_made_by_name(concern, setting, codes) -> None:
    for name, code in codes.items():
        study = make_study(**{concern: {setting: name}})
        assert getattr(getattr(study, concern), setting) == code
        assert study.settings()[concern][setting] == name
        assert make_study(**{concern: {setting: code}}) == study
    for wrong in ("NEXT", "", True, 9, 1.0, None):
        assert f"must be one of {', '.join(codes)}" in complaint(**{concern: {setting: wrong}})


# Contradictions


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"start": "2020-01-02", "end": "2020-01-01"}, "start is after end"),
        ({"hedges": []}, "hedges is empty"),
        ({"hedges": ["none", "layered", "none"]}, "hedges names one twice"),
        ({"condor": {"wing_delta": 0.16}}, "condor.wing_delta must be below condor.short_delta"),
        ({"layered": {"call_dte_low": 46}}, "layered.call_dte_low must not exceed layered.call_dte_high"),
        ({"layered": {"relax_delta": 0.25}}, "layered.relax_delta must be below layered.trigger_delta"),
        (
            {"layered": {"relax_iv_expansion": 0.15}},
            "layered.relax_iv_expansion must be below layered.trigger_iv_expansion",
        ),
        (
            {"layered": {"first_share": 0.2}},
            "layered.first_share must lie between first_low and first_high",
        ),
        (
            {"layered": {"differential_low": 0.02}},
            "layered.differential_low must be below layered.differential_high",
        ),
        ({"sizing": {"band_low": 0.12}}, "sizing.band_low must be below sizing.band_high"),
        ({"climate": {"pe_low": 40.0}}, "climate.pe_low and wacc_low must be below pe_high and wacc_high"),
        (
            {"quorum": {"second": 3, "second_of": ["pe", "wacc"]}},
            "quorum asks for more approvals than it names signals",
        ),
        (
            {"layered": {"first_share": 0.4, "first_high": 0.4, "second_share": 0.4, "third_share": 0.21}},
            "layered.first_share, second_share and third_share add up to more than 1",
        ),
        ({"climate": {"wacc_low": 0.09}}, "climate.pe_low and wacc_low must be below"),
        ({"layered": {"vx_low": 0.26}}, "layered.vx_low must not exceed layered.vx_high"),
        ({"layered": {"monetise_multiple": 1.0}}, "layered.monetise_multiple must be above 1, or 0"),
        ({"layered": {"monetise_future": 0.9}}, "layered.monetise_future must be above 1, or 0"),
        (
            {"layered": {"calm_percentile": 0.90}},
            "layered.calm_percentile must be below layered.flow_percentile",
        ),
        ({"layered": {"third_vix_rsi": 50.0}}, "layered.third_vix_rsi must be below layered.calm_vix_rsi"),
        (
            {"layered": {"shift_dte": 7, "call_roll_dte": 7}},
            "layered.shift_dte must be above layered.future_roll_dte",
        ),
        ({"layered": {"shift_dte": 13}}, "layered.shift_dte must not be below layered.call_roll_dte"),
        ({"vxth": {"low": 30.0}}, "vxth.low, high and top must rise in this order"),
        ({"vxth": {"top": 30.0}}, "vxth.low, high and top must rise in this order"),
        ({"signals": {"macd_fast": 26}}, "signals.macd_fast must be below signals.macd_slow"),
        ({"ladder": {"near_dte": 110}}, "ladder.near_dte, middle_dte and far_dte must rise in this order"),
        ({"ladder": {"far_dte": 110}}, "ladder.near_dte, middle_dte and far_dte must rise in this order"),
        ({"ladder": {"near_roll_dte": 30}}, "ladder.near_roll_dte must be below ladder.near_dte"),
        ({"ladder": {"middle_roll_dte": 110}}, "ladder.middle_roll_dte must be below ladder.middle_dte"),
        ({"ladder": {"far_roll_dte": 220}}, "ladder.far_roll_dte must be below ladder.far_dte"),
        (
            {"ladder": {"near_weight": 0.0, "middle_weight": 0.0, "far_weight": 0.0}},
            "ladder.near_weight, middle_weight and far_weight are all 0",
        ),
    ],
)
def test_contradictions(settings, said) -> None:
    assert said in complaint(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"start": "2020-01-02", "end": "2020-01-02"},
        {"hedges": ["layered"]},
        {"condor": {"wing_delta": 0.16, "wing_width": 25.0}},  # the width replaces the delta
        {"layered": {"call_dte_low": 45}},
        {"layered": {"first_share": 0.2, "first_high": 0.2, "second_share": 0.4, "third_share": 0.4}},
        {"layered": {"vx_low": 0.2, "vx_high": 0.2}},
        {"layered": {"monetise_multiple": 0.0, "monetise_future": 0.0}},  # no sales
        {"layered": {"monetise_multiple": 1.01, "monetise_future": 1.01}},
        {"layered": {"shift_dte": 14}},
        {"ladder": {"near_roll_dte": 29, "middle_roll_dte": 109, "far_roll_dte": 219}},
        {"ladder": {"near_weight": 0.0, "middle_weight": 0.0}},
        {"vxth": {"low": 29.9, "top": 30.1}},
    ],
)
def test_what_only_looks_like_a_contradiction(settings) -> None:
    assert isinstance(make_study(**settings), Study)


@pytest.mark.parametrize("path", sorted(PRESETS.glob("*.toml")), ids=lambda path: path.stem)
def test_no_preset_contradicts_itself(path) -> None:
    assert isinstance(make_study(**read_study(path)), Study)


def test_bounds_hold_for_a_study_made_of_records() -> None:
    with pytest.raises((ConfigError, ValueError), match="short_delta"):
        Study(condor=CondorParams(short_delta=0.9))
    with pytest.raises(ConfigError, match="hedges is empty"):
        Study(hedges=())


# A Study is a value


def test_study_is_immutable_and_hashable() -> None:
    study = Study()
    with pytest.raises(dataclasses.FrozenInstanceError):
        study.seed = 1
    with pytest.raises(AttributeError):
        study.condor.short_delta = 0.2
    assert study == Study()
    assert hash(study) == hash(Study())
    assert len({study, Study(), make_study(seed=1)}) == 2
    assert isinstance(make_study(hedges=["none"]).hedges, tuple)


VARIED = {
    "start": dt.date(2010, 1, 4),
    "end": "2020-12-31",
    "hedges": ["layered", "none"],
    "seed": 7,
    "bootstrap_draws": 100,
    "book": {"fill": "next_close", "contracts": "whole", "on_margin": "cut", "starting_cash": 1e6},
    "condor": {"schedule": "monthly", "short_distance": 0.05, "wing_width": 50.0, "max_open": 3},
    "static": {"quantity": 4.0},
    "layered": {"trigger_iv_expansion": 0.18, "confirm_closes": 2},
    "shock": {"spx_return": -0.2},
    "costs": {"spread_share": 1.0},
}


@pytest.mark.parametrize("settings", [{}, VARIED], ids=["defaults", "varied"])
def test_settings_make_the_same_study_again(settings) -> None:
    study = make_study(**settings)
    assert make_study(**study.settings()) == study
    # Also by way of a file: only plain JSON values, each setting by its name.
    assert make_study(**json.loads(json.dumps(study.settings()))) == study


def test_settings_name_everything() -> None:
    settings = make_study(**VARIED).settings()
    concerns = (BookParams, CondorParams, StaticParams, LayeredParams, ShockParams, CostParams)
    named = ("book", "condor", "static", "layered", "shock", "costs")
    assert {name: tuple(settings[name]) for name in named} == {
        name: kind._fields for name, kind in zip(named, concerns, strict=True)
    }
    assert settings["start"] == "2010-01-04"
    assert settings["condor"]["schedule"] == "monthly"


# Files


def file_complaint(path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_study(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_toml_file_is_read(tmp_path) -> None:
    path = tmp_path / "study.toml"
    path.write_text('start = 2010-01-04\nhedges = ["none"]\n[condor]\nschedule = "every"\n', encoding="utf-8")
    study = make_study(**read_study(path))
    assert (study.start, study.hedges, study.condor.schedule) == (
        dt.date(2010, 1, 4),
        ("none",),
        Schedule.EVERY,
    )


def test_missing_file(tmp_path) -> None:
    assert "does not exist; check the path given to --config" in file_complaint(tmp_path / "none.toml")


def test_file_that_is_not_toml_names_the_line(tmp_path) -> None:
    path = tmp_path / "study.toml"
    path.write_text("seed = 1\ncondor: fast\n", encoding="utf-8")
    message = file_complaint(path)
    assert "is not TOML" in message
    assert "line 2" in message


def test_file_that_is_not_text(tmp_path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(b"\xff\xfe\x00 seed = 1")
    assert "cannot be read" in file_complaint(path)


def test_folder_in_place_of_a_file(tmp_path) -> None:
    assert "cannot be read" in file_complaint(tmp_path)
