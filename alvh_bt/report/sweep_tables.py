"""The tables of a sweep, for the page and for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from alvh_bt.report import sweep_wording as wording
from alvh_bt.report.page_tables import TextTable
from alvh_bt.report.sweep_wording import metric_label, metric_text, value_text
from alvh_bt.report.wording import percent, ratio, signed_ratio

_WALK_TITLES: Final = (
    *(
        "Past",
        "Chosen by",
        "Windows",
        "Out of sample",
        "CAGR",
        "Sharpe",
        "CAGR in sample",
        "Sharpe in sample",
    ),
    *("Median CAGR", "Median Sharpe", "Rival CAGR", "Rival Sharpe"),
)
#: Characters of a heading's line, and of the widest table.
_HEADING: Final = 12
_WIDEST: Final = 1000


def best_table(summary: Mapping[str, Any]) -> TextTable:
    """Return the winners: the metric, how much of each may be luck, values of the axes, other metrics."""
    metric, rival = summary["metric"], summary["rival"]
    others = [name for name in summary["metrics"] if name != metric]
    titles = ["Rank", "Configuration", metric_label(metric), "Deflated Sharpe", "Neighbours that win"]
    titles += ["At equal cost, USD a year"] if rival else []
    rows = [
        [
            *(str(rank), str(row["configuration"]), metric_text(metric, row["metrics"][metric])),
            *(ratio(row["deflated_sharpe"]), wording.share_text(row)),
            *([metric_text("pnl_usd", row["gain_usd_a_year"])] if rival else []),
            *(value_text(row["values"][name]) for name in summary["axes"]),
            *(metric_text(name, row["metrics"][name]) for name in others),
        ]
        for rank, row in enumerate(summary["best"], 1)
    ]
    return TextTable([*titles, *summary["axes"], *map(metric_label, others)], rows, 0)


def front_table(summary: Mapping[str, Any]) -> TextTable:
    """Return the listed configurations of the Pareto front."""
    titles = ["Configuration", *summary["axes"], *map(metric_label, summary["objectives"])]
    rows = [
        [
            str(row["configuration"]),
            *(value_text(row["values"][name]) for name in summary["axes"]),
            *(metric_text(name, row["metrics"][name]) for name in summary["objectives"]),
        ]
        for row in summary["pareto"]
    ]
    return TextTable(titles, rows, 0)


def sensitivity_table(summary: Mapping[str, Any], metric: str) -> TextTable:
    """Return what each axis does to a metric, the most telling first."""
    rows = [
        [
            effect["axis"],
            _explained(effect["share"]),
            signed_ratio(effect["rank_correlation"]),
            str(effect["best"]),
            metric_text(metric, effect["best_median"]),
            str(effect["worst"]),
            metric_text(metric, effect["worst_median"]),
        ]
        for effect in summary["sensitivity"][metric]
    ]
    titles = ("Axis", "Explains", "Rank correlation", "Best at", "Median there", "Worst at", "Median there")
    return TextTable(titles, rows)


def walk_table(summary: Mapping[str, Any]) -> TextTable | None:
    """Return the walk-forward results; None where there are none."""
    rows = [
        [
            row["scheme"],
            metric_label(row["metric"]),
            str(row["windows"]),
            f"{row['start']} to {row['end']}",
            *(
                write(row[f"{who}{name}"])
                for who in ("", "in_sample_", "median_", "rival_")
                for name, write in (("cagr", percent), ("sharpe", ratio))
            ),
        ]
        for row in summary["walk_forward"]["rows"]
    ]
    return TextTable(_WALK_TITLES, rows, 2) if rows else None


def print_sweep(summary: Mapping[str, Any], console: Console) -> None:
    """Print headline, winners, luck, Pareto front and sensitivity.

    Parameters
    ----------
    summary
        What `sweep.summary.tell_sweep` gave.
    console
        Where to; its width decides the wrapping.
    """
    for part in sweep_tables(summary):
        print_whole(part, console)


def sweep_tables(summary: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield the tables and lines that `print_sweep` prints, in order."""
    for k, sentence in enumerate(wording.sweep_headline(summary)):
        yield Text(sentence, style="bold" if k == 0 else "")
    title = f"Best of {summary['hedge']} by {metric_label(summary['metric'])}"
    yield rich_table(title, best_table(summary))
    yield Text("How much of the first may be luck", style="bold")
    for sentence in wording.luck_sentences(summary):
        yield Text(f"- {sentence}")
    front = front_table(summary)
    listed = f", {len(front.rows)} of them" if len(front.rows) < summary["pareto_size"] else ""
    objectives = ", ".join(metric_label(name) for name in summary["objectives"])
    yield rich_table(f"Pareto front: {summary['pareto_size']:,} configurations{listed} ({objectives})", front)
    metric = summary["metric"]
    yield rich_table(f"What each axis does to {metric_label(metric)}", sensitivity_table(summary, metric))


def rich_table(title: str, data: TextTable) -> Table:
    """Return a table for the terminal: headings stand on several lines, figures always on one."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for k, heading in enumerate(data.columns):
        table.add_column(_stacked(heading), justify="left" if k < data.words else "right", no_wrap=True)
    for row in data.rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def query_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """Return what a query gave, as a table for the terminal; absent values are blank."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(Text(name), no_wrap=True)
    for row in rows:
        table.add_row(*(Text("" if value is None else value_text(value)) for value in row))
    return table


def print_whole(part: RenderableType, console: Console) -> None:
    """Print a table as wide as its figures need, text as wide as the terminal."""
    before = console.width
    if isinstance(part, Table):
        options = console.options.update(max_width=_WIDEST)
        console.width = max(before, Measurement.get(console, options, part).maximum)
    console.print(part, highlight=False)
    console.width = before


def _stacked(heading: str) -> Text:
    """Return a heading in lines of a few words, a dotted setting broken after its group."""
    group, dot, setting = heading.partition(".")
    if dot and " " not in heading:
        return Text(f"{group}.\n{setting}")
    return Text("\n".join(textwrap.wrap(heading, _HEADING, break_long_words=False)))


def _explained(share: float | None) -> str:
    return percent(None if share is None else max(share, 0.0), 0)
