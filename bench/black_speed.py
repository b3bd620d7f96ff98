"""Print how many options a second the batch kernel prices, beside a vectorised scipy version in the same run.

One core, one thread. The two take turns, so that a busy machine slows both; the best and the median of
the turns are printed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from alvh_bt.pricing.black import price_delta_vega_batch

Columns = tuple[NDArray[np.float64], ...]


def draw_options(n: int, seed: int) -> Columns:
    """Return forward, strike, tau, sigma, rate and right of `n` index options, out to deep wings."""
    rng = np.random.default_rng(seed)
    forward = np.full(n, 4000.0)
    strike = forward * np.exp(rng.normal(0.0, 0.15, n))
    tau, sigma = rng.uniform(1 / 365, 1.0, n), rng.uniform(0.08, 0.8, n)
    return forward, strike, tau, sigma, np.full(n, 0.03), rng.choice(np.array([-1, 1]), n)


def price_by_scipy(columns: Columns) -> Columns:
    """Return price, delta and vega as one would first write them with numpy and scipy."""
    forward, strike, tau, sigma, rate, right = columns
    s = sigma * np.sqrt(tau)
    d1 = np.log(forward / strike) / s + 0.5 * s
    discount = np.exp(-rate * tau)
    below_d1 = ndtr(right * d1)
    price = discount * right * (forward * below_d1 - strike * ndtr(right * (d1 - s)))
    vega = 0.01 * discount * forward * np.sqrt(tau) * np.exp(-0.5 * d1 * d1) / np.sqrt(2.0 * np.pi)
    return price, discount * right * below_d1, vega


def time_in_turn(jobs: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Return each job's seconds, the jobs taking turns after one unmeasured turn (compilation)."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(repeats + 1):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def main() -> None:
    """Measure, check that the two agree, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--options", type=int, default=200_000, help="options a turn (default 200,000)")
    parser.add_argument("--repeats", type=int, default=30, help="turns (default 30)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the options (default 1)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()

    columns = draw_options(asked.options, asked.seed)
    outputs = tuple(np.empty(asked.options) for _ in range(3))
    seconds = time_in_turn(
        {
            "kernel": lambda: price_delta_vega_batch(*columns, *outputs),
            "scipy": lambda: price_by_scipy(columns),
        },
        asked.repeats,
    )
    result: dict[str, float] = {"options": asked.options, "repeats": asked.repeats}
    for name, times in seconds.items():
        result[f"{name}_best_millions_a_second"] = round(asked.options / min(times) / 1e6, 2)
        result[f"{name}_median_millions_a_second"] = round(asked.options / statistics.median(times) / 1e6, 2)
    result["times_faster"] = round(
        statistics.median(b / a for a, b in zip(seconds["kernel"], seconds["scipy"], strict=True)), 2
    )
    differences = (abs(a - b).max() for a, b in zip(outputs, price_by_scipy(columns), strict=True))
    result["largest_difference"] = float(max(differences))
    if asked.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name.replace('_', ' '):36s}{value:>14,.6g}")


if __name__ == "__main__":
    main()
