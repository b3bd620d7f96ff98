"""Real quotes in prices: what a quoted contract is worth, and what its neighbours' quotes say of the others.

Expected prices come from Black's formula written with `math.erfc`, and implied volatilities from a plain
halving of the bracket; the model's own volatility (`sigma_at`) is taken as given.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from chain_scenes import frame_of
from rule_scenes import call_lot, condor_lots, rows_of

from alvh_bt.book.ledger import carry_of, count_sources
from alvh_bt.contracts import Contract, Right, Root
from alvh_bt.pricing.clock import OPEN_MOMENT
from alvh_bt.pricing.day import (
    DayPrices,
    forward_price,
    price_source,
    quote_contract,
    rolled,
    shocked,
    sigma_at,
    years_to_expiry,
)
from alvh_bt.pricing.flat import flat_prices
from alvh_bt.pricing.quote_rows import MAX_DTE, day_quotes, write_ends
from alvh_bt.pricing.quotes import NO_QUOTES, QUOTE, Source, aged, find_side, frozen
from alvh_bt.pricing.strikes import listed_strike, strike_by_delta

DAY = 19_000
SPOT = 4000.0
PRICES = flat_prices(spot=SPOT, vix=20.0, day=DAY, rate=0.04, dividend_yield=0.015, contango=0.5)
NEAR, FAR = DAY + 30, DAY + 60

#: Points: prices of up to a few hundred points, good to sixteen digits, through a handful of functions.
TINY = 1e-9


def phi(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def black(forward: float, strike: float, tau: float, sigma: float, rate: float, right: int) -> float:
    s = sigma * math.sqrt(tau)
    d1 = math.log(forward / strike) / s + 0.5 * s
    return math.exp(-rate * tau) * right * (forward * phi(right * d1) - strike * phi(right * (d1 - s)))


def implied(mid: float, forward: float, strike: float, tau: float, rate: float, right: int) -> float:
    low, high = 1e-4, 5.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (
            (middle, high) if black(forward, strike, tau, middle, rate, right) < mid else (low, middle)
        )
    return 0.5 * (low + high)


def shifted_rows(*rows: tuple[int, int, int, float, float]) -> np.ndarray:
    """Rows by hand from (root, expiry, right, strike, shift): the model's own carry, a spread of 1."""
    table = np.zeros(len(rows), dtype=QUOTE)
    for row, (root, expiry, right, strike, shift) in zip(table, sorted(rows), strict=True):
        row["root"], row["expiry"], row["right"], row["strike"], row["shift"] = (
            root,
            expiry,
            right,
            strike,
            shift,
        )
        row["bid"], row["ask"], row["carry"] = 9.5, 10.5, PRICES.rate - PRICES.dividend_yield
        row["fresh"] = 1
    write_ends(table)
    return frozen(table)


def with_rows(*rows: tuple[int, int, int, float, float], prices: DayPrices = PRICES) -> DayPrices:
    return prices._replace(quotes=shifted_rows(*rows))


def added(contract: Contract, prices: DayPrices) -> float:
    """What the quotes add to the model's volatility of a contract."""
    tau = years_to_expiry(contract.root, contract.expiry, prices.day, prices.moment)
    moneyness = math.log(contract.strike / forward_price(contract.root, contract.expiry, prices))
    return quote_contract(contract, prices).sigma - sigma_at(contract.root, moneyness, tau, prices)


def chain(
    forward: float,
    strikes: range,
    sigma: float = 0.25,
    half: float = 0.5,
    expiry: int = NEAR,
    root: str = "SPXW",
    underlying: float = SPOT,
) -> pd.DataFrame:
    """Quotes at one flat volatility on a forward of our choice, `half` around Black's price."""
    code = {"SPX": Root.SPX, "SPXW": Root.SPXW, "VIX": Root.VIX, "XSP": Root.XSP}[root]
    tau = years_to_expiry(code, expiry, DAY, 0.0)
    rows = []
    for right in (-1, 1):
        for strike in strikes:
            mid = black(forward, strike, tau, sigma, PRICES.rate, right)
            if mid > half:
                rows.append((root, expiry, right, float(strike), mid - half, mid + half, underlying))
    return frame_of(rows)


