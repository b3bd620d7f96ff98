"""Bringing a file of the user's own into a folder of market data: checked, made canonical, placed whole."""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import logging
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from alvh_bt.contracts import calendar_date, epoch_day
from alvh_bt.errors import ConfigError, DataError
from alvh_bt.folder.absurd import absurdities
from alvh_bt.folder.contents import SPECS, Contents, Place, read_contents
from alvh_bt.folder.given import canonical_csv, given_bytes, wanted_columns
from alvh_bt.folder.lacking import PURPOSE
from alvh_bt.folder.long_form import is_long, to_wide
from alvh_bt.folder.provenance import record_of
from alvh_bt.folder.replacing import place_series
from alvh_bt.market.build import build_market
from alvh_bt.market.csv_source import Table, read_text_table
from alvh_bt.market.files import FILES, FileSpec
from alvh_bt.market.market import VX_FUTURES, Market
from alvh_bt.market.published import days_due
from alvh_bt.market.quality import check_table

_LOG = logging.getLogger("alvh_bt.folder")
#: Other words for a file.
ALIASES: Final = {"set": "settlements", "vro": "settlements", "advance_decline": "advances"}
CHAINS: Final = "chains"
#: The column of the market that a file without one of its own gives.
_GIVES: Final = {
    "macro_events": "days_to_fomc",
    "fundamentals": "quick_ratio",
    "etp_vxx_series_a": "vxx",
}


class Brought(NamedTuple):
    """What was placed: `path`, its dates and `rows`, and `notes`, a line each for the user."""

    path: Path
    first: dt.date
    last: dt.date
    rows: int
    notes: tuple[str, ...]


def canonical_name(name: str) -> str:
    """Return the file that a name or another word for it means.

    Raises
    ------
    ConfigError
        For a name that no file has; names the nearest, or them all.

    Examples
    --------
    >>> canonical_name("set"), canonical_name("VIX.csv")
    ('settlements', 'vix')
    """
    plain = name.strip().lower().removesuffix(".csv")
    plain = ALIASES.get(plain, plain)
    if plain not in SPECS and plain != CHAINS:
        known = [*SPECS, *ALIASES, CHAINS]
        near = difflib.get_close_matches(plain, known, n=1)
        meant = f"; did you mean {near[0]}?" if near else f"; known: {', '.join([*SPECS, CHAINS])}"
        raise ConfigError(f"--as {name}: no such series{meant} (docs/DATA.md has the form of each)")
    return plain


def bring_series(
    path: Path, name: str, folder: Path, force: bool = False, today: dt.date | None = None
) -> Brought:
    """Place a user's own file into a folder of market data, and return what was placed.

    Parameters
    ----------
    path
        CSV or Parquet with the columns of `name`; fundamentals also as `as_of, symbol, field, value`.
    name
        As in `market.files.FILES`.
    folder
        Made when it is not there.
    force
        Whether it may replace a file that is longer, newer or fuller.
    today
        Rows dated later are refused; None is the day of the call.

    Raises
    ------
    DataError
        The file is unusable, the market would not load with it, or it is worse than the one there. Nothing
        is placed then.
    ConfigError
        The folder cannot be written.
    """
    spec, day = SPECS[name], today or dt.date.today()
    notes: list[str] = []
    table = _read(path, spec, notes)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    check_table(table, spec, day)
    market, contents = _with(name, table, folder, day, notes)
    placed = canonical_csv(table, spec)
    first, last = calendar_date(int(table.day.min())), calendar_date(int(table.day.max()))
    record = record_of(
        placed,
        (str(first), str(last)),
        len(table.day),
        source="import",
        url=path.name,
        fetched=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        terms=f"your own file, sha256 {digest}",
    )
    if not force and (odd := absurdities(name, contents)):
        raise DataError(f"{path.name}: not placed: {'; '.join(odd)}: correct it, or add --force")
    refused = place_series(folder, {name: (placed, record)}, force)
    if refused:
        raise DataError(
            f"{path.name}: not placed over the {name}.csv that is there: the new one "
            f"{'; '.join(refused[name])}: correct it, or add --force to replace it all the same"
        )
    if name == "settlements":
        notes += _unread_days(table)
    _LOG.info("imported %s as %s into %s: %d rows", path.name, name, folder, len(table.day))
    notes += _available(name, market)
    return Brought(folder / f"{name}.csv", first, last, len(table.day), tuple(notes))


def _read(path: Path, spec: FileSpec, notes: list[str]) -> Table:
    """Return the rows of a user's file; what is left out of it is added to `notes`."""
    dates = [spec.date, *(["expiry"] if spec.expiry else [])]
    content = given_bytes(path, [*wanted_columns(spec), "field", "value"], dates)
    if spec.name != "fundamentals" or not is_long(content):
        return read_text_table(path.name, content, spec)
    wide = to_wide(path.name, content)
    for field, n in wide.left_out.items():
        notes.append(f"field {field}: read by nothing, {n:,} row{'s' * (n != 1)} left out")
    return read_text_table(path.name, wide.content, spec)._replace(row=wide.row)


def _with(
    name: str, table: Table, folder: Path, today: dt.date, notes: list[str]
) -> tuple[Market | None, Contents]:
    """Return the market of the folder with a new table in it, None where it still lacks what it must have.

    And what the folder would hold.

    Raises
    ------
    DataError
        When there would be a market but for this table.
    """
    place = Place(folder, "")
    contents = Contents(place, {}, {}, {}, {})
    if folder.is_dir():
        contents = read_contents(place, today)
        faults = [fault for other, fault in contents.faults.items() if other in SPECS and other != name]
        notes += [f"no study can run until this is mended: {fault}" for fault in faults]
    tables = contents.tables
    tables[name] = table
    missing = [spec.name for spec in FILES if spec.required and spec.name not in tables]
    if missing:
        files = " and ".join(f"{each}.csv" for each in missing)
        notes.append(f"no study can run before {files} {'is' if len(missing) == 1 else 'are'} there too")
        return None, contents
    market = build_market(tables, today)
    _ = market.usable
    return market, contents


def _unread_days(table: Table) -> list[str]:
    """Return how many settlement values are of days on which no contract of a study settles."""
    told = []
    for column, values in table.values.items():
        given = table.day[np.isfinite(values)]
        if not len(given):
            continue
        due = days_due(column, calendar_date(int(given[0])), calendar_date(int(given[-1])))
        odd = given[~np.isin(given, [epoch_day(day) for day in due])]
        if len(odd):
            said = (
                "of a day on which nothing here settles"
                if len(odd) == 1
                else "of days when nothing here settles"
            )
            told.append(f"{column}: {len(odd):,} {said}, the first {calendar_date(int(odd[0]))}: never read")
    return told


def _available(name: str, market: Market | None) -> list[str]:
    """Return what a study can use now, and from which session on."""
    if market is None:
        return []
    if name == VX_FUTURES:
        known = np.isfinite(market.vx_settle[:, 0])
    else:
        given = [column.target for column in SPECS[name].columns if column.target]
        columns = given or [_GIVES[name]]
        values = np.column_stack([market.columns[each] for each in columns])
        known = np.asarray(np.isfinite(values).any(axis=1))
    what = PURPOSE[name][0]
    if not known.any():
        return [f"{what}: on no session of the S&P 500 history so far"]
    first, last = market.sessions[known][[0, -1]]
    return [f"{what}: available to studies from {first} to {last}"]
