"""Choosing and loading the market: a folder that was asked for, the fetched one, or the embedded sample."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import platformdirs

from alvh_bt.errors import DataError
from alvh_bt.market.build import build_market
from alvh_bt.market.csv_source import read_table
from alvh_bt.market.embedded import embedded_tables
from alvh_bt.market.files import FILES
from alvh_bt.market.market import Market


def fetched_folder() -> Path:
    """Return the folder that `alvh data fetch` fills; it need not exist."""
    return Path(platformdirs.user_data_dir("alvh_bt")) / "market"


def load_market(data: str | Path | None = None, today: dt.date | None = None) -> Market:
    """Return the market of a folder, else of the fetched folder, else of the embedded sample.

    Parameters
    ----------
    data
        A folder of CSV files with at least spx.csv and vix.csv; None to choose by what is there.
    today
        Rows dated later are refused; None is the day of the call.

    Raises
    ------
    DataError
        The folder or an input is missing or unusable; names the file, the row and the remedy.

    Examples
    --------
    >>> market = load_market(Path("market"))  # doctest: +SKIP
    >>> market.window(dt.date(2006, 3, 1), dt.date(2024, 12, 31))  # doctest: +SKIP
    (4075, 8816)
    """
    if data is None and not _has_required(fetched_folder()):
        return build_market(embedded_tables(), today or dt.date.today())
    return load_folder(Path(data) if data is not None else fetched_folder(), today)


def load_folder(folder: Path, today: dt.date | None = None) -> Market:
    """Return the market of a folder of CSV files.

    Parameters
    ----------
    folder
        Holds spx.csv, vix.csv, and those other files of `files.FILES` that are at hand.
    today
        Rows dated later are refused; None is the day of the call.

    Raises
    ------
    DataError
        The folder or an input is missing or unusable; names the file, the row and the remedy.
    """
    _check_folder(folder)
    paths = {spec: folder / f"{spec.name}.csv" for spec in FILES}
    tables = {spec.name: read_table(path, spec) for spec, path in paths.items() if path.is_file()}
    return build_market(tables, today or dt.date.today())


def _has_required(folder: Path) -> bool:
    """Return whether a folder has the files without which there is no market."""
    return all((folder / f"{spec.name}.csv").is_file() for spec in FILES if spec.required)


def _check_folder(folder: Path) -> None:
    """Raise DataError unless the folder has the required files."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder: pass the folder that holds spx.csv and vix.csv")
    if not _has_required(folder) and _has_required(folder / "market"):
        raise DataError(f"{folder}: no spx.csv here, but in its market folder: pass {folder / 'market'}")
    for spec in FILES:
        if spec.required and not (folder / f"{spec.name}.csv").is_file():
            raise DataError(f"{folder}: no file {spec.name}.csv: add it, or pass the folder that holds it")
