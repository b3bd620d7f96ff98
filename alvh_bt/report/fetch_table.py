"""The table at the end of `alvh data fetch`."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from alvh_bt.fetch.run import FAILED, KEPT, UNCHANGED, Outcome

_STYLE = {KEPT: "yellow", FAILED: "bold red"}


def print_fetched(outcomes: Iterable[Outcome], console: Console) -> None:
    """Print a line a file: who served it, its rows and dates, what is new, and what went wrong."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("file", "source", "rows", "first", "last", "added", "note"):
        right = name in ("rows", "added")
        table.add_column(name, justify="right" if right else "left", no_wrap=name != "note")
    for each in outcomes:
        rows = f"{each.rows:,}" if each.rows else ""
        added = f"{each.added:+,}" if each.added else ""
        cells = (each.name, each.source or "-", rows, each.first, each.last, added)
        # Text, for a note may hold what a server wrote, brackets and all.
        table.add_row(*cells, Text(note(each), _STYLE.get(each.status, "")))
    console.print(table, highlight=False)


def note(outcome: Outcome) -> str:
    """Return what the table says of a file besides its numbers.

    Examples
    --------
    >>> note(Outcome("vix", FAILED))
    'failed, no older file'
    """
    said = {
        KEPT: "failed, old file kept",
        FAILED: "failed, no older file",
        UNCHANGED: "nothing new",
    }.get(outcome.status, "")
    instead = (
        f"in place of {', '.join(line.split(':')[0] for line in outcome.tried)}" if outcome.source else ""
    )
    return "; ".join(part for part in (said, instead if outcome.tried else "", *outcome.notes) if part)
