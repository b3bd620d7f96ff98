"""`alvh audit`: what a hedge must pass before its figures count."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from alvh_bt.cli.compare import EndOption, StartOption, study_of


def audit(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of CSVs (spx.csv, vix.csv, ...); else fetched data, else the sample."),
    ] = None,
    start: StartOption = None,
    end: EndOption = None,
    hedge: Annotated[
        list[str] | None,
        typer.Option(help="A hedge of docs/HEDGES.md, or your hedge or strategy as file.py:ClassName."),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Study file (TOML); options override it.")] = None,
    preset: Annotated[
        str | None, typer.Option(help="A named study (see alvh presets) in place of --config.")
    ] = None,
    cuts: Annotated[int, typer.Option(min=1, help="After how many days the future is cut off.")] = 8,
    out: Annotated[Path | None, typer.Option(help="Folder for audit.json.")] = None,
) -> None:
    """Look for look-ahead, wrong books, chance and doubtful inputs in a hedge; status 1 if one fails.

    Example: alvh audit --hedge layered --start 2018-01-02 --end 2018-03-29 --cuts 3
    """
    from rich.console import Console

    from alvh_bt.audit.run import run_audit
    from alvh_bt.market import load_market
    from alvh_bt.placing import check_out, place_files
    from alvh_bt.report.audit_table import audit_json, print_audit

    study = study_of(config, preset, start, end, hedge)
    if out is not None:
        check_out(out)
    market = load_market(data)
    findings = _with_bar(lambda progress: run_audit(market, study, data, cuts, progress))
    print_audit(findings, Console())
    if out is not None:
        place_files({"audit.json": audit_json(findings)}, out)
        typer.echo(f"written to {out}: audit.json")
    if any(finding.status == "fail" for finding in findings):
        raise typer.Exit(1)


def _with_bar(job: Callable[[Callable[[int], Callable[[], Any]]], Any]) -> Any:
    """Return what `job` returns, showing a progress bar of runs on stderr while it works."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("auditing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    # Into a file or a pipe a bar would leave but an empty line, and an error must be one line.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:

        def progress(total: int) -> Callable[[], Any]:
            task = bar.add_task("auditing", total=total)
            return lambda: bar.advance(task)

        return job(progress)
