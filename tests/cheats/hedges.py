"""Hedges that no audit may pass, each for another reason."""

from __future__ import annotations

import atexit
import datetime as dt
import gc
import os
import random
import sys

import numpy as np
import pandas as pd

from alvh_bt.book.records import Action, Layer, Reason, nothing
from alvh_bt.contracts import calendar_date
from alvh_bt.hedges import Hedge
from alvh_bt.hedges.instruments import buy, call_expiry, call_of_delta, hedge_package
from alvh_bt.hedges.lifecycle import close_orphans
from alvh_bt.market import Market

#: As of the import.
NOW = dt.date.today()


class Buyer(Hedge):
    """A VIX call on each close on which it feels like it."""

    name = "buyer"
    contracts = 1.0

    def wants(self, today, book):
        return today.since_start % 5 == 0

    def decide(self, today, book):
        decision = nothing()
        close_orphans(today, book, decision)
        wants = self.wants(today, book)
        call = call_of_delta(today, call_expiry(today, 30, 45), 0.30)
        if wants and len(book.condors) and call.strike > 0.0:
            group, why = book.condors[0]["id"], Reason.CONDOR_OPENED
            package = hedge_package(group, Layer.STATIC, 0)
            size = self.contracts
            decision.orders.append(buy(call, size, Layer.STATIC, group, Action.OPEN, why, package, today))
        return decision


class Chatty(Buyer):
    """Honest: prints as it goes and as its process ends, and asks whether dates are dates."""

    name = "chatty"

    def __init__(self, study):
        super().__init__(study)
        atexit.register(print, "bye")

    def wants(self, today, book):
        print("thinking")
        return isinstance(calendar_date(today.day), dt.date) and today.since_start % 7 == 0


def rises(closes, i):
    return i + 1 < len(closes) and closes[i + 1] > closes[i]


class ArrayBase(Buyer):
    """Follows an array to where it was cut from."""

    name = "array-base"

    def wants(self, today, book):
        whole = today.vix_closes.base
        if whole is None:
            raise LookupError("there is nothing behind the closes")
        return rises(whole, int(np.flatnonzero(whole == today.vix_closes[-1])[0]))


class MemorySearcher(Buyer):
    """Looks through memory for the longest market, which is no truncated one."""

    name = "memory-searcher"

    def wants(self, today, book):
        if not hasattr(self, "market"):
            markets = [thing for thing in gc.get_objects() if isinstance(thing, Market)]
            self.market = max(markets, key=lambda each: len(each.sessions))
        market = self.market
        return rises(market.columns["vix_close"], int(np.searchsorted(market.days, today.day)))


class FileReader(Buyer):
    """Reads the market's own file on its first close."""

    name = "file-reader"

    def wants(self, today, book):
        if not hasattr(self, "closes"):
            from arch.data import vix

            self.closes = vix.load()["vix"].dropna()
        closes = self.closes
        date = dt.date.fromordinal(today.day + dt.date(1970, 1, 1).toordinal())
        return rises(closes.to_numpy(), closes.index.searchsorted(np.datetime64(date)))


class Dice(Buyer):
    """Throws dice without a seed."""

    name = "dice"

    def wants(self, today, book):
        return random.random() < 0.5


class Clock(Buyer):
    """Trades by the date on the wall."""

    name = "clock"

    def wants(self, today, book):
        return (today.day + dt.date.today().toordinal()) % 2 == 0


def on_its_day(today, date):
    return (today.day + date.toordinal()) % 7 < 3


class FrozenClock(Buyer):
    """Trades by the date on the wall when it was imported."""

    name = "frozen-clock"

    def wants(self, today, book):
        return on_its_day(today, NOW)


class PandasClock(Buyer):
    """Trades by the date that pandas tells."""

    name = "pandas-clock"

    def wants(self, today, book):
        return on_its_day(today, pd.Timestamp.now())


class LocalClock(Buyer):
    """Trades by the local time, from a module that it imports late."""

    name = "local-clock"

    def wants(self, today, book):
        import time

        return on_its_day(today, dt.date(*time.localtime()[:3]))


class HashOrder(Buyer):
    """Trades by the order in which strings hash."""

    name = "hash-order"

    def wants(self, today, book):
        return hash(f"{today.day}") % 2 == 0


class Hoarder(Buyer):
    """Remembers, in its class, the runs before."""

    name = "hoarder"
    seen = 0

    def wants(self, today, book):
        Hoarder.seen += 1
        return Hoarder.seen < 30


class BookWriter(Buyer):
    """Makes the condors look richer than they are."""

    name = "book-writer"

    def wants(self, today, book):
        book.condors["credit_points"] += 5.0
        return False


class Lister(Buyer):
    """Lists every VIX expiry since ever."""

    name = "lister"

    def wants(self, today, book):
        today.vix.listed_from[:] = 0
        return super().wants(today, book)


class Raises(Buyer):
    """Fails on its twentieth day."""

    name = "raises"

    def wants(self, today, book):
        if today.since_start == 20:
            raise ZeroDivisionError("on purpose")
        return False


class Dies(Buyer):
    """Ends the process without a word."""

    name = "dies"

    def wants(self, today, book):
        os._exit(3)


class Leaves(Buyer):
    """Ends the program."""

    name = "leaves"

    def wants(self, today, book):
        sys.exit(0)


class Rubbish(Buyer):
    """Returns no decision."""

    name = "rubbish"

    def decide(self, today, book):
        return 42


class NanSize(Buyer):
    """Orders NaN contracts."""

    name = "nan-size"
    contracts = float("nan")


class Expired(Buyer):
    """Orders a call that has expired."""

    name = "expired"

    def decide(self, today, book):
        decision = super().decide(today, book)
        stale = [order._replace(expiry=today.day - 7) for order in decision.orders]
        return decision._replace(orders=stale)
