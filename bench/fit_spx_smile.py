"""The fit of the SPX smile, on quotes of SPX and SPY options, anchored to VIX and SKEW as the model is."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import least_squares

from alvh_bt.chains import open_chains
from alvh_bt.market import Market
from alvh_bt.pricing.arbitrage import smile_slack
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.pricing.parameters import load_parameters
from alvh_bt.pricing.smile_checks import HIGHEST_THETA
from alvh_bt.pricing.spx_surface import (
    NODE_YEARS,
    SKEW_RANGE,
    VIX_RANGE,
    SpxSmile,
    anchored_thetas,
    day_eta,
    smile_shape,
)
from alvh_bt.pricing.ssvi import total_variance
from alvh_bt.validation.moments import prices_of_quotes
from alvh_bt.validation.quotes import DELTAS, implied_quotes

Floats = NDArray[np.float64]

#: Quotes further out than those that count for the errors pin the wing, and weigh less.
FIT_DELTAS: Final = (0.002, DELTAS[1])
WING_WEIGHT: Final = 0.1

#: How much a file counts against the others: the puts of 2010-2018 span nine years.
WEIGHTS: Final = {"spy_puts_2010_2018": 2.0}

#: The least butterfly slack that a fit may leave, so that rounding of the numbers cannot step over zero.
SLACK: Final = 0.002

#: Where the search begins; the last is ln(eta_cap), which the quotes hardly move: see `smile_of`.
START: Final = (-0.675, 0.2, 0.6, -0.338, 1.4, -1.0, 1.1, -0.3, math.log(2.1))


def smile_of(free: Floats) -> SpxSmile:
    """Return the smile of nine unbounded numbers."""
    wing, start, width, cap = np.exp(free[5:9]).tolist()
    return SpxSmile(
        rho=math.tanh(free[0]),
        eta=math.exp(free[1]),
        gamma=0.5 / (1.0 + math.exp(-free[4])),
        wing=wing,
        wing_start=start,
        wing_width=width,
        eta_on_skew=float(free[2]),
        eta_on_vix=float(free[3]),
        eta_cap=cap,
    )


def quotes_of_files(data: Path, market: Market, prices: ModelPrices) -> dict[str, pd.DataFrame]:
    """Return the quotes of every chain file, with the levels that anchor the surface at their moment.

    Columns: those of `implied_quotes`, and `day`, `vix9d`, `vix`, `vix3m`, `vix6m`, `skew`.
    """
    found = {}
    level, on_vix = load_parameters().skew_from_vix
    modelled = np.exp(level + on_vix * np.log(market.columns["vix_close"]))
    skew = np.where(np.isfinite(market.columns["skew"]), market.columns["skew"], modelled)
    for file in open_chains(data / "chains").files:
        parts = []
        for day in file.days.tolist():
            i = int(np.searchsorted(market.days, day))
            at = prices_of_quotes(market, i, prices.at_close(i), quotes := file.day(day))
            if at is None:
                continue
            part = implied_quotes(quotes, at.prices, at.moment, FIT_DELTAS)
            levels = dict(zip(("vix9d", "vix", "vix3m", "vix6m"), at.prices.spx.node_vol, strict=True))
            parts.append(part.assign(day=day, skew=skew[i], **levels))
        found[file.name.split(".")[0]] = pd.concat(parts, ignore_index=True)
    return found


def anchored_error(quotes: pd.DataFrame, smile: SpxSmile) -> Floats:
    """Return modelled less implied volatility of each quote."""
    days, at, row = np.unique(quotes["day"], return_index=True, return_inverse=True)
    first = quotes.iloc[at]
    eta = day_eta(smile, first["skew"].to_numpy(), first["vix"].to_numpy())
    levels = first[["vix9d", "vix", "vix3m", "vix6m"]].to_numpy()
    shape = smile_shape(smile)
    theta = np.column_stack([np.zeros(len(days)), anchored_thetas(levels, shape, eta)])
    node, tau = np.array([0.0, *NODE_YEARS]), quotes["tau"].to_numpy()
    # No quote lies beyond the last node, so the surface's own interpolation is this line.
    j = np.searchsorted(node, tau, side="right") - 1
    part = (tau - node[j]) / (node[j + 1] - node[j])
    level = theta[row, j] + part * (theta[row, j + 1] - theta[row, j])
    # Only `eta` differs between days, and the formula takes arrays.
    total = total_variance.py_func(quotes["log_moneyness"].to_numpy(), level, shape._replace(eta=eta[row]))
    return np.asarray(np.sqrt(total / tau) - quotes["sigma"].to_numpy())


def lacking_slack(smile: SpxSmile) -> Floats:
    """Return by how much the smile falls short of `SLACK` at the corners of what days can be; 0 where not."""
    short = []
    for skew in np.linspace(*SKEW_RANGE, 5):
        for vix in np.geomspace(*VIX_RANGE, 8):
            shape = smile_shape(smile)._replace(eta=float(day_eta(smile, skew, vix)))
            thetas = np.geomspace((0.005 * vix) ** 2 / 365.0, min((0.02 * vix) ** 2, HIGHEST_THETA), 9)
            short.append(max(0.0, SLACK - smile_slack(shape, thetas).butterfly))
    return np.array(short)


def fit_spx_smile(files: dict[str, pd.DataFrame]) -> SpxSmile:
    """Return the smile nearest all quotes: least squares of relative errors, each expiry of a file alike."""
    scales = {}
    for name, quotes in files.items():
        expiry = quotes.groupby(["day", "root", "expiry"]).ngroup().to_numpy()
        weight = WEIGHTS.get(name, 1.0) / len(np.unique(expiry)) / np.bincount(expiry)[expiry]
        weight = np.where(quotes["delta"].abs() >= DELTAS[0], weight, WING_WEIGHT * weight)
        scales[name] = np.sqrt(weight) / quotes["sigma"].to_numpy()

    def error(free: Floats) -> Floats:
        smile = smile_of(free)
        parts = [anchored_error(quotes, smile) * scales[name] for name, quotes in files.items()]
        return np.concatenate([*parts, 10.0 * lacking_slack(smile)])

    return smile_of(least_squares(error, START, diff_step=1e-4, max_nfev=60).x)


def counted(quotes: pd.DataFrame, smile: SpxSmile) -> pd.Series:
    """Return the errors (vol points) of the quotes that count, by signed delta."""
    inside = quotes["delta"].abs() >= DELTAS[0]
    points = 100.0 * anchored_error(quotes, smile)[inside.to_numpy()]
    return pd.Series(points, index=quotes.loc[inside, "delta"].to_numpy())


def fit_account(files: dict[str, pd.DataFrame], smile: SpxSmile) -> str:
    """Return, file by file, the errors of the fit and of a fit without that file, in words."""
    parts, held_out = [], []
    for name, quotes in files.items():
        points = counted(quotes, smile)
        without = counted(quotes, fit_spx_smile({k: v for k, v in files.items() if k != name}))
        held_out.append(without)
        wing, body = (
            points[points.index.to_series().between(-0.05, 0.0)],
            points[points.index.to_series().between(-0.25, -0.10)],
        )
        parts.append(
            f"{name}: {len(points)} quotes, MAE {points.abs().mean():.2f}, mean {points.mean():+.2f} (puts of"
            f" 0.10-0.25 delta {body.mean():+.2f}, of 0.02-0.05 {_mean(wing)}); held out, fitted on the"
            f" others alone, MAE {without.abs().mean():.2f}, mean {without.mean():+.2f}"
        )
    everything = pd.concat([counted(quotes, smile) for quotes in files.values()])
    out = pd.concat(held_out)
    return (
        f"{'. '.join(parts)}. All {len(everything)}: MAE {everything.abs().mean():.2f}; each held out in"
        f" turn {out.abs().mean():.2f}"
    )


def _mean(points: pd.Series) -> str:
    return f"{points.mean():+.2f}" if len(points) else "none quoted"
