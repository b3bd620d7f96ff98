"""Tasks that run user code, each in a process of its own: nothing of one run reaches another.

The processes are forked, so that they share the market, prices and compiled rules of their parent without
a copy. Where a platform cannot fork safely the tasks run here, one after the other.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple, TypeVar

from alvh_bt.engine.guarded import words_of

Found = TypeVar("Found")


Job = Callable[[], Found]


class Died(NamedTuple):
    """A task that gave nothing: what it raised, or that its process ended."""

    why: str


def run_apart(makers: Sequence[Callable[[], Job[Found]]], tick: Callable[[], Any]) -> list[Found | Died]:
    """Return what each task returned, in their order, or how it died; `tick` is called after each.

    Parameters
    ----------
    makers
        Each is called here, just before its process starts, and returns the task: what several tasks share
        is made once. What a task returns must be picklable; no user code may run in a maker.
    tick
        For a progress bar.
    """
    if sys.platform == "darwin" or "fork" not in multiprocessing.get_all_start_methods():
        return [_here(maker(), tick) for maker in makers]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    found: dict[int, Found | Died] = {}
    running: dict[Connection, tuple[int, Any]] = {}
    waiting = list(enumerate(makers))
    try:
        while waiting or running:
            while waiting and len(running) < cores:
                at, maker = waiting.pop(0)
                end, process = _start(maker())
                running[end] = (at, process)
            ready: list[Any] = wait(list(running))
            for end in ready:
                at, process = running.pop(end)
                found[at] = _receive(end)
                process.join()
                tick()
    finally:
        for _, process in running.values():
            process.terminate()
    return [found[at] for at in range(len(makers))]


def _here(task: Callable[[], Found], tick: Callable[[], Any]) -> Found | Died:
    try:
        return task()
    except KeyboardInterrupt:
        raise
    except BaseException as trouble:  # a user's code may raise anything
        return Died(words_of(trouble))
    finally:
        tick()


def _start(task: Callable[[], Any]) -> tuple[Connection, Any]:
    """Return the reading end and the process of a task that has begun."""
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(task, writer), daemon=True)
    with warnings.catch_warnings():
        # Threads of idle libraries are no danger to processes that do not call those libraries.
        warnings.filterwarnings("ignore", message=".*use of fork", category=DeprecationWarning)
        process.start()
    writer.close()
    return reader, process


def _work(task: Callable[[], Any], writer: Connection) -> None:
    writer.send(_here(task, lambda: None))
    writer.close()


def _receive(end: Connection) -> Any:
    try:
        return end.recv()
    except EOFError:
        return Died("its process ended without a word")
    finally:
        end.close()
