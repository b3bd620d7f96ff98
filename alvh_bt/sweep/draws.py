"""Points drawn from the space of a sweep, at random or as Latin hypercubes, all different and allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh_bt.errors import ConfigError
from alvh_bt.sweep.axes import Axis, Floats
from alvh_bt.sweep.spec import Sweep

#: Drawn at most, so many times what is wanted, and no fewer than this.
_MOST_TIMES: Final = 50
_MOST_AT_LEAST: Final = 100_000


class Drawn(NamedTuple):
    """Points, and what was passed over on the way to the last of them."""

    codes: Floats  # a row a point, a column an axis
    excluded: int  # drawn, but constraints leave them out
    repeated: int  # drawn before


def draw(sweep: Sweep, count: int, rng: np.random.Generator, latin: bool) -> Drawn:
    """Return so many different points that the constraints allow, in the order in which they were drawn.

    What constraints leave out, and what was drawn before, is replaced by later draws. Latin hypercubes have
    `count` points each; without constraints and repetitions the first is the answer.

    Parameters
    ----------
    sweep
        Its axes and constraints; its own method, runs and seed do not matter.
    count
        Points wanted.
    rng
        Decides the draws.
    latin
        Latin hypercubes (every axis divided into `count` equal parts, a point in each) or independent points.

    Raises
    ------
    ConfigError
        When a hundred thousand draws, or fifty times `count`, bring too few.

    Source: McKay, Beckman and Conover (1979), "A Comparison of Three Methods for Selecting Values of Input
    Variables", Technometrics 21(2), of Latin hypercubes.
    """
    width = len(sweep.axes)
    fractions = _hypercubes(width, rng) if latin else lambda rows: rng.random((rows, width))
    kept = np.empty((0, width))
    excluded = repeated = tried = 0
    most = max(_MOST_AT_LEAST, _MOST_TIMES * count)
    while len(kept) < count:
        if tried >= most:
            raise _too_few(sweep, count, len(kept), tried, excluded)
        codes = codes_at(sweep.axes, fractions(count))
        tried += count
        met = allowed(sweep, codes)
        new = _first_of_each(kept, codes, met)[: count - len(kept)]
        # Only what came before the last point that was needed counts as passed over.
        end = len(codes) if len(kept) + len(new) < count else int(new[-1]) + 1
        excluded += int(end - np.count_nonzero(met[:end]))
        repeated += int(np.count_nonzero(met[:end])) - len(new)
        kept = np.concatenate((kept, codes[new]))
    return Drawn(kept, excluded, repeated)


def codes_at(axes: Sequence[Axis], fractions: Floats) -> Floats:
    """Return the codes of points at fractions of each axis; a row a point, a column an axis."""
    return np.column_stack([axis.codes(fractions[:, k]) for k, axis in enumerate(axes)])


def allowed(sweep: Sweep, codes: Floats) -> NDArray[np.bool_]:
    """Return for each point whether the constraints allow it."""
    met = sweep.allowed(columns(sweep, codes))
    return np.broadcast_to(np.asarray(met, bool), len(codes))


def columns(sweep: Sweep, codes: Floats) -> Mapping[str, Floats]:
    """Return the numbers of each axis that a constraint names, by dotted setting."""
    named = {name for constraint in sweep.constraints for name in constraint.names}
    return {axis.name: axis.numbers(codes[:, k]) for k, axis in enumerate(sweep.axes) if axis.name in named}


def _hypercubes(width: int, rng: np.random.Generator) -> Callable[[int], Floats]:
    from scipy.stats import qmc  # loading it takes most of a second: only who needs it waits

    # `seed`, in place of the newer `rng`, is what every supported version knows.
    sampler = qmc.LatinHypercube(width, seed=rng)
    return lambda rows: np.asarray(sampler.random(rows), np.float64)


def _first_of_each(kept: Floats, codes: Floats, met: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the rows of `codes` that are met and neither kept nor above in `codes`, in their order."""
    rows = np.flatnonzero(met)
    _, first = np.unique(np.concatenate((kept, codes[rows])), axis=0, return_index=True)
    new = np.sort(first[first >= len(kept)]) - len(kept)
    return np.asarray(rows[new], np.int64)


def _too_few(sweep: Sweep, count: int, found: int, tried: int, excluded: int) -> ConfigError:
    share = f"{100.0 * excluded / tried:.3g}% were left out by constraints, the others drawn before"
    return ConfigError(
        f"{sweep.source}: only {found} of {count} configurations in {tried} draws ({share}); "
        'lower runs, loosen the constraints or narrow the axes, or take method = "grid"'
    )
