"""docs/ERRORS.md has every error that the sources can give, each with its remedy, and no other."""

from __future__ import annotations

import ast

import pytest
from error_catalogue import PAGE, Entry, entries, page, said, split


def test_the_page_is_what_the_sources_say() -> None:
    """Written anew by `python tests/error_catalogue.py`."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_error_has_a_remedy() -> None:
    found = list(entries())
    assert len(found) > 280  # the scan has not lost its way
    assert [each for each in found if not each.remedy] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "DataError(f'{path.name}: gone ({error}): add it')",
            ("<path>: gone (<reason>)", "add it", 3),
        ),
        ("ConfigError('a; b')", ("a", "b", 2)),
        ("Check(a > b, 'a is above b')", ("a is above b", "change the study", 2)),
        (
            "row_error(where, 3, f'{name} is odd', 'mend it')",
            ("<file>, row <row>: <name> is odd", "mend it", 3),
        ),
        ("print('x: y')", None),
    ],
)
def test_messages_are_read_off_calls(source: str, expected: tuple[str, str, int] | None) -> None:
    call = ast.parse(source).body[0].value
    assert list(said(call, None)) == ([] if expected is None else [expected])


def test_a_colon_inside_brackets_is_no_remedy() -> None:
    assert split("cannot (line 3: bad); mend it") == ("cannot (line 3: bad)", "mend it")
    assert split("nothing to do") == ("nothing to do", "")


def test_a_message_that_is_not_on_the_page_would_be_noticed() -> None:
    assert Entry("Runs", 1, "never said", "do this") not in set(entries())
