"""`Ewma`: exponentially weighted mean and variance; two numbers per series, gaps and uneven steps by their length."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from alertd.detect.columns import F64, Bool, Column, Columns
from alertd.detect.local_time import Moment
from alertd.detect.method import Reading, plain_reading
from alertd.detect.settings import Direction

_LEAST_FILLED = 0.01


class Ewma:
    """The method `ewma`; see `Method`. `window` is the time constant: a point that old counts 37 % of a new one."""

    def __init__(self, *, window: timedelta, direction: Direction) -> None:
        self._tau = window.total_seconds()
        self._direction = direction
        self.columns = Columns({"mean": Column(), "variance": Column(), "filled": Column()})

    def read(self, moment: Moment, values: F64, *, k: float, ok: Bool) -> Reading:
        columns = self.columns
        filled = columns["filled"]
        centre = columns["mean"].copy()
        np.copyto(centre, np.nan, where=filled <= 0.0)
        scale = np.sqrt(columns["variance"] / np.maximum(filled, _LEAST_FILLED))
        return plain_reading(values - centre, centre, scale, k=k, direction=self._direction)

    def update(self, moment: Moment, values: F64, *, weight: F64) -> None:
        columns = self.columns
        mean, variance, filled = columns["mean"], columns["variance"], columns["filled"]
        share = weight * -np.expm1(-moment.dt / self._tau)
        first = np.flatnonzero((filled == 0.0) & (weight > 0.0))
        share[first] = np.maximum(share[first], _LEAST_FILLED / 10.0)
        mean[first] = values[first]
        grown = filled + share * (1.0 - filled)
        # Of what is filled so far, not of the whole: the first point would weigh more than all others for days.
        step = share / np.where(share > 0.0, grown, 1.0)
        offset = values - mean
        mean += step * offset
        np.add((1.0 - share) * variance, share * (1.0 - step) * offset * offset, out=variance)
        filled[...] = grown
