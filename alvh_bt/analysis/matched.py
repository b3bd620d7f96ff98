"""The comparison at equal cost, or at equal protection: rivals' hedges scaled to that of a reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from alvh_bt.analysis.comparison import Difference, compare_runs
from alvh_bt.analysis.contribution import hedge_contribution, interest_rates, scaled_run
from alvh_bt.analysis.decay import bleed_usd
from alvh_bt.analysis.focus import FOCUS
from alvh_bt.analysis.metrics import Metrics, run_metrics
from alvh_bt.analysis.plain import plain
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.choices import Match
from alvh_bt.contracts import code_name
from alvh_bt.engine.results import RunResult

#: A hedge scaled further than by this, or down by as much, would be another hedge.
_FARTHEST: Final = 10.0
_AMOUNT: Final = {Match.COST: "bleed", Match.PROTECTION: "average P&L in the shock"}


@dataclass(frozen=True)
class Matched:
    """Runs made equal in one thing, and how they differ in the others.

    Parameters
    ----------
    by
        `cost` or `protection`.
    reference
        The variant that the others were matched to; None where there is none.
    scales
        By variant what its hedge was multiplied by, the reference's own 1.0 first.
    left_out
        By variant why it could not be matched.
    runs
        The reference as it was run, and the others scaled.
    metrics
        By variant; `margin_peak_usd` of a scaled one is NaN.
    comparisons
        Every pair of `runs`.
    """

    by: str
    reference: str | None
    scales: Mapping[str, float]
    left_out: Mapping[str, str]
    runs: tuple[RunResult, ...]
    metrics: Mapping[str, Metrics]
    comparisons: tuple[Difference, ...]


def matched_runs(result: ComparisonResult, match: int, draws: int = 2000, seed: int = 0) -> Matched:
    """Return the runs with every rival's hedge scaled to the cost, or the protection, of the reference's.

    The reference is `layered` where it was run, else the first hedge that bleeds. At equal cost hedges have
    the same bleed (USD over the days that both lived) as `hedge_decay` counts it: time, roll-down and costs.
    At equal protection they have the same average P&L in the study's shock. The scale is one number for
    the whole window, known only when it is over: nobody could have traded it.

    A scaled run is computed from the run that was made, not run again. What depends on NAV or on whole
    contracts is scaled as it was; whether a larger hedge would have met its margin is not known.

    Parameters
    ----------
    result
        The runs; for `Match.PROTECTION` with their anatomy.
    match
        `Match` code.
    draws, seed
        Of the bootstrap behind `comparisons`.
    """
    reference = _reference(result)
    by = code_name(Match, match)
    if reference is None:
        reasons = {run.variant: "no hedge bleeds, so that there is none to match to" for run in result.runs}
        return Matched(by, None, {}, reasons, (), {}, ())
    rates = interest_rates(result.runs)
    runs, scales, left_out = [reference], {reference.variant: 1.0}, {}
    for rival in result.runs:
        if rival.variant == reference.variant:
            continue
        scale, reason = _scale(result, reference, rival, match)
        contribution = hedge_contribution(rival, rates)
        if not reason and bool(np.isnan(contribution.nav).any()):
            reason = "no run held cash on some day, so that its interest is unknown"
        if reason:
            left_out[rival.variant] = reason
        else:
            scales[rival.variant] = scale
            runs.append(scaled_run(rival, contribution, scale, result.starting_cash))
    metrics = {run.variant: run_metrics(run, result.starting_cash) for run in runs}
    compared = compare_runs(replace(result, runs=tuple(runs), anatomy={}), draws, seed)
    return Matched(by, reference.variant, scales, left_out, tuple(runs), metrics, compared)


def matched_summary(matched: Matched) -> dict[str, Any]:
    """Return a matched comparison as plain JSON values, None where a figure is undefined.

    Keys: `by`, `reference`, `scales`, `left_out`, `variants` (metrics by variant) and `comparisons`.
    """
    found: dict[str, Any] = plain(
        {
            "by": matched.by,
            "reference": matched.reference,
            "scales": dict(matched.scales),
            "left_out": dict(matched.left_out),
            "variants": {name: metrics._asdict() for name, metrics in matched.metrics.items()},
            "comparisons": [row._asdict() for row in matched.comparisons],
        }
    )
    return found


def _reference(result: ComparisonResult) -> RunResult | None:
    named = result.run(FOCUS)
    return named or next((run for run in result.runs if _bleed(run) > 0), None)


def _scale(result: ComparisonResult, reference: RunResult, rival: RunResult, match: int) -> tuple[float, str]:
    """Return what the rival's hedge is multiplied by, or why that cannot be said."""
    if not (rival.trades["book"] == "hedge").any():
        return np.nan, "it holds no hedge"
    last = min(run.daily["date"].iloc[-1] for run in (reference, rival))
    amounts = []
    for run in (reference, rival):
        if match == Match.COST:
            amount = _bleed(run.until(last))
        elif run.variant not in result.anatomy:
            return np.nan, f"the exposures of {run.variant} are unknown"
        else:
            exposures = result.anatomy[run.variant].exposures
            amount = _protection(exposures, run.until(last).daily["date"])
        if not amount > 0:
            return np.nan, f"the {_AMOUNT[match]} of {run.variant} is not positive ({amount:,.0f} USD)"
        amounts.append(amount)
    scale = amounts[0] / amounts[1]
    if not 1.0 / _FARTHEST <= scale <= _FARTHEST:
        return np.nan, f"its hedge would have to be {scale:.2g} times as large: too far apart to compare"
    return scale, ""


def _bleed(run: RunResult) -> float:
    return bleed_usd(*(run.daily[name].to_numpy(np.float64) for name in ("hedge_carry", "hedge_costs")))


def _protection(exposures: pd.DataFrame, dates: pd.Series) -> float:
    """Return the hedge's P&L in the shock, USD, averaged over all sessions, those without a hedge too."""
    rows = exposures[(exposures["book"] == "hedge") & exposures["date"].isin(dates)]
    return float(rows["crash_pnl"].sum()) / len(dates)
