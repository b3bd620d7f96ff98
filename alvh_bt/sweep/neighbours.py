"""Whether a winner stands alone: the configurations nearest to it, and how many of them win too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.sweep.better import signed

#: Neighbours a swept axis, where the space is no grid: as many as a grid has.
_NEAREST_AN_AXIS: Final = 2


class Neighbourhood(NamedTuple):
    """How many of a configuration's neighbours have a result, and how many of them win."""

    neighbours: int
    wins: int

    @property
    def share(self) -> float:
        """Share of the neighbours that win; NaN without neighbours."""
        return self.wins / self.neighbours if self.neighbours else float("nan")


def winning(rows: pd.DataFrame, metric: str, gains: pd.Series | None) -> pd.Series:
    """Return whether each configuration wins: it beats the rival at equal cost, else is in the top quarter.

    Parameters
    ----------
    rows
        By configuration.
    metric
        By which the top quarter is found where there is no rival.
    gains
        What the hedge made more than its rival (`equal_cost.EqualCost.gains`); a configuration that is not in
        it does not win. None or empty: there is no rival.
    """
    if gains is not None and len(gains):
        return gains.reindex(rows.index).gt(0)
    worth = rows[metric].astype(float) * signed(metric, 1.0)
    return worth.ge(worth.quantile(0.75))


def neighbourhood(
    rows: pd.DataFrame, axes: Sequence[str], number: int, wins: pd.Series, grid: bool
) -> Neighbourhood:
    """Return how many neighbours of a configuration win.

    On a grid neighbours are one step away on one axis (any other value of an axis of words or switches).
    Elsewhere they are the nearest, two an axis: each axis scaled by rank, so that its unit and scale do
    not matter, and a word is near to itself alone.

    Parameters
    ----------
    rows
        Those that may be ranked, by configuration.
    axes
        The dotted settings that were swept: columns of `rows`.
    number
        Of the configuration asked about; among `rows`.
    wins
        As `winning` gave.
    grid
        Whether the configurations are those of a grid.
    """
    apart = _steps(rows, axes, number) if grid else _ranks(rows, axes, number)
    if grid:
        near = rows.index[apart.sum(axis=1) == 1]
    else:
        distance = pd.Series((apart**2).sum(axis=1), index=rows.index).drop(number)
        near = distance.nsmallest(_NEAREST_AN_AXIS * len(axes)).index
    return Neighbourhood(len(near), int(wins.reindex(near).sum()))


def _steps(rows: pd.DataFrame, axes: Sequence[str], number: int) -> NDArray[np.float64]:
    """Return how many steps each row is away, by axis."""
    apart = np.zeros((len(rows), len(axes)))
    place = rows.index.tolist().index(number)
    for k, name in enumerate(axes):
        if _in_order(rows[name]):
            _, places = np.unique(rows[name].to_numpy(), return_inverse=True)
            apart[:, k] = np.abs(places - places[place])
        else:
            apart[:, k] = rows[name] != rows.at[number, name]
    return apart


def _ranks(rows: pd.DataFrame, axes: Sequence[str], number: int) -> NDArray[np.float64]:
    """Return how far each row is away, by axis, 0 to 1."""
    apart = np.zeros((len(rows), len(axes)))
    place = rows.index.tolist().index(number)
    for k, name in enumerate(axes):
        if _in_order(rows[name]):
            rank = rows[name].rank(pct=True).to_numpy(float)
            apart[:, k] = np.abs(rank - rank[place])
        else:
            apart[:, k] = rows[name] != rows.at[number, name]
    return apart


def _in_order(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
