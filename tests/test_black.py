from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from alvh_bt.errors import ConfigError
from alvh_bt.pricing import black, normal
from alvh_bt.pricing.black import (
    black_delta,
    black_gamma,
    black_greeks,
    black_price,
    implied_vol,
    price_delta_vega,
    price_delta_vega_batch,
    strike_from_delta,
    theta_per_day,
    vega_per_vol_point,
)

CALL, PUT = 1, -1
SCALARS = [black_price, black_delta, black_gamma, vega_per_vol_point, theta_per_day]
# No deadline: the first example pays for compilation. Derandomized: the same examples on every run.
examples = settings(deadline=None, derandomize=True, max_examples=200)

forwards = st.floats(5.0, 8000.0)
moneyness = st.floats(-3.0, 3.0)  # standard deviations from the forward
taus = st.floats(1 / 365, 3.0)
sigmas = st.floats(0.03, 2.0)
rates = st.floats(-0.02, 0.15)
rights = st.sampled_from([CALL, PUT])


@pytest.fixture(scope="module")
def ql():
    """QuantLib, the oracle: a test that needs it is skipped where it is not installed."""
    with warnings.catch_warnings():
        # SWIG's types, which it is built on, have no __module__, and newer Pythons complain on import.
        warnings.filterwarnings("ignore", "builtin type .* has no __module__ attribute", DeprecationWarning)
        return pytest.importorskip("QuantLib")


class TestTextbook:
    """Each tolerance is half a unit of the last digit printed in the source."""

    def test_hull_put_on_a_future(self):
        # Hull, Options, Futures, and Other Derivatives, European futures options, Black's model.
        assert black_price(20.0, 20.0, 4 / 12, 0.25, 0.09, PUT) == pytest.approx(1.12, abs=0.005)

    @pytest.mark.parametrize("right", [CALL, PUT])
    def test_haug_option_on_a_future(self, right):
        # Haug (2007), The Complete Guide to Option Pricing Formulas, 2nd ed., chapter 1, Black-76.
        assert black_price(19.0, 19.0, 0.75, 0.28, 0.10, right) == pytest.approx(1.7011, abs=0.00005)

    @pytest.mark.parametrize(("right", "delta"), [(CALL, 0.5946), (PUT, -0.3566)])
    def test_haug_delta(self, right, delta):
        # Haug (2007), chapter 2, delta: a futures option, six months.
        assert black_delta(105.0, 100.0, 0.5, 0.36, 0.10, right) == pytest.approx(delta, abs=0.00005)

    def test_haug_gamma_and_vega(self):
        # Haug (2007), chapter 2, gamma and vega: a stock at 55, carry 10%. Gamma to spot is gamma to the
        # forward times (forward / spot)^2; vega there is for a whole unit of volatility.
        growth = math.exp(0.10 * 0.75)
        gamma = black_gamma(55.0 * growth, 60.0, 0.75, 0.30, 0.10, CALL)
        vega = vega_per_vol_point(55.0 * growth, 60.0, 0.75, 0.30, 0.10, CALL)
        assert gamma * growth**2 == pytest.approx(0.0278, abs=0.00005)
        assert vega * 100.0 == pytest.approx(18.9358, abs=0.00005)

    def test_haug_theta(self):
        # Haug (2007), chapter 2, theta: an index at 430, dividend yield 5%, so carry 2%. Theta there holds
        # spot, so that the forward falls by the carry: subtract carry x forward x delta.
        rate, carry, tau = 0.07, 0.02, 0.0833
        forward = 430.0 * math.exp(carry * tau)
        theta = 365.0 * theta_per_day(forward, 405.0, tau, 0.20, rate, PUT)
        theta_spot_held = theta - carry * forward * black_delta(forward, 405.0, tau, 0.20, rate, PUT)
        assert theta_spot_held == pytest.approx(-31.1924, abs=0.00005)

    def test_hull_implied_volatility(self):
        # Hull, the section on implied volatilities: a stock at 21, no dividend, call worth 1.875.
        forward = 21.0 * math.exp(0.10 * 0.25)
        assert implied_vol(1.875, forward, 20.0, 0.25, 0.10, CALL) == pytest.approx(0.235, abs=0.0005)

    @pytest.mark.parametrize("right", [CALL, PUT])
    def test_strike_from_delta_by_hand(self, right):
        # N(1) = 0.841344746: with s = 0.2, d1 = 1 means strike = forward e^(0.02 - 0.2) = 83.5270211 for 100.
        discount = math.exp(-0.05)
        delta = discount * (0.8413447460685429 if right == CALL else 0.8413447460685429 - 1.0)
        strike = strike_from_delta(delta, 100.0, 1.0, 0.2, 0.05, right)
        assert strike == pytest.approx(83.5270211411272, rel=1e-12)  # the digits given


