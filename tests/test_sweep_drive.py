"""Driving a sweep: every run once, whatever dies; what is interrupted goes on where it was."""

from __future__ import annotations

import contextlib
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sweep_jobs import HEDGES, MANIFEST, FakeSearch, FakeSweep, Job, as_given, key_of, plan, space

from alvh_bt.cli.sweep_progress import SweepProgress, duration, progress_text
from alvh_bt.errors import AlvhError, ConfigError
from alvh_bt.sweep.crew import Item, Returned, Row
from alvh_bt.sweep.drive import Outcome, Pace, complete_rows, drive
from alvh_bt.sweep.local import LocalCrew
from alvh_bt.sweep.rows import Configuration, row_schema
from alvh_bt.sweep.run import Plan, open_store, run_sweep
from alvh_bt.sweep.sources import Listed, Planned
from alvh_bt.sweep.store import Store
from alvh_bt.sweep.tally import Tally

HERE = Path(__file__).parent
SCHEMA = row_schema(FakeSweep().axis_types())
METHODS = ["fork", "spawn"] if sys.platform == "linux" else ["spawn"]


class Clerk:
    """A crew of one in this process: its chunks return one a `wait`."""

    workers, shares_blame = 1, False

    def __init__(self, job: Any) -> None:
        self.job, self.flying, self.sizes, self.closed = job, [], [], False

    def free(self) -> int:
        return 2 - len(self.flying)

    def start(self, items: Sequence[Item], again: bool = False) -> int:
        self.sizes.append(len(items))
        self.flying.append((len(self.sizes), list(items)))
        return len(self.sizes)

    def wait(self, timeout: float) -> list[Returned]:
        ticket, items = self.flying.pop(0)
        return [Returned(ticket, self.job(items), seconds=0.1 * len(items))]

    def stop(self, grace: float) -> list[Returned]:
        return []

    def close(self) -> None:
        self.closed = True


def run(out: Path, wanted: Plan, crew: Any, **options: Any) -> Outcome:
    store = Store(out)
    open_store(store, wanted, resume=True, retry_errors=options.pop("retry_errors", False))
    return run_sweep(wanted, store, crew, as_given, **options)


def rows_of(out: Path) -> list[Row]:
    names = ["configuration", "key", "variant", "condor.short_delta", "pnl_usd", "error"]
    rows = Store(out).table(names).to_pylist()
    return sorted(rows, key=lambda row: (row["configuration"], row["variant"]))


def all_keys(count: int) -> Counter[str]:
    return Counter(key_of(configuration, hedge) for configuration in space(count) for hedge in HEDGES)


def logged(log: Path) -> Counter[str]:
    return Counter(log.read_text().split())


def test_every_run_is_a_row(tmp_path: Path) -> None:
    outcome = run(tmp_path, plan(7), Clerk(Job()))
    assert outcome._replace(seconds=0.0) == Outcome(14, 14, 0, 0, 0.0, False)
    rows = rows_of(tmp_path)
    assert Counter(row["key"] for row in rows) == all_keys(7)
    assert rows[6] == {
        "configuration": 3, "key": "layered-0.003", "variant": "layered",
        "condor.short_delta": 0.003, "pnl_usd": 3.0, "error": None,
    }  # fmt: skip
    manifest = Store(tmp_path).manifest()
    assert (manifest["configurations"], manifest["runs"], manifest["complete"]) == (7, 14, True)


def test_the_order_given_is_that_of_the_chunks() -> None:
    seen = []
    source = Listed(space(4), [3, 1, 0, 2], HEDGES, key_of, set())
    while planned := source.take(3):
        seen.append([each.item[0].number for each in planned])
    assert seen == [[3, 1, 0], [2]] and source.over


def test_a_part_finished_configuration_runs_its_missing_hedge_only(tmp_path: Path) -> None:
    store = Store(tmp_path)
    open_store(store, plan(3), resume=False)
    row = {"configuration": 1, "variant": "layered", "key": key_of(space(3)[1], "layered"), "pnl_usd": 1.0}
    store.write([row], SCHEMA)
    store.close()
    log = tmp_path / "log"
    outcome = run(tmp_path, plan(3), Clerk(Job(log=str(log))))
    assert (outcome.ran, outcome.done) == (5, 6)
    assert logged(log) == all_keys(3) - Counter([row["key"]])
    assert Counter(each["key"] for each in rows_of(tmp_path)) == all_keys(3)


