"""Two hedges at equal cost in every configuration of a sweep: the rival's scaled until both bleed as much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from alvh_bt.sweep.results import SweepResults

#: As `analysis.matched`: a hedge scaled further than by this, or down by as much, would be another hedge.
FARTHEST: Final = 10.0
_READ: Final = ("bleed_usd", "hedge_pnl_usd", "error", "stopped")


@dataclass(frozen=True)
class EqualCost:
    """What a hedge made more than its rival where both bleed as much.

    Parameters
    ----------
    hedge, rival
        Their names.
    gains
        USD a year by configuration, of those that can be compared: the hedge's P&L less the rival's scaled.
    scales
        By configuration what the rival's hedge was multiplied by.
    left_out
        How many configurations could not be compared, by reason.
    """

    hedge: str
    rival: str
    gains: pd.Series
    scales: pd.Series
    left_out: dict[str, int]

    @property
    def share(self) -> float:
        """Share of the compared configurations in which the hedge made more; NaN where there are none."""
        return float((self.gains > 0).mean()) if len(self.gains) else float("nan")

    def figures(self) -> dict[str, Any]:
        """Return share, count, median and 5% to 95% range in USD a year; NaN where nothing was compared."""
        low, middle, high = np.quantile(self.gains, (0.05, 0.5, 0.95)) if len(self.gains) else (np.nan,) * 3
        return {
            "hedge": self.hedge,
            "rival": self.rival,
            "share": self.share,
            "compared": len(self.gains),
            "median_usd_a_year": float(middle),
            "p5_usd_a_year": float(low),
            "p95_usd_a_year": float(high),
            "left_out": self.left_out,
        }


def equal_cost(results: SweepResults, hedge: str, rival: str) -> EqualCost:
    """Return how a hedge compares with its rival, scaled to the same bleed, configuration by configuration.

    The rule is that of `analysis.matched` at equal cost: k is the hedge's bleed over the rival's, and the
    hedge's P&L is set against k times the rival's. A configuration is left out where either failed, ended
    early or does not bleed, and where k is beyond ten or below a tenth.
    """
    ours, theirs = (results.of(name)[list(_READ)] for name in (hedge, rival))
    pair = ours.add_suffix("_a").join(theirs.add_suffix("_b"), how="inner")
    bleed_a, bleed_b = pair["bleed_usd_a"], pair["bleed_usd_b"]
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = bleed_a / bleed_b
    why = pd.Series("", index=pair.index, dtype=object)
    reasons = (
        ("one of the two failed", pair["error_a"].notna() | pair["error_b"].notna()),
        ("one of the two ended early", pair["stopped_a"].notna() | pair["stopped_b"].notna()),
        (f"{hedge} does not bleed", ~(bleed_a > 0)),
        (f"{rival} does not bleed", ~(bleed_b > 0)),
        (
            f"{rival} would have to be more than {FARTHEST:.0f} times as large or as small",
            ~scale.between(1.0 / FARTHEST, FARTHEST),
        ),
        ("a P&L is unknown", pair["hedge_pnl_usd_a"].isna() | pair["hedge_pnl_usd_b"].isna()),
    )
    for reason, applies in reasons:
        why[(why == "") & applies] = reason
    told = why == ""
    gains = (pair["hedge_pnl_usd_a"] - scale * pair["hedge_pnl_usd_b"])[told] / results.years
    left_out = {reason: int((why == reason).sum()) for reason, _ in reasons if (why == reason).any()}
    alone = len(ours) - len(pair)
    if alone:
        left_out[f"{rival} has not run yet"] = alone
    return EqualCost(hedge, rival, gains.astype(float), scale[told].astype(float), left_out)
