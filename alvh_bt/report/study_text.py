"""A comparison's settings as a study file and a command line, to run it again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def study_toml(settings: Mapping[str, Any]) -> str:
    """Return settings, as `Study.settings` gives them, as the TOML text of a study file.

    A value of None is left out: the study's default is None there too.

    Examples
    --------
    >>> print(study_toml({"start": "2006-03-01", "hedges": ["none"], "end": None, "book": {"interest": 1.0}}))
    start = "2006-03-01"
    hedges = ["none"]
    <BLANKLINE>
    [book]
    interest = 1.0
    """
    tables = {key: value for key, value in settings.items() if isinstance(value, Mapping)}
    lists = {
        key: value
        for key, value in settings.items()
        if isinstance(value, Sequence) and value and all(isinstance(each, Mapping) for each in value)
    }
    top = {key: value for key, value in settings.items() if key not in tables and key not in lists}
    parts = [_lines(top), *(f"[{_key(name)}]\n{_lines(table)}" for name, table in tables.items())]
    parts += [f"[[{_key(name)}]]\n{_lines(row)}" for name, rows in lists.items() for row in rows]
    return "\n\n".join(part for part in parts if part)


def command_line(quoted: bool = False) -> str:
    """Return the command that runs the study again; `quoted` when real chains were used.

    >>> command_line()
    'alvh compare --config study.toml --data DIR --out out'
    """
    return f"alvh compare --config study.toml --data DIR{' --chains DIR' if quoted else ''} --out out"


def _lines(table: Mapping[str, Any]) -> str:
    return "\n".join(f"{_key(key)} = {_value(value)}" for key, value in table.items() if value is not None)


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else _value(name)


def _value(value: Any) -> str:
    """Return a plain value as TOML; a JSON string is a TOML string, but for the character DEL."""
    if isinstance(value, float) and not abs(value) < float("inf"):
        return {"inf": "inf", "-inf": "-inf"}.get(str(value), "nan")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
