"""What every option formula here agrees on: the day count, the vol point, and which inputs have a price."""

from __future__ import annotations

import math
from typing import Final

from numba import njit

DAYS_A_YEAR: Final = 365.0
VOL_POINT: Final = 0.01


@njit(cache=True)
def priceable(forward: float, strike: float, tau: float, sigma: float, right: int) -> bool:
    """Return whether an option with these inputs has a price; False where one is NaN.

    `forward` and `strike` (points) must be positive and finite, `tau` (years) and `sigma` (a fraction a
    year) not negative and finite, `right` +1 (call) or -1 (put).

    >>> priceable(100.0, 90.0, 0.0, 0.2, -1), priceable(100.0, 90.0, 0.1, -0.2, 1)
    (True, False)
    """
    return (
        0.0 < forward < math.inf
        and 0.0 < strike < math.inf
        and 0.0 <= tau < math.inf
        and 0.0 <= sigma < math.inf
        and (right == 1 or right == -1)
    )
