"""`alvh data import`: bring in a file of one's own."""

from __future__ import annotations

from alvh_bt.errors import ConfigError


def import_file() -> None:
    """Check a file and place it.

    Example: alvh data import
    """
    raise ConfigError("alvh data import is not there yet; use a later version")
