"""The space of a sweep: files read and refused, axes, constraints, grids, draws."""

from __future__ import annotations

import itertools
import json
import math
import pickle
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import qmc

from alvh_bt.analysis.metrics import Metrics
from alvh_bt.config import Study, make_study
from alvh_bt.errors import ConfigError
from alvh_bt.sweep.axes import Axis, read_axis
from alvh_bt.sweep.better import HIGHER_IS_BETTER, METRICS, signed
from alvh_bt.sweep.constraints import read_constraint
from alvh_bt.sweep.rows import Configuration
from alvh_bt.sweep.search import Search
from alvh_bt.sweep.settings import with_values
from alvh_bt.sweep.space import configurations
from alvh_bt.sweep.spec import make_sweep, read_sweep
from alvh_bt.sweep.trials import corners, proposed
from alvh_bt.sweep.wanted import KEYS, METHODS

SHORT = "condor.short_delta"
WING = "condor.wing_delta"
BELOW = f"{WING} < {SHORT}"

FILE = """
[sweep]
method = "latin"
runs = 20
seed = 3
preset = "vix-scaled"
study = "base.toml"
hedges = ["static-futures", "long-vx"]
constraints = ["condor.wing_delta < condor.short_delta"]

[axes]
"condor.short_delta" = { low = 0.10, high = 0.20 }
condor.wing_delta = [0.02, 0.05]

[study]
start = 2007-01-03
[study.condor]
target_dte = 30
"""


def read(axis: str, raw) -> Axis:
    return read_axis(axis, raw, f"f.toml, axis {axis}")


def complaint(raw, **kwargs) -> str:
    """The one line with which a sweep is refused, when it is made or when its space is."""
    with pytest.raises(ConfigError) as caught:
        configurations(make_sweep(raw, source="f.toml", **kwargs))
    message = str(caught.value)
    assert message.startswith("f.toml")
    assert "\n" not in message
    return message


def values_of(space) -> list[tuple]:
    return [tuple(found.values.values()) for found in space]


# Axes


@pytest.mark.parametrize(
    ("name", "raw", "levels"),
    [
        (SHORT, [0.2, 0.1], (0.2, 0.1)),
        ("condor.stop_loss", [2, 1.5], (2.0, 1.5)),
        ("layered.trigger_delta", {"low": 0.2, "high": 0.4, "steps": 5}, (0.2, 0.25, 0.3, 0.35, 0.4)),
        ("costs.spread_share", {"low": 0.25, "high": 1.0, "steps": 3, "scale": "log"}, (0.25, 0.5, 1.0)),
        ("layered.rungs", {"low": 1, "high": 3}, (1, 2, 3)),
        ("condor.target_dte", {"low": 10, "high": 60, "steps": 6}, (10, 20, 30, 40, 50, 60)),
        ("condor.target_dte", {"low": 10, "high": 15, "steps": 3}, (10, 13, 15)),  # 12.5 goes up
        ("condor.target_dte", {"low": 1, "high": 8, "steps": 7, "scale": "log"}, (1, 2, 3, 4, 6, 8)),
        ("condor.schedule", ["weekly", "monthly"], ("weekly", "monthly")),
        ("climate.on", [True, False], (True, False)),
    ],
)
def test_levels_of_an_axis(name, raw, levels) -> None:
    found = read(name, raw).levels
    assert found == levels
    assert [type(value) for value in found] == [type(value) for value in levels]


