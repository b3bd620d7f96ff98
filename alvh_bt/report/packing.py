"""Numbers on their way into a page: typed arrays and a JSON header, compressed, as base64 text.

Base64 holds no `<`, so that nothing a user wrote can end the script element that carries it.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_TYPES: Final = {"float32": "f4", "int32": "i4", "uint32": "u4", "int16": "i2", "uint16": "u2", "uint8": "u1"}
_ALIGN: Final = 8
#: Steps of the largest value of a row when a row is stored as whole numbers: finer than a pixel.
STEPS: Final = 1000


class Packer:
    """Collects arrays and gives each a reference; equal arrays are stored once.

    Examples
    --------
    >>> packer = Packer()
    >>> first = packer.add(np.array([1.0, 2.0], dtype="float32"))
    >>> first == packer.add(np.array([1.0, 2.0], dtype="float32"))
    True
    >>> first
    {'at': 0, 'count': 2, 'type': 'f4'}
    """

    def __init__(self) -> None:
        self._blob = bytearray()
        self._known: dict[tuple[str, bytes], dict[str, Any]] = {}

    def add(self, values: NDArray[Any]) -> dict[str, Any]:
        """Return the reference of `values` (flattened row by row): offset in bytes, count, type.

        Raises
        ------
        KeyError
            When the type is none of the page's: float32, int32, uint32, int16, uint16, uint8.
        """
        kind = _TYPES[values.dtype.name]
        content = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()
        reference = self._known.get((kind, content))
        if reference is None:
            reference = {"at": len(self._blob), "count": int(values.size), "type": kind}
            self._blob += content + bytes(-len(content) % _ALIGN)
            self._known[kind, content] = reference
        return reference

    def add_rows(self, rows: NDArray[np.float64]) -> dict[str, Any]:
        """Return the reference of a table stored as whole steps of each row's largest value.

        Parameters
        ----------
        rows
            Shape (n, m); an error of up to half a step (0.05% of the row's largest value) is made.
            A NaN is stored as 0: give rows that have a value.
        """
        known = np.nan_to_num(rows)
        step = np.abs(known).max(axis=1, initial=0.0) / STEPS
        whole = np.rint(known / np.where(step > 0, step, 1.0)[:, None]).astype("int16")
        return {"steps": self.add(whole), "step": self.add(step.astype("float32"))}

    def text(self, header: Mapping[str, Any]) -> str:
        """Return header and arrays as base64 of gzip; the same text for the same values.

        Inside: the header's length (8 bytes, little-endian), its JSON padded to 8 bytes, the arrays.
        """
        plain = json.dumps(header, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        plain += b" " * (-len(plain) % _ALIGN)
        return packed_text(len(plain).to_bytes(_ALIGN, "little") + plain + bytes(self._blob))


def packed_text(content: bytes) -> str:
    """Return bytes as base64 of gzip, without the time of day.

    >>> gzip.decompress(base64.b64decode(packed_text(b"abc")))
    b'abc'
    """
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()


def coded(values: Any) -> tuple[NDArray[np.uint16], list[str]]:
    """Return texts as numbers and the texts they stand for, in order of first use; absent is "".

    >>> codes, words = coded(["b", "a", None, "b"])
    >>> codes.tolist(), words
    ([0, 1, 2, 0], ['b', 'a', ''])
    """
    known: dict[str, int] = {}
    codes = [
        known.setdefault(value if isinstance(value, str) else "", len(known))
        for value in np.asarray(values, dtype=object).tolist()
    ]
    return np.array(codes, dtype="uint16" if len(known) < 2**16 else "uint32"), list(known)
