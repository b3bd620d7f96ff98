"""Cboe's tail hedge index: reading its file, its calls against the model, and its rule."""

from __future__ import annotations

import datetime as dt
import math
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alvh_bt.contracts import Contract, Right, Root, epoch_day
from alvh_bt.errors import DataError
from alvh_bt.market import Market, load_market
from alvh_bt.market.build import build_market
from alvh_bt.market.embedded import embedded_tables
from alvh_bt.pricing.day import forward_price, quote_contract
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.pricing.strikes import strike_by_delta
from alvh_bt.validation.benchmarks import check_folder, read_monthly, read_vxth
from alvh_bt.validation.vxth import has_bid, replicate
from alvh_bt.validation.vxth_index import replicate_vxth

HEADER = "date,vxth,spx,divd,expiration,strike,call_bid,call_ask,call_mid,number_of_calls\n"


def vxth_file(folder: Path, rows: list[str]) -> Path:
    path = folder / "vxth_daily.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n")
    return path


def expiries(path: Path) -> list[str]:
    return [str(np.datetime64(int(day), "D")) for day in read_vxth(path)["expiry"]]


def test_published_slips_of_the_expiration_are_mended(tmp_path: Path) -> None:
    path = vxth_file(
        tmp_path,
        [
            # Under the expiration of the old call, which settled this morning.
            "2011-04-20,143.7,1330.4,0.03,2011-04-20,22.5,0.8,0.85,0.825,0.15",
            "2011-04-21,144.3,1337.4,0.03,2011-05-18,22.5,0.7,0.75,0.725,0.15",
        ],
    )
    assert expiries(path) == ["2011-05-18", "2011-05-18"]
    path = vxth_file(
        tmp_path,
        [
            # A Friday in place of the Wednesday, two days before.
            "2012-11-21,143.3,1391.0,0.03,2012-12-21,20.0,0.75,0.8,0.775,0.18",
            # The year of the roll in place of its own.
            "2012-12-31,146.7,1426.2,0.01,2012-01-16,19.0,1.15,1.2,1.175,0.19",
            # The Wednesday of a settlement that a holiday had moved to Tuesday.
            "2014-02-19,150.0,1828.0,0.03,2014-03-19,17.0,0.7,0.75,0.725,0.15",
        ],
    )
    assert expiries(path) == ["2012-12-19", "2013-01-16", "2014-03-18"]


