"""What a sweep wrote, read back: the manifest, and a row a run without its weekly returns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
from numpy.typing import NDArray

from alvh_bt.errors import ConfigError, DataError
from alvh_bt.sweep.rows import RESULT_FIELDS, RUN_FIELDS

#: Everything that is not an axis; an axis is any other column of a part.
_FIXED: Final = frozenset(field.name for field in (*RUN_FIELDS, *RESULT_FIELDS))
_UNREAD: Final = ("weekly_returns", "key")
_METRICS: Final = ("pnl_usd", "max_drawdown", "hedge_decay")
# By itself Arrow reads so far ahead that 100,000 runs take a gigabyte.
_FRUGAL: Final = {"batch_size": 1024, "batch_readahead": 1, "fragment_readahead": 2}
_AGAIN: Final = "delete it and run the sweep again with --resume, which makes its runs anew"


@dataclass(frozen=True)
class SweepResults:
    """A sweep as far as it was run.

    Parameters
    ----------
    where
        Folder or URL.
    manifest
        As `manifest.json` has it.
    parts
        The paths of the parts inside of the file system, in order.
    runs
        A row a run, by `configuration` and `variant`: columns of `rows.row_schema` but key and weekly
        returns. A run that was written twice stands once, without its error where one of the two had none.
    axes
        The dotted settings that were swept.
    source
        The parts as a dataset, weekly returns and runs written twice included.
    repeated
        How many rows were dropped because they stand twice.
    """

    where: str
    manifest: Mapping[str, Any]
    parts: tuple[str, ...]
    runs: pd.DataFrame
    axes: tuple[str, ...]
    source: Any
    repeated: int = 0

    def option(self, name: str, default: Any = None) -> Any:
        """Return an entry of `[sweep]` of the sweep file, or the default where it has none."""
        found = self.manifest["sweep"].get("sweep", {}).get(name)
        return default if found is None else found

    @property
    def study(self) -> Mapping[str, Any]:
        """The settings that all configurations share, nested."""
        study: Mapping[str, Any] = self.manifest["sweep"].get("study", {})
        return study

    @cached_property
    def variants(self) -> tuple[str, ...]:
        """The hedges that have rows, in the order of the sweep file."""
        there = list(self.runs["variant"].unique())
        named = [name for name in self.option("hedges", ()) if name in there]
        return (*named, *(name for name in there if name not in named))

    @property
    def hedge(self) -> str:
        """The hedge that is ranked: the sweep's own, else `layered`, else the last."""
        named = self.option("hedge")
        if named in self.variants:
            return str(named)
        return "layered" if "layered" in self.variants else self.variants[-1]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are shown."""
        return tuple(self.option("metrics", _METRICS))

    @property
    def objectives(self) -> tuple[str, ...]:
        """The metrics of the Pareto front."""
        return tuple(self.option("objectives", _METRICS))

    def rival(self, hedge: str) -> str | None:
        """Return what a hedge is compared with at equal cost; None where there is nothing."""
        named = self.option("rival")
        for name in (named, "static-calls", "static-futures"):
            if name in self.variants and name != hedge:
                return str(name)
        return None

    @property
    def years(self) -> float:
        """Length of the window, calendar days over 365."""
        window = self.manifest["window"]
        days = date.fromisoformat(str(window["end"])) - date.fromisoformat(str(window["start"]))
        return days.days / 365.0

    def of(self, variant: str) -> pd.DataFrame:
        """Return the rows of a hedge by configuration, those with errors too.

        Raises
        ------
        ConfigError
            When no row has that hedge; lists those that have.
        """
        if variant not in self.variants:
            raise ConfigError(f"--hedge {variant}: the sweep has {', '.join(self.variants)}; choose one")
        rows = self.runs[self.runs["variant"] == variant]
        return rows.set_index("configuration").sort_index()

    def ranked(self, variant: str) -> pd.DataFrame:
        """Return the rows of a hedge that may be ranked: without an error, and run to the end."""
        rows = self.of(variant)
        return rows[rows["error"].isna() & rows["stopped"].isna()]


def read_results(where: str | Path) -> SweepResults:
    """Return what a sweep wrote into a folder or an fsspec URL, as far as it got.

    Raises
    ------
    DataError
        When there is no manifest or no part, or one of them cannot be read; names it.
    """
    place = str(where)
    fs, root = _file_system(place)
    manifest = _manifest(fs, root, place)
    names = sorted(str(name) for name in fs.glob(f"{root.rstrip('/')}/parts/part-*.parquet"))
    if not names:
        raise DataError(
            f"{place}: no finished run yet (parts/part-*.parquet); let the sweep run, or --resume it"
        )
    handler = pa.fs.PyFileSystem(pa.fs.FSSpecHandler(fs))
    try:
        source = ds.dataset(names, format=_checked(), filesystem=handler)
        columns = [name for name in source.schema.names if name not in _UNREAD]
        table = source.to_table(columns=columns)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(names, handler, error) from None
    lacking = {field.name for field in (*RUN_FIELDS, *RESULT_FIELDS)} - set(source.schema.names)
    if lacking:
        raise DataError(
            f"{names[0]}: column {sorted(lacking)[0]} is absent; this is no part of a sweep, {_AGAIN}"
        )
    runs = table.to_pandas()
    axes = tuple(name for name in columns if name not in _FIXED)
    kept = _once(runs)
    return SweepResults(place, manifest, tuple(names), kept, axes, source, len(runs) - len(kept))


def weekly_returns(
    results: SweepResults, variant: str, wanted: Sequence[int]
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the weekly returns of some configurations, and the weekly Sharpe ratio of every one.

    All are streamed and only those that are wanted kept: memory does not grow with the sweep.

    Parameters
    ----------
    results
        The sweep.
    variant
        The hedge.
    wanted
        Numbers of configurations. One without a return in every week is left out.

    Returns
    -------
    DataFrame, Series
        Weeks x configurations, simple returns, by each week's last session; and the Sharpe ratio a year (52
        weeks, rate 0, ddof 1) by configuration of all that may be ranked, NaN where a week is absent or there
        is no spread.
    """
    weeks = pd.DatetimeIndex(results.manifest["weeks"], name="week")
    eligible = set(results.ranked(variant).index.tolist())
    chosen = eligible & {int(number) for number in wanted}
    kept: dict[int, NDArray[np.float64]] = {}
    sharpes: dict[int, float] = {}
    mine = (ds.field("variant") == variant) & ds.field("error").is_null()
    columns = ["configuration", "weekly_returns"]
    try:
        for batch in results.source.to_batches(columns=columns, filter=mine, **_FRUGAL):
            numbers = batch.column("configuration").to_numpy().tolist()
            for number, row in zip(numbers, _rows(batch.column("weekly_returns"), len(weeks)), strict=True):
                if number in eligible:
                    sharpes[number] = _weekly_sharpe(row)
                if number in chosen and np.isfinite(row).all():
                    kept[number] = row
    except (pa.ArrowException, OSError, ValueError) as error:
        handler = results.source.filesystem
        raise _damaged(results.parts, handler, error, ["weekly_returns"]) from None
    frame = pd.DataFrame({number: kept[number] for number in sorted(kept)}, index=weeks)
    return frame, pd.Series(sharpes, dtype=float).sort_index()


