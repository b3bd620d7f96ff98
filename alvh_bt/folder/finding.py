"""What a check finds in a folder of market data."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from alvh_bt.contracts import calendar_date
from alvh_bt.market.csv_source import Table
from alvh_bt.market.files import FileSpec

#: From harmless to fatal. ok: looked at, nothing there. note: known, kept or mended. warning: look at it
#: before trusting a run. fail: no run is possible.
SEVERITIES: Final = ("ok", "note", "warning", "fail")


class Finding(NamedTuple):
    """One line of the table of checks.

    `check` and `file` name what was looked at, `severity` is one of `SEVERITIES`, `days` are the epoch days
    concerned, ascending, `worst` the one to look at first (None where no day stands out), `what` says in
    words and figures what was seen.
    """

    check: str
    file: str
    severity: str
    days: tuple[int, ...]
    worst: int | None
    what: str

    def plain(self) -> dict[str, Any]:
        """Return the finding as JSON values: check, file, severity, count, first, worst, what."""
        first = str(calendar_date(self.days[0])) if self.days else None
        worst = None if self.worst is None else str(calendar_date(self.worst))
        named = {"check": self.check, "file": self.file, "severity": self.severity}
        return {**named, "count": len(self.days), "first": first, "worst": worst, "what": self.what}


def found(
    check: str,
    file: str,
    severity: str,
    days: Iterable[int],
    what: str,
    badness: Iterable[float] | None = None,
) -> list[Finding]:
    """Return one finding, or none when there is no day to tell of.

    Parameters
    ----------
    check, file, severity, what
        As in `Finding`.
    days
        Epoch days, ascending; one may come twice (two contracts of a day).
    badness
        How bad each day is, any unit, larger is worse; None when all are alike. NaN counts as least.

    Examples
    --------
    >>> found("spike", "vix", "warning", [10, 12], "two", badness=[8.0, 9.5])[0].worst
    12
    """
    listed = [int(day) for day in days]
    if not listed:
        return []
    worst = None
    if badness is not None:
        bad = [-math.inf if math.isnan(each) else float(each) for each in badness]
        worst = listed[max(range(len(listed)), key=lambda k: bad[k])]
    return [Finding(check, file, severity, tuple(sorted(set(listed))), worst, what)]


def main_column(table: Table, spec: FileSpec) -> str:
    """Return the name of the column that speaks for a file: its close, else its first column at hand.

    Empty where the file has no column of numbers.
    """
    if "close" in table.values:
        return "close"
    return next((column.source for column in spec.columns if column.source in table.values), "")