# --- a contract with a quote of its own -----------------------------------------------------------------


@pytest.fixture(scope="module")
def quoted() -> DayPrices:
    """A chain on a forward 8 points above the model's, at 25% volatility, where the model has about 20%."""
    forward = 4016.0
    return PRICES._replace(quotes=day_quotes(chain(forward, range(3400, 4605, 5)), PRICES).rows)


def test_a_quoted_contract_is_worth_its_mid_and_has_the_greeks_of_its_own_volatility(
    quoted: DayPrices,
) -> None:
    tau = 30 / 365
    for row in quoted.quotes:
        contract = Contract(Root.SPXW, int(row["right"]), float(row["strike"]), NEAR)
        quote = quote_contract(contract, quoted)
        assert quote.mid == pytest.approx(0.5 * (row["bid"] + row["ask"]), abs=TINY)
        # The mids were made at 25%; the implied volatility of a far option is lost in its mid's last digits.
        assert quote.sigma == pytest.approx(0.25, abs=1e-6)
        d1 = math.log(4016.0 / contract.strike) / (0.25 * math.sqrt(tau)) + 0.125 * math.sqrt(tau)
        index_delta = contract.right * phi(contract.right * d1) * math.exp(-0.04 * tau) * 4016.0 / SPOT
        assert quote.delta == pytest.approx(index_delta, abs=1e-5)


def test_the_forward_is_that_of_put_call_parity(quoted: DayPrices) -> None:
    # Each strike gives the forward exactly but for rounding of prices of a few hundred points.
    assert forward_price(Root.SPXW, NEAR, quoted) == pytest.approx(4016.0, abs=1e-8)
    assert forward_price(Root.SPXW, NEAR, PRICES) == pytest.approx(SPOT * math.exp(0.025 * 30 / 365))


def test_one_wrong_pair_of_quotes_does_not_move_the_forward() -> None:
    frame = chain(4016.0, range(3900, 4105, 5))
    frame.loc[(frame["strike"] == 4000.0) & (frame["right"] == 1), ["bid", "ask"]] += 30.0
    prices = PRICES._replace(quotes=day_quotes(frame, PRICES).rows)
    assert forward_price(Root.SPXW, NEAR, prices) == pytest.approx(4016.0, abs=1e-8)


def test_without_pairs_of_calls_and_puts_the_forward_is_the_models() -> None:
    frame = chain(4016.0, range(3400, 4605, 5))
    prices = PRICES._replace(quotes=day_quotes(frame[frame["right"] == -1], PRICES).rows)
    assert forward_price(Root.SPXW, NEAR, prices) == pytest.approx(forward_price(Root.SPXW, NEAR, PRICES))


def test_forwards_between_quoted_expiries_are_interpolated_in_time() -> None:
    # 6 points too high in logs at 30 days, 18 at 60: 12 at 45 days, and it stays at 6 and 18 outside.
    gap = [6.0 / SPOT, 18.0 / SPOT]
    rows = shifted_rows((1, NEAR, -1, 3800.0, 0.0), (1, FAR, -1, 3800.0, 0.0)).copy()
    rows["carry"] += [gap[0] * 365 / 30, gap[1] * 365 / 60]
    prices = PRICES._replace(quotes=frozen(rows))
    for days, wanted in ((10, gap[0]), (30, gap[0]), (45, 0.5 * sum(gap)), (60, gap[1]), (90, gap[1])):
        model = SPOT * math.exp(0.025 * days / 365)
        assert math.log(forward_price(Root.SPXW, DAY + days, prices) / model) == pytest.approx(
            wanted, abs=1e-12
        )


