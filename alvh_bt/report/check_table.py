"""The findings on a folder of market data in the terminal and as files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from alvh_bt.analysis.plain import json_text
from alvh_bt.folder.finding import SEVERITIES, Finding
from alvh_bt.placing import place_files

if TYPE_CHECKING:
    from alvh_bt.folder.check import Checked

_STYLE: Final = {"ok": "green", "note": "", "warning": "yellow", "fail": "bold red"}
#: Columns of a terminal that are used at most, and those that a table of seven columns needs.
_WIDTH: Final = 120
_WHOLE: Final = 110


def print_findings(checked: Checked, console: Console) -> None:
    """Print where the data is, a line a finding, and how many there are of each severity.

    Parameters
    ----------
    checked
        What `folder.check.check_folder` gave.
    console
        Where to; at most 120 columns are used.
    """
    width = min(console.width, _WIDTH)
    where = checked.place.folder or "arch package"
    console.print(Text(f"Market data: {where} ({checked.place.why})", style="bold"), width=width)
    told = [each for each in checked.findings if each.severity != "ok"]
    told.sort(key=lambda each: -SEVERITIES.index(each.severity))
    if told:
        console.print(_table(told, width < _WHOLE), width=width, highlight=False)
    for each in checked.findings:
        if each.severity == "ok" and each.file:
            console.print(Text(f"ok: {each.check} {each.file}: {each.what}"), width=width, highlight=False)
    if passed := [each.what for each in checked.findings if each.severity == "ok" and not each.file]:
        console.print(Text(f"ok: {'; '.join(passed)}"), width=width, highlight=False)
    console.print(Text(findings_told(checked.findings)), width=width, highlight=False)


def findings_told(findings: Sequence[Finding]) -> str:
    """Return how many findings there are of each severity, in words.

    >>> findings_told([Finding("gap", "vix", "note", (1,), None, "one")])
    '0 fail, 0 warning, 1 note, 0 ok'
    """
    counts = Counter(each.severity for each in findings)
    return ", ".join(f"{counts[severity]} {severity}" for severity in reversed(SEVERITIES))


def _table(findings: Sequence[Finding], narrow: bool) -> Table:
    """Return the table, a row a finding; narrow, file and worst day stand below check and first day."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    names = ("check\nfile", "severity", "days", "first\nworst", "what")
    for name in names if narrow else ("check", "file", "severity", "days", "first", "worst", "what"):
        last = name == "what"
        justify: JustifyMethod = "right" if name == "days" else "left"
        table.add_column(name, justify=justify, overflow="fold", ratio=1 if last else None, no_wrap=not last)
    for each in findings:
        said = each.plain()
        days = f"{len(each.days):,}" if each.days else ""
        severity = Text(each.severity, style=_STYLE[each.severity])
        first, worst = (Text(said[name] or "") for name in ("first", "worst"))
        check, file, what = Text(each.check), Text(each.file), Text(each.what)
        if narrow:
            lines = Text("\n")
            table.add_row(lines.join([check, file]), severity, days, lines.join([first, worst]), what)
        else:
            table.add_row(check, file, severity, days, first, worst, what)
    return table


def write_findings(checked: Checked, out: Path, figures: bool) -> None:
    """Write check.json, and with `figures` a picture a file, into the folder `out`: all of it or nothing.

    Raises
    ------
    ConfigError
        When `out` cannot be written.
    """
    files: dict[str, bytes] = {}
    if figures:
        # Matplotlib takes half a second to import: not for those who only look at the terminal.
        from alvh_bt.report.check_figures import draw_findings

        files |= {f"figures/{name}": picture for name, picture in draw_findings(checked).items()}
    text = json_text([each.plain() for each in checked.findings])
    place_files({**files, "check.json": text.encode()}, out)
