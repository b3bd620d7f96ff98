"""The output folder: what is in it, in what types, the same bytes twice, and never half of it."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from synthetic_runs import CASH, long_comparison, small_run

from alvh_bt.analysis.summary import summarise
from alvh_bt.engine.results import DAILY_COLUMNS, JOURNAL_COLUMNS, TRADE_COLUMNS
from alvh_bt.errors import ConfigError, DataError
from alvh_bt.report.files import check_out, place_files, render_outputs, write_outputs
from alvh_bt.report.saved import load_result, parquet_bytes

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


def test_an_old_summary_is_refused_by_what_it_lacks(out, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(out, copy)
    summary = json.loads((copy / "summary.json").read_text())
    del summary["notes"]
    (copy / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(DataError, match="lacks 'notes'"):
        load_result(copy)
