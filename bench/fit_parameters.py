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
from fit_vix_curve import (
    CHANGE_WEIGHT,
    account,
    fit_curve,
    fit_damping,
    fit_future_share,
    fit_vix_open,
    futures,
    opens_of_futures,
    with_moves,
)
from fit_vix_options import HALF_TICK, fit_half_spread, fit_vix_smile, fit_vvix, vix_calls
from numpy.typing import NDArray
from scipy.optimize import least_squares

from alvh_bt.market import Market, load_market
from alvh_bt.pricing.spx_surface import NODE_DAYS, TermModel, completed_nodes

Floats = NDArray[np.float64]
Values = dict[str, float]


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


def show_curve(market: Market) -> tuple[tuple[float, float], Floats]:
    """Fit and print the groups of the VIX curve; return the half-lives of the means and the damping."""
    table, closes = futures(market), market.columns["vix_close"]
    one, lives, price = fit_curve(table, closes, None)
    later = with_moves(table[table["vix3m"].notna()])
    two, _, later_price = fit_curve(later, closes, lives)
    damping, words = fit_damping(table)
    show(
        "vx_curve",
        f"""Beyond the last settlement the curve reverts as the modelled one does; a point of VIX
        moves a future by (1 + days / damping_days)^-damping_power: {words}. Half-lives, in sessions,
        of the running means of VIX: fitted with vx_modelled.vix.""",
        {
            "reversion": one.reversion,
            **dict(zip(("damping_days", "damping_power"), damping, strict=True)),
            **dict(zip(("fast_half_life", "slow_half_life"), lives, strict=True)),
        },
    )
    since = closes[table["row"].min() - 1 :]
    jump = float(np.percentile(np.diff(since), 99.0))
    for name, model, part, prices in (("vix", one, table, price), ("vix3m", two, later, later_price)):
        error = prices - part["settle"]
        show(
            f"vx_modelled.{name}",
            f"""Where no settlement is at hand: {len(part)} settlements 2004-2024, least squares on their
            logarithms and, weighing {CHANGE_WEIGHT:g} times, on the daily changes of those. MAE
            {error.abs().mean():.2f} points (mean {error.mean():+.2f}). By tenor: MAE (mean); daily changes,
            standard deviation modelled over real, correlation; points a point of VIX, modelled for real; mean
            change on the 1% of days when VIX rose most ({jump:.1f} points and more), modelled for real, ratio
            of standard deviations on them. {account(part, prices, jump)}.""",
            dict(model._asdict()),
        )
    return lives, damping


def show_vix_options(data: Path, market: Market, lives: tuple[float, float]) -> pd.DataFrame:
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
    found, words = fit_vvix(market, lives)
    show("vvix_from_vix", words, dict(zip(("level", "on_vix", "on_mean", "on_move"), found, strict=True)))
    return calls


def show_opens(data: Path, market: Market, damping: Floats) -> None:
    """Fit and print what VIX and its futures do at the open, and the constants for absent inputs."""
    slope, drift, vix_words = fit_vix_open(market)
    share, future_words = fit_future_share(opens_of_futures(data, market), damping, drift)
    show(
        "opens",
        f"""VIX at the open where not published: last close x exp(vix_drift - vix_on_spx x overnight move
        of ln SPX): {vix_words}; early prints of the index are stale. Futures at the open: last
        settlement + future_share x damping x (VIX
        open - last close x exp(vix_drift)), for VIX opens high and on wide quotes: {future_words}.""",
        {"vix_on_spx": slope, "vix_drift": drift, "future_share": share},
    )
    columns, modern = market.columns, market.sessions >= np.datetime64("2004-01-01")
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
    lives, damping = show_curve(market)
    calls = show_vix_options(data, market, lives)
    show_opens(data, market, damping)
    show_spreads(spx, calls)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python bench/fit_parameters.py DATA_DIR")
    main(Path(sys.argv[1]))
