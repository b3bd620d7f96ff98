"""One axis of a sweep: a setting and the values it takes, as a list or between two ends."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from alvh_bt.errors import ConfigError
from alvh_bt.sweep.settings import Kind, Setting, checked, find_setting, near

Floats = NDArray[np.float64]

_RANGE_KEYS: Final = ("low", "high", "steps", "scale")
_SCALES: Final = ("linear", "log")
_MOST_STEPS: Final = 10_000
#: Significant digits: levels lose the noise of binary fractions; drawn numbers are as short as they are told.
_LEVEL_DIGITS: Final = 12
_DRAWN_DIGITS: Final = 6
_TYPES: Final[dict[Kind, Any]] = {
    "float": pa.float64(),
    "int": pa.int64(),
    "bool": pa.bool_(),
    "name": pa.string(),
}


@dataclass(frozen=True)
class Axis:
    """A setting that a sweep varies.

    A value of an axis has a *code*: the index of its level, or, on an axis without levels, the number itself.
    """

    name: str  # dotted setting
    kind: Kind
    levels: tuple[Any, ...] | None  # the values in their order; None: any number from low to high
    low: float = 0.0  # ends of a range; 0 for a list
    high: float = 0.0
    steps: int | None = None  # of a range, as written: whole numbers may round to fewer levels
    log: bool = False  # drawn evenly in its logarithm
    listed: bool = False  # written as a list

    @property
    def size(self) -> int | None:
        """The number of values; None where any number from low to high is one."""
        return None if self.levels is None else len(self.levels)

    @property
    def numeric(self) -> bool:
        """Whether its values can be compared as numbers."""
        return self.kind in ("float", "int")

    def value(self, code: float) -> Any:
        """Return the value with a code, as a plain `float`, `int`, `bool` or `str`."""
        return float(code) if self.levels is None else self.levels[int(code)]

    def numbers(self, codes: Floats) -> Floats:
        """Return the numbers with these codes; only where `numeric`."""
        if self.levels is None:
            return codes
        return np.asarray(self.levels, np.float64)[codes.astype(np.int64)]

    def codes(self, fractions: Floats) -> Floats:
        """Return the codes at fractions of the axis, each in [0, 1): every value has its equal share.

        Without levels the numbers are spread evenly from low to high (in logs on a log axis), and rounded to
        6 significant digits. Whole numbers of a log axis share it as the logarithms of their halves do:
        `n` has from `log(n - 0.5)` to `log(n + 0.5)`.
        """
        if self.levels is None:
            ends = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
            drawn = ends[0] + fractions * (ends[1] - ends[0])
            drawn = np.exp(drawn) if self.log else drawn
            return np.array([self.rounded(number) for number in drawn])
        if self.log and self.steps is None:
            start, stop = math.log(self.low - 0.5), math.log(self.high + 0.5)
            codes = np.floor(np.exp(start + fractions * (stop - start)) + 0.5) - self.low
        else:
            codes = np.floor(fractions * len(self.levels))
        # Rounding may carry a fraction just below 1 over the last level.
        return np.clip(codes, 0, len(self.levels) - 1)

    def rounded(self, number: float) -> float:
        """Return a number of an axis without levels to 6 significant digits, within its ends."""
        return min(max(_short(number, _DRAWN_DIGITS), self.low), self.high)

    def ends(self) -> tuple[float, float]:
        """Return the codes of the lowest and the highest value; of names and switches, the first and last."""
        if self.levels is None:
            return self.low, self.high
        if not self.numeric:
            return 0.0, float(len(self.levels) - 1)
        order = np.argsort(np.asarray(self.levels, np.float64), kind="stable")
        return float(order[0]), float(order[-1])

    def plain(self) -> Any:
        """Return the axis as a sweep file has it: a list, or a table with its ends."""
        if self.listed:
            return list(self.levels or ())
        ends = {"low": self.low, "high": self.high}
        steps = {} if self.steps is None else {"steps": self.steps}
        return {**ends, **steps, **({"scale": "log"} if self.log else {})}

    def arrow_type(self) -> pa.DataType:
        """Return the type of the axis's column in the rows of a sweep."""
        return _TYPES[self.kind]


