"""The figure of resampled histories: every one a dot, by rival and by what is compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from alvh_bt.analysis.paths import PathResult
from alvh_bt.report.paths_table import pair_figures, path_sentences, told_pairs
from alvh_bt.report.picture import BLACK, BLUE, DPI, GREY, PLAIN, STYLE, VERMILION, png_bytes, svg_bytes

#: What is drawn: metric, heading, axis.
_PANELS: Final = (
    ("cagr", "CAGR", "% points a year, to the right {a} grew more"),
    ("max_drawdown", "Worst drawdown", "% points, to the right {a} fell less"),
)
#: Share of a row that the dots of one rival fill, and the golden ratio's part that spreads them evenly.
_HEIGHT: Final = 0.5
_SPREAD: Final = 0.6180339887498949


def draw_paths(result: PathResult, figures: Mapping[str, Any]) -> dict[str, bytes]:
    """Return `paths.png` and `paths.svg` by file name; nothing where there was one variant alone.

    The differences in CAGR and in worst drawdown of the told variant less each rival: a dot a path (blue
    circles where the told variant did better, vermilion crosses where not), a bar from the 5th to the 95th
    percentile with its median, and a black diamond for the real history.

    Parameters
    ----------
    result
        The paths.
    figures
        What `analysis.path_figures.path_figures` gave of them.
    """
    pairs = told_pairs(figures)
    if not pairs:
        return {}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 2.6 + 0.62 * len(pairs)), dpi=DPI)
        height = figure.get_figheight()
        figure.subplots_adjust(
            left=0.2, right=0.985, top=1 - 0.62 / height, bottom=1.25 / height, wspace=0.08
        )
        for axes, (metric, heading, axis) in zip(figure.subplots(1, 2, sharey=True), _PANELS, strict=True):
            _plot_metric(axes, result, figures, pairs, metric)
            axes.set_title(f"{heading}, {pairs[0][0]} less rival", pad=8)
            axes.set_xlabel(axis.format(a=pairs[0][0]))
        return {"paths.png": png_bytes(figure, _source(figures)), "paths.svg": svg_bytes(figure)}


def paths_alternative(figures: Mapping[str, Any]) -> str:
    """Return in words what the figure shows, for those who cannot see it."""
    return "A dot a resampled history, by rival. " + " ".join(path_sentences(figures)[1:])


def _plot_metric(
    axes: Axes, result: PathResult, figures: Mapping[str, Any], pairs: list[tuple[str, str]], metric: str
) -> None:
    axes.axvline(0.0, color=GREY, linewidth=0.9)
    for k, (a, b) in enumerate(pairs):
        differences = 100.0 * result.differences(a, b, metric)
        row = pair_figures(figures, a, b, metric)
        _plot_dots(axes, differences[np.isfinite(differences)], float(k))
        if row["median"] is not None:
            low, middle, high = (100.0 * row[name] for name in ("p5", "median", "p95"))
            axes.plot([low, high], [k, k], color=BLACK, linewidth=1.6, zorder=3)
            axes.plot([middle], [k], "|", color=BLACK, markersize=13, markeredgewidth=2.2, zorder=3)
        if row["real"] is not None:
            axes.plot(
                [100.0 * row["real"]], [k], "D", color=BLACK, markersize=6, markeredgecolor="white", zorder=4
            )
    axes.set_yticks(range(len(pairs)), [f"against {b}" for _, b in pairs])
    axes.set_ylim(len(pairs) - 0.5, -0.5)
    axes.xaxis.set_major_formatter(PLAIN)
    axes.grid(visible=False, axis="y")


def _plot_dots(axes: Axes, values: NDArray[np.float64], row: float) -> None:
    """Draw one rival's paths, spread over the height of its row so that they hide each other less."""
    offset = _HEIGHT * ((_SPREAD * np.arange(len(values))) % 1.0 - 0.5)
    for better, colour, marker in ((values > 0, BLUE, "o"), (values <= 0, VERMILION, "x")):
        axes.scatter(
            values[better], row + offset[better], s=24, c=colour, marker=marker, linewidths=1.6, alpha=0.75
        )


def _source(figures: Mapping[str, Any]) -> str:
    window = figures["window"]
    return (
        f"{figures['paths']} resampled histories of {window['start']} to {window['end']}, mean block "
        f"{figures['block']} sessions. Bar: 5% to 95% and median. Diamond: the real history. "
        "Blue circles: better; vermilion crosses: not."
    )
