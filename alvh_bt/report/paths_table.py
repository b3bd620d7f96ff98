"""The comparison over resampled histories in words and rows, for the terminal and the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from alvh_bt.analysis.focus import focus_of
from alvh_bt.report import wording

#: Headings of `pair_rows` and of `variant_rows`.
PAIR_HEADINGS: Final = ("", "median", "5% to 95%", "better on", "real history")
VARIANT_HEADINGS: Final = ("", "median", "5% to 95%", "finished", "real history")

#: Below this many paths a twentieth of them is not even one.
_FEW: Final = 20
#: How each metric of the paths is told in a sentence.
_DID: Final = {
    "cagr": "grew faster",
    "max_drawdown": "had the shallower worst drawdown",
    "hedge_decay": "bled less",
}
_LABELS: Final = {key: label for key, label, _ in wording.METRIC_ROWS}


def told_pairs(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pairs that are told: the variant that the comparison is about, with every other one."""
    names = list(figures["variants"])
    focus = focus_of(names)
    return [(focus, name) for name in names if name != focus]


def pair_figures(figures: Mapping[str, Any], a: str, b: str, metric: str) -> dict[str, Any]:
    """Return the row of `figures["pairs"]` on a pair and metric, turned so that it says `a` less `b`.

    Of a turned row, `share` and its interval are left out: a share of paths on which `a` did worse is not
    one less that on which it did better, where some were equal.

    Examples
    --------
    >>> row = {"a": "x", "b": "y", "metric": "cagr", "paths": 3, "median": 0.1, "p5": -0.2, "p95": 0.5}
    >>> row |= {"real": None, "better": 2, "worse": 1}
    >>> turned = pair_figures({"pairs": [row]}, "y", "x", "cagr")
    >>> turned["median"], turned["p5"], turned["p95"], turned["better"], turned["worse"]
    (-0.1, -0.5, 0.2, 1, 2)
    """
    for row in figures["pairs"]:
        if (row["a"], row["b"], row["metric"]) == (a, b, metric):
            return dict(row)
        if (row["a"], row["b"], row["metric"]) == (b, a, metric):
            low, high = _minus(row["p95"]), _minus(row["p5"])
            kept = {"metric": metric, "paths": row["paths"], "better": row["worse"], "worse": row["better"]}
            told = {"median": _minus(row["median"]), "p5": low, "p95": high, "real": _minus(row["real"])}
            return {"a": a, "b": b, **kept, **told}
    raise KeyError(f"no pair of {a} and {b} on {metric}")


def path_sentences(figures: Mapping[str, Any]) -> list[str]:
    """Return what the paths show, plain sentences, with what they cannot show."""
    window, count = figures["window"], figures["paths"]
    sentences = [
        f"{count} resampled {_histories(count)} of {window['start']} to {window['end']}: its own days in "
        f"another order, in blocks of {figures['block']} sessions on average, joined at like days."
    ]
    sentences += [_beaten(figures, a, b) for a, b in told_pairs(figures)]
    for name, variant in figures["variants"].items():
        if variant["stopped"]:
            first = variant["stopped"][0]
            sentences.append(
                f"{name} stopped early on {len(variant['stopped'])} of {count}, which are not compared; "
                f"the first: {first['reason']}."
            )
    if count < _FEW:
        sentences.append(f"So few {_histories(count)} tell little of what happens once in twenty.")
    sentences.append("All are made of the days of one history: what never happened is not in them.")
    return sentences


def _beaten(figures: Mapping[str, Any], a: str, b: str) -> str:
    rows = [pair_figures(figures, a, b, metric) for metric in _DID]
    if not rows[0]["paths"]:
        return f"{a} and {b} never both reached the end."
    # A hedge that is never there bleeds nothing: against none there is no question.
    asked = [row for row in rows if not (row["metric"] == "hedge_decay" and "none" in (a, b))]
    parts = [f"{_DID[row['metric']]} on {row['better']}" for row in asked]
    parts[0] = f"{parts[0]} of {rows[0]['paths']}"
    growth, write = rows[0], wording.points
    return (
        f"Against {b}, {a} {', '.join(parts[:-1])} and {parts[-1]}; in CAGR by {write(growth['median'])} "
        f"points on the median ({write(growth['p5'])} to {write(growth['p95'])} on nine in ten"
        + (f"; {write(growth['real'])} on the real history)." if growth["real"] is not None else ").")
    )


def pair_rows(figures: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the metric's label and the cells of `PAIR_HEADINGS`, metric by metric, the told pairs of each."""
    for metric in _DID:
        label, write = wording.COMPARED_ROWS[metric]
        for a, b in told_pairs(figures):
            row = pair_figures(figures, a, b, metric)
            better = f"{row['better']} of {row['paths']}"
            yield label, (f"{a} less {b}", *_cells(row, write), better, write(row["real"]))


def variant_rows(figures: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the metric's label and the cells of `VARIANT_HEADINGS`, metric by metric, every variant."""
    for metric in _DID:
        for name, variant in figures["variants"].items():
            row, finished = variant[metric], f"{variant['finished']} of {figures['paths']}"
            cells = _cells(row, wording.percent)
            yield _LABELS[metric], (name, *cells, finished, wording.percent(row["real"]))


def history_line(figures: Mapping[str, Any]) -> str:
    """Return what the resampled histories were like beside the real one, in one line."""
    of = figures["histories"]
    parts = []
    for name, what, write in (
        ("spx_cagr", "S&P 500 a year", wording.percent),
        ("spx_drawdown", "its deepest fall", wording.percent),
        ("vix_mean", "mean VIX", _level),
        ("vix_max", "highest VIX", _level),
    ):
        row = of[name]
        parts.append(f"{what} {write(row['p5'])} to {write(row['p95'])} (real {write(row['real'])})")
    return "; ".join(parts)


def paths_tables(figures: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield the tables and lines that `print_paths` prints, in order."""
    yield from (Text(sentence) for sentence in path_sentences(figures))
    yield _table("Differences over the resampled histories", PAIR_HEADINGS, pair_rows(figures))
    yield _table("Each hedge over the resampled histories", VARIANT_HEADINGS, variant_rows(figures))
    yield Text.assemble(("Resampled histories, 5% to 95%: ", "bold"), history_line(figures))


def print_paths(figures: Mapping[str, Any], console: Console) -> None:
    """Print what the paths show.

    Parameters
    ----------
    figures
        What `analysis.path_figures.path_figures` gave.
    console
        Where to; never more than 100 columns are used.
    """
    width = min(console.width, 100)
    for part in paths_tables(figures):
        console.print(part, width=width, highlight=False)


def _table(title: str, headings: tuple[str, ...], rows: Iterator[tuple[str, tuple[str, ...]]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    table.add_column(headings[0])
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    told = ""
    for label, cells in rows:
        if label != told:
            if told:
                table.add_section()
            table.add_row(Text(label, style="bold"))
            told = label
        table.add_row(f"  {cells[0]}", *cells[1:])
    return table


def _cells(row: Mapping[str, Any], write: Any) -> tuple[str, str]:
    if row["median"] is None:
        return wording.UNDEFINED, wording.UNDEFINED
    return write(row["median"]), f"{write(row['p5'])} to {write(row['p95'])}"


def _level(value: float | None) -> str:
    return wording.UNDEFINED if value is None else f"{value:.1f}"


def _histories(count: int) -> str:
    return "history" if count == 1 else "histories"


def _minus(value: float | None) -> float | None:
    return None if value is None else -value
