"""What a sweep is: its file read and checked, with a base study, axes, constraints and what is wanted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from alvh_bt.config import Study, make_study, read_study, read_toml
from alvh_bt.errors import ConfigError
from alvh_bt.own_class import check_named
from alvh_bt.presets import read_preset
from alvh_bt.sweep.axes import Axis
from alvh_bt.sweep.constraints import Constraint
from alvh_bt.sweep.settings import near, with_values
from alvh_bt.sweep.wanted import Wanted, read_wanted
from alvh_bt.sweep.written import read_axes, read_constraints

_TABLES: Final = ("sweep", "axes", "study")


@dataclass(frozen=True)
class Sweep:
    """A checked sweep."""

    settings: Mapping[str, Any]  # of the base study, every one, as plain JSON values nested by group
    hedges: tuple[str, ...]
    axes: tuple[Axis, ...]
    constraints: tuple[Constraint, ...]
    method: str  # grid, random, latin or search
    runs: int  # configurations; of a grid its points, before constraints
    seed: int
    metrics: tuple[str, ...]  # shown
    objectives: tuple[str, ...]  # searched, and those of the Pareto front
    hedge: str  # the variant whose results are ranked and searched
    rival: str | None  # the variant that it is compared with at equal cost
    source: str = field(default="the sweep", compare=False)  # the file, for complaints

    def axis_types(self) -> dict[str, pa.DataType]:
        """Return the type of each axis's column, by dotted setting; see `rows.row_schema`."""
        return {axis.name: axis.arrow_type() for axis in self.axes}

    def study(self, values: Mapping[str, Any]) -> Study:
        """Return the base study with a configuration's values, checked.

        Raises
        ------
        ConfigError
            When the values make no valid study.
        """
        return make_study(**with_values(self.settings, values))

    def base_number(self, name: str) -> float:
        """Return what a setting (dotted, a number) is in the base study."""
        group, _, setting = name.partition(".")
        return float(self.settings[group][setting])

    def allowed(self, columns: Mapping[str, Any]) -> Any:
        """Return whether the constraints hold: a `bool`, or an array of them.

        Parameters
        ----------
        columns
            By dotted setting the numbers of axes, alone or in arrays; the base study has all others.
        """
        met: Any = True
        for constraint in self.constraints:
            values = {
                name: columns[name] if name in columns else self.base_number(name)
                for name in constraint.names
            }
            met = np.logical_and(met, constraint.holds(values))
        return met

    def plain(self) -> dict[str, Any]:
        """Return the sweep as plain JSON values, complete: `make_sweep` gives the same sweep from it."""
        wanted = {
            "method": self.method,
            "seed": self.seed,
            "hedges": list(self.hedges),
            "constraints": [constraint.text for constraint in self.constraints],
            "metrics": list(self.metrics),
            "objectives": list(self.objectives),
            "hedge": self.hedge,
            "rival": self.rival,
        }
        return {
            "sweep": wanted if self.method == "grid" else {**wanted, "runs": self.runs},
            "axes": {axis.name: axis.plain() for axis in self.axes},
            "study": with_values(self.settings, {}),
        }


def read_sweep(path: Path, own: Collection[str] = ()) -> Sweep:
    """Return the sweep of a file (TOML), checked.

    Parameters
    ----------
    path
        The file; a `study` that it names is looked for beside it.
    own
        The user's own hedges (`file.py:ClassName`) that it may name: a file by itself runs no code.

    Raises
    ------
    ConfigError
        When the file is missing or not TOML, or says something that cannot be done; one line that names the
        place and the remedy.
    """
    source = f"sweep file {path}"
    raw = read_toml(path, source, "check the path")
    return make_sweep(raw, path.parent, source, own)


def make_sweep(
    raw: Mapping[str, Any],
    folder: Path | None = None,
    source: str = "the sweep",
    own: Collection[str] | None = None,
) -> Sweep:
    """Return a checked sweep from plain values, as a sweep file or `Sweep.plain` has them.

    Parameters
    ----------
    raw
        The tables `sweep`, `axes` and `study`.
    folder
        Where a study file is looked for; None: the working folder.
    source
        What complaints start with.
    own
        The user's own hedges that may be named; None: any, for values that come from the user's own code.

    Raises
    ------
    ConfigError
        One line: what is wrong, where, and the remedy.

    Examples
    --------
    >>> sweep = make_sweep({"axes": {"condor.short_delta": [0.10, 0.16]}})
    >>> sweep.method, sweep.runs, sweep.hedge, sweep.rival
    ('grid', 2, 'layered', 'static-calls')
    >>> make_sweep(sweep.plain()) == sweep
    True
    """
    for key in raw:
        if key not in _TABLES:
            raise ConfigError(f"{source}: unknown table [{key}]; {near(str(key), _TABLES)}")
    tables = {key: raw.get(key, {}) for key in _TABLES}
    for key, table in tables.items():
        if not isinstance(table, Mapping):
            raise ConfigError(f"{source}: {key} is no table; write it as [{key}]")
    base = _base_study(tables["sweep"], tables["study"], folder or Path(), source)
    if own is not None:
        for named in (tables["sweep"].get("hedges"), base.hedges):
            check_named(named, own, source)
    axes = read_axes(tables["axes"], source)
    wanted: Wanted = read_wanted(tables["sweep"], base.hedges, axes, source)
    settings = {**base.settings(), "hedges": list(wanted.hedges)}
    constraints = read_constraints(tables["sweep"].get("constraints", ()), axes, source)
    return Sweep(settings=settings, axes=axes, constraints=constraints, source=source, **wanted._asdict())


def _base_study(wanted: Mapping[str, Any], own: Mapping[str, Any], folder: Path, source: str) -> Study:
    """Return the base study: a preset, over it a study file, over it the file's own [study]."""
    settings: dict[str, Any] = {}
    for key in ("preset", "study"):
        given = wanted.get(key)
        if given is None:
            continue
        if not isinstance(given, str):
            raise ConfigError(f"{source}: {key} = {given!r} is not a text; change it in [sweep]")
        path = folder / given
        if key == "study" and not path.is_file():
            raise ConfigError(
                f"{source}: study file {path} does not exist; give its path from the sweep file"
            )
        try:
            settings = _over(settings, read_preset(given) if key == "preset" else read_study(path))
        except ConfigError as error:
            raise ConfigError(f"{source}: {error}") from None
    try:
        return make_study(**_over(settings, own))
    except ConfigError as error:
        raise ConfigError(f"{source}, base study: {error}") from None


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with others laid over them, group by group."""
    both = dict(below)
    for key, value in above.items():
        group = both.get(key)
        both[key] = {**group, **value} if isinstance(group, Mapping) and isinstance(value, Mapping) else value
    return both
