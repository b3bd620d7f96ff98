"""Days and books made by hand for the tests of rules: every date, strike and mark is chosen by the test."""

from __future__ import annotations

import math

import numpy as np

from alvh_bt.book.ledger import mark_lots
from alvh_bt.book.records import CONDOR, LOT, MARK, Book, Layer, Status
from alvh_bt.book.view import BookView, CondorView, Today
from alvh_bt.calendars import Expiries
from alvh_bt.choices import SignalCode
from alvh_bt.contracts import Right, Root
from alvh_bt.pricing.flat import flat_prices

#: Monday 2021-03-01: mini VIX futures exist, all listings of the scenes are made by hand anyway.
DAY = 18687
SPOT = 4000.0


def listed(root: int, *dtes: int, listed_from: int = 0, day: int = DAY) -> Expiries:
    """Expiries `dtes` calendar days from `day`, all of one root and listed since `listed_from`."""
    days = np.array([day + dte for dte in dtes], dtype=np.int64)
    return Expiries(days, np.full(len(days), root), np.full(len(days), listed_from, dtype=np.int64))


def at_close(
    *,
    day: int = DAY,
    since_start: int = 0,
    fill_in: int = 0,
    fill_at_open: bool = False,
    week_start: bool = True,
    after_monthly_expiry: bool = True,
    vix: float = 20.0,
    contango: float = 0.0,
    spx: Expiries | None = None,
    vix_options: Expiries | None = None,
    vx: Expiries | None = None,
    closes: tuple[float, ...] = (SPOT,),
    vix_closes: tuple[float, ...] = (),
    flow: float = 0.0,
    spot: float = SPOT,
    known: dict[int, float] | None = None,
    vxx: float = math.nan,
) -> Today:
    """What is known at a close; orders are filled `fill_in` days later; `known` are signals by code."""
    signals = np.full(len(SignalCode), np.nan)
    signals[SignalCode.FLOW_SPIKE] = flow
    for code, value in (known or {}).items():
        signals[code] = value
    return Today(
        day,
        since_start,
        day + fill_in,
        fill_at_open,
        week_start,
        after_monthly_expiry,
        flat_prices(spot=spot, vix=vix, day=day, contango=contango, vxx=vxx),
        listed(Root.SPX, 18, 46, 81, day=day) if spx is None else spx,
        listed(Root.VIX, 16, 37, 72, day=day) if vix_options is None else vix_options,
        listed(Root.VX, 16, 51, 79, day=day) if vx is None else vx,
        np.array(closes),
        np.array(vix_closes or (vix,)),
        signals,
    )


def condor_view(**changes: float) -> CondorView:
    """An open condor of half a contract, 45 days to expiry: 3700 put, 4300 call, credit 20."""
    view = CondorView(
        row=0,
        id=1,
        status=Status.OPEN,
        root=Root.SPX,
        expiry=DAY + 45,
        contracts=0.5,
        credit_points=20.0,
        entry_credit_points=20.0,
        entry_vix=20.0,
        entry_dte=45,
        put_rolls=0,
        call_rolls=0,
        second_entries=0,
        third_entries=0,
        short_put=3700.0,
        short_call=4300.0,
        short_put_delta=0.16,
        short_call_delta=0.16,
        cost_to_close=20.0,
        break_even=3680.0,
        irr=math.nan,
        entry_irr=math.nan,
    )
    return view._replace(**changes)


def condors(*changes: dict[str, float]) -> np.ndarray:
    """Rows of `CONDOR`: as `condor_view`, with the changes of each."""
    rows = np.zeros(len(changes), dtype=CONDOR)
    for row, change in zip(rows, changes, strict=True):
        usual = {
            "id": 1,
            "status": Status.OPEN,
            "root": Root.SPX,
            "expiry": DAY + 46,
            "opened_day": DAY,
            "entry_dte": 46,
            "contracts": 0.5,
            "credit_points": 20.0,
            "entry_credit_points": 20.0,
            "entry_vix": 20.0,
            "irr": math.nan,
            "entry_irr": math.nan,
        }
        for name, value in (usual | change).items():
            row[name] = value
    return rows


def lot(lot_id: int, layer: int, right: int, strike: float, contracts: float, **changes: float) -> dict:
    """One lot of condor 1: an SPX leg 46 days out, or with the changes a hedge."""
    usual = {
        "id": lot_id,
        "book": Book.CONDOR,
        "layer": layer,
        "group": 1,
        "root": Root.SPX,
        "right": right,
        "strike": strike,
        "expiry": DAY + 46,
        "contracts": contracts,
        "entry_price": 1.0,
        "last_mark": 1.0,
        "entry_day": DAY,
        "sales": 0,
    }
    return usual | changes


def future_lot(lot_id: int, dte: int, contracts: float = 0.25, layer: int = Layer.ONE, **changes) -> dict:
    """A VX future of condor 1."""
    hedge = {"book": Book.HEDGE, "root": Root.VX, "expiry": DAY + dte, "entry_price": 20.0}
    return lot(lot_id, layer, Right.FUTURE, 0.0, contracts, **(hedge | changes))


def call_lot(lot_id: int, layer: int, dte: int, strike: float = 25.0, contracts: float = 7.0, **changes):
    """VIX calls of condor 1."""
    hedge = {"book": Book.HEDGE, "root": Root.VIX, "expiry": DAY + dte}
    return lot(lot_id, layer, Right.CALL, strike, contracts, **(hedge | changes))


def condor_lots(
    contracts: float = 0.5, strikes: tuple[float, ...] = (3500.0, 3700.0, 4300.0, 4400.0), **changes: float
) -> list[dict]:
    """The four legs of a condor: long put, short put, short call, long call."""
    rights = (Right.PUT, Right.PUT, Right.CALL, Right.CALL)
    signs = (1.0, -1.0, -1.0, 1.0)
    return [
        lot(layer + 1, layer, rights[layer], strikes[layer], signs[layer] * contracts, **changes)
        for layer in range(4)
    ]


def rows_of(lots: list[dict]) -> np.ndarray:
    """Lots as rows of `LOT`."""
    rows = np.zeros(len(lots), dtype=LOT)
    for row, values in zip(rows, lots, strict=True):
        for name, value in values.items():
            row[name] = value
    return rows


def book_of(
    today: Today,
    lots: list[dict],
    condor_rows: np.ndarray,
    marks: dict[int, dict[str, float]] | None = None,
    next_group: int = 2,
    nav: float = 250_000.0,
) -> BookView:
    """The book marked at today's prices, with `marks` by lot id written over them."""
    rows = rows_of(lots)
    marked = mark_lots(rows, today.prices) if lots else np.zeros(0, dtype=MARK)
    for lot_id, values in (marks or {}).items():
        for name, value in values.items():
            marked[name][rows["id"] == lot_id] = value
    return BookView(rows, marked, condor_rows, next_group, nav)
