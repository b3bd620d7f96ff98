"""Fits on real option quotes: the SPX smile, the VIX smile and the half-spreads of both."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import least_squares

from alvh_bt.market import Market
from alvh_bt.pricing.black import black_delta
from alvh_bt.pricing.clock import OPEN_MOMENT
from alvh_bt.pricing.implied import implied_vol
from alvh_bt.pricing.spx_surface import SpxModel, atm_variance, spx_surface
from alvh_bt.pricing.ssvi import SsviShape, log_ratio_polynomial, ssvi_variance
from alvh_bt.pricing.vix_surface import VixSurface, vix_sigma, vvix_thetas

Floats = NDArray[np.float64]

#: Chain file, and the moment of its quotes in days from the close.
CHAINS: Final = {
    "2011": ("spx_2011-01-03_2011-01-07.csv.gz", 0.0),
    "2022": ("spx_2022-07-12_intraday.csv.gz", -(16.0 - 11.0 - 55.0 / 60.0) / 24.0),
}
#: Half of the smallest tick of an option, points: no quoted spread is narrower.
HALF_TICK: Final = 0.025

SLICE: Final = ["quote_date", "root", "expiration"]


def shape_of(free: Floats) -> SsviShape:
    """Return the shape of three unbounded numbers; every one is free of arbitrage."""
    rho = math.tanh(free[0])
    # A thousandth inside the bound, so that rounding to four digits cannot step over it.
    eta = 1.998 / (1.0 + abs(rho)) / (1.0 + math.exp(-free[1]))
    return SsviShape(rho, eta, 0.5 / (1.0 + math.exp(-free[2])))


def _slice(chain: pd.DataFrame) -> pd.DataFrame:
    """Return the out-of-the-money quotes of one expiry with forward (by parity), k, vol and delta."""
    tau, spot = chain["tau"].iloc[0], chain["underlying"].iloc[0]
    both = chain[chain["bid"] > 0].pivot_table(index="strike", columns="right", values="mid").dropna()
    both = both[(both.index > 0.95 * spot) & (both.index < 1.05 * spot)]
    slope, level = np.polyfit(both.index, both[1] - both[-1], 1)
    forward, rate = -level / slope, -math.log(-slope) / tau
    out = chain[(chain["bid"] > 0) & ((chain["strike"] - forward) * chain["right"] >= 0)].copy()
    quotes = list(zip(out["mid"], out["strike"], out["right"], strict=True))
    out["k"] = np.log(out["strike"] / forward)
    out["vol"] = [implied_vol(mid, forward, strike, tau, rate, right) for mid, strike, right in quotes]
    vols = zip(quotes, out["vol"], strict=True)
    out["delta"] = [abs(black_delta(forward, strike, tau, v, rate, w)) for (_, strike, w), v in vols]
    return out[(out["delta"] > 0.02) & (out["delta"] < 0.60) & out["vol"].notna()]


def spx_chain(data: Path, name: str) -> pd.DataFrame:
    """Return the usable quotes of a chain file: 0.02-0.60 delta, 5-100 days, a bid above zero."""
    file, moment = CHAINS[name]
    chain = pd.read_csv(data / "chains" / file)
    chain = chain[chain["root"].isin(["SPX", "SPXW"])].copy()
    days = (pd.to_datetime(chain["expiration"]) - pd.to_datetime(chain["quote_date"])).dt.days
    chain["tau"] = (days - moment + np.where(chain["root"] == "SPX", OPEN_MOMENT, 0.0)) / 365.0
    chain["mid"] = (chain["bid"] + chain["ask"]) / 2.0
    chain["half"] = (chain["ask"] - chain["bid"]) / 2.0
    chain["right"] = np.where(chain["type"] == "C", 1, -1)
    chain = chain[(days >= 5) & (days <= 100)]
    return pd.concat([_slice(one) for _, one in chain.groupby(SLICE)])


def fit_spx_shape(quotes: pd.DataFrame) -> tuple[SsviShape, float]:
    """Return the one shape nearest all slices, each with its own level, and the MAE in vol points."""
    number, slices = pd.factorize(pd.MultiIndex.from_frame(quotes[SLICE]))
    k, tau, vol = (quotes[name].to_numpy() for name in ("k", "tau", "vol"))
    weight = 1.0 / np.sqrt(np.bincount(number))[number]
    nearest = [np.flatnonzero(number == j)[np.abs(k[number == j]).argmin()] for j in range(len(slices))]
    start = np.concatenate([[-0.9, 2.0, 1.0], np.log(vol[nearest] ** 2 * tau[nearest])])

    def error(free: Floats) -> Floats:
        theta = np.exp(free[3:])[number]
        return np.sqrt(ssvi_variance(k, theta, shape_of(free)) / tau) - vol

    found = least_squares(lambda free: error(free) * weight, start, x_scale="jac")
    return shape_of(found.x), float(np.abs(error(found.x)).mean() * 100.0)


def anchored_error(quotes: pd.DataFrame, market: Market, model: SpxModel) -> tuple[float, float]:
    """Return MAE and mean error (vol points) of the surface anchored to each day's VIX family closes."""
    columns, errors = market.columns, []
    for day, chain in quotes.groupby("quote_date"):
        i = int(np.searchsorted(market.sessions, np.datetime64(str(day))))
        levels = [float(columns[name][i]) for name in ("vix9d", "vix_close", "vix3m", "vix6m")]
        surface = spx_surface(model, (levels[0], levels[1], levels[2], levels[3]))
        theta = np.array([atm_variance(surface, tau) for tau in chain["tau"]])
        shape = SsviShape(model.rho, model.eta, model.gamma)
        vol = np.sqrt(ssvi_variance(chain["k"].to_numpy(), theta, shape) / chain["tau"].to_numpy())
        errors.append(vol - chain["vol"].to_numpy())
    error = np.concatenate(errors) * 100.0
    return float(np.abs(error).mean()), float(error.mean())


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
