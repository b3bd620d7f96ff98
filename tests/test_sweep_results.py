"""Reading a sweep: rows, equal cost, neighbours, front, sensitivity, SQL, and the command."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pytest
import typer
from synthetic_sweeps import failed_row, grid, made_row, sweep_rows, write_sweep
from typer.testing import CliRunner

from alvh_bt.cli.sweep_show import show
from alvh_bt.errors import ConfigError, DataError
from alvh_bt.report.sweep_wording import sweep_headline
from alvh_bt.sweep.equal_cost import equal_cost
from alvh_bt.sweep.neighbours import neighbourhood, winning
from alvh_bt.sweep.pareto import pareto_front
from alvh_bt.sweep.query import query
from alvh_bt.sweep.results import read_results, sample_of, weekly_returns
from alvh_bt.sweep.sensitivity import grouped, medians, sensitivity
from alvh_bt.sweep.summary import Asked, tell_sweep

WEEK = np.array([0.01, -0.02, 0.03, 0.0])


def pair(number: int, ours: tuple[float, float], theirs: tuple[float, float], **given) -> list[dict]:
    """Both hedges' rows of a configuration: hedge P&L and bleed, USD."""
    values = grid()[number]
    return [
        made_row(number, "layered", values, WEEK, hedge_pnl_usd=ours[0], bleed_usd=ours[1], **given),
        made_row(number, "static-calls", values, WEEK, hedge_pnl_usd=theirs[0], bleed_usd=theirs[1]),
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_sweep(tmp_path_factory.mktemp("sweep") / "out", sweep_rows(weeks=420, better=5))


def test_rows_come_back_once_each_with_axes_named(folder):
    results = read_results(folder)
    assert results.axes == ("condor.short_delta", "layered.trigger_delta", "layered.rungs")
    assert results.variants == ("static-calls", "layered")
    assert (results.hedge, results.rival("layered"), results.rival("static-calls")) == (
        *("layered", "static-calls"),
        None,
    )
    assert len(results.runs) == 36 and len(results.of("layered")) == 18
    assert "weekly_returns" not in results.runs


def test_a_url_is_read_as_a_folder_is(folder):
    memory = fsspec.filesystem("memory")
    memory.put(str(folder), "/bucket/out", recursive=True)
    try:
        results = read_results("memory://bucket/out")
        pd.testing.assert_frame_equal(results.runs, read_results(folder).runs)
        assert weekly_returns(results, "layered", [3])[0].shape == (420, 1)
    finally:
        memory.rm("/bucket", recursive=True)


def test_a_run_written_twice_counts_once_and_without_its_error(tmp_path):
    values = grid()[0]
    rows = [
        made_row(0, "layered", values, WEEK, pnl_usd=7.0),
        failed_row(0, "layered", values, "worker lost"),
        failed_row(1, "layered", grid()[1], "no margin"),
    ]
    results = read_results(write_sweep(tmp_path / "out", rows, part=1))
    assert results.repeated == 1
    assert results.of("layered").at[0, "pnl_usd"] == 7.0
    assert results.ranked("layered").index.tolist() == [0]
    counted = query(results, "SELECT count(*), count(error) FROM runs")
    assert counted.rows == [(2, 1)]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda out: shutil.rmtree(out), "no manifest.json"),
        (lambda out: (out / "manifest.json").write_text("{"), "manifest.json: not a sweep's manifest"),
        (lambda out: (out / "manifest.json").write_text('{"sweep": {}}'), "KeyError: 'window'"),
        (lambda out: shutil.rmtree(out / "parts"), "no finished run yet"),
        (
            lambda out: (out / "parts" / "part-000001.parquet").write_bytes(b"PAR1"),
            "part-000001.parquet: cannot",
        ),
        (lambda out: (out / "parts" / "part-000000.parquet").write_bytes(b""), "part-000000.parquet: cannot"),
    ],
)
def test_what_is_missing_or_damaged_is_named_in_one_line(tmp_path, harm, said):
    out = write_sweep(tmp_path / "out", sweep_rows(weeks=8))
    harm(out)
    with pytest.raises(DataError) as told:
        read_results(out)
    assert said in str(told.value) and "\n" not in str(told.value)


