"""The figures of model against quotes: errors by delta and days to expiry, and one day's smiles."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from alvh_bt.contracts import Root, calendar_date
from alvh_bt.report.picture import BLUE, DPI, GREEN, ORANGE, PLAIN, VERMILION, legend, png_bytes
from alvh_bt.validation.chain_errors import FileErrors
from alvh_bt.validation.quote_tally import DELTA_EDGES, DTE_EDGES, Bucket, ErrorTally

#: Days to expiry near which a smile is shown, and its colour.
_SMILES: Final = ((10, BLUE), (25, GREEN), (45, ORANGE), (80, VERMILION))

#: The colour of an error of so many vol points is the darkest: on the S&P 500, and on VIX.
_DARKEST: Final = {"SPX": 3.0, "VIX": 15.0}


def quotes_picture(title: str, tally: ErrorTally, file: FileErrors | None, source: str) -> bytes:
    """Return a heat map of the errors and, for a file, the smiles of its fullest day, as PNG.

    Parameters
    ----------
    title
        What the quotes are.
    tally
        Their errors.
    file
        Whose `sample` is drawn beside; None draws none.
    source
        The line at the foot.
    """
    if file is None:
        figure = Figure(figsize=(7.4, 5.4), dpi=DPI)
        figure.subplots_adjust(left=0.15, right=0.98, top=0.86, bottom=0.16)
        left = figure.subplots()
    else:
        figure = Figure(figsize=(13, 5.4), dpi=DPI)
        figure.subplots_adjust(left=0.085, right=0.985, top=0.86, bottom=0.16, wspace=0.14)
        left, right = figure.subplots(1, 2)
        _smiles(right, file.sample, str(calendar_date(file.sample_day)))
    on_vix = file is not None and file.main is file.vix
    _heat_map(left, tally, title, _DARKEST["VIX" if on_vix else "SPX"])
    return png_bytes(figure, source)


def _heat_map(axes: Axes, tally: ErrorTally, title: str, darkest: float) -> None:
    """Draw mean absolute errors by delta (downside puts at the top) and days; the bias in brackets."""
    rows = [(-1, band) for band in pairwise(DELTA_EDGES)]
    rows += [(1, band) for band in reversed(list(pairwise(DELTA_EDGES)))]
    columns = list(pairwise(DTE_EDGES))
    found = {(each.right, each.delta_from, each.dte_from): each for each in tally.buckets()}
    table = [[found[right, band[0], days[0]] for days in columns] for right, band in rows]
    values = np.array([[each.mae for each in row] for row in table])
    axes.imshow(values, cmap="YlOrRd", norm=Normalize(0.0, darkest), aspect="auto")
    for y, row in enumerate(table):
        for x, each in enumerate(row):
            _cell(axes, x, y, each, each.mae > 0.6 * darkest)
    axes.set_xticks(range(len(columns)), [f"{low:g} to {high:g}" for low, high in columns])
    names = {-1: "put", 1: "call"}
    axes.set_yticks(range(len(rows)), [f"{names[right]} {low:.2f}-{high:.2f}" for right, (low, high) in rows])
    axes.set_xlabel("calendar days to expiry")
    axes.set_title(f"{title}: mean absolute error\n(model less quote), vol points; number of quotes", pad=8)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _cell(axes: Axes, x: int, y: int, bucket: Bucket, dark: bool) -> None:
    if bucket.n:
        bias = f"{bucket.bias:+.1f}".replace("-", "\N{MINUS SIGN}")
        colour = "white" if dark else "black"
        axes.text(x, y - 0.13, f"{bucket.mae:.1f} ({bias})", ha="center", va="center", color=colour)
        axes.text(x, y + 0.25, f"{bucket.n:,}", ha="center", va="center", color=colour, fontsize=7.5)


def _smiles(axes: Axes, sample: pd.DataFrame, day: str) -> None:
    """Draw implied volatilities of a day against the model's, at up to four expiries."""
    taken: set[Any] = set()
    root = Root.VIX if (sample["root"] == Root.VIX).all() else Root.SPX
    sample = sample[(sample["root"] == Root.VIX) == (root == Root.VIX)]
    dtes = {
        key: int(part["dte"].iloc[0]) for key, part in sample.groupby(["root", "expiry"]) if len(part) > 4
    }
    for wanted, colour in _SMILES:
        key = min(dtes, key=lambda each: abs(dtes[each] - wanted), default=None)
        if key is None or key in taken:
            continue
        taken.add(key)
        part = sample[(sample["root"] == key[0]) & (sample["expiry"] == key[1])].sort_values("log_moneyness")
        k = 100.0 * part["log_moneyness"]
        axes.scatter(k, 100.0 * part["sigma"], s=9, color=colour, alpha=0.6, linewidths=0)
        axes.plot(k, 100.0 * part["model_sigma"], color=colour, linewidth=1.5, label=f"{dtes[key]} days")
    axes.set_title(f"Smiles of {day}: quotes (dots) and model (lines)")
    axes.set_xlabel("strike over forward, log percent")
    axes.set_ylabel("implied volatility, vol points")
    axes.xaxis.set_major_formatter(PLAIN)
    if taken:
        legend(axes)
