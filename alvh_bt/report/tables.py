"""The comparison in the terminal: within 100 columns, and as clear without colour as with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from alvh_bt.analysis.focus import focus_of
from alvh_bt.report import wording
from alvh_bt.report.headline import headline

_SHOWN: Final = (
    "pnl_usd",
    "cagr",
    "sharpe",
    "max_drawdown",
    "max_drawdown_days",
    "cvar_95",
    "hedge_pnl_usd",
    "hedge_pnl_worst_usd",
    "hedge_decay",
    "decay_to_theta",
    "costs_usd",
    "condor_pnl_usd",
)
_COMPARED: Final = ("cagr", "max_drawdown")
# Four columns of figures beside their labels fit an old terminal; more variants go into a further table.
_ABREAST: Final = 4
# All pairs of five variants.
_PAIRS_AT_MOST: Final = 10


def print_comparison(summary: Mapping[str, Any], console: Console) -> None:
    """Print the metrics, the comparisons, the inputs, what stands on quotes, and the runs that stopped.

    Parameters
    ----------
    summary
        What `analysis.summary.summarise` gave.
    console
        Where to; its width decides the wrapping, never more than 100 columns are used.
    """
    width = min(console.width, 100)
    for part in comparison_tables(summary):
        console.print(part, width=width, highlight=False)


def comparison_tables(summary: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield the tables and lines that `print_comparison` prints, in order."""
    for k, sentence in enumerate(headline(summary)):
        yield Text(sentence, style="bold" if k == 0 else "")
    names = list(summary["variants"])
    for first in range(0, len(names), _ABREAST):
        yield _metrics(summary, names[first : first + _ABREAST])
    if summary["comparisons"]:
        yield _comparisons(summary)
    if summary.get("matched", {}).get("scales"):
        yield _matched(summary["matched"])
    own = {crisis["name"] for crisis in summary["settings"].get("crises", ())}
    for crisis in summary["crises"]:
        if crisis["name"] in own:
            yield _crisis(crisis)
    for kind in ("modelled", "repaired", "unavailable"):
        line = wording.inputs_line(summary["inputs"], kind)
        if kind == "modelled" or line != "none":
            yield Text.assemble((f"Inputs {kind}: ", "bold"), line)
    if "chains" in summary:
        yield _quotes(summary["chains"])
        yield Text.assemble(("Quotes dropped: ", "bold"), wording.dropped_line(summary["chains"]["dropped"]))
    for name, variant in summary["variants"].items():
        if variant["stopped"]:
            yield Text.assemble(
                (f"{name} stopped early (figures end there; pairs on common days): ", "bold red"),
                variant["stopped"],
            )


def _metrics(summary: Mapping[str, Any], names: list[str]) -> Table:
    window = summary["window"]
    table = Table(
        title=f"{window['start']} to {window['end']}, {window['sessions']:,} sessions",
        box=box.SIMPLE_HEAD,
        title_justify="left",
        pad_edge=False,
    )
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    variants = summary["variants"]
    for key, label, write in wording.METRIC_ROWS:
        if key in _SHOWN:
            values = [write(variants[name][key]) for name in names]
            if key == "condor_pnl_usd" and _same([each[key] for each in variants.values()]):
                values = [values[0], *["same"] * (len(names) - 1)]
            table.add_row(label, *values)
    return table


def _quotes(chains: Mapping[str, Any]) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title=wording.quoted_title(chains), title_justify="left"
    )
    table.add_column("")
    for name in chains["variants"]:
        table.add_column(name, justify="right", no_wrap=True)
    for key, label, write in wording.QUOTE_ROWS:
        table.add_row(label, *(write(each[key]) for each in chains["variants"].values()))
    return table


def _same(values: list[float]) -> bool:
    # Two variants' condor books are the same fills added up in the same order; a cent allows for rounding.
    return len(values) > 1 and max(values) - min(values) < 0.01


def _comparisons(summary: Mapping[str, Any]) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title="Differences, 90% interval", title_justify="left"
    )
    table.add_column("")
    for metric in _COMPARED:
        table.add_column(wording.COMPARED_ROWS[metric][0], justify="right", no_wrap=True)
    pairs: dict[str, list[str]] = {}
    shown = _shown_pairs(summary)
    for row in summary["comparisons"]:
        if row["metric"] in _COMPARED and (row["a"], row["b"]) in shown:
            write = wording.COMPARED_ROWS[row["metric"]][1]
            low_high = wording.interval(row, write)
            text = write(row["difference"]) + (f" ({low_high})" if low_high != wording.UNDEFINED else "")
            pairs.setdefault(f"{row['a']} less {row['b']}", []).append(text)
    for pair, values in pairs.items():
        table.add_row(pair, *values)
    if len(shown) < len({(row["a"], row["b"]) for row in summary["comparisons"]}):
        table.caption = "the other pairs stand in report.html and summary.json (--out)"
    return table


def _matched(matched: Mapping[str, Any]) -> Table:
    """Return the hedges scaled to the reference: how much of each, and what it then did."""
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title=wording.matched_title(matched), title_justify="left"
    )
    for column in ("", "Size", "CAGR", "Max drawdown", "Hedge P&L, USD"):
        table.add_column(column, justify="left" if not column else "right", no_wrap=True)
    for name, each in matched["variants"].items():
        scale = matched["scales"].get(name, 1.0)
        values = (wording.percent(each["cagr"]), wording.percent(each["max_drawdown"]))
        table.add_row(name, f"x {scale:.2f}", *values, wording.usd(each["hedge_pnl_usd"]))
    return table


def _crisis(crisis: Mapping[str, Any]) -> Table:
    """Return a crisis of the user's own; the named ones stand in the report."""
    title = (
        f"{crisis['name']}: {crisis['start']} to {crisis['end']}, {crisis['sessions']} sessions, S&P 500 "
        f"{wording.percent(crisis['spx_return'])}, highest VIX {wording.ratio(crisis['vix_peak'])}"
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for column in ("", "Condor P&L", "Hedge P&L", "Drawdown", "without it", "since the last"):
        table.add_column(column, justify="left" if not column else "right", no_wrap=True)
    for name, each in crisis["variants"].items():
        if each is not None:
            money = [wording.usd(each[key]) for key in ("condor_pnl_usd", "hedge_pnl_usd")]
            falls = [wording.percent(each[key]) for key in ("drawdown", "drawdown_unhedged")]
            table.add_row(name, *money, *falls, wording.usd(each["cost_since_last_usd"]))
    table.caption = "USD; drawdown within the window, with the hedge and without; the hedge's P&L until then"
    return table


def _shown_pairs(summary: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the pairs that fit a terminal: of many variants, those with the focus or the first."""
    pairs = {(row["a"], row["b"]) for row in summary["comparisons"]}
    if len(pairs) <= _PAIRS_AT_MOST:
        return pairs
    names = list(summary["variants"])
    told = {focus_of(names), "none" if "none" in names else names[0]}
    return {pair for pair in pairs if told & set(pair)}
