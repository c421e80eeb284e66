"""A robust straight line through a gauge that grows, also while its newest point still moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from alertd.detect.columns import Rows
from alertd.detect.forecast import F64, count_known, median

Counts = NDArray[np.int64]
N = TypeVar("N", int, Counts)

FEWEST_POINTS = 4
"""With fewer known points there is no line."""

_FITTED = 48  # points a line goes through: 1,128 pairwise slopes
_LEAST_SCALE = 1e-9  # of the level: a series that never moved has no noise to measure in
_BLOCK = 64  # series at a time: their slopes stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through each series.

    level  [series] of the line at the newest point
    slope  [series] change per point
    noise  [series] robust standard deviation around the line; NaN throughout with fewer than four known points
    """

    level: F64
    slope: F64
    noise: F64

    def highest(self, ahead: float) -> F64:
        """[series]: the highest the line gets within the next `ahead` points."""
        return self.level + np.maximum(self.slope * ahead, 0.0)

    def of(self, rows: Rows) -> Trend:
        """The lines of these series alone."""
        return Trend(self.level[rows], self.slope[rows], self.noise[rows])

    def with_unknown(self, count: int) -> Trend:
        """With so many series more, of which nothing is known."""
        unknown = np.full(count, np.nan)
        return Trend(*(np.concatenate((part, unknown)) for part in (self.level, self.slope, self.noise)))


def fit_trend(values: F64) -> Trend:
    """Theil-Sen: the median of the slopes between all pairs of points; a quarter of wild points cannot bend it.

    values  [series, points] evenly spaced, oldest first; NaN where unknown
    source  Sen (1968), Estimates of the regression coefficient based on Kendall's tau
    """
    sample, points = _sample(values)
    slope = np.empty(len(sample))
    for start in range(0, len(sample), _BLOCK):
        block = slice(start, start + _BLOCK)
        slope[block] = median(_slopes(sample[block], points))
    return _through(sample, points, slope, known=count_known(values))


class OpenTrend:
    """`fit_trend` of values whose newest point still moves: the slopes between all others are sorted once.

    Of the sorted ones only those round the middle are kept: one more point adds fewer slopes than there are points, and
    cannot move the median further than that.
    """

    def __init__(self, values: F64) -> None:
        """values  [series, points] as for `fit_trend`; what the newest point is does not matter."""
        sample, self._points = _sample(values)
        self._others = sample[:, :-1]
        self._known = count_known(values[:, :-1])
        pairs, reach = _pairs(count_known(self._others)), self._others.shape[1] + 2
        more = _pairs(count_known(self._others) + 1)
        # Where the middle may lie in the sorted slopes once the newest point's are among them.
        self._low, self._high = np.maximum(more - 1, 0) // 2, more // 2
        self._start = np.maximum(self._low - count_known(self._others), 0)
        self._middle = np.full((len(sample), reach), np.nan)
        self._without = np.empty(len(sample))
        for start in range(0, len(sample), _BLOCK):
            block = slice(start, start + _BLOCK)
            ordered = np.sort(_slopes(self._others[block], self._points[:-1]), axis=1)
            self._without[block] = _middle_of(ordered, np.maximum(pairs[block] - 1, 0) // 2, pairs[block] // 2)
            self._middle[block] = _columns(ordered, self._start[block, None] + np.arange(reach))

    def with_newest(self, newest: F64) -> Trend:
        """[series] the newest points, NaN where unknown -> the lines through all points."""
        to_it = (newest[:, None] - self._others) / (self._points[-1] - self._points[:-1])
        ordered = np.sort(np.concatenate((self._middle, to_it), axis=1), axis=1)
        slope = _middle_of(ordered, self._low - self._start, self._high - self._start)
        is_known = ~np.isnan(newest)
        sample = np.concatenate((self._others, newest[:, None]), axis=1)
        slope = np.where(is_known, slope, self._without)
        return _through(sample, self._points, slope, known=self._known + is_known)


def _sample(values: F64) -> tuple[F64, F64]:
    """The points a line goes through [series, fitted], and where they are, counted from the newest: ..., -1, 0."""
    count = values.shape[1]
    chosen = np.unique(np.linspace(0, count - 1, min(count, _FITTED)).round().astype(int))
    return values[:, chosen], chosen - (count - 1.0)


def _slopes(sample: F64, points: F64) -> F64:
    """[series, pairs] between all pairs of points."""
    count = len(points)
    rises, place = np.empty((len(sample), _pairs(count))), 0
    for first in range(count - 1):
        others = count - 1 - first
        np.subtract(sample[:, first + 1 :], sample[:, first, None], out=rises[:, place : place + others])
        place += others
    first_of, second_of = np.triu_indices(count, k=1)
    rises /= points[second_of] - points[first_of]
    return rises


def _through(sample: F64, points: F64, slope: F64, *, known: Counts) -> Trend:
    """The lines of these slopes; `known` is how many points there are, also between those of the sample."""
    level = median(sample - slope[:, None] * points)
    off = sample - level[:, None] - slope[:, None] * points
    noise = np.maximum(1.4826 * median(np.abs(off)), _LEAST_SCALE * np.abs(level))
    enough = known >= FEWEST_POINTS
    return Trend(*(np.where(enough, part, np.nan) for part in (level, slope, noise)))


def _pairs(count: N) -> N:
    return count * (count - 1) // 2


def _middle_of(ordered: F64, low: Counts, high: Counts) -> F64:
    """[series, n] sorted, NaN last -> [series]: half way between the values in columns `low` and `high`."""
    middle: F64 = 0.5 * _columns(ordered, low[:, None])[:, 0] + 0.5 * _columns(ordered, high[:, None])[:, 0]
    return middle


def _columns(ordered: F64, places: Counts) -> F64:
    """[series, n] and [series, k] columns -> [series, k]; NaN for columns that there are not."""
    width = ordered.shape[1]
    if not width:
        return np.full(places.shape, np.nan)
    found = np.take_along_axis(ordered, np.minimum(places, width - 1), axis=1)
    return np.where(places < width, found, np.nan)
