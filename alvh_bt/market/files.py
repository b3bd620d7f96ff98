"""Which files a market folder may hold, and what each gives: adding a series is one row of `FILES`."""

from __future__ import annotations

from typing import Final, NamedTuple


class Column(NamedTuple):
    """One column of a file.

    `target` is the `Market` column it fills with `source` x `scale`, over the column `per` of the
    same row if there is one. Values must be greater than `above` (or equal, when `or_equal`); a
    `blank` one is unknown that day, an error where blanks are not allowed.
    """

    source: str
    target: str
    blank: bool = False
    above: float = 0.0
    or_equal: bool = False
    scale: float = 1.0
    per: str = ""


class FileSpec(NamedTuple):
    """One file of the folder: `name`.csv with a `date` column and `columns`.

    A value stands on the session of its date, unless it is `carried`: then it is known
    `lag_months` and `lag_days` after its date, holds until the next one, and counts as repaired
    once it is older than `stale_after` calendar days.
    """

    name: str
    columns: tuple[Column, ...]
    required: bool = False
    bars: bool = False
    repair_open: bool = False
    expiry: bool = False
    carried: bool = False
    lag_months: int = 0
    lag_days: int = 0
    stale_after: int = 0


def _bars(prefix: str) -> tuple[Column, ...]:
    """Return the four columns of daily bars."""
    return tuple(Column(part, f"{prefix}_{part}") for part in ("open", "high", "low", "close"))


def _close(name: str) -> FileSpec:
    """Return the file of an optional index that has a close alone."""
    return FileSpec(name, (Column("close", name, blank=True),))


FILES: Final[tuple[FileSpec, ...]] = (
    FileSpec(
        "spx",
        (*_bars("spx"), Column("volume", "spx_volume", blank=True, or_equal=True)),
        required=True,
        bars=True,
    ),
    FileSpec("vix", _bars("vix"), required=True, bars=True, repair_open=True),
    _close("vix9d"),
    _close("vix3m"),
    _close("vix6m"),
    _close("vvix"),
    _close("skew"),
    # Published after the close, monthly before 2000: a month may pass between two values.
    FileSpec(
        "rates",
        (Column("dtb3", "rate", blank=True, above=-100.0, scale=0.01),),
        carried=True,
        lag_days=1,
        stale_after=45,
    ),
    # A month's row is an average of the month, and its dividend is known a quarter later.
    FileSpec(
        "shiller",
        (
            Column("dividend", "dividend_yield", blank=True, or_equal=True, per="price"),
            Column("price", "", blank=True),
        ),
        carried=True,
        lag_months=3,
        stale_after=62,
    ),
    FileSpec("vx_futures", (Column("settle", ""),), expiry=True),
    FileSpec("settlements", (Column("spx_set", "spx_set", blank=True), Column("vro", "vro", blank=True))),
)
