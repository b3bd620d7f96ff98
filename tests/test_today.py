"""The decision sheet is what a backtest to that close decides: no more, no less, on every date."""

from __future__ import annotations

import datetime as dt
import json
import math
from functools import cache
from typing import Any, NamedTuple

import pandas as pd
import pytest
from engine_fixtures import HELD, World, embedded, window_study

from alvh_bt.analysis.plain import plain
from alvh_bt.book.records import REASON_TEXT
from alvh_bt.config import Study
from alvh_bt.contracts import calendar_date
from alvh_bt.engine.closes import Close
from alvh_bt.engine.results import RunResult
from alvh_bt.engine.run import run_variant
from alvh_bt.engine.today import Calendar
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.today.run import sheet_of
from alvh_bt.today.sheet import make_sheet

NOW = dt.datetime(2019, 1, 2, 12, 0, tzinfo=dt.UTC)
#: A book that cannot meet its margin on some days of the window.
CUT = {
    "start": "2015-07-13", "end": "2015-10-30", "book": {"on_margin": "cut", "starting_cash": 22_000.0},
}  # fmt: skip
ALL = (
    *("none", "static-calls", "static-futures", "layered", "layered-core"),
    *("ladder-442", "ladder-calendar", "ladder-spike", "vxth", "long-vx"),
)


class Watched(NamedTuple):
    """A run, every close that it decided on, and the sheets that were made of them."""

    world: World
    study: Study
    run: RunResult
    closes: list[Close]
    sheets: dict[int, dict[str, Any]]

    def sheet(self, k: int) -> dict[str, Any]:
        """The sheet of close `k`, made of what the run knew then."""
        if k not in self.sheets:
            self.sheets[k] = self._made(k)
        return self.sheets[k]

    def _made(self, k: int) -> dict[str, Any]:
        # The run goes on beyond the close: the sheet must not notice.
        run, close = self.run, self.closes[k]
        made: dict[str, Any] = plain(make_sheet(self.world.market, self.study, run, close, self.world.prices))
        return made


def watched_in(world: World, study: Study, hedge: str) -> Watched:
    closes: list[Close] = []
    run = run_variant(world.market, study, hedge, world.prices, world.calendar, watch=closes.append)
    return Watched(world, study, run, closes, {})


@cache
def _sample(hedge: str, start: str, end: str, settings: str) -> Watched:
    return watched_in(embedded(), window_study(start, end, **json.loads(settings)), hedge)


def sample(hedge: str, start: str = "2015-08-10", end: str = "2015-09-30", **settings: Any) -> Watched:
    return _sample(hedge, start, end, json.dumps(settings, sort_keys=True))


def truncated_sheet(watched: Watched, k: int, hedge: str) -> dict[str, Any]:
    """The sheet of a run on a history, prices and a calendar that know nothing after close `k`."""
    last = calendar_date(watched.closes[k].today.day)
    market = watched.world.market.truncated(last)
    study = watched.study
    settings = Study(**{**study.__dict__, "end": last})
    prices, calendar = ModelPrices(market), Calendar(market)
    made: dict[str, Any] = plain(sheet_of(market, settings, hedge, prices, calendar))
    return made


