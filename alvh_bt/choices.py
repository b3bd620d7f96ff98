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
