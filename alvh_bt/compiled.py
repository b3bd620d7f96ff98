"""How functions are compiled, and where compiled code is kept between runs.

Numba's disk cache does not notice a change in a function that lives in another module, so that an
edited rule could run stale. The cache folder is therefore named after a hash of all sources: a change
anywhere starts a new one.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import platformdirs
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: Days after which the cache of another version is taken to be out of use.
STALE_DAYS = 30


def rule(function: _Function) -> _Function:
    """Return a rule: plain Python when Python calls it, compiled when compiled code does.

    So the Backtrader engine can be stepped through, starts without compiling the rules, and runs
    policies that are not compilable; and the replay compiles the very same functions.
    """
    registered: _Function = register_jitable(function)
    return registered


def inlined_rule(function: _Function) -> _Function:
    """Return a rule whose compiled code stands wherever it is called.

    For small rules that are handed a whole day, and for those with one caller: passing a few hundred numbers
    takes longer than what they do with them.
    """
    registered: _Function = register_jitable(forceinline=True)(function)
    return registered


@intrinsic
def _unowned(typing_context: Any, array: Any) -> Any:
    """Return the array with no owner to count references to."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        found = context.make_array(signature.args[0])(context, builder, arguments[0])
        found.meminfo = cgutils.get_null_value(found.meminfo.type)  # type: ignore[no-untyped-call]
        found.parent = cgutils.get_null_value(found.parent.type)  # type: ignore[no-untyped-call]
        return found._getvalue()

    return array(array), generate


def _itself(array: Any) -> Any:
    return array


#: Returns, in compiled code, the array that it is given, without a count of references; its owner must
#: outlive it. A reference is counted with a locked instruction each time that a rule is handed an array:
#: that was a third of the time of a run. Where nothing is compiled it returns the array itself.
unowned: Any = _itself if numba.config.DISABLE_JIT else _unowned  # type: ignore[attr-defined]


def source_hash(package: Path) -> str:
    """Return a hash of every Python source of the package, 16 hex digits.

    `data` and `strategies` are left out: they stand inside the package only where it is installed.
    """
    digest = hashlib.sha256(f"{numba.__version__}".encode())
    outside = {package / "data", package / "strategies"}
    sources = (path for path in package.rglob("*.py") if not outside & set(path.parents))
    for path in sorted(sources):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def use_cache(package: Path) -> Path:
    """Point Numba's cache at the folder of these sources, and return it.

    `NUMBA_CACHE_DIR` wins where it is set. Where the user's cache folder cannot be written, a
    temporary one is used.
    """
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen)
    root = Path(platformdirs.user_cache_dir("alvh_bt")) / "compiled"
    folder = root / source_hash(package)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.touch()
        _forget_old(root, folder)
    except OSError:
        folder = Path(tempfile.gettempdir()) / f"alvh-compiled-{getpass.getuser()}" / folder.name
        folder.mkdir(parents=True, exist_ok=True)
    numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
    return folder


def _forget_old(root: Path, current: Path) -> None:
    """Remove the caches of versions that have not been used for long."""
    oldest = time.time() - STALE_DAYS * 86_400
    for path in root.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process may be quicker
            if path != current and path.stat().st_mtime < oldest:
                shutil.rmtree(path, ignore_errors=True)
