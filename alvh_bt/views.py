"""What a comparison shows of itself: tables, pictures, the verdict; in a notebook without being asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from alvh_bt.analysis.metrics import returns_frame
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.engine.results import RunResult
from alvh_bt.errors import ConfigError


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
            As `run`, or when `start` or `end` is no date.
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


def _between(frame: pd.DataFrame, start: str | None, end: str | None) -> pd.DataFrame:
    first, last = frame["date"].min(), frame["date"].max()
    try:
        first = pd.Timestamp(start) if start else first
        last = pd.Timestamp(end) if end else last
    except ValueError:
        raise ConfigError(f"{start!r} to {end!r} are no dates: write them as 2020-02-03") from None
    return frame[frame["date"].between(first, last)].reset_index(drop=True)


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
