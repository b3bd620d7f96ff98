"""A validation in the terminal: a headline in words, then tables that are whole in 80 columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from alvh_bt.report import wording

#: Files that are listed one by one; a folder of monthly files may hold hundreds.
_LISTED: Final = 20

#: Months of each index that are shown; validate.json has ten.
_WORST: Final = 3


def print_validation(summary: Mapping[str, Any], console: Console) -> None:
    """Print the headline, the tables, what was left out and the notes.

    Parameters
    ----------
    summary
        What `validation.results.validation_summary` gave.
    console
        Where to; its width decides the wrapping, never more than 100 columns are used.
    """
    width = min(console.width, 100)
    before: RenderableType = ""
    for part in validation_parts(summary):
        if isinstance(part, Table) or isinstance(before, Table):
            console.print()
        console.print(part, width=width, highlight=False)
        before = part


def validation_parts(summary: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield the lines and tables that `print_validation` prints, in order."""
    window = summary["window"]
    yield Text(f"{window['start']} to {window['end']}, {window['sessions']:,} sessions", style="bold")
    for sentence in validation_headline(summary):
        yield Text(f"- {sentence}")
    yield _anchors(summary["anchors_detail"])
    if summary["quotes"]:
        yield _quotes(summary)
        yield _buckets(summary)
    if summary["indices"]:
        yield _indices(summary["indices"])
        yield _worst(summary["indices"])
    if summary["vxth"]:
        yield _vxth(summary["vxth"])
    if summary["etps"]:
        yield _etps(summary["etps"])
    for title, sentences in (("Left out: ", summary["left_out"]), ("Note: ", summary["notes"])):
        for sentence in sentences:
            yield Text.assemble((title, "bold"), sentence)


def validation_headline(summary: Mapping[str, Any]) -> list[str]:
    """Return what was found, a plain sentence a part."""
    sentences = []
    known = {name: miss for name, miss in summary["anchors"].items() if miss is not None}
    if known:
        name = max(known, key=lambda each: known[each])
        sentences.append(
            f"The model's option prices give back {', '.join(known)} within "
            f"{math.ceil(1000.0 * known[name]) / 1000.0:.3f} vol points."
        )
    overall = summary["quotes_overall"]
    if overall and overall["n"]:
        sentences.append(
            f"SPX smile: {overall['mae_vol_points']:.2f} vol points from {overall['n']:,} quotes on the mean "
            f"(bias {overall['bias_vol_points']:+.2f}); "
            f"{wording.percent(overall['inside_spread'], 0)} of model prices inside bid and ask"
            f"{_range_of_files(summary['quotes'])}."
        )
    for name, figures in summary["indices"].items():
        sentences.append(
            f"{name}: {figures['months']} months, correlation {_correlation(figures['correlation'])}, "
            f"{wording.percent(figures['annual_program'], 1)} a year against "
            f"{wording.percent(figures['annual_index'], 1)}."
        )
    vxth = summary["vxth"]
    if vxth:
        sentences.append(
            f"VIX calls that VXTH held: the model is {wording.percent(vxth['median_abs_rel_error'], 1)} from "
            f"their mid on the median of {vxth['days']:,} days; it picks the same strike at "
            f"{wording.percent(vxth['same_strike'], 0)} of {vxth['rolls']} rolls."
        )
    for name, figures in summary["etps"].items():
        sentences.append(
            f"{name}: weekly returns of the rolled VIX futures correlate "
            f"{_correlation(figures['correlation_weekly'])}."
        )
    return sentences


def _range_of_files(files: Mapping[str, Any]) -> str:
    """Return the least and the largest share inside bid and ask of files on the S&P 500, where there are two.

    >>> files = {"a": 0.05, "b": 0.8, "c": 0.1}
    >>> _range_of_files({k: {"underlying": "SPX", "inside_spread": v} for k, v in files.items()})
    ' (5% to 80% by file)'
    """
    shares = [each["inside_spread"] for each in files.values() if each["underlying"] == "SPX"]
    if len(shares) < 2:
        return ""
    return f" ({wording.percent(min(shares), 0)} to {wording.percent(max(shares), 0)} by file)"


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        pad_edge=False,
        show_edge=False,
        collapse_padding=True,
        show_header=any(columns),
    )
    # A long file name folds; figures never do.
    table.add_column(columns[0], overflow="fold", min_width=12)
    for name in columns[1:]:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _correlation(value: float | None) -> str:
    return wording.UNDEFINED if value is None else f"{value:.4f}"


def _points(value: float | None, form: str = ".2f") -> str:
    return wording.UNDEFINED if value is None else format(value, form)


def _anchors(detail: Mapping[str, Any]) -> Table:
    table = _table(
        "Published indices from the model's prices, vol points", "", "days", "mean miss", "largest", "on"
    )
    for name, miss in detail.items():
        row = (
            _points(miss["mean"], ".4f"),
            _points(miss["largest"], ".4f"),
            miss["day"] or wording.UNDEFINED,
        )
        table.add_row(name, f"{miss['days']:,}", *row)
    return table


