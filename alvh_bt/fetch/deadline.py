"""A job that may take so long and no longer, whatever it waits for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class TooLongError(Exception):
    """A job was not done in time."""


def within(seconds: float, job: Callable[[], Result]) -> Result:
    """Return what `job` returns, or raise what it raises.

    The job runs in a thread of its own: time-outs of sockets start anew with every byte, so that a server
    that drips would never meet one. A job that is too late is left to itself; it does not keep the program
    from ending.

    Parameters
    ----------
    seconds
        How long the job may take.
    job
        What is to be done.

    Raises
    ------
    TooLongError
        When it is not done by then.

    Examples
    --------
    >>> within(5.0, lambda: 2 + 2)
    4
    """
    done: queue.Queue[tuple[bool, Result | BaseException]] = queue.Queue()

    def work() -> None:
        try:
            done.put((True, job()))
        except BaseException as error:  # it is raised again where the result is waited for
            done.put((False, error))

    threading.Thread(target=work, name="alvh-fetch", daemon=True).start()
    try:
        fine, result = done.get(timeout=seconds)
    except queue.Empty:
        raise TooLongError from None
    if fine:
        return result  # type: ignore[return-value]
    raise result  # type: ignore[misc]
