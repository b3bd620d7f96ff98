"""Soak: many broken inputs and many random runs, seeded; exits 1 where anything unexpected came of one.

    python bench/soak.py --inputs 100000 --runs 10000 --twins 200 --seed 1 --state soak.jsonl

Two processes take chunks of seeds in turns. What is done stands in `--state`, and the same command goes on
from there. A process that dies counts as a crash, is named with its seed, and is started anew.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from soak_worker import INPUTS

CHUNK = {"run": 50, "twin": 10}
INPUTS_AT_ONCE = 250


def chunks(inputs: int, runs: int, twins: int, seed: int) -> list[tuple[str, int, int]]:
    """Return (kind, first seed, how many) of everything, the kinds mixed."""
    total = sum(INPUTS.values())
    wanted = {kind: -(-inputs * share // total) for kind, share in INPUTS.items()}
    wanted |= {"run": runs, "twin": twins}
    found = []
    for kind, count in wanted.items():
        size = CHUNK.get(kind, INPUTS_AT_ONCE)
        starts = range(0, count, size)
        found += [
            ((k + 0.5) / len(starts), (kind, seed * 10_000_000 + first, min(size, count - first)))
            for k, first in enumerate(starts)
        ]
    # The compiled loop takes minutes to compile: last.
    return [chunk for _, chunk in sorted(found, key=lambda pair: (pair[1][0] == "twin", pair))]


class Crew:
    """Workers that take chunks until there are none left."""

    def __init__(self, left: list[tuple[str, int, int]], state: Path) -> None:
        self.left, self.state = left, state
        self.lock = threading.Lock()

    def next(self) -> tuple[str, int, int] | None:
        """Return the next chunk, None when all are taken."""
        with self.lock:
            return self.left.pop(0) if self.left else None

    def note(self, row: dict[str, Any]) -> None:
        """Keep what came of a chunk."""
        with self.lock, self.state.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def work(self) -> None:
        """Feed one process, and a new one after each crash."""
        worker = None
        while (chunk := self.next()) is not None:
            kind, first, count = chunk
            done, began = 0, time.monotonic()
            while done < count:
                worker = worker or _start()
                row, at = self._ask(worker, kind, first + done, count - done)
                if row is None:
                    worker.kill()
                    status, worker = worker.wait(), None
                    row = {"outcomes": {"crash": 1}, "faults": [[at, "crash", f"exit status {status}"]]}
                    done = at - first + 1
                else:
                    done = count
                self.note({"kind": kind, "first": first, "count": count, **row, "part": done < count})
            print(f"{kind} {first}+{count}: {time.monotonic() - began:.1f} s", flush=True)
        if worker is not None:
            worker.stdin.close()
            worker.wait()

    def _ask(self, worker: Any, kind: str, first: int, count: int) -> tuple[dict[str, Any] | None, int]:
        """Return what a worker says of seeds, None where it died, and the last seed that it began."""
        at = first
        try:
            worker.stdin.write(json.dumps([kind, first, count]) + "\n")
            worker.stdin.flush()
        except BrokenPipeError:
            return None, at
        for line in worker.stdout:
            said = json.loads(line)
            if isinstance(said, int):
                at = said
            else:
                return said, at
        return None, at


def _start() -> Any:
    folder = tempfile.mkdtemp(prefix="alvh-soak-")
    words = [sys.executable, "-W", "error", str(Path(__file__).with_name("soak_worker.py")), folder]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def table(rows: list[dict[str, Any]]) -> tuple[str, bool]:
    """Return the table of all kinds in Markdown, and whether anything was unexpected."""
    bad = ("internal error", "crash", "unclear", "partial output", "broken invariant")
    kinds: dict[str, Counter[str]] = {}
    seconds: Counter[str] = Counter()
    for row in rows:
        kinds.setdefault(row["kind"], Counter()).update(row["outcomes"])
        seconds[row["kind"]] += row.get("seconds", 0.0)
    kinds["all"] = sum(kinds.values(), Counter())
    seconds["all"] = sum(seconds.values())
    lines = [
        "| Kind | Inputs | Accepted | Refused, by error | Unexpected | Seconds |",
        "|---|--:|--:|---|--:|--:|",
    ]
    for kind, found in kinds.items():
        refused = {name: n for name, n in sorted(found.items()) if name != "accepted" and name not in bad}
        told = ", ".join(f"{name} {n:,}" for name, n in refused.items()) or "-"
        wrong = sum(found[name] for name in bad)
        counts = f"{sum(found.values()):,} | {found['accepted']:,} | {told} | {wrong:,}"
        lines.append(f"| {kind} | {counts} | {seconds[kind]:,.0f} |")
    return "\n".join(lines), any(kinds["all"][name] for name in bad)


def main() -> int:
    """Run what is left to run, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--twins", type=int, default=200, help="random runs in both engines")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--state", type=Path, default=Path("soak.jsonl"))
    asked = parser.parse_args()
    wanted = chunks(asked.inputs, asked.runs, asked.twins, asked.seed)
    rows = read_state(asked.state)
    done = {(row["kind"], row["first"]) for row in rows if not row["part"]}
    crew = Crew([chunk for chunk in wanted if chunk[:2] not in done], asked.state)
    began = time.monotonic()
    threads = [threading.Thread(target=crew.work) for _ in range(asked.processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    named = {chunk[:2] for chunk in wanted}
    rows = [row for row in read_state(asked.state) if (row["kind"], row["first"]) in named]
    told, wrong = table(rows)
    print(f"\n{told}\n\n{time.monotonic() - began:,.0f} s in {asked.processes} processes")
    for row in rows:
        for at, what, said in row["faults"]:
            print(f"{row['kind']}, seed {at}: {what}: {said}")
    return 1 if wrong else 0


def read_state(path: Path) -> list[dict[str, Any]]:
    """Return the chunks that are done."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    sys.exit(main())
