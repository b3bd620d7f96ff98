"""Determinism: the same run twice in one process, and in others under another order, hash seed and clock."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
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

    There the hedges run one after another in the order given, and strings hash differently. A hedge that
    ends the process is run once more alone, and the others go on without it.

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
        When the process fails before any hedge; the last line of what it said.
    """
    job = {
        "data": None if data is None else str(data),
        "settings": study.settings(),
        "other_clock": other_clock,
        "fingerprint": market.fingerprint,
    }
    found: dict[str, dict[str, str]] = {}
    rest = list(hedges)
    while rest:
        gave, why = _process(job, rest)
        found.update(zip(rest, gave, strict=False))
        rest = rest[len(gave) :]
        if rest:
            suspect = rest.pop(0)
            if gave:  # else nobody had run before it
                gave, why = _process(job, [suspect])
            found[suspect] = gave[0] if gave else {"error": f"its process ended ({why})"}
    return found


def _process(job: dict[str, Any], hedges: Sequence[str]) -> tuple[list[dict[str, str]], str]:
    """Return the digests of the hedges that a new process got through, and what it said last."""
    seed = _HASH_SEEDS[os.environ.get("PYTHONHASHSEED") == _HASH_SEEDS[0]]
    command = [sys.executable, "-m", "alvh_bt.audit.again"]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "digests"
        done = subprocess.run(
            command,
            input=json.dumps({**job, "hedges": list(hedges), "out": str(out)}),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    said = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    if not lines:
        raise RuntimeError(f"another process: {said}")
    return [json.loads(line) for line in lines[1:]], said


def told_difference(here: dict[str, str], there: dict[str, str]) -> str | None:
    """Return which frames differ; None if none does.

    >>> told_difference({"daily": "a", "trades": "b"}, {"daily": "a", "trades": "c"})
    'trades'
    """
    names = [name for name in here | there if here.get(name) != there.get(name)]
    return ", ".join(names) or None
