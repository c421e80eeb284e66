"""`Sigma`: rolling mean and standard deviation, the "3-sigma" by its name. The tested point is never part of its own window.

With it inside, no point of a window of ten could ever lie over three standard deviations away (sqrt(n - 1) is the limit).
The window is a matter of time, not of points: a bucket counts as one however many points it has, so a past that was read at
coarser steps than the rule's slots weighs what it lasted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alertd.detect.columns import F64, Bool, Column, Columns
from alertd.detect.local_time import Moment
from alertd.detect.method import Reading, plain_reading
from alertd.detect.ring import Ring
from alertd.detect.settings import Direction

_BUCKETS = 360


class Sigma:
    """The method `sigma`; see `Method`. Buckets of weight, mean and squared deviation, per point; their totals are kept running.

    Running totals of float64 drift by what is added and taken away; every row's are summed anew once per turn of the ring.
    """

    def __init__(self, *, window: timedelta, direction: Direction) -> None:
        self._direction = direction
        lead = (_BUCKETS,)
        self.columns = Columns(
            {
                "weight": Column(np.float32, 0.0, lead),
                "mean": Column(np.float32, 0.0, lead),
                "squares": Column(np.float32, 0.0, lead),
                "total_weight": Column(),
                "total": Column(),
                "total_squares": Column(),
                "turn": Column(np.int64),
                "points": Column(np.float32),  # in the present bucket
                **Ring.layout(),
            }
        )
        self._ring = Ring(self.columns, window=window, buckets=_BUCKETS)

    def read(self, moment: Moment, values: F64, *, k: float, ok: Bool) -> Reading:
        self._expire(moment, ok)
        columns = self.columns
        weight = columns["total_weight"]
        share = 1.0 / weight
        mean = columns["total"] * share
        variance = np.maximum(columns["total_squares"] * share - mean * mean, 0.0)
        np.copyto(mean, np.nan, where=weight <= 0.0)
        return plain_reading(values - mean, mean, np.sqrt(variance), k=k, direction=self._direction)

    def update(self, moment: Moment, values: F64, *, weight: F64) -> None:
        buckets, points = self.columns.together("weight", "mean", "squares"), self.columns["points"]
        cell = (slice(None), *self._ring.place(moment.at))
        held = buckets[cell].astype(np.float64)
        learned = weight > 0.0
        _, mean, _ = held
        had, squares = held[0] * points, held[2] * points
        now = had + weight
        points += learned
        step = weight / np.where(now > 0.0, now, 1.0)
        offset = values - mean
        squares += weight * (1.0 - step) * offset * offset
        each = 1.0 / np.maximum(points, 1.0)
        buckets[cell] = np.stack((now * each, mean + step * offset, squares * each))
        totals = self._totals
        totals -= _contents(held) * learned
        totals += _contents(buckets[cell]) * learned
        self._sum_anew(learned)

    @property
    def _totals(self) -> F64:
        return self.columns.together("total_weight", "total", "total_squares")

    def _expire(self, moment: Moment, ok: Bool) -> None:
        buckets, totals = self.columns.together("weight", "mean", "squares"), self._totals
        for numbers, rows in self._ring.advance(moment.at, ok=ok):
            totals[:, rows] -= _contents(buckets[:, numbers, rows])
            buckets[:, numbers, rows] = 0.0
            self.columns["points"][rows] = 0.0

    def _sum_anew(self, ok: Bool) -> None:
        turn = self.columns["turn"]
        turn += ok
        rows = np.flatnonzero(ok & ((turn + np.arange(len(turn))) % _BUCKETS == 0))
        if rows.size:
            buckets = self.columns.together("weight", "mean", "squares")
            self._totals[:, rows] = _contents(buckets[:, :, rows]).sum(axis=1)


def of_points(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """What a memory has that was saved when buckets weighed as many points as they held, as `Sigma` has it today.

    How many points of less weight than one there were is not known of it: a bucket's are as many as its weight, rounded up.
    """
    weight, mean, squares, bucket = (arrays[f"{prefix}.{name}"] for name in ("weight", "mean", "squares", "bucket"))
    points = np.maximum(np.ceil(weight), 1.0)
    buckets = np.stack((weight / points, mean, squares / points))
    totals = _contents(buckets).sum(axis=1)
    rows = np.arange(weight.shape[-1])
    converted = dict(zip(("weight", "mean", "squares"), buckets, strict=True))
    converted |= dict(zip(("total_weight", "total", "total_squares"), totals, strict=True))
    converted["points"] = np.where(weight > 0.0, points, 0.0).astype(np.float32)[bucket % _BUCKETS, rows]
    return {f"{prefix}.{name}": array for name, array in converted.items()}


def _contents(buckets: NDArray[Any]) -> F64:
    """What buckets [weight, mean, squares; ...] add to the totals."""
    weight, mean, squares = buckets.astype(np.float64)
    return np.stack((weight, weight * mean, squares + weight * mean * mean))
