"""alvh_bt: backtests of SPX iron condors under VIX hedges."""

from __future__ import annotations

__version__ = "0.1.0"
