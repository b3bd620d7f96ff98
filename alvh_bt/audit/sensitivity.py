"""How a result hangs on when orders are filled, on what they cost, and on inputs that are modelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from alvh_bt.analysis.metrics import run_metrics
from alvh_bt.audit.check import PASS, WARNING
from alvh_bt.audit.subject import World
from alvh_bt.choices import Fill
from alvh_bt.config import CostParams, Study
from alvh_bt.engine.results import RunResult
from alvh_bt.market.market import provenance_shares

#: What a fill at the close that decides it may be better by, a year, share of the starting cash.
BETTER_AT_CLOSE: Final = 0.01
#: Share of sessions above which a modelled input is worth a warning.
MODELLED: Final = 0.10

#: Costs that are doubled: what is paid, not how spreads are shaped.
DOUBLED: Final = (
    *("spread_share", "quoted_spread_share", "option_fee", "future_fee", "mini_future_fee"),
    *("settlement_fee", "etp_half_spread", "etp_sandwich"),
)
COSTS: Final = "doubled costs"
FILLS: Final = {"next_open": Fill.NEXT_OPEN, "next_close": Fill.NEXT_CLOSE, "same_close": Fill.SAME_CLOSE}

_OF_CONDORS: Final = ("spx", "vix", "skew")
_OF_HEDGES: Final = ("vx_futures", "vvix")


class Figures(NamedTuple):
    """What a run made: P&L in USD, CAGR and drawdown as fractions, years."""

    pnl: float
    cagr: float
    drawdown: float
    years: float


def fill_name(study: Study) -> str:
    """Return the name of a study's timing of fills."""
    return next(name for name, fill in FILLS.items() if fill == study.book.fill)


def other_studies(study: Study) -> dict[str, Study]:
    """Return the study with every other fill timing, and with doubled costs, by name."""
    found = {
        name: replace(study, book=study.book._replace(fill=fill))
        for name, fill in FILLS.items()
        if fill != study.book.fill
    }
    doubled = {name: 2.0 * getattr(study.costs, name) for name in DOUBLED}
    found[COSTS] = replace(study, costs=CostParams(**{**study.costs._asdict(), **doubled}))
    return found


def figures_of(run: RunResult, study: Study) -> Figures:
    """Return what a run made."""
    found = run_metrics(run, study.book.starting_cash)
    years = (run.daily["date"].iloc[-1] - run.daily["date"].iloc[0]).days / 365.0
    return Figures(found.pnl_usd, found.cagr, found.max_drawdown, max(years, 1.0 / 365.0))


def weigh_fills(own: Mapping[str, Figures], none: Mapping[str, Figures], study: Study) -> tuple[str, str]:
    """Return status and detail of what the timing of fills does; by name of the timing.

    A warning where the hedge stands on the other side of no hedge under another timing, or where filling at
    the very close that decides makes much more: so look-ahead would show.
    """
    base = fill_name(study)
    names = [base, *(name for name in FILLS if name != base)]
    told = "; ".join(f"{name} {_told(own[name], none[name])}" for name in names)
    better = (own["same_close"].pnl - own[base].pnl) / own[base].years
    if better > BETTER_AT_CLOSE * study.book.starting_cash:
        return WARNING, f"same_close makes {better:,.0f} USD a year more: does it know the close? {told}"
    if len({own[name].pnl > none[name].pnl for name in names}) > 1 and own != none:
        return WARNING, f"better or worse than no hedge by the timing of fills: {told}"
    return PASS, told


def weigh_costs(base: Figures, doubled: Figures, none: Figures, none_doubled: Figures) -> tuple[str, str]:
    """Return status and detail of what doubled costs do; a warning where the sign of a result turns."""
    told = f"as set {_told(base, none)}; doubled {_told(doubled, none_doubled)}"
    if base.pnl > 0.0 >= doubled.pnl:
        return WARNING, f"the profit goes with doubled costs: {told}"
    if base != none and (base.pnl > none.pnl) != (doubled.pnl > none_doubled.pnl):
        return WARNING, f"better or worse than no hedge by its costs: {told}"
    return PASS, told


def _told(own: Figures, none: Figures) -> str:
    against = "" if own == none else f", {own.pnl - none.pnl:+,.0f} against none"
    return f"{own.pnl:,.0f} USD ({own.cagr:.2%} a year, drawdown {own.drawdown:.1%}{against})"


def weigh_inputs(run: RunResult, world: World, study: Study) -> tuple[str, str]:
    """Return status and detail of how much of what the run's prices stand on was modelled."""
    first, last = world.market.window(study.start, study.end)
    shares = provenance_shares(world.prices.provenance, first, last)
    hedged = not run.trades[run.trades["book"] == "hedge"].empty
    read = (*_OF_CONDORS, *_OF_HEDGES) if hedged else _OF_CONDORS
    weak = [name for name in read if shares[name]["observed"] < 1.0 - MODELLED]
    modelled = {name: share["modelled"] for name, share in shares.items() if share["modelled"] > 0.0}
    told = ", ".join(
        f"{name} {share:.0%}" for name, share in sorted(modelled.items(), key=lambda each: -each[1])
    )
    if weak:
        return WARNING, f"{', '.join(weak)} mostly not observed; modelled: {told}"
    return PASS, f"modelled: {told or 'nothing'}"
