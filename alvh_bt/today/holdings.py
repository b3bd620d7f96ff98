"""The book as held at a close: condors, hedge lots, what each layer is doing, and the sensitivities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alvh_bt.book.records import (
    REASON_TEXT,
    Action,
    Book,
    Layer,
    Reason,
    Status,
    lot_contract,
    order_contract,
)
from alvh_bt.book.view import BookView, CondorView, view_condor
from alvh_bt.contracts import (
    NO_EXPIRY,
    ROOT_NAMES,
    calendar_date,
    code_name,
    contract_multiplier,
    contract_name,
)
from alvh_bt.engine.closes import Close
from alvh_bt.hedges import Layered
from alvh_bt.pricing.day import underlying_scale
from alvh_bt.today.triggers import layer_name


def condor_rows(close: Close) -> Iterator[dict[str, Any]]:
    """Yield each condor that is held: its terms, marks and P&L (USD, at mid, fees not counted)."""
    after = {int(row["id"]): int(row["status"]) for row in close.after.condors}
    for row in range(len(close.before.condors)):
        condor = view_condor(close.before, row)
        scale = underlying_scale(condor.root)
        usd = condor.contracts * contract_multiplier(condor.root)
        strikes = _strikes(close.before, condor)
        call = strikes.get("short_call")
        yield {
            "id": condor.id,
            "status": code_name(Status, after.get(condor.id, condor.status)),
            "root": ROOT_NAMES[condor.root],
            "opened": calendar_date(close.before.condors[row]["opened_day"]).isoformat(),
            "expiry": calendar_date(condor.expiry).isoformat(),
            "dte": int(condor.expiry - close.today.day),
            "contracts": condor.contracts,
            "strikes": strikes,
            "credit_points": condor.credit_points,
            "entry_credit_points": condor.entry_credit_points,
            "mark_points": condor.cost_to_close,
            "pnl_usd": (condor.credit_points - condor.cost_to_close) * usd,
            "short_put_delta": condor.short_put_delta,
            "short_call_delta": condor.short_call_delta,
            "break_even_low": condor.break_even,
            "break_even_high": None if call is None else (call + condor.credit_points) / scale,
            "irr": condor.irr,
            "entry_irr": condor.entry_irr,
            "entry_vix": condor.entry_vix,
            "put_rolls": condor.put_rolls,
            "call_rolls": condor.call_rolls,
        }


def _strikes(book: BookView, condor: CondorView) -> dict[str, float]:
    """Return the strikes of a condor by leg, points of its root's index."""
    ours = [lot for lot in book.lots if lot["book"] == Book.CONDOR and lot["group"] == condor.id]
    return {code_name(Layer, int(lot["layer"])): float(lot["strike"]) for lot in ours}


def lot_rows(close: Close) -> Iterator[dict[str, Any]]:
    """Yield each lot that the hedge holds: cost and mark in points, P&L in USD at mid since its purchase."""
    for lot, mark in zip(close.before.lots, close.before.marks, strict=True):
        if lot["book"] != Book.HEDGE:
            continue
        never = lot["expiry"] == NO_EXPIRY
        usd = float(lot["contracts"]) * contract_multiplier(lot["root"])
        yield {
            "id": int(lot["id"]),
            "condor": int(lot["group"]) or None,
            "layer": layer_name(Book.HEDGE, int(lot["layer"])),
            "contract": contract_name(lot_contract(lot)),
            "contracts": float(lot["contracts"]),
            "since": calendar_date(lot["entry_day"]).isoformat(),
            "dte": None if never else int(lot["expiry"] - close.today.day),
            "cost_points": float(lot["entry_price"]),
            "mark_points": float(mark["mid"]),
            "pnl_usd": usd * float(mark["mid"] - lot["entry_price"]),
            "delta": float(mark["delta"]),
            "sales": int(lot["sales"]),
        }


