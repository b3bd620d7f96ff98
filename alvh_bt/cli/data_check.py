"""`alvh data check`: whether a folder of market data is sound."""

from __future__ import annotations

from alvh_bt.errors import ConfigError


def check() -> None:
    """Check market data.

    Example: alvh data check
    """
    raise ConfigError("alvh data check is not there yet; use a later version")
