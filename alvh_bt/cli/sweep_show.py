"""`alvh sweep show`: what a sweep found, and how much of it is luck."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from alvh_bt.sweep.results import SweepResults
    from alvh_bt.sweep.summary import Told

#: Rows of a query that are printed.
_ROWS = 200


def show(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder or URL that alvh sweep wrote.")],
    metric: Annotated[str | None, typer.Option(help="Rank by it; the sweep's first metric.")] = None,
    hedge: Annotated[str | None, typer.Option(help="Rank its results; the sweep's own.")] = None,
    top: Annotated[int, typer.Option(min=1, max=200, help="How many of the best are listed.")] = 10,
    embargo: Annotated[
        int, typer.Option(min=0, max=52, help="Weeks thrown away after the purge, in walk-forward.")
    ] = 1,
    sql: Annotated[
        str | None, typer.Option(help="A query over the view runs instead, as DuckDB understands it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, and write no page.")] = False,
) -> None:
    """Show a sweep: the answer at equal cost, the best and how lucky they are, and write sweep.html.

    Example: alvh sweep show results --sql 'SELECT variant, median(pnl_usd) FROM runs GROUP BY 1'
    """
    from rich.console import Console

    from alvh_bt.analysis.plain import json_text
    from alvh_bt.report.sweep_tables import print_sweep
    from alvh_bt.report.sweep_wording import luck_sentences, sweep_headline
    from alvh_bt.sweep.results import read_results
    from alvh_bt.sweep.summary import Asked, tell_sweep

    results = read_results(folder)
    if sql is not None:
        _answer(results, sql, as_json)
        return
    told = tell_sweep(results, Asked(metric, hedge, top, embargo))
    if as_json:
        said = {"headline": sweep_headline(told.summary), "luck": luck_sentences(told.summary)}
        print(json_text({**said, **told.summary}), end="")
        return
    print_sweep(told.summary, Console())
    _write(told, folder)


def _answer(results: SweepResults, sql: str, as_json: bool) -> None:
    """Print what a query gave."""
    from rich.console import Console

    from alvh_bt.analysis.plain import json_text, plain
    from alvh_bt.report.sweep_tables import print_whole, query_table
    from alvh_bt.sweep.query import query

    answer = query(results, sql, None if as_json else _ROWS)
    if as_json:
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        print(json_text(plain(rows)), end="")
        return
    print_whole(query_table(answer.columns, answer.rows), Console())
    if answer.more:
        typer.echo(f"the first {_ROWS} rows; --json gives all of them")


def _write(told: Told, folder: str) -> None:
    """Write sweep.html beside the results; where that cannot be, into the working folder."""
    from alvh_bt.errors import ConfigError
    from alvh_bt.placing import place_files
    from alvh_bt.report.sweep_page import render_sweep

    page = {"sweep.html": render_sweep(told).encode()}
    where = Path.cwd() if "://" in folder else Path(folder)
    try:
        place_files(page, where)
    except ConfigError:
        where = Path.cwd()
        place_files(page, where)
    typer.echo(f"written to {where / 'sweep.html'}")
