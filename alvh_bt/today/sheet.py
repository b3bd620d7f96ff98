"""The decision sheet of one hedge: what a backtest to the last close holds, watches and orders."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from alvh_bt.choices import Sizes
from alvh_bt.config import Study
from alvh_bt.contracts import Right, Root, calendar_date, code_name, make_contract
from alvh_bt.engine.closes import Close
from alvh_bt.engine.results import RunResult
from alvh_bt.hedges import Layered
from alvh_bt.hedges.instruments import front_month
from alvh_bt.market import Market
from alvh_bt.market.market import VX_FUTURES, Provenance
from alvh_bt.pricing.day import quote_contract
from alvh_bt.pricing.model import PriceModel
from alvh_bt.today.ages import input_ages, row_day
from alvh_bt.today.condor_triggers import condor_triggers
from alvh_bt.today.hedge_triggers import UNTOLD, hedge_triggers, tells_triggers
from alvh_bt.today.holdings import condor_rows, greeks, layer_rows, lot_rows
from alvh_bt.today.orders import fill_moment, note_rows, order_rows
from alvh_bt.today.quorums import exposure_rows, quorum_rows
from alvh_bt.today.triggers import asked_for, nearest

#: What stands below every sheet.
FOOTER: Final = (
    "What the rules decide, on model prices where no quotes are given. Nothing is sent anywhere; "
    "it is not advice."
)
RESEARCH_SIZES: Final = "research sizes; set book.contracts = 'whole' for whole XSP, VX and VIX contracts"


def make_sheet(
    market: Market, study: Study, run: RunResult, close: Close, prices: PriceModel
) -> dict[str, Any]:
    """Return the sheet of one close of a run, plain values nested by concern; NaN is unknown.

    Parameters
    ----------
    market
        The history; rows after the close are not looked at.
    study
        Settings of the run.
    run
        The run, to that close or beyond it.
    close
        What it decided there.
    prices
        The prices of the run, for what of them was observed.
    """
    row = int(np.searchsorted(market.days, close.today.day))
    date = calendar_date(close.today.day)
    journal = run.journal[run.journal["date"] == pd.Timestamp(date)]
    asked = asked_for(close)
    triggers = [*condor_triggers(close, study, asked), *hedge_triggers(close, study, asked)]
    closest = nearest(triggers)
    rules = close.hedge.rules if isinstance(close.hedge, Layered) and tells_triggers(close.hedge) else None
    told = rules is not None and not close.cut
    return {
        "hedge": run.variant,
        "as_of": date.isoformat(),
        "since": run.daily["date"].iloc[0].date().isoformat(),
        "stopped": run.stopped,
        "warnings": _warnings(close, run, study),
        "market": _market_state(market, close, prices, row),
        "account": {
            "nav_usd": close.before.nav,
            "cash_usd": close.cash,
            "margin_usd": close.margin,
            "required_usd": close.required,
            "available_usd": close.available,
        },
        "greeks": greeks(close),
        "condors": list(condor_rows(close)),
        "lots": list(lot_rows(close)),
        "layers": list(layer_rows(close)),
        "triggers": [trigger.plain() for trigger in triggers],
        "nearest": None if closest is None else closest.plain(),
        "quorums": list(quorum_rows(close, rules)) if told and rules else [],
        "exposure": list(exposure_rows(close, rules)) if told and rules else [],
        "orders": list(order_rows(close, journal, study)),
        "fill": {"day": calendar_date(close.today.fill_day).isoformat(), "at": fill_moment(study)},
        "notes": list(note_rows(journal)),
        "inputs": list(input_ages(market, prices.provenance, row)),
        "footer": FOOTER,
    }


def _warnings(close: Close, run: RunResult, study: Study) -> list[str]:
    """Return what a reader must know before anything else."""
    found = []
    if run.stopped:
        found.append(f"the run stopped: {run.stopped}")
    if close.cut:
        found.append("the margin is not met: the book is cut, and no other rule was asked")
    if close.orders and study.book.contracts == Sizes.FRACTIONAL:
        found.append(RESEARCH_SIZES)
    if not tells_triggers(close.hedge):
        found.append(UNTOLD)
    return found


def _market_state(market: Market, close: Close, prices: PriceModel, row: int) -> dict[str, Any]:
    """Return the close in a few numbers: SPX, VIX and their changes, the two front VX, the term slope."""
    today = close.today
    spx, vix = today.prices.spot, today.prices.vix_level
    before = {
        name: float(market.columns[name][row - 1]) if row else np.nan for name in ("spx_close", "vix_close")
    }
    dated = row_day(market, "vix_close", row)
    fronts: list[dict[str, Any]] = []
    for month in (0, 1):
        expiry = front_month(today, month, 1)
        if expiry > 0:
            quote = quote_contract(make_contract(Root.VX, Right.FUTURE, 0.0, expiry), today.prices)
            fronts.append({"expiry": calendar_date(expiry).isoformat(), "price": float(quote.mid)})
    levels = [front["price"] for front in fronts]
    return {
        "spx": spx,
        "spx_change": spx / before["spx_close"] - 1.0,
        "vix": vix,
        "vix_change": vix - before["vix_close"],
        "vix_dated": None if dated is None else calendar_date(dated).isoformat(),
        "front_vx": fronts[0] if fronts else None,
        "second_vx": fronts[1] if len(fronts) > 1 else None,
        "term_slope": levels[1] / levels[0] - 1.0 if len(levels) > 1 else np.nan,
        "vx_source": Provenance(int(prices.provenance[VX_FUTURES][row])).name.lower(),
    }


def sizes_of(study: Study) -> str:
    """Return what sizes a study trades in, by name.

    >>> sizes_of(Study())
    'fractional'
    """
    return code_name(Sizes, study.book.contracts)
