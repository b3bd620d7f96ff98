"""A search of a sweep's space for what is good in several objectives at once, a generation at a time.

NSGA-II of Optuna. On three objectives over six axes it reached the same hypervolume in 1,000 points as
Optuna's multi-objective TPE, whose asking cost a hundred times as much (114 ms a point against 0.8 ms; a
compiled run of 18 years takes some 15 ms).

Source: Deb, Pratap, Agarwal and Meyarivan (2002), "A Fast and Elitist Multiobjective Genetic Algorithm:
NSGA-II", IEEE Transactions on Evolutionary Computation 6(2).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

import numpy as np

from alvh_bt.errors import ConfigError
from alvh_bt.sweep.better import signed
from alvh_bt.sweep.draws import allowed, codes_at, draw
from alvh_bt.sweep.rows import Configuration
from alvh_bt.sweep.space import MOST_POINTS, grid_of
from alvh_bt.sweep.spec import Sweep
from alvh_bt.sweep.trials import check_values, corners

#: Points of a generation: a twentieth of all, within these bounds.
_LEAST, _MOST, _GENERATIONS = 20, 500, 20
#: So often a point is bred that is excluded or known, before one is drawn at random in its place.
_MOST_BRED: Final = 100
_MOST_DRAWN: Final = 1000

Codes = tuple[float, ...]


class Search:
    """A search in generations, each bred from the results of those before it, in the order of their numbers.

    The course depends on the sweep and on results alone: not on how many points are asked for at a time, nor
    on the order in which they are told, nor on whether the search was interrupted between. The first
    generation is a Latin hypercube. Nothing is asked twice.

    Parameters
    ----------
    sweep
        With method "search".
    done
        Configurations that have run, with their figures by metric, in any order: the search goes on after
        them. An error is told by figures that are empty.

    Raises
    ------
    ConfigError
        When constraints leave too little for the first generation, a configuration is no valid study, or
        `done` is not of this search's course.

    Examples
    --------
    >>> from alvh_bt.sweep.spec import make_sweep
    >>> axes = {"condor.short_delta": {"low": 0.1, "high": 0.3}, "condor.target_dte": {"low": 30, "high": 60}}
    >>> search = Search(make_sweep({"sweep": {"method": "search", "runs": 2}, "axes": axes}))
    >>> first, second = search.ask(10)
    >>> for found in (second, first):
    ...     search.tell(found, {"pnl_usd": 1.0, "max_drawdown": -0.1, "hedge_decay": 0.02})
    >>> search.ask(10), search.finished
    ([], True)
    """

    def __init__(self, sweep: Sweep, done: Iterable[tuple[Configuration, Mapping[str, float]]] = ()) -> None:
        from alvh_bt.sweep.breeding import Breeder  # loads Optuna: only a search waits for it

        self.sweep = sweep
        self.population = min(max(_LEAST, min(sweep.runs // _GENERATIONS, _MOST)), sweep.runs)
        self._breeder = Breeder(sweep.axes, len(sweep.objectives), self.population, sweep.seed)
        self._rng = np.random.default_rng(sweep.seed)
        self._known: set[Codes] = set()
        self._told: dict[int, tuple[float, ...]] = {}  # signed objectives by number
        self._generation: list[tuple[Configuration, Any]] = []  # with Optuna's trials
        self._waiting: list[Configuration] = []  # not handed out yet
        self._next = 0  # number of the next new point
        self._exhausted = False
        check_values(sweep, corners(sweep))
        self._open_first()
        self._replay(done)

    @property
    def finished(self) -> bool:
        """Whether every configuration has been told, or no new one can be found."""
        return self._all_told() and (self._next >= self.sweep.runs or self._exhausted)

    def ask(self, n: int) -> list[Configuration]:
        """Return up to `n` configurations that have not been asked yet.

        There are fewer, or none, where a generation is out and its results are awaited, and none where the
        search is `finished`.
        """
        if not self._waiting and self._all_told() and not self.finished:
            self._breed()
        asked, self._waiting = self._waiting[:n], self._waiting[n:]
        return asked

    def tell(self, configuration: Configuration, figures: Mapping[str, float] | None) -> None:
        """Take what came of a configuration.

        Parameters
        ----------
        configuration
            One that was asked; what is told of it again is passed over.
        figures
            By metric, the objectives among them. None: it failed. A failed run, and one of which an objective
            is undefined (NaN, None), is told as worse than any other.

        Raises
        ------
        ConfigError
            When the configuration is none that the search has asked.
        """
        if configuration.number >= self._next:
            raise ConfigError(
                f"configuration {configuration.number} was not asked; tell what the search asked"
            )
        self._told.setdefault(configuration.number, self._objectives(figures))

    def _objectives(self, figures: Mapping[str, float] | None) -> tuple[float, ...]:
        worst = (-math.inf,) * len(self.sweep.objectives)
        if not figures:
            return worst
        values = [figures[name] for name in self.sweep.objectives]
        if any(value is None or not math.isfinite(value) for value in values):
            return worst
        return tuple(signed(name, value) for name, value in zip(self.sweep.objectives, values, strict=True))

    def _all_told(self) -> bool:
        return all(found.number in self._told for found, _ in self._generation)

    def _open_first(self) -> None:
        """Make the first generation: a Latin hypercube of points that the constraints allow."""
        self._generation = []
        for point in draw(self.sweep, self.population, self._rng, latin=True).codes:
            self._add(*self._breeder.ask(point.tolist()))
        self._waiting = [found for found, _ in self._generation]
        check_values(self.sweep, (found.values for found in self._waiting))

    def _breed(self) -> None:
        """Tell the last generation, in the order of its numbers, and breed the next."""
        self._breeder.close((trial, self._told[found.number]) for found, trial in self._generation)
        self._generation = []
        while len(self._generation) < min(
            self.population, self.sweep.runs - self._next + len(self._generation)
        ):
            if not self._add_new():
                self._exhausted = True
                break
        self._waiting = [found for found, _ in self._generation]

    def _add_new(self) -> bool:
        """Add a point that is allowed and new, bred if possible; return whether there was one."""
        for _ in range(_MOST_BRED):
            trial, codes = self._breeder.ask()
            if codes not in self._known and self._allows(codes):
                self._add(trial, codes)
                return True
            self._breeder.pass_over(trial)
        fresh = self._fresh()
        if fresh is None:
            return False
        self._add(*self._breeder.ask(fresh))
        return True

    def _fresh(self) -> Codes | None:
        """Return a point that is allowed and new, at random or else the first there is; None without one."""
        fractions = self._rng.random((_MOST_DRAWN, len(self.sweep.axes)))
        codes = codes_at(self.sweep.axes, fractions)
        drawn = (tuple(point) for point in codes[allowed(self.sweep, codes)].tolist())
        found = next((point for point in drawn if point not in self._known), None)
        sizes = [axis.size for axis in self.sweep.axes]
        if found is not None or None in sizes or math.prod(size or 1 for size in sizes) > MOST_POINTS:
            return found
        grid = grid_of(self.sweep)
        # One more than is known must hold a new one, if there is one.
        points = (tuple(grid.codes(number)) for number in range(len(grid)))
        return next(
            (point for point in islice(points, len(self._known) + 1) if point not in self._known), None
        )

    def _allows(self, codes: Codes) -> bool:
        return bool(allowed(self.sweep, np.array([codes], np.float64))[0])

    def _add(self, trial: Any, codes: Codes) -> None:
        axes = zip(self.sweep.axes, codes, strict=True)
        values = {axis.name: axis.value(code) for axis, code in axes}
        self._generation.append((Configuration(self._next, values), trial))
        self._known.add(codes)
        self._next += 1

    def _replay(self, done: Iterable[tuple[Configuration, Mapping[str, float]]]) -> None:
        """Go through the generations that are done, and hand out what is left of the one that is not."""
        results = {found.number: (found, figures) for found, figures in done}
        while results:
            for found, _ in self._generation:
                known = results.pop(found.number, None)
                if known is None:
                    continue
                if dict(known[0].values) != dict(found.values):
                    raise self._other_course(found.number)
                self.tell(found, known[1])
            self._waiting = [found for found in self._waiting if found.number not in self._told]
            if not results:
                return
            if not self._all_told() or self.finished:
                raise self._other_course(min(results))
            self._breed()

    def _other_course(self, number: int) -> ConfigError:
        return ConfigError(
            f"{self.sweep.source}: configuration {number} of the results is not of this search's course "
            "(another version of Optuna may have another); start anew in another folder"
        )
