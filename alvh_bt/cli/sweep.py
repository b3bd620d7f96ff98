"""`alvh sweep`: many studies, each under every hedge, streamed into one folder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from alvh_bt.cli.compare import OwnHedgeOption
from alvh_bt.cli.logs import with_logs
from alvh_bt.cli.sweep_show import show

if TYPE_CHECKING:
    from alvh_bt.sweep.crew import Crew
    from alvh_bt.sweep.drive import Outcome
    from alvh_bt.sweep.run import Plan
    from alvh_bt.sweep.store import Store

INTERRUPTED = 130
#: Seconds before it is said that rules are being compiled.
_PATIENCE = 5.0
_RUN = "run"
#: Bytes of a row without its weekly returns, and of one week, as parts of real sweeps have them.
_ROW_BYTES, _WEEK_BYTES = 400, 4


class _RunByDefault(TyperGroup):
    """A group whose first word may be a file: then it is run."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = [_RUN, *args]
        return super().parse_args(ctx, args)


sweep_app = typer.Typer(
    cls=_RunByDefault,
    help="Run a sweep: alvh sweep FILE --data DIR --out DIR; look at one: alvh sweep show DIR.",
    no_args_is_help=True,
)


@sweep_app.callback()
def _group() -> None:
    """Run a sweep: alvh sweep FILE --data DIR --out DIR; look at one: alvh sweep show DIR."""


sweep_app.command("show")(with_logs(show))


@sweep_app.command(_RUN)
@with_logs
def sweep(
    file: Annotated[Path, typer.Argument(help="The sweep (TOML): base study, axes, hedges, method.")],
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of CSVs (spx.csv, vix.csv, ...); else fetched data, else the sample."),
    ] = None,
    out: Annotated[
        str | None, typer.Option(help="Folder or fsspec URL for results; sweep-out/NAME when left out.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what --out holds.")] = False,
    retry_errors: Annotated[
        bool, typer.Option("--retry-errors", help="With --resume: do runs with an error again.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many runs, how long and how large; write nothing.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes on this machine; all cores when left out.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler, as tcp://host:8786.")
    ] = None,
    hedge: OwnHedgeOption = None,
) -> None:
    """Run every configuration of a sweep under each of its hedges.

    Results stream to --out; --resume goes on after Ctrl-C, a crash or a power cut, and never does a
    finished run twice. Exit status 1: some runs have an error; 130: interrupted.

    Example: alvh sweep sweep.toml --out results
    """
    from alvh_bt.errors import ConfigError
    from alvh_bt.sweep.better import signed
    from alvh_bt.sweep.spec import read_sweep
    from alvh_bt.sweep.store import Store
    from alvh_bt.sweep.work import prepare

    if cluster is not None and workers is not None:
        raise ConfigError("--workers is for this machine; with --cluster start as many workers there")
    wanted = read_sweep(file, hedge or ())
    where = out if out is not None else str(Path("sweep-out") / file.stem)
    store = Store(where)
    if not dry_run and not resume and store.has_manifest():
        raise ConfigError(f"{where} holds a sweep already; add --resume, or give another --out")
    workload = prepare(wanted, data)
    plan = _plan(wanted, workload)
    if cluster is None:
        _warm(workload)
    if dry_run:
        _tell_plan(wanted, plan, workload, None if cluster is not None else workers)
        return
    options = [*_given("--data", data), *_given("--workers", workers), *_given("--cluster", cluster)]
    command = " ".join(["alvh sweep", str(file), *_each("--hedge", hedge), *options])
    status = run_to_the_end(
        plan, store, lambda: _crew(workload, workers, cluster), signed, resume, retry_errors, command
    )
    if status:
        raise typer.Exit(status)


def _warm(workload: Any) -> None:
    """Compile what the workers will share; say so where that takes long."""
    told = threading.Timer(
        _PATIENCE,
        typer.echo,
        ("compiling the rules: once a version on each machine, some minutes",),
        {"err": True},
    )
    told.daemon = True
    told.start()
    try:
        workload.warm()
    finally:
        told.cancel()