def test_types_of_columns_follow_the_settings() -> None:
    axes = {SHORT: [0.1], "condor.target_dte": [30], "climate.on": [True], "condor.schedule": ["weekly"]}
    kinds = [pa.float64(), pa.int64(), pa.bool_(), pa.string()]
    assert make_sweep({"axes": axes}).axis_types() == dict(zip(axes, kinds, strict=True))


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("condor.sort_delta", [0.1], "did you mean condor.short_delta"),
        ("target_dte", [30], "did you mean condor.target_dte"),
        ("seed", [1, 2], "seed cannot be swept"),
        ("start", [1], "start cannot be swept"),
        ("hedges", [1], "hedges cannot be swept"),
        ("comparison.path_block", [5, 10], "no run depends on comparison"),
        ("quorum.second_of", [1, 2], "set of signals"),
        (SHORT, [], "empty"),
        (SHORT, 0.1, "no axis"),
        (SHORT, [0.1, 0.2, 0.1], "0.1 is listed twice"),
        ("condor.stop_loss", [2, 2.0], "2.0 is listed twice"),
        (SHORT, [0.1, 0.5], "0.5 is outside the bounds of condor.short_delta"),
        (SHORT, [math.nan], "outside the bounds"),
        (SHORT, [True], "True is not a number"),
        (SHORT, ["0.1"], "'0.1' is not a number"),
        ("condor.target_dte", [30.0], "30.0 is not a whole number"),
        (
            "condor.target_dte",
            {"low": 10.0, "high": 20.5},
            "10.0 is not a whole number, as condor.target_dte",
        ),
        ("condor.schedule", ["daily"], "every, weekly, monthly"),
        ("condor.schedule", {"low": 0, "high": 1}, "give a list of every, weekly, monthly"),
        ("climate.on", [1], "1 is not true or false"),
        (SHORT, {"low": 0.2, "high": 0.1}, "low = 0.2 is not below high = 0.1"),
        (SHORT, {"low": 0.2, "high": 0.2}, "not below"),
        (SHORT, {"low": 0.2}, "no high"),
        (SHORT, {"low": 0.1, "high": 0.2, "stpes": 3}, "unknown key 'stpes'; did you mean steps?"),
        (SHORT, {"low": 0.1, "high": 0.2, "steps": 1}, "steps = 1 "),
        (SHORT, {"low": 0.1, "high": 0.2, "steps": 2.0}, "steps = 2.0 "),
        (SHORT, {"low": 0.1, "high": 0.2, "scale": "ln"}, "scale = 'ln'"),
        ("condor.stop_loss", {"low": 0.0, "high": 2.0, "scale": "log"}, "low above 0"),
        ("condor.target_dte", {"low": 1, "high": 3, "steps": 4}, "only 3 whole numbers"),
        ("condor.target_dte", {"low": 0, "high": 3}, "0 is outside the bounds"),
    ],
)
def test_bad_axis_is_refused_in_one_line(name, raw, said) -> None:
    message = complaint({"axes": {name: raw}})
    assert message.startswith(f"f.toml, axis {name}: ")
    assert said in message


def test_whole_numbers_have_equal_shares() -> None:
    codes = read("condor.target_dte", {"low": 10, "high": 19}).codes(np.linspace(0, 1, 1000, endpoint=False))
    assert np.bincount(codes.astype(int)).tolist() == [100] * 10


def test_whole_numbers_of_a_log_axis_share_it_by_their_logarithms() -> None:
    fractions = np.linspace(0, 1, 100_000, endpoint=False)
    codes = read("condor.target_dte", {"low": 1, "high": 4, "scale": "log"}).codes(fractions)
    edges = np.log([0.5, 1.5, 2.5, 3.5, 4.5])
    assert np.bincount(codes.astype(int)) / 1e5 == pytest.approx(np.diff(edges) / np.ptp(edges), abs=2e-5)


@settings(deadline=None)
@given(fraction=st.floats(0, 1, exclude_max=True), log=st.booleans())
def test_a_number_of_a_range_is_scipys_quantile_to_six_digits(fraction, log) -> None:
    axis = read("condor.stop_loss", {"low": 0.3, "high": 7.0, "scale": "log" if log else "linear"})
    law = stats.loguniform(0.3, 7.0) if log else stats.uniform(0.3, 6.7)
    (found,) = axis.codes(np.array([fraction]))
    assert 0.3 <= found <= 7.0
    assert found == pytest.approx(law.ppf(fraction), rel=5.1e-6)
    assert len(repr(float(found)).replace(".", "").lstrip("0")) <= 6


