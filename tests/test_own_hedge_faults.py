"""A fault in a user's own hedge is told as theirs: its name, the file and line, the day, and status 1."""

from __future__ import annotations

from pathlib import Path

import pytest

from alvh_bt.cli.main import run

CHEATS = Path(__file__).with_name("cheats") / "hedges.py"
#: Two months of the sample; the hedges act within a month of its start.
WINDOW = ["--start", "2015-07-01", "--end", "2015-08-31"]
SAID = {
    "Raises": "ZeroDivisionError: on purpose",
    "Leaves": "SystemExit: 0",
    "Rubbish": "decide returned int, not a Decision",
    "NanSize": "an order of nan contracts",
    "BookWriter": "the hedge writes to the book",
}


def line_of(text: str) -> int:
    """The line of the hedges' file that holds a text, as an editor counts."""
    return next(k for k, line in enumerate(CHEATS.read_text().splitlines(), 1) if text in line)


@pytest.mark.parametrize(("command", "kind"), [("today", "Raises"), *(("compare", kind) for kind in SAID)])
def test_a_fault_is_told_with_hedge_and_day(
    command: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run([command, *WINDOW, "--hedge", f"{CHEATS}:{kind}", "--out", str(tmp_path / "out")])
    said = capsys.readouterr().err
    assert status == 1
    assert SAID[kind] in said and said.startswith("alvh: hedge ") and " 2015-07-" in said
    assert "internal error" not in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_line_is_the_users_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", *WINDOW, "--hedge", f"{CHEATS}:Raises"]) == 1
    assert f"hedges.py, line {line_of('ZeroDivisionError(')})" in capsys.readouterr().err


def test_a_class_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.py").write_text(
        "from alvh_bt.hedges import Hedge\n\n\nclass Broken(Hedge):\n    name = 'broken'\n\n"
        "    def __init__(self, study):\n        raise KeyError('nowhere')\n\n"
        "    def decide(self, today, book):\n        return None\n"
    )
    assert run(["compare", *WINDOW, "--hedge", f"{tmp_path / 'broken.py'}:Broken"]) == 1
    assert "hedge broken" in (said := capsys.readouterr().err)
    assert "line 8) when it is made: KeyError: 'nowhere'" in said


def test_a_file_without_a_class(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", *WINDOW, "--hedge", str(CHEATS)]) == 2
    assert f"write {CHEATS}:ClassName" in capsys.readouterr().err
