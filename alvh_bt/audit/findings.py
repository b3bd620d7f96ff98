"""What an audit finds: one line a hedge and check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

Status = Literal["pass", "fail", "warning"]

#: Every check, in the order in which they are told.
CHECKS: Final = (
    "run",
    "truncated future",
    "other future",
    "books",
    "same again",
    "other process",
    "fill timing",
    "doubled costs",
    "modelled inputs",
    "conduct",
)


class Finding(NamedTuple):
    """What one check found of one hedge."""

    hedge: str
    check: str
    status: Status
    detail: str


def verdict(findings: Sequence[Finding]) -> str:
    """Return the last line of an audit.

    >>> verdict([Finding("none", "run", "pass", ""), Finding("mine", "books", "fail", "")])
    'fail: mine (books); 1 of 2 checks passed'
    """
    passed = sum(finding.status == "pass" for finding in findings)
    tally = f"{passed} of {len(findings)} checks passed"
    failed = _by_hedge(findings, "fail")
    if failed:
        return f"fail: {failed}; {tally}"
    warned = _by_hedge(findings, "warning")
    return f"pass with warnings: {warned}; {tally}" if warned else f"pass; {tally}"


def _by_hedge(findings: Sequence[Finding], status: Status) -> str:
    checks: dict[str, list[str]] = {}
    for finding in findings:
        if finding.status == status:
            checks.setdefault(finding.hedge, []).append(finding.check)
    return ", ".join(f"{hedge} ({', '.join(names)})" for hedge, names in checks.items())
