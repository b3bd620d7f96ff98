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


#: Files that start first, in this order: those that take longest, on a process each, and then those that need
#: what the others have compiled.
FIRST = ("test_uncompiled.py", "test_audit.py", "test_replay.py", "test_examples.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest in front, each file whole."""
    items.sort(key=lambda item: FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST))
