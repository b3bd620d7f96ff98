"""A picture of each file of a folder of market data, the days that were flagged marked on it."""

from __future__ import annotations

from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from alvh_bt.folder.check import Checked
from alvh_bt.folder.contents import SPECS, Series
from alvh_bt.folder.finding import Finding, main_column
from alvh_bt.report.picture import (
    BLACK,
    BLUE,
    DPI,
    GREEN,
    GREY,
    ORANGE,
    PLAIN,
    STYLE,
    VERMILION,
    legend,
    png_bytes,
    raise_title,
)

#: Marker and colour of the kinds of findings that lie on days.
_MARKS: Final = {
    "gap": ("|", GREY),
    "stale": ("s", ORANGE),
    "end": (">", BLACK),
    "holiday": ("|", GREEN),
    "spike": ("o", VERMILION),
    "bounds": ("^", VERMILION),
    "curve": ("D", VERMILION),
    "settlement": ("v", VERMILION),
    "term": ("x", ORANGE),
    "sources": ("x", VERMILION),
    "agreement": ("x", ORANGE),
    "open": ("|", BLACK),
    "volume": ("P", ORANGE),
    "bar": ("|", ORANGE),
    "listing": ("|", GREY),
}
#: A file whose largest value is so many times its smallest is drawn on a log scale.
_LOG_FROM: Final = 20.0
#: Findings on more days than that are a habit of the file, not days to look at.
_MOST_MARKED: Final = 200


def draw_findings(checked: Checked) -> dict[str, bytes]:
    """Return the PNG bytes of a figure for each file with values, by file name."""
    pictures = {}
    with mpl.rc_context(STYLE):
        for name, table in checked.contents.tables.items():
            column = main_column(table, SPECS[name])
            series = checked.contents.series(name)
            if len(series.day) and not SPECS[name].labels:
                mine = [each for each in checked.findings if each.days and _concerns(each, name)]
                pictures[f"{name}.png"] = _picture(name, column, _drawn(checked, name, series), mine)
    return pictures


def _concerns(finding: Finding, name: str) -> bool:
    """Return whether a finding is marked on a file: of a note and its futures it is the note's."""
    pair = finding.file.split("/")
    return finding.check in _MARKS and name in (pair[:1] if finding.check == "agreement" else pair)


def _drawn(checked: Checked, name: str, series: Series) -> Series:
    """Return what is drawn of a file: of the futures the nearest of each day."""
    if not SPECS[name].expiry:
        return series
    table = checked.contents.tables[name]
    order = np.lexsort((table.expiry, table.day))
    day, first = np.unique(table.day[order], return_index=True)
    return Series(day, table.values["settle"][order][first])


def _picture(name: str, column: str, series: Series, findings: list[Finding]) -> bytes:
    """Return the figure of one file."""
    figure = Figure(figsize=(9.0, 4.2), dpi=DPI)
    axes = figure.add_subplot()
    figure.subplots_adjust(left=0.08, right=0.98, top=0.8, bottom=0.15)
    dates = series.day.astype("datetime64[D]")
    axes.plot(dates, series.value, color=BLUE, linewidth=0.8)
    if series.value.min() > 0 and series.value.max() > _LOG_FROM * series.value.min():
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(PLAIN)
    left_out = [each.check for each in findings if not _mark(axes, series, each)]
    if axes.get_legend_handles_labels()[1]:
        legend(axes, columns=5)
    axes.set_title(f"{name}.csv")
    raise_title(axes, columns=5)
    said = f"{name}.csv, {'nearest settlement' if SPECS[name].expiry else column}, as in the file."
    if left_out:
        said += f" Not marked, on more than {_MOST_MARKED} days: {', '.join(left_out)}."
    return png_bytes(figure, said)


def _mark(axes: Axes, series: Series, finding: Finding) -> bool:
    """Mark the days of a finding on the line; return False where they are too many to be looked at."""
    days = np.array(finding.days)
    if len(days) > _MOST_MARKED:
        return False
    marker, colour = _MARKS.get(finding.check, ("x", BLACK))
    # A day without a value is marked at the last one before it.
    at = np.clip(np.searchsorted(series.day, days, side="right") - 1, 0, len(series.day) - 1)
    axes.plot(
        days.astype("datetime64[D]"),
        series.value[at],
        linestyle="none",
        marker=marker,
        markersize=7,
        markerfacecolor="none",
        markeredgecolor=colour,
        label=f"{finding.check} ({len(days)})",
    )
    return True
