"""The rules of four of Cboe's strategy indices: what is sold when, at which price, on how much collateral.

All roll on the third Friday of the month, or on the session before where it is a holiday, and hold to
settlement. CNDR's condor is chosen by the program's own leg manager. Sources: Cboe, `S&P 500 Iron Condor
Index Methodology` (v4.1, 2025), `BuyWrite Indices Methodology` (2024), `S&P 500 PutWrite Index` (July 2014),
and Whaley (2002), Journal of Derivatives 10(2), for the years before 2004.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Final, NamedTuple

from alvh_bt.book.records import (
    CONDOR,
    LOT,
    MARK,
    Action,
    Book,
    Layer,
    Order,
    Reason,
    empty_rows,
    make_order,
)
from alvh_bt.book.view import BookView, Today
from alvh_bt.condor.manage import decide_condor
from alvh_bt.config import BookParams, CondorParams, CostParams, Schedule
from alvh_bt.contracts import Right, Root, calendar_date, epoch_day, make_contract
from alvh_bt.errors import DataError
from alvh_bt.pricing.day import DayPrices, forward_price, quote_contract, years_to_expiry
from alvh_bt.pricing.strikes import strike_by_delta, strike_step
from alvh_bt.validation.indices_days import AT_CLOSE, ELEVEN, HALF_HOUR, TWO_HOURS, Clock

#: SPX options settled at the close until the autumn of 1992 and at the open from November on; the indices
#: then rolled at the close. PUT confirms it: its months of 1990-1992 agree at 0.994 with it, 0.966 without.
FIRST_AM_EXPIRY: Final = epoch_day(dt.date(1992, 11, 20))

#: Until here PUT, BXM and BXMD sold at the bid of 11:00 ET; then at the VWAP of 11:30-12:00, and BXM and PUT
#: from the second day on at that of 11:30-13:30.
FIRST_VWAP: Final = epoch_day(dt.date(2004, 5, 21))
FIRST_TWO_HOURS: Final = epoch_day(dt.date(2010, 11, 19))

#: What the bid costs against the mid, a share of the index: six basis points a month (Whaley 2002).
BID_SHARE: Final = 0.0006

#: CNDR holds bills of so many times the condor's worst payoff.
CONDOR_COLLATERAL: Final = 10.0

#: The condor of CNDR: one month, 0.20 and 0.05 delta, held to settlement.
HELD_CONDOR: Final = CondorParams(
    schedule=Schedule.MONTHLY,
    short_delta=0.20,
    wing_delta=0.05,
    take_profit=0.0,
    stop_loss=0.0,
    exit_dte=0,
    roll_delta=0.0,
)
NO_COSTS: Final = CostParams(spread_share=0.0, option_fee=0.0)


class Rule(NamedTuple):
    """One index: its name, whether its collateral is the S&P 500 itself, and what it sells.

    `right` and `abs_delta` are of the single option sold (delta 0.0: at the money); `right` is 0 for the
    condor. `two_hours` says that it moved to the longer VWAP in 2010.
    """

    name: str
    holds_index: bool
    right: int
    abs_delta: float
    two_hours: bool


RULES: Final = {
    rule.name: rule
    for rule in (
        Rule("CNDR", holds_index=False, right=0, abs_delta=0.20, two_hours=False),
        Rule("PUT", holds_index=False, right=Right.PUT, abs_delta=0.0, two_hours=True),
        Rule("BXM", holds_index=True, right=Right.CALL, abs_delta=0.0, two_hours=True),
        Rule("BXMD", holds_index=True, right=Right.CALL, abs_delta=0.30, two_hours=False),
    )
}


class Hours(NamedTuple):
    """When a roll's strikes are chosen and its options sold, and whether at the bid."""

    chosen: Clock
    sold: Clock
    at_bid: bool


