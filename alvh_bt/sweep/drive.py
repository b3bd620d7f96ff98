"""Drives a sweep: hands chunks to workers, writes what comes back, and keeps no row in memory."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import pyarrow as pa

from alvh_bt.errors import AlvhError
from alvh_bt.sweep.crew import Crew, Returned, Row
from alvh_bt.sweep.rows import row_variant
from alvh_bt.sweep.sources import Planned, Source
from alvh_bt.sweep.store import Store
from alvh_bt.sweep.tally import Tally

#: Seconds that a chunk should take: long against the cost of handing it over, short against patience.
CHUNK_SECONDS: Final = 1.0
#: A chunk's rows are held by the driver, about 10 kB each while they are written.
_LARGEST_CHUNK: Final = 500
#: Seconds that chunks in flight are given when a sweep is interrupted.
GRACE_SECONDS: Final = 5.0
#: How often a chunk is tried when its workers die; the last time each configuration on its own.
TRIES: Final = 3
_POLL_SECONDS: Final = 0.25
_SHORTEST_CHUNK_SECONDS: Final = 0.05


class Outcome(NamedTuple):
    """How a sweep ended."""

    ran: int  # runs done this time
    done: int  # runs in the store, those with an error too
    errors: int  # of `done`
    repeated: int  # left out: another configuration is the same run
    seconds: float
    interrupted: bool


class _Chunk(NamedTuple):
    planned: list[Planned]
    tries: int  # so far


class Pace:
    """How many configurations make a chunk of the right length; learns from each that returns.

    >>> pace = Pace(1.0)
    >>> pace.size(1000, 2)
    1
    >>> pace.learn(1, 0.01)
    >>> pace.size(1000, 2), pace.size(12, 2)
    (4, 4)
    """

    def __init__(self, seconds: float = CHUNK_SECONDS) -> None:
        self._target, self._each, self._largest = seconds, math.nan, 0

    def learn(self, configurations: int, seconds: float) -> None:
        """Take the time of a chunk."""
        each = max(seconds, 1e-6) / max(configurations, 1)
        self._each = each if math.isnan(self._each) else 0.5 * (self._each + each)
        self._largest = max(self._largest, configurations)

    def size(self, left: int, workers: int) -> int:
        """Return the configurations of the next chunk: fewer at the end, so that workers end together."""
        if math.isnan(self._each):
            return 1
        wanted = min(self._target / self._each, 4.0 * self._largest, _LARGEST_CHUNK)
        shortest = _SHORTEST_CHUNK_SECONDS / self._each
        return max(1, int(min(wanted, max(left / (2.0 * max(workers, 1)), shortest))))


def drive(
    source: Source,
    crew: Crew,
    store: Store,
    schema: pa.Schema,
    tally: Tally,
    watch: Callable[[Tally], Any] = lambda tally: None,
    chunk_seconds: float = CHUNK_SECONDS,
    grace: float = GRACE_SECONDS,
) -> Outcome:
    """Run all that a source has, write each row, and return how it ended.

    A chunk's rows are written as soon as it returns, before anything else is waited for: whatever ends
    this process loses the chunks in flight and no more. On Ctrl-C or SIGTERM nothing new is started,
    chunks in flight have `grace` seconds to return, and what they give is written.

    Parameters
    ----------
    source
        What is to be run.
    crew
        Who runs it; closed at the end.
    store
        Where rows go; `create` was called.
    schema
        Of a part.
    tally
        Counts what is done; what the store held before is in it.
    watch
        Called a few times a second.
    chunk_seconds
        How long a chunk should take.
    grace
        Seconds.

    Raises
    ------
    AlvhError
        When the store refuses a part, or all workers are out of reach.
    """
    driver = _Driver(source, crew, store, schema, tally, Pace(chunk_seconds))
    before, started = tally.done, time.monotonic()
    try:
        with _interrupts() as interrupted:
            stopped = driver.run(watch, interrupted)
            if stopped:
                driver.settle(crew.stop(grace))
    finally:
        crew.close()
    seconds = time.monotonic() - started
    return Outcome(tally.done - before, tally.done, tally.errors, source.repeated, seconds, stopped)


class _Driver:
    def __init__(
        self, source: Source, crew: Crew, store: Store, schema: pa.Schema, tally: Tally, pace: Pace
    ) -> None:
        self.source, self.crew, self.store, self.schema = source, crew, store, schema
        self.tally, self.pace = tally, pace
        self.flying: dict[int, _Chunk] = {}
        self.again: deque[_Chunk] = deque()  # lost or failed, to be tried once more
        self.ready: deque[_Chunk] = deque()  # cut while the workers were busy
        self.failed: list[Row] = []  # of configurations that are no study

    def run(self, watch: Callable[[Tally], Any], interrupted: Callable[[], bool]) -> bool:
        """Return True when it was interrupted, False when all is done."""
        returned: list[Returned] = []
        while True:
            if interrupted():
                self.settle(returned)
                return True
            self._fill()  # before the results are written: no worker waits for a disk
            self.settle(returned)
            self._prepare()
            self.store.renew()
            watch(self.tally)
            returned = []
            if self.flying:
                returned = self.crew.wait(_POLL_SECONDS)
            elif not self.again and not self.ready:
                if self.source.over:
                    return False
                raise AlvhError("the search waits for runs that are not there; give another --out")

    def settle(self, returned: Sequence[Returned]) -> None:
        """Write what came back as one part; see what has to be tried again."""
        rows, self.failed = self.failed, []
        for each in returned:
            chunk = self.flying.pop(each.ticket)
            if each.rows is not None:
                self.pace.learn(len(chunk.planned), each.seconds)
                rows += complete_rows(chunk.planned, each.rows)
            else:
                rows += self._retry(chunk, each)
        self.store.write(rows, self.schema)
        for row in rows:
            self.tally.add(row)
            self.source.settle(row)

    def _fill(self) -> None:
        """Give each free worker a chunk."""
        for _ in range(self.crew.free()):
            chunk = self._next()
            if chunk is None:
                return
            items = [planned.item for planned in chunk.planned]
            self.flying[self.crew.start(items, chunk.tries > 0)] = chunk

    def _next(self) -> _Chunk | None:
        suspects = any(chunk.tries for chunk in self.flying.values())
        if self.again and not (suspects and self.crew.shares_blame):
            return self.again.popleft()
        return self.ready.popleft() if self.ready else self._cut()

    def _prepare(self) -> None:
        """Have a chunk ready for the next worker that is free; write what needs no worker."""
        if not self.ready and (chunk := self._cut()) is not None:
            self.ready.append(chunk)
        if self.failed:
            self.settle([])

    def _cut(self) -> _Chunk | None:
        """Return the next chunk, None when there is none now."""
        while taken := self.source.take(self.pace.size(self.source.left, self.crew.workers)):
            self.failed += [
                row for planned in taken if planned.error for row in error_rows(planned, planned.error)
            ]
            sound = [planned for planned in taken if planned.error is None]
            if sound:
                return _Chunk(sound, 0)
            self.settle([])  # a search may wait for just these
        return None

    def _retry(self, chunk: _Chunk, returned: Returned) -> list[Row]:
        """Return error rows when a chunk was tried often enough, else see that it is tried again.

        A worker's death may be another's fault, so the chunk is tried as it is once more; what fails of
        itself is taken apart at once, so that one bad configuration does not fail its neighbours.
        """
        tries = chunk.tries + 1
        if returned.lost and tries < TRIES - 1:
            self.again.append(chunk._replace(tries=tries))
        elif tries < TRIES and (returned.lost or len(chunk.planned) > 1):
            last = TRIES - 1  # each has one try left
            self.again.extend(_Chunk([planned], last) for planned in chunk.planned)
        else:
            return [row for planned in chunk.planned for row in error_rows(planned, returned.failure)]
        return []


def complete_rows(planned: Sequence[Planned], rows: Sequence[Row]) -> list[Row]:
    """Return one row for each run that was asked for, with its key and the values of the axes.

    A run that has no row gets one with an error, and so does one whose worker found another key.
    """
    given = {(row["configuration"], row["variant"]): row for row in rows}
    found = []
    for each in planned:
        (number, values), hedges = each.item
        for hedge, key, blank in zip(hedges, each.keys, error_rows(each, "no result"), strict=True):
            row = given.get((number, row_variant(hedge)))
            if row is None:
                found.append({**blank, "error": "the job returned no row for this run"})
            elif row.get("key", key) != key:
                found.append({**blank, "error": f"the worker's key is {row['key']}: its settings differ"})
            else:
                found.append({**values, **row, "key": key})
    return found


def error_rows(planned: Planned, error: str) -> list[Row]:
    """Return a row with an error for each run of a configuration."""
    (number, values), hedges = planned.item
    return [
        {"configuration": number, "key": key, "variant": row_variant(hedge), **values, "error": error}
        for hedge, key in zip(hedges, planned.keys, strict=True)
    ]


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C or SIGTERM into a flag; the second one interrupts at once."""
    caught = threading.Event()

    def handler(number: int, frame: Any) -> None:
        if caught.is_set():
            raise KeyboardInterrupt
        caught.set()

    # Only the main thread may set handlers; elsewhere the caller's own rule stands.
    numbers = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield caught.is_set
    finally:
        for number, old in before.items():
            signal.signal(number, old)
