"""A market's days as a few arrays, from which compiled code cuts prices, calendar and settlement values.

Everything here depends on the market and on the settings of the signals alone, so that all runs of a sweep
share it, read-only.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.book.view import Today
from alvh_bt.calendars import Expiries
from alvh_bt.compiled import rule, unowned
from alvh_bt.engine.today import CLOSES, Calendar
from alvh_bt.market import Market
from alvh_bt.pricing.day import DayPrices
from alvh_bt.pricing.history import DayTable, close_table, open_table
from alvh_bt.pricing.model import Settlement, settlement_rows
from alvh_bt.pricing.parameters import ModelParameters, load_parameters
from alvh_bt.pricing.quotes import NO_QUOTES, QuoteRows
from alvh_bt.pricing.spx_surface import SpxSurface
from alvh_bt.pricing.vix_curve import NODES, VxCurve
from alvh_bt.pricing.vix_surface import VixSurface

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Columns of a moment's table; numbers of one kind in one array, since every array costs compiled code
#: seven arguments wherever it is handed on.
_COLUMNS: Final = (
    *(("spot", 1), ("rate", 1), ("dividend_yield", 1), ("vix", 1), ("eta", 1), ("node_vol", 4)),
    *(("node_theta", 4), ("long_run", 1), ("nodes", 1), ("tenor", 9), ("price", 9), ("vix_eta", 1)),
    *(("theta_30", 1), ("vxx", 1), ("uvxy", 1)),
)


class Constants(NamedTuple):
    """The parts of a surface and of a curve that stay the same on all days."""

    surface: SpxSurface
    curve: VxCurve
    vix: VixSurface


class Days(NamedTuple):
    """One row a session, n in all.

    `calendar` is (n, 4): epoch day, the next session's, first of its week, first after a monthly expiry;
    `close` and `open` (n, 37) the prices of the two moments; `settled` (n, 5) as `Settlement`; `signals`
    as `Calendar.signals`; `moment` days from the close at which the open is.
    """

    calendar: Whole
    close: Floats
    open: Floats
    moment: float
    settled: Floats
    spx_closes: Floats
    vix_closes: Floats
    signals: Floats
    spx: Expiries
    vix: Expiries
    vx: Expiries
    constants: Constants
    quotes: QuoteRows


def make_days(market: Market, calendar: Calendar, parameters: ModelParameters | None = None) -> Days:
    """Return a market's days.

    Parameters
    ----------
    market, calendar
        The history, and its calendar with the signals of the study.
    parameters
        The fitted numbers of the model; without them, the packaged ones.
    """
    chosen = load_parameters() if parameters is None else parameters
    closes = close_table(market, chosen)
    opens = open_table(market, chosen, closes)
    settled = [tuple(map(float, values)) for values in settlement_rows(market, opens)]
    dates = (calendar.days, calendar.next_day, calendar.week_start, calendar.after_monthly)
    return Days(
        np.column_stack(dates).astype(np.int64),
        _moments(closes),
        _moments(opens),
        float(opens.moment),
        np.array(settled),
        np.ascontiguousarray(calendar.closes),
        np.ascontiguousarray(calendar.vix_closes),
        np.array(calendar.signals, order="C"),
        _writable(calendar.spx),
        _writable(calendar.vix),
        _writable(calendar.vx),
        _constants(chosen),
        NO_QUOTES,
    )


def _constants(parameters: ModelParameters) -> Constants:
    """Return what the numbers of the model say of all days; what a day brings is 0 here."""
    smile, vix, none = parameters.spx_smile, parameters.vix_smile, (0.0, 0.0, 0.0, 0.0)
    shape = (smile.rho, 0.0, *smile[2:6], smile.eta_on_vix, smile.eta_cap, parameters.spx_damping)
    return Constants(
        SpxSurface(*shape, none, none),
        VxCurve(*parameters.vx, 0.0, 0.0, 0, (0.0,) * NODES, (0.0,) * NODES),
        VixSurface(vix.rho, 0.0, vix.gamma, 0.0, vix.decay),
    )


def _writable(expiries: Expiries) -> Expiries:
    """Return the expiries in arrays of the one kind that compiled code takes."""
    return Expiries(*(np.array(column, dtype=np.int64) for column in expiries))


def _moments(table: DayTable) -> Floats:
    return np.column_stack([getattr(table, name) for name, _ in _COLUMNS]).astype(np.float64)


@rule
def borrowed(days: Days) -> Days:
    """Return the same days in arrays that count no references; `days` must outlive them."""
    return Days(
        unowned(days.calendar),
        unowned(days.close),
        unowned(days.open),
        days.moment,
        unowned(days.settled),
        unowned(days.spx_closes),
        unowned(days.vix_closes),
        unowned(days.signals),
        _unowned_expiries(days.spx),
        _unowned_expiries(days.vix),
        _unowned_expiries(days.vx),
        days.constants,
        unowned(days.quotes),
    )


@rule
def _unowned_expiries(expiries: Expiries) -> Expiries:
    return Expiries(unowned(expiries.day), unowned(expiries.root), unowned(expiries.listed_from))


@njit(cache=True)
def close_prices(days: Days, i: int) -> DayPrices:
    """Return the prices at the close of session `i`, as `ModelPrices.at_close`."""
    return _prices(days.close[i], days.calendar[i, 0], 0.0, days.constants, days.quotes)


@njit(cache=True)
def open_prices(days: Days, i: int) -> DayPrices:
    """Return the prices at the open of session `i`, as `ModelPrices.at_open`."""
    return _prices(days.open[i], days.calendar[i, 0], days.moment, days.constants, days.quotes)


@njit(cache=True)
def _prices(r: Floats, day: int, moment: float, constants: Constants, quotes: QuoteRows) -> DayPrices:
    """Return the prices of a row of `_COLUMNS`."""
    s, c, v = constants.surface, constants.curve, constants.vix
    return DayPrices(
        day,
        moment,
        r[0],
        r[1],
        r[2],
        r[3],
        SpxSurface(
            s.rho, r[4], s.gamma, s.wing, s.wing_start, s.wing_width, s.eta_on_vix, s.eta_cap, s.damping,
            (r[5], r[6], r[7], r[8]), (r[9], r[10], r[11], r[12]),
        ),
        VxCurve(
            c.reversion, c.damping_days, c.damping_power, r[3], r[13], int(r[14]),
            (r[15], r[16], r[17], r[18], r[19], r[20], r[21], r[22], r[23]),
            (r[24], r[25], r[26], r[27], r[28], r[29], r[30], r[31], r[32]),
        ),
        VixSurface(v.rho, r[33], v.gamma, r[34], v.decay),
        quotes,
        r[35],
        r[36],
    )  # fmt: skip


@njit(cache=True)
def settlement_values(days: Days, i: int) -> Settlement:
    """Return the settlement values of session `i`."""
    v = days.settled[i]
    return Settlement(v[0], v[1], v[2], v[3] != 0.0, v[4] != 0.0)


@njit(cache=True)
def today_at(days: Days, i: int, first: int, prices: DayPrices, same_close: bool, at_open: bool) -> Today:
    """Return what is known at the close of session `i` of a run that began at session `first`."""
    since = max(0, i + 1 - CLOSES)
    row = days.calendar[i]
    return Today(
        row[0],
        i - first,
        row[0] if same_close else row[1],
        at_open,
        row[2] != 0,
        row[3] != 0,
        prices,
        days.spx,
        days.vix,
        days.vx,
        days.spx_closes[since : i + 1],
        days.vix_closes[since : i + 1],
        days.signals[i],
    )
