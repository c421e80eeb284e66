"""What a chart shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A horizontal line the value should stay on one side of."""

    value: float
    label: str = "limit"


def limits_in(evidence: Mapping[str, object]) -> set[float]:
    """The numbers a value was held against, out of what `$alert` offers: one, or the two ends of a range."""
    found = (evidence.get(name) for name in ("Threshold", "Limit"))
    numbers = (one for limit in found for one in (limit if isinstance(limit, tuple) else (limit,)))
    return {float(one) for one in numbers if isinstance(one, int | float)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time, unix seconds; `end` None: it goes on."""

    start: float
    end: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fan:
    """What is projected: arrays of one shape; times in unix seconds."""

    times: F64
    low: F64
    middle: F64
    high: F64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chart:
    """One series over time.

    times      [points] float64, unix seconds, ascending
    values     [points] float64; NaN is a gap
    lower, expected, upper   [points] float64, the band the value is expected in, infinite where a side is open;
               None: there is none
    firing     when an alert fired
    fan        what is projected beyond the last point
    zone       of the labels on the time axis
    """

    title: str
    times: F64
    values: F64
    unit: str = ""
    lower: F64 | None = None
    expected: F64 | None = None
    upper: F64 | None = None
    limits: tuple[Limit, ...] = ()
    firing: tuple[Span, ...] = ()
    fan: Fan | None = None
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        for name in ("values", "lower", "expected", "upper"):
            array = getattr(self, name)
            if array is not None and array.shape != self.times.shape:
                raise ValueError(f"{name} has shape {array.shape}, times {self.times.shape}")
