"""The `[sweep]` table: how configurations are chosen, under which hedges, and what is wanted of them."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from alvh_bt.errors import ConfigError
from alvh_bt.hedges import variant_names
from alvh_bt.sweep.axes import Axis
from alvh_bt.sweep.better import METRICS
from alvh_bt.sweep.settings import near

METHODS: Final = ("grid", "random", "latin", "search")
DEFAULT_OBJECTIVES: Final = ("pnl_usd", "max_drawdown", "hedge_decay")
MOST_RUNS: Final = 10_000_000

KEYS: Final = (
    *("method", "runs", "seed", "hedges", "constraints", "metrics", "objectives"),
    *("hedge", "rival", "preset", "study"),
)
#: By preference: what a hedge is compared with at equal cost where the file does not say.
_RIVALS: Final = ("static-calls", "static-futures")


class Wanted(NamedTuple):
    """What `[sweep]` says, apart from the base study and the constraints; fields as in `spec.Sweep`."""

    method: str
    runs: int
    seed: int
    hedges: tuple[str, ...]
    metrics: tuple[str, ...]
    objectives: tuple[str, ...]
    hedge: str
    rival: str | None


def read_wanted(table: Mapping[str, Any], hedges: Sequence[str], axes: Sequence[Axis], source: str) -> Wanted:
    """Return what a `[sweep]` table says, checked, with defaults for what it leaves out.

    Parameters
    ----------
    table
        As a sweep file has it.
    hedges
        Those of the base study: the default.
    axes
        Of the sweep: the points of a grid are counted, and `runs` must not be more than there are.
    source
        What complaints start with.

    Raises
    ------
    ConfigError
        When a key is unknown or its value of no use.
    """
    for key in table:
        if key not in KEYS:
            raise ConfigError(f"{source}: unknown key {key!r} in [sweep]; {near(str(key), KEYS)}")
    method = table.get("method", "grid")
    if method not in METHODS:
        raise ConfigError(f"{source}: method = {method!r}; choose from {', '.join(METHODS)}")
    seed = table.get("seed", 0)
    if not _whole(seed) or seed < 0:
        raise ConfigError(f"{source}: seed = {seed!r} is not a whole number of 0 or more; change it")
    named = _names(table, "hedges", tuple(hedges), source)
    try:
        variants = variant_names(named)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from None
    hedge, rival = _sides(table, variants, source)
    return Wanted(
        method=method,
        runs=_runs(table.get("runs"), method, axes, source),
        seed=seed,
        hedges=named,
        metrics=_metrics(table, "metrics", source),
        objectives=_metrics(table, "objectives", source),
        hedge=hedge,
        rival=rival,
    )


def _runs(raw: Any, method: str, axes: Sequence[Axis], source: str) -> int:
    sizes = [axis.size for axis in axes]
    points = math.prod(size for size in sizes if size is not None)
    if method == "grid":
        if raw is not None:
            raise ConfigError(f"{source}: runs is not for a grid, which runs every point; leave it out")
        for axis in axes:
            if axis.size is None:
                raise ConfigError(
                    f'{source}, axis {axis.name}: a grid needs steps; give them, or method = "random"'
                )
        if points > sys.maxsize:
            raise ConfigError(f'{source}: a grid of {points:.1e} points; take method = "random"')
        return points
    if raw is None:
        raise ConfigError(f"{source}: method {method!r} needs runs; give runs = 1000 or so in [sweep]")
    if not _whole(raw) or not 1 <= raw <= MOST_RUNS:
        raise ConfigError(f"{source}: runs = {raw!r} is not a whole number from 1 to {MOST_RUNS}; change it")
    if None not in sizes and raw > points:
        raise ConfigError(
            f'{source}: runs = {raw} but the axes have only {points} points; lower it, or method = "grid"'
        )
    runs: int = raw
    return runs


def _sides(table: Mapping[str, Any], variants: tuple[str, ...], source: str) -> tuple[str, str | None]:
    """Return the variant that is ranked, and the one that it is compared with."""
    hedge = table.get("hedge", "layered" if "layered" in variants else variants[-1])
    default = next((name for name in _RIVALS if name in variants and name != hedge), None)
    rival = table.get("rival", default)
    for key, name in (("hedge", hedge), ("rival", rival)):
        if name not in variants and not (key == "rival" and name is None):
            raise ConfigError(
                f"{source}: {key} = {name!r} is not among hedges; choose from {', '.join(variants)}"
            )
    if hedge == rival:
        raise ConfigError(f"{source}: rival and hedge are both {hedge!r}; name another")
    return hedge, rival


def _metrics(table: Mapping[str, Any], key: str, source: str) -> tuple[str, ...]:
    names = _names(table, key, DEFAULT_OBJECTIVES, source)
    for name in names:
        if name not in METRICS:
            raise ConfigError(f"{source}: {key} names no metric {name!r}; {near(name, METRICS)}")
    return names


def _names(table: Mapping[str, Any], key: str, default: tuple[str, ...], source: str) -> tuple[str, ...]:
    raw = table.get(key, default)
    if not isinstance(raw, list | tuple) or not raw or not all(isinstance(name, str) for name in raw):
        raise ConfigError(f"{source}: {key} = {raw!r} is not a list of names; give at least one")
    for k, name in enumerate(raw):
        if name in raw[:k]:
            raise ConfigError(f"{source}: {key} names {name!r} twice; leave one out")
    return tuple(raw)


def _whole(raw: Any) -> bool:
    return isinstance(raw, int) and not isinstance(raw, bool)
