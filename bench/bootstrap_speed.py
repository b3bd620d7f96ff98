"""Print how long the statistics of a comparison take: the bootstrap of all pairs, SPA and the confidence set.

    python bench/bootstrap_speed.py [--variants 6] [--sessions 4500] [--draws 2000] [--json]

The series are synthetic, one core is used, and what is compiled is compiled before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import pandas as pd

from alvh_bt.analysis.comparison import compare_runs
from alvh_bt.analysis.results import STATES, ComparisonResult
from alvh_bt.analysis.superior import superior
from alvh_bt.engine.results import DAILY_COLUMNS, JOURNAL_COLUMNS, TRADE_COLUMNS, RunResult

CASH = 250_000.0
TARGET_SECONDS = 15.0


def synthetic_comparison(variants: int, sessions: int, seed: int = 0) -> ComparisonResult:
    """Return runs that share a fat-tailed path and differ by a hedge each."""
    draw = np.random.default_rng(seed)
    dates = pd.bdate_range("2006-03-01", periods=sessions)
    path = 60.0 + 900.0 * draw.standard_t(4, sessions)
    runs = []
    for k in range(variants):
        bleed = 10.0 * k * (1.0 + 0.3 * draw.standard_normal(sessions))
        hedge = 100.0 * k * draw.standard_t(4, sessions) - bleed
        frame = pd.DataFrame({"date": dates, **dict.fromkeys(DAILY_COLUMNS, 0.0)})
        frame = frame.assign(nav=CASH * 4 + np.cumsum(path + hedge), hedge_pnl=hedge, hedge_carry=-bleed)
        empty = [
            pd.DataFrame({name: [] for name in ("date", *columns)}).astype({"date": "datetime64[ns]"})
            for columns in (TRADE_COLUMNS, JOURNAL_COLUMNS)
        ]
        runs.append(RunResult("none" if k == 0 else f"hedge-{k}", frame, *empty))
    states = pd.DataFrame(dict.fromkeys(STATES, 20.0), index=dates)
    start, end = dates[0].date(), dates[-1].date()
    return ComparisonResult(tuple(runs), {}, {}, (), states, "bench", start, end, CASH * 4)


def measure(variants: int, sessions: int, draws: int) -> dict[str, float]:
    """Return the seconds of each part."""
    compare_runs(synthetic_comparison(3, 100), draws=2)  # imports and compiles
    superior(synthetic_comparison(3, 100), draws=2)
    result = synthetic_comparison(variants, sessions)
    began = time.perf_counter()
    compare_runs(result, draws=draws)
    compared = time.perf_counter()
    superior(result, draws=draws)
    return {"pairs_seconds": compared - began, "superior_seconds": time.perf_counter() - compared}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variants", type=int, default=6)
    parser.add_argument("--sessions", type=int, default=4500)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures = measure(given.variants, given.sessions, given.draws)
    if given.json:
        print(json.dumps(figures))
        return
    pairs = given.variants * (given.variants - 1) // 2
    print(f"{given.draws} draws x {pairs} pairs, {given.sessions} sessions {figures['pairs_seconds']:8.2f} s")
    print(f"SPA and model confidence set          {figures['superior_seconds']:8.2f} s")
    print(f"together {sum(figures.values()):.2f} s (target {TARGET_SECONDS:.0f} s)")


if __name__ == "__main__":
    main()
