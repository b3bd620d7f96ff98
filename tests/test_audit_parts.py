"""The parts of an audit by themselves: cuts, other futures, the ledger, what warns, the command."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from engine_fixtures import embedded, window_study

from alvh_bt.audit.clock import clock_ahead
from alvh_bt.audit.conduct import imported, judged
from alvh_bt.audit.findings import Finding
from alvh_bt.audit.ledger import check_books
from alvh_bt.audit.look_ahead import choose_cuts, first_difference, other_future
from alvh_bt.audit.run import told_apart
from alvh_bt.audit.sensitivity import DOUBLED, Figures, compare_settings
from alvh_bt.audit.subjects import World, check_subject, load_subject, run_subject
from alvh_bt.cli.main import run
from alvh_bt.engine.results import RunResult
from alvh_bt.errors import ConfigError
from alvh_bt.own_class import load_own

#: A module that asks for the day in many ways, and must still know a date when it sees one.
CLOCKS = """
import datetime
import sys
import time
from datetime import date, datetime as moment

import pandas as pd

sys.path.insert(0, __file__.rpartition("/")[0])
import clock_helper

NOW = date.today()
sys.path.pop(0)


class Day(date):
    pass


class Mine:
    @staticmethod
    def tells():
        import time as late

        real = pd.Timestamp(2020, 1, 2).to_pydatetime()
        assert isinstance(real, date) and isinstance(real, moment) and issubclass(type(real), date)
        assert type(Day(2020, 1, 2)) is Day and isinstance(Day(2020, 1, 2), Day)
        assert not isinstance(real.date(), (moment, Day)) and date(2020, 1, 2) == real.date()
        assert time.localtime(0.0).tm_year in (1969, 1970)
        return [
            NOW,
            datetime.date.today(),
            moment.now().date(),
            moment.now(datetime.UTC).date(),
            date.fromtimestamp(late.time()),
            date(*time.gmtime()[:3]),
            date(*clock_helper.localtime()[:3]),
            date.fromisoformat(time.strftime("%Y-%m-%d")),
            moment.strptime(time.ctime(), "%c").date(),
            moment.strptime(time.asctime(), "%c").date(),
            pd.Timestamp.now().date(),
        ]
