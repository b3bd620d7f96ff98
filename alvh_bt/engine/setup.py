"""What a plain `bt.Cerebro` needs to run these strategies."""

from __future__ import annotations

from typing import Any

from alvh_bt.config import Study
from alvh_bt.engine.broker import OptionsBroker
from alvh_bt.engine.feeds import ColumnFeed
from alvh_bt.engine.today import Calendar
from alvh_bt.market import Market
from alvh_bt.pricing.model import ModelPrices, PriceModel


def equip(
    cerebro: Any,
    market: Market,
    study: Study | None = None,
    prices: PriceModel | None = None,
    calendar: Calendar | None = None,
    feeds: tuple[str, ...] = ("spx",),
) -> OptionsBroker:
    """Return the options broker that it gave a Cerebro, along with its feeds.

    Parameters
    ----------
    cerebro
        A `bt.Cerebro`, before `run`.
    market
        The history; the study's `start` and `end` choose the window.
    study
        Settings; the defaults if None.
    prices, calendar
        To share between runs over the same market; made if None.

    feeds
        `"spx"` first, and `"vix"` for strategies that read its bars. Backtrader's
        `PyFolio.get_pf_items` keeps the last feed only, so that it is whole with one.

    Raises
    ------
    DataError
        When the window holds no usable session.
    """
    study = study or Study()
    first, last = market.window(study.start, study.end)
    calendar = calendar or Calendar(market, study.signals)
    broker = OptionsBroker(study, calendar, prices or ModelPrices(market), first)
    cerebro.setbroker(broker)
    for index in feeds:
        cerebro.adddata(ColumnFeed(market=market, index=index, first=first, last=last), name=index)
    return broker
