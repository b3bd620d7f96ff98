"""`alvh data info`: what a folder of market data holds."""

from __future__ import annotations

from alvh_bt.errors import ConfigError


def info() -> None:
    """Show what market data is there.

    Example: alvh data info
    """
    raise ConfigError("alvh data info is not there yet; use a later version")
