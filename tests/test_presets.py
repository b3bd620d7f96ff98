"""Named studies: each is valid, says what it is, and runs."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from alvh_bt.analysis.compare import run_comparison
from alvh_bt.cli.main import run
from alvh_bt.config import Fill, Study, make_study
from alvh_bt.errors import ConfigError
from alvh_bt.market.build import build_market
from alvh_bt.market.embedded import embedded_tables
from alvh_bt.market.market import Market
from alvh_bt.presets import preset_names, preset_sentence, read_preset

FOLDER = Path(__file__).resolve().parents[1] / "data" / "presets"

PUBLISHED = {
    "default", "conservative-45", "tier-conservative", "tier-balanced", "tier-aggressive", "delta-16-45",
    "one-dte-070", "one-dte-115", "one-dte-160", "vix-scaled", "tested-leg-rolls", "ladder-442-counted",
    "ladder-403525", "ladder-404020", "long-dated", "ladder-low-delta", "layer-three-signals",
    "short-vol-layer-one", "promoter",
}  # fmt: skip


@pytest.fixture(scope="module")
def market() -> Market:
    return build_market(embedded_tables(), dt.date(2026, 1, 1))


def test_every_published_variant_has_its_preset() -> None:
    assert set(preset_names()) >= PUBLISHED
    assert preset_names()[0] == "default"
    assert set(preset_names()) == {path.stem for path in FOLDER.glob("*.toml")}


@pytest.mark.parametrize("name", preset_names())
def test_preset_is_a_study_and_says_what_it_is(name: str) -> None:
    settings = read_preset(name)
    assert settings == tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    study = make_study(**settings)
    assert study == Study() if name == "default" else study != Study()
    sentence = preset_sentence(name)
    assert sentence.endswith(".") and 20 < len(sentence) < 120


def test_settings_are_the_published_ones() -> None:
    made = {name: make_study(**read_preset(name)) for name in preset_names()}
    assert [
        made[f"tier-{tier}"].condor.short_range for tier in ("conservative", "balanced", "aggressive")
    ] == [
        1.4,
        1.1,
        0.85,
    ]
    assert [made[f"one-dte-{c}"].condor.target_credit for c in ("070", "115", "160")] == [0.70, 1.15, 1.60]
    assert {made[f"one-dte-{c}"].book.fill for c in ("070", "115", "160")} == {Fill.SAME_CLOSE}
    assert {made[f"one-dte-{c}"].condor.target_dte for c in ("070", "115", "160")} == {1}
    rolls = made["tested-leg-rolls"].condor
    assert (rolls.roll_range, rolls.roll_vix, rolls.roll_days_out, rolls.roll_short_delta) == (
        0.0094,
        16,
        7,
        0.18,
    )
    ladders = {
        name: made[name].ladder
        for name in ("ladder-442-counted", "ladder-403525", "ladder-404020", "long-dated")
    }
    assert {
        name: (ladder.near_weight, ladder.middle_weight, ladder.far_weight)
        for name, ladder in ladders.items()
    } == {
        "ladder-442-counted": (4, 4, 2),
        "ladder-403525": (40, 35, 25),
        "ladder-404020": (40, 40, 20),
        "long-dated": (0, 0, 1),
    }
    assert ladders["ladder-442-counted"].calls_per_condor == 1.0
    assert len({ladder.budget_share for ladder in ladders.values()}) == 1


# Every weekday is listed from 2022 only, but Mondays, Wednesdays and Fridays are in the sample's last years.
@pytest.mark.parametrize("name", preset_names())
def test_preset_runs_on_the_embedded_sample(name: str, market: Market) -> None:
    window = {"start": dt.date(2018, 1, 2), "end": dt.date(2018, 2, 28), "hedges": ("none",)}
    result = run_comparison(market, replace(make_study(**read_preset(name)), **window))
    opened = result.runs[0].trades.query("action == 'open'")
    assert len(opened) >= 4
    if name.startswith(("tier-", "one-dte-")):
        days = (opened["expiry"] - opened["date"]).dt.days
        assert set(days) <= {1, 2, 3}
        assert opened["date"].nunique() > 10


@pytest.mark.parametrize(
    ("tier", "limit"), [("aggressive", 15.0), ("balanced", 20.0), ("conservative", 20.0)]
)
def test_tiers_stay_out_above_their_vix(tier: str, limit: float, market: Market) -> None:
    # VIX closed below 15 in most of January 2018, above 15 from February and at 37 on the 5th.
    settings = read_preset(f"tier-{tier}")
    assert settings["condor"]["max_entry_vix"] == limit
    window = {"start": dt.date(2018, 1, 2), "end": dt.date(2018, 2, 28), "hedges": ("none",)}
    result = run_comparison(market, replace(make_study(**settings), **window))
    journal = result.runs[0].journal
    entered = journal.loc[journal["event"] == "open", "date"]
    assert len(entered) > 10
    assert result.vix[entered].max() <= limit
    refused = journal.loc[journal["reason"] == "no entry: VIX above its limit", "date"]
    assert result.vix[refused].min() > limit


def test_compare_takes_a_preset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    window = ["--start", "2015-07-01", "--end", "2015-08-31", "--hedge", "none"]
    assert run(["compare", "--preset", "vix-scaled", *window]) == 0
    capsys.readouterr()
    study = tmp_path / "study.toml"
    study.write_text("seed = 3\n")
    for arguments, said in (
        (["--preset", "gold"], "unknown preset 'gold'; choose from default, conservative-45"),
        (["--preset", "promoter", "--config", str(study)], "--preset and --config exclude each other"),
    ):
        assert run(["compare", *arguments]) == 2
        error = capsys.readouterr().err
        assert said in error and len(error.splitlines()) == 1


def test_presets_are_listed_with_their_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["presets"]) == 0
    out = capsys.readouterr().out
    for name in preset_names():
        assert name in out
    assert max(len(line) for line in out.splitlines()) <= 100
    assert " ".join(out.split()).count("where listed, with shorts 1.4 expected daily ranges away") == 1


def test_unknown_preset_is_refused() -> None:
    for function in (read_preset, preset_sentence):
        with pytest.raises(ConfigError, match=r"unknown preset '../parameters'"):
            function("../parameters")
