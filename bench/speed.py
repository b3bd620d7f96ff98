"""How fast the replay and its sweeps are, beside Backtrader, in one table.

    python bench/speed.py --data market [--json] [--quick]

All figures come from one run of this file, one after the other. The compiled code is warm: a sweep of two
configurations is run first, and its time told apart.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import black_speed
import numpy as np
from optstrategy import optstrategy_rate

from alvh_bt.config import make_study
from alvh_bt.engine.run import run_variant
from alvh_bt.engine.today import Calendar
from alvh_bt.market import Market, load_market
from alvh_bt.pricing.black import price_delta_vega_batch
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.replay.run import Window, make_window, replay_condors, replay_daily
from alvh_bt.sweep.local import LocalCrew
from alvh_bt.sweep.space import configurations
from alvh_bt.sweep.spec import read_sweep
from alvh_bt.sweep.work import Workload

HERE = Path(__file__).parent
WINDOW = {"start": "2007-01-03", "end": "2024-12-31"}
TWENTY = {"start": "2004-12-31", "end": "2024-12-31"}


def rate_of_sweep(file: str, market: Market, runs: int) -> float:
    """Return the runs a second of one process, settings to metrics: for each what `optstrategy` does.

    The condor book is run as often as its settings change: once where only the hedge's do.
    """
    workload = Workload(read_sweep(HERE / file), market)
    points = configurations(workload.sweep)
    step = max(1, len(points) // runs)
    items = [(points[k * step], workload.sweep.hedges) for k in range(runs)]
    workload.estimate_seconds()
    window = make_window(market, workload.sweep.study({}))
    began = time.perf_counter()
    replay_condors(window, workload.sweep.study({}))  # those of the base study are known to the workload
    rows = workload.job(items)
    seconds = time.perf_counter() - began
    if any(row.get("error") for row in rows):
        raise SystemExit(f"{file}: {rows}")
    return runs / seconds


def linear(window: Window, repeats: int) -> dict[str, dict[str, float]]:
    """Return microseconds a unit at 1x, 2x, 4x and 8x: sessions, condors held at once, configurations."""
    found: dict[str, dict[str, float]] = {"sessions": {}, "legs": {}, "configurations": {}}
    length = (window.last + 1 - window.first) // 8
    for scale in (1, 2, 4, 8):
        part = window._replace(last=window.first + length * scale - 1)
        study = make_study(**WINDOW)
        seconds = timed(lambda part=part, study=study: one(part, study), repeats)
        found["sessions"][f"{scale}x"] = 1e6 * seconds / (length * scale)
        many = make_study(**WINDOW, condor={"max_open": scale, "schedule": "every", "every_sessions": 2})
        found["legs"][f"{scale}x"] = 1e6 * legs_seconds(window, many, repeats)
        seconds = timed(lambda study=study, scale=scale: [one(window, study) for _ in range(scale)], repeats)
        found["configurations"][f"{scale}x"] = 1e6 * seconds / scale
    return found


def one(window: Window, study: Any) -> None:
    """Run condors and the layered hedge once."""
    replay_daily(window, study, "layered", lambda: replay_condors(window, study))


def legs_seconds(window: Window, study: Any, repeats: int) -> float:
    """Return the seconds a leg that is held for a session, condors alone."""
    path = replay_condors(window, study).path
    legs = int(path.seen.lot_end[len(path.daily) - 1])
    return timed(lambda: replay_condors(window, study), repeats) / legs


def timed(job: Any, repeats: int) -> float:
    """Return the least time of a job, seconds."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        job()
        times.append(time.perf_counter() - began)
    return min(times)


def crew_rate(workload: Workload, items: list[Any], workers: int) -> float:
    """Return the runs a second of so many processes over the same items, started and warm."""
    crew = LocalCrew(workload.job, workers)
    try:
        for _ in range(workers):
            crew.start(items[:2])
        waiting = workers
        while waiting:
            waiting -= len(crew.wait(10.0))
        chunks = [items[k : k + 10] for k in range(0, len(items), 10)]
        began, done = time.perf_counter(), 0
        while done < len(items):
            while chunks and crew.free():
                crew.start(chunks.pop())
            done += sum(len(each.rows or ()) for each in crew.wait(10.0))
        return len(items) / (time.perf_counter() - began)
    finally:
        crew.close()


