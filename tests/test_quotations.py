"""The project says things in its own words: no run of seven words is taken over from the method's pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RUN = 7


def runs_of(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {tuple(words[k : k + RUN]) for k in range(len(words) - RUN + 1)}


def test_seven_words_in_a_row_are_our_own(real_data_dir) -> None:
    pages = [real_data_dir.parent / name for name in ("METHOD.txt", "CLAIMS.md")]
    if not all(page.is_file() for page in pages):
        pytest.skip("the method's pages are absent")
    theirs = set().union(*(runs_of(page.read_text(encoding="utf-8")) for page in pages))
    kinds = ("alvh_bt", "data", "docs", "strategies")
    ours = [path for kind in kinds for path in sorted((ROOT / kind).rglob("*"))]
    ours = [path for path in [*ours, ROOT / "README.md", ROOT / "CHANGELOG.md"] if path.is_file()]
    found = {
        f"{path.relative_to(ROOT)}: {' '.join(run)}"
        for path in ours
        if path.suffix in (".py", ".md", ".toml", ".j2")
        for run in runs_of(path.read_text(encoding="utf-8")) & theirs
    }
    assert len(theirs) > 1000
    assert sorted(found) == []
