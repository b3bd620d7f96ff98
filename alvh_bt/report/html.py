"""The report: one HTML page that needs nothing else, neither a file beside it nor a network."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import alvh_bt
from alvh_bt.analysis.focus import focus_of
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.report import page_tables as tables
from alvh_bt.report import run_tables, wording
from alvh_bt.report.headline import headline
from alvh_bt.report.packing import packed_text
from alvh_bt.report.page_data import page_payload
from alvh_bt.report.study_text import command_line, study_toml

#: What stands in for the charts where scripts cannot run.
_STILL: Final = (
    (
        "overview.png",
        "Overview",
        "Four line charts, one line a hedge: net asset value in thousand USD, drawdown in percent, the "
        "running sum of hedge carry in thousand USD, and VIX closes marked where a layer was entered.",
    ),
)
_SCRIPTS: Final = ("unpack.js", "charts.js", "day.js", "journal.js", "start.js")
_SECTIONS: Final = (
    *(("metrics", "Metrics"), ("nav", "NAV and drawdown"), ("differences", "How sure?")),
    *(("matched", "Matched"), ("paths", "Resampled histories"), ("source", "Where the P&L came from")),
    *(
        ("holding", "Cost of holding"),
        ("regimes", "Regimes"),
        ("crises", "Crises"),
        ("layers", "VIX and layers"),
    ),
    *(("day", "Any day"), ("journal", "Journal"), ("trades", "Trades"), ("inputs", "Inputs")),
    ("settings", "Run it again"),
)


def render_report(result: ComparisonResult, summary: Mapping[str, Any], figures: Mapping[str, bytes]) -> str:
    """Return the report as HTML: text, tables, and packed data that its own script draws charts from.

    Parameters
    ----------
    result
        The runs; without an anatomy the page has no profile of a day.
    summary
        What `analysis.summary.summarise` gave for them; a part that is absent is left out of the page.
    figures
        PNG bytes by file name, as `figures.draw_figures` gives them: `overview.png` is shown where scripts
        cannot run.
    """
    environment = Environment(
        loader=PackageLoader("alvh_bt.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    values = {**_about(result, summary), **_of_runs(result, summary), **_of_summary(summary)}
    there = {
        "differences": bool(summary["comparisons"]),
        "matched": values["matched"],
        "paths": values["paths"] or values["paths_lines"],
        "source": values["waterfall"] or values["parts"],
        **{name: values[name] for name in ("holding", "regimes", "crises")},
    }
    return environment.get_template("report.html.j2").render(
        **values,
        contents=[(name, title) for name, title in _SECTIONS if there.get(name, True)],
        figures=[
            (title, alt, base64.b64encode(figures[name]).decode())
            for name, title, alt in _STILL
            if name in figures
        ],
        styles=_verbatim(environment, "page.css"),
        script=Markup("\n").join(_verbatim(environment, name) for name in _SCRIPTS),
        payload=page_payload(result, summary),
        plotly=_packed_plotly(),
    )


def _verbatim(environment: Environment, name: str) -> Markup:
    """Return a file of the templates as it stands: it is code, with braces of its own."""
    loader = environment.loader
    return Markup(loader.get_source(environment, name)[0]) if loader else Markup()


@cache
def _packed_plotly() -> str:
    """Return Plotly's script, of the version installed, packed."""
    # Half a second to import and pack: only when a page is written.
    from plotly.offline import get_plotlyjs

    return packed_text(get_plotlyjs().encode())


def _about(result: ComparisonResult, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page says of the whole comparison."""
    chains = summary.get("chains")
    return {
        "summary": summary,
        "headline": headline(summary),
        "notes": result.notes,
        "starting_cash": wording.usd(result.starting_cash),
        "version": alvh_bt.__version__,
        "dropped": wording.dropped_line(chains["dropped"]) if chains else "",
        "quoted_title": wording.quoted_title(chains) if chains else "",
        "study": study_toml(summary["settings"]),
        "command": command_line(quoted=bool(chains)),
    }


def _of_runs(result: ComparisonResult, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables that every comparison has."""
    journal, total = run_tables.journal_table(result)
    focus = focus_of([run.variant for run in result.runs])
    rows = summary["comparisons"]
    near = [row for row in rows if focus in (row["a"], row["b"])]
    return {
        "metrics": run_tables.metric_table(summary),
        "comparisons": run_tables.comparison_table(near),
        "further": run_tables.comparison_table([row for row in rows if row not in near]),
        "adjusted": any("p_adjusted" in row for row in rows),
        "inputs": run_tables.input_table(summary),
        "quotes": run_tables.quote_table(summary),
        "trades": run_tables.trade_table(result),
        "layers": run_tables.realised_table(result),
        "signals": run_tables.signal_table(summary),
        "journal": journal,
        "journal_total": f"{total:,}",
        "journal_columns": run_tables.JOURNAL_TITLES,
        "years": tables.year_table(result),
        "layer_times": tables.layer_time_table(result),
    }


def _of_summary(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables of what a summary may lack, None where it does."""
    lines, paths = tables.paths_table(summary)
    kinds = dict.fromkeys(row["by"] for row in summary.get("regimes") or ())
    matched = summary.get("matched") or {}
    return {
        "superior": tables.superior_table(summary),
        "superior_lines": tables.superior_lines(summary),
        "matched": tables.matched_table(summary),
        "matched_comparisons": run_tables.comparison_table(matched.get("comparisons") or []),
        "paths_lines": lines,
        "paths": paths,
        "waterfall": tables.waterfall_table(summary),
        "parts": tables.parts_table(summary),
        "worst_days": tables.worst_days_table(summary),
        "holding": tables.holding_table(summary),
        "regimes": tables.regime_table(summary),
        "regime_kinds": [(kind, tables.REGIME_NAMES.get(kind, kind)) for kind in kinds],
        "crises": tables.crisis_table(summary),
    }
