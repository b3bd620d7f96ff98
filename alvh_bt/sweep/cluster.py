"""Workers of a Dask cluster (the extra `alvh-bt[cluster]`).

What a sweep needs goes to each worker process once, as a plugin; workers that join later, or take a
dead one's place, get it too. Chunks name it by its content hash. Rows are written by the driver alone,
when a chunk returns, so that a chunk that Dask ran twice is still counted once.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from alvh_bt.errors import AlvhError, ConfigError
from alvh_bt.sweep.crew import Item, Returned

if TYPE_CHECKING:
    from alvh_bt.sweep.cluster_worker import Workload

#: Chunks in flight for each worker: one at work, one that waits there.
_DEEP: Final = 2
_POLL_SECONDS: Final = 0.01
#: How often the number of workers is asked for, in seconds.
_LOOK_SECONDS: Final = 2.0


class ClusterCrew:
    """Workers behind a Dask scheduler.

    A worker process runs one chunk at a time, whatever its threads: start workers with one thread each.
    A chunk whose worker dies is run again by Dask, as often as its own setting
    `distributed.scheduler.allowed-failures` says.

    Parameters
    ----------
    address
        Such as `tcp://host:8786`.
    workload
        Goes to each worker once.
    timeout
        Seconds to wait for the scheduler, and for its first worker.

    Raises
    ------
    ConfigError
        When `distributed` is missing, nobody answers, no worker is there, or the workers have
        another version of Python or of this package.
    """

    def __init__(self, address: str, workload: Workload, timeout: float = 10.0) -> None:
        self.address, self._hash = address, workload.content_hash
        self._client = connect(address, timeout)
        self._plugin = f"alvh-{workload.content_hash}-{secrets.token_hex(4)}"
        self._tickets, self._count, self._looked, self._deep = 0, 0, 0.0, _DEEP
        self._flying: dict[Any, int] = {}
        try:
            check_workers(self._client, address, timeout)
            import distributed

            from alvh_bt.sweep.cluster_worker import WorkloadPlugin

            self._client.register_plugin(WorkloadPlugin(workload, self._plugin), name=self._plugin)
            returning: Any = distributed.as_completed  # has no types
            self._coming = returning([], loop=self._client.loop, with_results=True, raise_errors=False)
        except BaseException:
            self._client.close()
            raise

    @property
    def workers(self) -> int:
        """How many worker processes the scheduler knows."""
        if self._count == 0 or time.monotonic() - self._looked > _LOOK_SECONDS:
            try:
                self._count = len(self._client.nthreads())
            except (OSError, RuntimeError) as error:
                raise self._out_of_reach(error) from None
            self._looked = time.monotonic()
        return self._count

    @property
    def shares_blame(self) -> bool:
        """Always: chunks wait on a worker, and Dask counts its death against each of them."""
        return True

    def free(self) -> int:
        """Return how many chunks more the workers can take."""
        return max(0, self._deep * self.workers - len(self._flying))

    def start(self, items: Sequence[Item], again: bool = False) -> int:
        """Send a chunk and return its ticket; one that failed before lets all others go first."""
        from alvh_bt.sweep.cluster_worker import run_chunk

        ticket = self._tickets
        self._tickets += 1
        key = f"{self._plugin}-{ticket}"
        first = -1 if again else 0
        future = self._client.submit(run_chunk, self._hash, list(items), key=key, pure=False, priority=first)
        self._flying[future] = ticket
        self._coming.add(future)
        return ticket

    def wait(self, timeout: float) -> list[Returned]:
        """Return what came back, as soon as something did.

        Raises
        ------
        AlvhError
            When the scheduler is out of reach.
        """
        deadline = time.monotonic() + timeout
        while not self._coming.has_ready() and time.monotonic() < deadline:
            if self._client.status not in ("running", "connecting"):
                raise self._out_of_reach(self._client.status)
            time.sleep(_POLL_SECONDS)
        return [self._receive(future, found) for future, found in self._coming.next_batch(block=False)]

    def stop(self, grace: float) -> list[Returned]:
        """Return what comes back within `grace` seconds; the rest is cancelled when the crew is closed."""
        deadline = time.monotonic() + grace
        found: list[Returned] = []
        while self._flying and (left := deadline - time.monotonic()) > 0.0:
            found += self.wait(left)
        return [each for each in found if each.rows is not None]

    def close(self) -> None:
        """Leave the cluster; its workers forget the workload."""
        if self._client.status == "running":
            # On the way out nothing is worth another error: what was in the store is there.
            with contextlib.suppress(OSError, RuntimeError, asyncio.CancelledError):
                if self._flying:
                    self._client.cancel(list(self._flying), force=True)
                self._client.unregister_worker_plugin(self._plugin)
        self._coming.clear()
        self._flying = {}
        self._client.close()

    def _receive(self, future: Any, found: Any) -> Returned:
        ticket = self._flying.pop(future)
        lost = isinstance(found, BaseException)
        if future.status == "finished" and not lost:
            rows, failure, seconds = found
            return Returned(ticket, rows, failure, seconds=seconds)
        if future.status == "error" and not lost:
            return self._failed(ticket, found[1])
        if self._client.status != "running":
            raise self._out_of_reach(self._client.status)
        return Returned(ticket, None, "the scheduler dropped it", lost=True)

    def _failed(self, ticket: int, error: BaseException) -> Returned:
        from distributed.scheduler import KilledWorker

        if not isinstance(error, KilledWorker):
            return Returned(ticket, None, f"{type(error).__name__}: {error}")
        # Several workers died with it, but chunks that waited there are blamed too: from now on none waits,
        # so that the next time the blame is right.
        self._deep = 1
        return Returned(
            ticket, None, f"{error.allowed_failures + 1} workers died with it; out of memory?", lost=True
        )

    def _out_of_reach(self, why: object) -> AlvhError:
        return AlvhError(f"--cluster {self.address}: out of reach ({why}); start it, then --resume")


def connect(address: str, timeout: float) -> Any:
    """Return a client of the scheduler at an address.

    Raises
    ------
    ConfigError
        When `distributed` is missing, the address is none, or nobody answers there in time.
    """
    try:
        import distributed
    except ImportError:
        raise ConfigError(
            "--cluster needs the package distributed; install it with pip install 'alvh-bt[cluster]'"
        ) from None
    try:
        client: Any = distributed.Client  # has no types
        return client(address, timeout=timeout, set_as_default=False)
    except (OSError, ValueError) as error:
        why = str(error) or f"no answer within {timeout:.0f} seconds"
        raise ConfigError(
            f"--cluster {address}: {why}; give the address that dask scheduler prints, as tcp://host:8786"
        ) from None


def check_workers(client: Any, address: str, timeout: float) -> None:
    """Raise unless there are workers, all with the driver's versions.

    Raises
    ------
    ConfigError
        Names the worker and both versions.
    """
    from alvh_bt.sweep.cluster_worker import about

    try:
        client.wait_for_workers(1, timeout=timeout)
    except TimeoutError:
        raise ConfigError(f"--cluster {address}: it has no worker; start some with dask worker") from None
    try:
        found = client.run(about)
    except Exception as error:
        # Whatever a foreign worker raises: most often it lacks the package.
        raise ConfigError(
            f"--cluster {address}: a worker cannot use alvh-bt ({type(error).__name__}: {error}); install the"
            " driver's version there"
        ) from None
    for worker, theirs in found.items():
        for name, ours in about().items():
            if theirs[name] != ours:
                raise ConfigError(
                    f"--cluster {address}: worker {worker} has {name} {theirs[name]}, the driver {ours};"
                    " install the same version"
                )
