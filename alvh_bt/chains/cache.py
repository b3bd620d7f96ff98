"""Chains converted once into Parquet files with a row group a day, kept in the user's cache folder.

Text is converted because it cannot be read by date; a Parquet file only where its days are so scattered
that one day would need much of it. A converted file is named after its source's place, size and time of
change, and after the sources of this package's readers, so that a changed file or reader is never read
from an old copy.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import platformdirs
import pyarrow as pa
import pyarrow.parquet as pq

from alvh_bt.chains.cells import Rows
from alvh_bt.chains.layouts import Layout, detect_layout
from alvh_bt.chains.parquet import ParquetChain, close_parquet
from alvh_bt.chains.rows import Quotes, concatenate, sort_by_day
from alvh_bt.chains.text import Source, read_blocks, read_header
from alvh_bt.errors import DataError

Notice = Callable[[str], object]

#: Rows gathered before they are sorted by day and written; a busy day of one product has 20,000.
GATHERED_ROWS = 250_000
#: Rows of one pass where the days of a file are scattered.
SORTED_ROWS = 2_500_000
#: Days after which a converted file that nobody has read is removed.
STALE_DAYS: Final = 90
#: Changes with what a converted file holds.
_FORMAT: Final = "1"

_SCHEMA: Final = pa.schema(
    [
        ("quote_date", pa.date32()),
        ("root", pa.dictionary(pa.int16(), pa.string())),
        ("expiration", pa.date32()),
        ("strike", pa.float64()),
        ("right", pa.int8()),
        ("bid", pa.float64()),
        ("ask", pa.float64()),
        ("underlying", pa.float64()),
        ("open_interest", pa.float64()),
    ]
)


def stored_chain(
    source: Source, chain: ParquetChain | None = None, notice: Notice | None = None
) -> ParquetChain:
    """Return the converted form of a source, made now unless it is at hand.

    Parameters
    ----------
    source
        A text file; or any file, given `chain`.
    chain
        The source as Parquet, where it is that.
    notice
        Called with one line before a conversion, which may take minutes.

    Raises
    ------
    DataError
        The source is unusable, or no folder can be written.
    """
    try:
        return _stored_in(_user_folder(), source, chain, notice)
    except OSError:
        pass  # a cache folder that is read-only or full; the temporary one may be elsewhere
    folder = Path(tempfile.gettempdir()) / f"alvh-chains-{getpass.getuser()}"
    try:
        return _stored_in(folder, source, chain, notice)
    except OSError as error:
        raise DataError(
            f"{source.name}: its converted form cannot be written to {folder} ({error.strerror or error}): "
            "make room there, set TMPDIR, or give the chains as Parquet with a row group a day"
        ) from error


def _user_folder() -> Path:
    """Return where converted chains are kept."""
    return Path(platformdirs.user_cache_dir("alvh_bt")) / "chains"


def _stored_in(
    folder: Path, source: Source, chain: ParquetChain | None, notice: Notice | None
) -> ParquetChain:
    """Return the converted form of a source in a folder; OSError where it cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    place, state = _names(source)
    path = folder / f"{place}-{state}.parquet"
    if path.is_file():
        with contextlib.suppress(OSError, DataError):  # a damaged copy is made again
            os.utime(path)
            return ParquetChain(source.name, path, STORED)
    layout = chain.layout if chain else detect_layout(source.name, read_header(source))
    if notice is not None:
        notice(f"{source.name}: converting once")
    _forget(folder, path)
    quotes = chain.read_through() if chain else (layout.parse(rows) for rows in read_blocks(source, layout))
    _convert(source.name, quotes, layout, path)
    return ParquetChain(source.name, path, STORED)


def _names(source: Source) -> tuple[str, str]:
    """Return the names of where a source is, and of the state it is in."""
    found = source.path.stat()
    place = hashlib.sha256(f"{source.path.resolve()}|{source.member}".encode()).hexdigest()[:16]
    state = f"{_FORMAT}|{_readers()}|{found.st_size}|{found.st_mtime_ns}|{source.name}"
    return place, hashlib.sha256(state.encode()).hexdigest()[:16]


def _readers() -> str:
    """Return a hash of the sources that decide what a converted file holds."""
    here = Path(__file__).parent
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))).hexdigest()


def _forget(folder: Path, current: Path) -> None:
    """Remove earlier states of a source, what nobody has read for long, and what a killed process left."""
    place = current.name.partition("-")[0]
    oldest = time.time() - STALE_DAYS * 86_400
    for path in folder.iterdir():
        with contextlib.suppress(OSError):  # another process may be quicker
            earlier = path.name.startswith(f"{place}-") and path != current
            if path.is_dir() and path.stat().st_mtime < oldest:
                shutil.rmtree(path, ignore_errors=True)
            elif earlier or path.stat().st_mtime < oldest:
                path.unlink()


