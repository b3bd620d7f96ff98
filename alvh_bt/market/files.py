"""Which files a market folder may hold, and what each gives: adding a series is one row of `FILES`."""

from __future__ import annotations

import math
from typing import Final, NamedTuple


class Lag(NamedTuple):
    """How long after its date a row is known: `months`, then `days`."""

    months: int = 0
    days: int = 0


class Column(NamedTuple):
    """One column of a file.

    `target` is the `Market` column it fills with `source` x `scale`, over the column `per` of the
    same row if there is one. Values must be greater than `above` (or equal, when `or_equal`) and at
    most `most`; a `blank` one is unknown that day, an error where blanks are not allowed. An `optional`
    column may be missing from the file. `lag` replaces the file's; `modelled` values stand in for the
    target, which they are not.
    """

    source: str
    target: str
    blank: bool = False
    above: float = 0.0
    or_equal: bool = False
    scale: float = 1.0
    per: str = ""
    most: float = math.inf
    optional: bool = False
    lag: Lag | None = None
    modelled: bool = False


class FileSpec(NamedTuple):
    """One file of the folder: `name`.csv with a `date` column, `columns` of numbers and `labels` of text.

    A value stands on the session of its date, unless it is `carried`: then it is known
    `lag` after its date, holds until the next one, and counts as repaired once it is older than
    `stale_after` calendar days. Where two files give one column, the later of `FILES` counts on the
    sessions on which it has a value. With labels, a day may have many rows, each with other labels. A
    `schedule` may name days to come.
    """

    name: str
    columns: tuple[Column, ...]
    required: bool = False
    bars: bool = False
    repair_open: bool = False
    expiry: bool = False
    carried: bool = False
    lag: Lag = Lag()
    stale_after: int = 0
    date: str = "date"
    labels: tuple[str, ...] = ()
    schedule: bool = False


def _bars(prefix: str) -> tuple[Column, ...]:
    """Return the four columns of daily bars."""
    return tuple(Column(part, f"{prefix}_{part}") for part in ("open", "high", "low", "close"))


def _close(name: str, target: str = "") -> FileSpec:
    """Return the file of an optional index or note that has a close alone."""
    return FileSpec(name, (Column("close", target or name, blank=True),))


def _monthly(source: str, target: str, per: str = "", above: float = 0.0, modelled: bool = False) -> Column:
    """Return an optional column of the monthly history of earnings and prices."""
    return Column(source, target, blank=True, above=above, per=per, optional=True, modelled=modelled)


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
        lag=Lag(days=1),
        stale_after=45,
    ),
    # A month's row is an average of the month. Its dividend and earnings are known a quarter later, the
    # rate of the month when the month is over. Earnings stand for cash flow where nothing better is at hand.
    FileSpec(
        "shiller",
        (
            Column("dividend", "dividend_yield", blank=True, or_equal=True, per="price"),
            Column("price", "", blank=True),
            Column("dividend", "dividends", blank=True, or_equal=True),
            Column("price", "ten_year_earnings", blank=True, per="cape"),
            _monthly("cape", ""),
            _monthly("earnings", "cash_flow", above=-math.inf, modelled=True),
            Column("gs10", "long_rate", blank=True, above=-100.0, scale=0.01, optional=True, lag=Lag(1, 1)),
        ),
        carried=True,
        lag=Lag(months=3),
        stale_after=62,
    ),
    FileSpec(
        "cash_flow",
        (Column("cash_flow", "cash_flow", blank=True, above=-math.inf),),
        carried=True,
        lag=Lag(months=3),
        stale_after=62,
    ),
    # Published in the middle of the month after the next at the latest.
    FileSpec(
        "reer",
        (Column("reer", "reer", blank=True),),
        carried=True,
        lag=Lag(months=1, days=42),
        stale_after=62,
    ),
    FileSpec(
        "foreign_rates",
        (Column("rate", "foreign_rate", blank=True, above=-100.0, scale=0.01),),
        carried=True,
        lag=Lag(days=1),
        stale_after=45,
    ),
    FileSpec(
        "hy_oas",
        (Column("hy_oas", "credit_spread", blank=True, scale=0.01),),
        carried=True,
        lag=Lag(days=1),
        stale_after=10,
    ),
    FileSpec(
        "advances",
        (
            Column("advances", "advances", blank=True, or_equal=True),
            Column("declines", "declines", blank=True, or_equal=True),
        ),
    ),
    FileSpec(
        "breadth",
        (
            Column("net_new_highs", "net_new_highs", blank=True, above=-math.inf, optional=True),
            Column(
                "percent_advancers",
                "percent_advancers",
                blank=True,
                or_equal=True,
                most=100.0,
                scale=0.01,
                optional=True,
            ),
        ),
    ),
    _close("equal_weight"),
    _close("equity"),
    _close("etp_vxx_series_a", "vxx_series_a"),
    _close("etp_vxx", "vxx"),
    _close("etp_uvxy", "uvxy"),
    FileSpec(
        "macro_events",
        (
            Column("actual", "", blank=True, above=-1000.0, most=1000.0, optional=True),
            Column("consensus", "", blank=True, above=-1000.0, most=1000.0, optional=True),
        ),
        labels=("event",),
        schedule=True,
    ),
    FileSpec(
        "fundamentals",
        (Column("quick_ratio", "", blank=True, or_equal=True),),
        date="as_of",
        labels=("symbol", "group"),
    ),
    FileSpec(
        "vx_futures",
        (Column("settle", ""), Column("volume", "", blank=True, or_equal=True, optional=True)),
        expiry=True,
    ),
    FileSpec("settlements", (Column("spx_set", "spx_set", blank=True), Column("vro", "vro", blank=True))),
)
