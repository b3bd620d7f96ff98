"""Real quotes through the engine: fills at bids and asks, marks at mids, no look-ahead, and what is counted.

The chains are made up: the model's prices at volatilities two points higher, so that what is read from a
quote cannot be mistaken for the model.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from chain_scenes import BUMP, FakeStore, bumped_store, frame_of
from engine_fixtures import HEDGES, USD, World, embedded, replay, run_in, window_study
from pandas.testing import assert_frame_equal

from alvh_bt.analysis.chains import chain_figures, require_overlap
from alvh_bt.book.held import Flow
from alvh_bt.book.records import Action, Book, Layer, Reason, make_order
from alvh_bt.config import CostParams, Study, make_study
from alvh_bt.contracts import ROOT_NAMES, Contract, Root, epoch_day, make_contract
from alvh_bt.costs.fees import trade_fee
from alvh_bt.costs.spreads import fill_price, half_cost, half_spread, market_fill
from alvh_bt.engine.accounts import Accounts
from alvh_bt.engine.results import RunResult
from alvh_bt.engine.run import run_variants
from alvh_bt.errors import DataError
from alvh_bt.market import Market, Provenance
from alvh_bt.pricing.day import DayPrices, forward_price, quote_contract, sigma_at, years_to_expiry
from alvh_bt.pricing.flat import flat_prices
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.pricing.quote_rows import day_quotes
from alvh_bt.pricing.quoted import OTHER_MOMENT, QuotedPrices
from alvh_bt.pricing.quotes import NO_QUOTES, aged

START, END = "2015-07-01", "2015-09-30"


@cache
def chains() -> FakeStore:
    """Chains of every close of the window."""
    return bumped_store(embedded().market, "2015-06-25", END)


def world_with(store: FakeStore, market: Market | None = None) -> World:
    history = embedded().market if market is None else market
    calendar = embedded().calendar if market is None else type(embedded().calendar)(market)
    return World(history, QuotedPrices(history, store), calendar)


@cache
def quoted_run(hedge: str, fill: str) -> RunResult:
    return run_in(world_with(chains()), window_study(START, END, book={"fill": fill}), hedge)


def quote_of(row: object, day: int, store: FakeStore) -> pd.DataFrame:
    """The rows of a day's chain for the contract of a trade: one, or none."""
    frame = store.frames[day]
    expiry = epoch_day(row.expiry.date())
    same = (frame["root"] == row.root) & (frame["expiry"] == expiry) & (frame["strike"] == row.strike)
    return frame[same & (frame["right"] == {"C": 1, "P": -1}[row.right])]


def option_fills(run: RunResult) -> pd.DataFrame:
    return run.trades[run.trades["right"].notna() & (run.trades["action"] != "settle")]


# --- four legs to the cent ------------------------------------------------------------------------------

DAY = epoch_day(dt.date(2022, 3, 1))
EXPIRY = DAY + 45
LEGS = {
    # right, strike: bid, ask
    (-1, 3500.0): (4.90, 5.10),
    (-1, 3700.0): (13.00, 13.40),
    (1, 4300.0): (9.80, 10.10),
    (1, 4400.0): (3.10, 3.30),
}


def quoted_close(legs: dict[tuple[int, float], tuple[float, float]] = LEGS, day: int = DAY) -> DayPrices:
    prices = flat_prices(spot=4000.0, vix=20.0, day=day)
    rows = [("SPXW", EXPIRY, right, strike, *quote, 4000.0) for (right, strike), quote in legs.items()]
    return prices._replace(quotes=day_quotes(frame_of(rows), prices).rows)


def condor_orders(sign: float = 1.0, lots: tuple[int, ...] = (-1, -1, -1, -1)) -> list:
    """Half a condor: opened with sign +1, closed with -1."""
    layers = (Layer.LONG_PUT, Layer.SHORT_PUT, Layer.SHORT_CALL, Layer.LONG_CALL)
    action, reason = (Action.OPEN, Reason.ENTRY) if sign > 0 else (Action.CLOSE, Reason.TAKE_PROFIT)
    orders = []
    for (right, strike), size, layer, lot in zip(LEGS, (0.5, -0.5, -0.5, 0.5), layers, lots, strict=True):
        contract = make_contract(Root.SPXW, right, strike, EXPIRY)
        orders.append(make_order(Book.CONDOR, layer, action, 1, lot, contract, sign * size, 5.0, reason, 4))
    return orders


