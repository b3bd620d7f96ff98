"""Positions worked on paper, from the first fill to the last cent: a condor, a call hedge, two futures.

Index marks, deltas and thetas are given in tables; the accounts only have to do the book-keeping. Spreads are
flat (0.10 points of an SPX option, 0.05 of a VIX contract) and the bill rate is 3.65%, so that a day earns
a ten-thousandth of the cash and every figure can be checked with a pencil.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
import pytest

from alvh_bt.book import ledger, steps
from alvh_bt.book.condors import with_decisions
from alvh_bt.book.held import Flow
from alvh_bt.book.records import Action, Book, Decision, Layer, Reason, Status, make_order, nothing
from alvh_bt.book.view import Today
from alvh_bt.calendars import Expiries
from alvh_bt.condor.manage import manage_condor
from alvh_bt.config import CondorParams, CostParams, Study, make_study
from alvh_bt.contracts import Contract, Right, Root, epoch_day
from alvh_bt.engine.accounts import Accounts
from alvh_bt.errors import AccountingError, DataError
from alvh_bt.hedges.lifecycle import close_orphans
from alvh_bt.pricing.day import DayPrices, Quote
from alvh_bt.pricing.flat import flat_prices
from alvh_bt.pricing.model import Settlement

NAN = float("nan")

#: Dollars: sums of a dozen doubles of 1e5 round at 1e-10; a pencil stops at a hundredth of a cent.
CENT = 1e-7


def day(text: str) -> int:
    return epoch_day(dt.date.fromisoformat(text))


class Paper(NamedTuple):
    """One line of the table: a contract's mid, delta and theta at a moment."""

    mid: float
    delta: float = 0.0
    theta: float = 0.0


class PaperMarket:
    """Quotes from a table: `(day, moment)` -> contract -> line; moments are open, close and rolled."""

    def __init__(self, table: dict[tuple[str, str], dict[Contract, Paper]]) -> None:
        self.table = {(day(date), moment): lines for (date, moment), lines in table.items()}

    def prices(self, date: str, moment: str) -> DayPrices:
        return flat_prices(spot=1900.0, vix=15.0, day=day(date), at_open=moment == "open", rate=0.0365)

    def quote(self, contract: Contract, prices: DayPrices) -> Quote:
        moment = "rolled" if prices.moment == 1.0 else "open" if prices.moment < 0.0 else "close"
        plain = Contract(int(contract[0]), int(contract[1]), float(contract[2]), int(contract[3]))
        line = self.table[prices.day, moment][plain]
        return Quote(line.mid, line.delta, 0.0, 0.0, line.theta, NAN)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Let the accounts see these quotes, in marks and in the carry too."""
        patch.setattr(steps, "quote_contract", self.quote)
        patch.setattr(ledger, "quote_contract", self.quote)
        # A moment of 1.0 stands for "time has passed and nothing else", so that it has a table of its own.
        patch.setattr(ledger, "contract_mid", lambda contract, prices: self.quote(contract, prices).mid)
        patch.setattr(
            ledger,
            "later_prices",
            lambda prices, days, vxx, uvxy: prices._replace(day=prices.day + days, moment=1.0),
        )
        for name in ("mark_lots", "carry_of"):
            compiled = getattr(ledger, name)
            patch.setattr(steps, name, getattr(compiled, "py_func", compiled))


COSTS = CostParams(
    spread_share=1.0,
    spx_base_2011=0.10,
    spx_slope_2011=0.0,
    spx_base_2022=0.10,
    spx_slope_2022=0.0,
    vix_base=0.05,
    vix_slope=0.0,
    vix_power=0.0,
    thin_delta_factor=0.0,
    future_half_spread=0.05,
    option_fee=1.0,
    future_fee=2.0,
    settlement_fee=0.25,
    vx_margin_rate=0.40,
)


def paper_study(interest_share: float) -> Study:
    return make_study(
        book={"starting_cash": 100_000.0, "interest_share": interest_share},
        costs=COSTS._asdict(),
    )


def at_close(prices: DayPrices, fill_day: str) -> Today:
    """What the rules see: enough of it for exits and orphans."""
    none = np.zeros(0, dtype=np.int64)
    calendar = Expiries(none, none, none)
    return Today(
        prices.day,
        0,
        day(fill_day),
        True,
        False,
        False,
        prices,
        calendar,
        calendar,
        calendar,
        np.zeros(1),
        np.zeros(1),
        np.full(4, NAN),
    )


class Desk:
    """Takes the accounts through sessions in the order of the broker's day."""

    def __init__(self, paper: PaperMarket, interest_share: float) -> None:
        self.paper = paper
        self.accounts = Accounts(paper_study(interest_share))

    def decide(self, date: str, fill_day: str, orders: list) -> None:
        """At the close of `date`: the condors' records learn of the orders, as when a strategy sends them."""
        today = at_close(self.paper.prices(date, "close"), fill_day)
        self.accounts.condors = with_decisions(self.accounts.condors, orders, today)

    def session(self, date: str, packages: list = (), values: Settlement | None = None) -> Accounts:
        accounts, values = self.accounts, values or Settlement(NAN, NAN, NAN, False, False)
        accounts.begin(day(date))
        accounts.settle(day(date), values, at_open=True)
        for package in packages:
            assert accounts.fill(package, self.paper.prices(date, "open"))
        accounts.settle(day(date), values, at_open=False)
        accounts.close_fills()
        accounts.mark(self.paper.prices(date, "close"))
        return accounts