class TestAgainstQuantLib:
    @pytest.mark.parametrize("right", [CALL, PUT])
    @pytest.mark.parametrize("rate", [-0.01, 0.0, 0.08])
    @pytest.mark.parametrize("tau", [1 / 365, 7 / 365, 45 / 365, 1.0, 3.0])
    @pytest.mark.parametrize("sigma", [0.05, 0.2, 0.9, 2.5])
    def test_price_and_greeks(self, ql, sigma, tau, rate, right):
        forward, s = 4000.0, sigma * math.sqrt(tau)
        kind = ql.Option.Call if right == CALL else ql.Option.Put
        for deviations in np.linspace(-7.0, 7.0, 29):
            strike = forward * math.exp(deviations * s)
            oracle = ql.BlackCalculator(
                ql.PlainVanillaPayoff(kind, strike), forward, s, math.exp(-rate * tau)
            )
            expected = (
                oracle.value(),
                oracle.deltaForward(),
                oracle.gammaForward(),
                oracle.vega(tau) / 100.0,
                oracle.theta(forward, tau) / 365.0,
            )
            # Relative 1e-9 for what is large; absolute because QuantLib's normal distribution is good to
            # about 1e-15 of the larger of forward and strike, and its greeks divide by tau or by s.
            scale = max(forward, strike) * 1e-13
            slack = (scale, 1e-13, 1e-13 / s, scale, scale / tau)
            actual = black_greeks(forward, strike, tau, sigma, rate, right)
            for name, one, other, most in zip(actual._fields, actual, expected, slack, strict=True):
                assert one == pytest.approx(other, rel=1e-9, abs=most), (name, strike)

    @pytest.mark.parametrize("right", [CALL, PUT])
    def test_implied_vol(self, ql, right):
        kind = ql.Option.Call if right == CALL else ql.Option.Put
        for strike in (70.0, 90.0, 100.0, 115.0, 140.0):
            price = ql.blackFormula(kind, strike, 100.0, 0.31 * math.sqrt(0.4), math.exp(-0.03 * 0.4))
            # A price near 30 is rounded at 4e-15, a vega of 1.4 a unit: 1e-13 with room.
            assert implied_vol(price, 100.0, strike, 0.4, 0.03, right) == pytest.approx(0.31, rel=1e-12)


class TestDeepWings:
    @pytest.mark.parametrize("deviations", [2.0, 8.0, 15.0, 30.0, 36.0])
    @pytest.mark.parametrize("s", [0.02, 0.3])
    def test_call_against_the_integral_of_its_payoff(self, deviations, s):
        # strike n(d2) x integral over y > 0 of (e^(s y) - 1) e^(d2 y - y^2 / 2), nothing cancels.
        forward, strike = 100.0, 100.0 * math.exp(deviations * s)
        d2 = -deviations - 0.5 * s
        area, _ = integrate.quad(
            lambda y: math.expm1(s * y) * math.exp(d2 * y - 0.5 * y * y), 0.0, 30.0 / abs(d2), epsrel=1e-13
        )
        expected = strike * math.exp(-0.5 * d2 * d2) / math.sqrt(2.0 * math.pi) * area
        # The formula subtracts two terms that agree to s / |d2|, and exp turns d^2 / 2 = 650 into 1e-13.
        assert black_price(forward, strike, 1.0, s, 0.0, CALL) == pytest.approx(expected, rel=1e-9)

    @pytest.mark.parametrize("sigma", [0.01, 0.1, 0.5])
    @pytest.mark.parametrize("strike", [80.0, 95.0, 99.9, 100.0, 100.1, 110.0, 150.0])
    def test_implied_vol_of_the_smallest_prices(self, strike, sigma):
        right = CALL if strike >= 100.0 else PUT
        price = black_price(100.0, strike, 0.1, sigma, 0.0, right)
        if price == 0.0:
            assert implied_vol(price, 100.0, strike, 0.1, 0.0, right) == 0.0
        else:
            assert implied_vol(price, 100.0, strike, 0.1, 0.0, right) == pytest.approx(sigma, rel=1e-10)


