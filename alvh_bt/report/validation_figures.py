"""The figures of a validation as PNG bytes: quotes, Cboe's indices, the tail hedge index, VIX funds."""

from __future__ import annotations

import re
from typing import Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from alvh_bt.contracts import calendar_date
from alvh_bt.report.picture import BLUE, DPI, GREY, ORANGE, PLAIN, STYLE, as_dates, legend, png_bytes
from alvh_bt.report.validation_quotes import quotes_picture
from alvh_bt.validation.results import ValidationResult
from alvh_bt.validation.vxth import VxthReplication

#: A folder of monthly files may hold hundreds: those with most quotes are drawn.
MOST_FILES: Final = 12


def draw_validation(result: ValidationResult) -> dict[str, bytes]:
    """Return the PNG bytes of every figure by file name; what was not compared has none."""
    pictures = {}
    with mpl.rc_context(STYLE):
        for file in sorted(result.quotes, key=lambda each: -each.main.n)[:MOST_FILES]:
            share = 100.0 * file.main.statistics()["inside_spread"]
            source = (
                f"{file.name}: {_counted(file.main.n, 'quote')} of {_counted(file.days, 'day')}, "
                f"0.02-0.60 delta, 5-100 days; "
                f"{share:.0f}% of the model's prices lie inside bid and ask."
            )
            pictures[quotes_figure(file.name)] = quotes_picture(file.name, file.main, file, source)
        if result.overall.n and len(result.quotes) > 1:
            source = (
                f"{len(result.quotes)} files, {_counted(result.overall.n, 'quote')} of options on the "
                "S&P 500, SPY's among them."
            )
            pictures["quotes_overall.png"] = quotes_picture("All files", result.overall, None, source)
        if result.indices:
            pictures["indices.png"] = _indices(result)
        if result.vxth is not None:
            pictures["vxth.png"] = _vxth(result.vxth)
        if result.etps:
            pictures["etps.png"] = _etps(result)
    return pictures


def quotes_figure(name: str) -> str:
    """Return the picture's file name for a file of quotes, in letters that every disk takes.

    >>> quotes_figure("spx 2011/chain.csv.gz")
    'quotes_spx_2011_chain.png'
    """
    bare = re.sub(r"\.(csv|gz|parquet|txt|zip)\b", "", name)
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", bare)
    return f"quotes_{plain}.png"


def _counted(count: int, thing: str) -> str:
    """Return how many there are of a thing.

    >>> _counted(1, "day"), _counted(1200, "day")
    ('1 day', '1,200 days')
    """
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _months_shown(tables: list[pd.DataFrame]) -> str:
    """Return the months that tables of monthly returns span together.

    >>> ends = pd.DatetimeIndex(["2010-01-29", "2010-02-26"])
    >>> _months_shown([pd.DataFrame({"index": [0.01, 0.02]}, index=ends)])
    '2 months, 2010-01 to 2010-02'
    """
    months = pd.DatetimeIndex(np.unique(np.concatenate([table.index for table in tables])))
    if months.empty:
        return "No whole month"
    return f"{_counted(len(months), 'month')}, {months[0]:%Y-%m} to {months[-1]:%Y-%m}"


def _days_shown(tables: list[pd.DataFrame]) -> str:
    """Return the first and the last date of tables of daily returns.

    >>> days = pd.DatetimeIndex(["2010-01-28", "2010-01-29"])
    >>> _days_shown([pd.DataFrame({"etp": [0.01, 0.02]}, index=days)])
    '2010-01-28 to 2010-01-29'
    """
    days = pd.DatetimeIndex(np.concatenate([table.index for table in tables]))
    return f"{days.min():%Y-%m-%d} to {days.max():%Y-%m-%d}"


def _indices(result: ValidationResult) -> bytes:
    """Draw a row an index: months against months, and what one dollar became in both."""
    found = result.indices
    figure = Figure(figsize=(11, 0.9 + 3.3 * len(found)), dpi=DPI)
    height = figure.get_figheight()
    figure.subplots_adjust(
        left=0.075, right=0.985, top=1.0 - 0.55 / height, bottom=0.75 / height, wspace=0.16, hspace=0.42
    )
    grid = figure.subplots(len(found), 2, squeeze=False, width_ratios=(1.0, 1.7))
    for (left, right), (name, each) in zip(grid, found.items(), strict=True):
        _scatter(left, each.months["index"], each.months["program"], f"{name}: months, %")
        left.set(xlabel="Cboe", ylabel="this program")
        _growth(right, each.months, {"index": ("Cboe", GREY), "program": ("this program", BLUE)})
        right.set_title(f"{name}: one dollar")
        legend(right)
    shown = _months_shown([each.months for each in found.values()])
    return png_bytes(figure, f"{shown}. Cboe's published month-end levels; condor manager, model and ledger.")


