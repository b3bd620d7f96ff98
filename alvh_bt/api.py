"""What Python users call: compare hedges, look at what came out, keep it, read it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from alvh_bt.analysis.compare import resample, run_comparison
from alvh_bt.analysis.metrics import returns_frame
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.analysis.summary import summarise
from alvh_bt.config import Study, make_study
from alvh_bt.engine.results import RunResult
from alvh_bt.errors import ConfigError
from alvh_bt.market import Market, load_market
from alvh_bt.sweep.grid import run_grid


class Picture(bytes):
    """The bytes of a PNG, which a notebook shows as a picture."""

    def _repr_png_(self) -> bytes:
        return bytes(self)


@dataclass(frozen=True, repr=False)
class Comparison:
    """The same condor book under several hedges, and what is to be said of it.

    In a notebook it shows itself: the verdict, the metrics, and what was modelled.

    Parameters
    ----------
    result
        The runs: `result.runs[0].daily`, `.trades`, `.journal`, and `result.anatomy`.
    summary
        The plain values of `summary.json`.
    """

    result: ComparisonResult
    summary: Mapping[str, Any]

    @property
    def verdict(self) -> list[str]:
        """What the comparison shows in plain sentences, the most important first."""
        return list(self.summary["verdict"])

    @property
    def metrics(self) -> pd.DataFrame:
        """The metrics of `analysis.metrics.Metrics`, one row a variant; NaN where undefined."""
        return pd.DataFrame.from_dict(dict(self.summary["variants"]), orient="index")

    @property
    def differences(self) -> pd.DataFrame:
        """Every pair on every compared metric: `difference` of a less b, 90% interval, p-values, method."""
        return pd.DataFrame(self.summary["comparisons"])

    @property
    def nav(self) -> pd.DataFrame:
        """Net asset value at each close, USD, one column a variant, indexed by date."""
        columns = {run.variant: run.daily.set_index("date")["nav"] for run in self.result.runs}
        return pd.DataFrame(columns)

    @property
    def returns(self) -> pd.DataFrame:
        """Daily returns, one column a variant, as empyrical, pyfolio and quantstats read them."""
        return returns_frame(self.result.runs, self.result.starting_cash)

    @property
    def crises(self) -> pd.DataFrame:
        """One row a crisis and variant: P&L of condor and hedge, drawdown with and without, cost before."""
        return _by_variant(self.summary["crises"])

    @property
    def regimes(self) -> pd.DataFrame:
        """One row a regime and variant: P&L of condor and hedge, bleed, decay."""
        return _by_variant(self.summary["regimes"])

    def run(self, variant: str) -> RunResult:
        """Return one variant's run.

        Raises
        ------
        ConfigError
            When there is none of that name; lists those that there are.
        """
        run = self.result.run(variant)
        if run is None:
            known = ", ".join(run.variant for run in self.result.runs)
            raise ConfigError(f"no variant {variant!r} in this comparison; it has {known}")
        return run

    def journal(self, variant: str, start: str | None = None, end: str | None = None) -> pd.DataFrame:
        """Return a variant's decisions by date, from `start` to `end`, both included.

        Raises
        ------
        ConfigError
            As `run`.
        """
        return _between(self.run(variant).journal, start, end)

    def days(self, variant: str, start: str | None = None, end: str | None = None) -> pd.DataFrame:
        """Return a variant's daily record beside the market's state at each close, indexed by date.

        Raises
        ------
        ConfigError
            As `run`.
        """
        daily = _between(self.run(variant).daily, start, end).set_index("date")
        return daily.join(self.result.states)

    def attribution(self, variant: str, start: str | None = None, end: str | None = None) -> pd.DataFrame:
        """Return the parts of a variant's P&L, one row a session, book, layer and leg, USD.

        Raises
        ------
        ConfigError
            As `run`, or when the comparison was made with `anatomy=False`.
        """
        self.run(variant)
        if variant not in self.result.anatomy:
            raise ConfigError("this comparison has no attribution; compare with anatomy=True")
        return _between(self.result.anatomy[variant].attribution, start, end)

    def figure(self, name: str) -> Picture:
        """Return a figure (`nav`, `drawdown`, `hedge_carry`, `vix_layers`, `overview`, ...) as a PNG.

        Raises
        ------
        ConfigError
            When there is no such figure; lists those that there are.
        """
        from alvh_bt.report.figures import draw_figures

        pictures = draw_figures(self.result, self.summary)
        if f"{name}.png" not in pictures:
            known = ", ".join(sorted(key.removesuffix(".png") for key in pictures if key.endswith(".png")))
            raise ConfigError(f"no figure {name!r}; choose from {known}")
        return Picture(pictures[f"{name}.png"])

    def save(self, out: str | Path) -> None:
        """Write summary, tables, figures and the report into the folder `out`, as `alvh compare --out` does.

        Raises
        ------
        ConfigError
            When `out` cannot be written.
        """
        from alvh_bt.report.files import write_outputs

        write_outputs(self.result, Path(out), dict(self.summary))

    def __repr__(self) -> str:
        return f"Comparison of {', '.join(run.variant for run in self.result.runs)}: {self.verdict[0]}"

    def _repr_html_(self) -> str:
        from alvh_bt.report.notebook import notebook_html

        return notebook_html(self.summary)


def compare(
    market: Market | str | Path | None = None,
    *,
    hedges: Sequence[str] | None = None,
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
        Names in `HEDGES`, or your own as `file.py:ClassName`; the default four if None.
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
    ConfigError
        When a setting or a hedge is unknown, or `study` is given with settings beside it.
    DataError
        When data is missing or of no use.

    Examples
    --------
    >>> import alvh_bt as ab
    >>> found = ab.compare(hedges=["none", "static-calls"], start="2016-01-04", end="2016-06-30")
    >>> list(found.metrics.index)
    ['none', 'static-calls']
    """
    given = {name: value for name, value in (("hedges", hedges), ("start", start), ("end", end)) if value}
    if study is not None and (given or settings):
        raise ConfigError(f"study and {', '.join([*given, *settings])} exclude each other; give one")
    chosen = make_study(**given, **settings) if study is None else study
    store = None
    if chains is not None:
        from alvh_bt.chains import open_chains

        store = open_chains(Path(chains), lambda line: None)
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


def _between(frame: pd.DataFrame, start: str | None, end: str | None) -> pd.DataFrame:
    dates = frame["date"]
    first = dates >= pd.Timestamp(start) if start else dates.notna()
    last = dates <= pd.Timestamp(end) if end else dates.notna()
    return frame[first & last].reset_index(drop=True)


def _by_variant(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return records that hold figures by variant as one row a record and variant."""
    rows = []
    for record in records:
        shared = {name: value for name, value in record.items() if name != "variants"}
        rows += [
            {**shared, "variant": name, **figures}
            for name, figures in record["variants"].items()
            if figures is not None
        ]
    return pd.DataFrame(rows)