def sweep(file: str, data: Path, out: Path, *more: str) -> tuple[float, float]:
    """Return the seconds of a plain `alvh sweep`, start and end included, and a worker's peak memory, MB."""
    command = [sys.executable, "-m", "alvh_bt.cli.main", "sweep", str(HERE / file), "--data", str(data)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--out", str(out), *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    peak = [0.0]
    watcher = threading.Thread(target=_watch, args=(process, peak))
    watcher.start()
    told, _ = process.communicate()
    seconds = time.perf_counter() - began
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{file}: {told}")
    return seconds, peak[0]


def _watch(process: subprocess.Popen[str], peak: list[float]) -> None:
    """Keep the highest memory that a child of the process ever had."""
    while process.poll() is None:
        try:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            for child in children:
                status = Path(f"/proc/{child}/status").read_text()
                found = re.search(r"VmHWM:\s+(\d+)", status)
                peak[0] = max(peak[0], int(found.group(1)) / 1024 if found else 0.0)
        except OSError:
            pass
        time.sleep(0.1)


def main() -> None:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    market = load_market(given.data)
    study = make_study(**WINDOW)
    window = make_window(market, study)
    one(window, study)
    figures: dict[str, Any] = {}
    slow = optstrategy_rate(market, WINDOW, 2)
    fast = rate_of_sweep("sweep_hedge_1000.toml", market, 100)
    anew = rate_of_sweep("sweep_condor_1000.toml", market, 40)
    figures["optstrategy_runs_per_second"] = slow
    figures["replay_runs_per_second"], figures["replay_condor_runs_per_second"] = fast, anew
    figures["replay_vs_optstrategy"], figures["replay_vs_optstrategy_condor"] = fast / slow, anew / slow
    with tempfile.TemporaryDirectory() as folder:
        figures["start_seconds"], _ = sweep("sweep_start.toml", given.data, Path(folder) / "start")
        hedge, peak = sweep("sweep_hedge_1000.toml", given.data, Path(folder) / "hedge")
        condor, other = sweep("sweep_condor_1000.toml", given.data, Path(folder) / "condor")
    figures |= {"hedge_1000_seconds": hedge, "condor_1000_seconds": condor}
    workload = Workload(read_sweep(HERE / "sweep_hedge_1000.toml"), market)
    workload.warm()
    points = configurations(workload.sweep)
    items = [(points[k], workload.sweep.hedges) for k in range(0, len(points), 4)]
    alone, both = crew_rate(workload, items, 1), crew_rate(workload, items, 2)
    figures |= {"two_process_speedup": both / alone, "worker_peak_mb": max(peak, other)}
    options = 200_000
    columns = (*black_speed.draw_options(options, 1), *(np.empty(options) for _ in range(3)))
    price_delta_vega_batch(*columns)
    figures["price_delta_vega_per_second"] = options / timed(lambda: price_delta_vega_batch(*columns), 20)
    prices, calendar = ModelPrices(market), Calendar(market)
    twenty = make_study(**TWENTY)
    run_variant(market, make_study(start="2015-01-02", end="2015-03-31"), "layered", prices, calendar)
    began = time.perf_counter()
    run_variant(market, twenty, "layered", prices, calendar)
    figures["backtrader_20y_seconds"] = time.perf_counter() - began
    figures["microseconds_a_unit"] = linear(window, 3)
    print(json.dumps(figures) if given.json else table(figures))


def table(figures: dict[str, Any]) -> str:
    """Return the figures beside their targets."""
    rows = [
        ("replay against cerebro.optstrategy", f"{figures['replay_vs_optstrategy']:,.0f}x", ">= 150x"),
        ("  Backtrader, runs a second", f"{figures['optstrategy_runs_per_second']:.3f}", ""),
        ("  replay, runs a second", f"{figures['replay_runs_per_second']:.1f}", ""),
        ("  each with a condor book of its own", f"{figures['replay_vs_optstrategy_condor']:,.0f}x", ""),
        ("1,000 hedge configurations", f"{figures['hedge_1000_seconds']:.1f} s", "<= 15 s"),
        ("1,000 condor configurations", f"{figures['condor_1000_seconds']:.1f} s", "<= 40 s"),
        ("a sweep of two configurations", f"{figures['start_seconds']:.1f} s", "start < 3 s"),
        ("two processes against one", f"{figures['two_process_speedup']:.2f}x", ">= 1.85x"),
        ("peak memory of a worker", f"{figures['worker_peak_mb']:.0f} MB", "<= 400 MB"),
        (
            "price, delta and vega, million a second",
            f"{figures['price_delta_vega_per_second'] / 1e6:.1f}",
            "",
        ),
        ("Backtrader, 20 years, layered", f"{figures['backtrader_20y_seconds']:.1f} s", ""),
    ]
    for unit, times in figures["microseconds_a_unit"].items():
        least = min(times.values())
        spread = np.ptp(list(times.values())) / least
        told = ", ".join(f"{scale} {value:,.1f}" for scale, value in times.items())
        rows.append((f"us a unit by {unit}", f"{told} ({spread:.0%})", "within 20%"))
    width = max(len(name) for name, _, _ in rows)
    return "\n".join(f"{name:<{width}}  {value:>12}  {target}" for name, value, target in rows)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
