"""A day's usable quotes as the rows that prices carry: forwards, volatilities, distance from the model.

The forward of an expiry comes from put-call parity: the median over strikes near the money of
strike + (call - put) / discount. VIX options have the future that settles with them.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from alvh_bt.contracts import ROOT_NAMES, Root, on_vix
from alvh_bt.pricing.black import black_price, implied_vol
from alvh_bt.pricing.clock import years_to_expiry
from alvh_bt.pricing.moment import DayPrices, forward_price, sigma_at, underlying_scale
from alvh_bt.pricing.quotes import NO_QUOTES, QUOTE, QuoteRows, frozen
from alvh_bt.pricing.shifts import SIGMA_FLOOR

#: Roots that a study can trade or take shifts from.
QUOTED_ROOTS: Final = ("SPX", "SPXW", "XSP", "VIX")

#: Longer quotes are not read: no rule trades so far out.
MAX_DTE: Final = 180

#: Strikes this far from the model's forward, as a share of it, take part in put-call parity.
PARITY_ZONE: Final = 0.03

#: Volatilities outside are taken for what is left of a mid's rounding, not for the market's view.
SIGMA_LOWEST: Final = 0.01
SIGMA_HIGHEST: Final = 10.0

#: Distance between the index of the quotes and that of the close at which they are of another moment. VIX
#: moves by a few percent between the index's close and its own.
SPX_APART: Final = 0.005
VIX_APART: Final = 0.05


class DayQuotes(NamedTuple):
    """The rows of one close, and how many quotes were refused since they were taken at another moment."""

    rows: QuoteRows
    refused: int


def day_quotes(frame: pd.DataFrame, prices: DayPrices) -> DayQuotes:
    """Return the rows of a day's usable quotes, held against the model's prices at that close.

    Parameters
    ----------
    frame
        `root`, `expiry`, `strike`, `right`, `bid`, `ask`, `underlying` as `alvh_bt.chains` gives them, sorted
        by root, expiry, right and strike. Other roots, what has expired, and what is beyond `MAX_DTE` days
        are passed over.
    prices
        The model's, at the close of that day, without quotes.

    Raises
    ------
    KeyError
        Where a column is missing.
    """
    rows, underlying = _sorted_rows(frame, prices.day)
    if not len(rows):
        return DayQuotes(NO_QUOTES, 0)
    prepare(rows, prices)
    vix = rows["root"] == Root.VIX
    keep = np.ones(len(rows), dtype=bool)
    if _apart(underlying[~vix] / prices.spot, SPX_APART) or _parity_apart(
        rows[~vix], underlying[~vix], prices
    ):
        keep[~vix] = False
    if _apart(underlying[vix] / prices.vix_level, VIX_APART):
        keep[vix] = False
    refused = int(np.count_nonzero(~keep))
    if refused:
        rows = rows[keep]
        write_ends(rows)
    return DayQuotes(frozen(rows), refused)


def _sorted_rows(frame: pd.DataFrame, day: int) -> tuple[QuoteRows, NDArray[np.float64]]:
    """Return blank rows in the order of `QUOTE`, and the underlying of each in points of SPX or VIX."""
    codes, names = pd.factorize(frame["root"])
    known = np.array(
        [ROOT_NAMES.index(name) if name in QUOTED_ROOTS else -1 for name in names], dtype=np.int64
    )
    root = known[codes] if len(known) else np.zeros(0, dtype=np.int64)
    expiry = frame["expiry"].to_numpy(np.int64)
    usable = np.flatnonzero((root >= 0) & (expiry > day) & (expiry <= day + MAX_DTE))
    order = usable[np.argsort(root[usable], kind="stable")]
    rows = np.zeros(len(order), dtype=QUOTE)
    rows["root"], rows["expiry"], rows["fresh"] = root[order], expiry[order], 1
    for name in ("right", "strike", "bid", "ask"):
        rows[name] = frame[name].to_numpy()[order]
    underlying = frame["underlying"].to_numpy(np.float64)[order]
    scale = np.where(rows["root"] == Root.XSP, underlying_scale(Root.XSP), 1.0)
    return rows, np.where(underlying > 0.0, underlying, np.nan) / scale


def _apart(ratio: NDArray[np.float64], share: float) -> bool:
    """Return whether the middle one of the known ratios is further than `share` from one."""
    known = ratio[np.isfinite(ratio)]
    return bool(len(known)) and abs(float(np.median(known)) - 1.0) > share


def _parity_apart(rows: QuoteRows, underlying: NDArray[np.float64], prices: DayPrices) -> bool:
    """Return whether forwards are of another moment, where the quotes do not say what the index was."""
    if np.isfinite(underlying).any():
        return False
    model = prices.rate - prices.dividend_yield
    years = (rows["expiry"] - prices.day) / 365.0
    return _apart(np.exp((rows["carry"] - model) * years), SPX_APART)


@njit(cache=True)
def write_ends(rows: QuoteRows) -> None:
    """Write into each row where its expiry's calls or puts end."""
    end = rows.shape[0]
    for i in range(rows.shape[0] - 1, -1, -1):
        if i + 1 < rows.shape[0] and not _same_side(rows, i, i + 1):
            end = i + 1
        rows[i]["after"] = end


