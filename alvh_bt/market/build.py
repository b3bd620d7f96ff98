"""From checked inputs to a `Market`: align, mend, mark what is missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np

from alvh_bt.market.align import (
    VX_MONTHS,
    Aligned,
    Days,
    FuturesCurve,
    carried,
    front_volume,
    futures_curve,
    on_sessions,
    trading_days,
)
from alvh_bt.market.csv_source import Table
from alvh_bt.market.etp import join_series
from alvh_bt.market.events import event_columns
from alvh_bt.market.files import FILES, FileSpec
from alvh_bt.market.fundamentals import quick_ratios
from alvh_bt.market.market import COLUMN_NAMES, VX_FUTURES, Market
from alvh_bt.market.mend import mend
from alvh_bt.market.quality import check_table


def build_market(tables: Mapping[str, Table], today: dt.date) -> Market:
    """Return the market of some inputs, checked, aligned to sessions and mended.

    Parameters
    ----------
    tables
        Input name (as in `files.FILES`) -> its rows; spx and vix must be there.
    today
        Rows dated later are refused.

    Raises
    ------
    DataError
        An input is unusable; names it, the row and the remedy.
    """
    specs = [spec for spec in FILES if spec.name in tables]
    for spec in specs:
        check_table(tables[spec.name], spec, today)
    days, repairs = trading_days(tables["spx"])
    merged = Aligned({}, {}, repairs, {})
    for spec in specs:
        _merge(merged, _placed(tables[spec.name], spec, days))
    join_series(merged, days)
    mend(merged, days, tables["vix"].where)
    curve = futures_curve(tables[VX_FUTURES], days) if VX_FUTURES in tables else _no_futures(days)
    unknown = np.full(len(days), np.nan)
    unavailable = np.zeros(len(days), dtype=np.int8)
    return Market(
        sessions=days.astype("datetime64[D]"),
        columns={name: merged.values.get(name, unknown) for name in COLUMN_NAMES},
        provenance={
            **{name: merged.provenance.get(name, unavailable) for name in COLUMN_NAMES},
            VX_FUTURES: curve.provenance,
        },
        vx_expiry=curve.expiry,
        vx_settle=curve.settle,
        repairs=tuple(sorted(merged.repairs + curve.repairs, key=lambda repair: (repair.input, repair.what))),
        source={spec.name: tables[spec.name].where for spec in specs},
        dated=merged.dated,
    )


def _placed(table: Table, spec: FileSpec, days: Days) -> Aligned:
    """Return what an input gives to the columns of the market."""
    if spec.expiry:
        return front_volume(table, days)
    if spec.name == "macro_events":
        return event_columns(table, days)
    if spec.name == "fundamentals":
        return quick_ratios(table, days)
    return carried(table, spec, days) if spec.carried else on_sessions(table, spec, days)


def _merge(merged: Aligned, part: Aligned) -> None:
    """Add columns to those at hand; where two inputs give one, the later counts where it has a value."""
    merged.repairs.extend(part.repairs)
    for name, values in part.values.items():
        codes, dated = part.provenance[name], part.dated.get(name)
        if name in merged.values:
            known = np.isfinite(values)
            values = np.where(known, values, merged.values[name])
            codes = np.where(known, codes, merged.provenance[name])
            if dated is not None and name in merged.dated:
                dated = np.where(known, dated, merged.dated[name])
        merged.values[name], merged.provenance[name] = values, codes
        if dated is not None:
            merged.dated[name] = dated


def _no_futures(days: Days) -> FuturesCurve:
    """Return an empty VX matrix."""
    shape = (len(days), VX_MONTHS)
    none = np.zeros(len(days), dtype=np.int8)
    return FuturesCurve(np.zeros(shape, dtype=np.int64), np.full(shape, np.nan), none, [])
