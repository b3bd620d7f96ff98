"""Which sources are asked for which file, and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from alvh_bt.errors import ConfigError
from alvh_bt.fetch.address import check_address
from alvh_bt.fetch.cboe_futures import CboeFutures
from alvh_bt.fetch.cboe_indices import CboeIndices
from alvh_bt.fetch.events import Events
from alvh_bt.fetch.fred import Fred, FredBaa
from alvh_bt.fetch.shiller import Shiller
from alvh_bt.fetch.source import Source
from alvh_bt.fetch.web import Web
from alvh_bt.fetch.yahoo import Yahoo

SOURCES: Final[Mapping[str, type[Source]]] = MappingProxyType(
    {source.name: source for source in (CboeIndices, CboeFutures, Yahoo, Fred, FredBaa, Shiller, Events)}
)

#: File -> its sources; the next is asked when one fails. Required files first.
PLAN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "spx": ("yahoo",),
        "vix": ("cboe_indices", "yahoo"),
        "vix9d": ("cboe_indices", "yahoo"),
        "vix3m": ("cboe_indices", "yahoo"),
        "vix6m": ("cboe_indices", "yahoo"),
        "vvix": ("cboe_indices", "yahoo"),
        "skew": ("cboe_indices", "yahoo"),
        "vx_futures": ("cboe_futures",),
        "rates": ("fred", "yahoo"),
        "shiller": ("shiller",),
        "macro_events": ("events",),
        "reer": ("fred",),
        "hy_oas": ("fred", "fred_baa"),
        "etp_vxx": ("yahoo",),
        "etp_uvxy": ("yahoo",),
    }
)


def wanted(only: Iterable[str] | None) -> list[str]:
    """Return the files to fetch, in the order of the plan; all of them without `only`.

    Raises
    ------
    ConfigError
        A name that no source gives.

    Examples
    --------
    >>> wanted(["vix", "spx"])
    ['spx', 'vix']
    """
    chosen = list(only or PLAN)
    for name in chosen:
        if name not in PLAN:
            raise ConfigError(f"--only {name}: no source gives it; choose from {', '.join(PLAN)}")
    return [name for name in PLAN if name in chosen]


def read_mirrors(given: Iterable[str] | None) -> dict[str, str]:
    """Return source -> address of its mirror, of texts SOURCE=URL.

    Raises
    ------
    ConfigError
        An unknown source, one twice, or an address that may not be asked.

    Examples
    --------
    >>> read_mirrors(["fred=https://mirror.example/fred"])
    {'fred': 'https://mirror.example/fred'}
    """
    mirrors: dict[str, str] = {}
    for text in given or ():
        name, equals, url = text.partition("=")
        if not equals or name not in SOURCES:
            # An address may hold a password: only what looks like a name is repeated.
            said = f" {name}" if re.fullmatch("[a-z_]{1,40}", name) else ""
            raise ConfigError(
                f"--mirror{said}: not a mirror; write it as SOURCE=URL, SOURCE one of {', '.join(SOURCES)}"
            )
        if name in mirrors:
            raise ConfigError(f"--mirror {name}: is given twice; give one address a source")
        mirrors[name] = check_address(url, f"--mirror {name}")
    return mirrors


def open_sources(web: Web, mirrors: Mapping[str, str]) -> dict[str, Source]:
    """Return the sources by name.

    Raises
    ------
    ConfigError
        A mirror of a source that takes none.
    """
    return {name: kind(web, mirrors.get(name, "")) for name, kind in SOURCES.items()}
