"""The comparison over resampled histories: runs, figures, words, picture."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from engine_fixtures import embedded, window_study
from pandas.testing import assert_frame_equal
from PIL import Image
from rich.console import Console

from alvh_bt.analysis import paths
from alvh_bt.analysis.metrics import run_metrics
from alvh_bt.analysis.path_figures import path_figures
from alvh_bt.analysis.paths import PathResult, history_figures, run_paths
from alvh_bt.analysis.plain import json_text
from alvh_bt.engine import parallel
from alvh_bt.engine.run import run_variant
from alvh_bt.engine.today import Calendar
from alvh_bt.errors import ConfigError, DataError
from alvh_bt.market.simulation import simulate
from alvh_bt.pricing.model import ModelPrices
from alvh_bt.report.paths_figure import draw_paths, paths_alternative
from alvh_bt.report.paths_table import (
    PAIR_HEADINGS,
    VARIANT_HEADINGS,
    history_line,
    pair_rows,
    path_sentences,
    print_paths,
    variant_rows,
)

HEDGES = ("none", "static-calls")
SMALL = {"comparison": {"path_block": 10, "path_neighbours": 5}, "seed": 3}
STUDY = window_study("2016-01-04", "2016-03-31", hedges=HEDGES, **SMALL)


@pytest.fixture(scope="module")
def three() -> PathResult:
    return run_paths(embedded().market, STUDY, 3)


# --- the runs -----------------------------------------------------------------------------------------------


def test_a_path_is_a_run_over_its_resampled_market(three: PathResult) -> None:
    market = embedded().market
    first, last = market.window(STUDY.start, STUDY.end)
    # Path 2 takes the second child of the study's seed sequence, in order from 0.
    seed = np.random.SeedSequence(3).spawn(3)[2]
    resampled = simulate(market, first, last, seed, 10, 5)
    world = ModelPrices(resampled), Calendar(resampled)
    for hedge in HEDGES:
        alone = run_metrics(run_variant(resampled, STUDY, hedge, *world), 250_000.0)._asdict()
        row = three.rows[(three.rows["path"] == 2) & (three.rows["variant"] == hedge)].iloc[0]
        assert {name: row[name] for name in alone} == pytest.approx(alone, nan_ok=True, rel=1e-12)
    assert three.histories["vix_max"][1] == resampled.columns["vix_close"][first:].max()


def test_paths_differ_and_the_first_ones_stay_when_more_are_asked_for(three: PathResult) -> None:
    assert three.paths == 3 and three.variants == HEDGES
    assert three.rows["path"].tolist() == [1, 1, 2, 2, 3, 3]
    assert three.rows["cagr"].nunique() == 6
    one = run_paths(embedded().market, STUDY, 1)
    assert_frame_equal(one.rows, three.rows.iloc[:2], check_exact=True, check_dtype=False)


def test_side_by_side_equals_one_by_one(three: PathResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel.sys, "platform", "darwin")
    ticks: list[int] = []
    alone = run_paths(embedded().market, STUDY, 3, lambda: ticks.append(1))
    assert_frame_equal(alone.rows, three.rows, check_exact=True)
    assert_frame_equal(alone.histories, three.histories, check_exact=True)
    assert len(ticks) == 3 * 2 * three.sessions


def test_a_run_that_stops_is_told_and_not_measured() -> None:
    """A book of twenty times the cash cannot meet its margin on the first day."""
    study = window_study("2016-01-04", "2016-03-31", hedges=("none",), book={"notional_usd": 5e6}, **SMALL)
    result = run_paths(embedded().market, study, 2)
    assert result.rows["stopped"].str.contains("margin").all()
    assert result.rows["cagr"].isna().all()
    figures = path_figures(result)
    assert figures["failed"] == 2
    assert [each["path"] for each in figures["variants"]["none"]["stopped"]] == [1, 2]


def test_a_run_that_stops_on_the_way_is_not_measured_either(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopping(market, study, hedge, *rest):
        run = run_variant(market, study, hedge, *rest)
        return replace(run, stopped="margin not met") if hedge == "none" else run

    monkeypatch.setattr(paths, "run_variant", stopping)
    result = run_paths(embedded().market, STUDY, 1)
    assert result.rows["stopped"].tolist() == ["margin not met", None]
    assert result.rows["cagr"].notna().tolist() == [False, True]


def test_a_price_that_is_missing_stops_that_run_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(market, study, hedge, *rest):
        if hedge == "static-calls":
            raise DataError("no price for it; widen the data")
        return run_variant(market, study, hedge, *rest)

    monkeypatch.setattr(paths, "run_variant", lacking)
    result = run_paths(embedded().market, STUDY, 1)
    assert result.rows["stopped"].tolist() == [None, "no price for it; widen the data"]
    assert result.rows["cagr"].notna().tolist() == [True, False]


@pytest.mark.parametrize("count", [0, -1])
def test_no_path_is_refused(count: int) -> None:
    with pytest.raises(ConfigError, match=rf"^paths = {count} must be at least 1"):
        run_paths(embedded().market, STUDY, count)


def test_a_window_too_short_is_an_error_and_no_failed_path() -> None:
    study = window_study("2016-01-04", "2016-01-08", hedges=("none",))
    with pytest.raises(DataError, match="cannot be resampled"):
        run_paths(embedded().market, study, 1)


def test_what_a_history_was_like() -> None:
    """2016: 2043.94 on the last session of 2015, 2238.83 at the end; VIX peaked at 28.14."""
    market = embedded().market
    first, last = market.window(dt.date(2015, 12, 31), dt.date(2016, 12, 30))
    figures = history_figures(market, first, last)
    assert figures["spx_cagr"] == pytest.approx((2238.83 / 2043.94) ** (365 / 365) - 1.0, abs=1e-5)
    assert figures["vix_max"] == 28.14
    # From 2043.94 to 1829.08 on 2016-02-11, the deepest fall of the year.
    assert figures["spx_drawdown"] == pytest.approx(1829.08 / 2043.94 - 1.0, abs=1e-5)


# --- the figures --------------------------------------------------------------------------------------------

#: CAGR, drawdown and decay of five paths; a dash of figures that can be worked out by hand.
TOLD = {
    "none": ([0.01, 0.02, 0.03, 0.04, 0.05], [-0.10, -0.20, -0.30, -0.40, -0.50], [0.0] * 5),
    "static-calls": ([0.00, 0.00, 0.00, 0.00, None], [-0.10, -0.10, -0.10, -0.10, None], [0.05] * 4 + [None]),
    "layered": ([0.01, 0.01, 0.02, -0.01, 0.04], [-0.05, -0.12, -0.10, -0.15, -0.20], [0.02] * 5),
}
REAL = {
    "variants": {
        "none": {"cagr": 0.03, "max_drawdown": -0.2, "hedge_decay": 0.0, "stopped": None},
        "static-calls": {"cagr": -0.01, "max_drawdown": -0.3, "hedge_decay": 0.06, "stopped": "margin: day"},
        "layered": {"cagr": 0.02, "max_drawdown": -0.1, "hedge_decay": 0.01, "stopped": None},
    }
}


def told_result(variants: tuple[str, ...] = tuple(TOLD)) -> PathResult:
    rows = [
        {
            "path": k + 1,
            "variant": name,
            "stopped": "margin: short of 5 USD" if TOLD[name][0][k] is None else None,
            **{metric: TOLD[name][j][k] for j, metric in enumerate(("cagr", "max_drawdown", "hedge_decay"))},
        }
        for k in range(5)
        for name in variants
    ]
    values = {"spx_cagr": 0.07, "spx_drawdown": -0.5, "vix_mean": 19.0, "vix_max": 80.0}
    return PathResult(
        rows=pd.DataFrame(rows, columns=list(paths.ROW_COLUMNS)),
        histories=pd.DataFrame([{"path": k + 1, **values} for k in range(5)]),
        real={**values, "vix_mean": 20.0},
        start=dt.date(2007, 1, 3),
        end=dt.date(2024, 12, 31),
        sessions=4530,
        seed=1,
        block=63,
        neighbours=20,
    )


@pytest.fixture(scope="module")
def figures() -> dict:
    return path_figures(told_result(), REAL)


def pair(figures: dict, a: str, b: str, metric: str) -> dict:
    (row,) = [row for row in figures["pairs"] if (row["a"], row["b"], row["metric"]) == (a, b, metric)]
    return row


def test_differences_are_paired_by_path(figures) -> None:
    """CAGR of none less layered: 0, 1, 1, 5, 1 points; the 5% and 95% points of five lie 0.2 inside."""
    row = pair(figures, "none", "layered", "cagr")
    assert (row["paths"], row["better"], row["worse"]) == (5, 4, 0)
    assert [row[name] for name in ("median", "p5", "p95")] == pytest.approx([0.01, 0.002, 0.042])
    assert row["real"] == pytest.approx(0.01)
    # Wilson (1927): centre (4 + z2 / 2) / (5 + z2), z = 1.644854; a share of paths that were drawn by chance.
    z2 = 1.6448536269514722**2
    half = np.sqrt(z2) / (5 + z2) * np.sqrt(4 * 1 / 5 + z2 / 4)
    centre = (4 + z2 / 2) / (5 + z2)
    assert row["share"] == 0.8
    assert [row["share_low"], row["share_high"]] == pytest.approx([centre - half, centre + half])


def test_of_decay_less_is_better(figures) -> None:
    row = pair(figures, "none", "layered", "hedge_decay")
    assert (row["median"], row["better"], row["worse"]) == (-0.02, 5, 0)


def test_a_path_on_which_one_stopped_is_not_compared(figures) -> None:
    row = pair(figures, "static-calls", "layered", "max_drawdown")
    # -0.10 against -0.05, -0.12, -0.10, -0.15: worse, better, equal, better.
    assert (row["paths"], row["better"], row["worse"], row["share"]) == (4, 2, 1, 0.5)
    assert row["real"] is None, "the real run stopped: its figures are of a shorter window"
    assert figures["failed"] == 1
    variant = figures["variants"]["static-calls"]
    assert variant["finished"] == 4
    assert variant["stopped"] == [{"path": 5, "reason": "margin: short of 5 USD"}]
    assert variant["cagr"] == {"median": 0.0, "p5": 0.0, "p95": 0.0, "real": None}


def test_figures_are_plain_and_unknown_ones_null() -> None:
    result = told_result()
    nothing = path_figures(PathResult(**{**vars(result), "rows": result.rows.assign(cagr=np.nan)}), None)
    row = pair(nothing, "none", "layered", "cagr")
    assert row["paths"] == 0 and row["median"] is None and row["share"] is None and row["real"] is None
    assert '"share": null' in json_text(nothing)


def test_a_frame_without_its_columns_is_refused() -> None:
    result = told_result()
    with pytest.raises(DataError, match="rows of the paths lacks sharpe"):
        PathResult(**{**vars(result), "rows": result.rows.drop(columns="sharpe")})


# --- words and picture --------------------------------------------------------------------------------------


def test_sentences_say_what_was_beaten_and_what_was_not(figures) -> None:
    told = path_sentences(figures)
    assert told[0].startswith(
        "5 resampled histories of 2007-01-03 to 2024-12-31: its own days in another order"
    )
    # CAGR: layered less none is 0, -1, -1, -5, -1 points. Drawdown: it was shallower on every path.
    assert told[1] == (
        "Against none, layered grew faster on 0 of 5 and had the shallower worst drawdown on 5; in CAGR by "
        "-1.00 points on the median (-4.20 to -0.20 on nine in ten; -1.00 on the real history)."
    )
    assert told[2].startswith(
        "Against static-calls, layered grew faster on 3 of 4, had the shallower worst drawdown on 1 "
        "and bled less on 4; in CAGR by +1.00 points"
    )
    assert "real history" not in told[2]
    assert told[3] == (
        "static-calls stopped early on 1 of 5, which are not compared; the first: margin: short of 5 USD."
    )
    assert told[4] == "So few histories tell little of what happens once in twenty."
    assert "never happened" in told[5]


def test_the_terminal_shows_every_pair_with_its_counts(figures) -> None:
    console = Console(file=io.StringIO(), width=100)
    print_paths(figures, console)
    text = console.file.getvalue()
    assert max(len(line) for line in text.splitlines()) <= 100
    row = next(line for line in text.splitlines() if "layered less static-calls" in line)
    assert row.split()[-8:] == ["+1.00", "-0.70", "to", "+1.85", "3", "of", "4", "n/a"]
    assert "mean VIX 19.0 to 19.0 (real 20.0)" in history_line(figures)
    assert "4 of 5" in text


def test_rows_fit_their_headings(figures) -> None:
    pairs, variants = list(pair_rows(figures)), list(variant_rows(figures))
    assert len(pairs) == 2 * 3 and len(variants) == 3 * 3
    assert {len(cells) for _, cells in pairs} == {len(PAIR_HEADINGS)}
    assert {len(cells) for _, cells in variants} == {len(VARIANT_HEADINGS)}


def test_without_the_layered_hedge_the_first_is_told() -> None:
    told = path_sentences(path_figures(told_result(("static-calls", "none"))))
    assert told[1].startswith("Against none, static-calls grew faster on 0 of 4")


def test_one_hedge_alone_has_nothing_to_be_compared_with() -> None:
    result = told_result(("layered",))
    figures = path_figures(result)
    assert figures["pairs"] == []
    assert draw_paths(result, figures) == {}
    assert len(path_sentences(figures)) == 3


def test_the_picture_is_a_picture_and_always_the_same(figures) -> None:
    result = told_result()
    drawn = draw_paths(result, figures)
    assert draw_paths(result, figures) == drawn
    image = Image.open(io.BytesIO(drawn["paths.png"]))
    assert image.size[0] == 990
    colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20)}
    # Both colours of the dots, mixed with white by their transparency of 0.75.
    for dot in ((0, 114, 178), (213, 94, 0)):
        mixed = tuple(round(0.75 * part + 0.25 * 255) for part in dot)
        assert any(max(abs(a - b) for a, b in zip(colour, mixed, strict=True)) <= 2 for colour in colours)
    assert "Against none, layered grew faster on 0 of 5" in paths_alternative(figures)
