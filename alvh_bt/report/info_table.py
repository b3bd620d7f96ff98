"""What a folder of market data holds, in the terminal."""

from __future__ import annotations

import math
from typing import Final

from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from alvh_bt.folder.info import FileInfo, FolderInfo
from alvh_bt.folder.provenance import CHANGED

_WIDTH: Final = 110
_SHARES: Final = ("observed", "repaired", "modelled", "unavailable")
#: Heads of the table; shares are percent of the sessions between a file's first and last row.
_HEADS: Final = ("file", "first", "last", "rows", "obs", "rep", "mod", "none", "age")


def print_info(info: FolderInfo, console: Console) -> None:
    """Print where the data is, its files, where they came from, and what is not there.

    Parameters
    ----------
    info
        What `folder.info.folder_info` gave.
    console
        Where to; at most 110 columns are used.
    """
    width = min(console.width, _WIDTH)

    def say(text: Text | Table) -> None:
        console.print(text, width=width, highlight=False)

    say(Text(f"Market data: {info.place.folder or 'arch package'} ({info.place.why})", style="bold"))
    if info.files:
        say(_files(info.files))
        say(Text("obs, rep, mod, none: percent of the sessions from first to last that are"))
        say(Text("observed, repaired, modelled, lacking. age: sessions closed since the last row."))
    say(Text("Sources", style="bold"))
    unknown = []
    for each in info.files:
        if told := source_told(each, info.place.folder is None):
            say(Text(f"  {each.name}: {told}"))
        else:
            unknown.append(each.name)
    if unknown:
        say(Text(f"  nothing is written down of where these came from: {', '.join(unknown)}"))
    slips = {name: f"is it {near}.csv?" if near else "" for name, near in info.unread.items()}
    parts = (("Cannot be used", info.faults), ("Not there", info.absent), ("Read by nothing", slips))
    for title, lines in parts:
        if lines:
            say(Text(title, style="bold"))
        for name, line in lines.items():
            say(Text(f"  {name}: {line}" if line else f"  {name}"))


def source_told(file: FileInfo, sample: bool) -> str:
    """Return in words where a file came from, when, on which terms; nothing where nothing is known."""
    if sample:
        return "arch package (NCSA licence), part of this installation"
    record = file.record
    if record is None or not record.source:
        return ""
    words = [record.source]
    words += [f"fetched {record.fetched}"] if record.fetched else []
    words += [f"licence {record.licence}"] if record.licence else []
    words += [record.terms] if record.terms else []
    words += [CHANGED] if file.changed else []
    return "; ".join(words)


def _files(files: tuple[FileInfo, ...]) -> Table:
    """Return the table of files."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
    for head in _HEADS:
        justify: JustifyMethod = "left" if head in ("file", "first", "last") else "right"
        table.add_column(head, justify=justify, no_wrap=True)
    for each in files:
        shares = [percent(each.shares[name]) for name in _SHARES]
        table.add_row(each.name, str(each.first), str(each.last), f"{each.rows:,}", *shares, f"{each.age:,}")
    return table


def percent(share: float) -> str:
    """Return a share, 0 to 1, in percent; never 0 or 100 for what is not quite.

    >>> percent(0.9999), percent(0.00001), percent(0.5), percent(float("nan"))
    ('99.9', '<0.1', '50.0', '-')
    """
    if math.isnan(share):
        return "-"
    if 0.0 < share < 0.001:
        return "<0.1"
    return f"{math.floor(1000.0 * share + 1e-9) / 10.0:.1f}"
