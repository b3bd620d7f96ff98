"""What a user's code does beside deciding: files, network, other programs, a search of memory.

A hedge that reads the market's own file sees the future, and no truncated run can show it. Python reports
such acts to an audit hook; those with the user's file on the call stack are noted. What compiled
libraries read by themselves is not reported: their import is noted instead.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numba

from alvh_bt.market import fetched_folder

#: Events that are noted, with what they are called.
_ACTS: Final = {
    "socket.connect": "network",
    "socket.getaddrinfo": "network",
    "socket.gethostbyname": "network",
    "subprocess.Popen": "other program",
    "os.system": "other program",
    "os.exec": "other program",
    "os.posix_spawn": "other program",
    "os.fork": "other program",
    "gc.get_objects": "memory search",
    "gc.get_referrers": "memory search",
    "sqlite3.connect": "file",
    "open": "file",
}
#: Libraries that open files without Python's knowing.
UNSEEN: Final = ("ctypes", "cffi", "pyarrow", "polars", "duckdb", "h5py", "tables", "netCDF4")
#: Attributes that lead from a function to those that called it.
_FRAMES: Final = frozenset({"_getframe", "f_back", "f_locals", "f_globals", "tb_frame", "gi_frame"})
#: Sources, and compiled sources with the name under which Python writes them: no news of the market.
_SOURCES: Final = re.compile(r"\.py[ci]?(\.\d+)?$")
#: Libraries, compiled rules and what is yet to be renamed: no news either, outside the market's folders.
_COMPILED: Final = re.compile(r"\.(so|pyd|tmp|nb[ic])$|\.nb[ic]\.tmp\.[0-9a-f]+$")

_watching: list[_Watch] = []
_hooked: list[bool] = []


class _Watch:
    """Acts of the code in one file and in those of its folder: (what it is, what was done)."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.acts: dict[tuple[str, str], None] = {}
        self.busy = False

    def note(self, event: str, args: tuple[Any, ...]) -> None:
        """Note an event if the user's code is on the stack."""
        kind = _ACTS.get(event)
        if kind is None or self.busy:
            return
        self.busy = True
        try:
            about = str(args[0]) if args else ""
            if kind == "file":
                if not isinstance(args[0], (str, bytes, os.PathLike)) or _SOURCES.search(about):
                    return
                about = str(Path(os.fsdecode(args[0])).absolute())
            elif kind == "network":
                about = " ".join(str(arg) for arg in args[:2] if isinstance(arg, (str, tuple)))
            elif kind == "memory search":
                about = event
            if self._is_theirs():
                self.acts[kind, about] = None
        finally:
            self.busy = False

    def _is_theirs(self) -> bool:
        frame: Any = sys._getframe(2)
        while frame is not None:
            if is_code_of(self.source, frame.f_code.co_filename):
                return True
            frame = frame.f_back
        return False


@lru_cache(maxsize=4096)
def is_code_of(source: Path, name: str) -> bool:
    """Return whether the file `name` is a user's source, or a module in its folder that is nobody else's."""
    path = Path(name).resolve()
    if path == source:
        return True
    elsewhere = "site-packages" in path.parts or path.is_relative_to(_PACKAGE)
    return path.is_relative_to(source.parent) and not elsewhere


_PACKAGE: Final = Path(__file__).resolve().parents[1]


def _hook(event: str, args: tuple[Any, ...]) -> None:
    for watch in _watching:
        watch.note(event, args)


@contextlib.contextmanager
def watched(source: Path | None) -> Iterator[dict[tuple[str, str], None]]:
    """Yield what the code in `source` does meanwhile, as keys (kind, about); nothing for None.

    The hook stays in this process for good, idle: call it in a process that ends.
    """
    if source is None:
        yield {}
        return
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked.append(True)
    watch = _Watch(source)
    _watching.append(watch)
    try:
        yield watch.acts
    finally:
        _watching.remove(watch)


def market_folders(data: Path | None) -> list[Path]:
    """Return the folders that hold the market's own files; fetched ones whatever `data` is."""
    folders = [fetched_folder()] if data is None else [data, fetched_folder()]
    sample = find_spec("arch")
    if sample is not None and sample.origin is not None:
        folders.append(Path(sample.origin).parent / "data")
    return [folder.resolve() for folder in folders]


def judged(
    acts: Sequence[tuple[str, str]], source: Path | None, data: Path | None
) -> tuple[list[str], list[str]]:
    """Return the acts that fail an audit, and those worth a warning, each in words.

    Parameters
    ----------
    acts
        As `watched` yields them.
    source
        The user's file; its imports are read.
    data
        The market's folder, None for the fetched one or the sample.
    """
    fails, warnings = [], []
    folders = market_folders(data)
    for kind, about in acts:
        if kind == "file" and any(Path(about).resolve().is_relative_to(folder) for folder in folders):
            fails.append(f"opens the market's own file {about}")
        elif kind == "file" and is_compilers(about):
            continue
        elif kind == "file":
            warnings.append(f"opens {about} (if the future is in it, no cut can show that)")
        else:
            fails.append(f"{kind}: {about}")
    frames = frames_used(source)
    if frames:
        fails.append(f"uses {', '.join(frames)}: it can read the variables of the program that calls it")
    for name in sorted({"inspect", "gc"} & set(imported(source))):
        warnings.append(f"imports {name}, with which it can look around in the program that calls it")
    unseen = [name for name in imported(source) if name in UNSEEN]
    if unseen:
        warnings.append(f"imports {', '.join(unseen)}, whose files cannot be watched")
    return fails, warnings


def is_compilers(about: str) -> bool:
    """Return whether a file is compiled code, or lies in a folder where numba keeps such.

    >>> is_compilers("/home/me/mine.f-9.py311.1.nbc.tmp.1b9ee85d4d"), is_compilers("/home/me/vix.csv")
    (True, False)
    """
    kept: str = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    in_folder = Path(about).name == "__pycache__" or Path(about).parent.name == "__pycache__"
    in_kept = kept != "" and Path(about).resolve().is_relative_to(Path(kept).resolve())
    return in_folder or in_kept or bool(_COMPILED.search(about))


def _tree(source: Path | None) -> ast.AST:
    """Return the syntax tree of a source; an empty one if it cannot be read."""
    try:
        return ast.parse(source.read_text(encoding="utf-8")) if source is not None else ast.Module([], [])
    except (OSError, SyntaxError, ValueError):
        return ast.Module([], [])


def frames_used(source: Path | None) -> list[str]:
    """Return the attributes in a source by which it could read its callers' variables."""
    named = {node.attr for node in ast.walk(_tree(source)) if isinstance(node, ast.Attribute)}
    return sorted(named & _FRAMES)


def imported(source: Path | None) -> list[str]:
    """Return the top-level names that a source imports, anywhere in it; none if it cannot be read."""
    names = set()
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return sorted(names)
