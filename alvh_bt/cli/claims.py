"""`alvh claims`: what is published about the method, put to the test."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from alvh_bt.cli.compare import EndOption, OwnHedgeOption, StartOption
from alvh_bt.cli.progress import with_progress

#: Columns that lines beside the table take at most, as the table itself.
WIDTH = 80


def claims(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of CSVs (spx.csv, vix.csv, ...); else fetched data, else the sample."),
    ] = None,
    start: StartOption = None,
    end: EndOption = None,
    claims_file: Annotated[
        Path | None,
        typer.Option("--claims", help="Claims of your own (TOML) in place of the packaged ones."),
    ] = None,
    hedge: OwnHedgeOption = None,
    out: Annotated[Path | None, typer.Option(help="Folder for claims.json.")] = None,
) -> None:
    """Test published claims on the data given: what was measured, its 90% interval, and the verdict.

    Supported: the whole interval makes the claim true; contradicted: none of it does; else undecided.
    Each preset is run once for all claims, and a book short of margin is cut rather than stopped.

    Example: alvh claims --start 2016-01-04 --end 2016-06-30 --out tested
    """
    from rich.console import Console

    from alvh_bt.analysis.claims import claim_studies, claims_json, run_claims, weigh_claims
    from alvh_bt.analysis.claims_file import check_hedges, packaged_claims, read_claims
    from alvh_bt.analysis.plain import json_text
    from alvh_bt.config import make_study
    from alvh_bt.market import load_market
    from alvh_bt.placing import check_out, place_files
    from alvh_bt.report.claims_table import print_claims

    stated = packaged_claims() if claims_file is None else read_claims(claims_file, hedge or ())
    check_hedges(stated)
    study = make_study(start=start, end=end)
    if out is not None:
        check_out(out)
    market = load_market(data)
    first, last = market.window(study.start, study.end)
    studies = claim_studies(stated, study.start, study.end)
    books = sum(len(each.hedges) for each in studies.values())
    runs = with_progress((last - first + 1) * books, lambda tick: run_claims(market, studies, tick))
    rows = claims_json(weigh_claims(stated, market, runs, study))
    if out is not None:
        place_files({"claims.json": json_text(rows).encode()}, out)
    print_claims(rows, next(iter(runs.values())).inputs, Console())
    notes = {note for result in runs.values() for note in result.notes if "and so neutral" in note}
    for note in sorted(notes):
        typer.echo(textwrap.fill(note, WIDTH))
    if out is not None:
        typer.echo(f"written to {out}: claims.json")
    stopped = [(preset, run) for preset, result in runs.items() for run in result.runs if run.stopped]
    for preset, run in stopped:
        typer.echo(f"alvh: {preset}, {run.variant}: {run.stopped}", err=True)
    if stopped:
        raise typer.Exit(1)
