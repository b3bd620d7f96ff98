"""The engine as a whole: what it pays, when it fills, what it holds, and when it refuses to go on."""

from __future__ import annotations

import datetime as dt
import importlib
import re
from collections.abc import Mapping
from pathlib import Path

import backtrader as bt
import numpy as np
import pandas as pd
import pytest
from engine_fixtures import (
    FILLS,
    HEDGES,
    HELD,
    USD,
    Replay,
    World,
    changed,
    embedded,
    real,
    replay,
    run_in,
    sample_run,
    window_study,
    world_of,
)
from pandas.testing import assert_frame_equal, assert_series_equal

from alvh_bt.analysis import compare as compare_module
from alvh_bt.book import steps
from alvh_bt.book.records import Action, Book, Decision, Layer, Reason, closing_order, make_order
from alvh_bt.contracts import ROOT_NAMES, Contract, Right, Root, epoch_day
from alvh_bt.costs.spreads import fill_price
from alvh_bt.engine.recorder import BookRecorder
from alvh_bt.engine.results import RunResult
from alvh_bt.engine.setup import equip
from alvh_bt.engine.strategy import CondorStrategy
from alvh_bt.errors import AccountingError, ConfigError, MarginError
from alvh_bt.hedges import Hedge, NoHedge, make_hedge
from alvh_bt.pricing.day import quote_contract

