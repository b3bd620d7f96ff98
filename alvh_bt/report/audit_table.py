"""An audit for the terminal: a table a hedge, and one line for all of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from alvh_bt.audit.check import FAIL, PASS, WARNING, Check

_STYLES = {PASS: "green", WARNING: "yellow", FAIL: "bold red"}


def print_audit(checks: Sequence[Check], console: Console) -> None:
    """Print the checks of each hedge as a table."""
    for hedge in dict.fromkeys(check.hedge for check in checks):
        table = Table(title=hedge, title_justify="left", title_style="bold", box=None, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column()
        for check in checks:
            if check.hedge == hedge:
                table.add_row(Text(check.status, _STYLES[check.status]), check.check, Text(check.detail))
        console.print(table, highlight=False)
        console.print()


def verdict(checks: Sequence[Check]) -> str:
    """Return what all checks together say, in a line.

    >>> verdict([Check("mine", "accounting", "pass", "all well")])
    '1 of 1 checks passed, no warning'
    """
    passed = sum(check.status == PASS for check in checks)
    warned = sum(check.status == WARNING for check in checks)
    failed = [f"{check.hedge}: {check.check}" for check in checks if check.status == FAIL]
    told = f"{passed} of {len(checks)} checks passed, {warned or 'no'} warning{'s' if warned > 1 else ''}"
    return f"{told}; failed: {'; '.join(failed)}" if failed else told
