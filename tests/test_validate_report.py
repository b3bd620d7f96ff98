"""What a validation shows: tables whole in 80 columns, captions of the figures, and a folder used again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from alvh_bt.contracts import epoch_day
from alvh_bt.errors import ConfigError
from alvh_bt.report import picture, validation_figures, validation_quotes
from alvh_bt.report.validation_files import write_validation
from alvh_bt.report.validation_tables import print_validation
from alvh_bt.validation.anchors import AnchorMiss
from alvh_bt.validation.chain_errors import FileErrors
from alvh_bt.validation.etps import EtpReplication
from alvh_bt.validation.indices import IndexReplication
from alvh_bt.validation.results import ValidationResult, validation_summary
from alvh_bt.validation.vxth import VxthReplication

DAY = epoch_day(dt.date(2016, 3, 4))


def quotes_of(name: str, error: float, inside: int, count: int = 4) -> FileErrors:
    """A file of `count` quotes of one day, half of them puts, `inside` of them around the model's price."""
    rows = pd.DataFrame(
        {
            "root": 0,
            "expiry": DAY + 20,
            "right": [-1, 1] * (count // 2),
            "delta": [-0.2, 0.2] * (count // 2),
            "dte": 20,
            "error": error,
            "inside": np.arange(count) < inside,
            "log_moneyness": np.linspace(-0.1, 0.1, count),
            "sigma": 0.2,
            "model_sigma": 0.21,
        }
    )
    found = FileErrors(name, days=1, sample=rows, sample_day=DAY)
    found.spx.add(rows)
    return found


def months_of(returns: list[float], first: str = "2015-11-30") -> pd.DataFrame:
    ends = pd.date_range(first, periods=len(returns), freq="BME", name="date")
    return pd.DataFrame({"program": returns, "index": [1.11 * each for each in returns]}, index=ends)


def held_calls(has_bid: bool = True) -> VxthReplication:
    days = pd.DataFrame(
        {
            **{
                "day": [DAY, DAY + 3],
                "expiry": DAY + 12,
                "strike": 20.0,
                "future": 18.0,
                "days_left": [12, 9],
            },
            **{"log_moneyness": 0.1, "mid": [1.0, 0.8], "bid": 0.7, "ask": 1.1, "has_bid": has_bid},
            **{"model": [1.1, 0.9], "error": [0.1, 0.125]},
        }
    )
    roll = {"day": DAY, "expiry": DAY + 12, "strike": 20.0, "model_strike": 20.0, "close_strike": 21.0}
    rolls = pd.DataFrame([{**roll, "step": 1.0, "future": 18.0, "weight": 0.01, "held": 0.01}])
    return VxthReplication(rolls, days, months_of([0.01, 0.02, -0.03], "2016-01-29"))


def whole() -> ValidationResult:
    """A result with every part, of figures as wide as they come."""
    fund = pd.DataFrame(
        {"roll": [-0.15, 0.02, -0.1], "etp": [-0.16, 0.03, -0.1]},
        index=pd.DatetimeIndex(["2016-03-04", "2016-03-11", "2016-03-18"], name="date"),
    )
    return ValidationResult(
        start=dt.date(1990, 1, 2),
        end=dt.date(2024, 12, 31),
        sessions=8817,
        inputs={},
        anchors={"VIX": AnchorMiss("VIX", 12.3456, DAY, 0.1234, 8817)},
        quotes=(
            quotes_of("spx_of_a_long_name_2011-01-03_2011-01-07_intraday.csv.gz", 15.21, 2),
            quotes_of("spy.csv", -15.21, 1),
        ),
        indices={
            name: IndexReplication(name, months_of([-0.177, 0.02, -0.152]), ()) for name in ("PUT", "BXMD")
        },
        vxth=held_calls(),
        etps=(EtpReplication("VXX_SERIES_A", fund, fund),),
    )


def printed(summary: dict[str, Any], width: int = 80) -> str:
    text = io.StringIO()
    print_validation(summary, Console(file=text, width=width))
    return text.getvalue()


def test_every_table_is_whole_in_80_columns() -> None:
    summary = json.loads(json.dumps(validation_summary(whole())))
    # As wide as figures come: a file of ten million quotes, correlations below nought, a fund lost.
    for each in (*summary["quotes"].values(), summary["quotes_overall"]):
        each |= {
            "n": 12_345_678,
            "mae_vol_points": 101.23,
            "median_vol_points": 102.34,
            "bias_vol_points": -103.45,
        }
        each["inside_spread"] = 1.0
    for bucket in summary["quotes_overall"]["buckets"]:
        bucket |= {"mae": 15.21, "bias": -15.32}
    wide = [{"dte_from": low, "dte_to": high} for low, high in ((5, 15), (30, 60), (60, 100))]
    summary["quotes_overall"]["buckets"] += [
        {**summary["quotes_overall"]["buckets"][0], **each} for each in wide
    ]
    for each in summary["indices"].values():
        each |= {"months": 1275, "correlation": -0.9429, "tracking_error_monthly": 0.1069}
        each |= {"annual_program": -0.1984, "annual_index": -0.1750}
    etp = summary["etps"]["VXX_SERIES_A"]
    etp |= {"days": 13_520, "correlation_daily": -0.9207, "correlation_daily_since_2021": -0.9710}
    etp |= {"correlation_weekly": -0.9842, "annual_roll": -0.9957, "annual_etp": -0.4103}
    summary["vxth"] |= {
        "rolls": 1081,
        "days": 11_526,
        "days_from_half_a_point": 10_883,
        "days_quoted": 10_387,
    }
    said = printed(summary)
    rows = [line.split() for line in said.splitlines()]
    assert max(map(len, said.splitlines())) <= 80 and "\N{HORIZONTAL ELLIPSIS}" not in said
    assert ["VIX", "8,817", "0.1234", "12.3456", "2016-03-04"] in rows
    assert ["spy.csv", "12,345,678", "101.23", "102.34", "-103.45", "100%"] in rows
    assert next(row for row in rows if row[:2] == ["put", "0.10-0.25"])[2:] == ["15.21", "(-15.32)"] * 4
    assert ["BXMD", "1,275", "-0.9429", "10.69%", "-19.84%", "-17.50%"] in rows
    # The index's returns are the program's times 1.11.
    assert ["BXMD", "2015-11", "-19.6%", "-17.7%"] in rows and ["PUT", "2016-01", "-16.9%", "-15.2%"] in rows
    assert ["VXX_SERIES_A", "13,520", "-0.9207", "-0.9710", "-0.9842", "-99.57%", "-41.03%"] in rows
    for value in ("1,081", "11,526 / 10,883", "of 10,387"):
        assert any(value in line for line in said.splitlines())


def test_the_headline_has_the_range_of_files() -> None:
    said = " ".join(printed(validation_summary(whole())).split())
    # Two of four and one of four, three of eight.
    assert "38% of model prices inside bid and ask (25% to 50% by file)." in said
    one = dataclasses.replace(whole(), quotes=whole().quotes[:1])
    assert "50% of model prices inside bid and ask." in " ".join(printed(validation_summary(one)).split())


@pytest.fixture
def captions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines at the foot of the figures that are drawn."""
    said: list[str] = []

    def note(figure: Any, source: str) -> bytes:
        said.append(source)
        return picture.png_bytes(figure, source)

    monkeypatch.setattr(validation_figures, "png_bytes", note)
    monkeypatch.setattr(validation_quotes, "png_bytes", note)
    return said


def test_captions_give_the_dates_that_are_shown(captions: list[str]) -> None:
    drawn = dict(zip(validation_figures.draw_validation(whole()), captions, strict=True))
    assert drawn["indices.png"].startswith("3 months, 2015-11 to 2016-01. ")
    assert drawn["vxth.png"] == (
        "2 days with a quoted call, 2016-03-04 to 2016-03-07; median absolute error 11.2% of the mid. "
        "3 months, 2016-01 to 2016-03."
    )
    assert drawn["etps.png"].startswith("2016-03-04 to 2016-03-18. ")
    assert drawn["quotes_spy.png"].startswith("spy.csv: 4 quotes of 1 day, ")
    assert drawn["quotes_overall.png"].startswith("2 files, 8 quotes of options")
    assert not any("1990" in caption for caption in captions)


def test_calls_that_never_had_a_bid_are_drawn_too(captions: list[str]) -> None:
    found = dataclasses.replace(held_calls(has_bid=False), months=months_of([]))
    bare = dataclasses.replace(whole(), quotes=(), indices={}, etps=(), vxth=found)
    assert math.isnan(found.statistics()["median_abs_rel_error"])
    assert list(validation_figures.draw_validation(bare)) == ["vxth.png"]
    assert captions == ["No whole month; no day with a quoted call."]


def files_in(out: Path) -> set[str]:
    return {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}


def test_a_folder_used_again_holds_the_last_run_alone(tmp_path: Path) -> None:
    write_validation(whole(), tmp_path)
    assert files_in(tmp_path) == {
        *(
            "validate.json",
            "quotes.csv",
            "index_months.csv",
            "vxth_days.csv",
            "vxth_rolls.csv",
            "etp_weeks.csv",
        ),
        *("figures/indices.png", "figures/vxth.png", "figures/etps.png", "figures/quotes_overall.png"),
        *("figures/quotes_spx_of_a_long_name_2011-01-03_2011-01-07_intraday.png", "figures/quotes_spy.png"),
    }
    own = {"notes.csv", "summary.json", "figures/equity.png", "figures/quotes_of_mine.png"}
    for name in own:
        (tmp_path / name).write_text("mine")
    less = dataclasses.replace(whole(), quotes=whole().quotes[1:], indices={}, vxth=None, etps=())
    write_validation(less, tmp_path)
    assert files_in(tmp_path) == {"validate.json", "quotes.csv", "figures/quotes_spy.png", *own}
    write_validation(dataclasses.replace(less, quotes=()), tmp_path)
    assert files_in(tmp_path) == {"validate.json", *own}
    assert json.loads((tmp_path / "validate.json").read_text())["quotes"] == {}


@pytest.mark.parametrize("summary", [None, "no json", "[]", '{"quotes": {}}'])
def test_files_that_no_earlier_run_wrote_stay(summary: str | None, tmp_path: Path) -> None:
    (tmp_path / "quotes.csv").write_text("mine")
    if summary is not None:
        (tmp_path / "validate.json").write_text(summary)
    write_validation(dataclasses.replace(whole(), quotes=()), tmp_path)
    assert (tmp_path / "quotes.csv").read_text() == "mine"


def test_what_is_old_goes_before_the_summary_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_validation(whole(), tmp_path)
    before = (tmp_path / "validate.json").read_bytes()

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(ConfigError, match=r"figures/vxth.png of an earlier run cannot be removed") as error:
        write_validation(dataclasses.replace(whole(), vxth=None), tmp_path)
    assert "\n" not in str(error.value)
    assert (tmp_path / "validate.json").read_bytes() == before
