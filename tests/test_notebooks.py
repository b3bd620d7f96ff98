"""The notebooks run from top to bottom on the embedded sample, show something, and define no logic."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))


def code_cells(path: Path) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert all(cell["outputs"] == [] for cell in cells if cell["cell_type"] == "code"), (
        "commit notebooks without output"
    )
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run_cell(source: str, names: dict[str, object]) -> object:
    """Run a cell as a notebook does; return what it would show."""
    body = ast.parse(source).body
    *before, last = body
    shown = isinstance(last, ast.Expr) and not source.rstrip().endswith(";")
    exec(compile(ast.Module(before if shown else body, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if shown else None


#: Those that run for more than five seconds.
LONG = ("1_comparison", "4_sweep")


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.long] * (path.stem in LONG), id=path.stem) for path in NOTEBOOKS],
)
def test_notebook_runs_and_shows_what_it_loads(path: Path, monkeypatch) -> None:
    monkeypatch.chdir(path.parent)
    mpl.use("Agg")
    names: dict[str, object] = {}
    shown = [run_cell(source, names) for source in code_cells(path)]
    matplotlib.pyplot.close("all")
    rich = [
        value._repr_html_() if hasattr(value, "_repr_html_") else value._repr_png_()
        for value in shown
        if hasattr(value, "_repr_html_") or hasattr(value, "_repr_png_")
    ]
    assert len(rich) >= 2
    assert all(len(each) > 100 for each in rich), "a table or picture is empty"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_defines_no_logic_and_uses_the_public_interface_alone(path: Path) -> None:
    logic = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Lambda, ast.Try)
    for source in code_cells(path):
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(node, logic), ast.unparse(node)
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= {"alvh_bt"}
            if isinstance(node, ast.ImportFrom):
                assert node.module == "pathlib"


def test_the_comparison_takes_ten_lines() -> None:
    lines = [line for source in code_cells(NOTEBOOKS[0]) for line in source.splitlines() if line.strip()]
    assert len(lines) <= 10


def test_there_are_the_four_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["1_comparison", "2_crisis", "3_own_hedge", "4_sweep"]


def test_the_hedge_beside_the_notebooks_is_the_one_in_the_docs() -> None:
    page = (NOTEBOOKS[0].parents[1] / "docs" / "HEDGES.md").read_text(encoding="utf-8")
    source = (NOTEBOOKS[0].parent / "cheap_calls.py").read_text(encoding="utf-8")
    assert source.partition("\n\n")[2] in page
