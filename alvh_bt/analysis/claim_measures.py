"""What a claim can be measured by: the registry of measures.

A measure turns a `Case` into a `Sample`: a statistic of resampled units (days, condors or spikes of VIX),
so that the figure and its interval come from one function. Undefined is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from alvh_bt.analysis.claim_days import BookDays, Condors, Floats, MarketDays
from alvh_bt.analysis.claim_figures import (
    Rows,
    bleed_a_year,
    calmar,
    cut,
    deepest_fall,
    growth,
    monthly_spread,
    pnl_a_year,
    spikes,
)
from alvh_bt.analysis.decay import decay_to_theta, hedge_efficiency


class Case(NamedTuple):
    """What is measured: the books in the claim's order, the market on the same days, the condors."""

    books: tuple[BookDays, ...]
    market: MarketDays
    condors: tuple[Condors, ...]
    vix_above: float = 0.0
    vix_below: float = math.inf


class Sample(NamedTuple):
    """A statistic of `units` rows, what to say beside it, and why there is none.

    `series` are daily differences that set the block length; empty where the units are drawn singly.
    """

    statistic: Callable[[Rows], float]
    units: int
    series: tuple[Floats, ...]
    detail: dict[str, float]
    reason: str = ""


class Measure(NamedTuple):
    """A registered measure: how it makes a sample, of how many books, its unit, and what is resampled."""

    sample: Callable[[Case], Sample]
    books: int
    unit: str  # share, points (of a share), ratio
    drawn: str  # days, condors, spikes


def _days(
    case: Case, statistic: Callable[[Rows], float], detail: dict[str, float], series: Floats | None = None
) -> Sample:
    units = len(case.market.vix)
    if series is None:
        last = case.books[-1]
        series = case.books[0].returns - last.returns if len(case.books) > 1 else last.returns
    return Sample(statistic, units, (series,), detail)


def _all(case: Case) -> Rows:
    return np.arange(len(case.market.vix))


def drawdown_cut(case: Case) -> Sample:
    """Return by how much the second book's deepest drawdown is less than the first's, a share of that."""
    without, with_ = case.books

    def statistic(rows: Rows) -> float:
        return cut(deepest_fall(without.returns[rows]), deepest_fall(with_.returns[rows]))

    detail = {"without": deepest_fall(without.returns), "with": deepest_fall(with_.returns)}
    return _days(case, statistic, detail)


def max_drawdown(case: Case) -> Sample:
    """Return the second book's deepest drawdown, a share of its peak; the first's is in the detail."""
    without, with_ = case.books
    detail = {"without": deepest_fall(without.returns), "with": deepest_fall(with_.returns)}
    return _days(case, lambda rows: deepest_fall(with_.returns[rows]), detail, with_.returns)


def spike_cut(case: Case) -> Sample:
    """Return by how much falls of NAV in spikes of VIX are less in the second book, a share of the first's.

    The mean fall, from peak to trough inside a spike, of the one over that of the other.
    """
    episodes = spikes(case.market.spike, 20)
    without, with_ = (
        np.array([deepest_fall(book.returns[first : last + 1]) for first, last in episodes])
        for book in case.books
    )

    def statistic(rows: Rows) -> float:
        return cut(float(without[rows].mean()), float(with_[rows].mean())) if len(rows) else math.nan

    detail = {"spikes": float(len(episodes))}
    if episodes:
        detail |= {"mean_fall_without": float(without.mean()), "mean_fall_with": float(with_.mean())}
    return Sample(statistic, len(episodes), (), detail, "" if episodes else "no spike of VIX in the window")


def annual_bleed(case: Case) -> Sample:
    """Return the hedge's bleed (minus carry, plus costs) a year, a share of average NAV."""
    (book,) = case.books
    rows = _all(case)
    detail = {"hedge_pnl_a_year": pnl_a_year(book, rows)}
    if math.isfinite(case.vix_below):
        calm = np.flatnonzero(case.market.vix_before < case.vix_below)
        detail |= {
            "vix_below": case.vix_below,
            "bleed_a_year_below": bleed_a_year(book, calm),
            "share_of_days_below": len(calm) / max(len(rows), 1),
        }
    return _days(case, lambda drawn: bleed_a_year(book, drawn), detail, book.bleed)


def theta_eaten_in_contango(case: Case) -> Sample:
    """Return the hedge's bleed over the condor's theta, on days after a close in contango."""
    (book,) = case.books
    contango = case.market.contango

    def statistic(rows: Rows) -> float:
        picked = rows[contango[rows] == 1.0]
        return decay_to_theta(float(book.bleed[picked].sum()), book.condor_theta[picked])

    known = np.isfinite(contango)
    share = float(np.mean(contango[known])) if known.any() else math.nan
    everywhere = decay_to_theta(float(book.bleed.sum()), book.condor_theta)
    sample = _days(case, statistic, {"contango_share": share, "on_all_days": everywhere}, book.bleed)
    return sample if known.any() else sample._replace(reason="no VX futures in the data: contango is unknown")


def _wins(pnl: Floats) -> float:
    return float(np.mean(pnl > 0.0)) if len(pnl) else math.nan


def win_rate(case: Case) -> Sample:
    """Return the share of condors that ended with a profit after costs, the hedge left out."""
    (condors,) = case.condors
    won = condors.pnl
    detail = {"condors": float(len(won)), "mean_pnl_usd": float(won.mean()) if len(won) else math.nan}
    return Sample(
        lambda rows: _wins(won[rows]),
        len(won),
        (),
        detail,
        "" if len(won) else "no condor ended in the window",
    )


