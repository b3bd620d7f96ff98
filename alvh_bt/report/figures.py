"""The figures of a comparison as PNG bytes: NAV, drawdown, hedge carry, VIX with layer entries.

Colours are those of Okabe and Ito (2008), which the colour-blind tell apart.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle, product
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.engine.results import RunResult
from alvh_bt.report.picture import BLACK, DPI, GREY, PLAIN, STYLE, as_dates, legend, png_bytes, raise_title
from alvh_bt.report.wording import FOCUS, inputs_line, usd

_NAMED: Final = {"none": BLACK, "static-calls": "#E69F00", "static-futures": "#009E73", FOCUS: "#0072B2"}
_OTHERS: Final = ("#D55E00", "#CC79A7", "#56B4E9", "#F0E442")
# Further hedges take the same colours with another dash, so that no two lines look alike.
_DASHES: Final = ("-", "--", ":")
_LAYERS: Final = (("one", "#56B4E9", "o", 14), ("two", "#E69F00", "^", 46), ("three", "#D55E00", "s", 46))
# More drawdown points than this paint one line over another: a short fall is a spike one pixel wide.
_DRAWDOWN_POINTS: Final = 450


def draw_figures(result: ComparisonResult) -> dict[str, bytes]:
    """Return the PNG bytes of every figure by file name; `overview.png` holds the four in one.

    Each has a source line with the window and what was modelled.
    """
    panels: dict[str, Callable[[Axes, ComparisonResult], None]] = {
        "nav.png": plot_nav,
        "drawdown.png": plot_drawdown,
        "hedge_carry.png": plot_hedge_carry,
        "vix_layers.png": plot_vix_layers,
    }
    source = source_line(result)
    pictures = {}
    further = (len(result.runs) - 1) // 4  # rows of a legend beyond the first
    with mpl.rc_context(STYLE):
        for name, plot in panels.items():
            figure = Figure(figsize=(9, 4.6), dpi=DPI)
            figure.subplots_adjust(left=0.085, right=0.985, top=0.87 - 0.05 * further, bottom=0.13)
            axes = figure.subplots()
            plot(axes, result)
            raise_title(axes)
            pictures[name] = png_bytes(figure, source)
        figure = Figure(figsize=(14, 9), dpi=100)
        room = {"top": 0.93 - 0.025 * further, "hspace": 0.3 + 0.06 * further}
        figure.subplots_adjust(left=0.055, right=0.985, bottom=0.085, wspace=0.13, **room)
        for axes, plot in zip(figure.subplots(2, 2).flat, panels.values(), strict=True):
            plot(axes, result)
            raise_title(axes)
        pictures["overview.png"] = png_bytes(figure, source)
    return pictures


def source_line(result: ComparisonResult) -> str:
    """Return the window, its sessions and the modelled inputs' share of days."""
    return (
        f"{result.start:%Y-%m-%d} to {result.end:%Y-%m-%d}, {result.sessions:,} sessions, "
        f"starting cash {usd(result.starting_cash)} USD. "
        f"Modelled inputs: {inputs_line(result.inputs, 'modelled')}."
    )


def plot_nav(axes: Axes, result: ComparisonResult) -> None:
    """Draw NAV by variant, thousand USD, and the starting cash."""
    axes.axhline(result.starting_cash / 1e3, color=GREY, linewidth=0.8, linestyle=":")
    _lines(axes, result, lambda run: run.daily["nav"].to_numpy() / 1e3)
    axes.set_title("Net asset value by hedge")
    axes.set_ylabel("thousand USD")
    axes.yaxis.set_major_formatter(PLAIN)


def plot_drawdown(axes: Axes, result: ComparisonResult) -> None:
    """Draw drawdown from the peak by variant, percent; a long window as the worst of some sessions."""
    step = max(1, result.sessions // _DRAWDOWN_POINTS)
    _lines(axes, result, lambda run: 100 * run.daily["drawdown"].to_numpy(), step)
    axes.set_title(
        "Drawdown from the running peak" + (f", worst of every {step} sessions" if step > 1 else "")
    )
    axes.set_ylabel("% of peak NAV")
    axes.yaxis.set_major_formatter(PLAIN)


def plot_hedge_carry(axes: Axes, result: ComparisonResult) -> None:
    """Draw the running sum of hedge carry by variant, thousand USD, before costs."""
    _lines(axes, result, lambda run: run.daily["hedge_carry"].cumsum().to_numpy() / 1e3)
    axes.set_title("Cumulative hedge carry (time and roll-down), before costs")
    axes.set_ylabel("thousand USD")
    axes.yaxis.set_major_formatter(PLAIN)


def plot_vix_layers(axes: Axes, result: ComparisonResult) -> None:
    """Draw VIX closes and, where the layered hedge was run, the days on which each layer was entered."""
    vix = result.vix
    axes.plot(as_dates(vix.index), vix.to_numpy(), color=GREY, linewidth=0.8, label="close")
    run = result.run(FOCUS)
    axes.set_title("VIX" if run is None else "VIX and the days each layer was entered")
    if run is not None:
        for name, colour, marker, size in _LAYERS:
            days = layer_entries(run, name)
            levels = vix.reindex(days).to_numpy()
            axes.scatter(
                as_dates(days),
                levels,
                s=size,
                c=colour,
                marker=marker,
                zorder=3,
                linewidths=0.4,
                edgecolors="white",
                label=f"layer {name} ({len(days):,})",
            )
    axes.set_yscale("log")
    axes.set_yticks([level for level in (10, 15, 20, 30, 40, 60, 80) if level <= vix.max() * 1.05])
    axes.yaxis.set_major_formatter(PLAIN)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylabel("vol points (log scale)")
    legend(axes)
    _date_axis(axes, result)


def layer_entries(run: RunResult, layer: str) -> pd.DatetimeIndex:
    """Return the days, ascending, on which `layer` was opened; rolls do not count."""
    trades = run.trades
    entered = (trades["action"] == "open") & (trades["layer"].astype("str").str.lower() == layer)
    return pd.DatetimeIndex(trades.loc[entered, "date"].unique()).sort_values()


def _lines(
    axes: Axes, result: ComparisonResult, values: Callable[[RunResult], NDArray[Any]], step: int = 1
) -> None:
    """Draw one line a run; with `step` above 1, the lowest value of every `step` sessions."""
    others = cycle(product(_DASHES, _OTHERS))
    for run in result.runs:
        dash, colour = ("-", _NAMED[run.variant]) if run.variant in _NAMED else next(others)
        level = values(run)
        starts = np.arange(0, len(level), step)
        days, level = as_dates(run.daily["date"])[starts], np.minimum.reduceat(level, starts)
        focus = run.variant == FOCUS
        label = run.variant + (", stopped" if run.stopped else "")
        width, order = (1.6, 3) if focus else (1.1, 2)
        axes.plot(days, level, dash, color=colour, label=label, linewidth=width, zorder=order)
        if run.stopped:
            axes.plot(days[-1:], level[-1:], color=colour, marker="X", markersize=9, zorder=4)
    legend(axes)
    _date_axis(axes, result)


def _date_axis(axes: Axes, result: ComparisonResult) -> None:
    first, last = as_dates(pd.DatetimeIndex([result.start, result.end]))
    axes.set_xlim(first, last if last > first else last + np.timedelta64(1, "D"))
