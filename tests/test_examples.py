"""Every example in the help of a command runs, on the embedded sample and on files made here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer.main
from test_uncompiled import without_compiler

from alvh_bt.cli.main import app, run
from alvh_bt.market.embedded import embedded_tables

EXAMPLE = re.compile(r"Example: (alvh .+)")

SWEEP = """
[sweep]
method = "grid"
hedges = ["none", "static-calls"]
hedge = "static-calls"

[axes]
"condor.short_delta" = [0.12, 0.2]

[study]
start = 2016-01-04
end = 2016-03-31
"""


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every command with its help, by its words."""
    yield path, group.help or ""
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


HELP = dict(commands(typer.main.get_command(app)))
LEAVES = [path for path in HELP if not any(other[: len(path)] == path and other != path for other in HELP)]
#: In this order, for later ones read what earlier ones wrote.
EARLY = ("compare", "sweep")
EXAMPLES = sorted(
    {found for text in HELP.values() for found in EXAMPLE.findall(text)},
    key=lambda line: (line.split()[1] not in EARLY, "show" in line, line),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working folder with what the examples name, and an empty home."""
    folder = tmp_path_factory.mktemp("examples")
    market = folder / "market"
    market.mkdir()
    for name, table in embedded_tables().items():
        dates = pd.to_datetime(table.day, unit="D").strftime("%Y-%m-%d")
        frame = pd.DataFrame({"date": dates, **table.values})
        if name == "vix":
            for column in ("open", "high", "low"):
                frame[column] = frame["close"]
        frame.to_csv(market / f"{name}.csv", index=False)
    days = [f"2016-02-{day:02d}" for day in (1, 2, 3, 4, 5)]
    pd.DataFrame({"date": days, "net_new_highs": [5, -3, 8, 0, 2]}).to_csv(
        folder / "breadth.csv", index=False
    )
    (folder / "sweep.toml").write_text(SWEEP)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_DATA_HOME", str(folder / "home"))
        yield folder


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_has_an_example_of_itself(path: tuple[str, ...]) -> None:
    examples = EXAMPLE.findall(HELP[path])
    words = ["alvh", *(word for word in path if word != "run")]
    assert examples and shlex.split(examples[0])[: len(words)] == words


def test_the_main_help_has_examples() -> None:
    assert len(EXAMPLE.findall(HELP[()])) >= 3


@pytest.mark.parametrize("line", [line for line in EXAMPLES if "data fetch" not in line])
def test_examples_run(home: Path, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The one that needs the network is run against a server of its own in the tests of fetching."""
    words = shlex.split(line)[1:]
    if words[0] == "sweep" and words[1] != "show":
        # Compiled it would take minutes.
        done = without_compiler("-m", "alvh_bt.cli.main", *words)
        status, out, err = done.returncode, done.stdout, done.stderr
    else:
        status = run(words)
        out, err = capsys.readouterr()
    assert status == 0, err
    assert out.strip()