def test_a_mid_without_a_volatility_is_kept_all_the_same() -> None:
    """Deep in the money the mid of a wide quote may be below intrinsic value: no volatility gives that."""
    frame = chain(4016.0, range(3400, 4605, 5))
    deep = (frame["strike"] == 4500.0) & (frame["right"] == -1)
    frame.loc[deep, ["bid", "ask"]] = [470.0, 480.0]
    assert math.exp(-0.04 * 30 / 365) * (4500.0 - 4016.0) > 475.0
    prices = PRICES._replace(quotes=day_quotes(frame, PRICES).rows)
    row = prices.quotes[(prices.quotes["strike"] == 4500.0) & (prices.quotes["right"] == -1)][0]
    assert math.isnan(row["sigma"])
    put = Contract(Root.SPXW, Right.PUT, 4500.0, NEAR)
    assert quote_contract(put, prices).mid == pytest.approx(475.0, abs=TINY)
    # From its neighbours, quoted at 25%; between them the model's smile bends by less than 1e-5.
    assert quote_contract(put, prices).sigma == pytest.approx(0.25, abs=1e-5)
    assert quote_contract(put, rolled(prices, 0)).mid == pytest.approx(475.0, abs=TINY)


# --- a contract without a quote -------------------------------------------------------------------------


def test_between_two_quoted_strikes_the_shift_is_linear_in_the_log_of_the_strike() -> None:
    prices = with_rows((1, NEAR, -1, 3600.0, 0.02), (1, NEAR, -1, 3800.0, 0.05), (1, NEAR, 1, 4100.0, -0.01))
    weight = math.log(3700.0 / 3600.0) / math.log(3800.0 / 3600.0)  # 0.5068
    assert weight == pytest.approx(0.5068, abs=1e-4)
    for right in (-1, 1):
        middle = Contract(Root.SPXW, right, 3700.0, NEAR)
        assert added(middle, prices) == pytest.approx(0.02 + 0.03 * weight, abs=1e-12)
    put = quote_contract(Contract(Root.SPXW, -1, 3700.0, NEAR), prices)
    tau, forward = 30 / 365, SPOT * math.exp(0.025 * 30 / 365)
    assert put.mid == pytest.approx(black(forward, 3700.0, tau, put.sigma, 0.04, -1), abs=TINY)


@pytest.mark.parametrize(
    ("strike", "wanted"),
    [(3000.0, 0.02), (3600.0, 0.02), (3800.0, 0.05), (3990.0, 0.05), (4050.0, -0.01), (4800.0, -0.03)],
)
def test_beyond_the_last_quoted_strike_of_its_side_the_shift_stays(strike: float, wanted: float) -> None:
    prices = with_rows(
        (1, NEAR, -1, 3600.0, 0.02),
        (1, NEAR, -1, 3800.0, 0.05),
        (1, NEAR, 1, 4100.0, -0.01),
        (1, NEAR, 1, 4300.0, -0.03),
    )
    # The forward is 4008: strikes below it follow the puts, the others the calls, whatever the right.
    assert added(Contract(Root.SPXW, 1, strike, NEAR), prices) == pytest.approx(wanted, abs=1e-12)


def test_where_a_side_has_no_quote_the_other_right_stands_in() -> None:
    prices = with_rows((1, NEAR, 1, 3600.0, 0.02), (1, NEAR, 1, 4300.0, 0.04))
    weight = math.log(3900.0 / 3600.0) / math.log(4300.0 / 3600.0)
    for strike, wanted in ((3500.0, 0.02), (3900.0, 0.02 + 0.02 * weight)):
        assert added(Contract(Root.SPXW, -1, strike, NEAR), prices) == pytest.approx(wanted, abs=1e-12)


def test_an_expiry_between_two_quoted_ones_takes_as_many_deviations_from_the_money_of_both() -> None:
    # Quoted everywhere at one shift: 4 vol points at 30 days, 1 at 60. At 40 days: two thirds and one third.
    prices = with_rows((1, NEAR, -1, 3600.0, 0.04), (1, FAR, -1, 3600.0, 0.01))
    assert added(Contract(Root.SPXW, -1, 3700.0, DAY + 40), prices) == pytest.approx(0.03, abs=1e-12)
    assert added(Contract(Root.SPXW, -1, 3700.0, DAY + 7), prices) == pytest.approx(0.04, abs=1e-12)
    assert added(Contract(Root.SPXW, -1, 3700.0, DAY + 90), prices) == pytest.approx(0.01, abs=1e-12)


