"""What an answer must look like before anything reads it."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from alvh_bt.errors import DataError

_AGAIN: Final = "try again later, or give another address with --mirror"
_WORKBOOKS: Final = (b"\xd0\xcf\x11\xe0", b"PK\x03\x04")
_TITLE: Final = re.compile(rb"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_SHOWN: Final = 60


class Kind(Enum):
    """What a source promises to send."""

    TEXT = "CSV"
    PAGE = "a web page"
    WORKBOOK = "a workbook"


def check_answer(where: str, content: bytes, kind: Kind) -> None:
    """Raise DataError unless content is of its kind.

    Parameters
    ----------
    where
        The address, for the message.
    content
        The whole answer.
    kind
        What it should be.

    Raises
    ------
    DataError
        An answer that is empty, a web page in place of data, binary in place of text, or no workbook.
    """
    start = content[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise DataError(f"{where}: the answer is empty: {_AGAIN}")
    page = start[:1] == b"<"
    if page and kind is not Kind.PAGE:
        raise DataError(f"{where}: a web page{_title(content)} in place of {kind.value}: {_AGAIN}")
    if kind is Kind.WORKBOOK:
        if not start.startswith(_WORKBOOKS):
            raise DataError(f"{where}: not a workbook: {_AGAIN}")
        return
    if kind is Kind.PAGE and not page:
        raise DataError(f"{where}: not a web page: {_AGAIN}")
    if b"\0" in content:
        raise DataError(f"{where}: binary in place of {kind.value}: {_AGAIN}")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        raise DataError(f"{where}: not UTF-8 text: {_AGAIN}") from None


def _title(content: bytes) -> str:
    """Return the title of a page, quoted and on one line; nothing where it has none."""
    found = _TITLE.search(content[:4096])
    if not found:
        return ""
    text = " ".join(found[1].decode("utf-8", "replace").split())
    plain = "".join(letter for letter in text if letter.isprintable())
    return f" ('{plain[:_SHOWN]}')"
