"""Refit the price models on real history and print `data/parameters.toml`.

Usage: python bench/fit_parameters.py DATA_DIR > data/parameters.toml

DATA_DIR holds `market/`, `benchmarks/` and `chains/`. Each group says on what, how and how well it
was fitted, so that the file is its own account. Nothing of the data but these numbers leaves it.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
from fit_spx_smile import anchors, fit_spx_smile, spx_chain, spy_chain
from fit_vix_options import HALF_TICK, fit_half_spread, fit_vix_smile, vix_calls
from numpy.typing import NDArray
from scipy.optimize import least_squares

from alvh_bt.market import Market, load_market
from alvh_bt.pricing.history import observed_open, previous
from alvh_bt.pricing.spx_surface import NODE_DAYS, TermModel, completed_nodes
from alvh_bt.pricing.vix_curve import CurveModel, curve_target, future_damping, modelled_futures, slow_mean
from alvh_bt.pricing.vix_surface import modelled_vvix

Floats = NDArray[np.float64]
Values = dict[str, float]

#: Half-lives, in sessions, among which the slow mean of VIX is chosen.
HALF_LIVES = (63.0, 84.0, 105.0, 126.0, 168.0, 252.0)


def show(group: str, account: str, values: Values) -> None:
    """Print one group of the file."""
    print(
        "\n".join(textwrap.wrap(" ".join(account.split()), 108, initial_indent="# ", subsequent_indent="# "))
    )
    print(f"[{group}]")
    for name, value in values.items():
        print(f"{name} = {float(f'{value:.4g}')}")
    print()


def nodes(market: Market) -> Floats:
    """Return (n, 4) VIX9D, VIX, VIX3M and VIX6M; NaN where not published."""
    columns = market.columns
    return np.column_stack([columns["vix9d"], columns["vix_close"], columns["vix3m"], columns["vix6m"]])


def fit_term(market: Market) -> tuple[TermModel, float, str]:
    """Return the term model, the damping power, and the account of their errors."""
    seen = nodes(market)
    seen = seen[np.isfinite(seen).all(axis=1)]
    only, two = seen.copy(), seen.copy()
    only[:, [0, 2, 3]] = np.nan
    two[:, [0, 3]] = np.nan

    def error(free: Floats) -> Floats:
        term = TermModel(*np.exp(free))
        log = [np.log(completed_nodes(given, term) / seen) for given in (only, two)]
        return np.concatenate([log[0][:, [0, 2, 3]].ravel(), log[1][:, [0, 3]].ravel()])

    found = least_squares(error, np.log([0.8, 30.0, 4.0]))
    term = TermModel(*np.exp(found.x).tolist())
    one_mae = np.abs(completed_nodes(only, term) - seen).mean(axis=0)
    two_mae = np.abs(completed_nodes(two, term) - seen).mean(axis=0)
    moves = np.diff(seen, axis=0)
    others, days = [0, 2, 3], np.array(NODE_DAYS)
    damping = least_squares(
        lambda power: (moves[:, others] - moves[:, 1:2] * (30.0 / days[others]) ** power[0]).ravel(), [0.4]
    ).x[0]
    account = f"""
        Nodes that were not published. Least squares on ln(modelled / published), {len(seen)} days with
        all four indices, 2011-2024. MAE in vol points: from VIX alone 9D {one_mae[0]:.2f},
        3M {one_mae[2]:.2f}, 6M {one_mae[3]:.2f}; from VIX and VIX3M 9D {two_mae[0]:.2f}, 6M {two_mae[3]:.2f}.
        damping: daily changes of the others on those of VIX, as (30 / days)^damping."""
    return term, float(damping), account


def futures(market: Market) -> pd.DataFrame:
    """Return the settlements as a table: session, expiry, tenor (days), settle, vix, vix3m."""
    row, slot = np.nonzero(np.isfinite(market.vx_settle))
    table = pd.DataFrame({"row": row, "expiry": market.vx_expiry[row, slot]})
    table["settle"] = market.vx_settle[row, slot]
    table["tenor"] = table["expiry"] - market.days[row] - 6.5 / 24.0
    table["vix"], table["vix3m"] = market.columns["vix_close"][row], market.columns["vix3m"][row]
    return table[table["tenor"] > 0]


def fit_damping(table: pd.DataFrame) -> tuple[Floats, str]:
    """Return days and power of the futures' damping, and the account of the error."""
    table = table.sort_values(["expiry", "row"])
    before = table.groupby("expiry")[["row", "settle", "vix"]].shift()
    next_day = table["row"] - before["row"] == 1
    table, before = table[next_day], before[next_day]
    tenor, settle = table["tenor"].to_numpy(), (table["settle"] - before["settle"]).to_numpy()
    vix = (table["vix"] - before["vix"]).to_numpy()
    found = least_squares(
        lambda free: settle - vix * future_damping(tenor, free[0], free[1]), [10.0, 0.6], loss="soft_l1"
    )
    r2 = 1.0 - np.var(settle - vix * future_damping(tenor, *found.x)) / np.var(settle)
    bins = [(0, 8), (15, 40), (60, 90), (130, 180)]
    seen = []
    for low, high in bins:
        inside = (tenor > low) & (tenor <= high)
        slope = (settle[inside] * vix[inside]).sum() / (vix[inside] ** 2).sum()
        seen.append(f"{low}-{high} days {slope:.2f}")
    return found.x, f"{len(tenor)} daily changes, R2 {r2:.2f}; slopes seen: {', '.join(seen)}"


