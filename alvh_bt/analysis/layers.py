"""What each layer earned: the realised P&L of every sale, roll and settlement, and what was monetised."""

from __future__ import annotations

import pandas as pd

from alvh_bt.book.records import REASON_TEXT, Reason


def closed_trades(trades: pd.DataFrame) -> pd.DataFrame:
    """Return the hedge's closing fills with what each one realised.

    Parameters
    ----------
    trades
        `RunResult.trades`.

    Returns
    -------
    DataFrame
        One row a close, the closing half of a roll, or a settlement, by date: `date`, `layer`, `action`,
        `reason`, `opened` (date of the purchase), `lot`, `contracts` (of the close), `pnl_usd` (realised,
        after the fees of the close and its share of those of the purchase).
    """
    hedge = trades[trades["book"] == "hedge"]
    bought = hedge.drop_duplicates("lot").set_index("lot")
    closes = hedge[hedge.duplicated("lot")]
    entry = bought.loc[closes["lot"]].reset_index(drop=True)
    closes = closes.reset_index(drop=True)
    paid = entry["fees_usd"] * (closes["contracts"] / entry["contracts"]).abs()
    gain = -closes["contracts"] * closes["contract_multiplier"] * (closes["price"] - entry["price"])
    return pd.DataFrame(
        {
            **{name: closes[name] for name in ("date", "layer", "action", "reason")},
            "opened": entry["date"],
            "lot": closes["lot"],
            "contracts": closes["contracts"],
            "pnl_usd": gain - closes["fees_usd"] - paid,
        }
    )


def monetised_usd(trades: pd.DataFrame) -> float:
    """Return what sales that monetise a layer realised, USD; 0.0 where there was none."""
    closed = closed_trades(trades)
    return float(closed.loc[closed["reason"] == REASON_TEXT[Reason.MONETISED], "pnl_usd"].sum())


def layer_table(trades: pd.DataFrame) -> pd.DataFrame:
    """Return closing fills by layer and reason, in order of first use.

    Columns `layer`, `reason`, `closes` (how many) and `pnl_usd` (their sum).
    """
    grouped = closed_trades(trades).groupby(["layer", "reason"], sort=False)["pnl_usd"]
    return grouped.agg(closes="count", pnl_usd="sum").reset_index()
