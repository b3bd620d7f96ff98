"""PROVENANCE.json of a folder of market data: where each file came from, when, and on what terms."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from alvh_bt.errors import DataError

PROVENANCE: Final = "PROVENANCE.json"
#: What is said of a file that is not what was written down of it.
CHANGED: Final = "the file has been changed since it was recorded"


class FileRecord(NamedTuple):
    """Where one file came from; text that is not known is empty.

    `fetched` is the moment in ISO form (UTC), `first` and `last` the dates of its rows (YYYY-MM-DD), `tried`
    a line a source that failed before this one served.
    """

    source: str = ""
    url: str = ""
    fetched: str = ""
    licence: str = ""
    terms: str = ""
    sha256: str = ""
    rows: int = 0
    first: str = ""
    last: str = ""
    tried: tuple[str, ...] = ()


def read_provenance(folder: Path) -> dict[str, FileRecord]:
    """Return the records of a folder by file name without `.csv`; empty where it has none.

    Raises
    ------
    DataError
        When the file is there and is not of that form.
    """
    path = folder / PROVENANCE
    remedy = "correct it, or remove it: it only tells where the data came from"
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        told = " ".join(str(error).split())
        raise DataError(f"{path}: cannot be read as JSON ({told}): {remedy}") from None
    if not isinstance(given, dict) or not all(isinstance(each, dict) for each in given.values()):
        raise DataError(f"{path}: is not a table of files: {remedy}")
    return {name: _record(each) for name, each in given.items()}


def _record(given: Mapping[str, Any]) -> FileRecord:
    """Return a record of what is given of it; what is of another kind counts as unknown."""
    plain: dict[str, Any] = {}
    for name, default in FileRecord()._asdict().items():
        value = given.get(name, default)
        if name == "tried":
            plain[name] = tuple(str(line) for line in value) if isinstance(value, list) else ()
        else:
            fits = isinstance(value, type(default)) and not isinstance(value, bool)
            plain[name] = value if fits else default
    return FileRecord(**plain)


def provenance_bytes(records: Mapping[str, FileRecord]) -> bytes:
    """Return the bytes of PROVENANCE.json, files by name."""
    plain = {name: records[name]._asdict() for name in sorted(records)}
    return (json.dumps(plain, indent=1, ensure_ascii=False) + "\n").encode()


def has_changed(path: Path, record: FileRecord) -> bool:
    """Return whether a file's bytes are others than those that its record tells of."""
    if not record.sha256 or not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() != record.sha256


def record_of(content: bytes, dates: tuple[str, str], rows: int, **known: Any) -> FileRecord:
    """Return the record of a file's content.

    Parameters
    ----------
    content
        The bytes of the CSV.
    dates
        Its first and last date, YYYY-MM-DD.
    rows
        Rows without the header.
    **known
        The other fields of `FileRecord`.
    """
    digest = hashlib.sha256(content).hexdigest()
    return FileRecord(sha256=digest, rows=rows, first=dates[0], last=dates[1], **known)
