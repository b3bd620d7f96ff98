"""A resampled joint history: what might have been on the same dates, made of real days in another order.

Each session from the first of the window on takes one real session whole: the moves of the index, the
levels of VIX and its family, the curve of VIX futures, rates and what the signals listen to. Real sessions
follow each other in blocks that are joined at like days (`alvh_bt.market.like_days`). So days keep what
belongs together, runs of bad days stay runs, and VIX jumps at a joint by no more than like days differ. It
may jump further where the last session of the window is followed by its first, about once in a history, and
between the real past and the first resampled session, when a run holds nothing yet.

What each column becomes is decided by what it is:

- **Compounded** (`spx_close`, `equal_weight`, `equity`, `reer`): the level before, moved as on the source
  day; NaN where that move is unknown. Open, high and low of the index keep their ratio to the close before.
- **Copied**: VIX and its family, VVIX, SKEW, rates and yields, credit spread, counts of breadth, quick ratio.
  `vix_open` keeps its ratio to the close before. Slow ones, such as the bill rate, jump at joints, so that a
  signal that asks how they changed over months answers to a joint as if to news.
- **In scale with the index** (`ten_year_earnings`, `dividends`, `cash_flow`): their ratio to it is copied.
  `spx_volume` keeps its ratio to its mean of the year before, on the mean of the date: volume has grown with
  the years, and a rank in the last year would take a joint for a spike.
- **Of the date**: meetings, releases and `inflation_surprise`; the listed VIX futures (`vx_expiry`), and
  `vx_volume`, which tells how deep their market was by then.
- **Settlement**: `spx_set` is what AM options of the source day would have settled on, official, published or
  estimated (`alvh_bt.pricing.opening`): the dates' own settlement days are others, and which opens are honest
  could not be told from blocks of several years. `vro` is unknown; VIX at the open stands in for it.
- **Notes** (`vxx`, `uvxy`): known up to the first session, and on the day a note was first seen; then
  unknown, so that `pricing.notes` moves them with the futures of the new history, at the date's leverage.

Dates, and with them expiries, listed strikes and the width of spreads, are the real ones: a Monday's move may
fall on a Wednesday, and a panic costs more to trade through in the early years, when spreads were wide.

A value of a resampled session is `MODELLED`, or still `REPAIRED` where the source's was; a column that is of
the date keeps its codes.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.market.like_days import Floats, SourceDays, draw_source_days, futures_by_tenor
from alvh_bt.market.market import COLUMN_NAMES, VX_FUTURES, Market, Provenance
from alvh_bt.pricing.clock import OPEN_MOMENT
from alvh_bt.pricing.opening import opening_values

Codes = NDArray[np.int8]

_COMPOUNDED: Final = ("spx_close", "equal_weight", "equity", "reer")
_OF_THE_BAR: Final = ("spx_open", "spx_high", "spx_low")
_IN_SCALE: Final = ("ten_year_earnings", "dividends", "cash_flow")
_OF_THE_DATE: Final = (
    *("days_to_fomc", "days_since_fomc", "days_to_inflation", "days_since_inflation", "inflation_surprise"),
    "vx_volume",
)
_NOTES: Final = ("vxx", "uvxy")
_COPIED: Final = (
    *("vix_high", "vix_low", "vix_close", "vix9d", "vix3m", "vix6m", "vvix", "skew"),
    *("rate", "dividend_yield", "long_rate", "credit_spread", "foreign_rate"),
    *("advances", "declines", "percent_advancers", "net_new_highs", "quick_ratio"),
)

#: Sessions before a day that say what its volume usually was, and the fewest that do.
VOLUME_SESSIONS: Final = 252
VOLUME_FEWEST: Final = 126


def simulate(
    market: Market,
    first: int,
    last: int,
    seed: int | np.random.SeedSequence,
    block: int = 63,
    neighbours: int = 20,
) -> Market:
    """Return a market that is real before row `first` and resampled from there to row `last`, its last.

    Parameters
    ----------
    market
        The real history.
    first, last
        Rows of the window, both included, as `Market.window` gives them: sources are its sessions. The
        history's very first session has no move, and stays real.
    seed
        Of the generator: the same seed gives the same market, to the fingerprint.
    block
        Mean length of a block, sessions, >= 1.
    neighbours
        Like sessions among which a block may start, >= 1.

    Raises
    ------
    DataError
        When the window has no more sessions than `neighbours` + 1.

    Source: see `alvh_bt.market.like_days`.

    Examples
    --------
    >>> from alvh_bt.market import load_market
    >>> market = load_market(Path("market"))  # doctest: +SKIP
    >>> other = simulate(market, *market.window(), seed=1)  # doctest: +SKIP
    """
    first = max(first, 1)
    days = draw_source_days(market, first, last, seed, block, neighbours)
    columns = {name: market.columns[name][: last + 1].copy() for name in COLUMN_NAMES}
    for name, values in _resampled(market, first, last, days).items():
        columns[name][first:] = values
    settle = market.vx_settle[: last + 1].copy()
    settle[first:] = _settlements(market, first, days)
    expiry = np.where(np.isfinite(settle), market.vx_expiry[: last + 1], 0)
    return Market(
        sessions=market.sessions[: last + 1],
        columns=columns,
        provenance=_provenance(market, first, last, days, columns, settle),
        vx_expiry=expiry,
        vx_settle=settle,
        source={name: f"{where}, resampled" for name, where in market.source.items()},
    )


def _resampled(market: Market, first: int, last: int, days: SourceDays) -> dict[str, Floats]:
    """Return the columns of the window by name; those of the date are left out."""
    columns, row = market.columns, days.row
    found = {name: columns[name][row] for name in _COPIED}
    found |= {name: _compounded(columns[name], first, row) for name in _COMPOUNDED}
    real, before = columns["spx_close"], _shifted(found["spx_close"], columns["spx_close"][first - 1])
    to_bar = before / real[row - 1]
    found |= {name: columns[name][row] * to_bar for name in _OF_THE_BAR}
    found["spx_set"] = opening_values(market).value[row] * to_bar
    found["vro"] = np.full(len(row), np.nan)
    found |= {name: columns[name][row] * (found["spx_close"] / real[row]) for name in _IN_SCALE}
    usual = _usual_volume(columns["spx_volume"])
    found["spx_volume"] = columns["spx_volume"][row] / usual[row] * usual[first : last + 1]
    found |= {name: _listed_note(columns[name], first, last) for name in _NOTES}
    return found | _vix_bar(market, first, days, found)


def _compounded(level: Floats, first: int, row: NDArray[np.int64]) -> Floats:
    """Return the last level known before `first`, or else the first one, moved as on the source days."""
    known = np.flatnonzero(np.isfinite(level))
    if not len(known):
        return np.full(len(row), np.nan)
    earlier = known[known < first]
    start = level[earlier[-1]] if len(earlier) else level[known[0]]
    moves = level[row] / level[row - 1]
    told = np.isfinite(moves)
    return np.where(told, start * np.cumprod(np.where(told, moves, 1.0)), np.nan)


def _usual_volume(volume: Floats) -> Floats:
    """Return the mean volume of the year before each session; NaN where too little is known."""
    year = pd.Series(volume).rolling(VOLUME_SESSIONS, min_periods=VOLUME_FEWEST).mean()
    return year.shift(1).to_numpy(np.float64)


def _shifted(values: Floats, before: float) -> Floats:
    return np.concatenate(([before], values[:-1]))


def _listed_note(price: Floats, first: int, last: int) -> Floats:
    """Return a note's price on the day it was first seen, if that is in the window; NaN elsewhere."""
    values = np.full(last + 1 - first, np.nan)
    seen = np.flatnonzero(np.isfinite(price[: last + 1]))
    if len(seen) and seen[0] >= first:
        values[seen[0] - first] = price[seen[0]]
    return values


