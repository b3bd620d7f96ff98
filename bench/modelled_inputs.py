"""Print what the comparison says on a folder, and what it says where only SPX and VIX closes are left of it.

Usage: python bench/modelled_inputs.py DATA_DIR [--start DATE] [--end DATE]

DATA_DIR is a folder as `--data` takes it. Taken away in memory: VIX futures, VVIX, VIX9D, VIX3M, VIX6M,
bill rate, dividend yield, SKEW, and the open, high and low of VIX. What then differs is what modelled
inputs do to a result. Nothing is fitted here, and nothing may be fitted on what it prints.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
from pathlib import Path
from typing import Final

import numpy as np

from alvh_bt.analysis.compare import run_comparison
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.analysis.summary import summarise
from alvh_bt.config import Study
from alvh_bt.market import Market, Provenance, load_market
from alvh_bt.market.market import VX_FUTURES

#: Columns that a market of SPX bars and VIX closes lacks.
ABSENT: Final = (
    *("vix_open", "vix_high", "vix_low", "vix9d", "vix3m", "vix6m", "vvix", "skew"),
    *("rate", "dividend_yield", "spx_set", "vro"),
)
FIGURES: Final = {"hedge_pnl_usd": "hedge P&L", "pnl_usd": "total P&L", "hedge_decay": "hedge decay"}


def reduced(market: Market) -> Market:
    """Return the market with nothing left but SPX bars and VIX closes."""
    n = len(market.sessions)
    columns, provenance = dict(market.columns), dict(market.provenance)
    for name in ABSENT:
        columns[name] = np.full(n, np.nan)
    for name in (*ABSENT, VX_FUTURES):
        provenance[name] = np.full(n, Provenance.UNAVAILABLE, dtype=np.int8)
    return dataclasses.replace(
        market,
        columns=columns,
        provenance=provenance,
        vx_expiry=np.zeros_like(market.vx_expiry),
        vx_settle=np.full_like(market.vx_settle, np.nan),
    )


def show(seen: ComparisonResult, modelled: ComparisonResult) -> None:
    """Print each variant's figures on both markets, and the modelled less the observed."""
    sides = [summarise(result, draws=100)["variants"] for result in (seen, modelled)]
    print(f"{seen.start} to {seen.end}; USD, hedge decay in % a year of average NAV")
    print(f"{'':16}{'':14}{'observed':>12}{'modelled':>12}{'difference':>12}")
    for variant in sides[0]:
        for name, words in FIGURES.items():
            values = [side[variant][name] for side in sides]
            if any(value is None for value in values):
                print(f"{variant:16}{words:14}{'undefined':>12}")
                continue
            scale, form = (100.0, "12,.2f") if name == "hedge_decay" else (1.0, "12,.0f")
            one, two = (scale * value for value in values)
            print(f"{variant:16}{words:14}{one:{form}}{two:{form}}{two - one:{form}}")
        for side, result in zip(sides, ("observed", "modelled"), strict=True):
            if side[variant]["stopped"]:
                print(f"{variant:16}stopped early ({result}): {side[variant]['stopped']}")


def main() -> None:
    """Run the default comparison on both markets and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of CSV files, with VIX futures among them")
    parser.add_argument("--start", type=dt.date.fromisoformat, help="first day (default: the earliest)")
    parser.add_argument("--end", type=dt.date.fromisoformat, help="last day (default: the latest)")
    asked = parser.parse_args()
    market, study = load_market(asked.data), Study(start=asked.start, end=asked.end)
    show(run_comparison(market, study), run_comparison(reduced(market), study))


if __name__ == "__main__":
    main()