def curve_error(table: pd.DataFrame, mean: Floats, model: CurveModel) -> Floats:
    """Return modelled less observed settlements, points."""
    vix, vix3m = table["vix"].to_numpy(), table["vix3m"].to_numpy()
    target = curve_target(vix, mean[table["row"]], vix3m, model)
    modelled = modelled_futures(table["tenor"].to_numpy(), vix, target, np.full(len(table), model.reversion))
    return modelled - table["settle"].to_numpy()


def fit_curve(table: pd.DataFrame, mean: Floats, with_term: bool) -> tuple[CurveModel, Floats]:
    """Return the modelled curve nearest the settlements (least squares on their ratio), and its errors."""

    def model(free: Floats) -> CurveModel:
        return CurveModel(float(np.exp(free[0])), free[1], free[2], free[3] if with_term else 0.0)

    start = [1.0, 0.0, 0.8, 1.0] if with_term else [1.0, 0.0, 0.8]
    settle = table["settle"].to_numpy()
    found = least_squares(lambda free: curve_error(table, mean, model(free)) / settle, start)
    return model(found.x), curve_error(table, mean, model(found.x))


def by_tenor(table: pd.DataFrame, error: Floats) -> str:
    """Return MAE and mean of errors by tenor, in words."""
    parts = []
    for low, high in ((0, 30), (30, 60), (60, 120), (120, 300)):
        inside = ((table["tenor"] > low) & (table["tenor"] <= high)).to_numpy()
        parts.append(f"{low}-{high} days {np.abs(error[inside]).mean():.2f} ({error[inside].mean():+.2f})")
    return ", ".join(parts)


