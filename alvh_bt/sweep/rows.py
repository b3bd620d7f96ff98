"""What a sweep keeps of each run: a row a configuration and hedge, in Parquet parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import pyarrow as pa

from alvh_bt.analysis.metrics import Metrics
from alvh_bt.hedges import variant_name
from alvh_bt.own_class import is_own

#: Metrics that are whole numbers; all others are floats, null where undefined.
_WHOLE: Final = ("max_drawdown_days", "trades")

#: What every row has beside the values of the axes.
RUN_FIELDS: Final = (
    pa.field("configuration", pa.int64()),  # 0, 1, 2 ... in the order of the space
    pa.field("key", pa.string()),  # what the run depends on, hashed: settings, hedge, data, version
    pa.field("variant", pa.string()),  # the hedge's name
)
RESULT_FIELDS: Final = (
    *(pa.field(name, pa.int64() if name in _WHOLE else pa.float64()) for name in Metrics._fields),
    pa.field("bleed_usd", pa.float64()),  # minus carry, plus costs of the hedge, over the whole window
    pa.field("weekly_returns", pa.list_(pa.float32())),  # simple, a week of the manifest each
    pa.field("stopped", pa.string()),  # why the run ended early, else null
    pa.field("error", pa.string()),  # why there is no run: metrics are null then
    pa.field("seconds", pa.float64()),
)


class Configuration(NamedTuple):
    """One point of a sweep's space: its number, and a value by dotted setting."""

    number: int
    values: Mapping[str, Any]


def row_schema(axes: Mapping[str, pa.DataType]) -> pa.Schema:
    """Return the schema of a part: what was run, the values of the axes (by dotted setting), what came out.

    Parameters
    ----------
    axes
        The type of each axis: `int64`, `float64`, `bool_` or `string`.
    """
    values = (pa.field(name, kind) for name, kind in axes.items())
    return pa.schema([*RUN_FIELDS, *values, *RESULT_FIELDS])


def row_variant(hedge: str) -> str:
    """Return what rows call a hedge as a sweep file writes it: a user's own by the name of its class.

    >>> row_variant("layered")
    'layered'
    """
    return variant_name(hedge) if is_own(hedge) else hedge
