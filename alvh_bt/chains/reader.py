"""One day of quotes out of many files: merged, cleaned, and what was dropped counted."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from alvh_bt.chains.clean import REASONS, STALE_GAP, Codes, code, faults, sort_quotes, stale
from alvh_bt.chains.parquet import HELD_ROWS, Days, ParquetChain
from alvh_bt.chains.rows import Quotes, concatenate

Roots = frozenset[str] | None

#: Days kept in memory, the one before among them; more than two where a day's roots are read in turns.
_DAYS_HELD: Final = 6


class DayQuotes(NamedTuple):
    """A day's quotes in the order of `sort_quotes`, the fault of each (0 for none), and the sound ones."""

    quotes: Quotes
    codes: Codes
    sound: Quotes


class Held:
    """What the files of a store keep in memory together: row groups of `HELD_ROWS` rows, and a few days."""

    def __init__(self) -> None:
        self._groups: OrderedDict[tuple[int, int], Quotes] = OrderedDict()
        self._rows = 0
        self._days: OrderedDict[tuple[object, ...], DayQuotes] = OrderedDict()

    def group(self, file: int, chain: ParquetChain, group: int) -> Quotes:
        """Return the quotes of one row group, the least recently used given up for it."""
        key = (file, group)
        if key in self._groups:
            self._groups.move_to_end(key)
            return self._groups[key]
        quotes = chain.read_group(group)
        # A group of one day is not worth keeping: the day is held as it is cleaned.
        if len(chain.group_days[group]) > 1:
            self._groups[key] = quotes
            self._rows += len(quotes.day)
            while self._rows > HELD_ROWS and len(self._groups) > 1:
                self._rows -= len(self._groups.popitem(last=False)[1].day)
        return quotes

    def day(self, key: tuple[object, ...], read: Callable[[], DayQuotes]) -> DayQuotes:
        """Return a day, read unless it was one of the last; the next day needs it to tell what is stale."""
        if key not in self._days:
            self._days[key] = read()
            if len(self._days) > _DAYS_HELD:
                self._days.popitem(last=False)
        return self._days[key]


class Tally:
    """Quotes dropped by file, day and root; reading a day again counts nothing twice."""

    def __init__(self) -> None:
        # The horizon is the last expiry that was read: a longer one replaces a shorter.
        self._counts: dict[tuple[int, int, str], tuple[float, Counter[str]]] = {}

    def note(self, quotes: Quotes, codes: Codes, day: int, horizon: float) -> None:
        """Count the dropped quotes of a day, read up to expiry `horizon`."""
        read = quotes.file.astype(np.int64) * len(quotes.names) + quotes.root
        many = len(REASONS) + 1
        table = np.bincount(read * many + codes)
        for place in np.flatnonzero(np.bincount(read)).tolist():
            file, root = divmod(place, len(quotes.names))
            key = (file, day, quotes.names[root])
            if key not in self._counts or self._counts[key][0] <= horizon:
                found = table[place * many : (place + 1) * many].tolist()
                counts = {reason: n for reason, n in zip(REASONS, found[1:], strict=False) if n}
                self._counts[key] = (horizon, Counter(counts))

    def total(self, file: int | None = None) -> Counter[str]:
        """Return the quotes dropped by reason, of one file or of all."""
        total: Counter[str] = Counter()
        for (of, _, _), (_, counts) in self._counts.items():
            if file is None or of == file:
                total += counts
        return Counter({reason: total[reason] for reason in REASONS if total[reason]})


class DayReader:
    """Reads and cleans the days of some files of a store."""

    def __init__(
        self, files: Sequence[int], chains: Sequence[ParquetChain], held: Held, tally: Tally
    ) -> None:
        self._files, self._chains, self._held, self._tally = tuple(files), chains, held, tally
        found = np.unique(np.concatenate([list(chains[file].groups_by_day) for file in files]))
        self.days: Days = found.astype(np.int64)
        self.days.setflags(write=False)

    def day(self, day: int, roots: Collection[str] | None, max_dte: int | None) -> pd.DataFrame:
        """Return the usable quotes of a day."""
        wanted = None if roots is None else frozenset(root.upper() for root in roots)
        horizon = np.inf if max_dte is None else day + max_dte
        quotes, codes, sound = self._read(day, wanted)
        near = quotes.expiry <= horizon
        if not near.all():
            quotes, codes, sound = quotes.take(near), codes[near], sound.take(sound.expiry <= horizon)
        fails = stale(sound, self._before(day, wanted))
        codes = codes.copy()
        codes[np.flatnonzero(codes == 0)[fails]] = code("stale")
        self._tally.note(quotes, codes, day, horizon)
        return _frame(sound.take(~fails))

    def _before(self, day: int, roots: Roots) -> Quotes | None:
        """Return the sound quotes of the quote date before, unless that is too long ago."""
        at = int(np.searchsorted(self.days, day))
        if at == 0 or day - self.days[at - 1] > STALE_GAP:
            return None
        return self._read(int(self.days[at - 1]), roots).sound

    def _read(self, day: int, roots: Roots) -> DayQuotes:
        """Return a day's quotes of some roots."""

        def read() -> DayQuotes:
            parts = []
            for file in self._files:
                chain = self._chains[file]
                for group in chain.groups_by_day.get(day, ()):
                    parts.append(_of_roots(_of_day(self._held.group(file, chain, group), day), roots, file))
            quotes = sort_quotes(concatenate(parts))
            codes = faults(quotes)
            return DayQuotes(quotes, codes, quotes.take(codes == 0))

        return self._held.day((self._files, day, roots), read)


def _of_day(quotes: Quotes, day: int) -> Quotes:
    """Return the quotes of one day of a row group, which is sorted by day."""
    start, stop = np.searchsorted(quotes.day, [day, day + 1])
    return quotes if stop - start == len(quotes.day) else quotes.take(slice(start, stop))


def _of_roots(quotes: Quotes, roots: Roots, file: int) -> Quotes:
    """Return the quotes of some roots, marked with their file."""
    if roots is not None and not roots.issuperset(quotes.names):
        wanted = np.array([name in roots for name in quotes.names], np.bool_)
        quotes = quotes.take(wanted[quotes.root])
    return quotes._replace(file=np.full(len(quotes.day), file, np.int16))


def _frame(quotes: Quotes) -> pd.DataFrame:
    """Return quotes as the frame that a store gives."""
    names = pa.array(quotes.names, pa.string())
    root = pa.DictionaryArray.from_arrays(pa.array(quotes.root), names).cast(pa.string()).to_pandas()
    return pd.DataFrame(
        {
            "root": root,
            "expiry": quotes.expiry.astype(np.int64),
            "strike": quotes.strike,
            "right": quotes.right,
            "bid": quotes.bid,
            "ask": quotes.ask,
            "underlying": quotes.underlying,
        }
    )
