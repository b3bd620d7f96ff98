"""The words and numbers of a decision sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from alvh_bt.report import wording

#: How a trigger's value is written, by its unit; others with three significant digits.
_WRITTEN: Final[dict[str, str]] = {
    **dict.fromkeys(("delta", "rank", "x entry credit", "x cost", "vol points", "pct points"), "{:.2f}"),
    **dict.fromkeys(("days", "days to the fill's", "closes", "condors", "RSI"), "{:.0f}"),
    **dict.fromkeys(("share", "a year"), "{:.1%}"),
    "contracts": "{:,.0f}",
}
#: Units that a trigger's name does not tell.
_NAMED: Final = ("x entry credit", "x cost", "days", "closes", "a year")
_LAYERS: Final = {"condor": "Condor", "one": "Layer one", "two": "Layer two", "three": "Layer three"}


def price(value: float | None) -> str:
    """Return a price in points.

    >>> price(2506.850098), price(None)
    ('2,506.85', 'n/a')
    """
    return wording.UNDEFINED if value is None else f"{value:,.2f}"


def change(value: float | None, form: str) -> str:
    """Return a change in a form, or that it is unknown.

    >>> change(-0.0123, "{:+.2%}"), change(None, "{:+.2%}")
    ('-1.23%', 'n/a')
    """
    return wording.UNDEFINED if value is None else form.format(value)


def contracts_text(value: float) -> str:
    """Return contracts, signed where sold; whole ones without decimals.

    >>> contracts_text(2.0), contracts_text(-0.625), contracts_text(0.0123456)
    ('2', '-0.625', '0.01235')
    """
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"


def vx_text(market: Mapping[str, Any]) -> str:
    """Return the two front VX futures, the slope between them, and whether they were observed."""
    front, second = market["front_vx"], market["second_vx"]
    if front is None:
        return "no VX future is listed"
    text = f"front VX {price(front['price'])} ({front['expiry']})"
    if second is not None:
        text += f", second {price(second['price'])}, slope {change(market['term_slope'], '{:+.1%}')}"
    return f"{text}, {market['vx_source']}"


def data_lines(result: Mapping[str, Any], sheet: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the sheet stands on: study, window, data."""
    data, study = result["data"], result.get("study") or "the default study"
    yield f"Study: {study}, hedge {sheet['hedge']}, {result['sizes']} contracts, run since {sheet['since']}"
    yield f"Data: {data['where']}, last session {data['last_session']}"


def orders_headline(sheet: Mapping[str, Any]) -> str:
    """Return in one sentence whether there is anything to do, and if not what is nearest."""
    when = f"{sheet['fill']['day']} {sheet['fill']['at']}"
    if sheet["orders"]:
        what = dict.fromkeys(f"{_of(order)} ({order['reason']})" for order in sheet["orders"])
        return (
            f"{len(sheet['orders'])} order{'s' * (len(sheet['orders']) > 1)} for {when}: {'; '.join(what)}."
        )
    nearest = sheet["nearest"]
    if nearest is None:
        return f"No orders for {when}."
    owner, unit = trigger_owner(nearest, sheet), nearest["unit"]
    value, threshold = written(nearest, "value"), written(nearest, "threshold")
    way = ">=" if nearest["above"] else "<="
    told = f"; {nearest['told']}" if nearest["told"] else ""
    value += f" {unit}" if unit in _NAMED else ""
    away = written(nearest, "distance")
    return (
        f"No orders for {when}. Nearest trigger: {owner}, {nearest['name']} {value}, "
        f"fires at {way} {threshold}: {away} away{told}."
    )


def _of(order: Mapping[str, Any]) -> str:
    what = "condor" if order["book"] == "condor" else f"layer {order['layer']}"
    return f"{order['event']} {what}"


def condor_lines(condor: Mapping[str, Any]) -> Iterator[str]:
    """Yield a condor in three lines: its terms, its money, its outlook."""
    strikes = {name: f"{strike:g}" for name, strike in condor["strikes"].items()}
    legs = " ".join(
        f"{strikes.get(low, '?')}/{strikes.get(high, '?')} {name}"
        for low, high, name in (("long_put", "short_put", "puts"), ("short_call", "long_call", "calls"))
    )
    size = contracts_text(condor["contracts"])
    yield (
        f"Condor {condor['id']}, {condor['status']}, since {condor['opened']}: {size} x {condor['root']} "
        f"{condor['expiry']} ({condor['dte']} days), {legs}"
    )
    entry, at_entry = price(condor["entry_credit_points"]), wording.irr(condor["entry_irr"])
    deltas = f"put {price(condor['short_put_delta'])}, call {price(condor['short_call_delta'])}"
    yield (
        f"  credit {price(condor['credit_points'])} {condor['root']} points ({entry} at entry), mark "
        f"{price(condor['mark_points'])}, P&L {wording.usd(condor['pnl_usd'])} USD; short deltas {deltas}"
    )
    low, high = wording.usd(condor["break_even_low"]), wording.usd(condor["break_even_high"])
    yield (
        f"  break-even SPX {low} to {high}; projected IRR of its own legs {wording.irr(condor['irr'])} "
        f"a year ({at_entry} after entry); rolls used: put {condor['put_rolls']}, call {condor['call_rolls']}"
    )


