"""A compiled run in the frames of the Backtrader engine's: the same rows, in the same words."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd

from alvh_bt.book.records import Decision
from alvh_bt.book.view import BookView
from alvh_bt.choices import Fill
from alvh_bt.config import Study
from alvh_bt.engine.journal import Entry, Journal
from alvh_bt.engine.recorder import frame_of, trade_frame, trade_row
from alvh_bt.engine.results import DAILY_COLUMNS
from alvh_bt.engine.today import Calendar
from alvh_bt.pricing.model import PriceModel
from alvh_bt.replay.log import Log


def daily_frame(log: Log, days: np.ndarray) -> pd.DataFrame:
    """Return the daily figures, columns `date` and `DAILY_COLUMNS`; `days` are the run's epoch days."""
    frame = pd.DataFrame(log.daily, columns=list(DAILY_COLUMNS))
    frame.insert(0, "date", days[: len(frame)].astype("datetime64[D]").astype("datetime64[ns]"))
    return frame


def trades_frame(log: Log) -> pd.DataFrame:
    """Return a row a fill or settlement, columns `date` and `TRADE_COLUMNS`."""
    return trade_frame([trade_row(trade) for trade in log.trades])


def journal_frame(log: Log, study: Study, first: int, prices: PriceModel, calendar: Calendar) -> pd.DataFrame:
    """Return the journal, columns as `Entry`.

    Each decision is worded by the engine's own journal, from the book that the rules saw.

    Parameters
    ----------
    log, study
        The run and its settings.
    first
        The session of the market at which it began.
    prices, calendar
        Of the market.
    """
    journal = Journal(study)
    told = _decisions(log)
    same_close = study.book.fill == Fill.SAME_CLOSE
    for i in sorted({*told, *(entry.session for entry in log.unfilled)}):
        if not same_close:
            _tell_unfilled(journal, log, i, calendar)
        if i in told:
            today = calendar.today(i, first, prices.at_close(i), study.book.fill)
            book = _seen(log, i - first)
            for part in (0, 1):
                if told[i][part].orders or told[i][part].notes:
                    journal.record(told[i][part], today, book)
        if same_close:
            _tell_unfilled(journal, log, i, calendar)
    return frame_of(journal.entries, Entry._fields)


def _tell_unfilled(journal: Journal, log: Log, i: int, calendar: Calendar) -> None:
    for session, order in log.unfilled:
        if session == i:
            journal.not_filled(order, int(calendar.days[i]))


def _decisions(log: Log) -> dict[int, tuple[Decision, Decision]]:
    """Return the condor's and the hedge's decision by session, where there was any."""
    found: dict[int, tuple[Decision, Decision]] = defaultdict(lambda: (Decision([], []), Decision([], [])))
    for session, part, order in log.sent:
        found[session][part].orders.append(order)
    for session, part, note in log.noted:
        found[session][part].notes.append(note)
    return dict(found)


def _seen(log: Log, k: int) -> BookView:
    """Return the book as it was seen in session `k` of the run."""
    seen = log.seen
    lots = slice(seen.lot_end[k - 1] if k else 0, seen.lot_end[k])
    condors = slice(seen.condor_end[k - 1] if k else 0, seen.condor_end[k])
    group, nav = seen.figures[k, :2].tolist()
    return BookView(seen.lots[lots], seen.marks[lots], seen.condors[condors], int(group), nav)
