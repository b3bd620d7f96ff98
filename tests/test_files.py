"""The output folder: what is in it, in what types, the same bytes twice, and never half of it."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from synthetic_runs import CASH, long_comparison, small_run

from alvh_bt.analysis.plain import json_text
from alvh_bt.analysis.summary import summarise
from alvh_bt.cli.main import run as run_alvh
from alvh_bt.engine.results import DAILY_COLUMNS, JOURNAL_COLUMNS, TRADE_COLUMNS
from alvh_bt.errors import ConfigError, DataError
from alvh_bt.placing import check_out, place_files
from alvh_bt.report.files import render_outputs, write_outputs
from alvh_bt.report.saved import load_result, parquet_bytes, table_files

NAMES = ("nav", "drawdown", "hedge_carry", "vix_layers", "overview", "regimes")
FIGURES = {f"{name}.{kind}" for name in NAMES for kind in ("png", "svg")}


@pytest.fixture(scope="module")
def result():
    return long_comparison(sessions=300, stop_static=True)


@pytest.fixture(scope="module")
def out(result, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "new" / "out"
    write_outputs(result, folder, summarise(result, draws=100))
    return folder


def test_the_folder_holds_every_file_and_nothing_else(out):
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    files = {
        *("summary.json", "report.html", "returns.csv"),
        *(f"{name}.parquet" for name in ("daily", "trades", "journal", "states")),
    }
    assert found == files | {f"figures/{name}" for name in FIGURES}


def test_summary_on_disk_is_the_summary(result, out):
    assert json.loads((out / "summary.json").read_text()) == summarise(result, draws=100)


@pytest.mark.parametrize(
    ("name", "columns"), [("daily", DAILY_COLUMNS), ("trades", TRADE_COLUMNS), ("journal", JOURNAL_COLUMNS)]
)
def test_tables_are_long_with_the_variant_after_the_date(result, out, name, columns):
    table = pd.read_parquet(out / f"{name}.parquet")
    assert tuple(table.columns) == ("date", "variant", *columns)
    assert list(table["variant"].unique()) == [run.variant for run in result.runs]
    assert len(table) == sum(len(getattr(run, name)) for run in result.runs)


def test_column_types(out):
    trades = pd.read_parquet(out / "trades.parquet")
    assert {str(trades[name].dtype) for name in ("date", "expiry")} == {"datetime64[us]"}
    for name in ("variant", "book", "layer", "action", "root", "right", "reason"):
        assert pd.api.types.is_string_dtype(trades[name]), name
    for name in ("strike", "contracts", "contract_multiplier", "price", "fees_usd", "delta"):
        assert trades[name].dtype == "float64", name
    assert trades.loc[trades["root"] == "VX", "right"].isna().all()
    assert set(trades["right"].dropna()) == {"P", "C"}


def test_values_survive(result, out):
    table = pd.read_parquet(out / "daily.parquet")
    last = result.runs[-1]
    stored = table[table["variant"] == last.variant].drop(columns="variant").reset_index(drop=True)
    pd.testing.assert_frame_equal(stored, last.daily, check_exact=True, check_dtype=False)


def test_runs_without_trades_leave_typed_empty_tables(tmp_path):
    run = small_run([1.0, 2.0])
    for frame, columns in ((run.trades, TRADE_COLUMNS), (run.journal, JOURNAL_COLUMNS)):
        path = tmp_path / "empty.parquet"
        path.write_bytes(parquet_bytes([("none", frame)], columns))
        table = pd.read_parquet(path)
        assert len(table) == 0
        assert str(table["date"].dtype) == "datetime64[us]"
        assert table["price"].dtype == "float64"


def test_the_same_runs_give_the_same_bytes(result):
    summary = summarise(result, draws=100)
    assert render_outputs(result, summary) == render_outputs(result, summary)


def test_foreign_files_stay_and_own_files_are_replaced(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "summary.json").write_text("old")
    place_files({"figures/nav.png": b"picture", "summary.json": b"new"}, tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "summary.json").read_bytes() == b"new"
    assert (tmp_path / "figures" / "nav.png").read_bytes() == b"picture"
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "summary.json", "figures"}


def fail_on(name: str, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    write = Path.write_bytes

    def failing(self: Path, content: bytes) -> int:
        if self.name == name:
            write(self, content[: len(content) // 2])
            raise error
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", failing)


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("old")
    fail_on("b.txt", monkeypatch, OSError(28, "No space left on device"))
    with pytest.raises(ConfigError, match="No space left on device"):
        place_files({"a.txt": b"new", "b.txt": b"new"}, tmp_path)
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_an_interruption_leaves_no_new_folder(tmp_path, monkeypatch):
    fail_on("b.txt", monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        place_files({"a.txt": b"new", "b.txt": b"new"}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_failure_while_drawing_writes_nothing(result, tmp_path, monkeypatch):
    def broken(*_: object) -> dict[str, bytes]:
        raise ValueError("no picture")

    monkeypatch.setattr("alvh_bt.report.figures.draw_figures", broken)
    with pytest.raises(ValueError, match="no picture"):
        write_outputs(result, tmp_path / "out", {})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("inside", [".", "below"])
def test_a_file_in_the_place_of_the_folder(tmp_path, inside):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(ConfigError, match="is a file, not a folder; give --out a folder") as caught:
        check_out(tmp_path / "taken" / inside)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_folder_in_the_place_of_a_file(tmp_path):
    (tmp_path / "summary.json").mkdir()
    with pytest.raises(ConfigError, match=r"a folder is in the place of a file .*summary\.json"):
        place_files({"a.txt": b"new", "summary.json": b"new"}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]


def test_a_folder_without_permission(tmp_path, monkeypatch):
    # The superuser, who may run the tests, is refused nothing: the system's answer is replaced.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ConfigError, match=r"no permission to write in .*; give --out a folder"):
        check_out(tmp_path / "out")


def test_a_comparison_read_back_is_drawn_the_same(result, out):
    back, summary = load_result(out)
    assert summary == summarise(result, draws=100)
    for name, content in render_outputs(back, summary).items():
        if name.endswith(".parquet"):
            # Its bytes name the types of the frame that it was written from; its rows do not.
            written = pd.read_parquet(io.BytesIO(content))
            assert_frame_equal(written, pd.read_parquet(out / name), check_exact=True)
        else:
            assert content == (out / name).read_bytes(), name


def test_daily_returns_multiply_to_the_last_nav(result, out):
    returns = pd.read_csv(out / "returns.csv", index_col="date", parse_dates=True)
    for run in result.runs:
        grown = CASH * (1.0 + returns[run.variant]).prod()
        # Each of 300 steps rounds once.
        assert grown == pytest.approx(run.daily["nav"].iloc[-1], rel=1e-12)
    assert returns.index.tz is None and returns["static-calls"].isna().sum() == 150


@pytest.mark.parametrize("name", ["summary.json", "daily.parquet", "states.parquet"])
def test_a_folder_that_lacks_a_file_is_refused_by_name(out, tmp_path, name):
    copy = tmp_path / "copy"
    shutil.copytree(out, copy)
    (copy / name).unlink()
    with pytest.raises(DataError, match=name.replace(".", r"\.")):
        load_result(copy)
    (copy / name).write_text("no table")
    with pytest.raises(DataError, match="cannot be read"):
        load_result(copy)


@pytest.fixture
def copy(out, tmp_path) -> Path:
    """The files that a comparison is read back from, to be changed."""
    return Path(shutil.copytree(out, tmp_path / "copy", ignore=shutil.ignore_patterns("figures", "*.html")))


def refused(folder: Path) -> str:
    """The one line with which a folder is refused: it says what to do."""
    with pytest.raises(DataError) as caught:
        load_result(folder)
    line = str(caught.value)
    assert "\n" not in line
    assert line.endswith(("run alvh compare --out again", "give a folder that alvh compare --out wrote"))
    return line


def without(name: str) -> Callable[[dict], object]:
    return lambda summary: summary.pop(name)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (without("window"), "lacks 'window'"),
        (without("variants"), "lacks 'variants'"),
        (without("comparisons"), "lacks 'comparisons'"),
        (without("settings"), "lacks 'settings'"),
        (without("inputs"), "lacks 'inputs'"),
        (without("notes"), "lacks 'notes'"),  # written before 0.4.0
        (without("signals_unavailable"), "lacks 'signals_unavailable'"),
        (lambda summary: summary["window"].update(start="soon"), "window.start must be a date like"),
        (lambda summary: summary["window"].update(sessions=True), "window.sessions must be a whole number"),
        (lambda summary: summary.update(window=1), "window must be a table, not 1"),
        (lambda summary: summary.update(variants=2), "variants must be a table, not 2"),
        (lambda summary: summary.update(variants={}), "variants is empty"),
        (lambda summary: summary["variants"].update(none=3), "variants.none must be a table, not 3"),
        (lambda summary: summary["variants"]["layered"].pop("cagr"), "lacks 'variants.layered.cagr'"),
        (lambda summary: summary["variants"]["layered"].update(cagr="much"), "cagr must be a number, not 'm"),
        (lambda summary: summary["variants"]["none"].pop("stopped"), "lacks 'variants.none.stopped'"),
        (lambda summary: summary["comparisons"][0].pop("ci_low"), "lacks 'comparisons.1.ci_low'"),
        (lambda summary: summary["inputs"].update(vvix=[1]), "inputs.vvix must be a table"),
        (
            lambda summary: summary["inputs"]["vvix"].update(modelled="all"),
            "vvix.modelled must be a number",
        ),
        (
            lambda summary: summary.update(signals_unavailable={"pe": None}),
            "pe must be a number",
        ),
        (lambda summary: summary.update(notes=[1]), "notes must be sentences"),
        (lambda summary: summary.update(crises=[1]), "crises.1 must be a table"),
        (lambda summary: summary.update(matched=[1]), "matched must be a table"),
        (lambda summary: summary["settings"].pop("book"), "lacks 'settings.book'"),
        (
            lambda summary: summary["settings"]["book"].update(starting_cash="1"),
            "starting_cash must be a num",
        ),
        (lambda summary: summary.update(paths={"paths": 3}), "lacks 'window'"),
    ],
)
def test_a_summary_that_cannot_be_drawn_is_refused_by_what_is_wrong(copy, change, says):
    path = copy / "summary.json"
    summary = json.loads(path.read_text())
    change(summary)
    path.write_text(json.dumps(summary))
    line = refused(copy)
    assert line.startswith(str(path)) and says in line


def test_a_summary_of_two_numbers_is_refused(copy):
    (copy / "summary.json").write_text('{"window": 1, "variants": 2}')
    assert "summary.json lacks 'run_id'" in refused(copy)


def later(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(date=table["date"] + pd.Timedelta(days=14))


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        (
            "daily",
            later,
            "from 2006-03-15 to 2007-05-08, summary.json says 300 from 2006-03-01",
        ),
        ("daily", lambda table: table[table["date"] < "2007-04-24"], "it has 299 sessions"),
        ("daily", lambda table: table.drop(index=5), "none has other sessions than the longest run"),
        (
            "daily",
            # A Saturday in the place of a Friday, in every run.
            lambda table: table.assign(date=table["date"].replace("2006-03-10", "2006-03-11")),
            "states.parquet does not cover the sessions of daily.parquet: it has no row of 2006-03-11",
        ),
        ("daily", lambda table: table.assign(nav=table["nav"] + 1.0), "the last NAV of none makes a P&L of"),
        ("daily", lambda table: table[table["variant"] != "layered"], "summary.json also has layered"),
        ("daily", lambda table: table.replace({"variant": {"none": "x"}}), "summary.json does not know x"),
        ("daily", lambda table: table.drop(columns="nav"), "daily.parquet lacks the column nav"),
        ("daily", lambda table: table.assign(nav="much"), "daily.parquet: nav must be numbers"),
        ("daily", lambda table: table.assign(date=1.0), "daily.parquet: date must be dates"),
        ("trades", later, "trades.parquet is of another comparison: none has rows outside"),
        ("journal", later, "journal.parquet is of another comparison: none has rows outside"),
        ("states", lambda table: table.drop(index=7), "does not cover the sessions"),
        ("states", lambda table: table.iloc[::-1], "it has other sessions"),
        ("states", lambda table: table.drop(columns="date"), "states.parquet lacks the column date"),
        ("states", lambda table: table.drop(columns="vvix"), "states.parquet lacks the column vvix"),
    ],
)
def test_a_table_of_another_comparison_is_refused(copy, name, change, says):
    path = copy / f"{name}.parquet"
    change(pd.read_parquet(path)).to_parquet(path, index=False)
    line = refused(copy)
    assert ".parquet" in line and says in line


def test_a_last_nav_is_told_apart_by_a_cent(copy):
    """Starting cash 250,000 and a P&L of some 10,000 USD: ten digits of either are less than a cent."""
    path = copy / "daily.parquet"
    table = pd.read_parquet(path)
    table.loc[table["variant"].eq("layered") & table["date"].eq("2007-04-24"), "nav"] += 0.01
    table.to_parquet(path, index=False)
    assert "the last NAV of layered" in refused(copy)


def test_runs_that_all_stopped_early_are_read_back(result, tmp_path):
    """None reaches the last session of the window; the states do."""
    short = [replace(run.until(pd.Timestamp("2006-06-30")), stopped="no cash") for run in result.runs]
    stopped = replace(result, runs=tuple(short))
    summary = json_text(summarise(stopped, draws=20)).encode()
    place_files({**table_files(stopped), "summary.json": summary}, tmp_path / "out")
    back, _ = load_result(tmp_path / "out")
    assert back.sessions == 88 and len(back.states) == 300  # weekdays from 2006-03-01 to 2006-06-30


def test_a_report_of_a_file_is_told_that_a_folder_is_due(out, capsys):
    assert run_alvh(["report", str(out / "summary.json")]) == 2
    assert capsys.readouterr().err == (
        f"alvh: FOLDER {out / 'summary.json'} is a file; give the folder that alvh compare --out wrote\n"
    )


def test_a_folder_that_does_not_fit_ends_in_one_line(copy, capsys):
    (copy / "summary.json").write_text('{"window": 1, "variants": 2}')
    assert run_alvh(["report", str(copy)]) == 3
    said = capsys.readouterr().err
    assert said.startswith(f"alvh: {copy / 'summary.json'} lacks ") and said.count("\n") == 1
