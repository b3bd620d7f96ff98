"""The three layouts of option chains, told apart by their header, and how each becomes quotes.

- **canonical**: `quote_date,root,expiration,strike,type,bid,ask`, and where known `underlying,open_interest`.
- **optionsdx**: OptionsDX end-of-day files. A row is a call and a put; the header's names stand in
  brackets. The files name no root: it is taken from the start of the file's name (`spy_eod_202301.txt` is
  SPY), so keep that name. `spx_eod` mixes the SPX (AM) and SPXW (PM) series, and nothing in a row tells
  them apart: an expiry on the third Friday is named SPX, as that series exists in all years; on the third
  Friday itself it is SPXW, because SPX ceased trading the day before; every other expiry is SPXW. Where a
  file gives both series of a third Friday, one is dropped as a duplicate. The name of a third Friday may
  therefore be wrong by the hours between open and close: prefer a source that names roots.
- **datashop**: Cboe DataShop option end-of-day summary, with or without calcs. The `_eod` quotes are used:
  they are of the close, at which this program marks; the `_1545` ones where a file has no others. Index
  files without the index licence have an underlying of zero: unknown.

Before 2015 some sources date the monthly expiry on the Saturday after its last trading day: it is moved to
the session on which it was settled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh_bt.calendars import spx_monthly_expiry
from alvh_bt.chains.cells import Rows, read_days, read_numbers, read_rights, read_roots
from alvh_bt.chains.rows import STRIKE_BELOW, Floats, Quotes, concatenate
from alvh_bt.contracts import Right, calendar_date
from alvh_bt.errors import DataError
from alvh_bt.sessions import session_held_for

#: The columns of the layouts that hold dates, and those that hold text; all others hold numbers.
DATES: Final = ("quote_date", "expiration", "expire_date")
TEXTS: Final = ("root", "type", "option_type")

_SATURDAY: Final = 5


class Layout(NamedTuple):
    """One layout: the columns it must have and may have, and its reader.

    Names are as `header_names` gives them. `parse` takes rows whose columns bear those names.
    """

    name: str
    needed: tuple[str, ...]
    optional: tuple[str, ...]
    parse: Callable[[Rows], Quotes]


def header_names(header: Sequence[str]) -> list[str]:
    """Return column names in lower case, without the brackets and spaces that OptionsDX puts around them.

    >>> header_names(["[QUOTE_DATE]", " [C_BID]", "Strike"])
    ['quote_date', 'c_bid', 'strike']
    """
    return [name.strip().strip("[]").strip().lower() for name in header]


def detect_layout(where: str, header: Sequence[str]) -> Layout:
    """Return the layout of a file by its header.

    Parameters
    ----------
    where
        The file's name, for the message.
    header
        Its column names as given.

    Raises
    ------
    DataError
        No layout fits; names what the nearest lacks, and all three.

    Examples
    --------
    >>> detect_layout("x.csv", "quote_date,root,expiration,strike,type,bid,ask".split(",")).name
    'canonical'
    """
    names = set(header_names(header))
    nearest = min(LAYOUTS, key=lambda layout: len(set(layout.needed) - names) / len(layout.needed))
    missing = [name for name in nearest.needed if name not in names]
    if not missing:
        return nearest
    known = "; ".join(f"{layout.name} ({','.join(layout.needed)})" for layout in _SHOWN)
    raise DataError(
        f"{where}: not an option chain: its header lacks {','.join(missing)} of the layout {nearest.name}: "
        f"give one of {known}"
    )


def _canonical(rows: Rows) -> Quotes:
    """Return the quotes of canonical rows."""
    names, root = read_roots(rows, "root")
    days = read_days(rows, "quote_date"), read_days(rows, "expiration")
    right = read_rights(rows, "type")
    prices = read_numbers(rows, "bid"), read_numbers(rows, "ask")
    return _quotes(rows, names, root, *days, right, *prices, _known(rows, "underlying"))


def _datashop(end: str) -> Callable[[Rows], Quotes]:
    """Return the reader of DataShop rows whose quotes have this ending."""

    def parse(rows: Rows) -> Quotes:
        names, root = read_roots(rows, "root")
        days = read_days(rows, "quote_date"), read_days(rows, "expiration")
        right = read_rights(rows, "option_type")
        prices = read_numbers(rows, f"bid_{end}"), read_numbers(rows, f"ask_{end}")
        low, high = _known(rows, f"underlying_bid_{end}"), _known(rows, f"underlying_ask_{end}")
        underlying = np.where((low > 0.0) & (high > 0.0), 0.5 * (low + high), np.nan)
        return _quotes(rows, names, root, *days, right, *prices, underlying)

    return parse


def _optionsdx(rows: Rows) -> Quotes:
    """Return the quotes of OptionsDX rows: the call and the put of each row, one after the other."""
    day, expiry = read_days(rows, "quote_date"), read_days(rows, "expire_date")
    names, root = _roots_by_file(rows.where, day, _settled(expiry))
    underlying = read_numbers(rows, "underlying_last")
    sides = []
    for side, right in (("c", Right.CALL), ("p", Right.PUT)):
        rights = np.full(len(day), int(right), np.int8)
        prices = read_numbers(rows, f"{side}_bid"), read_numbers(rows, f"{side}_ask")
        sides.append(_quotes(rows, names, root, day, expiry, rights, *prices, underlying))
    both = concatenate(sides)
    pairs = np.arange(len(both.day)).reshape(2, -1).T.ravel()
    return both.take(pairs)


def _roots_by_file(
    where: str, day: NDArray[np.int32], expiry: NDArray[np.int32]
) -> tuple[tuple[str, ...], NDArray[np.int16]]:
    """Return the roots that an OptionsDX file's name stands for, and each row's index into them."""
    found = re.match(r"([A-Za-z]{1,6})[_-]", where.rsplit("/", 1)[-1])
    if not found:
        raise DataError(
            f"{where}: OptionsDX files name no root, and neither does this file's name: "
            "give it the name it came with, such as spx_eod_202301.txt"
        )
    name = found[1].upper()
    if name != "SPX":
        return (name,), np.zeros(len(day), np.int16)
    distinct, index = np.unique(expiry, return_inverse=True)
    dates = [calendar_date(value) for value in distinct.tolist()]
    monthly = np.array([date == spx_monthly_expiry(date.year, date.month) for date in dates], np.bool_)
    am = monthly[index] & (day < expiry)
    return ("SPX", "SPXW"), np.where(am, 0, 1).astype(np.int16)


def _quotes(
    rows: Rows,
    names: tuple[str, ...],
    root: NDArray[np.int16],
    day: NDArray[np.int32],
    expiry: NDArray[np.int32],
    right: NDArray[np.int8],
    bid: Floats,
    ask: Floats,
    underlying: Floats,
) -> Quotes:
    """Return the quotes of all those columns, once the strikes are sound."""
    strike = read_numbers(rows, "strike")
    bad = ~((strike > 0.0) & (strike < STRIKE_BELOW))
    if bad.any():
        k = int(bad.argmax())
        what = "strike is blank" if np.isnan(strike[k]) else f"strike {strike[k]:.10g} is impossible"
        raise rows.error(k, what, f"it must be above 0 and below {STRIKE_BELOW:.0f} points")
    interest = _known(rows, "open_interest")
    file = np.zeros(len(day), np.int16)
    return Quotes(names, root, day, _settled(expiry), strike, right, bid, ask, underlying, interest, file)


def _known(rows: Rows, column: str) -> Floats:
    """Return a column of numbers, NaN where the file has no such column."""
    if column in rows.table.column_names:
        return read_numbers(rows, column)
    return np.full(rows.table.num_rows, np.nan)


def _settled(expiry: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return expiries with those on a Saturday moved to the session before."""
    saturday = (expiry + 3) % 7 == _SATURDAY
    if not saturday.any():
        return expiry
    distinct = np.unique(expiry[saturday])
    moved = np.array([session_held_for(int(day)) for day in distinct], np.int32)
    settled = expiry.copy()
    settled[saturday] = moved[np.searchsorted(distinct, expiry[saturday])]
    return settled


_DATASHOP_KEY: Final = ("quote_date", "root", "expiration", "strike", "option_type")


def _datashop_layout(end: str) -> Layout:
    """Return the DataShop layout whose quotes have this ending."""
    optional = (f"underlying_bid_{end}", f"underlying_ask_{end}", "open_interest")
    needed = (*_DATASHOP_KEY, f"bid_{end}", f"ask_{end}")
    return Layout("datashop", needed, optional, _datashop(end))


#: Tried in this order where more than one fits.
LAYOUTS: Final = (
    Layout(
        "canonical",
        ("quote_date", "root", "expiration", "strike", "type", "bid", "ask"),
        ("underlying", "open_interest"),
        _canonical,
    ),
    Layout(
        "optionsdx",
        ("quote_date", "underlying_last", "expire_date", "c_bid", "c_ask", "strike", "p_bid", "p_ask"),
        (),
        _optionsdx,
    ),
    _datashop_layout("eod"),
    _datashop_layout("1545"),
)

_SHOWN: Final = LAYOUTS[:3]