def test_a_finished_sweep_runs_nothing_again(tmp_path: Path) -> None:
    run(tmp_path, plan(3), Clerk(Job(fails=(1,))))
    clerk = Clerk(Job())
    assert run(tmp_path, plan(3), clerk)._replace(seconds=0.0) == Outcome(0, 6, 2, 0, 0.0, False)
    assert clerk.sizes == [] and clerk.closed


def test_errors_are_done_again_on_demand(tmp_path: Path) -> None:
    run(tmp_path, plan(3), Clerk(Job(fails=(1,))))
    assert run(tmp_path, plan(3), Clerk(Job()), retry_errors=True)[:3] == (2, 6, 0)
    assert Counter(row["key"] for row in rows_of(tmp_path)) == all_keys(3)


def test_the_same_run_of_two_configurations_is_done_once(tmp_path: Path) -> None:
    twice = [*space(3), Configuration(3, {"condor.short_delta": 0.001})]
    outcome = run(tmp_path, plan(3, configurations=twice), Clerk(Job()))
    assert (outcome.done, outcome.repeated) == (6, 2)
    assert Counter(row["key"] for row in rows_of(tmp_path)) == all_keys(3)


def test_a_configuration_that_is_no_study_is_a_row_with_its_error(tmp_path: Path) -> None:
    def picky(configuration: Configuration, hedge: str) -> str:
        if configuration.number in (0, 2):
            raise ConfigError("condor.short_delta is below condor.wing_delta")
        return key_of(configuration, hedge)

    for _ in range(2):  # the second time nothing is left
        outcome = run(tmp_path, plan(3, key_of=picky), Clerk(Job()))
        assert (outcome.done, outcome.errors) == (6, 4)
    rows = rows_of(tmp_path)
    assert [row["error"] is not None for row in rows] == [True, True, False, False, True, True]
    assert len({row["key"] for row in rows}) == 6


def test_rows_are_held_against_what_was_asked_for() -> None:
    planned = [Planned((space(2)[1], HEDGES), ("k1", "k2"))]
    rows = complete_rows(planned, [{"configuration": 1, "variant": "layered", "key": "other"}])
    assert [row["error"] for row in rows] == [
        "the job returned no row for this run",
        "the worker's key is other: its settings differ",
    ]
    assert [row["key"] for row in rows] == ["k1", "k2"]
    stranger = {"configuration": 5, "variant": "layered", "pnl_usd": 1.0}
    assert len(complete_rows(planned, [stranger])) == 2


@pytest.mark.parametrize("shared", [True, False])
def test_suspects_go_one_at_a_time_where_blame_is_shared(tmp_path: Path, shared: bool) -> None:
    class Deadly(Clerk):
        """Loses every chunk it has in flight when one of them holds configuration 2."""

        shares_blame = shared

        def wait(self, timeout: float) -> list[Returned]:
            flying, self.flying = self.flying, []
            bad = any(item[0].number == 2 for _, items in flying for item in items)
            return [
                Returned(ticket, None, "dead", lost=True) if bad else Returned(ticket, self.job(items))
                for ticket, items in flying
            ]

    outcome = run(tmp_path, plan(4), Deadly(Job()))
    said = {each["configuration"] for each in rows_of(tmp_path) if each["error"] == "dead"}
    assert outcome.done == 8
    assert said == ({2} if shared else {2, 3})


def test_memory_holds_chunks_not_the_sweep(tmp_path: Path) -> None:
    class Endless(Sequence[Configuration]):
        """A lazy space that notices how far ahead it is read."""

        furthest = 0

        def __len__(self) -> int:
            return 10**9

        def __getitem__(self, number: Any) -> Any:
            self.furthest = max(self.furthest, number)
            return Configuration(number, {"condor.short_delta": float(number)})

    lazy, clerk = Endless(), Clerk(Job())
    source = Listed(lazy, None, HEDGES, key_of, set())
    store = Store(tmp_path)
    store.create({"sweep": {}}, resume=False)

    def watch(tally: Tally) -> None:
        if tally.done >= 50:
            os.kill(os.getpid(), signal.SIGINT)

    outcome = drive(source, clerk, store, SCHEMA, Tally(10**9, "layered", "pnl_usd", as_given), watch)
    store.close()
    assert outcome.interrupted and outcome.done >= 50
    assert lazy.furthest < outcome.done / 2 + 60


