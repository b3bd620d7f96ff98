"""Model against quotes: the implied volatility of every real quote, and the model's for the same contract.

A quote's own forward comes from put-call parity near the money, so that neither a dividend forecast nor
the moment of the quote enters the comparison of smiles; where an expiry has no pair near the money it
is the model's: spot, rate and dividend yield, or the matching VIX future.

SPY options are American, on a fund at about a tenth of the index. They are treated as European ones on
SPY itself, whose dividends are the index's; out of the money and to a delta of 0.6 the right to exercise
early is worth little.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from alvh_bt.contracts import Root, on_vix
from alvh_bt.pricing.black import black_delta, black_price, implied_vol
from alvh_bt.pricing.clock import years_to_expiry
from alvh_bt.pricing.day import DayPrices, forward_price, sigma_at
from alvh_bt.validation.fund_dividends import lumped_forward

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Quotes that count, by the |delta| of their own implied volatility and by calendar days.
DELTAS: Final = (0.02, 0.60)
DAYS: Final = (5, 100)

#: Roots that are compared, and the contract that each is priced as.
PRICED_AS: Final = {
    "SPX": Root.SPX,
    "SPXW": Root.SPXW,
    "XSP": Root.XSP,
    "SPY": Root.XSP,
    "VIX": Root.VIX,
    "VIXW": Root.VIX,
}

#: Pairs of call and put this near the forward (as a share of it) tell the forward by parity. Strikes of
#: VIX options lie far apart, their futures low.
NEAR: Final = 0.05
NEAR_ON_VIX: Final = 0.25

#: The columns of `implied_quotes`.
COLUMNS: Final = (
    *("root", "right", "expiry", "dte", "strike", "bid", "ask", "mid"),
    *("forward", "by_parity", "rate", "tau", "log_moneyness", "sigma", "delta"),
)


def implied_quotes(
    quotes: pd.DataFrame,
    prices: DayPrices,
    moment: float = 0.0,
    deltas: tuple[float, float] = DELTAS,
) -> pd.DataFrame:
    """Return the quotes of one day that count, with forward, implied volatility and delta of their own.

    Nothing here depends on the model's smile.

    Parameters
    ----------
    quotes
        Usable quotes as `ChainFile.day` gives them: `root`, `expiry` (epoch day), `strike`, `right`, `bid`,
        `ask`, `underlying` (NaN where absent), sorted by root, expiry, right and strike.
    prices
        Of the quotes' day: its spot, rate, dividend yield and VIX curve are used.
    moment
        Of the quotes, days from the close (0.0 at the close).
    deltas
        Least and largest |delta| that counts.

    Returns
    -------
    pd.DataFrame
        `COLUMNS`: `root` (a `contracts.Root`), `mid`, `forward` (points), `by_parity` (bool), `rate`, `tau`
        (years), `log_moneyness` (ln(strike / forward)), `sigma` (0.20 is 20%), `delta` (signed). Only rows
        of |delta| and calendar days inside `deltas` and `DAYS`, of a price that has a volatility.
    """
    frame = quotes[quotes["root"].isin(list(PRICED_AS))]
    dte = frame["expiry"].to_numpy() - prices.day
    frame = frame[(dte >= DAYS[0]) & (dte <= DAYS[1])]
    root = _ints(frame["root"].map(PRICED_AS))
    fund = (frame["root"] == "SPY").to_numpy()
    expiry, right = _ints(frame["expiry"]), _ints(frame["right"])
    strike, bid, ask = (frame[name].to_numpy(dtype=np.float64) for name in ("strike", "bid", "ask"))
    spot = frame["underlying"].to_numpy(dtype=np.float64)
    mid = 0.5 * (bid + ask)
    tau = _years(root, expiry, prices.day, moment)
    guess = _forwards(root, expiry, spot, tau, prices)
    lumped = lumped_forward(spot[fund], expiry[fund], tau[fund], prices)
    guess[fund] = np.where(np.isfinite(lumped), lumped, guess[fund])
    # SPY is priced as XSP but is a slice of its own.
    slices: Ints = 2 * root + fund
    forward, by_parity = _by_parity(slices, expiry, right, strike, mid, tau, guess, prices.rate)
    sigma, delta = _implied(mid, forward, strike, tau, prices.rate, right)
    size = np.abs(delta)
    found = pd.DataFrame(
        {
            **{"root": root, "right": right, "expiry": expiry, "dte": expiry - prices.day, "strike": strike},
            **{"bid": bid, "ask": ask, "mid": mid, "forward": forward, "by_parity": by_parity},
            **{"rate": prices.rate, "tau": tau, "log_moneyness": np.log(strike / forward)},
            **{"sigma": sigma, "delta": delta},
        }
    )
    return found[(size >= deltas[0]) & (size <= deltas[1])].reset_index(drop=True)


def quote_errors(quotes: pd.DataFrame, prices: DayPrices, moment: float = 0.0) -> pd.DataFrame:
    """Return `implied_quotes` with the model beside each quote.

    Parameters
    ----------
    quotes, prices, moment
        As for `implied_quotes`; the smile of `prices` is the one that is measured.

    Returns
    -------
    pd.DataFrame
        Further columns: `model_sigma`, `error` (model less implied, vol points), `model_price` (Black at the
        model's volatility on the quote's forward, points), `inside` (bid <= model_price <= ask).
    """
    frame = implied_quotes(quotes, prices, moment)
    forward, strike, tau = (frame[name].to_numpy() for name in ("forward", "strike", "tau"))
    sigma, price = _modelled(_ints(frame["root"]), _ints(frame["right"]), forward, strike, tau, prices)
    frame["model_sigma"] = sigma
    frame["error"] = 100.0 * (sigma - frame["sigma"])
    frame["model_price"] = price
    frame["inside"] = (price >= frame["bid"]) & (price <= frame["ask"])
    return frame


def _ints(column: pd.Series) -> Ints:
    return np.asarray(column, dtype=np.int64)


@njit(cache=True)
def _years(root: Ints, expiry: Ints, day: int, moment: float) -> Floats:
    tau = np.empty(root.size)
    for j in range(root.size):
        tau[j] = years_to_expiry(root[j], expiry[j], day, moment)
    return tau


@njit(cache=True)
def _forwards(root: Ints, expiry: Ints, spot: Floats, tau: Floats, prices: DayPrices) -> Floats:
    """Return the model's forward of each quote, on the quote's own underlying where that is given."""
    forward = np.empty(root.size)
    for j in range(root.size):
        if on_vix(root[j]) or math.isnan(spot[j]):
            forward[j] = forward_price(root[j], expiry[j], prices)
        else:
            forward[j] = spot[j] * math.exp((prices.rate - prices.dividend_yield) * tau[j])
    return forward


@njit(cache=True)
def _by_parity(
    slices: Ints,
    expiry: Ints,
    right: Ints,
    strike: Floats,
    mid: Floats,
    tau: Floats,
    guess: Floats,
    rate: float,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the forward of each quote, and whether parity gave it.

    The median over the pairs of one strike near the money of strike + e^(rate tau) (call - put): one bad
    quote does not move it, and near the money the rate hardly enters.
    """
    forward, told = guess.copy(), np.zeros(guess.size, dtype=np.bool_)
    start = 0
    while start < guess.size:
        stop = start
        while stop < guess.size and slices[stop] == slices[start] and expiry[stop] == expiry[start]:
            stop += 1
        near = NEAR_ON_VIX if on_vix(slices[start] // 2) else NEAR
        call = start
        while call < stop and right[call] < 0:
            call += 1
        found, pairs = np.empty(stop - start), 0
        put, last_put = start, call
        growth = math.exp(rate * tau[start])
        while put < last_put and call < stop:
            if strike[put] < strike[call]:
                put += 1
            elif strike[put] > strike[call]:
                call += 1
            else:
                if abs(strike[put] - guess[start]) <= near * guess[start]:
                    found[pairs] = strike[put] + growth * (mid[call] - mid[put])
                    pairs += 1
                put += 1
                call += 1
        if pairs > 0:
            forward[start:stop] = np.median(found[:pairs])
            told[start:stop] = True
        start = stop
    return forward, told


@njit(cache=True)
def _implied(
    mid: Floats, forward: Floats, strike: Floats, tau: Floats, rate: float, right: Ints
) -> tuple[Floats, Floats]:
    """Return implied volatility and delta of each quote, NaN where the price has none."""
    sigma, delta = np.empty(mid.size), np.empty(mid.size)
    for j in range(mid.size):
        sigma[j] = implied_vol(mid[j], forward[j], strike[j], tau[j], rate, right[j])
        delta[j] = black_delta(forward[j], strike[j], tau[j], sigma[j], rate, right[j])
    return sigma, delta


@njit(cache=True)
def _modelled(
    root: Ints, right: Ints, forward: Floats, strike: Floats, tau: Floats, prices: DayPrices
) -> tuple[Floats, Floats]:
    """Return the model's volatility and price (points) of each quote on the quote's forward."""
    sigma, price = np.empty(root.size), np.empty(root.size)
    for j in range(root.size):
        sigma[j] = sigma_at(root[j], math.log(strike[j] / forward[j]), tau[j], prices)
        price[j] = black_price(forward[j], strike[j], tau[j], sigma[j], prices.rate, right[j])
    return sigma, price
