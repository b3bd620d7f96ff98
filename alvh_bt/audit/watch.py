"""What a user's file touches while it is loaded and while it decides: files, network, other programs."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from types import FrameType
from typing import Any, Final, Self

_FILES: Final = frozenset({"open", "os.open"})
_NETWORK: Final = frozenset({"socket.connect", "socket.getaddrinfo", "urllib.Request"})
_PROGRAMS: Final = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"})
#: Folders of the interpreter and its packages, whose sources are read when something is imported.
_INSTALLED: Final = tuple(
    {str(Path(path).resolve()) for path in (*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix)}
)

_watching: list[Watch] = []
_hooked: list[bool] = []


class Watch:
    """Notes what code of one file does while the watch is on; use it as a context.

    Python's audit hooks cannot be taken off again: one stays, and does nothing while no watch is on.

    Parameters
    ----------
    file
        The user's file, resolved.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.opened: set[str] = set()
        self.reached: set[str] = set()

    def __enter__(self) -> Self:
        if not _hooked:
            sys.addaudithook(_note)
            _hooked.append(True)
        _watching.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _watching.remove(self)

    def note(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take an event down if code of the file is behind it."""
        if not _is_behind(self.file, sys._getframe(2)):
            return
        if event in _FILES:
            path = arguments[0]
            if isinstance(path, str | bytes):
                name = str(Path(path.decode() if isinstance(path, bytes) else path).resolve())
                if (
                    name != self.file
                    and not name.startswith(_INSTALLED)
                    and not name.endswith((".py", ".pyc"))
                ):
                    self.opened.add(name)
        else:
            self.reached.add(event)


def _is_source(name: str) -> bool:
    """Return whether a file is code: an import opens it."""
    return name.endswith((".py", ".pyc", ".so", ".pth")) or (
        name.startswith(_INSTALLED) and not name.endswith((".csv", ".gz", ".parquet"))
    )


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and (event in _FILES or event in _NETWORK or event in _PROGRAMS):
        for watch in tuple(_watching):
            watch.note(event, arguments)


def _is_behind(file: str, frame: FrameType | None) -> bool:
    """Return whether a function of the file is among those being called."""
    while frame is not None:
        if frame.f_code.co_filename == file or str(Path(frame.f_code.co_filename).resolve()) == file:
            return True
        frame = frame.f_back
    return False
