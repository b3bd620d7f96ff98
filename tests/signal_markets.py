"""Markets made of chosen columns for the tests of signals, every other column unknown."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from alvh_bt.market import COLUMN_NAMES, VX_FUTURES, Market, Provenance

#: Level and size of the random columns; the others are taken to be levels of 100.
SCALES = {
    **dict.fromkeys(("advances", "declines"), (1500.0, 0.3)),
    "percent_advancers": (0.5, 0.2),
    "net_new_highs": (0.0, 120.0),
    "ten_year_earnings": (80.0, 0.05),
    "dividends": (40.0, 0.02),
    "cash_flow": (150.0, 0.05),
    **dict.fromkeys(("rate", "long_rate", "foreign_rate", "credit_spread"), (0.04, 0.2)),
    **dict.fromkeys(("days_to_fomc", "days_since_fomc"), (20.0, 0.5)),
    **dict.fromkeys(("days_to_inflation", "days_since_inflation"), (10.0, 0.5)),
    "inflation_surprise": (0.0, 0.2),
    "quick_ratio": (1.1, 0.1),
    "vx_volume": (20_000.0, 0.5),
}

#: Columns of the sample and of real history that a market keeps when the others become random.
PRICED = ("spx_open", "spx_high", "spx_low", "spx_close", "spx_volume", "vix_close")


def market_of(**columns: np.ndarray) -> Market:
    """A market of weekdays from 2015-01-01 with the given columns and nothing else."""
    n = len(next(iter(columns.values())))
    sessions = np.busday_offset("2015-01-01", np.arange(n), roll="forward")
    unknown = np.zeros(n, dtype=np.int8)
    return Market(
        sessions=sessions,
        columns={name: np.asarray(columns.get(name, np.full(n, math.nan)), float) for name in COLUMN_NAMES},
        provenance={
            name: unknown + np.int8(Provenance.OBSERVED) * (name in columns)
            for name in (*COLUMN_NAMES, VX_FUTURES)
        },
        vx_expiry=np.zeros((n, 9), dtype=np.int64),
        vx_settle=np.full((n, 9), math.nan),
    )


def random_columns(n: int, seed: int) -> dict[str, np.ndarray]:
    """Columns of every name but the prices, with holes in each."""
    draw = np.random.default_rng(seed)
    columns = {}
    for name in COLUMN_NAMES:
        if name in PRICED:
            continue
        level, size = SCALES.get(name, (100.0, 0.2))
        noise = size * draw.standard_normal(n)
        columns[name] = level * np.exp(noise) if level else noise
        columns[name][draw.random(n) < 0.02] = math.nan
    columns["percent_advancers"] = np.clip(columns["percent_advancers"], 0.0, 1.0)
    columns["advances"][draw.random(n) < 0.1] = math.nan  # so that the proxies are used at times
    columns["equity"][: n // 8] = math.nan  # a book that begins later
    return columns


def busy_market(n: int = 700, seed: int = 11, **changes: np.ndarray) -> Market:
    """A market of random closes, ranges and volumes, and of every other column."""
    draw = np.random.default_rng(seed)
    close = 2000.0 * np.exp(np.cumsum(0.01 * draw.standard_normal(n)))
    width = close * 0.01 * draw.exponential(size=n)
    columns = {
        "spx_close": close,
        "spx_high": close + width,
        "spx_low": close - 0.5 * width,
        "spx_open": close * np.exp(0.003 * draw.standard_normal(n)),
        "spx_volume": draw.lognormal(sigma=0.3, size=n),
        "vix_close": 15.0 + 5.0 * draw.random(n),
    }
    return market_of(**(random_columns(n, seed + 1) | columns | changes))


def with_random_columns(market: Market, seed: int) -> Market:
    """A market with its own prices and every other column random, one value in fifty of them stale."""
    n = len(market.sessions)
    columns = random_columns(n, seed)
    draw = np.random.default_rng(seed)
    codes = {
        name: np.where(draw.random(n) < 0.02, Provenance.REPAIRED, Provenance.OBSERVED).astype(np.int8)
        for name in columns
    }
    return replace(market, columns={**market.columns, **columns}, provenance={**market.provenance, **codes})
