"""The progress bar of commands that replay history."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def with_progress(total: int, job: Callable[[Callable[[], None]], Result], unit: str = "sessions") -> Result:
    """Return what `job` returns, showing a progress bar on stderr while it runs.

    Parameters
    ----------
    total
        Sessions in all, over every run.
    job
        Takes what is to be called once a session.
    unit
        What is counted.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn(f"{{task.completed:,.0f}} {unit}"))
    console = Console(stderr=True)
    # Into a file or a pipe a bar would leave but an empty line, and an error must be one line.
    hidden = not console.is_terminal
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=hidden
    ) as progress:
        task = progress.add_task("replaying", total=total)
        done = 0

        def tick() -> None:
            nonlocal done
            done += 1
            if done % 100 == 0:
                progress.update(task, completed=done)

        return job(tick)
