"""What would make a rule act: its value now, its threshold, and how far it is from firing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from alvh_bt.book.records import REASON_TEXT, Book, Layer, Order
from alvh_bt.book.view import Today
from alvh_bt.contracts import code_name
from alvh_bt.engine.closes import Close

#: The states of a trigger. `fires`: met, and what it leads to was asked for. `met`: met, but `told` says what
#: decides in its place or what it waits for. `unavailable`: an input is missing, which is neutral.
FIRES, MET, ARMED, UNAVAILABLE, OFF = "fires", "met", "armed", "unavailable", "off"


class Trigger(NamedTuple):
    """One condition of a rule on one close.

    `condor` is the id that it is about (0: the book as a whole), `layer` as the journal names it, `lot` the
    id of the lot (-1: none), `reason` the code that an order of it carries. `value` and `threshold` are in
    `unit` (NaN: unknown); it is met at or above the threshold where `above`, else at or below.
    """

    book: int
    condor: int
    layer: str
    lot: int
    name: str
    reason: int
    value: float
    threshold: float
    above: bool
    unit: str
    state: str
    told: str = ""

    @property
    def distance(self) -> float:
        """How far the value is from firing, in `unit`, >= 0.0; NaN where unknown or switched off."""
        if self.state == OFF:
            return math.nan
        gap = self.threshold - self.value if self.above else self.value - self.threshold
        return gap if math.isnan(gap) else max(0.0, gap)

    def plain(self) -> dict[str, Any]:
        """Return it as the sheet has it: names for codes, and the distance."""
        row = self._asdict()
        row |= {"book": code_name(Book, self.book), "reason": REASON_TEXT[self.reason]}
        return row | {"lot": None if self.lot < 0 else self.lot, "distance": self.distance}


class Asked(NamedTuple):
    """What the rules asked for on a close: keys of orders, and the reasons of notes by condor and layer.

    `sent` are the keys of those orders that the guards let pass.
    """

    orders: frozenset[tuple[int, int, str, int, int]]
    sent: frozenset[tuple[int, int, str, int, int]]
    notes: dict[tuple[int, int, str], tuple[int, ...]]

    def state(self, trigger: Trigger, met: bool, why: str = "") -> Trigger:
        """Return the trigger with its state: what is met fires if its order was asked for.

        Parameters
        ----------
        trigger
            Its state does not count.
        met
            What the rule says of it alone.
        why
            What to tell of one that is met and does not fire, where no note tells it.
        """
        if not met:
            return trigger._replace(state=ARMED)
        book, condor, layer, reason = trigger.book, trigger.condor, trigger.layer, trigger.reason
        key = (book, condor, layer, trigger.lot, reason)
        if key in self.orders:
            told = "" if key in self.sent else "asked for, and not sent: see the notes"
            return trigger._replace(state=FIRES, told=told)
        noted = [REASON_TEXT[code] for code in self.notes.get((book, condor, layer), ())]
        return trigger._replace(state=MET, told="; ".join([*noted, *([why] if why and not noted else [])]))


def layer_name(book: int, layer: int) -> str:
    """Return how the journal names a layer; a condor's legs are one."""
    return "condor" if book == Book.CONDOR else code_name(Layer, layer)


def asked_for(close: Close) -> Asked:
    """Return what the rules asked for on a close, before the guards; a purchase has no lot yet (-1)."""
    orders = {_key(order) for decision in close.asked for order in decision.orders}
    notes: dict[tuple[int, int, str], tuple[int, ...]] = {}
    for decision in close.asked:
        for note in decision.notes:
            key = (note.book, note.group, layer_name(note.book, note.layer))
            notes[key] = (*notes.get(key, ()), note.reason)
    return Asked(frozenset(orders), frozenset(_key(order) for order in close.orders), notes)


def _key(order: Order) -> tuple[int, int, str, int, int]:
    """Return whose order it is, of which lot and why; a condor's legs have one key."""
    lot = -1 if order.book == Book.CONDOR else order.lot
    return order.book, order.group, layer_name(order.book, order.layer), lot, order.reason


def with_signals(today: Today, values: dict[int, float]) -> Today:
    """Return the close with other values of some signals, by `SignalCode`: to ask a rule about one alone."""
    signals = today.signals.copy()
    for code, value in values.items():
        signals[code] = value
    return today._replace(signals=signals)


def nearest(triggers: Iterable[Trigger]) -> Trigger | None:
    """Return the armed trigger that lacks the smallest share of its threshold, or None.

    Distances in points, days and deltas cannot be compared; shares of the threshold can, roughly. A
    threshold of zero has no share, and a trigger without a unit no distance: they do not count.
    """
    armed = [
        t
        for t in triggers
        if t.state == ARMED and math.isfinite(t.distance) and t.threshold != 0.0 and t.unit
    ]
    return min(armed, key=lambda t: t.distance / abs(t.threshold), default=None)
