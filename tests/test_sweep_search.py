"""A search: whole generations, the same course however it is asked, told, stopped and resumed."""

from __future__ import annotations

import itertools
import logging
import math
import random

import numpy as np
import optuna
import pytest
from optuna.samplers import NSGAIISampler
from scipy.stats import qmc

from alvh_bt.errors import ConfigError
from alvh_bt.sweep.breeding import Breeder
from alvh_bt.sweep.rows import Configuration
from alvh_bt.sweep.search import Search
from alvh_bt.sweep.space import configurations
from alvh_bt.sweep.spec import make_sweep

SHORT = "condor.short_delta"
WING = "condor.wing_delta"
AXES = {
    SHORT: {"low": 0.06, "high": 0.30},
    WING: {"low": 0.01, "high": 0.20},
    "condor.target_dte": {"low": 20, "high": 60},
    "costs.spread_share": {"low": 0.25, "high": 1.0, "scale": "log"},
    "layered.rungs": [1, 2, 3],
    "condor.schedule": ["weekly", "monthly"],
    "condor.exit_dte": {"low": 5, "high": 20, "scale": "log"},
}


def search_sweep(runs=100, axes=None, method="search", **more):
    wanted = {"method": method, "runs": runs, "constraints": [f"{WING} < {SHORT}"], **more}
    return make_sweep({"sweep": wanted, "axes": axes or AXES})


def figures(found: Configuration) -> dict[str, float]:
    """Figures that pull two ways: a near short strike earns and falls, a wide wing bleeds."""
    short, wing = found.values[SHORT], found.values.get(WING, 0.05)
    return {
        "pnl_usd": 1e5 * short - 2e5 * wing**2,
        "max_drawdown": -(short**2) - abs(wing - 0.05),
        "hedge_decay": wing / 2 + (found.values.get("condor.target_dte", 40) - 40) ** 2 / 1e4,
    }


def course(search: Search, batch: int = 7, order: random.Random | None = None) -> list[Configuration]:
    """Every configuration that a search asks until it is finished, in the order of their numbers."""
    asked = []
    while not search.finished:
        found = search.ask(batch)
        assert found, "nothing is out: it must ask or be finished"
        asked += found
        for one in order.sample(found, len(found)) if order else found:
            search.tell(one, figures(one))
    assert search.ask(5) == []
    return sorted(asked)


@pytest.fixture(scope="module")
def whole() -> list[Configuration]:
    return course(Search(search_sweep()))


def test_points_are_within_the_axes_allowed_and_all_different(whole) -> None:
    assert [found.number for found in whole] == list(range(100))
    assert len({tuple(found.values.items()) for found in whole}) == 100
    for found in whole:
        values = found.values
        assert list(values) == list(AXES)
        assert 0.06 <= values[SHORT] <= 0.30
        assert 0.01 <= values[WING] < values[SHORT]
        assert 0.25 <= values["costs.spread_share"] <= 1.0
        assert values["condor.target_dte"] in range(20, 61)
        assert values["condor.exit_dte"] in range(5, 21)
        assert values["layered.rungs"] in (1, 2, 3)
        assert values["condor.schedule"] in ("weekly", "monthly")
        kinds = [float, float, int, float, int, str, int]
        assert [type(value) for value in values.values()] == kinds


@pytest.mark.parametrize(("batch", "order"), [(1, None), (64, random.Random(1)), (1000, random.Random(2))])
def test_course_depends_on_the_results_alone(whole, batch, order) -> None:
    assert course(Search(search_sweep()), batch, order) == whole


def test_seed_decides_the_course(whole) -> None:
    assert course(Search(search_sweep(seed=1))) != whole


def test_seed_decides_what_is_bred_of_the_same_parents() -> None:
    axes = search_sweep().axes[:2]

    def bred(seed: int) -> list[tuple[float, ...]]:
        breeder = Breeder(axes, 1, 4, seed)
        parents = [breeder.ask([0.1 + k / 100, 0.01 + k / 100])[0] for k in range(4)]
        breeder.close((trial, [float(k)]) for k, trial in enumerate(parents))
        return [breeder.ask()[1] for _ in range(10)]

    assert bred(1) == bred(1) != bred(2)


def test_results_decide_the_course(whole) -> None:
    search = Search(search_sweep())
    asked = []
    while not search.finished:
        for found in search.ask(10):
            asked.append(found)
            search.tell(found, {**figures(found), "pnl_usd": -figures(found)["pnl_usd"]})
    assert asked[:20] == whole[:20]  # the first generation knows no results
    assert asked[20:] != whole[20:]


