"""A small sweep of fake runs, in a module that workers can import; as a program it drives one."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from alvh_bt.cli.sweep import run_to_the_end
from alvh_bt.sweep.crew import Item, Row
from alvh_bt.sweep.local import LocalCrew
from alvh_bt.sweep.rows import Configuration
from alvh_bt.sweep.run import Plan
from alvh_bt.sweep.store import Store

HEDGES = ("static-calls", "layered")
MANIFEST = {"version": "1", "data": "abc", "window": {"start": "2007-01-03", "end": "2007-12-31"}}


@dataclass(frozen=True)
class FakeSweep:
    """What running needs of a sweep."""

    name: str = "fake"
    hedges: tuple[str, ...] = HEDGES
    hedge: str = "layered"
    objectives: tuple[str, ...] = ("pnl_usd", "max_drawdown")
    runs: int = 0

    def axis_types(self) -> dict[str, pa.DataType]:
        return {"condor.short_delta": pa.float64()}

    def plain(self) -> dict[str, Any]:
        return {"name": self.name}


def space(count: int) -> list[Configuration]:
    return [Configuration(number, {"condor.short_delta": number / 1000.0}) for number in range(count)]


def key_of(configuration: Configuration, hedge: str) -> str:
    return f"{hedge}-{configuration.values['condor.short_delta']}"


def plan(count: int, **changes: Any) -> Plan:
    return Plan(FakeSweep(), key_of, MANIFEST, space(count))._replace(**changes)


def as_given(metric: str, value: float) -> float:
    return value


@dataclass(frozen=True)
class Job:
    """Takes a while for each run, writes each run into a log, and breaks where it is told to."""

    log: str = ""
    seconds: float = 0.0
    kills: tuple[int, ...] = ()  # configurations that end their worker
    raises: tuple[int, ...] = ()  # configurations that fail their chunk
    fails: tuple[int, ...] = ()  # configurations with an error of their own
    content_hash: str = "0123"

    def __call__(self, items: Sequence[Item]) -> list[Row]:
        return [self._run(configuration, hedge) for configuration, hedges in items for hedge in hedges]

    job = __call__

    def _run(self, configuration: Configuration, hedge: str) -> Row:
        if self.log:
            handle = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(handle, f"{key_of(configuration, hedge)}\n".encode())
            os.close(handle)
        time.sleep(self.seconds)
        row = {"configuration": configuration.number, "variant": hedge}
        if configuration.number in self.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        if configuration.number in self.raises:
            raise ValueError(f"bad configuration {configuration.number}")
        if configuration.number in self.fails:
            return {**row, "error": "no condor"}
        return {**row, "pnl_usd": float(configuration.number), "max_drawdown": -0.1, "weekly_returns": [0.01]}


@dataclass
class FakeSearch:
    """Asks three at a time, and what it asks depends on what it was told."""

    runs: int
    told: list[tuple[int, float | None]] = field(default_factory=list)
    asked: int = 0

    def ask(self, n: int) -> list[Configuration]:
        best = max((value for _, value in self.told if value is not None), default=0.0)
        numbers = range(self.asked, min(self.asked + min(n, 3), self.runs))
        self.asked += len(numbers)
        # The value of number 1 is asked again as number 4: the same run.
        return [
            Configuration(number, {"condor.short_delta": 0.001 if number == 4 else (best + number) / 1000.0})
            for number in numbers
        ]

    def tell(self, configuration: Configuration, figures: Any) -> None:
        self.told.append((configuration.number, None if figures is None else figures["pnl_usd"]))


def main(out: str, log: str, count: str, seconds: str, method: str = "fork") -> int:
    job = Job(log=log, seconds=float(seconds))
    return run_to_the_end(
        plan(int(count)), Store(out), lambda: LocalCrew(job, 2, method=method), as_given, True, False,
        "alvh sweep fake.toml",
    )  # fmt: skip


if __name__ == "__main__":
    Path(sys.argv[2]).touch()
    sys.exit(main(*sys.argv[1:]))
