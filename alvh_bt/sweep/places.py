"""Where a sweep's files go: a folder, or any URL that fsspec knows; each file appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any, Final, Protocol

from alvh_bt.errors import AlvhError, ConfigError

#: Of files that are being written; a leftover of a killed process is removed at the next resume.
TEMPORARY: Final = ".tmp-"


class Place(Protocol):
    """Files by name (`parts/part-000001.parquet`) in one folder or under one URL."""

    where: str
    filesystem: Any  # fsspec's, for those who read
    root: str  # of the place inside `filesystem`

    def put(self, name: str, content: bytes) -> None:
        """Write a file in one step: readers see all of it or nothing."""

    def get(self, name: str) -> bytes | None:
        """Return the bytes of a file, None where there is none."""

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder of the place, sorted; none when it is not there."""

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens when it is not there."""


def open_place(where: str | Path) -> Place:
    """Return the place of a path or a URL (`memory://name`, `file:///folder`, `s3://bucket/name`).

    Raises
    ------
    ConfigError
        When the URL's protocol is unknown, needs a package that is missing, or does not connect.
    """
    import fsspec
    from fsspec.implementations.local import LocalFileSystem

    if isinstance(where, Path) or "://" not in where:
        return FolderPlace(Path(where))
    try:
        filesystem, root = fsspec.core.url_to_fs(where)
    except (ValueError, ImportError, OSError) as error:
        raise ConfigError(f"--out {where}: {error}; give a folder or a URL that fsspec can open") from None
    if isinstance(filesystem, LocalFileSystem):
        return FolderPlace(Path(root))
    return ObjectPlace(where, filesystem, root.rstrip("/"))


class FolderPlace:
    """A folder of this machine; a file is moved into place when all of it is on the disk."""

    def __init__(self, folder: Path) -> None:
        from fsspec.implementations.local import LocalFileSystem

        self.where = str(folder)
        self.folder = folder.absolute()
        self.root = str(self.folder)
        self.filesystem = LocalFileSystem()

    def put(self, name: str, content: bytes) -> None:
        """Write a file in one step.

        Raises
        ------
        AlvhError
            When the disk refuses; names the file.
        """
        target = self.folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=TEMPORARY, delete=False) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # NamedTemporaryFile is readable by its owner alone; results are as readable as other files.
            Path(file.name).chmod(0o666 & ~_umask())
            Path(file.name).replace(target)
            _sync_folder(target.parent)
        except OSError as error:
            raise AlvhError(
                f"{target}: cannot write ({error.strerror}); give a folder with space that can be written,"
                " then --resume"
            ) from None

    def get(self, name: str) -> bytes | None:
        """Return the bytes of a file, None where there is none."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(f"{self.folder / name}: cannot read ({error.strerror}); check it") from None

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, sorted."""
        inside = self.folder / folder
        return sorted(path.name for path in inside.iterdir()) if inside.is_dir() else []

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens when it is not there."""
        (self.folder / name).unlink(missing_ok=True)


class ObjectPlace:
    """An object store, or anything else of fsspec; a single put is atomic there."""

    def __init__(self, where: str, filesystem: Any, root: str) -> None:
        self.where, self.filesystem, self.root = where, filesystem, root

    def put(self, name: str, content: bytes) -> None:
        """Write a file in one step."""
        path = f"{self.root}/{name}"
        # Stores without folders have nothing to make, or refuse; the put itself then says what is wrong.
        with contextlib.suppress(OSError, NotImplementedError):
            self.filesystem.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        try:
            self.filesystem.pipe_file(path, content)
        except OSError as error:
            raise AlvhError(f"{self.where}/{name}: cannot write ({error}); check it, then --resume") from None

    def get(self, name: str) -> bytes | None:
        """Return the bytes of a file, None where there is none."""
        try:
            return bytes(self.filesystem.cat_file(f"{self.root}/{name}"))
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, sorted."""
        self.filesystem.invalidate_cache()
        try:
            found = self.filesystem.ls(f"{self.root}/{folder}".rstrip("/"), detail=False)
        except FileNotFoundError:
            return []
        return sorted(str(path).rstrip("/").rsplit("/", 1)[-1] for path in found)

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens when it is not there."""
        with contextlib.suppress(FileNotFoundError):
            self.filesystem.rm_file(f"{self.root}/{name}")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Make a move last through a power cut, where the platform can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
