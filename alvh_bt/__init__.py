"""alvh_bt: backtests of SPX iron condors under VIX hedges.

What is in `__all__` is the public interface; the rest may change from one version to the next.

Examples
--------
>>> import alvh_bt as ab
>>> found = ab.compare(hedges=["none", "static-calls"], start="2016-01-04", end="2016-03-31")
>>> list(found.nav.columns)
['none', 'static-calls']
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alvh_bt.compiled import use_cache

__version__ = "0.6.0"

use_cache(Path(__file__).parent)

if TYPE_CHECKING:
    from alvh_bt.api import compare, grid, load_comparison
    from alvh_bt.config import Study, make_study
    from alvh_bt.errors import AlvhError
    from alvh_bt.hedges import HEDGES, Hedge
    from alvh_bt.market import Market, load_market
    from alvh_bt.views import Comparison

__all__ = [
    "HEDGES",
    "AlvhError",
    "Comparison",
    "Hedge",
    "Market",
    "Study",
    "compare",
    "grid",
    "load_comparison",
    "load_market",
    "make_study",
]

# Imported when first asked for: the command line starts in a tenth of the time.
_WHERE = {
    **dict.fromkeys(("compare", "grid", "load_comparison"), "alvh_bt.api"),
    "Comparison": "alvh_bt.views",
    **dict.fromkeys(("Study", "make_study"), "alvh_bt.config"),
    **dict.fromkeys(("HEDGES", "Hedge"), "alvh_bt.hedges"),
    **dict.fromkeys(("Market", "load_market"), "alvh_bt.market"),
    "AlvhError": "alvh_bt.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'alvh_bt' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
