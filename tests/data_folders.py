"""A clean synthetic folder of market data, to be spoilt by one fault at a time."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pandas as pd

from alvh_bt.calendars import vx_expiry
from alvh_bt.sessions import exchange_sessions

START, END = pd.Timestamp("2018-06-01"), pd.Timestamp("2019-11-29")
Frames = dict[str, pd.DataFrame]


@functools.cache
def clean_frames(seed: int = 7) -> Frames:
    """Frames by file: a smooth market in which all files agree."""
    rng = np.random.default_rng(seed)
    days = pd.DatetimeIndex(exchange_sessions(START.date(), END.date()))
    n = len(days)
    log_vix = np.zeros(n)
    for i in range(1, n):
        log_vix[i] = 0.9 * log_vix[i - 1] + 0.05 * rng.uniform(-1.7, 1.7)
    vix = np.round(17.0 * np.exp(log_vix), 2)
    spx = np.round(2800.0 * np.exp(np.cumsum(0.008 * rng.uniform(-1.7, 1.7, n))), 2)
    frames = {
        "spx": _bars(days, spx, 3.0, rng).assign(volume=rng.integers(10**9, 2 * 10**9, n)),
        "vix": _bars(days, vix, 0.2, rng),
    }
    for name, tenor in (("vix9d", 9), ("vix3m", 93), ("vix6m", 184)):
        pull = np.exp(-(tenor - 30) / 120.0)
        frames[name] = _close(days, 18.0 + (vix - 18.0) * pull + 0.05 * rng.uniform(-1, 1, n))
    frames["vvix"] = _close(days, 90.0 + 2.0 * rng.uniform(-1, 1, n))
    frames["skew"] = _close(days, 130.0 + rng.uniform(-1, 1, n))
    frames["rates"] = pd.DataFrame({"date": days, "dtb3": np.round(2.0 + 0.01 * rng.integers(0, 9, n), 2)})
    frames["vx_futures"] = _futures(days, vix)
    frames["etp_vxx"] = _close(days, 40.0 * np.cumprod(1.0 + _rolled(frames["vx_futures"], days)))
    return frames


def _close(days: pd.DatetimeIndex, values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"date": days, "close": np.round(values, 2)})


def _bars(days: pd.DatetimeIndex, close: np.ndarray, width: float, rng: np.random.Generator) -> pd.DataFrame:
    opens = np.round(close + width * rng.uniform(0.1, 0.9, len(days)), 2)
    high, low = np.round(np.maximum(opens, close) + width, 2), np.round(np.minimum(opens, close) - width, 2)
    return pd.DataFrame({"date": days, "open": opens, "high": high, "low": low, "close": close})


def _futures(days: pd.DatetimeIndex, vix: np.ndarray) -> pd.DataFrame:
    months = pd.period_range(START, END + pd.Timedelta(days=330), freq="M")
    expiries = pd.DatetimeIndex([vx_expiry(month.year, month.month) for month in months])
    rows = []
    for day, level in zip(days, vix, strict=True):
        for expiry in expiries[expiries > day][:8]:
            pull = np.exp(-(expiry - day).days / 90.0)
            rows.append((day, expiry, round(18.0 + (level - 18.0) * pull, 3), 1000))
    return pd.DataFrame(rows, columns=["date", "expiry", "settle", "volume"])


def _rolled(futures: pd.DataFrame, days: pd.DatetimeIndex) -> np.ndarray:
    """Daily returns of the two contracts around 30 days, weighted to 30 days: worked contract by contract."""
    settle = futures.pivot(index="date", columns="expiry", values="settle")
    moves = np.zeros(len(days))
    for i in range(1, len(days)):
        before, after = settle.loc[days[i - 1]].dropna(), settle.loc[days[i]]
        tenor = (before.index - days[i - 1]).days.to_numpy()
        far = int((tenor > 30).argmax())
        near = max(far - 1, 0)
        share = (tenor[far] - 30) / (tenor[far] - tenor[near]) if far != near else 1.0
        held = before.index[[near, far]]
        old = share * before[held[0]] + (1 - share) * before[held[1]]
        new = share * after[held[0]] + (1 - share) * after[held[1]]
        moves[i] = new / old - 1.0 if np.isfinite(new) else 0.0
    return moves


def write_folder(frames: Frames, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False, date_format="%Y-%m-%d")
    return folder
