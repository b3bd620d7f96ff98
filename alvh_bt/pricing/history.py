"""What the price model needs for every session at once, from a `Market`, in vectorised numpy.

Two tables are made: at the closes, and at the opens. Row i at the close is made from rows <= i;
row i at the open from the opens of session i and the closes of sessions < i.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alvh_bt.calendars import vx_expiry
from alvh_bt.contracts import Root, calendar_date, epoch_day
from alvh_bt.market.market import Market
from alvh_bt.pricing.clock import OPEN_MOMENT
from alvh_bt.pricing.notes import continued_note, opening_notes, position_moves
from alvh_bt.pricing.parameters import ModelParameters
from alvh_bt.pricing.spx_surface import anchored_thetas, completed_nodes, day_eta, moved_nodes, smile_shape
from alvh_bt.pricing.vix_curve import (
    FUTURE_FLOOR,
    NODES,
    curve_end,
    future_damping,
    modelled_futures,
    running_mean,
)
from alvh_bt.pricing.vix_surface import day_vix_eta, modelled_vvix, vvix_thetas

Floats = NDArray[np.float64]

#: Modelled nodes are a day or more from settlement, so a month's contract is never looked for twice.
_MONTHS_AHEAD: Final = NODES + 1


@dataclass(frozen=True)
class DayTable:
    """One row a session: the columns that `DayPrices` is cut from; each (n,), (n, 4) or (n, 9).

    `eta` and `vix_eta` are those of the two smiles; `tenor` and `price` hold `nodes` nodes of the VIX curve;
    NaN rows lack a VIX. `vxx` and `uvxy` are NaN before the note's first close.
    """

    day: NDArray[np.int64]
    moment: float
    spot: Floats
    rate: Floats
    dividend_yield: Floats
    vix: Floats
    skew: Floats
    eta: Floats
    node_vol: Floats
    node_theta: Floats
    long_run: Floats
    nodes: NDArray[np.int64]
    tenor: Floats
    price: Floats
    vix_eta: Floats
    theta_30: Floats
    vxx: Floats
    uvxy: Floats


def observed_open(market: Market) -> Floats:
    """Return the observed opens of VIX, NaN where there is none.

    A bar whose high equals its low (all of 1990 and 1991) is a close printed four times: its "open"
    would be a look ahead, so it does not count.
    """
    columns = market.columns
    flat = columns["vix_high"] == columns["vix_low"]
    return np.where(flat, np.nan, columns["vix_open"])


def live_settlements(market: Market) -> Floats:
    """Return (n, 9) settlements of futures that settle after their session, NaN elsewhere."""
    return np.where(market.vx_expiry > market.days[:, None], market.vx_settle, np.nan)


def opening_vix(market: Market, on_spx: float, drift: float) -> Floats:
    """Return VIX at each open: observed, else from the last close and the overnight move of SPX."""
    move = np.log(market.columns["spx_open"] / previous(market.columns["spx_close"]))
    modelled = previous(market.columns["vix_close"]) * np.exp(drift - on_spx * np.nan_to_num(move))
    observed = observed_open(market)
    return np.where(np.isfinite(observed), observed, modelled)


def previous(values: NDArray[np.float64]) -> Floats:
    """Return the values of the session before, NaN in the first row."""
    shifted = np.full_like(values, np.nan)
    shifted[1:] = values[:-1]
    return shifted


def close_table(market: Market, parameters: ModelParameters) -> DayTable:
    """Return the table of the closes."""
    columns = market.columns
    vix = columns["vix_close"]
    observed = np.column_stack([columns["vix9d"], vix, columns["vix3m"], columns["vix6m"]])
    fast = running_mean(vix, parameters.fast_half_life)
    slow = running_mean(vix, parameters.slow_half_life)
    node_vol = completed_nodes(observed, fast, slow, parameters.spx_nodes)
    level, on_vix = parameters.skew_from_vix
    skew = np.where(np.isfinite(columns["skew"]), columns["skew"], np.exp(level + on_vix * np.log(vix)))
    eta = day_eta(parameters.spx_smile, skew, vix)
    vix_eta = day_vix_eta(parameters.vix_smile, vix)
    modelled = modelled_vvix(vix, slow, parameters.vvix_from_vix) * (vix / fast) ** parameters.vvix_on_move
    vvix = np.where(np.isfinite(columns["vvix"]), columns["vvix"], modelled)
    expiry, price = _curve_nodes(market, fast, slow, parameters)
    tenor = np.where(np.isfinite(price), expiry - market.days[:, None] + OPEN_MOMENT, 0.0)
    moves = position_moves(market.days, vix, tenor, np.nan_to_num(price))
    return DayTable(
        day=market.days,
        moment=0.0,
        spot=columns["spx_close"],
        rate=_filled(columns["rate"], parameters.rate),
        dividend_yield=_filled(columns["dividend_yield"], parameters.dividend_yield),
        vix=vix,
        skew=skew,
        eta=eta,
        node_vol=node_vol,
        node_theta=anchored_thetas(node_vol, smile_shape(parameters.spx_smile), eta),
        long_run=curve_end(fast, slow, parameters.curve_from_vix),
        nodes=np.isfinite(price).sum(axis=1),
        tenor=tenor,
        price=np.nan_to_num(price),
        vix_eta=vix_eta,
        theta_30=vvix_thetas(vvix, vix_eta, parameters.vix_smile),
        vxx=continued_note(Root.VXX, market.days, columns["vxx"], moves),
        uvxy=continued_note(Root.UVXY, market.days, columns["uvxy"], moves),
    )


def open_table(market: Market, parameters: ModelParameters, close: DayTable) -> DayTable:
    """Return the table of the opens: the closes of the session before, moved by VIX overnight.

    VIX opens higher than it closed on the mean, and on quotes so wide that it gives part of the move back:
    the futures answer to a share of the move beyond that mean only.
    """
    vix = opening_vix(market, parameters.vix_open_on_spx, parameters.vix_open_drift)
    points = vix - previous(close.vix)
    answered = parameters.future_open_share * (vix - previous(close.vix) * np.exp(parameters.vix_open_drift))
    node_vol = moved_nodes(previous(close.node_vol), points, parameters.spx_damping)
    skew = previous(close.skew)
    eta = day_eta(parameters.spx_smile, skew, node_vol[:, 1])
    past = np.diff(close.day, prepend=close.day[:1])[:, None]
    listed = previous(close.price) > 0.0
    tenor = np.where(listed, np.round(previous(close.tenor) - OPEN_MOMENT) - past, 0.0)
    # A contract that settles at this open is left at zero days, where the curve is spot VIX itself.
    damping = future_damping(np.maximum(tenor, 0.0), *parameters.vx[1:])
    price = np.maximum(FUTURE_FLOOR, previous(close.price) + answered[:, None] * damping)
    vxx, uvxy = opening_notes(close.day, close.vxx, close.uvxy, close.tenor, close.price, price)
    spot = market.columns["spx_open"]
    return DayTable(
        day=close.day,
        moment=OPEN_MOMENT,
        spot=np.where(np.isfinite(spot), spot, previous(close.spot)),
        rate=previous(close.rate),
        dividend_yield=previous(close.dividend_yield),
        vix=vix,
        skew=skew,
        eta=eta,
        node_vol=node_vol,
        node_theta=anchored_thetas(node_vol, smile_shape(parameters.spx_smile), eta),
        long_run=previous(close.long_run),
        nodes=np.concatenate([[0], close.nodes[:-1]]),
        tenor=tenor,
        price=np.where(listed, price, 0.0),
        vix_eta=previous(close.vix_eta),
        theta_30=previous(close.theta_30),
        vxx=vxx,
        uvxy=uvxy,
    )


def _filled(values: Floats, constant: float) -> Floats:
    return np.where(np.isfinite(values), values, constant)


def _curve_nodes(
    market: Market, fast: Floats, slow: Floats, parameters: ModelParameters
) -> tuple[Floats, Floats]:
    """Return (n, 9) expiries and prices: the settlements seen, else modelled; NaN prices beyond the last."""
    settle = live_settlements(market)
    order = np.argsort(np.isnan(settle), axis=1, kind="stable")
    expiry = np.take_along_axis(market.vx_expiry, order, axis=1).astype(np.float64)
    price = np.take_along_axis(settle, order, axis=1)
    bare = np.isnan(price[:, 0]) & np.isfinite(market.columns["vix_close"])
    if bare.any():
        expiry[bare] = _rule_expiries(market.days[bare])
        vix3m = market.columns["vix3m"]
        for rows, model in (
            (bare & np.isnan(vix3m), parameters.curve_from_vix),
            (bare & np.isfinite(vix3m), parameters.curve_from_vix3m),
        ):
            tenor = expiry[rows] - market.days[rows][:, None] + OPEN_MOMENT
            states = np.stack([market.columns["vix_close"], fast, slow, vix3m])[:, rows, None]
            price[rows] = modelled_futures(tenor, states[0], states[1], states[2], states[3], model)
    return expiry, price


def _rule_expiries(days: NDArray[np.int64]) -> Floats:
    """Return (n, 9): the next settlements after each day, by rule."""
    first, last = calendar_date(int(days[0])), calendar_date(int(days[-1]))
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month + _MONTHS_AHEAD)
    expiries = np.array([epoch_day(vx_expiry(month // 12, month % 12 + 1)) for month in months])
    start = np.searchsorted(expiries, days, side="right")
    return expiries[start[:, None] + np.arange(NODES)].astype(np.float64)
