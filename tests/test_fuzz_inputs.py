"""A few hundred broken files of each kind: success or one clear line; `bench/soak.py` does 100,000."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from fuzz_targets import Outcome, Target, command, fuzz_one, judged, reading, targets

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
from soak_worker import INPUTS

#: Seeds a kind: most take 2 to 40 ms.
COUNT = 25
#: What broke once, by kind; each was mended. (Of these the soak's own seeds.)
FOUND = {
    "chains csv": (28, 10001349, 10001688),
    # The last three ended the process.
    "chains parquet": (10000090, 10001542, 20006204, 20006478, 20006836, 20007518, 20008200),
    "sweep manifest": (10000076,),
    "market csv": (10002620, 20007006),
    "report folder": (10004436, 10004706, 20002134),
    "study toml": (20004711, 20010518),
}
GOOD = {"accepted", "ConfigError", "DataError", "MarginError", "AlvhError"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Target]:
    folder = tmp_path_factory.mktemp("fuzz")
    os.environ["XDG_CACHE_HOME"], before = str(folder), os.environ.get("XDG_CACHE_HOME")
    yield targets(folder / "inputs")
    del os.environ["XDG_CACHE_HOME"]
    if before is not None:
        os.environ["XDG_CACHE_HOME"] = before


def test_every_kind_has_its_share(made: dict[str, Target]) -> None:
    assert set(made) == set(INPUTS)


@pytest.mark.parametrize("kind", sorted(INPUTS))
def test_sound_files_are_accepted(kind: str, made: dict[str, Target]) -> None:
    assert {made[kind].read(path).kind for path in made[kind].files} == {"accepted"}


@pytest.mark.parametrize("kind", sorted(INPUTS))
def test_broken_files_are_refused_in_one_line(kind: str, made: dict[str, Target]) -> None:
    for seed in (*range(COUNT), *FOUND.get(kind, ())):
        outcome, path = fuzz_one(made[kind], seed)
        assert outcome.kind in GOOD, f"seed {seed}, {path.name}: {outcome}"


def test_what_must_not_be_is_seen(tmp_path: Path) -> None:
    def broken() -> None:
        raise IndexError("x")

    assert reading(broken, "").kind == "internal error"
    assert judged(3, "alvh: one\nalvh: two\n", "").kind == "unclear"
    assert judged(3, "alvh: " + "x" * 500, "").kind == "unclear"
    assert judged(1, "alvh: internal error, x", "").kind == "internal error"
    assert judged(70, "", "").kind == "internal error"
    (tmp_path / "half").touch()
    assert judged(3, "alvh: no", "", tmp_path).kind == "partial output"
    assert command(["compare", "--data", "/nowhere"], "") == Outcome("DataError")
