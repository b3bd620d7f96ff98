"""The progress of a sweep: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from alvh_bt.sweep.tally import Tally

#: Seconds between two lines where stderr is no terminal.
_LINE_SECONDS: Final = 10.0


class SweepProgress:
    """Shows how far a sweep is; call it with its tally.

    Parameters
    ----------
    console
        Of stderr when None.
    now
        A clock in seconds.
    """

    def __init__(self, console: Console | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._console = console or Console(stderr=True)
        self._now, self._line_at = now, now() + _LINE_SECONDS
        # Refreshed by hand: a thread of its own would be in the way of forking workers.
        columns = (TextColumn("sweep"), BarColumn(), TextColumn("{task.fields[told]}"))
        self._bar = Progress(*columns, console=self._console, transient=True, auto_refresh=False)
        self._task = self._bar.add_task("", total=None, told="")

    def __enter__(self) -> SweepProgress:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def __call__(self, tally: Tally) -> None:
        """Show it."""
        if self._console.is_terminal:
            self._bar.update(self._task, total=tally.total, completed=tally.done, told=progress_text(tally))
            self._bar.refresh()
        elif self._now() >= self._line_at:
            self._line_at = self._now() + _LINE_SECONDS
            self._console.print(f"sweep: {progress_text(tally)}", soft_wrap=True, highlight=False)


def progress_text(tally: Tally) -> str:
    """Return the state of a sweep in one line.

    >>> progress_text(Tally(2000, "layered", "pnl_usd", lambda metric, value: value))
    '0 of 2,000 runs'
    """
    told = [f"{tally.done:,} of {tally.total:,} runs"]
    if math.isfinite(tally.rate):
        told += [f"{tally.rate:,.1f} a second", f"{duration(tally.seconds_left)} left"]
    if tally.best is not None:
        value, number = tally.best.value, tally.best.configuration
        told.append(f"best {tally.metric} {value:,.4g} of {tally.hedge} (configuration {number})")
    if tally.errors:
        told.append(f"{tally.errors:,} {'error' if tally.errors == 1 else 'errors'}")
    return ", ".join(told)


def duration(seconds: float) -> str:
    """Return seconds in words; "?" where they are unknown.

    >>> duration(4.2), duration(283), duration(7300), duration(math.nan)
    ('4 s', '4 min 43 s', '2 h 1 min', '?')
    """
    if not math.isfinite(seconds):
        return "?"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
