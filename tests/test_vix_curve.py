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
    curve_end,
    curve_target,
    future_damping,
    modelled_futures,
    moved_curve,
    price_at_tenor,
    running_mean,
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


def test_running_mean_by_hand_and_causal() -> None:
    vix = np.array([np.nan, 16.0, 16.0, 64.0, np.nan, 4.0])
    # Half-life 1: each new ln counts half. 16, 16, sqrt(16 x 64) = 32, 32, sqrt(32 x 4) = 11.3137085.
    mean = running_mean(vix, 1.0)
    np.testing.assert_allclose(mean, [np.nan, 16.0, 16.0, 32.0, 32.0, 11.3137085], rtol=1e-8)
    for cut in range(1, 6):
        np.testing.assert_array_equal(running_mean(vix[:cut], 1.0), mean[:cut])


#: reversion 3.65 a year; own part (1 + t / 25)^-0.5; level 0.1, mean 0.5, pull 0.2, premium 0.05, term 2.
MODELLED = CurveModel(3.65, 25.0, 0.5, 0.1, 0.5, 0.2, 0.05, 0.0)


def futures(tenor: float, vix: float, fast: float, slow: float, vix3m: float, model: CurveModel) -> float:
    """One modelled future."""
    return float(modelled_futures(*(np.array([one]) for one in (tenor, vix, fast, slow, vix3m)), model)[0])


def test_curve_target_by_hand() -> None:
    # ln target = ln 25 + 0.1 + 0.5 ln(16/25) + 0.2 ln(20/25): 25 x 1.1051709 x 0.8 x 0.9563525 = 21.138656.
    target = curve_target(np.array([25.0]), np.array([16.0]), MODELLED)
    assert target[0] == pytest.approx(21.138656, abs=1e-5)
    # Far out the premium of e^0.05 = 1.0512711 comes on top.
    assert curve_end(np.array([25.0]), np.array([16.0]), MODELLED)[0] == pytest.approx(22.222458, abs=1e-5)


def test_modelled_future_by_hand() -> None:
    # At 75 days: own = (1 + 3)^-0.5 = 0.5; exp(-3.65 x 75 / 365) = exp(-0.75) = 0.4723666;
    # ln F = 3.0511035 + 0.4723666 ln(25 / 21.138656) + 0.5 ln(36 / 25) + 0.05 x 0.5
    #      = 3.0511035 + 0.0792500 + 0.1823216 + 0.025 = 3.3376751.
    unknown = math.nan
    assert futures(75.0, 36.0, 25.0, 16.0, unknown, MODELLED) == pytest.approx(math.exp(3.3376751), rel=1e-6)
    # VIX3M of 33 adds 2 ln(33/36) x 0.5 = -0.0870114.
    two = MODELLED._replace(term=2.0)
    assert futures(75.0, 36.0, 25.0, 16.0, 33.0, two) == pytest.approx(math.exp(3.2506637), rel=1e-6)


def test_modelled_futures_start_at_vix_and_end_far_out() -> None:
    assert futures(0.0, 36.0, 25.0, 16.0, math.nan, MODELLED) == pytest.approx(36.0, rel=1e-14)
    # The own part dies as a power: of ln(36/25) - 0.05 it leaves (1e15 / 25)^-0.5 = 1.6e-7.
    end = curve_end(np.array([25.0]), np.array([16.0]), MODELLED)[0]
    assert futures(1e15, 36.0, 25.0, 16.0, math.nan, MODELLED) == pytest.approx(end, rel=1e-6)


def test_a_jump_of_vix_reaches_a_modelled_future_through_its_own_part_at_once() -> None:
    # With the means held, ln F answers to ln VIX by (1 + t / 25)^-0.5 alone: 0.5 at 75 days.
    calm, jump = (futures(75.0, vix, 16.0, 16.0, math.nan, MODELLED) for vix in (16.0, 32.0))
    assert math.log(jump / calm) == pytest.approx(0.5 * math.log(2.0), rel=1e-12)


def plain(function: Any) -> Any:
    """The function as Python runs it: itself where nothing is compiled."""
    return getattr(function, "py_func", function)


def test_compiled_and_plain_agree() -> None:
    for tenor in (-1.0, 3.0, 20.0, 90.0):
        assert price_at_tenor(CURVE, tenor) == pytest.approx(plain(price_at_tenor)(CURVE, tenor), rel=1e-14)
    interpreted, compiled = plain(moved_curve)(CURVE, 4.0), moved_curve(CURVE, 4.0)
    np.testing.assert_allclose(interpreted.price, compiled.price, rtol=1e-14)
