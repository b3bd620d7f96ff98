"""The words and number formats that the terminal, the figures and the report share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

UNDEFINED: Final = "n/a"

_INPUT_NAMES: Final = {
    "vx_open": "VIX futures at the open",
    "vx_futures": "VIX futures",
    "rate": "bill rate",
    "dividend_yield": "dividend yield",
    "spx_set": "SPX settlement (SET)",
    "vro": "VIX settlement (VRO)",
}


def usd(value: float | None) -> str:
    """Return whole USD.

    >>> usd(-1234.4), usd(None)
    ('-1,234', 'n/a')
    """
    return _number(value, lambda known: f"{round(known) + 0:,}")


def percent(value: float | None, digits: int = 2) -> str:
    """Return a fraction as percent.

    >>> percent(0.0123), percent(-0.5, 0)
    ('1.23%', '-50%')
    """
    return _number(value, lambda known: f"{round(100 * known, digits) + 0.0:.{digits}f}%")


def irr(value: float | None) -> str:
    """Return a projected return a year; a few days' gain compounded over a year is told as a bound.

    >>> irr(-0.226), irr(42_030.43), irr(None)
    ('-22.6%', 'over 1,000%', 'n/a')
    """
    return "over 1,000%" if value is not None and value > 10.0 else percent(value, 1)


def points(value: float | None) -> str:
    """Return a percentage difference, signed, in percentage points of the metric.

    >>> points(0.0123)
    '+1.23'
    """
    return _number(value, lambda known: f"{round(100 * known, 2) + 0.0:+.2f}")


def small_points(value: float | None) -> str:
    """Return a percentage difference of daily returns, signed, in percentage points.

    >>> small_points(-0.00123)
    '-0.123'
    """
    return _number(value, lambda known: f"{round(100 * known, 3) + 0.0:+.3f}")


def ratio(value: float | None) -> str:
    """Return a plain ratio.

    >>> ratio(1.238), ratio(float("nan"))
    ('1.24', 'n/a')
    """
    return _number(value, lambda known: f"{round(known, 2) + 0.0:,.2f}")


def signed_ratio(value: float | None) -> str:
    """Return a difference of ratios with its sign.

    >>> signed_ratio(0.5)
    '+0.50'
    """
    return _number(value, lambda known: f"{round(known, 2) + 0.0:+,.2f}")


def whole(value: float | None) -> str:
    """Return a count.

    >>> whole(1234)
    '1,234'
    """
    return _number(value, lambda known: f"{round(known):,}")


def interval(row: Mapping[str, Any], write: Callable[[float | None], str]) -> str:
    """Return a comparison's 90% interval in the format of its metric.

    >>> interval({"ci_low": -0.01, "ci_high": 0.02}, points)
    '-1.00 to +2.00'
    """
    if row["ci_low"] is None or row["ci_high"] is None:
        return UNDEFINED
    return f"{write(row['ci_low'])} to {write(row['ci_high'])}"


def p_value(value: float | None) -> str:
    """Return a p-value to three digits, never as zero.

    >>> p_value(0.0004), p_value(0.25)
    ('<0.001', '0.250')
    """
    return _number(value, lambda known: "<0.001" if known < 0.001 else f"{known:.3f}")


def known_share(value: float | None) -> str:
    """Return a share in whole percent that hides no minority, or that there is none.

    >>> known_share(0.999), known_share(None)
    ('>99%', 'n/a')
    """
    return UNDEFINED if value is None else share_of_days(value)


def share_of_days(share: float) -> str:
    """Return a share of days in whole percent that hides no minority.

    >>> share_of_days(0.001), share_of_days(0.9999), share_of_days(1.0), share_of_days(0.25)
    ('<1%', '>99%', '100%', '25%')
    """
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{100 * share:.0f}%"


def quoted_title(chains: Mapping[str, Any]) -> str:
    """Return how many sessions have real quotes.

    >>> quoted_title({"sessions_with_quotes": 86, "share_of_sessions": 0.5, "quotes": 12000})
    'Real quotes: 86 sessions (50%), 12,000 usable quotes'
    """
    days, share = chains["sessions_with_quotes"], share_of_days(chains["share_of_sessions"])
    return f"Real quotes: {days:,} sessions ({share}), {chains['quotes']:,} usable quotes"


def matched_title(matched: Mapping[str, Any]) -> str:
    """Return in what the hedges of a matched comparison are equal.

    >>> matched_title({"by": "cost", "reference": "layered"})
    'At equal bleed: each hedge scaled until it bleeds as much as layered'
    """
    what = {
        "cost": "At equal bleed: each hedge scaled until it bleeds as much as",
        "protection": "At equal protection: each hedge scaled until the shock pays it as much as",
    }
    return f"{what[matched['by']]} {matched['reference']}"


def dropped_line(dropped: Mapping[str, int]) -> str:
    """Return how many quotes were dropped for which reason, most first.

    >>> dropped_line({"zero bid": 1200, "crossed": 3}), dropped_line({})
    ('zero bid 1,200; crossed 3', 'none')
    """
    return "; ".join(f"{reason} {count:,}" for reason, count in dropped.items()) or "none"


def _number(value: float | None, write: Callable[[float], str]) -> str:
    return UNDEFINED if value is None or not math.isfinite(value) else write(value)


#: Rows of the metrics tables: key of the summary, label with unit, format.
METRIC_ROWS: Final[tuple[tuple[str, str, Callable[[float | None], str]], ...]] = (
    ("pnl_usd", "P&L, USD", usd),
    ("cagr", "CAGR", percent),
    ("ann_vol", "Volatility a year", percent),
    ("sharpe", "Sharpe", ratio),
    ("sortino", "Sortino", ratio),
    ("max_drawdown", "Max drawdown", percent),
    ("max_drawdown_days", "  its length, days", whole),
    ("cvar_95", "CVaR 95%, a day", percent),
    ("condor_pnl_usd", "Condor P&L, USD", usd),
    ("hedge_pnl_usd", "Hedge P&L, USD", usd),
    ("monetised_usd", "  of it monetised, USD", usd),
    ("hedge_pnl_worst_usd", "  on condors' worst days", usd),
    ("hedge_decay", "Hedge decay a year", percent),
    ("decay_to_theta", "Decay / condor theta", percent),
    ("hedge_efficiency", "Hedge efficiency", ratio),
    ("costs_usd", "Costs, USD", usd),
    ("trades", "Trades", whole),
    ("margin_peak_usd", "Margin peak, USD", usd),
)
#: Rows of the table of real quotes: key of a variant of `chains`, label, format.
QUOTE_ROWS: Final[tuple[tuple[str, str, Callable[[float | None], str]], ...]] = (
    ("option_fills", "Option fills", whole),
    ("fills_quoted", "  at a real quote", known_share),
    ("fills_shifted", "  model moved by quotes", known_share),
    ("fills_modelled", "  model alone", known_share),
    ("option_marks", "Option marks", whole),
    ("marks_quoted", "  at a real quote", known_share),
    ("marks_shifted", "  model moved by quotes", known_share),
    ("marks_modelled", "  model alone", known_share),
)
#: Compared metrics: label, format of a difference.
COMPARED_ROWS: Final[dict[str, tuple[str, Callable[[float | None], str]]]] = {
    "cagr": ("CAGR, % points", points),
    "max_drawdown": ("Max drawdown, % points", points),
    "cvar_95": ("CVaR 95% a day, % points", small_points),
    "sharpe": ("Sharpe", signed_ratio),
    "hedge_decay": ("Hedge decay a year, % points of NAV", points),
}


def input_name(key: str) -> str:
    """Return what a trader calls an input of the market.

    >>> input_name("vx_futures"), input_name("vvix"), input_name("spx_open")
    ('VIX futures', 'VVIX', 'SPX open')
    """
    words = key.split("_")
    return _INPUT_NAMES.get(key, " ".join([words[0].upper(), *words[1:]]))


def inputs_line(inputs: Mapping[str, Mapping[str, float]], kind: str) -> str:
    """Return which inputs were of `kind` (modelled, repaired, unavailable) on what share of days.

    Examples
    --------
    >>> inputs_line({"vvix": {"observed": 0.4, "modelled": 0.6}, "rate": {"observed": 1.0}}, "modelled")
    'VVIX 60% of days'
    >>> inputs_line({"rate": {"observed": 1.0}}, "modelled")
    'none'
    """
    by_share: dict[str, list[str]] = {}
    for key, shares in sorted(inputs.items(), key=lambda item: -item[1].get(kind, 0.0)):
        if shares.get(kind, 0.0) > 0:
            by_share.setdefault(share_of_days(shares[kind]), []).append(input_name(key))
    parts = [f"{', '.join(names)} {share}" for share, names in by_share.items()]
    return "; ".join([f"{parts[0]} of days", *parts[1:]]) if parts else "none"
