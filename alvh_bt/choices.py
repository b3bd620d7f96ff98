"""Settings that are one of a few: codes for the rules, names for people."""

from typing import Any, Final, NamedTuple

from pydantic_core import core_schema

from alvh_bt.contracts import code_name


class _Schedule(NamedTuple):
    """When a new condor may be opened."""

    EVERY: int = 0
    WEEKLY: int = 1
    MONTHLY: int = 2


class _Fill(NamedTuple):
    """When an order decided on a close is filled."""

    NEXT_OPEN: int = 0
    SAME_CLOSE: int = 1
    NEXT_CLOSE: int = 2


class _OnMargin(NamedTuple):
    """What a run does that cannot meet its margin."""

    STOP: int = 0
    CUT: int = 1


class _Sizes(NamedTuple):
    """Fractional contracts for research, or whole XSP, VXM and VX."""

    FRACTIONAL: int = 0
    WHOLE: int = 1


class _Profile(NamedTuple):
    """How a target is spread over the layers: evenly, or with more in the first."""

    STEWARD: int = 0
    PROMOTER: int = 1


class _OnSynthetic(NamedTuple):
    """What is done with an order that would complete a synthetic forward."""

    JOURNAL: int = 0
    REFUSE: int = 1


class _ThirdReading(NamedTuple):
    """What deploys layer three: the break-even with flow, or a set of signals."""

    BREAK_EVEN: int = 0
    SIGNALS: int = 1


class _Differential(NamedTuple):
    """Which interest-rate differential is meant: 10 years less bills, or bills less a foreign rate."""

    SLOPE: int = 0
    FOREIGN: int = 1


class _Proxy(NamedTuple):
    """The exchange-traded note that stands in for thin VX futures."""

    NONE: int = 0
    VXX: int = 1
    UVXY: int = 2


class _Weigh(NamedTuple):
    """What the weights of a ladder divide: its contracts, or its budget."""

    CONTRACTS: int = 0
    BUDGET: int = 1


class _Match(NamedTuple):
    """In what the rivals of a matched comparison are made equal: bleed, or P&L in the shock."""

    COST: int = 0
    PROTECTION: int = 1


class _SignalCode(NamedTuple):
    """Where each signal stands in `Today.signals`, in `VoteParams` and in a quorum's mask."""

    FLOW_SPIKE: int = 0
    SHORT_STRIKE_DELTA: int = 1
    IV_EXPANSION: int = 2
    BREAK_EVEN: int = 3
    CONDOR_IRR: int = 4
    ADVANCE_DECLINE: int = 5
    BREADTH_DIVERGENCE: int = 6
    SPX_RSI: int = 7
    VIX_RSI: int = 8
    VVIX_MACD: int = 9
    REER: int = 10
    RATE_DIFFERENTIAL: int = 11
    FOMC_WINDOW: int = 12
    INFLATION_WINDOW: int = 13
    INFLATION_SURPRISE: int = 14
    CREDIT_SPREAD: int = 15
    PE: int = 16
    WACC: int = 17
    MACRO_STRESS: int = 18
    QUICK_RATIO: int = 19
    CAPM_BETA: int = 20
    CAP_ROTATION: int = 21
    VX_VOLUME: int = 22


Profile: Final = _Profile()
OnSynthetic: Final = _OnSynthetic()
ThirdReading: Final = _ThirdReading()
Differential: Final = _Differential()
Proxy: Final = _Proxy()
Weigh: Final = _Weigh()
Match: Final = _Match()
SignalCode: Final = _SignalCode()
Schedule: Final = _Schedule()
Fill: Final = _Fill()
OnMargin: Final = _OnMargin()
Sizes: Final = _Sizes()


class Named:
    """Marks an integer setting as one of a set of codes, written by name."""

    def __init__(self, codes: tuple[int, ...]) -> None:
        self.codes = codes

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Return the schema that reads a name (or its code) and writes the name."""
        return core_schema.no_info_plain_validator_function(
            self._read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: code_name(self.codes, value)
            ),
        )

    def _read(self, value: Any) -> int:
        names = {code_name(self.codes, code): code for code in self.codes}
        if isinstance(value, str) and value in names:
            return names[value]
        if type(value) is int and value in self.codes:
            return value
        raise ValueError(f"must be one of {', '.join(names)}")


class NamedSet:
    """Marks an integer setting as a set of codes, one bit each, written as a list of names."""

    def __init__(self, codes: tuple[int, ...]) -> None:
        self.codes = codes

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Return the schema that reads a list of names (or the mask) and writes the names."""
        return core_schema.no_info_plain_validator_function(
            self._read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda mask: [code_name(self.codes, code) for code in self.codes if mask >> code & 1]
            ),
        )

    def _read(self, value: Any) -> int:
        names = {code_name(self.codes, code): code for code in self.codes}
        if type(value) is int and 0 <= value < 1 << len(self.codes):
            return value
        if isinstance(value, list | tuple) and all(isinstance(name, str) and name in names for name in value):
            return sum(1 << names[name] for name in set(value))
        raise ValueError(f"must be a list of {', '.join(names)}")


def mask_of(*codes: int) -> int:
    """Return the mask of a set of codes.

    >>> mask_of(0, 2)
    5
    """
    return sum(1 << code for code in set(codes))
