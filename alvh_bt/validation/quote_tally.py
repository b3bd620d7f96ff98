"""Running sums of quote errors by delta and days to expiry: chains of any size in bounded memory."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: Bounds of the buckets of |delta| and of calendar days; a bucket holds its lower bound, the last both.
DELTA_EDGES: Final = (0.02, 0.05, 0.10, 0.25, 0.60)
DTE_EDGES: Final = (5, 15, 30, 60, 100)
RIGHTS: Final = (-1, 1)

_SHAPE: Final = (len(RIGHTS), len(DELTA_EDGES) - 1, len(DTE_EDGES) - 1)

#: Width and number of the bins of |error| behind the median, vol points; the last bin holds all above.
_BIN: Final = 0.001
_BINS: Final = 100_000


class Bucket(NamedTuple):
    """The errors of one bucket: `right` +1 call or -1 put, bounds of |delta| and days, and its statistics.

    `mae` and `bias` (model less implied) are vol points, `inside` a share; NaN in an empty bucket.
    """

    right: int
    delta_from: float
    delta_to: float
    dte_from: int
    dte_to: int
    n: int
    mae: float
    bias: float
    inside: float


class ErrorTally:
    """Counts and sums of quote errors; `add` a day's frame at a time."""

    def __init__(self) -> None:
        self._n: NDArray[np.int64] = np.zeros(_SHAPE, dtype=np.int64)
        self._inside = np.zeros(_SHAPE, dtype=np.int64)
        self._sum: NDArray[np.float64] = np.zeros(_SHAPE)
        self._sum_abs = np.zeros(_SHAPE)
        self._histogram: NDArray[np.int64] = np.zeros(_BINS, dtype=np.int64)

    @property
    def n(self) -> int:
        """How many quotes were added."""
        return int(self._n.sum())

    def add(self, errors: pd.DataFrame) -> None:
        """Add the rows of `quotes.quote_errors`."""
        error = errors["error"].to_numpy()
        size = np.abs(error)
        cell = np.ravel_multi_index(
            (
                (errors["right"].to_numpy() > 0).astype(np.int64),
                _bucket(errors["delta"].abs().to_numpy(), DELTA_EDGES),
                _bucket(errors["dte"].to_numpy(), DTE_EDGES),
            ),
            _SHAPE,
        )
        cells = math.prod(_SHAPE)
        self._n += np.bincount(cell, minlength=cells).reshape(_SHAPE)
        self._inside += np.bincount(cell[errors["inside"].to_numpy()], minlength=cells).reshape(_SHAPE)
        self._sum += np.bincount(cell, error, cells).reshape(_SHAPE)
        self._sum_abs += np.bincount(cell, size, cells).reshape(_SHAPE)
        bins = np.minimum(size / _BIN, _BINS - 1).astype(np.int64)
        self._histogram += np.bincount(bins, minlength=_BINS)

    def plus(self, other: ErrorTally) -> ErrorTally:
        """Return the tally of the quotes of both."""
        both = ErrorTally()
        for name in vars(both):
            setattr(both, name, getattr(self, name) + getattr(other, name))
        return both

    def statistics(self) -> dict[str, Any]:
        """Return `n`, `mae_vol_points`, `median_vol_points` (of |error|), `bias_vol_points`, `inside_spread`.

        NaN where there is no quote. The median is right to a thousandth of a vol point.
        """
        n = self.n
        return {
            "n": n,
            "mae_vol_points": float(self._sum_abs.sum()) / n if n else math.nan,
            "median_vol_points": self._median(),
            "bias_vol_points": float(self._sum.sum()) / n if n else math.nan,
            "inside_spread": int(self._inside.sum()) / n if n else math.nan,
        }

    def buckets(self) -> list[Bucket]:
        """Return every bucket, puts first, by delta and then days."""
        rows = []
        for at in np.ndindex(_SHAPE):
            right, delta, dte = at
            n = int(self._n[at])
            part = n or math.nan
            rows.append(
                Bucket(
                    right=RIGHTS[right],
                    delta_from=DELTA_EDGES[delta],
                    delta_to=DELTA_EDGES[delta + 1],
                    dte_from=DTE_EDGES[dte],
                    dte_to=DTE_EDGES[dte + 1],
                    n=n,
                    mae=float(self._sum_abs[at]) / part,
                    bias=float(self._sum[at]) / part,
                    inside=int(self._inside[at]) / part,
                )
            )
        return rows

    def _median(self) -> float:
        if not self.n:
            return math.nan
        running = np.cumsum(self._histogram)
        ranks = ((self.n + 1) // 2, (self.n + 2) // 2)
        return float(np.mean([_BIN * (np.searchsorted(running, rank) + 0.5) for rank in ranks]))


def _bucket(values: NDArray[Any], edges: tuple[float, ...]) -> NDArray[np.int64]:
    found = np.searchsorted(edges, values, side="right") - 1
    return np.clip(found, 0, len(edges) - 2).astype(np.int64)