def test_four_legs_are_bought_at_the_ask_sold_at_the_bid_and_marked_at_mid() -> None:
    accounts = Accounts(make_study())
    prices = quoted_close()
    assert accounts.fill(condor_orders(), prices)
    # 13.00 + 9.80 are received, 5.10 + 3.30 paid: 14.40 points on half a contract of 100 USD a point.
    assert [trade.price for trade in accounts.trades] == [5.10, 13.00, 9.80, 3.30]
    assert accounts.cash == pytest.approx(250_000.0 + 720.00 - 4 * 0.65, abs=1e-9)
    accounts.mark(prices)
    # Mids: 5.00 - 13.20 - 9.95 + 3.20 = -14.95 points.
    assert accounts.sums.value == pytest.approx(-747.50, abs=1e-7)
    # Against the mids 0.10 + 0.20 + 0.15 + 0.10 points were paid: 27.50 USD, and the fees.
    assert accounts.nav == pytest.approx(250_000.0 - 27.50 - 2.60, abs=1e-7)
    assert accounts.flows[Flow.COSTS] == pytest.approx(30.10, abs=1e-7)
    assert accounts.sources == (0, 0, 4)
    later = {
        (-1, 3500.0): (3.00, 3.40),
        (-1, 3700.0): (8.00, 8.20),
        (1, 4300.0): (6.00, 6.40),
        (1, 4400.0): (2.00, 2.20),
    }
    closing = quoted_close(later, DAY + 7)
    accounts.begin(DAY + 7)
    accounts.interest_share = 0.0
    assert accounts.fill(condor_orders(-1.0, (1, 2, 3, 4)), closing)
    # Back: 8.20 + 6.40 are paid, 3.00 + 2.00 received: 9.60 points, 480 USD of the 720; fees twice.
    assert accounts.cash == pytest.approx(250_000.0 + 240.00 - 5.20, abs=1e-7)
    accounts.close_fills()
    accounts.mark(closing)
    assert accounts.nav == pytest.approx(accounts.cash, abs=1e-7)


@pytest.mark.parametrize(("share", "paid"), [(0.0, 13.20), (0.5, 13.10), (1.0, 13.00), (2.0, 12.80)])
def test_the_share_of_the_real_spread_is_a_setting(share: float, paid: float) -> None:
    costs = CostParams(quoted_spread_share=share)
    prices, put = quoted_close(), Contract(Root.SPXW, -1, 3700.0, EXPIRY)
    mid = quote_contract(put, prices).mid
    assert market_fill(put, mid, -1.0, -0.2, prices, costs) == pytest.approx(paid, abs=1e-9)
    assert half_cost(put, mid, -0.2, prices, costs) == pytest.approx(13.20 - paid, abs=1e-9)
    assert market_fill(put, mid, 1.0, -0.2, prices, costs) == pytest.approx(26.40 - paid, abs=1e-9)


def test_a_sale_never_brings_less_than_nothing() -> None:
    prices = quoted_close({(-1, 3500.0): (0.05, 2.00)})
    put = Contract(Root.SPXW, -1, 3500.0, EXPIRY)
    assert market_fill(put, 1.025, -1.0, -0.1, prices, CostParams(quoted_spread_share=3.0)) == 0.0


def test_at_another_moment_the_last_spread_is_laid_around_that_moments_mid() -> None:
    put, costs = Contract(Root.SPXW, -1, 3700.0, EXPIRY), CostParams()
    close = quoted_close()
    rows = aged(close.quotes, DAY + 1, close.rate - close.dividend_yield)
    prices = close._replace(day=DAY + 1, moment=-6.5 / 24.0, spot=3950.0, quotes=rows)
    # Half of 13.00 at 13.40 is 0.20; ticks above 3 points are dimes.
    assert market_fill(put, 15.04, 1.0, -0.2, prices, costs) == pytest.approx(15.2)
    assert market_fill(put, 15.04, -1.0, -0.2, prices, costs) == pytest.approx(14.8)


