"""The words for what can go wrong with the books of a run."""

from __future__ import annotations

from typing import Any, NoReturn

from alvh_bt.book.held import Trouble
from alvh_bt.book.records import Rows, lot_contract
from alvh_bt.contracts import calendar_date, contract_name
from alvh_bt.errors import AccountingError, DataError, MarginError


def refuse(trouble: int, lots: Rows, about: int, amount: float, day: int) -> NoReturn:
    """Raise what a step of the books found.

    Parameters
    ----------
    trouble
        `Trouble` code, not NONE.
    lots, about
        The lots then, and the row of the one that it concerns.
    amount
        USD.
    day
        Epoch day.

    Raises
    ------
    DataError
        A session, a settlement value or a price is missing.
    AccountingError
        Anything else: the books themselves are wrong.
    """
    lot: Any = lots[about]
    name, expiry, date = contract_name(lot_contract(lot)), calendar_date(lot["expiry"]), calendar_date(day)
    if trouble == Trouble.MISSED:
        raise DataError(
            f"the data has no session on {expiry}, on which {name} settles; "
            "add its row to spx.csv and vix.csv"
        )
    if trouble == Trouble.NO_VALUE:
        raise DataError(f"no settlement value for {name} on {date}; add it to settlements.csv")
    if trouble == Trouble.NO_MARK:
        raise DataError(f"no price for {name} on {date}; give data that covers it")
    if trouble == Trouble.LATE:
        raise AccountingError(f"{name} is still held after its settlement on {date}; report this")
    raise AccountingError(
        f"condor {lot['group']} pays {amount:.2f} USD less than its widest wing allows at settlement "
        f"on {expiry}; report this"
    )


def unbalanced(gap: float, day: int) -> AccountingError:
    """Return the error of books that differ by `gap` USD on epoch day `day`."""
    date = calendar_date(day)
    return AccountingError(f"on {date} NAV and cash plus marks differ by {gap:.8f} USD; report this")


def short_of_margin(shortfall: float, day: int) -> MarginError:
    """Return the error of a run that lacks `shortfall` USD of margin on epoch day `day`."""
    return MarginError(
        f"margin not met on {calendar_date(day)}: short by {shortfall:,.2f} USD; "
        "lower the quantities, raise book.starting_cash or set book.on_margin = 'cut'"
    )
