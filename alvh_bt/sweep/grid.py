"""A grid of studies: every combination of a few settings, each run under the same hedges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import pandas as pd

from alvh_bt.analysis.metrics import run_metrics
from alvh_bt.config import Study, make_study
from alvh_bt.engine.parallel import run_side_by_side
from alvh_bt.engine.run import run_variant
from alvh_bt.engine.today import Calendar
from alvh_bt.errors import ConfigError
from alvh_bt.market import Market
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.sweep.settings import with_values


class _Cell(NamedTuple):
    values: dict[str, Any]  # by dotted setting
    study: Study


def run_grid(market: Market, settings: Mapping[str, Any], axes: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Return one row a configuration and hedge: the values of the axes, `variant`, and every metric.

    The configurations run side by side, one process a core. A window's best row is the luckiest of all
    that were tried: read the table for how the result changes, not for its top.

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
    cells = list(_cells(settings, axes))
    prices = ModelPrices(market)
    calendars: dict[Any, Calendar] = {}
    for cell in cells:
        if cell.study.signals not in calendars:
            calendars[cell.study.signals] = Calendar(market, cell.study.signals)

    def job(number: str, tick: Any) -> list[dict[str, Any]]:
        cell = cells[int(number)]
        calendar = calendars[cell.study.signals]
        runs = [run_variant(market, cell.study, name, prices, calendar) for name in cell.study.hedges]
        return [
            {
                **cell.values,
                "variant": run.variant,
                **run_metrics(run, cell.study.book.starting_cash)._asdict(),
                "stopped": run.stopped,
            }
            for run in runs
        ]

    found = run_side_by_side(job, [str(number) for number in range(len(cells))], lambda: None)
    return pd.DataFrame([row for rows in found for row in rows])


def _cells(settings: Mapping[str, Any], axes: Mapping[str, Sequence[Any]]) -> Iterator[_Cell]:
    """Yield every combination of the axes with its checked study."""
    for name, values in axes.items():
        if not len(values):
            raise ConfigError(f"axis {name} has no value; give at least one")
    for combination in product(*axes.values()):
        chosen = dict(zip(axes, combination, strict=True))
        yield _Cell(chosen, make_study(**with_values(settings, chosen)))
