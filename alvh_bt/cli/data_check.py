"""`alvh data check`: whether a folder of market data is sound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def check(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of CSVs (spx.csv, vix.csv, ...); else fetched data, else the sample."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for check.json and the figures.")] = None,
    figures: Annotated[
        bool, typer.Option("--figures", help="Draw each file with the flagged days marked; needs --out.")
    ] = False,
) -> None:
    """Check market data: gaps, stale values, bad prints, files that contradict each other.

    Exit status 3 when no study can run on it; the checks and their thresholds are in docs/DATA.md.

    Example: alvh data check --out checked --figures
    """
    from rich.console import Console

    from alvh_bt.errors import ConfigError
    from alvh_bt.folder.check import check_folder
    from alvh_bt.placing import check_out
    from alvh_bt.report.check_table import print_findings, write_findings

    if figures and out is None:
        raise ConfigError("--figures: no folder to write them to; add --out FOLDER")
    if out is not None:
        check_out(out)
    checked = check_folder(data)
    if out is not None:
        write_findings(checked, out, figures)
    print_findings(checked, Console())
    if out is not None:
        typer.echo(f"written to {out}: check.json{' and figures' if figures else ''}")
    if checked.error is not None:
        raise checked.error
