"""What a comparison shows, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alvh_bt.report.wording import percent, usd


def headline(summary: Mapping[str, Any]) -> list[str]:
    """Return what the comparison shows: the verdict, then what each hedge made, the unwelcome included."""
    variants: Mapping[str, Mapping[str, Any]] = summary["variants"]
    verdict = summary.get("verdict", [])  # a folder written before 0.4.0 has none
    hedged = {name: each for name, each in variants.items() if each["hedge_pnl_usd"] or each["hedge_decay"]}
    if not hedged:
        return list(verdict)
    each = "; ".join(
        f"{name} {usd(found['hedge_pnl_usd'])} USD ({usd(found.get('hedge_pnl_worst_usd'))} on the condors' "
        f"worst 5% of days) at {percent(found['hedge_decay'])} of NAV a year of decay"
        for name, found in hedged.items()
    )
    return [*verdict, f"What the hedges themselves made: {each}."]
