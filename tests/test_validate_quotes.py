"""Model against quotes: forwards by parity, volatilities, errors, moments and running sums."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from alvh_bt.contracts import Contract, Right, Root, calendar_date, epoch_day
from alvh_bt.market import Market
from alvh_bt.market.build import build_market
from alvh_bt.market.embedded import embedded_tables
from alvh_bt.pricing.day import DayPrices, forward_price, quote_contract
from alvh_bt.pricing.flat import flat_prices
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.validation.chain_errors import file_errors
from alvh_bt.validation.fund_dividends import lumped_forward
from alvh_bt.validation.moments import MIDDAY_MOMENT, prices_of_quotes, vix_at
from alvh_bt.validation.quote_tally import DELTA_EDGES, DTE_EDGES, ErrorTally
from alvh_bt.validation.quotes import implied_quotes, quote_errors

DAY = epoch_day(dt.date(2016, 3, 1))
PRICES = flat_prices(spot=2000.0, vix=20.0, day=DAY, rate=0.01, dividend_yield=0.02)
NAN = float("nan")


def black(forward: float, strike: float, tau: float, sigma: float, rate: float, right: int) -> float:
    """The textbook formula, apart from the package's own."""
    s = sigma * math.sqrt(tau)
    d1 = math.log(forward / strike) / s + s / 2.0
    value = right * (forward * norm.cdf(right * d1) - strike * norm.cdf(right * (d1 - s)))
    return float(value * math.exp(-rate * tau))


def chain(rows: list[tuple[str, int, int, float, float, float, float]], day: int = DAY) -> pd.DataFrame:
    """A day's quotes of (root, days, right, strike, bid, ask, underlying), sorted as a store gives them."""
    names = ("root", "dte", "right", "strike", "bid", "ask", "underlying")
    frame = pd.DataFrame(rows, columns=list(names))
    frame["expiry"] = day + frame.pop("dte")
    return frame.sort_values(["root", "expiry", "right", "strike"], ignore_index=True)


def slice_of(
    root: str, dte: int, forward: float, sigma: float, spot: float, strikes: list[float], tau: float
) -> list[tuple[str, int, int, float, float, float, float]]:
    rows = []
    for strike in strikes:
        for right in (-1, 1):
            mid = black(forward, strike, tau, sigma, PRICES.rate, right)
            rows.append((root, dte, right, strike, mid - 0.05, mid + 0.05, spot))
    return rows


def test_a_slice_gives_back_its_own_forward_and_volatility() -> None:
    # SPXW settles at the close: 30 whole days. The forward is one that no carry of the prices would give.
    strikes = [1800.0, 1900.0, 1950.0, 2000.0, 2050.0, 2100.0]
    frame = implied_quotes(chain(slice_of("SPXW", 30, 1991.5, 0.25, 2000.0, strikes, 30.0 / 365.0)), PRICES)
    assert frame["by_parity"].all()
    # Prices are exact, so that forward and volatility are good to rounding.
    assert frame["forward"].to_numpy() == pytest.approx(1991.5, abs=1e-9)
    assert frame["sigma"].to_numpy() == pytest.approx(0.25, abs=1e-9)
    assert frame["tau"].to_numpy() == pytest.approx(30.0 / 365.0)
    put = frame[(frame["right"] == -1) & (frame["strike"] == 1900.0)].iloc[0]
    s = 0.25 * math.sqrt(30.0 / 365.0)
    d1 = math.log(1991.5 / 1900.0) / s + s / 2.0
    assert put["delta"] == pytest.approx(-norm.cdf(-d1) * math.exp(-0.01 * 30.0 / 365.0), abs=1e-9)
    assert put["log_moneyness"] == pytest.approx(math.log(1900.0 / 1991.5))


