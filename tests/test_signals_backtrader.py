"""The indicators are those of Backtrader, bar by bar, on the embedded sample and on real history."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.market.build import build_market
from alvh_bt.market.embedded import embedded_tables
from alvh_bt.market.load import load_folder
from alvh_bt.signals import SpxRsi, VixRsi, VvixMacd
from alvh_bt.signals.smoothing import macd_histogram, wilder_rsi

PARAMS = SignalParams()

#: The same recursion over at most 9,000 bars: rounding of the last bits, far below what a reader sees.
TOLERANCE = 1e-9


def of_backtrader(values: np.ndarray, indicator: str, **params: int) -> np.ndarray:
    """What Backtrader says on each value when it is run over them; NaN until it says anything."""
    seen: list[float] = []

    class Watch(bt.Strategy):
        def __init__(self) -> None:
            self.indicator = getattr(bt.indicators, indicator)(self.data.close, **params)
            self.line = self.indicator.lines.histo if "MACD" in indicator else self.indicator.lines[0]

        def next(self) -> None:
            seen.append(self.line[0])

    frame = pd.DataFrame({"close": values}, index=pd.bdate_range("1990-01-01", periods=len(values)))
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame, open=-1, high=-1, low=-1, volume=-1, openinterest=-1))
    cerebro.addstrategy(Watch)
    cerebro.run()
    return np.concatenate((np.full(len(values) - len(seen), np.nan), seen))


def assert_agrees(ours: np.ndarray, column: np.ndarray, indicator: str, **params: int) -> None:
    """Backtrader has no gaps: it is run over the known values, and we are silent on the others."""
    known = ~np.isnan(column)
    assert known.sum() > 1000
    expected = of_backtrader(column[known], indicator, **params)
    assert np.isfinite(expected).sum() > 900
    np.testing.assert_allclose(ours[known], expected, rtol=0.0, atol=TOLERANCE)
    assert np.isnan(ours[~known]).all()


def agrees_on(market: Market) -> None:
    spx, vix = market.columns["spx_close"], market.columns["vix_close"]
    assert_agrees(SpxRsi().series(market, PARAMS), spx, "RSI", period=14)
    assert_agrees(VixRsi().series(market, PARAMS), vix, "RSI", period=14)


def test_rsi_is_backtrader_s_on_the_sample() -> None:
    market = build_market(embedded_tables(), dt.date(2020, 1, 1))
    assert np.isnan(market.columns["vix_close"]).any()  # the sample's VIX begins later: gaps are tried too
    agrees_on(market)


def test_macd_is_backtrader_s_on_the_sample() -> None:
    # The sample has no VVIX: the MACD of its VIX is as good a test of the arithmetic.
    vix = build_market(embedded_tables(), dt.date(2020, 1, 1)).columns["vix_close"]
    assert_agrees(macd_histogram(vix, 12, 26, 9), vix, "MACDHisto")


def test_rsi_is_backtrader_s_on_real_history(real_data_dir: Path) -> None:
    agrees_on(load_folder(real_data_dir / "market"))


def test_macd_is_backtrader_s_on_real_history(real_data_dir: Path) -> None:
    market = load_folder(real_data_dir / "market")
    vvix = market.columns["vvix"]
    assert_agrees(VvixMacd().series(market, PARAMS), vvix, "MACDHisto")


@pytest.mark.parametrize("period", [1, 2, 5, 30])
def test_other_periods_and_gaps_agree_too(period: int) -> None:
    draw = np.random.default_rng(period)
    closes = 100.0 * np.exp(np.cumsum(0.02 * draw.standard_normal(1500)))
    closes[draw.random(1500) < 0.1] = np.nan
    # `RSI_Safe` is the same index where a fall or a rise is 0, as it is at a period of 1.
    assert_agrees(wilder_rsi(closes, period), closes, "RSI_Safe", period=period)
    fast, slow, signal = period, 2 * period + 3, period + 1
    ours = macd_histogram(closes, fast, slow, signal)
    periods = {"period_me1": fast, "period_me2": slow, "period_signal": signal}
    assert_agrees(ours, closes, "MACDHisto", **periods)
