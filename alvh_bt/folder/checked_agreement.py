"""Checks of one file against another: VIX and its tenors, notes and futures, two sources of one series."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.contracts import Root
from alvh_bt.folder.checked_values import SPIKE_LEFT, SPIKE_MADS, robust_moves
from alvh_bt.folder.contents import SPECS, Contents, Series
from alvh_bt.folder.finding import Finding, found, main_column
from alvh_bt.market.market import Market

#: The indices of the VIX family by calendar days to expiry.
TENORS: Final = {"vix9d": 9, "vix": 30, "vix3m": 93, "vix6m": 184}
#: Log ratio of neighbouring tenors: within -0.46..0.42 for 9 to 30 days and -0.36..0.35 beyond since 2006.
TENOR_RATIO: Final = 0.55
#: Least move of that ratio, in logs, that is worth a line.
TENOR_JUMP: Final = 0.1
#: Relative difference of two sources of one close: more than rounding, less than any day's news.
SOURCES_DIFFER: Final = 0.005
#: Difference of a note's daily return and its futures' that no fee explains. Futures settle a quarter of an
#: hour after the note's close, which is worth some percent in a panic.
NOTE_DIFFERS: Final = 0.15
#: Least correlation of daily returns of a note and its futures. Real ones have 0.93 and more.
NOTE_CORRELATION: Final = 0.85
#: Relative distance of a settlement value from the low..high of its index on that day. They are made of the
#: opening prices of stocks and options, which the index, half of it stale at the open, does not hold.
SETTLED_OFF: Final = {"spx_set": 0.02, "vro": 0.25}
_SETTLES: Final = {"spx_set": "spx", "vro": "vix"}
_NOTES: Final = {"etp_vxx_series_a": Root.VXX, "etp_vxx": Root.VXX, "etp_uvxy": Root.UVXY}
#: Fewest common days that say anything.
_FEWEST: Final = 60


def check_agreement(contents: Contents, market: Market | None) -> Iterator[Finding]:
    """Yield where files contradict each other.

    Parameters
    ----------
    contents
        The files.
    market
        Their market, for the futures on its sessions; None where they make none.
    """
    yield from _tenors(contents)
    yield from _sources(contents)
    yield from _settlements(contents)
    if market is not None and "vx_futures" in contents.tables:
        yield from _notes(contents, market)


def _frame(**series: Series) -> pd.DataFrame:
    """Return the days that all series have, a column each."""
    columns = {name: pd.Series(each.value, index=each.day) for name, each in series.items()}
    return pd.DataFrame(columns).dropna()


def _tenors(contents: Contents) -> Iterator[Finding]:
    """Yield days on which the variance between two tenors is negative, or their ratio out of reason."""
    present = [name for name in TENORS if len(contents.series(name).day)]
    for near, far in pairwise(present):
        both = _frame(near=contents.series(near), far=contents.series(far))
        if not len(both):
            continue
        days, pair = both.index.to_numpy(), f"{near}/{far}"
        forward = TENORS[far] * both["far"] ** 2 - TENORS[near] * both["near"] ** 2
        below = (forward < 0.0).to_numpy()
        what = f"more variance to {TENORS[near]} days than to {TENORS[far]}: one of them is wrong"
        yield from found("term", pair, "warning", days[below], what, -forward[below])
        ratio = np.log(both["far"].to_numpy() / both["near"].to_numpy())
        odd = (np.abs(ratio) > TENOR_RATIO) & ~below
        what = f"a ratio beyond {np.exp(TENOR_RATIO):.2f} either way"
        yield from found("term", pair, "warning", days[odd], what, np.abs(ratio)[odd])
        moves, mads = robust_moves(pair, Series(days, np.exp(ratio)))
        gone = np.abs(moves + np.append(moves[1:], np.nan)) < SPIKE_LEFT * np.abs(moves)
        lone = (mads > SPIKE_MADS) & gone & (np.abs(moves) > TENOR_JUMP) & ~odd & ~below
        what = "one moves without the other for a single day: a bad print in one of them?"
        yield from found("term", pair, "warning", days[lone], what, mads[lone])


def _sources(contents: Contents) -> Iterator[Finding]:
    """Yield days on which two sources of one series differ."""
    for (name, source), table in contents.second.items():
        column = main_column(table, SPECS[name])
        if name not in contents.tables or SPECS[name].labels or SPECS[name].expiry:
            continue
        known = np.isfinite(table.values[column])
        other = Series(table.day[known], table.values[column][known])
        both = _frame(one=contents.series(name, column), two=other)
        apart = ((both["two"] - both["one"]) / both["one"].abs()).abs()
        off = (apart > SOURCES_DIFFER).to_numpy()
        what = f"{column} is more than {SOURCES_DIFFER:.1%} off {name}.{source}.csv, {len(both):,} days"
        yield from found("sources", name, "warning", both.index.to_numpy()[off], what, apart[off])
        if len(both) and not off.any():
            what = f"{len(both):,} days agree with {name}.{source}.csv"
            yield Finding("sources", name, "ok", (), None, what)


def settlement_gaps(contents: Contents) -> dict[str, NDArray[np.float64]]:
    """Return how far each settlement value lies outside that day's low..high of its index, relative.

    By column, in the order of `contents.series("settlements", column)`; NaN where the index has no bar.
    """
    gaps = {}
    for column, index in _SETTLES.items():
        given, bars = contents.series("settlements", column), contents.tables.get(index)
        if bars is None or not len(given.day):
            continue
        low, high = (
            pd.Series(bars.values.get(part, bars.values["close"]), index=bars.day)
            .groupby(level=0)
            .first()
            .reindex(given.day)
            .to_numpy()
            for part in ("low", "high")
        )
        beyond = np.maximum(low - given.value, given.value - high)
        gaps[column] = np.maximum(beyond, 0.0) / given.value
    return gaps


def _settlements(contents: Contents) -> Iterator[Finding]:
    """Yield the days on which a settlement value is not near its index."""
    for column, gap in settlement_gaps(contents).items():
        given, index = contents.series("settlements", column), _SETTLES[column]
        pair, most = f"settlements/{index}", SETTLED_OFF[column]
        off = gap > most
        what = f"{column} lies more than {most:.0%} outside that day's low to high of {index}"
        yield from found("published", pair, "warning", given.day[off], what, gap[off])
        if not off.any() and np.isfinite(gap).any():
            told = f"{int(np.isfinite(gap).sum())} values of {column} agree with {index}"
            yield Finding("published", pair, "ok", (), None, told)


def _notes(contents: Contents, market: Market) -> Iterator[Finding]:
    """Yield how the returns of each note compare with those of its rolled futures."""
    from alvh_bt.pricing.notes import note_leverage, position_moves

    settled = np.isfinite(market.vx_settle)
    tenor = np.where(settled, market.vx_expiry - market.days[:, None], 0).astype(np.float64)
    rolled = position_moves(market.days, market.columns["vix_close"], tenor, market.vx_settle)
    for name, root in _NOTES.items():
        note = contents.series(name)
        price = pd.Series(note.value, index=note.day).reindex(market.days)
        move = (price / price.shift() - 1.0).to_numpy()
        lever = np.array([note_leverage.py_func(root, day) for day in market.days.tolist()])
        curve = np.asarray(settled.any(axis=1))
        both = np.isfinite(move) & curve & np.append(False, curve[:-1])
        if both.sum() < _FEWEST:
            continue
        apart = np.abs(move - lever * rolled)[both]
        fit = float(np.corrcoef(move[both], (lever * rolled)[both])[0, 1])
        told = f"median difference {np.median(apart):.2%} a day, correlation {fit:.3f}, {both.sum():,} days"
        off = apart > NOTE_DIFFERS
        pair = f"{name}/vx_futures"
        if fit < NOTE_CORRELATION:
            days, far = market.days[both], apart
            said = f"the note does not follow its futures: {told}"
            yield from found("agreement", pair, "warning", days[off], said, far[off]) or [
                Finding("agreement", pair, "warning", (), None, said)
            ]
        elif off.any():
            what = f"daily return more than {NOTE_DIFFERS:.0%} from its futures'; {told}"
            yield from found("agreement", pair, "note", market.days[both][off], what, apart[off])
        else:
            yield Finding("agreement", pair, "ok", (), None, f"follows its futures: {told}")
