"""Cboe's strategy indices, replicated month by month with this program's leg manager, prices and ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from alvh_bt.market.market import Market
from alvh_bt.pricing.model import ModelPrices, PriceModel
from alvh_bt.validation.indices_book import Replay, roll_rows
from alvh_bt.validation.indices_rules import BID_SHARE, FIRST_AM_EXPIRY, RULES, Rule, hours_of
from alvh_bt.validation.return_statistics import (
    annual_return,
    correlation,
    month_ends,
    tracking_error,
)

#: How many of the index's worst months are shown beside the program's.
WORST_MONTHS: Final = 10


@dataclass(frozen=True)
class IndexReplication:
    """One index beside its replication.

    Parameters
    ----------
    name
        Cboe's ticker.
    months
        One row a whole month, indexed by its last session: `program` and `index`, returns as fractions.
    notes
        What was estimated, one line each.
    """

    name: str
    months: pd.DataFrame
    notes: tuple[str, ...]


def replicate_indices(
    market: Market,
    levels: pd.DataFrame,
    start: dt.date | None,
    end: dt.date | None,
    tick: Callable[[], Any] | None = None,
    prices: PriceModel | None = None,
) -> dict[str, IndexReplication]:
    """Return each index of `levels` beside its replication, over the whole months from `start` to `end`.

    The position that stands when the window begins is that of the roll before it, where the market
    reaches back that far. An index with no month to compare is left out.

    Parameters
    ----------
    market
        The history.
    levels
        Month-end levels, a DatetimeIndex and columns out of CNDR, PUT, BXM and BXMD; NaN where unknown.
        A date may be the month's last session or its last day; other columns are ignored.
    start, end
        The first and last day of the window; None is as far as the market reaches.
    tick
        Called after each index.
    prices
        What prices the options; the model over `market` if None.

    Raises
    ------
    DataError
        VIX is unknown on a day on which something is priced.

    Source
    ------
    The methodologies named in `alvh_bt.validation.indices_rules`.
    """
    ends = month_ends(market)
    first_roll, months = _window(market, ends, start, end)
    returns = _index_returns(levels).reindex(months)
    known = [name for name in RULES if name in returns and returns[name].notna().any()]
    if not known:
        return {}
    replay = Replay(market, ModelPrices(market) if prices is None else prices)
    found = {}
    for name in known:
        rows = ends.loc[months[0] - 1 : returns[name].last_valid_index()]
        values = replay.run(RULES[name], first_roll, rows.tolist())
        program = pd.Series(list(values.values()), index=rows.index).pct_change()
        table = pd.DataFrame({"program": program, "index": returns[name]}).dropna()
        last_sessions = market.sessions[ends.loc[table.index].to_numpy()].astype("datetime64[ns]")
        table.index = pd.DatetimeIndex(last_sessions, name="date")
        notes = _notes(RULES[name], replay, first_roll, int(rows.iloc[-1]))
        found[name] = IndexReplication(name, table, notes)
        if tick is not None:
            tick()
    return found


def index_statistics(replication: IndexReplication) -> dict[str, Any]:
    """Return how near a replication is to its index; a figure that is undefined is NaN.

    Returns
    -------
    dict
        `months` compared; `correlation` of the monthly returns (NaN below three); `tracking_error_monthly`,
        the standard deviation of program less index (n - 1); `annual_program` and `annual_index`,
        geometric, as fractions; `worst`, the index's worst months, each `month` ("2008-10"), `program` and
        `index`.

    Examples
    --------
    >>> ends = pd.DatetimeIndex(["2010-01-29", "2010-02-26"])
    >>> months = pd.DataFrame({"program": [0.01, -0.02], "index": [0.02, -0.03]}, index=ends)
    >>> figures = index_statistics(IndexReplication("PUT", months, ()))
    >>> figures["months"], round(figures["tracking_error_monthly"], 6), figures["worst"][0]["month"]
    (2, 0.014142, '2010-02')
    """
    table = replication.months
    program, index = table["program"], table["index"]
    worst = table.sort_values("index", kind="stable").head(WORST_MONTHS)
    return {
        "months": len(table),
        "correlation": correlation(program, index),
        "tracking_error_monthly": tracking_error(program, index),
        "annual_program": annual_return(program, 12.0),
        "annual_index": annual_return(index, 12.0),
        "worst": [
            {"month": f"{date:%Y-%m}", "program": float(row["program"]), "index": float(row["index"])}
            for date, row in worst.iterrows()
        ],
    }


def _window(
    market: Market, ends: pd.Series, start: dt.date | None, end: dt.date | None
) -> tuple[int, list[pd.Period]]:
    """Return the row of the first roll and the whole months of the window that it reaches.

    A month is whole when all its sessions are in the window and a roll was made before it began.
    """
    usable, _ = market.window()
    first, last = market.window(start, end)
    before = {month: int(ends[month - 1]) for month in ends.index if month - 1 in ends.index}
    inside = [month for month, row in before.items() if max(first - 1, usable) <= row and ends[month] <= last]
    rolls = [row for row in roll_rows(market) if row >= usable]
    if not inside or not rolls:
        return 0, []
    earlier = [row for row in rolls if row <= before[inside[0]]]
    roll = earlier[-1] if earlier else rolls[0]
    return roll, [month for month in inside if before[month] >= roll]


def _index_returns(levels: pd.DataFrame) -> pd.DataFrame:
    """Return the monthly returns of the levels by month, NaN where either end is unknown."""
    ordered = levels.sort_index()
    by_month = ordered.groupby(pd.DatetimeIndex(ordered.index).to_period("M")).last()
    if by_month.empty:
        return by_month
    whole = by_month.reindex(pd.period_range(by_month.index[0], by_month.index[-1], freq="M"))
    return whole.pct_change(fill_method=None)


def _notes(rule: Rule, replay: Replay, first: int, last: int) -> tuple[str, ...]:
    """Return one line for each thing that was estimated between two rows."""
    rolls = np.array(sorted(i for i in replay.rolls if first <= i <= last))
    days, settled = np.array(replay.days)[rolls], rolls[1:]
    at_close = int((days[1:] < FIRST_AM_EXPIRY).sum())
    official, published = (int(seen[settled[at_close:]].sum()) for seen in replay.opening[1:])
    at_bid = sum(hours_of(rule, day).at_bid for day in days.tolist())
    estimated = len(settled) - at_close - official - published
    lines = (
        (at_close, f"{at_close} settlements at the close, as SPX options had it until October 1992"),
        (official, f"{official} settlements at the official value"),
        (published, f"{published} settlements at the index's published open"),
        (estimated, f"{estimated} settlements at an opening value estimated from the day's bar"),
        (at_bid, f"{at_bid} sales at the bid: the mid less {BID_SHARE:.2%} of the index"),
        (
            len(rolls) - int((days < FIRST_AM_EXPIRY).sum()),
            "the index and VIX at the hour of a roll are estimated from the day's bar",
        ),
    )
    return tuple(line for count, line in lines if count)