# Constraints


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("a.x < a.y", True),
        ("a.y < a.x", False),
        ("a.x + a.y <= 0.3", True),  # 0.1 + 0.2 is 0.3, whatever binary fractions say
        ("a.x + a.y < 0.3", False),
        ("a.x + a.y > 0.3", False),
        ("0.3 < a.x + a.y", False),
        ("a.x + a.y == 0.3", True),
        ("a.x + a.y != 0.3", False),
        ("2 * a.x >= a.y", True),
        ("2 * a.x > a.y", False),
        ("2*(a.x+a.y)-1e-1 > .4 * 1", True),
        ("-a.x < -0.05 - -0", True),
        ("1 - a.x - a.y > 0.69", True),  # from left to right: 0.7
        ("0.05 < a.x < a.y <= 0.2", True),
        ("0.05 < a.x < a.y <= 0.1", False),
    ],
)
def test_constraint_says_what_it_says(text, met) -> None:
    rule = read_constraint(text, "here")
    assert bool(rule.holds({"a.x": 0.1, "a.y": 0.2})) is met
    assert rule.holds({"a.x": np.array([0.1, 0.1]), "a.y": 0.2}).tolist() == [met, met]
    assert pickle.loads(pickle.dumps(rule)) == rule


@settings(deadline=None)
@given(
    numbers=st.lists(st.integers(-9, 9), min_size=3, max_size=7),
    signs=st.lists(st.sampled_from("+-*"), min_size=6, max_size=6),
    sign=st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    bracket=st.integers(0, 5),
)
def test_arithmetic_is_pythons(numbers, signs, sign, bracket) -> None:
    parts = [f"({number})" for number in numbers]
    place = bracket % (len(parts) - 1)
    parts[place : place + 2] = [f"({parts[place]} {signs[0]} {parts[place + 1]})"]
    left = parts[0] + "".join(f" {s} {part}" for s, part in zip(signs[1:], parts[1:], strict=False))
    assert bool(read_constraint(f"{left} {sign} 3", "here").holds({})) is eval(f"{left} {sign} 3")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BELOW.replace("wing", "wnig"), "did you mean condor.wing_delta"),
        (f"{SHORT} <", "ends too early"),
        (f"{SHORT} < 0.2)", "cannot be read at ')'"),
        (f"({SHORT} < 0.2", "cannot be read at '< 0.2'"),
        (f"{SHORT} = 0.2", "cannot be read at '= 0.2'"),
        (f"{SHORT} / 2 < 0.1", "cannot be read at '/ 2 < 0.1'"),
        ("__import__('os') < 1", "cannot be read at"),
        (f"2 {SHORT} < 1", "cannot be read at 'condor.short_delta < 1'"),
        (f"{SHORT}", "compares nothing"),
        ("", "ends too early"),
        ("condor.schedule == 1", "condor.schedule is no number"),
        ("layered.relax_delta < 0.2", "names no axis"),
        (3, "3 is no constraint"),
    ],
)
def test_bad_constraint_is_refused_in_one_line(text, said) -> None:
    assert said in complaint({"sweep": {"constraints": [text]}, "axes": {SHORT: [0.1, 0.2]}})


def test_constraint_reads_what_is_no_axis_from_the_base_study() -> None:
    raw = {"sweep": {"constraints": [BELOW]}, "axes": {SHORT: [0.1, 0.2]}}
    assert len(configurations(make_sweep(raw))) == 2
    assert (
        len(configurations(make_sweep({**raw, "study": {"condor": {WING[7:]: 0.15, SHORT[7:]: 0.3}}}))) == 1
    )


# Grids


axis_strategy = st.dictionaries(
    st.sampled_from([SHORT, WING, "condor.stop_loss", "costs.spread_share"]),
    st.lists(st.integers(1, 49).map(lambda k: k / 100), min_size=1, max_size=4, unique=True),
    min_size=1,
)


@settings(deadline=None, max_examples=40)
@given(axes=axis_strategy)
def test_grid_is_the_product_less_what_constraints_leave_out(axes) -> None:
    base = {"condor": {"short_delta": 0.499, "wing_delta": 0.001}}
    rule = lambda v: v.get(WING, 0.001) < v.get(SHORT, 0.499) - 1e-12  # noqa: E731
    points = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    expected = [values for values in points if rule(values)]
    constrained = [BELOW] if {WING, SHORT} & set(axes) else []
    sweep = make_sweep({"sweep": {"constraints": constrained}, "axes": axes, "study": base})
    if not expected:
        with pytest.raises(ConfigError, match="leave none"):
            configurations(sweep)
        return
    space = configurations(sweep)
    assert list(space) == [Configuration(k, values) for k, values in enumerate(expected)]
    assert space.excluded == len(points) - len(expected)
    assert sweep.runs == len(points)
    assert space[-1] == list(space)[-1]
    assert space[1:3] == list(space)[1:3]
    with pytest.raises(IndexError):
        space[len(expected)]


