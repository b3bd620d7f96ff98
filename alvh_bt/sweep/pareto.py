"""The Pareto front: configurations that no other beats in every objective."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.sweep.better import signed


def pareto_front(rows: pd.DataFrame, objectives: Sequence[str]) -> list[int]:
    """Return the configurations of the front, the best in the first objective first.

    One stays out where another is at least as good in every objective and better in one, or where an
    objective is undefined. Equal ones stand together.

    Parameters
    ----------
    rows
        By configuration, with the objectives' columns.
    objectives
        Metrics, each in its own direction (see `better`).

    Examples
    --------
    >>> rows = pd.DataFrame({"pnl_usd": [3.0, 1.0, 2.0], "hedge_decay": [0.2, 0.3, 0.1]}, index=[4, 5, 6])
    >>> pareto_front(rows, ["pnl_usd", "hedge_decay"])
    [4, 6]
    """
    table = np.column_stack([_signed(rows, name) for name in objectives])
    known = np.isfinite(table).all(axis=1)
    numbers, table = rows.index.to_numpy()[known], table[known]
    # Best first in the first objective, ties by the others: a later row never beats an earlier one.
    order = np.lexsort(-table.T[::-1])
    front: list[int] = []
    kept = np.empty((0, table.shape[1]))
    for place in order:
        row = table[place]
        beaten = ((kept >= row).all(axis=1) & (kept > row).any(axis=1)).any()
        if not beaten:
            front.append(int(numbers[place]))
            kept = np.vstack([kept, row])
    return front


def _signed(rows: pd.DataFrame, name: str) -> NDArray[np.float64]:
    values: NDArray[np.float64] = rows[name].to_numpy(float) * signed(name, 1.0)
    return values
