"""The shape of every hedge."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from alvh_bt.book.records import Decision
from alvh_bt.book.view import BookView, Today
from alvh_bt.config import Study


class Hedge(ABC):
    """A policy: on each close it sees what is known and says what to trade.

    The book carries all the state: which lots are held for which condor, what they cost, which
    condor is planned, open or closing. A policy keeps nothing of its own between days, so that a
    run can be stopped at any close and gone on with.
    """

    name: ClassVar[str]

    def __init__(self, study: Study) -> None:
        self.study = study

    @abstractmethod
    def decide(self, today: Today, book: BookView) -> Decision:
        """Return the hedge's orders and notes on this close, after the condor's own decision.

        Parameters
        ----------
        today
            What is known at the close.
        book
            Lots, marks and condors; a condor whose entry or exit was ordered on this close is
            `PLANNED` or `CLOSING`.
        """
