"""The errors a user can meet, and the exit status that each one carries."""

from __future__ import annotations


class AlvhError(Exception):
    """Any failure that this package reports on purpose.

    The message is one line: what is wrong, where, and the remedy.
    """

    exit_status = 1


class AccountingError(AlvhError):
    """The books do not balance, or a position outlived its settlement."""


class MarginError(AlvhError):
    """A run cannot meet its margin; names the day and the shortfall in USD."""


class ConfigError(AlvhError):
    """A setting or a command-line value is unusable; names it, its bound and the remedy."""

    exit_status = 2


class DataError(AlvhError):
    """Market data is missing or unusable; names the file, the row and the remedy."""

    exit_status = 3
