"""What every source of market history has in common."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import pandas as pd

from alvh_bt.errors import ConfigError
from alvh_bt.fetch.web import Web


class Fetched(NamedTuple):
    """One series as a source gave it, in canonical columns.

    `frame` has `date` (datetime64, no time of day, no zone) first, then the numbers and labels of the file;
    `url` is where it came from, as provenance writes it.
    """

    frame: pd.DataFrame
    url: str


class Source(ABC):
    """One place that publishes series.

    Parameters
    ----------
    web
        What asks for files.
    base
        A mirror of the source's own folder of files; empty for the source itself.

    Raises
    ------
    ConfigError
        A mirror of a source that cannot have one.
    """

    #: How users and provenance call it.
    name: ClassVar[str]
    #: Who owns the data and on what ground it may be used, one sentence.
    licence: ClassVar[str]
    #: What the owner asks of users, with the address of the terms, one sentence.
    terms: ClassVar[str]
    #: The folder of its files.
    base: str = ""
    #: File name of the market folder -> what the source calls the series.
    symbols: ClassVar[Mapping[str, str]]

    def __init__(self, web: Web, base: str = "") -> None:
        if base and not self.base:
            raise ConfigError(f"--mirror {self.name}: this source takes no mirror; leave it out")
        self.web = web
        self.base = base or self.base

    @abstractmethod
    def fetch(self, series: str, since: dt.date | None, until: dt.date) -> Fetched:
        """Return a series.

        Parameters
        ----------
        series
            File name of the market folder, without `.csv`; one of `symbols`.
        since
            First day that is wanted; None for all there is. Earlier rows may come with it.
        until
            The last closed session. Later rows may come with it.

        Raises
        ------
        DataError
            It could not be had, or is not of the form that is known.
        """
