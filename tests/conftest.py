"""Shared fixtures: where the real history lives, if it is there at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REAL_DATA = Path(os.environ.get("ALVH_REAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data_dir() -> Path:
    """The folder with `market/`, `benchmarks/` and `chains/` of real history; skips without it."""
    if not (REAL_DATA / "market" / "spx.csv").is_file():
        pytest.skip(f"real history is absent: {REAL_DATA} (set ALVH_REAL_DATA)")
    return REAL_DATA


#: Files that take longest: they start first, and the other process does the rest meanwhile.
FIRST = ("test_replay.py", "test_uncompiled.py", "test_audit.py")

#: Files that need much of what is compiled: by then it lies in the cache.
LAST = ("test_examples.py",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest in front, and those that need them at the end, each file whole."""
    items.sort(key=lambda item: (item.path.name in LAST, item.path.name not in FIRST))
