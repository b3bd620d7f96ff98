"""A user's own hedge: the document's example runs, from Python and by file, and mistakes are named."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from engine_fixtures import embedded
from rule_scenes import DAY, at_close, book_of, call_lot, condor_lots, condors

from alvh_bt.analysis.compare import own_sources, run_comparison
from alvh_bt.book.records import Action, Layer, Reason, Status
from alvh_bt.cli.main import run
from alvh_bt.config import Study, make_study
from alvh_bt.errors import ConfigError
from alvh_bt.hedges import HEDGES, make_hedge, variant_names
from alvh_bt.own_class import source_of

DOCUMENT = Path(__file__).parents[1] / "docs" / "HEDGES.md"
BLOCKS = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
PLANNED = {"status": Status.PLANNED, "contracts": 0.625, "credit_points": 0.0}

GOOD = """
from alvh_bt.book.records import nothing
from alvh_bt.hedges import Hedge

class Idle(Hedge):
    name = "idle"

    def decide(self, today, book):
        return nothing()
"""


@pytest.fixture
def example() -> type:
    space: dict[str, Any] = {"__name__": "example"}
    exec(BLOCKS[0], space)
    return space["CheapCalls"]


@pytest.fixture
def idle_file(tmp_path: Path) -> Path:
    path = tmp_path / "idle.py"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_the_documented_hedge_has_at_most_30_lines() -> None:
    lines = [line for line in BLOCKS[0].splitlines() if line.strip()]
    assert len(lines) <= 30
    assert max(len(line) for line in lines) <= 120


def test_the_documented_hedge_does_what_it_says(example) -> None:
    hedge = example(Study())
    calm, lots = at_close(vix=14.0), []
    (order,) = hedge.decide(calm, book_of(calm, lots, condors(PLANNED))).orders
    assert (order.contracts, order.expiry, order.group, order.action) == (2.0, DAY + 37, 1, Action.OPEN)
    nervous = at_close(vix=15.0)
    assert hedge.decide(nervous, book_of(nervous, lots, condors(PLANNED))) == ([], [])
    lots = [*condor_lots(), call_lot(9, Layer.STATIC, 37, contracts=2.0)]  # bought at 1 point
    for mid, sold in ((1.99, []), (2.0, [(9, -2.0, Reason.MONETISED)])):
        book = book_of(calm, lots, condors({}), {9: {"mid": mid}})
        assert [(o.lot, o.contracts, o.reason) for o in hedge.decide(calm, book).orders] == sold
    gone = hedge.decide(calm, book_of(calm, lots[-1:], condors(), {9: {"mid": 5.0}}))
    assert [(o.lot, o.reason) for o in gone.orders] == [(9, Reason.CONDOR_CLOSED)]


def test_the_document_runs_from_python(monkeypatch) -> None:
    monkeypatch.setattr("alvh_bt.market.load_market", lambda: embedded().market)
    before = dict(HEDGES)
    space: dict[str, Any] = {"__name__": "example"}
    try:
        exec(BLOCKS[0] + BLOCKS[1], space)
    finally:
        HEDGES.clear()
        HEDGES.update(before)
    none, mine = space["result"].runs
    assert (none.variant, mine.variant) == ("none", "mine")
    bought = mine.trades[mine.trades["book"] == "hedge"]
    assert (bought.loc[bought["action"] == "open", "contracts"] == 2.0).all()
    assert len(bought) > 2


def test_a_file_runs_under_the_name_of_its_class(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(BLOCKS[0], encoding="utf-8")
    study = make_study(start="2017-03-01", end="2017-04-28", hedges=["none", f"{path}:CheapCalls"])
    result = run_comparison(embedded().market, study)
    assert [run_.variant for run_ in result.runs] == ["none", "cheap-calls"]
    assert "hedge" in set(result.runs[1].trades["book"])
    # A change of the file is another run.
    path.write_text(BLOCKS[0].replace("15.0", "14.0"), encoding="utf-8")
    assert run_comparison(embedded().market, study).run_id != result.run_id


def test_a_file_runs_on_the_command_line(idle_file: Path, tmp_path: Path) -> None:
    window = ["--start", "2017-03-01", "--end", "2017-03-31"]
    hedges = ["--hedge", "none", "--hedge", f"{idle_file}:Idle"]
    out = tmp_path / "out"
    assert run(["compare", *window, *hedges, "--out", str(out)]) == 0
    assert '"idle"' in (out / "summary.json").read_text(encoding="utf-8")


def test_a_module_is_loaded_by_its_name(idle_file: Path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(idle_file.parent))
    assert make_hedge("idle:Idle", Study()).name == "idle"
    monkeypatch.delitem(sys.modules, "idle")


def test_the_source_of_a_users_hedge_counts_and_that_of_the_package_does_not(idle_file: Path) -> None:
    assert own_sources(("none", "layered", f"{idle_file}:Idle")) == GOOD
    assert own_sources(("none", "vxth")) == ""


def test_a_class_without_source_is_known_by_its_name() -> None:
    space: dict[str, Any] = {"__name__": "typed_at_a_prompt"}
    exec(GOOD, space)
    assert source_of(space["Idle"]) == "typed_at_a_prompt.Idle"


def test_two_hedges_of_one_name_are_refused(idle_file: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin.py"
    twin.write_text(GOOD, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"both named 'idle'; rename one$"):
        variant_names((f"{idle_file}:Idle", f"{twin}:Idle"))
    twin.write_text(GOOD.replace('"idle"', '"none"'), encoding="utf-8")
    with pytest.raises(ConfigError, match="both named 'none'"):
        variant_names(("none", f"{twin}:Idle"))
    assert variant_names(("none", f"{idle_file}:Idle")) == ("none", "idle")


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        pytest.param(GOOD, "Busy", r"has no class 'Busy'; check the name after the colon$", id="absent"),
        pytest.param(GOOD, "nothing", r"has no class 'nothing'", id="not a class"),
        pytest.param("class Idle: pass", "Idle", r"Idle is not a Hedge; derive it from", id="not a hedge"),
        pytest.param(GOOD.replace("decide", "decides"), "Idle", r"lacks its method decide", id="no decide"),
        pytest.param(GOOD.replace('name = "idle"', "pass"), "Idle", r"has no name; set name", id="no name"),
        pytest.param("1 / 0", "Idle", r"imported \(ZeroDivisionError: division by zero\)", id="it fails"),
        pytest.param("def", "Idle", r"imported \(SyntaxError: ", id="not Python"),
        pytest.param("import absent_one", "Idle", r"No module named 'absent_one'", id="it lacks a module"),
    ],
)
def test_mistakes_in_a_file_are_named_in_one_line(tmp_path: Path, text, kind, message) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as raised:
        make_hedge(f"{path}:{kind}", Study())
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("name", "value"), [("layer", 99), ("reason", -1), ("action", 7), ("book", 2)])
def test_a_code_that_means_nothing_is_named(tmp_path: Path, capsys, name: str, value: int) -> None:
    odd = BLOCKS[0].replace("return decision", f"return odd(decision, {name}={value})")
    assert odd != BLOCKS[0]
    (tmp_path / "odd.py").write_text(
        f"{odd}\n\ndef odd(decision, **codes):\n"
        "    return decision._replace(orders=[order._replace(**codes) for order in decision.orders])\n"
    )
    hedge = f"{tmp_path / 'odd.py'}:CheapCalls"
    assert run(["today", "--hedge", hedge, "--start", "2018-01-02", "--end", "2018-03-01"]) == 2
    error = capsys.readouterr().err
    assert f"has the {name} {value}, which is none; take one of" in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "absent/mine.py:Mine",
            r"file absent/mine.py does not exist; check the path before the colon$",
        ),
        ("absent_module:Mine", r"'absent_module' cannot be imported .*install it, or give folder/file.py:"),
        (":Mine", r"cannot be imported"),
        ("mine", r"unknown hedge 'mine'; choose from none, .* or give your own as file.py:ClassName$"),
    ],
)
def test_what_cannot_be_found_is_named(name, message) -> None:
    with pytest.raises(ConfigError, match=message):
        make_hedge(name, Study())


def test_the_command_line_says_it_in_one_line_with_status_2(capsys) -> None:
    assert run(["compare", "--hedge", "absent/mine.py:Mine"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "alvh: file absent/mine.py does not exist; check the path before the colon"
    ]


def test_the_document_lists_every_registered_hedge() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(HEDGES) <= set(rows)
