"""The folder of results: all of it is made in memory first, then put in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alvh_bt.analysis.plain import json_text
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.analysis.summary import summarise
from alvh_bt.placing import check_out, place_files
from alvh_bt.report.saved import table_files


def write_outputs(result: ComparisonResult, out: Path, summary: dict[str, Any] | None = None) -> None:
    """Write summary, tables, figures and report of a comparison into the folder `out`.

    Files of the same name are replaced; whatever else the folder holds stays. The summary comes last: where
    it is new, everything is.

    Parameters
    ----------
    result
        The runs.
    out
        Folder, made when it is not there.
    summary
        What `analysis.summary.summarise` gave for `result`; computed when None.

    Raises
    ------
    ConfigError
        When `out` cannot be written.
    """
    check_out(out)
    place_files(render_outputs(result, summarise(result) if summary is None else summary), out)


def render_outputs(result: ComparisonResult, summary: dict[str, Any]) -> dict[str, bytes]:
    """Return every output file's bytes by its path inside the folder, the summary last."""
    tables, views = table_files(result), render_views(result, summary)
    return {**tables, **views, "summary.json": json_text(summary).encode()}


def render_views(result: ComparisonResult, summary: dict[str, Any]) -> dict[str, bytes]:
    """Return what people look at, by path inside the folder: the figures and `report.html`."""
    # Matplotlib and Jinja2 take half a second to import: not for those who only look at the terminal.
    from alvh_bt.report.figures import draw_figures
    from alvh_bt.report.html import render_report
    from alvh_bt.report.paths_figure import draw_paths

    figures = draw_figures(result, summary)
    if result.paths is not None:
        figures |= draw_paths(result.paths, summary["paths"])
    drawn = {f"figures/{name}": picture for name, picture in figures.items()}
    return {**drawn, "report.html": render_report(result, summary, figures).encode()}
