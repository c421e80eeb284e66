"""`Sensitivity`: the k that gives as many false alerts a week as somebody is ready to have.

Events begin when m of the last n points are strong enough, so what counts is the m-th strongest of n, and its highest in every
stretch of time in which there can be one event only. Every such stretch of every row outside of an event is counted by its highest; the
rate beyond what was seen comes from an exponential fit to the logarithms of the highest hundredth (peaks over threshold).
"""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np

from alertd.detect.columns import F64, Bool, Column, Columns
from alertd.detect.local_time import WEEK
from alertd.detect.log_histogram import LogHistogram

_TAIL_SHARE = 0.01
_LEAST_EXCEEDANCES = 100.0
_CAUTIOUS_K = 4.0
_MEMORY_SECONDS = 28 * 86_400.0
_LEAST_K, _MOST_K = 1.5, 30.0


class Sensitivity:
    """Counts strengths and answers with k."""

    def __init__(self, *, start_k: float, alerts_per_week: float, points: tuple[int, int], stretch: timedelta) -> None:
        self._start_k = start_k
        self._alerts_per_week = alerts_per_week
        self._least, of = points
        self._stretch = stretch.total_seconds()
        self.histogram = LogHistogram()
        self.columns = Columns(
            {
                "recent": Column(np.float32, 0.0, (of,)),
                "highest": Column(np.float32, np.nan),
                "stretch": Column(np.int64, -1),
            }
        )

    def update(self, at: float | F64, strength: F64, *, ok: Bool, counted: Bool) -> None:
        """Learn one slot: strength [rows], 0 where a floor is not met; `ok` rows have a point, `counted` ones no event."""
        columns = self.columns
        recent, highest = columns["recent"], columns["highest"]
        recent[1:] = np.where(ok, recent[:-1], recent[1:])
        recent[0] = np.where(ok, strength, recent[0])
        event = np.sort(recent, axis=0)[-self._least]
        number = np.floor_divide(at, self._stretch).astype(np.int64)
        ended = ok & (columns["stretch"] != number)
        full = ended & np.isfinite(highest)
        if full.any():
            self.histogram.fade(
                math.exp(-self._stretch / _MEMORY_SECONDS * np.count_nonzero(full) / max(columns.rows, 1))
            )
            self.histogram.add(highest[full].astype(np.float64))
        np.copyto(highest, np.nan, where=ended)
        np.copyto(columns["stretch"], number, where=ok)
        np.copyto(highest, np.fmax(highest, event), where=ok & counted)

    def k(self, rows: int) -> float:
        """The k for that many rows; at least 4 while fewer than 100 stretches make up the highest hundredth."""
        stretches_per_week = rows * WEEK / self._stretch
        limit = self.histogram.quantile(1.0 - _TAIL_SHARE)
        count, mean_excess = self.histogram.exceedances(limit)
        if count < _LEAST_EXCEEDANCES or stretches_per_week == 0.0:
            return max(self._start_k, _CAUTIOUS_K)
        allowed = self._alerts_per_week / stretches_per_week
        if allowed >= count / self.histogram.total:
            return min(max(self.histogram.quantile(1.0 - min(allowed, 1.0)), _LEAST_K), _MOST_K)
        beyond = mean_excess * math.log(count / self.histogram.total / allowed)
        return min(max(limit * math.exp(beyond), _LEAST_K), _MOST_K)
