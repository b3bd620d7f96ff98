"""The work of a sweep: what all runs share, and the rows of a chunk of configurations."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from alvh_bt import __version__
from alvh_bt.analysis.decay import bleed_usd
from alvh_bt.analysis.metrics import Metrics, daily_metrics, run_metrics
from alvh_bt.config import Study
from alvh_bt.engine.run import run_variant
from alvh_bt.engine.today import Calendar
from alvh_bt.errors import AlvhError
from alvh_bt.hedges import find_hedge
from alvh_bt.market import Market, load_market
from alvh_bt.market.market import provenance_shares
from alvh_bt.pricing.model import ModelPrices, model_provenance
from alvh_bt.replay.run import (
    DailyRun,
    Window,
    columns_of,
    compile_side_by_side,
    is_compiled,
    make_window,
    replay_condors,
    replay_daily,
)
from alvh_bt.sweep.rows import Configuration, row_variant
from alvh_bt.sweep.spec import Sweep

Item = tuple[Configuration, tuple[str, ...]]

#: Groups of settings that every run depends on, and those that the condors' path does; signals, which are
#: part of the days, are in the key of both.
_SHARED: Final = ("book", "condor", "costs", "shock", "guard", "signals")
_CONDORS: Final = ("book", "condor", "costs", "shock", "guard")
_OWN: Final[dict[str, tuple[str, ...]]] = {
    "none": (),
    **dict.fromkeys(("static-calls", "static-futures"), ("static", "layered")),
    **dict.fromkeys(("layered", "layered-core"), ("layered", "sizing", "climate", "quorum", "votes")),
    **dict.fromkeys(("ladder-442", "ladder-calendar", "ladder-spike"), ("ladder",)),
    "vxth": ("vxth",),
    "long-vx": ("long_vx",),
}

#: Runs, condors and windows that a worker keeps.
_KEPT_RUNS: Final = 64
_KEPT_CONDORS: Final = 4
_KEPT_WINDOWS: Final = 2


class _Kept:
    """The last few things that were made, by key."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: OrderedDict[Any, Any] = OrderedDict()

    def of(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what was made under a key, or make it."""
        if key not in self._made:
            self._made[key] = make()
        self._made.move_to_end(key)
        while len(self._made) > self._most:
            self._made.popitem(last=False)
        return self._made[key]


class Workload:
    """Everything that the runs of a sweep share; calling `job` does a chunk of them.

    Parameters
    ----------
    sweep
        What is swept.
    market
        The history.
    compiled
        False to run all in the Backtrader engine, which needs no compiling.
    """

    def __init__(self, sweep: Sweep, market: Market, compiled: bool = True) -> None:
        self.sweep, self.market, self.compiled = sweep, market, compiled
        self._base = sweep.study({})
        self._forget()
        first, last = market.window(self._base.start, self._base.end)
        self.sessions = market.sessions[first : last + 1].astype("datetime64[ns]")
        weeks = pd.DatetimeIndex(self.sessions).to_period("W-FRI")
        self._week_ends = np.flatnonzero(np.append(weeks[1:] != weeks[:-1], True))
        self.manifest: dict[str, Any] = {
            "version": __version__,
            "data": market.fingerprint,
            "window": {
                "start": str(market.sessions[first]),
                "end": str(market.sessions[last]),
                "sessions": last + 1 - first,
            },
            "weeks": [str(day)[:10] for day in self.sessions[self._week_ends]],
            "inputs": provenance_shares(model_provenance(market), first, last),
        }
        text = json.dumps([__version__, market.fingerprint, sweep.plain()], sort_keys=True, default=str)
        self.content_hash = hashlib.sha256(text.encode()).hexdigest()

    def _forget(self) -> None:
        self._windows, self._condors = _Kept(_KEPT_WINDOWS), _Kept(_KEPT_CONDORS)
        self._calendars, self._prices = _Kept(_KEPT_WINDOWS), _Kept(1)
        self._runs = _Kept(_KEPT_RUNS)

    def __getstate__(self) -> dict[str, Any]:
        """Return what travels to another process: not what each makes for itself."""
        kept = ("_windows", "_condors", "_runs", "_calendars", "_prices")
        return {name: value for name, value in vars(self).items() if name not in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what travelled."""
        vars(self).update(state)
        self._forget()

    def warm(self) -> None:
        """Make what the workers of this machine share, and compile what they need, before they are forked."""
        if self.compiled:
            with contextlib.suppress(AlvhError):
                compile_side_by_side(self._window(self._base), self._base, self.sweep.hedges)
        for hedge in self.sweep.hedges:
            # What is wrong with the base study itself is told by the row that it belongs to, if any.
            with contextlib.suppress(AlvhError):
                if self.compiled and is_compiled(self._base, hedge):
                    self._daily(self._base, hedge)

    def estimate_seconds(self) -> float:
        """Return the seconds that a run takes, from one of the base study under each hedge."""
        self.warm()
        started = time.perf_counter()
        for hedge in self.sweep.hedges:
            self._row(Configuration(-1, {}), self._base, hedge)
        return (time.perf_counter() - started) / len(self.sweep.hedges)

    def key_of(self, configuration: Configuration, hedge: str) -> str:
        """Return the key of a run: version, data, sweep, values and hedge, hashed."""
        parts = [self.content_hash, hedge, dict(configuration.values)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]

    def order(self, configurations: Sequence[Configuration]) -> Sequence[int] | None:
        """Return the order in which configurations that share condors are neighbours; None: their own.

        That is where no setting of the condors is swept, or where all of them differ in one.
        """
        shared = [axis.name for axis in self.sweep.axes if axis.name.split(".")[0] in _SHARED]
        if not shared or len(shared) == len(self.sweep.axes) or len(configurations) > 1_000_000:
            return None
        keys = [tuple(str(each.values[name]) for name in sorted(shared)) for each in configurations]
        return sorted(range(len(keys)), key=lambda place: (keys[place], place))

    def job(self, items: Sequence[Item]) -> list[dict[str, Any]]:
        """Return a row a configuration and hedge; what fails is a row with its error."""
        rows = []
        for configuration, hedges in items:
            study: Study | AlvhError
            try:
                study = self.sweep.study(configuration.values)
            except AlvhError as error:
                study = error
            rows += [self._row(configuration, study, hedge) for hedge in hedges]
        return rows

    def _row(self, configuration: Configuration, study: Study | AlvhError, hedge: str) -> dict[str, Any]:
        """Return the row of a run."""
        began = time.perf_counter()
        row: dict[str, Any] = {
            "configuration": configuration.number,
            "key": self.key_of(configuration, hedge),
            "variant": row_variant(hedge),
            **configuration.values,
        }
        try:
            if isinstance(study, AlvhError):
                raise study
            row |= self._runs.of(_run_key(study, hedge), lambda: self._figures(study, hedge))
        except AlvhError as error:
            row["error"] = str(error)
        except Exception as error:
            # One configuration must not end a sweep of a million, whatever it hit.
            row["error"] = f"internal error, {type(error).__name__}: {error}"
        row["seconds"] = time.perf_counter() - began
        return row

    def _figures(self, study: Study, hedge: str) -> dict[str, Any]:
        """Return what a row holds of a run."""
        cash = study.book.starting_cash
        if self.compiled and is_compiled(study, hedge):
            run = self._daily(study, hedge)
            columns, stopped = columns_of(run.daily), run.stopped
            dates = pd.Series(self.sessions[: len(run.daily)])
            metrics = daily_metrics(columns, dates, run.fills, run.monetised_usd, cash)
        else:
            calendar = self._calendar(study)
            prices = self._prices.of("model", lambda: ModelPrices(self.market))
            whole = run_variant(self.market, study, hedge, prices, calendar)
            metrics, stopped = run_metrics(whole, cash), whole.stopped
            columns = {name: whole.daily[name].to_numpy(np.float64) for name in whole.daily.columns[1:]}
        return {
            **_plain(metrics),
            "bleed_usd": bleed_usd(columns["hedge_carry"], columns["hedge_costs"]),
            "weekly_returns": self._weekly(columns["nav"], cash),
            "stopped": stopped,
        }

    def _daily(self, study: Study, hedge: str) -> DailyRun:
        window = self._window(study)
        key = tuple(getattr(study, group) for group in (*_CONDORS, "signals"))
        return replay_daily(
            window, study, hedge, lambda: self._condors.of(key, lambda: replay_condors(window, study))
        )

    def _window(self, study: Study) -> Window:
        # What projections keep is good for one answer of VIX to the index.
        key = (study.signals, study.shock.vix_points_per_percent)
        made: Window = self._windows.of(key, lambda: make_window(self.market, study))
        return made

    def _calendar(self, study: Study) -> Calendar:
        made: Calendar = self._calendars.of(study.signals, lambda: Calendar(self.market, study.signals))
        return made

    def _weekly(self, nav: np.ndarray, cash: float) -> np.ndarray:
        """Return the simple return of each week of the window; NaN from where a run stopped."""
        ends = np.full(len(self._week_ends), np.nan)
        lived = self._week_ends < len(nav)
        ends[lived] = nav[self._week_ends[lived]]
        before = np.concatenate(([cash], ends[:-1]))
        returns = np.full(len(ends), np.nan)
        np.divide(ends - before, before, out=returns, where=before > 0.0)
        return returns.astype(np.float32)


def _run_key(study: Study, hedge: str) -> Any:
    """Return the settings that a run depends on; another run with the same is the same."""
    groups = (*_SHARED, *_OWN[hedge]) if hedge in _OWN else tuple(Study.__dataclass_fields__)
    return hedge, tuple(getattr(study, group) for group in groups)


def _plain(metrics: Metrics) -> dict[str, Any]:
    """Return metrics as plain numbers, None where undefined."""
    return {name: None if value != value else value for name, value in metrics._asdict().items()}


def prepare(sweep: Sweep, folder: Path | None) -> Workload:
    """Return the workload of a sweep over a folder of market data; None: fetched data, else the sample.

    Raises
    ------
    DataError
        When the data is missing, or its window holds no usable session.
    ConfigError
        When a hedge is unknown.
    """
    for hedge in sweep.hedges:
        find_hedge(hedge)
    return Workload(sweep, load_market(folder))
