"""Claims: the rule of verdicts, the files that state them, and the command."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path

import numpy as np
import pytest

from alvh_bt.analysis.claim_measures import MEASURES, Sample
from alvh_bt.analysis.claims import claim_studies, interval, verdict
from alvh_bt.analysis.claims_file import Book, packaged_claims, read_claims
from alvh_bt.cli.main import run
from alvh_bt.config import OnMargin, make_study
from alvh_bt.errors import ConfigError
from alvh_bt.presets import preset_names, read_preset
from alvh_bt.report.claims_table import figure

#: Registry names that the packaged claims may use.
HEDGE_NAMES = {
    "none",
    "static-calls",
    "static-futures",
    "layered",
    "ladder-442",
    "ladder-calendar",
    "ladder-spike",
}

OWN = """
[[claim]]
id = "mine"
claim = "The layers cost less than a tenth of the account a year"
published = "mine"
reading = "Bleed a year over average NAV."
measure = "annual_bleed"
books = [{ preset = "default", hedge = "layered" }]
at_most = 0.1

[[claim]]
id = "panic"
claim = "Above VIX 90 the hedge raises the win rate"
published = "yes"
measure = "win_rate_gain"
books = [{ preset = "default", hedge = "none" }, { preset = "default", hedge = "static-calls" }]
vix_above = 90.0
at_least = 0.0
"""


# Verdicts


@pytest.mark.parametrize(
    ("low", "high", "at_least", "at_most", "said"),
    [
        pytest.param(0.36, 0.50, 0.35, None, "supported", id="all of it above"),
        pytest.param(0.35, 0.50, 0.35, None, "supported", id="from the bound itself"),
        pytest.param(0.34, 0.50, 0.35, None, "undecided", id="across the bound"),
        pytest.param(0.10, 0.34, 0.35, None, "contradicted", id="all of it below"),
        pytest.param(0.10, 0.35, 0.35, None, "undecided", id="up to the bound"),
        pytest.param(0.05, 0.08, None, 0.08, "supported", id="below the top"),
        pytest.param(0.09, 0.20, None, 0.08, "contradicted", id="above the top"),
        pytest.param(0.012, 0.018, 0.01, 0.02, "supported", id="inside a range"),
        pytest.param(0.005, 0.030, 0.01, 0.02, "undecided", id="around a range"),
        pytest.param(0.021, 0.030, 0.01, 0.02, "contradicted", id="beyond a range"),
        pytest.param(0.001, 0.009, 0.01, 0.02, "contradicted", id="short of a range"),
        pytest.param(math.nan, math.nan, 0.0, None, "undecided", id="no interval"),
    ],
)
def test_verdict_table(low, high, at_least, at_most, said) -> None:
    assert verdict(low, high, at_least, at_most) == said


# Intervals


def test_interval_of_single_units_is_the_binomial_s() -> None:
    won = np.array([True] * 180 + [False] * 20)
    sample = Sample(lambda rows: float(won[rows].mean()), 200, (), {})
    low, high, reason = interval(sample, 0.9, 2000, 1)
    # 0.9 -+ 1.645 x sqrt(0.9 x 0.1 / 200) = 0.865 to 0.935; 2,000 draws scatter by a few thousandths.
    assert (low, high) == (pytest.approx(0.865, abs=0.008), pytest.approx(0.935, abs=0.008))
    assert reason == ""
    assert interval(sample, 0.9, 2000, 1) == (low, high, "")


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        (Sample(lambda rows: 1.0, 4, (), {}), "4 condors or spikes are fewer than 5"),
        (Sample(lambda rows: 1.0, 59, (np.arange(59.0),), {}), "59 sessions are fewer than 60"),
        (Sample(lambda rows: 1.0, 80, (np.full(80, 0.01),), {}), "the books do not differ"),
        (Sample(lambda rows: 1.0, 80, (np.full(80, np.nan),), {}), "a NAV fell to 0 or below"),
        (Sample(lambda rows: math.nan, 80, (), {}), "undefined on 100 of 100 resampled histories"),
    ],
)
def test_no_interval_says_why(sample, said) -> None:
    low, high, reason = interval(sample, 1.0, 100, 1)
    assert math.isnan(low) and math.isnan(high)
    assert said in reason


# Files


def test_packaged_claims_are_the_fourteen() -> None:
    claims = packaged_claims()
    assert [claim.id for claim in claims] == [str(number) for number in range(1, 15)]
    for claim in claims:
        assert claim.measure in MEASURES
        assert claim.reading.endswith(".")
        assert {book.preset for book in claim.books} <= set(preset_names())
        assert {book.hedge for book in claim.books} <= HEDGE_NAMES
    bounds = {claim.id: (claim.at_least, claim.at_most) for claim in claims}
    assert bounds["1"] == (0.35, None) and bounds["3"] == (None, 0.08) and bounds["4"] == (0.01, 0.02)
    assert bounds["5"] == (0.18, 0.27) and bounds["6"] == (0.12, 0.19) and bounds["9"] == (0.90, None)
    assert (claims[1].start, claims[1].end) == (dt.date(2015, 1, 1), dt.date(2025, 12, 31))
    assert (claims[6].vix_above, claims[7].vix_above, claims[3].vix_below) == (30.0, 25.0, 15.0)


def test_each_book_of_the_packaged_claims_is_run_once() -> None:
    studies = claim_studies(packaged_claims(), dt.date(2007, 4, 1), dt.date(2024, 12, 31))
    wanted = {(book.preset, book.hedge) for claim in packaged_claims() for book in claim.books}
    assert {(preset, hedge) for preset, study in studies.items() for hedge in study.hedges} == wanted
    assert sum(len(study.hedges) for study in studies.values()) == len(wanted)
    for preset, study in studies.items():
        assert study.book.on_margin == OnMargin.CUT
        assert study.condor == make_study(**read_preset(preset)).condor
        assert (study.start, study.end) == (dt.date(2007, 4, 1), dt.date(2024, 12, 31))


def test_claims_of_one_s_own_alone_or_after_the_packaged(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    mine, panic = read_claims(path)
    assert mine.books == (Book("default", "layered"),)
    assert (panic.vix_above, panic.at_least, panic.at_most) == (90.0, 0.0, None)
    path.write_text("packaged = true\n" + OWN)
    assert [claim.id for claim in read_claims(path)][-3:] == ["14", "mine", "panic"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ('measure = "annual_bleed"', 'measure = "charm"'),
            "claim mine: measure: unknown 'charm'; choose from",
        ),
        (("at_most = 0.1", "at_mots = 0.1"), "claim mine: at_mots: Unexpected keyword argument"),
        (("at_most = 0.1", 'at_most = "low"'), "claim mine: at_most: Input should be a valid number"),
        (("at_most = 0.1", ""), "claim mine: at_least: give it or at_most"),
        (("at_most = 0.1", "at_most = 0.1\nat_least = 0.2"), "claim mine: at_least: 0.2 is above at_most"),
        (("vix_above = 90.0", "vix_above = -1.0"), "claim panic: vix_above: Input should be greater than 0"),
        (
            ('{ preset = "default", hedge = "layered" }', '{ preset = "gold", hedge = "none" }'),
            "claim mine: books: ",
        ),
        (
            ('[{ preset = "default", hedge = "none" }, ', "["),
            "claim panic: books: win_rate_gain takes 2, not 1",
        ),
        (('id = "panic"', 'id = "mine"'), "claim mine: id is given twice"),
        (('id = "mine"\n', ""), "claim number 1: id: "),
        (
            ('hedge = "layered" }]', 'hedge = "layered" }]\nstart = "soon"'),
            "claim mine: start: Input should be",
        ),
        (("[[claim]]", "[[clam]]"), "unknown key clam; known: claim, packaged"),
        (('id = "mine"', "id = mine"), "is not TOML"),
    ],
)
def test_what_is_wrong_names_the_claim_and_the_field(change, said, tmp_path: Path, capsys) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN.replace(*change))
    with pytest.raises(ConfigError) as error:
        read_claims(path)
    assert said in str(error.value)
    assert run(["claims", "--claims", str(path)]) == 2
    told = capsys.readouterr().err
    assert said in told and len(told.splitlines()) == 1


def test_unknown_hedge_names_the_claim(tmp_path: Path, capsys) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN.replace('hedge = "layered"', 'hedge = "gold"'))
    assert run(["claims", "--claims", str(path), "--out", str(tmp_path / "out")]) == 2
    assert (
        "claim mine: books: unknown hedge 'gold'; choose from none, static-calls" in capsys.readouterr().err
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "does not exist"), ("", "holds no claim"), ("packaged = 3", "must be true or false")],
)
def test_file_without_claims_is_refused(text, said, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_claims(path)


# The command


def test_claims_on_the_embedded_sample(tmp_path: Path, capsys) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    out = tmp_path / "out"
    window = ["--start", "2015-07-01", "--end", "2015-12-31"]
    assert run(["claims", "--claims", str(path), *window, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert max(len(line) for line in said.splitlines()) <= 100
    assert "Inputs modelled: " in said and "VIX futures" in said
    assert "mine" in said and "undecided" in said and "Bleed a year over average NAV." in said
    assert {file.name for file in out.iterdir()} == {"claims.json", "alvh.log.jsonl"}
    mine, panic = json.loads((out / "claims.json").read_text())
    assert {"claim", "published", "measured", "ci_low", "ci_high", "verdict", "window"} <= set(mine)
    assert {"id", "reading", "unit", "detail"} <= set(mine)
    assert mine["window"] == {"start": "2015-07-01", "end": "2015-12-31"}
    assert mine["ci_low"] <= mine["measured"] <= mine["ci_high"]
    assert (panic["measured"], panic["ci_low"], panic["ci_high"]) == (None, None, None)
    assert panic["verdict"] == "undecided"
    assert panic["detail"]["reason"] == "no condor was entered with VIX above 90"


def test_figures_read_as_people_write_them() -> None:
    assert figure(0.12345, "share") == "12.3%"
    assert figure(-0.02, "points") == "-2.0 pts"
    assert figure(None, "ratio") == "unknown"


def test_a_hedge_of_one_s_own_can_be_claimed_about(tmp_path: Path) -> None:
    (tmp_path / "idle.py").write_text(
        "from alvh_bt.hedges import NoHedge\n\n\nclass Idle(NoHedge):\n    name = 'idle'\n"
    )
    path = tmp_path / "own.toml"
    path.write_text(
        '[[claim]]\nid = "idle"\nclaim = "It costs nothing"\npublished = "0"\nreading = "Bleed."\n'
        'measure = "annual_bleed"\nat_least = 0.0\nat_most = 0.0\n'
        f'books = [{{ preset = "default", hedge = "{tmp_path / "idle.py"}:Idle" }}]\n'
    )
    window = ["--start", "2015-07-01", "--end", "2015-10-30"]
    told = ["claims", "--claims", str(path), *window, "--out", str(tmp_path / "out")]
    assert run(told) == 2  # a file by itself runs no code
    assert run([*told, "--hedge", f"{tmp_path / 'idle.py'}:Idle"]) == 0
    (row,) = json.loads((tmp_path / "out" / "claims.json").read_text())
    assert row["measured"] == 0.0
