"""`alvh journal`, what layers realised, and which signals were silent."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rule_scenes import DAY, at_close, book_of, call_lot, condor_lots, condors

from alvh_bt.analysis.layers import closed_trades, layer_table, monetised_usd
from alvh_bt.analysis.signal_coverage import coverage_notes, unavailable_shares
from alvh_bt.book.records import Action, Book, Decision, Layer, Order, Reason, make_order
from alvh_bt.choices import SignalCode
from alvh_bt.cli.main import run
from alvh_bt.config import Study
from alvh_bt.contracts import Right, Root, make_contract
from alvh_bt.engine.journal import Journal

COLUMNS = [
    "date",
    "book",
    "layer",
    "action",
    "reason",
    "contracts",
    "contract_multiplier",
    "price",
    "fees_usd",
    "lot",
]
TRADES = pd.DataFrame(
    [
        # Ten calls at 2.00, half sold at 6.50, the rest settled at 1.00; a future bought at 20, sold at 18.
        ("2020-02-24", "hedge", "two", "open", "short strike", 10.0, 100.0, 2.0, 13.0, 7),
        ("2020-02-24", "hedge", "one", "open", "condor opened", 0.5, 1000.0, 20.0, 1.25, 8),
        ("2020-03-02", "hedge", "two", "close", "layer monetised", -5.0, 100.0, 6.5, 6.5, 7),
        ("2020-03-05", "condor", "short_put", "close", "stop loss", 1.0, 100.0, 9.0, 1.3, 5),
        ("2020-03-18", "hedge", "two", "settle", "settlement", -5.0, 100.0, 1.0, 0.0, 7),
        ("2020-03-18", "hedge", "one", "roll", "rolled", -0.5, 1000.0, 18.0, 1.25, 8),
        ("2020-03-18", "hedge", "one", "roll", "rolled", 0.5, 1000.0, 19.0, 1.25, 9),
    ],
    columns=COLUMNS,
).assign(date=lambda frame: pd.to_datetime(frame["date"]))


def test_closed_trades_on_paper() -> None:
    closed = closed_trades(TRADES)
    # 5 x 100 x 4.5 - 6.5 - 6.5; 5 x 100 x -1 - 6.5; 0.5 x 1,000 x -2 - 1.25 - 1.25
    assert closed["pnl_usd"].tolist() == pytest.approx([2_237.0, -506.5, -1_002.5], rel=1e-12)
    assert closed["lot"].tolist() == [7, 7, 8]
    assert {f"{day:%Y-%m-%d}" for day in closed["opened"]} == {"2020-02-24"}


def test_monetised_sum_is_of_partial_sales_alone() -> None:
    assert monetised_usd(TRADES) == pytest.approx(2_237.0, rel=1e-12)
    assert monetised_usd(TRADES[TRADES["book"] == "condor"]) == 0.0


def test_layer_table_sums_by_layer_and_reason() -> None:
    table = layer_table(TRADES)
    assert list(zip(table["layer"], table["reason"], table["closes"], strict=True)) == [
        ("two", "layer monetised", 1),
        ("two", "settlement", 1),
        ("one", "rolled", 1),
    ]


def test_unavailable_shares_are_of_the_window_and_of_market_signals() -> None:
    signals = np.zeros((10, len(SignalCode)))
    signals[:, SignalCode.QUICK_RATIO] = np.nan
    signals[:5, SignalCode.PE] = np.nan
    shares = unavailable_shares(signals, 4, 7)
    assert shares["quick_ratio"] == 1.0
    assert shares["pe"] == 0.25
    assert shares["vix_rsi"] == 0.0
    assert "short_strike_delta" not in shares  # a condor's own
    notes = list(coverage_notes(shares, ("none", "layered")))
    assert len(notes) == 2
    assert notes[0].endswith("neutral: quick_ratio")
    assert notes[1].endswith("pe 25%")
    assert not list(coverage_notes(shares, ("none", "static-calls")))


def hedge_order(action: int, reason: int, contracts: float, lot: int = -1) -> Order:
    calls = make_contract(Root.VIX, Right.CALL, 25.0, DAY + 37)
    return make_order(Book.HEDGE, Layer.TWO, action, 1, lot, calls, contracts, 1.0, reason, 100)


def journalled(*orders: Order, rsi: float = 42.0) -> Journal:
    """A journal of one close on which VIX had an RSI of `rsi`."""
    today = at_close(known={SignalCode.VIX_RSI: rsi})
    book = book_of(today, [*condor_lots(), call_lot(9, Layer.TWO, 37)], condors({}))
    journal = Journal(Study())
    journal.record(Decision(list(orders), []), today, book)
    return journal


def test_each_order_of_a_package_has_an_event_of_its_own() -> None:
    journal = journalled(
        hedge_order(Action.CLOSE, Reason.MONETISED, -3.0, lot=9),
        hedge_order(Action.ROLL, Reason.ROLL_FORWARD, -4.0, lot=9),
        hedge_order(Action.OPEN, Reason.SHORT_DELTA, 4.0),
    )
    found = [(entry.event, entry.contracts) for entry in journal.entries]
    assert found == [("monetise", -3.0), ("roll", -4.0), ("open", 4.0)]


def test_what_is_not_filled_has_the_signals_of_the_close_that_decided_it() -> None:
    order = hedge_order(Action.OPEN, Reason.SHORT_DELTA, 4.0)
    journal = journalled(order)
    journal.not_filled(order, DAY + 1)
    decided, unfilled = journal.entries
    assert (unfilled.date, unfilled.event, unfilled.layer) == (DAY + 1, "note", "two")
    assert json.loads(unfilled.signals)["vix_rsi"] == 42.0
    assert unfilled.signals == decided.signals
    journal.not_filled(order._replace(group=7), DAY + 1)  # a strategy's own: no close decided it
    assert journal.entries[-1].signals == "{}"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("journal") / "out"
    window = ["--start", "2018-01-02", "--end", "2018-03-29"]
    assert run(["compare", *window, "--hedge", "none", "--hedge", "layered", "--out", str(folder)]) == 0
    return folder


def test_journal_shows_a_row_a_decision(written, capsys) -> None:
    assert run(["journal", str(written), "--variant", "layered", "--layer", "two", "--signals"]) == 0
    told = capsys.readouterr().out
    rows = pd.read_parquet(written / "journal.parquet")
    rows = rows[(rows["variant"] == "layered") & (rows["layer"] == "two")]
    assert len(rows) > 0
    for day in rows["date"]:
        assert f"{day:%Y-%m-%d}" in told
    assert "unavailable" in told
    assert all(name in told for name in ("vix_rsi", "quick_ratio", "flow_spike"))


def test_every_signal_is_on_every_row(written) -> None:
    rows = pd.read_parquet(written / "journal.parquet")
    for text in rows["signals"]:
        assert list(json.loads(text)) == [name.lower() for name in type(SignalCode)._fields]


def test_report_and_summary_say_which_signals_were_silent(written) -> None:
    summary = json.loads((written / "summary.json").read_text())
    assert summary["signals_unavailable"]["quick_ratio"] == 1.0
    assert summary["signals_unavailable"]["spx_rsi"] < 1.0
    page = (written / "report.html").read_text()
    assert "Signals that could not be heard" in page
    assert "What the layers realised" in page


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["nowhere"], 3, "does not exist; give a folder that alvh compare --out wrote"),
        (["WRITTEN", "--variant", "layred"], 2, "it has layered, none"),
        (["WRITTEN", "--layer", "four"], 2, "layer 'four' is not in"),
        (["WRITTEN", "--last", "0"], 2, "--last"),
    ],
)
def test_journal_refuses_in_one_line(written, capsys, arguments, status, said) -> None:
    assert run(["journal", *(str(written) if each == "WRITTEN" else each for each in arguments)]) == status
    told = capsys.readouterr().err.strip()
    assert said in told
    assert "\n" not in told


def test_journal_of_an_empty_window_says_so(written, capsys) -> None:
    assert run(["journal", str(written), "--start", "2019-01-01"]) == 0
    assert "no journal rows" in capsys.readouterr().out
