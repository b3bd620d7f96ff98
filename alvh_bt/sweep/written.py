"""The axes and constraints of a sweep file, read and held against each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alvh_bt.config import Study
from alvh_bt.errors import ConfigError
from alvh_bt.sweep.axes import Axis, read_axis
from alvh_bt.sweep.constraints import Constraint, read_constraint
from alvh_bt.sweep.settings import find_setting


def read_axes(table: Mapping[str, Any], source: str) -> tuple[Axis, ...]:
    """Return the axes of an `[axes]` table, in its order.

    Names may be quoted (`"condor.short_delta" = [...]`) or not, which TOML reads as nested tables.

    Raises
    ------
    ConfigError
        When there is none, or as `axes.read_axis`.
    """
    flat = {}
    for name, raw in table.items():
        if name in Study.__dataclass_fields__ and isinstance(raw, Mapping):
            flat.update({f"{name}.{setting}": inner for setting, inner in raw.items()})
        else:
            flat[name] = raw
    if not flat:
        raise ConfigError(f'{source}: [axes] is empty; give one, as "condor.short_delta" = [0.10, 0.16]')
    return tuple(read_axis(name, raw, f"{source}, axis {name}") for name, raw in flat.items())


def read_constraints(raw: Any, axes: tuple[Axis, ...], source: str) -> tuple[Constraint, ...]:
    """Return the constraints of a list of texts.

    Raises
    ------
    ConfigError
        When one cannot be read, names a setting that is none or no number, or names no axis.
    """
    if not isinstance(raw, list | tuple):
        raise ConfigError(f"{source}: constraints = {raw!r} is no list; write constraints = [...]")
    found = tuple(read_constraint(text, f"{source}, constraint") for text in raw)
    swept = {axis.name for axis in axes}
    for constraint in found:
        where = f"{source}, constraint {constraint.text!r}"
        for name in constraint.names:
            if find_setting(name, f"{where}, {name}").kind not in ("float", "int"):
                raise ConfigError(f"{where}: {name} is no number; drop its value from the axis instead")
        if not swept & set(constraint.names):
            raise ConfigError(f"{where} names no axis, so that it decides nothing; name one or leave it out")
    return found
