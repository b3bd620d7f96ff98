"""The tables of a comparison on disk, and a comparison read back from them."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from alvh_bt.analysis.anatomy import ATTRIBUTION_COLUMNS, EXPOSURE_COLUMNS, PROFILE_COLUMNS, Anatomy
from alvh_bt.analysis.metrics import returns_frame
from alvh_bt.analysis.paths import HISTORY_COLUMNS, ROW_COLUMNS, PathResult
from alvh_bt.analysis.results import STATES, ComparisonResult
from alvh_bt.engine.results import DAILY_COLUMNS, JOURNAL_COLUMNS, TRADE_COLUMNS, RunResult
from alvh_bt.errors import DataError
from alvh_bt.placing import finish_interrupted
from alvh_bt.report.saved_checks import AGAIN, GIVE, check_result, check_summary, check_table, check_variants

_TEXT: Final = frozenset(
    {"book", "layer", "leg", "action", "root", "right", "reason", "event", "signals", "variant", "stopped"}
)
_DATES: Final = frozenset({"date", "expiry"})
_DATE_TYPE: Final = "datetime64[us]"
_RUN_TABLES: Final = {"daily": DAILY_COLUMNS, "trades": TRADE_COLUMNS, "journal": JOURNAL_COLUMNS}
_ANATOMY_TABLES: Final = {
    "attribution": ATTRIBUTION_COLUMNS,
    "exposures": EXPOSURE_COLUMNS,
    "profile": PROFILE_COLUMNS,
}


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
        When a file is missing, cannot be read, lacks what it must have or does not belong to the others;
        names it.
    """
    finish_interrupted(folder)
    path = folder / "summary.json"
    summary = _read_summary(path)
    check_summary(summary, path)
    try:
        result = _result(folder, summary)
    except KeyError as error:
        raise DataError(f"{path} lacks {error}: {AGAIN}") from None
    except (AttributeError, TypeError, ValueError) as error:
        told = " ".join(str(error).split())
        raise DataError(f"{path} and its tables do not fit together ({told}); {AGAIN}") from None
    check_result(result, summary, folder)
    return result, summary


def _result(folder: Path, summary: dict[str, Any]) -> ComparisonResult:
    window, variants = summary["window"], summary["variants"]
    daily, trades, journal = (
        _table_of(folder, name, columns, variants, name == "daily") for name, columns in _RUN_TABLES.items()
    )
    runs = tuple(
        RunResult(
            name,
            _of_variant(daily, name),
            _of_variant(trades, name),
            _of_variant(journal, name),
            variant["stopped"],
        )
        for name, variant in variants.items()
    )
    return ComparisonResult(
        runs=runs,
        settings=summary["settings"],
        inputs=summary["inputs"],
        notes=tuple(summary["notes"]),
        states=_plain_table(folder, "states", ("date", *STATES)).set_index("date"),
        run_id=summary["run_id"],
        start=dt.date.fromisoformat(window["start"]),
        end=dt.date.fromisoformat(window["end"]),
        starting_cash=float(summary["settings"]["book"]["starting_cash"]),
        signals=summary["signals_unavailable"],
        chains=summary.get("chains"),
        anatomy=_anatomy(folder, tuple(variants)),
        paths=_paths(folder, summary),
    )


def _table_of(
    folder: Path, name: str, columns: Sequence[str], variants: Iterable[str], whole: bool
) -> pd.DataFrame:
    """Return a table of all variants; `whole` where each of them must have rows in it."""
    table = _plain_table(folder, name, ("date", "variant", *columns))
    check_variants(table, variants, whole, folder / f"{name}.parquet")
    return table


def _plain_table(folder: Path, name: str, columns: Sequence[str]) -> pd.DataFrame:
    path = folder / f"{name}.parquet"
    table = read_table(path)
    check_table(table, {column: _column_type(column) for column in columns}, path)
    return table


def _anatomy(folder: Path, variants: Sequence[str]) -> dict[str, Anatomy]:
    """Return what each run is made of; empty where the folder does not tell."""
    if not (folder / "attribution.parquet").exists():
        return {}
    tables = [
        _table_of(folder, name, columns, variants, whole=False) for name, columns in _ANATOMY_TABLES.items()
    ]
    return {name: Anatomy(*(_of_variant(table, name) for table in tables)) for name in variants}


def _paths(folder: Path, summary: dict[str, Any]) -> PathResult | None:
    """Return the resampled histories; None where there were none."""
    told = summary.get("paths")
    if told is None:
        return None
    window = told["window"]
    rows = _plain_table(folder, "paths", ROW_COLUMNS)
    check_variants(rows, told["variants"], True, folder / "paths.parquet")
    return PathResult(
        rows,
        _plain_table(folder, "path_histories", ("path", *HISTORY_COLUMNS)),
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
        raise DataError(f"{path} does not exist; {GIVE}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read ({error}); {GIVE}") from None
    if not isinstance(summary, dict):
        raise DataError(f"{path} holds no summary; {GIVE}")
    return summary


def read_table(path: Path) -> pd.DataFrame:
    """Return a table that `write_outputs` wrote.

    Raises
    ------
    DataError
        When the file is missing or cannot be read; names it.
    """
    try:
        table = pd.read_parquet(path)
        for name in table:
            if isinstance(table[name].dtype, pd.StringDtype):
                # Text that is none shows itself only where somebody looks at it.
                pa.array(table[name].array).validate(full=True)
        return table
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; {GIVE}") from None
    except Exception as error:  # of a damaged file anything may reach pandas, and anything come of it
        raise DataError(f"{path} cannot be read ({error}); {GIVE}") from None


def _column_type(name: str) -> str:
    if name in _DATES:
        return _DATE_TYPE
    return "str" if name in _TEXT else "float64"


#: By column of the journal the type that it is written as.
JOURNAL_TYPES: Final = {name: _column_type(name) for name in ("date", "variant", *JOURNAL_COLUMNS)}
