"""Settings of what is made of runs: how rivals are matched, which crises are told, resampled histories."""

# No postponed annotations: pydantic reads the bounds from them when the study is made.
import datetime as dt
from typing import Annotated, NamedTuple

from pydantic import Field

from alvh_bt.choices import Match, Named


class Crisis(NamedTuple):
    """A window that a user wants told like the named crises; first and last day included."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    start: dt.date
    end: dt.date


class ComparisonParams(NamedTuple):
    """How runs are compared with each other and over resampled histories."""

    match: Annotated[int, Named(Match)] = Match.COST  # in what the rivals of a matched comparison are equal
    path_block: Annotated[int, Field(ge=5, le=1000)] = 63  # sessions, mean block of a resampled history
    path_neighbours: Annotated[int, Field(ge=1, le=250)] = 20  # like days among which a block may start
