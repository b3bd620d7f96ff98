"""No hedge: the condor book alone, which every hedge is measured against."""

from __future__ import annotations

from typing import ClassVar

from alvh_bt.book.records import Decision, nothing
from alvh_bt.book.view import BookView, Today
from alvh_bt.hedges.policy import Hedge


class NoHedge(Hedge):
    """Never trades."""

    name: ClassVar[str] = "none"

    def decide(self, today: Today, book: BookView) -> Decision:
        """Return an empty decision."""
        return nothing()
