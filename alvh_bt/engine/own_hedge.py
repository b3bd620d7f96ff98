"""Watch a hedge that a user wrote: a fault in it is told as theirs, by file and line."""

from __future__ import annotations

import math
import traceback
from typing import NoReturn

from alvh_bt.book.records import Decision, Note, Order
from alvh_bt.book.view import BookView, Today
from alvh_bt.config import Study
from alvh_bt.contracts import calendar_date
from alvh_bt.errors import AlvhError, HedgeError
from alvh_bt.hedges.policy import Hedge


def watched_hedge(kind: type[Hedge], study: Study) -> Hedge:
    """Return a hedge of that class: under watch, unless the package itself has the class.

    Raises
    ------
    HedgeError
        When a user's class cannot be made.
    """
    if kind.__module__.partition(".")[0] == __name__.partition(".")[0]:
        return kind(study)
    try:
        return _Watched(kind(study))
    except (AlvhError, KeyboardInterrupt):
        raise
    except BaseException as trouble:  # a user's code may raise anything, also SystemExit
        _tell(kind, "when it is made", trouble)


class _Watched(Hedge):
    """A user's hedge, whose decisions must be of use, and which must leave the book as it was."""

    name = "watched"

    def __init__(self, hedge: Hedge) -> None:
        self.hedge = hedge

    def decide(self, today: Today, book: BookView) -> Decision:
        """Return the hedge's decision.

        Raises
        ------
        HedgeError
            When it raises, returns anything but orders and notes of finite sizes, or wrote to lots, marks
            or condors, which are the engine's own arrays.
        """
        date = calendar_date(today.day)
        before = [rows.tobytes() for rows in (book.lots, book.marks, book.condors)]
        try:
            decision = self.hedge.decide(today, book)
        except (AlvhError, KeyboardInterrupt):
            raise
        except BaseException as trouble:  # a user's code may raise anything, also SystemExit
            _tell(type(self.hedge), f"on {date}", trouble)
        if before != [rows.tobytes() for rows in (book.lots, book.marks, book.condors)]:
            raise HedgeError(
                f"hedge {self.hedge.name} on {date}: the hedge writes to the book; "
                "let it return orders and nothing else"
            )
        _check(decision, f"hedge {self.hedge.name} on {date}")
        return decision


def _check(decision: object, where: str) -> None:
    """Raise HedgeError where a decision is none, or an order in it is of no finite size."""
    if not isinstance(decision, Decision):
        raise HedgeError(
            f"{where}: decide returned {type(decision).__name__}, not a Decision; "
            "return alvh_bt.book.records.nothing() with orders in it"
        )
    for each in (*decision.orders, *decision.notes):
        if not isinstance(each, Order | Note):
            raise HedgeError(
                f"{where}: {type(each).__name__} among its orders and notes; take Order and Note records"
            )
    for order in decision.orders:
        if not math.isfinite(order.contracts):
            raise HedgeError(f"{where}: an order of {order.contracts} contracts; give a finite number")


def _tell(kind: type[Hedge], when: str, trouble: BaseException) -> NoReturn:
    """Raise what went wrong in a user's code, with the last line of theirs that was being run."""
    ours = __file__.rpartition("engine")[0]
    theirs = [
        frame
        for frame in traceback.extract_tb(trouble.__traceback__)
        if not frame.filename.startswith(ours) and "site-packages" not in frame.filename
    ]
    where = f" ({theirs[-1].filename}, line {theirs[-1].lineno})" if theirs else ""
    what = f"{type(trouble).__name__}: {trouble}".removesuffix(": ")
    raise HedgeError(
        f"hedge {kind.name}{where} {when}: {what}; correct the hedge, or run with --debug"
    ) from trouble
