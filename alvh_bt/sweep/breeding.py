"""Optuna's NSGA-II, which breeds the points of a search, with points of our own where we have them.

The only module that imports Optuna, loaded when a search begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.samplers import NSGAIISampler
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from alvh_bt.sweep.axes import Axis


class Breeder:
    """A study of Optuna in memory: points out, signed objectives in, larger is better."""

    def __init__(self, axes: Sequence[Axis], objectives: int, population: int, seed: int) -> None:
        self._axes = axes
        self._sampler = _Sampler(population, seed)
        self._distributions = {axis.name: _distribution(axis) for axis in axes}
        # Optuna announces each study; the level is the process's own and is put back.
        level = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            self._study = optuna.create_study(directions=["maximize"] * objectives, sampler=self._sampler)
        finally:
            optuna.logging.set_verbosity(level)

    def ask(self, given: Sequence[float] | None = None) -> tuple[Trial, tuple[float, ...]]:
        """Return a trial and its codes: bred from the last generation, or those given."""
        self._sampler.given = (
            None
            if given is None
            else {axis.name: _parameter(axis, code) for axis, code in zip(self._axes, given, strict=True)}
        )
        trial = self._study.ask(self._distributions)
        return trial, tuple(_code(axis, trial.params[axis.name]) for axis in self._axes)

    def close(self, results: Iterable[tuple[Trial, Sequence[float]]]) -> None:
        """Take what came of a generation, finite or minus infinity; what is asked next is bred from it."""
        members = [self._study.tell(trial, objectives) for trial, objectives in results]
        self._sampler.advance(self._study, members, self._distributions)

    def pass_over(self, trial: Trial) -> None:
        """Drop a trial that is not run: it is no member of its generation."""
        self._study.tell(trial, state=TrialState.FAIL)


class _Sampler(NSGAIISampler):
    """NSGA-II that is told its generations, and whose next trial may be given.

    Left alone, it finds the generations by going through all trials for each that is asked: 12 ms a trial
    at 20,000. A trial that is given is a member of its generation like those that are bred.
    """

    def __init__(self, population: int, seed: int) -> None:
        super().__init__(population_size=population, seed=seed)
        self.given: Mapping[str, Any] | None = None
        self._generation = 0
        self._members: list[FrozenTrial] = []  # of the last generation
        self._parents: list[FrozenTrial] = []  # of the next
        self._space: dict[str, BaseDistribution] = {}

    def advance(
        self, study: Study, members: list[FrozenTrial], space: Mapping[str, BaseDistribution]
    ) -> None:
        """Begin a generation: its parents are the best of these members and of their own parents."""
        self._members = members
        self._generation += 1
        self._parents = self.select_parent(study, self._generation)
        self._space = {name: kind for name, kind in space.items() if not kind.single()}

    def get_trial_generation(self, study: Any, trial: Any) -> int:
        """Return the generation that is being asked."""
        return self._generation

    def get_population(self, study: Any, generation: int) -> list[FrozenTrial]:
        """Return the members of the last generation."""
        return self._members

    def get_parent_population(self, study: Any, generation: int) -> list[FrozenTrial]:
        """Return the parents of the generation that is being asked; none for the first."""
        return self._parents

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, BaseDistribution]:
        """Return what is bred: every axis of more than one value, from the second generation on."""
        return self._space

    def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
        """Return bred values; none for a trial that is given."""
        if self.given is not None:
            return {}
        bred: dict[str, Any] = super().sample_relative(study, trial, search_space)
        return bred

    def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
        """Return the given value, else a random one, by which NSGA-II mutates."""
        if self.given is not None:
            return self.given[param_name]
        return super().sample_independent(study, trial, param_name, param_distribution)


def _distribution(axis: Axis) -> BaseDistribution:
    if axis.levels is None:
        return FloatDistribution(axis.low, axis.high, log=axis.log)
    if axis.log and axis.steps is None:
        return IntDistribution(int(axis.low), int(axis.high), log=True)
    return IntDistribution(0, len(axis.levels) - 1)


def _code(axis: Axis, parameter: float) -> float:
    """Return the code of a parameter: a level's index, or the number to 6 digits as a drawn one."""
    if axis.levels is None:
        return float(axis.rounded(parameter))
    return float(parameter - int(axis.low)) if axis.log and axis.steps is None else float(parameter)


def _parameter(axis: Axis, code: float) -> float | int:
    if axis.levels is None:
        return code
    return int(code) + int(axis.low) if axis.log and axis.steps is None else int(code)
