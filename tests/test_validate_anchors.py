"""The published levels from the model's own option prices, and how far off they are."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from alvh_bt.contracts import Root
from alvh_bt.market import load_market
from alvh_bt.market.build import build_market
from alvh_bt.market.embedded import embedded_tables
from alvh_bt.pricing.day import DayPrices, sigma_at
from alvh_bt.pricing.flat import flat_prices
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.validation.anchors import ANCHORS, STRIPS, anchor_misses, replicated_level

PRICES = flat_prices(spot=4000.0, vix=27.0, day=19_000, vvix=110.0)


def by_quadrature(root: int, days: float, prices: DayPrices) -> float:
    """The strip of out-of-the-money Black prices over strikes, by an adaptive rule of another library."""
    tau = days / 365.0

    def integrand(k: float) -> float:
        sign = 1.0 if k > 0.0 else -1.0
        s = sigma_at(root, k, tau, prices) * math.sqrt(tau)
        d1 = -k / s + s / 2.0
        option = sign * (norm.cdf(sign * d1) - math.exp(k) * norm.cdf(sign * (d1 - s)))
        return float(option * math.exp(-k))

    scale = sigma_at(root, 0.0, tau, prices) * math.sqrt(tau)
    total = sum(
        quad(integrand, low * scale, high * scale, limit=400)[0]
        for low, high in ((-60.0, -15.0), (-15.0, -4.0), (-4.0, 0.0), (0.0, 4.0), (4.0, 15.0), (15.0, 40.0))
    )
    return 100.0 * math.sqrt(2.0 * total / tau)


@pytest.mark.parametrize(("name", "column", "root", "days"), ANCHORS)
def test_the_strip_agrees_with_an_adaptive_rule(name: str, column: str, root: int, days: float) -> None:
    # A tenth of what the issue allows a level to miss; the wings past 60 deviations are nothing.
    assert replicated_level(root, days, PRICES) == pytest.approx(by_quadrature(root, days, PRICES), abs=0.005)


@pytest.mark.parametrize("vix", [9.0, 20.0, 80.0])
@pytest.mark.parametrize(("name", "column", "root", "days"), ANCHORS)
def test_half_the_strips_move_no_level(name: str, column: str, root: int, days: float, vix: float) -> None:
    prices = flat_prices(spot=2000.0, vix=vix, day=19_000, vvix=4.0 * vix + 60.0)
    # A rule of the fourth order: what is left at twice the strips is a fifteenth of this.
    whole, half = (replicated_level(root, days, prices, strips) for strips in (STRIPS, STRIPS // 2))
    assert abs(whole - half) < 0.005


def test_the_level_is_the_one_that_the_surface_was_made_of() -> None:
    # The surface's own anchoring is approximate to a few ten-thousandths of a vol point.
    assert replicated_level(Root.SPX, 30.0, PRICES) == pytest.approx(27.0, abs=0.05)
    assert replicated_level(Root.VIX, 30.0, PRICES) == pytest.approx(110.0, abs=0.05)


def test_the_miss_is_what_the_model_lacks() -> None:
    market = build_market(embedded_tables(), dt.date(2020, 1, 1))
    first, last = (market.index_of(dt.date(2016, 6, day)) for day in (20, 30))
    i = market.index_of(dt.date(2016, 6, 24))
    columns = {name: values.copy() for name, values in market.columns.items()}
    columns["vix_close"][i] += 3.0
    columns["vix3m"][first] = 21.0
    published = dataclasses.replace(market, columns=columns)
    ticks: list[int] = []
    # The model knows the true VIX; what was "published" is 3 points more on one day.
    misses = anchor_misses(published, ModelPrices(market), first, last, lambda: ticks.append(1))
    assert misses["VIX"].largest == pytest.approx(3.0, abs=0.05)
    assert misses["VIX"].day == market.days[i]
    assert misses["VIX"].days == len(ticks) == last - first + 1
    assert misses["VIX"].mean == pytest.approx(3.0 / misses["VIX"].days, abs=0.05)
    assert misses["VIX3M"].days == 1
    assert misses["VVIX"].days == 0 and math.isnan(misses["VVIX"].largest)


def test_real_history_is_given_back(real_data_dir: Path) -> None:
    market = load_market(real_data_dir / "market")
    first, last = market.window(dt.date(2019, 9, 1), dt.date(2020, 6, 30))
    misses = anchor_misses(market, ModelPrices(market), first, last)
    assert all(miss.days > 200 for miss in misses.values())
    # What the issue asks of VIX; the others give way only where total variance would fall with maturity.
    assert misses["VIX"].largest < 0.05
    assert all(np.isfinite(miss.mean) and miss.mean < 0.05 for miss in misses.values())
