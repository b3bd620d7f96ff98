"""A sweep on a real Dask scheduler with worker processes over TCP, one of them killed on the way."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sweep_jobs import Job, plan
from test_sweep_drive import all_keys, logged, rows_of, run

from alvh_bt.errors import AlvhError, ConfigError
from alvh_bt.sweep import cluster_worker
from alvh_bt.sweep.cluster import ClusterCrew, check_workers, connect
from alvh_bt.sweep.store import Store

HERE = Path(__file__).parent


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.address = folder, f"tcp://127.0.0.1:{free_port()}"
        self.scheduler = self._start("scheduler", "--port", self.address.rsplit(":", 1)[1], "--no-dashboard")
        self.workers = [self.hire() for _ in range(2)]

    def hire(self) -> subprocess.Popen[bytes]:
        return self._start("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard")

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(HERE)}
        command = [sys.executable, "-m", "dask", *words, "--host", "127.0.0.1"]
        with (self.folder / "cluster.log").open("ab") as log:
            return subprocess.Popen(command, env=environment, cwd=self.folder, stdout=log, stderr=log)

    def end(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    found = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        yield found
    finally:
        found.end()


@pytest.mark.long
def test_a_worker_killed_on_the_way_loses_and_doubles_nothing(cluster: Cluster, tmp_path: Path) -> None:
    log, out, count, killed = tmp_path / "log", tmp_path / "out", 150, []
    job = Job(log=str(log), seconds=0.01, raises=(70,), fails=(90,))

    def watch(tally: Any) -> None:
        if tally.done >= 40 and not killed:
            killed.append(cluster.workers[0].pid)
            os.kill(cluster.workers[0].pid, signal.SIGKILL)
            cluster.workers.append(cluster.hire())  # takes its place, and must be sent the workload

    crew = ClusterCrew(cluster.address, job, timeout=20.0)
    outcome = run(out, plan(count), crew, watch=watch, chunk_seconds=0.2)
    rows = rows_of(out)
    assert killed and Counter(row["key"] for row in rows) == all_keys(count)
    assert (outcome.ran, outcome.errors) == (2 * count, 4)
    said = {row["configuration"]: row["error"] for row in rows if row["error"]}
    assert said == {70: "ValueError: bad configuration 70", 90: "no condor"}
    again = logged(log) - all_keys(count)
    # In flight on the killed worker: two chunks of 0.2 s; and the chunk of 70, taken apart.
    assert again.total() <= 3 * 2 * 20
    cluster.workers.pop(0).wait()


def test_one_that_always_kills_its_worker_is_an_error_row(cluster: Cluster) -> None:
    """What Dask says when it has given up; no cluster is killed for this test."""
    from distributed.scheduler import KilledWorker

    class Future:
        status = "error"

    crew = ClusterCrew.__new__(ClusterCrew)
    crew._flying = {Future: 3}
    error = KilledWorker("task", SimpleNamespace(address="tcp://w"), 3)
    returned = crew._receive(Future, (KilledWorker, error, None))
    assert returned == (3, None, "4 workers died with it; out of memory?", True, 0.0)
    assert crew._deep == 1
    crew._flying = {Future: 3}
    assert crew._receive(Future, (ValueError, ValueError("bad"), None)) == (
        3,
        None,
        "ValueError: bad",
        False,
        0.0,
    )
    # A result that was lost on the way is run again.
    Future.status = "finished"
    crew._flying, crew._client = {Future: 4}, SimpleNamespace(status="running")
    assert crew._receive(Future, asyncio.CancelledError())[::3] == (4, True)


def test_the_workload_goes_to_each_worker_once_and_is_forgotten(cluster: Cluster, tmp_path: Path) -> None:
    crew = ClusterCrew(cluster.address, Job(content_hash="feed"), timeout=20.0)
    client = crew._client
    assert all(found == ["feed"] for found in client.run(_held).values())
    run(tmp_path, plan(5), crew)
    with contextlib.closing(connect(cluster.address, 10.0)) as client:
        assert all(found == [] for found in client.run(_held).values())


def _held() -> list[str]:
    return list(cluster_worker._here)


def test_two_sweeps_of_the_same_content_share_it() -> None:
    first, second = (cluster_worker.WorkloadPlugin(Job(content_hash="ab"), name) for name in "xy")
    for plugin in (first, second):
        plugin.setup(None)
    first.teardown(None)
    assert cluster_worker.run_chunk("ab", [])[0] == []
    second.teardown(None)
    assert "ab" not in cluster_worker._here


def test_nobody_at_the_address() -> None:
    started = time.monotonic()
    with pytest.raises(ConfigError, match=r"--cluster tcp://127.0.0.1:\d+: .*dask scheduler"):
        ClusterCrew(f"tcp://127.0.0.1:{free_port()}", Job(), timeout=1.0)
    assert time.monotonic() - started < 10.0
    with pytest.raises(ConfigError, match="give the address"):
        ClusterCrew("gold://x", Job(), timeout=1.0)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"pip install 'alvh-bt\[cluster\]'"):
        ClusterCrew("tcp://127.0.0.1:1", Job())


class Foreign:
    """A client whose workers are not as the driver."""

    def __init__(self, found: dict[str, str] | None) -> None:
        self.found = found

    def wait_for_workers(self, n: int, timeout: float) -> None:
        if self.found is None:
            raise TimeoutError

    def run(self, ask: Any) -> dict[str, dict[str, str]]:
        if not self.found:
            raise ModuleNotFoundError("No module named 'alvh_bt'")
        return {"tcp://w": {**ask(), **self.found}}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, "it has no worker; start some with dask worker"),
        ({}, "a worker cannot use alvh-bt .ModuleNotFoundError"),
        ({"python": "2.7"}, "worker tcp://w has python 2.7, the driver 3"),
        ({"alvh-bt": "0.0.1"}, "worker tcp://w has alvh-bt 0.0.1, the driver "),
    ],
)
def test_workers_that_are_not_as_the_driver(found: dict[str, str] | None, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_workers(Foreign(found), "tcp://s", 1.0)
    check_workers(Foreign({"unknown": "x"}), "tcp://s", 1.0)


@pytest.mark.long
def test_a_scheduler_that_dies_ends_it_with_its_rows_kept(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    own = Cluster(tmp_path / "work")
    try:

        def watch(tally: Any) -> None:
            if tally.done >= 20:
                own.scheduler.kill()

        crew = ClusterCrew(own.address, Job(seconds=0.01), timeout=20.0)
        with pytest.raises(AlvhError, match=r"out of reach .*then --resume"):
            run(tmp_path / "out", plan(500), crew, watch=watch, chunk_seconds=0.1)
    finally:
        own.end()
    assert len(Store(tmp_path / "out").done()) >= 20
    assert run(tmp_path / "out", plan(500), _here_crew()).done == 1000


def _here_crew() -> Any:
    from alvh_bt.sweep.local import LocalCrew

    return LocalCrew(Job(), 2)
