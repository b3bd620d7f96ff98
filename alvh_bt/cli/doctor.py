"""`alvh doctor`: versions, caches, data and compiler of this installation."""

from __future__ import annotations

from alvh_bt.errors import ConfigError


def doctor() -> None:
    """Check this installation.

    Example: alvh doctor
    """
    raise ConfigError("alvh doctor is not there yet; use a later version")
