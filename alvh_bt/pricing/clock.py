"""Time to settlement in calendar days and years, from a moment of a session.

A moment is in days from the close of its session: 0.0 at the close, `OPEN_MOMENT` at the open.
"""

from __future__ import annotations

from typing import Final

from numba import njit

from alvh_bt.contracts import settles_at_open

#: The open, in days from the close: a regular session of six and a half hours.
OPEN_MOMENT: Final = -6.5 / 24.0

DAYS_A_YEAR: Final = 365.0


@njit(cache=True)
def days_to_expiry(root: int, expiry: int, day: int, moment: float) -> float:
    """Return the calendar days, with their fraction, until a contract settles; never negative.

    AM contracts (SPX, VIX options and futures) settle at the open of `expiry`, PM ones (SPXW,
    XSP) at its close.
    """
    # Days and moments apart: a difference of large numbers would leave 1e-12 where it should be nothing.
    end_moment = OPEN_MOMENT if settles_at_open(root) else 0.0
    return max(0.0, float(expiry - day) + (end_moment - moment))


@njit(cache=True)
def years_to_expiry(root: int, expiry: int, day: int, moment: float) -> float:
    """Return the years (of 365 calendar days) until a contract settles; never negative.

    Parameters
    ----------
    root, expiry
        A `contracts.Root` and the epoch day of settlement.
    day, moment
        Epoch day, and days from its close: 0.0 at the close, -6.5/24 at the open.

    Examples
    --------
    >>> years_to_expiry(1, 16_384, 16_019, 0.0)
    1.0
    """
    return days_to_expiry(root, expiry, day, moment) / DAYS_A_YEAR
