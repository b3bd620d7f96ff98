"""`alvh data import`: bring in a file of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet; for chains also a folder.")],
    name: Annotated[
        str, typer.Option("--as", metavar="NAME", help="What it is: vix, advances, set, chains, ...")
    ],
    data: Annotated[
        Path | None, typer.Option(help="Folder of market data to place it in; else that of fetched data.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a longer, newer or fuller file.")] = False,
) -> None:
    """Check a file of your own and place it among the market data; nothing is placed if it cannot be used.

    docs/DATA.md has the form of each file. Chains go into the folder chains beside the market data.

    Example: alvh data import breadth.csv --as breadth --data market
    """
    from alvh_bt.folder.bring import CHAINS, bring_series, canonical_name
    from alvh_bt.market import fetched_folder
    from alvh_bt.placing import check_out

    wanted = canonical_name(name)
    folder = data or fetched_folder()
    check_out(folder, "--data")
    if wanted == CHAINS:
        from alvh_bt.folder.bring_chains import bring_chains

        target = folder.absolute().parent / CHAINS
        brought = bring_chains(file, target, force, lambda line: typer.echo(line, err=True))
        use = f" --data {folder}" if data is not None else ""
        notes = (*brought.notes, f"use them: alvh compare{use} --chains {target}")
    else:
        brought = bring_series(file, wanted, folder, force)
        notes = brought.notes
    rows = "quotes" if wanted == CHAINS else "rows"
    typer.echo(f"placed {brought.path}: {brought.first} to {brought.last}, {brought.rows:,} {rows}")
    for note in notes:
        typer.echo(note)