def condor_orders(
    root: int, expiry: str, strikes: tuple[float, float, float, float], contracts: float
) -> list:
    legs = (
        (Layer.LONG_PUT, Right.PUT, contracts),
        (Layer.SHORT_PUT, Right.PUT, -contracts),
        (Layer.SHORT_CALL, Right.CALL, -contracts),
        (Layer.LONG_CALL, Right.CALL, contracts),
    )
    return [
        make_order(
            Book.CONDOR,
            layer,
            Action.OPEN,
            1,
            -1,
            Contract(root, right, strike, day(expiry)),
            size,
            0.0,
            Reason.ENTRY,
            4,
        )
        for (layer, right, size), strike in zip(legs, strikes, strict=True)
    ]


def legs_of(orders: list) -> list[Contract]:
    return [Contract(order.root, order.right, order.strike, order.expiry) for order in orders]


def lines(contracts: list[Contract], mids: tuple, deltas: tuple = (), thetas: tuple = ()) -> dict:
    deltas = deltas or (0.0,) * len(mids)
    thetas = thetas or (0.0,) * len(mids)
    return {
        contract: Paper(*line)
        for contract, line in zip(contracts, zip(mids, deltas, thetas, strict=True), strict=True)
    }


def check(accounts: Accounts, **expected: float) -> None:
    """Compare the day's figures with the paper's."""
    flows, sums = accounts.flows, accounts.sums
    actual = {
        "cash": accounts.cash,
        "nav": accounts.nav,
        "condor_pnl": flows[Flow.CONDOR_PNL],
        "hedge_pnl": flows[Flow.HEDGE_PNL],
        "costs": flows[Flow.COSTS],
        "hedge_costs": flows[Flow.HEDGE_COSTS],
        "interest": flows[Flow.INTEREST],
        "theta": flows[Flow.CONDOR_THETA],
        "carry": flows[Flow.HEDGE_CARRY],
        "delta": sums.delta,
        "futures": sums.futures_pnl,
        "margin": accounts.margin(),
        "required": accounts.required(),
        "available": accounts.available(),
    }
    assert {name: actual[name] for name in expected} == pytest.approx(expected, rel=0.0, abs=CENT)


# --- a condor held to settlement -------------------------------------------------------------------------
#
# Two contracts (200 USD a point), put wing 50 points, call wing 75; a fill pays 0.10 and 1.00 USD a contract.
#
#                         1800 P    1850 P    2000 C    2075 C
# Tue 16 open   mid         4.00      9.00      7.00      1.50
#               fill       +4.10     -8.90     -6.90     +1.60     credit 10.10 = 2,020 USD
# Tue 16 close  mark        3.50      8.00      7.50      1.80     net -10.20 = -2,040 USD
# Wed 17 close              6.00     14.00      4.00      0.70     net -11.30 = -2,260 USD
# Thu 18 close              9.00     25.00      1.00      0.10     net -16.90 = -3,380 USD
# Fri 19 AM settlement at 1830: 1850 P pays 20.00, the others nothing: -4,000 USD; the close is at 1870.

