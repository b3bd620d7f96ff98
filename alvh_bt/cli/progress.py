"""The progress bar of commands that replay history."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def with_progress(total: int, job: Callable[[Callable[[], None]], Result]) -> Result:
    """Return what `job` returns, showing a progress bar on stderr while it runs.

    Parameters
    ----------
    total
        Sessions in all, over every run.
    job
        Takes what is to be called once a session.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f} sessions"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("replaying", total=total)
        done = 0

        def tick() -> None:
            nonlocal done
            done += 1
            if done % 100 == 0:
                progress.update(task, completed=done)

        return job(tick)
