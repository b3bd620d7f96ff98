"""A folder of option chains, read a day at a time.

Opening a folder reads headers and metadata; text files are converted once (`cache`). Reading a day
decodes the row groups that hold it. Files are opened in each process for itself, so that a store
survives a fork.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from alvh_bt.chains.cache import Notice, stored_chain
from alvh_bt.chains.parquet import HELD_ROWS, ParquetChain
from alvh_bt.chains.reader import DayReader, Held, Tally
from alvh_bt.chains.text import Source, find_sources
from alvh_bt.placing import finish_interrupted


class ChainFile:
    """One file of a store.

    Attributes
    ----------
    name
        Its path inside the folder, a zip's member after the zip.
    layout
        `"canonical"`, `"optionsdx"` or `"datashop"`.
    days
        Ascending int64 array: the epoch days with quotes.
    fingerprint
        Changes when the quotes do; 64 hex digits.
    """

    def __init__(self, index: int, chain: ParquetChain, reader: DayReader, tally: Tally) -> None:
        self.name = chain.name
        self.layout = chain.layout_name()
        self.fingerprint = hashlib.sha256(chain.footer()).hexdigest()
        self.days = reader.days
        self._index, self._reader, self._tally = index, reader, tally

    def day(self, day: int, roots: Collection[str] | None = None, max_dte: int | None = None) -> pd.DataFrame:
        """Return the usable quotes of this file alone; see `ChainStore.day`."""
        return self._reader.day(int(day), roots, max_dte)

    @property
    def counts(self) -> Counter[str]:
        """The quotes dropped in the days read so far, by reason."""
        return self._tally.total(self._index)


class ChainStore:
    """The chains of a folder.

    Attributes
    ----------
    files
        Its files, by name.
    days
        Ascending int64 array: the epoch days with quotes in any file.
    fingerprint
        Changes when a file's name or quotes do; 64 hex digits.
    """

    def __init__(self, chains: Sequence[ParquetChain]) -> None:
        held, self._tally = Held(), Tally()
        readers = [DayReader([k], chains, held, self._tally) for k in range(len(chains))]
        self.files = tuple(
            ChainFile(k, chain, reader, self._tally)
            for k, (chain, reader) in enumerate(zip(chains, readers, strict=True))
        )
        self._reader = DayReader(range(len(chains)), chains, held, self._tally)
        self.days = self._reader.days
        named = "".join(f"{file.name}\n{file.fingerprint}\n" for file in self.files)
        self.fingerprint = hashlib.sha256(named.encode()).hexdigest()

    def day(self, day: int, roots: Collection[str] | None = None, max_dte: int | None = None) -> pd.DataFrame:
        """Return the usable quotes of one day, the files merged.

        Parameters
        ----------
        day
            Epoch day. A day without quotes gives an empty frame.
        roots
            Roots to read, in either case; None for all.
        max_dte
            Calendar days to expiry, at most; None for all.

        Returns
        -------
        Columns `root` (text), `expiry` (int64 epoch day), `strike` (points), `right` (int8, +1 call, -1 put),
        `bid` and `ask` (points, 0 < bid <= ask), `underlying` (points, NaN where unknown), sorted by root,
        expiry, right and strike; no contract twice. See `clean` for what is dropped.

        Raises
        ------
        DataError
            A file is damaged, or a cell of that day is unusable; names the file and the row.
        """
        return self._reader.day(int(day), roots, max_dte)

    def dropped(self) -> dict[str, int]:
        """Return the quotes dropped in the days read so far by reason, each quote once."""
        return dict(self._tally.total())


def open_chains(folder: Path, notice: Notice | None = None) -> ChainStore:
    """Return the option chains of a folder: CSV, OptionsDX or DataShop text, gzipped, zipped, or Parquet.

    Parameters
    ----------
    folder
        Holds the files, itself or in sub-folders; see `layouts` for what they may look like.
    notice
        Called with one line before a file is converted, which is done once and takes about a second for each
        million quotes.

    Raises
    ------
    DataError
        No chains, or a file that is unusable; names the file, the row and the remedy.

    Examples
    --------
    >>> store = open_chains(Path("chains"))  # doctest: +SKIP
    >>> store.day(14977, roots=["SPX"], max_dte=60)  # doctest: +SKIP
    """
    finish_interrupted(Path(folder))
    return ChainStore([_open(source, notice) for source in find_sources(Path(folder))])


def _open(source: Source, notice: Notice | None) -> ParquetChain:
    """Return a source as Parquet: itself where it can be read by date as it is."""
    if not source.name.lower().endswith(".parquet"):
        return stored_chain(source, notice=notice)
    chain = ParquetChain(source.name, source.path)
    if chain.most_rows_for_a_day() <= HELD_ROWS:
        return chain
    return stored_chain(source, chain, notice)
