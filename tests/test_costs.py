"""Spreads, ticks, fills, fees and margin against tables worked by hand and a brute-force twin."""

from __future__ import annotations

import math
import tomllib
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_scenes import call_lot, condor_lots, condors, future_lot, rows_of

from alvh_bt.book.records import MARK, Layer
from alvh_bt.config import CostParams
from alvh_bt.contracts import Root
from alvh_bt.costs.fees import settlement_fee, trade_fee
from alvh_bt.costs.margin import condor_margin, group_payoff, hedge_margin, required_money, worst_payoff
from alvh_bt.costs.spreads import QUOTED_2011, QUOTED_2022, fill_price, half_spread, tick_size

OLD, NEW = 14979, 19185  # 2011-01-05 and 2022-07-12
MIDDLE = 17082  # (14979 + 19185) / 2

# Numbers that are easy on paper: 0.4 + 0.05 mid in 2011, 0.1 + 0 mid in 2022, VIX calls 0.03 + 0.01 mid.
EASY = CostParams(
    spread_share=0.5,
    spread_floor=0.025,
    spx_base_2011=0.4,
    spx_slope_2011=0.05,
    spx_base_2022=0.1,
    spx_slope_2022=0.0,
    vix_base=0.03,
    vix_slope=0.01,
    calm_vix=20.0,
    vix_power=0.5,
    thin_delta=0.05,
    thin_delta_factor=0.5,
    future_half_spread=0.025,
)

HALF_SPREADS = [
    # root, mid, delta, VIX, day, half-spread on paper
    pytest.param(Root.SPX, 10.0, -0.16, 15.0, OLD, 0.9, id="2011: 0.4 + 0.05 x 10"),
    pytest.param(Root.SPXW, 10.0, -0.16, 15.0, OLD, 0.9, id="SPXW as SPX"),
    pytest.param(Root.SPX, 10.0, -0.16, 15.0, OLD - 3000, 0.9, id="before the first fit it stays"),
    pytest.param(Root.SPX, 10.0, -0.16, 15.0, NEW, 0.1, id="2022"),
    pytest.param(Root.SPX, 10.0, -0.16, 15.0, NEW + 900, 0.1, id="after the second fit it stays"),
    pytest.param(Root.SPX, 10.0, -0.16, 15.0, MIDDLE, 0.3, id="half-way: sqrt(0.9 x 0.1)"),
    pytest.param(Root.SPX, 10.0, -0.16, 20.0, OLD, 0.9, id="VIX at the calm level"),
    pytest.param(Root.SPX, 10.0, -0.16, 80.0, OLD, 1.8, id="VIX 80: x sqrt(80 / 20)"),
    pytest.param(Root.SPX, 10.0, 0.05, 15.0, OLD, 0.9, id="delta at the thin bound"),
    pytest.param(Root.SPX, 10.0, -0.025, 15.0, OLD, 1.125, id="half the thin delta: x 1.25"),
    pytest.param(Root.SPX, 10.0, 0.0, 45.0, OLD, 2.025, id="no delta x 1.5, VIX 45 x 1.5"),
    pytest.param(Root.SPX, 0.0, -0.16, 15.0, NEW, 0.1, id="worthless: the base"),
    pytest.param(Root.XSP, 1.0, -0.16, 15.0, OLD, 0.09, id="XSP: a tenth of SPX at ten times the mid"),
    pytest.param(Root.XSP, 1.0, -0.16, 15.0, NEW, 0.025, id="XSP 2022: 0.01 lifted to the floor"),
    pytest.param(Root.VIX, 2.0, 0.30, 15.0, OLD, 0.05, id="VIX call: 0.03 + 0.01 x 2"),
    pytest.param(Root.VIX, 2.0, 0.30, 15.0, NEW, 0.05, id="VIX call: no drift with the years"),
    pytest.param(Root.VIX, 2.0, 0.30, 80.0, NEW, 0.1, id="VIX call in stress"),
    pytest.param(Root.VX, 20.0, 1.0, 15.0, NEW, 0.025, id="VX"),
    pytest.param(Root.VX, 60.0, 1.0, 45.0, NEW, 0.0375, id="VX at VIX 45: x 1.5"),
    pytest.param(Root.VXM, 20.0, 1.0, 15.0, NEW, 0.025, id="VXM"),
]


