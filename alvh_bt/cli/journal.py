"""`alvh journal`: the decisions of a comparison that was written with --out, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alvh_bt.cli.compare import EndOption, StartOption


def journal(
    folder: Annotated[Path, typer.Argument(help="Folder that `alvh compare --out` wrote.")],
    variant: Annotated[str | None, typer.Option(help="One variant; all of them.")] = None,
    layer: Annotated[str | None, typer.Option(help="One layer (one, two, near, condor, ...); all.")] = None,
    start: StartOption = None,
    end: EndOption = None,
    last: Annotated[int, typer.Option(min=1, help="The most rows shown, the last ones.")] = 40,
    signals: Annotated[bool, typer.Option("--signals", help="Show every signal's value too.")] = False,
) -> None:
    """Show the journal of a comparison: what was decided, why, at which projected return and cost.

    Example: alvh journal out --variant layered --start 2015-08-17 --end 2015-09-30
    """
    from rich.console import Console

    from alvh_bt.report.journal import journal_lines, read_journal

    rows = read_journal(folder, variant, layer, start, end)
    # A row needs this much to stand on one line; a narrower terminal wraps it.
    console = Console(width=max(Console().width, 112))
    for part in journal_lines(rows.tail(last), signals):
        console.print(part, highlight=False)
    if len(rows) > last:
        typer.echo(f"the last {last} of {len(rows):,} rows; --last shows more")