def _vxth(found: VxthReplication) -> bytes:
    figure = Figure(figsize=(12, 4.9), dpi=DPI)
    figure.subplots_adjust(left=0.065, right=0.985, top=0.87, bottom=0.17, wspace=0.15)
    left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.5))
    days = found.quoted_days
    points = left.scatter(
        days["mid"], days["model"], c=days["days_left"], s=7, cmap="viridis", alpha=0.7, linewidths=0
    )
    low, high = 0.05, 1.2 * float(days[["mid", "model"]].to_numpy().max(initial=1.0))
    left.plot([low, high], [low, high], color=GREY, linewidth=0.8)
    left.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
    left.set(xlabel="mid of the call that the index held, points", ylabel="model, points")
    for axis in (left.xaxis, left.yaxis):
        axis.set_major_formatter(PLAIN)
    left.set_title("VXTH: the held call, day by day", pad=10)
    bar = figure.colorbar(points, ax=left, pad=0.02)
    bar.set_label("days to expiry")
    bar.outline.set_visible(False)
    _growth(right, found.months, {"index": ("Cboe", GREY), "program": ("rule with the model's prices", BLUE)})
    right.set_title("VXTH: one dollar")
    legend(right)
    return png_bytes(figure, _vxth_source(found))


def _vxth_source(found: VxthReplication) -> str:
    """Return what both pictures show: the days of the quoted calls and the months."""
    days, months = found.quoted_days, _months_shown([found.months])
    if not len(days):
        return f"{months}; no day with a quoted call."
    first, last = (calendar_date(int(day)) for day in (days["day"].min(), days["day"].max()))
    error = 100.0 * found.statistics()["median_abs_rel_error"]
    return (
        f"{_counted(len(days), 'day')} with a quoted call, {first} to {last}; median absolute error "
        f"{error:.1f}% of the mid. {months}."
    )


def _etps(result: ValidationResult) -> bytes:
    """Draw a row a fund: weeks against weeks, and what one dollar became in both."""
    figure = Figure(figsize=(11, 0.9 + 3.3 * len(result.etps)), dpi=DPI)
    height = figure.get_figheight()
    figure.subplots_adjust(
        left=0.085, right=0.985, top=1.0 - 0.55 / height, bottom=0.75 / height, wspace=0.2, hspace=0.42
    )
    grid = figure.subplots(len(result.etps), 2, squeeze=False, width_ratios=(1.0, 1.7))
    for (left, right), each in zip(grid, result.etps, strict=True):
        _scatter(left, each.weekly["etp"], each.weekly["roll"], f"{each.name}: weeks, %")
        left.set(xlabel=each.name, ylabel="rolled futures")
        _growth(right, each.daily, {"etp": (each.name, GREY), "roll": ("rolled futures before fees", ORANGE)})
        right.set_yscale("log")
        right.yaxis.set_major_formatter(PLAIN)
        right.yaxis.set_minor_locator(NullLocator())
        right.set_title(f"{each.name}: one dollar (log scale)")
        legend(right)
    shown = _days_shown([each.daily for each in result.etps])
    return png_bytes(figure, f"{shown}. VIX futures settlements rolled by the S&P rule, with bill interest.")


def _scatter(axes: Axes, across: pd.Series, up: pd.Series, title: str) -> None:
    """Draw one series of returns against another, percent, and the line on which they agree."""
    x, y = 100.0 * across.to_numpy(), 100.0 * up.to_numpy()
    edge = 1.08 * float(np.abs(np.concatenate([x, y])).max(initial=1.0))
    axes.plot([-edge, edge], [-edge, edge], color=GREY, linewidth=0.8)
    axes.scatter(x, y, s=9, color=BLUE, alpha=0.55, linewidths=0)
    axes.set(xlim=(-edge, edge), ylim=(-edge, edge))
    axes.set_title(title)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PLAIN)


def _growth(axes: Axes, returns: pd.DataFrame, lines: dict[str, tuple[str, str]]) -> None:
    """Draw what one dollar became, by column of returns."""
    for column, (label, colour) in lines.items():
        level = np.cumprod(1.0 + returns[column].to_numpy())
        axes.plot(as_dates(returns.index), level, color=colour, label=label, linewidth=1.3)
    axes.yaxis.set_major_formatter(PLAIN)
