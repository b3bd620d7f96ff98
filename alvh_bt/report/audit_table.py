"""An audit in the terminal, a table a hedge and a verdict, and as `audit.json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alvh_bt.audit.findings import Finding, verdict

_STYLES: Final = {"pass": "green", "fail": "bold red", "warning": "yellow"}


def print_audit(findings: Sequence[Finding], console: Console) -> None:
    """Print a table a hedge, and the verdict.

    Parameters
    ----------
    findings
        What `audit.run.run_audit` gave.
    console
        Where to; its width decides the wrapping, never more than 120 columns are used.
    """
    width = min(console.width, 120)
    for hedge in dict.fromkeys(finding.hedge for finding in findings):
        table = Table(title=Text(hedge), title_justify="left", box=box.SIMPLE_HEAD, width=width)
        table.add_column("check", no_wrap=True)
        table.add_column("", no_wrap=True)
        table.add_column("detail", ratio=1)
        for finding in findings:
            if finding.hedge == hedge:
                status = Text(finding.status, style=_STYLES[finding.status])
                table.add_row(Text(finding.check), status, Text(finding.detail))
        console.print(table, highlight=False)
    console.print(Text(f"verdict: {verdict(findings)}", style="bold"), width=width, highlight=False)


def audit_json(findings: Sequence[Finding]) -> bytes:
    """Return the findings as a JSON list of objects `hedge`, `check`, `status`, `detail`.

    >>> audit_json([Finding("none", "run", "pass", "20 sessions")]).decode().splitlines()[2]
    '    "hedge": "none",'
    """
    rows = [finding._asdict() for finding in findings]
    return (json.dumps(rows, indent=2, ensure_ascii=False) + "\n").encode()
