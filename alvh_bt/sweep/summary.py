"""What a sweep shows, as plain values: best, front, sensitivity, equal cost, and how much of it is luck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from alvh_bt.analysis.plain import plain
from alvh_bt.errors import ConfigError, DataError
from alvh_bt.sweep.better import METRICS, signed
from alvh_bt.sweep.equal_cost import EqualCost, equal_cost
from alvh_bt.sweep.neighbours import neighbourhood, winning
from alvh_bt.sweep.overfitting import SAMPLED, deflated_sharpe, luck_sharpe, overfitting
from alvh_bt.sweep.pareto import pareto_front
from alvh_bt.sweep.results import SweepResults, sample_of, weekly_returns
from alvh_bt.sweep.sensitivity import sensitivity
from alvh_bt.sweep.walk_forward import EMBARGO_WEEKS, SCORES, purge_weeks, walk_forward

#: Shown of every winner: a configuration that hardly trades earns interest, and looks best in bad times.
_ALWAYS: Final = ("condor_pnl_usd", "trades")


@dataclass(frozen=True)
class Asked:
    """What is to be told of a sweep; what is None is the sweep's own choice."""

    metric: str | None = None
    hedge: str | None = None
    top: int = 10
    embargo_weeks: int = EMBARGO_WEEKS


@dataclass(frozen=True)
class Told:
    """A sweep's summary, with the rows that tables and charts are made from."""

    summary: dict[str, Any]  # plain JSON values
    rows: pd.DataFrame  # of the hedge that is ranked, by configuration, best first
    costs: EqualCost | None


#: Front members that are listed; the page draws all.
_FRONT_LISTED: Final = 25


def tell_sweep(results: SweepResults, asked: Asked | None = None) -> Told:
    """Return what a sweep shows under one hedge.

    Parameters
    ----------
    results
        As far as it was run.
    asked
        Metric, hedge and how many to list.

    Returns
    -------
    Told
        Its summary has `where`, `version`, `window`, `runs` (planned, finished, failed ...), `hedge`,
        `rival`, `metric`, `best`, `pareto`, `sensitivity` (by metric), `equal_cost`, `overfitting` and
        `walk_forward`.
        None where a figure is undefined.

    Raises
    ------
    ConfigError
        When there is no such metric or hedge.
    DataError
        When no run of the hedge can be ranked, or a part cannot be read.
    """
    asked = asked or Asked()
    hedge, metric = asked.hedge or results.hedge, asked.metric or results.metrics[0]
    if metric not in METRICS:
        raise ConfigError(f"--metric {metric}: no such metric; choose from {', '.join(METRICS)}")
    rows = _ranked(results, hedge, metric)
    rival = results.rival(hedge)
    costs = None if rival is None else equal_cost(results, hedge, rival)
    top = rows.index[: asked.top].tolist()
    # Drawn blind: with the winners of the whole window among them a walk forward would know its future.
    blind = sample_of(rows.index.tolist(), SAMPLED, int(results.option("seed", 0)))
    returns, sharpes = weekly_returns(results, hedge, sorted({*blind, *top}))
    drawn = returns.loc[:, returns.columns.isin(blind)]
    summary = {
        **_about(results, hedge, rival, metric),
        "best": _best(results, rows, top, metric, costs, returns, sharpes),
        "tried": int(sharpes.notna().sum()),
        "luck_sharpe": luck_sharpe(sharpes),
        "median_trades": float(rows["trades"].median()),
        "overfitting": {**overfitting(drawn)._asdict(), "of": len(rows)},
        "walk_forward": _walks(results, hedge, rival, metric, drawn, asked.embargo_weeks),
        "equal_cost": None if costs is None else costs.figures(),
        **_fronts(results, rows),
        "sensitivity": {
            name: [effect._asdict() for effect in sensitivity(rows, results.axes, name)]
            for name in dict.fromkeys((metric, *results.objectives))
        },
    }
    return Told(plain(summary), rows, costs)


