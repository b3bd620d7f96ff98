"""A price model: what prices are at the close, at the open and at settlement of each session."""

from __future__ import annotations

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
from alvh_bt.pricing.parameters import ModelParameters, load_parameters
from alvh_bt.pricing.spx_surface import SpxSurface
from alvh_bt.pricing.vix_curve import VxCurve
from alvh_bt.pricing.vix_surface import VixSurface


class Settlement(NamedTuple):
    """The values at which contracts that expire in a session settle.

    `spx_am` and `spx_pm` are index points, `vix` vol points. A value is a proxy where the official
    one is not at hand: the index's open for the AM value, VIX at the open for VIX contracts.
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
        self._spx_model = self._parameters.spx_model
        self._day: list[int] = market.days.tolist()
        self._close, self._open = _Rows(close), _Rows(opened)
        self._settlements = _settlements(market, opened)
        self._provenance = _provenance(market)

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
        parameters = self._parameters
        return DayPrices(
            self._day[i],
            rows.moment,
            rows.spot[i],
            rows.rate[i],
            rows.dividend_yield[i],
            rows.vix[i],
            SpxSurface(*self._spx_model, rows.node_vol[i], rows.node_theta[i]),
            VxCurve(
                *parameters.vx, rows.vix[i], rows.long_run[i], rows.nodes[i], rows.tenor[i], rows.price[i]
            ),
            VixSurface(*parameters.vix_shape, rows.theta_30[i], parameters.vix_decay),
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
        self.theta_30: list[float] = table.theta_30.tolist()
        self.node_vol = list(map(tuple, table.node_vol.tolist()))
        self.node_theta = list(map(tuple, table.node_theta.tolist()))
        self.tenor = list(map(tuple, table.tenor.tolist()))
        self.price = list(map(tuple, table.price.tolist()))


def _settlements(market: Market, opened: DayTable) -> list[Settlement]:
    spx_set, vro = market.columns["spx_set"], market.columns["vro"]
    no_set, no_vro = ~np.isfinite(spx_set), ~np.isfinite(vro)
    spx_am = np.where(no_set, market.columns["spx_open"], spx_set)
    vix = np.where(no_vro, opened.vix, vro)
    columns = (spx_am, market.columns["spx_close"], vix, no_set, no_vro)
    return [Settlement(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


#: Columns whose absence on a day the model makes good.
_MODELLED_INPUTS: Final = (
    *("spx_open", "vix9d", "vix3m", "vix6m", "vvix"),
    *("rate", "dividend_yield", "spx_set", "vro"),
)


def _provenance(market: Market) -> Mapping[str, NDArray[np.int8]]:
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
