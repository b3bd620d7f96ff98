"""Killed, out of room, or refused at every step of a write: the folder holds the old set or the new one."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from alvh_bt.errors import ConfigError
from alvh_bt.placing import check_out, finish_interrupted, place_files

#: The files of a comparison by name, each with the run that it is of.
NAMES = (
    *("daily.parquet", "trades.parquet", "journal.parquet", "states.parquet", "returns.csv"),
    *("figures/nav.png", "figures/drawdown.png", "report.html", "summary.json"),
)
OLD = {name: f"old {name}".encode() for name in NAMES}
NEW = {name: f"new {name}".encode() * 3 for name in NAMES}
#: What a process does to a disk, as Python tells its audit hooks.
EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")


def in_child(job: Callable[[], int]) -> int:
    """The exit status of a job in a forked process; minus the signal that ended it."""
    child = os.fork()
    if not child:
        status = 70
        try:
            status = job()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def at_step(k: int, act: Callable[[], None], always: bool = False) -> None:
    """Act at the k-th step that changes the disk, with `always` at each later one; for a child process."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == k or (always and steps > k):
            act()

    def hook(event: str, arguments: tuple) -> None:
        if event in EVENTS:
            reads = (
                event == "open" and arguments[2] is not None and not arguments[2] & (os.O_WRONLY | os.O_RDWR)
            )
            if not reads:
                step()

    real_write, real_sync = Path.write_bytes, os.fsync

    def write(path: Path, content: bytes) -> int:
        done = real_write(path, content[: len(content) // 2])
        step()  # half-way through
        return done if not content else real_write(path, content)

    def sync(descriptor: int) -> None:
        step()
        real_sync(descriptor)

    Path.write_bytes, os.fsync = write, sync  # type: ignore[method-assign]
    sys.addaudithook(hook)


def killed_at(k: int, out: Path) -> int:
    def job() -> int:
        at_step(k, lambda: os.kill(os.getpid(), signal.SIGKILL))
        place_files(NEW, out)
        return 0

    return in_child(job)


def held(out: Path) -> dict[str, bytes]:
    """Every file that is not hidden."""
    if not out.exists():
        return {}
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and not path.relative_to(out).parts[0].startswith(".")
    }


def hidden(out: Path) -> list[str]:
    return [path.name for path in out.glob(".*")] if out.exists() else []


@pytest.mark.parametrize("before", [None, pytest.param(OLD, marks=pytest.mark.long)], ids=["empty", "old"])
def test_killed_at_every_step_leaves_a_whole_set(before: dict[str, bytes] | None, tmp_path: Path) -> None:
    seen, k = set(), 0
    while True:
        k += 1
        out = tmp_path / f"out{k}"
        if before:
            place_files(before, out)
        status = killed_at(k, out)
        if out.exists():
            finish_interrupted(out)
        found = held(out)
        assert found in ((before or {}), NEW), f"step {k}: {sorted(found)}"
        seen.add(found == NEW)
        # The next command works, and clears away what was left.
        place_files(NEW, out)
        assert held(out) == NEW and not hidden(out), f"step {k}"
        if status == 0:
            break
        assert status == -signal.SIGKILL
    # Four steps a file and more: each was interrupted, on either side of the point of no return.
    assert k > 4 * len(NAMES) and seen == {True, False}


@pytest.mark.parametrize("number", [errno.ENOSPC, pytest.param(errno.EROFS, marks=pytest.mark.long)])
def test_a_disk_that_refuses_at_every_step_is_one_line(number: int, tmp_path: Path) -> None:
    k = 0
    while True:
        k += 1
        out = tmp_path / f"out{k}"
        place_files(OLD, out)

        def act() -> None:
            raise OSError(number, os.strerror(number), str(tmp_path))

        def job(out: Path = out, k: int = k, act: Callable[[], None] = act) -> int:
            at_step(k, act, always=True)
            try:
                place_files(NEW, out)
            except ConfigError as error:
                return 2 if os.strerror(number) in str(error) and "\n" not in str(error) else 71
            return 0

        status = in_child(job)
        assert status in (0, 2), f"step {k}: {status}"
        finish_interrupted(out)
        assert held(out) in (OLD, NEW), f"step {k}"
        place_files(NEW, out)
        assert held(out) == NEW and not hidden(out)
        if status == 0:
            break
    assert k > 3 * len(NAMES)


def test_two_processes_in_one_folder_leave_a_whole_set(tmp_path: Path) -> None:
    sets = [{name: f"{run} {name}".encode() for name in NAMES} for run in range(4)]
    out = tmp_path / "out"
    for _ in range(15):
        children = []
        for files in sets:
            child = os.fork()
            if not child:
                status = 70
                try:
                    place_files(files, out)
                    status = 0
                finally:
                    os._exit(status)
            children.append(child)
        assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
        assert held(out) in sets and not hidden(out)


@pytest.mark.parametrize("name", ["with a space", "\u00fcml\u00e4ut \u6f22", "x" * 200, "-dash"])
def test_folders_of_any_name(name: str, tmp_path: Path) -> None:
    place_files(NEW, tmp_path / name)
    assert held(tmp_path / name) == NEW


def test_a_name_that_is_too_long_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too long"):
        check_out(tmp_path / ("x" * 300))
    with pytest.raises(ConfigError):
        place_files(NEW, tmp_path / ("x" * 300))


def alvh(arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in os.environ.items() if name not in ("HOME", "COLUMNS")}
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; "{sys.executable}" -m alvh_bt.cli.main {arguments}'],
        env={**kept, **environment},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "status"),
    [
        ("presets", {}, 0),  # HOME unset
        ("presets", {"HOME": "/proc/nowhere"}, 0),
        ("presets", {"COLUMNS": "20", "HOME": "/tmp"}, 0),
        ("presets", {"LC_ALL": "C", "PYTHONUTF8": "0", "HOME": "/tmp"}, 0),
        ("presets | true", {"HOME": "/tmp"}, 1),
        ("compare --help | head -1", {"HOME": "/tmp"}, None),
        ("presets > /dev/full", {"HOME": "/tmp"}, 1),
    ],
)
def test_odd_places_to_run_in(arguments: str, environment: dict[str, str], status: int | None) -> None:
    done = alvh(arguments, **environment)
    said = done.stderr.decode()
    assert "Traceback" not in said and "internal error" not in said and "Exception ignored" not in said, said
    assert status is None or done.returncode in (0, status)
    assert len(said.splitlines()) <= 1
