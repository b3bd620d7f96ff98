"""Hedges that cheat, each in its own way; `test_audit` must catch every one."""

from __future__ import annotations

import random
import time

import numpy as np

from alvh_bt.book.codes import Action, Book, Layer, Reason
from alvh_bt.book.records import Decision, nothing
from alvh_bt.hedges.instruments import buy, call_of_delta
from alvh_bt.hedges.lifecycle import NO_CONDOR
from alvh_bt.hedges.policy import Hedge


def bought(today, book, contracts: float, reason: int = Reason.LADDER_BUILT) -> Decision:
    """Calls of the first expiry with three weeks to go, where none are held."""
    decision = nothing()
    if contracts <= 0.0 or any(lot["book"] == Book.HEDGE for lot in book.lots):
        return decision
    far = [day for day in today.vix.day.tolist() if day - today.day > 21]
    contract = call_of_delta(today, min(far), 0.3)
    if not np.isnan(contract.strike):
        order = buy(contract, contracts, Layer.NEAR, NO_CONDOR, Action.OPEN, reason, 0, today)
        decision.orders.append(order)
    return decision


class Honest(Hedge):
    """Buys a few calls and holds them."""

    name = "honest"

    def decide(self, today, book):
        return bought(today, book, 2.0)


class ThroughBases(Hedge):
    """Follows an array to the one that it was cut from."""

    name = "through-bases"

    def decide(self, today, book):
        closes = today.closes if today.closes.base is None else today.closes.base
        at = int(np.flatnonzero(closes == today.closes[-1])[-1])
        rises = at + 1 < len(closes) and closes[at + 1] < closes[at]
        return bought(today, book, 2.0 if rises else 0.0)


class Random(Hedge):
    """Draws its size."""

    name = "random"

    def decide(self, today, book):
        return bought(today, book, 1.0 + random.random())


class Clock(Hedge):
    """Its size is the time of day."""

    name = "clock"

    def decide(self, today, book):
        return bought(today, book, 1.0 + time.time() % 1.0)


class Hashes(Hedge):
    """Its size is the hash of a word."""

    name = "hashes"

    def decide(self, today, book):
        return bought(today, book, 1.0 + hash("word") % 1000 / 1000.0)


class Remembers(Hedge):
    """Keeps count on the class, from one run to the next."""

    name = "remembers"
    days = 0

    def decide(self, today, book):
        type(self).days += 1
        return bought(today, book, 1.0 + type(self).days / 1000.0)


class Raises(Hedge):
    """Breaks on some day."""

    name = "raises"

    def decide(self, today, book):
        if today.since_start == 30:
            raise ZeroDivisionError("no reason")
        return nothing()


class Rubbish(Hedge):
    """Orders a size that is no number."""

    name = "rubbish"

    def decide(self, today, book):
        return bought(today, book, 2.0) if today.since_start < 20 else None


class TooMany(Hedge):
    """Sells more than it holds."""

    name = "too-many"

    def decide(self, today, book):
        decision = bought(today, book, 2.0)
        for lot, mark in zip(book.lots, book.marks, strict=True):
            if lot["book"] == Book.HEDGE and today.since_start > 20:
                from alvh_bt.book.records import closing_order

                order = closing_order(lot, float(mark["mid"]), Reason.ROLL_FORWARD, Action.CLOSE, 0)
                decision.orders.append(order._replace(contracts=3.0 * order.contracts))
        return decision
