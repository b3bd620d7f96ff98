"""What it costs to hold a hedge: decay by what it protects, half-life, and the way of the money."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.analysis.anatomy import PARTS, Anatomy
from alvh_bt.analysis.decay import bleed_usd
from alvh_bt.book.records import REASON_TEXT, Reason
from alvh_bt.contracts import ROOT_NAMES, is_future
from alvh_bt.engine.results import RunResult

Floats = NDArray[np.float64]

#: The way of the hedge's money, in order; they add up to `net`.
WATERFALL: Final = ("paid", "earned_back", "monetised", "still_held")

_FUTURES: Final = tuple(name for root, name in enumerate(ROOT_NAMES) if is_future(root))
_WORST: Final = 10


def holding_figures(run: RunResult, anatomy: Anatomy, years: float) -> dict[str, Any]:
    """Return what holding the hedge cost, as plain values; NaN where nothing was held.

    Parameters
    ----------
    run, anatomy
        One variant, and what `attribution.dissect` made of it.
    years
        Length of the window, calendar days over 365; where it is not positive, what is a year is NaN.

    Returns
    -------
    dict
        `bleed_usd_a_year` (see `decay.bleed_usd`), `decay_per_vega`, `decay_per_protection`,
        `half_life_days` by layer, `waterfall` and `waterfall_by_layer`, `parts` by book, `parts_by_layer` by
        book and layer, `median_unexplained` by book, `worst_days` (the ten days and books with the largest
        unexplained P&L). USD, but for the half-lives and the medians.
    """
    daily = run.daily
    carry, costs = (daily[name].to_numpy(np.float64) for name in ("hedge_carry", "hedge_costs"))
    a_year = bleed_usd(carry, costs) / years if years > 0.0 else math.nan
    flows = waterfall_by_layer(run, anatomy)
    attribution = anatomy.attribution
    return {
        "bleed_usd_a_year": a_year,
        "decay_per_vega": per_unit_held(a_year, anatomy.exposures, "vega", len(daily)),
        "decay_per_protection": per_unit_held(a_year, anatomy.exposures, "crash_pnl", len(daily)),
        "half_life_days": half_lives(anatomy.exposures),
        "waterfall": {name: math.fsum(flow[name] for flow in flows.values()) for name in (*WATERFALL, "net")},
        "waterfall_by_layer": flows,
        "parts": _part_sums(attribution, "book"),
        "parts_by_layer": {
            str(book): _part_sums(rows, "layer") for book, rows in attribution.groupby("book", sort=False)
        },
        "median_unexplained": median_unexplained(attribution),
        "worst_days": worst_days(attribution),
    }


def per_unit_held(a_year: float, exposures: pd.DataFrame, column: str, sessions: int) -> float:
    """Return what it cost to hold one unit of the hedge's `column` for a year, USD, positive: it bled.

    The bleed a year over the mean of `column` at the closes, days without a hedge counting as 0: the same as
    both over the days with a hedge alone. NaN where that mean is not positive.

    Parameters
    ----------
    a_year
        USD a year.
    exposures
        Of an `Anatomy`.
    column
        `"vega"` (USD a vol point) or `"crash_pnl"` (USD in the study's shock).
    sessions
        Length of the run.
    """
    held = exposures.loc[exposures["book"] == "hedge", column]
    mean = float(held.sum()) / sessions
    return a_year / mean if mean > 0.0 else math.nan


def half_lives(exposures: pd.DataFrame) -> dict[str, float]:
    """Return by layer of the hedge the calendar days in which half of its time value is lost.

    ln 2 times the time value held over the theta lost a day, both summed over the closes: the half-life if
    time value always fell at that rate. NaN for a layer without time value, of futures or shares.
    """
    hedge = exposures[exposures["book"] == "hedge"]
    sums = hedge.groupby("layer", sort=False)[["time_value", "theta"]].sum()
    return {str(layer): _half_life(row.time_value, row.theta) for layer, row in sums.iterrows()}


def _half_life(time_value: float, theta: float) -> float:
    return math.log(2.0) * time_value / -theta if time_value * theta < 0.0 else math.nan


def waterfall_by_layer(run: RunResult, anatomy: Anatomy) -> dict[str, dict[str, float]]:
    """Return the way of the hedge's money, USD, by layer in order of first use.

    `paid` (<= 0): premiums, realised losses of futures, fees. `earned_back`: proceeds of sales and
    settlements, realised gains of futures. `monetised`: those of sales of a part on a spike, which are not in
    `earned_back`. `still_held`: marked value at the end (of futures, the open P&L). `net` is their sum, the
    hedge's P&L.
    """
    trades = run.trades[run.trades["book"] == "hedge"]
    last = anatomy.exposures[
        (anatomy.exposures["date"] == run.daily["date"].iloc[-1]) & (anatomy.exposures["book"] == "hedge")
    ]
    held = last.groupby("layer")["value"].sum()
    flows = _flows(trades)
    result: dict[str, dict[str, float]] = {}
    for layer, own in trades.groupby("layer", sort=False):
        amounts = flows[own.index]
        monetised = (own["reason"] == REASON_TEXT[Reason.MONETISED]) & (amounts > 0.0)
        figures = {
            "paid": math.fsum(amounts[amounts < 0.0]) - math.fsum(own["fees_usd"]),
            "earned_back": math.fsum(amounts[(amounts > 0.0) & ~monetised]),
            "monetised": math.fsum(amounts[monetised]),
            "still_held": float(held.get(layer, 0.0)),
        }
        result[str(layer)] = figures | {"net": math.fsum(figures.values())}
    return result


def _flows(trades: pd.DataFrame) -> pd.Series:
    """Return the USD that each trade brings before fees: premiums, or what a future realises."""
    size = trades["contracts"] * trades["contract_multiplier"]
    future = trades["root"].isin(_FUTURES)
    # The first trade of a lot opens it: a future pays nothing then.
    entry = trades.groupby("lot")["price"].transform("first")
    return -size * (trades["price"] - entry.where(future, 0.0))


def median_unexplained(attribution: pd.DataFrame) -> dict[str, float]:
    """Return the median over days of |unexplained| / |P&L|, for each book and `all`; NaN without a day.

    Days without P&L do not count. Over `all`, the unexplained P&L of the books is added up before its size is
    taken, as it is within a book.
    """
    columns = ["pnl", "unexplained"]
    result = {}
    for book in ("condor", "hedge", "all"):
        own = attribution if book == "all" else attribution[attribution["book"] == book]
        days = own.groupby("date")[columns].sum().abs()
        days = days[days["pnl"] > 0.0]
        result[book] = float((days["unexplained"] / days["pnl"]).median())
    return result


def worst_days(attribution: pd.DataFrame, count: int = _WORST) -> list[dict[str, Any]]:
    """Return the `count` days and books with the largest unexplained P&L, the largest first.

    Each a dict of `date` (ISO text), `book`, `pnl` and `unexplained`, USD.
    """
    days = attribution.groupby(["date", "book"], as_index=False)[["pnl", "unexplained"]].sum()
    order = np.argsort(-days["unexplained"].abs().to_numpy(np.float64), kind="stable")[:count]
    return [
        {"date": f"{row.date:%Y-%m-%d}", "book": row.book, "pnl": row.pnl, "unexplained": row.unexplained}
        for row in days.iloc[order].itertuples()
    ]


def _part_sums(attribution: pd.DataFrame, by: str) -> dict[str, dict[str, float]]:
    """Return the sums of the parts and of P&L, USD, by the names in column `by`."""
    names = [*PARTS, "pnl"]
    sums = attribution.groupby(by, sort=False)[names].sum()
    return {
        str(key): dict(zip(names, row, strict=True))
        for key, row in zip(sums.index, sums.to_numpy(np.float64).tolist(), strict=True)
    }
