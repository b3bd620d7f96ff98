"""The summary of a comparison: the plain values of `summary.json`, the same bytes for the same runs."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from alvh_bt.analysis.comparison import compare_runs
from alvh_bt.analysis.metrics import run_metrics
from alvh_bt.analysis.results import ComparisonResult

# Sums may differ in the last bits between processors; no figure here is known to ten digits anyway.
_DIGITS: Final = 10


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
        `run_id`, `window`, `inputs`, `variants`, `comparisons`, `settings`. Each variant also has
        `stopped`: the error that ended its run early, or None. Floats carry ten significant digits.
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
    plain: dict[str, Any] = _plain(
        {
            "run_id": result.run_id,
            "window": window,
            "inputs": result.inputs,
            "variants": variants,
            "comparisons": [row._asdict() for row in compare_runs(result, draws, seed)],
            "settings": result.settings,
        }
    )
    return plain


def summary_json(summary: dict[str, Any]) -> str:
    """Return `summary` as JSON text with sorted keys, a newline at the end."""
    return json.dumps(summary, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        # Adding 0.0 turns -0.0 into 0.0, which reads as a loss.
        return float(f"{value:.{_DIGITS}g}") + 0.0 if math.isfinite(value) else None
    return value
