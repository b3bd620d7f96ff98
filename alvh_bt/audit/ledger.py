"""The books once more: cash, NAV and contracts worked out from the list of trades alone.

Nothing of the engine's accounts is used. Cash moves by premiums, fees and interest, by a future's gain when
it is closed or settled; NAV is cash and what each contract is quoted at on each close. Contract terms,
fees and the settlement values are written down here a second time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from alvh_bt.audit.subjects import World
from alvh_bt.config import Fill, Study
from alvh_bt.contracts import NO_EXPIRY, ROOT_NAMES, Contract
from alvh_bt.engine.results import RunResult
from alvh_bt.pricing.day import DayPrices, quote_contract

#: USD, and share of NAV, by which two sums of some thousand doubles may differ.
TOLERANCE_USD: Final = 1e-6
TOLERANCE_SHARE: Final = 1e-11
#: Contracts that are rounding, not a position.
DUST: Final = 1e-9

USD_A_POINT: Final = {
    **dict.fromkeys(("SPX", "SPXW", "XSP", "VIX", "VXM"), 100.0),
    "VX": 1000.0,
    "VXX": 1.0,
    "UVXY": 1.0,
}
FUTURES: Final = ("VX", "VXM")
SHARES: Final = ("VXX", "UVXY")
_RIGHTS: Final = {"C": 1, "P": -1}
COMPARED: Final = ("cash", "nav", "interest", "condor_pnl", "hedge_pnl")


@dataclass
class Holding:
    """A lot: its terms, signed contracts, and the price in points at which it was opened."""

    book: str
    root: str
    right: int
    strike: float
    expiry: pd.Timestamp
    price: float
    contracts: float

    @property
    def contract(self) -> Contract:
        """The contract as the price model knows it."""
        day = NO_EXPIRY if pd.isna(self.expiry) else (self.expiry - pd.Timestamp(0)).days
        return Contract(ROOT_NAMES.index(self.root), self.right, self.strike, day)

    def value(self, prices: DayPrices) -> float:
        """Return what it is worth at a close, USD; a future its open P&L."""
        mid = float(quote_contract(self.contract, prices).mid)
        paid = self.price if self.root in FUTURES else 0.0
        return self.contracts * USD_A_POINT[self.root] * (mid - paid)


@dataclass
class Ledger:
    """Cash, and the lots by their number; `wrong` is what no honest list of trades has."""

    cash: float
    cash_of: dict[str, float] = field(default_factory=lambda: {"condor": 0.0, "hedge": 0.0})
    lots: dict[int, Holding] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def trade(self, row: Any) -> None:
        """Enter a row of the list of trades."""
        usd = USD_A_POINT[row.root]
        if row.contract_multiplier != usd:
            self._say(row, f"multiplier {row.contract_multiplier:g} in place of {usd:g}")
        held = self.lots.get(row.lot)
        if held is None:
            self._open(row)
        else:
            self._reduce(row, held, usd)
        paid = 0.0 if row.root in FUTURES else row.contracts * usd * row.price
        self._pay(row.book, -paid - row.fees_usd)

    def worth(self, prices: DayPrices) -> dict[str, float]:
        """Return by book what its lots are worth at a close, USD."""
        total = {"condor": 0.0, "hedge": 0.0}
        for lot in self.lots.values():
            total[lot.book] += lot.value(prices)
        return total

    def check_expiries(self, date: pd.Timestamp) -> None:
        """Note what is still held after the close of its last day."""
        for lot in self.lots.values():
            if lot.expiry <= date:
                self.wrong.append(f"{date:%Y-%m-%d}: {lot.root} {lot.expiry:%Y-%m-%d} held after settlement")

    def _open(self, row: Any) -> None:
        if row.lot in self.gone:
            self._say(row, "trades in a lot that was closed")
        if row.action == "settle":
            self._say(row, "settles what was never opened")
        right = _RIGHTS.get(row.right, 0)
        terms = (row.root, right, float(row.strike), row.expiry)
        self.lots[row.lot] = Holding(row.book, *terms, row.price, row.contracts)

    def _reduce(self, row: Any, held: Holding, usd: float) -> None:
        same_day = row.expiry == held.expiry or (pd.isna(row.expiry) and pd.isna(held.expiry))
        terms = (row.book, row.root, _RIGHTS.get(row.right, 0), row.strike)
        if terms != (held.book, held.root, held.right, held.strike) or not same_day:
            self._say(row, "is another contract than the lot's")
        left = held.contracts + row.contracts
        if row.contracts * held.contracts >= 0.0 or left * held.contracts < -DUST:
            self._say(row, f"{row.contracts:g} contracts of {held.contracts:g} that are held")
        if row.action == "settle" and abs(left) > DUST:
            self._say(row, f"settles and leaves {left:g} contracts")
        if held.root in FUTURES:
            self._pay(row.book, -row.contracts * usd * (row.price - held.price))
        held.contracts = left
        if abs(left) <= DUST:
            del self.lots[row.lot]
            self.gone.add(row.lot)

    def _pay(self, book: str, usd: float) -> None:
        self.cash += usd
        self.cash_of[book] += usd

    def _say(self, row: Any, what: str) -> None:
        self.wrong.append(f"{row.date:%Y-%m-%d}: {row.root} lot {row.lot}: {what}")


class Books(NamedTuple):
    """What the ledger found: `wrong`, days compared, and the largest difference (USD) with its place."""

    wrong: list[str]
    days: int
    worst_usd: float
    worst_where: str


def check_books(run: RunResult, world: World, study: Study) -> Books:
    """Return how a run's daily record and trades stand against a ledger of their own.

    Parameters
    ----------
    run
        The record.
    world
        The history that it ran over.
    study
        Starting cash, interest, fees and fill timing.
    """
    ledger = Ledger(study.book.starting_cash)
    by_day: dict[Any, pd.DataFrame] = dict(list(run.trades.groupby("date", sort=False)))
    unseen = sorted(set(by_day) - set(run.daily["date"]))
    ledger.wrong += [f"{date:%Y-%m-%d}: trades on a day without a record" for date in unseen]
    worst, where = 0.0, "no day differs"
    owned = {"condor": 0.0, "hedge": 0.0}
    before: Any = None
    nav: float = study.book.starting_cash
    day: Any
    row: Any
    for day in run.daily.itertuples():
        date: Any = day.date
        i = world.market.index_of(date.date())
        close = world.prices.at_close(i)
        interest = _interest(ledger.cash, before, date, study)
        ledger.cash += interest
        for row in by_day.get(date, run.trades.iloc[:0]).itertuples():
            flaws = _trade_flaws(row, world, i, study)
            ledger.wrong += [f"{date:%Y-%m-%d}: {row.root} lot {row.lot}: {what}" for what in flaws]
            ledger.trade(row)
        ledger.check_expiries(date)
        values = ledger.worth(close)
        worth = {book: ledger.cash_of[book] + values[book] for book in values}
        mine = ledger.cash + sum(values.values())
        own = (ledger.cash, mine, interest, *(worth[book] - owned[book] for book in ("condor", "hedge")))
        largest, gap = _largest_gap(day, own, nav)
        if not gap <= max(TOLERANCE_USD, TOLERANCE_SHARE * abs(mine)):
            ledger.wrong.append(f"{date:%Y-%m-%d}: {largest} differs by {gap:,.6f} USD")
        if not gap <= worst:
            worst, where = gap, f"{largest} on {date:%Y-%m-%d}"
        owned, before, nav = worth, (date, close.rate), day.nav
    return Books(ledger.wrong, len(run.daily), worst, where)


def _largest_gap(day: Any, own: tuple[float, ...], nav: float) -> tuple[str, float]:
    """Return the figure of a day that differs most from the ledger's, and by how many USD; NaN is most."""
    gaps = {name: abs(getattr(day, name) - mine) for name, mine in zip(COMPARED, own, strict=True)}
    gaps["nav's move"] = abs(day.nav - nav - day.condor_pnl - day.hedge_pnl - day.interest)
    name = max(gaps, key=lambda name: math.inf if math.isnan(gaps[name]) else gaps[name])
    return name, gaps[name]


