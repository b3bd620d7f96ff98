"""What each decision of a run must pass before it is sent, on top of those before it on the same close."""

from __future__ import annotations

from typing import Final

from alvh_bt.book.records import Action, Book, Decision, Layer, Order, Reason
from alvh_bt.book.view import BookView, Today
from alvh_bt.config import Study
from alvh_bt.engine.decided import DecidedLots
from alvh_bt.errors import ConfigError
from alvh_bt.hedges.guard import passed
from alvh_bt.hedges.projection import projection_terms

#: The codes of an order, and of a note, that a hedge of one's own may get wrong.
_CODES: Final[dict[str, tuple[int, ...]]] = {"book": Book, "layer": Layer, "action": Action, "reason": Reason}


def check_codes(decision: Decision) -> None:
    """Raise ConfigError where an order or a note has a code that means nothing: no journal could name it."""
    for each in (*decision.orders, *decision.notes):
        what = "an order" if isinstance(each, Order) else "a note"
        for name, codes in _CODES.items():
            value = getattr(each, name, codes[0])
            if value not in codes:
                raise ConfigError(
                    f"{what} of the hedge has the {name} {value}, which is none; "
                    f"take one of alvh_bt.book.records.{name.capitalize()}"
                )


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
