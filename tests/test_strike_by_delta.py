"""The strike of a delta on real days, against a search of every listed strike; and the grid's fine zone."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit
from price_checks import Floats, black_d1, deviation

from alvh_bt.contracts import Right, Root, calendar_date, epoch_day
from alvh_bt.market import load_market
from alvh_bt.pricing.day import DayPrices, forward_price, sigma_at
from alvh_bt.pricing.flat import flat_prices
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.pricing.spx_surface import spx_sigma
from alvh_bt.pricing.strikes import listed_strike, strike_by_delta, strike_step
from alvh_bt.pricing.vix_surface import vix_sigma

DAY = 19_000


def listed_index_strikes(forward: float, low: float, high: float, days: float) -> Floats:
    """Each 5 points in the zone, its ends moved out to 25 points; each 25 points elsewhere."""
    coarse = np.arange(25.0, 4.0 * forward, 25.0)
    if days > 100.0:
        return coarse
    fine = np.arange(25.0 * (low * forward // 25.0), 25.0 * -(-high * forward // 25.0) + 1.0, 5.0)
    return np.union1d(coarse, fine[fine > 0.0])


def listed_vix_strikes(year: int) -> Floats:
    whole = 20.0 if year < 2010 else 30.0
    return np.concatenate([np.arange(1.0, whole), np.arange(whole, 50.0, 2.5), np.arange(50.0, 2000.0, 5.0)])


@njit
def deltas(
    sigma: Any, surface: Any, tau: float, forward: float, whole: float, right: int, strikes: Floats
) -> Floats:
    """|delta| of each strike; `whole` is that of an option that is sure to be exercised."""
    found = np.empty(len(strikes))
    for j in range(len(strikes)):
        k = math.log(strikes[j] / forward)
        d1 = black_d1(k, deviation(sigma, surface, k, tau))
        found[j] = whole * 0.5 * math.erfc(-right * d1 / math.sqrt(2.0))
    return found


def gaps_of(root: Root, right: Right, days: int, delta: float, prices: DayPrices) -> dict[float, float]:
    """How far each listed strike's |delta| is from the one asked for, by strike."""
    forward = forward_price(root, prices.day + days, prices)
    # AM roots settle six and a half hours before the close.
    tau = (days - (0.0 if root == Root.SPXW else 6.5 / 24.0)) / 365.0
    if root == Root.VIX:
        strikes, carry = listed_vix_strikes(calendar_date(prices.day).year), 1.0
    else:
        zone = (0.85, 1.10) if root == Root.SPX else (0.95, 1.05)
        strikes, carry = listed_index_strikes(forward, *zone, tau * 365.0), forward / prices.spot
    whole = carry * math.exp(-prices.rate * tau)
    sigma, surface = (vix_sigma, prices.vix) if root == Root.VIX else (spx_sigma, prices.spx)
    found = np.abs(deltas(sigma, surface, tau, forward, whole, int(right), strikes) - delta)
    return dict(zip(strikes.tolist(), found.tolist(), strict=True))


@pytest.mark.parametrize("root", [Root.SPX, Root.SPXW, Root.VIX])
@pytest.mark.parametrize("right", [Right.CALL, Right.PUT])
def test_on_real_days_it_is_the_nearest_of_all_listed(real_data_dir: Path, root: Root, right: Right) -> None:
    market = load_market(real_data_dir / "market")
    model, checked = ModelPrices(market), 0
    for i in range(20, len(market.sessions), 40):
        if math.isnan(market.columns["vix_close"][i]):
            continue
        prices = model.at_close(i)
        for days in (7, 30, 45, 90):
            for delta in (0.05, 0.20):
                found = strike_by_delta(root, right, prices.day + days, delta, prices)
                gaps = gaps_of(root, right, days, delta, prices)
                # 1e-12: where two strikes are equally near, rounding decides.
                assert gaps[found] <= min(gaps.values()) + 1e-12, (market.sessions[i], days, delta)
                checked += 1
    assert checked > 1500


