"""What the page's charts and tables draw from: the runs, packed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.analysis.anatomy import PARTS, Anatomy
from alvh_bt.analysis.focus import focus_of
from alvh_bt.analysis.plain import plain
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.engine.results import RunResult
from alvh_bt.report import palette
from alvh_bt.report.packing import Packer, coded
from alvh_bt.report.positions import layer_spells, lot_spells

_PROFILE: Final = ("pnl", "delta", "gamma", "vega", "theta")
_JOURNAL_TEXT: Final = ("book", "layer", "event", "reason", "signals")
_JOURNAL_NUMBERS: Final = ("irr_without", "irr_with", "contracts", "price", "cost_usd")
_SPELL_TEXT: Final = ("book", "layer", "root", "right")
_SPELL_NUMBERS: Final = ("strike", "contracts", "contract_multiplier", "price")


def page_payload(result: ComparisonResult, summary: Mapping[str, Any]) -> str:
    """Return what the page's script unpacks: base64 text without any character of markup.

    Parameters
    ----------
    result
        The runs.
    summary
        What `analysis.summary.summarise` gave; its parts that are absent have no chart.
    """
    pack = Packer()
    dates = sessions_of(result)
    spells = {run.variant: lot_spells(run.trades, dates) for run in result.runs}
    header = {
        "dates": pack.add(_days(dates)),
        "spx": pack.add(result.states["spx"].reindex(dates).to_numpy("float32")),
        "vix": pack.add(result.states["vix"].reindex(dates).to_numpy("float32")),
        "cash": result.starting_cash,
        "focus": focus_of([run.variant for run in result.runs]),
        "variants": [_variant(pack, run, dates) for run in result.runs],
        "lines": {
            name: {
                "light": line.colour,
                "dark": palette.ON_DARK.get(line.colour, line.colour),
                "dash": palette.PLOTLY_DASHES[line.dash],
            }
            for name, line in palette.variant_lines(run.variant for run in result.runs).items()
        },
        "layers": {name: _layers(rows, len(dates)) for name, rows in spells.items()},
        "parts": {"names": PARTS, "colours": palette.PARTS},
        "holding": plain(summary.get("holding") or {}),
        "totals": {
            name: {key: variant.get(key) for key in ("pnl_usd", "condor_pnl_usd", "hedge_pnl_usd")}
            for name, variant in summary["variants"].items()
        },
        "regimes": plain(summary.get("regimes") or []),
        "crises": plain(summary.get("crises") or []),
        "spells": {name: _spells(pack, rows) for name, rows in spells.items()},
        "profile": {
            name: _profile(pack, anatomy, dates)
            for name, anatomy in result.anatomy.items()
            if not anatomy.profile.empty
        },
        "journal": _journal(pack, result),
    }
    return pack.text(header)


def sessions_of(result: ComparisonResult) -> pd.DatetimeIndex:
    """Return the sessions of the longest run."""
    longest = max(result.runs, key=lambda run: len(run.daily))
    return pd.DatetimeIndex(longest.daily["date"])


def _days(dates: Any) -> NDArray[np.int32]:
    days: NDArray[np.int32] = np.asarray(dates, dtype="datetime64[D]").astype("int64").astype("int32")
    return days


def _variant(pack: Packer, run: RunResult, dates: pd.DatetimeIndex) -> dict[str, Any]:
    return {
        "name": run.variant,
        "stopped": run.stopped is not None,
        "first": int(dates.searchsorted(run.daily["date"].iloc[0])),
        "nav": pack.add(run.daily["nav"].to_numpy("float32")),
        "drawdown": pack.add(run.daily["drawdown"].to_numpy("float32")),
    }


def _layers(spells: pd.DataFrame, sessions: int) -> list[dict[str, Any]]:
    held = layer_spells(spells, sessions)
    colours = palette.layer_colours(held)
    return [{"name": name, "colour": colours[name], "spells": held[name]} for name in held]


def _columns(
    pack: Packer, rows: pd.DataFrame, texts: tuple[str, ...], numbers: tuple[str, ...]
) -> dict[str, Any]:
    packed: dict[str, Any] = {name: pack.add(rows[name].to_numpy("float32")) for name in numbers}
    for name in texts:
        codes, words = coded(rows[name].to_numpy(dtype=object))
        packed[name] = {"codes": pack.add(codes), "words": words}
    return packed


def _spells(pack: Packer, rows: pd.DataFrame) -> dict[str, Any]:
    packed = _columns(pack, rows, _SPELL_TEXT, _SPELL_NUMBERS)
    for name in ("first", "after"):
        packed[name] = pack.add(rows[name].to_numpy("int32"))
    # Shares do not expire: the day before 1970 stands for none.
    packed["expiry"] = pack.add(np.where(rows["expiry"].isna(), -1, _days(rows["expiry"])).astype("int32"))
    return packed


def _profile(pack: Packer, anatomy: Anatomy, dates: pd.DatetimeIndex) -> dict[str, Any]:
    """Return each book's profile: a row a session that it was held, a column a move."""
    frame = anatomy.profile
    moves = np.sort(frame["move"].unique())
    books = {}
    for book, rows in frame.groupby("book", sort=True):
        day = dates.get_indexer(pd.DatetimeIndex(rows["date"]))
        held = np.unique(day[day >= 0])
        place = np.searchsorted(held, day), np.searchsorted(moves, rows["move"].to_numpy())
        known = day >= 0
        packed: dict[str, Any] = {"held": pack.add(held.astype("int32"))}
        for name in _PROFILE:
            table = np.zeros((len(held), len(moves)))
            table[place[0][known], place[1][known]] = rows[name].to_numpy(float)[known]
            packed[name] = pack.add_rows(table)
        books[str(book)] = packed
    return {"moves": moves.tolist(), "books": books}


def _journal(pack: Packer, result: ComparisonResult) -> dict[str, Any]:
    """Return every row of every journal, by date; signals once each, however many rows share them."""
    frames = [run.journal.assign(variant=run.variant) for run in result.runs if len(run.journal)]
    if not frames:
        return {"rows": 0}
    rows = pd.concat(frames, ignore_index=True).sort_values("date", kind="stable")
    packed = _columns(pack, rows, ("variant", *_JOURNAL_TEXT), _JOURNAL_NUMBERS)
    return {"rows": len(rows), "date": pack.add(_days(rows["date"])), **packed}