def show_curve(market: Market) -> float:
    """Fit and print the groups of the VIX curve; return the half-life of the slow mean."""
    table, vix = futures(market), market.columns["vix_close"]
    fits = {life: fit_curve(table, slow_mean(vix, life), with_term=False) for life in HALF_LIVES}
    life = min(fits, key=lambda one: float(np.abs(fits[one][1]).mean()))
    one, error = fits[life]
    later = table[table["vix3m"].notna()]
    two, later_error = fit_curve(later, slow_mean(vix, life), with_term=True)
    damping, account = fit_damping(table)
    tried = ", ".join(f"{one:g}" for one in HALF_LIVES)
    show(
        "vx_curve",
        f"""Beyond the last settlement the curve reverts as the modelled one does; a point of VIX
        moves a future by (1 + days / damping_days)^-damping_power: {account}. half_life of the
        slow mean of VIX: the best of {tried} sessions.""",
        {
            "reversion": one.reversion,
            "damping_days": damping[0],
            "damping_power": damping[1],
            "half_life": life,
        },
    )
    for name, model, part, errors in (("vix", one, table, error), ("vix3m", two, later, later_error)):
        show(
            f"vx_modelled.{name}",
            f"""Where no settlement is at hand: {len(part)} settlements 2004-2024, MAE
            {np.abs(errors).mean():.2f} points (mean {errors.mean():+.2f});
            {by_tenor(part, errors)}.""",
            dict(model._asdict()),
        )
    return life


def show_vix_options(data: Path, market: Market, half_life: float) -> pd.DataFrame:
    """Fit and print the VIX smile and VVIX from VIX; return the calls used."""
    calls = vix_calls(data, market)
    shape, decay, even, odd = fit_vix_smile(calls)
    show(
        "vix_smile",
        f"""{len(calls)} daily mids of the VIX call held by Cboe's tail hedge index, 2006-06 to
        2012, 5-35 days, on the settlement of its future, anchored to VVIX. Fitted on even
        rolls: MAE {even:.1f} vol points; odd rolls {odd:.1f} (mean level
        {calls["vol"].mean() * 100:.0f}). One call a day: the far wings are the shape's own.""",
        {**shape._asdict(), "decay": decay},
    )
    vix, vvix = market.columns["vix_close"], market.columns["vvix"]
    mean, seen = slow_mean(vix, half_life), np.isfinite(vvix)
    inputs = np.column_stack([np.ones(seen.sum()), np.log(vix[seen]), np.log(mean[seen])])
    found = np.linalg.lstsq(inputs, np.log(vvix[seen]), rcond=None)[0]
    error = modelled_vvix(vix[seen], mean[seen], tuple(found)) - vvix[seen]
    show(
        "vvix_from_vix",
        f"""VVIX where not published: exp(level + on_vix ln VIX + on_mean ln slow mean).
        {seen.sum()} days 2006-06 to 2024: MAE {np.abs(error).mean():.1f} vol points, of a
        standard deviation of {vvix[seen].std():.1f}.""",
        dict(zip(("level", "on_vix", "on_mean"), found, strict=True)),
    )
    return calls


def show_opens(market: Market) -> None:
    """Fit and print how VIX opens on the overnight move of SPX, and the constants for absent inputs."""
    columns, year = market.columns, market.sessions.astype("datetime64[Y]").astype(int) + 1970
    move = np.log(columns["spx_open"] / previous(columns["spx_close"]))
    vix = np.log(observed_open(market) / previous(columns["vix_close"]))
    used = np.isfinite(move) & np.isfinite(vix) & (year >= 2014)
    found = least_squares(lambda b: vix[used] + b[0] * move[used], [4.0], loss="soft_l1", f_scale=0.02).x[0]
    r2 = 1.0 - np.abs(vix[used] + found * move[used]).mean() / np.abs(vix[used]).mean()
    show(
        "opens",
        f"""VIX at the open where not published: last close x exp(-vix_on_spx x overnight move of ln
        SPX). Robust fit on {used.sum()} opens 2014-2024; it explains {r2:.0%} of the mean
        absolute move, for many published opens of either index are stale prints.""",
        {"vix_on_spx": found},
    )
    modern = year >= 2004
    show(
        "fallback",
        "Means of 2004-2024, used only on days when the market knows no rate or no dividend yield.",
        {
            "rate": np.nanmean(columns["rate"][modern]),
            "dividend_yield": np.nanmean(columns["dividend_yield"][modern]),
        },
    )


