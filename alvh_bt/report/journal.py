"""The journal as people read it: one row a decision, from a folder that a comparison wrote."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from alvh_bt.errors import ConfigError
from alvh_bt.report import wording
from alvh_bt.report.saved import JOURNAL_TYPES, read_table
from alvh_bt.report.saved_checks import check_table


def read_journal(
    folder: Path,
    variant: str | None = None,
    layer: str | None = None,
    start: dt.date | None = None,
    end: dt.date | None = None,
) -> pd.DataFrame:
    """Return the rows of `journal.parquet` that were asked for, by date; columns as written there.

    Parameters
    ----------
    folder
        What `alvh compare --out` wrote.
    variant, layer
        One of each, or None for all.
    start, end
        First and last date, both included.

    Raises
    ------
    DataError
        When the folder has no readable journal.
    ConfigError
        When it knows no such variant or layer; lists those it has.
    """
    path = folder / "journal.parquet"
    rows = read_table(path)
    check_table(rows, JOURNAL_TYPES, path)
    for name, asked in (("variant", variant), ("layer", layer)):
        known = sorted(rows[name].astype("str").unique())
        if asked is not None and asked not in known:
            raise ConfigError(f"{name} {asked!r} is not in {path}; it has {', '.join(known)}")
        if asked is not None:
            rows = rows[rows[name].astype("str") == asked]
    if start is not None:
        rows = rows[rows["date"] >= pd.Timestamp(start)]
    if end is not None:
        rows = rows[rows["date"] <= pd.Timestamp(end)]
    return rows.sort_values("date", kind="stable")


def journal_lines(rows: pd.DataFrame, signals: bool = False) -> Iterator[RenderableType]:
    """Yield the table of journal rows, and with `signals` a line with every signal's value under it."""
    if rows.empty:
        yield "no journal rows there"
        return
    several = rows["variant"].nunique() > 1
    labels = ["date", *(["variant"] if several else []), "layer", "event"]
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title=None if several else escape(str(rows["variant"].iloc[0]))
    )
    for title in labels:
        table.add_column(title, no_wrap=True)
    for title in ("contracts", "price", "cost", "IRR", "after"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("reason", min_width=24)
    for row in rows.to_dict("records"):
        table.add_row(*_cells(row, labels))
    yield table
    yield "cost in USD; IRR: projected return a year of the condor with its hedge, before the order and after"
    if signals:
        heard = rows[["date", "signals"]].astype({"signals": "str"}).drop_duplicates()
        for date, text in zip(heard["date"], heard["signals"], strict=True):
            yield f"{date:%Y-%m-%d}: {_values(text)}"


def _cells(row: Mapping[Hashable, Any], labels: list[str]) -> list[str]:
    text = [f"{row['date']:%Y-%m-%d}", *(escape(str(row[name])) for name in labels[1:])]
    text += [_number(row[name], "{:,.2f}") for name in ("contracts", "price", "cost_usd")]
    text += ["" if math.isnan(row[name]) else wording.irr(row[name]) for name in ("irr_without", "irr_with")]
    return [*text, escape(str(row["reason"]))]


def _number(value: float, form: str) -> str:
    return "" if value != value else form.format(value)


def _values(text: str) -> str:
    """Return the signals of a row; the text itself where it is not what a comparison writes."""
    try:
        told = ", ".join(f"{name} {value}" for name, value in json.loads(text).items())
    except (ValueError, AttributeError, RecursionError):
        told = text
    return escape(told)
