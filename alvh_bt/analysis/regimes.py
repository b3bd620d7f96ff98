"""Results by what the market was like at the close before: VIX, the slope of its futures, VVIX."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh_bt.analysis.decay import bleed_usd, hedge_decay
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.engine.results import RunResult


class Regimes(NamedTuple):
    """A state cut into regimes: `labels` has one more than `edges`; a value on an edge is above it."""

    by: str
    column: str
    edges: tuple[float, ...]
    labels: tuple[str, ...]


#: Round levels that traders quote; none was chosen for its result.
REGIMES: Final = (
    Regimes("vix", "vix", (15.0, 20.0, 30.0), ("VIX below 15", "VIX 15-20", "VIX 20-30", "VIX above 30")),
    Regimes("slope", "vix_slope", (0.0, 0.05), ("backwardation", "contango up to 5%", "contango above 5%")),
    Regimes("vvix", "vvix", (85.0, 110.0), ("VVIX below 85", "VVIX 85-110", "VVIX above 110")),
)


def regime_figures(result: ComparisonResult) -> list[dict[str, Any]]:
    """Return one record a regime that occurred: what condors and hedges made on the days that followed it.

    The regime of a session is that of the close before it, which is what was known; the first session, and
    days with an unknown state, belong to none. The slope is that of a 60-day VIX future over a 30-day one.

    Returns
    -------
    list of dict
        `by`, `regime`, `sessions`, `share` (of the sessions with a known state), and by variant in
        `variants`: `condor_pnl_usd`, `hedge_pnl_usd`, `bleed_usd` (positive: it bleeds) and `decay` (the
        bleed a year as a share of average NAV, over the days of the regime alone).
    """
    records = []
    for regimes in REGIMES:
        before = np.concatenate(([np.nan], result.states[regimes.column].to_numpy(np.float64)[:-1]))
        known = np.isfinite(before)
        where = np.digitize(before, regimes.edges)
        for code, label in enumerate(regimes.labels):
            inside = known & (where == code)
            if inside.any():
                records.append(
                    {
                        "by": regimes.by,
                        "regime": label,
                        "sessions": int(inside.sum()),
                        "share": float(inside.sum() / known.sum()),
                        "variants": {run.variant: _variant(run, inside) for run in result.runs},
                    }
                )
    return records


def _variant(run: RunResult, inside: NDArray[np.bool_]) -> dict[str, float]:
    daily = run.daily
    rows = inside[: len(daily)]
    dates = daily["date"].to_numpy("datetime64[D]")
    days = np.concatenate(([0], np.diff(dates).astype(np.int64)))
    column = {
        name: daily[name].to_numpy(np.float64)[rows]
        for name in ("condor_pnl", "hedge_pnl", "hedge_carry", "hedge_costs", "nav")
    }
    bleed = bleed_usd(column["hedge_carry"], column["hedge_costs"])
    nav = float(column["nav"].mean()) if rows.any() else float("nan")
    return {
        "condor_pnl_usd": float(column["condor_pnl"].sum()),
        "hedge_pnl_usd": float(column["hedge_pnl"].sum()),
        "bleed_usd": bleed,
        "decay": hedge_decay(bleed, nav, float(days[rows].sum()) / 365.0),
    }
