"""Random histories and studies: gaps of 20%, VIX 5 to 150, levels of 50 to 50,000, holes, closures."""

from __future__ import annotations

import datetime as dt
import math
import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from alvh_bt.calendars import vx_expiry
from alvh_bt.config import Study, make_study
from alvh_bt.contracts import epoch_day
from alvh_bt.hedges import HEDGES
from alvh_bt.market import Market
from alvh_bt.market.build import build_market
from alvh_bt.market.csv_source import Table
from alvh_bt.market.files import FILES
from alvh_bt.sessions import exchange_sessions
from alvh_bt.sweep.settings import _settings

TODAY = dt.date(2026, 1, 1)
_LAST = dt.date(2025, 6, 30)


class Shape(NamedTuple):
    """What a history is like."""

    seed: int = 1
    sessions: int = 120
    year: int = 2016
    level: float = 2000.0
    jumps: float = 0.02  # share of days with a gap of up to 20% either way
    vix: float = 20.0
    swing: float = 0.1  # of log VIX, a day
    curve: int = 1  # VX futures: 1 steep, -1 inverted, 0 none
    rate: float = 0.02
    holes: float = 0.0  # share of cells of optional inputs that are blank
    closures: float = 0.0  # share of sessions that are not in the data
    no_volume: bool = False
    extras: bool = True  # VIX3M, VVIX, SKEW and so on


def random_shape(draw: random.Random) -> Shape:
    """A shape, extreme ones as often as usual ones."""
    return Shape(
        seed=draw.randrange(2**31),
        sessions=draw.choice((1, 3, 10, 30, 60, 100, 150, 200, 250)),
        year=draw.randint(1992, 2024),
        level=math.exp(draw.uniform(math.log(50.0), math.log(50_000.0))),
        jumps=draw.choice((0.0, 0.0, 0.02, 0.1, 0.5)),
        vix=draw.choice((5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 150.0)),
        swing=draw.choice((0.0, 0.03, 0.1, 0.4)),
        curve=draw.choice((-1, 0, 1)),
        rate=draw.choice((-0.02, -0.005, 0.0, 0.02, 0.15)),
        holes=draw.choice((0.0, 0.0, 0.05, 0.5, 0.95)),
        closures=draw.choice((0.0, 0.0, 0.0, 0.01, 0.1)),
        no_volume=draw.random() < 0.2,
        extras=draw.random() < 0.6,
    )


def random_tables(shape: Shape) -> dict[str, Table]:
    """The inputs of a history as files would give them."""
    draw = np.random.default_rng(shape.seed)
    start = dt.date(shape.year, 1 + int(draw.integers(12)), 1 + int(draw.integers(28)))
    days = exchange_sessions(start, min(start + dt.timedelta(days=400), _LAST))[: shape.sessions]
    days = days[(draw.random(len(days)) >= shape.closures) | (np.arange(len(days)) == 0)]
    day, n = days.astype("datetime64[D]").astype(np.int64), len(days)
    gaps = np.where(draw.random(n) < shape.jumps, draw.uniform(-0.2, 0.2, n), 0.0)
    close = shape.level * np.exp(np.cumsum(gaps + 0.3 * shape.vix / 1600.0 * draw.standard_normal(n)))
    opened = np.concatenate(([close[0]], close[:-1])) * (1.0 + gaps)
    vix = np.clip(shape.vix * np.exp(np.cumsum(shape.swing * draw.standard_normal(n)) - gaps), 5.0, 150.0)
    volume = np.zeros(n) if shape.no_volume else draw.lognormal(20.0, 0.3, n)
    tables = {
        "spx": _table("spx", day, volume=volume, **_bars(opened, close)),
        "vix": _table("vix", day, **_bars(np.concatenate((vix[:1], vix[:-1])), vix)),
        "rates": _table("rates", day, dtb3=100.0 * shape.rate + 0.01 * draw.standard_normal(n)),
    }
    if shape.extras:
        _extras(tables, day, vix, shape.holes, draw)
    if shape.curve:
        tables["vx_futures"] = _futures(day, vix, shape, draw)
    return {name: table for name, table in tables.items() if len(table.day)}


def random_market(shape: Shape) -> Market:
    """The market of a shape."""
    return build_market(random_tables(shape), TODAY)


