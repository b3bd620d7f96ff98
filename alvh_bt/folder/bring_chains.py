"""Bringing option chains into the folder beside the market data: read whole, then copied, then placed."""

from __future__ import annotations

import filecmp
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from alvh_bt.chains import open_chains
from alvh_bt.chains.text import find_sources
from alvh_bt.contracts import calendar_date
from alvh_bt.errors import ConfigError, DataError
from alvh_bt.folder.bring import Brought

_LOG = logging.getLogger("alvh_bt.folder")


def bring_chains(
    path: Path, target: Path, force: bool = False, notice: Callable[[str], None] | None = None
) -> Brought:
    """Copy a file or a folder of option chains into the folder `target`, and return what was placed.

    Every day of the copy is read before anything is moved into place; nothing is held in memory but a day.

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
    staging: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Beside the target, so that a move is a renaming, and hidden, so that nobody takes it for chains.
        staging = Path(tempfile.mkdtemp(prefix=".alvh-new-", dir=target.parent))
        _copy(path, staging)
        days, rows, notes = _read_all(staging, notice)
        _move(staging, target, force)
    except OSError as error:
        where = error.filename2 or error.filename or target
        raise ConfigError(
            f"--data {target.parent}: {error.strerror} ({where}); give --data a folder that can be written"
        ) from None
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
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


def _read_all(staging: Path, notice: Callable[[str], None] | None) -> tuple[list[int], int, list[str]]:
    """Return the days of the chains, their usable quotes, and what was dropped of them."""
    store = open_chains(staging, notice)
    days = [int(day) for day in store.days]
    if not days:
        raise DataError(f"{staging.name}: no quotes in any file: give chains with quotes")
    rows = sum(len(store.day(day)) for day in days)
    notes = [f"{count:,} quotes are dropped when read: {reason}" for reason, count in store.dropped().items()]
    return days, rows, notes


def _move(staging: Path, target: Path, force: bool) -> None:
    """Move the files into place; none of them where one stands in the way."""
    files = [file.relative_to(staging) for file in sorted(staging.rglob("*")) if file.is_file()]
    for file in files:
        standing = target / file
        if standing.exists() and not force and not filecmp.cmp(staging / file, standing, shallow=False):
            raise DataError(f"{standing}: other chains of that name are there: add --force to replace them")
    for file in files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        (staging / file).replace(target / file)
