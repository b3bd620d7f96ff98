"""Settings: one frozen, checked record a concern, gathered in a `Study`.

Rule settings are `NamedTuple`s of numbers and integer choices, so that compiled rules take
them as they are. A `Study` checks every bound when it is made, also when it comes from a TOML
file, and holds nothing that can be changed afterwards.
"""

import datetime as dt
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from alvh_bt.bounds import Days, Delta, NotNegative, Positive, Share, ShortDelta
from alvh_bt.choices import Fill, Named, OnMargin, Schedule, Sizes
from alvh_bt.comparison_params import ComparisonParams, Crisis
from alvh_bt.errors import ConfigError
from alvh_bt.hedge_params import (
    ClimateParams,
    GuardParams,
    LadderParams,
    LayeredParams,
    LongVxParams,
    SizingParams,
    StaticParams,
    VxthParams,
)
from alvh_bt.signal_params import QuorumParams, SignalParams, VoteParams
from alvh_bt.study_checks import (
    Check,
    crisis_checks,
    ladder_checks,
    layered_checks,
    scaling_checks,
    signal_checks,
    vxth_checks,
)

__all__ = [
    "BookParams",
    "ClimateParams",
    "ComparisonParams",
    "CondorParams",
    "CostParams",
    "Crisis",
    "Fill",
    "GuardParams",
    "LadderParams",
    "LayeredParams",
    "LongVxParams",
    "OnMargin",
    "QuorumParams",
    "Schedule",
    "ShockParams",
    "SignalParams",
    "Sizes",
    "SizingParams",
    "StaticParams",
    "Study",
    "VoteParams",
    "VxthParams",
    "make_study",
    "read_study",
]


class CondorParams(NamedTuple):
    """How the condor book is entered and managed; 0 switches an optional rule off."""

    schedule: Annotated[int, Named(Schedule)] = Schedule.WEEKLY
    every_sessions: Annotated[int, Field(ge=1, le=252)] = 5  # with schedule "every"
    target_dte: Annotated[int, Field(ge=1, le=365)] = 45  # calendar days, counted from the fill
    dte_tolerance: Share = 0.4  # of target_dte; further away, no condor is opened
    short_delta: ShortDelta = 0.16
    short_distance: Annotated[float, Field(ge=0.0, lt=0.5)] = 0.0  # share of spot; replaces short_delta
    short_range: NotNegative = 0.0  # multiple of the expected daily range; replaces short_delta
    range_share: Share = 0.8  # of VIX / 16, percent of spot: the expected daily range
    target_credit: NotNegative = 0.0  # net points a unit, half from each side; replaces short_delta
    wing_delta: ShortDelta = 0.05
    wing_width: NotNegative = 0.0  # index points; replaces wing_delta
    max_entry_vix: NotNegative = 0.0  # no condor is opened above this VIX
    take_profit: Share = 0.5  # of the net credit
    stop_loss: NotNegative = 2.0  # loss as a multiple of the net credit
    exit_dte: Days = 21
    roll_delta: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.30  # of a tested short strike
    max_rolls: Annotated[int, Field(ge=0, le=20)] = 1  # a side of a condor
    roll_vix: NotNegative = 0.0  # a tested side is rolled only with VIX above this
    roll_range: Share = 0.0  # ... or with the expected daily range (share of spot) above this
    roll_days_out: Annotated[int, Field(ge=0, le=60)] = 0  # the condor moves to an expiry so much later
    roll_short_delta: Annotated[float, Field(ge=0.0, lt=0.5)] = 0.0  # of the rolled strike; 0: short_delta
    max_open: Annotated[int, Field(ge=1, le=16)] = 1


class ShockParams(NamedTuple):
    """The shock that measures protection, and VIX's usual answer to the index."""

    spx_return: Annotated[float, Field(gt=-1.0, lt=0.0)] = -0.10
    vix_points: Positive = 20.0
    vix_points_per_percent: NotNegative = 1.0  # VIX rise for an index fall of 1%, in projections


class CostParams(NamedTuple):
    """Half-spreads, commissions and fees, and margin rates.

    The quoted half-spread in points is `max(floor, base + slope * mid)` at a quiet VIX; see
    `alvh_bt.costs.spreads.half_spread` for how it moves. Base and slope are fitted on quotes, and
    written down with their errors beside the calibrated parameters; `spread_share`, `vix_power` and the
    widening of thin deltas are assumptions.
    """

    spread_share: NotNegative = 0.5  # of the modelled half-spread that a fill pays
    quoted_spread_share: NotNegative = 1.0  # of a real half-spread (--chains): 1 buys at the ask, 0 at mid
    spread_floor: NotNegative = 0.025
    spx_base_2011: NotNegative = 0.4407
    spx_slope_2011: NotNegative = 0.04418
    spx_base_2022: NotNegative = 0.09371
    spx_slope_2022: NotNegative = 0.002151
    vix_base: NotNegative = 0.02465
    vix_slope: NotNegative = 0.01611
    calm_vix: Positive = 20.0  # spreads widen above this level of VIX
    vix_power: NotNegative = 0.5
    thin_delta: Delta = 0.05
    thin_delta_factor: NotNegative = 0.5
    future_half_spread: NotNegative = 0.025
    option_fee: NotNegative = 1.30  # USD a contract and side: commission, exchange and clearing
    future_fee: NotNegative = 2.50
    mini_future_fee: NotNegative = 0.90
    settlement_fee: NotNegative = 0.0
    vx_margin_rate: Share = 0.40  # of the future's value
    etp_half_spread: Share = 0.0005  # of the price, exchange-traded notes
    etp_depth_usd: Positive = 20_000_000.0  # each side of the pool that a note is traded against
    etp_sandwich: NotNegative = 0.5  # of the price impact, at calm_vix: lost to those who trade around it