def sample_of(numbers: Sequence[int], at_most: int, seed: int, keep: Sequence[int] = ()) -> list[int]:
    """Return at most so many of the numbers, drawn with a seed, in order; those to keep are among them.

    >>> sample_of([1, 2, 3], 5, 0)
    [1, 2, 3]
    >>> sample_of(range(100), 3, 0, keep=[7])[0] <= 7, len(sample_of(range(100), 3, 0, keep=[7]))
    (True, 3)
    """
    if len(numbers) <= at_most:
        return [int(number) for number in numbers]
    fixed = {int(number) for number in keep}
    others = np.array([number for number in numbers if int(number) not in fixed])
    drawn = np.random.default_rng(seed).choice(others, max(at_most - len(fixed), 0), replace=False)
    return sorted(fixed | {int(number) for number in drawn})


def _rows(lists: Any, weeks: int) -> NDArray[np.float64]:
    """Return a batch's lists as rows of as many weeks; what is absent or of another length is NaN."""
    rows = np.full((len(lists), weeks), np.nan)
    lengths = np.nan_to_num(lists.value_lengths().to_numpy(zero_copy_only=False)).astype(int)
    values = lists.flatten().to_numpy(zero_copy_only=False).astype(float)
    ends = np.cumsum(lengths)
    if len(rows) and (lengths == weeks).all():
        return values.reshape(len(rows), weeks)
    for place in np.flatnonzero(lengths == weeks):
        rows[place] = values[ends[place] - weeks : ends[place]]
    return rows


def _weekly_sharpe(row: NDArray[np.float64]) -> float:
    deviation = float(np.std(row, ddof=1)) if len(row) > 1 else 0.0
    return float(row.mean()) / deviation * 52**0.5 if deviation > 0 else float("nan")


def _once(runs: pd.DataFrame) -> pd.DataFrame:
    """Return each run once: of two the one without an error, else the later one."""
    failed = runs["error"].notna()
    ordered = pd.concat([runs[failed], runs[~failed]])
    once = ordered.drop_duplicates(["configuration", "variant"], keep="last")
    return once.sort_values(["configuration", "variant"]).reset_index(drop=True)


def _file_system(place: str) -> tuple[Any, str]:
    try:
        fs, root = fsspec.core.url_to_fs(place)
    except (ValueError, ImportError) as error:
        raise ConfigError(f"{place}: {error}; give the folder or URL that alvh sweep wrote") from None
    return fs, str(root)


def _manifest(fs: Any, root: str, place: str) -> Mapping[str, Any]:
    path = f"{root.rstrip('/')}/manifest.json"
    try:
        manifest = json.loads(fs.cat_file(path))
        for name in ("sweep", "window", "weeks"):
            manifest[name]
    except FileNotFoundError:
        raise DataError(f"{place}: no manifest.json there; give the folder that alvh sweep wrote") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            f"{path}: not a sweep's manifest ({type(error).__name__}: {error}); run the sweep anew"
        ) from None
    return dict(manifest)


def _checked() -> Any:
    """Return the Parquet format with pages held against their checksums, where the writer left some."""
    return ds.ParquetFileFormat(
        default_fragment_scan_options=ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    )


def _damaged(names: Sequence[str], handler: Any, error: Exception, columns: Any = None) -> DataError:
    """Return the error that names the part which cannot be read."""
    for name in names:
        try:
            ds.dataset([name], format=_checked(), filesystem=handler).to_table(columns=columns)
        except (pa.ArrowException, OSError, ValueError) as own:
            return DataError(f"{name}: cannot be read ({str(own).splitlines()[0]}); {_AGAIN}")
    return DataError(f"parts do not go together ({str(error).splitlines()[0]}); one sweep a folder")
