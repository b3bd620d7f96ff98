"""`alvh doctor`: versions, caches, data and compiler of this installation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def doctor(
    data: Annotated[
        Path | None, typer.Option(help="Folder of CSVs; else fetched data, else the sample.")
    ] = None,
) -> None:
    """Check this installation: versions, caches, market data, and whether the compiler works.

    Exit status 1: something is wrong, and its line says what to do.

    Example: alvh doctor
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from alvh_bt.doctor import FAIL, OK, examine

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    findings = list(examine(data))
    for finding in findings:
        style = "green" if finding.status == OK else "bold red" if finding.status == FAIL else "yellow"
        table.add_row(Text(finding.status, style), finding.what, Text(finding.said))
    Console().print(table, highlight=False)
    if any(finding.status == FAIL for finding in findings):
        raise typer.Exit(1)
