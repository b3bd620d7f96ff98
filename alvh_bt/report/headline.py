"""What a comparison shows, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alvh_bt.report.wording import percent, usd


def headline(summary: Mapping[str, Any]) -> list[str]:
    """Return what the comparison shows: the verdict, then what each hedge made, the unwelcome included."""
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
    return [*summary["verdict"], *sentences]
