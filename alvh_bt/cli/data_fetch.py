"""`alvh data fetch`: market history from public sources."""

from __future__ import annotations

import datetime as dt
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alvh_bt.errors import ConfigError, DataError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from alvh_bt.fetch.run import Outcome

_LOG = logging.getLogger("alvh_bt.fetch")


def fetch(
    data: Annotated[
        Path | None, typer.Option(help="Folder to write; else the one that every command reads by itself.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="A file to fetch, such as vix; repeat it. Else all.")
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Fetch whole histories, and take them where they disagree or are worse."
        ),
    ] = False,
    mirror: Annotated[
        list[str] | None,
        typer.Option(metavar="SOURCE=URL", help="Another address of a source's files; repeat it."),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for one file, its retries included.")] = 180.0,
) -> None:
    """Fetch market history from public sources: what is missing, and the last days once more.

    A good file is never replaced by a worse one. Exit status 3: what a study needs is still missing.

    Example: alvh data fetch
    """
    from rich.console import Console

    from alvh_bt.fetch.run import PLACED
    from alvh_bt.folder.provenance import read_provenance
    from alvh_bt.market import fetched_folder
    from alvh_bt.placing import check_out
    from alvh_bt.report.fetch_table import print_fetched

    if not 1.0 <= timeout <= 3600.0:
        raise ConfigError(f"--timeout {timeout:g}: must be from 1 to 3600 seconds; the default is 180")
    folder = data if data is not None else fetched_folder()
    check_out(folder, "--data")
    read_provenance(folder)
    outcomes: list[Outcome] = []
    try:
        _fetch_all(outcomes, folder, only, force, mirror, timeout)
    except KeyboardInterrupt:
        placed = sum(each.status == PLACED for each in outcomes)
        told = f"files placed before, which stay in {folder}: {placed}" if placed else "nothing was placed"
        typer.echo(f"alvh: interrupted; {told}", err=True)
        raise typer.Exit(130) from None
    print_fetched(outcomes, Console())
    for each in outcomes:
        for line in each.tried:
            typer.echo(f"{each.name}: {line}", err=True)
    _check_enough(outcomes, folder)
    typer.echo(f"written to {folder}")


def _fetch_all(
    outcomes: list[Outcome],
    folder: Path,
    only: list[str] | None,
    force: bool,
    mirror: list[str] | None,
    timeout: float,
) -> None:
    """Fetch file after file, adding what came of each to `outcomes`, with bars where stderr is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from alvh_bt.fetch.plan import PLAN, open_sources, read_mirrors, wanted
    from alvh_bt.fetch.run import fetch_series, moment_of
    from alvh_bt.fetch.web import Limits, Web

    names = wanted(only)
    web = Web(
        Limits(
            total=timeout,
            read=min(30.0, timeout),
            connect=min(10.0, timeout),
            back_off=min(1.0, timeout / 20),
        )
    )
    sources = open_sources(web, read_mirrors(mirror))
    moment = moment_of(dt.datetime.now(dt.UTC))
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        whole = bars.add_task("files", total=len(names))
        for name in names:
            part = bars.add_task(name, total=None)
            web.watch = partial(_show, bars, part)
            outcomes.append(fetch_series(name, [sources[each] for each in PLAN[name]], folder, moment, force))
            bars.remove_task(part)
            bars.advance(whole)
    web.close()


def _show(bars: Progress, part: TaskID, done: int, total: int | None) -> None:
    bars.update(part, completed=done, total=total)


def _check_enough(outcomes: list[Outcome], folder: Path) -> None:
    """Raise DataError where nothing came, or where a study could not run on the folder."""
    from alvh_bt.fetch.canonical import REQUIRED, checked

    for each in outcomes:
        if each.status in ("kept", "failed"):
            _LOG.info("%s: not fetched", each.name)
    lacking = [f"{spec.name}.csv" for spec in REQUIRED if not (folder / f"{spec.name}.csv").is_file()]
    if lacking:
        raise DataError(
            f"{folder}: still no {' and no '.join(lacking)}: see the lines above, and fetch again"
        )
    for spec in REQUIRED:
        checked((folder / f"{spec.name}.csv").read_bytes(), spec, dt.date.today())
    if all(not each.source for each in outcomes):
        raise DataError(f"{folder}: nothing could be fetched: see the lines above; what was there is kept")
