"""A price model: what prices are at the close, at the open and at settlement of each session."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from alvh_bt.contracts import calendar_date
from alvh_bt.errors import DataError
from alvh_bt.market.market import VX_FUTURES, Market, Provenance
from alvh_bt.pricing.day import DayPrices
from alvh_bt.pricing.history import DayTable, close_table, live_settlements, observed_open, open_table
from alvh_bt.pricing.opening import opening_values
from alvh_bt.pricing.parameters import ModelParameters, load_parameters
from alvh_bt.pricing.quotes import NO_QUOTES
from alvh_bt.pricing.spx_surface import SpxSurface
from alvh_bt.pricing.vix_curve import VxCurve
from alvh_bt.pricing.vix_surface import VixSurface


class Settlement(NamedTuple):
    """The values at which contracts that expire in a session settle.

    `spx_am` and `spx_pm` are index points, `vix` vol points. A value is a proxy where the official
    one is not at hand: for the AM value the index's open, or where opens are stale an estimate from the day's
    bar (`pricing.opening`); VIX at the open for VIX contracts.
    """

    spx_am: float
    spx_pm: float
    vix: float
    spx_am_proxy: bool
    vix_proxy: bool


class PriceModel(Protocol):
    """What gives the prices of a session, by its index in the market."""

    @property
    def provenance(self) -> Mapping[str, NDArray[np.int8]]:
        """Each input's `Provenance`, one a session, as the prices used it."""

    def at_close(self, i: int) -> DayPrices:
        """Return the prices at the close of session `i`, from rows <= i."""

    def at_open(self, i: int) -> DayPrices:
        """Return the prices at the open of session `i`, from its opens and the closes before."""

    def settlement(self, i: int) -> Settlement:
        """Return the settlement values of session `i`."""


class ModelPrices:
    """The model behind every price where no real quote is at hand.

    Parameters
    ----------
    market
        The history. Sessions without a VIX have no prices.
    parameters
        The fitted numbers; without them, the packaged ones.
    """

    def __init__(self, market: Market, parameters: ModelParameters | None = None) -> None:
        self._parameters = load_parameters() if parameters is None else parameters
        close = close_table(market, self._parameters)
        opened = open_table(market, self._parameters, close)
        self._day: list[int] = market.days.tolist()
        self._close, self._open = _Rows(close), _Rows(opened)
        self._settlements = settlement_rows(market, opened)
        self._provenance = model_provenance(market)

    @property
    def provenance(self) -> Mapping[str, NDArray[np.int8]]:
        """Each input's `Provenance`, one a session: MODELLED where the model stood in for it."""
        return self._provenance

    def at_close(self, i: int) -> DayPrices:
        """Return the prices at the close of session `i`, from rows <= i.

        Raises
        ------
        DataError
            VIX is unknown that day.
        """
        if not self._close.known[i]:
            raise DataError(f"VIX is unknown on {calendar_date(self._day[i])}; start on a day that has it")
        return self._prices(self._close, i)

    def at_open(self, i: int) -> DayPrices:
        """Return the prices at the open of session `i`, from its opens and the closes before.

        Raises
        ------
        DataError
            VIX is unknown at the close before (always so in the first session).
        """
        if not self._open.known[i]:
            raise DataError(
                f"VIX is unknown at the close before {calendar_date(self._day[i])}; start a session later"
            )
        return self._prices(self._open, i)

    def settlement(self, i: int) -> Settlement:
        """Return the settlement values of session `i`: official where the market has them, else proxies.

        A value for which there is not even a proxy is NaN.
        """
        return self._settlements[i]

    def _prices(self, rows: _Rows, i: int) -> DayPrices:
        parameters, smile = self._parameters, self._parameters.vix_smile
        return DayPrices(
            self._day[i],
            rows.moment,
            rows.spot[i],
            rows.rate[i],
            rows.dividend_yield[i],
            rows.vix[i],
            self._surface(rows, i),
            VxCurve(
                *parameters.vx, rows.vix[i], rows.long_run[i], rows.nodes[i], rows.tenor[i], rows.price[i]
            ),
            VixSurface(smile.rho, rows.vix_eta[i], smile.gamma, rows.theta_30[i], smile.decay),
            NO_QUOTES,
            rows.vxx[i],
            rows.uvxy[i],
        )

    def _surface(self, rows: _Rows, i: int) -> SpxSurface:
        smile = self._parameters.spx_smile
        return SpxSurface(
            smile.rho,
            rows.eta[i],
            *smile[2:6],
            smile.eta_on_vix,
            smile.eta_cap,
            self._parameters.spx_damping,
            rows.node_vol[i],
            rows.node_theta[i],
        )


