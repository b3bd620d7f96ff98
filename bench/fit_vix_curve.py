"""The fits of VIX futures: the modelled curve, in level and in daily change, and its answer at the open."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import least_squares

from alvh_bt.market import Market
from alvh_bt.pricing.history import observed_open, previous
from alvh_bt.pricing.vix_curve import CurveModel, future_damping, modelled_futures, running_mean

Floats = NDArray[np.float64]

#: Weight of a relative error of a daily change against one of a level: changes are the smaller.
CHANGE_WEIGHT: Final = 2.0
TENORS: Final = ((0, 30), (30, 60), (60, 120), (120, 300))


def futures(market: Market) -> pd.DataFrame:
    """Return the settlements by expiry and session, with the same contract's settlement a session before.

    Columns: row, expiry, tenor (days), settle, vix, vix3m; `vix_move` and `settle_move` are the points
    since the session before, NaN where the contract had no settlement then.
    """
    row, slot = np.nonzero(np.isfinite(market.vx_settle))
    table = pd.DataFrame({"row": row, "expiry": market.vx_expiry[row, slot]})
    table["settle"] = market.vx_settle[row, slot]
    table["tenor"] = table["expiry"] - market.days[row] - 6.5 / 24.0
    table["vix"], table["vix3m"] = market.columns["vix_close"][row], market.columns["vix3m"][row]
    return with_moves(table[table["tenor"] > 0])


def with_moves(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table sorted, its moves since the session before anew."""
    table = table.sort_values(["expiry", "row"]).reset_index(drop=True)
    before = table.groupby("expiry")[["row", "settle", "vix"]].shift()
    next_day = table["row"] - before["row"] == 1
    for name in ("settle", "vix"):
        table[f"{name}_move"] = (table[name] - before[name]).where(next_day)
    return table


def slopes(answer: Floats, move: Floats) -> float:
    """Return the slope through zero of one move on another."""
    return float((answer * move).sum() / (move**2).sum())


def fit_damping(table: pd.DataFrame) -> tuple[Floats, str]:
    """Return days and power of the futures' damping, and the account of the error."""
    moved = table[table["settle_move"].notna()]
    tenor, settle, vix = (moved[name].to_numpy() for name in ("tenor", "settle_move", "vix_move"))
    found = least_squares(
        lambda free: settle - vix * future_damping(tenor, free[0], free[1]), [10.0, 0.6], loss="soft_l1"
    )
    r2 = 1.0 - np.var(settle - vix * future_damping(tenor, *found.x)) / np.var(settle)
    seen = []
    for low, high in ((0, 8), (15, 40), (60, 90), (130, 180)):
        inside = (tenor > low) & (tenor <= high)
        seen.append(f"{low}-{high} days {slopes(settle[inside], vix[inside]):.2f}")
    return found.x, f"{len(tenor)} daily changes, R2 {r2:.2f}; slopes seen: {', '.join(seen)}"


def modelled(table: pd.DataFrame, closes: Floats, lives: tuple[float, float], model: CurveModel) -> Floats:
    """Return the modelled price of every row of the table."""
    row = table["row"].to_numpy()
    fast, slow = (running_mean(closes, life)[row] for life in lives)
    tenor, vix, vix3m = (table[name].to_numpy() for name in ("tenor", "vix", "vix3m"))
    return modelled_futures(tenor, vix, fast, slow, vix3m, model)


def fit_curve(
    table: pd.DataFrame, closes: Floats, lives: tuple[float, float] | None
) -> tuple[CurveModel, tuple[float, float], Floats]:
    """Return the curve nearest the settlements and their changes together, the half-lives, the prices.

    Least squares on ln(modelled / settled) and on its daily changes. Without `lives` they are fitted and
    VIX3M is not used; with them VIX3M is.
    """
    settle, moved = np.log(table["settle"].to_numpy()), table["settle_move"].notna().to_numpy()

    def model(free: Floats) -> CurveModel:
        speeds = np.exp(free[:3]).tolist()
        return CurveModel(*speeds, *free[3:7].tolist(), float(free[7]) if lives else 0.0)

    def halves(free: Floats) -> tuple[float, float]:
        return lives or (math.exp(free[7]), math.exp(free[8]))

    def error(free: Floats) -> Floats:
        level = np.log(modelled(table, closes, halves(free), model(free))) - settle
        change = np.diff(level, prepend=0.0)[moved]
        return np.concatenate([level, CHANGE_WEIGHT * change])

    start = [0.7, 2.5, -0.5, 0.15, 0.7, 0.1, 0.1, *([1.5] if lives else [3.0, 5.0])]
    found = least_squares(error, start, x_scale="jac").x
    return model(found), halves(found), modelled(table, closes, halves(found), model(found))


