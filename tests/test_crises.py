"""Crisis windows and regimes, on histories short enough to work out by hand."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from synthetic_runs import daily_frame, no_journal, no_trades

from alvh_bt.analysis.crises import CRISES, crisis_figures, own_crises
from alvh_bt.analysis.regimes import regime_figures
from alvh_bt.analysis.results import ComparisonResult
from alvh_bt.comparison_params import Crisis
from alvh_bt.config import make_study
from alvh_bt.engine.results import RunResult

DATES = pd.DatetimeIndex(["2020-01-30", "2020-01-31", "2020-02-03", "2020-02-04", "2020-02-05", "2020-02-06"])
CONDOR = np.array([10.0, 0.0, -60.0, 20.0, -30.0, 5.0])
HEDGE = np.array([-4.0, -6.0, 40.0, -10.0, 25.0, -2.0])
STATES = {
    "spx": [100.0, 100.0, 90.0, 92.0, 85.0, 86.0],
    "vix": [14.0, 15.0, 35.0, 25.0, np.nan, 18.0],
    "vix_slope": [0.06, 0.05, -0.10, 0.0, -0.02, 0.01],
    "vvix": [80.0, 85.0, 120.0, 110.0, 130.0, 100.0],
}


def comparison(rows: int = len(DATES)) -> ComparisonResult:
    """A run hedged and one that stopped after `rows` sessions; NAV starts at 1,000 USD."""
    columns = {"condor_pnl": CONDOR, "hedge_pnl": HEDGE, "hedge_carry": np.full(6, -3.0), "hedge_costs": 1.0}
    daily = daily_frame(DATES, 1000.0 + np.cumsum(CONDOR + HEDGE), **columns)
    runs = [
        RunResult("whole", daily, no_trades(), no_journal()),
        RunResult("short", daily.iloc[:rows], no_trades(), no_journal()),
    ]
    states = pd.DataFrame(STATES, index=DATES)
    start, end = DATES[0].date(), DATES[-1].date()
    return ComparisonResult(tuple(runs), {}, {}, (), states, "id", start, end, 1000.0)


WINDOW = Crisis("fall", dt.date(2020, 2, 1), dt.date(2020, 2, 5))


def told(own=(WINDOW,), rows: int = 6) -> dict[str, dict]:
    return {each["name"]: each for each in crisis_figures(comparison(rows), own)}


def test_a_window_by_hand():
    fall = told()["fall"]
    assert (fall["start"], fall["end"], fall["sessions"], fall["whole"]) == (
        "2020-02-03",
        "2020-02-05",
        3,
        True,
    )
    assert fall["spx_return"] == pytest.approx(85 / 100 - 1)
    whole = fall["variants"]["whole"]
    assert whole["condor_pnl_usd"] == -70.0
    assert whole["hedge_pnl_usd"] == 55.0
    # NAV before: 1000 + 10 - 4 + 0 - 6 = 1000; then 980, 990, 985 with the hedge, 940, 960, 930 without.
    assert whole["drawdown"] == pytest.approx(980 / 1000 - 1)
    assert whole["drawdown_unhedged"] == pytest.approx(930 / 1000 - 1)
    assert whole["cost_since_last_usd"] == -10.0


def test_the_highest_known_vix_is_the_peak():
    assert told()["fall"]["vix_peak"] == 35.0


def test_the_cost_counts_from_the_end_of_the_crisis_before():
    early = Crisis("early", dt.date(2020, 1, 30), dt.date(2020, 1, 30))
    both = told((WINDOW, early))
    assert list(both)[:2] == ["early", "fall"]
    assert both["early"]["variants"]["whole"]["cost_since_last_usd"] == 0.0
    assert both["fall"]["variants"]["whole"]["cost_since_last_usd"] == -6.0


def test_a_window_that_the_data_covers_in_part_says_so():
    published = told(())["Feb-Mar 2020"]
    assert not published["whole"] and published["sessions"] == 4


def test_a_variant_that_had_stopped_has_no_figures():
    assert told(rows=2)["fall"]["variants"]["short"] is None
    assert told(rows=2)["fall"]["variants"]["whole"] is not None


def test_own_crises_come_out_of_the_settings_as_they_went_in():
    study = make_study(crises=[{"name": "mine", "start": "2018-03-01", "end": "2018-04-30"}])
    assert own_crises(study.settings()) == study.crises


def test_every_named_crisis_lies_in_the_order_of_its_dates():
    assert [crisis.name for crisis in CRISES] == [
        *(
            "2008",
            "May 2010",
            "Aug 2011",
            "Aug 2015",
            "Feb 2018",
            "Q4 2018",
            "Feb-Mar 2020",
            "2022",
            "Aug 2024",
        )
    ]
    assert all(a.end < b.start for a, b in pairwise(CRISES))


def test_regimes_go_by_the_close_before():
    records = {each["regime"]: each for each in regime_figures(comparison())}
    # The closes before sessions 2 to 6: VIX 14, 15, 35, 25, unknown.
    assert records["VIX below 15"]["variants"]["whole"]["condor_pnl_usd"] == 0.0
    assert records["VIX 15-20"]["variants"]["whole"]["condor_pnl_usd"] == -60.0
    assert records["VIX above 30"]["variants"]["whole"]["hedge_pnl_usd"] == -10.0
    assert records["VIX 20-30"]["variants"]["whole"]["hedge_pnl_usd"] == 25.0
    assert records["VIX 20-30"]["share"] == 0.25
    # Slopes before: 0.06, 0.05, -0.10, 0.0, -0.02; an edge belongs to the regime above it.
    assert records["contango above 5%"]["sessions"] == 2
    assert records["contango up to 5%"]["sessions"] == 1
    assert records["backwardation"]["variants"]["whole"]["condor_pnl_usd"] == 20.0 + 5.0
    assert records["VVIX above 110"]["sessions"] == 3


def test_decay_of_a_regime_is_a_year_of_its_own_days():
    record = next(each for each in regime_figures(comparison()) if each["regime"] == "contango above 5%")
    # Sessions of 31 January (one day after) and 3 February (three): bleed of 4 USD each over 4 days.
    whole = record["variants"]["whole"]
    assert whole["bleed_usd"] == 8.0
    assert whole["decay"] == pytest.approx(8.0 / (4 / 365) / np.mean([1000.0, 980.0]))
