"""`Conditions`: what a point must meet to be anomalous: strength and every floor; and the bounds they make together."""

from __future__ import annotations

import numpy as np

from alertd.detect.columns import F64, Rows, rows_of
from alertd.detect.hourly import Hourly
from alertd.detect.intake import Points
from alertd.detect.method import Reading
from alertd.detect.pool import Pool
from alertd.detect.settings import DetectorSettings
from alertd.detect.slot import MIN_CHANGE, MIN_VALUE, POOLED, SPARSE, STRENGTH, U8, UNKNOWN
from alertd.detect.usual import Usual


class Conditions:
    """Those of one detector."""

    def __init__(self, settings: DetectorSettings, usual: Usual, pool: Pool, hourly: Hourly | None) -> None:
        self._usual, self._pool, self._hourly = usual, pool, hourly
        self._min_change, self._min_value = settings.min_change, settings.min_value
        self._sparse_factor = settings.sparse_factor
        self._above, self._below = settings.direction != "below", settings.direction != "above"

    def score(self, points: Points, strength: F64, expected: F64, residual: F64) -> tuple[F64, U8]:
        """[rows] each: the least of all conditions' ratios to what they ask for, and which it was (`Ruling`).

        strength   as a share of k
        residual   value - expected
        """
        score, ruling = self._least(points.value, strength, expected, residual)
        unknown = ~(points.judged & np.isfinite(score))
        np.copyto(score, 0.0, where=unknown)
        np.copyto(ruling, UNKNOWN, where=unknown)
        warming = rows_of(points.ok & points.warming)
        if warming.size and self._above:
            value = points.value[warming]
            score[warming] = np.minimum(np.abs(value) / self._pool.limit(), _ratio(value, self._min_value))
            ruling[warming] = POOLED
        return score, ruling

    def bounds(self, value: F64, reading: Reading, expected: F64, *, anomalous: Rows) -> tuple[F64, F64]:
        """[rows] each: the lower and the upper one."""
        reach = np.maximum(reading.reach, self._min_value)
        if self._min_change > 0.0:
            np.maximum(reach, self._min_change * np.abs(expected), out=reach)
        lower = expected - reach if self._below else np.full(len(reach), -np.inf)
        upper = expected + reach if self._above else np.full(len(reach), np.inf)
        # A value that nothing like it was seen of may be anomalous before it is out of reach: then it is the bound.
        if anomalous.size:
            value, expected = value[anomalous], expected[anomalous]
            high, low = value > expected, value < expected
            upper[anomalous[high]] = np.fmin(upper[anomalous[high]], value[high])
            lower[anomalous[low]] = np.fmax(lower[anomalous[low]], value[low])
        return lower, upper

    def _least(self, value: F64, strength: F64, expected: F64, residual: F64) -> tuple[F64, U8]:
        """The least ratio of each row, and whose it is; NaN where any is NaN."""
        score, ruling, size = strength, np.full(len(strength), STRENGTH), np.abs(residual)
        if self._min_change > 0.0:
            score, ruling = _lower(score, ruling, _ratio(size, self._min_change * np.abs(expected)), MIN_CHANGE)
        if self._min_value > 0.0:
            score, ruling = _lower(score, ruling, size / self._min_value, MIN_VALUE)
        if self._sparse_factor > 0.0:
            multiple = _ratio(value, self._sparse_factor * self._bursts())
            score, ruling = _lower(score, ruling, np.where(value > expected, multiple, np.inf), SPARSE)
        return score, ruling

    def _bursts(self) -> F64:
        """[rows]: as high as values get without being news."""
        percentile = self._usual.percentile()
        return percentile if self._hourly is None else np.maximum(percentile, self._hourly.habit)


def _lower(score: F64, ruling: U8, ratio: F64, name: np.uint8) -> tuple[F64, U8]:
    return np.minimum(score, ratio), np.where(ratio < score, name, ruling)


def _ratio(size: F64, floor: float | F64) -> F64:
    """size / floor; inf where there is no floor."""
    ratio: F64 = size / floor
    np.copyto(ratio, np.inf, where=~np.greater(floor, 0.0))
    return ratio
