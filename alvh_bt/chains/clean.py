"""Which quotes are unusable, and why: each is dropped once, for the first of `REASONS` that applies.

- *blank*: no bid or no ask.
- *crossed*: the bid is above the ask. A locked quote, bid equal to ask, is kept.
- *zero bid*: nobody bids.
- *expired*: the expiry is before the quote's day.
- *duplicate*: the contract is quoted twice; the larger open interest stays, of equals the later row.
- *stale*: the quote is not of this close, as far as end-of-day data can tell. Either it repeats bid and
  ask of the quote date before although the underlying has moved and this option had to move with it; or it
  is out of line with at least two of its neighbours, two on each side by strike, so that trading the pair
  at bid and ask gains without risk: a call (put) bid above the ask of a lower (higher) strike, or two
  strikes further apart in price than in strike. A quote out of line with one neighbour is kept: either of
  the two may be wrong.

A day's result depends on that day and the quote date before it alone, whatever was read earlier.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from alvh_bt.chains.rows import Keys, Quotes, contract_keys, series_keys

Codes = NDArray[np.int8]

REASONS: Final = ("blank", "crossed", "zero bid", "expired", "duplicate", "stale")

#: The underlying must have moved by this share for a repeated quote to be suspect: it moves a one-month
#: option at the money, at a vol of 20, by a tenth of its price.
STALE_MOVE: Final = 0.005
#: Calendar days back to the quote date before, at most: over a longer gap time may offset the move.
STALE_GAP: Final = 7
#: An option further out of the money than this share of the underlying need not move.
STALE_OUT_OF_THE_MONEY: Final = 0.02
#: Nor need one whose mid is below this many points: about twenty ticks.
STALE_MID: Final = 1.0
#: Nor one whose spread is a larger part of the move of the underlying than this.
STALE_SPREAD: Final = 0.5

#: Neighbours on each side, and how many of them must contradict a quote.
_NEIGHBOURS: Final = 2
_CONTRADICTIONS: Final = 2
#: Points of rounding allowed in a comparison of sums of prices.
_ROUNDING: Final = 1e-9


def code(reason: str) -> int:
    """Return the number that stands for a reason; 0 stands for a usable quote.

    >>> code("blank")
    1
    """
    return REASONS.index(reason) + 1


def sort_quotes(quotes: Quotes) -> Quotes:
    """Return quotes by root, expiry, put before call, and strike; of equals in the order they came."""
    keys = contract_keys(quotes, quotes.names)
    if (keys[1:] < keys[:-1]).any():
        return quotes.take(np.argsort(keys, kind="stable"))
    return quotes


def faults(quotes: Quotes) -> Codes:
    """Return for each quote of one day the reason it is unusable in itself; `stale` is not looked at.

    Parameters
    ----------
    quotes
        Sorted by `sort_quotes`, all of one day.
    """
    bid, ask = quotes.bid, quotes.ask
    tests = (
        ("blank", ~(np.isfinite(bid) & np.isfinite(ask))),
        ("crossed", bid > ask),
        ("zero bid", bid <= 0.0),
        ("expired", quotes.expiry < quotes.day),
    )
    codes = np.zeros(len(bid), np.int8)
    for reason, fails in tests:
        codes[(codes == 0) & fails] = code(reason)
    _mark_duplicates(quotes, codes)
    return codes


def _mark_duplicates(quotes: Quotes, codes: Codes) -> None:
    """Mark all but one of the quotes that are still usable and of the same contract."""
    usable = np.flatnonzero(codes == 0)
    keys = contract_keys(quotes, quotes.names)[usable]
    if not (keys[1:] == keys[:-1]).any():
        return
    interest = np.nan_to_num(quotes.interest[usable], nan=-1.0)
    order = np.lexsort((np.arange(len(usable)), interest, keys))
    beaten = order[:-1][keys[order][1:] == keys[order][:-1]]
    codes[usable[beaten]] = code("duplicate")


def stale(quotes: Quotes, before: Quotes | None) -> NDArray[np.bool_]:
    """Return which quotes are not of this close.

    Parameters
    ----------
    quotes
        The usable quotes of one day, sorted by `sort_quotes`, no contract twice.
    before
        The same of the quote date before; None where it is too long ago or unknown.
    """
    names = sorted({*quotes.names, *(before.names if before else ())})
    keys = contract_keys(quotes, names)
    found = _out_of_line(quotes, series_keys(keys))
    if before is not None and len(before.day):
        found |= _repeated(quotes, keys, before, contract_keys(before, names))
    return found


def _repeated(quotes: Quotes, keys: Keys, before: Quotes, earlier: Keys) -> NDArray[np.bool_]:
    """Return which quotes repeat that of the day before though the option had to move."""
    at = np.minimum(np.searchsorted(earlier, keys), len(earlier) - 1)
    same = (earlier[at] == keys) & (before.bid[at] == quotes.bid) & (before.ask[at] == quotes.ask)
    level = quotes.underlying
    move = np.abs(level - before.underlying[at])  # NaN where unknown, and NaN is below every bound
    out_of_the_money = quotes.right * (quotes.strike - level)
    return (
        same
        & (move > STALE_MOVE * level)
        & (out_of_the_money <= STALE_OUT_OF_THE_MONEY * level)
        & (0.5 * (quotes.bid + quotes.ask) >= STALE_MID)
        & (quotes.ask - quotes.bid <= STALE_SPREAD * move)
    )


def _out_of_line(quotes: Quotes, series: Keys) -> NDArray[np.bool_]:
    """Return which quotes are contradicted by at least two of their neighbours by strike."""
    against = np.zeros(len(series), np.int8)
    call = quotes.right > 0
    for step in range(1, _NEIGHBOURS + 1):
        low, high = slice(None, -step), slice(step, None)
        # The lower call and the higher put are worth more, but never by more than the strikes differ.
        rich_bid = np.where(call[low], quotes.bid[low], quotes.bid[high])
        rich_ask = np.where(call[low], quotes.ask[low], quotes.ask[high])
        poor_bid = np.where(call[low], quotes.bid[high], quotes.bid[low])
        poor_ask = np.where(call[low], quotes.ask[high], quotes.ask[low])
        width = quotes.strike[high] - quotes.strike[low]
        gain = (poor_bid - rich_ask > _ROUNDING) | (rich_bid - poor_ask - width > _ROUNDING)
        gain &= series[low] == series[high]
        against[low] += gain
        against[high] += gain
    return against >= _CONTRADICTIONS
