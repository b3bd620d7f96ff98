"""Dates of FOMC decisions, and of releases of CPI, PPI and the jobs report, past and announced."""

from __future__ import annotations

import calendar
import contextlib
import datetime as dt
import logging
import re
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final, NamedTuple

import pandas as pd

from alvh_bt.errors import DataError
from alvh_bt.fetch.address import shown
from alvh_bt.fetch.answers import Kind
from alvh_bt.fetch.source import Fetched, Source

_LOG = logging.getLogger("alvh_bt.fetch")

_FED: Final = "https://www.federalreserve.gov/monetarypolicy"
_ALFRED: Final = "https://alfred.stlouisfed.org/release"
_BLS: Final = "https://www.bls.gov/schedule/news_release"
#: Event -> number of the release at the St. Louis Fed, page of the schedule at the BLS.
_RELEASES: Final = {"CPI": (10, "cpi.htm"), "PPI": (46, "ppi.htm"), "NFP": (50, "empsit.htm")}
_FIRST_YEAR: Final = 2000
_MONTHS: Final = {name.lower(): k for k, name in enumerate(calendar.month_abbr) if name}
_CHANGED: Final = "the page may have changed: use a later version"


class Event(NamedTuple):
    """One row of macro_events.csv; `time_et` is HH:MM in New York, empty where it is not known."""

    date: dt.date
    event: str
    time_et: str = ""


class Events(Source):
    """FOMC meetings from the Federal Reserve's pages; releases from ALFRED, those to come from the BLS.

    Neither what was expected of a release nor what it said is given for free in one place: the columns
    `actual` and `consensus` are left out. Conference calls and notation votes are no meetings.
    """

    name: ClassVar[str] = "events"
    licence: ClassVar[str] = "Dates published by the Federal Reserve and the BLS, in the public domain."
    terms: ClassVar[str] = "FRED's terms of use apply to ALFRED: https://fred.stlouisfed.org/legal/"
    base: str = _FED
    symbols: ClassVar[Mapping[str, str]] = {"macro_events": "fomccalendars.htm"}

    def fetch(self, series: str, since: dt.date | None, until: dt.date) -> Fetched:
        """Return a row a day and event, those that are announced included.

        Raises
        ------
        DataError
            The Federal Reserve or ALFRED fails. Without the BLS only days to come are missing.
        """
        url = f"{self.base}/{self.symbols[series]}"
        found, years = calendar_meetings(shown(url), self._page(url))
        first = max(_FIRST_YEAR, since.year if since else _FIRST_YEAR)
        for year in range(first, min(years)):
            old = f"{self.base}/fomchistorical{year}.htm"
            found += historical_meetings(shown(old), self._page(old))
        for event, (number, page) in _RELEASES.items():
            released = self._releases(event, number)
            found += released + self._announced(event, page, max(each.date for each in released))
        frame = pd.DataFrame(sorted(set(found)), columns=list(Event._fields))
        frame["date"] = pd.to_datetime(frame["date"])
        frame["time_et"] = frame["time_et"].mask(frame["time_et"] == "")
        return Fetched(frame.drop_duplicates(["date", "event"], keep="last"), url)

    def _page(self, url: str) -> str:
        return self.web.get(url, Kind.PAGE).decode("utf-8")

    def _elsewhere(self, place: str) -> str:
        """Return a folder of another publisher; of a mirror all files stand in one."""
        return place if self.base == _FED else self.base

    def _releases(self, event: str, number: int) -> list[Event]:
        """Return the days on which a release came out."""
        url = f"{self._elsewhere(_ALFRED)}/downloaddates?rid={number}&ff=txt"
        text = self.web.get(url).decode("utf-8")
        days = [dt.date.fromisoformat(day) for day in re.findall(r"^(\d{4}-[01]\d-[0-3]\d)\s*$", text, re.M)]
        days = [day for day in days if day.year >= _FIRST_YEAR]
        if not days:
            raise DataError(f"{shown(url)}: no dates of releases: {_CHANGED}")
        return [Event(day, event, "08:30") for day in monthly(days)]

    def _announced(self, event: str, page: str, after: dt.date) -> list[Event]:
        """Return the releases to come; none, and a warning, where the BLS does not answer a program."""
        url = f"{self._elsewhere(_BLS)}/{page}"
        try:
            days = scheduled_days(shown(url), self._page(url))
        except DataError as error:
            _LOG.warning("no %s dates to come: %s", event, error)
            return []
        return [Event(day, event, "08:30") for day in days if day > after]


