"""The figures of a comparison as PNG and SVG bytes: NAV, drawdown, hedge carry, VIX with layer entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from alvh_bt.analysis.focus import FOCUS
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.engine.results import RunResult
from alvh_bt.report.figures_told import told_panels
from alvh_bt.report.palette import variant_lines
from alvh_bt.report.picture import (
    DPI,
    GREY,
    PLAIN,
    STYLE,
    as_dates,
    legend,
    png_bytes,
    raise_title,
    svg_bytes,
)
from alvh_bt.report.wording import inputs_line, usd

_LAYERS: Final = (("one", "#56B4E9", "o", 14), ("two", "#E69F00", "^", 46), ("three", "#D55E00", "s", 46))
# More drawdown points than this paint one line over another: a short fall is a spike one pixel wide.
_DRAWDOWN_POINTS: Final = 450


def draw_figures(result: ComparisonResult, summary: Mapping[str, Any] | None = None) -> dict[str, bytes]:
    """Return every figure by file name, as PNG and as SVG; `overview` holds the first four in one.

    Parameters
    ----------
    result
        The runs.
    summary
        What `analysis.summary.summarise` gave for them; waterfall, regimes and crises are drawn where it
        tells them.

    Returns
    -------
    dict
        `nav.png`, `nav.svg`, ...; the same bytes for the same values. Each has a source line with the
        window and what was modelled.
    """
    told = summary or {}
    source = source_line(result)
    pictures: dict[str, bytes] = {}
    further = (len(result.runs) - 1) // 4  # rows of a legend beyond the first
    with mpl.rc_context(STYLE):
        for name, plot in {**_PANELS, **told_panels(told)}.items():
            figure = Figure(figsize=(9, 4.6), dpi=DPI)
            foot = 0.18 if name == "regimes" else 0.13  # its labels have three lines
            figure.subplots_adjust(left=0.085, right=0.985, top=0.87 - 0.05 * further, bottom=foot)
            axes = figure.subplots()
            plot(axes, result) if name in _PANELS else plot(axes, told)
            raise_title(axes)
            pictures |= _both(name, figure, source)
        figure = Figure(figsize=(14, 9), dpi=100)
        room = {"top": 0.93 - 0.025 * further, "hspace": 0.3 + 0.06 * further}
        figure.subplots_adjust(left=0.055, right=0.985, bottom=0.085, wspace=0.13, **room)
        for axes, plot in zip(figure.subplots(2, 2).flat, _PANELS.values(), strict=True):
            plot(axes, result)
            raise_title(axes)
        pictures |= _both("overview", figure, source)
    return pictures


def _both(name: str, figure: Figure, source: str) -> dict[str, bytes]:
    """Return a figure as PNG and SVG by file name; the source line is written once, for both."""
    return {f"{name}.png": png_bytes(figure, source), f"{name}.svg": svg_bytes(figure)}


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
    lines = variant_lines(run.variant for run in result.runs)
    for run in result.runs:
        dash, colour = lines[run.variant]
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


_PANELS: Final[dict[str, Callable[[Axes, ComparisonResult], None]]] = {
    "nav": plot_nav,
    "drawdown": plot_drawdown,
    "hedge_carry": plot_hedge_carry,
    "vix_layers": plot_vix_layers,
}