@pytest.mark.parametrize(("root", "mid", "delta", "vix", "day", "expected"), HALF_SPREADS)
def test_half_spread_is_the_one_on_paper(root, mid, delta, vix, day, expected) -> None:
    # rel 1e-12: a handful of products and powers of doubles.
    assert half_spread(root, mid, delta, vix, day, EASY) == pytest.approx(expected, rel=1e-12)


def test_fits_are_dated_by_their_quotes() -> None:
    dates = np.array(["2011-01-05", "2022-07-12"], dtype="datetime64[D]").astype(int)
    assert tuple(dates) == (QUOTED_2011, QUOTED_2022)


def test_default_spreads_are_the_fitted_ones() -> None:
    text = resources.files("alvh_bt.data").joinpath("parameters.toml").read_text(encoding="utf-8")
    fitted = tomllib.loads(text)["half_spread"]
    costs = CostParams()
    written = {
        "spx_2011": {"base": costs.spx_base_2011, "slope": costs.spx_slope_2011},
        "spx_2022": {"base": costs.spx_base_2022, "slope": costs.spx_slope_2022},
        "vix": {"base": costs.vix_base, "slope": costs.vix_slope},
    }
    assert written == fitted


@pytest.mark.parametrize(
    ("root", "price", "tick"),
    [
        (Root.SPX, 2.99, 0.05),
        (Root.SPX, 3.0, 0.10),
        (Root.SPXW, 0.0, 0.05),
        (Root.SPXW, 50.0, 0.10),
        (Root.VIX, 2.99, 0.05),
        (Root.VIX, 3.0, 0.10),
        (Root.XSP, 0.5, 0.01),
        (Root.XSP, 5.0, 0.01),
        (Root.VX, 20.0, 0.05),
        (Root.VXM, 20.0, 0.01),
    ],
)
def test_tick_size_is_the_contract_specification(root, price, tick) -> None:
    assert tick_size(root, price) == tick


FILLS = [
    # root, mid, contracts, day, price on paper; half the half-spread is paid: 0.1 / 2 = 0.05 for SPX in 2022
    pytest.param(Root.SPX, 10.02, 1.0, NEW, 10.1, id="buy: 10.07 -> 10.1"),
    pytest.param(Root.SPX, 10.02, -2.0, NEW, 10.0, id="sell: 9.97 -> 10.0"),
    pytest.param(Root.SPX, 10.08, -2.0, NEW, 10.0, id="sell: 10.03 -> 10.0"),
    pytest.param(Root.SPX, 8.0, 1.0, OLD, 8.4, id="buy in the pit: 8 + 0.4 -> 8.4"),
    pytest.param(Root.SPX, 8.0, -1.0, OLD, 7.6, id="sell in the pit: 8 - 0.4 -> 7.6"),
    pytest.param(Root.SPX, 2.02, 1.0, NEW, 2.05, id="buy under 3: 2.07 -> 2.05 on the nickel"),
    pytest.param(Root.SPX, 2.02, -1.0, NEW, 1.95, id="sell under 3: 1.97 -> 1.95"),
    pytest.param(Root.SPX, 2.97, 1.0, NEW, 3.0, id="buy across 3: 3.02 -> 3.0 on the dime"),
    pytest.param(Root.SPX, 0.0, 1.0, NEW, 0.05, id="buying the worthless costs a tick"),
    pytest.param(Root.SPX, 0.02, -1.0, NEW, 0.0, id="selling the worthless brings nothing"),
    pytest.param(Root.XSP, 1.002, 1.0, OLD, 1.05, id="XSP: 1.002 + 0.04505 = 1.04705 -> 1.05"),
    pytest.param(Root.VX, 20.02, 1.0, NEW, 20.05, id="VX: 20.0325 -> 20.05"),
    pytest.param(Root.VX, 20.02, -1.0, NEW, 20.0, id="VX: 20.0075 -> 20.0"),
    pytest.param(Root.VXM, 20.004, 1.0, NEW, 20.02, id="VXM: 20.0165 -> 20.02"),
    pytest.param(Root.VIX, 1.02, 1.0, NEW, 1.05, id="VIX call: 1.02 + 0.0201 -> 1.05"),
    pytest.param(Root.VIX, 1.02, -1.0, NEW, 1.0, id="VIX call: 0.9999 -> 1.0"),
    pytest.param(Root.VIX, 1.04, 1.0, NEW, 1.05, id="VIX call: 1.0602 -> 1.05"),
]


