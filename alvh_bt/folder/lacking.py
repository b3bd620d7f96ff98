"""What each file of market data is for, and what a study does without it."""

from __future__ import annotations

from typing import Final

#: File -> what it is, and what lacking it means.
PURPOSE: Final[dict[str, tuple[str, str]]] = {
    "spx": ("S&P 500 bars, index points", "no study is possible"),
    "vix": ("VIX bars, vol points", "no study is possible"),
    "vix9d": ("VIX9D closes, vol points", "the smile's short end is modelled from VIX"),
    "vix3m": ("VIX3M closes, vol points", "the term structure beyond a month is modelled from VIX"),
    "vix6m": ("VIX6M closes, vol points", "the term structure beyond three months is modelled"),
    "vvix": ("VVIX closes", "VVIX is modelled from VIX"),
    "skew": ("Cboe SKEW closes", "the smile's tilt is modelled from VIX"),
    "rates": ("13-week bill, percent a year", "a constant rate stands in for it"),
    "shiller": ("monthly dividends, earnings, long rate", "a constant dividend yield; P/E, WACC neutral"),
    "cash_flow": ("monthly cash flow of the index", "earnings stand for cash flow"),
    "reer": ("real effective rate of the dollar, monthly", "the REER signal is neutral"),
    "foreign_rates": ("foreign short rate, percent a year", "the rate differential is neutral"),
    "hy_oas": ("high-yield spread, percent", "the credit signal is neutral"),
    "advances": ("advancing and declining issues", "the advance-decline signals are neutral"),
    "breadth": ("new highs less lows, percent advancers", "the breadth divergence is neutral"),
    "equal_weight": ("equal-weight S&P 500 closes", "the rotation signal is neutral"),
    "equity": ("closes of your own equity book", "the beta of your book is that of the index"),
    "etp_vxx_series_a": ("first VXX note, USD", "VXX before 2018 follows the futures"),
    "etp_vxx": ("VXX, USD", "VXX is modelled from the futures"),
    "etp_uvxy": ("UVXY, USD", "UVXY is modelled from the futures"),
    "macro_events": ("FOMC, CPI, PPI days", "the FOMC and inflation signals are neutral"),
    "fundamentals": ("quick ratios of companies", "the quick-ratio signal is neutral"),
    "vx_futures": ("VX settlements by expiry, vol points", "the curve is modelled from VIX"),
    "settlements": ("SPX SET and VIX VRO settlement values", "settlements are estimated from the open"),
}