def test_grid_of_a_thousand_million_points_is_lazy() -> None:
    ends = {SHORT: (0.1, 0.3), "condor.take_profit": (0.1, 0.9), "condor.stop_loss": (1.0, 4.0)}
    axes = {name: {"low": low, "high": high, "steps": 1000} for name, (low, high) in ends.items()}
    space = configurations(make_sweep({"axes": axes}))
    assert len(space) == 10**9
    assert tuple(space[999_999_999].values.values()) == (0.3, 0.9, 4.0)
    places = np.unravel_index(123_456_789, (1000, 1000, 1000))
    expected = [low + k * (high - low) / 999 for k, (low, high) in zip(places, ends.values(), strict=True)]
    assert list(space[123_456_789].values.values()) == pytest.approx(expected, rel=1e-11)
    said = complaint({"sweep": {"constraints": [f"{SHORT} > 0.2"]}, "axes": axes})
    assert (
        'too large to apply constraints to (at most 5000000); take fewer levels, or method = "random"' in said
    )


def test_large_grid_applies_constraints_block_by_block() -> None:
    axes = {
        "condor.take_profit": {"low": 0.001, "high": 1.0, "steps": 1000},
        "condor.stop_loss": {"low": 0.001, "high": 1.0, "steps": 1000},
    }
    rule = "condor.take_profit <= condor.stop_loss"
    space = configurations(make_sweep({"sweep": {"constraints": [rule]}, "axes": axes}))
    assert len(space) == 1000 * 1001 // 2
    assert tuple(space[-2].values.values()) == (0.999, 1.0)


# Draws


def drawn(method, runs, axes=None, **more):
    chosen = axes or {SHORT: {"low": 0.1, "high": 0.3}, "condor.target_dte": {"low": 20, "high": 59}}
    return configurations(make_sweep({"sweep": {"method": method, "runs": runs, **more}, "axes": chosen}))


def test_random_draws_are_numpys() -> None:
    found = np.array(values_of(drawn("random", 50, seed=5)))
    fractions = np.random.default_rng(5).random((50, 2))
    assert found[:, 0] == pytest.approx(0.1 + 0.2 * fractions[:, 0], rel=5e-6)
    assert found[:, 1].tolist() == np.floor(20 + 40 * fractions[:, 1]).tolist()


def test_latin_draws_are_scipys() -> None:
    found = np.array(values_of(drawn("latin", 40, seed=5)))
    fractions = qmc.LatinHypercube(2, rng=np.random.default_rng(5)).random(40)
    assert found[:, 0] == pytest.approx(0.1 + 0.2 * fractions[:, 0], rel=5e-6)
    # forty parts, forty whole numbers: each once
    assert sorted(found[:, 1]) == list(range(20, 60))


@pytest.mark.parametrize("method", ["random", "latin"])
def test_draws_meet_the_constraints_differ_and_repeat_with_their_seed(method) -> None:
    axes = {SHORT: [0.05, 0.1, 0.15, 0.2], WING: [0.02, 0.06, 0.12, 0.16], "condor.target_dte": [30, 45]}
    allowed = {(s, w, d) for s, w, d in itertools.product(*axes.values()) if w < s}
    space = drawn(method, len(allowed), axes, constraints=[BELOW])
    assert set(values_of(space)) == allowed  # as many as there are: every one, once
    assert [found.number for found in space] == list(range(len(allowed)))
    assert space.excluded > 0
    assert space.repeated > 0
    assert values_of(space) == values_of(drawn(method, len(allowed), axes, constraints=[BELOW]))
    assert values_of(space) != values_of(drawn(method, len(allowed), axes, constraints=[BELOW], seed=1))


def test_what_was_passed_over_is_counted_to_the_last_point_needed() -> None:
    axes = {SHORT: [0.1, 0.2, 0.3, 0.4]}
    codes = np.floor(np.random.default_rng(0).random(1000) * 4).astype(int)
    seen, excluded, repeated = [], 0, 0
    for code in codes:
        if axes[SHORT][code] < 0.15:
            excluded += 1
        elif code in seen:
            repeated += 1
        else:
            seen.append(code)
        if len(seen) == 3:
            break
    space = drawn("random", 3, axes, constraints=[f"{SHORT} > 0.15"])
    assert [found[0] for found in values_of(space)] == [axes[SHORT][code] for code in seen]
    assert (space.excluded, space.repeated) == (excluded, repeated)


