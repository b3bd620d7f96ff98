"""The store of a sweep: whole parts or none, one driver at a time, and no two sweeps in one place."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import uuid
from collections import Counter
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alvh_bt.errors import AlvhError, ConfigError, DataError
from alvh_bt.sweep import lock as locks
from alvh_bt.sweep.lock import ObjectLock
from alvh_bt.sweep.places import FolderPlace, ObjectPlace, open_place
from alvh_bt.sweep.store import Store

SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("key", "error")),
        pa.field("pnl_usd", pa.float64()),
        pa.field("weekly_returns", pa.list_(pa.float32())),
    ]
)
MANIFEST = {
    "version": "1",
    "data": "abc",
    "window": {"start": "2007-01-03"},
    "sweep": {"sweep": {"seed": 1}, "axes": {"condor.short_delta": [0.1, 0.2]}},
    "complete": False,
}


@pytest.fixture(params=["folder", "file", "memory"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder, the same as a URL, and an object store."""
    name = uuid.uuid4().hex
    return {
        "folder": str(tmp_path / name),
        "file": f"file://{tmp_path}/{name}",
        "memory": f"memory://{name}",
    }[str(request.param)]


def opened(where: str, resume: bool = False, **changes: object) -> Store:
    store = Store(where)
    store.create({**MANIFEST, **changes}, resume)
    return store


def test_rows_come_back_from_every_kind_of_place(where: str) -> None:
    store = opened(where)
    assert store.done() == set()
    with pytest.raises(DataError, match="no run has finished yet"):
        store.dataset()
    store.write([], SCHEMA)
    assert not store.has_rows()
    store.write([{"key": "a", "pnl_usd": 1.5, "weekly_returns": [0.5, -0.25]}], SCHEMA)
    store.write([{"key": "b", "error": "no condor"}, {"key": "c", "pnl_usd": math.nan}], SCHEMA)
    store.change(complete=True)
    store.close()
    again = Store(where)
    assert again.done() == {"a", "b", "c"}
    assert again.manifest() == {**MANIFEST, "complete": True}
    rows = again.table(SCHEMA.names).to_pylist()
    assert rows == [
        {"key": "a", "error": None, "pnl_usd": 1.5, "weekly_returns": [0.5, -0.25]},
        {"key": "b", "error": "no condor", "pnl_usd": None, "weekly_returns": None},
        {"key": "c", "error": None, "pnl_usd": None, "weekly_returns": None},
    ]
    names = again.place.names("parts")
    assert len(names) == 2 and all(name.startswith("part-00000") for name in names)


def test_a_sweep_that_is_there_is_not_written_over(where: str) -> None:
    opened(where).close()
    with pytest.raises(ConfigError, match="holds a sweep already; add --resume"):
        opened(where)
    store = opened(where, resume=True)
    store.close()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": "2"}, r'the version of alvh_bt differs \("1" there, "2" here\)'),
        ({"data": "x"}, r'the data differs \("abc" there, "x" here\)'),
        ({"window": {"start": "2008-01-02"}}, 'the window differs .start: "2007-01-03" there'),
        (
            {"sweep": {"sweep": {"seed": 2}, "axes": {}}},
            r"the sweep file differs \(sweep.seed: 1 there, 2 here, axes.condor.short_delta: \[",
        ),
    ],
)
def test_another_sweep_is_refused_by_name(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    opened(str(tmp_path / "out")).close()
    with pytest.raises(ConfigError, match=said) as refused:
        opened(str(tmp_path / "out"), resume=True, **changes)
    assert refused.value.exit_status == 2 and "\n" not in str(refused.value)
    opened(str(tmp_path / "out"), resume=True, complete=True).close()


def test_resume_where_nothing_is_starts(tmp_path: Path) -> None:
    store = opened(str(tmp_path / "out"), resume=True)
    assert store.manifest()["data"] == "abc"
    store.close()


@pytest.mark.parametrize("content", ['{"variants": {}}', "no json", "[1]"])
def test_a_manifest_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ConfigError, match="is not of a sweep"):
        opened(str(tmp_path), resume=True)
    with pytest.raises(ConfigError, match="no sweep there"):
        Store(tmp_path / "absent").manifest()


def test_what_was_half_written_is_ignored_then_removed(tmp_path: Path) -> None:
    store = opened(str(tmp_path))
    store.write([{"key": "a"}], SCHEMA)
    store.close()
    for name in (".tmp-x", "parts/.tmp-y"):
        (tmp_path / name).write_bytes(b"half")
    assert Store(tmp_path).done() == {"a"}
    opened(str(tmp_path), resume=True).close()
    assert not list(tmp_path.rglob(".tmp-*"))


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(str(tmp_path))

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(AlvhError, match=r"No space left on device.*--resume"):
        store.write([{"key": "a"}], SCHEMA)
    assert store.done() == set()
    store.close()


