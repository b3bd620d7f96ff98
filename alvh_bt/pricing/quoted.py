"""Prices from real quotes where there are any, and from the model, moved to agree with them, elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.contracts import Root
from alvh_bt.market.market import Market, Provenance
from alvh_bt.pricing.day import DayPrices
from alvh_bt.pricing.model import ModelPrices, PriceModel, Settlement
from alvh_bt.pricing.parameters import ModelParameters
from alvh_bt.pricing.quote_rows import MAX_DTE, QUOTED_ROOTS, day_quotes
from alvh_bt.pricing.quotes import NO_QUOTES, QuoteRows, aged

#: Under which reason quotes are counted that were taken at another moment than the close.
OTHER_MOMENT: Final = "other moment"

#: The keys of the two families in `provenance`.
SPX_QUOTES: Final = "spx_quotes"
VIX_QUOTES: Final = "vix_quotes"

#: Sessions whose rows are kept: a day needs its own and, at its open, those of the close before.
_KEPT: Final = 3

#: Sessions without quotes over which the distance of the last ones is kept, so that a hole in the chains
#: does not send marks to the bare model and back.
KEPT_SESSIONS: Final = 5


class QuoteSource(Protocol):
    """What gives the usable quotes of a day; `alvh_bt.chains.ChainStore` does."""

    @property
    def days(self) -> NDArray[np.int64]:
        """The epoch days with quotes, ascending."""

    def day(self, day: int, roots: Collection[str] | None = None, max_dte: int | None = None) -> pd.DataFrame:
        """Return the usable quotes of one day, sorted by root, expiry, right and strike."""

    def dropped(self) -> dict[str, int]:
        """Return how many quotes of the days read so far were dropped, by reason."""


class DayRead(NamedTuple):
    """What reading one day's quotes gave: usable quotes of each family, and those dropped by reason."""

    spx: int
    vix: int
    dropped: Mapping[str, int]


class QuotedPrices:
    """The prices of a market with real chains: quotes at their closes, the model wherever they are silent.

    At a close with quotes a quoted contract is worth its mid, and every other the model moved by its
    neighbours' quotes; at the open after it, the model of that open is moved by the same. A day without
    quotes has the model alone, and so has the open after it.

    Parameters
    ----------
    market
        The history.
    store
        The chains.
    parameters
        The fitted numbers of the model; without them, the packaged ones.
    """

    def __init__(self, market: Market, store: QuoteSource, parameters: ModelParameters | None = None) -> None:
        self._model: PriceModel = ModelPrices(market, parameters)
        self._store = store
        self._days: list[int] = market.days.tolist()
        self._quoted = frozenset(np.asarray(store.days).tolist())
        self._rows: dict[int, QuoteRows] = {}
        self._read: dict[int, DayRead] = {}

    @property
    def provenance(self) -> Mapping[str, NDArray[np.int8]]:
        """Each input's `Provenance`, one a session; quotes are OBSERVED on the days read that had some."""
        result = dict(self._model.provenance)
        reads = [self._read.get(day, DayRead(0, 0, {})) for day in self._days]
        for name, counts in ((SPX_QUOTES, [r.spx for r in reads]), (VIX_QUOTES, [r.vix for r in reads])):
            seen = np.array(counts) > 0
            codes = np.where(seen, np.int8(Provenance.OBSERVED), np.int8(Provenance.UNAVAILABLE))
            result[name] = codes.astype(np.int8)
            result[name].setflags(write=False)
        return MappingProxyType(result)

    @property
    def model(self) -> PriceModel:
        """The model alone."""
        return self._model

    @property
    def read(self) -> Mapping[int, DayRead]:
        """What was read so far, by epoch day."""
        return MappingProxyType(self._read)

    def learn(self, read: Mapping[int, DayRead]) -> None:
        """Take over what another process has read, so that `provenance` and `read` know of it."""
        self._read.update(read)

    def at_close(self, i: int) -> DayPrices:
        """Return the prices at the close of session `i`: that day's quotes, from rows <= i.

        Where a day lacks quotes the model keeps the distance of the last ones, for `KEPT_SESSIONS`.

        Raises
        ------
        DataError
            VIX is unknown that day, or the chains cannot be read.
        """
        prices = self._model.at_close(i)
        rows = self._rows_of(i, prices)
        return prices._replace(quotes=rows if len(rows) else self._last_rows(i - 1, prices))

    def at_open(self, i: int) -> DayPrices:
        """Return the prices at the open of session `i`: the model, moved by the quotes of the close before.

        Raises
        ------
        DataError
            VIX is unknown at the close before, or the chains cannot be read.
        """
        prices = self._model.at_open(i)
        return prices._replace(quotes=self._last_rows(i - 1, prices))

    def settlement(self, i: int) -> Settlement:
        """Return the settlement values of session `i`; quotes have no part in them."""
        return self._model.settlement(i)

    def _last_rows(self, last: int, prices: DayPrices) -> QuoteRows:
        """Return the rows of the last close with quotes up to session `last`, aged to a later moment."""
        for j in range(last, max(-1, last - KEPT_SESSIONS), -1):
            if self._days[j] in self._quoted:
                rows = self._rows_of(j, self._model.at_close(j))
                if len(rows):
                    return aged(rows, prices.day, prices.rate - prices.dividend_yield)
        return NO_QUOTES

    def _rows_of(self, i: int, close: DayPrices) -> QuoteRows:
        day = self._days[i]
        if day not in self._quoted:
            return NO_QUOTES
        if i not in self._rows:
            self._rows[i] = self._fetch(day, close)
            while len(self._rows) > _KEPT:
                del self._rows[next(iter(self._rows))]
        return self._rows[i]

    def _fetch(self, day: int, close: DayPrices) -> QuoteRows:
        before = self._store.dropped()
        frame = self._store.day(day, QUOTED_ROOTS, MAX_DTE)
        # Counted on the first reading: the variants of a study share the store and read each day again.
        dropped = {reason: n - before.get(reason, 0) for reason, n in self._store.dropped().items()}
        rows, refused = day_quotes(frame, close)
        if day not in self._read:
            counts = {reason: n for reason, n in dropped.items() if n > 0}
            if refused:
                counts[OTHER_MOMENT] = refused
            vix = int(np.count_nonzero(rows["root"] == Root.VIX))
            self._read[day] = DayRead(len(rows) - vix, vix, counts)
        return rows
