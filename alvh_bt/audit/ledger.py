"""A ledger that knows nothing of the engine's accounts: it reads the trades, the prices and the bill rate.

First in, first out by lot; options and shares are paid when traded, futures when they are closed or
settled. Every day it works out cash, marks, NAV and the P&L of both books, and is compared with what the run
says of itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from alvh_bt.audit.subject import World
from alvh_bt.config import Study
from alvh_bt.contracts import NO_EXPIRY, ROOT_NAMES, Contract, Right
from alvh_bt.engine.results import RunResult
from alvh_bt.pricing.day import contract_mid

#: Dollars by which a day may be off: rounding of sums of doubles around a million.
TOLERANCE: Final = 1e-6
_FUTURES: Final = ("VX", "VXM")
_COLUMNS: Final = ("cash", "nav", "interest", "condor_pnl", "hedge_pnl")
_RIGHTS: Final = {"C": int(Right.CALL), "P": int(Right.PUT)}


class LedgerFinding(NamedTuple):
    """How far a run is from the ledger: the largest gap, USD, its day and column; `faults` are sentences."""

    days: int
    gap: float
    day: str
    column: str
    faults: tuple[str, ...]


@dataclass
class _Parcel:
    """What is held of a lot: signed contracts and the price that was paid, points."""

    contract: Contract
    book: str
    multiplier: float
    contracts: float
    price: float

    @property
    def is_future(self) -> bool:
        return ROOT_NAMES[self.contract.root] in _FUTURES


@dataclass
class _Ledger:
    cash: float
    paid: dict[str, float] = field(default_factory=lambda: {"condor": 0.0, "hedge": 0.0})
    held: dict[int, _Parcel] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def pay(self, book: str, usd: float) -> None:
        self.cash += usd
        self.paid[book] += usd

    def trade(self, row: Any) -> None:
        """Book one row of the list of trades."""
        self.pay(row.book, -row.fees_usd)
        parcel = self.held.get(row.lot)
        if row.action == "open" or (parcel is None and row.action == "roll"):
            parcel = _Parcel(_contract_of(row), row.book, row.contract_multiplier, row.contracts, row.price)
            self.held[row.lot] = parcel
            if not parcel.is_future:
                self.pay(row.book, -row.contracts * row.contract_multiplier * row.price)
            return
        if parcel is None or abs(row.contracts) > abs(parcel.contracts) * (1 + 1e-12):
            self.faults.append(f"{row.date:%Y-%m-%d}: {row.root} lot {row.lot} closes more than is held")
            return
        gain = -row.contracts * parcel.multiplier * (row.price - parcel.price)
        value = -row.contracts * parcel.multiplier * row.price
        self.pay(row.book, gain if parcel.is_future else value)
        parcel.contracts += row.contracts
        if abs(parcel.contracts) <= 1e-9 * abs(row.contracts):
            del self.held[row.lot]

    def values(self, prices: Any) -> dict[str, float]:
        """Return what is held at these prices, USD, by book."""
        total = {"condor": 0.0, "hedge": 0.0}
        for parcel in self.held.values():
            mid = contract_mid(parcel.contract, prices) - (parcel.price if parcel.is_future else 0.0)
            total[parcel.book] += parcel.contracts * parcel.multiplier * mid
        return total


def _contract_of(row: Any) -> Contract:
    never = pd.isna(row.expiry)
    expiry = NO_EXPIRY if never else int(row.expiry.to_datetime64().astype("datetime64[D]").astype(np.int64))
    strike = 0.0 if np.isnan(row.strike) else float(row.strike)
    return Contract(
        ROOT_NAMES.index(row.root), _RIGHTS.get(row.right or "", int(Right.FUTURE)), strike, expiry
    )


def weigh(run: RunResult, world: World, study: Study) -> LedgerFinding:
    """Return how far a run's own figures are from those of the ledger, on its worst day.

    Parameters
    ----------
    run
        The run.
    world, study
        What it ran on.
    """
    ledger = _Ledger(study.book.starting_cash)
    trades = {date: list(rows.itertuples()) for date, rows in run.trades.groupby("date", sort=False)}
    days = list(run.daily["date"])
    worked = []
    owned, before = {"condor": 0.0, "hedge": 0.0}, -1
    for date in days:
        i = world.market.index_of(date.date())
        interest = _interest(ledger.cash, world, before, i, study)
        ledger.cash += interest
        for row in trades.pop(date, []):
            ledger.trade(row)
        _still_held(ledger, world.market.days[i], f"{date:%Y-%m-%d}")
        values = ledger.values(world.prices.at_close(i))
        worth = {book: ledger.paid[book] + values[book] for book in owned}
        gains = {book: worth[book] - owned[book] for book in owned}
        nav = ledger.cash + sum(values.values())
        worked.append((ledger.cash, nav, interest, gains["condor"], gains["hedge"]))
        owned, before = worth, i
    if trades:
        ledger.faults.append(f"{len(trades)} days with trades are none of the run's")
    _moves(run, study, ledger.faults)
    table = run.daily[list(_COLUMNS)].to_numpy(np.float64)
    gaps = np.abs(np.array(worked) - table)
    gaps = np.where(np.isnan(gaps), np.inf, gaps)
    worst, column = divmod(int(gaps.argmax()), len(_COLUMNS))
    day = f"{days[worst]:%Y-%m-%d}"
    return LedgerFinding(len(days), float(gaps.max()), day, _COLUMNS[column], tuple(ledger.faults))


def _interest(cash: float, world: World, before: int, i: int, study: Study) -> float:
    """Return the interest on cash between two sessions, at the bill rate of the first."""
    if before < 0:
        return 0.0
    days = int(world.market.days[i] - world.market.days[before])
    rate = float(world.prices.at_close(before).rate)
    return cash * rate * study.book.interest_share * days / 365.0


def _still_held(ledger: _Ledger, day: int, told: str) -> None:
    """Note what is held at the close of the day that it settled on, or later."""
    for parcel in ledger.held.values():
        if parcel.contract.expiry <= day and parcel.contract.expiry != NO_EXPIRY:
            ledger.faults.append(f"{told}: {ROOT_NAMES[parcel.contract.root]} is held after its settlement")


def _moves(run: RunResult, study: Study, faults: list[str]) -> None:
    """Note where NAV moves by something else than the P&L columns."""
    daily = run.daily
    moved = np.diff(daily["nav"].to_numpy(), prepend=study.book.starting_cash)
    told = (daily["condor_pnl"] + daily["hedge_pnl"] + daily["interest"]).to_numpy()
    gap = np.abs(moved - told)
    if not gap.max() < TOLERANCE:
        k = int(np.nanargmax(gap))
        faults.append(
            f"{daily['date'].iloc[k]:%Y-%m-%d}: NAV moves by {gap[k]:.6f} USD more than its P&L columns"
        )
