"""A made-up market whose smiles are flat and whose VIX curve is a line, and three sessions of a book in it.

Every price in it is Black's formula at one volatility, so that a test can work it out anew with scipy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from engine_fixtures import embedded
from scipy.stats import norm
from synthetic_runs import daily_frame, no_journal

from alvh_bt.contracts import epoch_day
from alvh_bt.engine.results import RunResult
from alvh_bt.pricing.day import DayPrices
from alvh_bt.pricing.flat import flat_prices
from alvh_bt.pricing.spx_surface import NODE_YEARS

#: A session of six and a half hours, in days.
SESSION = 6.5 / 24.0
DECAY = 4.0


@dataclass(frozen=True)
class State:
    """The market at one moment: one volatility of the index, a VIX curve that rises `slope` points a day."""

    date: str
    at_open: bool
    spot: float
    vol: float
    vix: float
    slope: float
    vvol: float
    rate: float
    dividend_yield: float

    @property
    def day(self) -> int:
        return epoch_day(pd.Timestamp(self.date).date())

    @property
    def moment(self) -> float:
        """Epoch day with its fraction; a close is the whole day."""
        return self.day - (SESSION if self.at_open else 0.0)

    def prices(self) -> DayPrices:
        """The same as the program wants it."""
        base = flat_prices(spot=self.spot, vix=self.vix, day=self.day, at_open=self.at_open, rate=self.rate)
        vol = (100.0 * self.vol,) * 4
        spx = base.spx._replace(
            rho=0.0,
            eta=0.0,
            wing=0.0,
            node_vol=vol,
            node_theta=tuple(self.vol**2 * years for years in NODE_YEARS),
        )
        curve = base.curve._replace(price=tuple(self.vix + self.slope * tenor for tenor in base.curve.tenor))
        vix = base.vix._replace(
            rho=0.0, eta=0.0, decay=DECAY, theta_30=self.vvol**2 * aged_years(30.0 / 365.0)
        )
        return base._replace(spx=spx, curve=curve, vix=vix, dividend_yield=self.dividend_yield)

    def forward(self, expiry: float) -> float:
        """The index's forward at the moment `expiry`."""
        return self.spot * math.exp((self.rate - self.dividend_yield) * (expiry - self.moment) / 365.0)

    def future(self, expiry: float) -> float:
        return self.vix + self.slope * (expiry - self.moment)

    def vix_vol(self, tau: float) -> float:
        return self.vvol * math.sqrt(aged_years(tau) / tau)


def aged_years(tau: float) -> float:
    """The integral of exp(-2 DECAY t) to `tau`."""
    return (1.0 - math.exp(-2.0 * DECAY * tau)) / (2.0 * DECAY)


def black(forward: float, strike: float, tau: float, sigma: float, rate: float, right: int) -> float:
    d1 = math.log(forward / strike) / (sigma * math.sqrt(tau)) + 0.5 * sigma * math.sqrt(tau)
    d2 = d1 - sigma * math.sqrt(tau)
    payoff = right * (forward * norm.cdf(right * d1) - strike * norm.cdf(right * d2))
    return math.exp(-rate * tau) * payoff


class StubPrices:
    """A price model of given closes and opens; counts what it is asked for."""

    def __init__(self, closes: dict[int, DayPrices], opens: dict[int, DayPrices]) -> None:
        self.closes, self.opens = closes, opens
        self.asked: list[tuple[str, int]] = []

    provenance: dict = {}  # noqa: RUF012

    def at_close(self, i: int) -> DayPrices:
        self.asked.append(("close", i))
        return self.closes[i]

    def at_open(self, i: int) -> DayPrices:
        self.asked.append(("open", i))
        return self.opens[i]

    def settlement(self, i: int):
        raise AssertionError("attribution needs no settlement value: trades have the price")


FRIDAY_OPEN = State("2015-06-05", True, 2100.0, 0.14, 15.0, 1.0 / 30.0, 0.85, 0.010, 0.020)
FRIDAY = State("2015-06-05", False, 2080.0, 0.155, 16.0, 0.04, 0.90, 0.010, 0.020)
MONDAY_OPEN = State("2015-06-08", True, 2070.0, 0.160, 16.6, 0.035, 0.92, 0.011, 0.020)
MONDAY = State("2015-06-08", False, 2090.0, 0.150, 15.4, 0.038, 0.88, 0.012, 0.022)
THURSDAY = State("2015-06-04", False, 2095.0, 0.14, 15.0, 1.0 / 30.0, 0.85, 0.010, 0.020)

_JULY, _VIX_JULY, _MONDAY = "2015-07-10", "2015-07-22", "2015-06-08"

#: date, book, layer, action, root, right, strike, expiry, contracts, multiplier, price, fees, lot
TRADES = (
    ("2015-06-05", "condor", "short_put", "open", "SPXW", "P", 1950.0, _JULY, -1.0, 100.0, 9.0, 1.3, 1),
    ("2015-06-05", "hedge", "one", "open", "VX", None, 0.0, _VIX_JULY, 0.5, 1000.0, 16.6, 1.25, 2),
    ("2015-06-05", "hedge", "two", "open", "VIX", "C", 18.0, _VIX_JULY, 2.0, 100.0, 1.6, 2.6, 3),
    ("2015-06-05", "hedge", "static", "open", "SPXW", "P", 2085.0, _MONDAY, 3.0, 100.0, 8.0, 3.9, 4),
    ("2015-06-08", "hedge", "two", "close", "VIX", "C", 18.0, _VIX_JULY, -1.0, 100.0, 2.2, 1.3, 3),
    ("2015-06-08", "hedge", "static", "settle", "SPXW", "P", 2085.0, _MONDAY, -3.0, 100.0, 0.0, 0.6, 4),
)  # fmt: skip


def trades_frame(rows=TRADES) -> pd.DataFrame:
    names = "date book layer action root right strike expiry contracts contract_multiplier price fees_usd lot"
    frame = pd.DataFrame(rows, columns=names.split())
    frame["date"], frame["expiry"] = pd.to_datetime(frame["date"]), pd.to_datetime(frame["expiry"])
    return frame.assign(reason="by hand", delta=np.nan, condor=1)


def scene_run(rows=TRADES, dates=("2015-06-04", "2015-06-05", "2015-06-08")) -> RunResult:
    """The run of the three sessions; its daily figures are all 0."""
    daily = daily_frame(list(dates), [250_000.0] * len(dates))
    return RunResult("scene", daily, trades_frame(rows), no_journal())


def scene_prices() -> StubPrices:
    market = embedded().market
    at = {state: market.index_of(pd.Timestamp(state.date).date()) for state in (THURSDAY, FRIDAY, MONDAY)}
    opens = {at[FRIDAY]: FRIDAY_OPEN.prices(), at[MONDAY]: MONDAY_OPEN.prices()}
    return StubPrices({row: state.prices() for state, row in at.items()}, opens)
