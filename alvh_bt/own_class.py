"""Classes that users write: in a file or in an installed module, named as `where:ClassName`."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from alvh_bt.errors import ConfigError

_Class = TypeVar("_Class")


def is_own(name: str) -> bool:
    """Return whether a class is named by where it is, rather than by a registered name.

    >>> is_own("hedges/mine.py:Mine"), is_own("layered")
    (True, False)
    """
    return ":" in name


def check_named(names: object, given: Collection[str], where: str) -> None:
    """Raise where a file names a user's own class that the command line does not: a file runs no code.

    Parameters
    ----------
    names
        What the file has as a list of names; anything else is for others to refuse.
    given
        The names on the command line.
    where
        What a complaint starts with.

    Raises
    ------
    ConfigError
        Names the class.
    """
    for name in names if isinstance(names, list | tuple) else ():
        if isinstance(name, str) and is_own(name) and name not in given:
            raise ConfigError(
                f"{where}: hedge {name!r} is code, which a file by itself does not run; add --hedge {name}"
            )


def load_own(name: str, base: type[_Class], named: bool = True) -> type[_Class]:
    """Return the class that `folder/file.py:ClassName` or `module:ClassName` names.

    A file is run anew each time, so that a change to it counts at once.

    Parameters
    ----------
    name
        Where the class is, and its name.
    base
        What it must be derived from; its methods must all be there.
    named
        Whether it must have a `name`.

    Raises
    ------
    ConfigError
        When there is no such file, module or class, the import fails, or the class is not of use.
    """
    where, _, kind_name = name.rpartition(":")
    module = _import_file(where) if where.endswith(".py") else _import_module(where)
    kind = getattr(module, kind_name, None)
    if not inspect.isclass(kind):
        raise ConfigError(f"{where} has no class {kind_name!r}; check the name after the colon")
    if not issubclass(kind, base):
        known = f"{base.__module__.rpartition('.')[0]}.{base.__name__}"
        raise ConfigError(f"{name}: {kind_name} is not a {base.__name__}; derive it from {known}")
    lacking = ", ".join(sorted(getattr(kind, "__abstractmethods__", ())))
    if lacking:
        raise ConfigError(f"{name}: {kind_name} lacks its method {lacking}; define it")
    own_name: Any = getattr(kind, "name", None)
    if named and (not isinstance(own_name, str) or not own_name):
        raise ConfigError(f"{name}: {kind_name} has no name; set name = '...' in the class")
    return kind


def source_of(kind: type[Any]) -> str:
    """Return the text of the module that a class is in; its full name where there is no text."""
    try:
        return inspect.getsource(sys.modules[kind.__module__])
    except (KeyError, OSError, TypeError):
        return f"{kind.__module__}.{kind.__qualname__}"


def _import_file(where: str) -> ModuleType:
    path = Path(where)
    if not path.is_file():
        raise ConfigError(f"file {where} does not exist; check the path before the colon")
    module_name = f"own_class_{abs(hash(str(path.resolve())))}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"file {where} cannot be imported; give a Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and `inspect` look a class's module up by its name.
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # anything may happen in a user's file
        del sys.modules[module_name]
        raise ConfigError(f"file {where} cannot be imported ({_why(error)}); correct it") from error
    return module


def _import_module(where: str) -> ModuleType:
    try:
        return importlib.import_module(where)
    except Exception as error:  # anything may happen in a user's module
        raise ConfigError(
            f"module {where!r} cannot be imported ({_why(error)}); "
            "install it, or give folder/file.py:ClassName"
        ) from error


def _why(error: Exception) -> str:
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"
