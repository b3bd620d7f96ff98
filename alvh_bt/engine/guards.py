"""What each decision of a run must pass before it is sent, on top of those before it on the same close."""

from __future__ import annotations

from alvh_bt.book.records import Decision
from alvh_bt.book.view import BookView, Today
from alvh_bt.config import Study
from alvh_bt.engine.decided import DecidedLots
from alvh_bt.hedges.guard import passed
from alvh_bt.hedges.projection import projection_terms


class Guards:
    """Passes, journals or refuses the packages of a decision.

    Parameters
    ----------
    study
        What is allowed (`guard`), and the terms of projections.
    """

    def __init__(self, study: Study) -> None:
        self.params, self.terms = study.guard, projection_terms(study)
        self._decided = DecidedLots()

    def passed(self, decision: Decision, today: Today, book: BookView) -> Decision:
        """Return the decision without what is refused, as `hedges.guard.passed`."""
        lots = self._decided.at(today.day, book.lots)
        sent, after = passed(decision, lots, today, book, self.params, self.terms)
        self._decided.keep(today.day, after)
        return sent
