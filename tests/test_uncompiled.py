"""Everything that is compiled runs uncompiled too, and gives the same: what a debugger and a tracer need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from engine_fixtures import embedded, run_in, window_study
from uncompiled_runs import SETTINGS, WINDOW

from alvh_bt.hedges import HEDGES

HERE = Path(__file__).parent


#: Tests of what is compiled alone, whose expectations hold uncompiled just as well.
KERNELS = ("test_black.py", "test_quotes.py", "test_day_prices.py", "test_attribution_greeks.py")


def without_compiler(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments and nothing compiled."""
    switched_off = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(HERE)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=switched_off, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def uncompiled() -> dict[str, float]:
    """The last NAV of every hedge, from both engines uncompiled, which agree."""
    done = without_compiler(str(HERE / "uncompiled_runs.py"))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["compiled"] is False
    return told["nav"]


@pytest.mark.parametrize("hedge", HEDGES)
def test_prices_and_rules_are_the_same_uncompiled(uncompiled: dict[str, float], hedge: str) -> None:
    ran = 0
    for name, settings in SETTINGS.items():
        nav = uncompiled[f"{name} {hedge}"]
        if nav is not None:
            run = run_in(embedded(), window_study(*WINDOW, **settings), hedge)
            # Sums in the same order; transcendental functions of the two may differ in the last bit.
            assert run.daily["nav"].iloc[-1] == pytest.approx(nav, rel=1e-9)
            ran += 1
    assert ran >= 2


def test_the_rows_of_sweeps_are_right_uncompiled() -> None:
    rows = "rows_of_a_sweep or fails_is_a_row or own_hedge or registered"
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "long", "-k", rows)
    done = without_compiler(*words, str(HERE / "test_replay.py"))
    assert done.returncode == 0, done.stdout[-2000:]
    assert "4 passed" in done.stdout


@pytest.mark.parametrize("name", KERNELS)
def test_tests_of_kernels_pass_uncompiled(name: str) -> None:
    done = without_compiler("-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / name))
    assert done.returncode == 0, done.stdout[-2000:]
    assert " passed" in done.stdout
