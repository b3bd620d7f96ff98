"""What the tests of the engine share: histories, runs of one window, and a ledger of its own.

The ledger knows nothing of the engine's accounts: it reads the list of trades and the price model, and
works out cash, values and NAV anew, contract by contract, in plain Python.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from alvh_bt.config import Study, make_study
from alvh_bt.contracts import ROOT_NAMES, Contract
from alvh_bt.engine.results import RunResult
from alvh_bt.engine.run import run_variant
from alvh_bt.engine.today import Calendar
from alvh_bt.market import Market
from alvh_bt.market.build import build_market
from alvh_bt.market.embedded import embedded_tables
from alvh_bt.market.load import load_folder
from alvh_bt.pricing.day import quote_contract
from alvh_bt.pricing.model import ModelPrices, PriceModel

HEDGES = ("none", "static-calls", "static-futures", "layered")
#: Those that stand for the book as a whole.
RIVALS = ("ladder-442", "ladder-calendar", "ladder-spike", "vxth", "long-vx")
FILLS = ("next_open", "same_close", "next_close")

#: The engine's own bound on the disagreement of the books.
USD = 1e-6

#: Condors that nobody touches before they settle.
HELD = {"take_profit": 0.0, "stop_loss": 0.0, "exit_dte": 0, "roll_delta": 0.0}


class World(NamedTuple):
    """A history, its prices and its calendar."""

    market: Market
    prices: PriceModel
    calendar: Calendar


def world_of(market: Market) -> World:
    return World(market, ModelPrices(market), Calendar(market))


@cache
def embedded() -> World:
    """The embedded sample: S&P 500 1999-2018, VIX closes 2014-2018, nothing else."""
    return world_of(build_market(embedded_tables(), dt.date(2020, 1, 1)))


@cache
def real(folder: Path) -> World:
    """The real history of all inputs."""
    return world_of(load_folder(folder / "market"))


def window_study(start: str, end: str, **settings: object) -> Study:
    return make_study(start=dt.date.fromisoformat(start), end=dt.date.fromisoformat(end), **settings)


def run_in(world: World, study: Study, hedge: str) -> RunResult:
    return run_variant(world.market, study, hedge, world.prices, world.calendar)


@cache
def _sample_run(hedge: str, start: str, end: str, settings: str) -> RunResult:
    return run_in(embedded(), window_study(start, end, **json.loads(settings)), hedge)


def sample_run(
    hedge: str, start: str = "2015-06-01", end: str = "2015-12-31", **settings: object
) -> RunResult:
    """A run over the embedded sample, made once for each settings; do not change its frames."""
    return _sample_run(hedge, start, end, json.dumps(settings, sort_keys=True))


def changed(market: Market, rows: slice, **columns: np.ndarray) -> Market:
    """The market with some columns of some rows replaced."""
    fresh = {}
    for name, values in columns.items():
        column = market.columns[name].copy()
        column[rows] = values
        fresh[name] = column
    return replace(market, columns={**market.columns, **fresh})


class Key(NamedTuple):
    """Whose contract it is."""

    book: str
    root: str
    right: str | None
    strike: float
    expiry: pd.Timestamp

    @property
    def contract(self) -> Contract:
        right = {"C": 1, "P": -1}.get(self.right or "", 0)
        expiry = int(self.expiry.to_datetime64().astype("datetime64[D]").astype(np.int64))
        return Contract(ROOT_NAMES.index(self.root), right, float(self.strike), expiry)

    @property
    def is_future(self) -> bool:
        return self.root in ("VX", "VXM")

    @property
    def name(self) -> str:
        tail = "" if self.is_future else f" {self.strike:g} {self.right}"
        return f"{self.root} {self.expiry:%Y-%m-%d}{tail}"


@dataclass
class Parcel:
    """A purchase or sale that is still (partly) on: signed contracts, price in points, its share of fees."""

    contracts: float
    price: float
    fee_per_contract: float


@dataclass
class Ledger:
    """First in, first out; options are paid when traded, futures when they are closed or settled."""

    cash: float
    parcels: dict[Key, list[Parcel]] = field(default_factory=dict)
    multipliers: dict[Key, float] = field(default_factory=dict)
    realised_net: float = 0.0
    cash_of: dict[str, float] = field(default_factory=lambda: {"condor": 0.0, "hedge": 0.0})
    opened: int = 0
    closed: int = 0

    def pay(self, book: str, usd: float) -> None:
        self.cash += usd
        self.cash_of[book] += usd

    def trade(self, row: NamedTuple) -> None:
        key = Key(row.book, row.root, row.right, row.strike, row.expiry)
        held = self.parcels.setdefault(key, [])
        multiplier = self.multipliers.setdefault(key, row.contract_multiplier)
        self.pay(key.book, -row.fees_usd)
        if not key.is_future:
            self.pay(key.book, -row.contracts * multiplier * row.price)
        left, fee = row.contracts, row.fees_usd / abs(row.contracts)
        while held and left * held[0].contracts < 0.0:
            first = held[0]
            size = min(abs(left), abs(first.contracts))
            sign = 1.0 if first.contracts > 0.0 else -1.0
            gain = sign * size * multiplier * (row.price - first.price)
            if key.is_future:
                self.pay(key.book, gain)
            self.realised_net += gain - size * (fee + first.fee_per_contract)
            first.contracts -= sign * size
            left += sign * size
            # A parcel that was sold in parts leaves a rounding error of its size.
            if abs(first.contracts) < 1e-9:
                held.pop(0)
                self.closed += 1
            if abs(left) < 1e-9:
                left = 0.0
        if left:
            held.append(Parcel(left, row.price, fee))
            self.opened += 1
        if not held:
            del self.parcels[key]

    def held(self) -> Iterable[tuple[Key, Parcel]]:
        return ((key, parcel) for key, parcels in self.parcels.items() for parcel in parcels)

    def values(self, prices: PriceModel, i: int) -> dict[tuple[str, str], float]:
        """Marked value at close `i`, USD, by (book, index on which it is written)."""
        totals = {(book, index): 0.0 for book in ("condor", "hedge") for index in ("spx", "vix")}
        moment = prices.at_close(i)
        for key, parcel in self.held():
            mid = quote_contract(key.contract, moment).mid
            paid = parcel.price if key.is_future else 0.0
            index = "vix" if key.root in ("VIX", "VX", "VXM") else "spx"
            totals[key.book, index] += parcel.contracts * self.multipliers[key] * (mid - paid)
        return totals


class Replay(NamedTuple):
    """The ledger's days (a frame by date) and what it holds in the end."""

    days: pd.DataFrame
    ledger: Ledger


