"""VIX futures rolled by the S&P rule, and the funds beside them."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alvh_bt.contracts import calendar_date, epoch_day
from alvh_bt.errors import DataError
from alvh_bt.market import COLUMN_NAMES, Market, load_market
from alvh_bt.sessions import exchange_sessions
from alvh_bt.validation.etps import PRODUCTS, EtpReplication, Product, read_closes, replicate_etp
from alvh_bt.validation.return_statistics import annual_return, correlation, tracking_error
from alvh_bt.validation.vx_roll import MID_TERM, SHORT_TERM, roll_schedule, rolled_returns

#: VIX settlements of early 2019, as the exchange published them.
FEBRUARY, MARCH, APRIL, MAY = (
    epoch_day(dt.date(2019, month, day)) for month, day in ((2, 13), (3, 19), (4, 17), (5, 22))
)
EXPIRIES = np.array([FEBRUARY, MARCH, APRIL, MAY])


def schedule_on(day: dt.date) -> tuple[int, float]:
    found = roll_schedule(np.array([epoch_day(day)]), EXPIRIES, 2)
    return int(found.expiry[0, 0]), float(found.weight[0])


def test_weights_follow_the_sessions_left() -> None:
    # From Wednesday 2019-02-13 to Monday 2019-03-18 there are 23 sessions (Presidents' Day is none).
    assert schedule_on(dt.date(2019, 2, 12)) == (MARCH, 1.0)
    assert schedule_on(dt.date(2019, 2, 13)) == (MARCH, pytest.approx(22.0 / 23.0))
    assert schedule_on(dt.date(2019, 2, 15)) == (MARCH, pytest.approx(20.0 / 23.0))
    # One session before the settlement nothing is left: all of it is the April contract.
    assert schedule_on(dt.date(2019, 3, 15)) == (MARCH, pytest.approx(1.0 / 23.0))
    assert schedule_on(dt.date(2019, 3, 18)) == (APRIL, 1.0)


def test_a_roll_before_the_first_settlement_known_has_no_weight() -> None:
    assert math.isnan(schedule_on(dt.date(2019, 2, 1))[1])


def made_up(
    prices: dict[tuple[int, dt.date], float], first: dt.date, last: dt.date, rate: float = 0.0
) -> Market:
    """A market with the settlements given by (expiry, day)."""
    sessions = exchange_sessions(first, last)
    n = len(sessions)
    columns = {name: np.full(n, np.nan) for name in COLUMN_NAMES}
    columns["spx_close"][:], columns["vix_close"][:], columns["rate"][:] = 2800.0, 15.0, rate
    expiry, settle = np.zeros((n, 9), dtype=np.int64), np.full((n, 9), np.nan)
    for i, day in enumerate(sessions.astype(object)):
        seen = sorted((e, price) for (e, when), price in prices.items() if when == day)
        for k, (e, price) in enumerate(seen):
            expiry[i, k], settle[i, k] = e, price
    provenance = {name: np.zeros(n, dtype=np.int8) for name in (*COLUMN_NAMES, "vx_futures")}
    return Market(sessions, columns, provenance, expiry, settle)


def test_the_return_is_that_of_the_weights_of_the_day_before() -> None:
    days = [dt.date(2019, 3, day) for day in (14, 15, 18, 19, 20)]
    march, april, may = (
        [15.0, 14.0, 13.0],
        [16.0, 15.5, 15.0, 15.6, 15.0],
        [16.5, 16.0, 15.8, 16.4, 16.0],
    )
    prices = {(MARCH, day): price for day, price in zip(days, march, strict=False)}
    prices |= {(APRIL, day): price for day, price in zip(days, april, strict=True)}
    prices |= {(MAY, day): price for day, price in zip(days, may, strict=True)}
    found = rolled_returns(made_up(prices, days[0], days[-1], rate=0.0365), SHORT_TERM)
    # By hand. At the close of the 14th two sessions are left of the 23 (the 15th, the 18th), a day later one.
    day_15 = (2.0 * 14.0 + 21.0 * 15.5) / (2.0 * 15.0 + 21.0 * 16.0) - 1.0 + 0.0001
    day_18 = (1.0 * 13.0 + 22.0 * 15.0) / (1.0 * 14.0 + 22.0 * 15.5) - 1.0 + 0.0003
    # On the 18th everything is April; on the 19th, of the 21 sessions from then to 2019-04-16, 20 are left.
    day_19 = 15.6 / 15.0 - 1.0 + 0.0001
    day_20 = (20.0 * 15.0 + 1.0 * 16.0) / (20.0 * 15.6 + 1.0 * 16.4) - 1.0 + 0.0001
    assert math.isnan(found[0])
    assert found[1:] == pytest.approx([day_15, day_18, day_19, day_20], rel=1e-12)


def test_the_mid_term_roll_holds_four_contracts() -> None:
    days = [dt.date(2019, 3, 18), dt.date(2019, 3, 19)]
    later = [epoch_day(dt.date(2019, month, day)) for month, day in ((6, 19), (7, 17), (8, 21))]
    expiries = [APRIL, MAY, *later]
    prices = {(e, day): 16.0 + k for k, e in enumerate(expiries) for day in days}
    for k, e in enumerate(expiries):
        prices[(e, days[1])] *= 1.0 + 0.01 * k
    prices[(MARCH, days[0])] = 14.0
    market = made_up(prices, days[0], days[-1])
    found = rolled_returns(market, MID_TERM)
    # On the first day of a period the months 4, 5 and 6 have a third each and the seventh nothing: here the
    # sixth, September, was not given.
    assert math.isnan(found[1])
    september = epoch_day(dt.date(2019, 9, 18))
    prices |= {(september, day): 30.0 for day in days}
    found = rolled_returns(made_up(prices, days[0], days[-1]), MID_TERM)
    value = 19.0 * 1.03 + 20.0 * 1.04 + 30.0
    assert found[1] == pytest.approx(value / (19.0 + 20.0 + 30.0) - 1.0, rel=1e-12)


def test_a_missing_settlement_leaves_the_day_out() -> None:
    days = [dt.date(2019, 2, 20), dt.date(2019, 2, 21), dt.date(2019, 2, 22)]
    prices = {(e, day): 16.0 for e in (MARCH, APRIL) for day in days}
    del prices[(APRIL, days[1])]
    market = made_up(prices, days[0], days[-1])
    closes = pd.Series([10.0, 11.0, 12.0], index=pd.DatetimeIndex(days))
    found = replicate_etp(market, PRODUCTS[0], closes, 0, 2)
    assert len(found.daily) == 0 and math.isnan(found.statistics()["correlation_daily"])


def test_weeks_end_with_their_last_common_session() -> None:
    sessions = exchange_sessions(dt.date(2019, 2, 19), dt.date(2019, 3, 8)).astype(object)
    rng = np.random.default_rng(2)
    level = {e: 16.0 * np.exp(np.cumsum(rng.normal(0.0, 0.03, len(sessions)))) for e in (MARCH, APRIL)}
    prices = {(e, day): path[k] for e, path in level.items() for k, day in enumerate(sessions)}
    market = made_up(prices, sessions[0], sessions[-1])
    growth = 1.0 + np.nan_to_num(rolled_returns(market))
    closes = pd.Series(50.0 * np.cumprod(growth), index=pd.DatetimeIndex(sessions)).drop(
        pd.Timestamp("2019-03-01")
    )
    found = replicate_etp(market, Product("X", "etp_x", SHORT_TERM), closes, 0, len(sessions) - 1)
    # Friday 2019-03-01 is missing from the fund: the week ends on Thursday for both.
    assert found.weekly.index.tolist() == [pd.Timestamp("2019-02-28"), pd.Timestamp("2019-03-08")]
    assert len(found.daily) == len(sessions) - 2
    assert found.statistics()["correlation_daily"] == pytest.approx(1.0, abs=1e-12)
    assert found.daily["roll"].to_numpy() == pytest.approx(found.daily["etp"].to_numpy(), abs=1e-12)


def test_statistics_of_returns_by_hand() -> None:
    one, other = pd.Series([0.01, 0.01, 0.04]), pd.Series([0.00, 0.02, 0.01])
    # Differences 0.01, -0.01, 0.03: mean 0.01, squares about it 0, 0.0004, 0.0004, over n - 1 = 2.
    assert tracking_error(one, other) == pytest.approx(0.02, rel=1e-12)
    assert annual_return(pd.Series([0.21, 0.0]), 2.0) == pytest.approx(0.21, rel=1e-12)
    assert correlation(one, other) == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(correlation(one, one * 0.0)) and math.isnan(annual_return(one[:0], 12.0))


@pytest.mark.parametrize(
    ("name", "days", "apart"),
    [
        ("VXX", ["2022-03-11", "2022-03-14", "2022-09-30", "2022-10-03"], 2),
        ("VXX", ["2022-03-11", "2022-10-03"], 0),
        ("VIXY", ["2022-06-01"], 0),
    ],
)
def test_the_days_without_new_shares_are_said(name: str, days: list[str], apart: int) -> None:
    daily = pd.DataFrame({"roll": 0.01, "etp": 0.01}, index=pd.DatetimeIndex(days))
    notes = EtpReplication(name, daily, daily[:0]).notes
    said = f"from 2022-03-14 to 2022-09-30, so that the note left its index: {apart} of the days"
    assert len(notes) == (apart > 0) and all(said in note for note in notes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,close\n2019-01-02,ten\n", "etp_x.csv, row 2: close 'ten' is not a number"),
        ("date,close\n2019-01-02,10\n2019-01-02,11\n", "row 3: date 2019-01-02 is a duplicate"),
        ("date,close\n2019-01-02,-3\n", "row 2: close -3 must be above 0"),
        ("date,price\n2019-01-02,3\n", "no column 'close'"),
    ],
)
def test_a_broken_fund_file_is_named(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "etp_x.csv"
    path.write_text(text)
    with pytest.raises(DataError) as error:
        read_closes(path)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_real_funds_hold_the_same_roll(real_data_dir: Path) -> None:
    market = load_market(real_data_dir / "market")
    first, last = market.window(dt.date(2011, 1, 1), dt.date(2024, 12, 31))
    product = next(each for each in PRODUCTS if each.name == "VIXY")
    closes = read_closes(real_data_dir / "market" / "etp_vixy.csv", dt.date(2026, 1, 1))
    figures = replicate_etp(market, product, closes, first, last).statistics()
    assert figures["days"] > 3500 and calendar_date(int(market.days[last])) == dt.date(2024, 12, 31)
    # The aims; daily before 2021 is held back by VX settling 15 minutes after the fund's close.
    assert figures["correlation_weekly"] >= 0.99
    assert figures["correlation_daily_since_2021"] >= 0.997
    # A fee of 0.85% a year and the roll's slippage are between them.
    assert 0.0 < figures["annual_roll"] - figures["annual_etp"] < 0.02
