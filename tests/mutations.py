"""Broken files from sound ones: bytes flipped, cut and inserted, and what a text or its cells can hold."""

from __future__ import annotations

import random

#: What stands in a cell in place of what should.
CELLS = (
    *("", " ", "nan", "NaN", "inf", "-inf", "1e308", "-1e308", "1e999", "0", "-0.0", "1,234.5", "1.234,5"),
    *("9" * 40, "9" * 5000, "0x10", "1_000", "\u0661\u0662", "\u2212" + "5", "12%", "$5", "true", "None"),
    *('"', '""', '"a', "a;b", "\t", "\x00", "\x1b[2J", "\ufeff", "\u202e", "=1+1", "__import__('os')"),
    *("2015-13-01", "0001-01-01", "9999-12-31", "31/12/2015", "2015-1-1", "20150102", "<script>"),
)
WHOLE = (b"", b"\n", b"\r\n", b"\x00", b"\xef\xbb\xbf", b"\xff\xfe", b"<html>404</html>", b"[" * 20_000)


def mutated(content: bytes, draw: random.Random) -> bytes:
    """A file with one to four changes, of bytes or of lines and cells."""
    if draw.random() < 0.01:
        return draw.choice(WHOLE)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        content = draw.choice(_CHANGES)(content, draw)
    return content


def _flip(content: bytes, draw: random.Random) -> bytes:
    if not content:
        return content
    at = draw.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]


def _cut(content: bytes, draw: random.Random) -> bytes:
    one, other = sorted(draw.randrange(len(content) + 1) for _ in range(2))
    if draw.random() < 0.5:
        other = min(other, one + 8)
    return content[:one] + content[other:]


def _end(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content) + 1)]


def _insert(content: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(content) + 1)
    what = draw.choice((draw.randbytes(draw.randint(1, 8)), draw.choice(CELLS).encode()))
    return content[:at] + what + content[at:]


def _line(content: bytes, draw: random.Random) -> bytes:
    """Lines doubled, lost, moved, very long."""
    lines = content.split(b"\n")
    at, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    match draw.randrange(5):
        case 0:
            lines.insert(at, lines[other])
        case 1:
            del lines[at]
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at] += draw.choice((b",", b",1", b" # ", b"\\")) * draw.choice((1, 2, 20_000))
        case _:
            lines.insert(at, b"")
    return b"\n".join(lines)


def _cell(content: bytes, draw: random.Random) -> bytes:
    """One cell of one line replaced."""
    lines = content.split(b"\n")
    at = draw.randrange(len(lines))
    cells = lines[at].split(b",")
    cells[draw.randrange(len(cells))] = draw.choice(CELLS).encode()
    lines[at] = b",".join(cells)
    return b"\n".join(lines)


def _value(content: bytes, draw: random.Random) -> bytes:
    """One value of a `name = value` or `"name": value` line replaced."""
    lines = content.split(b"\n")
    at = draw.randrange(len(lines))
    for sign in (b"=", b":"):
        name, found, _ = lines[at].partition(sign)
        if found:
            value = draw.choice((*CELLS, "[]", "{}", "[[1]]", "-1", "'x'", '"x"', "true", "1979-05-27"))
            lines[at] = name + found + b" " + value.encode()
            break
    return b"\n".join(lines)


def _form(content: bytes, draw: random.Random) -> bytes:
    """The same text in another form."""
    match draw.randrange(5):
        case 0:
            return b"\xef\xbb\xbf" + content
        case 1:
            return content.replace(b"\n", b"\r\n")
        case 2:
            return content.replace(b",", b";")
        case 3:
            return content.replace(b"\n", b"\r")
        case _:
            return content.decode("latin-1").encode("utf-16")


_CHANGES = (_flip, _flip, _cut, _end, _insert, _line, _cell, _cell, _value, _value, _form)
