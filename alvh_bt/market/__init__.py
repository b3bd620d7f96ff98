"""Market history: aligned, read-only, and honest about where each number came from."""

from __future__ import annotations

from alvh_bt.market.load import fetched_folder, load_folder, load_market
from alvh_bt.market.market import COLUMN_NAMES, VX_FUTURES, Market, Provenance, Repair

__all__ = [
    "COLUMN_NAMES",
    "VX_FUTURES",
    "Market",
    "Provenance",
    "Repair",
    "fetched_folder",
    "load_folder",
    "load_market",
]
