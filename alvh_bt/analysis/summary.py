"""The summary of a comparison: the plain values of `summary.json`, the same bytes for the same runs."""

from __future__ import annotations

from typing import Any

from alvh_bt.analysis.comparison import compare_runs
from alvh_bt.analysis.crises import crisis_figures, own_crises
from alvh_bt.analysis.holding import holding_figures
from alvh_bt.analysis.matched import matched_runs, matched_summary
from alvh_bt.analysis.metrics import run_metrics, years_between
from alvh_bt.analysis.plain import plain
from alvh_bt.analysis.regimes import regime_figures
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.analysis.superior import superior
from alvh_bt.analysis.verdict import verdict
from alvh_bt.choices import Match


def summarise(
    result: ComparisonResult, draws: int = 2000, seed: int = 0, match: int = Match.COST
) -> dict[str, Any]:
    """Return the summary of a comparison, JSON-able, None where a figure is undefined.

    Parameters
    ----------
    result
        The runs.
    draws, seed
        Of the bootstrap behind `comparisons`, `matched` and `superior`.
    match
        `Match` code: in what the hedges of `matched` are made equal.

    Returns
    -------
    dict
        `run_id`, `window`, `verdict` (sentences), `inputs`, `signals_unavailable`, `variants`, `comparisons`,
        `superior`, `regimes`, `crises`, `notes`, `settings`; with two hedges or more also `matched`, with
        an anatomy `holding`, with real chains `chains`. Each variant also has `stopped`: the error that ended
        its run early, or None. Floats carry ten significant digits.
    """
    variants = {
        run.variant: {**run_metrics(run, result.starting_cash)._asdict(), "stopped": run.stopped}
        for run in result.runs
    }
    window = {
        "start": f"{result.start:%Y-%m-%d}",
        "end": f"{result.end:%Y-%m-%d}",
        "sessions": result.sessions,
    }
    told = {
        "window": window,
        "variants": variants,
        "comparisons": [row._asdict() for row in compare_runs(result, draws, seed)],
        "superior": superior(result, draws, seed),
    }
    if sum(bool((run.trades["book"] == "hedge").any()) for run in result.runs) > 1:
        told["matched"] = matched_summary(matched_runs(result, match, draws, seed))
    told = plain(told)
    found: dict[str, Any] = plain(
        {
            "run_id": result.run_id,
            "verdict": verdict(told),
            "inputs": result.inputs,
            "signals_unavailable": result.signals,
            **told,
            **_of_anatomy(result),
            "regimes": regime_figures(result),
            "crises": crisis_figures(result, own_crises(result.settings)),
            **({} if result.chains is None else {"chains": result.chains}),
            "notes": result.notes,
            "settings": result.settings,
        }
    )
    return found


def _of_anatomy(result: ComparisonResult) -> dict[str, Any]:
    if not result.anatomy:
        return {}
    return {
        "holding": {
            run.variant: holding_figures(run, result.anatomy[run.variant], years_between(run.daily["date"]))
            for run in result.runs
        }
    }
