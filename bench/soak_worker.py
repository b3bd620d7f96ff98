"""One process of the soak: reads [kind, first seed, count] a line, and answers each with what came of it."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

#: Kinds of input, and how many of each there are, in proportion: the quick ones more often.
INPUTS: Final = {
    "market csv": 10,
    "report folder": 14,
    "study toml": 12,
    "sweep toml": 8,
    "claims toml": 12,
    "cboe_monthly csv": 8,
    "vxth_daily csv": 8,
    "chains csv": 10,
    "chains parquet": 13,
    "sweep parquet": 3,
    "sweep manifest": 2,
}


class Worker:
    """Does chunks; the files of inputs are made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.targets: dict[str, Any] = {}

    def chunk(self, kind: str, first: int, count: int, tell: Any) -> dict[str, Any]:
        """Return the outcomes of `count` seeds from `first` on, and the faults among them."""
        outcomes, faults, began = Counter[str](), [], time.monotonic()
        for seed in range(first, first + count):
            tell(seed)
            what, said = self.one(kind, seed)
            outcomes[what] += 1
            if said:
                faults.append([seed, what, said[:300]])
        return {"outcomes": dict(outcomes), "faults": faults, "seconds": time.monotonic() - began}

    def one(self, kind: str, seed: int) -> tuple[str, str]:
        """Return what came of a seed, and the fault."""
        if kind in ("run", "twin"):
            from random_runs import random_run, random_twin

            return random_run(seed) if kind == "run" else random_twin(seed)
        from fuzz_targets import fuzz_one, targets

        if not self.targets:
            self.targets = targets(self.folder / "inputs")
        outcome, path = fuzz_one(self.targets[kind], seed)
        return outcome.kind, f"{path.name}: {outcome.fault}" if outcome.fault else ""


def main(folder: str) -> None:
    """Answer each line of stdin on stdout; a plain number is the seed that is begun."""
    import alvh_bt  # noqa: F401  (compiled code stays where it always is, found at import)

    # What is kept of broken chains does not belong into the user's cache.
    os.environ["XDG_CACHE_HOME"] = folder
    answers, sys.stdout = sys.stdout, sys.stderr

    def tell(what: object) -> None:
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    worker = Worker(Path(folder))
    for line in sys.stdin:
        kind, first, count = json.loads(line)
        tell(worker.chunk(kind, first, count, tell))


if __name__ == "__main__":
    main(sys.argv[1])
