"""What runs inside the workers of a Dask cluster; imported only where `distributed` is there."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Sequence
from typing import Any, Final, Protocol

from distributed.diagnostics.plugin import WorkerPlugin

from alvh_bt import __version__
from alvh_bt.sweep.crew import Item, Row

#: In a worker: workloads by content hash, each with the names of the plugins that hold it.
_here: Final[dict[str, tuple[Workload, set[str]]]] = {}
#: A worker of several threads runs one chunk at a time: jobs need not be safe against themselves.
_one: Final = threading.Lock()


class Workload(Protocol):
    """What is sent to workers; picklable."""

    content_hash: str

    def job(self, items: Sequence[Item]) -> list[Row]:
        """Run a chunk."""


class WorkloadPlugin(WorkerPlugin):
    """Keeps a workload in each worker process for as long as a sweep runs."""

    def __init__(self, workload: Workload, name: str) -> None:
        self.workload, self.name = workload, name

    def setup(self, worker: Any) -> None:
        """Take it in; a second sweep of the same content uses the first one's."""
        _, names = _here.setdefault(self.workload.content_hash, (self.workload, set()))
        names.add(self.name)

    def teardown(self, worker: Any) -> None:
        """Let it go when no sweep uses it any more."""
        held = _here.get(self.workload.content_hash)
        if held is not None:
            held[1].discard(self.name)
            if not held[1]:
                del _here[self.workload.content_hash]


def run_chunk(content_hash: str, items: Sequence[Item]) -> tuple[list[Row] | None, str, float]:
    """Return the rows of a chunk, or None and why not; and the seconds of work."""
    workload, _ = _here[content_hash]
    with _one:
        started = time.perf_counter()
        try:
            return workload.job(items), "", time.perf_counter() - started
        except Exception as error:
            # Raised, it would have to be pickled, which not every error can be.
            return None, f"{type(error).__name__}: {error}", time.perf_counter() - started


def about() -> dict[str, str]:
    """Return the versions that driver and workers must share."""
    return {"python": ".".join(platform.python_version_tuple()[:2]), "alvh-bt": __version__}