class TestLimits:
    @pytest.mark.parametrize(("tau", "sigma"), [(0.0, 0.2), (0.5, 0.0), (0.0, 0.0)])
    @pytest.mark.parametrize(
        ("strike", "right", "points", "slope"),
        [
            (90.0, CALL, 10.0, 1.0),
            (110.0, CALL, 0.0, 0.0),
            (100.0, CALL, 0.0, 0.5),
            (90.0, PUT, 0.0, 0.0),
            (110.0, PUT, 10.0, -1.0),
            (100.0, PUT, 0.0, -0.5),
        ],
    )
    def test_without_time_or_volatility(self, tau, sigma, strike, right, points, slope):
        discount = math.exp(-0.04 * tau)
        # Exact: the same two factors are multiplied.
        expected = (discount * points, discount * slope, 0.0, 0.0, 0.0)
        assert tuple(black_greeks(100.0, strike, tau, sigma, 0.04, right)) == expected

    @pytest.mark.parametrize(
        ("strike", "s", "right"),
        [
            (73.0, 0.03976708696701208, CALL),
            (134.0, 0.036253631900150754, PUT),
            (54.0, 0.016055707746489147, PUT),
        ],
    )
    def test_rounding_never_goes_below_intrinsic(self, strike, s, right):
        # Found by search: unguarded, each of these rounds to less than intrinsic (the last: to less than 0).
        intrinsic = max(right * (100.0 - strike), 0.0)
        prices = [
            black_price(100.0, strike, 1.0, s, 0.0, right),
            black_greeks(100.0, strike, 1.0, s, 0.0, right).price,
        ]
        assert min(prices) >= intrinsic

    def test_batch_never_goes_below_intrinsic(self):
        # 20,000 deep options, of which some tens round below unguarded.
        rng = np.random.default_rng(5)
        strike, sigma = rng.uniform(50.0, 150.0, 20_000), rng.uniform(0.01, 0.3, 20_000)
        for right in (CALL, PUT):
            price, _, _ = price_delta_vega(100.0, strike, 1.0, sigma, 0.0, right)
            assert (price >= np.maximum(right * (100.0 - strike), 0.0)).all()

    def test_unbounded_volatility(self):
        # sigma 1000: the call is worth the discounted forward, the put the discounted strike.
        discount = math.exp(-0.05)
        assert black_price(100.0, 90.0, 1.0, 1000.0, 0.05, CALL) == pytest.approx(100.0 * discount, rel=1e-15)
        assert black_price(100.0, 90.0, 1.0, 1000.0, 0.05, PUT) == pytest.approx(90.0 * discount, rel=1e-15)

    def test_at_the_money_is_nearly_linear_in_volatility(self):
        # Brenner and Subrahmanyam (1988): forward s / sqrt(2 pi), short of it by s^2 / 24 of itself.
        expected = 100.0 * 0.01 / math.sqrt(2.0 * math.pi)
        assert black_price(100.0, 100.0, 1.0, 0.01, 0.0, CALL) == pytest.approx(expected, rel=1e-5)

    def test_theta_is_positive_deep_in_the_money(self):
        # A put certain to pay 90 in a year accretes at the rate: 0.10 x 90 e^(-0.10) a year.
        expected = 0.10 * 90.0 * math.exp(-0.10) / 365.0
        # What is left of its decay 30 deviations in is below any rounding.
        assert theta_per_day(10.0, 100.0, 1.0, 0.07, 0.10, PUT) == pytest.approx(expected, rel=1e-12)

    @pytest.mark.parametrize("at", range(5))
    @pytest.mark.parametrize("function", SCALARS)
    def test_nan_in_nan_out(self, function, at):
        for sigma in (0.2, 0.0):
            arguments = [100.0, 105.0, 0.5, sigma, 0.03, CALL]
            arguments[at] = math.nan
            assert math.isnan(function(*arguments))

    @pytest.mark.parametrize(
        ("at", "value"),
        [(0, 0.0), (0, -5.0), (0, math.inf), (1, 0.0), (1, -5.0), (1, math.inf), (2, -0.1), (2, math.inf),
         (3, -0.2), (3, math.inf), (5, 0), (5, 2)],
    )  # fmt: skip
    def test_no_price(self, at, value):
        arguments = [100.0, 105.0, 0.5, 0.2, 0.03, CALL]
        arguments[at] = value
        assert np.isnan([function(*arguments) for function in SCALARS]).all()
        assert np.isnan(list(black_greeks(*arguments))).all()


