"""All comparisons of the models with the market that the inputs allow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from alvh_bt.chains import ChainStore
from alvh_bt.contracts import calendar_date
from alvh_bt.market.market import Market, provenance_shares
from alvh_bt.pricing.model import ModelPrices, PriceModel
from alvh_bt.validation.anchors import AnchorMiss, anchor_misses
from alvh_bt.validation.benchmarks import (
    INDEX_NAMES,
    MONTHLY_FILE,
    VXTH_FILE,
    check_folder,
    read_monthly,
    read_vxth,
)
from alvh_bt.validation.chain_errors import FileErrors, days_inside, file_errors
from alvh_bt.validation.etps import PRODUCTS, EtpReplication, Product, read_closes, replicate_etp
from alvh_bt.validation.indices import IndexReplication, replicate_indices
from alvh_bt.validation.results import ValidationResult
from alvh_bt.validation.vxth import VxthReplication, replicate

#: Called with a part's name and its number of steps; gives what is called after each step.
Progress = Callable[[str, int], Callable[[], Any]]


def run_validation(
    market: Market,
    chains: ChainStore | None = None,
    benchmarks: Path | None = None,
    start: dt.date | None = None,
    end: dt.date | None = None,
    progress: Progress | None = None,
    *,
    products: Path | None = None,
) -> ValidationResult:
    """Return how far the models are from every quote, index and fund that is given.

    Parameters
    ----------
    market
        The history.
    chains
        Real option chains; None leaves the comparison with quotes out.
    benchmarks
        Folder with cboe_monthly.csv or vxth_daily.csv; None leaves the indices out.
    start, end
        First and last day; None is as far as the market reaches.
    progress
        For a progress bar.
    products
        Folder with closes of VIX funds and notes (etp_vxx.csv, etp_vixy.csv, ...); None leaves them out.

    Raises
    ------
    DataError
        The window holds no usable session, or a file is unusable; names the file and the row.
    """
    return _Validation(market, start, end, progress or _silent).run(chains, benchmarks, products)


def _silent(part: str, steps: int) -> Callable[[], Any]:
    return lambda: None


class _Validation:
    """One run: the window, the model, and what was left out on the way."""

    def __init__(
        self, market: Market, start: dt.date | None, end: dt.date | None, progress: Progress
    ) -> None:
        self.market, self.progress = market, progress
        self.first, self.last = market.window(start, end)
        self.start, self.end = (calendar_date(market.days[row]) for row in (self.first, self.last))
        self.model: PriceModel = ModelPrices(market)
        self.left_out: list[str] = []
        clipped = market.clipped(start, end)
        self.notes = [clipped] if clipped else []

    def run(
        self, chains: ChainStore | None, benchmarks: Path | None, products: Path | None
    ) -> ValidationResult:
        """Return the result of all parts; what is unusable is found before the long work begins."""
        levels, held = self._benchmarks(benchmarks)
        closes = self._closes(products)
        anchors = self._anchors()
        quotes = self._quotes(chains)
        return ValidationResult(
            start=self.start,
            end=self.end,
            sessions=self.last - self.first + 1,
            inputs=provenance_shares(self.model.provenance, self.first, self.last),
            anchors=anchors,
            quotes=quotes,
            dropped=chains.dropped() if chains is not None else {},
            indices={} if levels is None else self._indices(levels),
            vxth=None if held is None else self._vxth(held),
            etps=self._etps(closes),
            left_out=tuple(self.left_out),
            notes=tuple(self.notes),
        )

    def _benchmarks(self, folder: Path | None) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
        """Return the monthly levels and the held calls, None where there are none."""
        if folder is None:
            self.left_out.append("CNDR, PUT, BXM, BXMD, VXTH: no benchmarks given (--benchmarks DIR)")
            return None, None
        check_folder(folder)
        monthly, daily = folder / MONTHLY_FILE, folder / VXTH_FILE
        for path, names in ((monthly, "CNDR, PUT, BXM, BXMD"), (daily, "VXTH")):
            if not path.is_file():
                self.left_out.append(f"{names}: no {path.name} in {folder.name}")
        levels = read_monthly(monthly) if monthly.is_file() else None
        absent = [] if levels is None else [name for name in INDEX_NAMES if name not in levels]
        if absent:
            self.left_out.append(f"{', '.join(absent)}: not in {MONTHLY_FILE}")
        return levels, read_vxth(daily) if daily.is_file() else None

    def _closes(self, folder: Path | None) -> dict[Product, pd.Series]:
        if not (self.market.vx_expiry[self.first : self.last + 1] > 0).any():
            self.left_out.append(
                "VIX funds: no VIX futures inside the window (vx_futures.csv in the market folder)"
            )
            return {}
        found = {}
        for product in PRODUCTS:
            path = folder / f"{product.file}.csv" if folder is not None else None
            if path is not None and path.is_file():
                found[product] = read_closes(path)
            else:
                self.left_out.append(f"{product.name}: no {product.file}.csv in the market folder")
        return found

    def _anchors(self) -> dict[str, AnchorMiss]:
        tick = self.progress("published indices", self.last - self.first + 1)
        found = anchor_misses(self.market, self.model, self.first, self.last, tick)
        self.left_out += [
            f"{name}: not published inside the window (give it in the market folder)"
            for name, miss in found.items()
            if not miss.days
        ]
        return found

    def _quotes(self, chains: ChainStore | None) -> tuple[FileErrors, ...]:
        if chains is None:
            self.left_out.append("quotes: no option chains given (--chains DIR)")
            return ()
        found = []
        for file in chains.files:
            days = days_inside(self.market, file, self.first, self.last)
            if not days:
                self.left_out.append(f"{file.name}: no quotes inside the window")
                continue
            tick = self.progress(file.name, days)
            errors = file_errors(self.market, self.model, file, self.first, self.last, tick)
            self.notes += [f"{file.name}: {note}" for note in errors.notes]
            if errors.main.n:
                found.append(errors)
            else:
                self.left_out.append(
                    f"{file.name}: no usable quote of the S&P 500, SPY or VIX at 0.02-0.60 delta, 5-100 days"
                )
        return tuple(found)

    def _indices(self, levels: pd.DataFrame) -> dict[str, IndexReplication]:
        tick = self.progress("Cboe's indices", len(levels.columns))
        found = replicate_indices(self.market, levels, self.start, self.end, tick)
        self.left_out += [
            f"{name}: no whole month of it inside the window" for name in levels.columns if name not in found
        ]
        said: dict[str, list[str]] = {}
        for name, index in found.items():
            for note in index.notes:
                said.setdefault(note, []).append(name)
        self.notes += [f"{', '.join(names)}: {note}" for note, names in said.items()]
        return found

    def _vxth(self, held: pd.DataFrame) -> VxthReplication | None:
        found = replicate(self.market, self.model, held, self.first, self.last)
        if not len(found.days):
            self.left_out.append("VXTH: no day with a call inside the window")
            return None
        self.notes += [f"VXTH: {note}" for note in found.notes]
        return found

    def _etps(self, closes: dict[Product, pd.Series]) -> tuple[EtpReplication, ...]:
        found = [
            replicate_etp(self.market, product, close, self.first, self.last)
            for product, close in closes.items()
        ]
        self.left_out += [
            f"{each.name}: no day of it with VIX futures inside the window"
            for each in found
            if not len(each.daily)
        ]
        self.notes += [f"{each.name}: {note}" for each in found for note in each.notes]
        return tuple(each for each in found if len(each.daily))
