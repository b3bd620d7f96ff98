"""What was held when: spells of each lot, and of each layer, from the trades of a run."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: Columns of `lot_spells`.
SPELL_COLUMNS: Final = (
    *("book", "layer", "root", "right", "strike", "expiry", "contracts", "contract_multiplier", "price"),
    *("first", "after"),
)
_FLAT: Final = 1e-9
_ORDER: Final = ("one", "two", "three")


def lot_spells(trades: pd.DataFrame, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Return the spells during which each lot was held with the same number of contracts.

    Parameters
    ----------
    trades
        `RunResult.trades`: a lot's first row opens it, later ones change it.
    dates
        The sessions, ascending.

    Returns
    -------
    DataFrame
        `SPELL_COLUMNS`, in order of opening. `contracts` signed; `price` the one at which the lot was
        opened, points; held at the closes of the sessions `first` to `after` - 1 (row numbers of `dates`).
        What was bought and sold between two closes is left out, and nothing is held after its expiry.
    """
    lots = trades.sort_values("date", kind="stable").sort_values("lot", kind="stable")
    lots = lots.reset_index(drop=True)
    by_lot = lots.groupby("lot", sort=False)
    held = by_lot["contracts"].cumsum().to_numpy()
    first = dates.searchsorted(pd.DatetimeIndex(lots["date"]))
    later = by_lot["date"].shift(-1)
    after = np.where(later.isna(), len(dates), dates.searchsorted(pd.DatetimeIndex(later.fillna(dates[-1]))))
    expiry = pd.DatetimeIndex(lots["expiry"])
    last = np.where(expiry.isna(), len(dates), dates.searchsorted(expiry.fillna(dates[-1])))
    spells = lots.assign(
        contracts=held, price=by_lot["price"].transform("first"), first=first, after=np.minimum(after, last)
    )
    kept = (spells["after"] > spells["first"]) & (spells["contracts"].abs() > _FLAT)
    return spells.loc[kept, list(SPELL_COLUMNS)].sort_values("first", kind="stable", ignore_index=True)


def layer_spells(spells: pd.DataFrame, sessions: int) -> dict[str, list[tuple[int, int]]]:
    """Return by layer of the hedge the spells, (first, after), in which it held any lot.

    Parameters
    ----------
    spells
        What `lot_spells` gave.
    sessions
        How many sessions there are.

    Returns
    -------
    dict
        Layers one, two and three first, others by name.
    """
    hedge = spells[spells["book"] == "hedge"]
    found = {str(layer): _runs(rows, sessions) for layer, rows in hedge.groupby("layer", sort=True)}
    first = [layer for layer in _ORDER if layer in found]
    return {layer: found[layer] for layer in dict.fromkeys([*first, *found])}


def _runs(rows: pd.DataFrame, sessions: int) -> list[tuple[int, int]]:
    change = np.zeros(sessions + 1, dtype=int)
    np.add.at(change, rows["first"].to_numpy(), 1)
    np.add.at(change, rows["after"].to_numpy(), -1)
    held: NDArray[Any] = np.concatenate([[False], np.cumsum(change[:-1]) > 0, [False]])
    edges = np.flatnonzero(held[1:] != held[:-1])
    return [(int(first), int(after)) for first, after in edges.reshape(-1, 2)]
