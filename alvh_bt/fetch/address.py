"""Addresses: which ones may be asked, and how they are written where somebody may read them."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from alvh_bt.errors import ConfigError

#: Names of queries that say what was asked for; any other may hold a key, and is never written down.
_TOLD: Final = ("id", "rid", "ff", "cosd", "coed")
#: Hosts that may be asked without TLS: they are this machine.
LOCAL: Final = ("localhost", "127.0.0.1", "::1")


def check_address(url: str, option: str = "--mirror") -> str:
    """Return an address that may be asked, without the slash at its end.

    Raises
    ------
    ConfigError
        When it is not https (http for this machine alone), has no host, or holds a user name or password.

    Examples
    --------
    >>> check_address("https://mirror.example/fred/")
    'https://mirror.example/fred'
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise ConfigError(f"{option}: the address cannot be read; write it as https://HOST/PATH") from None
    if parts.username or parts.password:
        raise ConfigError(f"{option} {host}: an address with a user name or password; give one without")
    if not host or parts.query or parts.fragment:
        raise ConfigError(f"{option} {shown(url)}: not an address of a folder; write it as https://HOST/PATH")
    if not allowed(url):
        raise ConfigError(f"{option} {shown(url)}: not https; only a mirror on localhost may be http")
    return url.rstrip("/")


def allowed(url: str) -> bool:
    """Return whether an address may be asked: https, or this machine.

    Examples
    --------
    >>> allowed("https://example.org/a"), allowed("http://127.0.0.1:80/a"), allowed("http://example.org/a")
    (True, True, False)
    """
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL)


def shown(url: str) -> str:
    """Return an address as messages, logs and provenance may hold it: no names, passwords or keys.

    Examples
    --------
    >>> shown("https://me:secret@example.org/a.csv?id=DTB3&api_key=abc")
    'https://example.org/a.csv?id=DTB3'
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    told = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name in _TOLD])
    return urlunsplit((parts.scheme, host, parts.path, told, ""))
