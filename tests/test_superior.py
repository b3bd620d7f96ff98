"""Tests over all variants at once: what they say of books whose order is known, and when they say nothing."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from synthetic_runs import CASH, small_run

from alvh_bt.analysis.plain import json_text
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.analysis.superior import superior
from alvh_bt.errors import DataError

SESSIONS = 500


def result_of(**returns) -> ComparisonResult:
    runs = tuple(
        small_run(CASH * np.cumprod(1 + np.asarray(daily)), variant=name) for name, daily in returns.items()
    )
    dates = runs[0].daily["date"]
    states = pd.DataFrame(dict.fromkeys(("spx", "vix", "vix_slope", "vvix"), 1.0), pd.DatetimeIndex(dates))
    return ComparisonResult(runs, {}, {}, (), states, "id", dates.iloc[0].date(), dates.iloc[-1].date(), CASH)


def noise(seed: int, sessions: int = SESSIONS) -> np.ndarray:
    return 0.006 * np.random.default_rng(seed).standard_normal(sessions)


def alike(seed: int) -> dict[str, np.ndarray]:
    """Four books with the same true mean, on one path."""
    path = noise(seed)
    return {name: path + 0.2 * noise(100 * seed + k) for k, name in enumerate(("none", "a", "b", "c"))}


def test_one_that_earns_more_than_all_is_found() -> None:
    books = alike(1)
    books["b"] = (
        books["b"] + 0.001
    )  # 6 standard errors of its difference, 0.2 x 0.006 x sqrt(2 / 500), and more
    found = superior(result_of(**books), draws=300, seed=1)
    assert (found["benchmark"], found["tried"]) == ("none", 3)
    assert found["p_lower"] <= found["p_consistent"] <= found["p_upper"] < 0.01
    assert {name for name, row in found["variants"].items() if row["included"]} == {"b"}
    assert found["variants"]["b"]["p_value"] == 1.0
    assert (found["size"], found["draws"], found["seed"], found["sessions"]) == (0.1, 300, 1, SESSIONS)


def test_one_that_earns_less_than_all_leaves_the_set() -> None:
    books = alike(2)
    books["c"] = books["c"] - 0.001
    found = superior(result_of(**books), draws=300, seed=1)
    assert not found["variants"]["c"]["included"]
    assert found["variants"]["c"]["p_value"] < 0.01
    assert found["p_consistent"] > 0.05


def test_among_equals_both_tests_err_as_seldom_as_they_say() -> None:
    # 40 worlds in which all four books are alike. Each test is wrong with a probability of 10%: 4 times of
    # 40, and more than 9 times in one case of two hundred (binomial).
    found = [superior(result_of(**alike(seed)), draws=100, seed=seed) for seed in range(40)]
    assert sum(row["p_consistent"] < 0.10 for row in found) <= 9
    assert sum(not all(v["included"] for v in row["variants"].values()) for row in found) <= 9


def test_the_benchmark_is_none_else_the_first() -> None:
    books = alike(3)
    last = {name: books[name] for name in ("a", "b", "none")}
    assert superior(result_of(**last), draws=50)["benchmark"] == "none"
    assert superior(result_of(a=books["a"], b=books["b"]), draws=50)["benchmark"] == "a"


def test_the_seed_decides_the_values_and_they_are_plain() -> None:
    result = result_of(**alike(4))
    first, again, other = (superior(result, draws=100, seed=seed) for seed in (1, 1, 2))
    assert json_text(first) == json_text(again)
    assert json.loads(json_text(first)) == first
    assert {**other, "seed": 1} != first


def test_books_that_do_not_differ_share_their_place() -> None:
    books = alike(5)
    books["b"] = books["a"]
    found = superior(result_of(**books), draws=100)
    assert found["tried"] == 3
    assert found["variants"]["a"] == found["variants"]["b"]
    bare = superior(result_of(**{name: books[name] for name in ("none", "a", "c")}), draws=100)
    assert found["variants"]["a"] == bare["variants"]["a"]
    assert found["p_consistent"] == bare["p_consistent"]
    same = superior(result_of(none=books["none"], a=books["none"]), draws=100)
    assert same["p_consistent"] is None
    assert same["variants"] == {name: {"p_value": 1.0, "included": True} for name in ("none", "a")}


def test_all_are_taken_on_the_days_that_all_have() -> None:
    books = alike(6)
    cut = superior(result_of(**books | {"a": books["a"][:200]}), draws=100, seed=3)
    assert (cut["sessions"], cut["start"]) == (200, "2020-01-02")
    short = superior(result_of(**{name: daily[:200] for name, daily in books.items()}), draws=100, seed=3)
    assert cut == short


def test_why_there_is_no_test() -> None:
    books = alike(7)
    assert superior(result_of(none=books["none"])) == {
        "reason": "one variant has no rival; name another hedge"
    }
    short = {name: daily[:59] for name, daily in books.items()}
    assert superior(result_of(**short)) == {"reason": "59 sessions common to all are fewer than 60"}
    ruin = np.where(np.arange(SESSIONS) == 99, -1.5, books["a"])
    assert superior(result_of(none=books["none"], a=ruin)) == {"reason": "the NAV of a fell to 0 or below"}


def test_runs_on_other_days_are_refused() -> None:
    result = result_of(none=noise(1), a=noise(2))
    moved = small_run([CASH] * SESSIONS, pd.bdate_range("2020-01-03", periods=SESSIONS), "late")
    with pytest.raises(DataError, match="late does not share its sessions"):
        superior(ComparisonResult(**{**vars(result), "runs": (*result.runs, moved)}))
