"""Static hedges: a fixed quantity, bought with each condor and held unchanged until it is closed."""

from __future__ import annotations

import math
from typing import ClassVar

from alvh_bt.book.records import Action, Book, Decision, Layer, Reason, Status, extend, make_note, nothing
from alvh_bt.book.view import BookView, CondorView, Today, view_condor
from alvh_bt.compiled import rule
from alvh_bt.config import LayeredParams, ShockParams, StaticParams, Study
from alvh_bt.hedges.instruments import (
    buy,
    buy_futures,
    call_expiry,
    call_of_delta,
    call_size,
    fewest_dte,
    hedge_package,
)
from alvh_bt.hedges.lifecycle import close_orphans
from alvh_bt.hedges.policy import Hedge
from alvh_bt.hedges.sizing import full_gain, futures_gain, shock_gain
from alvh_bt.pricing.day import shocked_vix


@rule
def buy_static_calls(
    today: Today,
    condor: CondorView,
    static: StaticParams,
    layered: LayeredParams,
    shock: ShockParams,
    sizes: int,
) -> Decision:
    """Return the purchase of VIX calls for a planned condor: the expiry nearest the condor's own."""
    decision = nothing()
    dte = condor.expiry - today.fill_day
    contract = call_of_delta(today, call_expiry(today, dte, dte), static.call_delta)
    if math.isnan(contract.strike):
        decision.notes.append(make_note(Book.HEDGE, Layer.STATIC, condor.id, Reason.NOT_LISTED))
        return decision
    calls = static.quantity
    if calls == 0.0:
        after = shocked_vix(today.prices, shock.spx_return, shock.vix_points)
        calls = full_gain(today, condor, layered, shock) / shock_gain(contract, today.prices, after)
    calls = call_size(calls, sizes)
    if calls > 0.0:
        package = hedge_package(condor.id, Layer.STATIC, 0)
        decision.orders.append(
            buy(contract, calls, Layer.STATIC, condor.id, Action.OPEN, Reason.CONDOR_OPENED, package, today)
        )
    return decision


@rule
def buy_static_futures(
    today: Today,
    condor: CondorView,
    static: StaticParams,
    layered: LayeredParams,
    shock: ShockParams,
    sizes: int,
) -> Decision:
    """Return the purchase of VX over the two front months for a planned condor."""
    after = shocked_vix(today.prices, shock.spx_return, shock.vix_points)
    unit = futures_gain(today, after, static.front_weight, fewest_dte(layered))
    vx = static.quantity
    if vx == 0.0 and unit > 0.0:
        vx = full_gain(today, condor, layered, shock) / unit
    return buy_futures(
        vx,
        static.front_weight,
        fewest_dte(layered),
        Layer.STATIC,
        condor.id,
        Reason.CONDOR_OPENED,
        sizes,
        today,
    )


@rule
def decide_static(
    today: Today,
    book: BookView,
    futures: bool,
    static: StaticParams,
    layered: LayeredParams,
    shock: ShockParams,
    sizes: int,
) -> Decision:
    """Return the static hedge's decision: buy with each planned condor, sell with each closing one.

    Parameters
    ----------
    today, book
        What is known at the close.
    futures
        True for VX futures, False for VIX calls.
    static, layered, shock
        Settings; `layered` and `shock` size the default quantity.
    sizes
        `Sizes` code.
    """
    decision = nothing()
    close_orphans(today, book, decision)
    for row in range(book.condors.shape[0]):
        if book.condors[row]["status"] != Status.PLANNED:
            continue
        condor = view_condor(book, row)
        if futures:
            bought = buy_static_futures(today, condor, static, layered, shock, sizes)
        else:
            bought = buy_static_calls(today, condor, static, layered, shock, sizes)
        extend(decision, bought)
    return decision


class StaticHedge(Hedge):
    """Base of the two static hedges; `futures` says which."""

    futures: ClassVar[bool]

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self.settings = (study.static, study.layered, study.shock, int(study.book.contracts))

    def decide(self, today: Today, book: BookView) -> Decision:
        """Return the decision of `decide_static`."""
        return decide_static(today, book, self.futures, *self.settings)


class StaticCalls(StaticHedge):
    """VIX calls of the expiry nearest the condor's, bought at its entry and held unchanged."""

    name: ClassVar[str] = "static-calls"
    futures: ClassVar[bool] = False


class StaticFutures(StaticHedge):
    """VX futures over the two front months, bought at the condor's entry and held unchanged."""

    name: ClassVar[str] = "static-futures"
    futures: ClassVar[bool] = True
