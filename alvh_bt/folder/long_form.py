"""Fundamentals as many give them, a row a figure, made into a row a company and statement."""

from __future__ import annotations

import io
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.errors import DataError
from alvh_bt.market.csv_source import row_error
from alvh_bt.market.fundamentals import GROUPS

#: Columns of the long form.
LONG: Final = ("as_of", "symbol", "field", "value")
#: Fields that are read: the group of a company (`reit` or `technology`) and its quick ratio.
GROUP: Final = "group"
RATIO: Final = "quick_ratio"


class Wide(NamedTuple):
    """Fundamentals a row a company and statement as the bytes of a CSV, and the rows by field left out.

    `row` has the row of the file that each row of them is from.
    """

    content: bytes
    left_out: dict[str, int]
    row: NDArray[np.int64]


def is_long(content: bytes) -> bool:
    r"""Return whether the header of a CSV is that of the long form.

    >>> is_long(b"as_of,symbol,field,value\n"), is_long(b"as_of,symbol,group,quick_ratio\n")
    (True, False)
    """
    header = content.split(b"\n", 1)[0].decode("utf-8-sig", "replace")
    return {"field", "value"} <= {cell.strip().strip('"') for cell in header.split(",")}


def to_wide(where: str, content: bytes) -> Wide:
    """Return fundamentals of the long form `as_of, symbol, field, value` in the form that the market reads.

    A company's group may be given once, on any day: it is no news. Fields other than `group` and
    `quick_ratio` are left out and counted.

    Raises
    ------
    DataError
        Not that form, a blank or bad cell, a company without a group, or no quick ratio at all.
    """
    rows = _read(where, content)
    known = rows["field"].isin((GROUP, RATIO))
    left_out = {str(name): int(n) for name, n in rows.loc[~known, "field"].value_counts().items()}
    named = rows[rows["field"] == GROUP].drop_duplicates("symbol")
    first, groups = named.index, named.set_index("symbol")["value"]
    ratios = rows[rows["field"] == RATIO].copy()
    if not len(ratios):
        raise DataError(f"{where}: no row has the field {RATIO}: it is the one that signals read")
    lost = ~ratios["symbol"].isin(groups.index)
    if lost.any():
        k = int(ratios.index[lost][0])
        symbol = str(ratios.loc[k, "symbol"])[:40]
        remedy = f"add a row with field {GROUP} and value reit or technology, or leave it out"
        raise row_error(where, k + 2, f"{symbol} has no group", remedy)
    odd = ~groups.isin(GROUPS)
    if odd.any():
        k = int(first[odd.to_numpy()][0])
        what = f"group '{str(rows.loc[k, 'value'])[:40]}' is unknown"
        raise row_error(where, k + 2, what, f"write {' or '.join(GROUPS)}")
    ratios[GROUP] = ratios["symbol"].map(groups)
    wide = ratios.rename(columns={"value": RATIO})[["as_of", "symbol", GROUP, RATIO]]
    # Stable: of two rows of one day the second is refused, as it stands in the file.
    wide = wide.sort_values("as_of", kind="stable")
    row = wide.index.to_numpy(dtype=np.int64) + 2
    return Wide(wide.to_csv(index=False, lineterminator="\n").encode(), left_out, row)


def _read(where: str, content: bytes) -> pd.DataFrame:
    """Return the rows as text, none of the cells that are read blank."""
    try:
        text = io.StringIO(content.decode("utf-8-sig"))
        rows = pd.read_csv(text, dtype="str", keep_default_na=False, skip_blank_lines=False)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        told = " ".join(str(error).split())[:80]
        raise DataError(f"{where}: not CSV ({told}): save it as plain CSV in UTF-8") from None
    lacking = [name for name in LONG if name not in rows]
    if lacking:
        raise row_error(where, 1, f"no column '{lacking[0]}'", f"it must hold {','.join(LONG)}")
    rows = rows[list(LONG)].fillna("").apply(lambda cells: cells.str.strip())
    # Blank lines are left out, and counted: a row's label is its place in the file.
    rows = rows[(rows != "").any(axis=1)]
    for name in LONG:
        blank = (rows[name] == "").to_numpy()
        if blank.any():
            row = int(rows.index[blank.argmax()]) + 2
            raise row_error(where, row, f"{name} is blank", "fill it in, or remove the row")
    bad = pd.to_datetime(rows["as_of"], format="%Y-%m-%d", errors="coerce").isna().to_numpy()
    if bad.any():
        k = int(rows.index[bad.argmax()])
        what = f"as_of '{str(rows.loc[k, 'as_of'])[:40]}' is not a date"
        raise row_error(where, k + 2, what, "write it as YYYY-MM-DD")
    number = pd.to_numeric(rows["value"], errors="coerce")
    odd = ((rows["field"] == RATIO) & number.isna()).to_numpy()
    if odd.any():
        k = int(rows.index[odd.argmax()])
        what = f"value '{str(rows.loc[k, 'value'])[:40]}' is not a number"
        raise row_error(where, k + 2, what, "write a plain number with a decimal point")
    return rows