def test_damage_inside_the_weekly_returns_is_named_when_they_are_read(tmp_path):
    out = write_sweep(tmp_path / "out", sweep_rows(weeks=3000), part=18)
    part = out / "parts" / "part-000001.parquet"
    content = bytearray(part.read_bytes())
    middle = len(content) // 2
    content[middle - 20_000 : middle + 20_000] = bytes(40_000)
    part.write_bytes(bytes(content))
    results = read_results(out)
    with pytest.raises(DataError, match="part-000001"):
        weekly_returns(results, "layered", [0])


def test_weekly_sharpe_is_that_of_the_written_returns(folder):
    frame, sharpes = weekly_returns(read_results(folder), "layered", [2, 5, 99])
    assert frame.columns.tolist() == [2, 5] and len(sharpes) == 18
    column = np.array(frame[5])
    assert sharpes[5] == pytest.approx(column.mean() / column.std(ddof=1) * 52**0.5, rel=1e-6)


def test_weeks_that_lack_are_not_filled(tmp_path):
    rows = sweep_rows(weeks=30)
    rows[1]["weekly_returns"] = rows[1]["weekly_returns"][:20]
    results = read_results(write_sweep(tmp_path / "out", rows))
    frame, sharpes = weekly_returns(results, "layered", [0, 1])
    assert frame.columns.tolist() == [1]
    assert np.isnan(sharpes[0]) and np.isfinite(sharpes[1])
    # The row behind the short one keeps its own weeks.
    assert np.allclose(frame[1], np.float32(rows[3]["weekly_returns"]))


def test_a_sample_keeps_what_it_must_and_is_the_same_for_a_seed():
    drawn = sample_of(range(1000), 50, 3, keep=[999, 5])
    assert (
        drawn == sample_of(range(1000), 50, 3, keep=[999, 5]) != sample_of(range(1000), 50, 4, keep=[999, 5])
    )
    assert len(set(drawn)) == 50 and {5, 999} <= set(drawn)


def test_equal_cost_by_hand(tmp_path):
    """Layered bleeds 2,000, the rival 1,000: the rival is doubled, 2 x 300 = 600 against 900."""
    rows = [
        *pair(0, (900.0, 2000.0), (300.0, 1000.0)),  # +300 over the window
        *pair(1, (100.0, 500.0), (400.0, 1000.0)),  # 100 - 0.5 x 400 = -100
        *pair(2, (100.0, 10.0), (400.0, 1000.0)),  # k = 0.01: too far apart
        *pair(3, (100.0, -5.0), (400.0, 1000.0)),  # earns by standing there
        *pair(4, (100.0, 500.0), (400.0, 0.0)),
        *pair(5, (100.0, 500.0), (400.0, 500.0), stopped="margin short"),
        *pair(6, (100.0, 500.0), (400.0, 500.0))[:1],
        *pair(7, (50.0, 1.0), (-10.0, 10.0)),  # k = 0.1 is still near enough: 50 + 1
    ]
    window = {"start": "2010-01-01", "end": "2011-12-31", "sessions": 500}  # 729 days
    results = read_results(write_sweep(tmp_path / "out", rows, manifest_window=window))
    found = equal_cost(results, "layered", "static-calls")
    years = 729 / 365
    assert found.gains.to_dict() == pytest.approx({0: 300 / years, 1: -100 / years, 7: 51 / years})
    assert found.scales.to_dict() == pytest.approx({0: 2.0, 1: 0.5, 7: 0.1})
    assert found.share == pytest.approx(2 / 3)
    assert found.left_out == {
        "one of the two ended early": 1,
        "layered does not bleed": 1,
        "static-calls does not bleed": 1,
        "static-calls would have to be more than 10 times as large or as small": 1,
        "static-calls has not run yet": 1,
    }
    assert found.figures()["median_usd_a_year"] == pytest.approx(51 / years)


def test_headline_says_what_it_is_and_what_it_is_not(folder, tmp_path):
    told = tell_sweep(read_results(folder))
    gains = told.costs.gains
    share = round(100 * sum(gain > 0 for gain in gains) / 18)
    lines = sweep_headline(told.summary)
    assert lines[0] == f"In {share}% of 18 configurations layered beats static-calls at equal cost."
    assert "same history" in lines[1] and len(lines) == 2
    alone = [row for row in sweep_rows(weeks=40) if row["variant"] == "layered"]
    single = tell_sweep(read_results(write_sweep(tmp_path / "out", alone)))
    assert "no static hedge beside it" in sweep_headline(single.summary)[0]


