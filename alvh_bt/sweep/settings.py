"""Which settings of a study can be swept, what values they take, and how dotted names reach them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from alvh_bt.choices import Named, NamedSet
from alvh_bt.config import Study
from alvh_bt.contracts import code_name
from alvh_bt.errors import ConfigError

Kind = Literal["float", "int", "bool", "name"]

#: Settings of what is made of runs afterwards: no run depends on them.
_NOT_OF_A_RUN: Final = ("comparison",)
_KINDS: Final[dict[type, Kind]] = {float: "float", int: "int", bool: "bool"}


class Setting(NamedTuple):
    """A setting that can be swept."""

    name: str  # dotted: "condor.short_delta"
    kind: Kind
    choices: tuple[str, ...]  # the names of a setting of kind "name", else empty
    hint: Any  # its annotation, bounds included


def find_setting(name: str, where: str) -> Setting:
    """Return the setting of that dotted name.

    Parameters
    ----------
    name
        Group and setting: `"condor.short_delta"`.
    where
        What a complaint starts with: the file and what of it names the setting.

    Raises
    ------
    ConfigError
        When there is no such setting, or it cannot be swept; names those that are spelt alike.

    Examples
    --------
    >>> find_setting("condor.schedule", "here").choices
    ('every', 'weekly', 'monthly')
    """
    settings = _settings()
    if name in settings:
        return settings[name]
    group = name.partition(".")[0]
    if group in _NOT_OF_A_RUN:
        raise ConfigError(f"{where}: no run depends on {group} settings; leave it out")
    if name in _set_settings():
        raise ConfigError(
            f"{where}: {name} is a set of signals, which cannot be swept; write it under [study]"
        )
    if name in Study.__dataclass_fields__:
        raise ConfigError(
            f"{where}: {name} cannot be swept; name a setting of a group, as condor.short_delta"
        )
    raise ConfigError(f"{where}: no such setting; {near(name, settings)}")


def near(name: str, known: Iterable[str]) -> str:
    """Return what to say of a name that is not among the known ones: those spelt alike, else all.

    >>> near("gird", ["grid", "random"])
    'did you mean grid?'
    """
    names = list(known)
    alike = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if not alike:  # the group may be misspelt or left out, the setting right
        last = name.rpartition(".")[2]
        alike = [other for other in names if other.rpartition(".")[2] == last][:3]
    if alike:
        return f"did you mean {' or '.join(alike)}?"
    if len(names) <= 30:
        return f"choose from {', '.join(names)}"
    return "alvh_bt/config.py lists all settings"


def checked(setting: Setting, value: Any, where: str) -> Any:
    """Return a value of a setting as a plain `float`, `int`, `bool` or `str`.

    Parameters
    ----------
    setting
        What the value is for.
    value
        As a sweep file holds it; a whole number does for a float setting.
    where
        What a complaint starts with.

    Raises
    ------
    ConfigError
        When the value has another type, or is outside the setting's bounds.

    Examples
    --------
    >>> checked(find_setting("layered.monetise_multiple", "here"), 2, "here")
    2.0
    """
    wanted = {
        "float": "a number",
        "int": "a whole number",
        "bool": "true or false",
        "name": f"one of {', '.join(setting.choices)}",
    }[setting.kind]
    whole = isinstance(value, int) and not isinstance(value, bool)
    fits = {
        "float": whole or isinstance(value, float),
        "int": whole,
        "bool": isinstance(value, bool),
        "name": isinstance(value, str) and value in setting.choices,
    }[setting.kind]
    if not fits:
        raise ConfigError(f"{where}: {value!r} is not {wanted}, as {setting.name} needs; change it")
    if setting.kind in ("bool", "name"):
        return value
    plain = float(value) if setting.kind == "float" else value
    try:
        _adapter(setting.name).validate_python(plain)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(
            f"{where}: {value!r} is outside the bounds of {setting.name} ({reason}); change it"
        ) from None
    return plain


def with_values(settings: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested settings with those of dotted names put in their place; what was given is unchanged.

    Raises
    ------
    ConfigError
        When a dotted name leads through something that is no group of settings.

    Examples
    --------
    >>> with_values({"condor": {"target_dte": 45}}, {"condor.short_delta": 0.2})
    {'condor': {'target_dte': 45, 'short_delta': 0.2}}
    """
    changed = dict(settings)
    own: dict[str, dict[str, Any]] = {}  # the groups that are copies already, by their dotted name
    for name, value in values.items():
        *groups, last = name.split(".")
        place = changed
        for depth, group in enumerate(groups):
            inner = place.get(group, {})
            if not isinstance(inner, Mapping):
                raise ConfigError(f"axis {name}: {group} is not a group of settings; name it group.setting")
            path = ".".join(groups[: depth + 1])
            if path not in own:
                own[path] = place[group] = dict(inner)
            place = own[path]
        place[last] = value
    return changed


@cache
def _settings() -> dict[str, Setting]:
    """Return every setting that can be swept, by its dotted name."""
    found = {}
    for name, hint in _hints().items():
        codes = [mark.codes for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Named)]
        if codes:
            names = tuple(code_name(codes[0], code) for code in codes[0])
            found[name] = Setting(name, "name", names, hint)
        elif name not in _set_settings():
            found[name] = Setting(name, _KINDS[_bare(hint)], (), hint)
    return found


@cache
def _set_settings() -> frozenset[str]:
    return frozenset(
        name
        for name, hint in _hints().items()
        if any(isinstance(mark, NamedSet) for mark in getattr(hint, "__metadata__", ()))
    )


@cache
def _hints() -> dict[str, Any]:
    """Return the annotation of every setting of a group, by its dotted name."""
    study = Study()
    groups = {
        name: type(getattr(study, name))
        for name in Study.__dataclass_fields__
        if hasattr(getattr(study, name), "_fields") and name not in _NOT_OF_A_RUN
    }
    return {
        f"{group}.{setting}": hint
        for group, kind in groups.items()
        for setting, hint in get_type_hints(kind, include_extras=True).items()
    }


def _bare(hint: Any) -> type:
    kind: type = get_args(hint)[0] if get_origin(hint) is not None else hint
    return kind


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_settings()[name].hint)
