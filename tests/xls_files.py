"""The smallest .xls that Excel's readers accept: a compound file around one sheet of numbers and words."""

from __future__ import annotations

import struct
from collections.abc import Sequence

SECTOR = 512
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def text(value: str, length: str = "<H") -> bytes:
    return struct.pack(length, len(value)) + b"\0" + value.encode("latin-1")


def workbook(rows: Sequence[Sequence[float | str | None]], sheet: str = "Data") -> bytes:
    """The bytes of a workbook with one sheet."""
    bof = struct.pack("<HHHHII", 0x0600, 0x0005, 0, 1997, 0, 0)
    name = text(sheet, "<B")
    start = 4 + len(bof) + 4 + 6 + len(name) + 4
    cells = []
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            place = struct.pack("<HHH", r, c, 0)
            if isinstance(value, str):
                cells.append(record(0x0204, place + text(value)))
            elif value is not None:
                cells.append(record(0x0203, place + struct.pack("<d", value)))
    stream = b"".join(
        (
            record(0x0809, bof),
            record(0x0085, struct.pack("<IH", start, 0) + name),
            record(0x000A, b""),
            record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 1997, 0, 0)),
            *cells,
            record(0x000A, b""),
        )
    )
    return compound(stream)


def compound(stream: bytes) -> bytes:
    """A compound file that holds one stream, called Workbook."""
    # A stream under 4096 bytes would stand in a place of its own for small ones.
    size = max(len(stream), 4096)
    sectors = -(-size // SECTOR)
    chain = [*range(1, sectors), END, END, FAT]
    table = struct.pack(f"<{SECTOR // 4}I", *(chain + [FREE] * (SECTOR // 4 - len(chain))))
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
        + struct.pack("<IIIIIIIII", 0, 1, sectors, 0, 4096, END, 0, END, 0)
        + struct.pack("<109I", sectors + 1, *[FREE] * 108)
    )
    folder = entry("Root Entry", 5, END, 0, child=1) + entry("Workbook", 2, 0, size)
    folder += bytes(SECTOR - len(folder))
    return header + stream.ljust(sectors * SECTOR, b"\0") + folder + table


def entry(name: str, kind: int, start: int, size: int, child: int = FREE) -> bytes:
    told = name.encode("utf-16-le") + b"\0\0"
    return (
        told.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(told), kind, 1, FREE, FREE, child)
        + bytes(36)
        + struct.pack("<III", start, size, 0)
    )
