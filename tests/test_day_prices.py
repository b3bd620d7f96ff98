"""Prices of contracts at one moment, time passing, shocks, and strikes on the exchange's grid."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_bt.contracts import Contract, Right, Root, epoch_day
from alvh_bt.pricing.black import black_price
from alvh_bt.pricing.clock import OPEN_MOMENT
from alvh_bt.pricing.day import (
    DayPrices,
    forward_price,
    quote_contract,
    rolled,
    shocked,
    sigma_at,
    years_to_expiry,
)
from alvh_bt.pricing.flat import flat_prices
from alvh_bt.pricing.strikes import listed_strike, strike_by_delta

DAY = 19_000
PRICES = flat_prices(
    spot=4000.0, vix=20.0, day=DAY, rate=0.04, dividend_yield=0.015, contango=1.0, vxx=40.0, uvxy=10.0
)


@pytest.mark.parametrize(
    ("root", "expiry", "moment", "days"),
    [
        (Root.SPXW, DAY + 30, 0.0, 30.0),
        (Root.SPX, DAY + 30, 0.0, 30.0 - 6.5 / 24.0),
        (Root.SPX, DAY + 30, OPEN_MOMENT, 30.0),
        (Root.SPXW, DAY + 30, OPEN_MOMENT, 30.0 + 6.5 / 24.0),
        (Root.XSP, DAY, 0.0, 0.0),
        (Root.VIX, DAY, OPEN_MOMENT, 0.0),
        (Root.VX, DAY, 0.0, 0.0),
        (Root.SPXW, DAY - 3, 0.0, 0.0),
    ],
)
def test_time_to_settlement(root: Root, expiry: int, moment: float, days: float) -> None:
    # Exact at zero: an option at its settlement has no time value left, not 1e-12 of it.
    found = years_to_expiry(root, expiry, DAY, moment)
    assert found == pytest.approx(days / 365.0, rel=1e-14, abs=0.0)


def test_forwards() -> None:
    assert forward_price(Root.SPXW, DAY + 73, PRICES) == pytest.approx(4000.0 * math.exp(0.025 * 0.2))
    assert forward_price(Root.XSP, DAY + 73, PRICES) == pytest.approx(400.0 * math.exp(0.025 * 0.2))
    # Spot 20 and one point in 30 days: 45 days less a session out the future is at 20 + 44.729167 / 30.
    assert forward_price(Root.VIX, DAY + 45, PRICES) == pytest.approx(20.0 + (45.0 - 6.5 / 24.0) / 30.0)


def test_a_future_is_its_own_forward() -> None:
    quote = quote_contract(Contract(Root.VX, Right.FUTURE, 0.0, DAY + 45), PRICES)
    assert quote[:5] == (forward_price(Root.VX, DAY + 45, PRICES), 1.0, 0.0, 0.0, 0.0)
    assert math.isnan(quote.sigma)


@pytest.mark.parametrize("root", [Root.SPX, Root.SPXW, Root.XSP, Root.VIX])
def test_put_call_parity(root: Root) -> None:
    strike = {Root.XSP: 390.0, Root.VIX: 24.0}.get(root, 3900.0)
    expiry = DAY + 40
    call = quote_contract(Contract(root, Right.CALL, strike, expiry), PRICES)
    put = quote_contract(Contract(root, Right.PUT, strike, expiry), PRICES)
    discount = math.exp(-0.04 * years_to_expiry(root, expiry, DAY, 0.0))
    # 1e-9: rounding of prices of some hundred points.
    assert call.mid - put.mid == pytest.approx(
        discount * (forward_price(root, expiry, PRICES) - strike), abs=1e-9
    )
    assert call.sigma == put.sigma


@pytest.mark.parametrize("root", [Root.SPXW, Root.XSP, Root.VIX])
@pytest.mark.parametrize("right", [Right.CALL, Right.PUT])
def test_sensitivities_are_those_of_the_price(root: Root, right: Right) -> None:
    """Delta and gamma by moving the contract's own index (or future), the strike's volatility held."""
    strike = {Root.XSP: 385.0, Root.VIX: 24.0}.get(root, 3850.0)
    contract = Contract(root, right, strike, DAY + 40)
    quote, tau = quote_contract(contract, PRICES), years_to_expiry(root, DAY + 40, DAY, 0.0)
    forward = forward_price(root, DAY + 40, PRICES)
    carry = 1.0 if root == Root.VIX else math.exp((0.04 - 0.015) * tau)

    def price(move: float, sigma: float = quote.sigma) -> float:
        return black_price(forward + move * carry, strike, tau, sigma, 0.04, int(right))

    step = 1e-3 * forward
    assert quote.mid == pytest.approx(price(0.0), rel=1e-13)
    # Central differences are right to the step squared: 1e-4 of delta, 1e-3 of gamma, 1e-3 of vega.
    assert quote.delta == pytest.approx((price(step) - price(-step)) / (2 * step), rel=1e-3, abs=1e-6)
    bent = (price(step) - 2 * price(0.0) + price(-step)) / step**2
    assert quote.gamma == pytest.approx(bent, rel=1e-3)
    assert quote.vega == pytest.approx(
        price(0.0, quote.sigma + 0.005) - price(0.0, quote.sigma - 0.005), rel=1e-3
    )


def test_vix_options_hang_on_their_future_not_on_spot() -> None:
    low_spot = PRICES._replace(vix_level=12.0, curve=PRICES.curve._replace(spot_vix=12.0))
    contract = Contract(Root.VIX, Right.CALL, 25.0, DAY + 60)
    assert quote_contract(contract, low_spot) == quote_contract(contract, PRICES)


@pytest.mark.parametrize(
    ("contract", "value"),
    [
        (Contract(Root.SPXW, Right.CALL, 3950.0, DAY), 50.0),
        (Contract(Root.SPXW, Right.PUT, 3950.0, DAY), 0.0),
        (Contract(Root.XSP, Right.PUT, 405.0, DAY), 5.0),
    ],
)
def test_at_settlement_an_option_is_worth_its_intrinsic_value(contract: Contract, value: float) -> None:
    assert quote_contract(contract, PRICES).mid == pytest.approx(value, abs=1e-9)


def test_am_contracts_are_worth_their_intrinsic_value_at_the_open() -> None:
    opened = flat_prices(spot=4000.0, vix=20.0, day=DAY, at_open=True, contango=5.0)
    assert quote_contract(Contract(Root.SPX, Right.CALL, 3950.0, DAY), opened).mid == 50.0
    assert quote_contract(Contract(Root.VIX, Right.CALL, 17.5, DAY), opened).mid == 2.5
    assert quote_contract(Contract(Root.VX, Right.FUTURE, 0.0, DAY), opened).mid == 20.0


def test_time_passes_and_the_futures_roll_down_the_curve() -> None:
    later = rolled(PRICES, 10)
    future = Contract(Root.VX, Right.FUTURE, 0.0, DAY + 45)
    drop = quote_contract(future, PRICES).mid - quote_contract(future, later).mid
    # One point in 30 days of tenor: a third of a point in ten days.
    assert drop == pytest.approx(10.0 / 30.0, abs=1e-12)
    assert later.vxx < PRICES.vxx and later.uvxy < PRICES.uvxy
    assert later._replace(day=DAY, vxx=PRICES.vxx, uvxy=PRICES.uvxy) == PRICES
    steep = flat_prices(spot=4000.0, vix=20.0, day=DAY, contango=-1.0)
    assert quote_contract(future, rolled(steep, 10)).mid > quote_contract(future, steep).mid


def test_a_day_of_theta_is_a_day_of_time() -> None:
    # Eight days out the surface has one vol by tenor, and without carry the price after a day differs by
    # theta, which grows as 1 / sqrt(time): by 1 / 16 over that day, so by half of it, 3%, on average.
    plain = flat_prices(spot=4000.0, vix=20.0, day=DAY)
    contract = Contract(Root.SPXW, Right.CALL, 4000.0, DAY + 8)
    change = quote_contract(contract, rolled(plain, 1)).mid - quote_contract(contract, plain).mid
    assert change == pytest.approx(quote_contract(contract, plain).theta, rel=0.04)


def test_a_shock_moves_everything_and_vix_stops_at_five() -> None:
    crash = shocked(PRICES, -0.10, 20.0)
    assert (crash.spot, crash.vix_level, crash.curve.spot_vix) == (3600.0, 40.0, 40.0)
    gains = np.array(crash.curve.price) - np.array(PRICES.curve.price)
    assert np.all(gains > 0.0)
    assert np.all(np.diff(gains) < 0.0)
    put = Contract(Root.SPX, Right.PUT, 3600.0, DAY + 45)
    call = Contract(Root.VIX, Right.CALL, 25.0, DAY + 35)
    assert quote_contract(put, crash).mid > 3.0 * quote_contract(put, PRICES).mid
    assert quote_contract(call, crash).mid > quote_contract(call, PRICES).mid + 4.0
    calm = shocked(PRICES, 0.02, -30.0)
    assert (calm.vix_level, calm.curve.spot_vix, calm.spx.node_vol[1]) == (5.0, 5.0, 5.0)
    assert shocked(PRICES, 0.0, 0.0) == PRICES


@pytest.mark.parametrize(
    ("root", "asked", "days", "listed"),
    [
        (Root.SPX, 3801.0, 40, 3800.0),
        (Root.SPX, 3803.0, 40, 3805.0),
        (Root.SPX, 3802.5, 40, 3800.0),
        (Root.SPX, 3203.0, 40, 3200.0),
        (Root.SPX, 3213.0, 40, 3225.0),
        (Root.SPX, 3803.0, 150, 3800.0),
        (Root.SPXW, 3903.0, 7, 3905.0),
        (Root.SPXW, 3703.0, 7, 3700.0),
        (Root.XSP, 380.6, 40, 381.0),
        (Root.VIX, 17.4, 35, 17.0),
        (Root.VIX, 31.0, 35, 30.0),
        (Root.VIX, 31.6, 35, 32.5),
        (Root.VIX, 52.6, 35, 55.0),
        (Root.SPX, 1.0, 40, 25.0),
    ],
)
def test_listed_strikes(root: Root, asked: float, days: int, listed: float) -> None:
    assert listed_strike(root, asked, DAY + days, PRICES) == listed


def test_there_is_no_strike_where_there_is_no_option() -> None:
    assert math.isnan(listed_strike(Root.VX, 20.0, DAY + 40, PRICES))
    for root, right, expiry, delta in (
        (Root.VX, Right.CALL, DAY + 40, 0.2),
        (Root.SPX, Right.FUTURE, DAY + 40, 0.2),
        (Root.SPX, Right.PUT, DAY - 1, 0.2),
        (Root.SPX, Right.PUT, DAY + 40, 0.0),
        (Root.SPX, Right.PUT, DAY + 40, 1.0),
        (Root.SPX, Right.PUT, DAY + 40, math.nan),
    ):
        assert math.isnan(strike_by_delta(root, right, expiry, delta, PRICES))


def nearest_by_search(root: Root, right: Right, expiry: int, delta: float, prices: DayPrices) -> float:
    """The same question answered by pricing every listed strike."""
    forward = forward_price(root, expiry, prices)
    step = 0.5 if root in (Root.VIX, Root.XSP) else 5.0
    grid = np.arange(step, 4.0 * forward, step)
    listed = [k for k in grid if listed_strike(root, k, expiry, prices) == k]
    deltas = [abs(quote_contract(Contract(root, right, k, expiry), prices).delta) for k in listed]
    return float(listed[int(np.argmin(np.abs(np.array(deltas) - delta)))])


@pytest.mark.parametrize("root", [Root.SPX, Root.SPXW, Root.XSP, Root.VIX])
@pytest.mark.parametrize("right", [Right.CALL, Right.PUT])
@pytest.mark.parametrize("delta", [0.05, 0.16, 0.30, 0.50, 0.85])
@pytest.mark.parametrize("days", [2, 45])
def test_strike_by_delta_is_the_nearest_of_all_listed(
    root: Root, right: Right, delta: float, days: int
) -> None:
    found = strike_by_delta(root, right, DAY + days, delta, PRICES)
    assert found == nearest_by_search(root, right, DAY + days, delta, PRICES)


@given(
    vix=st.floats(9.0, 80.0),
    days=st.integers(1, 80),
    delta=st.floats(0.03, 0.45),
    right=st.sampled_from([Right.CALL, Right.PUT]),
)
@settings(max_examples=60, deadline=None)
def test_less_delta_is_further_out(vix: float, days: int, delta: float, right: Right) -> None:
    prices = flat_prices(spot=4000.0, vix=vix, day=DAY)
    near = strike_by_delta(Root.SPX, right, DAY + days, delta, prices)
    far = strike_by_delta(Root.SPX, right, DAY + days, delta / 2, prices)
    assert right * (far - near) >= 0.0


def test_offered_strikes_were_listed_on_real_days(real_data_dir: Path) -> None:
    """Of the strikes that the rule offers from 0.88 to 1.05 of the index, nearly all were quoted."""
    for file, spot, vix in (
        ("spx_2011-01-03_2011-01-07.csv.gz", 1271.87, 17.6),
        ("spx_2022-07-12_intraday.csv.gz", 3856.28, 27.3),
    ):
        chain = pd.read_csv(real_data_dir / "chains" / file)
        chain = chain[(chain["quote_date"] == chain["quote_date"].iloc[0]) & (chain["root"] == "SPX")]
        day = epoch_day(dt.date.fromisoformat(chain["quote_date"].iloc[0]))
        prices = flat_prices(spot=spot, vix=vix, day=day)
        for expiration, one in chain.groupby("expiration"):
            expiry = epoch_day(dt.date.fromisoformat(str(expiration)))
            if not 0 < expiry - day <= 70:
                continue
            asked = np.arange(0.88 * spot, 1.05 * spot, 5.0)
            offered = {listed_strike(Root.SPX, k, expiry, prices) for k in asked}
            assert len(offered) > 40
            assert offered <= set(one["strike"])


def plain(function: Any) -> Any:
    """The function as Python runs it: itself where nothing is compiled."""
    return getattr(function, "py_func", function)


def test_compiled_and_plain_agree() -> None:
    for contract in (
        Contract(Root.SPX, Right.PUT, 3600.0, DAY + 40),
        Contract(Root.VIX, Right.CALL, 25.0, DAY + 40),
    ):
        # 1e-10: the compiler fuses operations, and deep wings amplify the last digit.
        interpreted = plain(quote_contract)(contract, PRICES)
        np.testing.assert_allclose(quote_contract(contract, PRICES), interpreted, rtol=1e-10)
    assert sigma_at(Root.VIX, 0.2, 0.1, PRICES) == pytest.approx(plain(sigma_at)(Root.VIX, 0.2, 0.1, PRICES))
    plain_strike = plain(strike_by_delta)(Root.SPX, -1, DAY + 40, 0.16, PRICES)
    assert strike_by_delta(Root.SPX, -1, DAY + 40, 0.16, PRICES) == plain_strike
    crash = plain(shocked)(PRICES, -0.1, 20.0)
    np.testing.assert_allclose(shocked(PRICES, -0.1, 20.0).curve.price, crash.curve.price, rtol=1e-13)
