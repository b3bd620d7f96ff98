"""Fetching one series: source after source until one serves, joined to what is there, checked and placed."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd

from alvh_bt.errors import AlvhError, DataError
from alvh_bt.fetch.address import shown
from alvh_bt.fetch.canonical import check_loads, checked, from_bytes, to_bytes, trimmed
from alvh_bt.fetch.closed import checked_from, day_there, last_closed
from alvh_bt.fetch.fred import STAND_INS
from alvh_bt.fetch.joining import WHOLE, Joined, join
from alvh_bt.fetch.source import Source
from alvh_bt.folder.overlap import REVISED
from alvh_bt.folder.provenance import FileRecord, read_provenance, record_of
from alvh_bt.folder.replacing import SPECS, place_series
from alvh_bt.market.files import FileSpec
from alvh_bt.placing import finish_interrupted

_LOG = logging.getLogger("alvh_bt.fetch")

PLACED: Final = "placed"
UNCHANGED: Final = "unchanged"
KEPT: Final = "kept"
FAILED: Final = "failed"


class Moment(NamedTuple):
    """When a fetch happens: the moment (UTC), the day of the exchange, and the last closed session."""

    now: dt.datetime
    today: dt.date
    until: dt.date


def moment_of(now: dt.datetime) -> Moment:
    """Return what a moment (with its zone) means to the exchange.

    Examples
    --------
    >>> moment_of(dt.datetime(2024, 7, 5, 12, tzinfo=dt.timezone.utc)).until
    datetime.date(2024, 7, 3)
    """
    return Moment(now.astimezone(dt.UTC), day_there(now), last_closed(now))


class Outcome(NamedTuple):
    """What came of one file.

    `status` is placed, unchanged, kept (it failed, an older file is there) or failed (and there is none).
    Rows and dates are those of the file that stands now; `added` counts rows that were not there before.
    `tried` has a line a source that did not serve, `notes` what else is worth a line.
    """

    name: str
    status: str
    source: str = ""
    rows: int = 0
    first: str = ""
    last: str = ""
    added: int = 0
    notes: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()


class _Attempt(NamedTuple):
    """A whole series that one source served: the bytes of its CSV, and what is to be said of it."""

    content: bytes
    url: str
    notes: tuple[str, ...]


def fetch_series(
    name: str, sources: Sequence[Source], folder: Path, moment: Moment, force: bool = False
) -> Outcome:
    """Fetch one series, place it in a folder, and return what came of it.

    Parameters
    ----------
    name
        A file of the market folder, without `.csv`.
    sources
        In the order in which they are asked.
    folder
        The market folder; it need not exist.
    moment
        When.
    force
        Whether a disagreeing or worse history may replace the old one. The whole of it is fetched.

    Raises
    ------
    ConfigError
        When the folder cannot be written.
    """
    spec = SPECS[name]
    if folder.is_dir():
        finish_interrupted(folder)
    old, notes = _standing(folder, spec, moment)
    tried: list[str] = []
    for source in sources:
        try:
            attempt = _attempt(source, spec, old, folder, moment, force)
            record = _record(source, spec, attempt, moment, tried)
            _place(spec, attempt, record, folder, force)
        except DataError as error:
            tried.append(f"{source.name}: {error}")
            _LOG.info("%s: %s", name, tried[-1])
            continue
        same = old is not None and to_bytes(old) == attempt.content
        added = record.rows - (0 if old is None else len(old))
        _LOG.info("%s: %d rows from %s", name, record.rows, source.name)
        return Outcome(
            name,
            UNCHANGED if same else PLACED,
            source.name,
            record.rows,
            record.first,
            record.last,
            added,
            (*notes, *attempt.notes),
            tuple(tried),
        )
    if old is None:
        return Outcome(name, FAILED, notes=tuple(notes), tried=tuple(tried))
    first, last = str(old["date"].min().date()), str(old["date"].max().date())
    return Outcome(name, KEPT, "", len(old), first, last, 0, tuple(notes), tuple(tried))


def _place(spec: FileSpec, attempt: _Attempt, record: FileRecord, folder: Path, force: bool) -> None:
    """Place a series; DataError where it is worse than what stands there."""
    # A schedule may become shorter: joining has seen to it that only moved dates go.
    refused = place_series(folder, {spec.name: (attempt.content, record)}, force, moved=spec.schedule)
    if refused:
        why = "; ".join(refused[spec.name])
        raise DataError(f"{spec.name}.csv: worse than the file there ({why}): give --force to take it")


def _check_quantity(source: Source, name: str, folder: Path) -> None:
    """Raise DataError where a source would continue a file with another quantity, whatever is forced."""
    record = read_provenance(folder).get(name)
    stands_in = record is not None and record.source in STAND_INS
    if (source.name in STAND_INS) != stands_in:
        raise DataError(
            f"{name}.csv: {source.name} gives another quantity than the file there: remove that to take it"
        )


def _record(
    source: Source, spec: FileSpec, attempt: _Attempt, moment: Moment, tried: Sequence[str]
) -> FileRecord:
    """Return what provenance says of a series."""
    days = from_bytes(attempt.content, spec)["date"]
    return record_of(
        attempt.content,
        (str(days.min().date()), str(days.max().date())),
        len(days),
        source=source.name,
        url=shown(attempt.url),
        fetched=moment.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        licence=source.licence,
        terms=source.terms,
        tried=tuple(tried),
    )


def _standing(folder: Path, spec: FileSpec, moment: Moment) -> tuple[pd.DataFrame | None, list[str]]:
    """Return the series that is there, None where there is none or none that could be loaded."""
    path = folder / f"{spec.name}.csv"
    if not path.is_file():
        return None, []
    try:
        content = path.read_bytes()
        checked(content, spec, moment.today)
    except OSError as error:
        return None, [f"the old file cannot be read ({error.strerror})"]
    except DataError as error:
        return None, [f"the old file was unusable: {error}"]
    return from_bytes(content, spec), []


def _attempt(
    source: Source, spec: FileSpec, old: pd.DataFrame | None, folder: Path, moment: Moment, force: bool
) -> _Attempt:
    """Return the series that a source gives, joined to the old one.

    Raises
    ------
    DataError
        The source fails, gives what no market can be made of, or disagrees with the old series.
    """
    if old is not None:
        _check_quantity(source, spec.name, folder)
    whole = old is None or force or spec.name in WHOLE
    since = None if old is None or whole else checked_from(min(old["date"].max().date(), moment.until))
    frame, url = _rows(source, spec, since, moment)
    notes: tuple[str, ...] = ()
    if old is not None:
        joined = join(old, frame, spec, moment.until)
        if joined.rescaled and since is not None:
            frame, url = _rows(source, spec, None, moment)
            joined = join(old, frame, spec, moment.until)
        notes = _notes(joined, spec)
        _check_agreement(joined, old, frame, source, spec, force)
        frame = joined.frame
    content = to_bytes(frame)
    # Up to today: rows of today may have been imported, and what is fetched ends with the last session.
    check_loads(checked(content, spec, moment.today), spec, folder, moment.today)
    return _Attempt(content, url, notes)


def _rows(source: Source, spec: FileSpec, since: dt.date | None, moment: Moment) -> tuple[pd.DataFrame, str]:
    """Return what a source gives, checked before it is joined to anything, and where it came from."""
    try:
        fetched = source.fetch(spec.name, since, moment.until)
    except AlvhError:
        raise
    except Exception as error:  # what a server sends may trip any parser, and other series must go on
        _LOG.debug("%s from %s", spec.name, source.name, exc_info=True)
        told = " ".join(str(error).split())[:120]
        raise DataError(
            f"{spec.name}: {source.name} sent what cannot be read ({type(error).__name__}: {told}): "
            "try again later, or use another source"
        ) from error
    where = shown(fetched.url)
    frame = trimmed(fetched.frame, where, moment.until, spec, moment.today)
    checked(to_bytes(frame), spec, moment.until)
    if since is not None and not spec.schedule:
        frame = frame[frame["date"] >= pd.Timestamp(since)].reset_index(drop=True)
        if not len(frame):
            raise DataError(f"{where}: no rows since {since}: try again later, or use another source")
    return frame, fetched.url


def _check_agreement(
    joined: Joined, old: pd.DataFrame, frame: pd.DataFrame, source: Source, spec: FileSpec, force: bool
) -> None:
    """Raise DataError where old and new disagree, or have no day in common; `force` takes the new."""
    if force:
        return
    if joined.refused:
        raise DataError(
            f"{spec.name}.csv: {joined.differs}, by more than 0.5%: "
            "the old file is kept unless you give --force"
        )
    if spec.name not in REVISED and not frame["date"].isin(old["date"]).any():
        raise DataError(
            f"{spec.name}.csv: {source.name} has no day in common with the file there: "
            "give --force to take it unchecked"
        )


def _notes(joined: Joined, spec: FileSpec) -> tuple[str, ...]:
    said = []
    if joined.rescaled:
        said.append("a split has rescaled the closes; fetched whole")
    if joined.differs:
        said.append(joined.differs)
    return tuple(said)
