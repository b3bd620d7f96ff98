"""What is dropped from a chain, why, and how often; and that the order of reading changes nothing."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pandas as pd
import platformdirs
import pytest
from chain_files import all_days, canonical_text, day_of, listed, parquet_table, write, write_parquet
from scipy.stats import norm

from alvh_bt.chains import open_chains
from alvh_bt.errors import DataError

MONDAY, TUESDAY = "2023-01-09", "2023-01-10"
EXPIRY = "2023-02-17"


@pytest.fixture(autouse=True)
def cache_dir(tmp_path_factory, monkeypatch) -> None:
    home = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda _: str(home))


def opened(tmp_path: Path, rows: list):
    write(tmp_path / "a.csv", canonical_text(rows))
    return open_chains(tmp_path)


def quote(
    day=MONDAY, strike=4000.0, kind="C", bid=50.0, ask=51.0, level=4000.0, *, expiry=EXPIRY, interest=1.0
):
    return (day, "SPX", expiry, strike, kind, bid, ask, level, interest)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"bid": None}, "blank"),
        ({"ask": None}, "blank"),
        ({"bid": math.nan, "ask": None}, "blank"),
        ({"ask": math.inf}, "blank"),
        ({"bid": 52.0}, "crossed"),
        ({"bid": 1.0, "ask": 0.0}, "crossed"),
        ({"bid": 0.0}, "zero bid"),
        ({"bid": 0.0, "ask": 0.0}, "zero bid"),
        ({"bid": -1.0}, "zero bid"),
        ({"expiry": "2023-01-06"}, "expired"),
        ({"bid": None, "expiry": "2023-01-06"}, "blank"),
        ({"bid": 0.0, "expiry": "2023-01-06"}, "zero bid"),
    ],
)
def test_an_unusable_quote_is_dropped_once_under_the_first_reason(tmp_path, changed, reason):
    chains = opened(tmp_path, [quote(**changed), quote(kind="P")])
    assert [row[3] for row in listed(chains.day(day_of(MONDAY)))] == [-1]
    assert chains.dropped() == {reason: 1}
    assert chains.files[0].counts == {reason: 1}


@pytest.mark.parametrize("changed", [{"bid": 51.0}, {"expiry": MONDAY}, {"bid": 0.05, "ask": 0.1}])
def test_a_locked_quote_and_one_of_the_expiry_are_kept(tmp_path, changed):
    chains = opened(tmp_path, [quote(**changed)])
    assert len(chains.day(day_of(MONDAY))) == 1
    assert chains.dropped() == {}


@pytest.mark.parametrize(
    ("interests", "kept"),
    [((1, 2, 1), 2), ((2, 1, 2), 3), ((None, None, None), 3), ((0, None, None), 1), ((5, 1, None), 1)],
)
def test_of_duplicates_the_larger_open_interest_or_the_last_stays(tmp_path, interests, kept):
    rows = [quote(bid=10.0 + k, ask=20.0, interest=i) for k, i in enumerate(interests, 1)]
    chains = opened(tmp_path, rows)
    assert chains.day(day_of(MONDAY))["bid"].tolist() == [10.0 + kept]
    assert chains.dropped() == {"duplicate": 2}


def test_a_blank_twin_does_not_displace_a_quote(tmp_path):
    chains = opened(tmp_path, [quote(interest=1), quote(bid=None, interest=9)])
    assert chains.day(day_of(MONDAY))["bid"].tolist() == [50.0]
    assert chains.dropped() == {"blank": 1}


def test_a_day_in_two_files_is_counted_where_it_is_dropped(tmp_path):
    write(tmp_path / "a.csv", canonical_text([quote(), quote(kind="P")]))
    write(tmp_path / "b.csv", canonical_text([quote(bid=50.5), quote(kind="P", bid=0.0)]))
    chains = open_chains(tmp_path)
    assert [row[3:5] for row in listed(chains.day(day_of(MONDAY)))] == [(-1, 50.0), (1, 50.5)]
    assert chains.dropped() == {"zero bid": 1, "duplicate": 1}
    assert [dict(file.counts) for file in chains.files] == [{"duplicate": 1}, {"zero bid": 1}]


STALE = [
    # what Tuesday's quote differs in from Monday's 50..51 at 4000 with the index at 4000; is it stale?
    ({"level": 4021.0}, True),
    ({"level": 3979.0}, True),
    ({"level": 4020.0}, False),  # a move of 0.4975%
    ({"level": None}, False),
    ({"level": 4021.0, "bid": 50.1}, False),
    ({"level": 4021.0, "ask": 51.1}, False),
]
NOT_STALE = [
    # what both days' quotes have in common; then the index rises from 4000 to 4040, and the quote stays
    ({}, True),
    ({"kind": "P"}, True),
    ({"strike": 4120.0}, True),  # 1.98% out of the money on Tuesday
    ({"strike": 4125.0}, False),  # 2.1%
    ({"strike": 3955.0, "kind": "P"}, False),
    ({"strike": 3000.0, "bid": 1020.0, "ask": 1025.0}, True),  # far in the money must move point by point
    ({"bid": 0.9, "ask": 1.0}, False),  # cheap
    ({"bid": 0.95, "ask": 1.05}, True),
    ({"bid": 50.0, "ask": 70.0}, True),  # a spread of half the move
    ({"bid": 50.0, "ask": 70.1}, False),
]


@pytest.mark.parametrize(("changed", "stale"), STALE)
def test_a_quote_that_repeats_though_the_underlying_moved_is_stale(tmp_path, changed, stale):
    chains = opened(tmp_path, [quote(), quote(TUESDAY, **changed)])
    assert len(chains.day(day_of(TUESDAY))) == (0 if stale else 1)
    assert chains.dropped() == ({"stale": 1} if stale else {})


@pytest.mark.parametrize(("common", "stale"), NOT_STALE)
def test_only_an_option_that_must_move_is_called_stale(tmp_path, common, stale):
    chains = opened(tmp_path, [quote(level=4000.0, **common), quote(TUESDAY, level=4040.0, **common)])
    assert len(chains.day(day_of(TUESDAY))) == (0 if stale else 1)


@pytest.mark.parametrize(("before", "stale"), [("2023-01-03", True), ("2023-01-02", False)])
def test_a_quote_of_more_than_a_week_ago_proves_nothing(tmp_path, before, stale):
    chains = opened(tmp_path, [quote(before, level=3900.0), quote(TUESDAY)])
    assert len(chains.day(day_of(TUESDAY))) == (0 if stale else 1)


def test_an_unusable_quote_of_the_day_before_proves_nothing(tmp_path):
    rows = [quote(level=3900.0, interest=1), quote(level=3900.0, bid=49.0, interest=2), quote(TUESDAY)]
    assert len(opened(tmp_path, rows).day(day_of(TUESDAY))) == 1  # Monday's 50..51 lost to its twin


def series(bids: list[float], kind: str, spread: float = 1.0, step: float = 10.0) -> list:
    return [
        quote(strike=4000.0 + step * k, kind=kind, bid=bid, ask=bid + spread) for k, bid in enumerate(bids)
    ]


@pytest.mark.parametrize(
    ("kind", "bids", "dropped"),
    [
        ("C", [60, 55, 50, 46, 42], []),
        ("P", [42, 46, 50, 55, 60], []),
        ("C", [60, 55, 70, 46, 42], [70]),  # bid above the asks of two lower strikes
        ("P", [42, 46, 62, 55, 60], [62]),  # bid above the asks of two higher strikes
        ("C", [60, 55, 30, 46, 42], [30]),  # asked below the bids of two higher strikes
        ("C", [90, 50, 45, 41, 37], [90]),  # 90 - 51 for a width of 10, 90 - 46 for 20
        ("C", [60, 55, 50, 46, 42, 60], [60]),
        ("C", [30, 60], []),  # either may be wrong
        ("P", [60, 30], []),
        ("C", [60, 55, 55.9, 46, 42], []),  # above a lower strike's bid, within its ask
        ("C", [60, 55, 55, 55, 42], []),
    ],
)
def test_a_quote_out_of_line_with_its_neighbours_is_stale(tmp_path, kind, bids, dropped):
    chains = opened(tmp_path, series(bids, kind))
    kept = chains.day(day_of(MONDAY))["bid"].tolist()
    assert sorted(kept + dropped) == sorted(bids)
    assert len(kept) == len(bids) - len(dropped)
    assert chains.dropped() == ({"stale": len(dropped)} if dropped else {})


def test_neighbours_are_of_the_same_root_expiry_and_right(tmp_path):
    calls, puts = series([60, 55, 50], "C"), series([10, 15, 20], "P")
    later = [(*row[:2], "2023-03-17", *row[3:]) for row in series([160, 155, 150], "C")]
    weekly = [(row[0], "SPXW", *row[2:]) for row in series([260, 255, 250], "C")]
    chains = opened(tmp_path, calls + puts + later + weekly)
    assert len(chains.day(day_of(MONDAY))) == 12


def black(right: int, forward: float, strike: float, deviation: float) -> float:
    d1 = math.log(forward / strike) / deviation + 0.5 * deviation
    return right * (forward * norm.cdf(right * d1) - strike * norm.cdf(right * (d1 - deviation)))


@pytest.mark.parametrize("sigma", [0.08, 0.2, 0.6])
def test_a_chain_without_arbitrage_loses_nothing(tmp_path, sigma):
    rows = []
    for day, level in ((MONDAY, 4000.0), (TUESDAY, 3900.0)):
        for expiry, tau in ((EXPIRY, 39 / 365), ("2023-12-15", 340 / 365)):
            for strike in np.arange(2400.0, 5600.0, 25.0):
                for kind, right in (("C", 1), ("P", -1)):
                    mid = black(right, level, strike, sigma * math.sqrt(tau))
                    bid, ask = (
                        math.floor(20.0 * mid) / 20.0,
                        math.ceil(20.0 * mid) / 20.0,
                    )  # the tick, no more
                    rows.append(quote(day, strike, kind, bid, max(ask, 0.05), level, expiry=expiry))
    chains = opened(tmp_path, rows)
    worthless = sum(row[5] == 0.0 for row in rows)
    assert sum(len(chains.day(int(day))) for day in chains.days) == len(rows) - worthless
    assert chains.dropped() == ({"zero bid": worthless} if worthless else {})


def dirty_rows(days: int, seed: int) -> list:
    """Made-up rows of which every reason claims some."""
    draw = random.Random(seed)
    rows = []
    for k in range(days):
        day = str(np.datetime64("2022-03-01") + k)
        level = 4000.0 * (1.0 + 0.02 * (k % 3))
        for root in ("SPX", "SPXW"):
            for expiry in ("2022-03-04", "2022-06-17"):
                for s in range(12):
                    for kind in "CP":
                        strike = 3850.0 + 25.0 * s
                        bid = (
                            150.0 + (-1 if kind == "C" else 1) * 10.0 * s + (0 if draw.random() < 0.3 else k)
                        )
                        bid = draw.choice([bid] * 20 + [None, 0.0, bid + 40.0])
                        ask = draw.choice([(bid or 0.0) + 2.0] * 20 + [None, (bid or 0.0) - 1.0])
                        row = (
                            day,
                            root,
                            expiry,
                            strike,
                            kind,
                            bid,
                            ask,
                            level,
                            draw.choice([None, 1.0, 2.0]),
                        )
                        rows += [row] * draw.choice([1] * 15 + [2])
    return rows


def twin(rows: list[tuple], before: list[tuple]) -> tuple[list[tuple], dict[str, int]]:
    """The rules of cleaning once more, in plain Python: the rows kept and the counts."""
    sound, counts = without_fault(rows)
    earlier = {row[1:5]: row for row in without_fault(before)[0]}
    lines: dict[tuple, list[tuple]] = {}
    for row in sorted(sound, key=lambda row: row[3]):
        lines.setdefault((row[1], row[2], row[4]), []).append(row)
    kept = []
    for name in sorted(lines, key=lambda name: (name[0], name[1], name[2] == "C")):
        for at, row in enumerate(lines[name]):
            if repeats(row, earlier.get(row[1:5])) or contradictions(at, lines[name]) >= 2:
                counts["stale"] = counts.get("stale", 0) + 1
            else:
                kept.append(row)
    return kept, {reason: n for reason, n in counts.items() if n}


def without_fault(rows: list[tuple]) -> tuple[list[tuple], dict[str, int]]:
    counts = dict.fromkeys(("blank", "crossed", "zero bid", "expired", "duplicate"), 0)
    best: dict[tuple, tuple] = {}
    for day, root, expiry, strike, kind, bid, ask, level, interest in rows:
        key = (root, expiry, strike, kind)
        if bid is None or ask is None:
            counts["blank"] += 1
        elif bid > ask:
            counts["crossed"] += 1
        elif bid <= 0:
            counts["zero bid"] += 1
        elif expiry < day:
            counts["expired"] += 1
        else:
            counts["duplicate"] += key in best
            known = -1.0 if interest is None else interest
            if key not in best or known >= best[key][8]:
                best[key] = (day, *key, bid, ask, level, known)
    return list(best.values()), counts


def repeats(row: tuple, earlier: tuple | None) -> bool:
    if earlier is None or row[5:7] != earlier[5:7]:
        return False
    _, _, _, strike, kind, bid, ask, level, _ = row
    move = abs(level - earlier[7])
    away = strike - level if kind == "C" else level - strike
    must = away <= 0.02 * level and (bid + ask) / 2 >= 1 and ask - bid <= 0.5 * move
    return must and move > 0.005 * level


def contradictions(at: int, line: list[tuple]) -> int:
    found = 0
    for other in range(max(0, at - 2), min(len(line), at + 3)):
        if other != at:
            low, high = line[min(at, other)], line[max(at, other)]
            rich, poor = (low, high) if low[4] == "C" else (high, low)
            found += poor[5] - rich[6] > 1e-9 or rich[5] - poor[6] - (high[3] - low[3]) > 1e-9
    return found


def twin_days(rows: list[tuple], max_gap: int = 7) -> dict[str, tuple[list[tuple], dict[str, int]]]:
    """Every day cleaned by the twin."""
    days: dict[str, list[tuple]] = {}
    for row in rows:
        days.setdefault(row[0], []).append(row)
    cleaned, before = {}, None
    for day in sorted(days):
        near = before is not None and day_of(day) - day_of(before) <= max_gap
        cleaned[day] = twin(days[day], days[before] if near else [])
        before = day
    return cleaned


def totals(cleaned: dict) -> dict[str, int]:
    reasons = ("blank", "crossed", "zero bid", "expired", "duplicate", "stale")
    sums = {reason: sum(counts.get(reason, 0) for _, counts in cleaned.values()) for reason in reasons}
    return {reason: n for reason, n in sums.items() if n}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_cleaning_agrees_with_its_twin_in_plain_python(tmp_path, seed):
    rows = dirty_rows(6, seed)
    chains = opened(tmp_path, rows)
    expected = twin_days(rows)
    for day, found in all_days(chains).items():
        assert [row[:3] + row[4:6] for row in found] == [row[1:4] + row[5:7] for row in expected[day][0]]
    assert chains.dropped() == totals(expected)
    assert len(chains.dropped()) == 6


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_reading_changes_nothing(tmp_path, seed):
    rows = dirty_rows(8, seed)
    first = opened(tmp_path, rows)
    expected = all_days(first)
    other = open_chains(tmp_path)
    days = other.days.tolist() * 2
    random.Random(seed).shuffle(days)
    for day in days:
        assert listed(other.day(day)) == expected[str(np.datetime64(day, "D"))]
    assert other.dropped() == first.dropped()


def test_later_days_and_files_change_nothing_before_them(tmp_path):
    rows = dirty_rows(8, 5)
    whole = all_days(opened(tmp_path / "whole", rows))
    days = sorted({row[0] for row in rows})
    cut = opened(tmp_path / "cut", [row for row in rows if row[0] <= days[4]])
    assert all_days(cut) == {day: whole[day] for day in days[:5]}


def test_narrow_and_wide_readings_count_each_quote_once(tmp_path):
    rows = dirty_rows(3, 7)
    whole = opened(tmp_path, rows)
    expected = all_days(whole)
    chains = open_chains(tmp_path)
    for day in chains.days.tolist():
        chains.day(day, ["SPX"], 30)
    narrow = chains.dropped()
    for day in chains.days.tolist():
        near = listed(chains.day(day, ["SPX"], 30))
        every = expected[str(np.datetime64(day, "D"))]
        assert near == [row for row in every if row[0] == "SPX" and day_of(row[1]) <= day + 30]
    assert chains.dropped() == narrow
    for day in chains.days.tolist():
        chains.day(day)
        chains.day(day, ["SPXW"], 1)
    assert chains.dropped() == whole.dropped()
    assert sum(narrow.values()) < sum(whole.dropped().values())


def test_a_bad_cell_is_met_when_its_day_is_read(tmp_path):
    rows = [quote(), quote(TUESDAY, kind="X")]
    write_parquet(tmp_path / "a.parquet", parquet_table([row[:8] for row in rows]), row_group_size=1)
    chains = open_chains(tmp_path)
    assert len(chains.day(day_of(MONDAY))) == 1
    with pytest.raises(DataError, match=r"^a\.parquet, row 2: type 'X' is neither C nor P"):
        chains.day(day_of(TUESDAY))


def real_rows(path: Path) -> list[tuple]:
    """The rows of a canonical file, read by pandas and turned into tuples."""
    frame = pd.read_csv(path)
    # Both settle at the close; the exchange merged the names later.
    frame["root"] = frame["root"].replace("SPXPM", "SPXW")
    names = [
        "quote_date",
        "root",
        "expiration",
        "strike",
        "type",
        "bid",
        "ask",
        "underlying",
        "open_interest",
    ]
    blank_as_none = frame[names].astype(object).where(frame[names].notna(), None)
    return list(blank_as_none.itertuples(index=False, name=None))


def test_real_chains_agree_with_the_twin(real_data_dir):
    chains = open_chains(real_data_dir / "chains")
    assert len(chains.files) == 4
    for file in chains.files:
        rows = real_rows(real_data_dir / "chains" / file.name)
        expected = twin_days(rows)
        found = all_days(file)
        assert found.keys() == expected.keys()
        for day, quotes in found.items():
            assert [row[:3] + row[4:6] for row in quotes] == [row[1:4] + row[5:7] for row in expected[day][0]]
        assert file.counts == totals(expected)
        assert sum(map(len, found.values())) + sum(file.counts.values()) == len(rows)
        # An exchange's own quotes are hardly ever out of line: more would mean that the rule is at fault.
        assert file.counts["stale"] <= 0.001 * len(rows)
    assert sum(file.counts["zero bid"] for file in chains.files) > 2000
