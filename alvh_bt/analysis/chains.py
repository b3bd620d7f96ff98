"""What real chains did for a comparison: which days they cover, and how much stands on a real quote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from alvh_bt.chains import ChainStore
from alvh_bt.config import Fill, Study
from alvh_bt.contracts import calendar_date
from alvh_bt.engine.results import QuoteUse, RunResult
from alvh_bt.errors import DataError
from alvh_bt.market import Market
from alvh_bt.pricing.quoted import KEPT_SESSIONS, DayRead
from alvh_bt.pricing.quotes import Source

#: How every note on chains begins.
TOPIC = "chains "


def require_overlap(store: ChainStore, market: Market, first: int, last: int) -> None:
    """Raise unless the chains have quotes on a session between rows `first` and `last`.

    Raises
    ------
    DataError
        Names the days of the chains and the window.
    """
    if np.isin(store.days, market.days[first : last + 1]).any():
        return
    asked = f"{calendar_date(market.days[first])} to {calendar_date(market.days[last])}"
    there = "no day at all"
    if len(store.days):
        there = f"{calendar_date(store.days[0])} to {calendar_date(store.days[-1])}"
    raise DataError(
        f"chains: no quotes between {asked}: they hold {there}; choose other dates or leave --chains out"
    )


def chain_figures(
    store: ChainStore, market: Market, first: int, last: int, runs: Sequence[RunResult]
) -> dict[str, Any]:
    """Return what `summary.json` says of the chains, plain values; shares are None where nothing is shared.

    Parameters
    ----------
    store
        The chains.
    market, first, last
        The window's first and last row, inclusive.
    runs
        The variants.
    """
    window = market.days[first : last + 1].tolist()
    read: dict[int, DayRead] = {}
    for run in runs:
        read.update(run.quotes.read if run.quotes else {})
    days = [read[day] for day in window if day in read]
    dropped: Counter[str] = Counter()
    for day in days:
        dropped.update(day.dropped)
    quoted = sum(day.spx + day.vix > 0 for day in days)
    return {
        "files": {file.name: file.layout for file in store.files},
        "sessions_with_quotes": quoted,
        "share_of_sessions": quoted / len(window),
        "quotes": sum(day.spx + day.vix for day in days),
        "dropped": dict(dropped.most_common()),
        "variants": {run.variant: _use(run.quotes) for run in runs if run.quotes},
    }


def _use(used: QuoteUse) -> dict[str, float | int | None]:
    figures: dict[str, float | int | None] = {}
    for what, counts in (("fills", used.fills), ("marks", used.marks)):
        total = sum(counts)
        figures[f"option_{what}"] = total
        for name, source in zip(("modelled", "shifted", "quoted"), Source, strict=True):
            figures[f"{what}_{name}"] = counts[source] / total if total else None
    return figures


def chain_notes(figures: dict[str, Any], sessions: int, study: Study) -> Iterator[str]:
    """Yield what a user must know of prices from chains: one sentence each."""
    yield TOPIC + _TIMING[study.book.fill]
    if figures["sessions_with_quotes"] < sessions:
        yield (
            f"{TOPIC}have usable quotes on {figures['sessions_with_quotes']:,} of {sessions:,} sessions; "
            f"others keep the last ones' distance from the model for {KEPT_SESSIONS} sessions, "
            "then have the model alone"
        )


_TIMING = {
    Fill.NEXT_OPEN: (
        "hold closing quotes, so that fills at the open are at the model, moved by the quotes of the "
        "close before, and pay its spreads (book.fill = next_open)"
    ),
    Fill.SAME_CLOSE: (
        "hold closing quotes, and orders are filled at those of the close they are decided on "
        "(book.fill = same_close)"
    ),
    Fill.NEXT_CLOSE: (
        "hold closing quotes, so that orders are filled at the next close's bid and ask "
        "(book.fill = next_close)"
    ),
}