def win_rate_gain(case: Case) -> Sample:
    """Return the win rate of the second book's condors, hedge included, less that of the first's.

    Only condors entered with VIX above `vix_above`, and that both books opened on the same day.
    """
    without, with_ = case.condors
    _, left, right = np.intersect1d(without.entry, with_.entry, return_indices=True)
    picked = without.entry_vix[left] > case.vix_above
    bare = without.pnl[left][picked]
    hedged = (with_.pnl + with_.hedge_pnl)[right][picked]
    detail = {"condors": float(len(bare)), "without": _wins(bare), "with": _wins(hedged)}
    reason = "" if len(bare) else f"no condor was entered with VIX above {case.vix_above:g}"
    return Sample(lambda rows: _wins(hedged[rows]) - _wins(bare[rows]), len(bare), (), detail, reason)


def loss_cut(case: Case) -> Sample:
    """Return by how much the losing days' losses are less in the second book, a share of the first's.

    On days on which VIX closes above `vix_above`; returns below 0 added up.
    """
    without, with_ = case.books
    picked = case.market.vix > case.vix_above

    def losses(book: BookDays, rows: Rows) -> float:
        return -float(np.minimum(book.returns[rows][picked[rows]], 0.0).sum())

    rows = _all(case)
    detail = {
        "days": float(picked.sum()),
        "return_without": float(without.returns[picked].sum()),
        "return_with": float(with_.returns[picked].sum()),
    }
    sample = _days(case, lambda drawn: cut(losses(without, drawn), losses(with_, drawn)), detail)
    empty = losses(without, rows) <= 0.0
    return sample._replace(reason=f"no loss on a day with VIX above {case.vix_above:g}") if empty else sample


def protection_gain(case: Case) -> Sample:
    """Return the first book's protection per dollar of bleed less the second's.

    Protection: the hedge's P&L on its condors' worst 5% of days.
    """

    def worth(book: BookDays, rows: Rows) -> float:
        return hedge_efficiency(float(book.bleed[rows].sum()), book.hedge_pnl[rows], book.condor_pnl[rows])

    one, other = case.books
    rows = _all(case)
    detail = {"first": worth(one, rows), "second": worth(other, rows)}
    return _days(case, lambda drawn: worth(one, drawn) - worth(other, drawn), detail, one.bleed - other.bleed)


def dearer_or_rougher(case: Case) -> Sample:
    """Return the larger of two differences, first book less second: bleed a year, and its monthly spread.

    Both are a year's share of average NAV. Below 0 the first is cheaper and steadier.
    """
    one, other = case.books

    def parts(rows: Rows) -> tuple[float, float]:
        bleed = bleed_a_year(one, rows) - bleed_a_year(other, rows)
        return bleed, monthly_spread(one, rows) - monthly_spread(other, rows)

    rows = _all(case)
    dearer, rougher = parts(rows)
    detail = {"bleed_difference": dearer, "spread_difference": rougher}
    detail |= {"hedge_pnl_a_year_first": pnl_a_year(one, rows)}
    detail |= {"hedge_pnl_a_year_second": pnl_a_year(other, rows)}
    return _days(case, lambda drawn: float(np.max(parts(drawn))), detail, one.bleed - other.bleed)


def calmar_gain(case: Case) -> Sample:
    """Return growth a year over the deepest drawdown, of the first book less of the second."""
    one, other = case.books
    detail = {"first": calmar(one.returns), "second": calmar(other.returns)}
    return _days(case, lambda rows: calmar(one.returns[rows]) - calmar(other.returns[rows]), detail)


def cagr_gain(case: Case) -> Sample:
    """Return the first book's growth a year less the second's; drawdowns and hedge P&L in the detail."""
    one, other = case.books
    rows = _all(case)
    detail = {
        "drawdown_first": deepest_fall(one.returns),
        "drawdown_second": deepest_fall(other.returns),
        "hedge_pnl_a_year_first": pnl_a_year(one, rows),
        "hedge_pnl_a_year_second": pnl_a_year(other, rows),
    }
    return _days(case, lambda drawn: growth(one.returns[drawn]) - growth(other.returns[drawn]), detail)


def least_cagr_gain(case: Case) -> Sample:
    """Return the first book's growth a year less the better of two others'; all three in the detail."""
    one, second, third = case.books
    names = ("first", "second", "third")
    detail = {f"cagr_{name}": growth(book.returns) for name, book in zip(names, case.books, strict=True)}
    rows = _all(case)
    detail |= {f"hedge_pnl_a_year_{n}": pnl_a_year(b, rows) for n, b in zip(names, case.books, strict=True)}

    def gain(drawn: Rows) -> float:
        best = max(growth(second.returns[drawn]), growth(third.returns[drawn]))
        return growth(one.returns[drawn]) - best

    return _days(case, gain, detail)


#: Every measure by its name in a claims file.
MEASURES: Final[dict[str, Measure]] = {
    "spike_cut": Measure(spike_cut, 2, "share", "spikes"),
    "drawdown_cut": Measure(drawdown_cut, 2, "share", "days"),
    "max_drawdown": Measure(max_drawdown, 2, "share", "days"),
    "annual_bleed": Measure(annual_bleed, 1, "share", "days"),
    "theta_eaten_in_contango": Measure(theta_eaten_in_contango, 1, "share", "days"),
    "win_rate": Measure(win_rate, 1, "share", "condors"),
    "win_rate_gain": Measure(win_rate_gain, 2, "points", "condors"),
    "loss_cut": Measure(loss_cut, 2, "share", "days"),
    "protection_gain": Measure(protection_gain, 2, "ratio", "days"),
    "dearer_or_rougher": Measure(dearer_or_rougher, 2, "points", "days"),
    "calmar_gain": Measure(calmar_gain, 2, "ratio", "days"),
    "cagr_gain": Measure(cagr_gain, 2, "points", "days"),
    "least_cagr_gain": Measure(least_cagr_gain, 3, "points", "days"),
}
