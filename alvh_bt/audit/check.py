"""What an audit says of one hedge: a line a check."""

from __future__ import annotations

from typing import Final, NamedTuple

PASS: Final = "pass"
FAIL: Final = "fail"
WARNING: Final = "warning"


class Check(NamedTuple):
    """One check of one hedge: `status` is pass, fail or warning, `detail` a sentence with its figures."""

    hedge: str
    check: str
    status: str
    detail: str
