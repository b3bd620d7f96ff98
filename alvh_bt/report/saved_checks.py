"""Whether the files of a saved comparison are whole, and belong to one another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from alvh_bt.analysis.comparison import Difference
from alvh_bt.analysis.metrics import Metrics
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.errors import DataError

#: What a user does about a folder that is none of ours, and about one of ours that is old or was changed.
GIVE: Final = "give a folder that alvh compare --out wrote"
AGAIN: Final = "run alvh compare --out again"

_Kinds = type | tuple[type, ...]
_NUMBER: Final = (int, float, type(None))
_SUMMARY: Final[Mapping[str, _Kinds]] = {
    "run_id": str,
    "window": dict,
    "inputs": dict,
    "signals_unavailable": dict,
    "variants": dict,
    "comparisons": list,
    "notes": list,
    "settings": dict,
}
#: What a summary may lack, or have as null.
_FURTHER: Final[Mapping[str, _Kinds]] = {
    **dict.fromkeys(("superior", "matched", "holding", "chains", "paths"), dict),
    **dict.fromkeys(("verdict", "regimes", "crises"), list),
}
_WINDOW: Final[Mapping[str, _Kinds]] = {"start": str, "end": str, "sessions": int}
_VARIANT: Final[Mapping[str, _Kinds]] = {
    **dict.fromkeys(Metrics._fields, _NUMBER),
    "stopped": (str, type(None)),
}
#: `p_adjusted` came later, and is left out where it is absent.
_COMPARISON: Final[Mapping[str, _Kinds]] = {
    name: str if name in ("a", "b", "metric", "method") else _NUMBER
    for name in Difference._fields
    if name != "p_adjusted"
}
_NAMES: Final = {dict: "a table", list: "a list", str: "text", int: "a whole number"}
#: Of the starting cash and the P&L of a summary, each rounded to ten significant digits.
_ROUNDING: Final = 1e-9


def check_summary(summary: Mapping[str, Any], path: Path) -> None:
    """Raise unless a summary has what the drawing of its comparison needs.

    Parameters
    ----------
    summary
        What `path` holds.
    path
        Named in errors.

    Raises
    ------
    DataError
        When a key is missing, or its value is of another kind than the one written.
    """
    _check_kinds(summary, _SUMMARY, "", path)
    further = {name: kind for name, kind in _FURTHER.items() if summary.get(name) is not None}
    _check_kinds(summary, further, "", path)
    _check_kinds(summary["window"], _WINDOW, "window.", path)
    for end in ("start", "end"):
        _check_day(summary["window"][end], f"window.{end}", path)
    if not summary["variants"]:
        raise DataError(f"{path}: variants is empty; {AGAIN}")
    _check_each(summary["variants"].items(), _VARIANT, "variants", path)
    _check_each(enumerate(summary["comparisons"], 1), _COMPARISON, "comparisons", path)
    _check_each(summary["inputs"].items(), {}, "inputs", path)
    shares = {f"inputs.{key}": each for key, each in summary["inputs"].items()}
    for name, each in {**shares, "signals_unavailable": summary["signals_unavailable"]}.items():
        _check_kinds(each, dict.fromkeys(each, (int, float)), f"{name}.", path)
    for name in ("regimes", "crises"):
        _check_each(enumerate(summary.get(name) or (), 1), {}, name, path)
    if not all(isinstance(note, str) for note in summary["notes"]):
        raise DataError(f"{path}: notes must be sentences; {AGAIN}")
    _check_kinds(summary["settings"], {"book": dict}, "settings.", path)
    _check_kinds(summary["settings"]["book"], {"starting_cash": (int, float)}, "settings.book.", path)


def _check_each(rows: Iterable[tuple[Any, Any]], kinds: Mapping[str, _Kinds], where: str, path: Path) -> None:
    for key, row in rows:
        _check_kinds({key: row}, {key: dict}, f"{where}.", path)
        _check_kinds(row, kinds, f"{where}.{key}.", path)


def _check_kinds(found: Mapping[Any, Any], kinds: Mapping[Any, _Kinds], where: str, path: Path) -> None:
    for key, kind in kinds.items():
        if key not in found:
            raise DataError(f"{path} lacks {where + str(key)!r}: {AGAIN}")
        if not _is_a(found[key], kind):
            wanted = _NAMES.get(kind, "a number") if isinstance(kind, type) else "a number"
            wanted = "text or null" if kind == _VARIANT["stopped"] else wanted
            told = repr(found[key])
            told = told if len(told) <= 40 else told[:37] + "..."
            raise DataError(f"{path}: {where}{key} must be {wanted}, not {told}; {AGAIN}")


def _is_a(value: Any, kind: _Kinds) -> bool:
    """Return whether a value of JSON is of a kind; true and false are no numbers."""
    return isinstance(value, kind) and not isinstance(value, bool)


def _check_day(text: str, what: str, path: Path) -> None:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        raise DataError(f"{path}: {what} must be a date like 2006-03-01, not {text!r}; {AGAIN}") from None


def check_table(table: pd.DataFrame, kinds: Mapping[str, str], path: Path) -> None:
    """Raise unless a table has the columns of `kinds`, dates and numbers where those are due.

    Parameters
    ----------
    table
        What `path` holds.
    kinds
        By column its type as written; text (`str`) may be anything, for where it is null it has no type.
    path
        Named in errors.

    Raises
    ------
    DataError
        When a column is missing or of another type.
    """
    missing = [name for name in kinds if name not in table.columns]
    if missing:
        raise DataError(f"{path} lacks the column {', '.join(missing)}; {AGAIN}")
    for name, kind in kinds.items():
        if kind.startswith("datetime") and pd.api.types.is_datetime64_dtype(table[name]):
            year = table[name].dt.year
            if ((year < 1900) | (year > 9000)).any():
                raise DataError(f"{path}: the column {name} holds dates that cannot be meant; {AGAIN}")
        dates = pd.api.types.is_datetime64_dtype(table[name])
        numbers = pd.api.types.is_float_dtype(table[name]) or pd.api.types.is_integer_dtype(table[name])
        if (kind.startswith("datetime") and not dates) or (kind == "float64" and not numbers):
            wanted = "dates" if kind.startswith("datetime") else "numbers"
            raise DataError(f"{path}: {name} must be {wanted}, not {table[name].dtype}; {AGAIN}")


def check_variants(table: pd.DataFrame, variants: Iterable[str], whole: bool, path: Path) -> None:
    """Raise unless a table is about the variants of the summary.

    Parameters
    ----------
    table
        With a column `variant`.
    variants
        Those of the summary.
    whole
        Whether each of them has rows in it.
    path
        Named in errors.

    Raises
    ------
    DataError
        When a variant is too many, or missing from a whole table.
    """
    found, known = set(table["variant"]), set(variants)
    for names, what in ((found - known, "does not know"), (known - found if whole else set(), "also has")):
        if names:
            told = ", ".join(sorted(str(name) for name in names))
            raise DataError(f"{path} is of another comparison: summary.json {what} {told}; {AGAIN}")


def check_result(result: ComparisonResult, summary: Mapping[str, Any], folder: Path) -> None:
    """Raise unless the runs are those of the summary: window, sessions, last NAV, states.

    Parameters
    ----------
    result
        As read from `folder`.
    summary
        Has passed `check_summary`.
    folder
        Named in errors.

    Raises
    ------
    DataError
        When they are of different comparisons.
    """
    _check_sessions(result, summary["window"], folder)
    for run in result.runs:
        told = summary["variants"][run.variant]["pnl_usd"]
        nav = float(run.daily["nav"].iloc[-1])
        made = nav - result.starting_cash
        if told is None or not abs(made - told) <= _ROUNDING * (abs(told) + result.starting_cash):
            raise DataError(
                f"{folder / 'daily.parquet'} is of another comparison: the last NAV of {run.variant} makes a "
                f"P&L of {made:,.2f} USD, summary.json says {told}; {AGAIN}"
            )


def _check_sessions(result: ComparisonResult, window: Mapping[str, Any], folder: Path) -> None:
    """Raise unless runs, trades, journals and states are of the summary's window."""
    first, last = pd.Timestamp(result.start), pd.Timestamp(result.end)
    dates = pd.DatetimeIndex(max(result.runs, key=lambda run: len(run.daily)).daily["date"])
    said = f"summary.json says {window['sessions']} from {result.start} to {result.end}"
    of_another = f"{folder / 'daily.parquet'} is of another comparison:"
    # Where every run stopped early, none reaches the last session.
    ended = all(run.stopped for run in result.runs) and dates[-1] <= last
    if len(dates) != window["sessions"] or dates[0] != first or not (ended or dates[-1] == last):
        has = f"{len(dates)} sessions from {dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}"
        raise DataError(f"{of_another} it has {has}, {said}; {AGAIN}")
    for run in result.runs:
        own = pd.DatetimeIndex(run.daily["date"])
        if not own.equals(dates[: len(own)]) or (run.stopped is None and len(own) < len(dates)):
            raise DataError(f"{of_another} {run.variant} has other sessions than the longest run; {AGAIN}")
        for name in ("trades", "journal"):
            rows = getattr(run, name)["date"]
            if not rows.between(first, last).all():
                raise DataError(
                    f"{folder / name}.parquet is of another comparison: {run.variant} has rows outside "
                    f"{result.start} to {result.end}; {AGAIN}"
                )
    # Regimes and crises go by row: the states must be those of the very sessions, in order.
    if not pd.DatetimeIndex(result.states.index[: len(dates)]).equals(dates):
        missing = dates.difference(pd.DatetimeIndex(result.states.index))
        what = f"has no row of {missing[0]:%Y-%m-%d}" if len(missing) else "has other sessions"
        raise DataError(
            f"{folder / 'states.parquet'} does not cover the sessions of daily.parquet: it {what}; {AGAIN}"
        )