@njit(cache=True)
def _same_side(rows: QuoteRows, i: int, j: int) -> bool:
    one, other = rows[i], rows[j]
    same_expiry = one["root"] == other["root"] and one["expiry"] == other["expiry"]
    return same_expiry and one["right"] == other["right"]


@njit(cache=True)
def prepare(rows: QuoteRows, prices: DayPrices) -> None:
    """Write carry, volatility, shift and basis into sorted rows.

    Parameters
    ----------
    rows
        Root, right, expiry, strike, bid and ask are given.
    prices
        The model's prices at the moment of the quotes, without quotes.
    """
    write_ends(rows)
    start = 0
    while start < rows.shape[0]:
        middle = rows[start]["after"]
        stop = middle
        if middle < rows.shape[0] and rows[middle]["expiry"] == rows[start]["expiry"]:
            stop = rows[middle]["after"] if rows[middle]["root"] == rows[start]["root"] else middle
        _prepare_expiry(rows[start:middle], rows[middle:stop], prices)
        start = stop


@njit(cache=True)
def _prepare_expiry(puts: QuoteRows, calls: QuoteRows, prices: DayPrices) -> None:
    """Write into the rows of one expiry; where it has one right only, it stands in `puts`."""
    root, expiry = puts[0]["root"], puts[0]["expiry"]
    tau = years_to_expiry(root, expiry, prices.day, prices.moment)
    forward = forward_price(root, expiry, prices)
    carry = prices.rate - prices.dividend_yield
    if not on_vix(root):
        forward = _parity_forward(puts, calls, forward, math.exp(prices.rate * tau))
        carry = math.log(forward / (underlying_scale(root) * prices.spot)) / tau
    for rows in (puts, calls):
        model = np.empty(rows.shape[0])
        for i in range(rows.shape[0]):
            model[i] = sigma_at(root, math.log(rows[i]["strike"] / forward), tau, prices)
        _write_rows(rows, model, forward, carry, tau, prices.rate)


@njit(cache=True)
def _parity_forward(puts: QuoteRows, calls: QuoteRows, model: float, growth: float) -> float:
    """Return the median forward (points) of the strikes near the money quoted both ways; else the model's."""
    found = np.empty(puts.shape[0])
    n = j = 0
    for i in range(puts.shape[0]):
        strike = puts[i]["strike"]
        while j < calls.shape[0] and calls[j]["strike"] < strike:
            j += 1
        if j == calls.shape[0]:
            break
        if calls[j]["strike"] == strike and abs(strike / model - 1.0) <= PARITY_ZONE:
            call, put = calls[j]["bid"] + calls[j]["ask"], puts[i]["bid"] + puts[i]["ask"]
            found[n] = strike + 0.5 * (call - put) * growth
            n += 1
    return np.median(found[:n]) if n > 0 else model


@njit(cache=True)
def _write_rows(
    rows: QuoteRows, model: NDArray[np.float64], forward: float, carry: float, tau: float, rate: float
) -> None:
    """Write volatility, shift, basis and carry; `model` holds the model's volatility of each row."""
    for i in range(rows.shape[0]):
        row = rows[i]
        mid = 0.5 * (row["bid"] + row["ask"])
        sigma = implied_vol(mid, forward, row["strike"], tau, rate, row["right"])
        known = SIGMA_LOWEST <= sigma <= SIGMA_HIGHEST
        row["carry"] = carry
        row["sigma"] = sigma if known else math.nan
        row["shift"] = sigma - model[i] if known else math.nan
    for i in range(rows.shape[0]):
        row = rows[i]
        if math.isnan(row["sigma"]):
            row["shift"] = _between_neighbours(rows, i)
        sigma = max(SIGMA_FLOOR, model[i] + row["shift"])
        price = black_price(forward, row["strike"], tau, sigma, rate, row["right"])
        row["basis"] = 0.5 * (row["bid"] + row["ask"]) - price


@njit(cache=True)
def _between_neighbours(rows: QuoteRows, i: int) -> float:
    """Return the shift between the nearest rows of this side that imply a volatility; 0.0 if none does."""
    low, high = i - 1, i + 1
    while low >= 0 and math.isnan(rows[low]["sigma"]):
        low -= 1
    while high < rows.shape[0] and math.isnan(rows[high]["sigma"]):
        high += 1
    if low < 0 and high == rows.shape[0]:
        return 0.0
    if low < 0 or high == rows.shape[0]:
        return rows[high]["shift"] if low < 0 else rows[low]["shift"]
    under, over = rows[low], rows[high]
    weight = math.log(rows[i]["strike"] / under["strike"]) / math.log(over["strike"] / under["strike"])
    return under["shift"] + weight * (over["shift"] - under["shift"])
