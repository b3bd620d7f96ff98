"""A sweep from its plan to its last row: the store is opened, what is missing is run, the manifest closed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import pyarrow as pa

from alvh_bt.sweep.crew import Crew, Row
from alvh_bt.sweep.drive import CHUNK_SECONDS, Outcome, drive
from alvh_bt.sweep.rows import Configuration, row_schema
from alvh_bt.sweep.sources import KeyOf, Listed, Searched, Searcher, Source
from alvh_bt.sweep.store import Store
from alvh_bt.sweep.tally import Tally


class SweepLike(Protocol):
    """What is needed of a sweep here."""

    @property
    def hedges(self) -> tuple[str, ...]:
        """All hedges."""

    @property
    def hedge(self) -> str:
        """The one whose results are ranked."""

    @property
    def objectives(self) -> tuple[str, ...]:
        """Of a search; the first is the one told as best so far."""

    @property
    def runs(self) -> int:
        """Configurations of a search."""

    def axis_types(self) -> dict[str, pa.DataType]:
        """Return the type of each axis."""

    def plain(self) -> dict[str, Any]:
        """Return it ready for JSON."""


class Plan(NamedTuple):
    """What a sweep is to run."""

    sweep: SweepLike
    key_of: KeyOf
    manifest: Mapping[str, Any]  # window, weeks, data, inputs and version, as the workload has them
    configurations: Sequence[Configuration] = ()  # of all methods but a search
    order: Sequence[int] | None = None
    search: Searcher | None = None

    @property
    def total(self) -> int:
        """How many configurations there are."""
        return len(self.configurations) if self.search is None else self.sweep.runs


def open_store(store: Store, plan: Plan, resume: bool, retry_errors: bool = False) -> None:
    """Make the store ready for a plan, and hold it.

    Parameters
    ----------
    store
        The place of results.
    plan
        The sweep.
    resume, retry_errors
        As in `Store.create`.

    Raises
    ------
    ConfigError
        As `Store.create`.
    """
    manifest = {
        **plan.manifest,
        "sweep": plan.sweep.plain(),
        "configurations": plan.total,
        "runs": plan.total * len(plan.sweep.hedges),
        "complete": False,
    }
    store.create(manifest, resume, retry_errors)


def run_sweep(
    plan: Plan,
    store: Store,
    crew: Crew,
    signed: Callable[[str, float], float],
    watch: Callable[[Tally], Any] = lambda tally: None,
    chunk_seconds: float = CHUNK_SECONDS,
) -> Outcome:
    """Run what the store does not have yet and return how it ended.

    Parameters
    ----------
    plan
        The sweep.
    store
        `open_store` was called; it is closed here.
    crew
        Who runs it; closed at the end.
    signed
        Returns a value of a metric so that larger is better.
    watch, chunk_seconds
        As in `drive.drive`.

    Raises
    ------
    AlvhError
        As `drive.drive`.
    """
    sweep = plan.sweep
    try:
        stored = _stored(store, sweep)
        tally = Tally(plan.total * len(sweep.hedges), sweep.hedge, sweep.objectives[0], signed)
        for batch in stored.to_batches():
            tally.add_stored(batch.to_pylist())
            store.renew()
        schema = row_schema(sweep.axis_types())
        outcome = drive(_source(plan, stored), crew, store, schema, tally, watch, chunk_seconds)
        if not outcome.interrupted:
            store.change(complete=True)
        return outcome
    finally:
        crew.close()
        store.close()


def _source(plan: Plan, stored: pa.Table) -> Source:
    sweep, keys = plan.sweep, set(stored.column("key").to_pylist())
    if plan.search is None:
        return Listed(plan.configurations, plan.order, sweep.hedges, plan.key_of, keys)
    rows: list[Row] = [row for row in stored.to_pylist() if row["variant"] == sweep.hedge]
    return Searched(
        plan.search, sweep.runs, sweep.hedges, plan.key_of, keys, sweep.hedge, sweep.objectives, rows
    )


def _stored(store: Store, sweep: SweepLike) -> pa.Table:
    """Return what is known of the runs that are done, without their weekly returns."""
    names = ("configuration", "key", "variant", "error", "stopped", *dict.fromkeys(sweep.objectives))
    if not store.has_rows():
        schema = row_schema({})
        return pa.schema([schema.field(name) for name in names]).empty_table()
    return store.table(names)
