"""How far the figures lean on when orders are filled and on what they cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from alvh_bt.analysis.metrics import run_metrics
from alvh_bt.config import CostParams, Fill, Study
from alvh_bt.engine.results import RunResult

#: Settings of costs that are doubled: what is paid of spreads, and fees.
_DOUBLED: Final = (
    *("spread_share", "quoted_spread_share", "future_half_spread", "etp_half_spread", "etp_sandwich"),
    *("option_fee", "future_fee", "mini_future_fee", "settlement_fee"),
)
#: A difference to no hedge below this share of starting cash is no sign that could flip.
NEGLIGIBLE: Final = 0.005
#: Better by this share of starting cash a year when filled on the very close that decided: suspicious.
SUSPICIOUS_A_YEAR: Final = 0.02

TIMINGS: Final = {
    "next_open": int(Fill.NEXT_OPEN),
    "next_close": int(Fill.NEXT_CLOSE),
    "same_close": int(Fill.SAME_CLOSE),
}
DOUBLED: Final = "doubled costs"


class Figures(NamedTuple):
    """P&L (USD), growth a year, deepest drawdown (<= 0), years, and whether the run ended early."""

    pnl_usd: float
    cagr: float
    max_drawdown: float
    years: float
    stopped: bool


def figures_of(run: RunResult, starting_cash: float) -> Figures:
    """Return the figures of a run; `starting_cash` in USD."""
    metrics = run_metrics(run, starting_cash)
    dates = run.daily["date"]
    years = (dates.iloc[-1] - dates.iloc[0]).days / 365.0
    return Figures(metrics.pnl_usd, metrics.cagr, metrics.max_drawdown, float(years), run.stopped is not None)


def settings_to_try(study: Study) -> dict[str, Study]:
    """Return the study under each other fill timing, and with costs doubled."""
    tried = {
        name: replace(study, book=study.book._replace(fill=fill))
        for name, fill in TIMINGS.items()
        if fill != study.book.fill
    }
    return {**tried, DOUBLED: replace(study, costs=doubled(study.costs))}


def doubled(costs: CostParams) -> CostParams:
    """Return the costs with every share of a spread that is paid, and every fee, doubled.

    >>> doubled(CostParams(option_fee=1.3)).option_fee
    2.6
    """
    changed: dict[str, Any] = {name: 2.0 * getattr(costs, name) for name in _DOUBLED}
    return costs._replace(**changed)


def timing_of(study: Study) -> str:
    """Return the name of a study's own fill timing."""
    return next(name for name, fill in TIMINGS.items() if fill == study.book.fill)


def compare_settings(
    base: Mapping[str, Figures],
    tried: Mapping[str, Mapping[str, Figures]],
    hedge: str,
    starting_cash: float,
    timing: str = "next_open",
) -> tuple[list[str], list[str]]:
    """Return sentences on what each setting changes for a hedge, and those that warn.

    Parameters
    ----------
    base
        Hedge -> figures under the study; `none` is the reference.
    tried
        Setting -> hedge -> figures.
    hedge
        Whose sentences.
    starting_cash
        USD.
    timing
        The study's own fill timing, of `TIMINGS`.
    """
    told: list[str] = []
    warned: list[str] = []
    if hedge not in base:
        return told, ["it does not run to the end"]
    for setting, others in tried.items():
        if hedge not in others:
            warned.append(f"{setting}: it does not run")
            continue
        before, after = base[hedge], others[hedge]
        told.append(
            f"{setting}: P&L {after.pnl_usd - before.pnl_usd:+,.0f} USD, CAGR {_growth(before)} to "
            f"{_growth(after)}, drawdown {before.max_drawdown:.1%} to {after.max_drawdown:.1%}, "
            f"rank {_rank(base, hedge)} to {_rank(others, hedge)}"
        )
        if setting == DOUBLED and after.pnl_usd - before.pnl_usd > NEGLIGIBLE * starting_cash:
            warned.append(f"{setting}: P&L is higher, by the luck of another path")
        if after.stopped and not before.stopped:
            warned.append(f"{setting}: it stops for lack of margin")
        if hedge == "none" or "none" not in base or "none" not in others:
            continue
        gain = before.pnl_usd - base["none"].pnl_usd
        other_gain = after.pnl_usd - others["none"].pnl_usd
        if gain * other_gain < 0.0 and min(abs(gain), abs(other_gain)) > NEGLIGIBLE * starting_cash:
            warned.append(f"{setting}: against none {gain:+,.0f} USD becomes {other_gain:+,.0f}")
        bound = SUSPICIOUS_A_YEAR * starting_cash * max(before.years, 0.25)
        if setting == "same_close" and other_gain - gain > bound:
            warned.append(
                f"{setting}: {other_gain - gain:+,.0f} USD better against none, as if it saw the next day"
            )
        if timing == "same_close" and setting == "next_open" and gain - other_gain > bound:
            warned.append(
                f"{setting}: same_close is {gain - other_gain:+,.0f} USD better against none, "
                "as if it saw the next day"
            )
    return told, warned


def _growth(figures: Figures) -> str:
    """Return the growth a year; a day has none."""
    return f"{figures.cagr:+.2%}" if math.isfinite(figures.cagr) else "n/a"


def _rank(figures: Mapping[str, Figures], hedge: str) -> str:
    """Return a hedge's place by P&L, as 2/4."""
    order: Sequence[str] = sorted(figures, key=lambda name: -figures[name].pnl_usd)
    return f"{order.index(hedge) + 1}/{len(order)}"