def test_an_unfinished_sweep_says_how_far_it_got_and_what_failed(tmp_path):
    rows = sweep_rows(weeks=40)[:20]
    rows[3] = failed_row(1, "layered", grid()[1], "margin short\non 2008-10-10")
    rows[5]["stopped"] = "margin short by 5 USD"
    out = write_sweep(tmp_path / "out", rows, manifest_runs=36, manifest_complete=False)
    told = tell_sweep(read_results(out))
    lines = " ".join(sweep_headline(told.summary))
    assert "20 of 36 runs: it has not ended" in lines
    assert "1 of 20 runs failed; the first: configuration 1, layered: margin short" in lines
    assert "1 runs ended early (1 under layered)" in lines
    assert {1, 2}.isdisjoint(told.rows.index)


def test_the_best_come_first_in_the_metric_s_own_direction(folder):
    results = read_results(folder)
    best = [row["configuration"] for row in tell_sweep(results, Asked("hedge_decay", top=3)).summary["best"]]
    assert best == results.of("layered")["hedge_decay"].nsmallest(3).index.tolist()
    with pytest.raises(ConfigError, match="no such metric"):
        tell_sweep(results, Asked("profit"))
    with pytest.raises(ConfigError, match="layered"):
        tell_sweep(results, Asked(hedge="vxth"))


def test_neighbours_on_a_grid_are_one_step_away():
    """3 x 3 x 2 points in the order of their product: of (0.16, 0.3, 1), number 8, there are five."""
    rows = pd.DataFrame(grid())
    axes = tuple(rows.columns)
    near = [2, 14, 6, 10, 9]
    wins = pd.Series(rows.index.isin([2, 14, 9, 8, 0]), index=rows.index)
    assert neighbourhood(rows, axes, 8, wins, grid=True) == (len(near), 3)
    assert neighbourhood(rows, axes, 0, wins, grid=True) == (3, 1)  # a corner: 1, 2 and 6
    # A neighbour without a result is no neighbour.
    fewer = rows.drop(index=[2])
    assert neighbourhood(fewer, axes, 8, wins, grid=True) == (4, 2)


def test_neighbours_elsewhere_are_the_nearest_whatever_the_scale():
    """On one axis of 1, 10, 100 ... ranks are evenly apart: next to 100 are 10 and 1,000."""
    rows = pd.DataFrame({"a": [1.0, 10.0, 100.0, 1000.0, 10_000.0]})
    wins = pd.Series([False, True, True, True, False])
    assert neighbourhood(rows, ("a",), 2, wins, grid=False) == (2, 2)


def test_winning_is_beating_the_rival_or_else_the_top_quarter():
    rows = pd.DataFrame({"hedge_decay": [0.01, 0.02, 0.03, 0.04, 0.05]})
    assert winning(rows, "hedge_decay", None).tolist() == [True, True, False, False, False]
    gains = pd.Series({1: 5.0, 2: -1.0, 3: 0.0})
    assert winning(rows, "hedge_decay", gains).tolist() == [False, True, False, False, False]


def test_front_is_what_a_slow_definition_says():
    draw = np.random.default_rng(5)
    names = ["pnl_usd", "max_drawdown", "hedge_decay"]
    rows = pd.DataFrame(draw.integers(0, 6, (200, 3)).astype(float), columns=names)
    rows.iloc[7, 1] = np.nan
    good = rows.assign(hedge_decay=-rows["hedge_decay"]).to_numpy()

    def beaten(k):
        return any((other >= good[k]).all() and (other > good[k]).any() for other in good)

    slow = {k for k in range(200) if k != 7 and not beaten(k)}
    front = pareto_front(rows, names)
    assert set(front) == slow and len(front) == len(slow)
    assert rows.loc[front, "pnl_usd"].is_monotonic_decreasing


def test_equals_stand_on_the_front_together():
    rows = pd.DataFrame({"pnl_usd": [2.0, 2.0, 2.0], "hedge_decay": [0.1, 0.1, 0.2]})
    assert pareto_front(rows, ["pnl_usd", "hedge_decay"]) == [0, 1]


def test_sensitivity_finds_the_one_axis_that_matters():
    """y = 10 a + b on a grid of 5 x 5: variances 100 to 1, so that a explains 100/101."""
    rows = pd.DataFrame([{"a": a, "b": b, "pnl_usd": 10.0 * a + b} for a in range(5) for b in range(5)] * 40)
    first, second = sensitivity(rows, ("b", "a"), "pnl_usd")
    assert (first.axis, second.axis) == ("a", "b")
    # 1,000 rows in 5 groups: what chance would explain is 0.4% of what is left.
    assert first.share == pytest.approx(100 / 101, abs=1e-4)
    assert second.share == pytest.approx(1 / 101, abs=5e-3)
    assert (first.best, first.worst, first.best_median, first.worst_median) == ("4", "0", 42.0, 2.0)
    assert first.rank_correlation > 0.95


