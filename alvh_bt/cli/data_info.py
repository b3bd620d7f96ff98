"""`alvh data info`: what a folder of market data holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def info(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of CSVs (spx.csv, vix.csv, ...); else fetched data, else the sample."),
    ] = None,
) -> None:
    """Show what market data is there: span, share observed, age and licence of each file, and what is not.

    Example: alvh data info
    """
    from rich.console import Console

    from alvh_bt.folder.info import folder_info
    from alvh_bt.report.info_table import print_info

    told = folder_info(data)
    print_info(told, Console())
    if told.error is not None:
        raise told.error