def test_without_a_quote_of_its_own_the_modelled_spread_is_paid() -> None:
    prices, costs = quoted_close(), CostParams()
    put = Contract(Root.SPXW, -1, 3600.0, EXPIRY)
    modelled = fill_price(Root.SPXW, 8.0, 1.0, -0.1, 20.0, DAY, costs)
    assert market_fill(put, 8.0, 1.0, -0.1, prices, costs) == modelled
    half = 0.5 * half_spread(Root.SPXW, 8.0, -0.1, 20.0, DAY, costs)
    assert half_cost(put, 8.0, -0.1, prices, costs) == half
    future = Contract(Root.VX, 0, 0.0, EXPIRY)
    assert market_fill(future, 20.0, 1.0, 1.0, prices, costs) == fill_price(
        4, 20.0, 1.0, 1.0, 20.0, DAY, costs
    )


# --- prices of a session --------------------------------------------------------------------------------


def session(day: str) -> int:
    return embedded().market.index_of(dt.date.fromisoformat(day))


def vol_added(prices: DayPrices, strike: float, expiry: int, root: int = Root.SPXW) -> float:
    quote = quote_contract(Contract(root, -1, strike, expiry), prices)
    tau = years_to_expiry(root, expiry, prices.day, prices.moment)
    forward = forward_price(root, expiry, prices)
    return quote.sigma - sigma_at(root, float(np.log(strike / forward)), tau, prices)


def test_marks_are_the_mids_of_that_day() -> None:
    i = session("2015-08-24")
    prices = QuotedPrices(embedded().market, chains()).at_close(i)
    frame = chains().frames[prices.day]
    assert len(frame) == len(prices.quotes) > 2000
    for row in frame.sample(200, random_state=1).itertuples():
        contract = Contract(ROOT_NAMES.index(row.root), int(row.right), float(row.strike), int(row.expiry))
        # A rounding error of Black's price of up to a thousand points.
        assert quote_contract(contract, prices).mid == pytest.approx(0.5 * (row.bid + row.ask), abs=1e-9)


def test_an_open_has_the_shifts_of_the_close_before_and_not_those_of_its_own_day() -> None:
    market, before, i = embedded().market, session("2015-08-21"), session("2015-08-24")
    days = {k: int(market.days[k]) for k in (before, i)}
    expiry = days[i] + 25
    high = {
        k: bumped_store(market, str(market.sessions[k]), str(market.sessions[k]), bump=0.05) for k in days
    }
    mixed = FakeStore({days[before]: chains().frames[days[before]], days[i]: high[i].frames[days[i]]})
    prices = QuotedPrices(market, mixed)
    # The parity of the made-up quotes is the model's, so that the shift is the bump.
    assert vol_added(prices.at_open(i), 1900.0, expiry) == pytest.approx(BUMP, abs=1e-6)
    assert vol_added(prices.at_close(i), 1900.0, expiry) == pytest.approx(0.05, abs=1e-6)
    assert vol_added(prices.at_open(i + 1), 1900.0, expiry) == pytest.approx(0.05, abs=1e-6)
    # A gap between index and quotes at the close is not laid on the next open.
    closing, opening = prices.at_close(before), prices.at_open(i)
    skewed = {day: frame.assign(strike=frame["strike"] + 4.0) for day, frame in mixed.frames.items()}
    shifted = QuotedPrices(market, FakeStore(skewed))
    forward = forward_price(Root.SPX, expiry, shifted.at_close(before))
    assert forward == pytest.approx(forward_price(Root.SPX, expiry, closing) + 4.0, abs=0.01)
    assert forward_price(Root.SPX, expiry, shifted.at_open(i)) == pytest.approx(
        forward_price(Root.SPX, expiry, opening), abs=1e-9
    )
    only_later = QuotedPrices(market, mixed.without(0))
    assert only_later.at_open(i).quotes is NO_QUOTES
    gap = FakeStore({days[i]: high[i].frames[days[i]]})
    assert QuotedPrices(market, gap).at_open(i).quotes is NO_QUOTES
    # A hole in the chains keeps the last distance from the model for a week, but no quote.
    held = QuotedPrices(market, gap)
    for later in range(1, 6):
        assert vol_added(held.at_close(i + later), 1900.0, expiry) == pytest.approx(0.05, abs=1e-6)
        assert not held.at_close(i + later).quotes["fresh"].any()
    assert held.at_close(i + 6).quotes is NO_QUOTES


