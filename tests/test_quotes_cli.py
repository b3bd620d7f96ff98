"""`alvh compare --chains`: made-up chains in a folder, the summary, terminal, report, and what is wrong."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import platformdirs
import pytest
from chain_scenes import bumped_store, write_folder
from engine_fixtures import embedded

from alvh_bt.cli.main import run
from alvh_bt.contracts import epoch_day

WINDOW = ["--start", "2015-07-01", "--end", "2015-07-31", "--hedge", "none", "--hedge", "static-calls"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bumped chains of every close from 2015-06-29 to 2015-07-24, a week short of the window."""
    store = bumped_store(embedded().market, "2015-06-29", "2015-07-24", max_dte=60)
    return write_folder(store, tmp_path_factory.mktemp("chains"))


@pytest.fixture(autouse=True)
def cache_dir(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Converted chains go to a folder of the test's own."""
    home = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_: str(home))


def compared(folder: Path, out: Path, *more: str) -> dict:
    assert run(["compare", *WINDOW, "--chains", str(folder), "--out", str(out), *more]) == 0
    return json.loads((out / "summary.json").read_text())


def exact_table(folder: Path) -> pd.DataFrame:
    """The made-up quotes, every digit of them."""
    table = pd.read_csv(folder / "made_up.csv", dtype=str)
    for name in ("strike", "bid", "ask"):
        table[name] = [float(text) for text in table[name]]
    return table