@pytest.mark.parametrize("seed", range(4))
def test_search_goes_on_where_it_was_stopped(whole, seed) -> None:
    """Any run may be missing of the generation that was out, as after a kill."""
    rng = random.Random(seed)
    closed = rng.choice([0, 20, 40, 80])
    kept = [*whole[:closed], *rng.sample(whole[closed : closed + 20], rng.randrange(21))]
    rng.shuffle(kept)
    search = Search(search_sweep(), ((found, figures(found)) for found in kept))
    asked = course(search)
    assert sorted([*asked, *kept]) == whole


def test_finished_search_has_nothing_left_when_it_is_resumed(whole) -> None:
    search = Search(search_sweep(), ((found, figures(found)) for found in whole))
    assert search.finished
    assert search.ask(10) == []


@pytest.mark.parametrize("wrong", ["values", "gap", "beyond"])
def test_results_of_another_course_are_refused(whole, wrong) -> None:
    kept = [(found, figures(found)) for found in whole[:45]]
    if wrong == "values":
        kept[30] = (Configuration(30, {**whole[30].values, SHORT: 0.299}), kept[30][1])
    elif wrong == "gap":
        del kept[3]
    else:
        kept = [(Configuration(100, whole[0].values), kept[0][1])]
    with pytest.raises(ConfigError, match="not of this search's course"):
        Search(search_sweep(), kept)


def test_nothing_is_asked_of_the_next_generation_before_all_is_told() -> None:
    search = Search(search_sweep())
    first = search.ask(100)
    assert len(first) == search.population == 20
    for found in first[1:]:
        search.tell(found, figures(found))
        assert search.ask(5) == []
        assert not search.finished
    search.tell(first[0], None)
    assert [found.number for found in search.ask(5)] == [20, 21, 22, 23, 24]


def test_first_generation_is_scipys_latin_hypercube() -> None:
    sweep = make_sweep({"sweep": {"method": "search", "runs": 30, "seed": 4}, "axes": {SHORT: AXES[SHORT]}})
    fractions = qmc.LatinHypercube(1, rng=np.random.default_rng(4)).random(20)[:, 0]
    found = [one.values[SHORT] for one in Search(sweep).ask(20)]
    assert found == pytest.approx(0.06 + 0.24 * fractions, rel=5e-6)


def test_second_generation_is_bred_by_optunas_nsga2_from_the_first() -> None:
    """With one parent far better than all others, children have its values or are mutations."""
    axes = {name: AXES[name] for name in (SHORT, "condor.target_dte", "costs.spread_share")}
    search = Search(
        make_sweep({"sweep": {"method": "search", "runs": 40, "objectives": ["pnl_usd"]}, "axes": axes})
    )
    first = search.ask(20)
    for found in first:
        search.tell(found, {"pnl_usd": float(found.number == 7)})
    second = search.ask(20)
    values = {name: {found.values[name] for found in first} for name in axes}
    inherited = sum(found.values[name] in values[name] for found in second for name in axes)
    assert inherited >= 30  # of 60; a mutation hits one of three, a random draw inherits hardly any float
    best = sum(found.values[name] == first[7].values[name] for found in second for name in axes)
    assert best >= 6  # of a parent that wins every tournament it is in: far above 1 in 20
    assert isinstance(search._breeder._sampler, NSGAIISampler)


@pytest.mark.parametrize("bad", ["failed", "empty", "nan", "none", "inf"])
def test_failed_and_undefined_runs_are_no_parents_once_there_are_others(bad) -> None:
    """15 of the first 20 fail: none of them is among the best 20 of two generations."""
    search = Search(search_sweep(runs=60))
    first = search.ask(20)
    for found in first:
        undefined = {
            **figures(found),
            "hedge_decay": {"nan": math.nan, "none": None, "inf": -math.inf}.get(bad),
        }
        told = {"failed": None, "empty": {}}.get(bad, undefined)
        search.tell(found, told if found.number >= 5 else figures(found))
    second = search.ask(20)
    for found in second:
        search.tell(found, figures(found))
    third = search.ask(20)
    assert [found.number for found in third] == list(range(40, 60))
    for name in (SHORT, WING, "costs.spread_share"):
        alive = {found.values[name] for found in [*first[:5], *second]}
        failed = {found.values[name] for found in first[5:]} - alive
        children = {found.values[name] for found in third}
        assert children & alive
        assert not children & failed