def _convert(where: str, quotes: Iterator[Quotes], layout: Layout, path: Path) -> None:
    """Write quotes with a row group a day; never half a file under its final name."""
    with tempfile.TemporaryDirectory(prefix="converting-", dir=path.parent) as work:
        gathered = Path(work) / "gathered.parquet"
        writer = _DayWriter(gathered, layout)
        with writer:
            for part in quotes:
                writer.add(part)
        if not writer.rows:
            raise DataError(f"{where}: a header and no rows: give at least one quote, or remove the file")
        if writer.scattered:
            chain = ParquetChain(where, gathered, STORED)
            gathered = Path(work) / "sorted.parquet"
            with _DayWriter(gathered, layout) as writer:
                for part in _by_day(chain):
                    writer.add(part)
            close_parquet(Path(work) / "gathered.parquet")
        gathered.replace(path)


def _by_day(chain: ParquetChain) -> Iterator[Quotes]:
    """Yield the quotes of a file whose days are scattered in order of day, some days at a time."""
    counts: dict[int, int] = {}
    for group in range(len(chain.group_days)):
        days, found = np.unique(chain.read_group(group).day, return_counts=True)
        for day, count in zip(days.tolist(), found.tolist(), strict=True):
            counts[day] = counts.get(day, 0) + count
    days = np.array(sorted(counts))
    passes = np.cumsum([counts[day] for day in days.tolist()]) // SORTED_ROWS
    for number in np.unique(passes):
        first, last = days[passes == number][[0, -1]]
        parts = []
        for group, held in enumerate(chain.group_days):
            if held[0] <= last and held[-1] >= first:
                quotes = chain.read_group(group)
                parts.append(quotes.take(slice(*np.searchsorted(quotes.day, [first, last + 1]))))
        yield sort_by_day(concatenate(parts))


class _DayWriter:
    """Writes quotes as they come, a row group a day as long as they come in order of day.

    Once they do not, `scattered` is set, and the rest is written in large row groups.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        schema = _SCHEMA.with_metadata({"layout": layout.name})
        # Small, and quicker to unpack than what compresses better.
        self._writer = pq.ParquetWriter(path, schema, compression="lz4")
        self._schema = schema
        self._pending: list[Quotes] = []
        self._pending_rows = 0
        self._last_day = -1
        self.rows = 0
        self.scattered = False

    def __enter__(self) -> _DayWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None and self._pending:
                self._write(sort_by_day(concatenate(self._pending)))
        finally:
            self._writer.close()

    def add(self, quotes: Quotes) -> None:
        """Take some quotes; they are written once enough are there."""
        self._pending.append(quotes)
        self._pending_rows += len(quotes.day)
        self.rows += len(quotes.day)
        if self._pending_rows < GATHERED_ROWS:
            return
        gathered = sort_by_day(concatenate(self._pending))
        # The last day may go on in what follows.
        kept = len(gathered.day) if self.scattered else int(np.searchsorted(gathered.day, gathered.day[-1]))
        self._write(gathered.take(slice(kept)))
        self._pending = [gathered.take(slice(kept, None))]
        self._pending_rows = len(gathered.day) - kept

    def _write(self, quotes: Quotes) -> None:
        """Write sorted quotes, a row group a day unless the days are scattered."""
        if not len(quotes.day):
            return
        self.scattered = self.scattered or int(quotes.day[0]) <= self._last_day
        self._last_day = max(self._last_day, int(quotes.day[-1]))
        starts = [0] if self.scattered else np.flatnonzero(np.diff(quotes.day, prepend=np.int32(-1))).tolist()
        for start, stop in zip(starts, [*starts[1:], len(quotes.day)], strict=True):
            table = _table(quotes.take(slice(start, stop)), self._schema)
            self._writer.write_table(table, row_group_size=len(table))


def _table(quotes: Quotes, schema: pa.Schema) -> pa.Table:
    """Return quotes as they are stored."""
    roots = pa.DictionaryArray.from_arrays(quotes.root, pa.array(quotes.names, pa.string()))
    dates = [pa.array(days).cast(pa.date32()) for days in (quotes.day, quotes.expiry)]
    columns = [dates[0], roots, dates[1], quotes.strike, quotes.right, quotes.bid, quotes.ask]
    return pa.table([*columns, quotes.underlying, quotes.interest], schema=schema)


def _stored(rows: Rows) -> Quotes:
    """Return the quotes of a converted file: they were checked when it was written."""
    table = rows.table.combine_chunks()
    roots = table["root"].unify_dictionaries().chunk(0)
    names = tuple(str(name) for name in roots.dictionary.to_pylist())
    day, expiry = (table[name].cast(pa.int32()).to_numpy() for name in ("quote_date", "expiration"))
    quotes = Quotes(
        names,
        root=np.asarray(roots.indices.to_numpy(), np.int16),
        day=day,
        expiry=expiry,
        strike=table["strike"].to_numpy(),
        right=table["right"].to_numpy(),
        bid=table["bid"].to_numpy(),
        ask=table["ask"].to_numpy(),
        underlying=table["underlying"].to_numpy(),
        interest=table["open_interest"].to_numpy(),
        file=np.zeros(len(day), np.int16),
    )
    return concatenate([quotes])


#: A file that this module wrote.
STORED: Final = Layout("stored", tuple(_SCHEMA.names), (), _stored)