def follows(watched: Watched) -> None:
    """On every close the sheet's orders and notes are the journal's rows, and its orders the next fills."""
    run, fill = watched.run, watched.study.book.fill
    seen, journal_seen, filled = 0, 0, 0
    journals = dict(list(run.journal.groupby("date")))
    trades = dict(list(run.trades[run.trades["action"] != "settle"].groupby("date")))
    for k, close in enumerate(watched.closes):
        sheet = watched.sheet(k)
        date = pd.Timestamp(calendar_date(close.today.day))
        rows = journals.get(date, run.journal[:0])
        sent = rows[rows["event"] != "note"]
        names = (
            "book",
            "layer",
            "event",
            "reason",
            "contracts",
            "price",
            "cost_usd",
            "irr_without",
            "irr_with",
        )
        told = [[order[name] for name in names] for order in sheet["orders"]]
        assert told == [plain(list(row)) for row in sent[list(names)].itertuples(index=False)], date
        notes = rows[rows["event"] == "note"]
        assert [note["reason"] for note in sheet["notes"]] == notes["reason"].tolist(), date
        journal_seen += len(rows)
        legs = [
            (leg["contract"], leg["contracts"], o["reason"]) for o in sheet["orders"] for leg in o["legs"]
        ]
        seen += len(legs)
        if fill != 1 and k + 1 == len(watched.closes):
            continue
        when = date if fill == 1 else pd.Timestamp(calendar_date(watched.closes[k + 1].today.day))
        fills = trades.get(when, run.trades[:0])
        expected = sorted(_fill(row) for row in fills.itertuples())
        assert sorted(_leg(*leg) for leg in legs) == expected, date
        filled += len(expected)
        assert sheet["fill"]["day"] == when.date().isoformat()
    assert seen and filled and journal_seen


def _fill(row: Any) -> tuple[str, float, str]:
    never = pd.isna(row.expiry)
    tail = f" {row.strike:g} {row.right}" if row.right in ("C", "P") else ""
    name = row.root if never else f"{row.root} {row.expiry:%Y-%m-%d}{tail}"
    return name, float(f"{row.contracts:.6g}"), row.reason


def _leg(name: str, contracts: float, reason: str) -> tuple[str, float, str]:
    return name, float(f"{contracts:.6g}"), reason


def held_by_trades(run: RunResult, date: pd.Timestamp, book: str) -> dict[str, float]:
    """What is held at a close by the list of trades alone, signed contracts by contract."""
    rows = run.trades[(run.trades["date"] <= date) & (run.trades["book"] == book)]
    held: dict[str, float] = {}
    for row in rows.itertuples():
        name = _fill(row)[0]
        held[name] = held.get(name, 0.0) + row.contracts
    return {name: size for name, size in held.items() if abs(size) > 1e-9}


@pytest.mark.parametrize("hedge", ALL)
def test_the_orders_are_the_journals_and_the_next_fills_on_every_date(hedge) -> None:
    follows(sample(hedge))


@pytest.mark.parametrize("settings", [
    {"book": {"fill": "same_close"}},
    {"book": {"fill": "next_close"}},
    {"book": {"contracts": "whole"}},
    CUT,
    {"layered": {"third_reading": "signals"}, "guard": {"on_synthetic": "refuse", "max_irr_cost": 0.05}},
    {"condor": {**HELD, "target_dte": 14}, "start": "2015-08-03"},
], ids=["same_close", "next_close", "whole", "cut", "signals", "settled"])  # fmt: skip
def test_the_orders_are_the_next_fills_in_other_settings(settings) -> None:
    follows(sample("layered", **settings))


@pytest.mark.parametrize("hedge", ["layered", "static-futures", "ladder-442"])
def test_the_book_is_what_the_trades_left(hedge) -> None:
    watched = sample(hedge)
    lots = 0
    for k, close in enumerate(watched.closes):
        sheet, date = watched.sheet(k), pd.Timestamp(calendar_date(close.today.day))
        told: dict[str, float] = {}
        for lot in sheet["lots"]:
            told[lot["contract"]] = told.get(lot["contract"], 0.0) + lot["contracts"]
        assert told == pytest.approx(held_by_trades(watched.run, date, "hedge"), rel=1e-8)
        daily = watched.run.daily.set_index("date").loc[date]
        account = sheet["account"]
        assert (account["nav_usd"], account["cash_usd"]) == pytest.approx((daily["nav"], daily["cash"]))
        assert account["margin_usd"] == pytest.approx(daily["margin"])
        legs = {
            (c["root"], c["expiry"], strike): (c["contracts"] if leg.startswith("long") else -c["contracts"])
            for c in sheet["condors"] for leg, strike in c["strikes"].items()
        }  # fmt: skip
        held = held_by_trades(watched.run, date, "condor")
        assert {(*name.split()[:2], float(name.split()[2])): v for name, v in held.items()} == (
            pytest.approx(legs)
        )
        lots += len(told)
    assert lots


