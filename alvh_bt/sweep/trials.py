"""Whether the configurations of a sweep are valid studies, tried before anything runs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any, Final

import numpy as np

from alvh_bt.config import Study
from alvh_bt.errors import ConfigError
from alvh_bt.sweep.constraints import read_constraint
from alvh_bt.sweep.draws import allowed
from alvh_bt.sweep.rows import Configuration
from alvh_bt.sweep.spec import Sweep

#: So many configurations are all tried.
MOST_TRIED: Final = 2000
_MOST_CORNERS: Final = 1024

#: How `config.Study` words what settings must agree on, and the sign that says the same.
_RELATIONS: Final = (
    ("must be below", "<"),
    ("must not exceed", "<="),
    ("must be above", ">"),
    ("must not be below", ">="),
)


def check_space(sweep: Sweep, space: Sequence[Configuration]) -> None:
    """Try configurations as studies: all up to 2,000, else a thousand, and the corners of a grid.

    Parameters
    ----------
    sweep
        Whose base study they change.
    space
        The configurations, in their order.

    Raises
    ------
    ConfigError
        When one is no valid study; proposes the constraint that leaves it out.
    """
    if len(space) <= MOST_TRIED:
        check_values(sweep, (found.values for found in space))
        return
    if sweep.method == "grid":
        check_values(sweep, corners(sweep))
    # At random: equal steps through a grid may meet one level of its last axis only.
    places = np.random.default_rng(0).integers(0, len(space), MOST_TRIED // 2)
    check_values(sweep, (space[int(place)].values for place in places))


def check_values(sweep: Sweep, tried: Iterable[Mapping[str, Any]]) -> None:
    """Try values of configurations as studies.

    Raises
    ------
    ConfigError
        As `check_space`.
    """
    for values in tried:
        try:
            sweep.study(values)
        except ConfigError as error:
            raise ConfigError(_refusal(sweep, values, str(error))) from None


def corners(sweep: Sweep) -> Iterable[Mapping[str, Any]]:
    """Yield the values of corners that the constraints allow: each axis at its lowest or its highest value.

    All of them up to 1,024, of more so many at random.
    """
    ends = [tuple(dict.fromkeys(axis.ends())) for axis in sweep.axes]
    if math.prod(len(pair) for pair in ends) <= _MOST_CORNERS:
        codes = np.array(list(product(*ends)), np.float64)
    else:
        rng = np.random.default_rng(0)
        codes = np.column_stack([rng.choice(pair, _MOST_CORNERS) for pair in ends])
    for point in codes[allowed(sweep, codes)]:
        yield {axis.name: axis.value(code) for axis, code in zip(sweep.axes, point, strict=True)}


def proposed(reason: str) -> str | None:
    """Return the constraint that says what a study's complaint does; None where it cannot be told.

    Examples
    --------
    >>> proposed("layered.relax_delta must be below layered.trigger_delta; change the study")
    'layered.relax_delta < layered.trigger_delta'
    """
    said = reason.partition(";")[0]
    for words, sign in _RELATIONS:
        left, found, right = said.partition(f" {words} ")
        if found and _is_setting(left) and _is_setting(right):
            return f"{left} {sign} {right}"
    between = re.fullmatch(r"(\w+)\.(\w+) must lie between (\w+) and (\w+)", said)
    if between:
        group, middle, low, high = between.groups()
        return f"{group}.{low} <= {group}.{middle} <= {group}.{high}"
    several = re.fullmatch(r"(\w+)\.(\w+), (\w+) and (\w+) (must rise|add up).*", said)
    if several:
        group, *names, what = several.groups()
        settings = [f"{group}.{name}" for name in names]
        return " < ".join(settings) if what == "must rise" else f"{' + '.join(settings)} <= 1"
    return None


def _is_setting(name: str) -> bool:
    group, _, setting = name.partition(".")
    return setting in getattr(getattr(Study(), group, None), "_fields", ())


def _refusal(sweep: Sweep, values: Mapping[str, Any], reason: str) -> str:
    chosen = ", ".join(f"{name} = {value!r}" for name, value in values.items())
    said = reason.removesuffix("; change the study")
    remedy = "leave it out with a constraint, or narrow an axis"
    text = proposed(reason)
    if text is not None and not _holds(sweep, text, values):
        remedy = f'add "{text}" to constraints'
    return f"{sweep.source}: a configuration ({chosen}) is no valid study: {said}; {remedy}"


def _holds(sweep: Sweep, text: str, values: Mapping[str, Any]) -> bool:
    """Return whether a proposal would let the configuration through, and so be of no use."""
    rule = read_constraint(text, "proposal")
    return bool(rule.holds({name: values.get(name, sweep.base_number(name)) for name in rule.names}))
