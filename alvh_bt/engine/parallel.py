"""Run the variants of a comparison side by side, one process a core.

The processes are forked, so that they share the market, prices and compiled rules of their parent without
a copy. Where a platform cannot fork safely, or has one core, the variants run one after the other.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from typing import Any, Final, TypeVar

Tick = Callable[[], Any]
Found = TypeVar("Found")
Job = Callable[[str, Tick], Found]

#: Sessions between two reports of a worker.
STEP = 50
#: How often a worker looks whether its parent is still there, in seconds.
_WATCH_SECONDS: Final = 0.5

_work: dict[str, Any] = {}


def run_side_by_side(
    job: Job[Found], names: Sequence[str], tick: Tick, meanwhile: Callable[[], Any] | None = None
) -> list[Found]:
    """Return `job(name, tick)` of every name, in their order.

    Parameters
    ----------
    job
        Runs one variant; what it raises is raised here.
    names
        The variants. The last are started first: the richest hedges, which take longest, come last.
    tick
        Called once a session of any variant.
    meanwhile
        Called once while others work; for imports that are needed afterwards.
    """
    workers = min(len(names), len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
    if workers < 2 or sys.platform == "darwin" or "fork" not in multiprocessing.get_all_start_methods():
        return [job(name, tick) for name in names]
    context = multiprocessing.get_context("fork")
    count = context.Value("q", 0)
    with (
        warnings.catch_warnings(),
        ProcessPoolExecutor(workers, context, initializer=_take, initargs=(job, count, os.getpid())) as pool,
    ):
        # Threads of idle libraries are no danger to workers that do not call those libraries.
        warnings.filterwarnings("ignore", message=".*use of fork", category=DeprecationWarning)
        futures = {name: pool.submit(_run, name) for name in reversed(names)}
        if meanwhile is not None:
            meanwhile()
        _report(list(futures.values()), count, tick)
        return [futures[name].result() for name in names]


def _report(futures: list[Future[Found]], count: Any, tick: Tick) -> None:
    """Pass the workers' sessions on to `tick` until all are done."""
    seen, pending = 0, set(futures)
    while pending:
        _, pending = wait(pending, timeout=0.1)
        while seen < count.value:
            seen += 1
            tick()


def end_with(parent: int) -> None:
    """End this process as soon as its parent is gone: who is killed leaves no worker behind."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _take(job: Job[Any], count: Any, parent: int) -> None:
    """Take the work over into a forked worker."""
    end_with(parent)
    _work.update(job=job, count=count)


def _run(name: str) -> Any:
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if done % STEP == 0:
            with _work["count"].get_lock():
                _work["count"].value += STEP

    return _work["job"](name, tick)
