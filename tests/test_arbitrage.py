"""No arbitrage: the derivatives by finite differences, smiles that must be refused, and every real day."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit
from price_checks import Floats, least_butterfly, least_calendar, least_delta_fall

from alvh_bt.errors import ConfigError, DataError
from alvh_bt.market import Market, load_market
from alvh_bt.pricing.arbitrage import _derivatives, smile_slack
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.pricing.parameters import load_parameters
from alvh_bt.pricing.smile_checks import check_spx_smile, check_vix_smile
from alvh_bt.pricing.spx_surface import spx_sigma
from alvh_bt.pricing.ssvi import SmileShape, total_variance
from alvh_bt.pricing.vix_surface import vix_sigma

FITTED = load_parameters()
WINGED = SmileShape(-0.6, 1.17, 0.41, 0.344, 2.96, 0.73)


@pytest.mark.parametrize("shape", [SmileShape(-0.5, 1.0, 0.5), WINGED, SmileShape(0.7, 1.24, 0.325)])
@pytest.mark.parametrize("theta", [1e-4, 0.0033, 0.2])
def test_derivatives_are_those_of_finite_differences(theta: float, shape: SmileShape) -> None:
    k = np.sqrt(theta) * np.array([-9.0, -3.5, -2.9, -1.0, -0.2, 0.0, 0.3, 1.0, 2.5])
    w, slope, bend, growth = _derivatives(k, np.array(theta), shape)
    h = 1e-4 * math.sqrt(theta)
    left, own, right = (total_variance(k + step, theta, shape) for step in (-h, 0.0, h))
    np.testing.assert_allclose(w, own, rtol=1e-14)
    # Central differences over 1e-4 deviations leave 1e-8; second ones the rounding of 1e-16 / 1e-8 besides.
    np.testing.assert_allclose(slope, (right - left) / (2 * h), rtol=1e-6, atol=1e-7 * math.sqrt(theta))
    np.testing.assert_allclose(bend, (right - 2 * own + left) / h**2, rtol=1e-5, atol=1e-6)
    up, down = (total_variance(k, theta * math.exp(step), shape) for step in (1e-5, -1e-5))
    np.testing.assert_allclose(growth, (up - down) / 2e-5, rtol=1e-7)


def test_slack_of_a_flat_smile_by_hand() -> None:
    # w = theta: no slope, so g = 1 everywhere; w is theta itself, so d ln w / d ln theta = 1.
    slack = smile_slack(SmileShape(0.0, 1e-12, 0.5), np.array([0.01, 0.04]))
    assert slack == pytest.approx((1.0, 1.0), abs=1e-9)


def test_derivatives_at_the_money_by_hand() -> None:
    # rho 0, gamma 1/2, eta 1, theta 0.04: phi^2 = 1 / (0.04 x 1.04); at k = 0 the slope is 0, the bend
    # 0.02 phi^2 = 0.4807692, and the growth is theta.
    w, slope, bend, growth = _derivatives(np.array([0.0]), np.array(0.04), SmileShape(0.0, 1.0, 0.5))
    assert (w[0], slope[0], bend[0], growth[0]) == pytest.approx((0.04, 0.0, 0.4807692, 0.04), abs=1e-7)


@njit
def vogt_sigma(surface: float, k: float, tau: float) -> float:
    """Raw SVI with the numbers of Vogt (Gatheral & Jacquier 2014, example 3.1), known to have arbitrage."""
    aside = k - 0.3586
    return math.sqrt(-0.0410 + 0.1331 * (0.3060 * aside + math.sqrt(aside**2 + 0.4153**2)))


def test_the_independent_check_finds_the_arbitrage_of_a_known_smile() -> None:
    # The paper's figure has the density negative about k = 0.8, and positive about the money.
    in_money = vogt_sigma(0.0, 0.0, 1.0)
    assert least_butterfly(vogt_sigma, 0.0, 1.0, np.linspace(0.7, 1.0, 61) / in_money) < -1e-6
    assert least_butterfly(vogt_sigma, 0.0, 1.0, np.linspace(-0.4, 0.4, 61) / in_money) > 1e-6


@pytest.mark.parametrize(
    ("shape", "theta"),
    [
        # theta phi (1 + |rho|) < 4 is necessary (theorem 4.2): phi = 8.4 here, and 0.9 x 8.4 x 1.8 = 13.6.
        (SmileShape(-0.8, 11.0, 0.5), 0.9),
        # Too curved for its level at the money: theta phi^2 (1 + |rho|) = 16 x 1.5 = 24 is far above 4.
        (SmileShape(-0.5, 4.0, 0.5), 0.0025),
        # A wing that turns too soon and too sharply.
        (SmileShape(-0.5, 1.0, 0.5, 1.5, 2.0, 0.05), 0.0033),
    ],
)
def test_shapes_of_too_much_curvature_have_butterflies_below_nothing(shape: SmileShape, theta: float) -> None:
    @njit
    def sigma(surface: Any, k: float, tau: float) -> float:
        return math.sqrt(total_variance(k, theta, shape) / tau)

    by_prices = least_butterfly(sigma, 0.0, 1.0, np.sinh(np.linspace(-3.0, 2.0, 801)))
    assert by_prices < 0.0
    assert smile_slack(shape, np.array([theta])).butterfly < 0.0


def test_a_wide_wing_gives_no_false_alarm() -> None:
    # A lower wing that turns over two deviations: the prices say that it is sound, and so does the slack.
    shape = SmileShape(-0.5, 1.0, 0.5, 0.3, 3.0, 2.0)

    @njit
    def sigma(surface: Any, k: float, tau: float) -> float:
        return math.sqrt(total_variance(k, 0.0033, shape) / tau)

    assert least_butterfly(sigma, 0.0, 1.0, np.sinh(np.linspace(-3.0, 2.0, 801))) > 0.0
    assert smile_slack(shape, np.array([0.0033])).butterfly > 0.0


def test_a_smile_that_flattens_too_fast_has_calendar_spreads_below_nothing() -> None:
    # d ln(theta phi) / d ln(theta) = 1 - gamma - (1 - gamma) theta / (1 + theta) must lie within 0 and
    # (1 + sqrt(1 - rho^2)) / rho^2 (theorem 4.1): gamma = 1.6 makes it negative.
    shape = SmileShape(-0.9, 0.5, 1.6)
    assert total_variance(-0.5, 0.02, shape) < total_variance(-0.5, 0.01, shape)
    assert smile_slack(shape, np.array([0.01])).calendar < 0.0


def test_packaged_smiles_pass() -> None:
    check_spx_smile(FITTED.spx_smile)
    check_vix_smile(FITTED.vix_smile)
    assert FITTED.spx_smile.wing > 0.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rho": 1.0}, r"rho = 1.0 must lie inside \(-1, 1\)"),
        ({"rho": -1.2}, "rho"),
        ({"rho": math.nan}, "rho"),
        ({"gamma": 0.0}, r"gamma = 0.0 must lie in \(0, 0.5\]"),
        ({"gamma": 0.51}, "gamma"),
        ({"eta": 0.0}, "eta = 0.0 must be above 0"),
        ({"eta": -1.0}, "eta"),
        ({"eta_cap": 0.0}, "eta_cap = 0.0 must be above 0"),
        ({"eta_cap": 9.0, "eta": 6.0}, "butterflies cost less than nothing .*; lower eta_cap"),
    ],
)
@pytest.mark.parametrize("which", ["spx_smile", "vix_smile"])
def test_broken_smiles_are_refused(which: str, change: dict[str, float], words: str) -> None:
    refuse(which, change, words)


@pytest.mark.parametrize(
    ("which", "change", "words"),
    [
        ("spx_smile", {"wing": -0.1}, "wing = -0.1 must be 0 or more"),
        ("spx_smile", {"wing": math.nan}, "wing = nan must be a finite number"),
        ("spx_smile", {"wing_width": 0.0}, "wing_width = 0.0 must be above 0"),
        ("spx_smile", {"wing_start": -1.0}, "wing_start = -1.0 must be above 0"),
        ("spx_smile", {"wing": 2.0, "wing_width": 0.05}, "butterflies cost less than nothing"),
        ("spx_smile", {"eta_on_skew": math.nan}, "eta_on_skew = nan must be a finite number"),
        ("spx_smile", {"eta_on_skew": 2.0, "eta_cap": 12.0}, "SKEW .* and VIX .*: butterflies"),
        ("vix_smile", {"decay": 0.0}, "decay = 0.0 must be above 0"),
        ("vix_smile", {"eta_on_vix": math.nan}, "eta_on_vix = nan must be a finite number"),
        ("vix_smile", {"eta_cap": 4.0, "eta_on_vix": -3.0}, "at VIX 8: butterflies"),
    ],
)
def test_broken_wings_caps_and_decays_are_refused(which: str, change: dict[str, float], words: str) -> None:
    refuse(which, change, words)


def refuse(which: str, change: dict[str, float], words: str) -> None:
    check: Callable[[Any], None] = check_spx_smile if which == "spx_smile" else check_vix_smile
    with pytest.raises(ConfigError, match=rf"{which}.*{words}") as refused:
        check(getattr(FITTED, which)._replace(**change))
    assert "\n" not in str(refused.value)


#: Years at which real days are looked at: 2 to 365 calendar days.
YEARS = np.array([2.0, 4.0, 7.0, 12.0, 20.0, 30.0, 45.0, 75.0, 120.0, 184.0, 270.0, 365.0]) / 365.0

#: Strikes in standard deviations: 37 below the forward to 15 above; puts cost 1e-12 of the index there.
COARSE = np.sinh(np.linspace(-4.3, 3.4, 62))
FINE = np.sinh(np.linspace(-4.3, 3.4, 501))

#: Log-moneynesses of calendar spreads.
MONEYNESS = np.concatenate([np.linspace(-3.0, -0.6, 9), np.linspace(-0.5, 0.5, 31), np.linspace(0.6, 1.5, 5)])


@njit
def slack_of_day(spx: Any, vix: Any, z: Floats) -> tuple[float, float, float, float]:
    """The least butterfly, calendar spread and fall of delta of SPX options, and butterfly of VIX options."""
    butterfly = delta_fall = vix_butterfly = math.inf
    for tau in YEARS:
        butterfly = min(butterfly, least_butterfly(spx_sigma, spx, tau, z))
        # |delta| falls from the forward to 0.001 on both sides.
        delta_fall = min(delta_fall, least_delta_fall(spx_sigma, spx, tau, z, 0.001))
        vix_butterfly = min(vix_butterfly, least_butterfly(vix_sigma, vix, tau, z))
    return butterfly, least_calendar(spx_sigma, spx, YEARS, MONEYNESS), delta_fall, vix_butterfly


def slack_of_days(market: Market, at_open: bool, every: int, z: Floats) -> Floats:
    model = ModelPrices(market)
    moment = model.at_open if at_open else model.at_close
    rows = []
    for i in range(0, len(market.sessions), every):
        try:
            prices = moment(i)
        except DataError:
            continue
        rows.append(slack_of_day(prices.spx, prices.vix, z))
    return np.array(rows)


@pytest.mark.long
@pytest.mark.parametrize("at_open", [False, True])
def test_no_real_day_has_arbitrage(real_data_dir: Path, at_open: bool) -> None:
    """Every session of 1990-2024 with a VIX, from prices and volatilities alone."""
    market = load_market(real_data_dir / "market")
    assert market.sessions[0] < np.datetime64("1990-02-01")
    assert market.sessions[-1] > np.datetime64("2024-12-01")
    coarse = slack_of_days(market, at_open, 1, COARSE)
    assert len(coarse) > 8800
    fine = slack_of_days(market, at_open, 20, FINE)
    for slack in (coarse.min(axis=0), fine.min(axis=0)):
        butterfly, calendar, delta_fall, vix_butterfly = slack
        # -1e-9 of the middle option: prices this far out carry twelve digits.
        assert min(butterfly, vix_butterfly) > -1e-9
        assert calendar >= 0.0
        assert delta_fall > 0.0


def test_the_steepest_days_have_no_arbitrage(real_data_dir: Path) -> None:
    """The days of the most curvature and of the highest VIX, strike by strike and week by week."""
    market = load_market(real_data_dir / "market")
    model = ModelPrices(market)
    for date in ("2024-12-24", "2018-10-01", "2008-11-20", "2020-03-16", "1993-12-22", "2017-11-03"):
        prices = model.at_close(market.index_of(dt.date.fromisoformat(date)))
        weeks = np.arange(2.0, 366.0, 7.0) / 365.0
        z = np.sinh(np.linspace(-4.3, 3.4, 801))
        for tau in weeks:
            assert least_butterfly(spx_sigma, prices.spx, tau, z) >= -1e-9
            assert least_delta_fall(spx_sigma, prices.spx, tau, z, 0.001) > 0.0
        assert least_calendar(spx_sigma, prices.spx, weeks, MONEYNESS) >= 0.0
