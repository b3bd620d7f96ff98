"""Bringing option chains into the folder beside the market data: read whole, then copied, then placed."""

from __future__ import annotations

import filecmp
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

from alvh_bt.chains import open_chains
from alvh_bt.chains.text import find_sources
from alvh_bt.contracts import calendar_date
from alvh_bt.errors import DataError
from alvh_bt.folder.bring import Brought
from alvh_bt.placing import place_filled

_LOG = logging.getLogger("alvh_bt.folder")


def bring_chains(
    path: Path, target: Path, force: bool = False, notice: Callable[[str], None] | None = None
) -> Brought:
    """Copy a file or a folder of option chains into the folder `target`, and return what was placed.

    Every day of the copy is read before anything is moved into place, all of it or nothing; no more than a
    day is held in memory.

    Parameters
    ----------
    path
        A file, or a folder with files, of any layout that `alvh_bt.chains` reads.
    target
        Made when it is not there.
    force
        Whether files of the same name and other content may be replaced.
    notice
        Called with one line before a file is converted.

    Raises
    ------
    DataError
        Not chains, damaged, or a file of that name is there already.
    ConfigError
        The folder cannot be written.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder: give the chains to import")
    read: list[tuple[list[int], int, list[str]]] = []

    def fill(staging: Path) -> list[str]:
        _copy(path, staging)
        days, rows, notes = _read_all(path.name, staging, notice)
        files = _fitting(staging, target, force)
        read.append((days, rows, notes + _again(staging, files, target)))
        return files

    place_filled(fill, target, "--data")
    days, rows, notes = read[0]
    _LOG.info("imported chains %s into %s: %d days", path.name, target, len(days))
    return Brought(target, calendar_date(days[0]), calendar_date(days[-1]), rows, tuple(notes))


def _copy(path: Path, staging: Path) -> None:
    """Copy a file, or the files of a folder that are chains."""
    if path.is_file():
        shutil.copyfile(path, staging / path.name)
        return
    for source in {source.path for source in find_sources(path)}:
        copied = staging / source.relative_to(path)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copied)


def _read_all(
    name: str, staging: Path, notice: Callable[[str], None] | None
) -> tuple[list[int], int, list[str]]:
    """Return the days of the chains, their usable quotes, and what was dropped of them."""
    store = open_chains(staging, notice)
    days = [int(day) for day in store.days]
    if not days:
        raise DataError(f"{name}: no quotes in any file: give chains with quotes")
    rows = sum(len(store.day(day)) for day in days)
    notes = [f"{count:,} quotes are dropped when read: {reason}" for reason, count in store.dropped().items()]
    return days, rows, notes


def _fitting(staging: Path, target: Path, force: bool) -> list[str]:
    """Return the files by path inside the folder; DataError where another one stands in the way."""
    files = [file.relative_to(staging) for file in sorted(staging.rglob("*")) if file.is_file()]
    for file in files:
        standing = target / file
        if standing.exists() and not force and not filecmp.cmp(staging / file, standing, shallow=False):
            raise DataError(f"{standing}: other chains of that name are there: add --force to replace them")
    return [file.as_posix() for file in files]


def _again(staging: Path, files: list[str], target: Path) -> list[str]:
    """Return which files are there already under another name: a quote of both counts once."""
    there: dict[int, list[Path]] = {}
    for path in sorted(target.rglob("*")):
        # What is hidden is no chain: it is being placed, these very files among it.
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(target).parts):
            there.setdefault(path.stat().st_size, []).append(path)
    return [
        f"{file} is the same as {other.relative_to(target).as_posix()}, which is there: remove one of them"
        for file in files
        for other in there.get((staging / file).stat().st_size, [])
        if other != target / file and filecmp.cmp(staging / file, other, shallow=False)
    ]
