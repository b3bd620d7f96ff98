"""What all figures share: style, colours, number format, legend, and PNG and SVG bytes.

Colours are those of Okabe and Ito (2008), which the colour-blind tell apart.
"""

from __future__ import annotations

import io
import textwrap
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

BLACK, GREY = "#000000", "#7f7f7f"
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
#: Points between picture and title with one row of legend, and for each further row.
TITLE_PAD: Final = 24
LEGEND_ROW: Final = 16
STYLE: Final[Any] = {
    "font.size": 10,
    "axes.titlesize": 11.5,
    "axes.titlepad": TITLE_PAD,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e5e5e5",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "date.converter": "concise",
    "path.simplify": True,
    "path.simplify_threshold": 1.0,
    "agg.path.chunksize": 10_000,
    "svg.hashsalt": "alvh-bt",  # the same names inside an SVG each time
}
DPI: Final = 110
#: Thousands with a comma, a real minus sign.
PLAIN: Final = FuncFormatter(lambda value, _: f"{value:,.6g}".replace("-", "\N{MINUS SIGN}"))


def legend(axes: Axes, columns: int = 4) -> None:
    """Put the legend between title and picture, where it can hide no line."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 0.985),
        ncols=columns,
        borderpad=0.2,
        columnspacing=1.4,
        handlelength=1.4,
    )


def raise_title(axes: Axes, columns: int = 4) -> None:
    """Move the title above every row of the legend."""
    further = (len(axes.get_legend_handles_labels()[1]) - 1) // columns
    if further > 0:
        axes.set_title(axes.get_title("left"), pad=TITLE_PAD + LEGEND_ROW * further)


def as_dates(dates: Any) -> NDArray[np.datetime64]:
    """Return dates as datetime64[D]."""
    return np.asarray(dates, dtype="datetime64[D]")


def png_bytes(figure: Figure, source: str) -> bytes:
    """Return a figure as PNG, with a line on its source at the foot; the same bytes for the same figure."""
    lines = textwrap.fill(source, width=int(15.5 * figure.get_figwidth()))
    figure.text(0.01, 0.012, lines, fontsize=8.5, color="#555555")
    buffer = io.BytesIO()
    # A fixed "Software" keeps the bytes the same from one Matplotlib to the next patch release.
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png", metadata={"Software": "alvh-bt"})
    return buffer.getvalue()


def svg_bytes(figure: Figure) -> bytes:
    """Return a figure as SVG, as it stands; the same bytes for the same figure, for no time is in it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "alvh-bt"})
    return buffer.getvalue()