def greeks(close: Close) -> dict[str, float]:
    """Return the book's sensitivities, USD: delta an SPX point, vega a vol point, theta a calendar day."""
    theta = {Book.CONDOR: 0.0, Book.HEDGE: 0.0}
    for lot, mark in zip(close.before.lots, close.before.marks, strict=True):
        usd = float(lot["contracts"]) * contract_multiplier(lot["root"])
        theta[int(lot["book"])] += usd * float(mark["theta"])
    return {
        "delta_usd_a_point": close.delta,
        "vega_usd_a_vol_point": close.vega,
        "theta_usd_a_day": theta[Book.CONDOR] + theta[Book.HEDGE],
        "condor_theta_usd_a_day": theta[Book.CONDOR],
        "hedge_theta_usd_a_day": theta[Book.HEDGE],
    }


def layer_rows(close: Close) -> Iterator[dict[str, Any]]:
    """Yield what each layer of the hedge is doing: held, ordered, leaving, blocked, or not deployed."""
    for group, layer in _layers(close):
        held = [
            lot for lot in close.before.lots
            if (lot["book"], lot["group"], lot["layer"]) == (Book.HEDGE, group, layer)
        ]  # fmt: skip
        state, told = _layer_state(close, group, layer, held)
        used = _entries(close, group, layer)
        yield {
            "condor": group or None,
            "layer": layer_name(Book.HEDGE, layer),
            "state": state,
            "told": told,
            "since": calendar_date(min(int(lot["entry_day"]) for lot in held)).isoformat() if held else None,
            "entries_used": used,
            "entries_most": None if used is None else close.hedge.study.layered.max_entries,
        }


def _layers(close: Close) -> list[tuple[int, int]]:
    """Return the layers to tell of, by condor: those of the method, and all that are held, asked or noted."""
    found: dict[tuple[int, int], None] = {}
    if isinstance(close.hedge, Layered):
        for condor in close.after.condors:
            found |= {(int(condor["id"]), layer): None for layer in (Layer.ONE, Layer.TWO, Layer.THREE)}
    for lot in close.before.lots:
        if lot["book"] == Book.HEDGE:
            found[int(lot["group"]), int(lot["layer"])] = None
    for decision in close.asked:
        keys = [(order.book, order.group, order.layer) for order in decision.orders]
        keys += [(note.book, note.group, note.layer) for note in decision.notes]
        found |= {(group, layer): None for book, group, layer in keys if book == Book.HEDGE}
    return sorted(found)


def _entries(close: Close, group: int, layer: int) -> int | None:
    """Return how often layer two or three was added to a condor; None for other layers."""
    name = {Layer.TWO: "second_entries", Layer.THREE: "third_entries"}.get(layer)
    if name is None or not isinstance(close.hedge, Layered):
        return None
    return next((int(condor[name]) for condor in close.after.condors if condor["id"] == group), None)


def _layer_state(close: Close, group: int, layer: int, held: list[Any]) -> tuple[str, str]:
    """Return the state of a layer in a word, and what there is to tell."""
    ours = [o for o in close.orders if (o.book, o.group, o.layer) == (Book.HEDGE, group, layer)]
    notes = [
        REASON_TEXT[note.reason] for decision in close.asked for note in decision.notes
        if (note.book, note.group, note.layer) == (Book.HEDGE, group, layer)
    ]  # fmt: skip
    lots = "; ".join(f"{lot['contracts']:,.4g} {contract_name(lot_contract(lot))}" for lot in held)
    reasons = "; ".join(dict.fromkeys(REASON_TEXT[order.reason] for order in ours))
    if ours and not held:
        bought = "; ".join(f"{o.contracts:,.4g} {contract_name(order_contract(o))}" for o in ours)
        return "ordered", f"{reasons}: {bought}"
    sold = {order.lot for order in ours if order.action == Action.CLOSE}
    if held and sold == {int(lot["id"]) for lot in held} and all(o.reason != Reason.MONETISED for o in ours):
        return "leaving", f"{reasons}: {lots}"
    if held:
        return "deployed", "; ".join(part for part in (lots, reasons, *notes) if part)
    if notes:
        return "blocked", "; ".join(notes)
    return "not deployed", ""
