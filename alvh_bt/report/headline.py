"""What a comparison shows, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alvh_bt.report.wording import FOCUS, percent, usd


def headline(summary: Mapping[str, Any]) -> list[str]:
    """Return what the comparison shows, a few plain sentences, the unwelcome ones included."""
    variants: Mapping[str, Mapping[str, Any]] = summary["variants"]
    ranked = sorted(variants, key=lambda name: -variants[name]["pnl_usd"])
    named = {name: name + (" (stopped early)" if variants[name]["stopped"] else "") for name in variants}
    window = f"From {summary['window']['start']} to {summary['window']['end']}"
    if len(ranked) == 1:
        return [f"{window}, {named[ranked[0]]} made {usd(variants[ranked[0]]['pnl_usd'])} USD."]
    best, worst = ranked[0], ranked[-1]
    sentences = [
        f"{window}, {named[best]} ended best with a P&L of {usd(variants[best]['pnl_usd'])} USD "
        f"and {named[worst]} worst with {usd(variants[worst]['pnl_usd'])} USD."
    ]
    hedged = [name for name in variants if variants[name]["hedge_pnl_usd"] or variants[name]["hedge_decay"]]
    if hedged:
        each = "; ".join(
            f"{name} {usd(variants[name]['hedge_pnl_usd'])} USD at "
            f"{percent(variants[name]['hedge_decay'])} of NAV a year of decay"
            for name in hedged
        )
        sentences.append(f"What the hedges themselves made: {each}.")
    return [*sentences, *_about_focus(summary, named)]


def _about_focus(summary: Mapping[str, Any], named: Mapping[str, str]) -> list[str]:
    """Say how the focus did against the others by P&L, the better ones first."""
    if FOCUS not in named:
        return []
    pnl = {name: variant["pnl_usd"] for name, variant in summary["variants"].items()}
    worse = [named[name] for name in pnl if pnl[FOCUS] < pnl[name]]
    better = [named[name] for name in pnl if pnl[FOCUS] > pnl[name]]
    claims = [
        f"{word} than {_listed(names)}" for word, names in (("worse", worse), ("better", better)) if names
    ]
    sentences = [f"By P&L, {named[FOCUS]} did {' and '.join(claims)}."] if claims else []
    return [*sentences, *_how_sure(summary)]


def _how_sure(summary: Mapping[str, Any]) -> list[str]:
    """Say where the 90% interval of the difference in CAGR to the focus excludes zero."""
    clear: list[str] = []
    unclear: list[str] = []
    for row in summary["comparisons"]:
        if row["metric"] == "cagr" and FOCUS in (row["a"], row["b"]) and row["ci_low"] is not None:
            other = row["b"] if row["a"] == FOCUS else row["a"]
            (clear if row["ci_low"] > 0 or row["ci_high"] < 0 else unclear).append(other)
    sentences = []
    if clear:
        sentences.append(f"Its CAGR differs from {_listed(clear)} beyond chance (90% interval without zero).")
    if unclear:
        sentences.append(
            f"Its difference in CAGR from {_listed(unclear)} may be chance (90% interval with zero in it)."
        )
    return sentences


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