def test_deviations_from_the_money_are_the_models_own() -> None:
    # Only 30 days are quoted; a strike at 60 days is looked up as many model deviations out at 30 days.
    prices = with_rows((1, NEAR, -1, 3400.0, 0.06), (1, NEAR, -1, 3900.0, 0.01))
    tau = [30 / 365, 60 / 365]
    forward = [SPOT * math.exp(0.025 * t) for t in tau]
    unit = [sigma_at(Root.SPXW, 0.0, t, PRICES) * math.sqrt(t) for t in tau]
    at_near = forward[0] * math.exp(math.log(3500.0 / forward[1]) / unit[1] * unit[0])
    assert 3600.0 < at_near < 3700.0
    weight = math.log(at_near / 3400.0) / math.log(3900.0 / 3400.0)
    found = added(Contract(Root.SPXW, -1, 3500.0, FAR), prices)
    assert found == pytest.approx(0.06 - 0.05 * weight, abs=1e-12)


def test_roots_on_the_index_are_one_family_and_vix_is_another() -> None:
    prices = with_rows((0, NEAR, -1, 3600.0, 0.03))
    assert added(Contract(Root.SPXW, -1, 3600.0, NEAR), prices) == pytest.approx(0.03, abs=1e-12)
    assert added(Contract(Root.XSP, -1, 360.0, NEAR), prices) == pytest.approx(0.03, abs=1e-12)
    assert added(Contract(Root.SPX, -1, 3600.0, NEAR), prices) == pytest.approx(0.03, abs=1e-12)
    assert added(Contract(Root.VIX, 1, 25.0, NEAR), prices) == 0.0
    alone = with_rows((3, NEAR, 1, 25.0, 0.2))
    assert added(Contract(Root.VIX, 1, 30.0, NEAR), alone) == pytest.approx(0.2, abs=1e-12)
    assert added(Contract(Root.SPXW, -1, 3600.0, NEAR), alone) == 0.0


def test_a_tenth_of_the_strike_is_looked_up_for_a_tenth_of_the_index() -> None:
    prices = with_rows((1, NEAR, -1, 3600.0, 0.02), (1, NEAR, -1, 3800.0, 0.05))
    weight = math.log(3700.0 / 3600.0) / math.log(3800.0 / 3600.0)
    found = added(Contract(Root.XSP, -1, 370.0, NEAR), prices)
    assert found == pytest.approx(0.02 + 0.03 * weight, abs=1e-12)


def test_no_shift_makes_a_volatility_vanish() -> None:
    prices = with_rows((1, NEAR, -1, 3800.0, -0.9))
    quote = quote_contract(Contract(Root.SPXW, -1, 3900.0, NEAR), prices)
    assert quote.sigma == 0.01
    assert quote.mid > 0.0


def test_vix_options_are_quoted_on_the_future_of_their_expiry() -> None:
    future = forward_price(Root.VX, NEAR, PRICES)
    frame = chain(future, range(12, 40), sigma=1.3, half=0.05, root="VIX", underlying=20.0)
    prices = PRICES._replace(quotes=day_quotes(frame, PRICES).rows)
    assert forward_price(Root.VIX, NEAR, prices) == future
    call = quote_contract(Contract(Root.VIX, 1, 25.0, NEAR), prices)
    tau = years_to_expiry(Root.VIX, NEAR, DAY, 0.0)
    assert call.mid == pytest.approx(black(future, 25.0, tau, 1.3, 0.04, 1), abs=TINY)
    between = quote_contract(Contract(Root.VIX, 1, 25.5, NEAR), prices)
    # Between two strikes quoted at 130% the model's own smile bends by a few hundredths of a vol point.
    assert between.sigma == pytest.approx(1.3, abs=1e-3)