AM_ENTRY = condor_orders(Root.SPX, "2014-12-19", (1800.0, 1850.0, 2000.0, 2075.0), 2.0)
PM_ENTRY = condor_orders(Root.SPXW, "2014-12-19", (1800.0, 1850.0, 2000.0, 2075.0), 2.0)
MIDS = {
    ("2014-12-16", "open"): (4.00, 9.00, 7.00, 1.50),
    ("2014-12-16", "close"): (3.50, 8.00, 7.50, 1.80),
    ("2014-12-17", "close"): (6.00, 14.00, 4.00, 0.70),
    ("2014-12-18", "close"): (9.00, 25.00, 1.00, 0.10),
    ("2014-12-19", "close"): (0.00, 0.00, 0.00, 0.00),
}
#: Index deltas and thetas of the four legs at the first close.
DELTAS, THETAS = (-0.05, -0.18, 0.12, 0.04), (-0.10, -0.25, -0.20, -0.05)

AM_DAYS = {
    # fees 8; spread 4 legs x 0.10 x 200 = 80, costs 88. P&L: mids 10.50 - 10.20 = 0.30 x 200 = 60, less 88.
    # margin: at 1800 or below -50 x 200 = -10,000, at 2075 or above -75 x 200 = -15,000; less credit 2,020.
    # delta: 200 x (-0.05 + 0.18 - 0.12 + 0.04) = 10.
    "2014-12-16": {
        "cash": 102_012.0,
        "nav": 99_972.0,
        "condor_pnl": -28.0,
        "hedge_pnl": 0.0,
        "costs": 88.0,
        "interest": 0.0,
        "theta": 0.0,
        "carry": 0.0,
        "delta": 10.0,
        "margin": 12_980.0,
        "required": 15_000.0,
        "available": 102_012.0,
    },
    # interest 102,012 / 10,000; theta 200 x (-0.10 + 0.25 + 0.20 - 0.05) = 60 for one day; -1.10 x 200.
    "2014-12-17": {
        "cash": 102_022.2012,
        "nav": 99_762.2012,
        "condor_pnl": -220.0,
        "costs": 0.0,
        "interest": 10.2012,
        "theta": 60.0,
        "margin": 12_980.0,
        "required": 15_000.0,
        "available": 102_022.2012,
    },
    # interest 102,022.2012 / 10,000; -5.60 x 200.
    "2014-12-18": {
        "cash": 102_032.40342012,
        "nav": 98_652.40342012,
        "condor_pnl": -1_120.0,
        "costs": 0.0,
        "interest": 10.20222012,
        "theta": 0.0,
        "margin": 12_980.0,
    },
    # interest 10.203240342; -4,000 settled, 8 contracts x 0.25 of fees; P&L -4,000 + 3,380 - 2.
    "2014-12-19": {
        "cash": 98_040.606660462,
        "nav": 98_040.606660462,
        "condor_pnl": -622.0,
        "costs": 2.0,
        "interest": 10.203240342012,
        "margin": 0.0,
        "required": 0.0,
        "available": 98_040.606660462,
    },
}


def condor_paper(entry: list) -> PaperMarket:
    legs = legs_of(entry)
    table = {when: lines(legs, mids) for when, mids in MIDS.items()}
    table["2014-12-16", "close"] = lines(legs, MIDS["2014-12-16", "close"], DELTAS, THETAS)
    return PaperMarket(table)


@pytest.fixture
def am_desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return entered_desk(AM_ENTRY, monkeypatch)


def entered_desk(entry: list, patch: pytest.MonkeyPatch) -> Desk:
    """A desk that decided on Mon 15 to enter; its books begin on Tue 16."""
    paper = condor_paper(entry)
    paper.install(patch)
    desk = Desk(paper, interest_share=1.0)
    desk.decide("2014-12-15", "2014-12-16", entry)
    return desk


def first_three_days(desk: Desk, entry: list) -> None:
    for date, expected in list(AM_DAYS.items())[:3]:
        check(desk.session(date, [entry] if date == "2014-12-16" else []), **expected)


