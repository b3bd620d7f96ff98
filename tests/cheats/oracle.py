"""A hedge that has read the future before its first day: the file is opened while it is imported."""

from __future__ import annotations

import datetime as dt

import numpy as np
from arch.data import vix

from alvh_bt.book.records import Action, Layer, Reason, nothing
from alvh_bt.hedges import Hedge
from alvh_bt.hedges.instruments import buy, call_expiry, call_of_delta, hedge_package

CLOSES = vix.load()["vix"].dropna()


class Oracle(Hedge):
    """Buys a VIX call when VIX is to rise tomorrow."""

    name = "oracle"

    def decide(self, today, book):
        decision = nothing()
        date = dt.date.fromordinal(today.day + dt.date(1970, 1, 1).toordinal())
        at = CLOSES.index.searchsorted(np.datetime64(date))
        call = call_of_delta(today, call_expiry(today, 30, 45), 0.30)
        if len(book.condors) and CLOSES.iloc[at + 1] > CLOSES.iloc[at] and call.strike > 0.0:
            group, why = book.condors[0]["id"], Reason.CONDOR_OPENED
            package = hedge_package(group, Layer.STATIC, 0)
            decision.orders.append(buy(call, 1.0, Layer.STATIC, group, Action.OPEN, why, package, today))
        return decision
