"""The configurations of a sweep, numbered, and made when asked for: a grid of any size costs no memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, overload

import numpy as np
from numpy.typing import NDArray

from alvh_bt.errors import ConfigError
from alvh_bt.sweep.axes import Axis, Floats
from alvh_bt.sweep.draws import allowed, draw
from alvh_bt.sweep.rows import Configuration
from alvh_bt.sweep.spec import Sweep
from alvh_bt.sweep.trials import check_space

#: A grid with constraints is walked through once, up to so many points.
MOST_POINTS: Final = 5_000_000
_BLOCK: Final = 1 << 18


class Space(Sequence[Configuration]):
    """The configurations of a sweep in their order, numbers 0, 1, 2 ...

    Attributes
    ----------
    excluded
        Points that constraints left out.
    repeated
        Points that were drawn again and passed over; 0 in a grid.
    """

    def __init__(self, axes: Sequence[Axis], excluded: int, repeated: int) -> None:
        self.axes = tuple(axes)
        self.excluded = excluded
        self.repeated = repeated

    def codes(self, number: int) -> Sequence[float]:
        """Return the code of each axis in a configuration; see `axes.Axis`."""
        raise NotImplementedError

    @overload
    def __getitem__(self, number: int) -> Configuration: ...
    @overload
    def __getitem__(self, number: slice) -> list[Configuration]: ...
    def __getitem__(self, number: int | slice) -> Configuration | list[Configuration]:
        """Return one configuration, or a list of them."""
        if isinstance(number, slice):
            return [self[k] for k in range(*number.indices(len(self)))]
        place = number + len(self) if number < 0 else number
        if not 0 <= place < len(self):
            raise IndexError(f"configuration {number} of {len(self)}")
        codes = self.codes(place)
        values = {axis.name: axis.value(code) for axis, code in zip(self.axes, codes, strict=True)}
        return Configuration(place, values)


class Grid(Space):
    """Every point of a grid that the constraints allow, the last axis changing fastest."""

    def __init__(self, axes: Sequence[Axis], kept: NDArray[np.int64] | None, excluded: int) -> None:
        super().__init__(axes, excluded, 0)
        self._sizes = [axis.size or 1 for axis in axes]
        self._kept = kept  # None: all
        points = 1
        for size in self._sizes:
            points *= size
        self._length = points if kept is None else len(kept)

    def __len__(self) -> int:
        return self._length

    def codes(self, number: int) -> Sequence[float]:
        """Return the index of each axis's level."""
        point = number if self._kept is None else int(self._kept[number])
        found = []
        for size in reversed(self._sizes):
            point, index = divmod(point, size)
            found.append(float(index))
        return found[::-1]


class DrawnSpace(Space):
    """Points that were drawn."""

    def __init__(self, axes: Sequence[Axis], points: Floats, excluded: int, repeated: int) -> None:
        super().__init__(axes, excluded, repeated)
        self._points = points

    def __len__(self) -> int:
        return len(self._points)

    def codes(self, number: int) -> Sequence[float]:
        """Return the code of each axis."""
        found: list[float] = self._points[number].tolist()
        return found


def configurations(sweep: Sweep) -> Space:
    """Return the configurations of a sweep by grid, random or latin; the same for the same sweep.

    Up to 2,000 are all tried as studies, of more a thousand and the corners of a grid, so that a
    contradiction that no constraint names is told before anything runs.

    Parameters
    ----------
    sweep
        A checked sweep of one of these methods; a search chooses as it goes (`search.Search`).

    Raises
    ------
    ConfigError
        When constraints leave nothing, or too little, or a configuration is no valid study.

    Examples
    --------
    >>> from alvh_bt.sweep.spec import make_sweep
    >>> axes = {"condor.short_delta": [0.10, 0.20], "condor.wing_delta": [0.05, 0.15]}
    >>> rules = {"constraints": ["condor.wing_delta < condor.short_delta"]}
    >>> space = configurations(make_sweep({"sweep": rules, "axes": axes}))
    >>> len(space), space.excluded, space[1]
    (3, 1, Configuration(number=1, values={'condor.short_delta': 0.2, 'condor.wing_delta': 0.05}))
    """
    if sweep.method == "search":
        raise ConfigError(
            f"{sweep.source}: a search has no list of configurations; ask search.Search for them"
        )
    space: Space
    if sweep.method == "grid":
        space = grid_of(sweep)
    else:
        drawn = draw(sweep, sweep.runs, np.random.default_rng(sweep.seed), sweep.method == "latin")
        space = DrawnSpace(sweep.axes, *drawn)
    check_space(sweep, space)
    return space


def grid_of(sweep: Sweep) -> Grid:
    """Return every point of a sweep's levels that its constraints allow, whatever its method.

    Raises
    ------
    ConfigError
        When the grid has constraints and more than 5 million points, or constraints leave nothing.
    """
    whole = Grid(sweep.axes, None, 0)
    if not sweep.constraints:
        return whole
    points = len(whole)
    if points > MOST_POINTS:
        raise ConfigError(
            f"{sweep.source}: a grid of {points} points is too large to apply constraints to "
            f'(at most {MOST_POINTS}); take fewer levels, or method = "random" with runs'
        )
    sizes = tuple(axis.size or 1 for axis in sweep.axes)
    kept = []
    for start in range(0, points, _BLOCK):
        block = np.arange(start, min(start + _BLOCK, points))
        codes = np.column_stack(np.unravel_index(block, sizes)).astype(np.float64)
        kept.append(block[allowed(sweep, codes)])
    found = np.concatenate(kept)
    if not len(found):
        raise ConfigError(
            f"{sweep.source}: the constraints leave none of {points} configurations; loosen one"
        )
    return Grid(sweep.axes, found, points - len(found))
