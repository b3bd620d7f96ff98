"""The VIX futures curve: between its nodes, before and beyond them, as time passes and as VIX moves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from alvh_bt.pricing.clock import OPEN_MOMENT
from alvh_bt.pricing.vix_curve import (
    CurveModel,
    VxCurve,
    curve_target,
    future_damping,
    modelled_futures,
    moved_curve,
    price_at_tenor,
    slow_mean,
    vx_price,
)

NONE = (0.0,) * 7
#: 20.0 spot, 22.0 at 10 days, 24.0 at 40 days, reverting to 20.0 at 3.65 a year beyond.
CURVE = VxCurve(3.65, 10.0, 0.5, 20.0, 20.0, 2, (10.0, 40.0, *NONE), (22.0, 24.0, *NONE))


@pytest.mark.parametrize(
    ("tenor", "price"),
    [
        (-1.0, 20.0),
        (0.0, 20.0),
        (5.0, 21.0),
        (10.0, 22.0),
        (25.0, 23.0),
        (40.0, 24.0),
        (140.0, 20.0 + 4.0 * math.exp(-1.0)),
        (40_000.0, 20.0),
    ],
)
def test_price_by_tenor(tenor: float, price: float) -> None:
    # Rounding of a few operations on numbers near 20.
    assert price_at_tenor(CURVE, tenor) == pytest.approx(price, abs=1e-12)


def test_a_node_at_zero_days_is_spot_vix() -> None:
    settling = CURVE._replace(tenor=(0.0, 30.0, *NONE), price=(25.0, 24.0, *NONE))
    assert price_at_tenor(settling, 0.0) == 20.0
    assert price_at_tenor(settling, 15.0) == 22.0


def test_a_curve_without_nodes_reverts_from_spot() -> None:
    bare = CURVE._replace(nodes=0, spot_vix=30.0)
    assert price_at_tenor(bare, 100.0) == pytest.approx(20.0 + 10.0 * math.exp(-1.0), abs=1e-12)


def test_futures_settle_at_the_open_of_their_expiry() -> None:
    # At the close of day 100 a future of day 105 has 5 days less a session to run; at the open, 5 days.
    assert vx_price(CURVE, 105, 100, OPEN_MOMENT) == 21.0
    assert vx_price(CURVE, 105, 100, 0.0) == pytest.approx(20.0 + 2.0 * (5.0 - 6.5 / 24.0) / 10.0, abs=1e-12)
    assert vx_price(CURVE, 100, 100, OPEN_MOMENT) == 20.0
    assert vx_price(CURVE, 100, 100, 0.0) == 20.0


def test_a_move_of_vix_reaches_the_futures_damped() -> None:
    moved = moved_curve(CURVE, 10.0)
    # (1 + t / 10)^-0.5: 0.7071068 at 10 days, 0.4472136 at 40.
    assert moved.spot_vix == 30.0
    assert moved.price[0] == pytest.approx(29.071068, abs=1e-6)
    assert moved.price[1] == pytest.approx(28.472136, abs=1e-6)
    assert moved.tenor == CURVE.tenor
    assert moved_curve(CURVE, -30.0).price[0] == 5.0


def test_damping_is_one_at_settlement_and_falls() -> None:
    tenor = np.array([0.0, 5.0, 30.0, 200.0])
    damping = future_damping(tenor, 10.0, 0.5)
    assert damping[0] == 1.0
    assert np.all(np.diff(damping) < 0.0)
    assert np.all(damping > 0.0)


def test_slow_mean_by_hand_and_causal() -> None:
    vix = np.array([np.nan, 16.0, 16.0, 64.0, np.nan, 4.0])
    # Half-life 1: each new ln counts half. 16, 16, sqrt(16 x 64) = 32, 32, sqrt(32 x 4) = 11.3137085.
    mean = slow_mean(vix, 1.0)
    np.testing.assert_allclose(mean, [np.nan, 16.0, 16.0, 32.0, 32.0, 11.3137085], rtol=1e-8)
    for cut in range(1, 6):
        np.testing.assert_array_equal(slow_mean(vix[:cut], 1.0), mean[:cut])


def test_modelled_futures_start_at_vix_and_end_at_the_target() -> None:
    tenor = np.array([[0.0, 100.0, 1e6]])
    futures = modelled_futures(tenor, np.array([[40.0]]), np.array([[20.0]]), 3.65)
    # Half-way by e^-1 in logs: 40 x 0.5^(1 - 0.3678794) = 25.809093.
    np.testing.assert_allclose(futures, [[40.0, 25.809093, 20.0]], rtol=1e-6)


def test_curve_target_by_hand() -> None:
    vix, mean, vix3m = np.array([20.0]), np.array([16.0]), np.array([22.0])
    # ln target = ln 20 + 0.1 + 0.5 ln 0.8 [+ 2 ln 1.1]: 20 x 1.1051709 x 0.8944272 [x 1.21].
    assert curve_target(vix, mean, vix3m, CurveModel(5.0, 0.1, 0.5, 0.0))[0] == pytest.approx(
        19.769898, abs=1e-5
    )
    assert curve_target(vix, mean, vix3m, CurveModel(5.0, 0.1, 0.5, 2.0))[0] == pytest.approx(
        23.921577, abs=1e-5
    )
    unknown = np.array([np.nan])
    assert np.isfinite(curve_target(vix, mean, unknown, CurveModel(5.0, 0.1, 0.5, 0.0))[0])


def plain(function: Any) -> Any:
    """The function as Python runs it: itself where nothing is compiled."""
    return getattr(function, "py_func", function)


def test_compiled_and_plain_agree() -> None:
    for tenor in (-1.0, 3.0, 20.0, 90.0):
        assert price_at_tenor(CURVE, tenor) == pytest.approx(plain(price_at_tenor)(CURVE, tenor), rel=1e-14)
    interpreted, compiled = plain(moved_curve)(CURVE, 4.0), moved_curve(CURVE, 4.0)
    np.testing.assert_allclose(interpreted.price, compiled.price, rtol=1e-14)