@pytest.mark.parametrize(("root", "mid", "contracts", "day", "expected"), FILLS)
def test_fill_is_the_one_on_paper(root, mid, contracts, day, expected) -> None:
    # abs 1e-12: a whole number of ticks of 0.05 is not a double.
    assert fill_price(root, mid, contracts, -0.16, 15.0, day, EASY) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("contracts", [1.0, -1.0])
def test_fill_of_an_unknown_mid_is_unknown(contracts) -> None:
    assert math.isnan(fill_price(Root.SPX, math.nan, contracts, -0.16, 15.0, NEW, EASY))


FREE = EASY._replace(spread_share=0.0)


@pytest.mark.parametrize(
    ("mid", "contracts", "expected"),
    [(10.04, 1.0, 10.1), (10.06, -1.0, 10.0), (2.01, 1.0, 2.05), (2.04, -1.0, 2.0)],
)
def test_nearest_tick_that_would_beat_the_mid_is_moved_by_one(mid, contracts, expected) -> None:
    # With no spread to pay the nearest ticks, 10.0, 10.1, 2.0 and 2.05, would all be better than the mid.
    assert fill_price(Root.SPX, mid, contracts, -0.16, 15.0, NEW, FREE) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("contracts", [1.0, -1.0])
def test_mid_on_a_tick_is_its_own_nearest_tick(contracts) -> None:
    # As real quotes have it: 0.15 is a price of 3 ticks however the double of 3 x 0.05 is rounded.
    mids = [nickels / 20 for nickels in range(1, 60)]
    fills = [fill_price(Root.SPX, mid, contracts, -0.16, 15.0, NEW, FREE) for mid in mids]
    assert fills == pytest.approx(mids, abs=1e-12)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    root=st.sampled_from([Root.SPX, Root.SPXW, Root.XSP, Root.VIX, Root.VX, Root.VXM]),
    mid=st.floats(0.0, 300.0),
    contracts=st.sampled_from([1.0, -1.0, 0.25, -7.0]),
    delta=st.floats(-1.0, 1.0),
    vix=st.floats(5.0, 90.0),
    day=st.integers(12_000, 20_500),
)
def test_fill_is_on_the_grid_on_our_worse_side_and_near(root, mid, contracts, delta, vix, day) -> None:
    costs = CostParams()
    price = fill_price(root, mid, contracts, delta, vix, day, costs)
    paid = costs.spread_share * half_spread(root, mid, delta, vix, day, costs)
    grid = {Root.XSP: 0.01, Root.VXM: 0.01}.get(root, 0.05)
    # 1e-9: whole ticks are sums of rounded doubles.
    assert abs(price / grid - round(price / grid)) < 1e-9
    if contracts > 0:
        assert price >= max(mid, grid) - 1e-9
    else:
        assert 0.0 <= price <= mid + 1e-9
    assert abs(price - mid) <= paid + 0.10 + 1e-9  # never further than the spread and the widest tick


@pytest.mark.parametrize(
    ("root", "contracts", "usd"),
    [
        (Root.SPX, -2.0, 2.60),  # 2 x 1.30
        (Root.XSP, 10.0, 13.0),
        (Root.VIX, 0.5, 0.65),  # a fractional contract pays in proportion
        (Root.VX, -3.0, 7.50),
        (Root.VXM, 4.0, 3.60),
        (Root.SPX, 0.0, 0.0),
    ],
)
def test_trade_fee_is_a_rate_a_contract(root, contracts, usd) -> None:
    # rel 1e-12: one product of doubles.
    assert trade_fee(root, contracts, CostParams()) == pytest.approx(usd, rel=1e-12)


def test_settlement_fee_is_a_rate_a_contract_of_either_sign() -> None:
    costs = CostParams(settlement_fee=0.25)
    assert settlement_fee(-4.0, costs) == settlement_fee(4.0, costs) == 1.0


PUT_WIDER = condor_lots(2.0, (3500.0, 3700.0, 4300.0, 4400.0))  # 200 points below, 100 above
CALL_WIDER = condor_lots(2.0, (3650.0, 3700.0, 4300.0, 4375.0))  # 50 below, 75 above


