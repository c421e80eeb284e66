"""`Seasonal`: a profile per part of the day or week, judged by the tail of its own deviations.

For every part of a cycle an exponentially weighted mean and spread, the spread shrunk towards the series' common one while a
part is young. Two profiles of different coarseness are asked and their digits of rarity (`tail.py`) averaged, so that an edge
between two parts is not one in both. A value outside everything seen so far adds to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alertd.detect.columns import F64, Bool, Column, Columns, Rows
from alertd.detect.local_time import Moment
from alertd.detect.method import Reading
from alertd.detect.rarity import digits_of, sigmas_of
from alertd.detect.settings import Direction, Season
from alertd.detect.tail import Tail, log_deviation

_DAY_PARTS = (12, 24)
_WEEK_PARTS = (84, 168)
_PART_RATE = 1.0 - 2.0 ** (-1.0 / 60.0)  # half-life in points of one part
_PART_FULL = 86.0
_COMMON_RATE = 1.0 - 2.0 ** (-1.0 / 500.0)
_COMMON_WEIGHT = 10.0
_COMMON_CLIP = 25.0
_LEVEL_RATE = 0.002
_LEVEL_SHARE = 1e-4
_LEAST_VISITS = 2.0
_RANGE_POINTS = 50.0
_RANGE_WEIGHT = 2.0
_STRONGEST = 1e6
_TINY = 1e-280


@dataclass(slots=True, eq=False)
class _Work:
    """What `read` computed that `update` needs again."""

    cells: tuple[Any, ...]
    logs: F64
    known: Bool


class Seasonal:
    """The method `seasonal`; see `Method`."""

    def __init__(self, *, season: Season, direction: Direction) -> None:
        self._direction = direction
        self._parts = _DAY_PARTS
        lead = (len(self._parts),)
        slots = (sum(self._parts),)
        self._columns = Columns(
            {
                "mean": Column(np.float32, 0.0, slots),
                "spread": Column(np.float32, 0.0, slots),
                "visits": Column(np.float32, 0.0, slots),
                "common": Column(np.float64, 0.0, lead),
                "points": Column(),
                "level": Column(),
                "level_variance": Column(),
                "highest": Column(np.float64, -np.inf),
                "lowest": Column(np.float64, np.inf),
                **Tail.layout(len(self._parts)),
            }
        )
        self._tail = Tail(self._columns)
        self._work: _Work | None = None

    def grow(self, count: int) -> None:
        self._columns.grow(count)

    def clear(self, rows: Rows) -> None:
        self._columns.clear(rows)

    def read(self, moment: Moment, values: F64, *, k: float) -> Reading:
        columns = self._columns
        cells = self._cells(moment)
        mean = columns["mean"][cells]
        visits = columns["visits"][cells]
        spread = np.sqrt(self._variance(cells, visits))
        deviation = self._watched(values - mean) / spread
        known = visits >= _LEAST_VISITS
        logs = log_deviation(np.where(known & (deviation > 0.0), np.minimum(deviation, _STRONGEST), 0.0))
        digits = self._tail.digits(logs).mean(axis=0) + self._record(values)
        reach = spread * np.clip(np.exp(np.minimum(self._tail.log_at(digits_of(k)), 14.0)), 0.0, _STRONGEST)
        self._work = _Work(cells, logs, known)
        centre = np.where(known.any(axis=0), mean.mean(axis=0, dtype=np.float64), np.nan)
        reach = reach.mean(axis=0)
        return Reading(centre, centre - reach, centre + reach, sigmas_of(digits))

    def update(self, moment: Moment, values: F64, *, weight: F64, ok: Bool) -> None:
        work, self._work = self._work, None
        assert work is not None, "update follows read"
        columns = self._columns
        cells, logs, known = work.cells, work.logs, work.known
        self._tail.update(logs, weight=weight, ok=known & ok)
        mean, spread, visits = (columns[name][cells].astype(np.float64) for name in ("mean", "spread", "visits"))
        offset = values - mean
        square = offset * offset
        common = columns["common"]
        rate = weight * np.maximum(_COMMON_RATE, 1.0 / (columns["points"] + 1.0))
        clipped = np.where(common > 0.0, np.minimum(square, _COMMON_CLIP * common), square)
        np.copyto(common, common + rate * (clipped - common), where=ok & (visits > 0.0))
        rate = weight * np.maximum(_PART_RATE, 1.0 / (visits + 1.0))
        columns["mean"][cells] = np.where(ok, mean + rate * offset, mean)
        columns["spread"][cells] = np.where(ok, np.sqrt((1.0 - rate) * (spread * spread + rate * square)), spread)
        columns["visits"][cells] = np.where(ok, np.minimum(visits + weight, _PART_FULL), visits)
        self._update_level(values, weight=weight, ok=ok)

    def mark(self, rows: Rows, at: float) -> None: ...

    def forget(self, rows: Rows, since: F64, until: float) -> None: ...

    def save(self) -> dict[str, NDArray[Any]]:
        return self._columns.save("seasonal")

    def load(self, saved: Mapping[str, NDArray[Any]]) -> None:
        self._columns.load("seasonal", saved)

    def _cells(self, moment: Moment) -> tuple[Any, ...]:
        """Index of the profiles' cells of this moment: [profiles, rows] of them."""
        starts = np.cumsum((0, *self._parts[:-1]))
        parts = [start + moment.part_of_day(count) for start, count in zip(starts, self._parts, strict=True)]
        if np.ndim(parts[0]) == 0:
            return (np.array(parts),)
        return np.array(parts), np.arange(self._columns.rows)

    def _variance(self, cells: tuple[Any, ...], visits: NDArray[np.float32]) -> F64:
        columns = self._columns
        spread = columns["spread"][cells].astype(np.float64)
        shrunk = (visits * spread * spread + _COMMON_WEIGHT * columns["common"]) / (visits + _COMMON_WEIGHT)
        variance: F64 = shrunk + (_LEVEL_SHARE * columns["level_variance"] + _TINY)
        return variance

    def _watched(self, offset: F64) -> F64:
        """The offset in the watched direction."""
        if self._direction == "above":
            return offset
        return -offset if self._direction == "below" else np.abs(offset)

    def _record(self, values: F64) -> F64:
        """Digits for a value outside everything seen, by the share of the range it lies outside."""
        columns = self._columns
        highest, lowest = columns["highest"], columns["lowest"]
        beyond = np.zeros_like(values)
        if self._direction != "below":
            np.maximum(beyond, values - highest, out=beyond)
        if self._direction != "above":
            np.maximum(beyond, lowest - values, out=beyond)
        span = highest - lowest
        counts = (columns["points"] >= _RANGE_POINTS) & (beyond > 0.0)
        share = np.divide(beyond, span, out=np.full_like(values, _STRONGEST), where=span > 0.0)
        digits: F64 = np.where(counts, _RANGE_WEIGHT * np.log10(1.0 + 100.0 * np.minimum(share, _STRONGEST)), 0.0)
        return digits

    def _update_level(self, values: F64, *, weight: F64, ok: Bool) -> None:
        columns = self._columns
        points, level = columns["points"], columns["level"]
        offset = values - level
        rate = weight * np.maximum(_LEVEL_RATE, 1.0 / (points + 1.0))
        variance = (1.0 - rate) * (columns["level_variance"] + rate * offset * offset)
        np.copyto(columns["level_variance"], variance, where=ok)
        np.copyto(level, level + rate * offset, where=ok)
        np.copyto(columns["highest"], np.maximum(columns["highest"], values), where=ok)
        np.copyto(columns["lowest"], np.minimum(columns["lowest"], values), where=ok)
        np.copyto(points, points + weight, where=ok)