@pytest.mark.parametrize(("hedge", "settings"), [
    ("layered", {}),
    ("layered", {"book": {"fill": "same_close"}}),
    ("layered", {"book": {"contracts": "whole", "fill": "next_close"}}),
    ("layered", CUT),
    ("static-calls", {}),
    ("ladder-spike", {}),
], ids=["layered", "same_close", "whole", "cut", "static-calls", "ladder-spike"])  # fmt: skip
def test_the_sheet_is_that_of_a_history_that_ends_there(hedge, settings) -> None:
    watched = sample(hedge, **settings)
    decided = [
        k for k, close in enumerate(watched.closes) if close.orders or any(d.notes for d in close.asked)
    ]
    for k in sorted({0, 1, decided[len(decided) // 2], decided[-1]}):
        longer, shorter = watched.sheet(k), truncated_sheet(watched, k, hedge)
        for name in longer:
            assert longer[name] == shorter[name], (k, name)


def keys_of_orders(close: Close) -> set[tuple[int, int, int, int]]:
    return {
        (order.book, order.group, -1 if order.book == 0 else order.lot, order.reason)
        for decision in close.asked for order in decision.orders
    }  # fmt: skip


def agrees(watched: Watched) -> dict[str, int]:
    """Every order has the trigger that fires, and what is met without an order says why; counts by state."""
    counts: dict[str, int] = {}
    for k, close in enumerate(watched.closes):
        sheet = watched.sheet(k)
        rows = sheet["triggers"]
        for trigger in rows:
            counts[trigger["state"]] = counts.get(trigger["state"], 0) + 1
            value, threshold = trigger["value"], trigger["threshold"]
            where = (calendar_date(close.today.day), trigger)
            assert trigger["state"] != "met" or trigger["told"], where
            if None not in (value, threshold) and trigger["unit"] not in ("", "below"):
                beyond = value >= threshold if trigger["above"] else value <= threshold
                # What is printed has ten digits: a value on the threshold may be on either side.
                counted = trigger["unit"] in ("days", "closes")
                tie = not counted and math.isclose(value, threshold, rel_tol=1e-9, abs_tol=1e-9)
                if trigger["state"] in ("fires", "met"):
                    assert beyond or tie, where
                elif trigger["state"] == "armed":
                    assert not beyond or tie or "entry" in trigger["name"], where
        if close.cut:
            assert not rows
            continue
        fires = {
            (t["book"], t["condor"], t["reason"]) for t in rows if t["state"] == "fires"
        }  # fmt: skip
        books = ("condor", "hedge")
        ordered = {(books[b], g, REASON_TEXT[reason]) for b, g, _, reason in keys_of_orders(close)}
        assert fires == ordered, calendar_date(close.today.day)
        for order in (o for d in close.asked for o in d.orders if o.book == 1 and o.lot >= 0 and o.group > 0):
            assert any(t["lot"] in (order.lot, None) and t["state"] == "fires" for t in rows)
    return counts


@pytest.mark.parametrize("hedge", ALL)
def test_what_fires_on_the_sheet_is_what_is_ordered(hedge) -> None:
    counts = agrees(sample(hedge))
    assert counts["fires"] >= 8 and counts["armed"] > 100


@pytest.mark.parametrize("settings", [
    {"layered": {"third_reading": "signals", "max_entries": 3}},
    CUT,
    {"condor": {"max_open": 3, "max_entry_vix": 15.0, "roll_vix": 18.0}, "quorum": {"first": 2, "third": 1}},
    {"layered": {"irr_drop": 0.0, "monetise_multiple": 1.5}, "condor": {"roll_days_out": 30}},
    {"condor": {**HELD, "target_dte": 14}, "start": "2015-08-03"},
], ids=["signals", "cut", "many", "monetise", "settled"])  # fmt: skip
def test_what_fires_is_what_is_ordered_in_other_settings(settings) -> None:
    agrees(sample("layered", **settings))