def _vix_bar(market: Market, first: int, days: SourceDays, found: dict[str, Floats]) -> dict[str, Floats]:
    """Return the open of VIX in scale with the close before, and a range that holds it at a joint."""
    columns, row = market.columns, days.row
    before = _shifted(found["vix_close"], columns["vix_close"][first - 1])
    # Within a block this is the open itself, to the last bit.
    scale = np.where(days.joint, before / columns["vix_close"][row - 1], 1.0)
    opened, high, low = columns["vix_open"][row] * scale, found["vix_high"], found["vix_low"]
    # A bar without a range is a close printed four times, and must stay one.
    widen = days.joint & (high > low)
    return {
        "vix_open": opened,
        "vix_high": np.where(widen, np.fmax(high, opened), high),
        "vix_low": np.where(widen, np.fmin(low, opened), low),
    }


def _settlements(market: Market, first: int, days: SourceDays) -> Floats:
    """Return (n, 9) settlements of the futures listed on each date, by the source day's curve."""
    settle = np.full((len(days.row), market.vx_settle.shape[1]), np.nan)
    for t, row in enumerate(days.row):
        listed = market.vx_expiry[first + t] > market.days[first + t]
        tenor = market.vx_expiry[first + t][listed] - market.days[first + t] + OPEN_MOMENT
        settle[t, listed] = futures_by_tenor(market, int(row), tenor)
    return settle


def _provenance(
    market: Market, first: int, last: int, days: SourceDays, columns: dict[str, Floats], settle: Floats
) -> dict[str, Codes]:
    """Return the codes: real before `first`; from there on modelled, repaired or unavailable."""
    codes = {name: market.provenance[name][: last + 1].copy() for name in (*COLUMN_NAMES, VX_FUTURES)}
    for name in (*COLUMN_NAMES, VX_FUTURES):
        if name in _OF_THE_DATE:
            continue
        known = np.isfinite(settle[first:, 0] if name == VX_FUTURES else columns[name][first:])
        # A value that stood too long stays marked, so that signals go on passing over it.
        stale = market.provenance[name][days.row] == Provenance.REPAIRED
        kind = np.where(stale, Provenance.REPAIRED, Provenance.MODELLED)
        codes[name][first:] = np.where(known, kind, Provenance.UNAVAILABLE)
    return codes