@pytest.mark.parametrize("seed", range(4))
def test_search_comes_nearer_to_the_front_than_as_many_random_points(seed) -> None:
    """The objectives are squared distances from two points of six axes: the front lies between them."""
    names = [*("spread_share", "spread_floor", "vix_base", "vix_slope", "vix_power", "option_fee")]
    axes = {f"costs.{name}": {"low": 0.0, "high": 1.0} for name in names}
    ends = np.array([[0.2, 0.7, 0.3, 0.6, 0.5, 0.4], [0.6, 0.3, 0.8, 0.6, 0.1, 0.4]])
    weights = np.linspace(0.0, 1.0, 21)[:, None]

    def objectives(found: Configuration) -> dict[str, float]:
        gap = ((ends - list(found.values.values())) ** 2).sum(axis=1)
        return {"pnl_usd": -gap[0], "hedge_decay": gap[1]}  # more is better of one, less of the other

    def missed(points) -> float:
        """How far the best points are from the best there are, in the mean over all weights of the two."""
        both = np.array([list(objectives(found).values()) for found in points]) * [-1, 1]
        reached = (weights * both[:, 0] + (1 - weights) * both[:, 1]).min(axis=1)
        best = (weights * (1 - weights))[:, 0] * ((ends[0] - ends[1]) ** 2).sum()
        return float((reached - best).mean())

    wanted = {"runs": 400, "seed": seed, "objectives": ["pnl_usd", "hedge_decay"]}
    search, asked = Search(make_sweep({"sweep": {"method": "search", **wanted}, "axes": axes})), []
    while not search.finished:
        for found in search.ask(50):
            asked.append(found)
            search.tell(found, objectives(found))
    drawn = configurations(make_sweep({"sweep": {"method": "random", **wanted}, "axes": axes}))
    assert 0.0 < missed(asked) < 0.5 * missed(drawn)


def test_small_space_is_searched_to_its_last_point() -> None:
    axes = {SHORT: [0.05, 0.1, 0.15, 0.2], WING: [0.02, 0.06, 0.12, 0.16], "condor.target_dte": [28, 30, 45]}
    allowed = {(s, w, d) for s, w, d in itertools.product(*axes.values()) if w < s}
    asked = course(Search(search_sweep(40, axes)))
    assert len(allowed) == 30
    assert len(asked) == 30
    assert {tuple(found.values.values()) for found in asked} == allowed


def test_rare_points_are_found_by_going_through_the_grid() -> None:
    """28 of 40,000 points are allowed: neither breeding nor a thousand draws bring the last of them."""
    names = ("condor.take_profit", "condor.stop_loss")
    axes = {name: {"low": 0.005, "high": 1.0, "steps": 200} for name in names}
    rule = [" + ".join(names) + " <= 0.04"]  # i + j <= 8 in steps of 0.005, i and j from 1
    asked = [
        tuple(found.values.values()) for found in any_course(Search(search_sweep(40, axes, constraints=rule)))
    ]
    expected = {(i, j) for i in range(1, 8) for j in range(1, 8) if i + j <= 8}
    assert len(asked) == len(expected) == 28
    assert {(round(a / 0.005), round(b / 0.005)) for a, b in asked} == expected


def any_course(search: Search) -> list[Configuration]:
    asked = []
    while not search.finished:
        for found in search.ask(10):
            asked.append(found)
            search.tell(found, {"pnl_usd": found.number, "max_drawdown": 0.0, "hedge_decay": 0.0})
    return asked


def test_population_is_a_twentieth_within_bounds() -> None:
    assert [Search(search_sweep(runs)).population for runs in (5, 100, 1000, 100_000)] == [5, 20, 50, 500]


def test_what_was_not_asked_is_not_told_and_what_was_told_stays() -> None:
    search = Search(search_sweep())
    with pytest.raises(ConfigError, match="configuration 20 was not asked"):
        search.tell(Configuration(20, {}), None)
    first = search.ask(20)
    for found in first:
        search.tell(found, figures(found))
        search.tell(found, None)
    assert course(search, 20) == course(Search(search_sweep()), 20)[20:]


def test_constraints_that_leave_nothing_are_told() -> None:
    with pytest.raises(ConfigError, match="only 0 of 20 configurations in 100000 draws"):
        Search(search_sweep(axes={SHORT: AXES[SHORT], WING: {"low": 0.31, "high": 0.4}}))


def test_optuna_says_nothing_and_its_level_is_left_alone(caplog, capfd) -> None:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.DEBUG)
    try:
        with caplog.at_level(logging.DEBUG):
            course(Search(search_sweep(40)))
        assert optuna.logging.get_verbosity() == optuna.logging.DEBUG
    finally:
        optuna.logging.set_verbosity(before)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
