"""From a market and a study to the decision sheets of the last close."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from alvh_bt import __version__
from alvh_bt.analysis.plain import plain
from alvh_bt.config import Study
from alvh_bt.contracts import calendar_date
from alvh_bt.engine.closes import Close
from alvh_bt.engine.parallel import run_side_by_side
from alvh_bt.engine.run import run_variant
from alvh_bt.engine.today import Calendar
from alvh_bt.errors import MarginError
from alvh_bt.hedges import variant_names
from alvh_bt.market import Market
from alvh_bt.pricing.model import ModelPrices, PriceModel
from alvh_bt.pricing.quoted import QuotedPrices, QuoteSource
from alvh_bt.sessions import sessions_behind
from alvh_bt.today.ages import row_day
from alvh_bt.today.sheet import make_sheet, sizes_of

_LOG = logging.getLogger("alvh_bt.today")


def decide_today(
    market: Market,
    study: Study,
    now: dt.datetime,
    where: str = "",
    store: QuoteSource | None = None,
    tick: Callable[[], Any] | None = None,
) -> dict[str, Any]:
    """Return the decision sheets after the last close of the study's window, one a hedge, as plain values.

    Parameters
    ----------
    market
        The history; what lies after the window is cut off before anything runs.
    study
        Settings; its `end` chooses the close.
    now
        The moment of the call, with its time zone, for the age of the data.
    where
        What the data is called in the sheet.
    store
        Real chains, for prices from quotes.
    tick
        Called once a session of each hedge.

    Returns
    -------
    dict
        What `today.json` holds; None is unknown.

    Raises
    ------
    ConfigError, DataError, MarginError
        As `run_variant`, and when the window is empty.
    """
    variant_names(study.hedges)
    first, last = market.window(study.start, study.end)
    known = market.truncated(calendar_date(market.days[last]))
    prices: PriceModel = ModelPrices(known) if store is None else QuotedPrices(known, store)
    calendar = Calendar(known, study.signals)

    def job(hedge: str, told: Callable[[], Any]) -> dict[str, Any]:
        return sheet_of(known, study, hedge, prices, calendar, told)

    sheets = run_side_by_side(job, study.hedges, tick or (lambda: None))
    _log(sheets)
    result: dict[str, Any] = plain({
        "version": __version__,
        "made": now.isoformat(timespec="seconds"),
        "data": _data(market, study, now, where),
        "window": {
            "start": calendar_date(market.days[first]).isoformat(),
            "end": calendar_date(market.days[last]).isoformat(),
            "sessions": last - first + 1,
        },
        "sizes": sizes_of(study),
        "sheets": sheets,
        "settings": study.settings(),
    })  # fmt: skip
    return result


def _log(sheets: list[dict[str, Any]]) -> None:
    for sheet in sheets:
        told = {"hedge": sheet["hedge"], "as_of": sheet["as_of"], "orders": len(sheet["orders"])}
        _LOG.info("decided", extra=told)
        if sheet["stopped"]:
            _LOG.warning("%s: the run stopped: %s", sheet["hedge"], sheet["stopped"])


def sheet_of(
    market: Market,
    study: Study,
    hedge: str,
    prices: PriceModel,
    calendar: Calendar,
    tick: Callable[[], Any] | None = None,
) -> dict[str, Any]:
    """Return the sheet of one hedge after the last close of the study's window.

    Raises
    ------
    MarginError
        When a run stopped before its first decision; and all that `run_variant` raises.
    """
    closes: list[Close] = []

    def keep(close: Close) -> None:
        closes[:] = [close]

    run = run_variant(market, study, hedge, prices, calendar, tick, keep)
    if not closes:
        raise MarginError(run.stopped or f"{hedge}: no close was decided on; widen the window")
    return make_sheet(market, study, run, closes[0], prices)


def _data(market: Market, study: Study, now: dt.datetime, where: str) -> dict[str, Any]:
    """Return where the data comes from, where it ends, and what to warn of."""
    first, last = market.usable
    behind = sessions_behind(last, now)
    warnings = []
    if behind > 0 and (study.end is None or study.end > last):
        warnings.append(f"the data ends {_sessions(behind)} ago, on {last}")
    warnings.extend(_short_vix(market, study, last))
    if study.start is not None and study.start < first:
        warnings.append(f"the window {market.clipped(study.start)}")
    return {
        "where": where,
        "last_session": last.isoformat(),
        "sessions_behind": behind,
        "fingerprint": market.fingerprint,
        "warnings": warnings,
    }


def _short_vix(market: Market, study: Study, last: dt.date) -> Iterator[str]:
    """Yield where VIX ends before the S&P 500, and until when it is carried; nothing where nobody asks."""
    day = row_day(market, "vix_close", market.index_of(last))
    if day is None or day == market.days[-1]:
        return
    ends = calendar_date(day)
    if study.end is not None and study.end <= ends:
        return
    missing = int(np.count_nonzero(market.days > day))
    carried = f", and is carried forward to {last}" if last > ends else ""
    yield f"VIX ends on {ends}, {_sessions(missing)} before the S&P 500{carried}: add its closes"


def _sessions(count: int) -> str:
    return f"{count:,} session{'s' * (count > 1)}"