def show_spreads(chains: dict[str, pd.DataFrame], calls: pd.DataFrame) -> None:
    """Fit and print the half-spreads."""
    bid, ask = (pd.to_numeric(calls[name], errors="coerce") for name in ("call_bid", "call_ask"))
    quoted = calls.assign(mid=calls["call_mid"], half=(ask - bid) / 2.0)[bid.gt(0) & ask.gt(bid)]
    sources = {"vix": ("VIX calls 2011-04 to 2012", quoted)}
    for name, chain in chains.items():
        sources[f"spx_{name}"] = (
            f"out-of-the-money SPX quotes of {name}, 0.02-0.60 delta, 5-100 days",
            chain,
        )
    for name, (what, quotes) in sources.items():
        half = quotes["half"].to_numpy()
        base, slope, mae = fit_half_spread(quotes["mid"].to_numpy(), half)
        show(
            f"half_spread.{name}",
            f"""{len(quotes)} {what}: half = max({HALF_TICK}, base + slope mid) points, a robust fit
            on ln. MAE {mae:.3f}, mean {half.mean():.3f} points. Given the mid, no widening with
            VIX can be read from it: the SPX files hold one level of VIX each, and VIX calls are
            quoted by the tick.""",
            {"base": base, "slope": slope},
        )


def show_spx_smile(chains: dict[str, pd.DataFrame], market: Market, term: TermModel) -> None:
    """Fit and print the SPX smile."""
    levels = {name: anchors(chain, market, term) for name, chain in chains.items()}
    shape, factor, errors = fit_spx_smile(chains, levels)
    found = {}
    for name, error in errors.items():
        points, delta = 100.0 * error, chains[name]["delta"] * chains[name]["right"]
        body = points[(delta < -0.10) & (delta > -0.25)].mean()
        wing = points[(delta < 0.0) & (delta > -0.05)]
        far = f"{wing.mean():+.2f}" if len(wing) else "none quoted"
        found[name] = (
            f"MAE {np.abs(points).mean():.2f}, mean {points.mean():+.2f}"
            f" (puts of 0.10-0.25 delta {body:+.2f}, of 0.02-0.05 {far})"
        )
    count = {name: len(chain) for name, chain in chains.items()}
    show(
        "spx_smile",
        f"""SSVI, one shape for all days, fitted as it is used: anchored to each day's VIX family. Errors in
        vol points, modelled less quoted, out of the money, 0.02-0.60 delta, 5-100 days. SPX
        2011-01-03..07, {count["2011"]} quotes: {found["2011"]}; SPX 2022-07-12 11:55, {count["2022"]}:
        {found["2022"]}, VIX at that hour fitted as {factor:.2f} of its close; SPY puts 2010-2018, monthly,
        {count["spy"]}: {found["spy"]}. Held out, SPY puts and calls of 2021, {count["spy 2021"]}:
        {found["spy 2021"]}: that year's body traded further below VIX than one shape allows.""",
        dict(shape._asdict()),
    )


def main(data: Path) -> None:
    """Fit everything on `data` and print the parameter file."""
    print("# Parameters of the price models, written by bench/fit_parameters.py.")
    print("# Vol points for VIX-like levels, years for speeds (1/year), decimals a year for rates.\n")
    market = load_market(data / "market")
    term, damping, account = fit_term(market)
    spx = {name: spx_chain(data, name) for name in ("2011", "2022")}
    spy = {"spy": "spy_puts_2010_2018.csv.gz", "spy 2021": "spy_2021.csv.gz"}
    show_spx_smile(spx | {name: spy_chain(data, file, market) for name, file in spy.items()}, market, term)
    show("spx_term", account, {**term._asdict(), "damping": damping})
    half_life = show_curve(market)
    calls = show_vix_options(data, market, half_life)
    show_opens(market)
    show_spreads(spx, calls)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python bench/fit_parameters.py DATA_DIR")
    main(Path(sys.argv[1]))
