"""The page of a sweep: one HTML file that needs nothing else, neither a file beside it nor a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from alvh_bt.report import sweep_tables as tables
from alvh_bt.report import sweep_wording as wording
from alvh_bt.report.html import _packed_plotly, _verbatim
from alvh_bt.report.page_tables import TextTable
from alvh_bt.report.sweep_figures import DOTS, LINES, heatmaps, sweep_payload
from alvh_bt.report.sweep_wording import metric_label, metric_text
from alvh_bt.report.wording import inputs_line
from alvh_bt.sweep.summary import Told
from alvh_bt.sweep.walk_forward import TEST_WEEKS

_SCRIPTS: Final = ("unpack.js", "charts.js", "sorting.js", "sweep.js")


def render_sweep(told: Told) -> str:
    """Return the page as HTML: text, sortable tables, and packed data that its own script draws charts from.

    Parameters
    ----------
    told
        What `sweep.summary.tell_sweep` gave.
    """
    environment = Environment(
        loader=PackageLoader("alvh_bt.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    summary = told.summary
    return environment.get_template("sweep.html.j2").render(
        **_texts(summary),
        **_tables(told),
        summary=summary,
        test_weeks=TEST_WEEKS,
        ranked=f"{len(told.rows):,}",
        gained=told.costs is not None and not told.costs.gains.empty,
        drawn=_sampled(len(told.rows)),
        styles=_verbatim(environment, "page.css"),
        script=Markup("\n").join(_verbatim(environment, name) for name in _SCRIPTS),
        payload=sweep_payload(told),
        plotly=_packed_plotly(),
    )


def _texts(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page says in words."""
    return {
        "headline": wording.sweep_headline(summary),
        "luck": wording.luck_sentences(summary),
        "win_rule": wording.win_rule(summary),
        "metric": metric_label(summary["metric"]),
        "objectives": [metric_label(name) for name in summary["objectives"]],
        "modelled": inputs_line(summary["inputs"], "modelled"),
    }


def _tables(told: Told) -> dict[str, Any]:
    summary = told.summary
    return {
        "best": tables.best_table(summary),
        "front": tables.front_table(summary),
        "walks": tables.walk_table(summary),
        "effects": [
            (metric_label(name), tables.sensitivity_table(summary, name)) for name in summary["sensitivity"]
        ],
        "heat": _heat_table(told),
    }


def _heat_table(told: Told) -> tuple[str, TextTable] | None:
    """Return the first heatmap in numbers, with its title; None where there are not two axes."""
    maps = heatmaps(told)
    if not maps:
        return None
    first = maps[0]
    rows = [
        [name, *(metric_text(first["metric"], value) for value in values)]
        for name, values in zip(first["y"], first["z"], strict=True)
    ]
    across, down = first["axes"]
    title = f"Median {metric_label(first['metric'])} by {across} (across) and {down} (down)"
    return title, TextTable((down, *first["x"]), rows)


def _sampled(count: int) -> str:
    """Return what of the configurations is drawn; nothing where all are."""
    if count <= LINES:
        return ""
    dots = f"{DOTS:,} dots" if count > DOTS else "all as dots"
    return (
        f"Of {count:,} configurations {dots} and {LINES:,} lines are drawn: the best, the front, and a "
        "sample of the others. Tables, heatmaps and bars are of all."
    )
