"""What another process runs for `sameness.elsewhere`: a job in on stdin, digests out into a file.

Nothing is read from what the user's code prints, and each line is written when its hedge has run: the parent
sees which hedge a process died of.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from alvh_bt.audit.clock import clock_ahead
from alvh_bt.audit.sameness import digest
from alvh_bt.audit.subjects import load_subject, run_subject, source_file, world_of
from alvh_bt.config import make_study
from alvh_bt.engine.guarded import words_of
from alvh_bt.market import load_market


def main() -> None:
    """Run the job that stdin holds; write a line a hedge, after an empty one, to the file it names."""
    job = json.load(sys.stdin)
    market = load_market(None if job["data"] is None else Path(job["data"]))
    if market.fingerprint != job["fingerprint"]:
        sys.exit("the data has changed meanwhile; run the audit again")
    study = make_study(**job["settings"])
    world = world_of(market, study)
    out = Path(job["out"])
    _append(out, {})
    sources = [source for source in map(source_file, job["hedges"]) if source is not None]
    with clock_ahead(sources) if job["other_clock"] else contextlib.nullcontext():
        for name in job["hedges"]:
            try:
                found = digest(run_subject(world, study, load_subject(name)).run)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a user's code may raise anything, also SystemExit
                found = {"error": words_of(error)}
            _append(out, found)


def _append(out: Path, found: dict[str, Any]) -> None:
    with out.open("a", encoding="utf-8") as file:
        file.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
