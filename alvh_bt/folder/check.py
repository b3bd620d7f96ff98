"""Whether a folder of market data is sound: every check on every file, and whether a run is possible."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path
from typing import Final, NamedTuple

from alvh_bt.errors import DataError
from alvh_bt.folder.checked_agreement import check_agreement
from alvh_bt.folder.checked_curve import check_curve
from alvh_bt.folder.checked_days import check_days
from alvh_bt.folder.checked_values import check_values
from alvh_bt.folder.contents import SPECS, Contents, Place, choose_place, read_contents
from alvh_bt.folder.finding import SEVERITIES, Finding
from alvh_bt.folder.provenance import CHANGED, has_changed, read_provenance
from alvh_bt.market.load import load_market
from alvh_bt.market.market import Market

_LOG = logging.getLogger("alvh_bt.folder")
#: What is looked for, in the order of the table, with what it means when nothing is found.
CHECKS: Final = {
    "file": "every file can be read",
    "name": "every file has a name that is read",
    "gap": "no session without a value",
    "column": "every column spans its file",
    "stale": "no value stands still",
    "end": "all end with spx",
    "holiday": "no row on a day without a session",
    "spike": "no print that the next row takes back",
    "bounds": "all values within reason",
    "open": "opens lie within low..high, none repeats the close before",
    "bar": "all bars have a range",
    "volume": "no volume of zero",
    "term": "VIX agrees with its term structure",
    "sources": "no second source to compare",
    "agreement": "no note to hold against VX futures",
    "expiry": "VX expiries are those of the rule",
    "listing": "each VX month is listed",
    "curve": "no VX settlement off the curve",
    "settlement": "no VX contract to hold against VIX",
    "published": "no settlement value to hold against its index",
    "record": "every file is what was recorded of it",
}


class Checked(NamedTuple):
    """What the checks gave: the `place`, its `contents`, the `findings`, and the error that stops a run."""

    place: Place
    contents: Contents
    findings: tuple[Finding, ...]
    error: DataError | None


def check_folder(data: Path | None, today: dt.date | None = None) -> Checked:
    """Return every finding on a folder of market data, and the error with which a study would stop.

    Parameters
    ----------
    data
        The folder; None for the one that `load_market` would choose.
    today
        Rows dated later are faults; None is the day of the call.

    Raises
    ------
    DataError
        The folder is not there. Whatever is wrong inside it is a finding.

    Examples
    --------
    >>> check_folder(Path("market")).error  # doctest: +SKIP
    """
    day = today or dt.date.today()
    place = choose_place(data)
    contents = read_contents(place, day)
    market, error = _loaded(place, day)
    findings = [*_files(contents, error), *_names(contents), *check_days(contents), *check_values(contents)]
    findings += [*check_agreement(contents, market), *check_curve(contents), *_recorded(place)]
    order = {check: k for k, check in enumerate(CHECKS)}
    findings.sort(key=lambda each: (order[each.check], -SEVERITIES.index(each.severity), each.file))
    passed = [check for check in CHECKS if check not in {each.check for each in findings}]
    findings += [Finding(check, "", "ok", (), None, CHECKS[check]) for check in passed]
    for each in findings:
        if each.severity in ("warning", "fail"):
            _LOG.info("%s %s: %s (%d)", each.check, each.file, each.what, len(each.days))
    return Checked(place, contents, tuple(findings), error)


def _loaded(place: Place, today: dt.date) -> tuple[Market | None, DataError | None]:
    """Return the market of a place, or why there is none."""
    try:
        market = load_market(place.folder, today)
        _ = market.usable
    except DataError as error:
        return None, error
    return market, None


def _files(contents: Contents, error: DataError | None) -> list[Finding]:
    """Return a fail for each file that cannot be used, and for what stops a run besides."""
    lines = {name: str(fault) for name, fault in contents.faults.items()}
    second = {f"{name}.{source}" for name, source in contents.second}
    findings = [
        Finding("file", name, "warning" if "." in name or name in second else "fail", (), None, line)
        for name, line in lines.items()
    ]
    if error is not None and str(error) not in lines.values():
        findings.append(Finding("file", "all", "fail", (), None, str(error)))
    return findings


def _recorded(place: Place) -> list[Finding]:
    """Return a warning for each file whose bytes are not those that PROVENANCE.json tells of."""
    if place.folder is None:
        return []
    try:
        records = read_provenance(place.folder)
    except DataError as error:
        return [Finding("record", "PROVENANCE.json", "warning", (), None, str(error))]
    return [
        Finding("record", name, "warning", (), None, CHANGED)
        for name, record in records.items()
        if name in SPECS and has_changed(place.folder / f"{name}.csv", record)
    ]


def _names(contents: Contents) -> list[Finding]:
    """Return a line for each file that nothing reads: a warning where the name looks like a slip."""
    findings = []
    for name, meant in contents.unread.items():
        slip = bool(meant) and meant not in contents.tables
        what = f"nothing reads it; is it {meant}.csv?" if slip else "nothing reads it"
        findings.append(Finding("name", name, "warning" if slip else "note", (), None, what))
    return findings
