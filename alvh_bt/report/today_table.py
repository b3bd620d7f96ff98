"""A decision sheet in the terminal, and as the files that `--out` holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from alvh_bt.analysis.plain import json_text
from alvh_bt.placing import place_files
from alvh_bt.report.today_parts import Grid, Heading, Line, Part, sheet_parts

#: The most columns that a sheet takes.
_WIDEST: Final = 140


def print_today(result: Mapping[str, Any], console: Console) -> None:
    """Print every sheet.

    Parameters
    ----------
    result
        What `today.run.decide_today` gave.
    console
        Where to; its width decides the wrapping, never more than 140 columns are used.
    """
    width = min(console.width, _WIDEST)
    for k, sheet in enumerate(result["sheets"]):
        if k:
            console.print()
        for part in sheet_parts(result, sheet):
            if isinstance(part, Heading):
                console.print()
                console.print(Text(part.text, style="bold underline"), width=width, highlight=False)
            elif isinstance(part, Line):
                console.print(_indented(part), width=width, highlight=False)
            else:
                console.print(_table(part, width), width=width, highlight=False)


def _indented(line: Line) -> Padding:
    """Return a line whose further lines stand under its first."""
    text = line.text.lstrip()
    return Padding(Text(text, style=line.style), (0, 0, 0, len(line.text) - len(text)))


def _table(grid: Grid, width: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD if any(title for title, _ in grid.columns) else None, pad_edge=False)
    last = len(grid.columns) - 1
    for k, (title, number) in enumerate(grid.columns):
        whole = k != last and width >= 80
        table.add_column(title, justify="right" if number else "left", no_wrap=whole, overflow="fold")
    for row in grid.rows:
        owner = not any(row[1:])
        style = "bold" if owner else "bold green" if row[-1].startswith("FIRES") else ""
        table.add_row(*(Text(cell, style=style) for cell in row))
    return table


def today_markdown(result: Mapping[str, Any]) -> str:
    """Return every sheet as Markdown text, which also reads as it stands."""
    lines: list[str] = []
    for sheet in result["sheets"]:
        for k, part in enumerate(sheet_parts(result, sheet)):
            lines += _written(part, k == 0)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _written(part: Part, first: bool) -> list[str]:
    if isinstance(part, Heading):
        return ["", f"{'#' if first else '##'} {_escaped(part.text)}", ""]
    if isinstance(part, Line):
        indent = "  - " if part.text.startswith(" ") else "- "
        return [f"{indent}{_escaped(part.text.strip())}"]
    titles = [_escaped(title) or " " for title, _ in part.columns]
    rule = ["---:" if number else "---" for _, number in part.columns]
    cells = [titles, rule, *([_escaped(cell.strip()) for cell in row] for row in part.rows)]
    return ["", *(f"| {' | '.join(row)} |" for row in cells), ""]


def _escaped(text: str) -> str:
    r"""Return text in which nothing is taken for a mark of Markdown, or of HTML.

    >>> print(_escaped("a|b <c> P&L"))
    a\|b &lt;c> P&L
    """
    plain = re.sub(r"&(?=#?\w+;)", "&amp;", " ".join(text.split())).replace("<", "&lt;")
    return "".join(f"\\{each}" if each in "|`*_[]" else each for each in plain)


def write_today(result: Mapping[str, Any], out: Path) -> None:
    """Write `today.json` and `today.md` into the folder `out`, both or none.

    Raises
    ------
    ConfigError
        When `out` cannot be written.
    """
    files = {"today.md": today_markdown(result).encode(), "today.json": json_text(dict(result)).encode()}
    place_files(files, out)