"""

STUDY = window_study("2015-07-01", "2015-09-30")


@cache
def futures_run() -> RunResult:
    found = run_subject(World(*embedded()), STUDY, load_subject("static-futures")).run
    assert found is not None
    return found


def tampered(frame: str, column: str, row: int, add: float) -> RunResult:
    changed = getattr(futures_run(), frame).copy()
    changed.loc[row, column] += add
    return dataclasses.replace(futures_run(), **{frame: changed})


def test_the_ledger_agrees_with_honest_books() -> None:
    books = check_books(futures_run(), World(*embedded()), STUDY)
    assert books.wrong == []
    assert books.days == len(futures_run().daily)
    assert books.worst_usd < 1e-6


@pytest.mark.parametrize(
    ("frame", "column", "row", "add", "words"),
    [
        ("daily", "cash", 30, 0.01, "cash differs by 0.010000 USD"),
        ("daily", "nav", 30, -0.01, "nav differs by 0.010000 USD"),
        ("daily", "hedge_pnl", 30, 0.01, "hedge_pnl differs by 0.010000 USD"),
        ("daily", "interest", 30, 0.01, "interest differs by 0.010000 USD"),
        ("trades", "fees_usd", 0, 0.5, "fees of"),
        ("trades", "contracts", 6, 0.25, "differs by"),
        ("trades", "contract_multiplier", 0, 1.0, "multiplier 101 in place of 100"),
        ("trades", "lot", 0, 1000, "differs by"),
    ],
)
def test_the_ledger_finds_what_was_tampered_with(frame, column, row, add, words) -> None:
    books = check_books(tampered(frame, column, row, add), World(*embedded()), STUDY)
    assert any(words in wrong for wrong in books.wrong) or (words == "differs by" and books.wrong)


def test_a_fill_better_than_the_mid_is_found() -> None:
    bought = futures_run().trades.query("contracts > 0 and action == 'open'").index[0]
    books = check_books(tampered("trades", "price", bought, -2.0), World(*embedded()), STUDY)
    assert any("better than the mid" in wrong for wrong in books.wrong)


def test_a_position_held_after_its_settlement_is_found() -> None:
    trades = futures_run().trades
    lot = trades.query("action != 'open'")["lot"].iloc[0]
    kept = trades[(trades["lot"] != lot) | (trades["action"] == "open")].reset_index(drop=True)
    kept.loc[kept["lot"] == lot, "expiry"] = kept["date"].iloc[0]
    run_kept = dataclasses.replace(futures_run(), trades=kept)
    wrong = check_books(run_kept, World(*embedded()), STUDY).wrong
    assert any("held after settlement" in line for line in wrong)


def test_cuts_are_seeded_and_hold_the_eve_of_the_largest_move() -> None:
    market = embedded().market
    first, last = market.window(dt.date(2018, 1, 2), dt.date(2018, 3, 29))
    cuts = choose_cuts(market, first, last, 6, 1)
    assert cuts == choose_cuts(market, first, last, 6, 1) != choose_cuts(market, first, last, 6, 2)
    assert {dt.date(2018, 2, 2), dt.date(2018, 2, 5)} <= set(cuts)  # 5 February: VIX from 17.3 to 37.3
    assert len(set(cuts)) == 6
    assert cuts == sorted(cuts)


def test_another_future_leaves_the_past_and_keeps_bars_whole() -> None:
    market, cut = embedded().market, dt.date(2018, 2, 2)
    other, after = other_future(market, cut, 3), market.index_of(cut) + 1
    for name, values in market.columns.items():
        np.testing.assert_array_equal(other.columns[name][:after], values[:after])
    ratio = other.columns["spx_close"][after:] / market.columns["spx_close"][after:]
    assert 0.69 < ratio.min() < 0.8 < 1.3 < ratio.max() < 1.41
    assert (other.columns["spx_high"][after:] >= other.columns["spx_low"][after:]).all()


def test_the_first_difference_is_told_with_its_day_and_values() -> None:
    other = tampered("daily", "cash", 30, 1e-9)
    gap = first_difference(futures_run(), other)
    day = futures_run().daily["date"].iloc[30]
    assert gap is not None
    assert gap.startswith(f"daily of {day:%Y-%m-%d} (cash ")
    assert first_difference(futures_run(), other, (day - dt.timedelta(days=1)).date()) is None
    assert first_difference(futures_run(), futures_run()) is None
    assert first_difference(futures_run(), None) is not None


def test_a_flip_against_none_and_a_better_same_close_warn() -> None:
    def of(pnl: float) -> Figures:
        return Figures(pnl, 0.0, -0.1, 1.0, False)

    base = {"none": of(0.0), "mine": of(5_000.0)}
    tried = {
        "same_close": {"none": of(0.0), "mine": of(15_000.0)},
        DOUBLED: {"none": of(-1_000.0), "mine": of(-5_000.0)},
    }
    told, warned = compare_settings(base, tried, "mine", 250_000.0)
    assert warned == [
        "same_close: +10,000 USD better against none, as if it saw the next day",
        "doubled costs: against none +5,000 USD becomes -4,000",
    ]
    assert "rank 1/2 to 2/2" in told[1]


def test_files_of_the_market_fail_and_others_warn(tmp_path: Path) -> None:
    source = tmp_path / "mine.py"
    source.write_text("import polars.io\n", encoding="utf-8")
    acts = [("file", str(tmp_path / "data" / "vix.csv")), ("file", "/etc/hosts"), ("network", "1.2.3.4")]
    fails, warnings = judged(acts, source, tmp_path / "data")
    assert fails == [f"opens the market's own file {tmp_path / 'data' / 'vix.csv'}", "network: 1.2.3.4"]
    assert warnings == [
        "opens /etc/hosts (if the future is in it, no cut can show that)",
        "imports polars, whose files cannot be watched",
    ]
    assert imported(source) == ["polars"]


def test_files_of_the_compiler_pass_outside_the_market(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("alvh_bt.audit.conduct.fetched_folder", lambda: tmp_path / "fetched")
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path / "rules"))
    names = (
        "__pycache__",
        "f.nbi.tmp.0a1b2c",
        "f.nbc.tmp.ff",
        "f.nbi",
        "lib.so",
        "x.tmp",
        "rules/mine/tmpab3_x",
    )
    assert judged([("file", str(tmp_path / name)) for name in names], None, tmp_path / "data") == ([], [])
    acts = [("file", str(tmp_path / name)) for name in ("data/vix.tmp", "data/x.so", "fetched/vix.csv")]
    assert len(judged(acts, None, tmp_path / "data")[0]) == 3


def test_a_study_that_fills_on_the_same_close_is_warned_of() -> None:
    def of(pnl: float) -> Figures:
        return Figures(pnl, float("nan"), -0.1, 1.0, False)

    base = {"none": of(0.0), "mine": of(15_000.0)}
    tried = {"next_open": {"none": of(0.0), "mine": of(5_000.0)}}
    told, warned = compare_settings(base, tried, "mine", 250_000.0, "same_close")
    assert warned == ["next_open: same_close is +10,000 USD better against none, as if it saw the next day"]
    assert compare_settings(base, tried, "mine", 250_000.0, "next_close")[1] == []
    assert "CAGR n/a to n/a" in told[0]


@pytest.mark.parametrize("column", ["right", "expiry"])
def test_a_close_of_another_contract_than_the_lots_is_found(column) -> None:
    trades = futures_run().trades.copy()
    closed = trades.query("action == 'close' and right == 'C'").index[0]
    other = {"right": "P", "expiry": trades.loc[closed, "expiry"] + dt.timedelta(days=7)}
    trades.loc[closed, column] = other[column]
    wrong = check_books(dataclasses.replace(futures_run(), trades=trades), World(*embedded()), STUDY).wrong
    assert any("is another contract than the lot's" in line for line in wrong)


def test_hedges_of_one_name_are_told_apart() -> None:
    def lines(hedge: str) -> list[Finding]:
        return [Finding(hedge, "run", "pass", ""), Finding(hedge, "books", "pass", "")]

    told = told_apart({"layered": lines("layered"), "a.py:B": lines("layered"), "a.py:C": lines("c")})
    assert {name: own[1].hedge for name, own in told.items()} == {
        "layered": "layered",
        "a.py:B": "a.py:B",
        "a.py:C": "c",
    }


def test_a_module_is_found_without_running_its_package(tmp_path: Path, monkeypatch) -> None:
    package = tmp_path / "broken_package"
    package.mkdir()
    (package / "__init__.py").write_text("1 / 0\n", encoding="utf-8")
    (package / "mod.py").write_text("class Mine:\n    pass\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    check_subject("broken_package.mod:Mine")
    with pytest.raises(ConfigError, match=r"broken_package.absent does not exist; check the path or module"):
        check_subject("broken_package.absent:Mine")
    with pytest.raises(ConfigError, match=r"cannot be imported \(ZeroDivisionError"):
        load_subject("broken_package.mod:Mine")


def test_nothing_that_a_rule_is_given_leads_to_later_days() -> None:
    world = embedded()
    i = world.market.index_of(dt.date(2017, 3, 1))
    today = world.calendar.today(i, i - 20, world.prices.at_close(i), 0)
    for values in (today.closes, today.vix_closes, today.signals):
        assert values.base is None
        assert not values.flags.writeable
    assert today.closes[-1] == world.market.columns["spx_close"][i]


def test_what_is_not_there_is_refused_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="unknown hedge 'absent'"):
        check_subject("absent")
    with pytest.raises(ConfigError, match=r"absent.py does not exist; check the path"):
        check_subject("absent.py:Mine")


def test_the_command_writes_what_it_found_and_fails(tmp_path: Path, capsys) -> None:
    path = tmp_path / "mine.py"
    text = "from alvh_bt.hedges import Hedge\nclass Mine(Hedge):\n    name = 'mine'\n"
    path.write_text(f"{text}    def decide(self, today, book):\n        return 1 / 0\n", encoding="utf-8")
    window = ["--start", "2017-03-01", "--end", "2017-03-31", "--cuts", "1"]
    out = tmp_path / "out"
    hedges = ["--hedge", "none", "--hedge", f"{path}:Mine"]
    assert run(["audit", *window, *hedges, "--out", str(out)]) == 1
    rows = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    assert all(set(row) == {"hedge", "check", "status", "detail"} for row in rows)
    (broken,) = [row for row in rows if (row["hedge"], row["check"]) == ("mine", "run")]
    assert broken["status"] == "fail"
    assert "ZeroDivisionError: division by zero" in broken["detail"]
    assert {row["status"] for row in rows if row["hedge"] == "none"} == {"pass", "warning"}
    printed = capsys.readouterr()
    assert "verdict: fail: mine (run" in printed.out
    assert "Traceback" not in printed.err


def test_what_could_look_around_is_told(tmp_path: Path) -> None:
    source = tmp_path / "mine.py"
    source.write_text("import inspect\n\nframe = inspect.currentframe().f_back\n")
    fails, warnings = judged([], source, None)
    assert fails == ["uses f_back: it can read the variables of the program that calls it"]
    assert warnings == ["imports inspect, with which it can look around in the program that calls it"]
    source.write_text("import math\n")
    assert judged([], source, None) == ([], [])


def test_the_other_clock_is_ahead_for_the_users_code_alone(tmp_path: Path) -> None:
    (tmp_path / "clock_helper.py").write_text("from time import localtime\n", encoding="utf-8")
    source = tmp_path / "mine.py"
    source.write_text(CLOCKS, encoding="utf-8")
    before = dt.date.today()
    with clock_ahead([source]):
        tells = load_own(f"{source}:Mine", object, named=False).tells
        told = [day - before for day in tells()]
        assert dt.date.today() - before < dt.timedelta(days=2)
    assert len(told) == 11
    assert all(dt.timedelta(days=401) <= ahead <= dt.timedelta(days=403) for ahead in told), told
    assert pd.Timestamp.now().date() - before < dt.timedelta(days=2)


def test_a_class_that_is_not_in_the_file_is_bad_usage(tmp_path: Path) -> None:
    source = tmp_path / "mine.py"
    source.write_text("class Mine:\n    pass\n")
    check_subject(f"{source}:Mine")
    with pytest.raises(ConfigError, match=r"has no class 'Nope'; check the name after the colon"):
        check_subject(f"{source}:Nope")
