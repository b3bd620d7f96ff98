"""Real history, cut short and fetched again from itself, comes back as it was."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pandas as pd
import pytest

from alvh_bt.fetch.run import fetch_series, moment_of
from alvh_bt.fetch.source import Fetched, Source
from alvh_bt.fetch.web import Web

MOMENT = moment_of(dt.datetime(2024, 12, 31, 23, tzinfo=dt.UTC))


class Shelf(Source):
    """Gives the files of a folder."""

    name: ClassVar[str] = "shelf"
    licence: ClassVar[str] = "none"
    terms: ClassVar[str] = "none"
    symbols: ClassVar[Mapping[str, str]] = {}

    def __init__(self, folder: Path) -> None:
        super().__init__(Web())
        self.folder = folder

    def fetch(self, series: str, since: dt.date | None, until: dt.date) -> Fetched:
        frame = pd.read_csv(self.folder / f"{series}.csv")
        for name in {"date", "expiry"} & set(frame.columns):
            frame[name] = pd.to_datetime(frame[name])
        return Fetched(frame, "shelf")


@pytest.mark.parametrize(
    "name", ["spx", "vix", "vvix", "vx_futures", "rates", "shiller", "etp_uvxy", "hy_oas"]
)
def test_a_month_that_is_missing_is_added_and_nothing_else_moves(real_data_dir, tmp_path, name) -> None:
    real = real_data_dir / "market"
    for required in ("spx", "vix"):
        shutil.copy(real / f"{required}.csv", tmp_path)
    whole = pd.read_csv(real / f"{name}.csv")
    old = whole[whole["date"] <= "2024-11-29"]
    old.to_csv(tmp_path / f"{name}.csv", index=False)
    outcome = fetch_series(name, [Shelf(real)], tmp_path, MOMENT)
    assert (outcome.status, outcome.added, outcome.notes) == ("placed", len(whole) - len(old), ())
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / f"{name}.csv"), whole, check_exact=True, check_dtype=False
    )
