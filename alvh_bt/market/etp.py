"""Exchange-traded notes: two series of one note made one history."""

from __future__ import annotations

import numpy as np

from alvh_bt.market.align import Aligned, Days, observed_where_finite
from alvh_bt.market.market import Repair


def join_series(aligned: Aligned, days: Days) -> None:
    """Make the first VXX note and its successor one column, in place.

    Where the first has a price it counts; elsewhere the successor's, scaled to agree on the last
    session before that has both: its returns go on where those of the first end, and no later row changes
    an earlier level. Without a common session nothing says what a share of one is in the other: both stay
    on their own scales with at least one session without a price between them, so that no return leads
    from one to the other.

    Parameters
    ----------
    aligned
        All columns; `vxx` is changed and `vxx_series_a` goes.
    days
        Epoch days of the sessions.
    """
    first = aligned.values.pop("vxx_series_a", None)
    aligned.provenance.pop("vxx_series_a", None)
    if first is None:
        return
    later = aligned.values.get("vxx", np.full(len(days), np.nan))
    in_first, in_later = np.isfinite(first), np.isfinite(later)
    common = np.maximum.accumulate(np.where(in_first & in_later, np.arange(len(days)), -1))
    scale = np.where(common >= 0, first[common] / later[common], 1.0)
    ended = np.concatenate([[False], in_first[:-1]]) & ~in_first & (common < 0)
    joined = np.where(in_first, first, np.where(ended, np.nan, later * scale))
    aligned.values["vxx"], aligned.provenance["vxx"] = joined, observed_where_finite(joined)
    gap = days[np.isnan(joined) & np.maximum.accumulate(in_first) & (common < 0)]
    if len(gap) and in_later.any():
        what = "no common session of the two notes (no price between them)"
        aligned.repairs.append(Repair("etp_vxx", what, tuple(gap.tolist())))
