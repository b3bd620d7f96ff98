"""The journal: each decision with its reason, the signals and the projected return, before it is sent."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from alvh_bt.book.decided import lots_after
from alvh_bt.book.records import (
    REASON_TEXT,
    Action,
    Book,
    Decision,
    Layer,
    Order,
    Reason,
    Rows,
    order_contract,
)
from alvh_bt.book.view import BookView, Today, view_condor
from alvh_bt.config import Study
from alvh_bt.contracts import code_name, contract_multiplier
from alvh_bt.costs.fees import trade_fee
from alvh_bt.costs.spreads import half_cost
from alvh_bt.engine.decided import DecidedLots, packages_of
from alvh_bt.hedges.projection import book_irr, projection_terms
from alvh_bt.pricing.day import quote_contract
from alvh_bt.signals import SIGNALS, Signal


class Entry(NamedTuple):
    """A row of `journal.parquet`; `date` an epoch day, `price` in points, `cost_usd` the expected cost."""

    date: int
    book: str
    layer: str
    event: str
    reason: str
    signals: str
    irr_without: float
    irr_with: float
    contracts: float
    price: float
    cost_usd: float


class Journal:
    """Writes the entries of one run.

    Parameters
    ----------
    study
        Costs, shock response and condor exit, for the expected cost and the projected return.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self.entries: list[Entry] = []
        self.terms = projection_terms(study)
        self._decided = DecidedLots()
        self._told: dict[int, str] = {}
        self._of_condor = [
            (column, kind()) for column, kind in enumerate(SIGNALS.values()) if kind.read is not Signal.read
        ]

    def record(self, decision: Decision, today: Today, book: BookView) -> None:
        """Add the orders and notes of a decision; `book` already shows planned and closing condors."""
        groups = {note.group for note in decision.notes} | {order.group for order in decision.orders}
        told = {group: self._signals(today, book, group) for group in groups}
        self._told |= told
        for note in decision.notes:
            sizes = (note.contracts, note.price, math.nan)
            returns_of_note = (note.irr_without, note.irr_with)
            signals = told[note.group]
            self._add(today, signals, note.book, note.layer, "note", note.reason, *returns_of_note, sizes)
        lots = self._decided.at(today.day, book.lots)
        returns: dict[int, float] = {}
        for package in packages_of(decision.orders):
            order = package[0]
            group = order.group
            before = returns[group] if group in returns else self._irr(lots, today, book, group)
            lots = lots_after(lots, package, today.day)
            after = returns[group] = self._irr(lots, today, book, group)
            legs = [package] if order.book == Book.CONDOR else [[leg] for leg in package]
            for part in legs:
                sizes = self._sizes(part, today)
                first, event = part[0], _event(part[0])
                self._add(
                    today, told[group], first.book, first.layer, event, first.reason, before, after, sizes
                )
        self._decided.keep(today.day, lots)

    def not_filled(self, order: Order, day: int) -> None:
        """Add the note that a package was not filled on epoch day `day`, for lack of a price.

        The signals are those of the close that decided it.
        """
        name = _layer_name(order.book, order.layer)
        unknown = (math.nan,) * 5
        book, reason = code_name(Book, order.book), REASON_TEXT[Reason.NO_PRICE]
        signals = self._told.get(order.group, "{}")
        self.entries.append(Entry(day, book, name, "note", reason, signals, *unknown))

    def _sizes(self, legs: Sequence[Order], today: Today) -> tuple[float, float, float]:
        """Return contracts, price a unit (points) and expected cost (USD) of legs or of one order."""
        if len(legs) == 1:
            return legs[0].contracts, legs[0].price, self._cost(legs, today)
        units = max(abs(leg.contracts) for leg in legs)
        points = sum(leg.contracts * leg.price for leg in legs) / units
        return units, points, self._cost(legs, today)

    def _add(
        self,
        today: Today,
        signals: str,
        owner: int,
        layer: int,
        event: str,
        reason: int,
        before: float = math.nan,
        after: float = math.nan,
        sizes: tuple[float, float, float] = (math.nan, math.nan, math.nan),
    ) -> None:
        """Add one row; `sizes` are contracts, price and expected cost."""
        name = _layer_name(owner, layer)
        self.entries.append(
            Entry(
                today.day,
                code_name(Book, owner),
                name,
                event,
                REASON_TEXT[reason],
                signals,
                before,
                after,
                *sizes,
            )
        )

    def _signals(self, today: Today, book: BookView, group: int) -> str:
        """Return every signal's value for a condor as JSON; what is not known is `unavailable`."""
        values = today.signals.tolist()
        rows = np.flatnonzero(book.condors["id"] == group)
        condor = view_condor(book, int(rows[0])) if rows.size else None
        if condor is not None and condor.short_put > 0.0:
            for column, reader in self._of_condor:
                values[column] = float(reader.read(values[column], condor, today))
        told = ("unavailable" if math.isnan(value) else round(value, 6) for value in values)
        return json.dumps(dict(zip(SIGNALS, told, strict=True)))

    def _irr(self, lots: Rows, today: Today, book: BookView, group: int) -> float:
        """Return the projected annual return on capital of one condor with its hedge, or of the book."""
        return float(book_irr(lots, book.condors, group, today.prices, self.terms))

    def _cost(self, package: Sequence[Order], today: Today) -> float:
        """Return the expected half-spreads and fees of the orders, USD."""
        costs = self.study.costs
        total = 0.0
        for leg in package:
            contract = order_contract(leg)
            delta = quote_contract(contract, today.prices).delta
            half = half_cost(contract, leg.price, delta, today.prices, costs, leg.contracts)
            total += abs(leg.contracts) * contract_multiplier(leg.root) * half
            total += trade_fee(leg.root, leg.contracts, costs)
        return float(total)


def _layer_name(book: int, layer: int) -> str:
    """Return how the journal names a layer; a condor's legs are decided on as one."""
    return "condor" if book == Book.CONDOR else code_name(Layer, layer)


def _event(order: Order) -> str:
    """Return what the journal calls an order: its action, or `monetise`."""
    return "monetise" if order.reason == Reason.MONETISED else code_name(Action, order.action)
