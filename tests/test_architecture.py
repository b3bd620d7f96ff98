"""Imports point one way, and modules and functions stay small: the syntax tree of every source is walked."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import alvh_bt

PACKAGE = Path(alvh_bt.__file__).resolve().parent
PROJECT = PACKAGE.parent

#: A part may import parts of its own tier and of tiers above it in this list.
TIERS = (
    ("errors", "contracts", "compiled", "choices", "bounds", "own_class", "placing"),
    (
        *("sessions", "calendars", "config", "presets", "hedge_params", "signal_params", "comparison_params"),
        *("study_checks", "pricing", "market", "chains"),
    ),
    ("folder",),
    ("fetch",),
    ("costs", "book"),
    ("signals", "condor", "hedges"),
    ("engine",),
    ("replay",),
    ("analysis", "validation", "sweep"),
    ("audit", "today", "doctor"),
    ("report",),
    ("views",),
    ("api",),
    ("cli",),
)
TIER = {part: tier for tier, parts in enumerate(TIERS) for part in parts}

LONGEST_MODULE = 300
LONGEST_FUNCTION = 60
VAGUE = {"utils", "util", "helpers", "helper", "core", "common", "misc"}


def module_name(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def own_sources() -> list[Path]:
    """The sources of `alvh_bt`; `data` and `strategies` live beside it and travel inside the wheel."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return [path for path in paths if path.relative_to(PACKAGE).parts[0] not in ("data", "strategies")]


def walk_run(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node of a tree but those that only a type checker reads."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from walk_run(child)


def imports(tree: ast.AST, modules: Iterable[str]) -> set[str]:
    """Every module that a source imports when it runs, anywhere in it; of `modules` the very one meant."""
    known = set(modules)
    found = set()
    for node in walk_run(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import of {node.module}"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                found.add(submodule if submodule in known else str(node.module))
    return found


SOURCES = {module_name(path): path for path in own_sources()}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in SOURCES.items()}
GRAPH = {name: imports(tree, TREES) for name, tree in TREES.items()}


def part_of(module: str) -> str | None:
    """The part of `alvh_bt` that a module belongs to; None for the package itself."""
    pieces = module.split(".")
    return pieces[1] if len(pieces) > 1 else None


def backward(graph: dict[str, set[str]]) -> list[str]:
    """The imports that point to a later tier."""
    return sorted(
        f"{module} -> {target}"
        for module, targets in graph.items()
        for target in targets
        if target.startswith("alvh_bt.") and part_of(module) is not None
        and TIER[str(part_of(target))] > TIER[str(part_of(module))]
    )  # fmt: skip


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """One cycle of imports, its first module again at the end; empty where there is none."""
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        for target in sorted(graph[module] & graph.keys()):
            found = visit(target, [*path, module])
            if found:
                return found
        done.add(module)
        return []

    return next((found for module in sorted(graph) if (found := visit(module, []))), [])


def test_sources_are_found() -> None:
    assert {
        "alvh_bt.errors",
        "alvh_bt.book.records",
        "alvh_bt.engine.broker",
        "alvh_bt.cli.main",
    } <= SOURCES.keys()
    assert "alvh_bt.contracts" in GRAPH["alvh_bt.book.records"]


def test_every_part_has_its_tier() -> None:
    parts = {part_of(module) for module in SOURCES} - {None}
    assert parts <= TIER.keys(), "a new part: give it a place in TIERS"


def test_imports_point_one_way() -> None:
    assert backward(GRAPH) == []


def test_no_import_cycle() -> None:
    assert cycle(GRAPH) == []


def test_package_itself_imports_only_what_compiles() -> None:
    assert {name for name in GRAPH["alvh_bt"] if name.startswith("alvh_bt")} == {"alvh_bt.compiled"}


def test_backtrader_stays_in_the_engine() -> None:
    users = {module for module, targets in GRAPH.items() for t in targets if t.split(".")[0] == "backtrader"}
    assert users
    assert {part_of(module) for module in users} == {"engine"}


def test_strategies_are_never_imported_by_the_package() -> None:
    named = {t for targets in GRAPH.values() for t in targets}
    assert not [name for name in named if "strategies" in name.split(".")]
    ours = {
        path: ast.parse(path.read_text(encoding="utf-8")) for path in (PROJECT / "strategies").glob("*.py")
    }
    used = {target.split(".")[0] for tree in ours.values() for target in imports(tree, TREES)}
    assert "alvh_bt" in used


def test_rules_use_numbers_and_nothing_of_the_outside_world() -> None:
    rules = [
        module for module in GRAPH if part_of(module) in ("signals", "condor", "hedges", "book", "costs")
    ]
    third = {t.split(".")[0] for module in rules for t in GRAPH[module]} - {"alvh_bt", "__future__"}
    assert third <= {"numpy", "numba", "math", "abc", "typing", "collections"}


@pytest.mark.parametrize("module", SOURCES)
def test_module_is_small(module) -> None:
    lines = len(SOURCES[module].read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_MODULE
    assert module.split(".")[-1] not in VAGUE


def test_functions_are_small() -> None:
    long = [
        f"{module}.{node.name}: {node.end_lineno - node.lineno + 1}"
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_checks_notice_what_they_are_for() -> None:
    assert backward({"alvh_bt.costs.fees": {"alvh_bt.engine.run"}}) == [
        "alvh_bt.costs.fees -> alvh_bt.engine.run"
    ]
    assert backward({"alvh_bt.engine.run": {"alvh_bt.costs.fees", "alvh_bt.engine.broker"}}) == []
    assert cycle({"a": {"b"}, "b": {"c", "numpy"}, "c": {"a"}}) == ["a", "b", "c", "a"]
    assert cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
    tree = ast.parse("def f():\n    from alvh_bt import config\n    import backtrader.feeds")
    assert imports(tree, ["alvh_bt.config"]) == {"alvh_bt.config", "backtrader.feeds"}
