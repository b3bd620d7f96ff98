"""What a run is made of, day by day: the parts of its P&L, its exposures, and its profile under moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pandas as pd

from alvh_bt.errors import DataError

#: Parts of a day's P&L, USD; they add up to `pnl`.
PARTS: Final = (
    "delta",
    "gamma",
    "vega",
    "theta",
    "roll_down",
    "vanna",
    "volga",
    "rates",
    "costs",
    "settlement",
    "unexplained",
)
ATTRIBUTION_COLUMNS: Final = ("book", "layer", "leg", *PARTS, "pnl")
EXPOSURE_COLUMNS: Final = (
    "book",
    "layer",
    "value",
    "time_value",
    "delta",
    "gamma",
    "vega",
    "vvix_vega",
    "theta",
    "crash_pnl",
)
PROFILE_COLUMNS: Final = ("book", "move", "pnl", "delta", "gamma", "vega", "theta")
#: Instant moves of the index at which the profile of a book is told; VIX answers as the study says.
MOVES: Final = (-0.30, -0.20, -0.15, -0.10, -0.05, -0.02, 0.0, 0.02, 0.05, 0.10, 0.15)


@dataclass(frozen=True)
class Anatomy:
    """What one run is made of, day by day.

    Parameters
    ----------
    attribution
        One row a session, book, layer and leg that had P&L or a position: `date` and
        `ATTRIBUTION_COLUMNS`, USD. `leg` is the condor's leg (`short_put`, ...) or the kind of contract
        of a hedge (`VIX call`, `VX future`, `VXX`, ...). `pnl` is after costs; summed over a day and book
        it is the run's `condor_pnl` or `hedge_pnl`.
    exposures
        One row a session, book and layer held at the close: `date` and `EXPOSURE_COLUMNS`. `value` and
        `time_value` (of options: the marked value less intrinsic value on their own forward; futures and
        shares have none) in USD; `delta` USD a point of the index, `gamma` USD a point squared, both of
        S&P options; `vega` USD a vol point (S&P options' own, VIX contracts' a point of their future, as
        in `RunResult.daily`); `vvix_vega` USD a vol point of VIX options' own volatility; `theta` USD a
        calendar day; `crash_pnl` USD in the study's shock.
    profile
        One row a session, book and move of `MOVES`: `date` and `PROFILE_COLUMNS`; P&L and the Greeks after
        an instant move of the index by `move`, VIX answering by `shock.vix_points_per_percent`; USD.

    Raises
    ------
    DataError
        When a frame lacks a column.
    """

    attribution: pd.DataFrame
    exposures: pd.DataFrame
    profile: pd.DataFrame

    def __post_init__(self) -> None:
        _require("attribution", self.attribution, ATTRIBUTION_COLUMNS)
        _require("exposures", self.exposures, EXPOSURE_COLUMNS)
        _require("profile", self.profile, PROFILE_COLUMNS)


def _require(name: str, frame: pd.DataFrame, columns: Iterable[str]) -> None:
    missing = [column for column in ("date", *columns) if column not in frame.columns]
    if missing:
        raise DataError(f"{name} lacks {', '.join(missing)}; add the column")
