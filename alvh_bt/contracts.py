"""Contracts: what can be traded, its multiplier, and how it settles.

Codes are small integers, so that compiled rules can carry them; `ROOT_NAMES` and
`right_name` turn them back into what a trader reads. Dates are *epoch days*: whole days
since 1970-01-01, the integer behind `numpy.datetime64[D]`.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Final, NamedTuple

from alvh_bt.compiled import rule

# Codes are named tuples of plain integers, not enums: compiled code gives every enum a type of its own,
# compiles each callee once more for each of them, and Python looks enum members up slowly.


class _Root(NamedTuple):
    """What a contract is written on and how it is listed."""

    SPX: int = 0  # S&P 500 option, settles at the open of its expiry (AM)
    SPXW: int = 1  # S&P 500 option, settles at the close of its expiry (PM)
    XSP: int = 2  # a tenth of SPX, settles at the close (PM)
    VIX: int = 3  # VIX option, settles at the opening value of its expiry
    VX: int = 4  # VIX future
    VXM: int = 5  # a tenth of VX
    VXX: int = 6  # a share of the exchange-traded note on short-term VX; never settles
    UVXY: int = 7  # the same, leveraged


class _Right(NamedTuple):
    """Call, put, or neither (a future or a share)."""

    PUT: int = -1
    FUTURE: int = 0
    CALL: int = 1


Root: Final = _Root()
Right: Final = _Right()

ROOT_NAMES: Final = _Root._fields

#: USD a point, in the order of `Root` (Cboe contract specifications); a share's price is in USD.
MULTIPLIERS: Final = (100.0, 100.0, 100.0, 100.0, 1000.0, 100.0, 1.0, 1.0)

#: The epoch day that stands for the expiry of a share, which has none: 9999-12-31.
NO_EXPIRY: Final = 2_932_896

_EPOCH: Final = dt.date(1970, 1, 1).toordinal()


class Contract(NamedTuple):
    """One listed contract.

    `strike` is in index points (0.0 for a future or a share), `expiry` the epoch day of settlement,
    not the last trading day (`NO_EXPIRY` for a share).
    """

    root: int
    right: int
    strike: float
    expiry: int


@rule
def make_contract(root: int, right: int, strike: float, expiry: int) -> Contract:
    """Return a contract of plain numbers, whatever codes it was given."""
    return Contract(int(root), int(right), float(strike), int(expiry))


@rule
def contract_multiplier(root: int) -> float:
    """Return the USD a point of a contract of `root`."""
    return MULTIPLIERS[root]


@rule
def settles_at_open(root: int) -> bool:
    """Return whether a contract of `root` settles at the open of its expiry."""
    return root == Root.SPX or root >= Root.VIX


@rule
def is_future(root: int) -> bool:
    """Return whether `root` is a future: no premium, P&L from the price it was opened at."""
    return root == Root.VX or root == Root.VXM


@rule
def is_share(root: int) -> bool:
    """Return whether `root` is a share of an exchange-traded note: bought in full, and it never settles."""
    return root == Root.VXX or root == Root.UVXY


@rule
def on_vix(root: int) -> bool:
    """Return whether `root` is written on VIX rather than on the S&P 500."""
    return root >= Root.VIX


def code_name(codes: tuple[int, ...], value: int) -> str:
    """Return the name of a code in lower case.

    >>> code_name(Root, 4)
    'vx'
    """
    fields: tuple[str, ...] = type(codes)._fields  # type: ignore[attr-defined]
    return fields[codes.index(value)].lower()


def epoch_day(day: dt.date) -> int:
    """Return the epoch day of a calendar date.

    >>> epoch_day(dt.date(1970, 1, 2))
    1
    """
    return day.toordinal() - _EPOCH


def calendar_date(day: int) -> dt.date:
    """Return the calendar date of an epoch day.

    >>> calendar_date(16148)
    datetime.date(2014, 3, 19)
    """
    return dt.date.fromordinal(int(day) + _EPOCH)


def right_name(right: int) -> str | None:
    """Return `"C"`, `"P"`, or None for a future or a share."""
    return {int(Right.CALL): "C", int(Right.PUT): "P"}.get(int(right))


@lru_cache(maxsize=65536)
def contract_name(contract: Contract) -> str:
    """Return the name a trader reads.

    >>> contract_name(Contract(Root.SPX, Right.PUT, 1150.0, epoch_day(dt.date(2011, 1, 21))))
    'SPX 2011-01-21 1150 P'
    """
    if contract.expiry == NO_EXPIRY:
        return ROOT_NAMES[contract.root]
    root, expiry = ROOT_NAMES[contract.root], calendar_date(contract.expiry)
    right = right_name(contract.right)
    return f"{root} {expiry}" if right is None else f"{root} {expiry} {contract.strike:g} {right}"