def test_condor_is_settled_am_at_the_opening_value(am_desk: Desk) -> None:
    assert am_desk.accounts.condors["status"].tolist() == [Status.PLANNED]
    first_three_days(am_desk, AM_ENTRY)
    assert am_desk.accounts.condors["credit_points"].tolist() == pytest.approx([10.10], abs=1e-12)
    # The close, 1870, is above every put: settled there, the condor would have cost nothing.
    accounts = am_desk.session("2014-12-19", values=Settlement(1830.0, 1870.0, NAN, False, False))
    check(accounts, **AM_DAYS["2014-12-19"])
    assert len(accounts.lots) == len(accounts.condors) == 0
    assert [(trade.price, trade.contracts, trade.fees_usd) for trade in accounts.trades] == [
        (0.0, -2.0, 0.5),
        (20.0, 2.0, 0.5),
        (0.0, 2.0, 0.5),
        (0.0, -2.0, 0.5),
    ]
    assert {trade.order.reason for trade in accounts.trades} == {Reason.SETTLEMENT}


def test_condor_fills_pay_half_the_spread_and_a_fee(am_desk: Desk) -> None:
    accounts = am_desk.session("2014-12-16", [AM_ENTRY])
    paid = [(trade.price, trade.contracts, trade.fees_usd, trade.spread_usd) for trade in accounts.trades]
    assert paid == [
        pytest.approx((4.10, 2.0, 2.0, 20.0), abs=1e-9),
        pytest.approx((8.90, -2.0, 2.0, 20.0), abs=1e-9),
        pytest.approx((6.90, -2.0, 2.0, 20.0), abs=1e-9),
        pytest.approx((1.60, 2.0, 2.0, 20.0), abs=1e-9),
    ]
    condor = accounts.condors[0]
    assert (condor["status"], condor["contracts"], condor["entry_dte"], condor["entry_vix"]) == (
        Status.OPEN,
        2.0,
        3,
        15.0,
    )


