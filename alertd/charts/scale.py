"""Axes: from numbers and times to pixels, and where the ticks go."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np

from alertd.charts.chart import F64

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TIME_STEPS = (
    *(15, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY, 28 * _DAY),
)
_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps [low, high] to pixels [start, end]; `start` may be greater than `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, values: F64) -> F64:
        """[points] -> [points]"""
        share: F64 = (values - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def one(self, value: float) -> float:
        return float(self(np.array([value]))[0])


def value_range(arrays: list[F64]) -> tuple[float, float]:
    """A range that holds every finite number, zero included when it is near, with some room above."""
    finite = np.concatenate([array[np.isfinite(array)] for array in arrays]) if arrays else np.empty(0)
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if 0 < low < 0.5 * high:
        low = 0.0
    elif 0.5 * low < high < 0:
        high = 0.0
    room = 0.08 * ((high - low) or abs(high) or 1.0)
    return (low if low == 0 else low - room), (high if high == 0 and low < 0 else high + room)


def value_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers inside [low, high]: 1, 2 or 5 times a power of ten apart."""
    rough = (high - low) / most
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [number * step for number in range(first, last + 1)]


def short_number(value: float) -> str:
    """`12.5k`, `3M`, `0.02`."""
    for size, prefix in _PREFIXES:
        if abs(value) >= size:
            return f"{value / size:.4g}{prefix}"
    return f"{value:.4g}"


def time_ticks(low: float, high: float, zone: tzinfo, most: int = 8) -> list[tuple[float, str]]:
    """Unix seconds and label of round local times inside [low, high]; midnights are labelled by their date."""
    step = next((one for one in _TIME_STEPS if (high - low) / one <= most), _TIME_STEPS[-1])
    at = _first_round(datetime.fromtimestamp(low, UTC).astimezone(zone), step)
    ticks = []
    while at.timestamp() <= high:
        if at.timestamp() >= low:
            ticks.append((at.timestamp(), _time_label(at, step)))
        # Wall time: a step over a change to summer time lands on the same hour of the day.
        at = (at.replace(tzinfo=None) + timedelta(seconds=step)).replace(tzinfo=zone)
    return ticks


def _first_round(at: datetime, step: int) -> datetime:
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if step >= _DAY:
        return midnight
    since = (at.replace(tzinfo=None) - midnight.replace(tzinfo=None)).total_seconds()
    first = midnight.replace(tzinfo=None) + timedelta(seconds=since // step * step)
    return first.replace(tzinfo=at.tzinfo)


def _time_label(at: datetime, step: int) -> str:
    if step >= _DAY or (at.hour, at.minute, at.second) == (0, 0, 0):
        return f"{at:%b} {at.day}"
    return f"{at:%H:%M:%S}" if step < _MINUTE else f"{at:%H:%M}"
