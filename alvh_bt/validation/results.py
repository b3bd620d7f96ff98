"""A validation: every comparison of the models with the market that the inputs allowed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from alvh_bt.analysis.plain import plain
from alvh_bt.contracts import calendar_date
from alvh_bt.validation.anchors import AnchorMiss
from alvh_bt.validation.chain_errors import FileErrors
from alvh_bt.validation.etps import EtpReplication
from alvh_bt.validation.indices import IndexReplication, index_statistics
from alvh_bt.validation.quote_tally import ErrorTally
from alvh_bt.validation.vxth import VxthReplication


@dataclass(frozen=True)
class ValidationResult:
    """What was compared, and what was not.

    Attributes
    ----------
    start, end, sessions
        The window.
    inputs
        Per market input the shares of the window's days that were `observed`, `repaired`, `modelled`,
        `unavailable`; 0 to 1.
    anchors
        By name of the published index.
    quotes
        One for each chain file with quotes inside the window.
    dropped
        Unusable quotes by reason.
    indices
        By Cboe's ticker.
    vxth
        None where it was not given.
    etps
        In the order of `etps.PRODUCTS`.
    left_out
        What was not compared and why, with the remedy; one sentence each.
    notes
        What a user must know of what was compared, one sentence each.
    """

    start: dt.date
    end: dt.date
    sessions: int
    inputs: dict[str, dict[str, float]]
    anchors: dict[str, AnchorMiss]
    quotes: tuple[FileErrors, ...] = ()
    dropped: dict[str, int] = field(default_factory=dict)
    indices: dict[str, IndexReplication] = field(default_factory=dict)
    vxth: VxthReplication | None = None
    etps: tuple[EtpReplication, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def overall(self) -> ErrorTally:
        """The errors of all options on the S&P 500, every file's together."""
        total = ErrorTally()
        for file in self.quotes:
            total = total.plus(file.spx)
        return total


def validation_summary(result: ValidationResult) -> dict[str, Any]:
    """Return the plain values of `validate.json`; None where a figure is unknown.

    Shares, correlations and returns are fractions, errors of volatilities vol points (model less quote).
    """
    overall = result.overall
    summary = {
        "window": {"start": str(result.start), "end": str(result.end), "sessions": result.sessions},
        "inputs": result.inputs,
        "anchors": {name: miss.largest for name, miss in result.anchors.items()},
        "anchors_detail": {name: _anchor(miss) for name, miss in result.anchors.items()},
        "quotes": {file.name: _file(file) for file in result.quotes},
        "quotes_overall": {**overall.statistics(), "buckets": _buckets(overall)} if result.quotes else None,
        "quotes_dropped": result.dropped,
        "indices": {
            name: {**index_statistics(found), "notes": found.notes} for name, found in result.indices.items()
        },
        "vxth": {**result.vxth.statistics(), "notes": result.vxth.notes} if result.vxth else None,
        "etps": {each.name: each.statistics() for each in result.etps},
        "left_out": result.left_out,
        "notes": result.notes,
    }
    found: dict[str, Any] = plain(summary)
    return found


def _anchor(miss: AnchorMiss) -> dict[str, Any]:
    return {
        "largest": miss.largest,
        "day": str(calendar_date(miss.day)) if miss.days else None,
        "mean": miss.mean,
        "days": miss.days,
    }


def _file(file: FileErrors) -> dict[str, Any]:
    """Return a file's figures: of its options on the S&P 500, or on VIX where it has no others."""
    found = {
        **file.main.statistics(),
        "underlying": "SPX" if file.main is file.spx else "VIX",
        "days": file.days,
        "buckets": _buckets(file.main),
        "notes": file.notes,
    }
    if file.main is file.spx and file.vix.n:
        found["vix_options"] = {**file.vix.statistics(), "buckets": _buckets(file.vix)}
    return found


def _buckets(tally: ErrorTally) -> list[dict[str, Any]]:
    return [bucket._asdict() for bucket in tally.buckets() if bucket.n]
