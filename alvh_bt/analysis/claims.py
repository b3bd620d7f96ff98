"""Claims put to the test: the runs that they need, what was measured, its interval and the verdict."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from alvh_bt.analysis.bootstrap import block_length, draw_days, interval_of
from alvh_bt.analysis.claim_days import book_days, condors_of, market_days
from alvh_bt.analysis.claim_measures import MEASURES, Case, Sample
from alvh_bt.analysis.claims_file import Book, Claim
from alvh_bt.analysis.compare import run_comparison
from alvh_bt.analysis.comparison import MIN_SESSIONS
from alvh_bt.analysis.plain import plain
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.config import OnMargin, Study, make_study
from alvh_bt.hedges import variant_name
from alvh_bt.market import Market
from alvh_bt.presets import read_preset

#: Fewer condors or spikes than these say nothing about others.
MIN_UNITS: Final = 5
#: An interval stands on at least this share of its draws; on the others the measure is undefined.
DEFINED: Final = 0.95

Runs = Mapping[str, ComparisonResult]


class Finding(NamedTuple):
    """A claim with what was measured on the data given; NaN where unknown."""

    claim: Claim
    measured: float
    ci_low: float  # 90% interval
    ci_high: float
    verdict: str  # supported, contradicted or undecided
    reason: str  # why undecided, where no interval is to blame for it
    first: dt.date | None
    last: dt.date | None
    detail: dict[str, float]


def claim_studies(
    claims: Sequence[Claim], start: dt.date | None = None, end: dt.date | None = None
) -> dict[str, Study]:
    """Return one study a preset, with every hedge that a claim wants under it.

    A book that cannot meet its margin is cut rather than stopped, so that it stays in the table.
    """
    hedges: dict[str, list[str]] = {}
    for book in (book for claim in claims for book in claim.books):
        wanted = hedges.setdefault(book.preset, [])
        if book.hedge not in wanted:
            wanted.append(book.hedge)
    studies = {}
    for preset, names in hedges.items():
        study = make_study(**read_preset(preset))
        money = study.book._replace(on_margin=OnMargin.CUT)
        studies[preset] = replace(study, book=money, start=start, end=end, hedges=tuple(names))
    return studies


def run_claims(market: Market, studies: Mapping[str, Study], tick: Callable[[], Any] | None = None) -> Runs:
    """Return one comparison a preset: each book is run once, however many claims look at it."""
    return {preset: run_comparison(market, study, tick) for preset, study in studies.items()}


def weigh_claims(claims: Sequence[Claim], market: Market, runs: Runs, study: Study) -> list[Finding]:
    """Return a finding a claim, in their order.

    Parameters
    ----------
    claims
        What is claimed.
    market, runs
        The history, and the comparison of every preset.
    study
        Its `bootstrap_draws` and `seed` serve all intervals.
    """
    return [_finding(claim, market, runs, study) for claim in claims]


def verdict(low: float, high: float, at_least: float | None, at_most: float | None) -> str:
    """Return what an interval says of a range.

    Supported where the whole interval lies in the range, contradicted where none of it does, else
    undecided; undecided too without an interval.

    >>> verdict(0.36, 0.5, 0.35, None), verdict(0.1, 0.3, 0.35, None), verdict(0.3, 0.4, 0.35, None)
    ('supported', 'contradicted', 'undecided')
    """
    if math.isnan(low) or math.isnan(high):
        return "undecided"
    bottom = -math.inf if at_least is None else at_least
    top = math.inf if at_most is None else at_most
    if bottom <= low and high <= top:
        return "supported"
    return "contradicted" if high < bottom or low > top else "undecided"


def _finding(claim: Claim, market: Market, runs: Runs, study: Study) -> Finding:
    nan = math.nan
    first, last = _window(claim, runs)
    case, dates = _case(claim, market, runs, first, last)
    if not len(dates):
        return Finding(claim, nan, nan, nan, "undecided", "no session in its window", None, None, {})
    span = dates.iloc[0].date(), dates.iloc[-1].date()
    sample = MEASURES[claim.measure].sample(case)
    if sample.reason:
        return Finding(claim, nan, nan, nan, "undecided", sample.reason, *span, sample.detail)
    measured = sample.statistic(np.arange(sample.units))
    low, high, reason = interval(sample, measured, study.bootstrap_draws, study.seed)
    if math.isnan(measured):
        reason = reason or "the measure is undefined on this data"
    found = verdict(low, high, claim.at_least, claim.at_most)
    return Finding(claim, measured, low, high, found, reason, *span, sample.detail)


def interval(sample: Sample, measured: float, draws: int, seed: int) -> tuple[float, float, str]:
    """Return the 90% interval of the statistic over resampled histories, or why there is none.

    Days are drawn in blocks, the same for every book; condors and spikes of VIX one by one. As in a
    comparison it is stretched to hold what was measured; NaN where that is.
    """
    nan = math.nan
    fewest = MIN_SESSIONS if sample.series else MIN_UNITS
    if sample.units < fewest:
        kind = "sessions" if sample.series else "condors or spikes"
        return nan, nan, f"no interval: {sample.units} {kind} are fewer than {fewest}"
    if any(np.isnan(series).any() for series in sample.series):
        return nan, nan, "no interval: a NAV fell to 0 or below"
    if sample.series and not any(np.ptp(series) > 0 for series in sample.series):
        return nan, nan, "no interval: the books do not differ on this data"
    block = block_length(sample.series) if sample.series else 1
    drawn = np.array([sample.statistic(rows) for rows in draw_days(sample.units, block, draws, seed)])
    sound = drawn[np.isfinite(drawn)]
    if len(sound) < DEFINED * draws:
        return nan, nan, f"no interval: undefined on {draws - len(sound)} of {draws} resampled histories"
    low, high, _ = interval_of(sound, measured)
    return low, high, ""


def _window(claim: Claim, runs: Runs) -> tuple[dt.date, dt.date]:
    """Return the claim's window as far as all of its books reach."""
    results = [runs[book.preset] for book in claim.books]
    lasts = [_run(runs, book).daily["date"].iloc[-1].date() for book in claim.books]
    first = max(result.start for result in results)
    last = min(lasts)
    return max(first, claim.start or first), min(last, claim.end or last)


