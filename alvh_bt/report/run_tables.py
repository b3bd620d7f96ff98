"""The tables that every report has, as text: metrics, differences, inputs, quotes, trades, journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from alvh_bt.analysis.layers import layer_table
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.report import wording
from alvh_bt.report.page_tables import TextTable

#: Columns of `journal_table`.
JOURNAL_TITLES: Final = (
    *("date", "variant", "layer", "event", "reason", "contracts", "price, points", "cost, USD"),
    *("IRR without", "IRR with"),
)
_JOURNAL: Final = (
    *("date", "variant", "layer", "event", "reason", "contracts", "price", "cost_usd"),
    *("irr_without", "irr_with"),
)
_JOURNAL_ROWS: Final = 50
_KINDS: Final = ("observed", "repaired", "modelled", "unavailable")
_ACTIONS: Final = ("open", "close", "roll", "settle")


def metric_table(summary: Mapping[str, Any]) -> TextTable:
    """Return the metrics: a row a metric, a column a variant."""
    variants = summary["variants"]
    rows = [
        [label, *(write(each[key]) for each in variants.values())]
        for key, label, write in wording.METRIC_ROWS
    ]
    return TextTable(("", *variants), rows)


def comparison_table(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the comparisons by metric: label, and a row a pair with its values as text."""
    table = []
    for metric, (label, write) in wording.COMPARED_ROWS.items():
        shown = [
            {
                "pair": f"{row['a']} less {row['b']}",
                "difference": write(row["difference"]),
                "interval": wording.interval(row, write),
                "p_value": wording.p_value(row["p_value"]),
                "p_adjusted": wording.p_value(row.get("p_adjusted")),
                "excludes_zero": row["ci_low"] is not None and (row["ci_low"] > 0 or row["ci_high"] < 0),
                "method": row["method"],
            }
            for row in rows
            if row["metric"] == metric
        ]
        if shown:
            table.append((label, shown))
    return table


def input_table(summary: Mapping[str, Any]) -> TextTable:
    """Return where the inputs came from: share of days of each kind."""
    rows = [
        [wording.input_name(key), *(wording.share_of_days(shares.get(kind, 0.0)) for kind in _KINDS)]
        for key, shares in summary["inputs"].items()
    ]
    return TextTable(("Input", *(kind.capitalize() for kind in _KINDS)), rows)


def quote_table(summary: Mapping[str, Any]) -> TextTable | None:
    """Return what real quotes did by variant; None without chains."""
    if "chains" not in summary:
        return None
    variants = summary["chains"]["variants"]
    rows = [
        [label, *(write(each[key]) for each in variants.values())] for key, label, write in wording.QUOTE_ROWS
    ]
    return TextTable(("", *variants), rows)


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


def trade_table(result: ComparisonResult) -> TextTable:
    """Return the trades by variant, book and layer as text."""
    rows = [
        [variant, book, layer, *(f"{actions.get(action, 0):,}" for action in _ACTIONS)]
        for variant, book, layer, actions in trade_counts(result)
    ]
    return TextTable(("Variant", "Book", "Layer", *(action.capitalize() for action in _ACTIONS)), rows, 3)


def realised_table(result: ComparisonResult) -> TextTable | None:
    """Return what each hedge's layers realised, by reason of the close; None where nothing was closed."""
    rows = []
    for run in result.runs:
        table = layer_table(run.trades)
        columns = (table[name].tolist() for name in ("layer", "reason", "closes", "pnl_usd"))
        for layer, reason, closes, pnl in zip(*columns, strict=True):
            rows.append([run.variant, str(layer), str(reason), f"{closes:,}", wording.usd(pnl)])
    return TextTable(("Variant", "Layer", "Closed because", "Closes", "P&L, USD"), rows, 3) if rows else None


def signal_table(summary: Mapping[str, Any]) -> TextTable | None:
    """Return the market-wide signals that were unavailable on some sessions; None where all were heard."""
    shares = summary["signals_unavailable"]
    rows = [[name, wording.share_of_days(share)] for name, share in shares.items() if share > 0.0]
    return TextTable(("Signal", "Unavailable"), rows) if rows else None


def journal_table(result: ComparisonResult) -> tuple[list[list[str]], int]:
    """Return the last journal rows by date as text, the hedges' if there are any, and how many in all."""
    total = sum(len(run.journal) for run in result.runs)
    whole = [run.journal.assign(variant=run.variant) for run in result.runs if len(run.journal)]
    hedged = [part for rows in whole if len(part := rows[rows["book"] == "hedge"])]
    if not whole:
        return [], 0
    rows = pd.concat([part.tail(_JOURNAL_ROWS) for part in hedged or whole])
    rows = rows.sort_values("date", kind="stable").tail(_JOURNAL_ROWS)
    return [[_cell(value) for value in row] for row in rows[list(_JOURNAL)].itertuples(index=False)], total


def _cell(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if value is None or value != value:
        return ""
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
