"""The price model over a history: anchors, proxies, provenance, and nothing from the future."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from alvh_bt.contracts import Contract, Right, Root, epoch_day
from alvh_bt.errors import ConfigError, DataError
from alvh_bt.market import COLUMN_NAMES, Market, Provenance, load_market
from alvh_bt.pricing.clock import OPEN_MOMENT
from alvh_bt.pricing.day import quote_contract
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.pricing.parameters import load_parameters
from alvh_bt.pricing.vix_curve import vx_price

#: Wednesday 2014-03-12 to Wednesday 2014-03-19; the March future settled on Tuesday the 18th.
SESSIONS = np.array(["2014-03-12", "2014-03-13", "2014-03-14", "2014-03-17", "2014-03-18", "2014-03-19"])
MARCH, APRIL = epoch_day(dt.date(2014, 3, 18)), epoch_day(dt.date(2014, 4, 16))
NAN = float("nan")


def market(change: Callable[[dict[str, NDArray[np.float64]]], None] | None = None) -> Market:
    """A made-up week; the close of the first session has no VIX."""
    n = len(SESSIONS)
    columns = {name: np.full(n, NAN) for name in COLUMN_NAMES}
    columns["spx_open"] = np.array([1860.0, 1869.0, 1845.0, 1842.0, 1859.0, 1872.0])
    columns["spx_close"] = np.array([1868.0, 1846.0, 1841.0, 1858.0, 1872.0, 1860.0])
    columns["vix_open"] = np.array([NAN, NAN, 16.3, 16.5, 15.0, 14.6])
    columns["vix_high"] = np.array([NAN, 17.0, 18.2, 17.0, 15.6, 15.8])
    columns["vix_low"] = np.array([NAN, 14.0, 16.0, 15.5, 14.4, 14.1])
    columns["vix_close"] = np.array([NAN, 16.2, 17.8, 15.6, 14.5, 15.1])
    columns["vix3m"] = np.array([NAN, 17.1, NAN, 16.8, 16.3, 16.5])
    columns["vvix"] = np.array([NAN, 86.0, 92.0, NAN, 78.0, 80.0])
    columns["rate"] = np.array([0.0005, 0.0005, 0.0006, 0.0006, NAN, 0.0007])
    if change is not None:
        change(columns)
    expiry, settle = np.zeros((n, 9), dtype=np.int64), np.full((n, 9), NAN)
    expiry[1:4, :2], expiry[4:, 0] = (MARCH, APRIL), APRIL
    settle[1:4, :2] = [[16.1, 16.6], [17.2, 17.0], [15.7, 16.4]]
    settle[4, 0] = 15.9
    expiry[5, 0] = 0
    provenance = {
        name: np.where(np.isnan(column), Provenance.UNAVAILABLE, Provenance.OBSERVED).astype(np.int8)
        for name, column in columns.items()
    }
    provenance["vx_futures"] = np.isfinite(settle).any(axis=1).astype(np.int8)
    return Market(SESSIONS.astype("datetime64[D]"), columns, provenance, expiry, settle)


MODEL = ModelPrices(market())


def test_the_close_holds_the_inputs_of_the_day() -> None:
    prices = MODEL.at_close(3)
    assert (prices.day, prices.moment) == (epoch_day(dt.date(2014, 3, 17)), 0.0)
    assert (prices.spot, prices.vix_level, prices.rate) == (1858.0, 15.6, 0.0006)
    assert prices.spx.node_vol[1:3] == (15.6, 16.8)
    assert vx_price(prices.curve, MARCH, prices.day, 0.0) == 15.7
    assert vx_price(prices.curve, APRIL, prices.day, 0.0) == 16.4


def test_the_open_is_the_last_close_moved_by_the_opens() -> None:
    prices, fitted = MODEL.at_open(3), load_parameters()
    assert (prices.moment, prices.spot, prices.vix_level, prices.rate) == (OPEN_MOMENT, 1842.0, 16.5, 0.0006)
    # VIX opened at 16.5 after 17.8, where it opens e^drift higher on the mean: April, 30 days out, answers
    # to a share of the shortfall, damped.
    damping = (1.0 + 30.0 / fitted.vx.damping_days) ** -fitted.vx.damping_power
    beyond = fitted.future_open_share * (16.5 - 17.8 * math.exp(fitted.vix_open_drift))
    expected = 17.0 + damping * beyond
    assert vx_price(prices.curve, APRIL, prices.day, OPEN_MOMENT) == pytest.approx(expected, rel=1e-12)
    assert prices.spx.node_vol[1] == pytest.approx(16.5, abs=1e-12)
    # The smile of VIX options is that of the close before.
    assert prices.vix == MODEL.at_close(2).vix


def test_a_future_opens_at_vix_on_the_day_it_settles() -> None:
    prices = MODEL.at_open(4)
    assert vx_price(prices.curve, MARCH, prices.day, OPEN_MOMENT) == 15.0
    call = quote_contract(Contract(Root.VIX, Right.CALL, 14.0, MARCH), prices)
    assert call.mid == pytest.approx(1.0, abs=1e-12)
    assert MODEL.settlement(4).vix == 15.0


def test_vix_opens_are_modelled_from_the_index_where_there_is_none() -> None:
    def without(columns: dict[str, NDArray[np.float64]]) -> None:
        columns["vix_open"][2] = NAN

    fitted = load_parameters()
    expected = 16.2 * math.exp(fitted.vix_open_drift) * (1845.0 / 1846.0) ** -fitted.vix_open_on_spx
    model = ModelPrices(market(without))
    assert model.at_open(2).vix_level == pytest.approx(expected, rel=1e-12)
    assert model.settlement(2).vix == model.at_open(2).vix_level
    assert model.settlement(2).vix_proxy


def test_a_usual_open_moves_no_future() -> None:
    drift = math.exp(load_parameters().vix_open_drift)

    def usual(columns: dict[str, NDArray[np.float64]]) -> None:
        columns["vix_open"][2] = columns["vix_close"][1] * drift

    opened = ModelPrices(market(usual)).at_open(2)
    assert opened.vix_level > 16.2
    # The settlements of the session before, 16.1 and 16.6.
    assert opened.curve.price[:2] == pytest.approx((16.1, 16.6), rel=1e-14)


def test_a_bar_that_prints_the_close_four_times_has_no_open() -> None:
    def flat(columns: dict[str, NDArray[np.float64]]) -> None:
        for name in ("vix_open", "vix_high", "vix_low"):
            columns[name][2] = 17.8

    model = ModelPrices(market(flat))
    assert model.at_open(2).vix_level != 17.8
    assert model.provenance["vix_open"][2] == Provenance.MODELLED


def test_settlement_takes_official_values_and_says_when_it_could_not() -> None:
    assert MODEL.settlement(3) == (1842.0, 1858.0, 16.5, True, True)

    def official(columns: dict[str, NDArray[np.float64]]) -> None:
        columns["spx_set"][3], columns["vro"][3] = 1843.25, 16.12

    assert ModelPrices(market(official)).settlement(3) == (1843.25, 1858.0, 16.12, False, False)


def test_provenance_says_what_was_modelled() -> None:
    absent, seen, modelled = Provenance.UNAVAILABLE, Provenance.OBSERVED, Provenance.MODELLED
    provenance = MODEL.provenance
    assert provenance["vix3m"].tolist() == [absent, seen, modelled, seen, seen, seen]
    assert provenance["vvix"].tolist() == [absent, seen, seen, modelled, seen, seen]
    assert provenance["vx_futures"].tolist() == [absent, seen, seen, seen, seen, modelled]
    assert provenance["vix9d"].tolist() == [absent] + [modelled] * 5
    assert provenance["rate"].tolist() == [seen, seen, seen, seen, modelled, seen]
    assert provenance["vix_open"].tolist() == [absent, modelled, seen, seen, seen, seen]
    assert provenance["spx"].tolist() == [seen] * 6
    with pytest.raises(ValueError, match="read-only"):
        provenance["vvix"][0] = 1


def test_modelled_curve_stands_on_the_listed_expiries() -> None:
    curve = MODEL.at_close(5).curve
    # After 2014-03-19 the next settlements were 04-16 and 05-21, less the session before each open.
    assert curve.nodes == 9
    np.testing.assert_allclose(curve.tenor[:2], [28.0 + OPEN_MOMENT, 63.0 + OPEN_MOMENT])
    assert np.all(np.array(curve.price) > 10.0)


def test_days_without_vix_have_no_prices() -> None:
    with pytest.raises(DataError, match=r"VIX is unknown on 2014-03-12; start"):
        MODEL.at_close(0)
    for i in (0, 1):
        with pytest.raises(DataError, match="at the close before"):
            MODEL.at_open(i)


def test_the_open_does_not_see_the_rest_of_its_day() -> None:
    def spoiled(columns: dict[str, NDArray[np.float64]]) -> None:
        for name in ("spx_close", "vix_close", "vix3m", "vvix", "rate"):
            columns[name][3:] *= 1.5
        for name in ("spx_open", "vix_open"):
            columns[name][4:] *= 1.5

    assert ModelPrices(market(spoiled)).at_open(3) == MODEL.at_open(3)


@pytest.mark.parametrize("cut", ["1993-05-03", "2004-03-26", "2006-07-17", "2011-01-04", "2020-03-16"])
def test_cutting_the_future_off_changes_no_price(real_data_dir: Path, cut: str) -> None:
    whole = load_market(real_data_dir / "market")
    model, past = ModelPrices(whole), ModelPrices(whole.truncated(dt.date.fromisoformat(cut)))
    last = int(np.searchsorted(whole.sessions, np.datetime64(cut)))
    for i in range(last - 300, last + 1):
        assert past.at_close(i) == model.at_close(i)
        assert past.at_open(i) == model.at_open(i)
        assert past.settlement(i) == model.settlement(i)


@pytest.mark.long
def test_real_history_is_priced_throughout(real_data_dir: Path) -> None:
    history = load_market(real_data_dir / "market")
    model = ModelPrices(history)
    for i in range(1, len(history.sessions), 7):
        for prices in (model.at_close(i), model.at_open(i)):
            assert np.isfinite(prices.spx.node_theta).all()
            assert np.all(np.diff(prices.spx.node_theta) >= 0.0)
            assert prices.curve.nodes >= 1
            assert np.isfinite(prices.curve.price).all()
            put = quote_contract(
                Contract(Root.SPX, Right.PUT, round(prices.spot * 0.95), prices.day + 40), prices
            )
            call = quote_contract(
                Contract(Root.VIX, Right.CALL, round(prices.vix_level * 1.3), prices.day + 40), prices
            )
            assert put.mid > 0.0 > put.delta
            assert call.mid > 0.0
            assert call.delta > 0.0


def test_observed_settlements_are_given_back(real_data_dir: Path) -> None:
    history = load_market(real_data_dir / "market")
    model = ModelPrices(history)
    seen = np.flatnonzero(np.isfinite(history.vx_settle).any(axis=1))[::23]
    checked = 0
    for i in seen:
        prices = model.at_close(int(i))
        for expiry, settle in zip(history.vx_expiry[i], history.vx_settle[i], strict=True):
            if expiry > prices.day and settle > 0.0:
                assert vx_price(prices.curve, int(expiry), prices.day, 0.0) == pytest.approx(
                    settle, rel=1e-12
                )
                checked += 1
    assert checked > 1000


@pytest.mark.parametrize("with_vix3m", [False, True])
def test_modelled_futures_move_as_settlements_do(real_data_dir: Path, with_vix3m: bool) -> None:
    history = load_market(real_data_dir / "market")
    columns = dict(history.columns)
    if not with_vix3m:
        columns["vix3m"] = np.full(len(history.sessions), NAN)
    bare = dataclasses.replace(history, columns=columns, vx_settle=np.full_like(history.vx_settle, NAN))
    model = ModelPrices(bare)
    first = history.index_of(dt.date(2004, 3, 26))
    table = []
    for i in range(first, len(history.sessions) - 1, 3):
        today, tomorrow = model.at_close(i).curve, model.at_close(i + 1).curve
        for expiry, settle in zip(history.vx_expiry[i], history.vx_settle[i], strict=True):
            later = history.vx_settle[i + 1][history.vx_expiry[i + 1] == expiry]
            if 40 <= expiry - history.days[i] <= 50 and len(later) and np.isfinite(settle + later[0]):
                expiry_day = int(expiry)
                prices = [
                    vx_price(curve, expiry_day, int(history.days[i + k]), 0.0)
                    for k, curve in enumerate((today, tomorrow))
                ]
                vix = np.diff(history.columns["vix_close"][i : i + 2])[0]
                table.append((settle, later[0] - settle, prices[0], prices[1] - prices[0], vix))
    level, change, modelled, modelled_change, vix = np.array(table).T
    # The level within about a point (the fit's own error), the day's answer to VIX within a tenth of the
    # real one, and no more volatile than a real future: a conditional mean is calmer.
    assert np.abs(modelled - level).mean() < 1.0
    real = (change * vix).sum() / (vix**2).sum()
    assert (modelled_change * vix).sum() / (vix**2).sum() == pytest.approx(real, rel=0.10)
    assert 0.75 < modelled_change.std() / change.std() < 1.0


def test_embedded_sample_is_modelled_and_says_so() -> None:
    sample = load_market(None) if not _fetched() else pytest.skip("a fetched folder stands in for the sample")
    model, last = ModelPrices(sample), len(sample.sessions) - 1
    assert model.provenance["vx_futures"][last] == Provenance.MODELLED
    assert model.provenance["vvix"][last] == Provenance.MODELLED
    assert model.provenance["vix"][last] == Provenance.OBSERVED
    assert (
        15.0
        < vx_price(model.at_close(last).curve, model.at_close(last).day + 30, model.at_close(last).day, 0.0)
        < 30.0
    )


def _fetched() -> bool:
    from alvh_bt.market import fetched_folder

    return fetched_folder().exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("eta = ", "eta = 9", "eta"),
        ("rho = ", "rho = -", "number|TOML"),
        ("fast_half_life = ", "fast_half_life = -", "fast_half_life"),
        ("own_days = ", "own_days = -", "vx_modelled.vix.own_days"),
        ("future_share = ", "future_share = -", "opens.future_share"),
        ("[opens]", "[closes]", "opens.vix_on_spx"),
        ("damping = ", "damping = 'x' #", "spx_nodes.damping"),
        ("[spx_smile]", "[spx_smile", "cannot be read as TOML"),
    ],
)
def test_unusable_parameters_are_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    from importlib.resources import files

    text = (files("alvh_bt.data") / "parameters.toml").read_text(encoding="utf-8")
    file = tmp_path / "parameters.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        load_parameters(file)


def test_missing_parameter_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_parameters(tmp_path / "nowhere.toml")


def test_other_parameters_give_other_prices() -> None:
    dear = dataclasses.replace(load_parameters(), vvix_from_vix=(6.0, 0.0, 0.0))
    assert ModelPrices(market(), dear).at_close(3).vix.theta_30 > 5.0 * MODEL.at_close(3).vix.theta_30
