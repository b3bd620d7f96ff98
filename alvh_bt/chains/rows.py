"""Quotes as columns: what every reader gives and every later step takes.

A *key* is one integer a contract: root, expiry, right and strike packed so that keys sort as the
contracts do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Keys = NDArray[np.int64]

#: Strikes are listed in thousandths of a point (the options symbology of 2010), and stay below this bound.
STRIKE_STEP: Final = 0.001
STRIKE_BELOW: Final = 2_000_000.0

#: Bits that a key gives to the strike, and to the expiry (epoch days up to the year 2328).
_STRIKE_BITS: Final = 31
_EXPIRY_BITS: Final = 17


class Quotes(NamedTuple):
    """Columns of equal length, one row a quote as given.

    `names` are the roots, `root` the index into them; `day` and `expiry` epoch days; `strike`, `bid`, `ask`
    and `underlying` points, NaN where blank (never `strike`); `right` +1 for a call, -1 for a put;
    `interest` the open interest in contracts, NaN where unknown; `file` the index of the file in its store.
    """

    names: tuple[str, ...]
    root: NDArray[np.int16]
    day: NDArray[np.int32]
    expiry: NDArray[np.int32]
    strike: Floats
    right: NDArray[np.int8]
    bid: Floats
    ask: Floats
    underlying: Floats
    interest: Floats
    file: NDArray[np.int16]

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Quotes:
        """Return some of the rows: by position, by mask, or a slice (a view)."""
        columns: list[Any] = [column[rows] for column in self[1:]]
        return Quotes(self.names, *columns)


NO_ROWS: Final = Quotes(
    (),
    root=np.empty(0, np.int16),
    day=np.empty(0, np.int32),
    expiry=np.empty(0, np.int32),
    strike=np.empty(0),
    right=np.empty(0, np.int8),
    bid=np.empty(0),
    ask=np.empty(0),
    underlying=np.empty(0),
    interest=np.empty(0),
    file=np.empty(0, np.int16),
)


def concatenate(parts: Sequence[Quotes]) -> Quotes:
    """Return all rows in their order; the roots of the result are sorted by name."""
    if not parts:
        return NO_ROWS
    if len(parts) == 1 and list(parts[0].names) == sorted(parts[0].names):
        return parts[0]
    names = tuple(sorted({name for part in parts for name in part.names}))
    roots = [recode(part, names) for part in parts]
    columns: list[Any] = [np.concatenate([part[k] for part in parts]) for k in range(2, len(Quotes._fields))]
    return Quotes(names, np.concatenate(roots), *columns)


def sort_by_day(quotes: Quotes) -> Quotes:
    """Return quotes by day, within a day in the order they came."""
    if (quotes.day[1:] < quotes.day[:-1]).any():
        return quotes.take(np.argsort(quotes.day, kind="stable"))
    return quotes


def recode(quotes: Quotes, names: Sequence[str]) -> NDArray[np.int16]:
    """Return the roots as indices into `names`, which holds every root that the quotes use."""
    place = {name: k for k, name in enumerate(names)}
    return np.array([place.get(name, -1) for name in quotes.names], np.int16)[quotes.root]


def contract_keys(quotes: Quotes, names: Sequence[str]) -> Keys:
    """Return a sortable key a contract: by root in the order of `names`, expiry, put before call, strike.

    Keys of two tables compare only if both were made with the same `names`.
    """
    root = (
        recode(quotes, names).astype(np.int64)
        if quotes.names != tuple(names)
        else quotes.root.astype(np.int64)
    )
    key = (((root << _EXPIRY_BITS) + quotes.expiry) << 1) + (quotes.right > 0)
    return (key << _STRIKE_BITS) + np.rint(quotes.strike / STRIKE_STEP).astype(np.int64)


def series_keys(keys: Keys) -> Keys:
    """Return the keys without their strike: equal for the options of one root, expiry and right."""
    return keys >> _STRIKE_BITS
