"""What Python users call: compare hedges, sweep a few settings, read a comparison back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from alvh_bt.analysis.compare import resample, run_comparison
from alvh_bt.analysis.summary import summarise
from alvh_bt.chains import open_chains
from alvh_bt.config import Study, make_study
from alvh_bt.errors import ConfigError
from alvh_bt.market import Market, load_market
from alvh_bt.sweep.grid import run_grid
from alvh_bt.views import Comparison


def compare(
    market: Market | str | Path | None = None,
    *,
    hedges: str | Sequence[str] | None = None,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    study: Study | None = None,
    chains: str | Path | None = None,
    anatomy: bool = True,
    paths: int = 0,
    **settings: Any,
) -> Comparison:
    """Return the same condor book run under each hedge of a study, compared.

    Parameters
    ----------
    market
        A market, or a folder of CSVs; without it fetched data, else the embedded sample.
    hedges
        A name in `HEDGES`, or your own as `file.py:ClassName`, or several; the default four if None.
    start, end
        First and last session, both included.
    study
        A whole study in place of `hedges`, `start`, `end` and `settings`.
    chains
        A folder of real option chains.
    anatomy
        Whether each day's P&L is split into its parts, which takes another second or two a variant.
    paths
        Over how many resampled histories it is repeated; each takes as long as the comparison itself.
    **settings
        Groups of settings as a study file has them: `condor={"short_delta": 0.2}`.

    Raises
    ------
    ConfigError, DataError
        A setting or hedge is unknown, `study` has settings beside it, or data is missing or of no use.

    Examples
    --------
    >>> import alvh_bt as ab
    >>> found = ab.compare(hedges=["none", "static-calls"], start="2016-01-04", end="2016-06-30")
    >>> list(found.metrics.index)
    ['none', 'static-calls']
    """
    asked = {"hedges": [hedges] if isinstance(hedges, str) else hedges, "start": start, "end": end}
    given = {name: value for name, value in asked.items() if value is not None}
    if study is not None and (given or settings):
        raise ConfigError(f"study and {', '.join([*given, *settings])} exclude each other; give one")
    chosen = make_study(**given, **settings) if study is None else study
    store = None if chains is None else open_chains(Path(chains), lambda line: None)
    history = _market(market)
    result = run_comparison(history, chosen, store=store, dissected=anatomy)
    summary = summarise(result, chosen.bootstrap_draws, chosen.seed, chosen.comparison.match)
    if paths:
        result, summary = resample(result, summary, history, chosen, paths)
    return Comparison(result, summary)


def load_comparison(folder: str | Path) -> Comparison:
    """Return a comparison that `alvh compare --out` or `Comparison.save` wrote.

    Raises
    ------
    DataError
        When a file is missing or of no use; names it.
    """
    from alvh_bt.report.saved import load_result

    return Comparison(*load_result(Path(folder)))


def grid(
    axes: Mapping[str, Sequence[Any]], market: Market | str | Path | None = None, **settings: Any
) -> pd.DataFrame:
    """Return a table of every combination of a few settings: its values, `variant`, and every metric.

    Parameters
    ----------
    axes
        By dotted setting (`"condor.short_delta"`) the values to try.
    market
        As in `compare`.
    **settings
        Of the study that all combinations share: `hedges`, `start`, `end`, groups of settings.

    Raises
    ------
    ConfigError
        When a combination is no valid study; nothing has run then.
    DataError
        When data is missing or of no use.

    Examples
    --------
    >>> import alvh_bt as ab
    >>> window = {"start": "2016-01-04", "end": "2016-03-31"}
    >>> table = ab.grid({"condor.short_delta": [0.1, 0.2]}, hedges=["none"], **window)
    >>> table["condor.short_delta"].tolist()
    [0.1, 0.2]
    """
    return run_grid(_market(market), settings, axes)


def _market(market: Market | str | Path | None) -> Market:
    if isinstance(market, Market):
        return market
    return load_market(market)
