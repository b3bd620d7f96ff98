"""alvh_bt: backtests of SPX iron condors under VIX hedges."""

from __future__ import annotations

from pathlib import Path

from alvh_bt.compiled import use_cache

__version__ = "0.3.0"

use_cache(Path(__file__).parent)