def hours_of(rule: Rule, day: int) -> Hours:
    """Return the hours of a roll on epoch day `day`, and whether it sells at the bid.

    >>> hours_of(RULES["BXM"], epoch_day(dt.date(2011, 1, 21))).sold == TWO_HOURS
    True
    """
    single = rule.right != 0
    if day < FIRST_AM_EXPIRY:
        # The roll of October 1992 is the last one at a close; what it sells settles at an open.
        return Hours(AT_CLOSE, AT_CLOSE, single)
    if not single or day < FIRST_VWAP:
        return Hours(ELEVEN, ELEVEN, single)
    return Hours(ELEVEN, TWO_HOURS if rule.two_hours and day >= FIRST_TWO_HOURS else HALF_HOUR, False)


def settling_root(expiry: int) -> int:
    """Return the root that settles as a monthly of `expiry` does: PM before November 1992, AM after."""
    return Root.SPX if expiry >= FIRST_AM_EXPIRY else Root.SPXW


def chosen_options(rule: Rule, expiry: int, today: Today) -> list[Order]:
    """Return the orders of a roll for one unit of the index (a contract over its multiplier), priced at mid.

    Parameters
    ----------
    rule
        The index.
    expiry
        Epoch day of the next monthly.
    today
        The roll's day, with the prices at the hour at which strikes are chosen.

    Raises
    ------
    DataError
        When no listed strikes fit; names index and day.
    """
    orders = _condor(expiry, today) if rule.right == 0 else [_single(rule, expiry, today)]
    if not orders or any(math.isnan(order.strike) for order in orders):
        raise DataError(
            f"{rule.name}: no listed strikes fit on {calendar_date(today.day)}; check the index and VIX there"
        )
    return [order._replace(root=settling_root(expiry)) for order in orders]


def collateral(rule: Rule, orders: list[Order], prices: DayPrices) -> float:
    """Return what one unit of the index holds when its options are sold, points; their premium is in it.

    CNDR: bills of ten times the worst payoff. PUT: bills worth the strike at settlement. BXM and BXMD: the
    index.
    """
    if rule.holds_index:
        return prices.spot
    if rule.right == Right.PUT:
        tau = years_to_expiry(orders[0].root, orders[0].expiry, prices.day, prices.moment)
        return orders[0].strike / (1.0 + prices.rate * tau)
    strikes = {order.layer: order.strike for order in orders}
    put_width = strikes[Layer.SHORT_PUT] - strikes[Layer.LONG_PUT]
    call_width = strikes[Layer.LONG_CALL] - strikes[Layer.SHORT_CALL]
    return CONDOR_COLLATERAL * max(put_width, call_width)


def _condor(expiry: int, today: Today) -> list[Order]:
    """Return the leg manager's entry, a unit; none where it finds no strikes or no credit."""
    book = BookView(empty_rows(LOT), empty_rows(MARK), empty_rows(CONDOR), 1, math.nan)
    params = HELD_CONDOR._replace(target_dte=expiry - today.fill_day)
    decision = decide_condor(today, book, params, BookParams(), NO_COSTS)
    return [order._replace(contracts=math.copysign(1.0, order.contracts)) for order in decision.orders]


def _single(rule: Rule, expiry: int, today: Today) -> Order:
    """Return the sale of one put or call, a unit."""
    prices = today.prices
    if rule.abs_delta > 0.0:
        strike = strike_by_delta(Root.SPX, rule.right, expiry, rule.abs_delta, prices)
    else:
        forward = forward_price(Root.SPX, expiry, prices)
        tau = years_to_expiry(Root.SPX, expiry, prices.day, prices.moment)
        step = strike_step(Root.SPX, prices.spot, forward, tau, prices.day)
        whole = math.floor if rule.right == Right.PUT else math.ceil
        strike = whole(prices.spot / step) * step
    contract = make_contract(Root.SPX, rule.right, strike, expiry)
    mid = quote_contract(contract, prices).mid
    layer = Layer.SHORT_PUT if rule.right == Right.PUT else Layer.SHORT_CALL
    return make_order(Book.CONDOR, layer, Action.OPEN, 1, -1, contract, -1.0, mid, Reason.ENTRY, 0)
