"""Crisis windows: what the condors lost there, what the hedge made, and what it had cost until then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.comparison_params import Crisis
from alvh_bt.engine.results import RunResult

#: Windows that every comparison tells when it covers them; whole months, so that no day was picked.
CRISES: Final = (
    Crisis("2008", dt.date(2008, 9, 1), dt.date(2008, 12, 31)),
    Crisis("May 2010", dt.date(2010, 5, 1), dt.date(2010, 5, 31)),
    Crisis("Aug 2011", dt.date(2011, 8, 1), dt.date(2011, 8, 31)),
    Crisis("Aug 2015", dt.date(2015, 8, 1), dt.date(2015, 8, 31)),
    Crisis("Feb 2018", dt.date(2018, 2, 1), dt.date(2018, 2, 28)),
    Crisis("Q4 2018", dt.date(2018, 10, 1), dt.date(2018, 12, 31)),
    Crisis("Feb-Mar 2020", dt.date(2020, 2, 1), dt.date(2020, 3, 31)),
    Crisis("2022", dt.date(2022, 1, 1), dt.date(2022, 12, 31)),
    Crisis("Aug 2024", dt.date(2024, 8, 1), dt.date(2024, 8, 31)),
)

_LONG_AGO: Final = dt.date(1900, 1, 1)


def own_crises(settings: Mapping[str, Any]) -> tuple[Crisis, ...]:
    """Return the windows that the settings of a study name, as `Study.settings` writes them."""
    return tuple(
        Crisis(each["name"], dt.date.fromisoformat(each["start"]), dt.date.fromisoformat(each["end"]))
        for each in settings.get("crises", ())
    )


def crisis_figures(result: ComparisonResult, own: Sequence[Crisis] = ()) -> list[dict[str, Any]]:
    """Return one record a crisis that the comparison covers, by date.

    Parameters
    ----------
    result
        The runs.
    own
        The user's windows, told beside the named ones; one of the same name takes the other's place.

    Returns
    -------
    list of dict
        `name`, `start` and `end` (of the sessions covered), `whole` (whether all of the window is),
        `sessions`, `spx_return`, `vix_peak` (highest close), and by variant in `variants`:
        `condor_pnl_usd`, `hedge_pnl_usd`, `drawdown` (the deepest within the window, from the close before
        it), `drawdown_unhedged` (the same without the hedge's P&L of those days), `cost_since_last_usd` (the
        hedge's P&L from the end of the last crisis before, or the first session, to the day before: negative,
        it was paid). None for a variant that had stopped.
    """
    named = {crisis.name: crisis for crisis in (*CRISES, *own)}
    ordered = sorted(named.values(), key=lambda crisis: (crisis.start, crisis.end))
    dates = result.states.index
    told = []
    for crisis in ordered:
        inside = _between(dates, crisis.start, crisis.end)
        if not inside.any():
            continue
        rows = np.flatnonzero(inside)
        before = max((past.end for past in ordered if past.end < crisis.start), default=_LONG_AGO)
        spx = result.states["spx"].to_numpy()
        start_level = spx[max(rows[0] - 1, 0)]
        told.append(
            {
                "name": crisis.name,
                "start": f"{dates[rows[0]]:%Y-%m-%d}",
                "end": f"{dates[rows[-1]]:%Y-%m-%d}",
                "whole": bool(crisis.start >= result.start and crisis.end <= result.end),
                "sessions": len(rows),
                "spx_return": float(spx[rows[-1]] / start_level - 1.0),
                "vix_peak": float(result.states["vix"].iloc[rows].max()),
                "variants": {
                    run.variant: _variant(run, crisis, before, result.starting_cash) for run in result.runs
                },
            }
        )
    return told


def _between(dates: pd.Index[Any] | pd.Series, start: dt.date, end: dt.date) -> NDArray[np.bool_]:
    inside = (dates >= pd.Timestamp(start)) & (dates <= pd.Timestamp(end))
    return np.asarray(inside, dtype=np.bool_)


def _variant(run: RunResult, crisis: Crisis, before: dt.date, starting_cash: float) -> dict[str, Any] | None:
    daily = run.daily
    rows = np.flatnonzero(_between(daily["date"], crisis.start, crisis.end))
    if not len(rows):
        return None
    nav = daily["nav"].to_numpy(np.float64)
    opening = float(nav[rows[0] - 1]) if rows[0] > 0 else starting_cash
    hedge = daily["hedge_pnl"].to_numpy(np.float64)
    day = dt.timedelta(days=1)
    paid = _between(daily["date"], before + day, crisis.start - day)
    return {
        "condor_pnl_usd": float(daily["condor_pnl"].to_numpy()[rows].sum()),
        "hedge_pnl_usd": float(hedge[rows].sum()),
        "drawdown": _deepest(opening, nav[rows]),
        "drawdown_unhedged": _deepest(opening, nav[rows] - np.cumsum(hedge[rows])),
        "cost_since_last_usd": float(hedge[paid].sum()),
    }


def _deepest(opening: float, nav: NDArray[np.float64]) -> float:
    """Return the deepest fall from a running peak that starts at `opening`, a fraction <= 0."""
    path = np.concatenate(([opening], nav))
    peaks = np.maximum.accumulate(path)
    return float(np.min(path / peaks - 1.0)) if opening > 0 else float("nan")
