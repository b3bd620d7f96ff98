"""What holds of every run, whatever the history: checked from its frames, with a cash ledger of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd

from alvh_bt.config import Study
from alvh_bt.engine.results import DAILY_COLUMNS, RunResult

#: USD of rounding: 1e-6, and of sums that grow far beyond the usual 250,000 USD their own last digits.
USD, DIGITS = 1e-6, 1e-12


def check_run(run: RunResult, study: Study) -> None:
    """Raise AssertionError where a run breaks an invariant."""
    daily, trades = run.daily, run.trades
    start = study.book.starting_cash
    figures = daily[list(DAILY_COLUMNS)].to_numpy(np.float64)
    assert np.isfinite(figures).all(), "a daily figure is not finite"
    size = USD + DIGITS * (np.abs(figures).max(initial=0.0) + trades_size(trades)) * max(len(trades), 1)
    moved = np.diff(daily["nav"].to_numpy(), prepend=start)
    told = (daily["condor_pnl"] + daily["hedge_pnl"] + daily["interest"]).to_numpy()
    assert np.abs(moved - told).max(initial=0.0) <= size, "NAV does not move by its P&L"
    assert (daily["drawdown"] <= 1e-12).all(), "drawdown above 0"
    assert (daily["margin"] >= 0.0).all(), "margin below 0"
    assert (daily["costs"] >= -1e-9).all(), "costs below 0"
    assert daily["date"].is_monotonic_increasing and daily["date"].is_unique
    if len(trades):
        check_trades(trades, daily, start, size)
    reasons = run.journal.loc[run.journal["event"] == "order", "reason"]
    assert reasons.astype("str").str.len().gt(0).all(), "an order without a reason"


def trades_size(trades: pd.DataFrame) -> float:
    """The most USD that a trade moved."""
    if not len(trades):
        return 0.0
    return float((trades["contracts"] * trades["contract_multiplier"] * trades["price"]).abs().max())


def check_trades(trades: pd.DataFrame, daily: pd.DataFrame, start: float, size: float) -> None:
    """Positions, settlements, conservation of contracts, and cash worked out from the trades alone."""
    assert np.isfinite(trades[["contracts", "price", "fees_usd"]].to_numpy(np.float64)).all()
    assert (trades["date"] <= trades["expiry"]).all(), "a trade after its settlement"
    assert trades["reason"].astype("str").str.len().gt(0).all(), "a trade without a reason"
    by_lot = trades.groupby(["lot"])["contracts"].sum()
    last_action = trades.groupby("lot")["action"].last()
    settled = by_lot[last_action == "settle"]
    scale = 1e-9 * (1.0 + trades["contracts"].abs().max())
    assert settled.abs().max() <= scale or settled.empty, "settled, and contracts remain"
    expired = trades.groupby("lot")["expiry"].max() < daily["date"].max()
    assert by_lot[expired].abs().max() <= scale or not expired.any(), "a position outlives its settlement"
    _check_widths(trades, size)
    cash, held = start, {}
    interest = dict(zip(daily["date"], daily["interest"], strict=True))
    told = dict(zip(daily["date"], daily["cash"], strict=True))
    by_day = dict(list(trades.groupby("date", sort=False)))
    for date, usd in interest.items():
        cash += usd
        if date in by_day:
            cash += sum(_paid(row, held) for row in by_day[date].itertuples())
        assert abs(cash - told[date]) <= size, f"cash from trades {cash} against {told[date]} on {date}"


def _paid(row, held: dict) -> float:
    """USD that a row pays: an option's premium; of a future what a closed lot gained since it was opened."""
    if row.root not in ("VX", "VXM"):
        return -row.contracts * row.contract_multiplier * row.price - row.fees_usd
    if row.lot not in held:
        held[row.lot] = row.price
        return -row.fees_usd
    return -row.contracts * row.contract_multiplier * (row.price - held[row.lot]) - row.fees_usd


def _check_widths(trades: pd.DataFrame, size: float) -> None:
    """Of condors that were opened once and settled whole: no more is lost than the wider wing less credit."""
    condors = trades[trades["book"] == "condor"]
    for _, rows in condors.groupby("condor"):
        opened, settled = rows[rows["action"] == "open"], rows[rows["action"] == "settle"]
        if len(opened) != 4 or len(settled) != 4 or len(rows) != 8:
            continue
        legs = opened.sort_values(["right", "strike"], ascending=[False, True])
        if list(legs["right"]) != ["P", "P", "C", "C"]:
            continue
        strikes = legs["strike"].to_numpy()
        wing = max(strikes[1] - strikes[0], strikes[3] - strikes[2])
        units = float(opened["contracts"].abs().max() * opened["contract_multiplier"].iloc[0])
        paid = sum(-r.contracts * r.contract_multiplier * r.price for r in rows.itertuples())
        credit = sum(-r.contracts * r.contract_multiplier * r.price for r in opened.itertuples())
        assert paid >= credit - wing * units - size, "a condor lost more than its wing less its credit"