def _interest(cash: float, before: Any, date: pd.Timestamp, study: Study) -> float:
    """Return the interest on the cash since the last close, at the bill rate of that close, USD."""
    if before is None:
        return 0.0
    days = (date - before[0]).days
    return float(cash * before[1] * study.book.interest_share * days / 365.0)


def _trade_flaws(row: Any, world: World, i: int, study: Study) -> Iterator[str]:
    """Yield what is wrong with a trade's date, fees and price by themselves."""
    fees = _fee(row, study)
    if not abs(row.fees_usd - fees) <= TOLERANCE_USD:
        yield f"fees of {row.fees_usd:,.4f} USD in place of {fees:,.4f}"
    if row.expiry < row.date:
        yield "traded after its expiry"
        return
    terms = Holding(row.book, row.root, _RIGHTS.get(row.right, 0), row.strike, row.expiry, 0.0, row.contracts)
    if row.action == "settle":
        value = _settlement(terms, world, i)
        if not abs(row.price - value) <= TOLERANCE_USD:
            yield f"settled at {row.price:.4f} in place of {value:.4f}"
        return
    moment = world.prices.at_open(i) if study.book.fill == Fill.NEXT_OPEN else world.prices.at_close(i)
    mid = float(quote_contract(terms.contract, moment).mid)
    if not np.sign(row.contracts) * (row.price - mid) >= -TOLERANCE_USD:
        yield f"filled at {row.price:.4f}, better than the mid of {mid:.4f}"


def _fee(row: Any, study: Study) -> float:
    costs = study.costs
    if row.action == "settle":
        rate = costs.settlement_fee
    elif row.root in SHARES:
        rate = 0.0
    else:
        rate = {"VX": costs.future_fee, "VXM": costs.mini_future_fee}.get(row.root, costs.option_fee)
    return float(rate * abs(row.contracts))


def _settlement(lot: Holding, world: World, i: int) -> float:
    """Return the points at which a contract settles: its intrinsic value, or a future's last."""
    values = world.prices.settlement(i)
    level = {"SPX": values.spx_am, "SPXW": values.spx_pm, "XSP": 0.1 * values.spx_pm}.get(
        lot.root, values.vix
    )
    return level if lot.root in FUTURES else max(0.0, lot.right * (level - lot.strike))