class TestImpliedVol:
    @pytest.mark.parametrize(
        ("price", "strike", "right", "expected"),
        [
            (10.0, 90.0, CALL, 0.0),  # exactly intrinsic
            (0.0, 110.0, CALL, 0.0),
            (0.0, 100.0, PUT, 0.0),
            (9.999, 90.0, CALL, math.nan),  # below intrinsic
            (-0.001, 110.0, CALL, math.nan),
            (100.0, 90.0, CALL, math.nan),  # at the forward
            (90.0, 90.0, PUT, math.nan),  # at the strike
            (math.nan, 90.0, PUT, math.nan),
            (5.0, -1.0, PUT, math.nan),
            (5.0, math.nan, PUT, math.nan),
            (5.0, 100.0, 0, math.nan),
        ],
    )
    def test_bounds(self, price, strike, right, expected):
        result = implied_vol(price, 100.0, strike, 0.5, 0.0, right)
        assert result == expected or (math.isnan(result) and math.isnan(expected))

    def test_expired_option(self):
        assert implied_vol(10.0, 100.0, 90.0, 0.0, 0.03, CALL) == 0.0
        assert math.isnan(implied_vol(10.5, 100.0, 90.0, 0.0, 0.03, CALL))

    @given(forwards, moneyness, taus, sigmas, rates, rights)
    @examples
    def test_round_trip(self, forward, deviations, tau, sigma, rate, right):
        strike = forward * math.exp(deviations * sigma * math.sqrt(tau))
        price = black_price(forward, strike, tau, sigma, rate, right)
        vega = 100.0 * vega_per_vol_point(forward, strike, tau, sigma, rate, right)
        # 1e-10 where vega allows; else the price's own rounding, 8 units in its last place, over vega.
        rounding = 8.0 * math.ulp(max(forward, strike)) / vega
        result = implied_vol(price, forward, strike, tau, rate, right)
        assert result == pytest.approx(sigma, rel=1e-10, abs=rounding)


class TestProperties:
    @given(forwards, moneyness, taus, sigmas, rates)
    @examples
    def test_put_call_parity(self, forward, deviations, tau, sigma, rate):
        strike = forward * math.exp(deviations * sigma * math.sqrt(tau))
        call = black_price(forward, strike, tau, sigma, rate, CALL)
        put = black_price(forward, strike, tau, sigma, rate, PUT)
        discount = math.exp(-rate * tau)
        # A few roundings of terms of the size of forward and strike.
        slack = 1e-14 * max(forward, strike)
        assert call - put == pytest.approx(discount * (forward - strike), abs=slack)
        deltas = [black_delta(forward, strike, tau, sigma, rate, right) for right in (CALL, PUT)]
        assert deltas[0] - deltas[1] == pytest.approx(discount, rel=1e-14)

    @given(forwards, moneyness, st.floats(1e-4, 0.5), taus, sigmas, rates)
    @examples
    def test_monotone_in_strike(self, forward, deviations, width, tau, sigma, rate):
        low = forward * math.exp(deviations * sigma * math.sqrt(tau))
        high = low * (1.0 + width)
        call = [black_price(forward, k, tau, sigma, rate, CALL) for k in (low, high)]
        put = [black_price(forward, k, tau, sigma, rate, PUT) for k in (low, high)]
        discount = math.exp(-rate * tau)
        slack = 1e-14 * max(forward, high)  # roundings, as in parity
        assert -slack <= call[0] - call[1] <= discount * (high - low) + slack
        assert -slack <= put[1] - put[0] <= discount * (high - low) + slack

    @given(forwards, st.floats(-30.0, 30.0), taus, sigmas, rates, rights)
    @examples
    def test_signs_and_bounds(self, forward, deviations, tau, sigma, rate, right):
        strike = forward * math.exp(min(deviations * sigma * math.sqrt(tau), 50.0))
        assume(strike > 0.0)
        greeks = black_greeks(forward, strike, tau, sigma, rate, right)
        discount = math.exp(-rate * tau)
        assert greeks.price >= discount * max(right * (forward - strike), 0.0)
        assert 0.0 <= right * greeks.delta <= discount
        assert greeks.gamma >= 0.0
        assert greeks.vega >= 0.0

    @given(st.floats(0.001, 0.999), forwards, taus, sigmas, rates, rights)
    @examples
    def test_strike_from_delta_round_trip(self, share, forward, tau, sigma, rate, right):
        delta = right * share * math.exp(-rate * tau)
        strike = strike_from_delta(delta, forward, tau, sigma, rate, right)
        # ln(strike / forward) is rounded at 1e-16 and divided by s >= 0.0015.
        assert black_delta(forward, strike, tau, sigma, rate, right) == pytest.approx(delta, rel=1e-10)

    @pytest.mark.parametrize(
        ("delta", "tau", "sigma", "right"),
        [
            (0.3, 0.5, 0.2, PUT),
            (-0.3, 0.5, 0.2, CALL),
            (0.0, 0.5, 0.2, CALL),
            (math.exp(-0.02), 0.5, 0.2, CALL),
            (0.3, 0.0, 0.2, CALL),
            (0.3, 0.5, 0.0, CALL),
            (0.3, -0.5, 0.2, CALL),
            (math.nan, 0.5, 0.2, CALL),
            (0.3, 0.5, 0.2, 0),
        ],
    )
    def test_no_strike_has_that_delta(self, delta, tau, sigma, right):
        assert math.isnan(strike_from_delta(delta, 100.0, tau, sigma, 0.04, right))


