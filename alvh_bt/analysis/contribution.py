"""What the hedge alone put into a run's NAV, and the same run with more or less of that hedge.

The condor does not look at the hedge, so that NAV under a hedge is the unhedged NAV plus what the hedge
contributed: its P&L, and the interest on the cash that it brought or took. That part scales with its size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.book.ledger import closing_cash, opening_cash
from alvh_bt.contracts import ROOT_NAMES
from alvh_bt.engine.results import RunResult

Floats = NDArray[np.float64]

#: Cash below this many USD does not tell the day's interest rate: interest of it is rounding alone.
_LEAST_CASH = 1.0


class Contribution(NamedTuple):
    """The hedge's part of a run at each close, USD, shape (n,); NaN from a day of unknown interest on."""

    nav: Floats  # of NAV, since the start
    cash: Floats  # of cash, since the start
    interest: Floats  # of the day's interest


def interest_rates(runs: Sequence[RunResult]) -> pd.Series:
    """Return what a dollar of cash earned from the close before to each session, indexed by date.

    Parameters
    ----------
    runs
        Runs of one study: each day is read from the one that held most cash (or owed most), since interest
        over cash says nothing where there is next to none. 0.0 on the first session; NaN where no run
        held a dollar.
    """
    best = max(runs, key=lambda run: len(run.daily)).daily["date"]
    rates, most = np.full(len(best), np.nan), np.full(len(best), _LEAST_CASH)
    for run in runs:
        cash = np.concatenate(([math.nan], run.daily["cash"].to_numpy(np.float64)[:-1]))
        rows = np.flatnonzero(np.abs(cash) > most[: len(cash)])
        rates[rows] = run.daily["interest"].to_numpy(np.float64)[rows] / cash[rows]
        most[rows] = np.abs(cash[rows])
    rates[0] = 0.0
    return pd.Series(rates, index=pd.DatetimeIndex(best))


def hedge_cash_flows(trades: pd.DataFrame) -> pd.Series:
    """Return the cash that the hedge's trades brought on each day that had some, USD, indexed by date.

    Negative where it was spent. A premium moves cash when it is paid, a future when it is closed, and
    fees always.

    Parameters
    ----------
    trades
        `RunResult.trades`.

    Examples
    --------
    Two VIX calls bought at 1.50 points and sold at 4.00, a dollar a contract each way:

    >>> days = pd.to_datetime(["2020-02-03", "2020-02-28"])
    >>> calls = {"date": days, "book": "hedge", "root": "VIX", "contracts": [2.0, -2.0], "lot": 1}
    >>> hedge_cash_flows(pd.DataFrame({**calls, "price": [1.5, 4.0], "fees_usd": 2.0})).tolist()
    [-302.0, 798.0]
    """
    hedge = trades[trades["book"] == "hedge"]
    flows: list[float] = []
    entries: dict[int, float] = {}
    for lot, root, contracts, price, fees in zip(
        *(hedge[name] for name in ("lot", "root", "contracts", "price", "fees_usd")), strict=True
    ):
        code = ROOT_NAMES.index(root)
        if lot in entries:
            cash = closing_cash(code, -contracts, price, entries[lot])
        else:
            entries[lot] = price
            cash = opening_cash(code, contracts, price)
        flows.append(cash - fees)
    return pd.Series(flows, index=pd.DatetimeIndex(hedge["date"]), dtype=np.float64).groupby(level=0).sum()


def hedge_contribution(run: RunResult, rates: pd.Series) -> Contribution:
    """Return what the hedge put into `run` at each close.

    Parameters
    ----------
    run
        A run under any hedge.
    rates
        Interest a dollar from the close before, as `interest_rates` says.
    """
    dates = pd.DatetimeIndex(run.daily["date"])
    spent = hedge_cash_flows(run.trades).reindex(dates, fill_value=0.0).to_numpy()
    earned = rates.reindex(dates).to_numpy()
    cash, interest = np.zeros(len(dates)), np.zeros(len(dates))
    held = 0.0
    for day, rate in enumerate(earned):
        # Without a cent of cash the hedge neither earns nor owes: the rate need not be known.
        interest[day] = held * rate if held else 0.0
        held += interest[day] + spent[day]
        cash[day] = held
    nav = np.cumsum(run.daily["hedge_pnl"].to_numpy(np.float64) + interest)
    return Contribution(nav, cash, interest)


def scaled_run(run: RunResult, contribution: Contribution, scale: float, starting_cash: float) -> RunResult:
    """Return the run as it would have been with `scale` times the hedge, fractions of contracts allowed.

    NAV, cash, interest, drawdown, costs, and the hedge's P&L, carry and trades are those of that hedge.
    Margin, delta and vega are NaN, for the daily frame does not tell the hedge's share of them: whether
    such a run would have met its margin is not known. The journal stays that of the run as it was.

    Parameters
    ----------
    run, contribution
        The run, and what `hedge_contribution` says of it.
    scale
        >= 0; 1.0 gives the same figures, 0.0 those without a hedge.
    starting_cash
        USD, the first peak of NAV.
    """
    more, daily, unknown = scale - 1.0, run.daily, math.nan
    nav = daily["nav"].to_numpy(np.float64) + more * contribution.nav
    fresh = daily.assign(
        nav=nav,
        cash=daily["cash"] + more * contribution.cash,
        interest=daily["interest"] + more * contribution.interest,
        costs=daily["costs"] + more * daily["hedge_costs"],
        drawdown=nav / np.maximum(np.maximum.accumulate(nav), starting_cash) - 1.0,
        **{name: scale * daily[name] for name in ("hedge_pnl", "hedge_costs", "hedge_carry")},
        **dict.fromkeys(("margin", "delta", "vega"), unknown),
    )
    factor = np.where(run.trades["book"] == "hedge", scale, 1.0)
    amounts = {name: run.trades[name] * factor for name in ("contracts", "fees_usd")}
    return RunResult(run.variant, fresh, run.trades.assign(**amounts), run.journal, run.stopped, run.quotes)
