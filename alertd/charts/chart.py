"""What a chart shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Self

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A horizontal line the value should stay on one side of."""

    value: float
    label: str = "limit"


def limits_in(evidences: Iterable[Mapping[str, object]]) -> tuple[Limit, ...]:
    """What a value was held against, out of what `$alert` offered in each alert: numbers, or the two ends of a range."""
    found = (evidence.get(name) for evidence in evidences for name in ("Threshold", "Limit"))
    numbers = (one for limit in found for one in (limit if isinstance(limit, tuple) else (limit,)))
    return tuple(Limit(value=one) for one in sorted({float(one) for one in numbers if isinstance(one, int | float)}))


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

    @classmethod
    def judged(
        cls, times: F64, values: F64, *, title: str, unit: str, band: tuple[F64, F64, F64] | None,
        evidences: Iterable[Mapping[str, object]], firing: tuple[Span, ...],
    ) -> Self:  # fmt: skip
        """What a rule judged: in its band (lower, expected, upper), or against the limits its alerts named."""
        lower, expected, upper = band or (None, None, None)
        return cls(
            title=title, unit=unit, times=times, values=values, lower=lower, expected=expected, upper=upper,
            limits=() if band else limits_in(evidences), firing=firing,
        )  # fmt: skip

    def __post_init__(self) -> None:
        for name in ("values", "lower", "expected", "upper"):
            array = getattr(self, name)
            if array is not None and array.shape != self.times.shape:
                raise ValueError(f"{name} has shape {array.shape}, times {self.times.shape}")