def _given(option: str, value: object) -> list[str]:
    return [] if value is None else [option, str(value)]


def _each(option: str, values: list[str] | None) -> list[str]:
    return [word for value in values or () for word in (option, value)]


def run_to_the_end(
    plan: Plan,
    store: Store,
    crew: Callable[[], Crew],
    signed: Callable[[str, float], float],
    resume: bool,
    retry_errors: bool,
    command: str,
) -> int:
    """Run a plan, say how it ended, and return the exit status.

    Parameters
    ----------
    plan, store, signed
        As in `sweep.run.run_sweep`.
    crew
        Makes the crew.
    resume, retry_errors
        As in `Store.create`.
    command
        What is to be repeated, with `--resume`, after an interruption.
    """
    from alvh_bt.cli.sweep_progress import SweepProgress
    from alvh_bt.sweep.run import open_store, run_sweep

    people = crew()  # before the folder is made: what cannot start leaves none
    try:
        open_store(store, plan, resume, retry_errors)
        with SweepProgress() as progress:
            outcome = run_sweep(plan, store, people, signed, progress)
    except KeyboardInterrupt:
        typer.echo(f"interrupted at once; go on with: {command} --out {store.where} --resume")
        return INTERRUPTED
    finally:
        people.close()
        store.close()
    _tell_outcome(outcome, store.where, command)
    if outcome.interrupted:
        return INTERRUPTED
    return 1 if outcome.errors else 0


def _crew(workload: Any, workers: int | None, cluster: str | None) -> Crew:
    if cluster is not None:
        from alvh_bt.sweep.cluster import ClusterCrew

        return ClusterCrew(cluster, workload)
    from alvh_bt.sweep.local import LocalCrew

    return LocalCrew(workload.job, workers)


def _plan(wanted: Any, workload: Any) -> Plan:
    from alvh_bt.sweep.run import Plan

    if wanted.method == "search":
        from alvh_bt.sweep.search import Search

        return Plan(wanted, workload.key_of, workload.manifest, search=Search(wanted))
    from alvh_bt.sweep.space import configurations

    found = configurations(wanted)
    return Plan(wanted, workload.key_of, workload.manifest, found, workload.order(found))


def _tell_plan(wanted: Any, plan: Plan, workload: Any, workers: int | None) -> None:
    """Print what a sweep would do."""
    from alvh_bt.cli.sweep_progress import duration
    from alvh_bt.sweep.local import cores

    runs, at_once = plan.total * len(wanted.hedges), workers or cores()
    each = workload.estimate_seconds()
    size = runs * (_ROW_BYTES + _WEEK_BYTES * len(plan.manifest.get("weeks", ()))) / 1e6
    excluded = getattr(plan.configurations, "excluded", 0)
    typer.echo(f"configurations: {plan.total:,} ({wanted.method}; {excluded:,} excluded by constraints)")
    typer.echo(f"hedges: {len(wanted.hedges)} ({', '.join(wanted.hedges)})")
    typer.echo(f"runs: {runs:,}")
    typer.echo(
        f"time: about {duration(runs * each / at_once)} with {at_once} workers ({1e3 * each:,.1f} ms a run)"
    )
    typer.echo(f"disk: about {size:,.1f} MB")


def _tell_outcome(outcome: Outcome, where: str, command: str) -> None:
    """Print how a sweep ended; the last line says what to do next."""
    from alvh_bt.cli.sweep_progress import duration

    rate = outcome.ran / outcome.seconds if outcome.seconds > 0.0 else 0.0
    told = (
        f"{outcome.done:,} runs in {where}, {outcome.ran:,} of them now in {duration(outcome.seconds)}"
        f" ({rate:,.1f} a second), {outcome.errors:,} with an error"
    )
    if outcome.repeated:
        told += f"; {outcome.repeated:,} left out, the same as others"
    next_command = f"{command} --out {where} --resume" if outcome.interrupted else f"alvh sweep show {where}"
    word = "interrupted; go on with" if outcome.interrupted else "look at it with"
    typer.echo(f"{told}; {word}: {next_command}")
