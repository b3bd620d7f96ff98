"""What resampled histories show: the spread of every difference, and how often each hedge did better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from alvh_bt.analysis.paths import HISTORY_COLUMNS, PathResult
from alvh_bt.analysis.plain import plain

Floats = NDArray[np.float64]

#: The metrics whose differences are told: whether more of it is better.
PATH_METRICS: Final = {"cagr": True, "max_drawdown": True, "hedge_decay": False}
#: Of the interval of a share of paths.
_CONFIDENCE: Final = 0.90


def path_figures(result: PathResult, real: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the figures of the paths as plain values, None where undefined.

    Parameters
    ----------
    result
        The paths.
    real
        What `analysis.summary.summarise` gave of the real history, for the figures beside theirs.

    Returns
    -------
    dict
        `paths`, and `failed`: those on which any hedge stopped. `window`, `seed`, `block`, `neighbours`.
        `histories`: each of `HISTORY_COLUMNS` as median, p5, p95 and real. `variants`: by name `finished`
        (paths), `stopped` (a list of path and reason) and each of `PATH_METRICS` as median, p5, p95, real.
        `pairs`: by `a`, `b` and `metric` the difference `a` less `b`: `paths` on which both finished, its
        median, p5, p95 and real, `better` and `worse` (on how many paths a did better or worse than b),
        and the `share` of better ones with its 90% interval `share_low`, `share_high` (Wilson), which
        covers the luck of the draw of so few paths, and nothing else.
    """
    names, measured = result.variants, {} if real is None else real["variants"]
    failed = result.rows.loc[result.rows["stopped"].notna(), "path"].nunique()
    variants = {name: _variant(result, name, measured.get(name)) for name in names}
    figures: dict[str, Any] = plain(
        {
            "paths": result.paths,
            "failed": int(failed),
            "window": {"start": str(result.start), "end": str(result.end), "sessions": result.sessions},
            "seed": result.seed,
            "block": result.block,
            "neighbours": result.neighbours,
            "histories": {
                name: {**_spread(result.histories[name].to_numpy(np.float64)), "real": result.real[name]}
                for name in HISTORY_COLUMNS
            },
            "variants": variants,
            "pairs": [
                row
                for a, b in combinations(names, 2)
                for row in _pair(result, a, b, variants[a], variants[b])
            ],
        }
    )
    return figures


def _variant(result: PathResult, name: str, real: Mapping[str, Any] | None) -> dict[str, Any]:
    rows = result.rows[result.rows["variant"] == name]
    stopped = rows[rows["stopped"].notna()]
    measured = real is not None and not real["stopped"]
    return {
        "finished": len(rows) - len(stopped),
        "stopped": [
            {"path": int(path), "reason": reason}
            for path, reason in zip(stopped["path"], stopped["stopped"], strict=True)
        ],
        **{
            metric: {
                **_spread(result.metric(name, metric)),
                "real": real[metric] if measured and real is not None else None,
            }
            for metric in PATH_METRICS
        },
    }


def _pair(
    result: PathResult, a: str, b: str, of_a: Mapping[str, Any], of_b: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for metric, more_is_better in PATH_METRICS.items():
        differences = result.differences(a, b, metric)
        known = differences[np.isfinite(differences)]
        gains = known if more_is_better else -known
        better, worse = int((gains > 0).sum()), int((gains < 0).sum())
        reals = of_a[metric]["real"], of_b[metric]["real"]
        yield {
            "a": a,
            "b": b,
            "metric": metric,
            "paths": len(known),
            **_spread(differences),
            "real": None if None in reals else reals[0] - reals[1],
            "better": better,
            "worse": worse,
            **_share(better, len(known)),
        }


def _spread(values: Floats) -> dict[str, float]:
    """Return the median and the 5th and 95th percentile of the known values."""
    known = values[np.isfinite(values)]
    cuts = np.quantile(known, (0.5, 0.05, 0.95)).tolist() if len(known) else [float("nan")] * 3
    return dict(zip(("median", "p5", "p95"), cuts, strict=True))


def _share(count: int, paths: int) -> dict[str, float]:
    if not paths:
        return dict.fromkeys(("share", "share_low", "share_high"), float("nan"))
    interval = binomtest(count, paths).proportion_ci(_CONFIDENCE, method="wilson")
    return {"share": count / paths, "share_low": float(interval.low), "share_high": float(interval.high)}
