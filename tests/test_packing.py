"""What travels into the page: packed arrays, spells of lots, and the study as text."""

from __future__ import annotations

import base64
import gzip
import json
import tomllib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from alvh_bt.config import make_study
from alvh_bt.engine.results import TRADE_COLUMNS
from alvh_bt.report.packing import STEPS, Packer, coded
from alvh_bt.report.positions import layer_spells, lot_spells
from alvh_bt.report.study_text import study_toml

DATES = pd.bdate_range("2020-01-06", periods=10)  # Monday to Friday, twice


def unpacked(text: str) -> tuple[dict, bytes]:
    plain = gzip.decompress(base64.b64decode(text))
    length = int.from_bytes(plain[:8], "little")
    return json.loads(plain[8 : 8 + length]), plain[8 + length :]


def read(blob: bytes, reference: dict) -> np.ndarray:
    return np.frombuffer(blob, "<" + reference["type"], reference["count"], reference["at"])


def test_arrays_come_back_aligned_and_equal_ones_are_stored_once():
    pack = Packer()
    days, prices = np.array([1, 2, 3], dtype="int32"), np.array([1.5, -2.5], dtype="float32")
    header = {"days": pack.add(days), "prices": pack.add(prices), "again": pack.add(days.copy())}
    found, blob = unpacked(pack.text(header))
    assert read(blob, found["days"]).tolist() == [1, 2, 3]
    assert read(blob, found["prices"]).tolist() == [1.5, -2.5]
    assert found["again"] == found["days"]
    assert found["prices"]["at"] % 8 == 0 and len(blob) == 24


def test_no_markup_survives_packing():
    assert "<" not in Packer().text({"name": "</script><b>"})


def test_the_same_values_give_the_same_text():
    assert Packer().text({"a": 1}) == Packer().text({"a": 1})


@settings(max_examples=50, deadline=None)
@given(some.lists(some.lists(some.floats(-1e9, 1e9), min_size=4, max_size=4), min_size=1, max_size=6))
def test_rows_are_off_by_at_most_half_a_step_of_their_largest_value(rows):
    pack, table = Packer(), np.array(rows)
    found, blob = unpacked(pack.text({"rows": pack.add_rows(table)}))
    steps = read(blob, found["rows"]["steps"]).reshape(table.shape).astype(float)
    step = read(blob, found["rows"]["step"]).astype(float)
    room = 0.5 * np.abs(table).max(axis=1) / STEPS * 1.001 + 1e-30  # float32 keeps 7 digits of the step
    assert (np.abs(steps * step[:, None] - table) <= room[:, None]).all()


def test_more_words_than_two_bytes_can_number():
    codes, words = coded([str(number) for number in range(70_000)])
    assert codes.dtype == "uint32" and words[codes[-1]] == "69999"


def trades(*rows: tuple) -> pd.DataFrame:
    """Rows of (session, book, layer, action, contracts, price, lot); calls that expire on the last day."""
    full = [
        (
            *(DATES[day], book, layer, action, "VIX", "C", 25.0, DATES[9], contracts, 100.0, price),
            *(0.0, "by rule", 0.3, 1.0, float(lot)),
        )
        for day, book, layer, action, contracts, price, lot in rows
    ]
    return pd.DataFrame(full, columns=["date", *TRADE_COLUMNS])


def test_a_lot_sold_in_two_parts_has_two_spells_at_the_price_it_was_opened_at():
    spells = lot_spells(
        trades(
            (1, "hedge", "two", "open", 8.0, 1.1, 1),
            (4, "hedge", "two", "close", -3.0, 2.0, 1),
            (6, "hedge", "two", "close", -5.0, 3.0, 1),
        ),
        DATES,
    )
    assert spells[["first", "after", "contracts", "price"]].to_numpy().tolist() == [
        [1, 4, 8.0, 1.1],
        [4, 6, 5.0, 1.1],
    ]


def test_what_is_never_sold_is_held_until_it_expires():
    spells = lot_spells(trades((7, "hedge", "two", "open", 8.0, 1.1, 1)), DATES)
    assert spells[["first", "after"]].to_numpy().tolist() == [[7, 9]]  # not at the close it expires on


def test_what_is_opened_and_closed_between_two_closes_is_no_spell():
    both = trades((3, "hedge", "two", "open", 8.0, 1.1, 1), (3, "hedge", "two", "close", -8.0, 1.0, 1))
    assert lot_spells(both, DATES).empty


def test_layers_join_lots_that_overlap_and_leave_the_condor_out():
    spells = lot_spells(
        trades(
            (0, "condor", "short_put", "open", -1.0, 5.0, 1),
            (1, "hedge", "two", "open", 8.0, 1.1, 2),
            (2, "hedge", "two", "open", 8.0, 1.1, 3),
            (3, "hedge", "two", "close", -8.0, 1.1, 2),
            (4, "hedge", "two", "close", -8.0, 1.1, 3),
            (6, "hedge", "one", "open", 1.0, 1.1, 4),
            (6, "hedge", "two", "open", 1.0, 1.1, 5),
            (8, "hedge", "two", "close", -1.0, 1.1, 5),
        ),
        DATES,
    )
    found = layer_spells(spells, len(DATES))
    assert list(found.items()) == [("one", [(6, 9)]), ("two", [(1, 4), (6, 8)])]


@pytest.mark.parametrize(
    "study",
    [
        make_study(),
        make_study(hedges=["none", 'my "own".py:Hedge'], start="2006-03-01", end="2024-12-31"),
        make_study(crises=[{"name": "mine ]]", "start": "2011-08-01", "end": "2011-10-03"}]),
    ],
)
def test_the_study_text_makes_the_same_study(study):
    assert make_study(**tomllib.loads(study_toml(study.settings()))) == study
