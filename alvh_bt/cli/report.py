"""`alvh report`: draw the report and the figures again from the files of a comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(help="Folder that `alvh compare --out` wrote.")],
    out: Annotated[
        Path | None, typer.Option(help="Another folder for report.html and figures; else the same.")
    ] = None,
) -> None:
    """Draw report.html and the figures again from saved files, without running anything.

    Example: alvh report out
    """
    from alvh_bt.errors import ConfigError
    from alvh_bt.placing import check_out, place_files
    from alvh_bt.report.files import render_views
    from alvh_bt.report.saved import load_result

    if folder.is_file():
        raise ConfigError(f"FOLDER {folder} is a file; give the folder that alvh compare --out wrote")
    where = folder if out is None else out
    result, summary = load_result(folder)
    check_out(where)
    views = render_views(result, summary)
    place_files(views, where)
    typer.echo(f"written to {where}: report.html and {len(views) - 1} figures")
