"""Claims as a TOML file states them: which books, which measure, and the range that would make it true."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Collection
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from alvh_bt.analysis.claim_measures import MEASURES
from alvh_bt.bounds import Finite, Positive
from alvh_bt.config import make_study, read_toml
from alvh_bt.errors import ConfigError
from alvh_bt.hedges import make_hedge
from alvh_bt.own_class import check_named
from alvh_bt.presets import preset_names, read_preset

_PACKAGED: Final = "claims.toml"
_STRICT: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_STRICT)
class Book:
    """A condor book under a hedge: the name of a preset, and of a hedge."""

    preset: str
    hedge: str


@dataclass(frozen=True, config=_STRICT)
class Claim:
    """One statement that can be measured.

    Parameters
    ----------
    id
        Short and unique in its file.
    claim, published, reading
        What is said, the figure that is published, and how a loose statement was read.
    measure
        Name in `claim_measures.MEASURES`.
    books
        What it is measured on, in the order that the measure says.
    at_least, at_most
        The range that makes it true, in the measure's unit; one of them may be left out.
    start, end
        Dates that bound its window; the data's where left out.
    vix_above, vix_below
        Vol points, for measures that look at some days or condors only.
    """

    id: Annotated[str, Field(min_length=1, max_length=12)]
    claim: Annotated[str, Field(min_length=1)]
    published: str
    measure: str
    books: Annotated[tuple[Book, ...], Field(min_length=1)]
    at_least: Finite | None = None
    at_most: Finite | None = None
    start: dt.date | None = None
    end: dt.date | None = None
    vix_above: Positive | None = None
    vix_below: Positive | None = None
    reading: str = ""


_CLAIM: Final = TypeAdapter(Claim)
_KEYS: Final = ("claim", "packaged")


def packaged_claims() -> tuple[Claim, ...]:
    """Return the claims that travel with the package."""
    text = (files("alvh_bt.data") / _PACKAGED).read_text(encoding="utf-8")
    return _checked(tomllib.loads(text), _PACKAGED)


def read_claims(path: Path, own: Collection[str] = ()) -> tuple[Claim, ...]:
    """Return the claims of a file, after the packaged ones where it says `packaged = true`.

    Of the user's own hedges (`file.py:ClassName`) it may name those in `own`: a file by itself runs no code.

    Raises
    ------
    ConfigError
        One line that names the file, the claim's id and the field.
    """
    content = read_toml(path, f"claims file {path}", "check the path given to --claims")
    stated = _checked(content, str(path))
    for claim in stated:
        check_named([book.hedge for book in claim.books], own, f"claims file {path}: claim {claim.id}")
    return _unique((*packaged_claims(), *stated) if content.get("packaged") else stated, str(path))


def _checked(content: dict[str, Any], where: str) -> tuple[Claim, ...]:
    tables = content.get("claim")
    unknown = [key for key in content if key not in _KEYS]
    if unknown:
        raise ConfigError(f"claims file {where}: unknown key {unknown[0]}; known: {', '.join(_KEYS)}")
    if not isinstance(content.get("packaged", False), bool):
        raise ConfigError(f"claims file {where}: packaged must be true or false")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables) or not tables:
        raise ConfigError(f"claims file {where} holds no claim; write one [[claim]] table a claim")
    return _unique(tuple(_claim(table, row, where) for row, table in enumerate(tables, 1)), where)


def _unique(claims: tuple[Claim, ...], where: str) -> tuple[Claim, ...]:
    ids = [claim.id for claim in claims]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"claims file {where}: claim {twice}: id is given twice; rename one")
    return claims


def _claim(table: dict[str, Any], row: int, where: str) -> Claim:
    place = f"claims file {where}: claim {table.get('id', f'number {row}')}"
    try:
        claim = _CLAIM.validate_python(table)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{place}: {field}: {first['msg']}; correct the field") from None
    if claim.measure not in MEASURES:
        raise ConfigError(f"{place}: measure: unknown {claim.measure!r}; choose from {', '.join(MEASURES)}")
    needed = MEASURES[claim.measure].books
    if len(claim.books) != needed:
        raise ConfigError(f"{place}: books: {claim.measure} takes {needed}, not {len(claim.books)}")
    if claim.at_least is None and claim.at_most is None:
        raise ConfigError(f"{place}: at_least: give it or at_most, the range that makes the claim true")
    if claim.at_least is not None and claim.at_most is not None and claim.at_least > claim.at_most:
        raise ConfigError(f"{place}: at_least: {claim.at_least} is above at_most, {claim.at_most}; swap them")
    if claim.start and claim.end and claim.start > claim.end:
        raise ConfigError(f"{place}: start: {claim.start} is after end, {claim.end}; swap them")
    for book in claim.books:
        if book.preset not in preset_names():
            raise ConfigError(
                f"{place}: books: unknown preset {book.preset!r}; choose from {', '.join(preset_names())}"
            )
    return claim


def check_hedges(claims: tuple[Claim, ...]) -> None:
    """Raise ConfigError, with the claim's id, where a claim names a hedge that there is not."""
    for claim in claims:
        for book in claim.books:
            try:
                make_hedge(book.hedge, make_study(**read_preset(book.preset)))
            except ConfigError as error:
                raise ConfigError(f"claim {claim.id}: books: {error}") from None
