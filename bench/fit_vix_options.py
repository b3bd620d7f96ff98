"""Fits on the VIX calls that a published index held, of VVIX from VIX, and half-spreads of any quotes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from fit_spx_smile import Floats, shape_of
from scipy.optimize import least_squares

from alvh_bt.market import Market
from alvh_bt.pricing.clock import OPEN_MOMENT
from alvh_bt.pricing.implied import implied_vol
from alvh_bt.pricing.ssvi import SsviShape, log_ratio_polynomial
from alvh_bt.pricing.vix_curve import running_mean
from alvh_bt.pricing.vix_surface import VixSurface, vix_sigma, vvix_thetas

#: Half of the smallest tick of an option, points: no quoted spread is narrower.
HALF_TICK: Final = 0.025


def vix_calls(data: Path, market: Market) -> pd.DataFrame:
    """Return the calls that Cboe's tail hedge index held, on the settlements of their futures."""
    calls = pd.read_csv(data / "benchmarks" / "vxth_daily.csv", parse_dates=["date", "expiration"])
    # The last rows of 2012 carry the year of the roll, not that of the expiry.
    late = calls["expiration"] < calls["date"]
    calls.loc[late, "expiration"] += pd.DateOffset(years=1)
    # A VIX expiry moved for a holiday is quoted under the Wednesday by the index: the same contract.
    row = np.searchsorted(market.sessions, calls["date"].to_numpy().astype("datetime64[D]"))
    expiry = calls["expiration"].to_numpy().astype("datetime64[D]").astype(np.int64)
    same = np.abs(market.vx_expiry[row] - expiry[:, None]) <= 1
    calls["future"] = np.where(same, market.vx_settle[row], 0.0).sum(axis=1)
    calls["vvix"], calls["vix"] = market.columns["vvix"][row], market.columns["vix_close"][row]
    calls["rate"], days = market.columns["rate"][row], expiry - market.days[row]
    calls["tau"], calls["roll"] = (
        (days + OPEN_MOMENT) / 365.0,
        calls["expiration"].diff().dt.days.gt(0).cumsum(),
    )
    usable = same.any(axis=1) & calls["vvix"].notna() & (days >= 5) & (calls["call_mid"] >= 0.10)
    calls = calls[usable].copy()
    quotes = zip(*(calls[name] for name in ("call_mid", "future", "strike", "tau", "rate")), strict=True)
    calls["vol"] = [implied_vol(*quote, 1) for quote in quotes]
    return calls[calls["vol"].notna()]


def fit_vix_smile(calls: pd.DataFrame) -> tuple[SsviShape, float, float, float]:
    """Return shape and decay fitted on even rolls, and the MAE (vol points) on even and on odd rolls."""

    def error(free: Floats, part: pd.DataFrame) -> Floats:
        shape, decay = shape_of(free), math.exp(free[3])
        theta = vvix_thetas(part["vvix"].to_numpy(), log_ratio_polynomial(shape))
        rows = zip(theta, np.log(part["strike"] / part["future"]), part["tau"], strict=True)
        return np.array([vix_sigma(VixSurface(*shape, t, decay), k, tau) for t, k, tau in rows]) - part["vol"]

    even, odd = calls[calls["roll"] % 2 == 0], calls[calls["roll"] % 2 == 1]
    found = least_squares(
        lambda free: error(free, even), [0.8, 1.0, 0.0, 0.5], loss="soft_l1", f_scale=0.05, diff_step=1e-3
    )
    maes = [float(np.abs(error(found.x, part)).mean() * 100.0) for part in (even, odd)]
    return shape_of(found.x), math.exp(found.x[3]), maes[0], maes[1]


def fit_vvix(market: Market, lives: tuple[float, float]) -> tuple[Floats, str]:
    """Return level, on_vix, on_mean and on_move of ln VVIX, and the account of the errors.

    Least squares on ln VVIX and, weighing twice, on its daily change; `lives` are the half-lives of the
    fast and slow mean of VIX.
    """
    vix, vvix = market.columns["vix_close"], market.columns["vvix"]
    fast, slow = (running_mean(vix, life) for life in lives)
    inputs = np.column_stack([np.ones(len(vix)), np.log(vix), np.log(slow), np.log(vix / fast)])
    level, moves, steps = np.log(vvix), np.diff(np.log(vvix)), np.diff(inputs, axis=0)
    seen, moved = np.isfinite(level), np.isfinite(moves)
    found = np.linalg.lstsq(
        np.vstack([inputs[seen], 2.0 * steps[moved]]), np.concatenate([level[seen], 2.0 * moves[moved]])
    )[0]
    error = np.exp(inputs[seen] @ found) - vvix[seen]
    change, points = steps[moved] @ found, np.diff(vix)[moved]
    worst = points >= np.percentile(points, 99.0)
    real = moves[moved]
    return found, (
        "VVIX where not published: exp(level + on_vix ln VIX + on_mean ln slow mean)"
        f" (VIX / fast mean)^on_move. {seen.sum()} days 2006-06 to 2024: MAE {np.abs(error).mean():.1f} vol"
        f" points, of a standard deviation of {vvix[seen].std():.1f}; daily changes of ln VVIX: standard"
        f" deviation {change.std() / real.std():.2f} of the real one, correlation"
        f" {np.corrcoef(change, real)[0, 1]:.2f}, on the 1% of days when VIX rose most"
        f" {change[worst].mean():+.2f} for {real[worst].mean():+.2f}."
    )


def fit_half_spread(mid: Floats, half: Floats) -> tuple[float, float, float]:
    """Return base and slope of half = max(HALF_TICK, base + slope mid), fitted on ln, and the MAE."""

    def model(free: Floats) -> Floats:
        return np.maximum(HALF_TICK, free[0] + free[1] * mid)

    found = least_squares(
        lambda free: np.log(model(free) / np.maximum(half, HALF_TICK)),
        [0.05, 0.02],
        bounds=([0.0, 0.0], [5.0, 1.0]),
        loss="soft_l1",
        f_scale=0.1,
    )
    return float(found.x[0]), float(found.x[1]), float(np.abs(model(found.x) - half).mean())
