"""`alvh audit`: what a hedge or strategy must pass before its figures count."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alvh_bt.cli.compare import EndOption, StartOption, study_of


def audit(
    hedge: Annotated[
        list[str] | None,
        typer.Option(help="A hedge, or your own hedge or strategy as file.py:ClassName; repeat it."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of CSVs (spx.csv, vix.csv, ...); else fetched data, else the sample."),
    ] = None,
    start: StartOption = None,
    end: EndOption = None,
    config: Annotated[Path | None, typer.Option(help="Study file (TOML); options override it.")] = None,
    preset: Annotated[
        str | None, typer.Option(help="A named study (see alvh presets) in place of --config.")
    ] = None,
    cuts: Annotated[int, typer.Option(min=1, max=1000, help="How often the future is cut off.")] = 6,
    out: Annotated[Path | None, typer.Option(help="Folder for audit.json.")] = None,
) -> None:
    """Audit hedges: look-ahead, accounts, determinism, fills and costs, modelled inputs, files touched.

    Each check prints pass, fail or warning. Exit status 1: a check failed.

    Example: alvh audit --hedge layered --start 2017-06-01 --end 2018-06-29 --out audited
    """
    from rich.console import Console

    from alvh_bt.analysis.plain import json_text
    from alvh_bt.audit.jobs import count_jobs
    from alvh_bt.audit.run import run_audit
    from alvh_bt.cli.progress import with_progress
    from alvh_bt.market import fetched_folder, load_market
    from alvh_bt.placing import check_out, place_files
    from alvh_bt.report.audit_table import print_audit, verdict

    study = study_of(config, preset, start=start, end=end, hedges=hedge)
    if out is not None:
        check_out(out)
    market = load_market(data)
    checks = with_progress(
        count_jobs(study.hedges, cuts),
        lambda tick: run_audit(market, study, study.hedges, cuts, data or fetched_folder(), tick),
        "steps",
    )
    if out is not None:
        rows = [check._asdict() for check in checks]
        place_files({"audit.json": json_text(rows).encode()}, out)
    print_audit(checks, Console())
    typer.echo(verdict(checks))
    if out is not None:
        typer.echo(f"written to {out}: audit.json")
    if any(check.status == "fail" for check in checks):
        raise typer.Exit(1)