def test_provenance_says_on_which_days_quotes_were_seen() -> None:
    market = embedded().market
    i = session("2015-08-24")
    frame = chains().frames[int(market.days[i])]
    store = FakeStore({int(market.days[i]): frame[frame["root"] == "VIX"], **one_refused(market, i + 1)})
    prices = QuotedPrices(market, store)
    for k in (i - 1, i, i + 1):
        prices.at_close(k)
    codes = {name: prices.provenance[name][i - 1 : i + 2].tolist() for name in ("spx_quotes", "vix_quotes")}
    seen, not_seen = Provenance.OBSERVED, Provenance.UNAVAILABLE
    assert codes["vix_quotes"] == [not_seen, seen, not_seen]
    assert codes["spx_quotes"] == [not_seen, not_seen, not_seen]
    assert prices.read[int(market.days[i + 1])].dropped == {OTHER_MOMENT: 4}
    assert set(ModelPrices(market).provenance) < set(prices.provenance)


def one_refused(market: Market, i: int) -> dict[int, pd.DataFrame]:
    day, spot = int(market.days[i]), float(market.columns["spx_close"][i])
    rows = [
        ("SPXW", day + 20, right, 1900.0 + k, 20.0, 21.0, 1.02 * spot) for right in (-1, 1) for k in (0, 5)
    ]
    return {day: frame_of(rows)}


def test_a_day_is_counted_once_however_often_it_is_read() -> None:
    market, i = embedded().market, session("2015-08-24")
    days = market.days[i : i + 6].tolist()
    store = FakeStore({day: chains().frames[day] for day in days}, {"crossed": 3, "zero bid": 0})
    first, second = QuotedPrices(market, store), QuotedPrices(market, store)
    for prices in (first, second):
        for k in (0, 1, 2, 3, 4, 5, 0, 1):
            prices.at_close(i + k)
    # Rows of a few days are kept, those of the first are read again.
    assert store.readings.count(days[0]) == 4
    for prices in (first, second):
        assert [prices.read[day].dropped for day in days] == [{"crossed": 3}] * 6


# --- whole runs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hedge", HEDGES)
@pytest.mark.parametrize("fill", ["next_open", "next_close", "same_close"])
def test_without_a_quote_everything_is_as_without_chains(hedge: str, fill: str) -> None:
    study = window_study(START, "2015-08-14", book={"fill": fill})
    plain = run_in(embedded(), study, hedge)
    empty = run_in(world_with(FakeStore({})), study, hedge)
    for name in ("daily", "trades", "journal"):
        assert_frame_equal(getattr(plain, name), getattr(empty, name), check_exact=True)
    assert plain.quotes is None
    assert empty.quotes is not None and empty.quotes.marks[1:] == empty.quotes.fills[1:] == (0, 0)
    assert empty.quotes.marks[0] > 80 and empty.quotes.fills[0] == len(option_fills(empty))


@pytest.mark.parametrize("fill", ["next_close", "same_close"])
def test_every_fill_at_a_close_is_at_a_real_bid_or_ask(fill: str) -> None:
    run = quoted_run("layered", fill)
    exact = 0
    for row in option_fills(run).itertuples():
        quote = quote_of(row, epoch_day(row.date.date()), chains())
        if len(quote):
            assert row.price == quote["ask" if row.contracts > 0 else "bid"].iloc[0]
            exact += 1
    assert exact == run.quotes.fills[2] > 20
    assert sum(run.quotes.fills) == len(option_fills(run))
    # What has no bid in the made-up chains is all that is missing.
    assert exact / len(option_fills(run)) > 0.9
    assert run.quotes.marks[2] > 0.9 * sum(run.quotes.marks)


