"""What the model's own option prices say of VIX, VIX9D, VIX3M, VIX6M and VVIX, against what was published.

Each level is replicated as its publisher does, from a strip of out-of-the-money option prices O(K) on the
forward F (Carr & Madan 1998; Cboe Volatility Index methodology, in the limit of many strikes):
level^2 tau = 2 integral O(K) / (D K^2) dK = 2 integral o(k) e^-k dk, with k = ln(K/F), o = O / (D F).
Nothing of the surface but its volatility at a strike enters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.contracts import Root
from alvh_bt.market.market import Market
from alvh_bt.pricing.black import black_price
from alvh_bt.pricing.clock import DAYS_A_YEAR
from alvh_bt.pricing.day import DayPrices, sigma_at
from alvh_bt.pricing.model import PriceModel
from alvh_bt.pricing.spx_surface import NODE_DAYS

#: Published index, its column of the market, root of its options and calendar days.
ANCHORS: Final = (
    ("VIX", "vix_close", Root.SPX, NODE_DAYS[1]),
    ("VIX9D", "vix9d", Root.SPX, NODE_DAYS[0]),
    ("VIX3M", "vix3m", Root.SPX, NODE_DAYS[2]),
    ("VIX6M", "vix6m", Root.SPX, NODE_DAYS[3]),
    ("VVIX", "vvix", Root.VIX, 30.0),
)

#: Strips on each side of the money, an even number. Half as many move no level by 0.005 vol points.
STRIPS: Final = 120

#: The strip's end as asinh of standard deviations at the money: 2,200 of them, so that no wing is cut.
_END: Final = 8.4

#: Beyond this log-moneyness a strike leaves the range of a double.
_FARTHEST: Final = 600.0

#: A strip beyond the first standard deviations that adds less than this share ends the sum.
_NOTHING: Final = 1e-13


class AnchorMiss(NamedTuple):
    """How far the model misses one published level over a window.

    `largest` and `mean` are absolute, vol points; `day` the epoch day of the largest; `days` how many
    were published. NaN and 0 where none was.
    """

    name: str
    largest: float
    day: int
    mean: float
    days: int


@njit(cache=True)
def _strip(root: int, sign: int, tau: float, scale: float, strips: int, prices: DayPrices) -> float:
    """Return the integral of o(k) e^-k over one side of the money, by Simpson's rule in asinh(k / scale)."""
    step = _END / strips
    total = 0.0
    for j in range(strips + 1):
        x = j * step
        k = sign * scale * math.sinh(x)
        if abs(k) > _FARTHEST:
            break
        strike = math.exp(k)
        price = black_price(1.0, strike, tau, sigma_at(root, k, tau, prices), 0.0, sign)
        weight = 1.0 if j == 0 or j == strips else (4.0 if j % 2 == 1 else 2.0)
        term = weight * price / strike * math.cosh(x)
        total += term
        if x > 2.0 and term < _NOTHING * total:
            break
    return total * scale * step / 3.0


@njit(cache=True)
def replicated_level(root: int, days: float, prices: DayPrices, strips: int = STRIPS) -> float:
    """Return the index level (vol points) that the model's option prices replicate.

    Parameters
    ----------
    root
        `Root.SPX` for VIX and its kin, `Root.VIX` for VVIX.
    days
        Calendar days to the options' expiry.
    prices
        The moment.
    strips
        Steps on each side of the money, even.

    Source: Carr & Madan (1998), "Towards a theory of volatility trading".

    Examples
    --------
    >>> from alvh_bt.pricing.flat import flat_prices
    >>> round(replicated_level(0, 30.0, flat_prices(spot=4000.0, vix=20.0, day=19_000)), 1)
    20.0
    """
    tau = days / DAYS_A_YEAR
    scale = sigma_at(root, 0.0, tau, prices) * math.sqrt(tau)
    variance = 2.0 * (
        _strip(root, -1, tau, scale, strips, prices) + _strip(root, 1, tau, scale, strips, prices)
    )
    return 100.0 * math.sqrt(variance / tau)


def anchor_misses(
    market: Market,
    model: PriceModel,
    first: int,
    last: int,
    tick: Callable[[], Any] | None = None,
) -> dict[str, AnchorMiss]:
    """Return for each of `ANCHORS` how far the model misses it over the sessions `first`..`last`.

    Parameters
    ----------
    market, model
        What was published, and the prices that are measured.
    first, last
        Rows of the market, both included; sessions without VIX are passed over.
    tick
        Called after each session.
    """
    rows = np.arange(first, last + 1)
    published = np.column_stack([market.columns[column][rows] for _, column, _, _ in ANCHORS])
    found = np.full(published.shape, np.nan)
    known = np.isfinite(market.columns["vix_close"][rows])
    for n in range(len(rows)):
        if known[n]:
            prices = model.at_close(int(rows[n]))
            for j, (_, _, root, days) in enumerate(ANCHORS):
                if not math.isnan(published[n, j]):
                    found[n, j] = replicated_level(root, days, prices)
        if tick is not None:
            tick()
    miss = np.abs(found - published)
    return {name: _miss(name, miss[:, j], market.days[rows]) for j, (name, *_) in enumerate(ANCHORS)}


def _miss(name: str, miss: NDArray[np.float64], days: NDArray[np.int64]) -> AnchorMiss:
    seen = np.flatnonzero(np.isfinite(miss))
    if not len(seen):
        return AnchorMiss(name, math.nan, 0, math.nan, 0)
    worst = seen[np.argmax(miss[seen])]
    return AnchorMiss(name, float(miss[worst]), int(days[worst]), float(miss[seen].mean()), len(seen))
