"""Which signals were there to listen to: a rule without its input is neutral, and the user must know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from alvh_bt.signals import SIGNALS, Signal

#: The hedge that listens to every signal.
LISTENER = "layered"


def unavailable_shares(signals: NDArray[np.float64], first: int, last: int) -> dict[str, float]:
    """Return for each market-wide signal the share of sessions on which it was unavailable.

    Parameters
    ----------
    signals
        Shape (n, number of signals), NaN where unavailable, as `Calendar.signals`.
    first, last
        Rows of the window, both included.

    Returns
    -------
    dict
        Name -> share, 0 to 1; signals of a single condor are left out.
    """
    window = np.isnan(signals[first : last + 1])
    return {
        name: float(window[:, column].mean())
        for column, (name, kind) in enumerate(SIGNALS.items())
        if kind.series is not Signal.series
    }


def coverage_notes(unavailable: Mapping[str, float], hedges: Sequence[str]) -> Iterator[str]:
    """Yield the sentences that say which signals the layered hedge could not hear."""
    if LISTENER not in hedges:
        return
    silent = [name for name, share in unavailable.items() if share == 1.0]
    if silent:
        yield f"{LISTENER}: signals unavailable on every session, and so neutral: {', '.join(silent)}"
    partly = [f"{name} {share:.0%}" for name, share in unavailable.items() if 0.005 <= share < 1.0]
    if partly:
        yield f"{LISTENER}: signals unavailable on some sessions, and neutral there: {', '.join(partly)}"
