"""Colour and dash of every variant, layer and part, the same in pictures and on the page.

Colours are those of Okabe and Ito (2008), which the colour-blind tell apart. Further ones take the same
colours with another dash, so that no two lines look alike. In dark mode a few are lightened.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle, product
from typing import Final, NamedTuple

from alvh_bt.analysis.focus import FOCUS
from alvh_bt.report.picture import BLACK

_NAMED: Final = {"none": BLACK, "static-calls": "#E69F00", "static-futures": "#009E73", FOCUS: "#0072B2"}
_OTHERS: Final = ("#D55E00", "#CC79A7", "#56B4E9", "#F0E442")
_DASHES: Final = ("-", "--", ":")
#: Names of the dashes in Plotly.
PLOTLY_DASHES: Final = {"-": "solid", "--": "dash", ":": "dot"}
#: What a colour becomes on a dark ground.
ON_DARK: Final = {BLACK: "#e6e9ec", "#0072B2": "#4aa3e0", "#D55E00": "#f07f2e", "#F0E442": "#F0E442"}
#: Colours of the hedge's layers, by rank.
LAYERS: Final = ("#56B4E9", "#E69F00", "#D55E00", "#009E73", "#CC79A7", "#0072B2")
#: Colours of the parts of the P&L, in the order of `analysis.anatomy.PARTS`.
PARTS: Final = (
    *("#0072B2", "#56B4E9", "#CC79A7", "#E69F00", "#F0E442", "#009E73", "#a3d9c3", "#b07a3c"),
    *("#D55E00", "#8c6bb1", "#8a8f98"),
)


class Line(NamedTuple):
    """Dash (as Matplotlib writes it) and colour of a line."""

    dash: str
    colour: str


def variant_lines(names: Iterable[str]) -> dict[str, Line]:
    """Return the line of each variant, in their order.

    >>> variant_lines(["none", "mine"])["mine"]
    Line(dash='-', colour='#D55E00')
    """
    others = cycle(product(_DASHES, _OTHERS))
    return {name: Line("-", _NAMED[name]) if name in _NAMED else Line(*next(others)) for name in names}


def layer_colours(layers: Iterable[str]) -> dict[str, str]:
    """Return the colour of each layer: one, two and three keep theirs, others follow.

    >>> layer_colours(["two", "far"])
    {'two': '#E69F00', 'far': '#009E73'}
    """
    named = dict(zip(("one", "two", "three"), LAYERS[:3], strict=True))
    further = cycle(LAYERS[3:] + LAYERS[:3])
    return {name: named[name] if name in named else next(further) for name in layers}
