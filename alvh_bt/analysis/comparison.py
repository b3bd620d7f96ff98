"""Every pair of variants, metric by metric, with an interval that says how sure the difference is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from alvh_bt.analysis.bootstrap import COMPARED, DailyRows, Floats, block_length, draw_days, resampled
from alvh_bt.analysis.metrics import daily_returns, run_metrics, years_between
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.engine.results import RunResult
from alvh_bt.errors import DataError

# Below a quarter of a year of sessions a resampled year says nothing.
MIN_SESSIONS: Final = 60


class Comparison(NamedTuple):
    """One metric of variant `a` less that of variant `b`; NaN where undefined."""

    a: str
    b: str
    metric: str
    difference: float
    ci_low: float  # 90% interval
    ci_high: float
    p_value: float  # two-sided, of no difference
    method: str


def compare_runs(result: ComparisonResult, draws: int = 500, seed: int = 0) -> tuple[Comparison, ...]:
    """Return every pair of variants on every compared metric, in the order of the runs.

    The interval is the 5th to 95th percentile of the differences over resampled histories, the
    p-value twice the smaller share of them on one side of zero. A pair whose runs did not live equally
    long is compared on the days that both have, and its `method` says so.

    Parameters
    ----------
    result
        Runs on the same sessions; one that stopped early has fewer.
    draws
        Number of resampled histories.
    seed
        Of the resampling.

    Raises
    ------
    DataError
        When two runs do not share their sessions.

    Source: Politis and Romano (1994), "The Stationary Bootstrap"; Efron and Tibshirani (1993), chapter 13.
    """
    pairs = list(combinations(result.runs, 2))
    by_last: dict[pd.Timestamp, list[tuple[RunResult, RunResult]]] = {}
    for a, b in pairs:
        by_last.setdefault(min(_last(a), _last(b)), []).append((a, b))
    found: dict[tuple[str, str], list[Comparison]] = {}
    for last, group in by_last.items():
        found |= _compare_until(last, group, result.starting_cash, draws, seed)
    return tuple(row for a, b in pairs for row in found[a.variant, b.variant])


def _last(run: RunResult) -> pd.Timestamp:
    last: pd.Timestamp = run.daily["date"].iloc[-1]
    return last


def _compare_until(
    last: pd.Timestamp,
    pairs: Sequence[tuple[RunResult, RunResult]],
    starting_cash: float,
    draws: int,
    seed: int,
) -> dict[tuple[str, str], list[Comparison]]:
    cut = any(_last(run) > last for pair in pairs for run in pair)
    runs = {run.variant: run.until(last) for pair in pairs for run in pair}
    names = [(a.variant, b.variant) for a, b in pairs]
    for a, b in names:
        if not np.array_equal(runs[a].daily["date"], runs[b].daily["date"]):
            raise DataError(f"runs {a} and {b} do not share their sessions; run them on one market")
    metrics = {name: run_metrics(run, starting_cash) for name, run in runs.items()}
    rows = {name: _daily_rows(run, starting_cash) for name, run in runs.items()}
    dates = next(iter(runs.values())).daily["date"]
    sample, method = _resample(names, rows, dates, draws, seed)
    if cut:
        method += f"; days common to both, to {last:%Y-%m-%d}"
    return {
        (a, b): [
            _row(a, b, metric, getattr(metrics[a], metric) - getattr(metrics[b], metric), drawn, method)
            for metric, drawn in zip(COMPARED, sample[a] - sample[b], strict=True)
        ]
        for a, b in names
    }


def _daily_rows(run: RunResult, starting_cash: float) -> DailyRows:
    # Copies, for pandas hands out read-only arrays, which Numba would compile for a second time.
    nav = run.daily["nav"].to_numpy(np.float64, copy=True)
    bleed = (run.daily["hedge_costs"] - run.daily["hedge_carry"]).to_numpy(np.float64, copy=True)
    return DailyRows(daily_returns(nav, starting_cash), nav, bleed)


def _resample(
    pairs: Sequence[tuple[str, str]],
    rows: dict[str, DailyRows],
    dates: pd.Series,
    draws: int,
    seed: int,
) -> tuple[dict[str, Floats], str]:
    """Return each run's metrics on the same drawn days, and what was done; NaN for a ruined run."""
    sessions, years = len(dates), years_between(dates)
    sample = {name: np.full((len(COMPARED), draws), np.nan) for name in rows}
    sound = {name: row for name, row in rows.items() if bool((row.nav > 0).all())}
    differences = [rows[a].returns - rows[b].returns for a, b in pairs if a in sound and b in sound]
    if sessions < MIN_SESSIONS:
        return sample, f"no interval: {sessions} sessions are fewer than {MIN_SESSIONS}"
    if not differences:
        return sample, "no interval: a NAV fell to 0 or below"
    block = block_length(differences)
    for draw, days in enumerate(draw_days(sessions, block, draws, seed)):
        for name, row in sound.items():
            sample[name][:, draw] = resampled(row, days, years)
    return (
        sample,
        f"stationary block bootstrap of paired days, {draws} draws, mean block {block} sessions",
    )


def _row(a: str, b: str, metric: str, difference: float, drawn: Floats, method: str) -> Comparison:
    if math.isnan(difference) or bool(np.isnan(drawn).any()):
        nan = float("nan")
        return Comparison(a, b, metric, difference, nan, nan, nan, method)
    low, high = np.quantile(drawn, (0.05, 0.95))
    # One is added to both counts: a p-value of zero would claim more than the draws can show.
    below, above = np.sum(drawn <= 0) + 1, np.sum(drawn >= 0) + 1
    p_value = min(1.0, 2.0 * float(min(below, above)) / (len(drawn) + 1))
    return Comparison(a, b, metric, difference, float(low), float(high), p_value, method)
