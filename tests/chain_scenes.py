"""Made-up option chains over a market: the model's prices at bumped volatilities, as files or in memory."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numba import njit

from alvh_bt.calendars import spx_expiries, vix_option_expiries
from alvh_bt.contracts import ROOT_NAMES, Root, calendar_date
from alvh_bt.market import Market
from alvh_bt.pricing.batch import price_delta_vega
from alvh_bt.pricing.day import DayPrices, forward_price, sigma_at, underlying_scale, years_to_expiry
from alvh_bt.pricing.model import ModelPrices

COLUMNS = ("root", "expiry", "strike", "right", "bid", "ask", "underlying")

#: What the made-up quotes differ by from the model: volatilities this much higher.
BUMP = 0.02


def frame_of(rows: Iterable[tuple[str, int, int, float, float, float, float]]) -> pd.DataFrame:
    """A day's frame, sorted, from (root, expiry, right, strike, bid, ask, underlying)."""
    frame = pd.DataFrame(
        list(rows), columns=["root", "expiry", "right", "strike", "bid", "ask", "underlying"]
    )
    kinds = {"expiry": "int64", "right": "int8", "strike": "f8", "bid": "f8", "ask": "f8", "underlying": "f8"}
    frame = frame.astype(kinds).sort_values(["root", "expiry", "right", "strike"], ignore_index=True)
    return frame[list(COLUMNS)]


class FakeStore:
    """The chains' interface over frames in memory, by epoch day."""

    def __init__(self, frames: dict[int, pd.DataFrame], dropped_a_day: dict[str, int] | None = None) -> None:
        self.frames = frames
        self.days = np.array(sorted(frames), dtype=np.int64)
        self.files = ()
        self.fingerprint = "made up"
        self.readings: list[int] = []
        self._dropped_a_day = dropped_a_day or {}

    def without(self, last: int) -> FakeStore:
        """The chains as they stood on epoch day `last`."""
        return FakeStore({day: frame for day, frame in self.frames.items() if day <= last})

    def day(self, day: int, roots: Collection[str] | None = None, max_dte: int | None = None) -> pd.DataFrame:
        self.readings.append(day)
        frame = self.frames.get(day, frame_of([]))
        if roots is not None:
            frame = frame[frame["root"].isin(list(roots))]
        return frame if max_dte is None else frame[frame["expiry"] <= day + max_dte]

    def dropped(self) -> dict[str, int]:
        """Every reading counts again: a careless store, so that those who use it must be careful."""
        return {reason: n * len(self.readings) for reason, n in self._dropped_a_day.items()}


def strikes_of(root: int, forward: float) -> np.ndarray:
    """A grid of strikes about a forward, wide enough for wings."""
    if root == Root.VIX:
        return np.arange(10.0, 60.0, 1.0)
    low, high = math.floor(0.7 * forward / 5.0) * 5.0, math.ceil(1.2 * forward / 5.0) * 5.0
    return np.arange(low, high + 1.0, 5.0)


@njit
def model_sigmas(root, strikes, forward, tau, prices):
    """The model's volatility of each strike: `sigma_at`, compiled, for chains of many thousand quotes."""
    sigmas = np.empty(strikes.size)
    for i in range(strikes.size):
        sigmas[i] = sigma_at(root, math.log(strikes[i] / forward), tau, prices)
    return sigmas


def bumped_chain(
    prices: DayPrices, expiries: Iterable[tuple[int, int]], bump: float = BUMP, half: float = 0.05
) -> pd.DataFrame:
    """The chain of one close: the model's prices at its volatility plus `bump`, bid and ask `half` around.

    What is worth no more than `half` has no bid and is left out.
    """
    parts = []
    for root, expiry in expiries:
        tau = years_to_expiry(root, expiry, prices.day, prices.moment)
        if tau <= 0.0:
            continue
        forward = forward_price(root, expiry, prices)
        strikes = strikes_of(root, forward)
        sigma = model_sigmas(root, strikes, forward, tau, prices) + bump
        level = prices.vix_level if root == Root.VIX else prices.spot * underlying_scale(root)
        for right in (-1, 1):
            mids, _, _ = price_delta_vega(forward, strikes, tau, sigma, prices.rate, right)
            same = [np.full(len(strikes), value) for value in (root, expiry, right, level)]
            parts.append(np.column_stack([*same, strikes, mids - half, mids + half])[mids > half])
    table = np.concatenate(parts)
    names = np.array(ROOT_NAMES)[table[:, 0].astype(int)]
    table, names = (
        some[np.lexsort((table[:, 4], table[:, 2], table[:, 1], names))] for some in (table, names)
    )
    return pd.DataFrame(
        {
            "root": names,
            "expiry": table[:, 1].astype(np.int64),
            "strike": table[:, 4],
            "right": table[:, 2].astype(np.int8),
            "bid": table[:, 5],
            "ask": table[:, 6],
            "underlying": table[:, 3],
        }
    )


def bumped_store(
    market: Market, first: str, last: str, bump: float = BUMP, half: float = 0.05, max_dte: int = 80
) -> FakeStore:
    """Bumped chains of every listed SPX and VIX expiry, at every close between two dates."""
    model = ModelPrices(market)
    rows = np.flatnonzero(
        (market.sessions >= np.datetime64(first)) & (market.sessions <= np.datetime64(last))
    )
    beyond = calendar_date(int(market.days[rows[-1]]) + 100)
    spx = spx_expiries(calendar_date(int(market.days[rows[0]])), beyond)
    vix = vix_option_expiries(calendar_date(int(market.days[rows[0]])), beyond)
    frames = {}
    for i in rows.tolist():
        day = int(market.days[i])
        listed = [
            (int(root), int(expiry))
            for calendar in (spx, vix)
            for root, expiry, since in zip(calendar.root, calendar.day, calendar.listed_from, strict=True)
            if day < expiry <= day + max_dte and since <= day
        ]
        frames[day] = bumped_chain(model.at_close(i), listed, bump, half)
    return FakeStore(frames)


def write_folder(store: FakeStore, folder: Path) -> Path:
    """Write chains as one canonical CSV."""
    parts = []
    for day, frame in store.frames.items():
        part = frame.assign(
            quote_date=str(calendar_date(day)),
            expiration=[str(calendar_date(expiry)) for expiry in frame["expiry"]],
            type=np.where(frame["right"] > 0, "C", "P"),
        )
        parts.append(part[["quote_date", "root", "expiration", "strike", "type", "bid", "ask", "underlying"]])
    folder.mkdir(parents=True, exist_ok=True)
    # All digits are written: what is read back must be the same numbers.
    pd.concat(parts).to_csv(folder / "made_up.csv", index=False, float_format="%.17g")
    return folder
