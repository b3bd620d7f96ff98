"""What an installation needs, checked: versions, caches, market data, and whether the compiler works."""

from __future__ import annotations

import importlib.metadata as metadata
import math
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numba
import platformdirs
from packaging.requirements import Requirement

from alvh_bt import __version__
from alvh_bt.errors import AlvhError
from alvh_bt.market import fetched_folder, load_market

OK: Final = "ok"
WARNING: Final = "warning"
FAIL: Final = "fail"

#: Bytes that the caches and the results of a sweep may well need.
_ROOM: Final = 1_000_000_000
#: Hull, Options, Futures and Other Derivatives: a call at 42 struck at 40, 10%, 20%, half a year is 4.76.
_HULL: Final = 4.76


class Finding(NamedTuple):
    """One thing that was looked at: `status` is ok, warning or fail, and `said` has the remedy if need be."""

    what: str
    status: str
    said: str


def examine(data: str | Path | None = None) -> Iterator[Finding]:
    """Return what is found of this installation, one finding at a time; nothing is changed.

    Parameters
    ----------
    data
        The folder of market data to look at; None for the one that commands would choose.
    """
    yield Finding("alvh_bt", OK, f"{__version__}, in {Path(__file__).parent}")
    yield _python()
    yield from _packages()
    yield _room("compiled code", Path(str(numba.config.CACHE_DIR or ".")))  # type: ignore[attr-defined]
    yield _room("cache", Path(platformdirs.user_cache_dir("alvh_bt")))
    yield _room("fetched data", fetched_folder())
    yield _guarded("market data", lambda: _market(data))
    yield _guarded("compiler", _compiler)


def _python() -> Finding:
    """Return which Python runs; one that is too old does not install this package."""
    said = f"{platform.python_version()} on {platform.platform(terse=True)}, {os.cpu_count()} cores"
    return Finding("python", OK, said)


def _packages() -> Iterator[Finding]:
    """Return one finding for all packages in order, and one for each that is not."""
    wanted = [Requirement(line) for line in metadata.requires("alvh-bt") or ()]
    wanted = [each for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
    good = 0
    for each in wanted:
        try:
            found = metadata.version(each.name)
        except metadata.PackageNotFoundError:
            yield Finding(each.name, FAIL, f"not installed; run: pip install '{each}'")
            continue
        if each.specifier.contains(found, prereleases=True):
            good += 1
        else:
            yield Finding(each.name, FAIL, f"{found} is installed; run: pip install '{each}'")
    named = ("backtrader", "numba", "numpy", "pandas")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in named)
    yield Finding("packages", OK, f"{good} of {len(wanted)} as required; {versions}")


def _room(what: str, folder: Path) -> Finding:
    """Return whether a folder, which need not be there yet, can be written and has room."""
    standing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not os.access(standing, os.W_OK | os.X_OK):
        return Finding(
            what, WARNING, f"{folder} cannot be written: a temporary folder is used; allow writing"
        )
    free = shutil.disk_usage(standing).free
    held = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    said = f"{folder}, {held / 1e6:,.0f} MB, {free / 1e9:,.1f} GB free"
    if free < _ROOM:
        return Finding(what, WARNING, f"{said}: less than {_ROOM / 1e9:.0f} GB; make room")
    return Finding(what, OK, said)


def _market(data: str | Path | None) -> Finding:
    """Return which market commands would use, and its span."""
    market = load_market(data)
    first, last = market.usable
    origin = data if data is not None else "the embedded sample"
    if data is None and "arch" not in market.source["spx"]:
        origin = fetched_folder()
    said = f"{origin}: {len(market.source)} files, {first} to {last}"
    if data is None and origin == "the embedded sample":
        return Finding("market data", OK, f"{said}; alvh data fetch brings more")
    return Finding("market data", OK, said)


def _compiler() -> Finding:
    """Return whether compiled code gives the price of a textbook, and how it is compiled."""
    from alvh_bt.pricing.black import black_price

    forward = 42.0 * math.exp(0.10 * 0.5)
    price = float(black_price(forward, 40.0, 0.5, 0.20, 0.10, 1))
    how = "switched off (NUMBA_DISABLE_JIT)" if numba.config.DISABLE_JIT else f"numba {numba.__version__}"  # type: ignore[attr-defined]
    if not abs(price - _HULL) < 0.005:
        return Finding(
            "compiler", FAIL, f"{how}: a call worth {_HULL} is priced {price:.4f}; reinstall numba"
        )
    return Finding("compiler", OK, f"{how}: a call of the textbook is priced {price:.2f}")


def _guarded(what: str, look: Callable[[], Finding]) -> Finding:
    """Return what `look` finds, or what kept it from looking."""
    try:
        return look()
    except AlvhError as error:
        return Finding(what, FAIL, " ".join(str(error).split()))
    except Exception as error:  # whatever is wrong with an installation, it is told in a line
        return Finding(
            what, FAIL, f"{type(error).__name__}: {' '.join(str(error).split())}; reinstall alvh_bt"
        )