# --- away from the moment of the quotes -----------------------------------------------------------------


def test_nothing_jumps_when_nothing_happens(quoted: DayPrices) -> None:
    for strike, right in ((3800.0, -1), (3802.5, -1), (4200.0, 1), (4300.0, 1)):
        contract = Contract(Root.SPXW, right, strike, NEAR)
        here = quote_contract(contract, quoted).mid
        assert quote_contract(contract, rolled(quoted, 0)).mid == here
        # A shock solves the anchors again, to about 1e-4 of their total variance.
        assert quote_contract(contract, shocked(quoted, 0.0, 0.0)).mid == pytest.approx(here, abs=0.01)
        least = quote_contract(contract, shocked(quoted, 1e-9, 0.0)).mid
        assert least == pytest.approx(here, abs=0.01)


def test_carry_is_the_time_of_the_quoted_volatility() -> None:
    """A VIX call at its quote: over three days its future rolls down and its own shift stays."""
    future = forward_price(Root.VX, NEAR, PRICES)
    frame = chain(future, range(12, 40), sigma=1.3, half=0.05, root="VIX", underlying=20.0)
    prices = PRICES._replace(quotes=day_quotes(frame, PRICES).rows)
    call = Contract(Root.VIX, 1, 25.0, NEAR)
    lots = rows_of([call_lot(1, 6, 30, strike=25.0, contracts=2.0, expiry=NEAR)])
    lots["last_mark"] = quote_contract(call, prices).mid
    tau = years_to_expiry(Root.VIX, NEAR, DAY, 0.0)
    later = tau - 3 / 365
    lower = forward_price(Root.VX, NEAR, rolled(PRICES, 3))
    assert lower < future
    own = 1.3 - sigma_at(Root.VIX, math.log(25.0 / future), tau, PRICES)
    sigma = sigma_at(Root.VIX, math.log(25.0 / lower), later, PRICES) + own
    change = black(lower, 25.0, later, sigma, 0.04, 1) - black(future, 25.0, tau, 1.3, 0.04, 1)
    assert carry_of(lots, prices, 3) == pytest.approx(200.0 * change, abs=1e-6)
    # Where the model is far below the quote, its whole distance would show as carry if it were forgotten.
    assert abs(own) > 0.05 and carry_of(lots, prices, 0) == pytest.approx(0.0, abs=1e-9)


def test_at_its_settlement_an_option_is_worth_its_intrinsic_value(quoted: DayPrices) -> None:
    assert quote_contract(Contract(Root.SPXW, -1, 4100.0, NEAR), rolled(quoted, 30)).mid == 100.0


# --- strikes --------------------------------------------------------------------------------------------


def odd_strikes() -> DayPrices:
    """Strikes that no grid has: 3417, 3434, ... up to 4573."""
    return PRICES._replace(quotes=day_quotes(chain(4008.0, range(3417, 4590, 17)), PRICES).rows)


@pytest.mark.parametrize("right", [-1, 1])
@pytest.mark.parametrize("delta", [0.05, 0.10, 0.16, 0.30, 0.50])
def test_a_strike_by_delta_is_the_nearest_of_the_quoted(right: int, delta: float) -> None:
    prices = odd_strikes()
    own = prices.quotes["strike"][prices.quotes["right"] == right]
    tau = 30 / 365
    gaps = {}
    for strike in own:
        d1 = math.log(4008.0 / strike) / (0.25 * math.sqrt(tau)) + 0.125 * math.sqrt(tau)
        gaps[float(strike)] = abs(phi(right * d1) * math.exp(-0.04 * tau) * 4008.0 / SPOT - delta)
    assert strike_by_delta(Root.SPXW, right, NEAR, delta, prices) == min(gaps, key=gaps.__getitem__)


