"""What a decision sheet says, in its order: lines and tables that the terminal and the file share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from alvh_bt.report import wording
from alvh_bt.report.today_words import (
    change,
    condor_lines,
    contracts_text,
    data_lines,
    input_lines,
    input_rows,
    note_text,
    order_lines,
    orders_headline,
    price,
    trigger_owner,
    trigger_row,
    vx_text,
)

Sheet = Mapping[str, Any]


class Line(NamedTuple):
    """A sentence; `style` is of the terminal."""

    text: str
    style: str = ""


class Heading(NamedTuple):
    """The title of a section."""

    text: str


class Grid(NamedTuple):
    """A table: `columns` (title, whether it is a number), and rows of as many texts."""

    columns: tuple[tuple[str, bool], ...]
    rows: list[list[str]]


Part = Line | Heading | Grid

_LOTS: Final = (
    *(("Layer", False), ("Contract", False), ("Contracts", True), ("DTE", True)),
    *(("Cost", True), ("Mark", True), ("P&L, USD", True)),
)
_LAYERS: Final = (("Condor", False), ("Layer", False), ("State", False), ("Since", False), ("", False))
_TRIGGERS: Final = (("", False), ("Now", True), ("Fires at", True), ("Away", True), ("", False))
_INPUTS: Final = (("Input", False), ("At this close", False), ("Of", False), ("Days old", True), ("", False))
_VOTES: Final = (("Signal", False), ("Now", True), ("Approves at", True), ("Vote", False))


def sheet_parts(result: Mapping[str, Any], sheet: Sheet) -> Iterator[Part]:
    """Yield the parts of one hedge's sheet.

    Parameters
    ----------
    result
        What `today.run.decide_today` gave.
    sheet
        One of its sheets.
    """
    yield Heading(f"{sheet['hedge']}: after the close of {sheet['as_of']}")
    for warning in (*result["data"]["warnings"], *sheet["warnings"]):
        yield Line(f"Warning: {warning}", "bold yellow")
    yield from _header(result, sheet)
    yield Line(orders_headline(sheet), "bold")
    yield from _book(sheet)
    yield from _triggers(sheet)
    yield from _signals(sheet)
    yield Heading(f"Orders for {sheet['fill']['day']} {sheet['fill']['at']}")
    if not sheet["orders"]:
        yield Line("None.")
    for order in sheet["orders"]:
        for k, text in enumerate(order_lines(order)):
            yield Line(text, "" if k else "bold")
    yield Heading("Notes and inputs")
    for note in sheet["notes"]:
        yield Line(f"Note: {note_text(note)}")
    for text in input_lines(sheet["inputs"]):
        yield Line(text)
    if old := input_rows(sheet["inputs"]):
        yield Grid(_INPUTS, old)
    yield Line(sheet["footer"], "dim")


def _header(result: Mapping[str, Any], sheet: Sheet) -> Iterator[Part]:
    """Yield the market, the account and what the run stands on."""
    market, account, greeks = sheet["market"], sheet["account"], sheet["greeks"]
    is_new = market["vix_dated"] in (None, sheet["as_of"])
    vix_told = change(market["vix_change"], "{:+.2f}") if is_new else f"carried from {market['vix_dated']}"
    yield Line(
        f"SPX {price(market['spx'])} ({change(market['spx_change'], '{:+.2%}')}), "
        f"VIX {price(market['vix'])} ({vix_told}); {vx_text(market)}"
    )
    nav, cash = wording.usd(account["nav_usd"]), wording.usd(account["cash_usd"])
    required, used = wording.usd(account["required_usd"]), wording.usd(account["margin_usd"])
    yield Line(
        f"NAV {nav} USD, cash {cash}; at hand {wording.usd(account['available_usd'])} "
        f"(cash and the open P&L of futures) against {required} required (condors at their worst, futures' "
        f"deposits); margin in use, less the credits: {used}"
    )
    yield Line(
        f"Greeks, USD: delta {wording.usd(greeks['delta_usd_a_point'])} an SPX point, "
        f"vega {wording.usd(greeks['vega_usd_a_vol_point'])} a vol point, "
        f"theta {wording.usd(greeks['theta_usd_a_day'])} a calendar day "
        f"(condors {wording.usd(greeks['condor_theta_usd_a_day'])}, "
        f"hedge {wording.usd(greeks['hedge_theta_usd_a_day'])})"
    )
    for text in data_lines(result, sheet):
        yield Line(text, "dim")


def _book(sheet: Sheet) -> Iterator[Part]:
    """Yield what is held, and what each layer is doing."""
    yield Heading("Book")
    if not sheet["condors"]:
        yield Line("No condor is held.")
    for condor in sheet["condors"]:
        for text in condor_lines(condor):
            yield Line(text)
    if sheet["lots"]:
        yield Grid(_LOTS, [_lot(lot, len(sheet["condors"]) > 1) for lot in sheet["lots"]])
    elif sheet["hedge"] != "none":
        yield Line("No hedge is held.")
    if sheet["layers"]:
        yield Heading("Layers")
        yield Grid(_LAYERS, [_layer(layer) for layer in sheet["layers"]])
    for row in sheet["exposure"]:
        band = f"{wording.percent(row['band_low'], 0)} to {wording.percent(row['band_high'], 0)}"
        held = wording.percent(row["net_exposure"], 1)
        inside = row["net_exposure"] is None or row["band_low"] <= row["net_exposure"] <= row["band_high"]
        told = "" if inside else "; outside it: only a layer that is bought or rolled is sized to the band"
        yield Line(
            f"Net exposure of condor {row['condor']} with its hedge: "
            f"{held} of portfolio beta (band {band}{told})"
        )


def _lot(lot: Mapping[str, Any], several: bool) -> list[str]:
    owner = f"{lot['layer']} ({lot['condor']})" if several and lot["condor"] else lot["layer"]
    dte = "" if lot["dte"] is None else str(lot["dte"])
    prices = [price(lot["cost_points"]), price(lot["mark_points"])]
    return [
        owner,
        lot["contract"],
        contracts_text(lot["contracts"]),
        dte,
        *prices,
        wording.usd(lot["pnl_usd"]),
    ]


def _layer(layer: Mapping[str, Any]) -> list[str]:
    told = [layer["told"]] if layer["told"] else []
    if layer["entries_used"] is not None:
        told.append(f"{layer['entries_used']} of {layer['entries_most']} entries used")
    owner = str(layer["condor"] or "book")
    return [owner, layer["layer"], layer["state"], layer["since"] or "", "; ".join(told)]


def _triggers(sheet: Sheet) -> Iterator[Part]:
    """Yield the triggers by owner; what is switched off in one line."""
    yield Heading("Triggers")
    owners: dict[str, list[Mapping[str, Any]]] = {}
    for trigger in sheet["triggers"]:
        owners.setdefault(trigger_owner(trigger, sheet), []).append(trigger)
    if not owners:
        yield Line("No rule was asked, or none tells its triggers.")
        return
    rows: list[list[str]] = []
    off: list[str] = []
    for owner, triggers in owners.items():
        shown = [trigger for trigger in triggers if trigger["state"] != "off"]
        off += [f"{owner}: {t['name']} ({t['told']})" for t in triggers if t["state"] == "off"]
        if shown:
            rows.append([owner, "", "", "", ""])
            rows += [trigger_row(trigger) for trigger in shown]
    yield Grid(_TRIGGERS, rows)
    if off:
        yield Line(f"Off: {'; '.join(off)}")


def _signals(sheet: Sheet) -> Iterator[Part]:
    """Yield the votes of each layer that asks signals."""
    for quorum in sheet["quorums"]:
        verdict = "would let it be added" if quorum["allows"] else "blocks it"
        yield Heading(f"Quorum of layer {quorum['layer']}, condor {quorum['condor']}")
        yield Line(
            f"{quorum['approving']} of {quorum['known']} known signals approve ({quorum['needed']} of "
            f"{quorum['asked']} needed, in proportion): the quorum {verdict}"
        )
        known = [signal for signal in quorum["signals"] if signal["vote"] != "unavailable"]
        if known:
            yield Grid(_VOTES, [_vote(signal) for signal in known])
        names = _names([s["signal"] for s in quorum["signals"] if s["vote"] == "unavailable"])
        if names:
            yield Line(f"Unavailable, and so neutral: {names}")


def _vote(signal: Mapping[str, Any]) -> list[str]:
    way = ">=" if signal["above"] else "<="
    name = signal["signal"].replace("_", " ")
    return [name, f"{signal['value']:,.4g}", f"{way} {signal['threshold']:,.4g}", signal["vote"]]


def _names(names: Sequence[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)
