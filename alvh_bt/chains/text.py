"""Streaming text files of chains: CSV and OptionsDX text, plain, gzipped or in a zip, block by block."""

from __future__ import annotations

import csv
import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, cast

import pyarrow as pa
import pyarrow.csv

from alvh_bt.chains.cells import Rows
from alvh_bt.chains.layouts import DATES, TEXTS, Layout, header_names
from alvh_bt.errors import DataError

#: Bytes of text held at once; a block ends with the last whole line in it.
BLOCK_BYTES = 8 << 20

_SUFFIXES: Final = (".csv", ".txt")
_UNREADABLE: Final = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError)


class Source(NamedTuple):
    """A file of chains: `name` as messages give it, `member` the file inside a zip, else empty."""

    name: str
    path: Path
    member: str = ""


def find_sources(folder: Path) -> list[Source]:
    """Return the files of chains in a folder and its sub-folders, by name; zips give one a member.

    Text files whose first line names no quote date are notes, not chains, and are left out.

    Raises
    ------
    DataError
        No such folder, nothing in it, or a zip that cannot be read.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder: pass the folder that holds the option chains")
    sources: list[Source] = []
    packed = 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        kind = name.lower().removesuffix(".gz")
        packed += kind.endswith((".7z", ".rar"))
        # What is hidden is no chain, and what stands in a hidden folder is still being placed.
        if any(part.startswith(".") for part in Path(name).parts) or not path.is_file():
            continue
        if kind.endswith(".zip"):
            sources += _members(name, path)
        elif kind.endswith(_SUFFIXES) or name.lower().endswith(".parquet"):
            sources.append(Source(name, path))
    sources = [source for source in sources if not _is_note(source)]
    if not sources:
        said = (
            "only packed archives: unpack them" if packed else "no *.csv, *.csv.gz, *.txt, *.zip or *.parquet"
        )
        raise DataError(f"{folder}: no option chains: {said}, or pass the folder that holds them")
    return sources


def _members(name: str, path: Path) -> list[Source]:
    """Return the text files inside a zip."""
    with readable(name), zipfile.ZipFile(path) as archive:
        inside = sorted(archive.namelist())
    chains = [one for one in inside if one.lower().endswith(_SUFFIXES) and not one.startswith("__MACOSX")]
    return [Source(f"{name}/{member}", path, member) for member in chains]


def _is_note(source: Source) -> bool:
    """Return whether a .txt file is a note beside the chains."""
    if not source.name.lower().endswith((".txt", ".txt.gz")):
        return False
    with readable(source.name), open_bytes(source) as stream:
        return b"quote_date" not in stream.readline(1 << 16).lower()


@contextmanager
def readable(where: str) -> Iterator[None]:
    """Turn what a damaged or forbidden file raises while it is read into one line."""
    try:
        yield
    except _UNREADABLE as error:
        said = (getattr(error, "strerror", None) or str(error)).splitlines()[0]
        raise DataError(
            f"{where}: cannot be read ({said}): fetch the file again or check its permissions"
        ) from error


@contextmanager
def open_bytes(source: Source) -> Iterator[IO[bytes]]:
    """Open a source for reading, unpacked."""
    if source.member:
        with zipfile.ZipFile(source.path) as archive, archive.open(source.member) as stream:
            yield stream
    elif source.path.name.lower().endswith(".gz"):
        with gzip.open(source.path) as stream:
            yield cast("IO[bytes]", stream)
    else:
        with source.path.open("rb") as stream:
            yield stream


def read_header(source: Source) -> list[str]:
    """Return the column names of a text file as given.

    Raises
    ------
    DataError
        The file is unreadable, empty, or its first line is no text.
    """
    with readable(source.name), open_bytes(source) as stream:
        line = stream.readline(1 << 20)
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{source.name}, row 1: not UTF-8 text: save it as plain CSV in UTF-8") from error
    if "\0" in text:
        raise DataError(f"{source.name}, row 1: a binary file, not CSV: save it as plain CSV in UTF-8")
    try:
        header = next(csv.reader(text.splitlines()), [])
    except csv.Error as error:
        raise DataError(f"{source.name}, row 1: {error}: write the header as plain CSV") from error
    if not header:
        raise DataError(f"{source.name}: the file is empty: give a header and rows, or remove the file")
    return header


def read_blocks(source: Source, layout: Layout) -> Iterator[Rows]:
    """Yield the rows of a text file in their order, the columns of its layout as text.

    Rows are numbered as an editor numbers them: the header is row 1.

    Raises
    ------
    DataError
        The file is unreadable, or a row has not the header's number of cells.
    """
    header = read_header(source)
    names = header_names(header)
    columns = [name for name in (*layout.needed, *layout.optional) if name in names]
    for name in columns:
        if names.count(name) > 1:
            raise DataError(f"{source.name}, row 1: the column '{name}' twice: keep one of them")
    line = 2
    for block in _whole_lines(source):
        yield _parse(source.name, block, line, names, columns)
        line += block.count(b"\n")


def _whole_lines(source: Source) -> Iterator[bytes]:
    """Yield a file after its header as blocks that end with a line."""
    with readable(source.name), open_bytes(source) as stream:
        stream.readline()
        rest = b""
        while chunk := stream.read(BLOCK_BYTES):
            cut = chunk.rfind(b"\n") + 1
            if not cut and len(rest) > BLOCK_BYTES:
                raise DataError(
                    f"{source.name}: a line of more than {BLOCK_BYTES} bytes: not CSV with line ends"
                )
            if cut:
                yield rest + chunk[:cut]
                rest = b""
            rest += chunk[cut:]
    if rest.strip():
        yield rest


def _parse(where: str, block: bytes, line: int, names: list[str], columns: list[str]) -> Rows:
    """Return one block as rows; `line` is the number of its first line."""

    def row_of(k: int) -> int:
        filled = [n for n, text in enumerate(block.split(b"\n")) if text.strip(b"\r")]
        # A carriage return alone ends a row as well, but no line.
        return line + filled[min(k, len(filled) - 1)]

    unused = [f"#{k}" if name not in columns else name for k, name in enumerate(names)]
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(block),
            pa.csv.ReadOptions(use_threads=False, column_names=unused, block_size=len(block) + 1),
            convert_options=pa.csv.ConvertOptions(
                include_columns=columns,
                column_types={name: _kind(name) for name in columns},
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid as error:
        raise _not_csv(where, str(error), row_of, len(names)) from error
    return Rows(where, row_of, table)


def _kind(name: str) -> Any:
    """Return the Arrow type to read a column as: what repeats is read as a dictionary."""
    return pa.dictionary(pa.int32(), pa.string()) if name in DATES + TEXTS else pa.string()


def _not_csv(where: str, said: str, row_of: Any, cells: int) -> DataError:
    """Return the error for a block that is no CSV of that many cells a row."""
    place = re.search(r"Row #(\d+)", said)
    row = f", row {row_of(int(place[1]) - 1)}" if place else ""
    if "UTF8" in said:
        return DataError(f"{where}{row}: not UTF-8 text: save it as plain CSV in UTF-8")
    got = re.search(r"got (\d+)", said)
    what = f"{got[1]} cells where the header has {cells}" if got else said.splitlines()[0]
    return DataError(f"{where}{row}: {what}: write one cell a column, decimals with a point")
