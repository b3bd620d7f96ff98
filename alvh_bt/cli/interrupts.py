"""Ctrl-C is heard wherever it strikes."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

#: Seconds until an interrupt that was lost is sent again.
_AGAIN: Final = 0.1


@contextmanager
def interrupts_heard() -> Iterator[None]:
    """Send an interrupt again that was raised where nothing could pass it on, as in a compiler's callback.

    Python drops what is raised inside a function that C code called, and the program would go on.
    """
    usual = sys.unraisablehook

    def heard(dropped: Any) -> None:
        if isinstance(dropped.exc_value, KeyboardInterrupt):
            again = threading.Timer(_AGAIN, _strike)
            again.daemon = True
            again.start()
        else:
            usual(dropped)

    sys.unraisablehook = heard
    try:
        yield
    finally:
        sys.unraisablehook = usual


def _strike() -> None:
    """Interrupt the main thread, also out of a wait where the platform can."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()
