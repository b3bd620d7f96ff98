"""How much of a day's P&L attribution leaves unexplained, on which days most, and how long it takes.

    python bench/attribution_rest.py DATA [--start 2007-01-03] [--end 2024-12-31] [--hedge layered ...]

The share is |unexplained| / |P&L| of a day; its median is over the days with P&L. Futures are explained in
full, so that the hedge's options are told apart too.
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from pathlib import Path
from typing import Final

import pandas as pd

from alvh_bt.analysis.anatomy import Anatomy
from alvh_bt.analysis.attribution import dissect
from alvh_bt.analysis.holding import median_unexplained, worst_days
from alvh_bt.config import Study, make_study
from alvh_bt.engine.results import RunResult
from alvh_bt.engine.run import run_variant
from alvh_bt.engine.today import Calendar
from alvh_bt.market import Market, load_market
from alvh_bt.pricing.model import ModelPrices

#: The share that a median day may leave.
TARGET: Final = 0.05

#: Sessions dissected first, so that compiled code is there when time is taken.
WARM: Final = 30


def main() -> None:
    """Run, dissect and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--start", type=dt.date.fromisoformat, default=dt.date(2007, 1, 3))
    parser.add_argument("--end", type=dt.date.fromisoformat, default=dt.date(2024, 12, 31))
    parser.add_argument("--hedge", nargs="+", default=["layered", "static-calls", "ladder-442", "vxth"])
    given = parser.parse_args()
    market = load_market(given.data)
    prices, calendar = ModelPrices(market), Calendar(market)
    study = make_study(start=given.start, end=given.end)
    print(f"median day's unexplained share, {given.start} to {given.end} (target {TARGET:.0%} or less)")
    print(f"{'':<16}{'condor':>9}{'hedge':>9}{'all':>9}{'options':>9}{'sessions':>10}{'seconds':>9}")
    worst: list[str] = []
    for hedge in given.hedge:
        run = run_variant(market, study, hedge, prices, calendar)
        anatomy, seconds = timed(run, market, prices, study)
        shares = [*median_unexplained(anatomy.attribution).values(), options_share(anatomy)]
        told = "".join(f"{share:9.2%}" for share in shares)
        print(f"{hedge:<16}{told}{len(run.daily):10}{seconds:9.2f}")
        worst += [f"{hedge:<16}{line}" for line in worst_lines(anatomy)]
    print("\nworst days                                      P&L  unexplained (USD)")
    print("\n".join(worst))


def timed(run: RunResult, market: Market, prices: ModelPrices, study: Study) -> tuple[Anatomy, float]:
    """Return what the run is made of, and the processor's seconds it took once all was compiled."""
    dissect(run.until(run.daily["date"].iloc[: WARM + 1].max()), market, prices, study)
    began = time.process_time()
    anatomy = dissect(run, market, prices, study)
    return anatomy, time.process_time() - began


def options_share(anatomy: Anatomy) -> float:
    """Return the median day's unexplained share of the hedge's options alone; NaN without any."""
    rows = anatomy.attribution
    options = rows["leg"].str.endswith((" call", " put")) & (rows["book"] == "hedge")
    return median_unexplained(rows[options])["hedge"]


def worst_lines(anatomy: Anatomy) -> list[str]:
    """Return a line for each of the ten worst days."""
    days = pd.DataFrame(worst_days(anatomy.attribution))
    return [
        f"  {row.date}  {row.book:<8}{row.pnl:12,.0f}{row.unexplained:12,.0f}" for row in days.itertuples()
    ]


if __name__ == "__main__":
    main()