def records(rows: pd.DataFrame, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return some rows as plain Python values by column, in the order of the numbers."""
    found = rows.loc[list(numbers)].to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in found]


def _ranked(results: SweepResults, hedge: str, metric: str) -> pd.DataFrame:
    """Return the rows that may be ranked, the best first; those without the metric last."""
    rows = results.ranked(hedge)
    if rows.empty:
        _, first = _first(results.of(hedge))
        raise DataError(f"{results.where}: no run under {hedge} came to its end; the first says: {first}")
    worth = rows[metric].astype(float) * signed(metric, 1.0)
    return rows.loc[worth.sort_values(ascending=False, kind="stable", na_position="last").index]


def _about(results: SweepResults, hedge: str, rival: str | None, metric: str) -> dict[str, Any]:
    """Return what the sweep is and how far it got."""
    runs, manifest = results.runs, results.manifest
    failed = runs[runs["error"].notna()]
    number, error = _first(failed)
    stopped = runs[runs["stopped"].notna()]
    return {
        "where": results.where,
        "version": manifest.get("version"),
        "method": results.option("method"),
        "window": dict(manifest["window"]),
        "inputs": manifest.get("inputs") or {},
        "hedges": list(results.variants),
        "hedge": hedge,
        "rival": rival,
        "metric": metric,
        "metrics": list(dict.fromkeys((metric, *results.metrics, *_ALWAYS))),
        "objectives": list(results.objectives),
        "axes": list(results.axes),
        "runs": {
            "planned": manifest.get("runs"),
            "finished": len(runs),
            "configurations": int(runs["configuration"].nunique()),
            "complete": bool(manifest.get("complete")),
            "failed": len(failed),
            "first_failed": number,
            "first_error": error,
            "stopped": len(stopped),
            "stopped_here": int((stopped["variant"] == hedge).sum()),
            "first_stop": _first(stopped, "stopped")[1],
            "repeated": results.repeated,
        },
    }


def _first(rows: pd.DataFrame, column: str = "error") -> tuple[int | None, str | None]:
    told = rows[rows[column].notna()]
    if told.empty:
        return None, None
    row = told.iloc[0]
    number = row["configuration"] if "configuration" in told.columns else told.index[0]
    return int(number), f"{row['variant']}: {row[column]}"


def _best(
    results: SweepResults,
    rows: pd.DataFrame,
    top: list[int],
    metric: str,
    costs: EqualCost | None,
    returns: pd.DataFrame,
    sharpes: pd.Series,
) -> list[dict[str, Any]]:
    """Return the winners, each with how much of it may be luck."""
    gains = None if costs is None else costs.gains
    wins = winning(rows, metric, gains)
    grid = results.option("method") == "grid"
    shown = dict.fromkeys((metric, *results.metrics, *_ALWAYS))
    found = []
    for number, row in zip(top, records(rows, top), strict=True):
        near = neighbourhood(rows, results.axes, number, wins, grid)
        known = number in returns.columns
        found.append(
            {
                "configuration": number,
                "values": {name: row[name] for name in results.axes},
                "metrics": {name: float(row[name]) for name in shown},
                "deflated_sharpe": deflated_sharpe(returns[number], sharpes) if known else float("nan"),
                "weekly_sharpe": float(sharpes.get(number, float("nan"))),
                "neighbours": near.neighbours,
                "neighbours_that_win": near.wins,
                "wins": bool(wins.at[number]),
                "gain_usd_a_year": float("nan") if gains is None else float(gains.get(number, float("nan"))),
            }
        )
    return found


def _walks(
    results: SweepResults,
    hedge: str,
    rival: str | None,
    metric: str,
    returns: pd.DataFrame,
    embargo: int,
) -> dict[str, Any]:
    """Return walk-forward by Sharpe ratio and by the metric, anchored and rolling."""
    gap = purge_weeks(results, hedge) + embargo
    others = (
        None if rival is None else weekly_returns(results, rival, returns.columns.astype(int).tolist())[0]
    )
    scores = [name for name in dict.fromkeys(("sharpe", metric)) if name in SCORES]
    found = [
        walk_forward(returns, others, name, anchored, gap) for name in scores for anchored in (True, False)
    ]
    reasons = dict.fromkeys(each for each in found if isinstance(each, str))
    if metric not in SCORES:
        reasons[f"{metric} cannot be computed from weekly returns, so that Sharpe alone was chosen by"] = None
    return {
        "gap_weeks": gap,
        "embargo_weeks": embargo,
        "configurations": returns.shape[1],
        "rows": [each._asdict() for each in found if not isinstance(each, str)],
        "reasons": list(reasons),
    }


def _fronts(results: SweepResults, rows: pd.DataFrame) -> dict[str, Any]:
    objectives = results.objectives
    front = pareto_front(rows, objectives)
    listed = (
        front
        if len(front) <= _FRONT_LISTED
        else [front[k * len(front) // _FRONT_LISTED] for k in range(_FRONT_LISTED)]
    )
    members = [
        {
            "configuration": number,
            "values": {name: row[name] for name in results.axes},
            "metrics": {name: float(row[name]) for name in objectives},
        }
        for number, row in zip(listed, records(rows, listed), strict=True)
    ]
    return {"pareto": members, "pareto_size": len(front), "front": front}
