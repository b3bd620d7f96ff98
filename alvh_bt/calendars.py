"""Which expiries there are, and from when each could be traded.

Expiries follow the exchange's rules, so that they are known in advance. A holiday of the year's
calendar moves an expiry when it is listed; a closure that nobody could foresee (a storm, a day of
mourning) moves only what was to expire on that very day.

A *listing era* is a pair: the epoch day from which the exchange listed a series, and how many
calendar days ahead of its expiry. Where sources differ the shorter horizon is taken: offering too
little is an inconvenience, offering what did not trade is a lie.

Sources: the listing eras of SPX Weeklys follow Cboe's announcements (2010, 2012, 2014, 2016, 2022);
published chains of January 2011 and July 2022 confirm those two, the eras between are unchecked. VX
settlement days: Cboe Futures Exchange rule 1202(b); VX listings: the exchange's settlement files.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numba import njit

from alvh_bt.contracts import Root, calendar_date, epoch_day
from alvh_bt.sessions import (
    Days,
    check_span,
    exchange_sessions,
    on_or_before,
    scheduled_and_held,
    session_held_for,
)

__all__ = [
    "Expiries",
    "exchange_sessions",
    "listed_expiry_nearest",
    "spx_expiries",
    "spx_monthly_expiry",
    "vix_option_expiries",
    "vx_expiries",
    "vx_expiry",
]

Eras = tuple[tuple[int, int], ...]

#: Calendar days from a VIX expiry to the SPX expiry that its options price (Cboe VIX white paper).
VIX_TENOR_DAYS: Final = 30

_FRIDAY: Final = 4


def _eras(*eras: tuple[str, int]) -> Eras:
    """Return listing eras with their first days as epoch days."""
    return tuple((epoch_day(dt.date.fromisoformat(since)), ahead) for since, ahead in eras)


#: Listing eras of SPXW by weekday (Monday 0).
_WEEKLY_ERAS: Final[dict[int, Eras]] = {
    0: _eras(("2016-08-15", 28)),
    1: _eras(("2022-04-18", 14)),
    2: _eras(("2016-02-23", 28)),
    3: _eras(("2022-05-11", 14)),
    4: _eras(("2010-01-01", 8), ("2012-11-01", 28), ("2014-01-15", 42), ("2022-01-01", 53)),
}
_SPX_QUARTERLY: Final = _eras(("1983-07-01", 365))
# In the chains of January 2011 serial months reach 102 days and not 133; the year in which all twelve
# were listed is not published, so a late one is taken.
_SPX_SERIAL: Final = _eras(("1983-07-01", 100), ("2014-01-01", 365))
_VIX_OPTION: Final = _eras(("2006-02-24", 180))
# Listings of VX as its settlement files show them: the February cycle first, then every month.
_VX_CYCLE: Final = _eras(("2004-03-26", 238))
_VX_SERIAL: Final = _eras(("2004-03-26", 58), ("2006-10-23", 177), ("2008-04-21", 238))
_VX_CYCLE_MONTHS: Final = (2, 5, 8, 11)
_VX_NEVER_LISTED: Final = frozenset({(2004, 4), (2004, 12), (2005, 4), (2005, 7), (2005, 9)})


class Expiries(NamedTuple):
    """The expiries of one product family, sorted by (day, root).

    `day` is the epoch day of settlement, `root` the `contracts.Root`, `listed_from` the epoch
    day from which the expiry could be traded; each an int64 array of shape (n,).
    """

    day: Days
    root: Days
    listed_from: Days


def _third_friday(year: int, month: int) -> int:
    """Return the epoch day of the third Friday of a month, holiday or not."""
    first = dt.date(year, month, 1)
    check_span(first)
    return epoch_day(first) + (_FRIDAY - first.weekday()) % 7 + 14


@lru_cache(maxsize=4096)
def spx_monthly_expiry(year: int, month: int) -> dt.date:
    """Return the expiry of the SPX monthly options: the third Friday, or the session before it.

    Raises
    ------
    DataError
        A month outside 1960..2060.

    Examples
    --------
    >>> spx_monthly_expiry(2019, 4)
    datetime.date(2019, 4, 18)
    """
    return calendar_date(session_held_for(_third_friday(year, month)))


@lru_cache(maxsize=4096)
def vx_expiry(year: int, month: int) -> dt.date:
    """Return the settlement day of the VX future and the VIX options *of* a month.

    It is 30 calendar days before the third Friday of the month after; when that Friday or the
    day itself is a holiday, the session before.

    Raises
    ------
    DataError
        A month outside 1960..2060.

    Examples
    --------
    >>> vx_expiry(2014, 3)
    datetime.date(2014, 3, 18)
    """
    later = (year + 1, 1) if month == 12 else (year, month + 1)
    friday = np.array([_third_friday(*later)])
    # The holiday that counts is the scheduled one: a closure a month later could not be known.
    priced = int(on_or_before(scheduled_and_held()[0], friday)[0])
    return calendar_date(session_held_for(priced - VIX_TENOR_DAYS))


def _listed_from(days: Days, eras: Eras) -> Days:
    """Return the first day on which each of `days` was listed, given eras of growing horizons."""
    starts, ahead = np.array(eras, dtype=np.int64).T
    first = np.maximum(days[:, None] - ahead, starts)
    # An era that began after the expiry did not list it.
    return np.where(starts <= days[:, None], first, days[:, None] + 1).min(axis=1)


def _months(start: dt.date, end: dt.date) -> Iterator[tuple[int, int]]:
    """Yield the (year, month) pairs from the month of `start` to 13 months after that of `end`."""
    for count in range(start.year * 12 + start.month - 1, end.year * 12 + end.month + 13):
        yield count // 12, count % 12 + 1


def _monthly(
    start: dt.date,
    end: dt.date,
    root: int,
    expiry: Callable[[int, int], dt.date],
    eras: Callable[[int], Eras],
) -> Expiries:
    """Return one expiry a month, `eras` giving the listing eras of a month of the year."""
    months = list(_months(start, end))
    day = np.array([epoch_day(expiry(*month)) for month in months], dtype=np.int64)
    listed = [int(_listed_from(day[k : k + 1], eras(month))[0]) for k, (_, month) in enumerate(months)]
    return Expiries(day, np.full(len(day), int(root)), np.array(listed, dtype=np.int64))


def _tradable(expiries: Expiries, start: dt.date, end: dt.date) -> Expiries:
    """Return the expiries that could be traded or could settle on some day of start..end."""
    first, last = epoch_day(start), epoch_day(end)
    keep = (expiries.day >= first) & (expiries.listed_from <= last) & (expiries.listed_from <= expiries.day)
    return Expiries(*(column[keep] for column in expiries))


def _weeklies(start: dt.date, end: dt.date) -> Expiries:
    """Return the SPXW expiries, without the days on which an SPX monthly expires."""
    scheduled, held = scheduled_and_held()
    calendar = np.arange(epoch_day(start) - 7, epoch_day(end) + 60)
    found: dict[int, int] = {}
    for weekday, eras in _WEEKLY_ERAS.items():
        days = calendar[(calendar + 3) % 7 == weekday]  # the first epoch day was a Thursday
        # A Monday holiday moves the weekly to Tuesday, any other holiday to the session before.
        moved = scheduled[np.searchsorted(scheduled, days)] if weekday == 0 else on_or_before(scheduled, days)
        settled = on_or_before(held, moved)
        for day, listed in zip(settled.tolist(), _listed_from(days, eras).tolist(), strict=True):
            found[day] = min(found.get(day, listed), listed)
    monthlies = {epoch_day(spx_monthly_expiry(*month)) for month in _months(start, end)}
    day = np.array(sorted(found.keys() - monthlies), dtype=np.int64)
    listed_from = np.array([found[d] for d in day.tolist()], dtype=np.int64)
    return Expiries(day, np.full(len(day), int(Root.SPXW)), listed_from)


def spx_expiries(start: dt.date, end: dt.date) -> Expiries:
    """Return the SPX (AM) and SPXW (PM) expiries that were listed on some day of start..end.

    A third Friday is listed under SPX alone. Weeklies: Fridays from 2010, Wednesdays and Mondays
    from 2016, every day from May 2022. Expiries after `end` are included as far as they were listed.

    Parameters
    ----------
    start, end
        Calendar dates, both included.

    Raises
    ------
    DataError
        A date outside 1960..2060.

    Examples
    --------
    >>> week = spx_expiries(dt.date(2011, 1, 6), dt.date(2011, 1, 14))
    >>> from alvh_bt.contracts import ROOT_NAMES
    >>> [(str(calendar_date(d)), ROOT_NAMES[r]) for d, r in zip(week.day[:3], week.root[:3])]
    [('2011-01-07', 'SPXW'), ('2011-01-14', 'SPXW'), ('2011-01-21', 'SPX')]
    """
    monthly = _monthly(
        start, end, Root.SPX, spx_monthly_expiry, lambda month: _SPX_SERIAL if month % 3 else _SPX_QUARTERLY
    )
    weekly = _weeklies(start, end)
    both = Expiries(*(np.concatenate(pair) for pair in zip(monthly, weekly, strict=True)))
    order = np.lexsort((both.root, both.day))
    return _tradable(Expiries(*(column[order] for column in both)), start, end)


def vix_option_expiries(start: dt.date, end: dt.date) -> Expiries:
    """Return the monthly VIX option expiries that were listed on some day of start..end.

    They began on 2006-02-24; each is listed 180 calendar days ahead.

    Raises
    ------
    DataError
        A date outside 1960..2060.

    Examples
    --------
    >>> str(calendar_date(vix_option_expiries(dt.date(2006, 1, 3), dt.date(2006, 2, 24)).day[0]))
    '2006-03-22'
    """
    return _tradable(_monthly(start, end, Root.VIX, vx_expiry, lambda month: _VIX_OPTION), start, end)


def vx_expiries(start: dt.date, end: dt.date) -> Expiries:
    """Return the monthly VX future expiries that were listed on some day of start..end.

    They began on 2004-03-26 with the February cycle and the two nearest months; the nearest eight
    months are listed from 2008. Five months of 2004 and 2005 never were.

    Raises
    ------
    DataError
        A date outside 1960..2060.

    Examples
    --------
    >>> str(calendar_date(vx_expiries(dt.date(2024, 6, 1), dt.date(2024, 6, 1)).day[0]))
    '2024-06-18'
    """
    every = _monthly(
        start, end, Root.VX, vx_expiry, lambda month: _VX_CYCLE if month in _VX_CYCLE_MONTHS else _VX_SERIAL
    )
    unlisted = [epoch_day(vx_expiry(*month)) for month in sorted(_VX_NEVER_LISTED)]
    keep = ~np.isin(every.day, unlisted)
    return _tradable(Expiries(*(column[keep] for column in every)), start, end)


@njit(cache=True)
def listed_expiry_nearest(expiries: Expiries, today: int, target_dte: int, min_dte: int) -> int:
    """Return the index of the expiry listed `today` whose days to expiry are nearest `target_dte`.

    Parameters
    ----------
    expiries
        A table of this module, sorted by day.
    today
        Epoch day.
    target_dte, min_dte
        Calendar days; an expiry nearer than `min_dte` is not considered.

    Returns
    -------
    Index into `expiries`; on a tie the earlier expiry; -1 when none is listed.

    Examples
    --------
    >>> monthlies = vix_option_expiries(dt.date(2024, 1, 1), dt.date(2024, 12, 31))
    >>> k = listed_expiry_nearest(monthlies, epoch_day(dt.date(2024, 5, 20)), 30, 1)
    >>> str(calendar_date(monthlies.day[k]))
    '2024-06-18'
    """
    best, best_gap = -1, 0
    for k in range(np.searchsorted(expiries.day, today + min_dte), len(expiries.day)):
        gap = abs(expiries.day[k] - today - target_dte)
        if best >= 0 and gap > best_gap and expiries.day[k] - today > target_dte:
            break  # later expiries are only further away
        if expiries.listed_from[k] <= today and (best < 0 or gap < best_gap):
            best, best_gap = k, gap
    return best