def test_constraints_that_leave_too_little_are_told() -> None:
    raw = {"method": "random", "runs": 10, "constraints": [f"{SHORT} > 0.45"]}
    said = complaint({"sweep": raw, "axes": {SHORT: {"low": 0.06, "high": 0.3}}})
    assert "only 0 of 10 configurations in 100000 draws (100% were left out by constraints" in said
    said = complaint({"sweep": {"constraints": [f"{SHORT} > 0.45"]}, "axes": {SHORT: [0.1, 0.2]}})
    assert "the constraints leave none of 2 configurations" in said


# Studies that contradict themselves


def test_contradiction_is_told_before_anything_runs_with_the_constraint_that_helps() -> None:
    axes = {SHORT: [0.10, 0.16], WING: [0.05, 0.12]}
    said = complaint({"axes": axes})
    assert "(condor.short_delta = 0.1, condor.wing_delta = 0.12)" in said
    assert said.endswith(f'; add "{BELOW}" to constraints')
    assert len(configurations(make_sweep({"sweep": {"constraints": [BELOW]}, "axes": axes}))) == 3


@pytest.mark.parametrize("method", ["grid", "search"])
def test_contradiction_in_a_corner_of_a_large_space_is_found(method) -> None:
    axes = {
        "layered.trigger_delta": {"low": 0.20, "high": 0.40, "steps": 1000},
        "layered.relax_delta": {"low": 0.001, "high": 0.201, "steps": 1000},
    }
    sweep = make_sweep(
        {"sweep": {"method": method, **({} if method == "grid" else {"runs": 100})}, "axes": axes}
    )
    with pytest.raises(
        ConfigError, match=r'add "layered\.relax_delta < layered\.trigger_delta" to constraints'
    ):
        configurations(sweep) if method == "grid" else Search(sweep)


def test_corners_of_many_axes_are_a_sample() -> None:
    names = [f"costs.{name}" for name in ("spread_share", "spread_floor", "spx_base_2011", "spx_slope_2011")]
    names += [f"costs.{name}" for name in ("spx_base_2022", "spx_slope_2022", "vix_base", "vix_slope")]
    names += [f"costs.{name}" for name in ("vix_power", "option_fee", "future_fee", "mini_future_fee")]
    sweep = make_sweep({"axes": {name: {"low": 0.0, "high": 1.0, "steps": 4} for name in names}})
    found = [tuple(values.values()) for values in corners(sweep)]
    assert len(found) == 1024
    assert {value for point in found for value in point} == {0.0, 1.0}
    assert all(len({point[k] for point in found}) == 2 for k in range(12))


@pytest.mark.parametrize(
    "broken",
    [
        {"condor": {"short_delta": 0.1, "wing_delta": 0.2}},
        {"layered": {"first_share": 0.15, "second_share": 0.5, "third_share": 0.5}},
        {"layered": {"first_share": 0.2}},
        {"layered": {"vx_low": 0.3}},
        {"layered": {"differential_low": 0.03}},
        {"layered": {"call_dte_low": 50}},
        {"layered": {"relax_delta": 0.3}},
        {"layered": {"relax_iv_expansion": 0.3}},
        {"layered": {"calm_percentile": 0.95}},
        {"layered": {"third_vix_rsi": 60.0}},
        {"layered": {"shift_dte": 5, "call_roll_dte": 3}},
        {"layered": {"shift_dte": 10}},
        {"sizing": {"band_low": 0.2}},
        {"signals": {"macd_fast": 30}},
        {"ladder": {"near_dte": 120}},
        {"ladder": {"far_roll_dte": 220}},
        {"vxth": {"low": 35.0}},
    ],
)
def test_what_a_study_refuses_has_its_constraint(broken) -> None:
    with pytest.raises(ConfigError) as caught:
        make_study(**broken)
    text = proposed(str(caught.value))
    assert text is not None
    rule = read_constraint(text, "here")
    names = {name: name.split(".") for name in rule.names}
    good = {name: getattr(getattr(Study(), group), setting) for name, (group, setting) in names.items()}
    assert rule.holds(good)
    bad = {name: broken[group].get(setting, good[name]) for name, (group, setting) in names.items()}
    assert not rule.holds(bad)


