"""The analyzer that keeps what the outputs are made of."""

from __future__ import annotations

from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd

from alvh_bt.book.held import Flow, Trade
from alvh_bt.book.records import REASON_TEXT, Action, Book, Layer
from alvh_bt.contracts import NO_EXPIRY, ROOT_NAMES, Right, code_name, contract_multiplier, right_name
from alvh_bt.engine.journal import Entry
from alvh_bt.engine.results import DAILY_COLUMNS, TRADE_COLUMNS


class BookRecorder(bt.Analyzer):
    """Keeps a row a session, a row a trade, and the strategy's journal.

    `fills` and `marks` count those of options by the `Source` that they stood on.
    """

    def __init__(self) -> None:
        self.days: list[tuple[Any, ...]] = []
        self.trades: list[tuple[Any, ...]] = []
        self.peak = -np.inf
        self.fills, self.marks = [0, 0, 0], [0, 0, 0]

    def start(self) -> None:
        """Take the starting cash as the first peak."""
        self.peak = self.strategy.broker.startingcash

    def next(self) -> None:
        """Keep this session's figures and trades."""
        accounts = self.strategy.broker.accounts
        flows, sums = accounts.flows, accounts.sums
        self.peak = max(self.peak, accounts.nav)
        self.days.append(
            (
                accounts.prices.day,
                accounts.nav,
                accounts.cash,
                flows[Flow.CONDOR_PNL],
                flows[Flow.HEDGE_PNL],
                flows[Flow.COSTS],
                flows[Flow.INTEREST],
                flows[Flow.HEDGE_CARRY],
                flows[Flow.CONDOR_THETA],
                sums.delta,
                sums.vega,
                accounts.margin(),
                accounts.nav / self.peak - 1.0,
                flows[Flow.HEDGE_COSTS],
            )
        )
        self.trades.extend(trade_row(trade) for trade in accounts.trades)
        for trade in accounts.trades:
            if trade.order.action != Action.SETTLE and trade.order.right != Right.FUTURE:
                self.fills[trade.source] += 1
        self.marks = [total + today for total, today in zip(self.marks, accounts.sources, strict=True)]

    def daily(self) -> pd.DataFrame:
        """Return a row a session, columns `date` and `DAILY_COLUMNS`."""
        return frame_of(self.days, ("date", *DAILY_COLUMNS))

    def trade_list(self) -> pd.DataFrame:
        """Return a row a fill or settlement, columns `date` and `TRADE_COLUMNS`."""
        return trade_frame(self.trades)

    def journal(self) -> pd.DataFrame:
        """Return the journal, columns as `Entry`."""
        return frame_of(self.strategy.journal.entries, Entry._fields)


def trade_frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Return rows of `trade_row` as a frame of `date` and `TRADE_COLUMNS`."""
    frame = frame_of(rows, ("date", *TRADE_COLUMNS))
    frame["expiry"] = _dates(frame["expiry"])
    return frame


def frame_of(rows: Any, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return rows as a frame; the first column, `date`, comes as epoch days and leaves as timestamps."""
    frame = pd.DataFrame(rows, columns=list(columns))
    frame["date"] = _dates(frame["date"])
    return frame


def _dates(days: pd.Series) -> pd.Series:
    """Return epoch days as timestamps, `NO_EXPIRY` as none."""
    values = days.to_numpy(np.int64)
    never = values == NO_EXPIRY
    dates = np.where(never, 0, values).astype("datetime64[D]").astype("datetime64[ns]")
    dates[never] = np.datetime64("NaT")
    return pd.Series(dates)


def trade_row(trade: Trade) -> tuple[Any, ...]:
    """Return what the list of trades shows of a fill or settlement, in the order of its columns."""
    order = trade.order
    return (
        trade.day,
        code_name(Book, order.book),
        code_name(Layer, order.layer),
        code_name(Action, order.action),
        ROOT_NAMES[order.root],
        right_name(order.right),
        float(order.strike),
        order.expiry,
        trade.contracts,
        contract_multiplier(order.root),
        trade.price,
        trade.fees_usd,
        REASON_TEXT[order.reason],
        trade.delta,
        order.group,
        trade.lot,
    )
