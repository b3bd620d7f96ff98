"""How long `alvh compare` takes, first run and warm, its peak memory, and one variant over 20 years.

    python bench/compare_speed.py --data market [--start 2006-03-01] [--end 2024-12-31] [--json]

The first run starts with an empty folder of compiled code; the warm ones share what it left.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_CHILD = """
import json, resource, sys, time
from alvh_bt.cli.main import run
began = time.perf_counter()
status = run(sys.argv[1:])
print(json.dumps({"status": status, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""

_VARIANT = """
import sys, time, json, datetime as dt
from pathlib import Path
from alvh_bt.config import make_study
from alvh_bt.engine.run import run_variant
from alvh_bt.engine.today import Calendar
from alvh_bt.market import load_market
from alvh_bt.pricing.model import ModelPrices
market = load_market(Path(sys.argv[1]))
prices, calendar = ModelPrices(market), Calendar(market)
study = make_study(start=sys.argv[2], end=sys.argv[3])
seconds = {}
for hedge in ("none", "static-calls", "static-futures", "layered"):
    run_variant(market, make_study(start="2015-01-02", end="2015-06-30"), hedge, prices, calendar)
    times = []
    for _ in range(3):
        began = time.perf_counter()
        run = run_variant(market, study, hedge, prices, calendar)
        times.append(time.perf_counter() - began)
    seconds[hedge] = min(times) * 252 * 20 / len(run.daily)
print(json.dumps(seconds))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--start", default="2006-03-01")
    parser.add_argument("--end", default="2024-12-31")
    parser.add_argument("--warm", type=int, default=3, help="warm runs; the least is printed")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures = measure(given.data, given.start, given.end, given.warm)
    if given.json:
        print(json.dumps(figures))
        return
    print(f"first run ever           {figures['first_run_seconds']:8.1f} s   (target 40)")
    print(f"warm                     {figures['warm_seconds']:8.1f} s   (target 10)")
    print(f"peak memory              {figures['peak_mb']:8.0f} MB  (target 700)")
    for hedge, seconds in figures["twenty_years_seconds"].items():
        print(f"20 years, {hedge:<15}{seconds:8.2f} s   (target 1.5, after imports)")
    print(f"a loop of 10 million     {figures['plain_loop_seconds']:8.2f} s   (how fast this machine was)")


def measure(data: Path, start: str, end: str, warm: int) -> dict[str, Any]:
    """Return the figures; every run is a process of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        env = os.environ | {"NUMBA_CACHE_DIR": str(Path(scratch) / "compiled")}
        job = ["compare", "--data", str(data), "--start", start, "--end", end, "--out", f"{scratch}/out"]
        command = [sys.executable, "-c", _CHILD, *job]
        first, peak = _timed(command, env)
        runs = [_timed(command, env) for _ in range(warm)]
        variant = [sys.executable, "-c", _VARIANT, str(data), start, end]
        done = subprocess.run(variant, env=env, capture_output=True, text=True, check=True)
        return {
            "first_run_seconds": first,
            "warm_seconds": min(seconds for seconds, _ in runs),
            "peak_mb": max(peak, *(mb for _, mb in runs)),
            "twenty_years_seconds": json.loads(done.stdout),
            "plain_loop_seconds": _plain_loop(),
        }


def _timed(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    began = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - began
    told = json.loads(done.stdout.splitlines()[-1])
    if told["status"] != 0:
        raise SystemExit(f"the comparison ended with status {told['status']}: {done.stderr}")
    return seconds, told["peak_mb"]


def _plain_loop() -> float:
    began, total = time.perf_counter(), 0
    for i in range(10_000_000):
        total += i
    return time.perf_counter() - began


if __name__ == "__main__":
    if not hasattr(resource, "getrusage"):
        raise SystemExit("this benchmark needs a Unix system")
    main()
