"""Which of all variants stand up once their number is counted: Hansen's SPA and the confidence set."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from alvh_bt.analysis.bootstrap import Floats, block_length
from alvh_bt.analysis.comparison import MIN_SESSIONS
from alvh_bt.analysis.metrics import daily_returns
from alvh_bt.analysis.plain import plain
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.errors import DataError

#: Size of the model confidence set: it holds the best variant with a probability of 90%.
SIZE: Final = 0.10


def superior(result: ComparisonResult, draws: int = 2000, seed: int = 0) -> dict[str, Any]:
    """Return the test of superior predictive ability and the model confidence set, as plain values.

    Both judge mean daily returns alone: a hedge that costs a little and saves the book on its worst day is
    not seen as better. All variants are taken on the days that all of them have.

    Parameters
    ----------
    result
        Runs on the same sessions.
    draws, seed
        Of the resampling of each test: the same seed gives the same values.

    Returns
    -------
    dict
        `reason`: why there is no test, else None and also: `benchmark` (`none` if it was run, else the first
        variant); `tried`, how many others; `p_lower`, `p_consistent`, `p_upper`, the SPA's p-values of
        "no variant returns more than the benchmark" (None where all are the same as it); `variants`, each
        with `p_value` and `included`, whether it is in the set that holds the best one with a probability of
        90%; `size`, `draws`, `seed`, `block` (mean block, sessions), `sessions`, `start` and `end`.

    Raises
    ------
    DataError
        When runs do not share their sessions.

    Source: Hansen (2005), "A Test for Superior Predictive Ability"; Hansen, Lunde and Nason (2011), "The
    Model Confidence Set", range statistic; by `arch.bootstrap`.
    """
    losses, reason = _losses(result)
    if reason:
        return {"reason": reason}
    found: dict[str, Any] = plain(
        {
            "reason": None,
            **_tests(losses, draws, seed),
            "size": SIZE,
            "draws": draws,
            "seed": seed,
            "sessions": len(losses),
            "start": f"{losses.index[0]:%Y-%m-%d}",
            "end": f"{losses.index[-1]:%Y-%m-%d}",
        }
    )
    return found


def _tests(losses: pd.DataFrame, draws: int, seed: int) -> dict[str, Any]:
    names = list(losses.columns)
    benchmark = "none" if "none" in names else names[0]
    twin = {name: _twin(name, losses) for name in names}
    distinct = [name for name in names if twin[name] == name]
    pairs = [(losses[a] - losses[b]).to_numpy() for k, a in enumerate(distinct) for b in distinct[:k]]
    block = block_length(pairs) if pairs else 1
    rivals = [name for name in distinct if name != twin[benchmark]]
    spa = _spa(losses[twin[benchmark]], losses[rivals], block, draws, seed) if rivals else (None,) * 3
    members = _confidence_set(losses[distinct], block, draws, seed)
    return {
        "benchmark": benchmark,
        "tried": len(names) - 1,
        **dict(zip(("p_lower", "p_consistent", "p_upper"), spa, strict=True)),
        "variants": {name: members[twin[name]] for name in names},
        "block": block,
    }


def _losses(result: ComparisonResult) -> tuple[pd.DataFrame, str]:
    """Return minus the daily returns of every variant on their common days, and why that is not enough."""
    last = min(run.daily["date"].iloc[-1] for run in result.runs)
    columns: dict[str, Floats] = {}
    daily = {run.variant: run.until(last).daily for run in result.runs}
    dates = next(iter(daily.values()))["date"]
    for name, frame in daily.items():
        if not np.array_equal(frame["date"], dates):
            raise DataError(f"run {name} does not share its sessions; run all hedges on one market")
        columns[name] = -daily_returns(frame["nav"].to_numpy(np.float64), result.starting_cash)
    losses = pd.DataFrame(columns, index=pd.DatetimeIndex(dates))
    if len(columns) < 2:
        return losses, "one variant has no rival; name another hedge"
    if len(losses) < MIN_SESSIONS:
        return losses, f"{len(losses)} sessions common to all are fewer than {MIN_SESSIONS}"
    ruined = [name for name, frame in daily.items() if not bool((frame["nav"] > 0).all())]
    return losses, f"the NAV of {', '.join(ruined)} fell to 0 or below" if ruined else ""


def _twin(name: str, losses: pd.DataFrame) -> str:
    """Return the first variant with the very same returns: between twins there is nothing to test."""
    return next(str(other) for other in losses.columns if losses[other].equals(losses[name]))


def _spa(
    benchmark: pd.Series, rivals: pd.DataFrame, block: int, draws: int, seed: int
) -> tuple[float, float, float]:
    from arch.bootstrap import SPA

    test = SPA(benchmark, rivals, block_size=block, reps=draws, seed=np.random.default_rng(seed))
    test.compute()
    return tuple(float(test.pvalues[name]) for name in ("lower", "consistent", "upper"))  # type: ignore[return-value]


def _confidence_set(losses: pd.DataFrame, block: int, draws: int, seed: int) -> dict[str, dict[str, Any]]:
    from arch.bootstrap import MCS

    if losses.shape[1] == 1:
        return {str(losses.columns[0]): {"p_value": 1.0, "included": True}}
    numbered = losses.set_axis(range(losses.shape[1]), axis=1)
    test = MCS(numbered, SIZE, reps=draws, block_size=block, seed=np.random.default_rng(seed))
    test.compute()
    p_values = test.pvalues["Pvalue"]
    return {
        str(name): {"p_value": float(p_values[k]), "included": k in test.included}
        for k, name in enumerate(losses.columns)
    }