def held_out_error(table: pd.DataFrame, closes: Floats, lives: tuple[float, float] | None) -> float:
    """Return the MAE (points) where contracts of odd years are modelled by a fit on even ones, and back."""
    odd = pd.to_datetime(table["expiry"], unit="D").dt.year % 2 == 1
    errors = []
    for half in (odd, ~odd):
        model, halves, _ = fit_curve(with_moves(table[~half]), closes, lives)
        test = table[half]
        errors.append(modelled(test, closes, halves, model) - test["settle"])
    return float(pd.concat(errors).abs().mean())


def account(table: pd.DataFrame, price: Floats, jump: float) -> str:
    """Return how modelled prices differ from settlements by tenor, in level and in daily change, in words.

    `jump` is the move of VIX, in points, from which a day counts among the worst.
    """
    error, parts = price - table["settle"].to_numpy(), []
    change = np.diff(price, prepend=np.nan)
    real, vix, tenor = (table[name].to_numpy() for name in ("settle_move", "vix_move", "tenor"))
    for low, high in TENORS:
        inside = (tenor > low) & (tenor <= high)
        days = inside & np.isfinite(real)
        worst = days & (vix >= jump)
        parts.append(
            f"{low}-{high} days {np.abs(error[inside]).mean():.2f} ({error[inside].mean():+.2f});"
            f" {change[days].std() / real[days].std():.2f},"
            f" {np.corrcoef(change[days], real[days])[0, 1]:.2f};"
            f" {slopes(change[days], vix[days]):.2f} for {slopes(real[days], vix[days]):.2f};"
            f" {change[worst].mean():.2f} for {real[worst].mean():.2f},"
            f" {change[worst].std() / real[worst].std():.2f}"
        )
    return ". ".join(parts)


def fit_vix_open(market: Market) -> tuple[float, float, str]:
    """Return how ln VIX falls at the open as ln SPX rises, its mean rise overnight, and the account."""
    columns, year = market.columns, market.sessions.astype("datetime64[Y]").astype(int) + 1970
    spx = np.log(columns["spx_open"] / previous(columns["spx_close"]))
    move = np.log(observed_open(market) / previous(columns["vix_close"]))
    used = np.isfinite(spx) & np.isfinite(move) & (year >= 2004)
    slope, drift = np.polyfit(-spx[used], move[used], 1)
    eras = []
    for first, last in ((2004, 2013), (2014, 2018), (2019, 2024)):
        era = used & (year >= first) & (year <= last)
        r2 = 1.0 - np.var(move[era] + slope * spx[era]) / np.var(move[era])
        eras.append(f"{first}-{last} {r2:.2f}, alone {-np.polyfit(spx[era], move[era], 1)[0]:.1f}")
    words = f"least squares on {used.sum()} opens 2004-2024; R2, and the slope of an era: {'; '.join(eras)}"
    return float(slope), float(drift), words


def opens_of_futures(data: Path, market: Market) -> pd.DataFrame:
    """Return the futures' opening trades: tenor, the points since their last settlement, VIX's open."""
    opens = pd.read_csv(data / "market" / "vx_futures.csv", usecols=["date", "expiry", "open", "volume"])
    # From late 2013 the first trade is of the evening before; before late 2006 many opens are blank.
    opens = opens[opens["date"].between("2006-10-01", "2013-09-30")]
    opens = opens[(opens["open"] > 0) & (opens["volume"] > 50)]
    for name in ("date", "expiry"):
        opens[name] = opens[name].to_numpy().astype("datetime64[D]").astype(np.int64)
    opens["row"] = np.searchsorted(market.days, opens["date"])
    table = futures(market)
    table["before"] = table["settle"] - table["settle_move"]
    opens = opens.merge(table[["row", "expiry", "tenor", "before"]], on=["row", "expiry"])
    opens["move"] = opens["open"] - opens["before"]
    opens["vix_open"] = observed_open(market)[opens["row"]]
    opens["vix_before"] = previous(market.columns["vix_close"])[opens["row"]]
    return opens.dropna()


def fit_future_share(opens: pd.DataFrame, damping: Floats, drift: float) -> tuple[float, str]:
    """Return the share of VIX's overnight move beyond its drift that futures answer to, and the account."""
    damped = future_damping(opens["tenor"].to_numpy(), *damping)
    whole = damped * (opens["vix_open"] - opens["vix_before"])
    beyond = damped * (opens["vix_open"] - opens["vix_before"] * math.exp(drift))
    # Robust: a first trade may be hours from the print of VIX.
    share = least_squares(
        lambda free: opens["move"] - free[0] * beyond, [0.7], loss="soft_l1", f_scale=0.3
    ).x[0]
    errors = [price - opens["move"] for price in (whole, share * beyond)]
    maes, means = zip(*((error.abs().mean(), error.mean()) for error in errors), strict=True)
    return float(share), (
        f"{len(opens)} first trades 2006-10 to 2013-09, MAE {maes[1]:.2f} points (mean {means[1]:+.2f});"
        f" the whole move of VIX, damped, would leave {maes[0]:.2f} ({means[0]:+.2f})"
    )