def test_condors_go_into_expiries_that_the_chains_quote() -> None:
    monthly = FakeStore({day: frame[frame["root"] == "SPX"] for day, frame in chains().frames.items()})
    study = window_study(START, END, book={"fill": "next_close"})
    opened = {}
    for name, world in (("chains", world_with(monthly)), ("model", embedded())):
        trades = run_in(world, study, "none").trades.query("action == 'open'")
        opened[name] = set(trades["root"])
    # Without chains the listed expiry nearest 45 days is now and then a weekly.
    assert opened == {"chains": {"SPX"}, "model": {"SPX", "SPXW"}}


def test_no_fill_at_an_open_is_at_a_closing_quote() -> None:
    run = quoted_run("layered", "next_open")
    assert run.quotes.fills[2] == 0 and run.quotes.fills[1] == len(option_fills(run))
    assert run.quotes.marks[2] > 0
    # Half of the made-up spread of a dime, on ticks of a nickel or a dime around the mid of the open.
    model = ModelPrices(embedded().market)
    dearer = []
    for row in option_fills(run).query("root != 'VIX'").itertuples():
        i = embedded().market.index_of(row.date.date())
        contract = Contract(
            ROOT_NAMES.index(row.root), {"C": 1, "P": -1}[row.right], row.strike, epoch_day(row.expiry.date())
        )
        dearer.append(row.price - quote_contract(contract, model.at_open(i)).mid)
    # Two vol points of a 45-day option are worth more than the spread: fills are above the model's mids.
    assert np.mean(np.array(dearer) > 0.0) > 0.9


@pytest.mark.parametrize("fill", ["next_open", "next_close", "same_close"])
@pytest.mark.parametrize("hedge", HEDGES)
def test_an_independent_ledger_finds_the_same_cash_and_nav(hedge: str, fill: str) -> None:
    run = quoted_run(hedge, fill)
    found = replay(run, world_with(chains())).days
    for column in ("cash", "nav", "condor_pnl", "hedge_pnl"):
        np.testing.assert_allclose(run.daily[column], found[column], rtol=0.0, atol=USD)


def test_the_bump_shows_in_what_condors_bring() -> None:
    with_quotes = quoted_run("none", "next_close")
    without = run_in(embedded(), window_study(START, END, book={"fill": "next_close"}), "none")
    sold = [
        (run.trades.query("action == 'open' and layer in ('short_put', 'short_call')")["price"]).mean()
        for run in (with_quotes, without)
    ]
    assert sold[0] > sold[1] + 0.5


# --- no look-ahead --------------------------------------------------------------------------------------


def same_past(full: RunResult, other: RunResult, cut: str) -> None:
    last = pd.Timestamp(cut)
    before = full.until(last)
    assert before.daily["date"].iloc[-1] == last and len(before.trades) > 0
    for name in ("daily", "trades", "journal"):
        frame = getattr(other.until(last), name).reset_index(drop=True)
        assert_frame_equal(getattr(before, name).reset_index(drop=True), frame, check_exact=True)


@pytest.mark.parametrize("cut", ["2015-08-20", "2015-08-24", "2015-09-18"])
@pytest.mark.parametrize("fill", ["next_open", "next_close", "same_close"])
def test_cutting_market_and_chains_off_leaves_the_past_alone(fill: str, cut: str) -> None:
    full = quoted_run("layered", fill)
    day = dt.date.fromisoformat(cut)
    world = world_with(chains().without(epoch_day(day)), embedded().market.truncated(day))
    shorter = run_in(world, window_study(START, END, book={"fill": fill}), "layered")
    assert shorter.daily["date"].iloc[-1] == pd.Timestamp(cut)
    same_past(full, shorter, cut)


