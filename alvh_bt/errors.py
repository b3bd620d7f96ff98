"""The errors a user can meet, and the exit status that each one carries."""

from __future__ import annotations

from typing import Final

#: Characters of a message, at most: what a file holds may be of any length.
LONGEST: Final = 400
_END: Final = 120


class AlvhError(Exception):
    """Any failure that this package reports on purpose.

    The message is one line: what is wrong, where, and the remedy.
    """

    exit_status = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(told(message))


def told(message: str) -> str:
    r"""Return a message as one line of at most 400 characters; of a longer one the middle is left out.

    Whatever a terminal would act on is written out, for messages repeat what files hold.

    >>> told("cell '\x1b[2J'\nis not a number")
    "cell '\\x1b[2J' is not a number"
    """
    line = " ".join(message.split())
    if not line.isprintable():
        line = "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in line[: 4 * LONGEST])
    if len(line) <= LONGEST:
        return line
    return f"{line[: LONGEST - _END - 5]} ... {line[-_END:]}"


class AccountingError(AlvhError):
    """The books do not balance, or a position outlived its settlement."""


class HedgeError(AlvhError):
    """A hedge that a user wrote raised, or decided what means nothing; names it, the line and the day."""


class MarginError(AlvhError):
    """A run cannot meet its margin; names the day and the shortfall in USD."""


class ConfigError(AlvhError):
    """A setting or a command-line value is unusable; names it, its bound and the remedy."""

    exit_status = 2


class DataError(AlvhError):
    """Market data is missing or unusable; names the file, the row and the remedy."""

    exit_status = 3
