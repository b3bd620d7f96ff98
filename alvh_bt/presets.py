"""Published variants as named studies: small TOML files that travel with the package."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

from alvh_bt.errors import ConfigError


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets, the default one first, then by alphabet."""
    found = sorted(
        path.name.removesuffix(".toml") for path in _folder().iterdir() if path.name.endswith(".toml")
    )
    return tuple(sorted(found, key=lambda name: name != "default"))


def preset_sentence(name: str) -> str:
    """Return the sentence that says what a preset is: the comment in its first line.

    Raises
    ------
    ConfigError
        When there is no preset of that name.
    """
    return _text(name).splitlines()[0].removeprefix("#").strip()


def read_preset(name: str) -> dict[str, Any]:
    """Return the settings of a preset, as `config.make_study` takes them.

    Raises
    ------
    ConfigError
        When there is no preset of that name; lists those that there are.

    Examples
    --------
    >>> read_preset("vix-scaled")
    {'condor': {'max_entry_vix': 20.0}}
    """
    return tomllib.loads(_text(name))


def _folder() -> Any:
    return files("alvh_bt.data") / "presets"


def _text(name: str) -> str:
    if name not in preset_names():
        raise ConfigError(f"unknown preset {name!r}; choose from {', '.join(preset_names())}")
    text: str = (_folder() / f"{name}.toml").read_text(encoding="utf-8")
    return text
