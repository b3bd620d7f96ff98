"""Ctrl-C ends any command with one line and exit status 130, wherever it strikes."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alvh_bt import cli
from alvh_bt.cli.interrupts import interrupts_heard

LINE = "alvh: interrupted; nothing is left half-written\n"
ALVH = (sys.executable, "-W", "ignore", "-c", "from alvh_bt.cli import start; start()")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of a terminal")
@pytest.mark.parametrize(
    "command", [("compare", "--out"), ("audit", "--hedge", "static-calls", "--out")], ids=lambda each: each[0]
)
def test_a_command_that_has_begun(command: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    running = subprocess.Popen(
        [*ALVH, *command, str(out), "--log-level", "info"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert running.stderr is not None
    assert "started" in running.stderr.readline()
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to all of them
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 130
    assert said.endswith(LINE) and "Traceback" not in said
    assert not out.exists()


def test_a_command_that_is_being_imported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Impatient:
        @staticmethod
        def find_spec(name: str, path: object, target: object = None) -> None:
            if name == "alvh_bt.cli.main":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "alvh_bt.cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Impatient, *sys.meta_path])
    with pytest.raises(SystemExit, match="130"):
        cli.start()
    assert capsys.readouterr().err == LINE


def test_an_interrupt_that_a_callback_from_c_drops_is_sent_again() -> None:
    @ctypes.CFUNCTYPE(None)
    def struck() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), interrupts_heard():
        struck()  # Python drops it here
        time.sleep(20.0)


@pytest.mark.skipif(
    not Path("/proc").is_dir() or (os.cpu_count() or 1) < 2, reason="needs /proc and two cores"
)
def test_a_command_that_is_killed_leaves_no_worker(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [*ALVH, "compare", "--hedge", "none", "--hedge", "static-calls", "--out", str(tmp_path / "out")],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    workers: list[str] = []
    until = time.monotonic() + 60.0
    while len(workers) < 2 and running.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
        workers = children.read_text().split()
    assert len(workers) >= 2
    running.kill()
    running.wait()
    until = time.monotonic() + 30.0
    while any(_runs(worker) for worker in workers) and time.monotonic() < until:
        time.sleep(0.05)
    assert [worker for worker in workers if _runs(worker)] == []


def _runs(process: str) -> bool:
    """Whether a process is there, and is more than the record of its end."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
