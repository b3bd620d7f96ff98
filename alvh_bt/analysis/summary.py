"""The summary of a comparison: the plain values of `summary.json`, the same bytes for the same runs."""

from __future__ import annotations

from typing import Any

from alvh_bt.analysis.comparison import compare_runs
from alvh_bt.analysis.crises import crisis_figures, own_crises
from alvh_bt.analysis.metrics import run_metrics
from alvh_bt.analysis.plain import plain
from alvh_bt.analysis.regimes import regime_figures
from alvh_bt.analysis.results import ComparisonResult


def summarise(result: ComparisonResult, draws: int = 500, seed: int = 0) -> dict[str, Any]:
    """Return the summary of a comparison, JSON-able, None where a figure is undefined.

    Parameters
    ----------
    result
        The runs.
    draws, seed
        Of the bootstrap behind `comparisons`.

    Returns
    -------
    dict
        `run_id`, `window`, `inputs`, `signals_unavailable`, `variants`, `comparisons`, `settings`; with real
        chains also `chains`.
        Each variant also has `stopped`: the error that ended its run early, or None. Floats carry ten
        significant digits.
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
    found: dict[str, Any] = plain(
        {
            "run_id": result.run_id,
            "window": window,
            "inputs": result.inputs,
            "signals_unavailable": result.signals,
            "variants": variants,
            "comparisons": [row._asdict() for row in compare_runs(result, draws, seed)],
            "regimes": regime_figures(result),
            "crises": crisis_figures(result, own_crises(result.settings)),
            "notes": result.notes,
            "settings": result.settings,
            **({} if result.chains is None else {"chains": result.chains}),
        }
    )
    return found
