"""`alvh today`: the decision sheet after the last close."""

from __future__ import annotations

from alvh_bt.errors import ConfigError


def today() -> None:
    """Show the decisions of the last close.

    Example: alvh today
    """
    raise ConfigError("alvh today is not there yet; use a later version")
