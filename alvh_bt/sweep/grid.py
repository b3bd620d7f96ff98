"""A grid of studies in memory: every combination of a few settings, each run under the same hedges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from alvh_bt.analysis.metrics import Metrics
from alvh_bt.engine.parallel import run_side_by_side
from alvh_bt.errors import AlvhError
from alvh_bt.market import Market
from alvh_bt.sweep.space import configurations
from alvh_bt.sweep.spec import make_sweep
from alvh_bt.sweep.work import Workload

#: Runs from which compiling the rules, once a machine, takes less time than the Backtrader engine would.
WORTH_COMPILING: Final = 60


def run_grid(market: Market, settings: Mapping[str, Any], axes: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Return one row a configuration and hedge: the values of the axes, `variant`, and every metric.

    The configurations run side by side, one process a core; a few of them in the Backtrader engine, many in
    compiled code. A window's best row is the luckiest of all that were tried: read the table for how the
    result changes, not for its top.

    Parameters
    ----------
    market
        The history.
    settings
        Of the study that all configurations share, nested as a study file is.
    axes
        By dotted setting (`"condor.short_delta"`) the values tried; rows come in the order of their product.

    Returns
    -------
    DataFrame
        Metrics as `analysis.metrics.Metrics` has them, and `stopped`: the error that ended the run, or None.

    Raises
    ------
    ConfigError
        When an axis is empty, or a combination is no valid study; nothing has run then.
    DataError
        As `engine.run.run_variant`.
    """
    lists = {name: list(values) for name, values in axes.items()}
    sweep = make_sweep({"axes": lists, "study": dict(settings)}, source="the grid")
    points = configurations(sweep)
    for point in points:
        sweep.study(point.values)
    workload = Workload(sweep, market, len(points) * len(sweep.hedges) >= WORTH_COMPILING)
    workload.warm()

    def job(number: str, tick: Any) -> list[dict[str, Any]]:
        return workload.job([(points[int(number)], sweep.hedges)])

    found = run_side_by_side(job, [str(number) for number in range(len(points))], lambda: None)
    rows = [row for rows in found for row in rows]
    for row in rows:
        if row.get("error"):
            raise AlvhError(f"the grid at {axis_values(row, sweep.axis_types())}: {row['error']}")
    return pd.DataFrame(rows, columns=[*sweep.axis_types(), "variant", *Metrics._fields, "stopped"])


def axis_values(row: Mapping[str, Any], names: Sequence[str] | Mapping[str, Any]) -> str:
    """Return where a row stands in the space, as `setting = value, ...`."""
    return ", ".join(f"{name} = {row[name]}" for name in names)
