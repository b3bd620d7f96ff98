"""What a claim is measured on: the days and the condors of a run, inside the claim's window."""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.analysis.metrics import daily_returns
from alvh_bt.engine.results import RunResult
from alvh_bt.market import Market

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: A spike: VIX closes so much above its close of SPIKE_SESSIONS sessions before.
SPIKE_RISE: Final = 0.5
SPIKE_SESSIONS: Final = 20


class BookDays(NamedTuple):
    """One book's days in the window, shape (n,): USD, but for `returns`; `bleed` positive when it costs."""

    returns: Floats
    nav: Floats
    hedge_pnl: Floats
    bleed: Floats
    condor_pnl: Floats
    condor_theta: Floats


class MarketDays(NamedTuple):
    """The market on the same days, shape (n,); vol points.

    `vix` at the close, `vix_before` at the close before; `contango` 1 where the front VX future stood below
    the second at the close before, 0 where not, NaN unknown; `spike` where VIX closed 50% above its
    close 20 sessions before.
    """

    vix: Floats
    vix_before: Floats
    contango: Floats
    spike: Flags


def book_days(run: RunResult, starting_cash: float, first: pd.Timestamp, last: pd.Timestamp) -> BookDays:
    """Return a run's days from `first` to `last`; returns are on the NAV before, the first day's too."""
    daily = run.daily
    inside = daily["date"].between(first, last).to_numpy()
    nav = daily["nav"].to_numpy(np.float64)
    returns = daily_returns(nav, starting_cash)
    bleed = (daily["hedge_costs"] - daily["hedge_carry"]).to_numpy(np.float64)
    columns = (daily[name].to_numpy(np.float64) for name in ("hedge_pnl", "condor_pnl", "condor_theta"))
    hedge_pnl, condor_pnl, theta = (column[inside] for column in columns)
    return BookDays(returns[inside], nav[inside], hedge_pnl, bleed[inside], condor_pnl, theta)


def market_days(market: Market, dates: pd.Series) -> MarketDays:
    """Return the market on the sessions `dates`, each with what the close before said."""
    vix = market.columns["vix_close"]
    contango = _contango(market)
    spike = np.zeros(len(vix), dtype=bool)
    with np.errstate(invalid="ignore"):
        spike[SPIKE_SESSIONS:] = vix[SPIKE_SESSIONS:] >= (1.0 + SPIKE_RISE) * vix[:-SPIKE_SESSIONS]
    rows = np.searchsorted(market.sessions, dates.to_numpy().astype("datetime64[D]"))
    before = np.maximum(rows - 1, 0)
    known = rows > 0
    return MarketDays(
        vix[rows],
        np.where(known, vix[before], np.nan),
        np.where(known, contango[before], np.nan),
        spike[rows],
    )


def _contango(market: Market) -> Floats:
    """Return 1 where the front VX settled below the second, 0 where not, NaN where one is unknown."""
    found = np.full(len(market.sessions), np.nan)
    days = np.asarray(market.days)
    for row in np.flatnonzero(np.isfinite(market.vx_settle).sum(axis=1) >= 2):
        alive = np.isfinite(market.vx_settle[row]) & (market.vx_expiry[row] > days[row])
        front = market.vx_settle[row][alive][:2]
        if len(front) == 2:
            found[row] = float(front[0] < front[1])
    return found


class Condors(NamedTuple):
    """Condors that were opened and ended inside the window, shape (m,), by the date of their entry.

    `entry_vix` is VIX at the close on which the entry was decided; `pnl` USD after costs, `hedge_pnl` the
    hedge's from the day of the entry to that of the exit, both included.
    """

    entry: NDArray[np.datetime64]
    entry_vix: Floats
    pnl: Floats
    hedge_pnl: Floats


def condors_of(run: RunResult, vix: pd.Series, same_close: bool, first: dt.date, last: dt.date) -> Condors:
    """Return the finished condors of a run.

    Parameters
    ----------
    run
        Its trades name the condor of every fill.
    vix
        Closes by date.
    same_close
        Whether orders are filled on the close that decides them; else the close before decided.
    first, last
        Both the entry and the exit must lie between them.
    """
    trades = run.trades[run.trades["book"] == "condor"]
    dates = run.daily["date"].to_numpy()
    running = np.concatenate(([0.0], run.daily["hedge_pnl"].to_numpy(np.float64).cumsum()))
    rows = []
    for _, legs in trades.groupby("condor"):
        start, end = legs["date"].min(), legs["date"].max()
        if legs.groupby("lot")["contracts"].sum().abs().max() > 1e-9:
            continue  # still open, or cut off by the end of the run
        if start < pd.Timestamp(first) or end > pd.Timestamp(last):
            continue
        cash = (
            -(legs["contracts"] * legs["contract_multiplier"] * legs["price"]).sum() - legs["fees_usd"].sum()
        )
        decided = vix.index.searchsorted(start, side="right" if same_close else "left") - 1
        level = float(vix.iloc[decided]) if decided >= 0 else np.nan
        low, high = np.searchsorted(dates, start.to_datetime64()), np.searchsorted(dates, end.to_datetime64())
        rows.append((start.to_datetime64(), level, float(cash), float(running[high + 1] - running[low])))
    rows.sort(key=lambda row: row[0])
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
    return Condors(
        np.array(columns[0], dtype="datetime64[ns]"),
        *(np.array(column, dtype=np.float64) for column in columns[1:]),
    )
