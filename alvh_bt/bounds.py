"""Bounds that many settings share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Delta = Annotated[float, Field(gt=0.0, lt=1.0)]
ShortDelta = Annotated[float, Field(gt=0.0, lt=0.5)]
Days = Annotated[int, Field(ge=0, le=730)]
Sessions = Annotated[int, Field(ge=1, le=2520)]
