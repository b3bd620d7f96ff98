"""Adding a layer: its size, its contracts, and the note that says why there is none."""

from __future__ import annotations

import math

from alvh_bt.book.codes import Action, Book, Layer, Reason, Status
from alvh_bt.book.records import Decision, extend, make_note, nothing
from alvh_bt.book.view import BookView, CondorView, Today
from alvh_bt.compiled import inlined_rule, rule
from alvh_bt.contracts import Contract
from alvh_bt.hedges.instruments import (
    buy,
    call_of_delta,
    call_size,
    fewest_dte,
    hedge_package,
    held,
    rung_call,
    rung_weight,
)
from alvh_bt.hedges.notes import buy_volatility
from alvh_bt.hedges.sizing import LayeredRules, banded_size, first_vx, futures_gain, layer_calls, shock_gain
from alvh_bt.hedges.triggers import NO_REASON, quorum_allows, second_trigger, third_trigger
from alvh_bt.pricing.day import shocked_vix


@inlined_rule
def deploy(decision: Decision, today: Today, book: BookView, condor: CondorView, rules: LayeredRules) -> None:
    """Append the layers that this close adds for one condor: one when it is planned, two and three later.

    `decision` holds what was decided for it before, which counts in the band on net exposure.
    """
    params = rules.layered
    if condor.status == Status.PLANNED:
        if quorum_allows(Layer.ONE, condor, today, rules):
            extend(decision, first_layer(today, book, condor, rules))
        else:
            decision.notes.append(make_note(Book.HEDGE, Layer.ONE, condor.id, Reason.NO_QUORUM))
        return
    if condor.second_entries < params.max_entries and not held(book, condor.id, Layer.TWO):
        reason = second_trigger(condor, today.prices.vix_level, params)
        add_calls(decision, today, book, condor, Layer.TWO, reason, rules)
    if condor.third_entries < params.max_entries and not held(book, condor.id, Layer.THREE):
        reason = third_trigger(condor, today, params, rules.votes)
        add_calls(decision, today, book, condor, Layer.THREE, reason, rules)


@rule
def first_layer(today: Today, book: BookView, condor: CondorView, rules: LayeredRules) -> Decision:
    """Return layer one of a planned condor: VX over the two front months, within the band on net exposure.

    With `short_first` it sells them instead: that is no hedge, and no band applies.
    """
    params = rules.layered
    vx = first_vx(today, condor, rules)
    fewest = fewest_dte(params)
    if params.short_first:
        vx = -vx
    else:
        after = shocked_vix(today.prices, -0.01, rules.shock.vix_points_per_percent)
        unit = futures_gain(today, after, params.front_weight, fewest) / 0.01
        vx = banded_size(vx, unit, today, book, condor, nothing().orders, rules)
    return buy_volatility(vx, today, condor.id, params, rules.sizes)


@rule
def add_calls(
    decision: Decision,
    today: Today,
    book: BookView,
    condor: CondorView,
    layer: int,
    reason: int,
    rules: LayeredRules,
) -> None:
    """Append the purchase of a call layer, or the note that says why there is none."""
    wanted = layer_calls(today, condor, layer, rules)
    if reason == NO_REASON or wanted == 0.0:
        return
    refusal = NO_REASON
    if reason == Reason.UNAVAILABLE:
        refusal = reason
    elif not quorum_allows(layer, condor, today, rules):
        refusal = Reason.NO_QUORUM
    elif math.isnan(layer_call(today, layer, 0, rules).strike):
        refusal = Reason.NOT_LISTED
    if refusal != NO_REASON:
        decision.notes.append(make_note(Book.HEDGE, layer, condor.id, refusal))
        return
    unit = call_exposure(today, layer, rules)
    size = banded_size(wanted, unit, today, book, condor, decision.orders, rules)
    rungs = rules.layered.rungs if layer == Layer.TWO else 1
    package, bought = hedge_package(condor.id, layer, 0), 0
    for rung in range(rungs):
        weight = rung_weight(today, rung, rules.layered) if layer == Layer.TWO else 1.0
        contract = layer_call(today, layer, rung, rules)
        calls = call_size(size * weight, rules.sizes)
        if calls > 0.0 and not math.isnan(contract.strike):
            decision.orders.append(
                buy(contract, calls, layer, condor.id, Action.OPEN, reason, package, today)
            )
            bought += 1
    if bought == 0:
        why = Reason.NET_EXPOSURE if size <= 0.0 else Reason.TOO_SMALL
        decision.notes.append(make_note(Book.HEDGE, layer, condor.id, why))


@rule
def layer_call(today: Today, layer: int, rung: int, rules: LayeredRules) -> Contract:
    """Return the VIX call that a rung of layer two, or layer three, is bought in; NaN strike if none."""
    contract = rung_call(today, rung, rules.layered)
    if layer == Layer.TWO:
        return contract
    return call_of_delta(today, contract.expiry, rules.layered.third_delta)


@rule
def call_exposure(today: Today, layer: int, rules: LayeredRules) -> float:
    """Return the exposure that one call of a layer adds, its rungs by weight, USD (see `net_exposure`)."""
    after = shocked_vix(today.prices, -0.01, rules.shock.vix_points_per_percent)
    if layer != Layer.TWO:
        return shock_gain(layer_call(today, layer, 0, rules), today.prices, after) / 0.01
    gain = 0.0
    for rung in range(rules.layered.rungs):
        contract = rung_call(today, rung, rules.layered)
        if not math.isnan(contract.strike):
            weight = rung_weight(today, rung, rules.layered)
            gain += weight * shock_gain(contract, today.prices, after)
    return gain / 0.01
