"""Real option chains: end-of-day quotes of three layouts, read by date and cleaned, in little memory."""

from __future__ import annotations

from alvh_bt.chains.store import ChainFile, ChainStore, open_chains

__all__ = ["ChainFile", "ChainStore", "open_chains"]
