"""Determinism: the same run twice in one process, and in others under another order, hash seed and clock."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from alvh_bt.config import Study
from alvh_bt.engine.results import RunResult
from alvh_bt.market import Market

#: Of the other processes: any seed will do, if it is not that of this one.
_HASH_SEEDS: Final = ("1", "4242")


def digest(run: RunResult | None) -> dict[str, str]:
    """Return a SHA-256 of the bytes of each frame of a run; nothing for None."""
    if run is None:
        return {}
    return {name: _frame_digest(getattr(run, name)) for name in ("daily", "trades", "journal")}


def _frame_digest(frame: pd.DataFrame) -> str:
    found = hashlib.sha256(repr((len(frame), list(frame.columns))).encode())
    for _, column in frame.items():
        if column.dtype.kind in "fiuM":
            found.update(column.to_numpy().tobytes())
        else:
            found.update(repr(column.tolist()).encode())
    return found.hexdigest()


def elsewhere(
    market: Market, study: Study, hedges: Sequence[str], data: Path | None, other_clock: bool
) -> dict[str, dict[str, str]]:
    """Return the digests of each hedge's run in a new Python process, by hedge.

    There the hedges run one after another in the order given, and strings hash differently.

    Parameters
    ----------
    market
        What it must find again in `data`.
    study, hedges
        Settings and what to run; nobody's code runs here.
    data
        The market's folder; None for the fetched one or the sample.
    other_clock
        Whether the user's code sees a clock that is more than a year ahead.

    Raises
    ------
    RuntimeError
        When the process fails; the last line of what it said.
    """
    job = {
        "data": None if data is None else str(data),
        "settings": study.settings(),
        "hedges": list(hedges),
        "other_clock": other_clock,
        "fingerprint": market.fingerprint,
    }
    seed = _HASH_SEEDS[os.environ.get("PYTHONHASHSEED") == _HASH_SEEDS[0]]
    command = [sys.executable, "-m", "alvh_bt.audit.again"]
    done = subprocess.run(
        command,
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": seed},
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise RuntimeError(f"another process: {said[-1]}")
    # What the user's code prints comes before.
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def told_difference(here: dict[str, str], there: dict[str, str]) -> str | None:
    """Return which frames differ; None if none does.

    >>> told_difference({"daily": "a", "trades": "b"}, {"daily": "a", "trades": "c"})
    'trades'
    """
    names = [name for name in here | there if here.get(name) != there.get(name)]
    return ", ".join(names) or None
