"""Vanna and volga of Black's model, against QuantLib's delta and vega and against limits."""

from __future__ import annotations

import math

import pytest
import QuantLib as ql  # noqa: N813
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_bt.pricing.black import vanna_volga

#: A central difference of a step of 1e-4 leaves about 1e-8 of the third derivative.
STEP = 1e-4
CASES = [
    (2100.0, 1900.0, 45 / 365, 0.17, 0.02, -1),
    (2100.0, 2250.0, 45 / 365, 0.12, 0.02, 1),
    (18.0, 25.0, 0.2, 0.95, 0.05, 1),
    (18.0, 18.0, 0.02, 1.4, 0.0, -1),
    (4000.0, 4000.0, 1.0, 0.2, 0.03, 1),
]


def quantlib(forward, strike, tau, sigma, rate, right) -> ql.BlackCalculator:
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if right > 0 else ql.Option.Put, strike)
    return ql.BlackCalculator(payoff, forward, sigma * math.sqrt(tau), math.exp(-rate * tau))


@pytest.mark.parametrize("forward, strike, tau, sigma, rate, right", CASES)
def test_against_quantlib(forward, strike, tau, sigma, rate, right) -> None:
    up, down = (quantlib(forward, strike, tau, sigma + x, rate, right) for x in (STEP, -STEP))
    delta_slope = (up.deltaForward() - down.deltaForward()) / (2 * STEP)
    vega_slope = (up.vega(tau) - down.vega(tau)) / (2 * STEP)
    vanna, volga = vanna_volga(forward, strike, tau, sigma, rate, right)
    # A vol point is 0.01: once for vanna, twice for volga.
    assert vanna == pytest.approx(delta_slope * 1e-2, rel=1e-5, abs=1e-9)
    assert volga == pytest.approx(vega_slope * 1e-4, rel=1e-5, abs=1e-9)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(
    strike=st.floats(50.0, 200.0),
    tau=st.floats(0.01, 2.0),
    sigma=st.floats(0.05, 1.5),
    rate=st.floats(0.0, 0.1),
)
def test_a_call_and_a_put_have_the_same(strike, tau, sigma, rate) -> None:
    # Parity: their difference does not depend on the volatility.
    assert vanna_volga(100.0, strike, tau, sigma, rate, 1) == vanna_volga(100.0, strike, tau, sigma, rate, -1)


def test_limits_and_no_number() -> None:
    assert vanna_volga(100.0, 90.0, 0.0, 0.2, 0.0, 1) == (0.0, 0.0)
    assert vanna_volga(100.0, 90.0, 0.5, 0.0, 0.0, 1) == (0.0, 0.0)
    for bad in ((math.nan, 90.0, 0.5, 0.2), (100.0, 90.0, -0.5, 0.2), (100.0, 0.0, 0.5, 0.2)):
        assert all(math.isnan(value) for value in vanna_volga(*bad, 0.0, 1))
    assert all(math.isnan(value) for value in vanna_volga(100.0, 90.0, 0.5, 0.2, math.nan, 1))
