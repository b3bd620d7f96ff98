"""Made-up option chains in every layout, and what reading them must give."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from alvh_bt.chains import ChainFile, ChainStore
from alvh_bt.contracts import epoch_day

CANONICAL = "quote_date,root,expiration,strike,type,bid,ask,underlying,open_interest,volume"
OPTIONSDX = (
    "[QUOTE_UNIXTIME], [QUOTE_READTIME], [QUOTE_DATE], [QUOTE_TIME_HOURS], [UNDERLYING_LAST], "
    "[EXPIRE_DATE], [EXPIRE_UNIX], [DTE], [C_DELTA], [C_IV], [C_VOLUME], [C_SIZE], [C_BID], [C_ASK], "
    "[STRIKE], [P_BID], [P_ASK], [P_SIZE], [P_DELTA], [P_IV], [P_VOLUME], [STRIKE_DISTANCE]"
)
DATASHOP = (
    "underlying_symbol,quote_date,root,expiration,strike,option_type,open,high,low,close,trade_volume,"
    "bid_size_1545,bid_1545,ask_size_1545,ask_1545,underlying_bid_1545,underlying_ask_1545,"
    "bid_size_eod,bid_eod,ask_size_eod,ask_eod,underlying_bid_eod,underlying_ask_eod,vwap,"
    "open_interest,delivery_code"
)

#: quote date, root, expiration, strike, type, bid, ask, underlying: two days, two expiries, made up.
ROWS = [
    ("2023-01-04", "SPX", "2023-01-20", 3800.0, "C", 90.1, 90.9, 3850.0),
    ("2023-01-04", "SPX", "2023-01-20", 3800.0, "P", 40.2, 40.8, 3850.0),
    ("2023-01-04", "SPX", "2023-01-20", 3900.0, "C", 30.0, 30.6, 3850.0),
    ("2023-01-04", "SPX", "2023-01-20", 3900.0, "P", 80.0, 80.6, 3850.0),
    ("2023-01-05", "SPX", "2023-01-20", 3800.0, "C", 70.1, 70.9, 3810.0),
    ("2023-01-05", "SPX", "2023-01-20", 3800.0, "P", 55.5, 56.1, 3810.0),
    ("2023-01-05", "SPXW", "2023-01-27", 3800.0, "C", 77.0, 77.8, 3810.0),
    ("2023-01-05", "SPXW", "2023-01-27", 3800.0, "P", 66.0, 66.8, 3810.0),
]

#: The same as a store must give them: puts before calls.
EXPECTED = {
    "2023-01-04": [
        ("SPX", "2023-01-20", 3800.0, -1, 40.2, 40.8, 3850.0),
        ("SPX", "2023-01-20", 3900.0, -1, 80.0, 80.6, 3850.0),
        ("SPX", "2023-01-20", 3800.0, 1, 90.1, 90.9, 3850.0),
        ("SPX", "2023-01-20", 3900.0, 1, 30.0, 30.6, 3850.0),
    ],
    "2023-01-05": [
        ("SPX", "2023-01-20", 3800.0, -1, 55.5, 56.1, 3810.0),
        ("SPX", "2023-01-20", 3800.0, 1, 70.1, 70.9, 3810.0),
        ("SPXW", "2023-01-27", 3800.0, -1, 66.0, 66.8, 3810.0),
        ("SPXW", "2023-01-27", 3800.0, 1, 77.0, 77.8, 3810.0),
    ],
}

Row = tuple[str, str, str, float, str, float, float, float]


def day_of(text: str) -> int:
    """The epoch day of YYYY-MM-DD."""
    return epoch_day(dt.date.fromisoformat(text))


def cell(value: float | None) -> str:
    return "" if value is None else f"{value}"


def canonical_text(rows: list) -> str:
    """Canonical CSV; a ninth item of a row is its open interest."""
    lines = []
    for row in rows:
        day, root, expiry, strike, kind, bid, ask, level, *interest = row
        cells = [day, root, expiry, cell(strike), kind, cell(bid), cell(ask), cell(level)]
        lines.append(",".join([*cells, cell(interest[0]) if interest else "", "0"]))
    return "\n".join([CANONICAL, *lines]) + "\n"


def optionsdx_text(rows: list) -> str:
    """OptionsDX text: the call and the put of a strike in one row, blanks as a space."""
    pairs: dict[tuple, dict[str, tuple]] = {}
    for day, _, expiry, strike, kind, bid, ask, level in rows:
        pairs.setdefault((day, expiry, strike, level), {})[kind] = (bid, ask)
    lines = [OPTIONSDX]
    for (day, expiry, strike, level), sides in pairs.items():
        call, put = sides.get("C", (None, None)), sides.get("P", (None, None))
        cells = [
            1672866000,
            f"{day} 16:00",
            day,
            16.0,
            level,
            expiry,
            1674248400,
            16.0,
            0.5,
            0.2,
            "",
            "9 x 8",
        ]
        cells += [
            cell(call[0]),
            cell(call[1]),
            f"{strike:f}",
            cell(put[0]),
            cell(put[1]),
            "7 x 6",
            -0.5,
            "",
            "",
            50,
        ]
        lines.append(", ".join(str(one) for one in cells))
    return "\n".join(lines) + "\n"


def datashop_text(rows: list, header: str = DATASHOP) -> str:
    """DataShop CSV; the quotes at 15:45 are a point below those of the close."""
    lines = [header]
    for day, root, expiry, strike, kind, bid, ask, level in rows:
        cells = {
            "underlying_symbol": "^SPX", "quote_date": day, "root": root, "expiration": expiry,
            "strike": f"{strike:.3f}", "option_type": kind, "bid_eod": bid, "ask_eod": ask,
            "bid_1545": bid - 1.0, "ask_1545": ask - 1.0, "open_interest": 5, "delivery_code": "",
            "underlying_bid_eod": level - 0.5, "underlying_ask_eod": level + 0.5,
            "underlying_bid_1545": level - 2.5, "underlying_ask_1545": level - 1.5,
        }  # fmt: skip
        lines.append(",".join(str(cells.get(name, 0)) for name in header.split(",")))
    return "\n".join(lines) + "\n"


def parquet_table(rows: list) -> pa.Table:
    """Canonical columns, dates as text."""
    names = CANONICAL.split(",")[:8]
    return pa.Table.from_pandas(pd.DataFrame(rows, columns=names), preserve_index=False)


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def write_parquet(path: Path, table: pa.Table, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **options)
    return path


def listed(frame: pd.DataFrame) -> list[tuple]:
    """The rows of a day as tuples, expiries as text."""
    dates = frame["expiry"].to_numpy().astype("datetime64[D]").astype(str)
    columns = [
        frame["root"],
        dates,
        *(frame[name] for name in ("strike", "right", "bid", "ask", "underlying")),
    ]
    return list(zip(*columns, strict=True))


def all_days(chains: ChainStore | ChainFile) -> dict[str, list[tuple]]:
    """Every day's rows by date."""
    return {str(np.datetime64(int(day), "D")): listed(chains.day(int(day))) for day in chains.days}
