"""One driver a results folder: a second one is refused, and one that was killed is in nobody's way."""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

from alvh_bt.errors import ConfigError
from alvh_bt.sweep.places import FolderPlace, Place

LOCK_NAME: Final = "sweep.lock"
#: Seconds without a sign of life after which the lock of an object store is taken over.
STALE_SECONDS: Final = 60.0
_RENEW_SECONDS: Final = 10.0

#: Folders locked by this process: the kernel's lock does not tell two users in one process apart.
_held: set[Path] = set()


class Lock(Protocol):
    """The right to write into one place."""

    def renew(self) -> None:
        """Give a sign of life; called often."""

    def release(self) -> None:
        """Let others write."""


def lock_place(place: Place) -> Lock:
    """Return the lock of a place, held.

    Raises
    ------
    ConfigError
        When another driver holds it; names its process.
    """
    if isinstance(place, FolderPlace):
        try:
            import fcntl  # noqa: F401
        except ImportError:  # no POSIX: by signs of life, as an object store
            return ObjectLock(place)
        return FolderLock(place)
    return ObjectLock(place)


class FolderLock:
    """A lock of the kernel on a file: it ends with the process that holds it, however that dies.

    It is the record lock (`lockf`), which forked workers do not inherit: with the other kind a worker
    that outlives a killed driver by a moment would still hold it.
    """

    def __init__(self, place: FolderPlace) -> None:
        import fcntl

        self._path = place.folder.resolve() / LOCK_NAME
        if self._path in _held:
            raise _refusal(place.where, f"process {os.getpid()}, this one")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                f"--out {place.where}: {error.strerror} ({self._path}); give a folder that can be written"
            ) from None
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            holder = self._file.read().strip()
            self._file.close()
            raise _refusal(place.where, holder or "another process") from None
        _held.add(self._path)
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        self._file.flush()

    def renew(self) -> None:
        """Do nothing: the kernel knows who lives."""

    def release(self) -> None:
        """Let others write."""
        # The file stays: removing it would let two drivers each lock a file of the same name.
        _held.discard(self._path)
        self._file.close()


class ObjectLock:
    """A small file with a sign of life, for places without locks.

    Two drivers that start in the same instant are told apart by what is read back, which a store that
    is not consistent can defeat. Parts have names that never meet, so that even then none is overwritten.
    """

    def __init__(self, place: Place, now: Callable[[], float] = time.time) -> None:
        self._place, self._now, self._token = place, now, secrets.token_hex(8)
        self._written = 0.0
        holder = self._read()
        if holder and not self._stale(holder):
            raise _refusal(place.where, f"process {holder.get('pid')} on {holder.get('host')}")
        self._write()
        self._check()

    def renew(self) -> None:
        """Give a sign of life, at most every ten seconds.

        Raises
        ------
        ConfigError
            When another driver took over, which it does when this one was silent for too long.
        """
        if self._now() - self._written >= _RENEW_SECONDS:
            self._check()
            self._write()

    def release(self) -> None:
        """Let others write."""
        if self._read().get("token") == self._token:
            self._place.remove(LOCK_NAME)

    def _check(self) -> None:
        holder = self._read()
        if holder.get("token") != self._token:
            raise _refusal(self._place.where, f"process {holder.get('pid')} on {holder.get('host')}")

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._place.get(LOCK_NAME) or b"{}")
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self) -> None:
        self._written = self._now()
        sign = {"token": self._token, "pid": os.getpid(), "host": socket.gethostname(), "at": self._written}
        self._place.put(LOCK_NAME, json.dumps(sign).encode())

    def _stale(self, holder: dict[str, Any]) -> bool:
        here = holder.get("host") == socket.gethostname()
        dead = here and not _lives(int(holder.get("pid", 0)))
        return dead or self._now() - float(holder.get("at", 0.0)) > STALE_SECONDS


def _refusal(where: str, holder: str) -> ConfigError:
    return ConfigError(f"--out {where}: another sweep writes there ({holder}); wait for it or stop it")


def _lives(pid: int) -> bool:
    """Whether a process of this machine is there."""
    if os.name == "nt":  # asking would end it; the sign of life decides
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0