def test_other_chains_later_have_the_same_past() -> None:
    cut = "2015-08-21"
    last = epoch_day(dt.date.fromisoformat(cut))
    later = bumped_store(embedded().market, "2015-08-24", END, bump=0.08)
    store = FakeStore({**chains().without(last).frames, **later.frames})
    other = run_in(world_with(store), window_study(START, END, book={"fill": "next_open"}), "layered")
    full = quoted_run("layered", "next_open")
    same_past(full, other, cut)
    assert other.daily["nav"].iloc[-1] != full.daily["nav"].iloc[-1]


def test_fills_at_an_open_do_not_see_that_days_chain() -> None:
    full = quoted_run("layered", "next_open")
    day = option_fills(full)["date"].iloc[-1].date()
    held = bumped_store(embedded().market, str(day), str(day), bump=0.10)
    blind_store = FakeStore({**chains().frames, **held.frames})
    study = window_study(START, str(day), book={"fill": "next_open"})
    blind, seeing = (
        run_in(world_with(blind_store), study, "layered"),
        run_in(world_with(chains()), study, "layered"),
    )
    todays = [run.trades[run.trades["date"] == str(day)].reset_index(drop=True) for run in (seeing, blind)]
    assert len(todays[0]) > 0
    assert_frame_equal(*todays, check_exact=True)


# --- side by side, and figures --------------------------------------------------------------------------


def test_counts_come_back_from_the_workers() -> None:
    study = window_study(START, "2015-08-14", hedges=("none", "static-calls"), book={"fill": "next_close"})
    store = FakeStore(chains().frames, {"crossed": 2})
    runs, _, prices, _ = run_variants(embedded().market, study, store=store)
    first, last = embedded().market.window(study.start, study.end)
    for name in ("spx_quotes", "vix_quotes"):
        assert (prices.provenance[name][first : last + 1] == Provenance.OBSERVED).all()
    alone = run_in(world_with(chains()), study, "static-calls")
    assert runs[1].quotes.fills == alone.quotes.fills and runs[1].quotes.marks == alone.quotes.marks
    figures = chain_figures(store, embedded().market, first, last, runs)
    sessions = last - first + 1
    assert figures["sessions_with_quotes"] == sessions and figures["dropped"] == {"crossed": 2 * sessions}
    assert figures["share_of_sessions"] == 1.0
    told = figures["variants"]["static-calls"]
    assert told["option_fills"] == len(option_fills(runs[1]))
    assert told["fills_quoted"] + told["fills_shifted"] + told["fills_modelled"] == pytest.approx(1.0)
    assert told["option_marks"] > figures["variants"]["none"]["option_marks"]


def test_figures_of_a_run_that_holds_no_option() -> None:
    run = SimpleNamespace(variant="none", quotes=None)
    store = FakeStore({})
    figures = chain_figures(store, embedded().market, 3770, 3780, [run])
    assert figures["sessions_with_quotes"] == 0 and figures["variants"] == {}


def test_chains_outside_the_window_are_refused() -> None:
    market = embedded().market
    first, last = market.window(dt.date(2016, 1, 4), dt.date(2016, 3, 1))
    with pytest.raises(DataError, match="2016-01-04 to 2016-03-01: they hold 2015-06-25 to 2015-09-30"):
        require_overlap(chains(), market, first, last)
    with pytest.raises(DataError, match="they hold no day at all"):
        require_overlap(FakeStore({}), market, first, last)
    first, last = market.window(dt.date(2015, 9, 30), dt.date(2016, 3, 1))
    require_overlap(chains(), market, first, last)


def test_costs_in_the_journal_are_those_of_real_spreads() -> None:
    run = quoted_run("none", "next_close")
    entry = run.journal.query("event == 'open'").iloc[0]
    # Four legs, each at 0.05 points of half-spread in the made-up chains, and a fee of 1.30 USD.
    fee = trade_fee(Root.SPXW, 1.0, Study().costs)
    assert entry["cost_usd"] == pytest.approx(4 * entry["contracts"] * (100.0 * 0.05 + fee), rel=1e-9)