def test_what_no_constraint_can_say_is_told_without_one() -> None:
    said = complaint({"axes": {"layered.monetise_multiple": [0.5, 2.0]}})
    assert said.endswith(
        "must be above 1, or 0 for no sale; leave it out with a constraint, or narrow an axis"
    )


# The file


def test_sweep_file_is_read_with_all_its_parts(tmp_path) -> None:
    (tmp_path / "base.toml").write_text("[condor]\ntarget_dte = 50\nexit_dte = 10\n", encoding="utf-8")
    path = tmp_path / "s.toml"
    path.write_text(FILE, encoding="utf-8")
    sweep = read_sweep(path)
    study = sweep.study({SHORT: 0.12, WING: 0.02})
    assert study == make_study(
        start="2007-01-03",
        hedges=["static-futures", "long-vx"],
        condor={
            "short_delta": 0.12,
            "wing_delta": 0.02,
            "target_dte": 30,
            "exit_dte": 10,
            "max_entry_vix": 20,
        },
    )
    assert (sweep.method, sweep.runs, sweep.seed) == ("latin", 20, 3)
    assert (sweep.hedge, sweep.rival) == ("long-vx", "static-futures")
    assert sweep.metrics == sweep.objectives == ("pnl_usd", "max_drawdown", "hedge_decay")
    assert [axis.name for axis in sweep.axes] == [SHORT, WING]
    again = make_sweep(json.loads(json.dumps(sweep.plain())))
    assert again == sweep
    assert list(configurations(again)) == list(configurations(sweep))
    assert pickle.loads(pickle.dumps(sweep)) == sweep


@settings(deadline=None, max_examples=50)
@given(
    low=st.floats(0.01, 0.2),
    width=st.floats(0.01, 0.2),
    steps=st.none() | st.integers(2, 50),
    log=st.booleans(),
    levels=st.lists(st.integers(1, 365), min_size=1, max_size=5, unique=True),
    method=st.sampled_from(["grid", "random", "latin", "search"]),
    seed=st.integers(0, 2**40),
)
def test_plain_form_gives_the_same_sweep(low, width, steps, log, levels, method, seed) -> None:
    rng = {"low": low, "high": low + width, **({"steps": steps or 3} if steps or method == "grid" else {})}
    raw = {
        "sweep": {"method": method, "seed": seed, **({} if method == "grid" else {"runs": 1})},
        "axes": {SHORT: {**rng, **({"scale": "log"} if log else {})}, "condor.target_dte": levels},
    }
    sweep = make_sweep(raw)
    assert make_sweep(json.loads(json.dumps(sweep.plain()))) == sweep


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"metod": "grid"}, "unknown key 'metod' in [sweep]; did you mean method?"),
        ({"method": "gird"}, "method = 'gird'; choose from grid, random, latin, search"),
        ({"runs": 10}, "runs is not for a grid"),
        ({"method": "random"}, "needs runs"),
        ({"method": "random", "runs": 0}, "runs = 0 "),
        ({"method": "random", "runs": True}, "runs = True "),
        ({"method": "latin", "runs": 3}, "runs = 3 but the axes have only 2 points"),
        ({"seed": -1}, "seed = -1"),
        ({"hedges": []}, "hedges = [] is not a list of names"),
        ({"hedges": ["layerd"]}, "unknown hedge 'layerd'"),
        ({"hedges": ["none", "none"]}, "hedges names 'none' twice"),
        ({"metrics": ["pnl"]}, "metrics names no metric 'pnl'; did you mean pnl_usd?"),
        ({"objectives": "pnl_usd"}, "objectives = 'pnl_usd' is not a list"),
        ({"hedge": "vxth"}, "hedge = 'vxth' is not among hedges"),
        ({"rival": "layered"}, "rival and hedge are both 'layered'"),
        ({"constraints": BELOW}, "is no list"),
        ({"preset": "vix-scald"}, "unknown preset"),
        ({"study": "nowhere.toml"}, "study file nowhere.toml does not exist"),
        ({"preset": 3}, "preset = 3 is not a text"),
    ],
)
def test_bad_sweep_table_is_refused_in_one_line(wanted, said) -> None:
    assert said in complaint({"sweep": wanted, "axes": {SHORT: [0.1, 0.2]}})


