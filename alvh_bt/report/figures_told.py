"""Figures of what a summary tells and older ones may not: waterfall, decay by regime, crises."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from alvh_bt.report.palette import Line, variant_lines
from alvh_bt.report.picture import BLUE, GREEN, GREY, PLAIN, VERMILION, legend

Plot = Callable[[Axes, Any], None]
_STEPS: Final = ("paid", "earned_back", "monetised", "still_held")
_STEP_NAMES: Final = ("condor", "paid", "earned back", "monetised", "still held", "interest", "P&L")
_HATCH: Final = {"-": None, "--": "///", ":": "..."}


def told_panels(summary: Mapping[str, Any]) -> dict[str, Plot]:
    """Return the plots that the summary has numbers for, by name of the figure."""
    panels: dict[str, tuple[bool, Plot]] = {
        "waterfall": (bool(_waterfalls(summary)), plot_waterfall),
        "regimes": (bool(summary.get("regimes")), plot_regimes),
        "crises": (bool(summary.get("crises")), plot_crises),
    }
    return {name: plot for name, (there, plot) in panels.items() if there}


def _waterfalls(summary: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    holding = summary.get("holding") or {}
    return {name: each["waterfall"] for name, each in holding.items() if each.get("waterfall")}


def plot_waterfall(axes: Axes, summary: Mapping[str, Any]) -> None:
    """Draw the steps from the condor's P&L to the whole, thousand USD, a block of bars a variant."""
    falls, width = _waterfalls(summary), len(_STEP_NAMES) + 1
    for block, (name, fall) in enumerate(falls.items()):
        total = summary["variants"][name]
        interest = total["pnl_usd"] - total["condor_pnl_usd"] - total["hedge_pnl_usd"]
        steps = np.array([total["condor_pnl_usd"], *(fall[step] for step in _STEPS), interest]) / 1e3
        ends = np.cumsum(steps)
        x = block * width + np.arange(len(steps) + 1)
        colours = [GREEN if step >= 0 else VERMILION for step in steps]
        axes.bar(x[:-1], steps, bottom=ends - steps, color=colours, width=0.9)
        axes.bar(x[-1:], ends[-1:], color=BLUE, width=0.9)
        axes.hlines(ends, x[:-1], x[1:], color=GREY, linewidth=0.6)
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.set_xticks([block * width + 3 for block in range(len(falls))], list(falls))
    axes.tick_params(axis="x", length=0)
    axes.grid(visible=False, axis="x")
    axes.set_title(f"{', '.join(_STEP_NAMES[:-1]).capitalize()}: the {_STEP_NAMES[-1]}", pad=8)
    axes.set_ylabel("thousand USD")
    axes.yaxis.set_major_formatter(PLAIN)


def plot_regimes(axes: Axes, summary: Mapping[str, Any]) -> None:
    """Draw each hedge's decay a year, percent of NAV, by regime."""
    rows = summary["regimes"]
    labels = [f"{textwrap.fill(row['regime'], 14)}\n{100 * row['share']:.0f}%" for row in rows]
    _bars(axes, labels, [row["variants"] for row in rows], "decay", 100.0, variant_lines(summary["variants"]))
    axes.set_title("Hedge decay a year by regime (share of days below)")
    axes.set_ylabel("% of NAV a year")


def plot_crises(axes: Axes, summary: Mapping[str, Any]) -> None:
    """Draw each hedge's P&L, thousand USD, by crisis; the condor's beside it."""
    rows = summary["crises"]
    lines = variant_lines(summary["variants"])
    first = next(iter(lines))
    condor = [(row["variants"].get(first) or {}).get("condor_pnl_usd") for row in rows]
    variants = [
        {**row["variants"], " ": {"hedge_pnl_usd": pnl}} for row, pnl in zip(rows, condor, strict=True)
    ]
    grey = {" ": Line("--", GREY)}
    _bars(axes, [row["name"] for row in rows], variants, "hedge_pnl_usd", 1e-3, {**grey, **lines})
    axes.set_title("P&L in crises: condor and hedges")
    axes.set_ylabel("thousand USD")


def _bars(
    axes: Axes,
    labels: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    key: str,
    factor: float,
    lines: Mapping[str, Line],
) -> None:
    """Draw a group of bars a row, one bar a variant that has any value; `" "` is the condor."""
    table = {name: [(row.get(name) or {}).get(key) for row in rows] for name in lines}
    shown = {name: values for name, values in table.items() if any(values)}
    wide = 0.84 / max(1, len(shown))
    for place, (name, values) in enumerate(shown.items()):
        heights = [float("nan") if value is None else factor * value for value in values]
        x = np.arange(len(rows)) - 0.42 + wide * (place + 0.5)
        label = "condor" if name == " " else name
        dash, colour = lines[name]
        axes.bar(
            x, heights, wide, color=colour, hatch=_HATCH[dash], edgecolor="white", linewidth=0.3, label=label
        )
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.set_xticks(np.arange(len(rows)), labels, fontsize=8)
    axes.tick_params(axis="x", length=0)
    axes.grid(visible=False, axis="x")
    axes.yaxis.set_major_formatter(PLAIN)
    if shown:
        legend(axes)