def test_absent_and_unreadable_quotes_are_absent(tmp_path: Path) -> None:
    frame = read_vxth(
        vxth_file(
            tmp_path,
            [
                "2012-01-18,145.0,1308.0,0.2,2012-02-15,29.0,0.0,0,1.05,0.1",
                "2012-01-19,145.0,1308.0,0.2,2012-02-15,29.0,0.2,0..35,0.275,0.1",
                "2012-01-20,145.0,1308.0,0.2,2012-02-15,29.0,0.0,0.05,0.025,0.1",
                "2012-01-23,145.0,1308.0,0.2,2012-02-15,29.0,0.0,0,0.05,0.1",
                "2012-01-24,145.0,1308.0,0.2,2012-02-15,29.0,0.1,0.15,0.125,0.1",
                "2012-01-25,145.0,1308.0,0.2,2012-02-15,29.0,0.1,0.15,,0.1",
            ],
        )
    )
    assert frame["call_ask"].isna().tolist() == [True, True, False, True, False, False]
    assert frame["call_bid"].isna().tolist() == [True, True, False, True, False, False]
    # A mid of at most one tick of 0.05 has no bid under it.
    assert has_bid(frame).tolist() == [True, True, False, False, True, False]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            "2012-01-18,145,1308,0.2,2012-02-99,29,0,0,1.05,0.1",
            "row 2: expiration '2012-02-99' is not a date",
        ),
        ("2012-01-18,145,1308,0.2,,29,0,0,1.05,0.1", "row 2: expiration is blank"),
        (
            "2012-01-18,145,1308,0.2,9999-12-31,29,0,0,1.05,0.1",
            "row 2: expiration 9999-12-31 is not within -5 to 100 days of its date",
        ),
        (
            "2012-01-18,145,1308,0.2,2012-12-19,29,0,0,1.05,0.1",
            "row 2: expiration 2012-12-19 is not within -5 to 100 days of its date",
        ),
        (
            # Nearly two years before: with one year added it is still no call of the index.
            "2012-01-18,145,1308,0.2,2010-02-17,29,0,0,1.05,0.1",
            "row 2: expiration 2010-02-17 is not within -5 to 100 days of its date",
        ),
        ("2012-01-18,145,high,0.2,2012-02-15,29,0,0,1.05,0.1", "row 2: spx 'high' is not a number"),
        ("2012-01-18,145,1308,0.2,2012-02-15,-29,0,0,1.05,0.1", "row 2: strike -29 must be above 0"),
        ("2032-01-18,145,1308,0.2,2012-02-15,29,0,0,1.05,0.1", "row 2: date 2032-01-18 is after today"),
    ],
)
def test_a_broken_row_is_named(row: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read_vxth(vxth_file(tmp_path, [row]), dt.date(2026, 1, 1))
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "vxth_daily.csv"
    path.write_text(HEADER.replace("expiration", "expires") + "2012-01-18,1,1,0,2012-02-15,29,0,0,1,0\n")
    with pytest.raises(DataError, match=r"vxth_daily.csv, row 1: no column 'expiration'"):
        read_vxth(path)
    path.write_text("date,vxth\n2012-01-18,1\n")
    with pytest.raises(DataError, match=f"no column 'spx' in the header 'date,vxth': .* {HEADER.strip()}$"):
        read_vxth(path)
    path.write_text(HEADER.replace("expiration", " expiration") + "2012-01-18,1,1,0,2012-02-15,29,0,0,1,0\n")
    with pytest.raises(DataError, match=r"row 1: no column 'expiration'"):
        read_vxth(path)
    path.write_text("")
    with pytest.raises(DataError, match=r"the file is empty"):
        read_vxth(path)


def test_monthly_levels_stand_on_month_ends(tmp_path: Path) -> None:
    path = tmp_path / "cboe_monthly.csv"
    path.write_text("date,PUT,OTHER,CNDR\n2011-01-31,100,x,50\n2011-02-25,,x,51\n2011-02-28,102,x,\n")
    levels = read_monthly(path)
    assert levels.columns.tolist() == ["CNDR", "PUT"]
    assert levels.index.tolist() == [pd.Timestamp("2011-01-31"), pd.Timestamp("2011-02-28")]
    assert levels["PUT"].tolist() == [100.0, 102.0] and levels["CNDR"].tolist() == [50.0, 51.0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,XYZ\n2011-01-31,100\n", "row 1: none of the columns CNDR, PUT, BXM, BXMD"),
        ("date,PUT\n2011-01-31,lots\n", "row 2: PUT 'lots' is not a number"),
        ("date,PUT\n31.01.2011,100\n", "row 2: date '31.01.2011' is not a date"),
        ("date, PUT\n2011-01-31,100\n", "row 1: no column 'PUT' in the header 'date, PUT'"),
        (
            "date,PUT\n2011-01-31,100\n2011-02-15,101\n",
            "row 3: date 2011-02-15 is not within the last 5 days of its month",
        ),
        # The sixth day from the end of a month of 31.
        ("date,PUT\n2011-01-26,100\n", "row 2: date 2011-01-26 is not within the last 5 days"),
        ("", "the file is empty"),
    ],
)
def test_a_broken_monthly_file_is_named(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "cboe_monthly.csv"
    path.write_text(text)
    with pytest.raises(DataError) as error:
        read_monthly(path)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_last_sessions_and_last_days_of_a_month_are_its_end(tmp_path: Path) -> None:
    path = tmp_path / "cboe_monthly.csv"
    # The fifth day from the end; a leap day; the Thursday before Good Friday 2013, the 29th of March.
    path.write_text("date,PUT\n2011-01-27,100\n2012-02-29,101\n2013-03-28,102\n2013-04-30,103\n")
    assert read_monthly(path)["PUT"].dropna().tolist() == [100.0, 101.0, 102.0, 103.0]


def test_the_real_monthly_levels_stand_at_their_month_ends(real_data_dir: Path) -> None:
    levels = read_monthly(real_data_dir / "benchmarks" / "cboe_monthly.csv")
    assert len(levels) == 319 and levels.columns.tolist() == ["CNDR", "PUT", "BXM", "BXMD"]


def test_a_folder_without_benchmarks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither cboe_monthly.csv nor vxth_daily.csv here"):
        check_folder(tmp_path)
    with pytest.raises(DataError, match=r"absent: no such folder"):
        check_folder(Path("absent"))


@cache
def sample() -> tuple[Market, ModelPrices]:
    market = build_market(embedded_tables(), dt.date(2020, 1, 1))
    return market, ModelPrices(market)


#: VIX settlements of 2016, from the exchange's list.
SETTLEMENTS = [dt.date(2016, *day) for day in ((1, 20), (2, 17), (3, 16), (4, 20))]


def held_calls(markup: float, rolls: int = 2) -> pd.DataFrame:
    """A made-up index over two rolls: first the model's own strike, then one five points off."""
    market, model = sample()
    rows = []
    strike = 0.0
    for roll, (day, expiry) in enumerate(pairwise(SETTLEMENTS[: rolls + 1])):
        first, last = market.index_of(day), market.index_of(expiry)
        strike = strike_by_delta(
            Root.VIX, Right.CALL, epoch_day(expiry), 0.30, model.at_open(first)
        ) + 5.0 * (roll == 1)
        for i in range(first, last):
            close = model.at_close(i)
            contract = Contract(Root.VIX, Right.CALL, strike, epoch_day(expiry))
            mid = quote_contract(contract, close).mid * markup
            rows.append((int(market.days[i]), epoch_day(expiry), strike, mid, float(close.spot)))
    names = ("day", "expiry", "strike", "call_mid", "spx")
    frame = pd.DataFrame(rows, columns=list(names))
    # One day of the old call goes before, so that the first roll is seen to begin.
    before = frame.iloc[[0]].assign(
        day=frame["day"].iloc[0] - 1, expiry=epoch_day(SETTLEMENTS[0]), strike=10.0
    )
    frame = pd.concat([before, frame], ignore_index=True)
    frame = frame.assign(divd=0.0, call_bid=math.nan, call_ask=math.nan, vxth=100.0)
    return frame.assign(number_of_calls=0.01 * frame["spx"] / (100.0 * frame["call_mid"]))


def test_held_calls_against_the_model() -> None:
    market, model = sample()
    table = held_calls(1.25)
    found = replicate(market, model, table, *market.window())
    figures = found.statistics()
    assert (figures["rolls"], figures["same_strike"]) == (2, 0.5)
    # Every mid is a quarter above the model: model / mid - 1 is -0.2, on whatever day.
    assert figures["median_abs_rel_error_all_mids"] == pytest.approx(0.2, abs=1e-12)
    assert figures["bias_rel"] == pytest.approx(-0.2, abs=1e-12)
    tiny = int((table["call_mid"] <= 0.05).sum())
    assert (figures["days"], figures["days_without_bid"]) == (len(table) - tiny, tiny)
    assert sum(part["n"] for part in figures["by_days_left"]) == figures["days"]
    assert sum(part["n"] for part in figures["by_log_moneyness"]) == figures["days"]
    assert [part["year"] for part in figures["by_year"]] == [2016]
    # One percent was bought at both rolls; the rule agrees where the future is above 15 and to 30.
    rule = [0.01 if 15.0 < future <= 30.0 else 0.0 for future in found.rolls["future"]]
    assert found.rolls["weight"].tolist() == rule
    assert figures["weight_agrees"] == np.mean(np.array(rule) > 0.0)


def test_the_rule_is_followed_by_hand() -> None:
    market, model = sample()
    table = held_calls(1.0).iloc[1:].reset_index(drop=True)
    divd = np.where(np.arange(len(table)) == 3, 1.7, 0.0)
    rows = np.searchsorted(market.days, table["day"].to_numpy())
    levels = 100.0 * np.cumprod(1.0 + np.random.default_rng(1).normal(0.0, 0.01, len(table)))
    table = table.assign(divd=divd, row=rows, vxth=levels)
    months = replicate_vxth(market, model, table)
    # By hand: buy at the first close, hold shares and calls, settle at the VIX settlement value, buy again.
    spx = table["spx"].to_numpy()
    shares, calls, strike, expiry, value = 0.0, 0.0, 0.0, 0, []
    for n, i in enumerate(rows.tolist()):
        prices = model.at_close(i)
        worth = 1.0 if n == 0 else shares * (spx[n] + divd[n])
        shares = worth / spx[n]
        if table["expiry"][n] != expiry:
            if n:
                worth += calls * max(0.0, model.settlement(i).vix - strike)
            expiry = int(table["expiry"][n])
            future = forward_price(Root.VIX, expiry, prices)
            strike = strike_by_delta(Root.VIX, Right.CALL, expiry, 0.30, prices)
            price = quote_contract(Contract(Root.VIX, Right.CALL, strike, expiry), prices).mid
            weight = 0.01 if 15.0 < future <= 30.0 else 0.0
            calls, shares = weight * worth / price, worth * (1.0 - weight) / spx[n]
        mark = quote_contract(Contract(Root.VIX, Right.CALL, strike, expiry), prices).mid
        value.append(shares * spx[n] + calls * mark)
    day = table["day"].to_numpy().astype("datetime64[D]").astype("datetime64[M]")
    ends = [int(np.flatnonzero(day == month)[-1]) for month in np.unique(day)]
    # From 2016-01-20 to 2016-03-15: January and February end inside, so that February alone is whole.
    assert len(months) == 1 and months.index[0] == pd.Timestamp("2016-02-29")
    assert months["program"].iloc[0] == pytest.approx(value[ends[1]] / value[ends[0]] - 1.0, rel=1e-12)
    assert months["index"].iloc[0] == pytest.approx(levels[ends[1]] / levels[ends[0]] - 1.0, rel=1e-12)
    assert calls > 0.0


def test_a_month_without_its_end_is_not_compared() -> None:
    market, model = sample()
    table = held_calls(1.0, 3).iloc[1:].reset_index(drop=True)
    table = table.assign(row=np.searchsorted(market.days, table["day"].to_numpy()))
    assert [f"{day:%m}" for day in replicate_vxth(market, model, table).index] == ["02", "03"]
    # Without the last session of February neither February nor March can be told.
    gap = table[table["day"] != epoch_day(dt.date(2016, 2, 29))].reset_index(drop=True)
    assert len(replicate_vxth(market, model, gap)) == 0


@pytest.mark.parametrize(
    ("last", "months"),
    [("2016-04-14", ["02", "03"]), ("2016-03-31", ["02", "03"]), ("2016-03-30", ["02"])],
)
def test_a_history_cut_inside_a_month_does_not_tell_it(last: str, months: list[str]) -> None:
    whole, _ = sample()
    cut = whole.truncated(dt.date.fromisoformat(last))
    table = held_calls(1.0, 3).iloc[1:]
    table = table[table["day"] <= cut.days[-1]].reset_index(drop=True)
    table = table.assign(row=np.searchsorted(cut.days, table["day"].to_numpy()))
    found = replicate_vxth(cut, ModelPrices(cut), table)
    assert [f"{day:%m}" for day in found.index] == months


def test_nothing_inside_the_window_is_nothing() -> None:
    market, model = sample()
    table = held_calls(1.0)
    table["day"] -= 3000
    found = replicate(market, model, table, *market.window())
    assert len(found.days) == len(found.rolls) == len(found.months) == 0
    figures = found.statistics()
    assert figures["days"] == 0 and math.isnan(figures["median_abs_rel_error"])


def test_the_real_index_is_followed(real_data_dir: Path) -> None:
    market = load_market(real_data_dir / "market")
    table = read_vxth(real_data_dir / "benchmarks" / "vxth_daily.csv")
    figures = replicate(market, ModelPrices(market), table, *market.window()).statistics()
    assert figures["rolls"] == 81 and figures["days"] > 1500
    # Errors stand a little above what was measured, 0.0872 with a bid and 0.1008 of all, to catch a loss.
    assert figures["median_abs_rel_error"] < 0.09
    assert figures["median_abs_rel_error_all_mids"] < 0.105
    # Floors, not aims.
    assert figures["same_strike"] > 0.45 and figures["within_one_step"] > 0.85
    assert figures["weight_agrees"] > 0.90
    assert figures["index_correlation_monthly"] > 0.98
