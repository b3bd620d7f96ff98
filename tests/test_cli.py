"""The command line: outputs, exit statuses, and one clear line for everything that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from alvh_bt.cli.logs import LOG_FILE
from alvh_bt.cli.main import run

WINDOW = ["--start", "2015-07-01", "--end", "2015-10-30"]
TABLES = ("daily", "trades", "journal", "attribution", "exposures", "profile", "states")
OUTPUTS = {
    LOG_FILE,
    "summary.json",
    "report.html",
    "returns.csv",
    "figures",
    *(f"{name}.parquet" for name in TABLES),
}

# What `alvh compare --out DIR` promises for each variant of summary.json.
VARIANT_KEYS = {
    "pnl_usd", "total_return", "cagr", "ann_vol", "sharpe", "sortino", "max_drawdown", "max_drawdown_days",
    "cvar_95", "condor_pnl_usd", "hedge_pnl_usd", "costs_usd", "hedge_decay", "decay_to_theta",
    "hedge_efficiency", "trades", "margin_peak_usd",
}  # fmt: skip


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same comparison on the embedded sample, written twice."""
    folders = tuple(tmp_path_factory.mktemp("out") / name for name in ("first", "second"))
    for folder in folders:
        assert run(["compare", *WINDOW, "--out", str(folder)]) == 0
    return folders


def test_everything_promised_is_written(two_runs: tuple[Path, Path]) -> None:
    out = two_runs[0]
    assert {path.name for path in out.iterdir()} == OUTPUTS
    assert {path.name for path in (out / "figures").iterdir()} >= {
        "nav.png",
        "drawdown.png",
        "hedge_carry.png",
        "vix_layers.png",
    }
    summary = json.loads((out / "summary.json").read_text())
    assert list(summary["variants"]) == ["none", "static-calls", "static-futures", "layered"]
    assert all(set(variant) >= VARIANT_KEYS for variant in summary["variants"].values())
    assert summary["window"] == {"start": "2015-07-01", "end": "2015-10-30", "sessions": 86}
    shares = summary["inputs"]["vx_futures"]
    assert shares["modelled"] == 1.0 and shares["observed"] == 0.0


def test_the_same_command_twice_gives_the_same_bytes(two_runs: tuple[Path, Path]) -> None:
    first, second = two_runs
    for path in (path for path in first.rglob("*") if path.is_file() and path.name != LOG_FILE):
        name = path.relative_to(first)
        assert path.read_bytes() == (second / name).read_bytes(), name


def test_nav_moves_by_the_pnl_columns(two_runs: tuple[Path, Path]) -> None:
    daily = pd.read_parquet(two_runs[0] / "daily.parquet")
    for _, rows in daily.groupby("variant"):
        moves = rows["nav"].diff().fillna(rows["nav"].iloc[0] - 250_000.0)
        told = rows["condor_pnl"] + rows["hedge_pnl"] + rows["interest"]
        # Sums of doubles around 250,000: rounding is below a millionth of a dollar.
        assert (moves - told).abs().max() < 1e-6


def test_the_report_is_self_contained(two_runs: tuple[Path, Path]) -> None:
    page = (two_runs[0] / "report.html").read_text(encoding="utf-8")
    assert "http://" not in page and "https://" not in page
    assert "data:image/png;base64," in page


def test_one_hedge_and_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", *WINDOW, "--hedge", "none"]) == 0
    out = capsys.readouterr().out
    assert "2015-07-01 to 2015-10-30" in out
    assert "Inputs modelled" in out


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["compare", "--hedge", "gold"], 2, "unknown hedge 'gold'; choose from none, static-calls"),
        (["compare", "--start", "yesterday"], 2, "'yesterday' is not a date: write it as 2006-03-01"),
        (["compare", "--strat", "2015-01-01"], 2, "No such option: --strat"),
        (["comprae"], 2, "Did you mean 'compare'"),
        (["compare", "--start", "2016-01-01", "--end", "2015-01-01"], 2, "start is after end"),
        (["compare", "--config", "absent.toml"], 2, "study file absent.toml does not exist"),
        (["compare", "--data", "absent"], 3, "absent: no such folder"),
        (["compare", "--start", "2031-01-01"], 3, "choose dates between 2014-01-03 and 2018-12-31"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str],
    status: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run([*arguments, "--out", "out"] if arguments[0] == "compare" else arguments) == status
    error = capsys.readouterr().err
    assert said in error and error.startswith("alvh: ")
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_bad_settings_name_the_setting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = tmp_path / "study.toml"
    study.write_text("[condor]\nshort_delta = 0.7\n")
    assert run(["compare", "--config", str(study)]) == 2
    assert "condor.short_delta = 0.7" in capsys.readouterr().err


