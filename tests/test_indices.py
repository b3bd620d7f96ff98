"""Cboe's indices replicated: months worked with a pencil, the rules of each era, and what real history gives.

The pencil's Black is written out here with `math.erf`. Volatilities are read off the model's smile, which
has tests of its own; forwards, deltas, sizes, interest, settlements and returns are worked out anew.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from alvh_bt.contracts import Right, Root, calendar_date, epoch_day
from alvh_bt.errors import DataError
from alvh_bt.market import COLUMN_NAMES, Market, Provenance, load_market
from alvh_bt.pricing.day import DayPrices, sigma_at
from alvh_bt.pricing.flat import flat_prices
from alvh_bt.pricing.model import Settlement
from alvh_bt.pricing.opening import (
    HONEST_FEWEST,
    OPENING_WEIGHTS,
    bar_point,
    honest_opens,
    opening_values,
)
from alvh_bt.sessions import exchange_sessions
from alvh_bt.validation.indices import IndexReplication, index_statistics, replicate_indices
from alvh_bt.validation.indices_days import (
    AT_CLOSE,
    ELEVEN,
    HALF_HOUR,
    TWO_HOURS,
    Clock,
    DayHours,
)
from alvh_bt.validation.indices_rules import RULES, hours_of, settling_root

NAN = float("nan")
RATE, YIELD, VIX = 0.03, 0.02, 16.0

#: The same arithmetic in another order: a few dozen roundings of 1e-16.
EXACT = 1e-12


def day(text: str) -> int:
    return epoch_day(dt.date.fromisoformat(text))


# Made-up markets: the index is flat between a few jumps, so that every bar is a point.


def made_up(
    first: str, last: str, jumps: dict[str, float], change: Callable[[dict], None] | None = None
) -> Market:
    """A market on the exchange's sessions whose closes hold the last of `jumps`; each bar is its close."""
    sessions = exchange_sessions(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    close = pd.Series(NAN, index=pd.DatetimeIndex(sessions.astype("datetime64[ns]")))
    for date, level in jumps.items():
        close[pd.Timestamp(date)] = level
    columns = {name: np.full(len(sessions), NAN) for name in COLUMN_NAMES}
    for part in ("open", "high", "low", "close"):
        columns[f"spx_{part}"] = close.ffill().to_numpy(copy=True)
        columns[f"vix_{part}"] = np.full(len(sessions), VIX)
    if change is not None:
        change(columns)
    return market_of(sessions, columns)


def market_of(sessions: NDArray[np.datetime64], columns: dict[str, NDArray[np.float64]]) -> Market:
    n = len(sessions)
    provenance = {
        name: np.where(np.isnan(column), Provenance.UNAVAILABLE, Provenance.OBSERVED).astype(np.int8)
        for name, column in columns.items()
    }
    provenance["vx_futures"] = np.zeros(n, dtype=np.int8)
    return Market(sessions, columns, provenance, np.zeros((n, 9), dtype=np.int64), np.full((n, 9), NAN))


@dataclasses.dataclass
class FlatModel:
    """One level of VIX at all tenors, one bill rate, one dividend yield."""

    market: Market
    provenance: dict[str, NDArray[np.int8]] = dataclasses.field(default_factory=dict)

    def at_close(self, i: int) -> DayPrices:
        return flat_prices(
            spot=float(self.market.columns["spx_close"][i]),
            vix=float(self.market.columns["vix_close"][i]),
            day=int(self.market.days[i]),
            rate=RATE,
            dividend_yield=YIELD,
        )

    at_open = at_close

    def settlement(self, i: int) -> Settlement:
        opened = float(opening_values(self.market).value[i])
        return Settlement(opened, float(self.market.columns["spx_close"][i]), NAN, True, True)


def levels_of(market: Market, names: tuple[str, ...]) -> pd.DataFrame:
    """Levels of 100, 101, ... at every month's end, so that there is something to compare with."""
    first, last = (calendar_date(d) for d in (market.days[0], market.days[-1]))
    ends = pd.period_range(first, last, freq="M").to_timestamp(how="end").normalize()
    return pd.DataFrame({name: 100.0 + np.arange(len(ends)) for name in names}, index=ends)


# The pencil.


def normal(x: float) -> float:
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


class Option(NamedTuple):
    price: float
    delta: float


def option(
    right: int, strike: float, expiry: str, date: str, hours: float, spot: float, pm: bool = False
) -> Option:
    """An SPX option by Black, `hours` before the close of `date`; AM ones end at 9:30 ET, PM at 16:00."""
    days = day(expiry) - day(date) + (hours - (0.0 if pm else 6.5)) / 24.0
    tau = days / 365.0
    forward = spot * math.exp((RATE - YIELD) * tau)
    prices = flat_prices(spot=spot, vix=VIX, day=day(date), rate=RATE, dividend_yield=YIELD)
    sigma = sigma_at(Root.SPX, math.log(strike / forward), tau, prices)
    d1 = (math.log(forward / strike) + 0.5 * sigma**2 * tau) / (sigma * math.sqrt(tau))
    d2 = d1 - sigma * math.sqrt(tau)
    price = math.exp(-RATE * tau) * right * (forward * normal(right * d1) - strike * normal(right * d2))
    return Option(price, right * math.exp(-YIELD * tau) * normal(right * d1))


def bills(dates: pd.DatetimeIndex) -> float:
    """What a dollar of bills becomes over some closes, interest added each session."""
    return float(np.prod([1.0 + RATE * gap.days / 365.0 for gap in dates[1:] - dates[:-1]]))


def dividends(dates: pd.DatetimeIndex) -> float:
    return float(np.prod([1.0 + YIELD * gap.days / 365.0 for gap in dates[1:] - dates[:-1]]))


def sessions(first: str, last: str) -> pd.DatetimeIndex:
    span = exchange_sessions(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    return pd.DatetimeIndex(span.astype("datetime64[ns]"))


def nearest_delta(right: int, target: float, expiry: str, date: str, hours: float, spot: float) -> float:
    """The strike of nearest delta, tried one by one on the 5-point grid near the money."""
    grid = np.arange(1150.0, 1400.0, 5.0)
    misses = [abs(abs(option(right, k, expiry, date, hours, spot).delta) - target) for k in grid]
    return float(grid[int(np.argmin(misses))])


#: 1302 until mid-February, 1290 from the 16th; the February options settle at 1285 (calls: at 1315).
JUMPS = {"2006-01-03": 1302.0, "2006-02-16": 1290.0}
ROLL, NEXT, AFTER = "2006-01-20", "2006-02-17", "2006-03-17"
JANUARY_END, FEBRUARY_END = "2006-01-31", "2006-02-28"


def settled_at(value: float) -> Callable[[dict], None]:
    def change(columns: dict) -> None:
        at = list(sessions("2006-01-03", "2006-03-31")).index(pd.Timestamp(NEXT))
        columns["spx_set"][at] = value

    return change


def february(name: str, value: float) -> float:
    """The program's return of February 2006, with that month's options settled at `value`."""
    market = made_up("2006-01-03", "2006-03-31", JUMPS, settled_at(value))
    found = replicate_indices(market, levels_of(market, (name,)), None, None, prices=FlatModel(market))
    months = found[name].months
    assert list(months.index) == [pd.Timestamp(FEBRUARY_END), pd.Timestamp("2006-03-31")]
    return float(months["program"].iloc[0])


def test_put_is_worked_by_hand() -> None:
    # Sold between 11:30 and 12:00 (4.25 hours before the close on the mean), struck below 1302.
    tau = (28 + (4.25 - 6.5) / 24.0) / 365.0
    premium = option(Right.PUT, 1300.0, NEXT, ROLL, 4.25, 1302.0).price
    units = 100.0 / (1300.0 / (1.0 + RATE * tau) - premium)
    cash = (100.0 + units * premium) * bills(sessions(ROLL, JANUARY_END))
    january = cash - units * option(Right.PUT, 1300.0, NEXT, JANUARY_END, 0.0, 1302.0).price
    cash = cash * bills(sessions(JANUARY_END, NEXT)) - units * 15.0
    tau = (28 + (4.25 - 6.5) / 24.0) / 365.0
    premium = option(Right.PUT, 1290.0, AFTER, NEXT, 4.25, 1290.0).price
    units = cash / (1290.0 / (1.0 + RATE * tau) - premium)
    cash = (cash + units * premium) * bills(sessions(NEXT, FEBRUARY_END))
    end = cash - units * option(Right.PUT, 1290.0, AFTER, FEBRUARY_END, 0.0, 1290.0).price
    assert february("PUT", 1285.0) == pytest.approx(end / january - 1.0, abs=EXACT)


def test_bxm_is_worked_by_hand() -> None:
    premium = option(Right.CALL, 1305.0, NEXT, ROLL, 4.25, 1302.0).price
    shares = 100.0 / (1302.0 - premium)
    shares *= dividends(sessions(ROLL, JANUARY_END))
    calls = 100.0 / (1302.0 - premium)
    january = shares * 1302.0 - calls * option(Right.CALL, 1305.0, NEXT, JANUARY_END, 0.0, 1302.0).price
    # The shares pay the ten points at the settlement value, and are then held at 1290.
    shares *= dividends(sessions(JANUARY_END, NEXT))
    shares -= calls * 10.0 / 1315.0
    premium = option(Right.CALL, 1290.0, AFTER, NEXT, 4.25, 1290.0).price
    calls = shares * 1290.0 / (1290.0 - premium)
    shares = calls * dividends(sessions(NEXT, FEBRUARY_END))
    end = shares * 1290.0 - calls * option(Right.CALL, 1290.0, AFTER, FEBRUARY_END, 0.0, 1290.0).price
    assert february("BXM", 1315.0) == pytest.approx(end / january - 1.0, abs=EXACT)


def test_bxm_rides_uncovered_from_settlement_to_the_sale() -> None:
    # A rally on the roll: 1290 before, 1310 at the close, settled at 1293. By the weights of a bar the
    # index is 1290 - 0.41 x 20 + 1.53 x 10 = 1297.1 at 11:00, and 1298.9 (-0.34, 1.57) at the sale.
    market = made_up("2006-01-03", "2006-03-31", {**JUMPS, NEXT: 1310.0}, settled_at(1293.0))
    found = replicate_indices(market, levels_of(market, ("BXM",)), None, None, prices=FlatModel(market))
    calls = 100.0 / (1302.0 - option(Right.CALL, 1305.0, NEXT, ROLL, 4.25, 1302.0).price)
    shares = calls * dividends(sessions(ROLL, JANUARY_END))
    january = shares * 1302.0 - calls * option(Right.CALL, 1305.0, NEXT, JANUARY_END, 0.0, 1302.0).price
    shares *= dividends(sessions(JANUARY_END, NEXT))
    premium = option(Right.CALL, 1300.0, AFTER, NEXT, 4.25, 1298.9).price
    calls = shares * 1298.9 / (1298.9 - premium)
    shares = calls * dividends(sessions(NEXT, FEBRUARY_END))
    end = shares * 1310.0 - calls * option(Right.CALL, 1300.0, AFTER, FEBRUARY_END, 0.0, 1310.0).price
    assert found["BXM"].months["program"].iloc[0] == pytest.approx(end / january - 1.0, abs=EXACT)


def test_bxmd_sells_the_call_of_thirty_delta() -> None:
    # Chosen at 11:00 and sold half an hour to an hour later.
    strike = nearest_delta(Right.CALL, 0.30, NEXT, ROLL, 5.0, 1302.0)
    premium = option(Right.CALL, strike, NEXT, ROLL, 4.25, 1302.0).price
    calls = 100.0 / (1302.0 - premium)
    shares = calls * dividends(sessions(ROLL, JANUARY_END))
    january = shares * 1302.0 - calls * option(Right.CALL, strike, NEXT, JANUARY_END, 0.0, 1302.0).price
    shares *= dividends(sessions(JANUARY_END, NEXT))
    strike = nearest_delta(Right.CALL, 0.30, AFTER, NEXT, 5.0, 1290.0)
    premium = option(Right.CALL, strike, AFTER, NEXT, 4.25, 1290.0).price
    calls = shares * 1290.0 / (1290.0 - premium)
    shares = calls * dividends(sessions(NEXT, FEBRUARY_END))
    end = shares * 1290.0 - calls * option(Right.CALL, strike, AFTER, FEBRUARY_END, 0.0, 1290.0).price
    assert february("BXMD", 1290.0) == pytest.approx(end / january - 1.0, abs=EXACT)


class Condor(NamedTuple):
    """Strikes of the four legs, as `(right, sign, strike)`, and ten times the wider wing."""

    legs: tuple[tuple[int, float, float], ...]
    collateral: float

    def worth(self, expiry: str, date: str, hours: float, spot: float) -> float:
        return sum(
            sign * option(right, strike, expiry, date, hours, spot).price for right, sign, strike in self.legs
        )


def condor(expiry: str, date: str, spot: float) -> Condor:
    legs = tuple(
        (right, sign, nearest_delta(right, target, expiry, date, 5.0, spot))
        for right in (Right.PUT, Right.CALL)
        for sign, target in ((-1.0, 0.20), (1.0, 0.05))
    )
    return Condor(legs, 10.0 * max(abs(legs[0][2] - legs[1][2]), abs(legs[2][2] - legs[3][2])))


def test_cndr_is_worked_by_hand() -> None:
    # Sold at 11:00 at mid, on bills of ten times the wider wing, the premium among them.
    first, second = condor(NEXT, ROLL, 1302.0), condor(AFTER, NEXT, 1290.0)
    assert first.legs[0][2] > 1220.0, "the settlement below is beyond the short put"
    units = 100.0 / (first.collateral + first.worth(NEXT, ROLL, 5.0, 1302.0))
    cash = units * first.collateral * bills(sessions(ROLL, JANUARY_END))
    january = cash + units * first.worth(NEXT, JANUARY_END, 0.0, 1302.0)
    loss = (first.legs[0][2] - 1220.0) - max(0.0, first.legs[1][2] - 1220.0)
    cash = cash * bills(sessions(JANUARY_END, NEXT)) - units * loss
    units = cash / (second.collateral + second.worth(AFTER, NEXT, 5.0, 1290.0))
    cash = units * second.collateral * bills(sessions(NEXT, FEBRUARY_END))
    end = cash + units * second.worth(AFTER, FEBRUARY_END, 0.0, 1290.0)
    assert february("CNDR", 1220.0) == pytest.approx(end / january - 1.0, abs=EXACT)


def test_before_the_vwap_puts_are_sold_at_the_bid() -> None:
    # Sold at 11:00, 5 hours before the close. The index stands still at 900, and no put pays.
    market = made_up("2003-01-02", "2003-02-28", {"2003-01-02": 900.0})
    found = replicate_indices(market, levels_of(market, ("PUT",)), None, None, prices=FlatModel(market))[
        "PUT"
    ]
    tau = (35 + (5.0 - 6.5) / 24.0) / 365.0
    premium = option(Right.PUT, 900.0, "2003-02-21", "2003-01-17", 5.0, 900.0).price - 0.0006 * 900.0
    units = 100.0 / (900.0 / (1.0 + RATE * tau) - premium)
    cash = (100.0 + units * premium) * bills(sessions("2003-01-17", "2003-01-31"))
    january = cash - units * option(Right.PUT, 900.0, "2003-02-21", "2003-01-31", 0.0, 900.0).price
    cash *= bills(sessions("2003-01-31", "2003-02-21"))
    tau = (28 + (5.0 - 6.5) / 24.0) / 365.0
    premium = option(Right.PUT, 900.0, "2003-03-21", "2003-02-21", 5.0, 900.0).price - 0.0006 * 900.0
    units = cash / (900.0 / (1.0 + RATE * tau) - premium)
    cash = (cash + units * premium) * bills(sessions("2003-02-21", "2003-02-28"))
    end = cash - units * option(Right.PUT, 900.0, "2003-03-21", "2003-02-28", 0.0, 900.0).price
    assert found.months["program"].iloc[0] == pytest.approx(end / january - 1.0, abs=EXACT)
    assert "2 sales at the bid: the mid less 0.06% of the index" in found.notes


def test_until_october_1992_options_settle_and_are_sold_at_the_close() -> None:
    jumps = {"1992-01-02": 402.0, "1992-02-21": 396.0}

    def absurd(columns: dict) -> None:
        columns["spx_set"][:] = 100.0

    market = made_up("1992-01-02", "1992-02-28", jumps, absurd)
    found = replicate_indices(market, levels_of(market, ("PUT",)), None, None, prices=FlatModel(market))[
        "PUT"
    ]
    tau = 35 / 365.0
    premium = option(Right.PUT, 400.0, "1992-02-21", "1992-01-17", 0.0, 402.0, pm=True).price - 0.0006 * 402.0
    units = 100.0 / (400.0 / (1.0 + RATE * tau) - premium)
    cash = (100.0 + units * premium) * bills(sessions("1992-01-17", "1992-01-31"))
    held = option(Right.PUT, 400.0, "1992-02-21", "1992-01-31", 0.0, 402.0, pm=True).price
    january = cash - units * held
    cash = cash * bills(sessions("1992-01-31", "1992-02-21")) - units * 4.0
    premium = option(Right.PUT, 395.0, "1992-03-20", "1992-02-21", 0.0, 396.0, pm=True).price - 0.0006 * 396.0
    units = cash / (395.0 / (1.0 + RATE * 28 / 365.0) - premium)
    cash = (cash + units * premium) * bills(sessions("1992-02-21", "1992-02-28"))
    end = cash - units * option(Right.PUT, 395.0, "1992-03-20", "1992-02-28", 0.0, 396.0, pm=True).price
    assert found.months["program"].iloc[0] == pytest.approx(end / january - 1.0, abs=EXACT)
    assert "1 settlements at the close, as SPX options had it until October 1992" in found.notes


@pytest.mark.parametrize(
    ("name", "date", "chosen", "sold", "at_bid"),
    [
        ("PUT", "1992-10-16", AT_CLOSE, AT_CLOSE, True),
        ("CNDR", "1992-10-16", AT_CLOSE, AT_CLOSE, False),
        ("PUT", "1992-11-20", ELEVEN, ELEVEN, True),
        ("BXM", "2004-04-16", ELEVEN, ELEVEN, True),
        ("BXM", "2004-05-21", ELEVEN, HALF_HOUR, False),
        ("BXMD", "2010-11-19", ELEVEN, HALF_HOUR, False),
        ("BXM", "2010-11-19", ELEVEN, TWO_HOURS, False),
        ("PUT", "2010-11-19", ELEVEN, TWO_HOURS, False),
        ("CNDR", "2012-11-16", ELEVEN, ELEVEN, False),
    ],
)
def test_the_hours_of_a_roll(name: str, date: str, chosen: Clock, sold: Clock, at_bid: bool) -> None:
    assert hours_of(RULES[name], day(date)) == (chosen, sold, at_bid)


def test_the_first_month_that_settles_at_the_open() -> None:
    assert settling_root(day("1992-10-16")) == Root.SPXW
    assert settling_root(day("1992-11-20")) == Root.SPX


# The opening value and the hours of a day.


def one_year(opens_share: float, seed: int = 3) -> Market:
    """A year of 2% moves, of which the open already shows a share."""
    span = exchange_sessions(dt.date(2005, 1, 3), dt.date(2005, 12, 30))
    moves = np.random.default_rng(seed).normal(0.0, 0.02, len(span))
    close = 1000.0 * np.exp(np.cumsum(moves))
    before = np.concatenate([[1000.0], close[:-1]])
    columns = {name: np.full(len(span), NAN) for name in COLUMN_NAMES}
    columns["spx_close"] = close
    columns["spx_open"] = before * np.exp(opens_share * moves)
    columns["spx_high"] = np.maximum(before, close) * 1.001
    columns["spx_low"] = np.minimum(before, close) * 0.998
    columns["vix_close"] = np.full(len(span), VIX)
    return market_of(span, columns)


def test_opens_that_repeat_the_close_before_are_told_apart() -> None:
    # Shares of variance: 0.5^2 = 0.25 is above a tenth, 0.2^2 = 0.04 is not.
    assert honest_opens(one_year(0.5)).all()
    # The first session has no close before, so that one more than the fewest must pass.
    for share in (0.2, 0.0):
        told = honest_opens(one_year(share))
        assert told[:HONEST_FEWEST].all() and not told[HONEST_FEWEST:].any()


def test_later_opens_do_not_change_what_is_told_of_earlier_ones() -> None:
    whole, row = one_year(0.0), 150
    cut = whole.truncated(calendar_date(int(whole.days[row])))
    np.testing.assert_array_equal(honest_opens(cut), honest_opens(whole)[: row + 1])
    np.testing.assert_array_equal(opening_values(cut).value, opening_values(whole).value[: row + 1])


def test_the_opening_value_is_official_else_published_else_estimated() -> None:
    stale, honest = one_year(0.0), one_year(0.5)
    close, high, low = (stale.columns[f"spx_{part}"] for part in ("close", "high", "low"))
    i = 100
    middle = 0.5 * (high[i] + low[i])
    expected = close[i - 1] - 0.22 * (close[i] - close[i - 1]) + 1.02 * (middle - close[i - 1])
    assert opening_values(stale).value[i] == pytest.approx(expected, rel=EXACT)
    assert not opening_values(stale).published[i]
    assert opening_values(honest).value[i] == honest.columns["spx_open"][i]
    given = dict(honest.columns) | {"spx_set": np.where(np.arange(len(close)) == i, 987.0, NAN)}
    values = opening_values(market_of(honest.sessions, given))
    assert (values.value[i], values.official[i], values.published[i]) == (987.0, True, False)
    assert values.published[i + 1] and values.value[i + 1] == honest.columns["spx_open"][i + 1]


def test_a_bar_that_touches_nothing_of_the_close_before_counts_it_in() -> None:
    # P 1000, bar 1010..1030, close 1020: the middle is that of 1000..1030.
    span = exchange_sessions(dt.date(2005, 1, 3), dt.date(2005, 1, 4))
    columns = {name: np.full(2, NAN) for name in COLUMN_NAMES}
    columns["spx_close"], columns["spx_open"] = np.array([1000.0, 1020.0]), np.array([1000.0, 1015.0])
    columns["spx_high"], columns["spx_low"] = np.array([1000.0, 1030.0]), np.array([1000.0, 1010.0])
    columns["vix_close"] = np.array([20.0, 18.0])
    market = market_of(span, columns)
    assert bar_point(market, "spx", -0.41, 1.53)[1] == pytest.approx(1000.0 - 0.41 * 20.0 + 1.53 * 15.0)
    # VIX has no range that day: its close stands for it, and the middle of 18..20 is 19.
    assert bar_point(market, "vix", -0.41, 1.53)[1] == pytest.approx(20.0 + 0.41 * 2.0 - 1.53 * 1.0)
    hours = DayHours(market, FlatModel(market))
    prices = hours.at(1, ELEVEN)
    assert prices.spot == pytest.approx(1014.75)
    assert prices.vix_level == pytest.approx(19.29)
    assert prices.moment == -5.0 / 24.0
    assert hours.at(1, AT_CLOSE) == FlatModel(market).at_close(1)
    assert hours.at(0, ELEVEN) == FlatModel(market).at_close(0), "the first session knows no close before"


def test_the_weights_of_the_hours_are_those_of_a_brownian_path() -> None:
    rng = np.random.default_rng(20240229)
    days, minutes = 20_000, 390
    opens = rng.normal(0.0, math.sqrt(0.25), days)
    path = opens[:, None] + np.cumsum(rng.normal(0.0, math.sqrt(0.75 / minutes), (days, minutes)), axis=1)
    high = np.maximum(0.0, np.maximum(opens, path.max(axis=1)))
    low = np.minimum(0.0, np.minimum(opens, path.min(axis=1)))
    bars = np.column_stack([path[:, -1], 0.5 * (high + low)])
    hours = {
        ELEVEN: path[:, 89],
        HALF_HOUR: path[:, 120:150].mean(axis=1),
        TWO_HOURS: path[:, 120:240].mean(axis=1),
    }
    for clock, values in hours.items():
        fitted = np.linalg.lstsq(bars, values, rcond=None)[0]
        # Standard errors over 20,000 days are 0.005 and 0.007; the weights are rounded to 0.01.
        assert fitted == pytest.approx([clock.on_close, clock.on_middle], abs=0.03)


def test_the_weights_of_the_opening_value_are_those_of_honest_opens(real_data_dir: Path) -> None:
    frame = pd.read_csv(real_data_dir / "market" / "spx.csv", parse_dates=["date"], index_col="date")
    frame["before"] = frame["close"].shift()
    frame = frame.loc["2017":"2024"]
    opened, close = (np.log(frame[part] / frame["before"]).to_numpy() for part in ("open", "close"))
    high = np.log(np.maximum(frame["high"], frame["before"]) / frame["before"]).to_numpy()
    low = np.log(np.minimum(frame["low"], frame["before"]) / frame["before"]).to_numpy()
    bars = np.column_stack([close, 0.5 * (high + low)])
    fitted = np.linalg.lstsq(bars, opened, rcond=None)[0]
    assert fitted == pytest.approx(OPENING_WEIGHTS, abs=0.01)  # as rounded
    missed = opened - bars @ np.array(OPENING_WEIGHTS)
    assert 1.0 - missed.var() / opened.var() > 0.65
    assert math.sqrt((missed**2).mean()) < 0.0035


# Months, windows, statistics.


def test_only_whole_months_are_compared() -> None:
    market = made_up("2006-01-03", "2006-04-27", {"2006-01-03": 1300.0})
    levels, model = levels_of(market, ("PUT",)), FlatModel(market)

    def months(start: str | None, end: str | None) -> list[str]:
        window = (dt.date.fromisoformat(text) if text else None for text in (start, end))
        found = replicate_indices(market, levels, *window, prices=model)
        return [f"{date:%Y-%m-%d}" for date in found["PUT"].months.index] if found else []

    # January holds the first roll, and April lacks its last session.
    assert months(None, None) == ["2006-02-28", "2006-03-31"]
    assert months("2006-02-01", "2006-03-31") == ["2006-02-28", "2006-03-31"]
    assert months("2006-02-02", "2006-03-31") == ["2006-03-31"]
    assert months("2006-01-03", "2006-03-30") == ["2006-02-28"]
    # 4 and 5 March 2006 were a weekend: a window that begins on the Saturday has no whole month either.
    assert months("2006-03-04", "2006-03-31") == []


def test_a_window_changes_no_month_inside_it() -> None:
    market = made_up("2006-01-03", "2006-04-28", {"2006-01-03": 1300.0, "2006-03-08": 1275.0})
    levels, model = levels_of(market, ("CNDR",)), FlatModel(market)
    whole = replicate_indices(market, levels, None, None, prices=model)["CNDR"].months
    late = replicate_indices(market, levels, dt.date(2006, 3, 1), None, prices=model)["CNDR"].months
    assert len(late) == 2
    assert late["program"].to_numpy() == pytest.approx(whole["program"].to_numpy()[1:], abs=EXACT)


def test_months_without_a_level_and_indices_without_months_are_left_out() -> None:
    market = made_up("2006-01-03", "2006-05-31", {"2006-01-03": 1300.0})
    levels = levels_of(market, ("PUT", "BXM", "OTHER"))
    levels.loc["2006-03-31", "PUT"] = NAN
    levels["BXM"] = NAN
    told: list[int] = []
    model = FlatModel(market)
    found = replicate_indices(market, levels, None, None, tick=lambda: told.append(1), prices=model)
    assert list(found) == ["PUT"] and told == [1]
    months = found["PUT"].months
    # March and April both need the level of March's end.
    assert [f"{date:%Y-%m}" for date in months.index] == ["2006-02", "2006-05"]
    # The levels are 100, 101, 102 (unknown), 103, 104.
    assert months["index"].to_numpy() == pytest.approx([1.0 / 100.0, 1.0 / 103.0], rel=EXACT)
    assert replicate_indices(market, levels[["BXM", "OTHER"]], None, None, prices=model) == {}
    assert replicate_indices(market, levels.iloc[:0], None, None, prices=model) == {}


def test_a_missing_day_of_settlement_is_named() -> None:
    market = made_up("2006-01-03", "2006-03-31", JUMPS)
    keep = market.days != day(NEXT)
    gap = market_of(market.sessions[keep], {name: column[keep] for name, column in market.columns.items()})
    with pytest.raises(DataError, match=r"no session on 2006-02-17, when SPX monthlies settle; add"):
        replicate_indices(gap, levels_of(gap, ("PUT",)), None, None, prices=FlatModel(gap))


def test_statistics_are_those_of_pandas() -> None:
    rng = np.random.default_rng(7)
    ends = pd.date_range("2001-01-31", periods=40, freq="ME")
    index = rng.normal(0.01, 0.03, 40)
    table = pd.DataFrame({"program": index + rng.normal(0.0, 0.005, 40), "index": index}, index=ends)
    figures = index_statistics(IndexReplication("PUT", table, ()))
    assert figures["months"] == 40
    assert figures["correlation"] == pytest.approx(table["program"].corr(table["index"]), abs=EXACT)
    difference = table["program"] - table["index"]
    assert figures["tracking_error_monthly"] == pytest.approx(difference.std(), abs=EXACT)
    grown = (1.0 + table).cumprod().iloc[-1] ** (12 / 40) - 1.0
    assert figures["annual_program"] == pytest.approx(grown["program"], abs=EXACT)
    assert figures["annual_index"] == pytest.approx(grown["index"], abs=EXACT)
    worst = table["index"].nsmallest(10)
    assert [entry["month"] for entry in figures["worst"]] == [f"{date:%Y-%m}" for date in worst.index]
    assert [entry["index"] for entry in figures["worst"]] == worst.to_list()
    assert [entry["program"] for entry in figures["worst"]] == table["program"].loc[worst.index].to_list()


def test_what_a_single_month_cannot_say_is_nan() -> None:
    table = pd.DataFrame({"program": [0.01], "index": [0.02]}, index=pd.DatetimeIndex(["2006-02-28"]))
    figures = index_statistics(IndexReplication("PUT", table, ()))
    assert math.isnan(figures["correlation"]) and math.isnan(figures["tracking_error_monthly"])
    assert figures["annual_index"] == pytest.approx(1.02**12 - 1.0)
    empty = index_statistics(IndexReplication("PUT", table.iloc[:0], ()))
    assert empty["months"] == 0 and math.isnan(empty["annual_index"]) and empty["worst"] == []


# Real history.


@cache
def replicated(folder: Path) -> dict[str, IndexReplication]:
    levels = pd.read_csv(folder / "benchmarks" / "cboe_monthly.csv", parse_dates=["date"], index_col="date")
    return replicate_indices(load_market(folder / "market"), levels, None, None)


@pytest.mark.parametrize(
    ("name", "correlation", "tracking_error", "drift"),
    # Correlations are what is asked for at the least. Tracking error and drift (program less index, a year)
    # stand a tenth above the measured value to catch a loss: 0.69% and 2.34%, 0.53% and 0.60%, 0.41% and
    # 2.20%, 0.37% and 0.82%.
    [
        ("CNDR", 0.90, 0.0076, 0.0257),
        ("PUT", 0.975, 0.0058, 0.0066),
        ("BXM", 0.98, 0.0045, 0.0242),
        ("BXMD", 0.98, 0.0041, 0.0090),
    ],
)
def test_real_indices_are_followed(
    real_data_dir: Path, name: str, correlation: float, tracking_error: float, drift: float
) -> None:
    figures = index_statistics(replicated(real_data_dir)[name])
    assert figures["months"] == 275  # February 1990 to December 2012
    assert figures["correlation"] >= correlation
    assert figures["tracking_error_monthly"] <= tracking_error
    # The cause of the drift is not known, roll mornings aside (docs/INDICES.md).
    assert abs(figures["annual_program"] - figures["annual_index"]) <= drift


def test_real_settlements_are_counted(real_data_dir: Path) -> None:
    notes = replicated(real_data_dir)["CNDR"].notes
    assert notes[0].startswith("33 settlements at the close")
    assert notes[1].startswith("242 settlements at an opening value estimated from the day's bar")
