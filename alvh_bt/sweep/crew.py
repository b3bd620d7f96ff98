"""What the driver of a sweep asks of those who do the runs, be they processes here or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from alvh_bt.sweep.rows import Configuration

#: A configuration, and the hedges that it is still to be run under.
Item = tuple[Configuration, tuple[str, ...]]
Row = dict[str, Any]
#: Returns a row a configuration and hedge; a run that fails is a row with its `error`.
Job = Callable[[Sequence[Item]], list[Row]]


class Returned(NamedTuple):
    """What came back of a chunk of items."""

    ticket: int  # as `Crew.start` gave it
    rows: list[Row] | None  # None: the chunk failed as a whole
    failure: str = ""  # why
    lost: bool = False  # the worker died: the chunk itself may be sound
    seconds: float = 0.0  # of work


class Crew(Protocol):
    """Workers, in processes here or on other machines."""

    @property
    def workers(self) -> int:
        """How many chunks are worked on at once."""

    def free(self) -> int:
        """Return how many chunks more could be started now."""

    @property
    def shares_blame(self) -> bool:
        """Whether a death may be laid on a chunk that only waited: then suspects go one at a time."""

    def start(self, items: Sequence[Item], again: bool = False) -> int:
        """Hand a chunk to a worker and return its ticket; `again`: it failed before."""

    def wait(self, timeout: float) -> list[Returned]:
        """Return what came back, as soon as something did, or nothing after `timeout` seconds."""

    def stop(self, grace: float) -> list[Returned]:
        """Return what comes back within `grace` seconds; what is still in flight then is given up."""

    def close(self) -> None:
        """Let the workers go, at once."""
