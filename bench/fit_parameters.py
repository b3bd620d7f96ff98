"""Refit the price models on real history and print `data/parameters.toml`.

Usage: python bench/fit_parameters.py DATA_DIR > data/parameters.toml

DATA_DIR holds `market/`, `benchmarks/` and `chains/`. Each group says on what, how and how well it
was fitted, so that the file is its own account. Nothing of the data but these numbers leaves it.
"""

from __future__ import annotations

import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from fit_spx_smile import fit_account, fit_spx_smile, quotes_of_files
from fit_vix_curve import (
    CHANGE_WEIGHT,
    account,
    fit_curve,
    fit_damping,
    fit_future_share,
    fit_vix_open,
    futures,
    held_out_error,
    opens_of_futures,
    with_moves,
)
from fit_vix_options import HALF_TICK, fit_half_spread, fit_vix_smile, fit_vvix, relative, vix_calls
from numpy.typing import NDArray
from scipy.optimize import least_squares

from alvh_bt.market import Market, load_market
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.pricing.parameters import ModelParameters, load_parameters
from alvh_bt.pricing.spx_surface import NODE_DAYS, NodeModel
from alvh_bt.pricing.vix_curve import running_mean
from alvh_bt.validation.quotes import DELTAS

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


def fit_nodes(market: Market, lives: tuple[float, float]) -> tuple[NodeModel, float, str]:
    """Return the model of unpublished nodes, the damping power, and the account of their errors.

    `lives` are the half-lives of the running means of VIX. Even years are tried on odd ones and the reverse.
    """
    seen, vix = nodes(market), market.columns["vix_close"]
    fast, slow = (running_mean(vix, life) for life in lives)
    known = [np.ones(len(vix)), np.log(fast / vix), np.log(slow / vix), np.log(20.0 / vix)]
    alone = np.column_stack(known)
    two = np.column_stack([known[0], np.log(seen[:, 2] / vix), *known[1:]])
    odd = market.sessions.astype("datetime64[Y]").astype(int) % 2 == 1
    words, rows = [], []
    for inputs, source in ((alone, "VIX"), (two, "VIX and VIX3M")):
        for node, name in ((0, "9D"), (2, "3M"), (3, "6M")):
            if inputs is two and node == 2:
                continue
            target = np.log(seen[:, node] / vix)
            used = np.isfinite(target) & np.isfinite(inputs).all(axis=1)
            rows.append(tuple(_regressed(inputs[used], target[used])))
            out = np.empty(len(vix))
            for half in (odd, ~odd):
                out[half] = inputs[half] @ _regressed(inputs[used & ~half], target[used & ~half])
            error = np.abs(np.exp(out[used]) * vix[used] - seen[used, node]).mean()
            words.append(f"{name} from {source} {error:.2f} ({used.sum()} days)")
    full = seen[np.isfinite(seen).all(axis=1)]
    moves, others, days = np.diff(full, axis=0), [0, 2, 3], np.array(NODE_DAYS)
    damping = least_squares(
        lambda power: (moves[:, others] - moves[:, 1:2] * (30.0 / days[others]) ** power[0]).ravel(), [0.4]
    ).x[0]
    account = f"""
        Nodes that were not published: ln(node / VIX) on the running means of VIX (half-lives of vx_curve),
        20 and VIX3M, each over VIX. MAE in vol points, each half of the years fitted on the other:
        {"; ".join(words)}. damping: daily changes of the others on those of VIX, as (30 / days)^damping."""
    return NodeModel(tuple(rows[:3]), tuple(rows[3:])), float(damping), account  # type: ignore[arg-type]


def _regressed(inputs: Floats, target: Floats) -> Floats:
    return np.linalg.lstsq(inputs, target)[0]


def show_nodes(model: NodeModel, damping: float, account: str) -> None:
    """Print the groups of the unpublished nodes."""
    show("spx_nodes", account, {"damping": damping})
    known = ("on_fast", "on_slow", "on_usual")
    for source, names, rows, extra in (
        ("from_vix", ("vix9d", "vix3m", "vix6m"), model.from_vix, ()),
        ("from_vix3m", ("vix9d", "vix6m"), model.from_vix3m, ("on_vix3m",)),
    ):
        for name, row in zip(names, rows, strict=True):
            print(f"[spx_nodes.{source}.{name}]")
            for key, value in zip(("constant", *extra, *known), row, strict=True):
                print(f"{key} = {float(f'{value:.4g}')}")
            print()


