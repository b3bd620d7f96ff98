"""The notebooks run from top to bottom on the embedded sample."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path) -> None:
    matplotlib.use("Agg")
    names: dict[str, object] = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
            assert cell["outputs"] == [], "commit notebooks without output"
    assert {"none", "static-calls", "static-futures", "layered"} <= set(names["nav"].columns)
    matplotlib.pyplot.close("all")


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS
