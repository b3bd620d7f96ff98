"""How long a day's surface, the strike of a delta, a quote and the prices of a history take to make.

    python bench/surface_speed.py [--data market] [--repeats 30] [--json]

Compiled: called from a compiled loop, as the replay does. From Python: called once each, as the engine
does, where handing over the prices of the day is most of the time. Best and median of the repeats.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.contracts import Contract, Right, Root
from alvh_bt.market import load_market
from alvh_bt.pricing.clock import DAYS_A_YEAR
from alvh_bt.pricing.day import DayPrices, quote_contract
from alvh_bt.pricing.flat import flat_prices
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.pricing.parameters import load_parameters
from alvh_bt.pricing.spx_surface import day_eta, smile_shape, spx_surface
from alvh_bt.pricing.ssvi import SmileShape, log_contract_variance, theta_from_variance, with_eta
from alvh_bt.pricing.strikes import strike_by_delta
from alvh_bt.pricing.vix_curve import VxCurve
from alvh_bt.pricing.vix_surface import VVIX_YEARS, VixSurface, day_vix_eta

Floats = NDArray[np.float64]
DAY = 19_000


@njit
def make_surfaces(shape: Any, vix_shape: Any, curve: Any, moves: Any, levels: Floats) -> float:
    """Return a sum over days whose SPX surface, VIX smile and VIX curve are made from index levels.

    A row of `levels` is VIX9D, VIX, VIX3M, VIX6M, VVIX (vol points) and the first nine futures (points).
    """
    total = 0.0
    for row in levels:
        spx = spx_surface(shape, moves[0], moves[1], moves[2], (row[0], row[1], row[2], row[3]))
        theta = theta_from_variance((row[4] / 100.0) ** 2 * VVIX_YEARS, vix_shape)
        vix = VixSurface(vix_shape.rho, vix_shape.eta, vix_shape.gamma, theta, moves[3])
        price = (row[5], row[6], row[7], row[8], row[9], row[10], row[11], row[12], row[13])
        futures = VxCurve(
            curve.reversion,
            curve.damping_days,
            curve.damping_power,
            row[1],
            row[3],
            curve.nodes,
            curve.tenor,
            price,
        )
        total += spx.node_theta[1] + vix.theta_30 + futures.price[0]
    return total


@njit
def make_strikes(right: int, expiry: int, deltas: Floats, prices: DayPrices) -> float:
    """Return the sum of the SPX strikes of many deltas."""
    total = 0.0
    for delta in deltas:
        total += strike_by_delta(0, right, expiry, delta, prices)
    return total


@njit
def make_quotes(right: int, expiry: int, strikes: Floats, prices: DayPrices) -> float:
    """Return the sum of the mids of many SPX options."""
    total = 0.0
    for strike in strikes:
        total += quote_contract(Contract(0, right, strike, expiry), prices).mid
    return total


@njit
def make_variances(shape: Any, thetas: Floats) -> float:
    """Return the sum of the log-contract variances of many slices."""
    total = 0.0
    for theta in thetas:
        total += log_contract_variance(theta, shape)
    return total


def jobs_of(n: int, seed: int) -> dict[str, Callable[[], object]]:
    """Return what is timed, by name; each does its thing `n` times."""
    rng = np.random.default_rng(seed)
    fitted, prices = load_parameters(), flat_prices(spot=4000.0, vix=20.0, day=DAY, contango=1.0)
    vix = 20.0 * np.exp(rng.normal(0.0, 0.3, (n, 1)))
    levels = np.hstack([vix * [0.95, 1.0, 1.05, 1.1], np.full((n, 1), 95.0), vix * np.linspace(1.02, 1.2, 9)])
    shape = with_eta(smile_shape(fitted.spx_smile), float(day_eta(fitted.spx_smile, 130.0, 20.0)))
    smile = fitted.vix_smile
    vix_shape = SmileShape(smile.rho, float(day_vix_eta(smile, 20.0)), smile.gamma)
    moves = (fitted.spx_smile.eta_on_vix, fitted.spx_smile.eta_cap, fitted.spx_damping, smile.decay)
    expiry, right = DAY + 45, int(Right.PUT)
    deltas, strikes = rng.uniform(0.02, 0.5, n), rng.uniform(3000.0, 4200.0, n)
    thetas = (levels[:, 1] / 100.0) ** 2 * 30.0 / DAYS_A_YEAR
    contracts = [Contract(Root.SPX, Right.PUT, float(strike), expiry) for strike in strikes]
    return {
        "log_contract_compiled": lambda: make_variances(shape, thetas),
        "surface_compiled": lambda: make_surfaces(shape, vix_shape, prices.curve, moves, levels),
        "strike_by_delta_compiled": lambda: make_strikes(right, expiry, deltas, prices),
        "strike_by_delta_from_python": lambda: [
            strike_by_delta(Root.SPX, Right.PUT, expiry, float(delta), prices) for delta in deltas
        ],
        "quote_contract_compiled": lambda: make_quotes(right, expiry, strikes, prices),
        "quote_contract_from_python": lambda: [quote_contract(contract, prices) for contract in contracts],
    }


def timed(job: Callable[[], object], repeats: int) -> list[float]:
    """Return the seconds of each repeat, after one that is not measured (compilation)."""
    job()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - began)
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="market folder; with it, prices of its whole history too")
    parser.add_argument("--number", type=int, default=2_000, help="calls a repeat (default 2,000)")
    parser.add_argument("--repeats", type=int, default=30, help="repeats (default 30)")
    parser.add_argument("--seed", type=int, default=1, help="seed of levels, deltas and strikes (default 1)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()

    result: dict[str, float] = {"calls": asked.number, "repeats": asked.repeats}
    for name, job in jobs_of(asked.number, asked.seed).items():
        each = [seconds / asked.number * 1e6 for seconds in timed(job, asked.repeats)]
        result[f"{name}_best_us"] = round(min(each), 2)
        result[f"{name}_median_us"] = round(statistics.median(each), 2)
    if asked.data is not None:
        market = load_market(asked.data)
        history = timed(lambda: ModelPrices(market), 5)
        result["history_sessions"] = len(market.sessions)
        result["history_best_seconds"] = round(min(history), 3)
    if asked.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name.replace('_', ' '):44s}{value:>14,.6g}")


if __name__ == "__main__":
    main()