def test_one_bad_quote_does_not_move_the_forward() -> None:
    rows = slice_of("SPXW", 30, 1991.5, 0.25, 2000.0, [1950.0, 1980.0, 2000.0, 2020.0], 30.0 / 365.0)
    bad = next(k for k, row in enumerate(rows) if row[2] == 1 and row[3] == 2000.0)
    rows[bad] = (*rows[bad][:4], 90.0, 95.0, 2000.0)
    found = implied_quotes(chain(rows), PRICES)["forward"].to_numpy()
    assert found == pytest.approx(1991.5, abs=1e-6)


def test_without_pairs_the_forward_is_that_of_rate_and_dividends() -> None:
    only_puts = [
        row for row in slice_of("SPX", 45, 1995.0, 0.2, 2001.0, [1900.0, 1950.0], 0.12) if row[2] < 0
    ]
    frame = implied_quotes(chain(only_puts), PRICES)
    # SPX settles at the open: 6.5 hours less than 45 days; the quote's own underlying counts, not the close.
    tau = (45.0 - 6.5 / 24.0) / 365.0
    assert not frame["by_parity"].any()
    assert frame["forward"].to_numpy() == pytest.approx(2001.0 * math.exp(-0.01 * tau), rel=1e-12)


def test_pairs_far_from_the_money_say_nothing() -> None:
    rows = slice_of("SPX", 45, 1900.0, 0.2, 2000.0, [1780.0, 1790.0], 0.12)
    assert not implied_quotes(chain(rows), PRICES)["by_parity"].any()


def test_a_fund_pays_its_dividends_in_lumps() -> None:
    # From 2016-03-01: ex on Friday 2016-03-18 and 2016-06-17; a quarter of 2% each time.
    expiries = np.array([epoch_day(dt.date(2016, 3, day)) for day in (17, 18)])
    late = np.array([epoch_day(dt.date(2016, 6, 30))])
    tau = np.array([0.05, 0.05])
    spot = np.array([200.0, 200.0])
    near = lumped_forward(spot, expiries, tau, PRICES)
    assert near == pytest.approx([200.0 * math.exp(0.0005), 200.0 * 0.995 * math.exp(0.0005)], rel=1e-12)
    far = lumped_forward(spot[:1], late, np.array([0.33]), PRICES)
    assert far == pytest.approx([200.0 * 0.99 * math.exp(0.0033)], rel=1e-12)


def test_a_fund_option_without_pairs_stands_on_the_lumps() -> None:
    # 17 days on, 2016-03-18, SPY is without the quarter's half percent; in a fortnight it is not yet.
    rows = [("SPY", dte, -1, 195.0, 1.50, 1.52, 200.0) for dte in (14, 17)]
    frame = implied_quotes(chain(rows), PRICES)
    grown = np.exp(0.01 * np.array([14.0, 17.0]) / 365.0)
    assert frame["forward"].to_numpy() == pytest.approx(200.0 * grown * [1.0, 0.995], rel=1e-12)


def test_spy_and_xsp_of_one_day_keep_their_own_forwards() -> None:
    tau = 30.0 / 365.0
    rows = slice_of("SPY", 30, 199.0, 0.25, 200.0, [199.0, 202.0], tau)
    rows += slice_of("XSP", 30, 201.0, 0.25, 200.0, [199.0, 202.0], tau)
    found = implied_quotes(chain(rows), PRICES)["forward"].to_numpy()
    # Quotes of SPY stand before those of XSP, as the store sorts them.
    assert found == pytest.approx([199.0] * 4 + [201.0] * 4, abs=1e-9)


def test_a_vix_option_stands_on_its_future() -> None:
    vix = flat_prices(spot=2000.0, vix=20.0, day=DAY, contango=1.0)
    # The strikes are outside a quarter of the future, so that parity is silent.
    rows = [("VIX", 42, 1, 30.0, 0.75, 0.80, NAN)]
    frame = implied_quotes(chain(rows), vix)
    assert frame["forward"].tolist() == [forward_price(Root.VIX, DAY + 42, vix)]
    assert frame["root"].tolist() == [Root.VIX]


