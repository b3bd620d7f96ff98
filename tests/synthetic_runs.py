"""Seeded runs for the tests of analysis and report: the shapes of real ones, no engine needed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.engine.results import DAILY_COLUMNS, JOURNAL_COLUMNS, TRADE_COLUMNS, RunResult

CASH = 250_000.0
BLEED = {"none": 0.0, "static-calls": 28.0, "static-futures": 15.0, "layered": 19.0}


def daily_frame(dates, nav, **columns) -> pd.DataFrame:
    """A daily frame with the given columns, 0 elsewhere."""
    frame = pd.DataFrame({"date": pd.DatetimeIndex(dates), **dict.fromkeys(DAILY_COLUMNS, 0.0)})
    return frame.assign(nav=np.asarray(nav, dtype=float), **columns)


def no_trades() -> pd.DataFrame:
    return pd.DataFrame({name: [] for name in ("date", *TRADE_COLUMNS)}).astype({"date": "datetime64[ns]"})


def no_journal() -> pd.DataFrame:
    return pd.DataFrame({name: [] for name in ("date", *JOURNAL_COLUMNS)}).astype({"date": "datetime64[ns]"})


def small_run(nav, dates=None, variant="none", stopped=None, **columns) -> RunResult:
    """A run without trades whose daily frame is written by hand."""
    dates = pd.bdate_range("2020-01-02", periods=len(nav)) if dates is None else dates
    return RunResult(variant, daily_frame(dates, nav, **columns), no_trades(), no_journal(), stopped)


def trade_frame(dates, variant: str) -> pd.DataFrame:
    """Condor fills monthly; with a hedge, two futures of layer one monthly and calls now and then."""
    rows = []
    for month, day in enumerate(dates[::21]):
        expiry = day + pd.Timedelta(days=45)
        legs = (
            ("long_put", "P", 1000.0),
            ("short_put", "P", 1100.0),
            ("short_call", "C", 1300.0),
            ("long_call", "C", 1400.0),
        )
        for layer, right, strike in legs:
            action = "settle" if month % 5 == 4 else ("open", "close")[month % 2]
            rows.append(
                (
                    day,
                    "condor",
                    layer,
                    action,
                    "SPX",
                    right,
                    strike,
                    expiry,
                    -1.5,
                    100.0,
                    4.5,
                    1.95,
                    "entry by schedule",
                    -0.16,
                )
            )
        if variant == "layered":
            for action in ("open", "roll"):
                rows.append(
                    (
                        day,
                        "hedge",
                        "one",
                        action,
                        "VX",
                        None,
                        0.0,
                        expiry,
                        0.25,
                        1000.0,
                        18.2,
                        0.6,
                        "condor opened",
                        1.0,
                    )
                )
            if month % 7 == 3:
                rows.append(
                    (
                        day,
                        "hedge",
                        "two",
                        "open",
                        "VIX",
                        "C",
                        25.0,
                        expiry,
                        8.0,
                        100.0,
                        1.1,
                        10.4,
                        "trigger",
                        0.3,
                    )
                )
            if month % 29 == 9:
                rows.append(
                    (
                        day,
                        "hedge",
                        "three",
                        "open",
                        "VIX",
                        "C",
                        40.0,
                        expiry,
                        12.0,
                        100.0,
                        0.6,
                        15.6,
                        "flow",
                        0.15,
                    )
                )
    numbered = [(*row, 1, lot) for lot, row in enumerate(rows)]
    return pd.DataFrame(numbered, columns=["date", *TRADE_COLUMNS])


def journal_frame(dates) -> pd.DataFrame:
    rows = [
        (
            day,
            "hedge",
            "two",
            "order",
            "short strike delta at the trigger",
            '{"short_delta": 0.26, "vix": 24.1}',
            -0.02,
            0.031,
            8.0,
            np.nan,
            880.0,
        )
        for day in dates[::11]
    ]
    return pd.DataFrame(rows, columns=["date", *JOURNAL_COLUMNS])


def long_comparison(sessions=4700, stop_static=False, seed=7) -> ComparisonResult:
    """Four variants over one condor path, with crashes in it; `static-calls` stops half-way if asked."""
    draw = np.random.default_rng(seed)
    dates = pd.bdate_range("2006-03-01", periods=sessions)
    shock = draw.standard_t(3, sessions)
    condor = 190.0 + 420.0 * np.clip(shock, -12, 1.2)
    vix = 14.0 * np.exp(
        pd.Series(-0.35 * shock).ewm(span=15).mean().to_numpy() + 0.25 * np.sin(np.arange(sessions) / 200)
    )
    runs = []
    for variant, bleed in BLEED.items():
        hedged = bleed > 0
        carry = -bleed * (1 + 0.3 * draw.standard_normal(sessions)) if hedged else np.zeros(sessions)
        costs = np.full(sessions, 2.0) * hedged
        hedge = (
            (carry - costs - 9 * np.sqrt(bleed) * np.minimum(shock + 1.5, 0))
            if hedged
            else np.zeros(sessions)
        )
        nav = CASH + np.cumsum(condor + hedge + 5.0)
        peak = np.maximum(np.maximum.accumulate(nav), CASH)
        frame = daily_frame(
            dates,
            nav,
            cash=nav,
            condor_pnl=condor,
            hedge_pnl=hedge,
            costs=costs + 6.0,
            interest=5.0,
            hedge_carry=carry,
            condor_theta=90.0,
            delta=-3.0,
            vega=12.0,
            margin=31_000.0,
            drawdown=nav / peak - 1.0,
            hedge_costs=costs,
        )
        stopped = None
        if stop_static and variant == "static-calls":
            frame = frame.iloc[: sessions // 2]
            stopped = f"margin short by 1,234 USD on {frame['date'].iloc[-1]:%Y-%m-%d}; raise starting_cash"
        runs.append(RunResult(variant, frame, trade_frame(dates, variant), journal_frame(dates), stopped))
    return ComparisonResult(
        runs=tuple(runs),
        settings={"book": {"starting_cash": CASH}, "hedges": list(BLEED), "title": "<b>bold</b>"},
        inputs={
            "spx_close": {"observed": 1.0},
            "vix_open": {"observed": 0.93, "repaired": 0.07},
            "vx_futures": {"observed": 0.38, "modelled": 0.62},
            "vvix": {"modelled": 1.0},
            "spx_set": {"unavailable": 1.0},
        },
        notes=("VIX opens outside low..high on 310 days were moved to the nearer bound.",),
        states=pd.DataFrame(
            {
                "spx": 1280.0 * np.exp(np.cumsum(0.004 * np.clip(shock, -6, 6))),
                "vix": vix,
                "vix_slope": 0.06 - 0.004 * (vix - 12.0),
                "vvix": 70.0 + 1.5 * vix,
            },
            index=dates,
        ),
        run_id="0123abcd",
        start=dates[0].date(),
        end=dates[-1].date(),
        starting_cash=CASH,
    )