def test_condor_is_settled_pm_at_the_close_and_loses_its_wider_wing(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = entered_desk(PM_ENTRY, monkeypatch)
    first_three_days(desk, PM_ENTRY)
    # Beyond the call wing: 2000 C pays 100, 2075 C receives 25: -75 x 200 = -15,000 (the margin, no more).
    # 102,032.40342012 + 10.203240342 - 15,000 - 2; P&L -15,000 + 3,380 - 2.
    accounts = desk.session("2014-12-19", values=Settlement(1830.0, 2100.0, NAN, True, False))
    check(accounts, cash=87_040.606660462, nav=87_040.606660462, condor_pnl=-11_622.0, costs=2.0, margin=0.0)
    assert [trade.price for trade in accounts.trades] == [0.0, 0.0, 100.0, 25.0]
    # The AM value was a proxy; a PM contract does not use it.
    assert {trade.order.reason for trade in accounts.trades} == {Reason.SETTLEMENT}


def test_pm_contracts_do_not_settle_at_the_open(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = entered_desk(PM_ENTRY, monkeypatch)
    first_three_days(desk, PM_ENTRY)
    desk.accounts.begin(day("2014-12-19"))
    desk.accounts.settle(day("2014-12-19"), Settlement(1830.0, 2100.0, NAN, False, False), at_open=True)
    assert desk.accounts.trades == []
    assert len(desk.accounts.lots) == 4


def test_a_proxy_is_named_as_the_reason(am_desk: Desk) -> None:
    first_three_days(am_desk, AM_ENTRY)
    accounts = am_desk.session("2014-12-19", values=Settlement(1830.0, 1870.0, NAN, True, False))
    assert {trade.order.reason for trade in accounts.trades} == {Reason.PROXY_SETTLEMENT}


def test_an_unknown_settlement_value_names_contract_and_day(am_desk: Desk) -> None:
    first_three_days(am_desk, AM_ENTRY)
    with pytest.raises(DataError, match="no settlement value for SPX 2014-12-19 1800 P on 2014-12-19"):
        am_desk.session("2014-12-19", values=Settlement(NAN, 1870.0, NAN, True, False))


def test_a_condor_that_loses_more_than_its_widest_wing_is_an_error(am_desk: Desk) -> None:
    first_three_days(am_desk, AM_ENTRY)
    legs = am_desk.accounts.lots
    legs["contracts"][legs["layer"] == Layer.LONG_PUT] = 0.5  # a wing that is not there protects nobody
    # At 1700 the short puts cost 150 x 200 = 30,000, the wing brings 100 x 50 = 5,000: -25,000 < -75 x 200.
    with pytest.raises(AccountingError, match=r"condor 1 pays 10000\.00 USD less .* 2014-12-19"):
        am_desk.session("2014-12-19", values=Settlement(1700.0, 1700.0, NAN, False, False))


def test_a_settlement_day_that_the_data_lacks_is_an_error(am_desk: Desk) -> None:
    first_three_days(am_desk, AM_ENTRY)
    with pytest.raises(DataError, match="no session on 2014-12-19, on which SPX 2014-12-19 1800 P settles"):
        am_desk.session("2014-12-22")


# --- a condor closed at half its credit, alone and with a hedge ------------------------------------------
#
# The same strikes, January expiry, no interest.
#
#                         1800 P    1850 P    2000 C    2075 C
# Tue 16 open   fill       +4.10     -8.90     -6.90     +1.60     credit 10.10; half of it is 5.05
# Tue 16 close  mark        3.50      8.00      7.50      1.80     to close 10.20: nothing to take
# Wed 17 close              2.00      4.60      4.00      1.50     to close  5.10: profit 5.00, below 5.05
# Thu 18 close              1.95      4.50      3.90      1.45     to close  5.00: profit 5.10: take it
# Fri 19 open   mid         1.90      4.00      3.50      1.40
#               fill       -1.80     +4.10     +3.60     -1.30     paid 4.60 = 920 USD
#
# 2,020 - 920 - 8 fees - 8 fees = 1,084 USD.

JAN_ENTRY = condor_orders(Root.SPX, "2015-01-16", (1800.0, 1850.0, 2000.0, 2075.0), 2.0)
JAN_MIDS = {
    ("2014-12-16", "open"): (4.00, 9.00, 7.00, 1.50),
    ("2014-12-16", "close"): (3.50, 8.00, 7.50, 1.80),
    ("2014-12-17", "close"): (2.00, 4.60, 4.00, 1.50),
    ("2014-12-18", "close"): (1.95, 4.50, 3.90, 1.45),
    ("2014-12-19", "open"): (1.90, 4.00, 3.50, 1.40),
    ("2014-12-19", "close"): (1.90, 4.00, 3.50, 1.40),
}
#: date -> cash from the condor alone, its marked value, its P&L of the day.
JAN_DAYS = {
    "2014-12-16": (2_012.0, -2_040.0, -28.0),
    "2014-12-17": (2_012.0, -1_020.0, 1_020.0),  # 5.10 x 200
    "2014-12-18": (2_012.0, -1_000.0, 20.0),  # 5.00 x 200
    "2014-12-19": (1_084.0, 0.0, 72.0),  # paid 920 and 8 for what was marked at 1,000
}
PROFIT_ONLY = CondorParams(take_profit=0.5, stop_loss=2.0, exit_dte=21, roll_delta=0.0)


def take_profit_at(desk: Desk, date: str, fill_day: str) -> list:
    """The leg manager's own decision on a close."""
    today = at_close(desk.paper.prices(date, "close"), fill_day)
    decision = manage_condor(today, desk.accounts.view(), 0, PROFIT_ONLY)
    desk.decide(date, fill_day, decision.orders)
    return decision.orders


def hedge_orders(contracts: list[Contract], layer: int, sizes: list[float]) -> list:
    return [
        make_order(
            Book.HEDGE, layer, Action.OPEN, 1, -1, contract, size, 0.0, Reason.CONDOR_OPENED, 64 + 8 * layer
        )
        for contract, size in zip(contracts, sizes, strict=True)
    ]


def run_with_hedge(
    patch: pytest.MonkeyPatch,
    hedge: list,
    hedge_mids: dict[tuple[str, str], tuple],
    hedge_days: dict[str, dict[str, float]],
    values: dict[str, Settlement] | None = None,
) -> Desk:
    """Enter on Tue 16, take the profit on Thu 18, be out on Fri 19; compare every day with the tables."""
    table = {when: lines(legs_of(JAN_ENTRY), mids) for when, mids in JAN_MIDS.items()}
    for when, mids in hedge_mids.items():
        table.setdefault(when, {}).update(lines(legs_of(hedge), mids))
    paper = PaperMarket(table)
    paper.install(patch)
    desk = Desk(paper, interest_share=0.0)
    desk.decide("2014-12-15", "2014-12-16", JAN_ENTRY)
    packages = [JAN_ENTRY, hedge] if hedge else [JAN_ENTRY]
    closing: list = []
    dates = list(JAN_DAYS)
    for date, fill_day in zip(dates, [*dates[1:], "2014-12-22"], strict=True):
        accounts = desk.session(date, packages, (values or {}).get(date))
        cash, value, pnl = JAN_DAYS[date]
        paid = hedge_days.get(date, {"cash": 0.0, "value": 0.0, "pnl": 0.0, "carry": 0.0})
        check(
            accounts,
            cash=100_000.0 + cash + paid["cash"],
            nav=100_000.0 + cash + value + paid["cash"] + paid["value"],
            condor_pnl=pnl,
            hedge_pnl=paid["pnl"],
            interest=0.0,
            carry=paid["carry"],
        )
        for name in ("futures", "margin", "hedge_costs", "costs", "available"):
            if name in paid:
                check(accounts, **{name: paid[name]})
        packages = []
        if len(accounts.condors):
            closing = take_profit_at(desk, date, fill_day)
            orphans = close_of_orphans(desk, date, fill_day)
            packages = [package for package in (closing, *([order] for order in orphans)) if package]
    return desk


def close_of_orphans(desk: Desk, date: str, fill_day: str) -> list:
    decision: Decision = nothing()
    close_orphans(at_close(desk.paper.prices(date, "close"), fill_day), desk.accounts.view(), decision)
    return decision.orders


def test_condor_takes_half_its_credit(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = run_with_hedge(monkeypatch, [], {}, {})
    closed = desk.accounts.trades
    assert {trade.order.reason for trade in closed} == {Reason.TAKE_PROFIT}
    assert [trade.price for trade in closed] == pytest.approx([1.80, 4.10, 3.60, 1.30], abs=1e-9)
    # Long put -2.30, short put +4.80, short call +3.30, long call -0.30 points, x 200.
    assert [trade.pnl_usd for trade in closed] == pytest.approx([-460.0, 960.0, 660.0, -60.0], abs=CENT)
    assert len(desk.accounts.lots) == len(desk.accounts.condors) == 0


# Static hedge: 10 VIX calls (1,000 USD a point), 0.05 of half-spread, 1.00 USD a contract.
#
# Tue 16 open   mid 1.20   fill +1.25   -1,250 USD and 10 of fees
# Tue 16 close  1.30       value 1,300; P&L 1,300 - 1,260 = 40
# Wed 17 close  1.10       P&L -200;   nothing but time: 1.27, carry (1.27 - 1.30) x 1,000 = -30
# Thu 18 close  0.90       P&L -200;   nothing but time: 1.08, carry -20
# Fri 19 open   mid 0.80   fill -0.75   +750 USD and 10 of fees; P&L 750 - 10 - 900 = -160; carry -10
#
# 750 - 1,250 - 20 = -520 USD.

CALL = [Contract(Root.VIX, Right.CALL, 25.0, day("2015-01-21"))]
CALL_MIDS = {
    ("2014-12-16", "open"): (1.20,),
    ("2014-12-16", "close"): (1.30,),
    ("2014-12-17", "rolled"): (1.27,),
    ("2014-12-17", "close"): (1.10,),
    ("2014-12-18", "rolled"): (1.08,),
    ("2014-12-18", "close"): (0.90,),
    ("2014-12-19", "rolled"): (0.89,),
    ("2014-12-19", "open"): (0.80,),
    ("2014-12-19", "close"): (0.85,),
}
CALL_DAYS = {
    # Costs of the day: the condor's 88, and 10 + 0.05 x 1,000 of the calls. Bought options need no margin.
    "2014-12-16": {
        "cash": -1_260.0,
        "value": 1_300.0,
        "pnl": 40.0,
        "carry": 0.0,
        "hedge_costs": 60.0,
        "costs": 148.0,
        "margin": 12_980.0,
        "futures": 0.0,
    },
    "2014-12-17": {"cash": -1_260.0, "value": 1_100.0, "pnl": -200.0, "carry": -30.0, "hedge_costs": 0.0},
    "2014-12-18": {"cash": -1_260.0, "value": 900.0, "pnl": -200.0, "carry": -20.0},
    "2014-12-19": {
        "cash": -520.0,
        "value": 0.0,
        "pnl": -160.0,
        "carry": -10.0,
        "hedge_costs": 60.0,
        "margin": 0.0,
    },
}


def test_static_call_hedge_from_purchase_to_the_close_of_its_condor(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = run_with_hedge(monkeypatch, hedge_orders(CALL, Layer.STATIC, [10.0]), CALL_MIDS, CALL_DAYS)
    sold = desk.accounts.trades[-1]
    assert (sold.order.root, sold.contracts, sold.order.reason) == (Root.VIX, -10.0, Reason.CONDOR_CLOSED)
    assert sold.price == pytest.approx(0.75, abs=1e-9)
    assert sold.pnl_usd == pytest.approx(-500.0, abs=CENT)  # (0.75 - 1.25) x 1,000
    assert len(desk.accounts.lots) == 0


# Layer One: 0.25 VX of each of two months (250 USD a point), 0.05 of half-spread, 2.00 USD a contract.
# Buying a future moves no cash; its whole P&L is paid when it is closed or settled.
#
#                  Dec (settles Wed 17)   Jan
# Tue 16 open      20.00  fill +20.05     19.00  fill +19.05    fees 2 x 0.50
# Tue 16 close     21.00                  19.50                 open P&L 250 x (0.95 + 0.45) = 350
# Wed 17 VIX open  22.00                  20.50 at the close    paid 250 x 1.95 = 487.50; P&L 250 + 250;
#                                                               open 250 x 1.45 = 362.50
# Thu 18 close                            21.00                 P&L 125; open 250 x 1.95 = 487.50
# Fri 19 open                             20.40  fill -20.35    paid 250 x 1.30 = 325, fee 0.50
#                                                               P&L 250 x (20.35 - 21.00) - 0.50 = -163
#
# 487.50 + 325 - 1.50 = 811 USD. Carry: to Wed (20.70 - 21.00 + 19.40 - 19.50) x 250 = -100, then -25, -25.

FUTURES = [
    Contract(Root.VX, Right.FUTURE, 0.0, day("2014-12-17")),
    Contract(Root.VX, Right.FUTURE, 0.0, day("2015-01-21")),
]
FUTURE_MIDS = {
    ("2014-12-16", "open"): (20.00, 19.00),
    ("2014-12-16", "close"): (21.00, 19.50),
    ("2014-12-17", "rolled"): (20.70, 19.40),
    ("2014-12-17", "close"): (NAN, 20.50),
    ("2014-12-18", "rolled"): (NAN, 20.40),
    ("2014-12-18", "close"): (NAN, 21.00),
    ("2014-12-19", "rolled"): (NAN, 20.90),
    ("2014-12-19", "open"): (NAN, 20.40),
    ("2014-12-19", "close"): (NAN, 20.60),
}
FUTURE_DAYS = {
    # Costs: fees 1.00 and 2 x 0.05 x 250 of spread. Margin: the condor's 12,980 and 0.40 x 250 x (21 + 19.5).
    "2014-12-16": {
        "cash": -1.0,
        "value": 350.0,
        "pnl": 349.0,
        "carry": 0.0,
        "hedge_costs": 26.0,
        "futures": 350.0,
        "margin": 17_030.0,
        "available": 102_361.0,
    },
    # Margin 12,980 + 0.40 x 250 x 20.5. The fee of the cash settlement: 0.25 x 0.25 = 0.0625.
    "2014-12-17": {
        "cash": 486.4375,
        "value": 362.5,
        "pnl": 499.9375,
        "carry": -100.0,
        "hedge_costs": 0.0625,
        "futures": 362.5,
        "margin": 15_030.0,
        "available": 102_860.9375,
    },
    "2014-12-18": {"cash": 486.4375, "value": 487.5, "pnl": 125.0, "carry": -25.0, "futures": 487.5},
    # Out: fee 0.50 and 0.05 x 250 of spread.
    "2014-12-19": {
        "cash": 810.9375,
        "value": 0.0,
        "pnl": -163.0,
        "carry": -25.0,
        "hedge_costs": 13.0,
        "futures": 0.0,
        "margin": 0.0,
    },
}


def test_layer_one_settles_one_future_on_the_way_and_sells_the_other_with_its_condor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # VIX opened at 22.00; the S&P 500 values of that day are nobody's business.
    values = {"2014-12-17": Settlement(1.0, 2.0, 22.0, False, True)}
    hedge = hedge_orders(FUTURES, Layer.ONE, [0.25, 0.25])
    desk = run_with_hedge(monkeypatch, hedge, FUTURE_MIDS, FUTURE_DAYS, values)
    sold = desk.accounts.trades[-1]
    assert (sold.order.expiry, sold.contracts, sold.order.reason) == (
        day("2015-01-21"),
        -0.25,
        Reason.CONDOR_CLOSED,
    )
    assert sold.price == pytest.approx(20.35, abs=1e-9)
    assert sold.pnl_usd == pytest.approx(325.0, abs=CENT)
    assert len(desk.accounts.lots) == 0


def test_a_future_settles_at_the_opening_value_of_vix(monkeypatch: pytest.MonkeyPatch) -> None:
    paper = PaperMarket({when: lines(FUTURES, mids) for when, mids in FUTURE_MIDS.items()})
    paper.install(monkeypatch)
    desk = Desk(paper, interest_share=0.0)
    desk.session("2014-12-16", [hedge_orders(FUTURES, Layer.ONE, [0.25, 0.25])])
    accounts = desk.session("2014-12-17", values=Settlement(1.0, 2.0, 22.0, False, True))
    (settled,) = accounts.trades
    assert (settled.price, settled.contracts, settled.order.reason) == (22.0, -0.25, Reason.PROXY_SETTLEMENT)
    assert settled.pnl_usd == pytest.approx(487.5, abs=CENT)


def test_a_package_without_a_price_for_every_leg_leaves_the_books_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = condor_orders(Root.SPX, "2015-01-16", (1800.0, 1850.0, 2000.0, 2075.0), 2.0)
    paper = PaperMarket(
        {
            ("2014-12-16", "open"): lines(legs_of(entry), (4.00, 9.00, 7.00, NAN)),
            ("2014-12-16", "close"): {},
        }
    )
    paper.install(monkeypatch)
    desk = Desk(paper, interest_share=0.0)
    desk.decide("2014-12-15", "2014-12-16", entry)
    assert not desk.accounts.fill(entry, paper.prices("2014-12-16", "open"))
    desk.accounts.close_fills()
    desk.accounts.mark(paper.prices("2014-12-16", "close"))
    check(desk.accounts, cash=100_000.0, nav=100_000.0, costs=0.0, margin=0.0)
    assert len(desk.accounts.lots) == len(desk.accounts.condors) == len(desk.accounts.trades) == 0


def test_sales_of_the_worthless_and_ticks_are_worked_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Off-tick mids: the fill goes to the nearest tick, never to the better side of the mid."""
    entry = condor_orders(Root.SPX, "2015-01-16", (1800.0, 1850.0, 2000.0, 2075.0), 1.0)
    # 1800 P: 0.02 + 0.10 = 0.12 -> 0.10.   1850 P: 2.33 - 0.10 = 2.23 -> 2.25.
    # 2000 C: 4.44 - 0.10 = 4.34 -> 4.30.   2075 C: 0.98 + 0.10 = 1.08 -> 1.10.
    paper = PaperMarket(
        {
            ("2014-12-16", "open"): lines(legs_of(entry), (0.02, 2.33, 4.44, 0.98)),
            ("2014-12-16", "close"): lines(legs_of(entry), (0.02, 2.33, 4.44, 0.98)),
            ("2014-12-17", "open"): lines(legs_of(entry), (0.04, 0.07, 0.30, 0.12)),
            ("2014-12-17", "close"): lines(legs_of(entry), (0.04, 0.07, 0.30, 0.12)),
        }
    )
    paper.install(monkeypatch)
    desk = Desk(paper, interest_share=0.0)
    accounts = desk.session("2014-12-16", [entry])
    assert [trade.price for trade in accounts.trades] == pytest.approx([0.10, 2.25, 4.30, 1.10], abs=1e-9)
    # Credit 5.35 x 100 less 4 of fees.
    check(accounts, cash=100_531.0)
    closing = [
        order._replace(lot=lot, contracts=-order.contracts, action=Action.CLOSE)
        for lot, order in enumerate(entry, start=1)
    ]
    accounts = desk.session("2014-12-17", [closing])
    # Sold: 0.04 - 0.10 < 0 -> nothing; 0.12 - 0.10 = 0.02 -> 0.00. Bought: 0.17 -> 0.15, 0.40 -> 0.40.
    assert [trade.price for trade in accounts.trades] == pytest.approx([0.0, 0.15, 0.40, 0.0], abs=1e-9)
    check(accounts, cash=100_472.0, nav=100_472.0)  # 100,531 - 55 - 4