def write_folder(shape: Shape, folder: Path) -> Path:
    """The files of a shape as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in random_tables(shape).items():
        spec = next(spec for spec in FILES if spec.name == name)
        columns: dict[str, Any] = {spec.date: table.day.astype("datetime64[D]").astype(str)}
        if spec.expiry:
            columns["expiry"] = table.expiry.astype("datetime64[D]").astype(str)
        columns |= {
            key: ["" if math.isnan(x) else f"{x:.6f}" for x in values] for key, values in table.values.items()
        }
        rows = zip(*columns.values(), strict=True)
        text = "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n"
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def _bars(opened: np.ndarray, close: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "open": opened,
        "high": np.maximum(opened, close) * 1.002,
        "low": np.minimum(opened, close) * 0.998,
        "close": close,
    }


def _table(name: str, day: np.ndarray, expiry: np.ndarray | None = None, **values: np.ndarray) -> Table:
    none = np.empty(0, np.int64)
    return Table(f"{name}.csv", np.arange(2, len(day) + 2), day, none if expiry is None else expiry, values)


def _extras(tables: dict[str, Table], day: np.ndarray, vix: np.ndarray, holes: float, draw: Any) -> None:
    levels = {"vix9d": 0.95, "vix3m": 1.1, "vix6m": 1.15, "vvix": 5.0, "equity": 3.0, "equal_weight": 100.0}
    for name, times in levels.items():
        values = times * vix * np.exp(0.1 * draw.standard_normal(len(day)))
        values[draw.random(len(day)) < holes] = math.nan
        tables[name] = _table(name, day, close=values)
    skew = 100.0 + 60.0 * draw.random(len(day))
    tables["skew"] = _table("skew", day, close=np.where(draw.random(len(day)) < holes, math.nan, skew))
    counts = {name: np.floor(3000.0 * draw.random(len(day))) for name in ("advances", "declines")}
    tables["advances"] = _table("advances", day, **counts)


def _futures(day: np.ndarray, vix: np.ndarray, shape: Shape, draw: Any) -> Table:
    """Up to seven contracts a day, some missing."""
    first = int(day[0]) // 30.4375 + 1970 * 12
    listed = sorted(
        epoch_day(vx_expiry(month // 12, month % 12 + 1)) for month in range(int(first) - 2, int(first) + 24)
    )
    rows = []
    for now, level in zip(day.tolist(), vix.tolist(), strict=True):
        ahead = [expiry for expiry in listed if expiry >= now][:7]
        for k, expiry in enumerate(ahead):
            if draw.random() >= 0.5 * shape.holes:
                rows.append((now, expiry, max(4.0, level * (1.0 + shape.curve * 0.08 * math.sqrt(k + 1)))))
    found = np.array(rows, dtype=np.float64).reshape(-1, 3)
    settle = np.round(found[:, 2], 2)
    return _table("vx_futures", found[:, 0].astype(np.int64), found[:, 1].astype(np.int64), settle=settle)


def random_settings(draw: random.Random, most: int = 8) -> dict[str, Any]:
    """Some settings of a study, each within its own bounds; together they may contradict each other."""
    settings: dict[str, Any] = {"seed": 1}
    known = _settings()
    for name in draw.sample(sorted(known), draw.randint(0, most)):
        group, _, setting = name.partition(".")
        settings.setdefault(group, {})[setting] = _value(known[name], draw)
    return settings


def _value(setting: Any, draw: random.Random) -> Any:
    if setting.kind == "name":
        return draw.choice(setting.choices)
    if setting.kind == "bool":
        return draw.random() < 0.5
    group, _, name = setting.name.partition(".")
    usual = float(getattr(getattr(Study(), group), name))
    low, high = _bounds(setting.hint)
    if high == math.inf:
        high = max(10.0 * usual, 5.0)
    if low == -math.inf:
        low = min(-10.0 * abs(usual), -5.0)
    if setting.kind == "int":
        return draw.choice((math.ceil(low), math.floor(high), draw.randint(math.ceil(low), math.floor(high))))
    near = usual * draw.uniform(0.5, 1.5)
    within = low + (high - low) * draw.uniform(0.001, 0.999)
    return draw.choice((within, near if low < near < high else within))


def _bounds(hint: Any) -> tuple[float, float]:
    """The bounds that an annotation states."""
    low, high = -math.inf, math.inf
    for mark in getattr(hint, "__metadata__", ()):
        for part in getattr(mark, "metadata", ()):
            low = max(low, float(getattr(part, "ge", getattr(part, "gt", -math.inf))))
            high = min(high, float(getattr(part, "le", getattr(part, "lt", math.inf))))
    return low, high


def random_study(draw: random.Random) -> tuple[Study, str]:
    """A study and a hedge.

    Raises
    ------
    ConfigError
        When settings that were drawn contradict each other.
    """
    hedge = draw.choice(sorted(HEDGES))
    return make_study(hedges=[hedge], **random_settings(draw)), hedge
