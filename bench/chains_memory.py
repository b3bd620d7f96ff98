"""Print the memory and the time that reading option chains takes, on a made-up folder as large as asked for.

The folder holds Parquet files of 250 days each, 19,000 quotes a day with the greeks that vendors add, in a
temporary place; another process writes it, so that the peak is the reader's. First days are read in their
order, as a study does, then at random. It is removed afterwards.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from alvh_bt.chains import ChainStore, open_chains

QUOTES_A_DAY = 19_000
DAYS_A_FILE = 250
FIRST_DAY = 12_000
GREEKS = ("delta", "gamma", "vega", "theta", "rho", "implied_volatility", "last", "vwap", "volume")


def a_day(day: int, rng: np.random.Generator) -> pa.Table:
    """Return the quotes of one made-up day, by root, expiry, right and strike."""
    expiries, strikes = 50, QUOTES_A_DAY // 100
    spot = 4000.0 * np.exp(0.01 * rng.standard_normal())
    expiry = np.repeat(day + 1 + 3 * np.arange(expiries), 2 * strikes)
    right = np.tile(np.repeat(["C", "P"], strikes), expiries)
    strike = np.tile(2000.0 + 20.0 * np.arange(strikes), 2 * expiries)
    sign = np.where(right == "C", 1.0, -1.0)
    worth = np.maximum(sign * (spot - strike), 0.0) + 40.0 * np.exp(-np.abs(strike - spot) / 300.0)
    bid = np.round(np.maximum(worth - 0.5, 0.0), 2)
    columns = {
        "quote_date": pa.array(np.full(len(bid), day, np.int32)).cast(pa.date32()),
        "root": pa.array(np.where(expiry % 28 == 0, "SPX", "SPXW")),
        "expiration": pa.array(expiry.astype(np.int32)).cast(pa.date32()),
        "strike": strike,
        "type": pa.array(right),
        "bid": bid,
        "ask": bid + 1.0,
        "underlying": np.full(len(bid), spot),
        "open_interest": rng.integers(0, 10_000, len(bid)),
    }
    return pa.table({**columns, **{name: rng.standard_normal(len(bid)) for name in GREEKS}})


def write_folder(folder: Path, gigabytes: float, group_rows: int) -> None:
    """Write files of 250 days until they take so many gigabytes."""
    rng = np.random.default_rng(7)
    written, day = 0, FIRST_DAY
    while written < gigabytes * 1e9:
        path = folder / f"spx_{day}.parquet"
        schema = a_day(day, rng).schema
        with pq.ParquetWriter(path, schema) as writer:
            for first in range(day, day + DAYS_A_FILE, 50):
                days = [a_day(one, rng) for one in range(first, first + 50)]
                writer.write_table(pa.concat_tables(days), row_group_size=group_rows)
        written += path.stat().st_size
        day += DAYS_A_FILE


def peak_megabytes() -> float:
    """Return the most memory that this process has had resident so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def read_days(store: ChainStore, days: np.ndarray) -> tuple[float, int]:
    """Return the milliseconds a day and the quotes that reading took."""
    start = time.perf_counter()
    quotes = sum(len(store.day(int(day))) for day in days)
    return (time.perf_counter() - start) / len(days) * 1e3, quotes


def main() -> None:
    """Write the folder, read it, print and clean up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=10.0, help="size of the folder (default 10)")
    parser.add_argument(
        "--group-rows",
        type=int,
        default=QUOTES_A_DAY,
        help="rows a row group (default 19,000, which is a day; pandas writes 1,048,576)",
    )
    parser.add_argument("--days", type=int, default=1000, help="days to read in order (default 1000)")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="chains-memory-"))
    try:
        arguments = (folder, options.gigabytes, options.group_rows)
        writer = multiprocessing.get_context("spawn").Process(target=write_folder, args=arguments)
        writer.start()
        writer.join()
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(
            f"{size / 1e9:.2f} GB in {len(list(folder.iterdir()))} files; before: {peak_megabytes():.0f} MB"
        )
        start = time.perf_counter()
        store = open_chains(folder)
        print(
            f"opened {len(store.days)} days in {time.perf_counter() - start:.2f} s: {peak_megabytes():.0f} MB"
        )
        spread = store.days[:: max(1, len(store.days) // options.days)][: options.days]
        in_order = store.days[: options.days]
        at_random = np.random.default_rng(11).permutation(spread)[: options.days // 10]
        for name, days in (("in order", in_order), ("across", spread), ("at random", at_random)):
            each, quotes = read_days(store, days)
            peak = f"peak {peak_megabytes():.0f} MB"
            print(f"{name}: {len(days)} days, {quotes:,} quotes, {each:.1f} ms a day, {peak}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