class _Rows:
    """A `DayTable` as Python numbers and tuples: a session is cut from it in a few microseconds."""

    def __init__(self, table: DayTable) -> None:
        self.moment = table.moment
        self.known: list[bool] = np.isfinite(table.node_theta[:, 1]).tolist()
        self.spot: list[float] = table.spot.tolist()
        self.rate: list[float] = table.rate.tolist()
        self.dividend_yield: list[float] = table.dividend_yield.tolist()
        self.vix: list[float] = table.vix.tolist()
        self.long_run: list[float] = table.long_run.tolist()
        self.nodes: list[int] = table.nodes.tolist()
        self.eta: list[float] = table.eta.tolist()
        self.vix_eta: list[float] = table.vix_eta.tolist()
        self.theta_30: list[float] = table.theta_30.tolist()
        self.vxx, self.uvxy = _or_nan(table.vxx), _or_nan(table.uvxy)
        # Columns zipped into rows: lists of rows would be made first, and twice as many objects.
        self.node_vol = list(zip(*table.node_vol.T.tolist(), strict=True))
        self.node_theta = list(zip(*table.node_theta.T.tolist(), strict=True))
        self.tenor = list(zip(*table.tenor.T.tolist(), strict=True))
        self.price = list(zip(*table.price.T.tolist(), strict=True))


def _or_nan(values: NDArray[np.float64]) -> list[float]:
    """Return the values with one object for every NaN, so that equal prices compare equal."""
    return [math.nan if math.isnan(value) else value for value in values.tolist()]


def settlement_rows(market: Market, opened: DayTable) -> list[Settlement]:
    """Return the settlement values of each session; `opened` is the table of its opens."""
    vro, opening = market.columns["vro"], opening_values(market)
    no_set, no_vro = ~opening.official, ~np.isfinite(vro)
    spx_am = opening.value
    vix = np.where(no_vro, opened.vix, vro)
    columns = (spx_am, market.columns["spx_close"], vix, no_set, no_vro)
    return [Settlement(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


#: Columns whose absence on a day the model makes good.
_MODELLED_INPUTS: Final = (
    *("spx_open", "vix9d", "vix3m", "vix6m", "vvix", "skew"),
    *("rate", "dividend_yield", "spx_set", "vro"),
)


def model_provenance(market: Market) -> Mapping[str, NDArray[np.int8]]:
    """Return each input's `Provenance`, one a session: MODELLED where the model stands in for it."""
    known = np.isfinite(market.columns["vix_close"])
    missing: dict[str, NDArray[np.bool_]] = {}
    for name in _MODELLED_INPUTS:
        missing[name] = np.isnan(market.columns[name])
    missing["vix_open"] = np.isnan(observed_open(market))
    missing[VX_FUTURES] = np.asarray(np.isnan(live_settlements(market)).all(axis=1))
    result = {"spx": market.provenance["spx_close"], "vix": market.provenance["vix_close"]}
    for name, gap in missing.items():
        seen = market.provenance[name]
        result[name] = np.where(gap & known, np.int8(Provenance.MODELLED), seen).astype(np.int8)
        result[name].setflags(write=False)
    # No model reads a future's own open: the last settlement is moved with VIX, whatever else is seen.
    result["vx_open"] = np.where(known, np.int8(Provenance.MODELLED), np.int8(Provenance.UNAVAILABLE))
    result["vx_open"].setflags(write=False)
    return MappingProxyType(result)