def monthly(days: Iterable[dt.date]) -> list[dt.date]:
    """Return the last day of each month: what came earlier in it were revisions of seasonal factors.

    Examples
    --------
    >>> monthly([dt.date(2024, 2, 9), dt.date(2024, 2, 13), dt.date(2024, 3, 12)])
    [datetime.date(2024, 2, 13), datetime.date(2024, 3, 12)]
    """
    return list({(day.year, day.month): day for day in sorted(days)}.values())


def calendar_meetings(where: str, page: str) -> tuple[list[Event], list[int]]:
    """Return the meetings of the Federal Reserve's calendar, and the years that it covers.

    Raises
    ------
    DataError
        A page of another form.
    """
    from lxml import html

    found: list[Event] = []
    years: list[int] = []
    for panel in html.fromstring(page.encode()).xpath('//div[contains(@class, "panel-default")]'):
        named = re.search(r"(\d{4})\s+FOMC Meetings", panel.text_content())
        if not named:
            continue
        years.append(int(named[1]))
        parts = (
            panel.xpath(f'.//div[contains(@class, "fomc-meeting__{part}")]') for part in ("month", "date")
        )
        for month, days in zip(*parts, strict=False):
            meeting = meeting_of(f"{month.text_content()} {days.text_content()}", int(named[1]))
            found += [] if meeting is None else [meeting]
    if not found:
        raise DataError(f"{where}: no meetings on the page: {_CHANGED}")
    return found, years


def historical_meetings(where: str, page: str) -> list[Event]:
    """Return the meetings of the page of one past year.

    Raises
    ------
    DataError
        A page of another form.
    """
    from lxml import html

    found = []
    for heading in html.fromstring(page.encode()).xpath("//h5"):
        text = " ".join(heading.text_content().split())
        named = re.fullmatch(r"(.*?)(?:\s+Meeting)?\s+-\s+(\d{4})", text)
        if named and "Conference Call" not in text:
            meeting = meeting_of(named[1], int(named[2]))
            found += [] if meeting is None else [meeting]
    if not found:
        raise DataError(f"{where}: no meetings on the page: {_CHANGED}")
    return found


def meeting_of(text: str, year: int) -> Event | None:
    """Return the decision of a meeting, on its last day; None for what is no meeting.

    Examples
    --------
    >>> str(meeting_of("Apr/May 30-1*", 2024).date), meeting_of("March 17-18 (cancelled)", 2020)
    ('2024-05-01', None)
    >>> meeting_of("March 15 (unscheduled)", 2020).event
    'FOMC_INTERMEETING'
    """
    plain = text.lower()
    if "cancel" in plain or "notation" in plain:
        return None
    months = [_MONTHS[name] for name in re.findall(r"\b([a-z]{3})[a-z]*", plain) if name in _MONTHS]
    days = [int(day) for day in re.findall(r"\b(\d{1,2})\b", plain)]
    if not months or not days:
        return None
    sudden = "unscheduled" in plain
    try:
        day = dt.date(year, months[-1], days[-1])
    except ValueError:
        return None
    # At two o'clock since March 2013; before, the hour changed from meeting to meeting.
    time = "14:00" if day >= dt.date(2013, 3, 20) and not sudden else ""
    return Event(day, "FOMC_INTERMEETING" if sudden else "FOMC_DECISION", time)


def scheduled_days(where: str, page: str) -> list[dt.date]:
    """Return the release dates of a schedule of the BLS, as `Feb. 13, 2024` in its table.

    Raises
    ------
    DataError
        A page of another form.
    """
    found = []
    for month, day, year in re.findall(r">\s*([A-Z][a-z]{2})[a-z]*\.? (\d{1,2}), (\d{4})\s*<", page):
        # A slip on the page (Feb. 30) costs that date, not the others.
        with contextlib.suppress(ValueError):
            if month.lower() in _MONTHS:
                found.append(dt.date(int(year), _MONTHS[month.lower()], int(day)))
    if not found:
        raise DataError(f"{where}: no dates on the page: {_CHANGED}")
    return sorted(found)
