"""How many of a set of signals approve protection: k of n, with abstentions."""

from __future__ import annotations

import math
from typing import NamedTuple

from alvh_bt.book.view import CondorView, Today
from alvh_bt.choices import SignalCode
from alvh_bt.compiled import rule
from alvh_bt.signal_params import APPROVES_ABOVE, VoteParams
from alvh_bt.signals.break_even import break_even_closes
from alvh_bt.signals.condor_irr import irr_change
from alvh_bt.signals.iv_expansion import iv_expansion
from alvh_bt.signals.short_strike_delta import short_strike_delta

SIGNAL_COUNT = len(SignalCode)


class Tally(NamedTuple):
    """How many of the signals asked approve, how many of them are known, and how many were asked."""

    approving: int
    known: int
    asked: int


@rule
def is_of_condor(code: int) -> bool:
    """Return whether a signal speaks of one condor (else of the market)."""
    if code == SignalCode.SHORT_STRIKE_DELTA or code == SignalCode.IV_EXPANSION:
        return True
    return code == SignalCode.BREAK_EVEN or code == SignalCode.CONDOR_IRR


@rule
def signal_value(code: int, condor: CondorView, today: Today) -> float:
    """Return a signal (`SignalCode`) for one condor on one close, in its own unit.

    NaN is unavailable: so are the condor's own signals while it is planned and has no strikes.
    """
    if not is_of_condor(code):
        return today.signals[code]
    if not condor.short_put > 0.0:
        return math.nan
    if code == SignalCode.SHORT_STRIKE_DELTA:
        return short_strike_delta(condor)
    if code == SignalCode.IV_EXPANSION:
        return iv_expansion(today.prices.vix_level, condor.entry_vix)
    if code == SignalCode.BREAK_EVEN:
        return break_even_closes(condor, today)
    return irr_change(condor)


@rule
def approves(code: int, value: float, votes: VoteParams) -> int:
    """Return 1 where a signal's value asks for protection, 0 where not, -1 where it is unavailable.

    A value on the threshold approves, on whichever side the signal approves.
    """
    if math.isnan(value):
        return -1
    if APPROVES_ABOVE[code]:
        return 1 if value >= votes[code] else 0
    return 1 if value <= votes[code] else 0


@rule
def quorum(mask: int, condor: CondorView, today: Today, votes: VoteParams) -> Tally:
    """Return how many of a set of signals approve a layer for one condor.

    Parameters
    ----------
    mask
        The signals asked, a bit each in the order of `SignalCode`.
    condor, today
        What is known at the close.
    votes
        The threshold of each signal.
    """
    approving = known = asked = 0
    for code in range(SIGNAL_COUNT):
        if mask >> code & 1:
            asked += 1
            vote = approves(code, signal_value(code, condor, today), votes)
            if vote >= 0:
                known += 1
                approving += vote
    return Tally(approving, known, asked)


@rule
def quorum_met(tally: Tally, needed: int) -> bool:
    """Return whether enough signals approve: `needed` of those asked, in proportion where some are unknown.

    Of the known ones the same share must approve as of all: with 2 of 9 needed, one of two known ones
    is enough. A signal that is unavailable makes it neither easier nor harder; where none is known,
    nothing is blocked.
    """
    return tally.approving * tally.asked >= min(needed, tally.asked) * tally.known