def test_a_broken_file_stops_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "spx.csv").write_text("date,open,high,low,close,volume\n2015-01-02,10,11,9,ten,5\n")
    (tmp_path / "vix.csv").write_text("date,open,high,low,close\n2015-01-02,15,16,14,15\n")
    assert run(["compare", "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 3
    error = capsys.readouterr().err
    assert "spx.csv" in error and "row 2" in error and "ten" in error
    assert not (tmp_path / "out").exists()


def test_a_run_that_cannot_meet_its_margin_ends_with_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study.toml"
    study.write_text("[book]\nstarting_cash = 8000.0\n")
    assert run(["compare", *WINDOW, "--hedge", "none", "--config", str(study)]) == 1
    error = capsys.readouterr().err
    assert "none: margin not met on 2015-" in error and "short by" in error


def test_settings_of_a_file_are_used_and_options_override_them(tmp_path: Path) -> None:
    study = tmp_path / "study.toml"
    study.write_text('start = 2015-07-01\nend = 2016-01-01\nhedges = ["none"]\n[condor]\nshort_delta = 0.2\n')
    out = tmp_path / "out"
    assert run(["compare", "--config", str(study), "--end", "2015-09-30", "--out", str(out)]) == 0
    summary = json.loads((out / "summary.json").read_text())
    assert summary["window"]["end"] == "2015-09-30"
    assert summary["settings"]["condor"]["short_delta"] == 0.2
    deltas = pd.read_parquet(out / "trades.parquet").query("layer == 'short_put' and action == 'open'")[
        "delta"
    ]
    # Entries aim at 0.20 on the listed grid and are filled at the next open, so that they scatter around it.
    assert abs(-deltas.mean() - 0.2) < 0.05


def test_the_verdict_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", *WINDOW, "--hedge", "none", "--hedge", "static-calls"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("From 2015-07-01 to 2015-10-30 static-calls ")


def test_the_report_is_drawn_again_from_the_files(
    two_runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, again = two_runs[0], tmp_path / "again"
    assert run(["report", str(out), "--out", str(again)]) == 0
    assert f"written to {again}: report.html and " in capsys.readouterr().out
    assert (again / "report.html").read_bytes() == (out / "report.html").read_bytes()
    figures = {path.name: path.read_bytes() for path in (out / "figures").iterdir()}
    assert {path.name: path.read_bytes() for path in (again / "figures").iterdir()} == figures
    assert not (again / "summary.json").exists()


def test_a_report_of_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", str(tmp_path / "nothing")]) == 3
    assert capsys.readouterr().err == (
        f"alvh: {tmp_path / 'nothing' / 'summary.json'} does not exist; "
        "give a folder that alvh compare --out wrote\n"
    )
    assert not (tmp_path / "nothing").exists()


def test_a_crisis_of_the_command_line_is_told(tmp_path: Path) -> None:
    window = ["--crisis", "Black Monday week=2015-08-20:2015-08-28"]
    assert run(["compare", *WINDOW, "--hedge", "none", *window, "--out", str(tmp_path / "out")]) == 0
    told = json.loads((tmp_path / "out" / "summary.json").read_text())["crises"]
    assert [each["name"] for each in told] == ["Aug 2015", "Black Monday week"]
    assert told[1]["sessions"] == 7
    # Published closes, to a cent: 2,079.61 on the 19th, 1,988.87 on the 28th.
    assert told[1]["spx_return"] == pytest.approx(1988.87 / 2079.61 - 1.0, abs=5e-6)


def test_a_crisis_is_told_in_the_terminal_and_one_outside_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    crises = ["--crisis", "mine=2015-08-20:2015-08-28", "--crisis", "long ago=1990-01-01:1990-02-01"]
    assert run(["compare", *WINDOW, "--hedge", "none", *crises]) == 0
    out = capsys.readouterr().out
    assert "mine: 2015-08-20 to 2015-08-28, 7 sessions, S&P 500 -4.36%" in out
    assert "crisis 'long ago' (1990-01-01 to 1990-02-01) lies outside of the window" in out


def test_a_window_too_short_to_resample_is_refused_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = ["--start", "2015-07-01", "--end", "2015-07-10", "--paths", "3", "--out", str(tmp_path / "out")]
    assert run(["compare", *short]) == 3
    told = capsys.readouterr()
    assert told.out == "" and "widen it to 22" in told.err
    assert not (tmp_path / "out").exists()


def test_equal_protection_needs_no_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "study.toml").write_text('[comparison]\nmatch = "protection"\n')
    hedges = ["--hedge", "static-calls", "--hedge", "static-futures"]
    assert run(["compare", *WINDOW, *hedges, "--config", str(tmp_path / "study.toml")]) == 0
    assert "At equal protection (" in " ".join(capsys.readouterr().out.split())


@pytest.mark.long
def test_resampled_histories_are_told_and_read_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, again = tmp_path / "out", tmp_path / "again"
    hedges = ["--hedge", "none", "--hedge", "static-calls"]
    assert run(["compare", *WINDOW, *hedges, "--paths", "2", "--out", str(out)]) == 0
    assert "2 resampled histories of 2015-07-01 to 2015-10-30" in " ".join(capsys.readouterr().out.split())
    paths = json.loads((out / "summary.json").read_text())["paths"]
    rows = pd.read_parquet(out / "paths.parquet")
    assert paths["paths"] == 2 and len(rows) == 4
    assert (out / "figures" / "paths.png").read_bytes()[:4] == b"\x89PNG"
    assert run(["report", str(out), "--out", str(again)]) == 0
    assert (again / "report.html").read_bytes() == (out / "report.html").read_bytes()
    for name in ("paths.png", "paths.svg"):
        assert (again / "figures" / name).read_bytes() == (out / "figures" / name).read_bytes(), name


@pytest.mark.parametrize("group", ["data", "sweep"])
def test_a_group_without_a_command_shows_its_help(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([group]) == 2
    said = capsys.readouterr()
    assert f"Usage: alvh {group}" in said.out + said.err
    assert said.err.endswith("alvh: no command was given; see alvh --help\n")


def test_only_commands_with_a_folder_promise_a_log_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "--help"]) == 0
    assert LOG_FILE in capsys.readouterr().out
    assert run(["doctor", "--help"]) == 0
    assert LOG_FILE not in capsys.readouterr().out
