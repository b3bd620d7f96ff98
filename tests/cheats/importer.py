"""A hedge that has the future in memory before its first day."""

from __future__ import annotations

import os

import pandas as pd

from alvh_bt.hedges.policy import Hedge
from cheats.hedges import bought

FUTURE = pd.read_csv(os.environ["CHEAT_DATA"] + "/spx.csv").set_index("date")["close"]


class Importer(Hedge):
    """Knows what comes."""

    name = "importer"

    def decide(self, today, book):
        return bought(today, book, 2.0 if (today.closes[-1] < FUTURE).any() else 0.0)
