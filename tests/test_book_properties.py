"""The books balance whatever is traded: identities over random sequences, checked by an own ledger."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_scenes import DAY

from alvh_bt.book.held import Flow
from alvh_bt.book.records import Action, Book, Layer, Order, Reason, lot_contract, make_order, order_contract
from alvh_bt.config import make_study
from alvh_bt.contracts import Contract, Right, Root
from alvh_bt.engine.accounts import Accounts
from alvh_bt.errors import AccountingError, DataError
from alvh_bt.pricing.day import quote_contract
from alvh_bt.pricing.flat import flat_prices
from alvh_bt.pricing.model import Settlement

STUDY = make_study(book={"starting_cash": 1_000_000.0})
#: USD a point, written here once more: Cboe's contract specifications.
USD_A_POINT = {Root.SPX: 100, Root.SPXW: 100, Root.XSP: 100, Root.VIX: 100, Root.VX: 1000, Root.VXM: 100}
FUTURES = (Root.VX, Root.VXM)
# abs 1e-6 USD: sums of some hundred doubles of up to 1e6 USD.
CENT_OF_A_CENT = 1e-6

CONTRACTS = (
    Contract(Root.SPX, Right.PUT, 3700.0, DAY + 400),
    Contract(Root.SPXW, Right.CALL, 4300.0, DAY + 400),
    Contract(Root.XSP, Right.PUT, 390.0, DAY + 400),
    Contract(Root.VIX, Right.CALL, 25.0, DAY + 400),
    Contract(Root.VX, Right.FUTURE, 0.0, DAY + 400),
    Contract(Root.VXM, Right.FUTURE, 0.0, DAY + 410),
)


def opening(contract: Contract, contracts: float, book: int = Book.HEDGE, layer: int = Layer.STATIC) -> Order:
    return make_order(book, layer, Action.OPEN, 1, -1, contract, contracts, 0.0, Reason.MANUAL, 0)


def closing(lot, contracts: float) -> Order:
    return opening(lot_contract(lot), contracts)._replace(action=Action.CLOSE, lot=int(lot["id"]))


#: A session: days passed, spot, VIX, and what is traded: an opening, or a share of a held lot closed.
SESSIONS = st.tuples(
    st.integers(1, 5),
    st.floats(3000.0, 5000.0),
    st.floats(9.0, 80.0),
    st.lists(
        st.tuples(
            st.sampled_from(["open", "close"]),
            st.integers(0, len(CONTRACTS) - 1),
            st.sampled_from([-3.0, -1.0, -0.375, 0.25, 1.0, 10.0]),
            st.sampled_from([0.25, 0.5, 1.0]),
        ),
        max_size=4,
    ),
)


class Ledger:
    """Cash and positions from trades alone, booked a second way."""

    def __init__(self) -> None:
        self.cash = 1_000_000.0
        self.positions: dict[Contract, float] = {}
        self.future_costs: dict[int, float] = {}

    def book(self, trade) -> None:
        contract = order_contract(trade.order)
        usd = trade.contracts * USD_A_POINT[contract.root]
        self.cash -= trade.fees_usd
        if contract.root not in FUTURES:
            self.cash -= usd * trade.price
        elif trade.opened:
            self.future_costs[trade.lot] = trade.price
        else:
            self.cash -= usd * (trade.price - self.future_costs[trade.lot])
        self.positions[contract] = self.positions.get(contract, 0.0) + trade.contracts

    def value(self, accounts: Accounts, prices) -> float:
        total = 0.0
        for lot in accounts.lots:
            contract = Contract(*lot_contract(lot))
            paid = self.future_costs.get(int(lot["id"]), 0.0)
            mid = quote_contract(contract, prices).mid
            total += lot["contracts"] * USD_A_POINT[contract.root] * (mid - paid)
        return float(total)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(sessions=st.lists(SESSIONS, min_size=1, max_size=8))
def test_nav_is_cash_and_marks_and_contracts_are_conserved(sessions) -> None:
    accounts, ledger, day = Accounts(STUDY), Ledger(), DAY
    flows = 0.0
    for days, spot, vix, trades in sessions:
        day += days
        prices = flat_prices(spot=spot, vix=vix, day=day, contango=1.0)  # no interest: the rate is zero
        accounts.begin(day)
        for what, which, contracts, share in trades:
            if what == "open":
                order = opening(CONTRACTS[which], contracts)
            elif len(accounts.lots):
                lot = accounts.lots[which % len(accounts.lots)]
                order = closing(lot, -share * lot["contracts"])
            else:
                continue
            assert accounts.fill([order], prices)
        accounts.close_fills()
        accounts.mark(prices)
        for trade in accounts.trades:
            ledger.book(trade)
        flows += (
            accounts.flows[Flow.CONDOR_PNL] + accounts.flows[Flow.HEDGE_PNL] + accounts.flows[Flow.INTEREST]
        )
        assert accounts.cash == pytest.approx(ledger.cash, abs=CENT_OF_A_CENT)
        value = ledger.value(accounts, prices)
        assert accounts.nav == pytest.approx(ledger.cash + value, abs=CENT_OF_A_CENT)
        assert accounts.nav == pytest.approx(1_000_000.0 + flows, abs=CENT_OF_A_CENT)
        held: dict[Contract, float] = dict.fromkeys(ledger.positions, 0.0)
        for lot in accounts.lots:
            held[Contract(*lot_contract(lot))] += float(lot["contracts"])
            assert lot["contracts"] != 0.0
        assert held == ledger.positions  # quarters and eighths add up exactly


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    contracts=st.sampled_from([-3.0, -0.375, 0.25, 1.0, 10.0]),
    which=st.integers(0, len(CONTRACTS) - 1),
    wrong=st.sampled_from([1.25, 2.0, -0.5]),
)
def test_closing_more_than_is_held_is_an_accounting_error(contracts, which, wrong) -> None:
    accounts = Accounts(STUDY)
    prices = flat_prices(spot=4000.0, vix=20.0, day=DAY)
    accounts.begin(DAY)
    accounts.fill([opening(CONTRACTS[which], contracts)], prices)
    before = (accounts.cash, accounts.nav, accounts.lots.tolist(), len(accounts.trades))
    with pytest.raises(AccountingError, match="lot 1, which holds"):
        accounts.fill([closing(accounts.lots[0], -wrong * contracts)], prices)
    assert (accounts.cash, accounts.nav, accounts.lots.tolist(), len(accounts.trades)) == before


def test_closing_a_lot_that_is_not_held_is_an_accounting_error() -> None:
    accounts = Accounts(STUDY)
    prices = flat_prices(spot=4000.0, vix=20.0, day=DAY)
    accounts.begin(DAY)
    accounts.fill([opening(CONTRACTS[0], 1.0)], prices)
    order = closing(accounts.lots[0], -1.0)
    accounts.fill([order], prices)
    with pytest.raises(AccountingError, match="lot 1, which holds 0"):
        accounts.fill([order], prices)


def test_a_missing_settlement_value_names_its_contract_after_another_was_settled() -> None:
    accounts = Accounts(STUDY)
    prices = flat_prices(spot=4000.0, vix=20.0, day=DAY)
    accounts.begin(DAY)
    for which in (3, 0):  # a VIX call, whose value is known, before an SPX put, whose is not
        accounts.fill([opening(CONTRACTS[which], 1.0)], prices)
    accounts.mark(prices)
    with pytest.raises(DataError, match=r"no settlement value for SPX .* 3700 P"):
        accounts.settle(DAY + 400, Settlement(math.nan, 4000.0, 30.0, True, False), at_open=True)


@pytest.mark.parametrize(("book", "amount"), [("cash", 0.01), ("nav", -0.01)])
def test_books_that_do_not_agree_are_an_accounting_error(book, amount) -> None:
    accounts = Accounts(STUDY)
    prices = flat_prices(spot=4000.0, vix=20.0, day=DAY)
    accounts.begin(DAY)
    accounts.fill([opening(CONTRACTS[0], 1.0)], prices)
    accounts.mark(prices)
    accounts.held = accounts.held._replace(**{book: getattr(accounts, book) + amount})
    with pytest.raises(AccountingError, match="2021-03-01 NAV and cash plus marks differ"):
        accounts.mark(prices)


def test_package_with_a_leg_that_has_no_price_is_not_filled_at_all() -> None:
    accounts = Accounts(STUDY)
    prices = flat_prices(spot=4000.0, vix=20.0, day=DAY)
    accounts.begin(DAY)
    unknown = Contract(Root.SPX, Right.PUT, math.nan, DAY + 400)
    assert accounts.fill([opening(CONTRACTS[0], 1.0), opening(unknown, 1.0)], prices) is False
    assert (accounts.cash, len(accounts.lots), accounts.trades) == (1_000_000.0, 0, [])


# Condors to settlement


def settled_at(level: float) -> Settlement:
    return Settlement(level, level, 20.0, True, True)


def entered(root: int, strikes: tuple[float, ...], contracts: float, expiry: int) -> tuple[Accounts, float]:
    """Accounts with one condor, and its credit at mids, USD."""
    accounts = Accounts(STUDY)
    prices = flat_prices(spot=4000.0, vix=20.0, day=DAY)
    rights = (Right.PUT, Right.PUT, Right.CALL, Right.CALL)
    signs = (1.0, -1.0, -1.0, 1.0)
    legs = [
        opening(Contract(root, right, strike, expiry), sign * contracts, Book.CONDOR, layer)
        for layer, (right, strike, sign) in enumerate(zip(rights, strikes, signs, strict=True))
    ]
    accounts.begin(DAY)
    assert accounts.fill(legs, prices)
    accounts.mark(prices)
    mids = [quote_contract(order_contract(leg), prices).mid for leg in legs]
    credit = -sum(leg.contracts * mid for leg, mid in zip(legs, mids, strict=True)) * 100
    return accounts, credit


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    root=st.sampled_from([Root.SPX, Root.SPXW, Root.XSP]),
    put=st.integers(640, 795),
    call=st.integers(805, 960),
    put_wing=st.integers(1, 80),
    call_wing=st.integers(1, 80),
    contracts=st.sampled_from([0.125, 1.0, 4.0]),
    level=st.one_of(st.floats(1.0, 12_000.0), st.floats(3000.0, 5000.0)),
)
def test_condor_loses_at_most_its_widest_wing_less_its_credit(
    root, put, call, put_wing, call_wing, contracts, level
) -> None:
    unit = 0.5 if root == Root.XSP else 5.0
    strikes = tuple(unit * k for k in (put - put_wing, put, call, call + call_wing))
    expiry = DAY + 30
    accounts, credit = entered(root, strikes, contracts, expiry)
    costs = accounts.flows[Flow.COSTS]
    accounts.begin(expiry)
    accounts.settle(expiry, settled_at(level), at_open=root == Root.SPX)
    accounts.mark(flat_prices(spot=level, vix=20.0, day=expiry))
    assert len(accounts.lots) == 0
    pnl = accounts.nav - 1_000_000.0 + costs + accounts.flows[Flow.COSTS]
    widest = max(put_wing, call_wing) * unit * contracts * 100
    assert -pnl <= widest - credit + CENT_OF_A_CENT
    index = level / 10 if root == Root.XSP else level
    paid = min(put_wing * unit, max(0.0, strikes[1] - index)) + min(
        call_wing * unit, max(0.0, index - strikes[2])
    )
    assert pnl == pytest.approx(credit - paid * contracts * 100, abs=CENT_OF_A_CENT)


@pytest.mark.parametrize(
    ("root", "at_open", "paid"),
    [
        pytest.param(Root.SPX, True, 100.0, id="SPX at the opening value of 3,600"),
        pytest.param(Root.SPXW, False, 50.0, id="SPXW at the close of 3,650"),
        pytest.param(Root.XSP, False, 5.0, id="XSP at a tenth of the close"),
    ],
)
def test_condor_settles_at_its_own_time_of_day(root, at_open, paid) -> None:
    scale = 0.1 if root == Root.XSP else 1.0
    strikes = tuple(scale * k for k in (3500.0, 3700.0, 4300.0, 4400.0))
    accounts, _ = entered(root, strikes, 1.0, DAY + 30)
    values = Settlement(3600.0, 3650.0, 20.0, True, True)
    accounts.begin(DAY + 30)
    if not at_open:
        accounts.settle(DAY + 30, values, at_open=True)
        assert len(accounts.lots) == 4
    accounts.settle(DAY + 30, values, at_open=at_open)
    assert len(accounts.lots) == 0
    # abs 1e-9: a tenth of 3,650 and of 3,700 are not exactly doubles.
    assert [trade.price for trade in accounts.trades] == pytest.approx([0.0, paid, 0.0, 0.0], abs=1e-9)
    assert {trade.order.action for trade in accounts.trades} == {Action.SETTLE}


def test_condor_without_its_wing_that_loses_more_is_an_accounting_error() -> None:
    accounts, _ = entered(Root.SPX, (3500.0, 3700.0, 4300.0, 4400.0), 1.0, DAY + 30)
    accounts.lots = np.delete(accounts.lots, 0)  # the long put is lost
    accounts.begin(DAY + 30)
    with pytest.raises(AccountingError, match="widest wing"):
        accounts.settle(DAY + 30, settled_at(3000.0), at_open=True)


@pytest.mark.parametrize("late", [1, 3])
def test_position_whose_settlement_day_the_data_lacks_is_a_data_error(late) -> None:
    accounts, _ = entered(Root.SPX, (3500.0, 3700.0, 4300.0, 4400.0), 1.0, DAY + 30)
    accounts.begin(DAY + 30 + late)
    with pytest.raises(DataError, match="no session on 2021-03-31"):
        accounts.settle(DAY + 30 + late, settled_at(4000.0), at_open=True)


def test_position_not_settled_by_the_close_of_its_last_day_is_an_accounting_error() -> None:
    accounts, _ = entered(Root.SPX, (3500.0, 3700.0, 4300.0, 4400.0), 1.0, DAY + 30)
    accounts.begin(DAY + 30)
    with pytest.raises(AccountingError, match="still held"):
        accounts.settle(DAY + 30, settled_at(4000.0), at_open=False)


@pytest.mark.parametrize(
    ("right", "name"), [(Right.PUT, "SPX 2021-03-31 3500 P"), (Right.CALL, "SPX 2021-03-31 3500 C")]
)
def test_unknown_settlement_value_of_an_option_is_a_data_error(right, name) -> None:
    accounts = Accounts(STUDY)
    accounts.begin(DAY)
    contract = Contract(Root.SPX, right, 3500.0, DAY + 30)
    accounts.fill([opening(contract, 1.0)], flat_prices(spot=4000.0, vix=20.0, day=DAY))
    accounts.begin(DAY + 30)
    with pytest.raises(DataError, match=rf"{name} on 2021-03-31; add it to settlements\.csv"):
        accounts.settle(DAY + 30, settled_at(math.nan), at_open=True)


def test_unknown_settlement_value_of_a_future_is_a_data_error() -> None:
    accounts = Accounts(STUDY)
    accounts.begin(DAY)
    contract = Contract(Root.VX, Right.FUTURE, 0.0, DAY + 30)
    accounts.fill([opening(contract, 1.0)], flat_prices(spot=4000.0, vix=20.0, day=DAY))
    accounts.begin(DAY + 30)
    with pytest.raises(DataError, match=r"VX 2021-03-31 on 2021-03-31; add it to settlements\.csv"):
        accounts.settle(DAY + 30, settled_at(4000.0)._replace(vix=math.nan), at_open=True)
