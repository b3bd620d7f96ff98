"""SSVI: hand-worked slices, no arbitrage over random shapes, and the log contract by another road."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from alvh_bt.errors import ConfigError
from alvh_bt.pricing.ssvi import (
    SsviShape,
    checked_shape,
    log_contract_variance,
    log_ratio_polynomial,
    ssvi_variance,
    theta_from_variance,
    thetas_from_variances,
)

PAPER = SsviShape(-0.5, 1.0, 0.5)

shapes = st.tuples(st.floats(-0.9, 0.9), st.floats(0.05, 1.0, exclude_min=True), st.floats(0.05, 0.5)).map(
    lambda free: SsviShape(free[0], 2.0 * free[1] / (1.0 + abs(free[0])), free[2])
)
thetas = st.floats(-9.0, 0.5).map(math.exp)


# On paper from equation 4.1, theta = 0.04: phi = 1 / sqrt(0.04 x 1.04) = 4.902903;
# k = -0.1: phi k = -0.4902903; root = sqrt(0.9902903^2 + 0.75) = 1.3155509;
# w = 0.02 (1 + 0.2451452 + 1.3155509)
# k = +0.1: root = sqrt(0.0097097^2 + 0.75) = 0.8660798; w = 0.02 (1 - 0.2451452 + 0.8660798)
@pytest.mark.parametrize(("k", "w"), [(-0.1, 0.05121392), (0.0, 0.04), (0.1, 0.03241869)])
def test_slice_matches_the_formula_worked_by_hand(k: float, w: float) -> None:
    # 1e-7: the figures above were carried to seven digits.
    assert ssvi_variance(k, 0.04, PAPER) == pytest.approx(w, abs=1e-7)


@given(shape=shapes, theta=thetas)
@settings(max_examples=60, deadline=None)
def test_no_butterfly_costs_less_than_nothing(shape: SsviShape, theta: float) -> None:
    """Call prices of a slice are convex in strike (normalised, forward 1)."""
    step = 0.02
    k = np.arange(-4.0, 4.0 + step / 2, step) * max(1.0, math.sqrt(theta))
    w = ssvi_variance(k, theta, shape)
    d1 = -k / np.sqrt(w) + np.sqrt(w) / 2
    strike = np.exp(k)
    call = ndtr(d1) - strike * ndtr(d1 - np.sqrt(w))
    slope = np.diff(call) / np.diff(strike)
    # 1e-9: cancellation of prices near 1 that are differenced over strikes 1e-3 apart and less.
    assert np.all(np.diff(slope) >= -1e-9)


@given(shape=shapes, theta=thetas, more=st.floats(1.001, 3.0))
@settings(max_examples=100, deadline=None)
def test_no_calendar_spread_costs_less_than_nothing(shape: SsviShape, theta: float, more: float) -> None:
    k = np.linspace(-3.0, 3.0, 121)
    later = ssvi_variance(k, theta * more, shape)
    # 1e-12: rounding of total variances below 10.
    assert np.all(later >= ssvi_variance(k, theta, shape) - 1e-12)


def strip_variance(theta: float, shape: SsviShape) -> float:
    """The variance of a strip of out-of-the-money options, 2 sum Q(K) dK / K^2 (as VIX, not truncated)."""
    k = np.sinh(np.linspace(-6.0, 6.0, 40_001)) * math.sqrt(theta) * 0.5
    w = ssvi_variance(k, theta, shape)
    d1 = -k / np.sqrt(w) + np.sqrt(w) / 2
    call = ndtr(d1) - np.exp(k) * ndtr(d1 - np.sqrt(w))
    put = np.exp(k) * ndtr(np.sqrt(w) - d1) - ndtr(-d1)
    return float(2.0 * np.trapezoid(np.where(k > 0, call, put) * np.exp(-k), k))


@pytest.mark.parametrize("theta", [1e-4, 0.0033, 0.03, 0.25])
@pytest.mark.parametrize("shape", [PAPER, SsviShape(-0.55, 1.28, 0.4), SsviShape(0.41, 1.41, 0.35)])
def test_log_contract_is_the_strip_of_options(theta: float, shape: SsviShape) -> None:
    # 2e-4 of variance is 0.002 vol points at 20: two quadratures with different truncations.
    assert log_contract_variance(theta, shape) == pytest.approx(strip_variance(theta, shape), rel=2e-4)


def test_log_contract_of_a_flat_smile_is_its_variance() -> None:
    # 1e-5: with eta = 1e-9 the smile is flat; what is left is the quadrature on unequal steps.
    assert log_contract_variance(0.05, SsviShape(0.0, 1e-9, 0.5)) == pytest.approx(0.05, rel=1e-5)


@given(shape=shapes, theta=st.floats(-9.0, 0.5).map(math.exp))
@settings(max_examples=25, deadline=None)
def test_theta_comes_back_from_its_variance(shape: SsviShape, theta: float) -> None:
    found = theta_from_variance(log_contract_variance(theta, shape), log_ratio_polynomial(shape))
    # 4e-4 of variance: the polynomial's error (0.004 vol points at a level of 20).
    assert found == pytest.approx(theta, rel=4e-4)


def test_whole_histories_as_single_days() -> None:
    polynomial = log_ratio_polynomial(PAPER)
    variances = np.array([[1e-9, 0.001, np.nan], [0.01, 0.2, 40.0]])
    expected = [[theta_from_variance(v, polynomial) for v in row] for row in variances]
    np.testing.assert_array_equal(thetas_from_variances(variances, polynomial), np.array(expected))
    assert math.isnan(expected[0][2])


@pytest.mark.parametrize(
    ("shape", "word"),
    [
        ((1.0, 0.5, 0.4), "rho"),
        ((-1.2, 0.5, 0.4), "rho"),
        ((-0.5, 1.34, 0.4), "eta"),
        ((-0.5, 0.0, 0.4), "eta"),
        ((-0.5, 1.0, 0.51), "gamma"),
        ((-0.5, 1.0, 0.0), "gamma"),
        ((math.nan, 1.0, 0.4), "rho"),
    ],
)
def test_shapes_with_arbitrage_are_refused(shape: tuple[float, float, float], word: str) -> None:
    with pytest.raises(ConfigError, match=rf"spx_smile: {word}"):
        checked_shape(*shape, where="spx_smile")


def plain(function: Any) -> Any:
    """The function as Python runs it: itself where nothing is compiled."""
    return getattr(function, "py_func", function)


def test_compiled_and_plain_agree() -> None:
    polynomial = log_ratio_polynomial(PAPER)
    # 1e-14: the same operations; the compiler may fuse a multiplication and an addition.
    assert ssvi_variance(0.3, 0.02, PAPER) == pytest.approx(plain(ssvi_variance)(0.3, 0.02, PAPER), rel=1e-14)
    by_hand = plain(theta_from_variance)(0.02, polynomial)
    assert theta_from_variance(0.02, polynomial) == pytest.approx(by_hand, rel=1e-12)
