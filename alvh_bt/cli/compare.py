"""`alvh compare`: the same condor book under each hedge."""

from __future__ import annotations

import datetime as dt
import importlib
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from alvh_bt.cli.progress import with_progress
from alvh_bt.config import Study, make_study, read_study
from alvh_bt.errors import ConfigError
from alvh_bt.own_class import check_named
from alvh_bt.presets import read_preset


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date: write it as 2006-03-01") from None


def _crisis(text: str) -> dict[str, str]:
    """Return a crisis of the command line as a study file has it."""
    name, _, window = text.rpartition("=")
    start, _, end = window.partition(":")
    if not (name and start and end):
        raise typer.BadParameter(f"--crisis {text!r}: write it as NAME=2018-01-26:2018-02-09")
    return {"name": name, "start": start, "end": end}


StartOption = Annotated[
    dt.date | None, typer.Option(parser=_date, metavar="YYYY-MM-DD", help="First session; the earliest.")
]
EndOption = Annotated[
    dt.date | None, typer.Option(parser=_date, metavar="YYYY-MM-DD", help="Last session; the latest.")
]
OwnHedgeOption = Annotated[
    list[str] | None,
    typer.Option(help="A hedge of your own that the file names (file.py:ClassName) and may run; repeat it."),
]


def compare(
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
        typer.Option(help="A hedge of docs/HEDGES.md, or your own as file.py:ClassName; repeat it."),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Study file (TOML); options override it.")] = None,
    preset: Annotated[
        str | None, typer.Option(help="A named study (see alvh presets) in place of --config.")
    ] = None,
    crisis: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=START:END", help="A window told beside the named crises; repeat it."),
    ] = None,
    paths: Annotated[
        int, typer.Option(min=0, help="Repeat it over so many resampled histories (minutes); 0: none.")
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for summary.json, tables, figures and report.html.")
    ] = None,
) -> None:
    """Run the same iron condors under each hedge and compare P&L, drawdown and hedge decay.

    Example: alvh compare --start 2015-06-01 --end 2016-06-30 --out out
    """
    study = _study(_settings(config, preset), start, end, hedge, chains is not None, crisis or [])
    _compare(study, data, chains, paths, out)


def _compare(study: Study, data: Path | None, chains: Path | None, paths: int, out: Path | None) -> None:
    """Run, resample, write and tell."""
    from rich.console import Console

    from alvh_bt.analysis.compare import resample, run_comparison
    from alvh_bt.analysis.paths import check_paths
    from alvh_bt.analysis.summary import summarise
    from alvh_bt.hedges import variant_names
    from alvh_bt.market import load_market
    from alvh_bt.placing import check_out
    from alvh_bt.report.files import write_outputs
    from alvh_bt.report.paths_table import print_paths

    variant_names(study.hedges)
    if out is not None:
        check_out(out)
    market = load_market(data)
    if paths:
        check_paths(market, study, paths)
    first, last = market.window(study.start, study.end)
    sessions = (last - first + 1) * len(study.hedges)
    store = None if chains is None else open_folder_of_chains(chains)
    result = with_progress(
        sessions, lambda tick: run_comparison(market, study, tick, _load_the_rest, store, out is not None)
    )
    summary = summarise(result, study.bootstrap_draws, study.seed, study.comparison.match)
    if out is not None:
        # Also before the histories are resampled: hours later it may be too late.
        write_outputs(result, out, summary)
    _tell(result, summary)
    if paths:
        job = partial(resample, result, summary, market, study, paths)
        result, summary = with_progress(sessions * paths, job)
        print_paths(summary["paths"], Console())
        if out is not None:
            write_outputs(result, out, summary)
    if out is not None:
        typer.echo(f"written to {out}: summary.json, report.html, figures and tables")
    if any(run.stopped for run in result.runs):
        raise typer.Exit(1)


#: What is worth a line in the terminal, of the notes that the report has.
_TOLD = (
    *("no condor was opened", "never deployed", "never bought", "is not a hedge", "and so neutral"),
    "lies outside of the window",
    *("the first session with", "the last session with"),
)


def _tell(result: Any, summary: dict[str, Any]) -> None:
    """Print what the comparison shows, and which runs stopped early."""
    from rich.console import Console

    from alvh_bt.analysis.chains import TOPIC
    from alvh_bt.report.tables import print_comparison

    print_comparison(summary, Console())
    for note in result.notes:
        if note.startswith(TOPIC) or any(what in note for what in _TOLD):
            typer.echo(note)
    for run in result.runs:
        if run.stopped:
            typer.echo(f"alvh: {run.variant}: {run.stopped}", err=True)


def study_of(
    config: Path | None,
    preset: str | None,
    start: dt.date | None = None,
    end: dt.date | None = None,
    hedges: list[str] | None = None,
    quoted: bool = False,
    unless_named: tuple[str, ...] = (),
) -> Study:
    """Return the study of a file or preset, with the options of a command line on top.

    `unless_named` are the hedges where neither names any; the default ones if empty.
    """
    settings = _settings(config, preset)
    if unless_named:
        settings.setdefault("hedges", unless_named)
    return _study(settings, start, end, hedges, quoted, [])


def open_folder_of_chains(folder: Path) -> Any:
    """Return the chains of a folder; what takes long is said on stderr."""
    from alvh_bt.chains import open_chains

    return open_chains(folder, lambda line: typer.echo(line, err=True))


def _settings(config: Path | None, preset: str | None) -> dict[str, Any]:
    """Return the settings of a study file, of a preset, or none."""
    if config is not None and preset is not None:
        raise ConfigError(
            "--preset and --config exclude each other; copy the preset's settings into the file"
        )
    if preset is not None:
        return read_preset(preset)
    return read_study(config) if config is not None else {}


def _study(
    settings: dict[str, Any],
    start: dt.date | None,
    end: dt.date | None,
    hedges: list[str] | None,
    quoted: bool,
    crises: list[str],
) -> Study:
    """Return the study of a file or preset, with the options of the command line on top.

    Chains hold closing quotes: with them orders are filled at the next close, unless the study says when.
    """
    if not hedges:
        check_named(settings.get("hedges"), (), "the study")
    for name, value in (("start", start), ("end", end), ("hedges", hedges)):
        if value:
            settings[name] = value
    if crises:
        settings["crises"] = [*settings.get("crises", []), *(_crisis(text) for text in crises)]
    if quoted and isinstance(settings.setdefault("book", {}), dict):
        settings["book"].setdefault("fill", "next_close")
    return make_study(**settings)


def _load_the_rest() -> None:
    """Import what is needed after the runs, while they run."""
    from alvh_bt.analysis.bootstrap import load_bootstrap

    importlib.import_module("alvh_bt.report.figures")
    load_bootstrap()
