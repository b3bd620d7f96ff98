"""The documents name what exists: tests, signals, hedges, presets, settings, claims."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from alvh_bt.cli.main import app
from alvh_bt.config import Study
from alvh_bt.hedges import HEDGES
from alvh_bt.presets import preset_names
from alvh_bt.signals import SIGNALS
from alvh_bt.sweep.space import configurations
from alvh_bt.sweep.spec import read_sweep

ROOT = Path(__file__).resolve().parents[1]
METHOD = (ROOT / "docs" / "METHOD.md").read_text(encoding="utf-8")


def test_every_test_that_the_method_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", METHOD))
    files = {path.stem for path in (ROOT / "tests").glob("test_*.py")}
    functions = {
        name
        for path in (ROOT / "tests").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(named) > 50
    assert sorted(named - files - functions) == []


def test_every_signal_has_its_line() -> None:
    rows = [line for line in METHOD.splitlines() if line.startswith("| `")]
    assert sorted(name for name in SIGNALS if not any(f"`{name}`" in row for row in rows)) == []


@pytest.mark.parametrize("concern", ["layered", "sizing", "climate"])
def test_every_setting_of_the_method_is_documented(concern) -> None:
    fields = type(getattr(Study(), concern))._fields
    assert sorted(name for name in fields if f"`{name}`" not in METHOD and f".{name}`" not in METHOD) == []


def test_every_rule_that_the_method_names_exists() -> None:
    for module, name in re.findall(r"`(?:hedges/)?(\w+)\.(\w+)`", METHOD):
        source = ROOT / "alvh_bt" / "hedges" / f"{module}.py"
        setting = name in getattr(type(getattr(Study(), module, None)), "_fields", ())
        if source.is_file() and not setting:
            assert f"def {name}(" in source.read_text(encoding="utf-8"), f"{module}.{name}"


def test_every_hedge_is_in_its_document() -> None:
    text = (ROOT / "docs" / "HEDGES.md").read_text(encoding="utf-8")
    assert sorted(name for name in HEDGES if f"| `{name}` |" not in text) == []


def test_claims_document_has_every_claim_of_the_packaged_file() -> None:
    claims = tomllib.loads((ROOT / "data" / "claims.toml").read_text(encoding="utf-8"))["claim"]
    text = (ROOT / "docs" / "CLAIMS.md").read_text(encoding="utf-8")
    assert [claim["id"] for claim in claims] == [str(k) for k in range(1, 15)]
    rows = {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")}
    assert sorted({claim["id"] for claim in claims} - rows) == []
    named = {book["preset"] for claim in claims for book in claim["books"]}
    assert sorted(named - set(preset_names())) == []


README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_command_of_the_readme_exists() -> None:
    named = set(re.findall(r"^alvh (\w+)", README, re.MULTILINE))
    assert {"compare", "sweep"} <= named
    assert sorted(named - set(get_command(app).commands)) == []


def test_the_sweep_of_the_readme_is_the_example_and_the_examples_are_valid() -> None:
    shown = [block for block in re.findall(r"```toml\n(.*?)```", README, re.DOTALL) if "[sweep]" in block]
    files = [ROOT / "docs" / "examples" / name for name in ("sweep.toml", "sweep_history.toml")]
    example, history = (tomllib.loads(path.read_text(encoding="utf-8")) for path in files)
    assert [tomllib.loads(block) for block in shown] == [example]
    assert {key: value for key, value in history.items() if key != "study"} == example
    assert [len(configurations(read_sweep(path))) for path in files] == [150, 150]