@pytest.mark.parametrize(
    ("dte", "strike", "counts"),
    [(4, 1990.0, 0), (5, 1990.0, 2), (100, 1990.0, 2), (101, 1990.0, 0), (30, 1600.0, 0)],
)
def test_only_quotes_inside_the_bounds_count(dte: int, strike: float, counts: int) -> None:
    rows = slice_of("SPXW", dte, 1990.0, 0.25, 2000.0, [strike], dte / 365.0)
    rows = [row for row in rows if row[4] > 0.0]
    assert len(implied_quotes(chain(rows), PRICES)) == counts


def test_unknown_roots_and_an_empty_day_give_no_rows() -> None:
    rows = slice_of("NDX", 30, 2000.0, 0.2, 2000.0, [2000.0], 30.0 / 365.0)
    assert len(quote_errors(chain(rows), PRICES)) == 0
    assert len(quote_errors(chain(rows)[:0], PRICES)) == 0


def model_chain(prices: DayPrices, bump: float, half: float = 0.05) -> pd.DataFrame:
    """Quotes around Black at the model's volatility plus `bump`, on the model's forward."""
    rows = []
    for dte in (8, 30, 66):
        expiry = prices.day + dte
        forward = forward_price(Root.SPXW, expiry, prices)
        for strike in np.arange(0.85, 1.08, 0.01) * prices.spot:
            for right in (-1, 1):
                sigma = quote_contract(Contract(Root.SPXW, right, strike, expiry), prices).sigma
                mid = black(forward, strike, dte / 365.0, sigma + bump, prices.rate, right)
                if mid > half:
                    rows.append(("SPXW", dte, right, strike, mid - half, mid + half, prices.spot))
    return chain(rows, prices.day)


@pytest.mark.parametrize("bump", [-0.02, 0.0, 0.015])
def test_the_error_is_model_less_quote_in_vol_points(bump: float) -> None:
    frame = quote_errors(model_chain(PRICES, bump), PRICES)
    assert len(frame) > 60
    # The quotes are exact; parity gives the forward to rounding, which tells little on the vol.
    assert frame["error"].to_numpy() == pytest.approx(-100.0 * bump, abs=1e-5)


def test_inside_means_between_bid_and_ask() -> None:
    quotes = model_chain(PRICES, 0.0)
    assert quote_errors(quotes, PRICES)["inside"].all()
    above = quotes.assign(bid=quotes["bid"] + 0.06, ask=quotes["ask"] + 0.06)
    puts = quote_errors(above[above["right"] < 0].reset_index(drop=True), PRICES)
    assert not puts["inside"].any() and (puts["error"] < 0.0).all()


def test_sums_agree_with_those_of_the_frame() -> None:
    frame = quote_errors(model_chain(PRICES, 0.01, 0.2), PRICES)
    noise = np.random.default_rng(5).normal(0.0, 2.0, len(frame))
    frame = frame.assign(error=frame["error"] + noise, inside=noise > 0.3)
    tally = ErrorTally()
    for part in (frame[:50], frame[50:51], frame[51:]):
        tally.add(part)
    figures = tally.statistics()
    assert figures["n"] == len(frame)
    assert figures["mae_vol_points"] == pytest.approx(frame["error"].abs().mean(), rel=1e-12)
    assert figures["bias_vol_points"] == pytest.approx(frame["error"].mean(), rel=1e-12)
    assert figures["inside_spread"] == frame["inside"].mean()
    # Binned to a thousandth of a vol point.
    assert figures["median_vol_points"] == pytest.approx(frame["error"].abs().median(), abs=0.001)
    both = tally.plus(tally).statistics()
    assert (both["n"], both["mae_vol_points"]) == (2 * len(frame), pytest.approx(figures["mae_vol_points"]))


def test_buckets_split_by_right_delta_and_days() -> None:
    frame = quote_errors(model_chain(PRICES, 0.01), PRICES)
    tally = ErrorTally()
    tally.add(frame)
    sizes = pd.cut(frame["delta"].abs(), list(DELTA_EDGES), right=False)
    days = pd.cut(frame["dte"], list(DTE_EDGES), right=False)
    counted = frame.groupby([frame["right"], sizes, days], observed=False).size()
    assert [bucket.n for bucket in tally.buckets()] == counted.tolist()
    empty = next(bucket for bucket in tally.buckets() if not bucket.n)
    assert math.isnan(empty.mae)


