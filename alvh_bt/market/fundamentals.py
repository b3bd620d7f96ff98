"""The quick ratio of REIT and technology companies, each by its latest statement."""

from __future__ import annotations

from typing import Final

import numpy as np

from alvh_bt.market.align import Aligned, Days, observed_where_finite
from alvh_bt.market.csv_source import Table, row_error

GROUPS: Final = ("reit", "technology")

#: Calendar days after which a statement no longer speaks for its company: two quarters and a delay.
STALE_AFTER: Final = 200


def quick_ratios(table: Table, days: Days) -> Aligned:
    """Return the median over companies of each one's latest quick ratio.

    Parameters
    ----------
    table
        Rows with `symbol`, `group` and `quick_ratio`; their date is the day on which they were known.
    days
        Epoch days of the sessions.

    Raises
    ------
    DataError
        For a group that is not `reit` or `technology`.
    """
    odd = ~np.isin(table.labels["group"], GROUPS)
    if odd.any():
        k = int(odd.argmax())
        what = f"group '{table.labels['group'][k]}' is unknown"
        raise row_error(table.where, int(table.row[k]), what, f"write {' or '.join(GROUPS)}")
    known = np.isfinite(table.values["quick_ratio"])
    symbols = np.unique(table.labels["symbol"][known])
    latest = np.full((len(symbols), len(days)), np.nan)
    for company, symbol in enumerate(symbols):
        mine = known & (table.labels["symbol"] == symbol)
        as_of, ratio = table.day[mine], table.values["quick_ratio"][mine]
        at = np.searchsorted(as_of, days, side="right") - 1
        fresh = (at >= 0) & (days - as_of[at] <= STALE_AFTER)
        latest[company, fresh] = ratio[at[fresh]]
    values = np.full(len(days), np.nan)
    some = np.isfinite(latest).any(axis=0)
    values[some] = np.nanmedian(latest[:, some], axis=0)
    return Aligned({"quick_ratio": values}, {"quick_ratio": observed_where_finite(values)}, [], {})
