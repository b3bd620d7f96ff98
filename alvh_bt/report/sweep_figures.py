"""What the charts of a sweep's page are drawn from, packed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from alvh_bt.analysis.plain import plain
from alvh_bt.report.packing import Packer, coded
from alvh_bt.report.sweep_wording import metric_label
from alvh_bt.sweep.better import HIGHER_IS_BETTER
from alvh_bt.sweep.results import sample_of
from alvh_bt.sweep.sensitivity import axis_pairs, grouped, medians
from alvh_bt.sweep.summary import Told

#: Configurations that are drawn as dots, and as lines; more are sampled, the best and the front among them.
DOTS: Final = 2000
LINES: Final = 500
_BINS: Final = 40
_HEAT_AXES: Final = 5


def sweep_payload(told: Told) -> str:
    """Return what the page's script unpacks: base64 text without any character of markup.

    Dots and lines are of at most `DOTS` and `LINES` configurations; heatmaps and bars are of all.

    Parameters
    ----------
    told
        What `sweep.summary.tell_sweep` gave.
    """
    summary, pack = told.summary, Packer()
    dots = drawn_rows(told, DOTS)
    best = told.rows.index.get_indexer(dots.index)
    lines = np.isin(dots.index.to_numpy(), drawn_rows(told, LINES).index.to_numpy())
    header = {
        "metric": summary["metric"],
        "objectives": summary["objectives"],
        "metrics": {name: _metric(pack, dots, name) for name in shown_metrics(summary)},
        "axes": [_axis(pack, dots[name], name) for name in summary["axes"]],
        "configuration": pack.add(dots.index.to_numpy("int32")),
        "rank": pack.add(best.astype("int32")),
        "front": pack.add(np.isin(dots.index.to_numpy(), summary["front"]).astype("uint8")),
        "lines": pack.add(lines.astype("uint8")),
        "sensitivity": summary["sensitivity"],
        "heat": heatmaps(told),
        "gains": _gains(told),
    }
    return pack.text(plain(header))


def shown_metrics(summary: Mapping[str, Any]) -> list[str]:
    """Return the metrics that charts can show: those of the table and the objectives, each once."""
    return list(dict.fromkeys((*summary["metrics"], *summary["objectives"])))


def drawn_rows(told: Told, at_most: int) -> pd.DataFrame:
    """Return the rows that are drawn: the listed best, the front, and a sample of the others, seeded by 0."""
    listed = [row["configuration"] for row in told.summary["best"]]
    front = told.summary["front"][: at_most // 2]
    keep = list(dict.fromkeys((*listed, *front)))[:at_most]
    numbers = sample_of(told.rows.index.tolist(), at_most, 0, keep)
    return told.rows.loc[sorted(numbers)]


def heatmaps(told: Told) -> list[dict[str, Any]]:
    """Return medians over pairs of the most telling axes, for each metric that sensitivity is told of."""
    found = []
    for metric, effects in told.summary["sensitivity"].items():
        order = [effect["axis"] for effect in effects]
        pairs = axis_pairs(order, _HEAT_AXES)
        found += [
            {"metric": metric, "axes": list(pair), **medians(told.rows, pair, metric)} for pair in pairs
        ]
    return found


def _metric(pack: Packer, rows: pd.DataFrame, name: str) -> dict[str, Any]:
    return {
        "label": metric_label(name),
        "values": pack.add(rows[name].to_numpy("float32")),
        "higher": name in HIGHER_IS_BETTER,
        "share": name in _SHARES,
        "usd": name.endswith("_usd"),
    }


_SHARES: Final = frozenset(
    {
        *("total_return", "cagr", "ann_vol", "max_drawdown", "cvar_95", "hedge_decay", "decay_to_theta"),
    }
)


def _axis(pack: Packer, column: pd.Series, name: str) -> dict[str, Any]:
    """Return an axis: numbers, or codes of words in their order."""
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numeric:
        return {"name": name, "values": pack.add(column.to_numpy("float32")), "words": None}
    ordered = grouped(column).astype(str)
    codes, words = coded(ordered)
    return {"name": name, "values": pack.add(codes.astype("float32")), "words": words}


def _gains(told: Told) -> dict[str, Any] | None:
    """Return the bars of what the hedge made more than its rival at equal cost; None without a rival."""
    if told.costs is None or told.costs.gains.empty:
        return None
    counts, edges = np.histogram(told.costs.gains.to_numpy(float), bins=_edges(told.costs.gains))
    return {
        "hedge": told.costs.hedge,
        "rival": told.costs.rival,
        "counts": counts.tolist(),
        "edges": edges.tolist(),
    }


def _edges(gains: pd.Series) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return edges of equal width with zero among them, so that no bar stands on both sides of it."""
    low, high = min(float(gains.min()), 0.0), max(float(gains.max()), 0.0)
    width = (high - low) / _BINS or 1.0
    return width * np.arange(np.floor(low / width), max(np.ceil(high / width), 0.0) + 2)
