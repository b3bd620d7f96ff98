"""The tables of a comparison on disk, and a comparison read back from them."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from alvh_bt.analysis.anatomy import ATTRIBUTION_COLUMNS, EXPOSURE_COLUMNS, PROFILE_COLUMNS, Anatomy
from alvh_bt.analysis.metrics import returns_frame
from alvh_bt.analysis.paths import PathResult
from alvh_bt.analysis.results import STATES, ComparisonResult
from alvh_bt.engine.results import DAILY_COLUMNS, JOURNAL_COLUMNS, TRADE_COLUMNS, RunResult
from alvh_bt.errors import DataError

_TEXT: Final = frozenset({"book", "layer", "leg", "action", "root", "right", "reason", "event", "signals"})
_DATES: Final = frozenset({"date", "expiry"})
_DATE_TYPE: Final = "datetime64[us]"
_RUN_TABLES: Final = {"daily": DAILY_COLUMNS, "trades": TRADE_COLUMNS, "journal": JOURNAL_COLUMNS}
_ANATOMY_TABLES: Final = {
    "attribution": ATTRIBUTION_COLUMNS,
    "exposures": EXPOSURE_COLUMNS,
    "profile": PROFILE_COLUMNS,
}
_REMEDY: Final = "give a folder that alvh compare --out wrote"


def table_files(result: ComparisonResult) -> dict[str, bytes]:
    """Return every table's bytes by file name: Parquet, and the daily returns as CSV.

    `attribution`, `exposures` and `profile` are there where the comparison has an anatomy.
    """
    files = {
        f"{name}.parquet": parquet_bytes([(run.variant, getattr(run, name)) for run in result.runs], columns)
        for name, columns in _RUN_TABLES.items()
    }
    if result.anatomy:
        for name, columns in _ANATOMY_TABLES.items():
            frames = [(variant, getattr(each, name)) for variant, each in result.anatomy.items()]
            files[f"{name}.parquet"] = parquet_bytes(frames, columns)
    if result.paths is not None:
        files["paths.parquet"] = _parquet(result.paths.rows)
        files["path_histories.parquet"] = _parquet(result.paths.histories)
    states = result.states.loc[:, list(STATES)]
    files["states.parquet"] = _parquet(states.rename_axis("date").reset_index().astype({"date": _DATE_TYPE}))
    files["returns.csv"] = returns_frame(result.runs, result.starting_cash).to_csv().encode()
    return files


def parquet_bytes(frames: Sequence[tuple[str, pd.DataFrame]], columns: Sequence[str]) -> bytes:
    """Return one long table of all variants as Parquet: `date`, `variant`, then `columns`.

    Dates are timestamps in microseconds, text is string (null where absent), all else float64.
    """
    parts = [
        frame.loc[:, ["date", *columns]].astype({name: _column_type(name) for name in ("date", *columns)})
        for _, frame in frames
    ]
    table = pd.concat(parts, ignore_index=True)
    variants = [variant for variant, frame in frames for _ in range(len(frame))]
    table.insert(1, "variant", pd.Series(variants, dtype="str"))
    return _parquet(table)


def _parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def load_result(folder: Path) -> tuple[ComparisonResult, dict[str, Any]]:
    """Return a comparison as it was written by `write_outputs`, and its summary.

    Parameters
    ----------
    folder
        Holds `summary.json` and the tables. What quotes were used stands in the summary alone.

    Raises
    ------
    DataError
        When a file is missing, cannot be read or does not belong to the others; names it.
    """
    summary = _read_summary(folder / "summary.json")
    tables = {name: read_table(folder / f"{name}.parquet") for name in _RUN_TABLES}
    states = read_table(folder / "states.parquet").set_index("date")
    try:
        window, variants = summary["window"], summary["variants"]
        runs = tuple(
            _run(name, variant["stopped"], [_of_variant(table, name) for table in tables.values()])
            for name, variant in variants.items()
        )
        result = ComparisonResult(
            runs=runs,
            settings=summary["settings"],
            inputs=summary["inputs"],
            notes=tuple(summary["notes"]),
            states=states,
            run_id=summary["run_id"],
            start=dt.date.fromisoformat(window["start"]),
            end=dt.date.fromisoformat(window["end"]),
            starting_cash=float(summary["settings"]["book"]["starting_cash"]),
            signals=summary["signals_unavailable"],
            chains=summary.get("chains"),
            anatomy=_anatomy(folder, tuple(variants)),
            paths=_paths(folder, summary),
        )
    except (KeyError, TypeError) as error:
        raise DataError(f"{folder / 'summary.json'} lacks {error}: run alvh compare --out again") from None
    return result, summary


def _run(variant: str, stopped: str | None, tables: Sequence[pd.DataFrame]) -> RunResult:
    daily, trades, journal = tables
    return RunResult(variant, daily, trades, journal, stopped)


def _anatomy(folder: Path, variants: Sequence[str]) -> dict[str, Anatomy]:
    """Return what each run is made of; empty where the folder does not tell."""
    if not (folder / "attribution.parquet").exists():
        return {}
    tables = [read_table(folder / f"{name}.parquet") for name in _ANATOMY_TABLES]
    return {name: Anatomy(*(_of_variant(table, name) for table in tables)) for name in variants}


def _paths(folder: Path, summary: dict[str, Any]) -> PathResult | None:
    """Return the resampled histories; None where there were none."""
    told = summary.get("paths")
    if told is None:
        return None
    window = told["window"]
    return PathResult(
        read_table(folder / "paths.parquet"),
        read_table(folder / "path_histories.parquet"),
        {name: row["real"] for name, row in told["histories"].items()},
        dt.date.fromisoformat(window["start"]),
        dt.date.fromisoformat(window["end"]),
        window["sessions"],
        told["seed"],
        told["block"],
        told["neighbours"],
    )


def _of_variant(table: pd.DataFrame, variant: str) -> pd.DataFrame:
    return table[table["variant"] == variant].drop(columns="variant").reset_index(drop=True)


def _read_summary(path: Path) -> dict[str, Any]:
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; {_REMEDY}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}); {_REMEDY}") from None
    if not isinstance(summary, dict):
        raise DataError(f"{path} holds no summary; {_REMEDY}")
    return summary


def read_table(path: Path) -> pd.DataFrame:
    """Return a table that `write_outputs` wrote.

    Raises
    ------
    DataError
        When the file is missing or cannot be read; names it.
    """
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; {_REMEDY}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}); {_REMEDY}") from None


def _column_type(name: str) -> str:
    if name in _DATES:
        return _DATE_TYPE
    return "str" if name in _TEXT else "float64"