class BookParams(NamedTuple):
    """The money and the execution, shared by every hedge of a comparison."""

    starting_cash: Positive = 250_000.0
    notional_usd: Positive = 250_000.0
    contracts: Annotated[int, Named(Sizes)] = Sizes.FRACTIONAL
    fill: Annotated[int, Named(Fill)] = Fill.NEXT_OPEN
    on_margin: Annotated[int, Named(OnMargin)] = OnMargin.STOP
    interest_share: Share = 1.0  # of the bill rate, earned on cash


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Study:
    """Everything that decides a comparison, apart from the market itself."""

    start: dt.date | None = None
    end: dt.date | None = None
    hedges: tuple[str, ...] = ("none", "static-calls", "static-futures", "layered")
    seed: Annotated[int, Field(ge=0)] = 20240229
    bootstrap_draws: Annotated[int, Field(ge=100, le=100_000)] = 2000
    crises: tuple[Crisis, ...] = ()  # told after the named ones
    book: BookParams = BookParams()
    condor: CondorParams = CondorParams()
    static: StaticParams = StaticParams()
    layered: LayeredParams = LayeredParams()
    sizing: SizingParams = SizingParams()
    climate: ClimateParams = ClimateParams()
    quorum: QuorumParams = QuorumParams()
    votes: VoteParams = VoteParams()
    signals: SignalParams = SignalParams()
    guard: GuardParams = GuardParams()
    ladder: LadderParams = LadderParams()
    vxth: VxthParams = VxthParams()
    long_vx: LongVxParams = LongVxParams()
    shock: ShockParams = ShockParams()
    costs: CostParams = CostParams()
    comparison: ComparisonParams = ComparisonParams()

    def __post_init__(self) -> None:
        """Check what single bounds cannot.

        Raises
        ------
        ConfigError
            When two settings contradict each other.
        """
        checks = (
            Check(
                self.start is not None and self.end is not None and self.start > self.end,
                "start is after end",
            ),
            Check(not self.hedges, "hedges is empty: name at least one"),
            Check(len(set(self.hedges)) < len(self.hedges), "hedges names one twice"),
            Check(
                self.condor.wing_width == self.condor.short_distance == 0.0
                and self.condor.wing_delta >= self.condor.short_delta,
                "condor.wing_delta must be below condor.short_delta",
            ),
            *crisis_checks(self.crises),
            *layered_checks(self.layered),
            *scaling_checks(self.sizing, self.climate),
            *signal_checks(self.signals, self.quorum),
            *ladder_checks(self.ladder),
            *vxth_checks(self.vxth),
        )
        for wrong, message in checks:
            if wrong:
                raise ConfigError(f"{message}; change the study")

    def settings(self) -> dict[str, Any]:
        """Return every setting as plain JSON values, nested by concern."""
        plain: dict[str, Any] = _STUDY.dump_python(self, mode="json")
        for concern, kind in _CONCERNS.items():
            plain[concern] = dict(zip(kind._fields, plain[concern], strict=True))
        plain["crises"] = [dict(zip(Crisis._fields, crisis, strict=True)) for crisis in plain["crises"]]
        return plain


_CONCERNS: Final[dict[str, Any]] = {
    "book": BookParams,
    "condor": CondorParams,
    "static": StaticParams,
    "layered": LayeredParams,
    "sizing": SizingParams,
    "climate": ClimateParams,
    "quorum": QuorumParams,
    "votes": VoteParams,
    "signals": SignalParams,
    "guard": GuardParams,
    "ladder": LadderParams,
    "vxth": VxthParams,
    "long_vx": LongVxParams,
    "shock": ShockParams,
    "costs": CostParams,
    "comparison": ComparisonParams,
}
_STUDY: Final = TypeAdapter(Study)


def make_study(**settings: Any) -> Study:
    """Return a checked `Study` from nested plain values, as a TOML file holds them.

    Raises
    ------
    ConfigError
        One line that names the setting, its value and its bound.

    Examples
    --------
    >>> make_study(condor={"short_delta": 0.2}).condor.short_delta
    0.2
    """
    try:
        study: Study = _STUDY.validate_python(settings)
    except ValidationError as error:
        raise ConfigError(_one_line(error)) from None
    return study


def _one_line(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        concern = _CONCERNS.get(str(first["loc"][0])) if len(first["loc"]) > 1 else None
        known = concern._fields if concern else tuple(Study.__dataclass_fields__)
        return f"unknown setting {where}; known: {', '.join(known)}{more}"
    message = first["msg"].removeprefix("Value error, ")
    return f"setting {where} = {first['input']!r}: {message}; change it in the study{more}"


def read_study(path: Path) -> dict[str, Any]:
    """Return the settings of a study file (TOML), unchecked.

    Raises
    ------
    ConfigError
        When the file is missing, unreadable or not TOML; names the line.
    """
    return read_toml(path, f"study file {path}", "check the path given to --config")


def read_toml(path: Path, what: str, remedy: str) -> dict[str, Any]:
    """Return the values of a TOML file; complaints start with `what`, `remedy` is for a missing file.

    Raises
    ------
    ConfigError
        When the file is missing, unreadable or not TOML; names the line.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{what} does not exist; {remedy}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{what} cannot be read ({error}); give a TOML file") from None
    except RecursionError:
        raise ConfigError(f"{what} is nested too deeply; correct it") from None
    except ValueError as error:  # not TOML, a number of thousands of digits, a NUL in the path
        raise ConfigError(f"{what} is not TOML: {error}; correct it") from None