def _quotes(summary: Mapping[str, Any]) -> Table:
    columns = ("quotes", "mean abs", "median", "bias", "inside")
    table = _table(
        "Model less quoted implied volatility, vol points; share of model prices inside bid and ask",
        "",
        *columns,
    )
    files = sorted(summary["quotes"].items(), key=lambda each: -each[1]["n"])
    for name, figures in sorted(files[:_LISTED]):
        table.add_row(name, *_quote_row(figures))
        if "vix_options" in figures:
            table.add_row(f"{name}, VIX options", *_quote_row(figures["vix_options"]))
    if len(files) > _LISTED:
        table.add_row(f"and {len(files) - _LISTED} files more, in validate.json", *[""] * len(columns))
    if summary["quotes_overall"]["n"]:
        table.add_section()
        table.add_row("all on the S&P 500", *_quote_row(summary["quotes_overall"]))
    return table


def _quote_row(figures: Mapping[str, Any]) -> list[str]:
    return [
        f"{figures['n']:,}",
        *(_points(figures[name]) for name in ("mae_vol_points", "median_vol_points")),
        _points(figures["bias_vol_points"], "+.2f"),
        wording.percent(figures["inside_spread"], 0),
    ]


def _buckets(summary: Mapping[str, Any]) -> Table:
    """Return the errors by delta and days, of all files on the S&P 500 or else of the first file."""
    overall = summary["quotes_overall"]
    buckets = overall["buckets"] or next(iter(summary["quotes"].values()))["buckets"]
    days = sorted({(each["dte_from"], each["dte_to"]) for each in buckets})
    table = _table(
        "Mean absolute error (bias) by delta and days to expiry, vol points",
        "",
        *(f"{low}-{high} days" for low, high in days),
    )
    found = {(each["right"], each["delta_from"], each["dte_from"]): each for each in buckets}
    edges = {(each["delta_from"], each["delta_to"]) for each in buckets}
    for right, name in ((-1, "put"), (1, "call")):
        for low, high in sorted(edges, reverse=right > 0):
            cells = [found.get((right, low, first)) for first, _ in days]
            texts = [f"{each['mae']:.2f} ({each['bias']:+.2f})" if each else "" for each in cells]
            table.add_row(f"{name} {low:.2f}-{high:.2f}", *texts)
    return table


def _indices(indices: Mapping[str, Any]) -> Table:
    columns = ("months", "correlation", "tracking error", "program", "index")
    return _figures(
        "Cboe's indices by this program: monthly correlation and tracking error, annual returns",
        indices,
        columns,
        {
            "months": wording.whole,
            "correlation": _correlation,
            "tracking_error_monthly": wording.percent,
            "annual_program": wording.percent,
            "annual_index": wording.percent,
        },
    )


def _figures(
    title: str,
    rows: Mapping[str, Any],
    columns: tuple[str, ...],
    shown: Mapping[str, Callable[[float | None], str]],
) -> Table:
    table = _table(title, "", *columns)
    for name, figures in rows.items():
        table.add_row(name, *(write(figures[key]) for key, write in shown.items()))
    return table


def _worst(indices: Mapping[str, Any]) -> Table:
    """Return the worst months of each index beside those of the program."""
    table = _table("Worst months of the index", "", "month", "index", "program")
    for name, figures in indices.items():
        for each in figures["worst"][:_WORST]:
            returns = (wording.percent(each[side], 1) for side in ("index", "program"))
            table.add_row(name, each["month"], *returns)
    return table


def _vxth(vxth: Mapping[str, Any]) -> Table:
    table = _table("VXTH: the VIX calls that Cboe's tail hedge index held", "", "")
    rows = (
        ("rolls", wording.whole(vxth["rolls"])),
        (
            "same strike at 0.30 delta (open of the roll day / its close)",
            _pair(vxth, "same_strike", "same_strike_at_close"),
        ),
        ("strike within one listed step", wording.percent(vxth["within_one_step"], 0)),
        ("share of the portfolio by rule agrees", wording.percent(vxth["weight_agrees"], 0)),
        (
            "days with a quoted call / with a mid from 0.50",
            f"{vxth['days']:,} / {vxth['days_from_half_a_point']:,}",
        ),
        (
            "median absolute error of the mid (with a bid / from 0.50)",
            _pair(vxth, "median_abs_rel_error", "median_abs_rel_error_from_half_a_point", 1),
        ),
        (
            "the same over all mids, those without a bid included",
            wording.percent(vxth["median_abs_rel_error_all_mids"], 1),
        ),
        (
            "model inside bid and ask",
            f"{wording.percent(vxth['inside_spread'], 0)} of {vxth['days_quoted']:,}",
        ),
        ("index by rule: correlation of months", f"{_correlation(vxth['index_correlation_monthly'])}"),
        ("return a year, program / index", _pair(vxth, "annual_program", "annual_index", 2)),
    )
    for row in rows:
        table.add_row(*row)
    return table


def _pair(figures: Mapping[str, Any], first: str, second: str, digits: int = 0) -> str:
    return f"{wording.percent(figures[first], digits)} / {wording.percent(figures[second], digits)}"


def _etps(etps: Mapping[str, Any]) -> Table:
    return _figures(
        "Rolled VIX futures against the funds: correlation of returns, annual returns",
        etps,
        ("days", "daily", "daily from 2021", "weekly", "roll", "fund"),
        {
            "days": wording.whole,
            "correlation_daily": _correlation,
            "correlation_daily_since_2021": _correlation,
            "correlation_weekly": _correlation,
            "annual_roll": wording.percent,
            "annual_etp": wording.percent,
        },
    )
