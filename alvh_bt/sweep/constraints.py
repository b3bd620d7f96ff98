"""Constraints between settings: a small grammar of sums and comparisons, read without evaluating code.

constraint = sum , comparison , sum , { comparison , sum } ;
comparison = "<" | "<=" | ">" | ">=" | "==" | "!=" ;
sum        = product , { ( "+" | "-" ) , product } ;
product    = factor , { "*" , factor } ;
factor     = number | setting | "-" , factor | "(" , sum , ")" ;
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from alvh_bt.errors import ConfigError

#: A tree of tuples: ("number", x), ("setting", name), (operator, left, right).
Node = tuple[Any, ...]

#: Numbers nearer than this count as equal: 0.1 + 0.2 is 0.3.
EQUAL: Final = 1e-9

#: Characters; the reader calls itself for brackets, at most so often.
_LONGEST: Final = 200

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<setting>[A-Za-z_]\w*(?:\.\w+)*)"
    r"|(?P<sign><=|>=|==|!=|[-<>+*()]))"
)
#: By the difference of left and right.
_COMPARE: Final[dict[str, Callable[[Any], Any]]] = {
    "<": lambda difference: difference < -EQUAL,
    "<=": lambda difference: difference <= EQUAL,
    ">": lambda difference: difference > EQUAL,
    ">=": lambda difference: difference >= -EQUAL,
    "==": lambda difference: abs(difference) <= EQUAL,
    "!=": lambda difference: abs(difference) > EQUAL,
}


@dataclass(frozen=True)
class Constraint:
    """A condition that every configuration meets, as it is written; two of one meaning may differ."""

    text: str
    links: tuple[tuple[str, Node, Node], ...]  # all must hold: `a < b < c` has two

    def __str__(self) -> str:
        return self.text

    @property
    def names(self) -> tuple[str, ...]:
        """The settings that it names, each once, in their order."""
        found: dict[str, None] = {}
        for _, left, right in self.links:
            _collect(left, found)
            _collect(right, found)
        return tuple(found)

    def holds(self, values: Mapping[str, Any]) -> Any:
        """Return whether it is met: a `bool`, or an array of them where a value is an array.

        Numbers nearer than 1e-9 count as equal, so that `<` is not met by what differs by rounding alone.

        Parameters
        ----------
        values
            By dotted setting a number, or an array of numbers.

        Examples
        --------
        >>> rule = read_constraint("2 * a.wing <= a.short", "here")
        >>> [bool(rule.holds({"a.wing": wing, "a.short": 0.1})) for wing in (0.05, 0.06)]
        [True, False]
        """
        met: Any = True
        for sign, left, right in self.links:
            met = np.logical_and(met, _COMPARE[sign](_number(left, values) - _number(right, values)))
        return met


def read_constraint(text: Any, where: str) -> Constraint:
    """Return a constraint from its text.

    Parameters
    ----------
    text
        Such as `"condor.wing_delta < condor.short_delta"`; the names are not checked here.
    where
        What a complaint starts with.

    Raises
    ------
    ConfigError
        When the text is none; shows where it stops making sense.
    """
    if not isinstance(text, str):
        raise ConfigError(f'{where}: {text!r} is no constraint; write it as "group.setting < group.setting"')
    if len(text) > _LONGEST:
        raise ConfigError(f"{where}: a constraint of {len(text):,} characters; write {_LONGEST} at most")
    return Constraint(text, _Reader(text, where).constraint())


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str, where: str) -> None:
        self.text, self.where = text, where
        self.tokens: list[tuple[str, str, int]] = []  # kind, text, where it begins
        self.next = 0
        place, end = 0, len(text.rstrip())
        while place < end:
            found = _TOKEN.match(text, place)
            if found is None:
                raise self._stop(place)
            kind = str(found.lastgroup)
            self.tokens.append((kind, found[kind], found.start(kind)))
            place = found.end()

    def constraint(self) -> tuple[tuple[str, Node, Node], ...]:
        left, links = self._sum(), []
        while self._sign() in _COMPARE:
            sign = self._take()[1]
            right = self._sum()
            links.append((sign, left, right))
            left = right
        if self.next < len(self.tokens):
            raise self._stop(self.tokens[self.next][2])
        if not links:
            raise ConfigError(
                f"{self.where}: {self.text!r} compares nothing; write it with <, <=, >, >=, == or !="
            )
        return tuple(links)

    def _sum(self) -> Node:
        left = self._product()
        while self._sign() in ("+", "-"):
            sign = self._take()[1]
            left = (sign, left, self._product())
        return left

    def _product(self) -> Node:
        left = self._factor()
        while self._sign() == "*":
            self._take()
            left = ("*", left, self._factor())
        return left

    def _factor(self) -> Node:
        kind, text, place = self._take()
        if kind == "number":
            return ("number", float(text))
        if kind == "setting":
            return ("setting", text)
        if text == "-":
            return ("-", ("number", 0.0), self._factor())
        if text == "(":
            inner = self._sum()
            if self._sign() != ")":
                raise self._stop(
                    self.tokens[self.next][2] if self.next < len(self.tokens) else len(self.text)
                )
            self._take()
            return inner
        raise self._stop(place)

    def _sign(self) -> str:
        """Return the sign that comes next, without taking it; empty for anything else."""
        if self.next < len(self.tokens) and self.tokens[self.next][0] == "sign":
            return self.tokens[self.next][1]
        return ""

    def _take(self) -> tuple[str, str, int]:
        if self.next >= len(self.tokens):
            raise self._stop(len(self.text))
        self.next += 1
        return self.tokens[self.next - 1]

    def _stop(self, place: int) -> ConfigError:
        rest = self.text[place:].strip()
        what = f"cannot be read at {rest!r}" if rest else "ends too early"
        return ConfigError(
            f"{self.where}: {self.text!r} {what}; use numbers, settings, + - * ( ) and <, <=, >, >=, == or !="
        )


def _number(node: Node, values: Mapping[str, Any]) -> Any:
    kind = node[0]
    if kind == "number":
        return node[1]
    if kind == "setting":
        return values[node[1]]
    left, right = _number(node[1], values), _number(node[2], values)
    if kind == "*":
        return left * right
    return left + right if kind == "+" else left - right


def _collect(node: Node, found: dict[str, None]) -> None:
    """Add the settings of a tree, in their order, to `found`."""
    if node[0] == "setting":
        found[node[1]] = None
    elif node[0] != "number":
        _collect(node[1], found)
        _collect(node[2], found)