def test_pace_grows_to_a_second_and_shrinks_at_the_end() -> None:
    pace, sizes = Pace(1.0), []
    for _ in range(6):
        sizes.append(pace.size(10_000, 2))
        pace.learn(sizes[-1], 0.01 * sizes[-1])
    assert sizes == [1, 4, 16, 64, 100, 100]
    assert [pace.size(left, 2) for left in (200, 80, 3)] == [50, 20, 5]
    slow = Pace(1.0)
    slow.learn(1, 30.0)
    assert slow.size(1000, 2) == 1


@pytest.mark.parametrize("method", METHODS)
def test_workers_run_it_all_and_one_bad_configuration_costs_itself(tmp_path: Path, method: str) -> None:
    log = tmp_path / "log"
    job = Job(log=str(log), seconds=0.001, kills=(5,), raises=(30,), fails=(40,))
    outcome = run(tmp_path / "out", plan(60), LocalCrew(job, 2, method=method))
    rows = rows_of(tmp_path / "out")
    assert Counter(row["key"] for row in rows) == all_keys(60)
    said = {row["configuration"]: row["error"] for row in rows if row["error"]}
    assert set(said) == {5, 30, 40} and outcome.errors == 6
    assert "worker died (signal 9" in said[5]
    assert said[30] == "ValueError: bad configuration 30" and said[40] == "no condor"
    # Three tries: the chunk twice, then on its own.
    assert logged(log)[key_of(space(6)[5], HEDGES[0])] == 3


def _refuse() -> None:
    raise ConfigError("no data here")


def test_a_worker_that_cannot_start_ends_it(tmp_path: Path) -> None:
    with pytest.raises(AlvhError, match="a worker cannot start: ConfigError: no data here"):
        run(tmp_path, plan(3), LocalCrew(Job(), 1, setup=_refuse))
    # The store is free again.
    assert run(tmp_path, plan(3), LocalCrew(Job(), 1)).done == 6


