"""`Intake`: which of a slot's values are points of their row, how old the row is, and for how long a point stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alertd.detect.columns import F64, Bool, Column, Columns, rows_of
from alertd.detect.local_time import Moment, time_of
from alertd.detect.settings import DetectorSettings

_LARGEST = 1e30  # squares of squares of more leave float64
_GAP_STEPS = 2.0
_PACE_RATE = 0.1


@dataclass(slots=True, eq=False)
class Points:
    """The points of one slot; all [rows] but the moment.

    value     NaN where there is no point
    relative  value - base of the row; 0 where there is no point
    ok        has a point
    silent    has none
    warming   too young to be judged by its own past; free rows are warming
    judged    has a point, and is not too young
    gap       the point comes after a gap
    """

    moment: Moment
    value: F64
    relative: F64
    ok: Bool
    silent: Bool
    warming: Bool
    judged: Bool
    gap: Bool


class Intake:
    """Keeps when each row had its points, and the first one as the base that values are told relative to."""

    def __init__(self, settings: DetectorSettings) -> None:
        self._zone = settings.zone
        self._warm_up, self._warm_up_points = settings.warm_up_seconds, settings.warm_up_points
        self._gap_steps, self._recovery = settings.points[1] * _GAP_STEPS, settings.recovery.total_seconds()
        self.columns = Columns(
            {
                "used": Column(np.bool_),
                "first_at": Column(blank=np.nan),
                "last_at": Column(blank=-np.inf),
                "pace": Column(np.float32),
            }
        )
        self.origin = Columns({"base": Column(), "points": Column()})

    def points(self, at: float | F64, values: F64) -> Points:
        """The points of this slot; `done` when they have been learned."""
        columns, base = self.columns, self.origin["base"]
        elapsed = at - columns["last_at"]  # infinite before the first point
        ok = columns["used"] & (np.abs(values) <= _LARGEST) & (elapsed > 0.0)
        silent = ~ok
        np.copyto(elapsed, 0.0, where=silent)
        first = rows_of(np.isinf(elapsed))
        if first.size:
            base[first], columns["first_at"][first] = values[first], time_of(at, first)
            elapsed[first] = 0.0
        value, relative = values.copy(), values - base
        np.copyto(value, np.nan, where=silent)
        np.copyto(relative, 0.0, where=silent)
        young = at - columns["first_at"] < self._warm_up
        warming = young | (self.origin["points"] < self._warm_up_points)
        step, gap = self._step(elapsed, silent)
        moment = Moment.of(at, step, self._zone)
        return Points(moment, value, relative, ok, silent, warming, ok & ~warming, gap)

    def done(self, points: Points) -> None:
        """These points are each row's newest."""
        np.copyto(self.columns["last_at"], points.moment.at, where=points.ok)
        count = self.origin["points"]
        count += points.ok

    def _step(self, elapsed: F64, silent: Bool) -> tuple[F64, Bool]:
        """[rows] each: for how long a point stands, at most two usual steps; whether it comes after a gap."""
        pace, gap = self.columns["pace"], np.zeros(len(elapsed), dtype=np.bool_)
        if ((elapsed == pace) | silent).all():  # every point at its row's usual step, as most often
            return elapsed, gap
        step = np.minimum(elapsed, _GAP_STEPS * pace)
        late = rows_of(step < elapsed)
        second = late[pace[late] == 0.0]
        pace[second] = step[second] = elapsed[second]
        change = step - pace
        change *= _PACE_RATE
        np.copyto(change, 0.0, where=silent)
        pace += change
        gap[late] = elapsed[late] > np.maximum(self._gap_steps * pace[late], self._recovery)
        return step, gap