def _run(runs: Runs, book: Book) -> Any:
    return runs[book.preset].run(variant_name(book.hedge))


def _case(claim: Claim, market: Market, runs: Runs, first: dt.date, last: dt.date) -> tuple[Case, pd.Series]:
    """Return what the claim is measured on, and its dates."""
    low, high = pd.Timestamp(first), pd.Timestamp(last)
    books, condors = [], []
    for book in claim.books:
        result, run = runs[book.preset], _run(runs, book)
        books.append(book_days(run, result.starting_cash, low, high))
        if MEASURES[claim.measure].drawn == "condors":
            same_close = result.settings["book"]["fill"] == "same_close"
            condors.append(condors_of(run, result.vix, same_close, first, last))
    daily = _run(runs, claim.books[0]).daily
    dates = daily.loc[daily["date"].between(low, high), "date"].reset_index(drop=True)
    above = claim.vix_above if claim.vix_above is not None else 0.0
    below = claim.vix_below if claim.vix_below is not None else math.inf
    return Case(tuple(books), market_days(market, dates), tuple(condors), above, below), dates


def claims_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the findings as plain JSON values, a table a claim; unknown is None."""
    rows = []
    for finding in findings:
        stated = finding.claim
        detail: dict[str, Any] = dict(finding.detail)
        if finding.reason:
            detail["reason"] = finding.reason
        rows.append(
            {
                "id": stated.id,
                "claim": stated.claim,
                "published": stated.published,
                "reading": stated.reading,
                "measure": stated.measure,
                "books": [asdict(book) for book in stated.books],
                "at_least": stated.at_least,
                "at_most": stated.at_most,
                "measured": finding.measured,
                "ci_low": finding.ci_low,
                "ci_high": finding.ci_high,
                "unit": MEASURES[stated.measure].unit,
                "verdict": finding.verdict,
                "window": {
                    "start": finding.first.isoformat() if finding.first else None,
                    "end": finding.last.isoformat() if finding.last else None,
                },
                "detail": detail,
            }
        )
    found: list[dict[str, Any]] = plain(rows)
    return found
