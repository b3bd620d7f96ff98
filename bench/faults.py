"""Faults that strike whole commands: killed at any moment, a full and a read-only disk, a file of 1 GB.

    python bench/faults.py --kills 12

Mounts small disks in memory, which takes the superuser on Linux. Exits 1 where anything unexpected came.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from alvh_bt.placing import finish_interrupted

ALVH = (sys.executable, "-m", "alvh_bt.cli.main")
DAYS = ("--start", "2015-07-01", "--end", "2015-08-31")
COMPARE = ("compare", *DAYS, "--hedge", "none", "--hedge", "static-calls")
WRONG: list[str] = []


def alvh(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with settings of the environment on top of those there are."""
    env = {**os.environ, **settings}
    return subprocess.run([*ALVH, *arguments], capture_output=True, text=True, check=False, env=env)


def expect(fault: str, met: bool, said: str) -> None:
    """Print what came of a fault, and keep what was not expected."""
    print(f"{'as expected' if met else 'UNEXPECTED'}  {fault}: {' '.join(said.split())[:160]}", flush=True)
    if not met:
        WRONG.append(fault)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of that size, gone afterwards."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def whole(out: Path) -> bool:
    """Whether a folder holds one whole comparison, or nothing at all."""
    if out.is_dir():
        finish_interrupted(out)
    if not (out / "summary.json").is_file():
        return not out.is_dir() or not [path for path in out.iterdir() if path.suffix == ".parquet"]
    summary = json.loads((out / "summary.json").read_text())
    daily = pd.read_parquet(out / "daily.parquet")
    last = daily.groupby("variant")["nav"].last()
    return all(
        abs(last[name] - 250_000.0 - each["pnl_usd"]) < 1e-6 for name, each in summary["variants"].items()
    )


def kills(folder: Path, times: int, seed: int) -> None:
    """Kill a comparison at random moments; the folder holds the old set or the new one."""
    out, draw = folder / "killed", random.Random(seed)
    began = time.monotonic()
    assert alvh(*COMPARE, "--out", str(out)).returncode == 0
    long = time.monotonic() - began
    good = 0
    for number in range(times):
        costs = folder / "study.toml"
        costs.write_text(f"[costs]\nspread_share = {0.1 + 0.05 * number}\n")
        running = subprocess.Popen(
            [*ALVH, *COMPARE, "--config", str(costs), "--out", str(out)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Most of a run computes; the writes are at its end, and so are most of these moments.
        time.sleep(long * draw.choice((draw.uniform(0.1, 1.0), draw.uniform(0.85, 1.05))))
        running.send_signal(signal.SIGKILL)
        running.wait()
        good += whole(out)
    expect(f"kill -9 of compare at {times} moments", good == times, f"{good} times the folder was whole")
    again = alvh(*COMPARE, "--out", str(out))
    left = [path.name for path in out.iterdir() if path.name.startswith(".alvh")]
    expect(
        "the next compare", again.returncode == 0 and whole(out) and not left, f"status {again.returncode}"
    )


def disks(folder: Path) -> None:
    """Write to a full disk and to one that may only be read."""
    with small_disk(folder / "full", "300k") as full:
        done = alvh(*COMPARE, "--out", str(full / "out"))
        held = list(full.rglob("*"))
        met = done.returncode == 2 and not held and done.stderr.count("\n") == 1
        expect(
            "compare on a full disk", met, f"status {done.returncode}, {len(held)} files left: {done.stderr}"
        )
        subprocess.run(["mount", "-o", "remount,ro", str(full)], check=True)
        done = alvh(*COMPARE, "--out", str(full / "out"))
        met = done.returncode == 2 and done.stderr.count("\n") == 1
        expect("compare on a read-only disk", met, f"status {done.returncode}: {done.stderr}")
    with small_disk(folder / "data", "40k") as data:
        rows = "\n".join(
            f"{day:%Y-%m-%d},{110 + day.day / 10}" for day in pd.bdate_range("1990-01-02", "2005-01-03")
        )
        (folder / "skew.csv").write_text(f"date,close\n{rows}\n")
        done = alvh(
            "data", "import", str(folder / "skew.csv"), "--as", "skew", "--data", str(data / "market")
        )
        held = [path for path in data.rglob("*") if path.is_file()]
        met = (
            "No space left" in done.stderr
            and done.returncode == 2
            and not held
            and done.stderr.count("\n") == 1
        )
        expect(
            "data import on a full disk", met, f"status {done.returncode}, {len(held)} files: {done.stderr}"
        )


def cache(folder: Path) -> None:
    """Look after the installation, and compare, with a cache folder that may only be read."""
    with small_disk(folder / "cache", "1m") as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        said = alvh("doctor", XDG_CACHE_HOME=str(disk))
        expect("doctor, read-only cache", said.returncode == 0, f"status {said.returncode}: {said.stderr}")
        done = alvh(*COMPARE, "--out", str(folder / "uncached"), XDG_CACHE_HOME=str(disk))
        met = done.returncode == 0 and whole(folder / "uncached")
        expect("compare, read-only cache", met, f"status {done.returncode}: {done.stderr}")


def large(folder: Path) -> None:
    """Give a market folder a vix.csv of 1 GB."""
    market = folder / "market"
    market.mkdir()
    (market / "spx.csv").write_text("date,open,high,low,close,volume\n2016-01-04,1,1,1,1,1\n")
    with (market / "vix.csv").open("wb") as file:
        file.truncate(1_000_000_000)
    began = time.monotonic()
    done = alvh("compare", "--data", str(market))
    took = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    met = done.returncode == 3 and done.stderr.count("\n") == 1
    expect("a vix.csv of 1 GB", met, f"status {done.returncode} after {took:.1f} s: {done.stderr}")
    print(f"peak memory of any command here {peak:,.0f} MB")


def main() -> None:
    """Strike, and exit 1 where anything unexpected came."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as base:
        large(Path(base))
        disks(Path(base))
        cache(Path(base))
        kills(Path(base), asked.kills, asked.seed)
    sys.exit(1 if WRONG else 0)


if __name__ == "__main__":
    main()
