"""What holding the hedge costs: small books worked by hand, and the waterfall of real runs."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from engine_fixtures import FILLS, USD, embedded, sample_run, window_study
from synthetic_runs import daily_frame, no_journal

from alvh_bt.analysis.anatomy import ATTRIBUTION_COLUMNS, EXPOSURE_COLUMNS, PARTS, PROFILE_COLUMNS, Anatomy
from alvh_bt.analysis.attribution import dissect
from alvh_bt.analysis.holding import (
    half_lives,
    holding_figures,
    median_unexplained,
    per_unit_held,
    waterfall_by_layer,
    worst_days,
)
from alvh_bt.analysis.metrics import years_between
from alvh_bt.analysis.plain import plain
from alvh_bt.book.records import REASON_TEXT, Reason
from alvh_bt.engine.results import RunResult

DATES = pd.to_datetime(["2020-01-02", "2020-01-03", "2020-01-06"])
MONETISED = REASON_TEXT[Reason.MONETISED]


def frame(columns: tuple[str, ...], rows: list[dict]) -> pd.DataFrame:
    """A frame with `date` and the columns, 0 where a row does not say."""
    full = [dict.fromkeys(columns, 0.0) | row for row in rows]
    result = pd.DataFrame(full, columns=["date", *columns])
    return result.assign(date=pd.to_datetime(result["date"]))


def anatomy(exposures: list[dict] | None = None, attribution: list[dict] | None = None) -> Anatomy:
    return Anatomy(
        frame(ATTRIBUTION_COLUMNS, attribution or []),
        frame(EXPOSURE_COLUMNS, exposures or []),
        frame(PROFILE_COLUMNS, []),
    )


def trade(date, layer, action, root, contracts, price, lot, fees=0.0, reason="by rule", book="hedge") -> dict:
    multiplier = 1000.0 if root == "VX" else 1.0 if root == "VXX" else 100.0
    names = ("date", "layer", "action", "root", "contracts", "price", "lot", "fees_usd", "reason", "book")
    values = (pd.Timestamp(date), layer, action, root, contracts, price, lot, fees, reason, book)
    rest = {"contract_multiplier": multiplier, "right": None, "strike": 0.0, "expiry": pd.NaT, "delta": 0.0}
    return dict(zip(names, values, strict=True)) | rest | {"condor": 1}


def run_of(trades: list[dict], **daily) -> RunResult:
    empty = pd.DataFrame(columns=list(trade(DATES[0], "", "", "", 0, 0, 0)))
    frame = pd.DataFrame(trades) if trades else empty.astype({"date": "datetime64[ns]"})
    return RunResult("hand", daily_frame(DATES, [1.0, 1.0, 1.0], **daily), frame, no_journal())


# Two calls bought at 2.00; one sold at 5.00 on the spike, the other settles at 1.50. A future bought at 20,
# sold at 18, half of another one from 19 to 22. 100 shares bought at 30.00, still held at 31.
BOOK = [
    trade(DATES[0], "two", "open", "VIX", 2.0, 2.0, 1, fees=2.6),
    trade(DATES[0], "one", "open", "VX", 1.0, 20.0, 2, fees=2.5),
    trade(DATES[1], "two", "close", "VIX", -1.0, 5.0, 1, fees=1.3, reason=MONETISED),
    trade(DATES[1], "one", "roll", "VX", -1.0, 18.0, 2, fees=2.5),
    trade(DATES[1], "one", "roll", "VX", 0.5, 19.0, 3, fees=1.25),
    trade(DATES[1], "one", "open", "VXX", 100.0, 30.0, 4),
    trade(DATES[2], "two", "settle", "VIX", -1.0, 1.5, 1),
    trade(DATES[2], "one", "close", "VX", -0.5, 22.0, 3, fees=1.25),
    trade(DATES[2], "short_put", "open", "SPX", -1.0, 9.0, 5, fees=1.3, book="condor"),
]


def test_waterfall_by_hand() -> None:
    held = [
        {"date": DATES[1], "book": "hedge", "layer": "one", "value": 999.0},
        {"date": DATES[2], "book": "hedge", "layer": "one", "value": 3100.0},
        {"date": DATES[2], "book": "condor", "layer": "short_put", "value": -900.0},
    ]
    layers = waterfall_by_layer(run_of(BOOK), anatomy(held))
    assert list(layers) == ["two", "one"]
    assert layers["two"] == pytest.approx(
        {"paid": -400.0 - 3.9, "earned_back": 150.0, "monetised": 500.0, "still_held": 0.0, "net": 246.1}
    )
    # The future lost 2000 and its second half gained 1500; the shares cost 3000.
    assert layers["one"] == pytest.approx(
        {
            "paid": -2000.0 - 3000.0 - 7.5,
            "earned_back": 1500.0,
            "monetised": 0.0,
            "still_held": 3100.0,
            "net": -407.5,
        }
    )
    whole = holding_figures(run_of(BOOK), anatomy(held), 1.0)["waterfall"]
    assert whole == pytest.approx(
        {"paid": -5411.4, "earned_back": 1650.0, "monetised": 500.0, "still_held": 3100.0, "net": -161.4}
    )


def test_a_short_future_earns_when_it_falls_and_a_monetised_loss_is_paid() -> None:
    rows = [
        trade(DATES[0], "one", "open", "VX", -1.0, 20.0, 1),
        trade(DATES[1], "one", "close", "VX", 1.0, 18.0, 1),
        trade(DATES[0], "two", "open", "VX", 1.0, 20.0, 2),
        trade(DATES[1], "two", "close", "VX", -1.0, 18.0, 2, reason=MONETISED),
    ]
    layers = waterfall_by_layer(run_of(rows), anatomy())
    assert (layers["one"]["earned_back"], layers["one"]["paid"]) == (2000.0, 0.0)
    assert (layers["two"]["monetised"], layers["two"]["paid"]) == (0.0, -2000.0)


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("hedge", ["layered", "ladder-spike", "long-vx"])
def test_the_waterfall_ends_at_the_hedges_pnl(hedge: str, fill: str) -> None:
    settings = {"book": {"fill": fill}}
    run = sample_run(hedge, **settings)
    study = window_study("2015-06-01", "2015-12-31", **settings)
    figures = holding_figures(run, dissect(run, embedded().market, embedded().prices, study), 0.58)
    flow = figures["waterfall"]
    assert flow["net"] == pytest.approx(run.daily["hedge_pnl"].sum(), abs=USD)
    assert sum(flow[name] for name in flow if name != "net") == pytest.approx(flow["net"], abs=USD)
    assert flow["paid"] < 0.0 <= flow["earned_back"] and flow["monetised"] >= 0.0
    by_book = figures["parts"]
    assert sum(by_book["hedge"][part] for part in PARTS) == pytest.approx(flow["net"], abs=USD)
    for book, layers in figures["parts_by_layer"].items():
        total = sum(own["pnl"] for own in layers.values())
        assert total == pytest.approx(by_book[book]["pnl"], abs=USD)


def test_bleed_and_what_it_buys() -> None:
    # 30 USD of carry lost and 10 of costs in half a year: 80 a year. Vega of 20 on one day of three, of
    # 10 + 30 on another, none on the third: 20 on the mean.
    exposures = [
        {"date": DATES[0], "book": "hedge", "layer": "one", "vega": 20.0, "crash_pnl": 300.0},
        {"date": DATES[2], "book": "hedge", "layer": "one", "vega": 10.0, "crash_pnl": 100.0},
        {"date": DATES[2], "book": "hedge", "layer": "two", "vega": 30.0, "crash_pnl": 80.0},
        {"date": DATES[2], "book": "condor", "layer": "short_put", "vega": -99.0, "crash_pnl": -999.0},
    ]
    run = run_of([], hedge_carry=[-10.0, -25.0, 5.0], hedge_costs=[4.0, 6.0, 0.0])
    figures = holding_figures(run, anatomy(exposures), 0.5)
    assert figures["bleed_usd_a_year"] == pytest.approx(80.0)
    assert figures["decay_per_vega"] == pytest.approx(80.0 / 20.0)
    assert figures["decay_per_protection"] == pytest.approx(80.0 / 160.0)


def test_nothing_held_has_no_decay() -> None:
    figures = holding_figures(run_of([]), anatomy(), 0.5)
    assert figures["bleed_usd_a_year"] == 0.0
    assert math.isnan(figures["decay_per_vega"]) and math.isnan(figures["decay_per_protection"])
    assert figures["half_life_days"] == figures["waterfall_by_layer"] == figures["parts"] == {}
    assert set(figures["waterfall"].values()) == {0.0}
    assert all(math.isnan(share) for share in figures["median_unexplained"].values())
    assert figures["worst_days"] == []
    assert math.isnan(holding_figures(run_of([]), anatomy(), 0.0)["bleed_usd_a_year"])


def test_a_short_hedge_has_no_decay_per_unit() -> None:
    exposures = frame(EXPOSURE_COLUMNS, [{"date": DATES[0], "book": "hedge", "vega": -20.0}])
    assert math.isnan(per_unit_held(80.0, exposures, "vega", 3))


def test_half_life_by_layer() -> None:
    # Time value of 100 and of 60 that loses 10 and 6 a day: 10 days of it, times ln 2.
    exposures = [
        {"date": DATES[0], "book": "hedge", "layer": "two", "time_value": 100.0, "theta": -10.0},
        {"date": DATES[1], "book": "hedge", "layer": "two", "time_value": 60.0, "theta": -6.0},
        {"date": DATES[1], "book": "hedge", "layer": "one", "vega": 500.0},
        {"date": DATES[1], "book": "condor", "layer": "short_put", "time_value": -5.0, "theta": 1.0},
    ]
    found = half_lives(frame(EXPOSURE_COLUMNS, exposures))
    assert found["two"] == pytest.approx(10.0 * math.log(2.0))
    assert math.isnan(found["one"])
    assert set(found) == {"one", "two"}


def test_what_gains_by_time_has_no_half_life() -> None:
    # A put deep in the money, at a high rate.
    rows = [{"date": DATES[0], "book": "hedge", "layer": "static", "time_value": 8.0, "theta": 0.5}]
    assert math.isnan(half_lives(frame(EXPOSURE_COLUMNS, rows))["static"])


def test_half_life_is_that_of_a_decay_at_a_constant_rate() -> None:
    # Time value that halves every 20 days, looked at each day of 200.
    days = np.arange(200)
    value = 1000.0 * 0.5 ** (days / 20.0)
    rows = pd.DataFrame(
        {"book": "hedge", "layer": "x", "time_value": value, "theta": -value * math.log(2.0) / 20.0}
    )
    assert half_lives(rows)["x"] == pytest.approx(20.0)


def attribution_rows() -> pd.DataFrame:
    rows = [
        # Two legs that cancel: the day's rest is 1 of 10.
        {"date": DATES[0], "book": "condor", "pnl": 110.0, "unexplained": 5.0},
        {"date": DATES[0], "book": "condor", "pnl": -100.0, "unexplained": -4.0},
        {"date": DATES[0], "book": "hedge", "pnl": -30.0, "unexplained": 3.0},
        {"date": DATES[1], "book": "condor", "pnl": 20.0, "unexplained": 6.0},
        {"date": DATES[2], "book": "condor", "pnl": 0.0, "unexplained": 5.0},
        {"date": DATES[2], "book": "hedge", "pnl": 50.0, "unexplained": -20.0},
    ]
    return frame(ATTRIBUTION_COLUMNS, rows)


def test_median_unexplained() -> None:
    shares = median_unexplained(attribution_rows())
    # Condor 0.1 and 0.3 (a day without P&L does not count); hedge 0.1, 0.4; whole 4/20, 6/20, 15/50.
    assert shares == pytest.approx({"condor": 0.2, "hedge": 0.25, "all": 0.3})


def test_worst_days() -> None:
    worst = worst_days(attribution_rows(), 2)
    assert worst == [
        {"date": "2020-01-06", "book": "hedge", "pnl": 50.0, "unexplained": -20.0},
        {"date": "2020-01-03", "book": "condor", "pnl": 20.0, "unexplained": 6.0},
    ]
    assert len(worst_days(attribution_rows())) == 5


def test_figures_are_plain_json() -> None:
    run = sample_run("layered")
    study = window_study("2015-06-01", "2015-12-31")
    made = dissect(run, embedded().market, embedded().prices, study)
    figures = holding_figures(run, made, years_between(run.daily["date"]))
    assert json.loads(json.dumps(plain(figures)))["half_life_days"]["one"] is None
    assert 5.0 < figures["half_life_days"]["two"] < 60.0
    assert len(figures["worst_days"]) == 10
