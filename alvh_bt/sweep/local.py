"""Worker processes of this machine.

The standard pool of processes is not used: when one of its workers is killed, every chunk in flight
fails and none knows whose fault it was. Here each worker has a pipe of its own, so that a death costs
one chunk, and it is known which.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from multiprocessing import connection, resource_tracker
from typing import Any

from alvh_bt.engine.parallel import end_with
from alvh_bt.errors import AlvhError
from alvh_bt.sweep.crew import Item, Job, Returned


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LocalCrew:
    """Processes that run chunks.

    Where processes are forked (the default on Linux) they share what the parent holds, without a copy;
    elsewhere the job is pickled to each of them once.

    Parameters
    ----------
    job
        Runs a chunk. Picklable where processes are spawned.
    workers
        Number of processes; the cores this process may use when None.
    setup
        Called once in each worker before its first chunk.
    method
        `"fork"` or `"spawn"`; None chooses.
    """

    def __init__(
        self,
        job: Job,
        workers: int | None = None,
        setup: Callable[[], Any] | None = None,
        method: str | None = None,
    ) -> None:
        chosen = method or ("fork" if sys.platform == "linux" else "spawn")
        self._context: Any = multiprocessing.get_context(chosen)
        if chosen == "spawn" and os.name == "posix":
            # Started with the first worker, it would let Ctrl-C through again while that starts.
            resource_tracker.ensure_running()
        self._job, self._setup = job, setup
        self._tickets = 0
        # What the parent holds is marked as nobody's garbage, so that a worker's collector does not
        # write into shared pages, which would copy them.
        gc.collect()
        gc.freeze()
        try:
            self._crew = [self._hire() for _ in range(workers or cores())]
        finally:
            gc.unfreeze()

    @property
    def workers(self) -> int:
        """How many processes there are."""
        return len(self._crew)

    @property
    def shares_blame(self) -> bool:
        """Never: each worker has one chunk."""
        return False

    def free(self) -> int:
        """Return how many workers are idle."""
        return sum(worker.ticket is None for worker in self._crew)

    def start(self, items: Sequence[Item], again: bool = False) -> int:
        """Hand a chunk to an idle worker and return its ticket."""
        worker = next(each for each in self._crew if each.ticket is None)
        worker.ticket = self._tickets
        self._tickets += 1
        # A worker that is dead is noticed in `wait`, by the end of its process.
        try:
            worker.pipe.send(list(items))
        except OSError:
            worker.process.kill()
        return worker.ticket

    def wait(self, timeout: float) -> list[Returned]:
        """Return what came back, as soon as something did; those who died are replaced.

        Raises
        ------
        AlvhError
            When a worker cannot be set up.
        """
        busy = [worker for worker in self._crew if worker.ticket is not None]
        handles = [handle for worker in busy for handle in (worker.pipe, worker.process.sentinel)]
        ready = set(connection.wait(handles, timeout))
        told = [worker for worker in busy if {worker.pipe, worker.process.sentinel} & ready]
        return [self._receive(worker) for worker in told]

    def stop(self, grace: float) -> list[Returned]:
        """Return what comes back within `grace` seconds, then end all workers."""
        deadline = time.monotonic() + grace
        found: list[Returned] = []
        while self.free() < self.workers and (left := deadline - time.monotonic()) > 0.0:
            found += self.wait(left)
        self.close()
        # A worker that died while all were stopped is no reason to call its chunk bad.
        return [each for each in found if each.rows is not None]

    def close(self) -> None:
        """End all workers, at once."""
        for worker in self._crew:
            worker.pipe.close()
            worker.process.kill()
        for worker in self._crew:
            worker.process.join()
        self._crew = []

    def _receive(self, worker: _Worker) -> Returned:
        ticket, worker.ticket = worker.ticket, None
        try:
            # A dead worker may have sent its last chunk before: then that counts.
            rows, failure, seconds, fatal = worker.pipe.recv() if worker.pipe.poll() else _gone()
        except (EOFError, OSError):
            worker.process.join()
            self._replace(worker)
            return Returned(ticket, None, f"its worker died ({_how(worker.process.exitcode)})", lost=True)
        if fatal:
            raise AlvhError(f"a worker cannot start: {failure}")
        return Returned(ticket, rows, failure, seconds=seconds)

    def _replace(self, worker: _Worker) -> None:
        worker.pipe.close()
        self._crew[self._crew.index(worker)] = self._hire()

    def _hire(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        arguments = (theirs, self._job, self._setup, os.getpid())
        process = self._context.Process(target=_serve, args=arguments, daemon=True)
        with warnings.catch_warnings(), _without_interrupts():
            # Threads of idle libraries are no danger to workers that do not call those libraries.
            warnings.filterwarnings("ignore", message=".*use of fork", category=DeprecationWarning)
            process.start()
        theirs.close()
        return _Worker(process, ours)


class _Worker:
    def __init__(self, process: Any, pipe: Any) -> None:
        self.process, self.pipe = process, pipe
        self.ticket: Any = None  # of the chunk it works on


class _without_interrupts:  # noqa: N801 - used as a statement
    """Hold Ctrl-C back while a worker starts; the worker inherits that until it ignores it for good."""

    def __enter__(self) -> None:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

    def __exit__(self, *error: object) -> None:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _serve(pipe: Any, job: Job, setup: Callable[[], Any] | None, parent: int) -> None:
    """Work through chunks until the parent has no more, or is no more."""
    # Ctrl-C reaches the whole group of processes; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    end_with(parent)
    fatal = ""
    try:
        if setup is not None:
            setup()
    except Exception as error:
        fatal = _told(error)
    while True:
        try:
            items = pipe.recv()
            pipe.send((None, fatal, 0.0, True) if fatal else _run(job, items))
        except (EOFError, OSError):
            return


def _run(job: Job, items: Sequence[Item]) -> tuple[Any, str, float, bool]:
    started = time.perf_counter()
    try:
        return job(items), "", time.perf_counter() - started, False
    except Exception as error:
        return None, _told(error), time.perf_counter() - started, False


def _gone() -> Any:
    raise EOFError


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _how(status: int | None) -> str:
    if status is not None and status < 0:
        return f"signal {-status}; out of memory?" if status == -signal.SIGKILL else f"signal {-status}"
    return f"exit status {status}"
