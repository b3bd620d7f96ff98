"""Sets of files are put into a folder whole or not at all, whatever interrupts, and one set at a time."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from pathlib import Path

import pytest

from alvh_bt import placing
from alvh_bt.errors import ConfigError
from alvh_bt.placing import finish_interrupted, place_files

OLD = {"a.txt": b"old a", "sub/b.txt": b"old b", "summary.json": b"old"}
NEW = {"a.txt": b"new a", "sub/b.txt": b"new b", "summary.json": b"new"}


def held(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but the hidden ones."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in found
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


class Killed(BaseException):
    """The process ended here: nothing that it would have done afterwards happens."""


@pytest.mark.parametrize("moves", range(5))
def test_killed_between_any_two_moves_the_set_is_finished_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    """The first rename makes the set ready; then one a file."""
    place_files(OLD, tmp_path)
    replace, done = Path.replace, []

    def replaced(self: Path, target: Path) -> Path:
        if len(done) == moves:
            raise Killed
        done.append(target)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", replaced)
    # A killed process does not tidy up.
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    if moves == 4:
        place_files(NEW, tmp_path)
    else:
        with pytest.raises(Killed):
            place_files(NEW, tmp_path)
    monkeypatch.undo()
    finish_interrupted(tmp_path)
    assert held(tmp_path) == (OLD if moves == 0 else NEW)
    place_files(OLD, tmp_path)
    assert held(tmp_path) == OLD
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_reader_that_may_not_write_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".alvh-ready-x").mkdir()
    (tmp_path / ".alvh-ready-x" / "a.txt").write_bytes(b"new")

    def refused(self: Path, target: Path) -> Path:
        raise OSError(30, "Read-only file system", str(target))

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(ConfigError, match=r"an interrupted write cannot be finished .*Read-only"):
        finish_interrupted(tmp_path)


def _write(folder: Path, mark: bytes, times: int) -> None:
    for _ in range(times):
        place_files({f"file{k}.txt": mark for k in range(20)}, folder)


def test_two_processes_never_mix_their_sets(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    jobs = [fork.Process(target=_write, args=(tmp_path, mark, 15)) for mark in (b"one", b"two")]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
        assert job.exitcode == 0
    assert len(set(held(tmp_path).values())) == 1
    assert len(held(tmp_path)) == 20


def test_waiting_for_another_process_ends_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "_PATIENCE", 0.05)
    with (
        placing._alone(tmp_path, "--out"),
        pytest.raises(ConfigError, match="another process has been writing to it"),
    ):
        place_files(NEW, tmp_path)
    assert held(tmp_path) == {}


def test_locks_lie_elsewhere_where_the_cache_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file in the way")
    monkeypatch.setattr(placing.platformdirs, "user_cache_dir", lambda name: str(tmp_path / "cache"))
    place_files(NEW, tmp_path / "out")
    assert held(tmp_path / "out") == NEW


def test_the_option_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ConfigError, match=r"^--data .*give --data a folder that can be written"):
        placing.check_out(tmp_path, "--data")
