"""When a gauge that grows reaches its limit: a robust trend, and how far such trends missed before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from alertd.detect.forecast import F64, count_known, median
from alertd.detect.forecast_interval import FEWEST_RATIOS, upper_end

_FITTED = 48  # points a line goes through: 1,128 pairwise slopes
_FEWEST_POINTS = 4
_ORIGINS = 24
_LEAST_SCALE = 1e-9  # of the level: a series that never moved has no noise to measure in


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


def fit_trend(values: F64) -> Trend:
    """Theil-Sen: the median of the slopes between all pairs of points; a quarter of wild points cannot bend it.

    values  [series, points] evenly spaced, oldest first; NaN where unknown
    source  Sen (1968), Estimates of the regression coefficient based on Kendall's tau
    """
    chosen = np.unique(np.linspace(0, values.shape[1] - 1, min(values.shape[1], _FITTED)).round().astype(int))
    points, sample = chosen - (values.shape[1] - 1.0), values[:, chosen]
    first, second = np.triu_indices(len(chosen), k=1)
    slope = median((sample[:, second] - sample[:, first]) / (points[second] - points[first]))
    level = median(sample - slope[:, None] * points)
    off = sample - level[:, None] - slope[:, None] * points
    noise = np.maximum(1.4826 * median(np.abs(off)), _LEAST_SCALE * np.abs(level))
    enough = count_known(values) >= _FEWEST_POINTS
    return Trend(*(np.where(enough, part, np.nan) for part in (level, slope, noise)))


@dataclass(frozen=True, slots=True)
class Reach:
    """How high each series may get within the next `ahead` points.

    scores  sorted: how far above the line the highest point came in the past, in units of the line's own noise
    """

    trend: Trend
    ahead: float
    scores: F64

    @property
    def known(self) -> bool:
        """Whether enough earlier lines speak for these."""
        return len(self.scores) >= FEWEST_RATIOS

    def highest(self, p: float) -> F64:
        """[series]: the height that is not passed within that time with probability `p`; NaN where not known."""
        if not self.known:
            return np.full(len(self.trend.level), np.nan)
        height: F64 = self.trend.highest(self.ahead) + upper_end(self.scores, p) * self.trend.noise
        return height

    def reaches(self, limit: F64) -> F64:
        """[series] limits -> [series]: the probability that the series gets to its limit in time; NaN where not known."""
        if not self.known:
            return np.full(len(limit), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            score = (limit - self.trend.highest(self.ahead)) / self.trend.noise
        above = len(self.scores) - np.searchsorted(self.scores, score, side="left")
        return np.where(np.isnan(score), np.nan, (above + 1) / (len(self.scores) + 2))

    def reached_after(self, limit: F64, p: float) -> F64:
        """[series]: after how many points the limit is reached if the series takes the way to the `p`-quantile; inf: never."""
        rise = self.highest(p) - self.trend.level
        with np.errstate(divide="ignore", invalid="ignore"):
            after = np.maximum(limit - self.trend.level, 0.0) / rise * self.ahead
        return np.where(np.isnan(rise), np.nan, np.where((after >= 0) & (after <= self.ahead), after, np.inf))


def foresee(values: F64, *, window: int, ahead: int) -> Reach:
    """The trend of each series' last `window` points, and how far such trends missed over `ahead` points.

    values  [series, points] evenly spaced, oldest first; NaN where unknown
    """
    now = fit_trend(values[:, -window:])
    length = min(ahead, max(values.shape[1] // 3, 1))
    scores = list(_scores(values, window=window, length=length)) or [np.empty(0)]
    # A line that is followed further than any was before may miss by more: the error grows at least with the root.
    widened = np.concatenate(scores) * max(ahead / length, 1.0) ** 0.5
    return Reach(now, float(ahead), np.sort(widened[np.isfinite(widened)]))


def _scores(values: F64, *, window: int, length: int) -> Iterator[F64]:
    origins = np.arange(_FEWEST_POINTS, values.shape[1] - length + 1)
    for origin in origins[:: max(-(-len(origins) // _ORIGINS), 1)].tolist():
        line = fit_trend(values[:, max(origin - window, 0) : origin])
        came = values[:, origin : origin + length]
        highest = np.max(np.where(np.isnan(came), -np.inf, came), axis=1, initial=-np.inf)
        with np.errstate(divide="ignore", invalid="ignore"):
            yield (highest - line.highest(length)) / line.noise