def test_sensitivity_of_noise_is_about_nothing_and_of_a_constant_unknown():
    draw = np.random.default_rng(2)
    rows = pd.DataFrame({"a": draw.uniform(size=2000), "pnl_usd": draw.normal(size=2000), "costs_usd": 3.0})
    assert abs(sensitivity(rows, ("a",), "pnl_usd")[0].share) < 0.01
    assert np.isnan(sensitivity(rows, ("a",), "costs_usd")[0].share)
    assert grouped(rows["a"]).nunique() == 10


def test_what_chance_explains_is_taken_off():
    """Of 60 points of noise ten groups explain 9/59 = 15% by chance; taken off, nothing is left."""
    draw = np.random.default_rng(7)
    shares = []
    for _ in range(40):
        rows = pd.DataFrame({"a": draw.uniform(size=60), "pnl_usd": draw.normal(size=60)})
        shares.append(sensitivity(rows, ("a",), "pnl_usd")[0].share)
    assert abs(np.mean(shares)) < 0.05


def test_heatmap_has_medians_over_the_other_axes():
    rows = pd.DataFrame(
        {
            "a": [1, 1, 1, 1, 2],
            "b": [True, True, True, False, True],
            "pnl_usd": [1.0, 3.0, 50.0, 2.0, 9.0],
        }
    )
    found = medians(rows, ("a", "b"), "pnl_usd")
    assert (found["x"], found["y"]) == (["1", "2"], ["False", "True"])
    assert found["z"][1] == [3.0, 9.0] and found["z"][0][0] == 2.0 and np.isnan(found["z"][0][1])


def test_sql_sees_the_runs_and_nothing_else(folder, tmp_path):
    results = read_results(folder)
    answer = query(results, 'SELECT "layered.rungs", count(*) FROM runs GROUP BY 1 ORDER BY 1')
    assert answer == (("layered.rungs", "count_star()"), [(1, 18), (2, 18)], False)
    assert query(results, "SELECT key FROM runs", at_most=5).more
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    for sql in (
        f"SELECT * FROM '{secret}'",
        f"SELECT * FROM read_text('{secret}')",
        f"COPY runs TO '{tmp_path / 'written.csv'}'",
        f"ATTACH '{tmp_path / 'written.db'}'",
        "SET enable_external_access = true",
        "SET memory_limit = '99GB'",
        "SELECT * FROM results",
        "SELEC",
        "",
    ):
        with pytest.raises(ConfigError, match="--sql") as told:
            query(results, sql)
        assert "\n" not in str(told.value)
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer(pretty_exceptions_enable=False)
    made.command()(show)
    return made


def test_command_prints_all_and_writes_the_page(app, folder, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(folder, out)
    told = CliRunner().invoke(app, [str(out), "--top", "3"])
    assert told.exit_code == 0, told.output
    for part in (
        "at equal cost",
        "Best of layered by P&L, USD",
        "Deflated",
        "Pareto front",
        "What each axis does",
    ):
        assert part in told.output
    assert "…" not in told.output
    page = (out / "sweep.html").read_text()
    assert "Sweep of 18 configurations" in page and len(page) < 8e6


def test_command_gives_json_and_sql(app, folder):
    told = json.loads(CliRunner().invoke(app, [str(folder), "--json", "--top", "1"]).output)
    assert [row["configuration"] for row in told["best"]] == [5] and told["headline"][0].startswith("In ")
    sql = "SELECT variant, count(*) AS n FROM runs GROUP BY 1 ORDER BY 1"
    rows = json.loads(CliRunner().invoke(app, [str(folder), "--json", "--sql", sql]).output)
    assert rows == [{"variant": "layered", "n": 18}, {"variant": "static-calls", "n": 18}]
    assert "static-calls" in CliRunner().invoke(app, [str(folder), "--sql", sql]).output
    assert not (folder / "sweep.html").exists()


def test_all_failed_is_an_error_that_names_the_first(tmp_path):
    out = write_sweep(tmp_path / "out", [failed_row(0, "layered", grid()[0], "no VIX")])
    with pytest.raises(DataError, match="layered: no VIX"):
        tell_sweep(replace(read_results(out)))