def replay(run: RunResult, world: World, starting_cash: float = 250_000.0) -> Replay:
    """Work out every day of a run from its trades, the marks and the bill rate alone."""
    ledger, rows = Ledger(starting_cash), []
    by_day = dict(list(run.trades.groupby("date", sort=False)))
    before: pd.Timestamp | None = None
    owned = {"condor": 0.0, "hedge": 0.0}
    for date in run.daily["date"]:
        i = world.market.index_of(date.date())
        interest = 0.0
        if before is not None:
            interest = ledger.cash * world.prices.at_close(i - 1).rate * (date - before).days / 365.0
        ledger.cash += interest
        for row in by_day.get(date, pd.DataFrame()).itertuples():
            ledger.trade(row)
        values = ledger.values(world.prices, i)
        worth = {
            book: ledger.cash_of[book] + values[book, "spx"] + values[book, "vix"]
            for book in ("condor", "hedge")
        }
        rows.append(
            {
                "date": date,
                "cash": ledger.cash,
                "interest": interest,
                "nav": ledger.cash + sum(values.values()),
                "condor_pnl": worth["condor"] - owned["condor"],
                "hedge_pnl": worth["hedge"] - owned["hedge"],
                "spx_value": values["condor", "spx"] + values["hedge", "spx"],
                "vix_value": values["condor", "vix"] + values["hedge", "vix"],
            }
        )
        owned, before = worth, date
    return Replay(pd.DataFrame(rows).set_index("date"), ledger)
