"""When a gauge that grows reaches its limit: its trend, and how far such trends missed before.

source   split conformal prediction, see `forecast_interval`
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alertd.detect.columns import Bool, Rows
from alertd.detect.forecast import F64
from alertd.detect.forecast_interval import FEWEST_RATIOS, upper_end
from alertd.detect.forecast_trend import FEWEST_POINTS, OpenTrend, Trend, fit_trend

_ORIGINS = 24


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


@dataclass(frozen=True, slots=True)
class _Past:
    """A line of the past, and what came after it.

    line     of all points up to some moment
    highest  [series] of the points that came after it, the newest left aside; -inf where none is known
    is_open  the newest is one of them
    """

    line: Trend
    highest: F64
    is_open: bool

    def missed(self, length: int, newest: F64) -> F64:
        """[series]: how far above the line the highest came, in units of its noise."""
        highest = np.maximum(self.highest, newest) if self.is_open else self.highest
        with np.errstate(divide="ignore", invalid="ignore"):
            score: F64 = (highest - self.line.highest(length)) / self.line.noise
        return score


@dataclass(frozen=True, slots=True)
class _Step:
    """What only changes with the step: number of its newest column, and all that the columns before it say."""

    newest: int
    trend: OpenTrend
    past: tuple[_Past, ...]


class Foresight:
    """The trend of each series' last `window` points, and how far such trends missed over `ahead` points.

    Slot after slot: what the newest points cannot change is worked out once per step, and a line through a whole window
    of the past once at all.
    """

    def __init__(self, *, window: int, ahead: int) -> None:
        self._window, self._ahead = window, ahead
        self._lines: dict[tuple[int, int], Trend] = {}  # by the steps they begin at and end before
        self._step: _Step | None = None

    def reach(self, values: F64, *, newest: int, rows: Rows) -> Reach:
        """How high these rows may get.

        values  [series, points] evenly spaced, oldest first; NaN where unknown. Since the last call, only points of the
                steps from its newest on may have changed
        newest  number of the last column's step
        """
        step = self._step
        if step is None or step.newest != newest:
            step = self._step = self._begin(values, newest)
        last = values[:, -1]
        length, known_last = self._length(values.shape[1]), np.where(np.isnan(last), -np.inf, last)
        scores = np.array([one.missed(length, known_last)[rows] for one in step.past])
        # A line that is followed further than any was before may miss by more: the error grows at least with the root.
        widened = scores * max(self._ahead / length, 1.0) ** 0.5
        trend = step.trend.with_newest(last).of(rows)
        return Reach(trend, float(self._ahead), np.sort(widened[np.isfinite(widened)]))

    def forget(self) -> None:
        """Points of the past have changed."""
        self._lines, self._step = {}, None

    def add(self, count: int) -> None:
        """There are so many series more, without a past."""
        self._step = None
        self._lines = {span: line.with_unknown(count) for span, line in self._lines.items()}

    def keep(self, rows: Bool) -> None:
        """Only these series are left."""
        self._step = None
        self._lines = {span: line.of(np.flatnonzero(rows)) for span, line in self._lines.items()}

    def _length(self, points: int) -> int:
        return min(self._ahead, max(points // 3, 1))

    def _begin(self, values: F64, newest: int) -> _Step:
        points: int = values.shape[1]
        first, length = newest - points + 1, self._length(points)
        origins = np.arange(FEWEST_POINTS, points - length + 1)
        self._lines = {span: line for span, line in self._lines.items() if span[0] >= first}
        heights = np.where(np.isnan(values[:, :-1]), -np.inf, values[:, :-1])
        past = []
        for origin in origins[:: max(-(-len(origins) // _ORIGINS), 1)].tolist():
            start = max(origin - self._window, 0)
            span = first + start, first + origin
            line = self._lines.get(span)
            if line is None:
                line = fit_trend(values[:, start:origin])
                if origin - start == self._window:
                    self._lines[span] = line
            highest = np.max(heights[:, origin : origin + length], axis=1, initial=-np.inf)
            past.append(_Past(line, highest, is_open=origin + length == points))
        return _Step(newest, OpenTrend(values[:, -self._window :]), tuple(past))
