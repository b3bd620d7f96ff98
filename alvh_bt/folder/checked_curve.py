"""Checks of the VX futures: listings, expiries, settlements off the curve, and the last one of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from alvh_bt.calendars import vx_expiry
from alvh_bt.contracts import calendar_date, epoch_day
from alvh_bt.folder.contents import Contents
from alvh_bt.folder.finding import Finding, found
from alvh_bt.sessions import exchange_sessions, on_or_before, scheduled_and_held

NAME: Final = "vx_futures"
#: Relative distance of the last settlement to VIX at the same close beyond which one of them is wrong: a
#: day before it settles on VIX a future is VIX, but for the night. Half of all are within 1.1%, 99% in 6.6%.
LAST_SETTLE: Final = 0.10
#: Relative move of a settlement against the line between its neighbours, taken back the next day. A kink
#: that stays is real (elections); on quiet days kinks move by less than 1%.
KINK: Final = 0.05
KINK_LEFT: Final = 0.4
#: Log ratio of neighbouring settlements that no published curve has reached (0.40 in October 2008).
STEP: Final = 0.6
#: Calendar days between neighbouring expiries of the same day: five weeks at most where each month is listed.
MONTH: Final = 40
#: From here on each month is listed as far as nine reach (calendars: the eras of VX).
_ALL_LISTED: Final = epoch_day(dt.date(2008, 12, 31))


def check_curve(contents: Contents) -> Iterator[Finding]:
    """Yield what is wrong with the VX futures; nothing without them."""
    if NAME not in contents.tables:
        return
    rows = _curve_rows(contents)
    yield from _off_rule(rows)
    yield from _listing(rows)
    yield from _kinks(rows)
    yield from _holes(rows)
    if "vix" in contents.tables:
        yield from _settled(rows, contents)


def _curve_rows(contents: Contents) -> pd.DataFrame:
    """Return day, expiry and settle by day and expiry, with the neighbours' and the next and last rows."""
    table = contents.tables[NAME]
    rows = pd.DataFrame({"day": table.day, "expiry": table.expiry, "settle": table.values["settle"]})
    rows = rows[rows["expiry"] > rows["day"]].sort_values(["day", "expiry"], ignore_index=True)
    for side, step in (("near", 1), ("far", -1)):
        beside = rows.groupby("day")[["expiry", "settle"]].shift(step)
        rows[f"{side}_expiry"], rows[f"{side}_settle"] = beside["expiry"], beside["settle"]
    return rows


def _off_rule(rows: pd.DataFrame) -> Iterator[Finding]:
    """Yield expiries that the exchange's rule does not give."""
    for expiry, day in rows.groupby("expiry")["day"].min().items():
        date = calendar_date(int(str(expiry)))
        if vx_expiry(date.year, date.month) != date:
            ruled = vx_expiry(date.year, date.month)
            what = f"expiry {date}: the rule gives {ruled} (kept as given)"
            yield Finding("expiry", NAME, "warning", (int(day),), None, what)


def _listing(rows: pd.DataFrame) -> Iterator[Finding]:
    """Yield days on which a month between two others has no contract."""
    wide = rows["expiry"] - rows["near_expiry"] > MONTH
    days = rows.loc[wide, "day"].unique()
    what = "a month between two others has no contract (before 2006-10 not every month was listed)"
    severity = "note" if (days < _ALL_LISTED).all() else "warning"
    yield from found("listing", NAME, severity, days, what)
    alone = rows.groupby("day").size()
    few = alone.index[alone < 2]
    yield from found("listing", NAME, "warning", few, "fewer than two contracts: no curve that day")


def _kinks(rows: pd.DataFrame) -> Iterator[Finding]:
    """Yield settlements that leave the curve for a day, and curves too steep to be one."""
    share = (rows["expiry"] - rows["near_expiry"]) / (rows["far_expiry"] - rows["near_expiry"])
    line = rows["near_settle"] * (1.0 - share) + rows["far_settle"] * share
    rows = rows.assign(kink=rows["settle"] / line - 1.0)
    by_contract = rows.groupby("expiry")["kink"]
    came, left = by_contract.diff(), -by_contract.diff(-1)
    size = came.abs()
    # Of three contracts in a row the one in the middle is off when the outer two kink the other way.
    largest = size == size.groupby(rows["day"]).transform("max")
    bad = largest & (size > KINK) & ((came + left).abs() < KINK_LEFT * size)
    what = f"one contract leaves the curve by more than {KINK:.0%} for one day: a bad settlement?"
    yield from found("curve", NAME, "warning", rows.loc[bad, "day"], what, size[bad])
    steep = pd.Series(np.log(rows["settle"] / rows["near_settle"])).abs()
    over = steep > STEP
    what = f"neighbouring months further apart than a factor of {np.exp(STEP):.1f}"
    yield from found("curve", NAME, "warning", rows.loc[over, "day"], what, steep[over])


def _holes(rows: pd.DataFrame) -> Iterator[Finding]:
    """Yield contracts that lack sessions between their first and their last row."""
    held = exchange_sessions(calendar_date(int(rows["day"].min())), calendar_date(int(rows["day"].max())))
    number = pd.Series(np.arange(len(held)), index=held.astype(np.int64))
    step = rows["day"].map(number).groupby(rows["expiry"]).diff()
    hole = step > 1
    what = f"a contract without a row on sessions between its rows; longest {step.max() - 1:.0f} sessions"
    yield from found("gap", NAME, "note", rows.loc[hole, "day"], what, step[hole])


def _settled(rows: pd.DataFrame, contents: Contents) -> Iterator[Finding]:
    """Yield contracts whose last settlement is not VIX at that close, or whose last rows are missing."""
    vix = contents.tables["vix"]
    close = pd.Series(vix.values["close"], index=vix.day)
    last = rows.groupby("expiry").tail(1)
    last = last[last["expiry"] <= max(rows["day"].max(), vix.day[-1])]
    if not len(last):
        return
    before = on_or_before(scheduled_and_held()[1], last["expiry"].to_numpy() - 1)
    early = (last["day"] != before).to_numpy()
    what = "the last row of a contract is not of the session before it settles"
    short = (before - last["day"])[early].astype(float)
    yield from found("settlement", NAME, "warning", last.loc[early, "day"], what, short)
    miss = (last["settle"] / last["day"].map(close) - 1.0).abs()
    opens = pd.Series(vix.values.get("open", np.full(len(vix.day), np.nan)), index=vix.day)
    night = (last["settle"] / last["expiry"].map(opens) - 1.0).abs()[~early]
    told = f"median {miss.median():.1%}, 99% within {miss.quantile(0.99):.1%} of VIX at that close"
    if night.notna().any():
        told += f", median {night.median():.1%} of VIX at the open of the settlement day"
    off = miss > LAST_SETTLE
    if off.any():
        what = f"last settlement more than {LAST_SETTLE:.0%} from VIX; {told}"
        yield from found("settlement", NAME, "warning", last.loc[off, "day"], what, miss[off])
    elif miss.notna().any():
        counted = f"{int(miss.notna().sum())} last settlements agree with VIX: {told}"
        yield Finding("settlement", NAME, "ok", (), None, counted)