def trigger_owner(trigger: Mapping[str, Any], sheet: Mapping[str, Any]) -> str:
    """Return whose trigger it is: a condor, the next entry, a layer with its condor, a lot."""
    if trigger["name"].startswith("entry"):
        return "Next condor"
    layer = _LAYERS.get(trigger["layer"], f"Layer {trigger['layer']}")
    if trigger["layer"] == "condor":
        return f"{layer} {trigger['condor']}"
    owner = f"{layer}, condor {trigger['condor']}" if trigger["condor"] else layer
    lots = {lot["id"]: lot["contract"] for lot in sheet["lots"]}
    return f"{layer}, {lots.get(trigger['lot'], 'lot')}" if trigger["lot"] is not None else owner


def written(trigger: Mapping[str, Any], name: str) -> str:
    """Return the value, the threshold or the distance of a trigger, in its unit; empty without one.

    >>> written({"value": 0.187, "unit": "delta"}, "value"), written({"value": None, "unit": "days"}, "value")
    ('0.19', 'n/a')
    """
    value = trigger[name]
    if trigger["unit"] == "":
        return ""
    return wording.UNDEFINED if value is None else _WRITTEN.get(trigger["unit"], "{:,.3g}").format(value)


def trigger_row(trigger: Mapping[str, Any]) -> list[str]:
    """Return a trigger as a row: name with unit, value, threshold, distance, and what there is to tell."""
    name = f"{trigger['name']}, {trigger['unit']}" if trigger["unit"] in _NAMED else trigger["name"]
    way = ">=" if trigger["above"] else "<="
    threshold = f"{way} {written(trigger, 'threshold')}" if trigger["unit"] else ""
    state, told = trigger["state"], trigger["told"]
    words = told if state == "armed" else f"{state.upper() if state == 'fires' else state}"
    if state != "armed" and told:
        words += f": {told}"
    away = written(trigger, "distance") if state == "armed" else ""
    return [f"  {name}", written(trigger, "value"), threshold, away, words]


def order_lines(order: Mapping[str, Any]) -> Iterator[str]:
    """Yield an order: what and why, each contract with its price, and cost and projected return."""
    condor = f", condor {order['condor']}" if order["condor"] else ""
    yield f"{_of(order)}{condor}: {order['reason']}"
    for leg in order["legs"]:
        side = "buy" if leg["contracts"] > 0.0 else "sell"
        size = contracts_text(abs(leg["contracts"]))
        yield f"  {side} {size} {leg['contract']} at about {price(leg['price'])}"
    text = f"  expected cost {price(order['cost_usd'])} USD"
    if order["irr_without"] is not None or order["irr_with"] is not None:
        without, with_it = (wording.irr(order[name]) for name in ("irr_without", "irr_with"))
        text += f"; projected IRR of the condor with its hedge, a year: {without} without, {with_it} with it"
    yield text


def note_text(note: Mapping[str, Any]) -> str:
    """Return a note of the journal, with the projected returns that refused an order."""
    owner = "condor" if note["book"] == "condor" else f"layer {note['layer']}"
    text = f"{owner}: {note['reason']}"
    if note["irr_with"] is not None:
        without, with_it = (wording.irr(note[name]) for name in ("irr_without", "irr_with"))
        text += f" ({without} a year without, {with_it} with it)"
    return text


def input_lines(inputs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the inputs of this very close, and those that were never observed, a line a state."""
    now = [_spaced(row["input"]) for row in inputs if _is_of_the_close(row)]
    if now:
        yield f"Observed at this close: {', '.join(now)}"
    for state in ("modelled", "repaired", "unavailable"):
        never = [_spaced(row["input"]) for row in inputs if row["state"] == state and row["dated"] is None]
        if never:
            yield f"Never observed, {state}: {', '.join(never)}"


def input_rows(inputs: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return the inputs whose last number is older than this close, oldest first, as rows.

    Name, state now, day of the last number, calendar days since, and what there is to tell.
    """
    old = [row for row in inputs if row["dated"] is not None and not _is_of_the_close(row)]
    return [_input(row) for row in sorted(old, key=lambda row: -row["days_old"])]


def _is_of_the_close(row: Mapping[str, Any]) -> bool:
    return row["state"] == "observed" and row["days_old"] == 0


def _input(row: Mapping[str, Any]) -> list[str]:
    ago, told = row["sessions_ago"], ""
    if row["stale"]:
        told = f"STALE: last observed {ago:,} session{'s' * (ago > 1)} ago"
    elif row["state"] == "observed":
        told = "holds until its next row is known"
    return [_spaced(row["input"]), row["state"], row["dated"], f"{row['days_old']:,}", told]


def _spaced(name: str) -> str:
    words = wording.input_name(name)
    # `input_name` writes the first word in capitals, as is right for an index.
    of_index = name.startswith(("spx", "vi", "vx", "vvix", "uvxy", "skew", "reer", "vro"))
    return words if of_index or words[0].islower() else name.replace("_", " ")
