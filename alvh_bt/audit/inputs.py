"""Which share of what a run reads was modelled rather than observed."""

from __future__ import annotations

from typing import Final

from alvh_bt.engine.results import RunResult
from alvh_bt.market import Market
from alvh_bt.market.market import provenance_shares
from alvh_bt.pricing.model import PriceModel

#: A share of sessions above which a modelled input is worth a warning.
THRESHOLD: Final = 0.10

#: What every run reads: the index and VIX, and what the smile, the forward and the interest come from.
_ALWAYS: Final = ("spx", "vix", "vix9d", "vix3m", "vix6m", "skew", "rate", "dividend_yield")
_AT_OPENS: Final = ("spx_open", "vix_open")


def inputs_read(run: RunResult, fills_at_open: bool) -> list[str]:
    """Return the names of the inputs behind a run's prices: those of the contracts that it traded.

    Parameters
    ----------
    run
        The record.
    fills_at_open
        Whether orders are filled at opens.
    """
    roots = set(run.trades["root"])
    settled = set(run.trades.loc[run.trades["action"] == "settle", "root"])
    names = list(_ALWAYS)
    if fills_at_open and len(run.trades):
        names += _AT_OPENS
    if roots & {"VIX", "VX", "VXM", "VXX", "UVXY"}:
        names.append("vx_futures")
    if "VIX" in roots:
        names.append("vvix")
    if "SPX" in settled:
        names.append("spx_set")
    if settled & {"VIX", "VX", "VXM"}:
        names.append("vro")
    return names


def modelled_shares(
    run: RunResult, market: Market, prices: PriceModel, fills_at_open: bool
) -> dict[str, float]:
    """Return for each input that a run reads the share of its sessions on which it was modelled, 0 to 1."""
    dates = run.daily["date"]
    first, last = (market.index_of(dates.iloc[at].date()) for at in (0, -1))
    shares = provenance_shares(prices.provenance, first, last)
    return {name: shares[name]["modelled"] for name in inputs_read(run, fills_at_open)}