def test_fills_and_marks_are_real_and_counted(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = compared(folder, tmp_path / "out")
    chains = summary["chains"]
    assert summary["settings"]["book"]["fill"] == "next_close"
    assert summary["window"]["sessions"] == 22 and chains["sessions_with_quotes"] == 17
    assert chains["files"] == {"made_up.csv": "canonical"}
    trades = pd.read_parquet(tmp_path / "out" / "trades.parquet").query("action != 'settle'")
    table = exact_table(folder)
    for variant, told in chains["variants"].items():
        ours = trades[trades["variant"] == variant]
        keyed = ours.assign(quote_date=ours["date"].dt.strftime("%Y-%m-%d"), type=ours["right"])
        keyed["expiration"] = ours["expiry"].dt.strftime("%Y-%m-%d")
        keys = ["quote_date", "root", "expiration", "strike", "type"]
        met = keyed.merge(table, how="left", on=keys)
        real = met[met["bid"].notna()]
        wanted = np.where(real["contracts"] > 0.0, real["ask"], real["bid"])
        np.testing.assert_array_equal(real["price"], wanted)
        assert told["option_fills"] == len(met) and len(real) > 0
        assert told["fills_quoted"] == pytest.approx(len(real) / len(met), rel=1e-9)
        # The five sessions without a chain follow the last one: nothing is left to the model alone.
        assert told["marks_modelled"] == 0.0 < told["marks_shifted"] < 0.5 < told["marks_quoted"]
    assert summary["inputs"]["spx_quotes"]["observed"] == pytest.approx(17 / 22, rel=1e-9)
    assert summary["inputs"]["vix_quotes"]["observed"] == pytest.approx(17 / 22, rel=1e-9)
    shown = " ".join(capsys.readouterr().out.split())
    assert "Real quotes: 17 sessions (77%)" in shown
    assert "filled at the next close's bid and ask (book.fill = next_close)" in shown
    assert "chains have usable quotes on 17 of 22 sessions; others keep the last ones' distance" in shown
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Real quotes and the model" in page and "filled at the next close" in page


def test_the_marks_of_a_held_condor_are_the_bumped_mids(folder: Path, tmp_path: Path) -> None:
    compared(folder, tmp_path / "out")
    trades = pd.read_parquet(tmp_path / "out" / "trades.parquet").query("variant == 'none'")
    daily = pd.read_parquet(tmp_path / "out" / "daily.parquet").query("variant == 'none'").set_index("date")
    table = exact_table(folder)
    day = pd.Timestamp("2015-07-15")
    held = trades[trades["date"] <= day].groupby(["root", "expiry", "strike", "right"])["contracts"].sum()
    value = 0.0
    for (root, expiry, strike, right), contracts in held[held.abs() > 1e-9].items():
        row = table[
            (table["quote_date"] == "2015-07-15")
            & (table["root"] == root)
            & (table["expiration"] == f"{expiry:%Y-%m-%d}")
            & (table["strike"] == strike)
            & (table["type"] == right)
        ].iloc[0]
        value += contracts * 100.0 * 0.5 * (row["bid"] + row["ask"])
    assert value < -100.0
    # NAV and cash are of 250,000 USD, each good to sixteen digits.
    assert daily.loc[day, "nav"] - daily.loc[day, "cash"] == pytest.approx(value, abs=1e-6)


def test_a_study_that_names_its_fills_is_respected(folder: Path, tmp_path: Path) -> None:
    study = tmp_path / "study.toml"
    study.write_text('[book]\nfill = "next_open"\n')
    summary = compared(folder, tmp_path / "out", "--config", str(study))
    assert summary["settings"]["book"]["fill"] == "next_open"
    assert all(told["fills_quoted"] == 0.0 for told in summary["chains"]["variants"].values())
    assert "moved by the quotes of the close before" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.long
def test_the_run_id_follows_the_chains(folder: Path, tmp_path: Path) -> None:
    first = compared(folder, tmp_path / "first")
    assert compared(folder, tmp_path / "again")["run_id"] == first["run_id"]
    changed = tmp_path / "chains"
    shutil.copytree(folder, changed)
    lines = (changed / "made_up.csv").read_text().splitlines()
    (changed / "made_up.csv").write_text("\n".join(lines[:-1]) + "\n")
    assert compared(changed, tmp_path / "second")["run_id"] != first["run_id"]


def test_without_chains_there_is_no_word_of_them(tmp_path: Path) -> None:
    assert run(["compare", *WINDOW, "--out", str(tmp_path / "out")]) == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert "chains" not in summary and "spx_quotes" not in summary["inputs"]
    assert summary["settings"]["book"]["fill"] == "next_open"
    assert "Real quotes" not in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--start", "2016-02-01", "--end", "2016-03-01"], 3, "they hold 2015-06-29 to 2015-07-24"),
        (["--config", "bad.toml"], 2, "book"),
    ],
)
def test_what_is_wrong_with_chains_is_said_in_one_line(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_text("book = 5\n")
    assert run(["compare", "--chains", str(folder), "--out", "out", *arguments]) == status
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("alvh: ") and said in error
    assert not Path("out").exists()


def test_an_absent_folder_of_chains_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", *WINDOW, "--chains", "absent"]) == 3
    error = capsys.readouterr().err
    assert "absent" in error and len(error.splitlines()) == 1


def test_real_chains_of_january_2011(real_data_dir: Path, tmp_path: Path) -> None:
    """Five days of real quotes: condors are entered at the monthly expiry's bids and asks."""
    chosen = tmp_path / "chains"
    chosen.mkdir()
    shutil.copy(real_data_dir / "chains" / "spx_2011-01-03_2011-01-07.csv.gz", chosen)
    arguments = ["--data", str(real_data_dir / "market"), "--chains", str(chosen), "--hedge", "none"]
    window = ["--start", "2011-01-03", "--end", "2011-01-07"]
    assert run(["compare", *arguments, *window, "--out", str(tmp_path / "out")]) == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["chains"]["sessions_with_quotes"] == 5
    assert summary["chains"]["variants"]["none"]["fills_quoted"] == 1.0
    assert summary["chains"]["variants"]["none"]["marks_quoted"] == 1.0
    trades = pd.read_parquet(tmp_path / "out" / "trades.parquet")
    table = pd.read_csv(chosen / "spx_2011-01-03_2011-01-07.csv.gz", parse_dates=["quote_date", "expiration"])
    assert len(trades) == 4
    for row in trades.itertuples():
        quote = table[
            (table["quote_date"] == row.date)
            & (table["root"] == row.root)
            & (table["expiration"] == row.expiry)
            & (table["strike"] == row.strike)
            & (table["type"] == row.right)
        ].iloc[0]
        assert row.price == quote["ask" if row.contracts > 0 else "bid"]
    assert epoch_day(trades["date"].iloc[0].date()) == epoch_day(dt.date(2011, 1, 4))
