"""`Sigma`: rolling mean and standard deviation, the "3-sigma" by its name. The tested point is never part of its own window.

With it inside, no point of a window of ten could ever lie over three standard deviations away (sqrt(n - 1) is the limit).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from alertd.detect.columns import F64, Bool, Column, Columns
from alertd.detect.local_time import Moment
from alertd.detect.method import Reading, plain_reading
from alertd.detect.ring import Ring
from alertd.detect.settings import Direction

_BUCKETS = 360


class Sigma:
    """The method `sigma`; see `Method`. Buckets of weight, mean and squared deviation; their totals are kept running.

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
                **Ring.layout(),
            }
        )
        self._ring = Ring(self.columns, window=window, buckets=_BUCKETS)

    def read(self, moment: Moment, values: F64, *, k: float) -> Reading:
        self._expire(moment, np.isfinite(values))
        columns = self.columns
        weight = columns["total_weight"]
        known = weight > 0.0
        share = np.divide(1.0, weight, out=np.zeros_like(weight), where=known)
        mean = columns["total"] * share
        variance = np.maximum(columns["total_squares"] * share - mean * mean, 0.0)
        centre = np.where(known, mean, np.nan)
        return plain_reading(values - centre, centre, np.sqrt(variance), k=k, direction=self._direction)

    def update(self, moment: Moment, values: F64, *, weight: F64, ok: Bool) -> None:
        columns = self.columns
        cell = self._ring.place(moment.at)
        self._count(cell, sign=-1.0, ok=ok)
        held, mean = columns["weight"][cell].astype(np.float64), columns["mean"][cell].astype(np.float64)
        offset = values - mean
        new = held + weight
        step = weight / new
        columns["weight"][cell] = np.where(ok, new, held)
        columns["mean"][cell] = np.where(ok, mean + step * offset, mean)
        squares = columns["squares"][cell]
        columns["squares"][cell] = np.where(ok, squares + weight * (1.0 - step) * offset * offset, squares)
        self._count(cell, sign=1.0, ok=ok)
        self._sum_anew(ok)

    def _expire(self, moment: Moment, ok: Bool) -> None:
        for cell in self._ring.advance(moment.at, ok=ok):
            buckets, rows = cell
            totals = self._contents(cell)
            for name, amount in totals.items():
                self.columns[name][rows] -= amount
            for name in ("weight", "mean", "squares"):
                self.columns[name][buckets, rows] = 0.0

    def _count(self, cell: tuple[Any, Any], *, sign: float, ok: Bool) -> None:
        for name, amount in self._contents(cell).items():
            np.copyto(self.columns[name], self.columns[name] + sign * amount, where=ok)

    def _contents(self, cell: tuple[Any, Any]) -> dict[str, F64]:
        """What cells add to the totals."""
        weight, mean, squares = (self.columns[name][cell].astype(np.float64) for name in ("weight", "mean", "squares"))
        return {"total_weight": weight, "total": weight * mean, "total_squares": squares + weight * mean * mean}

    def _sum_anew(self, ok: Bool) -> None:
        turn = self.columns["turn"]
        np.copyto(turn, turn + 1, where=ok)
        rows = np.flatnonzero(ok & ((turn + np.arange(len(turn))) % _BUCKETS == 0))
        if rows.size:
            for name, amount in self._contents((slice(None), rows)).items():
                self.columns[name][rows] = amount.sum(axis=0)