@pytest.mark.parametrize("right", [Right.CALL, Right.PUT])
@pytest.mark.parametrize("delta", [0.001, 0.01, 0.05, 0.5, 0.95])
@pytest.mark.parametrize(("vix", "days"), [(8.0, 1), (20.0, 30), (85.0, 90), (12.0, 400)])
def test_it_is_the_nearest_at_the_ends_of_delta(right: Right, delta: float, vix: float, days: int) -> None:
    prices = flat_prices(spot=4000.0, vix=vix, day=DAY, rate=0.04, dividend_yield=0.015)
    found = strike_by_delta(Root.SPXW, right, DAY + days, delta, prices)
    gaps = gaps_of(Root.SPXW, right, days, delta, prices)
    assert gaps[found] <= min(gaps.values()) + 1e-12


@pytest.mark.parametrize("right", [Right.CALL, Right.PUT])
def test_a_delta_that_no_strike_has_gives_one_that_is_sure_to_be_exercised(right: Right) -> None:
    # Discounted at 4%, no delta two years out reaches 0.99: all strikes deep in the money are as near.
    prices = flat_prices(spot=4000.0, vix=20.0, day=DAY, rate=0.04, dividend_yield=0.03)
    found = strike_by_delta(Root.SPX, right, DAY + 730, 0.99, prices)
    assert found > 0.0
    assert right * (4000.0 - found) > 2000.0


# At a forward of 332.4, 0.85 of it is 282.5 and 1.10 of it 365.6: fine from 275 to 375. At 4000: 3400, 4400.
@pytest.mark.parametrize(
    ("root", "forward", "low", "high"),
    [
        (Root.SPX, 332.4, 275.0, 375.0),
        (Root.SPX, 4000.0, 3400.0, 4400.0),
        (Root.SPXW, 332.4, 300.0, 350.0),
        (Root.SPXW, 4010.0, 3800.0, 4225.0),
    ],
)
def test_the_fine_zone_reaches_both_of_its_ends(root: Root, forward: float, low: float, high: float) -> None:
    tau = 30.0 / 365.0
    assert strike_step(root, low, forward, tau, 19_000) == 5.0
    assert strike_step(root, high - 1e-9, forward, tau, 19_000) == 5.0
    assert strike_step(root, low - 1e-9, forward, tau, 19_000) == 25.0
    assert strike_step(root, high, forward, tau, 19_000) == 25.0
    for strike in np.arange(low, high, 5.0):
        assert strike_step(root, float(strike), forward, tau, 19_000) == 5.0


@pytest.mark.parametrize("spot", [332.4, 4000.0])
def test_strikes_of_the_zone_are_listed_and_those_beyond_are_on_25_points(spot: float) -> None:
    prices = flat_prices(spot=spot, vix=18.0, day=DAY)
    asked = np.arange(math.ceil(0.85 * spot / 5.0) * 5.0, 1.10 * spot, 5.0)
    assert [listed_strike(Root.SPX, float(k), DAY + 30, prices) for k in asked] == asked.tolist()
    for k in (0.7 * spot, 1.3 * spot):
        assert listed_strike(Root.SPX, k, DAY + 30, prices) % 25.0 == 0.0


def test_sigma_of_the_search_is_that_of_the_prices() -> None:
    # The search above reads surfaces, the strike of a delta what prices are made of: the same volatilities.
    prices = flat_prices(spot=4000.0, vix=20.0, day=DAY)
    assert sigma_at(Root.SPX, -0.1, 0.1, prices) == spx_sigma(prices.spx, -0.1, 0.1)
    assert sigma_at(Root.VIX, 0.3, 0.1, prices) == vix_sigma(prices.vix, 0.3, 0.1)


@pytest.mark.parametrize(
    ("day", "strike", "step"),
    [
        ("2009-12-31", 19.0, 1.0),
        ("2009-12-31", 20.0, 2.5),
        ("2009-12-31", 29.9, 2.5),
        ("2010-01-04", 29.9, 1.0),
        ("2010-01-04", 30.0, 2.5),
        ("2009-12-31", 50.0, 5.0),
    ],
)
def test_vix_strikes_between_20_and_30_stood_2_5_apart_until_2009(
    day: str, strike: float, step: float
) -> None:
    assert strike_step(Root.VIX, strike, 25.0, 0.1, epoch_day(dt.date.fromisoformat(day))) == step
