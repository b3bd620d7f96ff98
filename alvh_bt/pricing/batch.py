"""Black's price, delta and vega over arrays, fast: tens of millions of options a second on one core.

The work is cut into blocks and each block into three passes, so that the middle one, two normal
distributions an option, has no branch and no call in it and runs as vector instructions. A plain loop
over `black_greeks` was half as fast. Symbols and rules as in `black`.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from alvh_bt.errors import ConfigError
from alvh_bt.pricing.conventions import VOL_POINT, priceable
from alvh_bt.pricing.normal import INV_SQRT_TWO_PI, replace_by_cdf

#: Options a block: the six scratch rows together stay in the first-level cache.
_BLOCK: Final = 256
#: A d so far out that N is 0 or 1: stands for infinity, which the polynomial cannot take.
_FAR: Final = 100.0


# The `numpy` error model drops a check for zero from each division: `priceable` and s > 0 already made it.
@njit(cache=True, error_model="numpy")
def _write_terms(
    forward: NDArray[np.float64],
    strike: NDArray[np.float64],
    tau: NDArray[np.float64],
    sigma: NDArray[np.float64],
    rate: NDArray[np.float64],
    right: NDArray[np.int64],
    scratch: NDArray[np.float64],
) -> None:
    """Write the terms of one block into the rows of `scratch`; D and vega are NaN where there is no price."""
    d1_row, d2_row, bell1_row, bell2_row, discount_row, vega_row = scratch
    for j in range(forward.size):
        f, k, t, v, w = forward[j], strike[j], tau[j], sigma[j], right[j]
        if not priceable(f, k, t, v, w):
            d1_row[j] = d2_row[j] = bell1_row[j] = bell2_row[j] = 0.0
            discount_row[j] = vega_row[j] = math.nan
            continue
        discount = math.exp(-rate[j] * t)
        discount_row[j] = discount
        root_tau = math.sqrt(t)
        s = v * root_tau
        if s > 0.0:
            moneyness = f / k
            d1 = math.log(moneyness) / s + 0.5 * s
            bell = math.exp(-0.5 * d1 * d1)
            d1_row[j] = w * d1
            d2_row[j] = w * (d1 - s)
            bell1_row[j] = bell
            # strike n(d2) = forward n(d1) saves an exponential.
            bell2_row[j] = bell * moneyness
            vega_row[j] = f * discount * INV_SQRT_TWO_PI * bell * root_tau * VOL_POINT
        else:
            at_the_money = f == k
            d1_row[j] = d2_row[j] = 0.0 if at_the_money else math.copysign(_FAR, w * (f - k))
            bell1_row[j] = bell2_row[j] = 1.0 if at_the_money else 0.0
            vega_row[j] = 0.0 * discount


@njit(cache=True)
def price_delta_vega_batch(
    forward: NDArray[np.float64],
    strike: NDArray[np.float64],
    tau: NDArray[np.float64],
    sigma: NDArray[np.float64],
    rate: NDArray[np.float64],
    right: NDArray[np.int64],
    price_out: NDArray[np.float64],
    delta_out: NDArray[np.float64],
    vega_out: NDArray[np.float64],
) -> None:
    """Write price, delta and vega a vol point of each option into the three `_out` arrays.

    All nine arrays have shape (n,); units, signs and the NaN rule as in `black`, option by
    option: a NaN input makes only its own row NaN. `price_delta_vega` broadcasts and allocates.

    Raises
    ------
    ConfigError
        Where the lengths differ.
    """
    n = forward.size
    inputs_agree = (
        strike.size == n and tau.size == n and sigma.size == n and rate.size == n and right.size == n
    )
    if not (inputs_agree and price_out.size == n and delta_out.size == n and vega_out.size == n):
        raise ConfigError("price_delta_vega_batch: the arrays differ in length; pass nine of one length")
    scratch = np.empty((6, _BLOCK))
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        block = slice(start, stop)
        f, k, w = forward[block], strike[block], right[block]
        _write_terms(f, k, tau[block], sigma[block], rate[block], w, scratch)
        below_d1, below_d2, bell1, bell2, discount, vega = scratch
        replace_by_cdf(below_d1, bell1, stop - start)
        replace_by_cdf(below_d2, bell2, stop - start)
        for j in range(stop - start):
            undiscounted = w[j] * (f[j] * below_d1[j] - k[j] * below_d2[j])
            price_out[start + j] = discount[j] * max(undiscounted, w[j] * (f[j] - k[j]), 0.0)
            delta_out[start + j] = discount[j] * w[j] * below_d1[j]
            vega_out[start + j] = vega[j]


def price_delta_vega(
    forward: ArrayLike, strike: ArrayLike, tau: ArrayLike, sigma: ArrayLike, rate: ArrayLike, right: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return price, delta and vega a vol point as three new arrays of the broadcast shape.

    Each argument is a number or an array; shapes broadcast as in numpy. Units, signs and the NaN rule as
    in `black`.

    Raises
    ------
    ConfigError
        Where the shapes do not broadcast, or a `right` is neither +1 nor -1.

    Examples
    --------
    >>> price, delta, vega = price_delta_vega(100.0, [90.0, 100.0, 110.0], 1.0, 0.2, 0.0, [-1, 1, 1])
    >>> price.round(3)
    array([3.589, 7.966, 4.292])
    """
    columns = [np.asarray(value, dtype=np.float64) for value in (forward, strike, tau, sigma, rate, right)]
    if not np.isin(columns[-1], (-1.0, 1.0)).all():
        raise ConfigError("price_delta_vega: right must be +1 (call) or -1 (put); mend the other values")
    try:
        table = np.broadcast_arrays(*columns)
    except ValueError:
        shapes = ", ".join(str(column.shape) for column in columns)
        raise ConfigError(f"price_delta_vega: shapes {shapes} do not broadcast; make them agree") from None
    f, k, t, v, r, w = (np.ascontiguousarray(column.ravel()) for column in table)
    price, delta, vega = np.empty(f.size), np.empty(f.size), np.empty(f.size)
    price_delta_vega_batch(f, k, t, v, r, w.astype(np.int64), price, delta, vega)
    shape = table[0].shape
    return price.reshape(shape), delta.reshape(shape), vega.reshape(shape)