@pytest.mark.parametrize(
    ("legs", "worst"),
    [
        pytest.param(PUT_WIDER, -40_000.0, id="200 points x 2 x 100 USD"),
        pytest.param(CALL_WIDER, -15_000.0, id="75 points x 2 x 100 USD"),
        pytest.param(PUT_WIDER[1:], -740_000.0, id="a put without its wing: down to an index of 0"),
        pytest.param(PUT_WIDER[:2], -40_000.0, id="the put side alone"),
        pytest.param(PUT_WIDER[:1], 0.0, id="a wing alone owes nothing"),
        pytest.param([call_lot(9, Layer.TWO, 30, contracts=-5.0)], 0.0, id="hedges are not in it"),
        pytest.param(
            [*PUT_WIDER, call_lot(9, Layer.TWO, 30, contracts=-9.0)], -40_000.0, id="nor beside legs"
        ),
    ],
)
def test_worst_payoff_is_the_one_on_paper(legs, worst) -> None:
    assert worst_payoff(rows_of(legs), 1) == worst


def test_another_condor_of_the_book_is_not_in_the_worst_payoff() -> None:
    other = condor_lots(5.0, (3000.0, 3600.0, 4300.0, 4400.0), group=2)
    assert worst_payoff(rows_of(PUT_WIDER + other), 1) == -40_000.0


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    gaps=st.tuples(*[st.integers(1, 60)] * 3),
    low=st.integers(40, 120),
    contracts=st.sampled_from([0.25, 1.0, 3.0]),
    root=st.sampled_from([Root.SPX, Root.SPXW, Root.XSP]),
)
def test_worst_payoff_is_the_worst_of_a_dense_grid(gaps, low, contracts, root) -> None:
    strikes = tuple(5.0 * total for total in np.cumsum((low, *gaps)).tolist())
    lots = rows_of(condor_lots(contracts, strikes, root=root))
    levels = np.arange(0.0, 2.0 * strikes[3], 2.5)  # holds every strike
    values = np.zeros(len(levels))
    for strike, right, sign in zip(strikes, (-1, -1, 1, 1), (1, -1, -1, 1), strict=True):
        values += sign * contracts * 100.0 * np.maximum(0.0, right * (levels - strike))
    # abs 1e-6 USD: sums of four products up to 1e6.
    assert worst_payoff(lots, 1) == pytest.approx(values.min(), abs=1e-6)
    at = len(levels) // 3
    assert group_payoff(lots, 1, levels[at]) == pytest.approx(values[at], abs=1e-6)


def test_margin_is_the_worst_payoff_less_the_credit_each_condor_apart() -> None:
    second = condor_lots(1.0, (3650.0, 3700.0, 4300.0, 4375.0), group=2)
    lots = rows_of(PUT_WIDER + second)
    rows = condors(
        {"id": 1, "contracts": 2.0, "credit_points": 12.5},  # 40,000 - 12.5 x 2 x 100 = 37,500
        {
            "id": 2,
            "contracts": 1.0,
            "credit_points": 90.0,
        },  # 7,500 - 9,000 < 0: nothing
    )
    assert condor_margin(lots, rows) == 37_500.0


def test_futures_need_a_deposit_and_bought_calls_none() -> None:
    lots = rows_of(
        [future_lot(1, 30, -2.0), future_lot(2, 30, 5.0, root=Root.VXM), call_lot(3, Layer.TWO, 30)]
    )
    marks = np.zeros(3, dtype=MARK)
    marks["mid"] = (20.0, 22.0, 1.5)
    # 0.4 x (2 x 1,000 x 20 + 5 x 100 x 22) = 0.4 x (40,000 + 11,000)
    assert hedge_margin(lots, marks, CostParams(vx_margin_rate=0.4)) == pytest.approx(20_400.0, rel=1e-12)


def test_required_money_is_the_worst_payoff_gross_of_credit_and_the_deposits() -> None:
    lots = rows_of([*PUT_WIDER, future_lot(5, 30, 1.0)])
    marks = np.zeros(5, dtype=MARK)
    marks["mid"][4] = 25.0
    rows = condors({"id": 1, "contracts": 2.0, "credit_points": 12.5})
    # 40,000 of the put wing + 0.4 x 25,000; the credit is in cash already.
    assert required_money(lots, marks, rows, CostParams(vx_margin_rate=0.4)) == pytest.approx(50_000.0)
