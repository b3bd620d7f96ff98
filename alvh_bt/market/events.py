"""Meetings of the Federal Reserve and releases of CPI and PPI, as days to and since them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from alvh_bt.market.align import Aligned, Days, Values, observed_where_finite
from alvh_bt.market.csv_source import Table

#: Meetings that were announced beforehand, and those that were not.
SCHEDULED_FOMC: Final = ("FOMC", "FOMC_DECISION")
SUDDEN_FOMC: Final = ("FOMC_INTERMEETING",)
INFLATION: Final = ("CPI", "PPI")

#: Decimals of a surprise, percentage points: 0.6 less 0.2 must reach a threshold of 0.4, and falls short of
#: it by the last bit of a double.
DECIMALS: Final = 6


def event_columns(table: Table, days: Days) -> Aligned:
    """Return the days to and since meetings and releases, and how far inflation beat its consensus.

    The days *to* an event read the schedule ahead. That is no look-ahead: dates are published months
    before. A meeting between the scheduled ones was known to nobody, and counts from its day on only.

    Parameters
    ----------
    table
        Rows with an `event`, and `actual` and `consensus` in percentage points where they are at hand.
    days
        Epoch days of the sessions.
    """
    event = table.labels["event"]
    planned = table.day[np.isin(event, SCHEDULED_FOMC)]
    meetings = table.day[np.isin(event, SCHEDULED_FOMC + SUDDEN_FOMC)]
    releases = table.day[np.isin(event, INFLATION)]
    values = {
        "days_to_fomc": days_to(planned, days),
        "days_since_fomc": days_since(meetings, days),
        "days_to_inflation": days_to(releases, days),
        "days_since_inflation": days_since(releases, days),
        "inflation_surprise": surprise(table, np.isin(event, INFLATION), days),
    }
    return Aligned(values, {name: observed_where_finite(column) for name, column in values.items()}, [], {})


def days_to(events: Days, days: Days) -> Values:
    """Return the calendar days to the next event, 0 on its day; NaN before the first and after the last.

    Before the first row the file may lack earlier events, so that the first is not known to be the next.
    """
    result = np.full(len(days), np.nan)
    at = np.searchsorted(events, days, side="left")
    inside = (at < len(events)) & (np.searchsorted(events, days, side="right") > 0)
    result[inside] = events[at[inside]] - days[inside]
    return result


def days_since(events: Days, days: Days) -> Values:
    """Return the calendar days since the last event, 0 on its day; NaN before the first."""
    result = np.full(len(days), np.nan)
    at = np.searchsorted(events, days, side="right") - 1
    result[at >= 0] = days[at >= 0] - events[at[at >= 0]]
    return result


def surprise(table: Table, release: NDArray[np.bool_], days: Days) -> Values:
    """Return the largest actual less consensus, percentage points, of each session's releases.

    Rounded to `DECIMALS`, so that equal published numbers compare as equal.
    A release on a day without a session counts on the next one. 0.0 on sessions without a release, NaN
    where no release of a session has both numbers, and up to the first release of the file that has.
    """
    result = np.full(len(days), np.nan)
    if not {"actual", "consensus"} <= table.values.keys():
        return result
    gap = np.round(table.values["actual"][release] - table.values["consensus"][release], DECIMALS)
    at = np.searchsorted(days, table.day[release], side="left")
    inside = (at < len(days)) & (table.day[release] >= days[0])
    gap, at = gap[inside], at[inside]
    known = np.isfinite(gap)
    if known.any():
        result[at[known].min() :] = 0.0
        result[at] = np.nan
        np.fmax.at(result, at[known], gap[known])
    return result
