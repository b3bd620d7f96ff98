"""Fits on the VIX calls that a published index held, of VVIX from VIX, and half-spreads of any quotes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from fit_spx_smile import Floats
from scipy.optimize import least_squares

from alvh_bt.market import Market
from alvh_bt.pricing.batch import price_delta_vega
from alvh_bt.pricing.clock import OPEN_MOMENT
from alvh_bt.pricing.vix_curve import running_mean
from alvh_bt.pricing.vix_surface import VixSmile, VixSurface, day_vix_eta, vix_sigma, vvix_thetas
from alvh_bt.validation.benchmarks import read_vxth
from alvh_bt.validation.vxth import has_bid

#: Half of the smallest tick of an option, points: no quoted spread is narrower.
HALF_TICK: Final = 0.025


def vix_calls(data: Path, market: Market) -> pd.DataFrame:
    """Return the calls with a bid that Cboe's tail hedge index held, on their futures' settlements."""
    calls = read_vxth(data / "benchmarks" / "vxth_daily.csv")
    row = np.searchsorted(market.days, calls["day"])
    same = market.vx_expiry[row] == calls["expiry"].to_numpy()[:, None]
    calls["future"] = np.where(same, market.vx_settle[row], 0.0).sum(axis=1)
    calls["vvix"], calls["vix"] = market.columns["vvix"][row], market.columns["vix_close"][row]
    calls["rate"], days = market.columns["rate"][row], calls["expiry"] - calls["day"]
    calls["tau"] = (days + OPEN_MOMENT) / 365.0
    calls["roll"] = calls["expiry"].diff().gt(0).cumsum()
    usable = (calls["future"] > 0.0) & calls["vvix"].notna() & (days >= 1) & has_bid(calls)
    return calls[usable].copy()


def priced(calls: pd.DataFrame, smile: VixSmile) -> Floats:
    """Return the modelled price (points) of each call."""
    eta = np.asarray(day_vix_eta(smile, calls["vix"].to_numpy()))
    theta = vvix_thetas(calls["vvix"].to_numpy(), eta, smile)
    rows = zip(eta, theta, np.log(calls["strike"] / calls["future"]), calls["tau"], strict=True)
    vols = [vix_sigma(VixSurface(smile.rho, e, smile.gamma, t, smile.decay), k, tau) for e, t, k, tau in rows]
    price, _, _ = price_delta_vega(calls["future"], calls["strike"], calls["tau"], vols, calls["rate"], 1.0)
    return np.asarray(price)


def relative(calls: pd.DataFrame, smile: VixSmile) -> Floats:
    """Return modelled price over quoted mid, less 1, of each call."""
    return np.asarray(priced(calls, smile) / calls["call_mid"].to_numpy() - 1.0)


def smile_of(free: Floats) -> VixSmile:
    """Return the smile of five unbounded numbers; every one is free of arbitrage."""
    rho = math.tanh(free[0])
    return VixSmile(
        rho=rho,
        eta=math.exp(free[1]),
        gamma=0.5 / (1.0 + math.exp(-free[2])),
        eta_on_vix=float(free[3]),
        # A thousandth inside the bound of remark 4.4, so that rounding to four digits cannot step over it.
        eta_cap=1.998 / math.sqrt(1.0 + abs(rho)),
        decay=math.exp(free[4]),
    )


def fit_vix_smile(calls: pd.DataFrame) -> VixSmile:
    """Return the smile nearest the mids: robust least squares of errors over (mid + a tick)."""
    scale = calls["call_mid"].to_numpy() + 2.0 * HALF_TICK

    def error(free: Floats) -> Floats:
        return relative(calls, smile_of(free)) * calls["call_mid"].to_numpy() / scale

    start = [0.9, 0.2, 0.3, -0.5, 1.8]
    return smile_of(least_squares(error, start, loss="soft_l1", f_scale=0.08, diff_step=1e-3).x)


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