def test_rest_of_the_file_is_checked_too(tmp_path) -> None:
    assert "[axes] is empty" in complaint({})
    assert "unknown table [axis]; did you mean axes?" in complaint({"axis": {}})
    assert "axes is no table" in complaint({"axes": [1]})
    assert "base study: unknown setting condor.delta" in complaint({"study": {"condor": {"delta": 1}}})
    assert "a grid needs steps" in complaint({"axes": {SHORT: {"low": 0.1, "high": 0.2}}})
    with pytest.raises(ConfigError, match="does not exist; check the path"):
        read_sweep(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[sweep\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="is not TOML"):
        read_sweep(tmp_path / "bad.toml")


@pytest.mark.parametrize(
    ("hedges", "hedge", "rival"),
    [
        (["none", "static-calls", "static-futures", "layered"], "layered", "static-calls"),
        (["layered", "static-futures", "vxth"], "layered", "static-futures"),
        (["none", "vxth"], "vxth", None),
        (["static-futures", "static-calls"], "static-calls", "static-futures"),
        (["layered"], "layered", None),
    ],
)
def test_hedge_and_rival_by_default(hedges, hedge, rival) -> None:
    sweep = make_sweep({"sweep": {"hedges": hedges}, "axes": {SHORT: [0.1]}})
    assert (sweep.hedge, sweep.rival) == (hedge, rival)
    assert make_sweep(sweep.plain()) == sweep


def test_examples_of_the_document_are_true() -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "SWEEPS.md").read_text(encoding="utf-8")
    whole, constraints = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    raw = tomllib.loads(whole)
    space = configurations(make_sweep(raw))
    assert len(space) == raw["sweep"]["runs"] == 1000
    rules = tomllib.loads(constraints)["constraints"]
    axes = {name: [0.10] for name in (SHORT, "layered.second_share", "layered.trigger_delta")}
    assert (
        len(
            make_sweep(
                {"sweep": {"constraints": rules}, "axes": {**axes, "condor.exit_dte": [30]}}
            ).constraints
        )
        == 4
    )
    said = complaint({"axes": {SHORT: [0.10], WING: [0.12]}})
    shown = text[text.index("a configuration (") : text.index("to constraints\n```")]
    assert " ".join(shown.split()) in said


def test_document_names_every_key_metric_and_method() -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "SWEEPS.md").read_text(encoding="utf-8")
    assert [name for name in (*METRICS, *KEYS, *METHODS) if f"`{name}`" not in text] == []


def test_with_values_leaves_what_was_given_alone() -> None:
    given = {"condor": {"target_dte": 45}, "seed": 1}
    assert with_values(given, {SHORT: 0.2, "layered.rungs": 3}) == {
        "condor": {"target_dte": 45, "short_delta": 0.2},
        "seed": 1,
        "layered": {"rungs": 3},
    }
    assert given == {"condor": {"target_dte": 45}, "seed": 1}


# What is better


def test_every_metric_has_its_direction() -> None:
    worse = {
        *("ann_vol", "max_drawdown_days", "costs_usd", "hedge_decay", "decay_to_theta", "trades"),
        *("margin_peak_usd", "bleed_usd"),
    }
    assert set(METRICS) == HIGHER_IS_BETTER | worse == {*Metrics._fields, "bleed_usd"}
    assert not HIGHER_IS_BETTER & worse
    assert signed("max_drawdown", -0.1) > signed("max_drawdown", -0.3)
    assert signed("bleed_usd", 10.0) > signed("bleed_usd", 20.0)
    assert math.isnan(signed("hedge_decay", math.nan))
    with pytest.raises(ConfigError, match="unknown metric 'pnl'"):
        signed("pnl", 1.0)


def test_optuna_and_scipy_stats_are_loaded_only_when_used() -> None:
    code = (
        "import sys, alvh_bt.sweep.search, alvh_bt.sweep.space, alvh_bt.sweep.spec as s\n"
        "from alvh_bt.sweep.space import configurations\n"
        f"configurations(s.make_sweep({{'axes': {{{SHORT!r}: [0.1]}}}}))\n"
        "print([name for name in ('optuna', 'scipy.stats.qmc') if name in sys.modules])"
    )
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "[]"
