"""`alvh today`: the decision sheet after the last close."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer

from alvh_bt.cli.compare import EndOption, StartOption, open_folder_of_chains, study_of
from alvh_bt.cli.progress import with_progress


def today(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of CSVs (spx.csv, vix.csv, ...); else fetched data, else the sample."),
    ] = None,
    chains: Annotated[
        Path | None,
        typer.Option(help="Folder of real option chains (CSV or Parquet): quotes where it has some."),
    ] = None,
    start: StartOption = None,
    end: EndOption = None,
    hedge: Annotated[
        list[str] | None,
        typer.Option(
            help="A hedge of docs/HEDGES.md, or your own as file.py:ClassName; repeat it for a sheet each. "
            "Without it: those of the study, else layered."
        ),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Study file (TOML); options override it.")] = None,
    preset: Annotated[
        str | None, typer.Option(help="A named study (see alvh presets) in place of --config.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for today.json and today.md.")] = None,
) -> None:
    """Show what the rules hold, watch and order after the last close in the data, or after --end.

    It is what a backtest to that close decides. Nothing is sent anywhere.

    Example: alvh today --hedge layered --out sheet
    """
    from alvh_bt.hedges import variant_names
    from alvh_bt.market import fetched_folder, load_market
    from alvh_bt.placing import check_out
    from alvh_bt.today.run import decide_today

    study = study_of(config, preset, start, end, hedge, chains is not None, ("layered",))
    variant_names(study.hedges)
    if out is not None:
        check_out(out)
    market = load_market(data)
    first, last = market.window(study.start, study.end)
    store = None if chains is None else open_folder_of_chains(chains)
    now = dt.datetime.now(dt.UTC)
    where = str(
        data or (fetched_folder() if market.source.get("spx") == "spx.csv" else "the embedded sample")
    )
    result = with_progress(
        (last - first + 1) * len(study.hedges),
        lambda tick: decide_today(market, study, now, where, store, tick),
    )
    result["study"] = str(config) if config is not None else preset or "the default study"
    _tell(result, out)


def _tell(result: dict[str, Any], out: Path | None) -> None:
    """Write the files, print the sheets, and fail where a run stopped early."""
    from rich.console import Console

    from alvh_bt.report.today_table import print_today, write_today

    if out is not None:
        write_today(result, out)
    print_today(result, Console())
    if out is not None:
        typer.echo(f"written to {out}: today.json and today.md")
    stopped = [sheet for sheet in result["sheets"] if sheet["stopped"]]
    for sheet in stopped:
        typer.echo(f"alvh: {sheet['hedge']}: {sheet['stopped']}", err=True)
    if stopped:
        raise typer.Exit(1)
