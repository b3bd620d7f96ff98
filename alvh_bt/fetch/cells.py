"""Cells of a source's CSV into dates and numbers; a form that is not the known one is an error."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
import pandas as pd

from alvh_bt.errors import DataError

_SHOWN: Final = 40
_CHANGED: Final = "the source may have changed its format: use a later version, or another source"


def read_cells(where: str, content: bytes, first: str) -> pd.DataFrame:
    r"""Return the cells of a CSV as text, names in capitals without blanks around them.

    Lines above the header (a disclaimer) and cells beyond it (a comma at the end of a line) are left out.

    Parameters
    ----------
    where
        The address, for messages.
    content
        UTF-8 text.
    first
        Name of the first column, in capitals; several, with bars between, where any of them may be.

    Raises
    ------
    DataError
        No such header, or no rows.

    Examples
    --------
    >>> read_cells("x", b"DATE,VVIX\n01/02/2024,80.1\n", "DATE").loc[0, "VVIX"]
    '80.1'
    """
    lines = content.decode("utf-8-sig").splitlines()
    wanted = first.split("|")
    at = next((k for k, line in enumerate(lines) if _names(line)[0] in wanted), None)
    if at is None:
        begins = lines[0][:_SHOWN] if lines else ""
        raise DataError(f"{where}: no column '{first.lower()}' (it begins with '{begins}'): {_CHANGED}")
    names = _names(lines[at])
    if len(set(names)) < len(names):
        raise DataError(f"{where}: a column stands twice in its header: {_CHANGED}")
    rows = [line for line in lines[at + 1 :] if line.strip(" ,")]
    if not rows:
        raise DataError(f"{where}: a header and no rows: try again later, or use another source")
    try:
        frame = pd.read_csv(
            io.StringIO("\n".join([",".join(names), *rows])),
            dtype="str",
            keep_default_na=False,
            index_col=False,
            usecols=range(len(names)),
            engine="python",
            on_bad_lines=lambda cells: cells[: len(names)],
        )
    except (pd.errors.ParserError, ValueError) as error:
        told = " ".join(str(error).split())[:_SHOWN]
        raise DataError(f"{where}: not CSV ({told}): {_CHANGED}") from None
    return frame.fillna("").apply(lambda cells: cells.str.strip())


def _names(line: str) -> list[str]:
    names = [cell.strip(' "').upper() for cell in line.split(",")]
    while len(names) > 1 and not names[-1]:
        names.pop()
    return names


def column(where: str, frame: pd.DataFrame, name: str) -> pd.Series[str]:
    """Return a column of text.

    Raises
    ------
    DataError
        When there is none of that name.
    """
    if name not in frame.columns:
        found = ",".join(map(str, frame.columns))[:_SHOWN]
        raise DataError(f"{where}: no column '{name.lower()}' (it has {found.lower()}): {_CHANGED}")
    cells: Any = frame[name]
    return cells


def dates(where: str, cells: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    """Return dates; both 2024-01-31 and 01/31/2024 are read.

    Raises
    ------
    DataError
        At the first cell that is neither.
    """
    slashed = cells.str.contains("/", regex=False)
    parsed = pd.to_datetime(cells.where(~slashed), format="%Y-%m-%d", errors="coerce")
    parsed = parsed.fillna(pd.to_datetime(cells.where(slashed), format="%m/%d/%Y", errors="coerce"))
    bad = parsed.isna().to_numpy()
    if bad.any():
        cell = cells.iloc[int(bad.argmax())][:_SHOWN]
        raise DataError(f"{where}: '{cell}' is not a date: {_CHANGED}")
    return parsed


def numbers(where: str, cells: pd.Series[str]) -> pd.Series[float]:
    """Return numbers; NaN for blank cells and a lone point, which is how FRED writes them.

    Raises
    ------
    DataError
        At the first cell that is not a number.
    """
    blank = cells.isin(["", "."])
    parsed = pd.to_numeric(cells.mask(blank), errors="coerce")
    bad = (parsed.isna() & ~blank).to_numpy()
    if bad.any():
        cell = cells.iloc[int(bad.argmax())][:_SHOWN]
        raise DataError(f"{where}: {str(cells.name).lower()} '{cell}' is not a number: {_CHANGED}")
    return pd.Series(np.asarray(parsed, dtype=np.float64), index=cells.index)