def test_part_names_never_meet_an_older_one(tmp_path: Path) -> None:
    for key in "abc":
        store = opened(str(tmp_path), resume=True)
        store.write([{"key": key}], SCHEMA)
        store.close()
    assert Store(tmp_path).done() == {"a", "b", "c"}
    assert [name[:11] for name in Store(tmp_path).place.names("parts")] == [f"part-{n:06d}" for n in range(3)]


def test_errors_are_forgotten_on_demand(where: str) -> None:
    store = opened(where)
    store.write([{"key": "a"}, {"key": "b", "error": "no"}], SCHEMA)
    store.write([{"key": "c", "error": "no"}], SCHEMA)
    store.write([{"key": "d"}], SCHEMA)
    store.close()
    again = Store(where)
    again.create(MANIFEST, resume=True, retry_errors=True)
    assert Counter(again.table(["key"]).column("key").to_pylist()) == Counter("ad")
    again.close()


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    store = opened(str(tmp_path))
    store.write([{"key": "a"}], SCHEMA)
    store.close()
    part = next((tmp_path / "parts").iterdir())
    part.write_bytes(part.read_bytes()[:40])
    with pytest.raises(DataError, match=part.name):
        Store(tmp_path).done()


def test_parts_are_plain_parquet(tmp_path: Path) -> None:
    store = opened(str(tmp_path))
    store.write([{"key": "a", "weekly_returns": [0.5]}], SCHEMA)
    store.close()
    table = pq.read_table(next((tmp_path / "parts").glob("part-*.parquet")))
    assert table.schema.equals(SCHEMA) and table.num_rows == 1


def test_a_second_driver_is_refused(where: str) -> None:
    store = opened(where)
    with pytest.raises(ConfigError, match="another sweep writes there"):
        opened(where, resume=True)
    store.close()
    opened(where, resume=True).close()


HOLD = """
import sys, time
from alvh_bt.sweep.store import Store
store = Store(sys.argv[1])
store.create({"sweep": {}}, resume=True)
print("held", flush=True)
time.sleep(60)
"""


def test_a_killed_driver_is_in_nobodys_way(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(ConfigError, match=f"another sweep writes there .process {holder.pid}"):
            Store(tmp_path).create({"sweep": {}}, resume=True)
        holder.kill()
    store = Store(tmp_path)
    store.create({"sweep": {}}, resume=True)
    store.close()


def sign(place: ObjectPlace, **changes: object) -> None:
    told = {"token": "t", "pid": 1, "host": "elsewhere", "at": 1000.0, **changes}
    place.put(locks.LOCK_NAME, json.dumps(told).encode())


def test_an_object_store_is_locked_by_signs_of_life() -> None:
    place = open_place(f"memory://{uuid.uuid4().hex}")
    assert isinstance(place, ObjectPlace)
    clock = [1030.0]
    sign(place)
    with pytest.raises(ConfigError, match="process 1 on elsewhere"):
        ObjectLock(place, lambda: clock[0])
    clock[0] = 1061.0  # silent for a minute
    lock = ObjectLock(place, lambda: clock[0])
    clock[0] = 1075.0
    lock.renew()
    assert json.loads(place.get(locks.LOCK_NAME) or b"")["at"] == 1075.0
    sign(place, at=1080.0)  # another took over
    clock[0] = 1090.0
    with pytest.raises(ConfigError, match="another sweep writes there"):
        lock.renew()
    lock.release()
    assert place.get(locks.LOCK_NAME) is not None, "the other's lock is not ours to remove"


def test_the_lock_of_a_dead_process_of_this_machine_is_taken_at_once() -> None:
    place = open_place(f"memory://{uuid.uuid4().hex}")
    assert isinstance(place, ObjectPlace)
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True)
    sign(place, pid=int(dead.stdout), host=locks.socket.gethostname(), at=1000.0)
    ObjectLock(place, lambda: 1001.0).release()
    assert place.get(locks.LOCK_NAME) is None


def test_places_by_name() -> None:
    assert isinstance(open_place("file:///tmp/x"), FolderPlace)
    assert isinstance(open_place("memory://x"), ObjectPlace)
    assert fsspec.filesystem("memory") is open_place("memory://x").filesystem
    with pytest.raises(ConfigError, match="give a folder or a URL that fsspec can open"):
        open_place("gold://x")