def read_axis(name: str, raw: Any, where: str) -> Axis:
    """Return an axis, checked.

    Parameters
    ----------
    name
        The dotted setting.
    raw
        A list of values, or `{low, high, steps, scale}`.
    where
        What a complaint starts with, the axis's name included.

    Raises
    ------
    ConfigError
        When the setting cannot be swept, or a value, an end, `steps` or `scale` is of no use.

    Examples
    --------
    >>> read_axis("layered.trigger_delta", {"low": 0.2, "high": 0.4, "steps": 3}, "here").levels
    (0.2, 0.3, 0.4)
    """
    setting = find_setting(name, where)
    if isinstance(raw, list | tuple):
        return _list_axis(setting, raw, where)
    if isinstance(raw, Mapping):
        return _range_axis(setting, raw, where)
    raise ConfigError(f"{where}: {raw!r} is no axis; give a list of values, or {{ low = ..., high = ... }}")


def _list_axis(setting: Setting, raw: Any, where: str) -> Axis:
    levels = tuple(checked(setting, value, where) for value in raw)
    if not levels:
        raise ConfigError(f"{where}: the list is empty; give at least one value")
    for k, value in enumerate(levels):
        if value in levels[:k]:
            raise ConfigError(f"{where}: {value!r} is listed twice; leave one out")
    return Axis(setting.name, setting.kind, levels, listed=True)


def _range_axis(setting: Setting, raw: Mapping[str, Any], where: str) -> Axis:
    if setting.kind in ("bool", "name"):
        given = setting.choices or ("false", "true")
        raise ConfigError(f"{where}: a range needs numbers; give a list of {', '.join(given)}")
    for key in raw:
        if key not in _RANGE_KEYS:
            raise ConfigError(f"{where}: unknown key {key!r}; {near(str(key), _RANGE_KEYS)}")
    for key in ("low", "high"):
        if key not in raw:
            raise ConfigError(f"{where}: the range has no {key}; give low and high")
    low, high = (checked(setting, raw[key], f"{where}: {key}") for key in ("low", "high"))
    scale = raw.get("scale", "linear")
    if scale not in _SCALES:
        raise ConfigError(f"{where}: scale = {scale!r}; choose from {', '.join(_SCALES)}")
    if low >= high:
        raise ConfigError(f"{where}: low = {low!r} is not below high = {high!r}; change one")
    if scale == "log" and low <= 0:
        raise ConfigError(f"{where}: a log range needs low above 0, not {low!r}; raise it or leave scale out")
    steps = _steps(raw.get("steps"), setting.kind, low, high, where)
    levels = _levels(low, high, steps, setting.kind, scale == "log")
    return Axis(setting.name, setting.kind, levels, low, high, steps, scale == "log")


def _steps(raw: Any, kind: Kind, low: float, high: float, where: str) -> int | None:
    """Return the checked number of values; None where it is not given."""
    whole = int(high) - int(low) + 1
    if raw is None:
        if kind == "int" and whole > _MOST_STEPS:
            raise ConfigError(f"{where}: {whole} whole numbers are more than {_MOST_STEPS}; give steps")
        return None
    if not isinstance(raw, int) or isinstance(raw, bool) or not 2 <= raw <= _MOST_STEPS:
        raise ConfigError(
            f"{where}: steps = {raw!r} is not a whole number from 2 to {_MOST_STEPS}; change it"
        )
    if kind == "int" and raw > whole:
        raise ConfigError(f"{where}: steps = {raw} but only {whole} whole numbers; leave steps out")
    return raw


def _levels(low: float, high: float, steps: int | None, kind: Kind, log: bool) -> tuple[Any, ...] | None:
    """Return the levels of a range; None where any number from low to high is one."""
    if steps is None:
        return tuple(range(int(low), int(high) + 1)) if kind == "int" else None
    shares = [k / (steps - 1) for k in range(steps)]
    if log:
        numbers = [low * (high / low) ** share for share in shares]
    else:
        numbers = [low + share * (high - low) for share in shares]
    if kind == "int":
        # Halves go up; on a log scale neighbours may round to one whole number, which is kept once.
        return tuple(dict.fromkeys(math.floor(_short(number, _LEVEL_DIGITS) + 0.5) for number in numbers))
    return (low, *(_short(number, _LEVEL_DIGITS) for number in numbers[1:-1]), high)


def _short(number: float, digits: int) -> float:
    """Return a number rounded to so many significant digits."""
    return float(f"{number:.{digits}g}")