class TestNormal:
    def test_distribution(self):
        x = np.linspace(-37.0, 8.0, 2001)
        ours = [normal.normal_cdf(value) for value in x]
        # At -37 the exponent is -684, whose rounding alone is 1e-13 of the result.
        np.testing.assert_allclose(ours, special.ndtr(x), rtol=2e-13)

    def test_inverse(self):
        p = np.concatenate(
            [np.logspace(-300, -2, 500), np.linspace(0.01, 0.99, 501), 1 - np.logspace(-2, -15, 50)]
        )
        ours = [normal.inverse_normal_cdf(value) for value in p]
        # Both are good to about 1e-15; the absolute part is for p = 0.5, where the answer is 0.
        np.testing.assert_allclose(ours, special.ndtri(p), rtol=4e-15, atol=1e-16)

    def test_inverse_at_and_outside_its_ends(self):
        assert normal.inverse_normal_cdf(0.0) == -math.inf
        assert normal.inverse_normal_cdf(1.0) == math.inf
        assert np.isnan([normal.inverse_normal_cdf(p) for p in (-0.1, 1.1, math.nan)]).all()

    def test_scaled_tail(self):
        z = np.concatenate([np.linspace(0.0, 60.0, 3001), np.logspace(2, 12, 50)])
        ours = [normal.scaled_tail(value) for value in z]
        # The polynomial is good to 2e-16, its evaluation to a few roundings.
        np.testing.assert_allclose(ours, 0.5 * special.erfcx(z / math.sqrt(2.0)), rtol=4e-15)


def market_of_options(n: int) -> list[np.ndarray]:
    """Random options of every kind, each eleventh a limit or without a price."""
    rng = np.random.default_rng(20240618)
    forward = rng.uniform(10.0, 5000.0, n)
    tau, sigma, rate = rng.uniform(0.001, 2.0, n), rng.uniform(0.03, 1.5, n), rng.uniform(-0.02, 0.1, n)
    strike = forward * np.exp(rng.uniform(-12.0, 12.0, n) * sigma * np.sqrt(tau))
    right = rng.choice(np.array([CALL, PUT]), n)
    columns = [forward, strike, tau, sigma, rate]
    strike[::55] = forward[::55]
    for at, (column, value) in enumerate(
        [
            (tau, 0.0),
            (sigma, 0.0),
            (tau, -1.0),
            (strike, 0.0),
            (forward, np.nan),
            (sigma, np.nan),
            (rate, np.nan),
        ]
    ):
        column[11 * at :: 77] = value
    sigma[66::770] = 0.0  # where the rate is NaN
    return [*columns, right]


