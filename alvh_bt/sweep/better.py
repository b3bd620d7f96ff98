"""Which way each metric is better, so that every ranking asks in one place."""

from __future__ import annotations

from typing import Final

from alvh_bt.analysis.metrics import Metrics
from alvh_bt.errors import ConfigError

#: What a sweep can show, rank and search: the metrics of a run, and what its hedge bled.
METRICS: Final = (*Metrics._fields, "bleed_usd")

#: Metrics of which more is better. Drawdown and CVaR are at most 0, so that nearer 0 is more.
HIGHER_IS_BETTER: Final = frozenset(
    {
        *("pnl_usd", "total_return", "cagr", "sharpe", "sortino", "max_drawdown", "cvar_95"),
        *("condor_pnl_usd", "hedge_pnl_usd", "hedge_efficiency", "monetised_usd", "hedge_pnl_worst_usd"),
    }
)


def signed(metric: str, value: float) -> float:
    """Return a metric's value turned so that larger is better; NaN stays NaN.

    Parameters
    ----------
    metric
        One of `METRICS`.
    value
        In the metric's own unit.

    Raises
    ------
    ConfigError
        When there is no such metric.

    Examples
    --------
    >>> signed("max_drawdown", -0.2), signed("hedge_decay", 0.03)
    (-0.2, -0.03)
    """
    if metric not in METRICS:
        raise ConfigError(f"unknown metric {metric!r}; choose from {', '.join(METRICS)}")
    return value if metric in HIGHER_IS_BETTER else -value
