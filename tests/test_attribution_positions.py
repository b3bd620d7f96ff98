"""What is held from mark to mark, rebuilt from trades: tables worked by hand."""

from __future__ import annotations

import datetime as dt

import pytest
from attribution_scenes import TRADES, scene_run
from engine_fixtures import embedded

from alvh_bt.analysis.positions import Mark, read_positions

DATES = ("2015-06-04", "2015-06-05", "2015-06-08", "2015-06-09", "2015-06-10")
LAST, FILL, CLOSE = Mark

CALL = TRADES[2]


def call(date: str, action: str, contracts: float, lot: int = 3) -> tuple:
    return (date, *CALL[1:3], action, *CALL[4:8], contracts, 100.0, 2.0, 1.3, lot)


def stretches(rows: list[tuple]) -> list[tuple]:
    """Date, marks and contracts of every stretch."""
    market = embedded().market
    found = read_positions(scene_run(rows, DATES), market).stretches
    first = market.index_of(dt.date(2015, 6, 4))
    return [(DATES[row["session"] - first], row["since"], row["until"], row["contracts"]) for row in found]


def test_a_lot_bought_sold_in_part_and_kept() -> None:
    rows = [call("2015-06-05", "open", 3.0), call("2015-06-09", "close", -1.0)]
    assert stretches(rows) == [
        ("2015-06-05", FILL, CLOSE, 3.0),
        ("2015-06-08", LAST, CLOSE, 3.0),
        ("2015-06-09", LAST, FILL, 1.0),
        ("2015-06-09", LAST, CLOSE, 2.0),
        ("2015-06-10", LAST, CLOSE, 2.0),
    ]


def test_a_short_lot_that_is_bought_back() -> None:
    rows = [call("2015-06-04", "open", -2.0), call("2015-06-05", "close", 2.0)]
    assert stretches(rows) == [("2015-06-04", FILL, CLOSE, -2.0), ("2015-06-05", LAST, FILL, -2.0)]


def test_a_lot_that_settles_has_no_stretch_that_day() -> None:
    rows = [call("2015-06-05", "open", 2.0), call("2015-06-08", "settle", -2.0)]
    assert stretches(rows) == [("2015-06-05", FILL, CLOSE, 2.0)]
    positions = read_positions(scene_run(rows, DATES), embedded().market)
    assert positions.deals[["at", "contracts", "settles"]].tolist() == [
        (FILL, 2.0, False),
        (LAST, -2.0, True),
    ]


def test_a_lot_sold_in_part_on_the_day_it_settles() -> None:
    rows = [
        call("2015-06-05", "open", 3.0),
        call("2015-06-08", "close", -1.0),
        call("2015-06-08", "settle", -2.0),
    ]
    assert stretches(rows) == [("2015-06-05", FILL, CLOSE, 3.0), ("2015-06-08", LAST, FILL, 1.0)]
    deals = read_positions(scene_run(rows, DATES), embedded().market).deals
    assert deals[["at", "contracts"]].tolist() == [(FILL, 3.0), (LAST, -2.0), (FILL, -1.0)]


def test_a_lot_bought_and_settled_on_one_day() -> None:
    rows = [call("2015-06-08", "open", 3.0), call("2015-06-08", "settle", -3.0)]
    assert stretches(rows) == []
    deals = read_positions(scene_run(rows, DATES), embedded().market).deals
    assert deals["at"].tolist() == [FILL, FILL]


def test_what_reaches_a_close_stands_last_in_its_session() -> None:
    rows = [
        call("2015-06-04", "open", 2.0, lot=1),
        call("2015-06-04", "open", 5.0, lot=2),
        call("2015-06-05", "close", -2.0, lot=1),
        call("2015-06-05", "open", 7.0, lot=3),
    ]
    day = [row for row in stretches(rows) if row[0] == "2015-06-05"]
    assert [row[1:] for row in day] == [(LAST, FILL, 2.0), (LAST, CLOSE, 5.0), (FILL, CLOSE, 7.0)]


def test_no_trades_hold_nothing() -> None:
    positions = read_positions(scene_run(()), embedded().market)
    assert (len(positions.lots), len(positions.stretches), len(positions.deals)) == (0, 0, 0)


@pytest.mark.parametrize("row, right", [(0, -1), (1, 0), (2, 1)])
def test_a_lot_is_the_contract_of_its_first_trade(row: int, right: int) -> None:
    trade = TRADES[row]
    (lot,) = read_positions(scene_run((trade,)), embedded().market).lots
    assert (lot["id"], lot["right"], lot["strike"], lot["contracts"]) == (
        trade[12],
        right,
        trade[6],
        trade[8],
    )
    assert lot["entry_price"] == trade[10]
