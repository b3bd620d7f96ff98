"""Which variant a comparison is told about, and against which others first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: The variant that a comparison is about, where it was run.
FOCUS: Final = "layered"
_FIRST_RIVALS: Final = ("static-calls", "static-futures")


def focus_of(names: Sequence[str]) -> str:
    """Return the variant that is told about: `layered`, else the last that is a hedge, else the first.

    >>> focus_of(["none", "layered", "vxth"]), focus_of(["vxth", "none"]), focus_of(["none"])
    ('layered', 'vxth', 'none')
    """
    return FOCUS if FOCUS in names else next((name for name in reversed(names) if name != "none"), names[0])


def rivals_of(names: Sequence[str], focus: str) -> list[str]:
    """Return the others, the most telling first: static hedges, no hedge, the rest.

    >>> rivals_of(["none", "vxth", "layered", "static-calls"], "layered")
    ['static-calls', 'none', 'vxth']
    """

    def rank(name: str) -> int:
        if name in _FIRST_RIVALS:
            return _FIRST_RIVALS.index(name)
        return 2 if name.startswith("static-") else 3 if name == "none" else 4

    return sorted((name for name in names if name != focus), key=rank)
