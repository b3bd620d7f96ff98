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
    for row in rows:
        said = " ".join(part for part in (row["reading"], _reason(row)) if part)
        if said:
            body = textwrap.fill(f"{row['id']}: {said}", width, subsequent_indent="    ")
            console.print(Text(body), width=width, highlight=False)
    for kind in ("modelled", "unavailable"):
        line = Text.assemble((f"Inputs {kind}: ", "bold"), inputs_line(inputs, kind))
        console.print(line, width=width, highlight=False)


def claims_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the table of claims, published and measured figures, intervals and verdicts."""
    table = Table(
        box=box.SIMPLE, padding=(0, 1, 0, 0), title="Claims, on the data given", title_justify="left"
    )
    table.add_column("#", no_wrap=True)
    table.add_column("claim", ratio=5)
    table.add_column("published", ratio=3)
    table.add_column("measured", justify="right", no_wrap=True)
    table.add_column("90%", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("window", no_wrap=True)
    for row in rows:
        window = row["window"]
        table.add_row(
            row["id"],
            row["claim"],
            row["published"],
            figure(row["measured"], row["unit"]),
            interval_text(row),
            Text(row["verdict"], style=_STYLE[row["verdict"]]),
            f"{window['start']}\n{window['end']}" if window["start"] else "none",
        )
    return table


def interval_text(row: Mapping[str, Any]) -> str:
    """Return the interval of a row on two lines, or that there is none."""
    if row["ci_low"] is None:
        return "unknown"
    low, high = (figure(row[name], row["unit"]) for name in ("ci_low", "ci_high"))
    return f"{low} to\n{high}"


def figure(value: float | None, unit: str) -> str:
    """Return a figure as people write it: a share in percent, a difference of shares in points.

    >>> figure(0.351, "share"), figure(-0.012, "points"), figure(0.5, "ratio"), figure(None, "share")
    ('35.1%', '-1.2 pts', '0.50', 'unknown')
    """
    if value is None:
        return "unknown"
    if unit == "ratio":
        return f"{value:.2f}"
    return f"{100.0 * value:.1f}%" if unit == "share" else f"{100.0 * value:.1f} pts"


def _reason(row: Mapping[str, Any]) -> str:
    reason = row["detail"].get("reason")
    return f"Undecided: {reason}." if reason else ""
