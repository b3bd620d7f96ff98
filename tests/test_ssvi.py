"""SSVI with its wing: hand-worked slices, the log contract by other roads, and the level that comes back."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import norm

from alvh_bt.pricing.ssvi import (
    SmileShape,
    log_contract_variance,
    theta_from_variance,
    thetas_from_variances,
    total_variance,
    with_eta,
)

PAPER = SmileShape(-0.5, 1.0, 0.5)
WINGED = SmileShape(-0.5, 1.0, 0.5, 0.3, 2.0, 0.5)

#: Shapes as an index, VIX options, a high and a low curvature would have; with and without wing.
SHAPES = (
    PAPER,
    WINGED,
    SmileShape(-0.55, 1.28, 0.4),
    SmileShape(-0.6, 1.17, 0.41, 0.344, 2.96, 0.73),
    SmileShape(-0.6, 2.5, 0.41, 0.2, 1.5, 1.5),
    SmileShape(0.7, 1.24, 0.325),
    SmileShape(0.0, 0.3, 0.3, 0.1, 4.0, 2.0),
)

#: With eta (1 + |rho|) <= 2 no butterfly costs less than nothing, whatever theta (Gatheral & Jacquier 2014,
#: theorem 4.2 and remark 4.4).
free_shapes = st.tuples(st.floats(-0.9, 0.9), st.floats(0.05, 1.0), st.floats(0.05, 0.5)).map(
    lambda free: SmileShape(free[0], 2.0 * free[1] / (1.0 + abs(free[0])), free[2])
)
thetas = st.floats(-9.0, 0.5).map(math.exp)


# On paper from equation 4.1, theta = 0.04: phi = 1 / sqrt(0.04 x 1.04) = 4.902903;
# k = -0.1: phi k = -0.4902903; root = sqrt(0.9902903^2 + 0.75) = 1.3155509;
# w = 0.02 (1 + 0.2451452 + 1.3155509)
# k = +0.1: root = sqrt(0.0097097^2 + 0.75) = 0.8660798; w = 0.02 (1 - 0.2451452 + 0.8660798)
@pytest.mark.parametrize(("k", "w"), [(-0.1, 0.05121392), (0.0, 0.04), (0.1, 0.03241869)])
def test_slice_matches_the_formula_worked_by_hand(k: float, w: float) -> None:
    # 1e-7: the figures above were carried to seven digits.
    assert total_variance(k, 0.04, PAPER) == pytest.approx(w, abs=1e-7)


# With sqrt(theta) = 0.2 the wing adds 0.3 x 0.04 (x + sqrt(x^2 + 0.25)), x = -k / 0.2 - 2:
# k = -0.6: x = 1: 0.012 (1 + 1.1180340) = 0.02541641; k = -0.4: x = 0: 0.012 x 0.5 = 0.006;
# k = 0: x = -2: 0.012 (2.0615528 - 2) = 0.00073863; k = 0.2: x = -3: 0.012 (3.0413813 - 3) = 0.00049658.
@pytest.mark.parametrize(
    ("k", "wing"), [(-0.6, 0.02541641), (-0.4, 0.006), (0.0, 0.00073863), (0.2, 0.00049658)]
)
def test_wing_matches_the_formula_worked_by_hand(k: float, wing: float) -> None:
    added = total_variance(k, 0.04, WINGED) - total_variance(k, 0.04, PAPER)
    # 1e-8: the figures above were carried to eight places.
    assert added == pytest.approx(wing, abs=1e-8)


def test_a_slice_of_an_array_is_that_of_its_numbers() -> None:
    k = np.array([-0.6, -0.1, 0.0, 0.2])
    by_one = [total_variance(float(x), 0.04, WINGED) for x in k]
    # 1e-14: a vector's square root may round otherwise.
    np.testing.assert_allclose(total_variance(k, 0.04, WINGED), by_one, rtol=1e-14)


def test_another_eta_leaves_the_rest_of_a_shape() -> None:
    assert with_eta(WINGED, 1.7) == SmileShape(-0.5, 1.7, 0.5, 0.3, 2.0, 0.5)


@given(shape=free_shapes, theta=thetas)
@settings(max_examples=60, deadline=None)
def test_no_butterfly_costs_less_than_nothing(shape: SmileShape, theta: float) -> None:
    """Call prices of a slice are convex in strike (normalised, forward 1)."""
    step = 0.02
    k = np.arange(-4.0, 4.0 + step / 2, step) * max(1.0, math.sqrt(theta))
    w = total_variance(k, theta, shape)
    d1 = -k / np.sqrt(w) + np.sqrt(w) / 2
    strike = np.exp(k)
    call = ndtr(d1) - strike * ndtr(d1 - np.sqrt(w))
    slope = np.diff(call) / np.diff(strike)
    # 1e-9: cancellation of prices near 1 that are differenced over strikes 1e-3 apart and less.
    assert np.all(np.diff(slope) >= -1e-9)


@given(shape=free_shapes, theta=thetas, more=st.floats(1.001, 3.0))
@settings(max_examples=100, deadline=None)
def test_no_calendar_spread_costs_less_than_nothing(shape: SmileShape, theta: float, more: float) -> None:
    k = np.linspace(-3.0, 3.0, 121)
    later = total_variance(k, theta * more, shape)
    # 1e-12: rounding of total variances below 10.
    assert np.all(later >= total_variance(k, theta, shape) - 1e-12)


def strip_variance(theta: float, shape: SmileShape) -> float:
    """The variance of a strip of out-of-the-money options, 2 integral Q(K) dK / K^2, by an adaptive rule.

    Source: Carr & Madan (1998), as VIX, with all strikes there are.
    """

    def strip(z: float) -> float:
        k = z * math.sqrt(theta)
        s = math.sqrt(total_variance(k, theta, shape))
        sign = 1.0 if z > 0.0 else -1.0
        d1 = -k / s + s / 2.0
        return float(sign * (norm.cdf(sign * d1) * math.exp(-k) - norm.cdf(sign * (d1 - s))))

    ends = (-300.0, -60.0, -15.0, -4.0, 0.0, 4.0, 15.0, 60.0, 300.0)
    parts = [quad(strip, low, high, limit=200)[0] for low, high in itertools.pairwise(ends)]
    return 2.0 * math.sqrt(theta) * sum(parts)


@pytest.mark.parametrize("theta", [1e-4, 0.0033, 0.03, 0.16])
@pytest.mark.parametrize("shape", SHAPES)
def test_log_contract_is_the_strip_of_options(theta: float, shape: SmileShape) -> None:
    # 1e-4 of the variance is 0.001 vol points at 20: trapezoids over the wing's turn, the sharpest half a
    # deviation wide.
    assert log_contract_variance(theta, shape) == pytest.approx(strip_variance(theta, shape), rel=1e-4)


@pytest.mark.parametrize("theta", [1e-4, 0.0033, 0.03, 0.16, 1.0])
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape.wing == 0.0])
def test_log_contract_of_a_smooth_slice_is_exact(theta: float, shape: SmileShape) -> None:
    # 1e-6: trapezoids of a smooth slice converge beyond what the strip's own rule promises.
    assert log_contract_variance(theta, shape) == pytest.approx(strip_variance(theta, shape), rel=1e-6)


def test_log_contract_of_a_flat_smile_is_its_variance() -> None:
    # 1e-8: with eta = 1e-9 the smile is flat; what is left is the quadrature.
    assert log_contract_variance(0.05, SmileShape(0.0, 1e-9, 0.5)) == pytest.approx(0.05, rel=1e-8)


@given(shape=free_shapes, theta=thetas, log_ratio=st.floats(-1.0, 2.0))
# A first guess that is all but right: its step is short, and is taken by a slope that nobody measured.
@example(shape=SmileShape(0.0, 0.125, 0.0625), theta=math.exp(-7.0), log_ratio=0.0)
@settings(max_examples=60, deadline=None)
def test_theta_comes_back_from_its_variance(shape: SmileShape, theta: float, log_ratio: float) -> None:
    variance = log_contract_variance(theta, shape)
    # 1e-7: what the last secant leaves, whatever the first guess was.
    assert theta_from_variance(variance, shape) == pytest.approx(theta, rel=1e-7)
    assert theta_from_variance(variance, shape, log_ratio) == pytest.approx(theta, rel=1e-7)


@pytest.mark.parametrize("theta", [1e-5, 0.0033, 0.03, 0.16])
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape.wing > 0.0])
@pytest.mark.parametrize("log_ratio", [-1.0, 0.0, 0.3, 2.0])
def test_theta_comes_back_under_a_wing(theta: float, shape: SmileShape, log_ratio: float) -> None:
    variance = log_contract_variance(theta, shape)
    assert theta_from_variance(variance, shape, log_ratio) == pytest.approx(theta, rel=1e-7)


def test_log_contract_grows_with_the_level() -> None:
    levels = np.geomspace(1e-6, 1.0, 200)
    for shape in SHAPES:
        assert np.all(np.diff([log_contract_variance(theta, shape) for theta in levels]) > 0.0)


def test_whole_histories_as_single_days() -> None:
    variances = np.array([[1e-6, 0.001, np.nan], [0.01, 0.2, 0.5]])
    eta = np.array([0.8, 1.3])
    found = thetas_from_variances(variances, eta, WINGED)
    for i, j in np.ndindex(variances.shape):
        single = theta_from_variance(variances[i, j], with_eta(WINGED, eta[i]))
        # 1e-8: a history guesses from the slice before.
        assert found[i, j] == pytest.approx(single, rel=1e-8, nan_ok=True)
    assert np.isnan(found).tolist() == np.isnan(variances).tolist()


def plain(function: Any) -> Any:
    """The function as Python runs it: itself where nothing is compiled."""
    return getattr(function, "py_func", function)


@pytest.mark.parametrize("shape", [PAPER, WINGED])
def test_compiled_and_plain_agree(shape: SmileShape) -> None:
    # 1e-14: the same operations; the compiler may fuse a multiplication and an addition.
    assert total_variance(0.3, 0.02, shape) == pytest.approx(
        plain(total_variance)(0.3, 0.02, shape), rel=1e-14
    )
    by_hand = plain(theta_from_variance)(0.02, shape)
    assert theta_from_variance(0.02, shape) == pytest.approx(by_hand, rel=1e-12)
    contract = plain(log_contract_variance)(0.02, shape)
    # 1e-13: some forty terms, each fused in its own way.
    assert log_contract_variance(0.02, shape) == pytest.approx(contract, rel=1e-13)
