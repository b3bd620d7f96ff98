"""A comparison: several runs over the same market and the same condor book."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from alvh_bt.analysis.anatomy import Anatomy
from alvh_bt.analysis.paths import PathResult
from alvh_bt.engine.results import RunResult
from alvh_bt.errors import DataError

#: What the market was like at a close: index points; vol points; the price of a VIX future of 60 days over
#: that of one of 30 days, less 1 (positive: contango); vol points.
STATES: Final = ("spx", "vix", "vix_slope", "vvix")


@dataclass(frozen=True)
class ComparisonResult:
    """Several runs over the same market and the same condor book.

    Parameters
    ----------
    runs
        In the order in which they were asked for.
    settings
        What decided the runs, as plain JSON values; no path and no time of day.
    inputs
        Per market input the shares of the window's days that were `observed`, `repaired`,
        `modelled`, `unavailable`; 0 to 1.
    notes
        What a user must know: repairs, proxies, approximations; one sentence each.
    states
        The market at each close, indexed by date, columns `STATES`; NaN where unknown.
    run_id
        Hash of configuration, code version and data.
    start, end
        First and last session of the window.
    starting_cash
        USD, the same for every run, > 0.
    signals
        Share of sessions on which each market-wide signal was unavailable, 0 to 1.
    chains
        What real chains did for it, as `analysis.chains.chain_figures` says; None without.
    anatomy
        By variant what its run is made of; empty where that was not asked for.
    paths
        The same hedges over resampled histories; None where that was not asked for.

    Raises
    ------
    DataError
        When there is no run, two runs share a name, or the starting cash is not positive.
    """

    runs: tuple[RunResult, ...]
    settings: dict[str, Any]
    inputs: dict[str, dict[str, float]]
    notes: tuple[str, ...]
    states: pd.DataFrame
    run_id: str
    start: dt.date
    end: dt.date
    starting_cash: float
    signals: dict[str, float] = field(default_factory=dict)
    chains: dict[str, Any] | None = None
    anatomy: Mapping[str, Anatomy] = field(default_factory=dict)
    paths: PathResult | None = None

    def __post_init__(self) -> None:
        names = [run.variant for run in self.runs]
        if not names:
            raise DataError("a comparison needs at least one run; name a hedge")
        if len(set(names)) < len(names):
            raise DataError(f"a comparison holds two runs of one name ({', '.join(names)}); rename one")
        missing = [name for name in STATES if name not in self.states.columns]
        if missing:
            raise DataError(f"states lacks {', '.join(missing)}; add the column")
        if not self.starting_cash > 0:
            raise DataError(f"starting_cash = {self.starting_cash} USD must be > 0; raise it")

    def run(self, variant: str) -> RunResult | None:
        """Return the run named `variant`, or None."""
        return next((run for run in self.runs if run.variant == variant), None)

    @property
    def vix(self) -> pd.Series:
        """VIX closes, vol points, indexed by date; NaN where unknown."""
        return self.states["vix"]

    @property
    def sessions(self) -> int:
        """Number of sessions of the longest run."""
        return max(len(run.daily) for run in self.runs)
