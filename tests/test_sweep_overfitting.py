"""How much of a winner is luck: known truths, textbook formulas, and choices that never see the future."""

from __future__ import annotations

import itertools
import json
from math import e, erf, sqrt

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from synthetic_sweeps import sweep_rows, write_sweep

from alvh_bt.report.sweep_wording import deflated_sentence, luck_sentences
from alvh_bt.sweep.overfitting import deflated_sharpe, luck_sharpe, overfitting
from alvh_bt.sweep.results import read_results
from alvh_bt.sweep.summary import Asked, tell_sweep
from alvh_bt.sweep.walk_forward import SCORES, cagr_of, purge_weeks, sharpe_of, walk_forward


def noise(weeks: int, count: int, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    index = pd.date_range("2007-01-05", periods=weeks, freq="W-FRI")
    return pd.DataFrame(draw.normal(0.001, 0.01, (weeks, count)), index=index)


def by_hand(table: np.ndarray, blocks: int) -> float:
    """CSCV as the paper words it: every half of the blocks, the best there, its rank in the other half."""
    pieces = np.array_split(np.arange(len(table)), blocks)
    below = []
    for inside in itertools.combinations(range(blocks), blocks // 2):
        halves = [
            np.concatenate([pieces[k] for k in range(blocks) if (k in inside) is within])
            for within in (True, False)
        ]
        here, there = (table[half].mean(axis=0) / table[half].std(axis=0, ddof=1) for half in halves)
        rank = (there <= there[here.argmax()]).sum() / (table.shape[1] + 1)
        below.append(np.log(rank / (1 - rank)) <= 0)
    return float(np.mean(below))


def test_overfitting_of_four_blocks_is_that_of_the_paper():
    returns = noise(20, 5, seed=4)
    found = overfitting(returns)
    assert (found.blocks, found.splits, found.configurations) == (4, 6, 5)
    assert found.probability == by_hand(returns.to_numpy(), 4)


def test_overfitting_of_noise_is_about_a_half_and_of_a_truly_better_one_is_low():
    over = [overfitting(noise(45, 60, seed)) for seed in range(16)]  # eight blocks each
    assert {found.splits for found in over} == {70}
    # One history's probability spreads by about 0.25: the mean of sixteen by 0.06.
    assert 0.32 < np.mean([found.probability for found in over]) < 0.68
    better = noise(140, 60)
    better *= 0.5
    better[7] += 0.004
    assert overfitting(better).probability < 0.02


def test_overfitting_says_why_it_cannot_be_told():
    assert "too few" in overfitting(noise(15, 5)).reason
    assert "two configurations" in overfitting(noise(100, 1)).reason
    still = noise(100, 3)
    still[1] = 0.0
    found = overfitting(still)
    assert np.isnan(found.probability) and "never moved" in found.reason


def test_deflated_sharpe_is_the_formula_of_the_paper():
    """Bailey and Lopez de Prado (2014), eq. 1 and 2, in weekly terms."""
    returns = noise(300, 1, seed=9)[0] + 0.001
    tried = pd.Series(np.random.default_rng(1).normal(0.5, 0.4, 200))
    euler = 0.5772156649015329
    hurdle = (tried.std(ddof=1) / sqrt(52)) * (
        (1 - euler) * stats.norm.ppf(1 - 1 / 200) + euler * stats.norm.ppf(1 - 1 / (200 * e))
    )
    sharpe = returns.mean() / returns.std(ddof=1)
    skew, kurtosis = returns.skew(), returns.kurt() + 3
    z = (sharpe - hurdle) * sqrt(299) / sqrt(1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2)
    assert deflated_sharpe(returns, tried) == pytest.approx(0.5 * (1 + erf(z / sqrt(2))), rel=1e-9)


def test_deflated_sharpe_falls_with_the_tries_and_is_nan_without_spread():
    returns = noise(300, 1, seed=9)[0] + 0.001
    draw = np.random.default_rng(1).normal(0.5, 0.4, 5000)
    few, many = (deflated_sharpe(returns, pd.Series(draw[:count])) for count in (10, 5000))
    assert few > many
    assert deflated_sharpe(returns, pd.Series([*draw[:10], np.nan])) == pytest.approx(few)
    assert np.isnan(deflated_sharpe(returns * 0.0, pd.Series(draw)))


def test_deflated_sharpe_of_the_best_of_noise_is_rarely_high():
    """Without any skill the best of 40 clears 0.95 in about 5% of sweeps: 60 sweeps, at most 8 by chance."""
    high = 0
    for seed in range(60):
        returns = noise(200, 40, seed) - 0.001
        sharpes = returns.mean() / returns.std() * sqrt(52)
        high += deflated_sharpe(returns[sharpes.idxmax()], sharpes) > 0.95
    assert high <= 8


def test_sentences_of_the_deflated_sharpe():
    def said(found):
        best = {"configuration": 3, "deflated_sharpe": found, "weekly_sharpe": 0.8}
        return deflated_sentence(best, 1000, 0.9)

    assert "luck alone gives the best of 1,000 tries 0.90" in said(0.31) and "may still be luck" in said(0.7)
    assert "more than luck explains" in said(0.99) and "cannot be told" in said(None)


def test_a_sweep_of_noise_is_told_as_luck_and_a_better_one_as_more(tmp_path):
    blind = sweep_rows(weeks=520, seed=6, drift=0.0)
    luck = tell_sweep(read_results(write_sweep(tmp_path / "noise", blind))).summary
    skill = tell_sweep(
        read_results(write_sweep(tmp_path / "better", sweep_rows(weeks=520, better=5)))
    ).summary
    assert luck["best"][0]["deflated_sharpe"] < 0.9 and luck["overfitting"]["probability"] > 0.25
    assert skill["best"][0]["configuration"] == 5
    assert skill["best"][0]["deflated_sharpe"] > 0.95 and skill["overfitting"]["probability"] < 0.05
    assert "of 18 tries 1.70: more than luck explains" in luck_sentences(skill)[0]
    assert [row["scheme"] for row in skill["walk_forward"]["rows"]] == ["anchored", "rolling"] * 2
    assert all("helped" in line for line in luck_sentences(skill)[3:])
    json.dumps(skill, allow_nan=False)


def test_growth_and_sharpe_of_a_year():
    """52 weeks of 1%: 1.01^52 - 1 = 67.77%; a loss of everything has no growth."""
    weeks = np.full((52, 2), 0.01)
    weeks[3, 1] = -1.0
    assert cagr_of(weeks)[0] == pytest.approx(1.01**52 - 1) and np.isnan(cagr_of(weeks)[1])
    swing = np.tile([[0.02], [0.0]], (26, 1))
    assert sharpe_of(swing)[0] == pytest.approx(0.01 / np.std(swing, ddof=1) * sqrt(52))


def test_drawdown_counts_the_first_week():
    assert SCORES["max_drawdown"](np.array([[-0.2], [0.1], [0.1]]))[0] == pytest.approx(-0.2)


def test_walk_forward_holds_the_one_that_is_best_throughout():
    returns = noise(500, 12)
    returns[4] = 0.004 + np.tile([0.001, -0.001], 250)
    rival = returns[[4]] - 0.002
    found = walk_forward(returns, rival, "sharpe", True, 8)
    # 500 - 260 - 8 = 232 weeks: four windows of 52, the last ending with the last week.
    assert (found.windows, found.gap_weeks, found.end) == (4, 8, str(returns.index[-1])[:10])
    assert found.start == str(returns.index[500 - 208])[:10]
    test = returns[4].to_numpy()[-208:]
    assert found.cagr == pytest.approx(np.prod(1 + test) ** (52 / 208) - 1)
    assert found.rival_cagr == pytest.approx(np.prod(1 + test - 0.002) ** (52 / 208) - 1)
    assert found.sharpe == pytest.approx(test.mean() / test.std(ddof=1) * sqrt(52))
    others = returns.to_numpy()[-208:]
    assert found.median_sharpe == pytest.approx(np.median(others.mean(0) / others.std(0, ddof=1)) * sqrt(52))


@pytest.mark.parametrize("anchored", [True, False])
def test_walk_forward_never_sees_the_gap_or_the_test(anchored):
    """With one window's gap and test made enticing for another configuration, the choice stays."""
    calm = noise(420, 6, seed=2)
    gap, test = 10, 52
    enticing = calm.copy()
    # Two windows: the first past ends where the first gap begins.
    first_past = 420 - 2 * test - gap
    enticing.iloc[first_past : first_past + gap + test, 5] = 0.05 + np.arange(gap + test) * 1e-6
    before = walk_forward(calm, None, "sharpe", anchored, gap)
    after = walk_forward(enticing.iloc[: first_past + gap + test + test], None, "sharpe", anchored, gap)
    chosen = sharpe_of(
        calm.to_numpy()[:first_past] if anchored else calm.to_numpy()[first_past - 260 : first_past]
    )
    kept = calm.iloc[first_past + gap : first_past + gap + test, int(chosen.argmax())]
    assert int(chosen.argmax()) != 5
    second = (
        enticing.to_numpy()[test : first_past + test]
        if not anchored
        else enticing.to_numpy()[: first_past + test]
    )
    second = second[-260:] if not anchored else second
    held = enticing.iloc[first_past + gap + test :, int(sharpe_of(second).argmax())]
    chain = np.concatenate([kept, held])
    assert after.cagr == pytest.approx(np.prod(1 + chain) ** (52 / len(chain)) - 1)
    assert before.windows == after.windows == 2


def test_rolling_forgets_what_anchored_remembers():
    returns = noise(900, 3, seed=1) * 0.1
    returns.iloc[:400, 0] += 0.01  # was best for long
    returns.iloc[400:, 1] += 0.005  # is best since
    anchored, rolling = (walk_forward(returns, None, "cagr", scheme, 8) for scheme in (True, False))
    assert rolling.cagr > anchored.cagr
    assert np.isnan(rolling.rival_cagr)


def test_too_few_weeks_are_said():
    assert (
        walk_forward(noise(300, 4), None, "sharpe", True, 8) == "300 weeks are too few: two windows need 372"
    )
    assert "two configurations" in walk_forward(noise(600, 1), None, "sharpe", True, 8)


def test_purge_is_the_longest_that_anything_is_held(tmp_path):
    """45 days to expiry with 40% tolerance, then VIX calls of up to 45 days: 63 + 45 days, 16 weeks."""
    results = read_results(write_sweep(tmp_path / "out", sweep_rows(weeks=8)))
    assert purge_weeks(results, "layered") == 16
    assert purge_weeks(results, "static-calls") == 9  # with its condor: 63 days
    assert purge_weeks(results, "ladder-442") == 41  # and 220 days: 283
    assert purge_weeks(results, "vxth") == 9
    swept = read_results(tmp_path / "out")
    swept.manifest["sweep"]["study"] = {"condor": {"target_dte": 14, "exit_dte": 5}}
    assert purge_weeks(swept, "static-calls") == 7  # 19.6 days: never below seven weeks


def test_embargo_widens_the_gap(tmp_path):
    results = read_results(write_sweep(tmp_path / "out", sweep_rows(weeks=420)))
    walks = tell_sweep(results, Asked(embargo_weeks=4)).summary["walk_forward"]
    assert {row["gap_weeks"] for row in walks["rows"]} == {walks["gap_weeks"]} == {20}


def test_a_metric_that_returns_do_not_tell_is_said(tmp_path):
    results = read_results(write_sweep(tmp_path / "out", sweep_rows(weeks=420)))
    walks = tell_sweep(results, Asked("hedge_decay")).summary["walk_forward"]
    assert {row["metric"] for row in walks["rows"]} == {"sharpe"}
    assert "hedge_decay cannot be computed" in walks["reasons"][0]


def test_luck_s_sharpe_is_the_mean_best_of_as_many_blind_draws():
    rng = np.random.default_rng(4)
    best = rng.normal(0.0, 0.5, (4000, 100)).max(axis=1).mean()
    assert luck_sharpe(pd.Series(rng.normal(0.0, 0.5, 100_000)[:100])) == pytest.approx(best, rel=0.15)
    assert luck_sharpe(pd.Series(rng.normal(0.0, 0.5, 5000))) > 1.5
    assert np.isnan(luck_sharpe(pd.Series([np.nan])))


def test_the_sample_that_luck_is_judged_on_does_not_know_the_winners(tmp_path, monkeypatch):
    """Noise, and more configurations than the sample: winners forced into it would flatter both figures."""
    monkeypatch.setattr("alvh_bt.sweep.summary.SAMPLED", 8)
    rows = sweep_rows(weeks=260, seed=8, drift=0.0)
    results = read_results(write_sweep(tmp_path / "noise", rows))
    few, many = (tell_sweep(results, Asked(top=top)).summary for top in (1, 6))
    assert few["overfitting"] == many["overfitting"]
    assert few["walk_forward"] == many["walk_forward"]
