"""`alvh data fetch`: market history from public sources."""

from __future__ import annotations

from alvh_bt.errors import ConfigError


def fetch() -> None:
    """Fetch market history.

    Example: alvh data fetch
    """
    raise ConfigError("alvh data fetch is not there yet; use a later version")
