"""Putting files into a folder: all of a set or none of it, whatever interrupts, and one set at a time.

A set is written whole into a hidden folder beside its places, which is then renamed to say that it is
ready, and only then is it moved into place. What stops before the renaming leaves the old files; what
stops after it is finished by whoever reads or writes the folder next.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import platformdirs
from filelock import FileLock, Timeout

from alvh_bt.errors import ConfigError

#: Beginnings of the hidden folders: one that is being written, one that is whole.
_STAGED: Final = ".alvh-new-"
_READY: Final = ".alvh-ready-"
#: Seconds that a set waits for another process that is writing to the same folder.
_PATIENCE: Final = 60.0


def check_out(out: Path, option: str = "--out") -> None:
    """Raise unless `out` is, or could become, a folder that can be written.

    A command calls it before a long run rather than after it.

    Parameters
    ----------
    out
        The folder.
    option
        What gave it, for the message.

    Raises
    ------
    ConfigError
        One line with the path and what is in the way.
    """
    try:
        standing = next(path for path in (out, *out.absolute().parents) if path.exists() or path.is_symlink())
    except OSError as error:
        raise ConfigError(f"{option} {out}: {error.strerror}; {_remedy(option)}") from None
    if not standing.is_dir():
        raise ConfigError(f"{option} {out}: {standing} is a file, not a folder; {_remedy(option)}")
    if not os.access(standing, os.W_OK | os.X_OK):
        raise ConfigError(f"{option} {out}: no permission to write in {standing}; {_remedy(option)}")


def place_files(files: Mapping[str, bytes], out: Path, option: str = "--out") -> None:
    """Write `files` (path inside the folder -> bytes) into `out`, all of them or none.

    Files of the same name are replaced; whatever else the folder holds stays. Of two processes that write
    to one folder the second waits, and its set stands whole in the end.

    Parameters
    ----------
    files
        By path inside the folder, in the order in which they are moved.
    out
        Folder, made when it is not there.
    option
        What gave it, for the message.

    Raises
    ------
    ConfigError
        When the disk refuses; names the path.
    """
    place_made(lambda: files, out, option)


def place_made(make: Callable[[], Mapping[str, bytes]], out: Path, option: str = "--out") -> None:
    """Write what `make` returns into `out`, as `place_files`; nobody else writes to it while it is made.

    So a set may depend on what stands in the folder. Where it is empty nothing is written.

    Parameters
    ----------
    make
        Returns the files by path inside the folder.
    out, option
        As in `place_files`.

    Raises
    ------
    ConfigError
        When the disk refuses; names the path.
    """

    def work() -> None:
        if files := make():
            _commit(lambda staging: _stage(files, staging, out), out)

    _place(work, out, option)


def place_filled(fill: Callable[[Path], list[str]], out: Path, option: str = "--out") -> None:
    """Place the files that `fill` writes into an empty folder that it is given, as `place_files`.

    For sets that are too large for memory.

    Parameters
    ----------
    fill
        Returns their paths inside the folder, in the order in which they are moved; what it raises leaves
        `out` as it was.
    out, option
        As in `place_files`.

    Raises
    ------
    ConfigError
        When the disk refuses; names the path.
    """
    _place(lambda: _commit(fill, out), out, option)


def _place(work: Callable[[], None], out: Path, option: str) -> None:
    """Make the folder, finish what was interrupted in it, and do the work, alone."""
    made = False
    try:
        made = not out.exists()
        out.mkdir(parents=True, exist_ok=True)
        with _alone(out, option):
            _finish(out)
            work()
        made = False
    except OSError as error:
        where = error.filename2 or error.filename or out
        raise ConfigError(f"{option} {out}: {error.strerror} ({where}); {_remedy(option)}") from None
    finally:
        if made:
            # Nothing of ours is in it then; what another process has put there meanwhile stays.
            with contextlib.suppress(OSError):
                out.rmdir()


def finish_interrupted(folder: Path) -> None:
    """Move what an interrupted process had ready into its place; who reads a folder calls it first.

    Raises
    ------
    ConfigError
        When the disk refuses; names the path.
    """
    if not any(folder.glob(f"{_READY}*")):
        return
    try:
        with _alone(folder, "folder"):
            _finish(folder)
    except OSError as error:
        raise ConfigError(
            f"{folder}: an interrupted write cannot be finished ({error.strerror}); allow writing there"
        ) from None


def _remedy(option: str) -> str:
    return f"give {option} a folder that can be written"


def _commit(fill: Callable[[Path], list[str]], out: Path) -> None:
    """Stage the files, rename what is whole, and move it into place."""
    # Inside the folder, for the folder may be a disk of its own, and a move must not cross disks.
    staging = Path(tempfile.mkdtemp(prefix=_STAGED, dir=out))
    try:
        names = fill(staging)
        for name in names:
            with (staging / name).open("rb") as written:
                os.fsync(written.fileno())
        ready = staging.with_name(staging.name.replace(_STAGED, _READY, 1))
        staging.replace(ready)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    _move(ready, out, names)


def _stage(files: Mapping[str, bytes], staging: Path, out: Path) -> list[str]:
    for name, content in files.items():
        if (out / name).is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder is in the place of a file", str(out / name))
        (staging / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).write_bytes(content)
    return list(files)


def _finish(out: Path) -> None:
    """Move the sets that are whole into place, and forget those that are not; nobody else is writing."""
    for ready in sorted(out.glob(f"{_READY}*")):
        names = [path.relative_to(ready).as_posix() for path in ready.rglob("*") if path.is_file()]
        # The summary stands for the others: it comes last, as when nothing interrupts.
        _move(ready, out, sorted(names, key=lambda name: (name == "summary.json", name)))
    for staged in out.glob(f"{_STAGED}*"):
        shutil.rmtree(staged, ignore_errors=True)


def _move(ready: Path, out: Path, names: list[str]) -> None:
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (ready / name).replace(out / name)
    shutil.rmtree(ready, ignore_errors=True)


@contextlib.contextmanager
def _alone(folder: Path, option: str) -> Iterator[None]:
    """Keep other processes of this machine from writing to the folder meanwhile."""
    key = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    lock = FileLock(_lock_folder() / f"{key}.lock", timeout=_PATIENCE)
    try:
        lock.acquire()
    except Timeout:
        raise ConfigError(
            f"{option} {folder}: another process has been writing to it for {_PATIENCE:.0f} s; "
            "wait for it, or give another folder"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _lock_folder() -> Path:
    """Return the folder of locks: not the folder of results, where a lock would lie about."""
    locks = Path(platformdirs.user_cache_dir("alvh_bt")) / "locks"
    try:
        locks.mkdir(parents=True, exist_ok=True)
        writable = os.access(locks, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        locks = Path(tempfile.gettempdir()) / "alvh-locks"
        locks.mkdir(parents=True, exist_ok=True)
    return locks
