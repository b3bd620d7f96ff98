"""Claims in the terminal: within 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alvh_bt.report.wording import inputs_line

_STYLE: Final = {"supported": "green", "contradicted": "red", "undecided": "yellow"}


def print_claims(
    rows: Sequence[Mapping[str, Any]], inputs: Mapping[str, Mapping[str, float]], console: Console
) -> None:
    """Print what was claimed and measured, then how each claim was read.

    Parameters
    ----------
    rows
        What `analysis.claims.claims_json` gave.
    inputs
        Shares of days on which each input was observed or modelled, as a comparison has them.
    console
        Where to; its width decides the wrapping, never more than 100 columns are used.
    """
    width = min(console.width, 100)
    console.print(claims_table(rows), width=width, highlight=False)
    usual = _usual_window(rows)
    for row in rows:
        own = "" if row["window"] == usual else f"Here: {window_text(row['window'])}."
        said = " ".join(part for part in (row["reading"], own, _reason(row)) if part)
        if said:
            body = textwrap.fill(f"{row['id']}: {said}", width, subsequent_indent="    ")
            console.print(Text(body), width=width, highlight=False)
    for kind in ("modelled", "unavailable"):
        line = Text.assemble((f"Inputs {kind}: ", "bold"), inputs_line(inputs, kind))
        console.print(line, width=width, highlight=False)


def claims_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the table of claims, published and measured figures, intervals and verdicts."""
    title = f"Claims, on the data given, {window_text(_usual_window(rows))}"
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), title=title, title_justify="left", show_lines=False)
    table.add_column("#", no_wrap=True)
    table.add_column("claim", ratio=5, min_width=14)
    table.add_column("published", ratio=3, min_width=8)
    for name in ("measured", "90%"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True, min_width=12)
    for row in rows:
        verdict = Text(row["verdict"], style=_STYLE[row["verdict"]])
        table.add_row(
            *(row["id"], row["claim"], row["published"]),
            *(figure(row["measured"], row["unit"]), interval_text(row), verdict),
        )
    return table


def _usual_window(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the window that most rows share."""
    windows = [row["window"] for row in rows]
    return max(windows, key=windows.count) if windows else {"start": None, "end": None}


def window_text(window: Mapping[str, Any]) -> str:
    """Return a window as people write it.

    >>> window_text({"start": "2015-01-02", "end": "2024-12-31"})
    '2015-01-02 to 2024-12-31'
    """
    return f"{window['start']} to {window['end']}" if window["start"] else "no session"


def interval_text(row: Mapping[str, Any]) -> str:
    """Return the interval of a row, or that there is none."""
    if row["ci_low"] is None:
        return "unknown"
    low, high = (figure(row[name], row["unit"], with_unit=False) for name in ("ci_low", "ci_high"))
    return f"{low} to {high}"


def figure(value: float | None, unit: str, with_unit: bool = True) -> str:
    """Return a figure as people write it: a share in percent, a difference of shares in points.

    >>> figure(0.351, "share"), figure(-0.012, "points"), figure(0.5, "ratio"), figure(None, "share")
    ('35.1%', '-1.2 pts', '0.50', 'unknown')
    """
    if value is None:
        return "unknown"
    if unit == "ratio":
        return f"{value:.2f}"
    sign = "%" if unit == "share" else " pts"
    return f"{100.0 * value:.1f}" + (sign if with_unit else "")


def _reason(row: Mapping[str, Any]) -> str:
    reason = row["detail"].get("reason")
    return f"Undecided: {reason}." if reason else ""
