"""Mending published flaws on aligned columns: each day that is touched is marked and counted."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from alvh_bt.contracts import calendar_date, epoch_day
from alvh_bt.errors import DataError
from alvh_bt.market.align import Aligned, Days
from alvh_bt.market.market import Provenance, Repair

#: The most sessions in a row over which the last VIX is held.
VIX_HELD_AT_MOST: Final = 3
#: Before this day VVIX is a trial calculation: 15.71 on 2006-03-15, and most sessions missing.
VVIX_USABLE_FROM: Final = dt.date(2006, 6, 1)


def _count(aligned: Aligned, name: str, what: str, days: Days) -> None:
    """Count a repair, if there is one."""
    if len(days):
        aligned.repairs.append(Repair(name, what, tuple(days.tolist())))


def hold_missing_vix(aligned: Aligned, days: Days, where: str) -> None:
    """Give sessions without VIX the last close, at most three in a row.

    Parameters
    ----------
    aligned
        All columns; the VIX ones are changed in place.
    days
        Epoch days of the sessions.
    where
        The VIX file, for the message.

    Raises
    ------
    DataError
        When VIX is missing longer and then comes back.
    """
    close = aligned.values["vix_close"]
    known = np.isfinite(close)
    here = np.arange(len(days))
    last_known = np.maximum.accumulate(np.where(known, here, -1))
    age = here - last_known
    broken = np.flatnonzero(known[1:] & (last_known[:-1] >= 0) & (age[:-1] > VIX_HELD_AT_MOST))
    if len(broken):
        k = int(broken[0])
        raise DataError(
            f"{where}: no row for {age[k]} sessions after {calendar_date(days[last_known[k]])} "
            f"(at most {VIX_HELD_AT_MOST}): fill the gap, or start the file after it"
        )
    held = (last_known >= 0) & (age > 0) & (age <= VIX_HELD_AT_MOST)
    last_close = close[last_known[held]]
    for name in [name for name in aligned.values if name.startswith("vix_")]:
        aligned.values[name][held] = last_close
        aligned.provenance[name][held] = Provenance.REPAIRED
    _count(aligned, "vix", "session missing from the file (last close held)", days[held])


def mend_vix_opens(aligned: Aligned, days: Days) -> None:
    """Replace VIX opens outside low..high by the previous close; the range was not known at the open."""
    if "vix_open" not in aligned.values:
        return
    opens, low, high = (aligned.values[f"vix_{part}"] for part in ("open", "low", "high"))
    bad = (opens < low) | (opens > high)
    before = np.concatenate([[np.nan], aligned.values["vix_close"][:-1]])
    opens[bad] = before[bad]
    known = np.isfinite(before)
    aligned.provenance["vix_open"][bad & known] = Provenance.REPAIRED
    aligned.provenance["vix_open"][bad & ~known] = Provenance.UNAVAILABLE
    _count(aligned, "vix", "open outside low..high (previous close taken)", days[bad])


def drop_trial_vvix(aligned: Aligned, days: Days) -> None:
    """Make VVIX before 2006-06-01 unknown."""
    if "vvix" not in aligned.values:
        return
    trial = (days < epoch_day(VVIX_USABLE_FROM)) & np.isfinite(aligned.values["vvix"])
    aligned.values["vvix"][trial] = np.nan
    aligned.provenance["vvix"][trial] = Provenance.UNAVAILABLE
    _count(aligned, "vvix", f"before {VVIX_USABLE_FROM}, not usable (dropped)", days[trial])


def drop_zero_volume(aligned: Aligned, days: Days) -> None:
    """Make an S&P 500 volume of zero unknown."""
    if "spx_volume" not in aligned.values:
        return
    zero = aligned.values["spx_volume"] == 0.0
    aligned.values["spx_volume"][zero] = np.nan
    aligned.provenance["spx_volume"][zero] = Provenance.UNAVAILABLE
    _count(aligned, "spx", "volume of zero (dropped)", days[zero])


def note_stale_opens(aligned: Aligned, days: Days) -> None:
    """Count the S&P 500 opens that repeat the previous close; they are kept as observed.

    Before 2008 the index opened on the last prices of stocks that had not traded yet.
    """
    stale = np.flatnonzero(aligned.values["spx_open"][1:] == aligned.values["spx_close"][:-1]) + 1
    _count(aligned, "spx", "open equal to the previous close, a stale print (kept)", days[stale])


def mend(aligned: Aligned, days: Days, vix_where: str) -> None:
    """Mend all that is known to be flawed in published history, in place.

    Raises
    ------
    DataError
        When VIX is missing on more than three sessions in a row and then comes back.
    """
    hold_missing_vix(aligned, days, vix_where)
    mend_vix_opens(aligned, days)
    drop_trial_vvix(aligned, days)
    drop_zero_volume(aligned, days)
    note_stale_opens(aligned, days)
