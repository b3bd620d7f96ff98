"""The report: one HTML page that needs nothing else, neither a file beside it nor a network."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from alvh_bt.analysis.layers import layer_table
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.engine.results import JOURNAL_COLUMNS
from alvh_bt.report import wording
from alvh_bt.report.headline import headline

_JOURNAL_ROWS: Final = 200
_KINDS: Final = ("observed", "repaired", "modelled", "unavailable")
_FIGURES: Final = (
    ("nav.png", "Net asset value", "Line chart of net asset value in thousand USD, one line a hedge."),
    (
        "drawdown.png",
        "Drawdown",
        "Line chart of the drawdown from the running peak in percent, one line a hedge.",
    ),
    (
        "hedge_carry.png",
        "Hedge carry",
        "Line chart of the running sum of hedge carry before costs in thousand USD, one line a hedge.",
    ),
    (
        "vix_layers.png",
        "VIX and layers",
        "Line chart of VIX closes with a mark on each day a layer was entered.",
    ),
)


def render_report(result: ComparisonResult, summary: Mapping[str, Any], figures: Mapping[str, bytes]) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    result
        The runs.
    summary
        What `analysis.summary.summarise` gave for them.
    figures
        PNG bytes by file name, as `figures.draw_figures` gives them; those not there are left out.
    """
    environment = Environment(
        loader=PackageLoader("alvh_bt.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        summary=summary,
        headline=headline(summary),
        notes=result.notes,
        starting_cash=wording.usd(result.starting_cash),
        metrics=metric_table(summary),
        comparisons=comparison_table(summary),
        inputs=input_table(summary),
        quotes=quote_table(summary),
        dropped=wording.dropped_line(summary["chains"]["dropped"]) if "chains" in summary else "",
        quoted_title=wording.quoted_title(summary["chains"]) if "chains" in summary else "",
        trades=trade_counts(result),
        layers=layer_rows(result),
        signals=signal_rows(summary),
        journal=journal_table(result),
        journal_total=f"{sum(len(run.journal) for run in result.runs):,}",
        journal_columns=("date", "variant", *JOURNAL_COLUMNS),
        figures=[
            (title, alt, base64.b64encode(figures[name]).decode())
            for name, title, alt in _FIGURES
            if name in figures
        ],
        settings=json.dumps(summary["settings"], indent=2, sort_keys=True, ensure_ascii=False),
    )


def metric_table(summary: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the rows of the metrics table: label, and each variant's value as text."""
    variants = summary["variants"].values()
    return [(label, [write(each[key]) for each in variants]) for key, label, write in wording.METRIC_ROWS]


def comparison_table(summary: Mapping[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the comparisons by metric: label, and a row a pair with its values as text."""
    table = []
    for metric, (label, write) in wording.COMPARED_ROWS.items():
        rows = [
            {
                "pair": f"{row['a']} less {row['b']}",
                "difference": write(row["difference"]),
                "interval": wording.interval(row, write),
                "p_value": wording.p_value(row["p_value"]),
                "excludes_zero": row["ci_low"] is not None and (row["ci_low"] > 0 or row["ci_high"] < 0),
                "method": row["method"],
            }
            for row in summary["comparisons"]
            if row["metric"] == metric
        ]
        table.append((label, rows))
    return table


def input_table(summary: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the rows of the provenance table: input, and its share of days of each kind as text."""
    return [
        (wording.input_name(key), [wording.share_of_days(shares.get(kind, 0.0)) for kind in _KINDS])
        for key, shares in summary["inputs"].items()
    ]


def quote_table(summary: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the rows of the table of real quotes: label, and each variant's value; empty without chains."""
    if "chains" not in summary:
        return []
    variants = summary["chains"]["variants"].values()
    return [(label, [write(each[key]) for each in variants]) for key, label, write in wording.QUOTE_ROWS]


def trade_counts(result: ComparisonResult) -> list[tuple[str, str, str, dict[str, int]]]:
    """Return how often each layer traded: variant, book, layer, rows by action, in order of first use."""
    counts: list[tuple[str, str, str, dict[str, int]]] = []
    for run in result.runs:
        trades = run.trades.assign(layer=run.trades["layer"].astype("str").fillna("-"))
        for (book, layer), rows in trades.groupby(["book", "layer"], sort=False):
            by_action = rows["action"].value_counts().to_dict()
            counts.append(
                (run.variant, str(book), str(layer), {str(key): int(by_action[key]) for key in by_action})
            )
    return counts


def layer_rows(result: ComparisonResult) -> list[tuple[str, str, str, str, str]]:
    """Return what each hedge's layers realised: variant, layer, reason of the close, count, USD."""
    found = []
    for run in result.runs:
        table = layer_table(run.trades)
        columns = (table[name].tolist() for name in ("layer", "reason", "closes", "pnl_usd"))
        for layer, reason, closes, pnl in zip(*columns, strict=True):
            found.append((run.variant, layer, reason, f"{closes:,}", wording.usd(pnl)))
    return found


def signal_rows(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the market-wide signals that were unavailable on some sessions: name, share of the days."""
    shares = summary["signals_unavailable"]
    return [(name, wording.share_of_days(share)) for name, share in shares.items() if share > 0.0]


def journal_table(result: ComparisonResult) -> list[list[str]]:
    """Return the last journal rows of the hedges by date, as text; of the condors where there is no hedge."""
    hedged = [run.journal[run.journal["book"] == "hedge"].assign(variant=run.variant) for run in result.runs]
    shown = (
        hedged
        if any(len(rows) for rows in hedged)
        else [run.journal.assign(variant=run.variant) for run in result.runs]
    )
    parts = [rows.tail(_JOURNAL_ROWS) for rows in shown if len(rows)]
    if not parts:
        return []
    rows = pd.concat(parts).sort_values("date", kind="stable").tail(_JOURNAL_ROWS)
    return [
        [_cell(value) for value in row]
        for row in rows[["date", "variant", *JOURNAL_COLUMNS]].itertuples(index=False)
    ]


def _cell(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if value is None or value != value:
        return ""
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
