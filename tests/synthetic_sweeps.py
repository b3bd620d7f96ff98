"""Sweeps whose truth is known: one axis that matters, pure noise, one configuration that is truly better."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from alvh_bt.sweep.rows import row_schema

AXES = {
    "condor.short_delta": (0.10, 0.16, 0.20),
    "layered.trigger_delta": (0.2, 0.3, 0.4),
    "layered.rungs": (1, 2),
}
TYPES = {
    "condor.short_delta": pa.float64(),
    "layered.trigger_delta": pa.float64(),
    "layered.rungs": pa.int64(),
}
CASH = 250_000.0


def grid() -> list[dict[str, Any]]:
    return [dict(zip(AXES, values, strict=True)) for values in itertools.product(*AXES.values())]


def made_row(
    number: int, variant: str, values: dict[str, Any], returns: np.ndarray, **given: Any
) -> dict[str, Any]:
    """A row whose metrics follow from its weekly returns, or are given."""
    nav = CASH * np.cumprod(1.0 + returns)
    fall = nav / np.maximum(np.maximum.accumulate(nav), CASH) - 1.0
    row = dict.fromkeys(row_schema(TYPES).names)
    row |= {
        "configuration": number,
        "key": f"{number}-{variant}",
        "variant": variant,
        **values,
        "pnl_usd": float(nav[-1] - CASH),
        "sharpe": float(returns.mean() / returns.std(ddof=1) * 52**0.5),
        "max_drawdown": float(fall.min()),
        "hedge_decay": 0.02,
        "hedge_pnl_usd": -1000.0,
        "bleed_usd": 1000.0,
        "weekly_returns": returns.tolist(),
        "seconds": 0.01,
        "trades": 10,
    }
    return row | given


def failed_row(number: int, variant: str, values: dict[str, Any], error: str) -> dict[str, Any]:
    row = dict.fromkeys(row_schema(TYPES).names)
    return row | {
        "configuration": number,
        "key": f"{number}-{variant}",
        "variant": variant,
        **values,
        "error": error,
    }


def sweep_rows(
    weeks: int = 520,
    better: int | None = None,
    lift: float = 0.004,
    seed: int = 1,
    drift: float = 0.0005,
    count: int | None = None,
) -> list[dict[str, Any]]:
    """Rows of a grid (or of `count` random points) under two hedges; noise but for one that is better."""
    draw = np.random.default_rng(seed)
    points = grid() if count is None else [
        {
            "condor.short_delta": round(float(draw.uniform(0.1, 0.2)), 5),
            "layered.trigger_delta": round(float(draw.uniform(0.2, 0.4)), 5),
            "layered.rungs": int(draw.integers(1, 3)),
        }
        for _ in range(count)
    ]  # fmt: skip
    rows = []
    for number, values in enumerate(points):
        for variant in ("static-calls", "layered"):
            returns = draw.normal(drift, 0.01, weeks)
            if number == better and variant == "layered":
                returns = returns + lift
            bleed = float(draw.uniform(20_000, 30_000))
            hedged = {"bleed_usd": bleed, "hedge_decay": bleed / 2.5e6}
            hedged["hedge_pnl_usd"] = float(draw.normal(0, 20_000))
            rows.append(made_row(number, variant, values, returns, **hedged))
    return rows


def write_sweep(folder: Path, rows: list[dict[str, Any]], part: int = 7, **given: Any) -> Path:
    """A results folder as `alvh sweep` writes it; further words go into `[sweep]`."""
    (folder / "parts").mkdir(parents=True)
    for k in range(0, len(rows), part):
        table = pa.Table.from_pylist(rows[k : k + part], schema=row_schema(TYPES))
        pq.write_table(table, folder / "parts" / f"part-{k // part:06d}.parquet", write_page_checksum=True)
    weeks = max((len(row["weekly_returns"]) for row in rows if row["weekly_returns"]), default=0)
    ends = [day.date().isoformat() for day in pd.date_range("2007-01-05", periods=weeks, freq="W-FRI")]
    options = {
        "method": "grid",
        "seed": 1,
        "hedges": ["static-calls", "layered"],
        "hedge": "layered",
        "rival": "static-calls",
    }
    manifest = {
        "version": "0.0",
        "sweep": {
            "sweep": options | {k: v for k, v in given.items() if not k.startswith("manifest_")},
            "axes": {},
            "study": {},
        },
        "window": {"start": "2007-01-03", "end": ends[-1] if ends else "2007-12-31", "sessions": 5 * weeks},
        "weeks": ends,
        "data": "0",
        "inputs": {"vix_close": {"observed": 1.0}},
        "configurations": len({row["configuration"] for row in rows}),
        "runs": len(rows),
        "complete": True,
    }
    manifest |= {k.removeprefix("manifest_"): v for k, v in given.items() if k.startswith("manifest_")}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder
