"""`Robust`: median and median absolute deviation of the window; half of it may be wrong without harm.

An exact median costs O(window), so a row's is taken anew a few times per window, another part of the rows in every slot, and always
while the row has few points. MAD is 0 where more than half of the points are equal, as for anything that idles; what is used instead, in order:
the mean absolute deviation, then the distance to the 90th percentile, each scaled to a standard deviation.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from alertd.detect.columns import F64, Bool, Column, Columns, Rows
from alertd.detect.local_time import Moment
from alertd.detect.method import Reading, plain_reading
from alertd.detect.ring import Ring
from alertd.detect.settings import Direction

_BUCKETS = 168
_SHARE, _TURNS = 8, 12  # a row's median is old by an eighth of its points, and by twelve of them, at most
_MAD_TO_SIGMA = 1.4826
_MEAN_DEVIATION_TO_SIGMA = 1.2533
_Q90_TO_SIGMA = 1.0 / 1.2816


class Robust:
    """The method `robust`; see `Method`. Each bucket keeps its last value: a sample of the window, not its averages."""

    def __init__(self, *, window: timedelta, direction: Direction) -> None:
        self._direction = direction
        self.columns = Columns(
            {
                "sample": Column(np.float32, np.nan, (_BUCKETS,)),
                "median": Column(blank=np.nan),
                "scale": Column(),
                "turn": Column(np.int64),
                **Ring.layout(),
            }
        )
        self._ring = Ring(self.columns, window=window, buckets=_BUCKETS)

    def read(self, moment: Moment, values: F64, *, k: float, ok: Bool) -> Reading:
        for cell in self._ring.advance(moment.at, ok=ok):
            self.columns["sample"][cell] = np.nan
        centre = self.columns["median"]
        return plain_reading(values - centre, centre.copy(), self.columns["scale"], k=k, direction=self._direction)

    def update(self, moment: Moment, values: F64, *, weight: F64) -> None:
        columns = self.columns
        cell, learned = self._ring.place(moment.at), weight > 0.0
        columns["sample"][cell] = np.where(learned, values, columns["sample"][cell])
        turn = columns["turn"]
        turn += learned
        due = (turn + np.arange(len(turn))) % np.clip(turn // _SHARE, 1, _TURNS) == 0
        self._take_medians(np.flatnonzero(learned & due))

    def _take_medians(self, rows: Rows) -> None:
        if not rows.size:
            return
        samples = np.sort(self.columns["sample"][:, rows].astype(np.float64), axis=0)
        counts = np.count_nonzero(np.isfinite(samples), axis=0)
        median = _quantile(samples, counts, 0.5)
        distance = np.sort(np.abs(samples - median), axis=0)
        mad = _MAD_TO_SIGMA * _quantile(distance, counts, 0.5)
        mean_deviation = _MEAN_DEVIATION_TO_SIGMA * np.nansum(distance, axis=0) / counts
        upper = _Q90_TO_SIGMA * np.maximum(_quantile(samples, counts, 0.9) - median, 0.0)
        scale = np.where(mad > 0.0, mad, np.where(mean_deviation > 0.0, mean_deviation, upper))
        self.columns["median"][rows] = median
        self.columns["scale"][rows] = scale


def _quantile(ordered: F64, counts: Rows, share: float) -> F64:
    """Linear between order statistics; `ordered` [points, rows] ascending with NaN last, `counts` [rows] at least 1."""
    position = share * (counts - 1)
    below = np.floor(position).astype(np.intp)
    columns = np.arange(ordered.shape[1])
    low = ordered[below, columns]
    high = ordered[np.minimum(below + 1, counts - 1), columns]
    result: F64 = low + (position - below) * (high - low)
    return result