def test_a_delta_beyond_the_quotes_is_found_on_the_grid() -> None:
    frame = chain(4008.0, range(3800, 4205, 17))
    prices = PRICES._replace(quotes=day_quotes(frame, PRICES).rows)
    strike = strike_by_delta(Root.SPXW, -1, NEAR, 0.05, prices)
    assert strike < 3800.0 and strike % 25.0 == 0.0
    found = abs(quote_contract(Contract(Root.SPXW, -1, strike, NEAR), prices).delta)
    assert abs(found - 0.05) < 0.01  # a 25-point step is about 0.006 of delta out there
    # An expiry without quotes is looked up on the grid as well, at the shifted volatility.
    far = strike_by_delta(Root.SPXW, -1, FAR, 0.16, prices)
    assert far % 5.0 == 0.0
    assert far < strike_by_delta(Root.SPXW, -1, FAR, 0.16, PRICES)


def test_a_strike_by_delta_does_not_presume_that_deltas_fall() -> None:
    """One put too dear: its delta is the nearest to 0.16, though it is further out than others of 0.14."""
    frame = chain(4008.0, range(3400, 4605, 20), sigma=0.20)
    tau = 30 / 365
    dear = black(4008.0, 3660.0, tau, 0.272, 0.04, -1)
    frame.loc[(frame["strike"] == 3660.0) & (frame["right"] == -1), ["bid", "ask"]] = [dear - 0.1, dear + 0.1]
    prices = PRICES._replace(quotes=day_quotes(frame, PRICES).rows)
    deltas = {
        float(row["strike"]): abs(quote_contract(Contract(1, -1, float(row["strike"]), NEAR), prices).delta)
        for row in prices.quotes[prices.quotes["right"] == -1]
    }
    aim = deltas[3660.0]
    assert strike_by_delta(Root.SPXW, -1, NEAR, aim, prices) == 3660.0
    assert any(deltas[k] < aim for k in deltas if k > 3660.0)


def test_a_listed_strike_is_the_nearest_quoted_one_within_the_quotes() -> None:
    prices = odd_strikes()
    quoted = prices.quotes["strike"][prices.quotes["right"] == -1]
    nearest = min(quoted, key=lambda strike: abs(strike - 3705.0))
    assert listed_strike(Root.SPXW, 3705.0, NEAR, prices) == nearest != 3705.0
    assert listed_strike(Root.SPXW, 2903.0, NEAR, prices) == 2900.0


# --- which quotes are used, and counted -----------------------------------------------------------------


def test_quotes_of_another_moment_are_refused_and_counted() -> None:
    spx = chain(4016.0, range(3900, 4105, 5), underlying=SPOT * 1.006)
    vix = chain(20.6, range(15, 30), sigma=1.1, half=0.05, root="VIX", underlying=20.0)
    rows, refused = day_quotes(pd.concat([spx, vix], ignore_index=True), PRICES)
    assert set(rows["root"]) == {Root.VIX}
    assert refused == len(spx)
    assert rows["after"].max() == len(rows)
    near = chain(4016.0, range(3900, 4105, 5), underlying=SPOT * 1.004)
    assert day_quotes(near, PRICES).refused == 0
    later = vix.assign(underlying=21.1)
    assert day_quotes(pd.concat([near, later], ignore_index=True), PRICES).refused == len(vix)


def test_without_an_underlying_the_forward_tells_the_moment() -> None:
    apart = chain(4108.0, range(3900, 4305, 5), underlying=math.nan)
    assert day_quotes(apart, PRICES).refused == len(apart)
    same = chain(4016.0, range(3900, 4105, 5), underlying=math.nan)
    assert day_quotes(same, PRICES).refused == 0
    nothing = same.assign(underlying=0.0)
    assert day_quotes(nothing, PRICES).refused == 0


def test_what_no_rule_trades_is_passed_over() -> None:
    kept = chain(4016.0, range(3900, 4105, 50))
    spy = kept.assign(root="SPY", strike=kept["strike"] / 10.0)
    long = kept.assign(expiry=DAY + MAX_DTE + 1)
    today = kept.assign(expiry=DAY)
    frame = pd.concat([spy, today, kept, long], ignore_index=True)
    rows, refused = day_quotes(frame, PRICES)
    assert len(rows) == len(kept) and refused == 0
    assert set(rows["expiry"]) == {NEAR}
    empty = day_quotes(frame_of([]), PRICES)
    assert empty.rows is NO_QUOTES