class TestBatch:
    def test_equals_the_scalar_functions(self):
        columns = market_of_options(1000)  # not a multiple of the block
        outputs = [np.full(1000, -7.0) for _ in range(3)]
        price_delta_vega_batch(*columns, *outputs)
        rows = [black_greeks(*row) for row in zip(*columns, strict=True)]
        expected = np.array([(row.price, row.delta, row.vega) for row in rows]).T
        assert np.isnan(expected).any()
        assert (expected == 0.0).any()
        scale = np.fmax(columns[0], columns[1])
        # Two normal distributions, each a few units in the last place of 1.
        for output, wanted, size in zip(outputs, expected, (scale, 1.0, scale), strict=True):
            np.testing.assert_array_equal(np.isnan(output), np.isnan(wanted))
            assert np.nanmax(np.abs(output - wanted) / size) < 2e-15

    @pytest.mark.parametrize("n", [0, 1, 255, 256, 257])
    def test_every_row_is_written(self, n):
        outputs = price_delta_vega(np.full(n, 100.0), 100.0, 1.0, 0.2, 0.0, CALL)
        # Hand-worked: 100 (2 N(0.1) - 1), N(0.1), and n(0.1).
        for output, wanted in zip(
            outputs, (7.965567455405804, 0.539827837277029, 0.396952547477012), strict=True
        ):
            assert output.shape == (n,)
            np.testing.assert_allclose(output, wanted, rtol=1e-13)  # the digits given

    def test_wings_keep_their_relative_accuracy(self):
        strike = 100.0 * np.exp(0.2 * np.array([5.0, 10.0, 20.0, 35.0]))
        price, delta, vega = price_delta_vega(100.0, strike, 1.0, 0.2, 0.0, CALL)
        rows = [black_greeks(100.0, k, 1.0, 0.2, 0.0, CALL) for k in strike]
        # As for the scalar against the integral: cancellation of d / s and the rounding of d^2 / 2.
        np.testing.assert_allclose(price, [row.price for row in rows], rtol=1e-9)
        np.testing.assert_allclose(delta, [row.delta for row in rows], rtol=1e-11)
        np.testing.assert_allclose(vega, [row.vega for row in rows], rtol=1e-11)

    def test_broadcasts(self):
        price, delta, vega = price_delta_vega(
            100.0, np.array([[90.0], [110.0]]), 0.5, 0.3, 0.02, [CALL, PUT, CALL]
        )
        assert price.shape == delta.shape == vega.shape == (2, 3)
        assert price[1, 1] == pytest.approx(
            black_price(100.0, 110.0, 0.5, 0.3, 0.02, PUT), rel=1e-14
        )  # roundings
        assert np.shape(price_delta_vega(100.0, 90.0, 0.5, 0.3, 0.02, CALL)[0]) == ()

    def test_inputs_are_left_alone(self):
        columns = market_of_options(300)
        for column in columns:
            column.flags.writeable = False
        before = [column.copy() for column in columns]
        price_delta_vega(*columns)
        for column, copy in zip(columns, before, strict=True):
            np.testing.assert_array_equal(column, copy)

    def test_shapes_that_do_not_agree(self):
        with pytest.raises(ConfigError, match="do not broadcast"):
            price_delta_vega(np.ones(3), np.ones(2), 1.0, 0.2, 0.0, CALL)

    @pytest.mark.parametrize("right", [0, 2, math.nan])
    def test_unknown_right(self, right):
        with pytest.raises(ConfigError, match="right must be"):
            price_delta_vega(100.0, [90.0, 95.0], 1.0, 0.2, 0.0, [CALL, right])

    @pytest.mark.parametrize("short", range(9))
    def test_kernel_refuses_lengths_that_differ(self, short):
        arrays = [*market_of_options(5), *(np.empty(5) for _ in range(3))]
        arrays[short] = arrays[short][:4]
        with pytest.raises(ConfigError, match="differ in length"):
            price_delta_vega_batch(*arrays)


class TestCompiled:
    @pytest.mark.parametrize("function", [*SCALARS, black_greeks, implied_vol, strike_from_delta])
    def test_equals_plain_python(self, function):
        plain = getattr(function, "py_func", function)
        rng = np.random.default_rng(7)
        first = {implied_vol: (3.0, 40.0), strike_from_delta: (0.05, 0.9)}.get(function)
        for _ in range(50):
            row = [
                rng.uniform(80, 120),
                rng.uniform(80, 120),
                rng.uniform(0.01, 1),
                rng.uniform(0.1, 0.6),
                0.03,
            ]
            if function is implied_vol:
                row = [rng.uniform(*first), row[0], row[1], row[2], row[4]]
            elif function is strike_from_delta:
                row = [rng.uniform(*first), row[0], row[2], row[3], row[4]]
            # Equal but for the order in which two multiplications may be fused.
            np.testing.assert_allclose(function(*row, CALL), plain(*row, CALL), rtol=1e-12, equal_nan=True)

    def test_public_names(self):
        assert all(callable(getattr(black, name)) for name in black.__all__)