def program(*words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    command = [sys.executable, str(HERE / "sweep_jobs.py"), *words]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def children(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def lives(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def wait_for(what: Any, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")


@pytest.mark.long
@linux
@pytest.mark.parametrize("seed", [1])
def test_kill_9_at_any_moment_loses_what_was_in_flight(tmp_path: Path, seed: int) -> None:
    chance, out, log, count = random.Random(seed), tmp_path / "out", tmp_path / "log", 30
    killed = 0
    for _ in range(20):
        runner = program(str(out), str(log), str(count), "0.03")
        before = logged(log).total() if log.exists() else 0
        with contextlib.suppress(AssertionError):
            wait_for(lambda before=before: log.exists() and logged(log).total() > before, 5.0)
        workers = children(runner.pid)
        try:
            runner.wait(chance.uniform(0.0, 0.5))
            break
        except subprocess.TimeoutExpired:
            runner.kill()
            runner.communicate()
            killed += 1
            wait_for(lambda workers=workers: not any(lives(pid) for pid in workers))
    assert killed >= 3 and runner.returncode == 0
    runner.communicate()
    assert Counter(row["key"] for row in rows_of(out)) == all_keys(count)
    assert Store(out).manifest()["complete"] is True
    again = logged(log) - all_keys(count)
    # Two workers, chunks of at most a third of a second here: ten configurations, twenty runs, each.
    assert 0 < again.total() <= killed * 2 * 20
    assert not list(out.rglob(".tmp-*"))


@linux
def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(tmp_path: Path) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    runner = program(str(out), str(log), "2000", "0.01", METHODS[-1])
    wait_for(lambda: Store(out).has_rows(), 20.0)
    workers = children(runner.pid)
    os.killpg(runner.pid, signal.SIGINT)  # as a terminal does: to all of them
    said, errors = runner.communicate(timeout=20)
    assert runner.returncode == 130
    assert said.splitlines()[-1].endswith(f"go on with: alvh sweep fake.toml --out {out} --resume")
    assert "Traceback" not in errors
    # Among them the tracker of spawned processes, which ends a moment after its parent.
    wait_for(lambda: not any(lives(pid) for pid in workers), 5.0)
    stored = Counter(row["key"] for row in rows_of(out))
    assert stored and max(stored.values()) == 1 and len(stored) < 4000
    assert logged(log) == stored, "what had been started was let finish, and kept"
    assert Store(out).manifest()["complete"] is False


def test_a_search_learns_and_takes_the_same_course_again(tmp_path: Path) -> None:
    sweep = FakeSweep(runs=11)
    whole, search = tmp_path / "whole", FakeSearch(11)
    outcome = run(whole, Plan(sweep, key_of, MANIFEST, search=search), Clerk(Job(fails=(6,))))
    assert [number for number, _ in search.told] == list(range(11))
    assert search.told[4] == (4, 1.0) and search.told[6] == (6, None)
    assert outcome.repeated == 2 and outcome.done == 20
    # The same, stopped after each few runs.
    halves = tmp_path / "halves"
    for _ in range(20):
        search = FakeSearch(11)
        store = Store(halves)
        wanted = Plan(sweep, key_of, MANIFEST, search=search)
        open_store(store, wanted, resume=True)
        before = len(store.done())

        def watch(tally: Tally, before: int = before) -> None:
            if tally.done >= before + 3:
                os.kill(os.getpid(), signal.SIGTERM)

        if not run_sweep(wanted, store, Clerk(Job(fails=(6,))), as_given, watch).interrupted:
            break
    assert rows_of(halves) == rows_of(whole)
    assert search.told[:7] == [(0, 0.0), (1, 1.0), (2, 2.0), (3, 3.0), (4, 1.0), (5, 5.0), (6, None)]


def test_a_search_that_leaves_its_course_is_told(tmp_path: Path) -> None:
    sweep = FakeSweep(runs=3)
    run(tmp_path, Plan(sweep, key_of, MANIFEST, search=FakeSearch(3)), Clerk(Job()))
    other = FakeSearch(3, told=[(9, 50.0)])
    with pytest.raises(ConfigError, match="leaves its stored course at configuration 0"):
        run(tmp_path, Plan(sweep, key_of, MANIFEST, search=other), Clerk(Job()))


def row(number: int, value: float | None, **changes: object) -> Row:
    return {"configuration": number, "variant": "layered", "pnl_usd": value, **changes}


def test_tally_by_hand() -> None:
    clock = [0.0]
    tally = Tally(100, "layered", "hedge_decay", lambda metric, value: -value, lambda: clock[0])
    assert math.isnan(tally.rate) and progress_text(tally) == "0 of 100 runs"
    tally.add_stored([{"configuration": 1, "variant": "layered", "hedge_decay": 0.5}])
    assert math.isnan(tally.rate)
    for second in range(1, 11):
        clock[0] = float(second)
        tally.add({"configuration": second, "variant": "layered", "hedge_decay": 0.2 + 0.1 * (second != 4)})
    tally.add({"configuration": 77, "variant": "static-calls", "hedge_decay": 0.0})
    tally.add({"configuration": 78, "variant": "layered", "hedge_decay": math.nan})
    tally.add({"configuration": 79, "variant": "layered", "error": "no"})
    assert (tally.done, tally.errors, tally.best) == (14, 1, (4, 0.2))
    assert tally.rate == 1.3 and tally.seconds_left == pytest.approx(86 / 1.3)
    said = "14 of 100 runs, 1.3 a second, 1 min 6 s left, best hedge_decay 0.2 of layered (configuration 4), "
    assert progress_text(tally) == said + "1 error"
    assert duration(math.inf) == "?" and duration(59.6) == "1 min 0 s"


def test_progress_without_a_terminal_is_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    clock = [0.0]
    tally = Tally(10, "layered", "pnl_usd", as_given)
    with SweepProgress(Console(stderr=True), lambda: clock[0]) as progress:
        for second in (1.0, 9.0, 10.5, 12.0, 21.0):
            clock[0] = second
            progress(tally)
    assert capsys.readouterr().err == "sweep: 0 of 10 runs\n" * 2


def test_progress_in_a_terminal_is_a_bar() -> None:
    console = Console(force_terminal=True, width=100, record=True, stderr=True)
    tally = Tally(10, "layered", "pnl_usd", as_given)
    tally.add(row(3, 5.0))
    with SweepProgress(console) as progress:
        progress(tally)
        assert "1 of 10 runs" in console.export_text()


def test_rows_of_a_user_s_own_hedge_go_by_the_name_of_its_class(tmp_path: Path) -> None:
    own = tmp_path / "mine.py"
    own.write_text("from alvh_bt.hedges import NoHedge\n\nclass Mine(NoHedge):\n    name = 'mine'\n")
    planned = Planned((Configuration(0, {}), (f"{own}:Mine",)), ("k",))
    row = {"configuration": 0, "key": "k", "variant": "mine", "pnl_usd": 1.0}
    assert complete_rows([planned], [row]) == [row]
    assert complete_rows([planned], [])[0]["variant"] == "mine"