def test_rows_are_in_the_order_of_the_codes_whatever_the_alphabet_says() -> None:
    frames = [
        chain(4016.0, range(3900, 4105, 50), root="SPX"),
        chain(20.6, range(15, 30), sigma=1.1, half=0.05, root="VIX", underlying=20.0),
        chain(401.6, range(380, 420, 5), half=0.05, root="XSP", underlying=SPOT / 10.0),
    ]
    rows = day_quotes(pd.concat(frames, ignore_index=True), PRICES).rows
    keys = [tuple(row[name] for name in ("root", "expiry", "right", "strike")) for row in rows]
    assert keys == sorted(keys) and len(set(rows["root"])) == 3
    for i, row in enumerate(rows):
        behind = [j for j in range(i, len(rows)) if keys[j][:3] != keys[i][:3]]
        assert row["after"] == (behind[0] if behind else len(rows))


def test_a_price_knows_what_it_stands_on(quoted: DayPrices) -> None:
    exact, other = Contract(Root.SPXW, -1, 3800.0, NEAR), Contract(Root.SPXW, -1, 3802.5, NEAR)
    assert price_source(exact, quoted) == Source.QUOTE
    assert price_source(other, quoted) == Source.SHIFTED
    later = quoted._replace(moment=OPEN_MOMENT, quotes=aged(quoted.quotes, quoted.day, 0.02))
    assert price_source(exact, later) == Source.SHIFTED
    assert price_source(Contract(Root.VIX, 1, 25.0, NEAR), quoted) == Source.MODEL
    assert price_source(exact, PRICES) == Source.MODEL
    legs = condor_lots(strikes=(3602.5, 3800.0, 4200.0, 4300.0), root=Root.SPXW, expiry=NEAR)
    calls = [call_lot(5, 6, 30, expiry=NEAR)]
    assert count_sources(rows_of([*legs, *calls]), quoted) == (1, 1, 3)


def test_an_implied_volatility_is_that_of_the_mid(quoted: DayPrices) -> None:
    row = quoted.quotes[10]
    mid = 0.5 * (row["bid"] + row["ask"])
    wanted = implied(mid, 4016.0, row["strike"], 30 / 365, 0.04, int(row["right"]))
    assert row["sigma"] == pytest.approx(wanted, abs=1e-7)


def test_compiled_and_plain_agree(quoted: DayPrices) -> None:
    for contract in (
        Contract(Root.SPXW, -1, 3802.5, NEAR),
        Contract(Root.SPXW, 1, 4300.0, NEAR),
        Contract(Root.SPX, -1, 3700.0, FAR),
    ):
        plain = getattr(quote_contract, "py_func", quote_contract)(contract, quoted)
        np.testing.assert_allclose(quote_contract(contract, quoted), plain, rtol=1e-10)


def test_aged_rows_lose_what_has_expired_and_are_no_quotes() -> None:
    near = [(Root.SPXW, NEAR, right, strike, 0.01) for right in (-1, 1) for strike in (3900.0, 4000.0)]
    far = [(Root.SPXW, FAR, 1, strike, 0.02) for strike in (4000.0, 4100.0, 4200.0)]
    rows = shifted_rows(*near, *far)
    kept = aged(rows, NEAR + 1, 0.03)
    assert kept["expiry"].tolist() == [FAR] * 3 and kept["strike"].tolist() == [4000.0, 4100.0, 4200.0]
    assert find_side(kept, Root.SPXW, FAR, 1) == (0, 3)
    assert set(kept["carry"]) == {0.03} and not kept["fresh"].any()
    # On the day itself an option that settles at the close is still there; the given rows stay as they are.
    assert len(aged(rows, NEAR, 0.03)) == 7 and find_side(aged(rows, NEAR, 0.03), Root.SPXW, NEAR, -1) == (
        0,
        2,
    )
    assert rows["fresh"].all()