def test_a_tally_of_nothing_is_unknown() -> None:
    figures = ErrorTally().statistics()
    assert (
        figures["n"] == 0 and math.isnan(figures["mae_vol_points"]) and math.isnan(figures["inside_spread"])
    )


def sample() -> Market:
    return build_market(embedded_tables(), dt.date(2020, 1, 1))


def ranged(low: float, high: float) -> tuple[Market, int]:
    """The embedded sample with a VIX range on one day (it has closes alone), and the day's row."""
    market = sample()
    i = market.index_of(dt.date(2016, 6, 24))
    columns = {name: values.copy() for name, values in market.columns.items()}
    columns["vix_low"][i], columns["vix_high"][i] = low, high
    return dataclasses.replace(market, columns=columns), i


def test_vix_follows_the_line_through_the_ranges() -> None:
    market, i = ranged(18.0, 26.0)
    low, high = (float(market.columns[name][i]) for name in ("spx_low", "spx_high"))
    assert vix_at(market, i, low) == 26.0
    assert vix_at(market, i, high) == 18.0
    assert vix_at(market, i, low + 0.25 * (high - low)) == pytest.approx(24.0, rel=1e-12)
    assert vix_at(market, i, low - 5.0) == 26.0


def test_quotes_of_another_moment_move_the_model_there() -> None:
    market, i = ranged(18.0, 26.0)
    close = ModelPrices(market).at_close(i)
    low, high = (float(market.columns[name][i]) for name in ("spx_low", "spx_high"))
    index = low + 0.75 * (high - low)
    row = ("SPX", 30, 1, 2000.0, 50.0, 51.0, index)
    at = prices_of_quotes(market, i, close, chain([row]))
    assert at is not None
    assert at.prices.spot == pytest.approx(index, rel=1e-12)
    assert at.prices.vix_level == pytest.approx(20.0, rel=1e-12)
    assert at.moment == MIDDAY_MOMENT == -3.25 / 24.0
    assert "VIX to 20.00" in at.note and "2016-06-24" in at.note


@pytest.mark.parametrize("root", ["SPX", "SPY", "VIX"])
def test_quotes_of_the_close_leave_the_model_alone(root: str) -> None:
    market = sample()
    i = market.index_of(dt.date(2016, 6, 24))
    close = ModelPrices(market).at_close(i)
    # SPX within half a percent, as of 16:15; what SPY and VIX stand at does not speak of the index.
    level = {"SPX": close.spot * 1.0049, "SPY": close.spot * 0.09, "VIX": 30.0}[root]
    at = prices_of_quotes(market, i, close, chain([(root, 30, 1, 200.0, 5.0, 6.0, level)]))
    assert at is not None and at.prices is close and at.moment == 0.0 and at.note == ""


def test_an_index_beyond_half_a_percent_is_of_another_moment() -> None:
    market, i = ranged(18.0, 26.0)
    close = ModelPrices(market).at_close(i)
    at = prices_of_quotes(market, i, close, chain([("SPX", 30, 1, 200.0, 5.0, 6.0, close.spot * 1.0051)]))
    assert at is not None and at.moment == MIDDAY_MOMENT
    assert at.prices.spot == pytest.approx(close.spot * 1.0051, rel=1e-12)


def test_quotes_of_another_day_are_refused_and_xsp_counts_tenfold() -> None:
    market = sample()
    i = market.index_of(dt.date(2016, 6, 24))
    close = ModelPrices(market).at_close(i)
    assert (
        prices_of_quotes(market, i, close, chain([("SPX", 30, 1, 200.0, 5.0, 6.0, close.spot * 1.2)])) is None
    )
    tenth = prices_of_quotes(market, i, close, chain([("XSP", 30, 1, 200.0, 5.0, 6.0, close.spot * 0.1)]))
    assert tenth is not None and tenth.note == ""


