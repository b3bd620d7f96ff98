"""`alvh validate`: how far the models are from real quotes, Cboe's indices and VIX funds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from alvh_bt.cli.compare import EndOption, StartOption, open_folder_of_chains


def validate(
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder of CSVs (spx.csv, vix.csv, etp_vxx.csv, ...); else fetched data, else the sample."
        ),
    ] = None,
    chains: Annotated[
        Path | None, typer.Option(help="Folder of real option chains (CSV, gzipped, zipped or Parquet).")
    ] = None,
    benchmarks: Annotated[
        Path | None, typer.Option(help="Folder with cboe_monthly.csv and vxth_daily.csv.")
    ] = None,
    start: StartOption = None,
    end: EndOption = None,
    out: Annotated[Path | None, typer.Option(help="Folder for validate.json, tables and figures.")] = None,
) -> None:
    """Compare the models with the market: quotes, Cboe's indices and tail hedge, VIX funds, published VIX.

    What is not given is left out, and said so.

    Example: alvh validate --start 2016-01-04 --end 2016-12-30 --out checked
    """
    from rich.console import Console

    from alvh_bt.market import fetched_folder, load_market
    from alvh_bt.placing import check_out
    from alvh_bt.report.validation_files import write_validation
    from alvh_bt.report.validation_tables import print_validation
    from alvh_bt.validation.results import validation_summary
    from alvh_bt.validation.run import run_validation

    if out is not None:
        check_out(out)
    market = load_market(data)
    market.window(start, end)
    store = None if chains is None else open_folder_of_chains(chains)
    result = _with_parts(
        lambda progress: run_validation(
            market, store, benchmarks, start, end, progress, products=data or fetched_folder()
        )
    )
    summary = validation_summary(result)
    if out is not None:
        write_validation(result, out, summary)
    print_validation(summary, Console())
    if out is not None:
        typer.echo(f"written to {out}: validate.json, tables and figures")


def _with_parts(job: Callable[[Callable[[str, int], Callable[[], Any]]], Any]) -> Any:
    """Return what `job` returns, showing a progress bar a part on stderr while it runs."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    # Into a file or a pipe a bar would leave but an empty line, and an error must be one line.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:

        def part(name: str, steps: int) -> Callable[[], Any]:
            # One bar at a time: a folder may hold hundreds of files.
            for done in bars.task_ids:
                bars.remove_task(done)
            task = bars.add_task(name, total=steps)
            return lambda: bars.advance(task)

        return job(part)
