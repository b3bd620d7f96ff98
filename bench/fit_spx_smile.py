"""The fit of the SPX smile, on quotes of SPX options and of SPY puts, anchored to VIX as the model is."""

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
from alvh_bt.pricing.spx_surface import NODE_YEARS, TermModel, anchored_thetas, completed_nodes
from alvh_bt.pricing.ssvi import SsviShape, log_ratio_polynomial, ssvi_variance

Floats = NDArray[np.float64]

#: Chain file, and the moment of its quotes in days from the close.
CHAINS: Final = {
    "2011": ("spx_2011-01-03_2011-01-07.csv.gz", 0.0),
    "2022": ("spx_2022-07-12_intraday.csv.gz", -(16.0 - 11.0 - 55.0 / 60.0) / 24.0),
}
SLICE: Final = ["quote_date", "root", "expiration"]

#: Weight of each source; SPY of 2021 is held out.
WEIGHTS: Final = {"2011": 1.0, "2022": 1.0, "spy": 2.0}


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


def spy_chain(data: Path, file: str, market: Market) -> pd.DataFrame:
    """Return the usable out-of-the-money SPY quotes of a file, on the forward of rate and dividend yield.

    SPY's are American, and its dividends are lumps; neither tells on an option out of the money.
    """
    chain = pd.read_csv(data / "chains" / file)
    days = (pd.to_datetime(chain["expiration"]) - pd.to_datetime(chain["quote_date"])).dt.days
    row = np.searchsorted(market.sessions, chain["quote_date"].to_numpy().astype("datetime64[D]"))
    chain["tau"], chain["right"] = days / 365.0, np.where(chain["type"] == "C", 1, -1)
    chain["mid"], chain["rate"] = (chain["bid"] + chain["ask"]) / 2.0, market.columns["rate"][row]
    carry = chain["rate"] - market.columns["dividend_yield"][row]
    chain["forward"] = chain["underlying"] * np.exp(carry * chain["tau"])
    outside = (chain["strike"] - chain["forward"]) * chain["right"] >= 0
    chain = chain[outside & (chain["bid"] > 0) & (days >= 5) & (days <= 100)].copy()
    chain["k"] = np.log(chain["strike"] / chain["forward"])
    names = ("mid", "forward", "strike", "tau", "rate", "right")
    quotes = list(zip(*(chain[name] for name in names), strict=True))
    chain["vol"] = [implied_vol(*quote) for quote in quotes]
    vols = zip(quotes, chain["vol"], strict=True)
    chain["delta"] = [abs(black_delta(*quote[1:4], vol, *quote[4:])) for quote, vol in vols]
    return chain[(chain["delta"] > 0.02) & (chain["delta"] < 0.60) & chain["vol"].notna()]


def anchors(chain: pd.DataFrame, market: Market, term: TermModel) -> Floats:
    """Return (n, 4): the levels of the VIX family at the close of each quote's day."""
    row = np.searchsorted(market.sessions, chain["quote_date"].to_numpy().astype("datetime64[D]"))
    names = ("vix9d", "vix_close", "vix3m", "vix6m")
    return completed_nodes(np.column_stack([market.columns[name][row] for name in names]), term)


def anchored_error(chain: pd.DataFrame, levels: Floats, shape: SsviShape) -> Floats:
    """Return modelled less implied volatility of each quote, the surface anchored to `levels`."""
    theta = np.column_stack([np.zeros(len(chain)), anchored_thetas(levels, log_ratio_polynomial(shape))])
    node, tau, row = np.array([0.0, *NODE_YEARS]), chain["tau"].to_numpy(), np.arange(len(chain))
    # No quote lies beyond the last node, so the surface's own interpolation is this line.
    j = np.searchsorted(node, tau, side="right") - 1
    part = (tau - node[j]) / (node[j + 1] - node[j])
    total = theta[row, j] + part * (theta[row, j + 1] - theta[row, j])
    return np.sqrt(ssvi_variance(chain["k"].to_numpy(), total, shape) / tau) - chain["vol"].to_numpy()


def fit_spx_smile(
    chains: dict[str, pd.DataFrame], levels: dict[str, Floats]
) -> tuple[SsviShape, float, dict[str, Floats]]:
    """Return the shape nearest all quotes, the factor on VIX at 11:55 in 2022, and every source's errors.

    Relative errors of the anchored surface count, each expiry of a source alike. The file of 2022 was taken
    four hours before the closes that anchor it, so one factor on its levels is fitted with the shape.
    """

    def errors(free: Floats) -> dict[str, Floats]:
        factor = {"2022": math.exp(free[3])}
        return {
            name: anchored_error(chain, levels[name] * factor.get(name, 1.0), shape_of(free))
            for name, chain in chains.items()
        }

    scale = {}
    for name, weight in WEIGHTS.items():
        number, slices = pd.factorize(pd.MultiIndex.from_frame(chains[name][SLICE]))
        scale[name] = (
            np.sqrt(weight / len(slices) / np.bincount(number)[number]) / chains[name]["vol"].to_numpy()
        )

    def weighted(free: Floats) -> Floats:
        found = errors(free)
        return np.concatenate([found[name] * scale[name] for name in WEIGHTS])

    starts = ([-0.9, 1.0, 0.0, -0.07], [-0.5, 0.0, 1.0, -0.07])
    fits = [least_squares(weighted, start, diff_step=1e-4) for start in starts]
    best = min(fits, key=lambda fit: float(fit.cost)).x
    return shape_of(best), math.exp(best[3]), errors(best)