def test_without_ranges_vix_stays_at_its_close() -> None:
    market = sample()
    i = market.index_of(dt.date(2016, 6, 24))
    close = ModelPrices(market).at_close(i)
    high = float(market.columns["spx_high"][i])
    at = prices_of_quotes(market, i, close, chain([("SPX", 30, 1, 200.0, 5.0, 6.0, high)]))
    assert at is not None and at.prices.vix_level == close.vix_level
    assert "its close: the day's ranges are unknown" in at.note


class FakeFile:
    """Quotes made from the model with a bump, on three sessions and on a Sunday."""

    name = "made_up.csv"

    def __init__(self, model: ModelPrices, rows: list[int], days: list[int], bump: float) -> None:
        self._prices = {model.at_close(i).day: model.at_close(i) for i in rows}
        self.days = np.array(sorted([*self._prices, *days]), dtype=np.int64)
        self._bump = bump

    def day(self, day: int, roots: object = None, max_dte: int | None = None) -> pd.DataFrame:
        return model_chain(self._prices[day], self._bump)


def test_a_file_is_compared_day_by_day() -> None:
    market = sample()
    model = ModelPrices(market)
    first = market.index_of(dt.date(2016, 6, 23))
    sunday = epoch_day(dt.date(2016, 6, 26))
    file = FakeFile(model, [first - 1, first, first + 1, first + 2], [sunday], 0.01)
    ticks: list[int] = []
    result = file_errors(market, model, file, first, first + 2, lambda: ticks.append(1))
    assert (result.days, len(ticks)) == (3, 4)
    assert result.notes == ("left out, no session of the market with VIX: 1 days",)
    assert result.main is result.spx and result.vix.n == 0
    figures = result.spx.statistics()
    assert figures["mae_vol_points"] == pytest.approx(1.0, abs=1e-5)
    assert figures["bias_vol_points"] == pytest.approx(-1.0, abs=1e-5)
    assert len(result.sample) * 3 >= result.spx.n > 180
    assert calendar_date(result.sample_day) >= dt.date(2016, 6, 23)


def test_real_quotes_are_read_as_an_independent_fit_reads_them(real_data_dir: Path) -> None:
    """Forward and volatility of one real expiry against a regression of all pairs and a bisection."""
    raw = pd.read_csv(real_data_dir / "chains" / "spx_2011-01-03_2011-01-07.csv.gz")
    raw = raw[(raw["quote_date"] == "2011-01-03") & (raw["root"] == "SPX")]
    raw = raw[raw["expiration"] == sorted(raw["expiration"].unique())[1]]
    raw = raw[(raw["bid"] > 0.0) & (raw["bid"] <= raw["ask"])]
    day = epoch_day(dt.date(2011, 1, 3))
    expiry = int(np.datetime64(raw["expiration"].iloc[0], "D").astype(np.int64))
    frame = raw.assign(expiry=expiry, right=np.where(raw["type"] == "C", 1, -1))
    frame = frame.sort_values(["root", "expiry", "right", "strike"], ignore_index=True)
    prices = flat_prices(spot=1271.87, vix=17.6, day=day, rate=0.0014, dividend_yield=0.018)
    found = implied_quotes(frame, prices)
    mids = frame.assign(mid=0.5 * (frame["bid"] + frame["ask"]))
    both = mids.pivot_table(index="strike", columns="right", values="mid").dropna()
    both = both[(both.index > 1210.0) & (both.index < 1335.0)]
    slope, level = np.polyfit(both.index, both[1] - both[-1], 1)
    # A free slope and a mean against a fixed one and a median: half a point, the width of the spreads.
    assert found["forward"].iloc[0] == pytest.approx(-level / slope, abs=0.5)
    assert Right.PUT in found["right"].to_numpy()
    one = found[(found["right"] == -1) & (found["delta"] < -0.2)].iloc[0]
    again = black(one["forward"], one["strike"], one["tau"], one["sigma"], 0.0014, -1)
    assert again == pytest.approx(one["mid"], abs=1e-9)