#: Every shape of run whose books are checked, by name; all on the embedded sample.
CASES: dict[str, tuple[str, dict]] = {
    **{hedge: (hedge, {}) for hedge in HEDGES},
    **{f"layered {fill}": ("layered", {"book": {"fill": fill}}) for fill in FILLS[1:]},
    "static-futures same_close": ("static-futures", {"book": {"fill": "same_close"}}),
    "static-futures held": ("static-futures", {"condor": HELD}),
    "layered held": ("layered", {"condor": HELD}),
    "layered held same_close": ("layered", {"condor": HELD, "book": {"fill": "same_close"}}),
    "layered whole": ("layered", {"book": {"contracts": "whole", "notional_usd": 1_000_000.0}}),
    # Futures of several condors at once could not be told apart in the list of trades; calls can be.
    "three at once": ("static-calls", {"condor": {"max_open": 3}}),
    "cut": ("static-calls", {"book": {"starting_cash": 8_000.0, "on_margin": "cut"}}),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[RunResult, dict]:
    hedge, settings = CASES[request.param]
    return sample_run(hedge, **settings), settings


@pytest.fixture(scope="module", params=CASES)
def replayed(request: pytest.FixtureRequest) -> tuple[RunResult, Replay]:
    hedge, settings = CASES[request.param]
    run = sample_run(hedge, **settings)
    return run, replay(run, embedded(), starting_cash(settings))


def starting_cash(settings: dict) -> float:
    return float(settings.get("book", {}).get("starting_cash", 250_000.0))


# --- the books ------------------------------------------------------------------------------------------


def test_every_case_trades_what_it_is_there_for() -> None:
    """A check over trades proves nothing where none is made."""
    runs = {name: sample_run(hedge, **settings) for name, (hedge, settings) in CASES.items()}
    for name, run in runs.items():
        actions = set(run.trades["action"])
        assert run.stopped is None, name
        assert "open" in actions, name
        assert actions & {"close", "settle"}, name
        assert (run.trades["book"] == "hedge").any() == (name != "none"), name
    assert "roll" in set(runs["layered"].trades.query("book == 'condor'")["action"])
    assert "roll" in set(runs["layered"].trades.query("book == 'hedge'")["action"])
    assert {"one", "two"} <= set(runs["layered"].trades["layer"])
    held = runs["static-futures held"].trades.query("action == 'settle'")
    assert {"SPX", "SPXW", "VX"} <= set(held["root"])
    assert "cut to meet margin" in set(runs["cut"].journal["reason"])


def test_nav_moves_by_pnl_and_interest(case: tuple[RunResult, dict]) -> None:
    run, settings = case
    daily = run.daily
    moved = daily["nav"].diff()
    moved.iloc[0] = daily["nav"].iloc[0] - starting_cash(settings)
    explained = daily["condor_pnl"] + daily["hedge_pnl"] + daily["interest"]
    assert_series_equal(moved, explained, check_names=False, rtol=0.0, atol=USD)


def test_trades_alone_give_cash_nav_and_each_books_pnl(replayed: tuple[RunResult, Replay]) -> None:
    run, (days, _) = replayed
    for column in ("cash", "interest", "nav", "condor_pnl", "hedge_pnl"):
        np.testing.assert_allclose(
            run.daily[column].to_numpy(), days[column].to_numpy(), rtol=0.0, atol=USD, err_msg=column
        )


def test_contracts_are_conserved_and_gone_after_their_settlement(
    replayed: tuple[RunResult, Replay],
) -> None:
    run, (_, ledger) = replayed
    last = run.daily["date"].iloc[-1]
    contract = ["book", "root", "right", "strike", "expiry"]
    for key, trades in run.trades.groupby(contract, dropna=False):
        expiry = key[-1]
        assert trades["date"].max() <= expiry, key
        position = trades["contracts"].cumsum()
        # Contracts of one sale in parts add up to the purchase but for rounding.
        if expiry <= last:
            assert position.iloc[-1] == pytest.approx(0.0, abs=1e-9), key
        settled = trades[trades["action"] == "settle"]
        assert (settled["date"] == expiry).all(), key
    assert all(key.expiry > last for key, _ in ledger.held())


def test_costs_are_fees_and_what_is_paid_against_the_mid() -> None:
    run, world = sample_run("layered"), embedded()
    expected = dict.fromkeys(run.daily["date"], 0.0)
    for row in run.trades.itertuples():
        prices = world.prices.at_open(world.market.index_of(row.date.date()))
        mid = row.price if row.action == "settle" else quote_contract(contract_of(row), prices).mid
        expected[row.date] += row.fees_usd + row.contracts * row.contract_multiplier * (row.price - mid)
    actual = run.daily.set_index("date")["costs"]
    np.testing.assert_allclose(actual.to_numpy(), list(expected.values()), rtol=0.0, atol=USD)
    assert actual.sum() > 0.0


def contract_of(row: object) -> Contract:
    right = {"C": 1, "P": -1}.get(row.right, 0)
    return Contract(ROOT_NAMES.index(row.root), right, float(row.strike), epoch_day(row.expiry.date()))


def test_drawdown_is_from_the_highest_nav_so_far() -> None:
    daily = sample_run("layered").daily
    peak = np.maximum.accumulate(np.concatenate(([250_000.0], daily["nav"])))[1:]
    np.testing.assert_allclose(daily["drawdown"], daily["nav"] / peak - 1.0, rtol=0.0, atol=1e-15)
    assert daily["drawdown"].min() < -0.003


# --- one condor path for every hedge --------------------------------------------------------------------

PATHS = {
    "defaults": {},
    "same_close": {"book": {"fill": "same_close"}},
    "next_close": {"book": {"fill": "next_close"}},
    "held": {"condor": HELD},
    "three at once": {"condor": {"max_open": 3}},
    "whole": {"book": {"contracts": "whole", "notional_usd": 1_000_000.0}},
}


def same_condors(runs: list[RunResult]) -> None:
    first, *others = runs
    for other in others:
        for column in ("condor_pnl", "condor_theta"):
            assert_series_equal(first.daily[column], other.daily[column], check_exact=True)
        # Lots are numbered over both books, so that a hedge shifts the numbers of the condor's.
        condor = [
            frame.trades.query("book == 'condor'").drop(columns="lot").reset_index(drop=True)
            for frame in (first, other)
        ]
        assert_frame_equal(*condor, check_exact=True)
        decided = [
            frame.journal.query("book == 'condor'")[["date", "event", "reason", "contracts", "price"]]
            for frame in (first, other)
        ]
        assert_frame_equal(*(frame.reset_index(drop=True) for frame in decided), check_exact=True)
    assert first.daily["condor_pnl"].abs().sum() > 0.0
    assert len({run.daily["hedge_pnl"].sum() for run in runs}) == len(runs)


@pytest.mark.parametrize("path", PATHS)
def test_condor_pnl_is_identical_under_every_hedge(path: str) -> None:
    same_condors([sample_run(hedge, **PATHS[path]) for hedge in HEDGES])


@pytest.mark.parametrize(("start", "end"), [("2008-08-01", "2009-01-30"), ("2020-01-02", "2020-06-30")])
def test_condor_pnl_is_identical_under_every_hedge_in_a_crash(
    real_data_dir: Path, start: str, end: str
) -> None:
    world, study = real(real_data_dir), window_study(start, end)
    runs = [run_in(world, study, hedge) for hedge in HEDGES]
    assert [run.stopped for run in runs] == [None] * 4
    same_condors(runs)
    for run in runs:
        days = replay(run, world).days
        np.testing.assert_allclose(run.daily["nav"].to_numpy(), days["nav"].to_numpy(), rtol=0.0, atol=USD)
        np.testing.assert_allclose(run.daily["cash"].to_numpy(), days["cash"].to_numpy(), rtol=0.0, atol=USD)


# --- whole contracts ------------------------------------------------------------------------------------


def test_whole_sizes_are_xsp_and_vx_before_the_mini_future() -> None:
    run = sample_run("layered", **CASES["layered whole"][1])
    assert set(run.trades["root"]) == {"XSP", "VX", "VIX"}
    assert (run.trades["contracts"] % 1.0 == 0.0).all()
    # 1,000,000 USD / (100 x a tenth of the index at the decision), to the nearest contract.
    entry = run.trades.query("book == 'condor' and action == 'open'").iloc[0]
    spot = embedded().market.columns["spx_close"][embedded().market.index_of(dt.date(2015, 6, 1))]
    assert abs(entry["contracts"]) == round(1_000_000.0 / (10.0 * spot))


def test_whole_sizes_are_in_mini_futures_once_they_are_listed(real_data_dir: Path) -> None:
    study = window_study("2020-07-15", "2020-10-30", book={"contracts": "whole"})
    run = run_in(real(real_data_dir), study, "layered")
    assert run.stopped is None
    assert (run.trades["contracts"] % 1.0 == 0.0).all()
    opened = run.trades.query("layer == 'one' and action == 'open'")
    listed = pd.Timestamp("2020-08-10")
    assert set(opened.loc[opened["date"] >= listed, "root"]) == {"VXM"}
    # 0.25 VX a month rounds to none; 2.5 minis round to two or three.
    assert (opened["date"] >= listed).all()
    assert set(opened["contracts"]) <= {2.0, 3.0}


def test_whole_sizes_stay_whole_when_margin_is_cut() -> None:
    run = sample_run(
        "layered",
        book={
            "contracts": "whole",
            "notional_usd": 1_000_000.0,
            "starting_cash": 40_000.0,
            "on_margin": "cut",
        },
        end="2015-10-30",
    )
    assert "cut to meet margin" in set(run.journal["reason"])
    broken = run.trades[run.trades["contracts"] % 1.0 != 0.0]
    assert broken.empty, broken[["date", "root", "contracts", "reason"]].head().to_string()


# --- when orders are filled -----------------------------------------------------------------------------


@pytest.mark.parametrize("fill", FILLS)
def test_fills_are_on_the_right_day_at_the_right_prices(fill: str) -> None:
    world, study = embedded(), window_study("2015-06-01", "2015-12-31", book={"fill": fill})
    run = sample_run("layered", book={"fill": fill})
    sessions = list(run.daily["date"])
    step = 0 if fill == "same_close" else 1
    decided = run.journal[run.journal["event"].isin(["open", "close", "roll"])]
    decided = decided[decided["date"] <= sessions[-1 - step]]
    filled_on = [sessions[sessions.index(date) + step] for date in decided["date"]]
    # A condor's decision is four legs (two and two when it is rolled), a hedge's is one.
    legs = decided.assign(date=filled_on, legs=np.where(decided["book"] == "condor", 4, 1))
    filled = run.trades[run.trades["action"] != "settle"]
    assert filled.groupby("date").size().to_dict() == legs.groupby("date")["legs"].sum().to_dict()
    for row in filled.itertuples():
        i = world.market.index_of(row.date.date())
        prices = world.prices.at_open(i) if fill == "next_open" else world.prices.at_close(i)
        quote = quote_contract(contract_of(row), prices)
        level = prices.vix_level
        paid = fill_price(
            contract_of(row).root, quote.mid, row.contracts, quote.delta, level, prices.day, study.costs
        )
        assert row.price == paid, row
        assert (row.price - quote.mid) * row.contracts >= 0.0 or row.price == 0.0
        assert row.delta == quote.delta


def test_same_decision_is_filled_at_this_close_or_at_the_next() -> None:
    """The first close decides alike; strikes are the same, prices those of two different closes."""
    same, after = (sample_run("none", book={"fill": fill}) for fill in ("same_close", "next_close"))
    first, second = same.daily["date"].iloc[:2]
    entries = [
        run.trades[(run.trades["action"] == "open") & (run.trades["date"] == date)]
        for run, date in ((same, first), (after, second))
    ]
    columns = ["layer", "root", "right", "strike", "expiry", "contracts"]
    assert_frame_equal(*(entry[columns].reset_index(drop=True) for entry in entries))
    assert len(entries[0]) == 4
    assert (entries[0]["price"].to_numpy() != entries[1]["price"].to_numpy()).any()
    assert same.journal["date"].iloc[0] == after.journal["date"].iloc[0] == first
    # One is charged for its fills on the first day, the other on the second.
    assert same.daily["costs"].iloc[0] > 0.0
    assert after.daily["costs"].iloc[0] == 0.0
    assert after.daily["costs"].iloc[1] > 0.0


# --- four legs or none ----------------------------------------------------------------------------------


def without_a_price(patch: pytest.MonkeyPatch, day: dt.date) -> None:
    """On one day the far call of the condor has no price at the fill."""

    def quote(contract: Contract, prices: object) -> object:
        found = quote_contract(contract, prices)
        far = contract.root <= Root.SPXW and contract.right == Right.CALL and abs(found.delta) < 0.09
        return found._replace(mid=np.nan) if prices.day == epoch_day(day) and far else found

    patch.setattr(steps, "quote_contract", quote)


@pytest.fixture
def rejected(monkeypatch: pytest.MonkeyPatch) -> RunResult:
    without_a_price(monkeypatch, dt.date(2015, 6, 2))
    return run_in(embedded(), window_study("2015-06-01", "2015-06-12"), "static-futures")


def test_a_condor_is_filled_with_four_legs_or_not_at_all(rejected: RunResult) -> None:
    condor = rejected.trades.query("book == 'condor'")
    # Rejected on Tue 2 June; the next entry is decided on Mon 8 and filled on Tue 9.
    assert condor["date"].dt.date.unique().tolist() == [dt.date(2015, 6, 9)]
    assert condor["layer"].tolist() == ["short_put", "long_put", "short_call", "long_call"]
    before = rejected.daily[rejected.daily["date"] < "2015-06-09"]
    assert (before["condor_pnl"] == 0.0).all()
    assert (before["condor_theta"] == 0.0).all()


def test_the_hedge_of_a_condor_that_was_not_filled_is_closed_the_next_day(rejected: RunResult) -> None:
    hedge = rejected.trades.query("book == 'hedge' and date < '2015-06-09'")
    assert hedge["action"].tolist() == ["open", "open", "close", "close"]
    assert [str(date.date()) for date in hedge["date"]] == ["2015-06-02"] * 2 + ["2015-06-03"] * 2
    assert set(hedge["reason"].iloc[2:]) == {"condor closed"}


def test_a_condor_that_was_not_filled_is_journalled(rejected: RunResult) -> None:
    reasons = rejected.journal.query("book == 'condor' and date <= '2015-06-02'")["reason"].tolist()
    assert reasons == ["entry by schedule", "no price for every leg: package not filled"]


def test_an_exit_without_a_price_leaves_the_condor_open_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = sample_run("none")
    closing = plain.trades.query("action == 'close'")["date"].iloc[0]
    without_a_price(monkeypatch, closing.date())
    run = run_in(embedded(), window_study("2015-06-01", "2015-07-31"), "none")
    sessions = list(run.daily["date"])
    tried, again = run.journal.query("event == 'close'")["date"].iloc[:2]
    closed = run.trades.query("action == 'close'")["date"]
    assert sessions[sessions.index(tried) + 1] == closing
    assert again >= closing
    assert closed.iloc[:4].tolist() == [sessions[sessions.index(again) + 1]] * 4


# --- margin ---------------------------------------------------------------------------------------------


def need_and_cash(fill: str) -> tuple[pd.Timestamp, float, float]:
    """Day, widest wing (USD) and cash received of the first condor, from the trades of a rich run."""
    trades = sample_run("none", book={"fill": fill}).trades.iloc[:4]
    strikes = trades.set_index("layer")["strike"]
    wing = max(
        strikes["short_put"] - strikes["long_put"],
        strikes["long_call"] - strikes["short_call"],
    )
    size = trades["contracts"].abs().iloc[0] * 100.0
    received = float((-trades["contracts"] * 100.0 * trades["price"] - trades["fees_usd"]).sum())
    return trades["date"].iloc[0], wing * size, received


@pytest.mark.parametrize("fill", FILLS)
def test_a_run_that_cannot_meet_its_margin_says_when_and_by_how_much(fill: str) -> None:
    day, need, received = need_and_cash(fill)
    world = embedded()
    rate = world.prices.at_close(world.market.index_of(dt.date(2015, 6, 1))).rate
    cash = 5_000.0 * (1.0 + rate * (day - pd.Timestamp("2015-06-01")).days / 365.0)
    try:
        run = sample_run("none", book={"fill": fill, "starting_cash": 5_000.0})
    except MarginError as error:  # stopped on its first day, there is no record to hand over
        message, recorded = str(error), []
    else:
        message, recorded = str(run.stopped), list(run.daily["date"])
    found = re.match(r"margin not met on (\S+): short by ([\d,.]+) USD; ", message)
    assert found, message
    assert found[1] == f"{day:%Y-%m-%d}"
    assert float(found[2].replace(",", "")) == pytest.approx(need - cash - received, abs=0.005)
    assert all(date < day for date in recorded)


def test_a_plain_cerebro_raises_the_margin_error() -> None:
    with pytest.raises(MarginError, match=r"margin not met on 2015-06-02: short by [\d,]+\.\d\d USD"):
        plain_run("condor_alone", window_study("2015-06-01", "2015-06-30", book={"starting_cash": 5_000.0}))


@pytest.mark.parametrize("held", [False, True], ids=["managed", "held"])
@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("hedge", HEDGES)
def test_a_run_that_may_cut_goes_on_and_never_owes_cash(hedge: str, fill: str, held: bool) -> None:
    book = {"starting_cash": 8_000.0, "on_margin": "cut", "fill": fill}
    run = sample_run(hedge, end="2015-09-04", book=book, condor=HELD if held else {})
    assert run.stopped is None
    assert run.daily["date"].iloc[-1] == pd.Timestamp("2015-09-04")
    assert "cut to meet margin" in set(run.journal["reason"])
    assert run.daily["cash"].min() >= 0.0
    days = replay(run, embedded(), 8_000.0).days
    np.testing.assert_allclose(run.daily["nav"].to_numpy(), days["nav"].to_numpy(), rtol=0.0, atol=USD)


def test_entries_are_scaled_to_the_money_at_hand() -> None:
    run = sample_run("static-calls", **CASES["cut"][1])
    first = run.trades.query("book == 'condor'").iloc[0]
    rich = sample_run("none").trades.query("book == 'condor'").iloc[0]
    assert first["strike"] == rich["strike"]
    assert 0.0 < abs(first["contracts"]) < abs(rich["contracts"])


def test_a_cut_removes_most_of_the_shortfall_by_the_next_close() -> None:
    class Short(CondorStrategy):
        """Takes down what is missing at each close, and which closes sent a cut."""

        def __init__(self):
            super().__init__()
            self.missing, self.cuts = [], []

        def make_hedge(self, study):
            return make_hedge("layered", study)

        def next(self):
            self.missing.append(self.broker.shortfall)
            super().next()
            self.cuts.append(any(order.rule.reason == Reason.MARGIN_CUT for order in self.broker.pending))

    study = window_study("2018-01-02", "2018-12-31", book={"starting_cash": 8_000.0, "on_margin": "cut"})
    strategy, run = cerebro_of(study, Short)
    cuts = [k for k, cut in enumerate(strategy.cuts[:-1]) if cut]
    assert len(cuts) >= 3
    assert [missing > 0.0 for missing in strategy.missing] == strategy.cuts
    # Prices move between the close that cuts and the next; over all cuts seven tenths must be gone.
    before, after = (sum(strategy.missing[k + step] for k in cuts) for step in (0, 1))
    assert after < 0.3 * before
    assert (run.trades["reason"] == "cut to meet margin").any()


# --- settlement -----------------------------------------------------------------------------------------


def deep() -> dict:
    """Condors near the money, held: some legs end in it."""
    return {"condor": {**HELD, "short_delta": 0.45, "wing_delta": 0.10}}


def opening_estimate(columns: Mapping[str, np.ndarray], i: int) -> float:
    """The opening value of a day in a year of stale opens, as docs/PRICES.md has it."""
    before, close = columns["spx_close"][i - 1 : i + 1]
    high, low = max(columns["spx_high"][i], before), min(columns["spx_low"][i], before)
    return float(before - 0.22 * (close - before) + 1.02 * (0.5 * (high + low) - before))


def test_am_options_settle_on_the_opening_value_and_pm_options_on_the_close() -> None:
    settled = sample_run("static-futures", **deep()).trades.query("action == 'settle' and book == 'condor'")
    columns, seen = embedded().market.columns, set()
    for row in settled.itertuples():
        i = embedded().market.index_of(row.date.date())
        sign = 1.0 if row.right == "C" else -1.0
        levels = opening_estimate(columns, i), columns["spx_close"][i]
        opened, closed = (max(0.0, sign * (level - row.strike)) for level in levels)
        # The estimate is the same sum in another order.
        assert row.price == pytest.approx(opened if row.root == "SPX" else closed, abs=1e-9), row
        if opened != closed:
            seen.add(row.root)
    assert seen == {"SPX", "SPXW"}


def test_whole_sized_condors_settle_on_a_tenth_of_the_close() -> None:
    settings = {"book": {"contracts": "whole"}, **deep()}
    settled = sample_run("none", **settings).trades.query("action == 'settle'")
    columns, seen = embedded().market.columns, 0
    for row in settled.itertuples():
        level = columns["spx_close"][embedded().market.index_of(row.date.date())] / 10.0
        value = max(0.0, (1.0 if row.right == "C" else -1.0) * (level - row.strike))
        # A tenth of the index is a product here and a quotient there: they differ in the last place.
        assert row.price == pytest.approx(value, abs=1e-9)
        seen += value > 0.0
    assert seen > 0


def test_vix_futures_settle_on_the_opening_value_of_vix(real_data_dir: Path) -> None:
    world = real(real_data_dir)
    run = run_in(world, window_study("2011-06-01", "2011-12-30"), "static-futures")
    settled = run.trades.query("action == 'settle' and root == 'VX'")
    columns = world.market.columns
    assert len(settled) >= 3
    for row in settled.itertuples():
        i = world.market.index_of(row.date.date())
        assert row.price == columns["vix_open"][i]
        assert row.price != columns["vix_close"][i]
        assert row.reason == "settlement at a proxy of the official value"


def test_official_values_settle_before_any_proxy() -> None:
    """SET and VRO, made up, on every day: nothing settles on an open any more."""
    market = embedded().market
    official = world_of(
        changed(
            market,
            slice(None),
            spx_set=market.columns["spx_close"] + 7.0,
            vro=np.full(len(market.sessions), 33.0),
        )
    )
    run = run_in(official, window_study("2015-06-01", "2015-12-31", **deep()), "static-futures")
    settled = run.trades.query("action == 'settle'")
    assert set(settled["reason"]) == {"settlement"}
    assert set(settled.query("root == 'VX'")["price"]) == {33.0}
    for row in settled.query("root == 'SPX'").itertuples():
        level = market.columns["spx_close"][market.index_of(row.date.date())] + 7.0
        assert row.price == max(0.0, (1.0 if row.right == "C" else -1.0) * (level - row.strike))


# --- the condor's decisions, day by day -----------------------------------------------------------------


class Watch:
    """Looks at every close of a condor and says what its manager ought to do, in plain Python."""

    def __init__(self, run: RunResult, world: World, settings: dict) -> None:
        self.run, self.world = run, world
        self.rule = {
            "take_profit": 0.5,
            "stop_loss": 2.0,
            "exit_dte": 21,
            "roll_delta": 0.30,
            "max_rolls": 1,
        } | settings

    def verdicts(self) -> dict[pd.Timestamp, str]:
        """date -> reason, over every close at which a condor was on and no order of it was waiting."""
        trades = self.run.trades.query("book == 'condor'")
        legs: dict[str, object] = {}
        credit, entry, rolls, verdicts = 0.0, 0.0, {"P": 0, "C": 0}, {}
        filled_on = pd.Timestamp(0)
        for date in self.run.daily["date"]:
            for row in trades[trades["date"] == date].itertuples():
                if row.action == "open" and not legs:
                    credit, entry, rolls, filled_on = 0.0, 0.0, {"P": 0, "C": 0}, date
                if row.action in ("open", "roll"):
                    credit -= np.sign(row.contracts) * row.price
                    entry -= np.sign(row.contracts) * row.price * (row.action == "open")
                if row.layer in legs and np.sign(row.contracts) != np.sign(legs[row.layer].contracts):
                    del legs[row.layer]
                else:
                    legs[row.layer] = row
                    rolls[row.right] += row.action == "roll" and row.layer.startswith("short")
            if legs:
                reason = self.verdict(date, legs, (credit, entry), rolls, filled_on)
                if reason:
                    verdicts[date] = reason
        return verdicts

    def verdict(self, date: pd.Timestamp, legs: dict, credits: tuple, rolls: dict, filled_on: object) -> str:
        credit, entry = credits  # with the rolls, and as it was sold
        prices = self.world.prices.at_close(self.world.market.index_of(date.date()))
        quotes = {name: quote_contract(contract_of(leg), prices) for name, leg in legs.items()}
        to_close = -sum(np.sign(leg.contracts) * quotes[name].mid for name, leg in legs.items())
        profit, rule = credit - to_close, self.rule
        expiry = next(iter(legs.values())).expiry
        if -profit >= rule["stop_loss"] * entry:
            return "stop loss"
        if profit >= rule["take_profit"] * entry:
            return "take profit"
        if (expiry - filled_on).days > rule["exit_dte"] >= (expiry - date).days:
            return "time exit"
        deltas = {
            right: abs(quotes[layer].delta) * (rolls[right] < rule["max_rolls"])
            for right, layer in (("P", "short_put"), ("C", "short_call"))
        }
        if max(deltas.values()) >= rule["roll_delta"]:
            side = "put" if deltas["P"] >= deltas["C"] else "call"
            return f"roll of the tested {side} spread"
        return ""


@pytest.mark.parametrize(
    ("settings", "reasons"),
    [
        ({}, {"take profit", "time exit", "stop loss", "roll of the tested put spread"}),
        ({"take_profit": 0.25, "stop_loss": 0.5}, {"take profit", "stop loss"}),
        (
            {"stop_loss": 9.0, "exit_dte": 30, "max_rolls": 2, "roll_delta": 0.25},
            {"time exit", "roll of the tested put spread", "roll of the tested call spread"},
        ),
    ],
)
def test_condors_are_left_and_rolled_on_the_first_close_that_says_so(settings: dict, reasons: set) -> None:
    run = sample_run("none", condor=settings)
    decided = run.journal[run.journal["event"].isin(["close", "roll"])]
    found = dict(zip(decided["date"], decided["reason"], strict=True))
    assert found == Watch(run, embedded(), settings).verdicts()
    assert reasons <= set(found.values())


def test_a_time_exit_is_on_the_first_session_within_its_days() -> None:
    run = sample_run("none", condor={**HELD, "exit_dte": 21})
    sessions = run.daily["date"]
    exits = run.journal.query("reason == 'time exit'")["date"]
    expiries = run.trades.query("action == 'close'").groupby("date")["expiry"].first()
    assert len(exits) >= 5
    for date in exits.iloc[:-1]:
        filled = sessions[sessions > date].iloc[0]
        before = sessions[sessions < date].iloc[-1]
        assert (expiries[filled] - date).days <= 21 < (expiries[filled] - before).days


SCHEDULES = {
    "weekly": {"schedule": "weekly"},
    "monthly": {"schedule": "monthly"},
    "every seven": {"schedule": "every", "every_sessions": 7},
}


def is_due(kind: str, k: int, sessions: list[dt.date], market_before: dt.date) -> bool:
    """Whether the schedule allows an entry on session `k` of the window."""
    before = sessions[k - 1] if k else market_before
    day = sessions[k]
    if kind == "weekly":
        return day.isocalendar()[:2] != before.isocalendar()[:2]
    if kind == "every seven":
        return k % 7 == 0
    # A third Friday (the session before it, were it a holiday) is among the days since the last session.
    fridays = {dt.date(y, m, 15 + (4 - dt.date(y, m, 15).weekday()) % 7) for y, m in months(sessions)}
    return any(before <= friday < day for friday in fridays)


def months(sessions: list[dt.date]) -> set[tuple[int, int]]:
    return {(day.year, day.month) for day in sessions}


@pytest.mark.parametrize("kind", SCHEDULES)
def test_condors_are_entered_when_the_schedule_says_so_and_none_is_on(kind: str) -> None:
    run = sample_run("none", condor=SCHEDULES[kind])
    sessions = [date.date() for date in run.daily["date"]]
    opened = {date.date() for date in run.journal.query("event == 'open'")["date"]}
    condor = run.trades.assign(day=run.trades["date"].dt.date)
    expected, on, pending = set(), False, False
    for k, day in enumerate(sessions):
        todays = condor[condor["day"] == day]["action"].tolist()
        if "open" in todays:
            on, pending = True, False
        if {"close", "settle"} & set(todays):
            on = False
        if not on and not pending and is_due(kind, k, sessions, dt.date(2015, 5, 29)):
            expected.add(day)
            pending = True
    assert opened == expected
    assert len(opened) >= 5


def test_entries_are_the_listed_expiry_nearest_forty_five_days_from_the_fill() -> None:
    run = sample_run("none")
    calendar = embedded().calendar.spx
    opened = run.trades.query("action == 'open'").groupby("date")["expiry"].first()
    for date, expiry in opened.items():
        today = epoch_day(date.date())
        dte = [day - today for day, listed in zip(calendar.day, calendar.listed_from, strict=True)
               if listed <= today < day]  # fmt: skip
        nearest = min(abs(days - 45) for days in dte)
        assert abs((expiry - date).days - 45) == nearest
        # Fridays, or the eve of a Friday that is a holiday: Christmas 2015, Good Friday 2016.
        assert expiry.weekday() == 4 or expiry.date() in (dt.date(2015, 12, 24), dt.date(2016, 3, 24))
    assert len(opened) >= 10


def test_as_many_condors_are_on_as_the_study_allows() -> None:
    run = sample_run("layered", condor={"max_open": 3})
    short = run.trades.query("layer == 'short_put' and action in ['open', 'close', 'settle']")
    # A sale to open and a purchase to close: minus the contracts over the size of one is the number on.
    on, most = 0, 0
    for _, trades in short.groupby("date", sort=True):
        on += int((trades["action"] == "open").sum()) - int((trades["action"] != "open").sum())
        most = max(most, on)
        assert 0 <= on <= 3
    assert most == 3
    size = run.trades.query("layer == 'short_put'")["contracts"].abs().iloc[0]
    assert size == pytest.approx(sample_run("none").trades["contracts"].abs().iloc[0] / 3.0, rel=1e-12)


# --- runs, strategies, policies -------------------------------------------------------------------------


def test_the_same_run_twice_is_identical() -> None:
    again = run_in(embedded(), window_study("2015-06-01", "2015-12-31"), "layered")
    for name in ("daily", "trades", "journal"):
        assert_frame_equal(
            getattr(sample_run("layered"), name), getattr(again, name), check_exact=True, obj=name
        )


def cerebro_of(study: object, strategy: type, **run: object) -> tuple[CondorStrategy, RunResult]:
    """Run a strategy in a plain Cerebro and take down its books."""
    cerebro, world = bt.Cerebro(stdstats=False), embedded()
    equip(cerebro, world.market, study, world.prices, world.calendar)
    cerebro.addstrategy(strategy)
    cerebro.addanalyzer(BookRecorder, _name="recorder")
    (done,) = cerebro.run(**run)
    recorder = done.analyzers.recorder
    return done, RunResult("plain", recorder.daily(), recorder.trade_list(), recorder.journal())


def plain_run(module: str, study: object, **run: object) -> RunResult:
    found = importlib.import_module(f"alvh_bt.strategies.{module}")
    (strategy,) = (
        kind for kind in vars(found).values() if isinstance(kind, type) and kind.__module__ == found.__name__
    )
    return cerebro_of(study, strategy, **run)[1]


@pytest.mark.parametrize("hedge", HEDGES)
def test_a_strategy_in_a_plain_cerebro_gives_the_registered_hedges_nav(hedge: str) -> None:
    module = "condor_alone" if hedge == "none" else f"condor_{hedge.replace('-', '_')}"
    run = plain_run(module, window_study("2015-06-01", "2015-12-31"))
    for name in ("daily", "trades", "journal"):
        assert_frame_equal(getattr(run, name), getattr(sample_run(hedge), name), check_exact=True, obj=name)


@pytest.mark.parametrize("mode", [{"preload": False, "runonce": False}, {"runonce": False}])
def test_the_feeds_may_be_read_bar_by_bar(mode: dict) -> None:
    run = plain_run("condor_layered", window_study("2015-06-01", "2015-09-30"), **mode)
    expected = sample_run("layered").until(pd.Timestamp("2015-09-30")).daily
    assert_frame_equal(run.daily, expected, check_exact=True)


class Notebook(Hedge):
    """A policy that no compiler would take: dictionaries, strings, a generator, a closure.

    It keeps two futures a condor, by hand, and drops one when VIX has fallen since.
    """

    name = "notebook"

    def decide(self, today, book):
        wishes = {"open": lambda row: row["status"] == 0, "trim": lambda row: row["status"] == 1}
        planned = [row for row in book.condors if wishes["open"](row)]
        decision = Decision([], [])
        for row in planned:
            expiry = min(int(day) for day in today.vx.day if day > today.fill_day + 30)
            future = Contract(Root.VX, Right.FUTURE, 0.0, expiry)
            mid = quote_contract(future, today.prices).mid
            for part in range(2):
                decision.orders.append(
                    make_order(
                        Book.HEDGE,
                        Layer.STATIC,
                        Action.OPEN,
                        row["id"],
                        -1,
                        future,
                        1.0,
                        mid,
                        Reason.CONDOR_OPENED,
                        900 + part,
                    )
                )
        open_ids = {int(row["id"]) for row in book.condors if row["status"] < 2}
        for lot, mark in zip(book.lots, book.marks, strict=True):
            if lot["book"] == Book.HEDGE and int(lot["group"]) not in open_ids:
                decision.orders.append(
                    closing_order(lot, mark["mid"], Reason.CONDOR_CLOSED, Action.CLOSE, 1000 + lot["id"])
                )
        return decision


class InPython(CondorStrategy):
    def make_hedge(self, study):
        return Notebook(study)


def test_a_policy_in_plain_python_runs_and_balances() -> None:
    study = window_study("2015-06-01", "2015-12-31")
    _, run = cerebro_of(study, InPython)
    days = replay(run, embedded()).days
    np.testing.assert_allclose(run.daily["nav"].to_numpy(), days["nav"].to_numpy(), rtol=0.0, atol=USD)
    assert_series_equal(run.daily["condor_pnl"], sample_run("none").daily["condor_pnl"], check_exact=True)
    hedge = run.trades.query("book == 'hedge'")
    assert set(hedge["action"]) == {"open", "close"}
    assert hedge.query("action == 'open'")["contracts"].tolist() == [1.0] * len(
        hedge.query("action == 'open'")
    )


def own_strategy(hedge: str) -> type:
    """Condors and, by the strategy's own hand, 5 VIX calls bought on one day and sold on another."""

    class Own(CondorStrategy):
        bought_on, sold_on = dt.date(2015, 6, 10), dt.date(2015, 6, 24)

        def __init__(self):
            super().__init__()
            self.seen = []

        def make_hedge(self, study):
            return make_hedge(hedge, study)

        def notify_order(self, order):
            if order.data._name == "VIX 2015-07-22 20 C" and order.status == order.Completed:
                self.seen.append((order.executed.size, order.executed.price))

        def next(self):
            super().next()
            today = self.data0.datetime.date()
            if today == self.bought_on:
                call = Contract(Root.VIX, Right.CALL, 20.0, epoch_day(dt.date(2015, 7, 22)))
                self.mine = self.contract(call)
                self.buy(data=self.mine, size=5)
            if today == self.sold_on:
                self.held = self.getposition(self.mine).size
                self.sell(data=self.mine, size=5)

    return Own


@pytest.mark.parametrize("hedge", ["none", "layered"])
def test_orders_of_a_strategys_own_are_filled_and_in_the_accounts(hedge: str) -> None:
    study = window_study("2015-06-01", "2015-07-31")
    strategy, run = cerebro_of(study, own_strategy(hedge))
    mine = run.trades[run.trades["reason"] == "ordered by the strategy"]
    assert mine["date"].dt.date.tolist() == [dt.date(2015, 6, 11), dt.date(2015, 6, 25)]
    assert mine["contracts"].tolist() == [5.0, -5.0]
    assert mine["root"].tolist() == ["VIX", "VIX"]
    assert strategy.held == 5.0
    # Backtrader's own notice of the fill is in USD a contract.
    fills = np.column_stack([mine["contracts"], mine["price"] * 100.0])
    np.testing.assert_allclose(strategy.seen, fills, rtol=1e-12)  # the same product, rounded twice
    days = replay(run, embedded()).days
    np.testing.assert_allclose(run.daily["nav"].to_numpy(), days["nav"].to_numpy(), rtol=0.0, atol=USD)
    alone = sample_run("none").until(pd.Timestamp("2015-07-31")).daily
    assert_series_equal(run.daily["condor_pnl"], alone["condor_pnl"], check_exact=True)


def test_own_orders_are_packages_of_their_own_even_after_a_cancellation() -> None:
    """One is cancelled, two are left: one of them has no price, the other is filled all the same."""

    class Cancels(CondorStrategy):
        def make_hedge(self, study):
            return NoHedge(study)

        def next(self):
            if len(self) != 1:
                return
            expiry = epoch_day(dt.date(2015, 7, 22))
            calls = [
                self.contract(Contract(Root.VIX, Right.CALL, k, expiry)) for k in (18.0, 20.0, float("nan"))
            ]
            first = self.buy(data=calls[0], size=1)
            self.buy(data=calls[1], size=1)
            self.cancel(first)
            self.buy(data=calls[2], size=1)

    _, run = cerebro_of(window_study("2015-06-01", "2015-06-05"), Cancels)
    assert run.trades["strike"].tolist() == [20.0]


class Tampering(CondorStrategy):
    """Takes a dollar out of the till in the second week."""

    what = "cash"

    def make_hedge(self, study):
        return NoHedge(study)

    def next(self):
        super().next()
        if len(self) == 8:
            books = self.broker.accounts
            books.held = books.held._replace(**{self.what: getattr(books, self.what) - 1.0})


@pytest.mark.parametrize("what", ["cash", "nav"])
def test_a_dollar_that_goes_missing_stops_the_run(what: str) -> None:
    strategy = type("Taking", (Tampering,), {"what": what})
    gap = "1.0" if what == "cash" else "-1.0"
    # The eighth session is Wed 10 June: the books are found wrong at the next close.
    with pytest.raises(AccountingError, match=rf"on 2015-06-11 NAV and cash plus marks differ by {gap}"):
        cerebro_of(window_study("2015-06-01", "2015-06-30"), strategy)


def test_a_leg_that_goes_missing_stops_the_run() -> None:
    class Losing(Tampering):
        def next(self):
            CondorStrategy.next(self)
            if len(self) == 8:
                self.broker.accounts.lots = self.broker.accounts.lots[1:]

    with pytest.raises(AccountingError, match="on 2015-06-11 NAV and cash plus marks differ by"):
        cerebro_of(window_study("2015-06-01", "2015-06-30"), Losing)


# --- what a reviewer found ------------------------------------------------------------------------------


@pytest.mark.parametrize("hedge", ["static-calls", "static-futures", "layered"])
def test_every_hedge_purchase_says_what_it_does_to_the_return(hedge: str) -> None:
    bought = sample_run(hedge).journal.query("book == 'hedge' and event == 'open'")
    assert len(bought) >= 5
    assert np.isfinite(bought[["irr_without", "irr_with"]].to_numpy(dtype=float)).all()
    assert (bought["irr_without"] != bought["irr_with"]).all()


class OwnOrder(CondorStrategy):
    """Sends one order of its own on the third session."""

    send_order: object = None

    def make_hedge(self, study):
        return make_hedge("none", study)

    def next(self):
        super().next()
        if len(self) == 3:
            type(self).send_order(self)


FAR_CALL = Contract(Root.VIX, 1, 20.0, epoch_day(dt.date(2015, 8, 19)))
DEAD_CALL = Contract(Root.VIX, 1, 20.0, epoch_day(dt.date(2015, 5, 20)))


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (lambda s: s.buy(data=s.data0, size=1), "an order needs a contract"),
        (lambda s: s.buy(data=s.contract(FAR_CALL), size=1, exectype=bt.Order.Limit), "only market orders"),
        (lambda s: s.sell(data=s.contract(FAR_CALL), size=1), "no margin rule for short options"),
        (lambda s: s.buy(data=s.contract(DEAD_CALL), size=1), "settles before the fill"),
    ],
)
def test_orders_that_cannot_be_are_refused_in_one_line(order: object, said: str) -> None:
    kind = type("Own", (OwnOrder,), {"send_order": order})
    with pytest.raises(ConfigError, match=said):
        cerebro_of(window_study("2015-06-01", "2015-06-30"), kind)


def test_an_account_that_is_used_up_stops_even_where_it_may_cut(real_data_dir: Path) -> None:
    """Close wings, near strikes, no stop: the crash of 2008 takes more than there is."""
    condor = {
        "wing_width": 25.0,
        "short_distance": 0.03,
        "roll_delta": 0.2,
        "max_rolls": 5,
        "target_dte": 90,
        "exit_dte": 0,
        "stop_loss": 0.0,
    }
    book = {"starting_cash": 25_000.0, "on_margin": "cut", "fill": "next_close"}
    study = window_study("2008-06-01", "2009-06-30", book=book, condor=condor)
    run = run_in(real(real_data_dir), study, "none")
    assert run.stopped is not None or (run.daily["cash"] >= 0.0).all()


def test_the_run_id_covers_the_calibrated_constants(monkeypatch: pytest.MonkeyPatch) -> None:
    market, settings = embedded().market, {"a": 1}
    before = compare_module.run_id(settings, market)
    assert before == compare_module.run_id(settings, market) != compare_module.run_id({"a": 2}, market)
    monkeypatch.setattr(compare_module, "packaged_text", lambda: "rho = -0.3")
    assert compare_module.run_id(settings, market) != before
