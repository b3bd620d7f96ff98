"""The orders of a close as the journal has them, with the contracts of each and when it is filled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from alvh_bt.book.records import Action, Book, Order, order_contract
from alvh_bt.choices import Fill
from alvh_bt.config import Study
from alvh_bt.contracts import calendar_date, code_name, contract_name
from alvh_bt.engine.closes import Close
from alvh_bt.engine.decided import packages_of
from alvh_bt.today.triggers import layer_name


def order_rows(close: Close, journal: pd.DataFrame, study: Study) -> Iterator[dict[str, Any]]:
    """Yield each order that was sent: what, why, at which cost, and with which projected return.

    Parameters
    ----------
    close
        The close that decided them.
    journal
        The journal's rows of that day, in their order.
    study
        Says when orders are filled.

    Yields
    ------
    dict
        A row of the journal that is no note, with the `legs` that it stands for: a condor's package as one,
        a hedge's order each. `contracts` signed, `price` the mid at the decision in points a unit, `cost_usd`
        the expected half-spreads and fees.
    """
    sent = journal[journal["event"] != "note"]
    fill = {"fill_day": calendar_date(close.today.fill_day).isoformat(), "fill_at": fill_moment(study)}
    for row, legs in zip(sent.to_dict("records"), _entries(close.orders), strict=True):
        yield {
            "event": row["event"],
            "book": row["book"],
            "layer": row["layer"],
            "condor": legs[0].group or None,
            "reason": row["reason"],
            "contracts": row["contracts"],
            "price": row["price"],
            "cost_usd": row["cost_usd"],
            "irr_without": row["irr_without"],
            "irr_with": row["irr_with"],
            **fill,
            "legs": [_leg(order) for order in legs],
        }


def _entries(orders: tuple[Order, ...]) -> Iterator[list[Order]]:
    """Yield the orders as the journal enters them: a condor's package as one, a hedge's order each."""
    for package in packages_of(orders):
        if package[0].book == Book.CONDOR:
            yield package
        else:
            yield from ([order] for order in package)


def _leg(order: Order) -> dict[str, Any]:
    return {
        "action": code_name(Action, order.action),
        "layer": layer_name(order.book, order.layer),
        "contract": contract_name(order_contract(order)),
        "contracts": order.contracts,
        "price": order.price,
        "lot": None if order.lot < 0 else order.lot,
    }


def fill_moment(study: Study) -> str:
    """Return when orders are filled, in words.

    >>> fill_moment(Study())
    'at the open'
    """
    return {Fill.NEXT_OPEN: "at the open", Fill.NEXT_CLOSE: "at the close"}.get(
        study.book.fill, "at this very close"
    )


def note_rows(journal: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the notes of a day: decisions not to trade, refusals, packages that found no price."""
    for row in journal[journal["event"] == "note"].to_dict("records"):
        yield {
            name: row[name] for name in ("book", "layer", "reason", "irr_without", "irr_with", "contracts")
        }