def fit_skew(market: Market) -> tuple[float, float, str]:
    """Return level and slope of ln SKEW on ln VIX, and the account of the error."""
    skew, vix = market.columns["skew"], market.columns["vix_close"]
    seen = np.isfinite(skew) & np.isfinite(vix)
    on_vix, level = np.polyfit(np.log(vix[seen]), np.log(skew[seen]), 1)
    error = np.exp(level + on_vix * np.log(vix[seen])) - skew[seen]
    words = f"""SKEW where not published: exp(level + on_vix ln VIX), {seen.sum()} days 1990-2024: MAE
        {np.abs(error).mean():.1f} points, of a standard deviation of {skew[seen].std():.1f}: it tells
        little."""
    return float(level), float(on_vix), words


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
            {error.abs().mean():.2f} points (mean {error.mean():+.2f}); contracts of odd years fitted on those
            of even years and the reverse,
            {held_out_error(part, closes, lives if model is two else None):.2f}. By tenor: MAE (mean); daily
            changes, standard deviation modelled over real, correlation; points a point of VIX, modelled for
            real; mean change on the 1% of days when VIX rose most ({jump:.1f} points and more), modelled for
            real, ratio
            of standard deviations on them. {account(part, prices, jump)}.""",
            dict(model._asdict()),
        )
    return lives, damping


def show_vix_options(data: Path, market: Market, lives: tuple[float, float]) -> pd.DataFrame:
    """Fit and print the VIX smile and VVIX from VIX; return the calls used."""
    calls = vix_calls(data, market)
    smile, odd = fit_vix_smile(calls), calls["roll"] % 2 == 1
    inside = np.median(np.abs(relative(calls, smile)))
    halves = [np.median(np.abs(relative(calls[half], fit_vix_smile(calls[~half])))) for half in (odd, ~odd)]
    show(
        "vix_smile",
        f"""{len(calls)} daily mids of the VIX call held by Cboe's tail hedge index, 2006-06 to 2012, a day
        or more from expiry, with a bid, on the settlement of its future, anchored to VVIX. Median absolute
        error of the mid {100 * inside:.1f}%; odd rolls fitted on even ones {100 * halves[0]:.1f}%, even on
        odd {100 * halves[1]:.1f}%. One call a day: the far wings are the shape's own. eta_cap is the bound of
        no arbitrage.""",
        dict(smile._asdict()),
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


def show_spreads(files: dict[str, pd.DataFrame], calls: pd.DataFrame) -> None:
    """Fit and print the half-spreads."""
    bid, ask = (pd.to_numeric(calls[name], errors="coerce") for name in ("call_bid", "call_ask"))
    quoted = calls.assign(mid=calls["call_mid"], half=(ask - bid) / 2.0)[bid.gt(0) & ask.gt(bid)]
    sources = {"vix": ("VIX calls 2011-04 to 2012", quoted)}
    for year, name in (("2011", "spx_2011-01-03_2011-01-07"), ("2022", "spx_2022-07-12_intraday")):
        quotes = files[name]
        out = quotes[
            (quotes["log_moneyness"] * quotes["right"] >= 0.0) & (quotes["delta"].abs() >= DELTAS[0])
        ]
        sources[f"spx_{year}"] = (
            f"out-of-the-money SPX quotes of {year}, 0.02-0.60 delta, 5-100 days",
            out.assign(half=(out["ask"] - out["bid"]) / 2.0),
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


def show_spx_smile(data: Path, market: Market, parameters: ModelParameters) -> dict[str, pd.DataFrame]:
    """Fit and print the SPX smile; return the quotes used."""
    files = quotes_of_files(data, market, ModelPrices(market, parameters))
    smile = fit_spx_smile(files)
    show(
        "spx_smile",
        f"""SSVI and a crash wing, fitted as it is used: anchored to each day's VIX family and SKEW, all files
        together; quotes beyond 0.02 delta count a tenth. Errors in vol points, modelled less quoted,
        0.02-0.60 delta, 5-100 days. {fit_account(files, smile)}. eta_cap is
        chosen, not fitted: it keeps days of high SKEW and high VIX free of arbitrage, and binds on very
        few.""",
        dict(smile._asdict()),
    )
    return files


def main(data: Path) -> None:
    """Fit everything on `data` and print the parameter file."""
    print("# Parameters of the price models, written by bench/fit_parameters.py.")
    print("# Vol points for VIX-like levels, years for speeds (1/year), decimals a year for rates.\n")
    market = load_market(data / "market")
    lives, damping = show_curve(market)
    node_model, power, account = fit_nodes(market, lives)
    level, on_vix, skew_account = fit_skew(market)
    fitted = replace(
        load_parameters(),
        spx_nodes=node_model,
        spx_damping=power,
        skew_from_vix=(level, on_vix),
        fast_half_life=lives[0],
        slow_half_life=lives[1],
    )
    files = show_spx_smile(data, market, fitted)
    show("skew_from_vix", skew_account, {"level": level, "on_vix": on_vix})
    show_nodes(node_model, power, account)
    calls = show_vix_options(data, market, lives)
    show_opens(data, market, damping)
    show_spreads(files, calls)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python bench/fit_parameters.py DATA_DIR")
    main(Path(sys.argv[1]))
