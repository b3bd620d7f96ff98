"""Results as plain JSON values."""

from __future__ import annotations

import json
import math
from typing import Any, Final

#: Significant digits: sums differ in the last bits between processors.
_DIGITS: Final = 10


def plain(value: Any) -> Any:
    """Return a value, or a nest of them, as JSON takes it: ten significant digits, None for NaN.

    >>> plain({"a": (1.0, float("nan")), 2: -0.0})
    {'a': [1.0, None], '2': 0.0}
    """
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        # Adding 0.0 turns -0.0 into 0.0, which reads as a loss.
        return float(f"{value:.{_DIGITS}g}") + 0.0 if math.isfinite(value) else None
    return value


def json_text(plain_value: Any) -> str:
    """Return plain values as JSON text, keys in their order, a newline at the end."""
    return json.dumps(plain_value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
