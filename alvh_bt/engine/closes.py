"""One close of a run for who looks over its shoulder: what was known, what was asked for, what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from alvh_bt.book.records import Decision, Order
from alvh_bt.book.view import BookView, Today
from alvh_bt.engine.strategy import CondorStrategy
from alvh_bt.hedges.policy import Hedge


class Close(NamedTuple):
    """What a strategy decided on one close, and what it stood on.

    `before` is the book as marked, before anything was decided; `after` the one that the hedge saw, with
    condors planned, closing and rolling. `asked` are the decisions of the rules, the condor's and then the
    hedge's, before the guards; the cut alone where `cut` says that the margin was not met. `orders` are those
    sent. Money in USD: `cash`, `margin` in use, `required` and `available` for the margin; `delta` USD an SPX
    point, `vega` USD a vol point.
    """

    today: Today
    hedge: Hedge
    before: BookView
    after: BookView
    asked: tuple[Decision, ...]
    orders: tuple[Order, ...]
    cut: bool
    cash: float
    margin: float
    required: float
    available: float
    delta: float
    vega: float


def close_of(strategy: CondorStrategy, before: BookView, asked: Sequence[Decision]) -> Close:
    """Return the close that a strategy has just decided on, before any of its orders is filled.

    Parameters
    ----------
    strategy
        At the end of its `next`.
    before
        Its book at the beginning of `next`.
    asked
        What its rules asked for, in order.
    """
    broker, accounts = strategy.broker, strategy.broker.accounts
    return Close(
        broker.today(),
        strategy.hedge,
        _kept(before),
        _kept(strategy.book()),
        tuple(asked),
        tuple(order.rule for order in broker.pending),
        broker.shortfall > 0.0,
        accounts.cash,
        accounts.margin(),
        accounts.required(),
        accounts.available(),
        accounts.sums.delta,
        accounts.sums.vega,
    )


def _kept(book: BookView) -> BookView:
    """Return the book with rows of its own, which later sessions do not write to."""
    return book._replace(lots=book.lots.copy(), marks=book.marks.copy(), condors=book.condors.copy())
