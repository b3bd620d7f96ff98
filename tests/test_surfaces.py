"""The SPX and VIX surfaces: what they are anchored to, between the anchors, and their limits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from alvh_bt.pricing.parameters import load_parameters
from alvh_bt.pricing.spx_surface import (
    NODE_YEARS,
    SpxSurface,
    TermModel,
    anchored_thetas,
    atm_variance,
    completed_nodes,
    moved_nodes,
    moved_surface,
    spx_sigma,
    spx_surface,
)
from alvh_bt.pricing.ssvi import log_ratio_polynomial
from alvh_bt.pricing.vix_surface import (
    VVIX_YEARS,
    VixSurface,
    modelled_vvix,
    vix_atm_variance,
    vix_sigma,
    vvix_thetas,
)

FITTED = load_parameters()
MODEL = FITTED.spx_model
vols = st.floats(8.0, 90.0)


def strip_vol(sigma: object, tau: float, level: float) -> float:
    """Vol points replicated by a fine strip of out-of-the-money options on forward 1: the VIX formula."""
    reach = level / 100.0 * math.sqrt(tau)
    k = np.sinh(np.linspace(-6.0, 6.0, 8001)) * reach * 0.5
    vol = np.array([sigma(x, tau) for x in k])  # type: ignore[operator]
    s = vol * math.sqrt(tau)
    d1 = -k / s + s / 2
    call, put = ndtr(d1) - np.exp(k) * ndtr(d1 - s), np.exp(k) * ndtr(s - d1) - ndtr(-d1)
    return 100.0 * math.sqrt(2.0 * np.trapezoid(np.where(k > 0, call, put) * np.exp(-k), k) / tau)


@pytest.mark.parametrize("vix", [9.0, 14.0, 20.0, 35.0, 60.0, 85.0])
def test_the_strip_of_spx_options_gives_vix_back(vix: float) -> None:
    surface = spx_surface(MODEL, (vix * 0.95, vix, vix * 1.05, vix * 1.06))
    replicated = strip_vol(lambda k, tau: spx_sigma(surface, k, tau), 30.0 / 365.0, vix)
    # The requirement: within 0.05 vol points.
    assert replicated == pytest.approx(vix, abs=0.05)


@pytest.mark.parametrize("node", [0, 2, 3])
def test_the_strip_gives_the_other_indices_back(node: int) -> None:
    levels = (18.0, 20.0, 22.0, 23.5)
    surface = spx_surface(MODEL, levels)
    replicated = strip_vol(lambda k, tau: spx_sigma(surface, k, tau), NODE_YEARS[node], levels[node])
    assert replicated == pytest.approx(levels[node], abs=0.05)


@pytest.mark.parametrize("vvix", [60.0, 90.0, 140.0, 205.0])
def test_the_strip_of_vix_options_gives_vvix_back(vvix: float) -> None:
    theta = float(vvix_thetas(np.array([vvix]), log_ratio_polynomial(FITTED.vix_shape))[0])
    surface = VixSurface(*FITTED.vix_shape, theta, FITTED.vix_decay)
    replicated = strip_vol(lambda k, tau: vix_sigma(surface, k, tau), VVIX_YEARS, vvix)
    # 0.1% of a level that is five times that of VIX.
    assert replicated == pytest.approx(vvix, rel=1e-3)


@given(levels=st.tuples(vols, vols, vols, vols))
@settings(max_examples=80, deadline=None)
def test_total_variance_never_falls_and_vix_is_never_moved(levels: tuple[float, float, float, float]) -> None:
    surface = spx_surface(MODEL, levels)
    total = np.array([atm_variance(surface, tau) for tau in np.linspace(0.0, 1.5, 400)])
    # 1e-12: rounding of total variances below 2.
    assert np.all(np.diff(total) >= -1e-12)
    alone = spx_surface(MODEL, (levels[1],) * 4)
    assert surface.node_theta[1] == alone.node_theta[1]


def test_variance_is_flat_before_linear_between_and_decays_beyond_the_nodes() -> None:
    surface = spx_surface(MODEL, (18.0, 20.0, 22.0, 23.5))
    theta, tau = surface.node_theta, NODE_YEARS
    # Exact but for rounding, hence 1e-12.
    assert atm_variance(surface, tau[0] / 3) == pytest.approx(theta[0] / 3, rel=1e-12)
    assert atm_variance(surface, (tau[1] + tau[2]) / 2) == pytest.approx((theta[1] + theta[2]) / 2, rel=1e-12)
    far = (atm_variance(surface, 60.0) - atm_variance(surface, 50.0)) / 10.0
    # After 50 years the forward variance is the long run's, to exp(-0.4 x 50).
    assert far == pytest.approx(MODEL.long_run_variance, rel=1e-6)


def test_sigma_at_expiry_is_that_of_the_first_node() -> None:
    surface = spx_surface(MODEL, (18.0, 20.0, 22.0, 23.5))
    assert spx_sigma(surface, -0.2, 0.0) == pytest.approx(math.sqrt(surface.node_theta[0] / NODE_YEARS[0]))


@given(levels=st.tuples(vols, vols, vols, vols), days=st.floats(0.7, 250.0))
@settings(max_examples=60, deadline=None)
def test_delta_falls_away_from_the_forward(levels: tuple[float, float, float, float], days: float) -> None:
    surface = spx_surface(MODEL, levels)
    tau = days / 365.0
    k = np.linspace(-0.6, 0.6, 241)
    s = np.array([spx_sigma(surface, x, tau) for x in k]) * math.sqrt(tau)
    call_delta = ndtr(-k / s + s / 2)
    assert np.all(np.diff(call_delta) <= 0.0)


def test_puts_are_dearer_than_calls_and_vix_calls_dearer_than_puts() -> None:
    spx = spx_surface(MODEL, (20.0, 20.0, 20.0, 20.0))
    vix = VixSurface(*FITTED.vix_shape, 0.06, FITTED.vix_decay)
    assert spx_sigma(spx, -0.1, 30 / 365) > spx_sigma(spx, 0.0, 30 / 365) > spx_sigma(spx, 0.04, 30 / 365)
    assert vix_sigma(vix, 0.5, 30 / 365) > vix_sigma(vix, 0.0, 30 / 365)


def test_moved_surface_is_the_surface_of_the_moved_levels() -> None:
    surface = spx_surface(MODEL._replace(damping=0.5), (20.0, 20.0, 20.0, 20.0))
    moved = moved_surface(surface, 10.0)
    # (30 / days)^0.5 for 9, 30, 93, 184 days: 1.825742, 1, 0.567962, 0.403786.
    np.testing.assert_allclose(moved.node_vol, (38.25742, 30.0, 25.67962, 24.03786), atol=1e-5)
    assert moved.node_theta[1] == spx_surface(MODEL, (30.0, 30.0, 30.0, 30.0)).node_theta[1]
    assert moved_surface(surface, -19.0).node_vol[1] == 5.0


def test_histories_are_anchored_and_moved_as_single_days() -> None:
    levels = np.array([[40.0, 20.0, 15.0, 30.0], [18.0, 20.0, 22.0, 23.5], [9.0, 10.0, 9.0, 8.0]])
    points = np.array([5.0, -3.0, -7.0])
    moved = moved_nodes(levels, points, MODEL.damping)
    thetas = anchored_thetas(moved, MODEL.log_ratio)
    for i, row in enumerate(levels):
        day: SpxSurface = moved_surface(spx_surface(MODEL, tuple(row.tolist())), float(points[i]))
        # 1e-12: numpy's power and the compiler's differ in the last digit.
        np.testing.assert_allclose(moved[i], day.node_vol, rtol=1e-12)
        np.testing.assert_allclose(thetas[i], day.node_theta, rtol=1e-10)


def test_observed_nodes_stand_and_absent_ones_follow_the_reverting_variance() -> None:
    term = TermModel(2.0, 20.0, 2.0)
    flat = completed_nodes(np.array([[np.nan, 20.0, np.nan, np.nan]]), term)
    # VIX at its long run: the term structure is flat, to rounding.
    np.testing.assert_allclose(flat, [[20.0, 20.0, 20.0, 20.0]], rtol=1e-12)
    kept = np.array([[15.0, 20.0, 22.0, 24.0]])
    np.testing.assert_array_equal(completed_nodes(kept, term), kept)
    # VIX 30 over a long run of 20 at speed 2: B(30d) = (1 - e^-0.164384) / 2 = 0.0757913;
    # v = (900 x 0.0821918 - 400 x 0.0064005) / 0.0757913 = 942.225;
    # B(93d) = (1 - e^-0.509589) / 2 = 0.1996287, so that K / tau = (942.225 x 0.1996287
    # + 400 x 0.0551658) / 0.2547945 = 824.829: 28.7198 vol points.
    high = completed_nodes(np.array([[np.nan, 30.0, np.nan, np.nan]]), term)
    assert high[0, 2] == pytest.approx(28.7198, abs=2e-4)
    assert high[0, 0] > 30.0 > high[0, 2] > high[0, 3] > 20.0


def test_two_observed_nodes_fix_the_level_and_the_long_run() -> None:
    term = TermModel(2.0, 20.0, 3.0)
    full = completed_nodes(np.array([[np.nan, 18.0, 21.0, np.nan]]), term)[0]
    assert full[0] < 18.0 < 21.0 < full[3]
    # Fed back its own 6-month level, the same variance path gives the same 3-month one.
    again = completed_nodes(np.array([[np.nan, 18.0, np.nan, full[3]]]), term)[0]
    np.testing.assert_allclose(again, full, rtol=1e-10)


def test_days_without_vix_stay_unknown_and_rows_do_not_mix() -> None:
    rows = np.array(
        [[10.0, np.nan, 12.0, 13.0], [np.nan, 18.0, 21.0, np.nan], [np.nan, 40.0, np.nan, np.nan]]
    )
    whole = completed_nodes(rows, FITTED.spx_term)
    assert np.isnan(whole[0]).all()
    for i in (1, 2):
        np.testing.assert_array_equal(whole[i], completed_nodes(rows[i : i + 1], FITTED.spx_term)[0])


def test_vix_option_variance_decays_towards_settlement() -> None:
    surface = VixSurface(0.4, 1.0, 0.4, 0.08, 2.0)
    # theta_30 (1 - e^(-4 tau)) / (1 - e^(-4 x 30/365)): at 90 days 0.08 x 0.6270469 / 0.2801887.
    assert vix_atm_variance(surface, 90.0 / 365.0) == pytest.approx(0.1790350, abs=1e-6)
    assert vix_atm_variance(surface, VVIX_YEARS) == pytest.approx(0.08, rel=1e-12)
    assert vix_atm_variance(surface, 0.0) == 0.0
    # As tau goes to 0 sigma^2 goes to the instantaneous variance; 1e-6 years leave 4e-6 of it.
    assert vix_sigma(surface, 0.0, 0.0) == pytest.approx(vix_sigma(surface, 0.0, 1e-6), rel=1e-5)


def test_modelled_vvix_by_hand() -> None:
    # exp(4 + 0.5 ln 16 - 0.25 ln 16) = e^4 x 16^0.25 = 54.59815 x 2.
    assert modelled_vvix(np.array([16.0]), np.array([16.0]), (4.0, 0.5, -0.25))[0] == pytest.approx(109.1963)


def plain(function: Any) -> Any:
    """The function as Python runs it: itself where nothing is compiled."""
    return getattr(function, "py_func", function)


def test_compiled_and_plain_agree() -> None:
    surface = spx_surface(MODEL, (18.0, 20.0, 22.0, 23.5))
    vix = VixSurface(*FITTED.vix_shape, 0.06, FITTED.vix_decay)
    for tau in (0.0, 0.01, 0.05, 0.2, 0.4, 1.0):
        # 1e-13: the compiler may fuse operations.
        assert spx_sigma(surface, -0.1, tau) == pytest.approx(plain(spx_sigma)(surface, -0.1, tau), rel=1e-13)
        assert vix_sigma(vix, 0.3, tau) == pytest.approx(plain(vix_sigma)(vix, 0.3, tau), rel=1e-13)
    np.testing.assert_allclose(
        plain(moved_surface)(surface, 7.0)[-1], moved_surface(surface, 7.0)[-1], rtol=1e-12
    )
