"""Variants run side by side give what they give one after the other."""

from __future__ import annotations

import multiprocessing

import pytest
from engine_fixtures import embedded, run_in, window_study
from pandas.testing import assert_frame_equal

from alvh_bt.engine import parallel
from alvh_bt.engine.results import RunResult
from alvh_bt.engine.run import run_variants
from alvh_bt.errors import DataError

HEDGES = ("none", "static-calls", "layered")
forks = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this platform cannot fork: runs are serial"
)


def test_side_by_side_equals_one_by_one() -> None:
    study = window_study("2015-06-01", "2015-12-31", hedges=HEDGES)
    ticks = []
    together = run_variants(embedded().market, study, lambda: ticks.append(1)).runs
    alone = [run_in(embedded(), study, hedge) for hedge in HEDGES]
    assert [run.variant for run in together] == list(HEDGES)
    for one, other in zip(together, alone, strict=True):
        for name in ("daily", "trades", "journal"):
            assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    # Workers report every 50 sessions; 148 sessions make two reports of each.
    assert len(ticks) == 3 * len(alone[0].daily) or len(ticks) == 3 * 100


@forks
def test_what_a_worker_raises_is_raised() -> None:
    def job(name: str, tick: object) -> RunResult:
        raise DataError(f"{name}: no price")

    with pytest.raises(DataError, match="none: no price"):
        parallel.run_side_by_side(job, ["none", "layered"], lambda: None)


def test_one_variant_needs_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "ProcessPoolExecutor", None)
    assert parallel.run_side_by_side(lambda name, tick: name, ["none"], lambda: None) == ["none"]
