"""`Detector`: the frame round every method, in this order, for all rows at once:

usable values -> strength by the old memory -> floors -> m of n, hysteresis -> guarded learning -> adoption of a new level.
"""

from __future__ import annotations

import numpy as np

from alertd.detect.columns import F64, Bool, Column, Columns, Rows
from alertd.detect.events import Change, Events
from alertd.detect.local_time import Moment, local_seconds
from alertd.detect.method import Method, Reading
from alertd.detect.methods import open_method
from alertd.detect.settings import DetectorSettings
from alertd.detect.slot import Ruling, Slot, State

_LARGEST = 1e30  # squares of more leave float64
_GUARDED_WEIGHT = 0.25
_COMMON_SHARE, _COMMON_ROWS = 0.2, 10
_GAP_STEPS = 2.0
_PACE_RATE = 0.1


class Detector:
    """Judges and remembers series by row number; who a row belongs to is its owner's business.

    Rows come from `add` and go back with `free`; `rows` only grows, free rows are given out again. Every call costs O(rows),
    whatever the window. Times are unix seconds. Changes itself in place: one owner, one thread at a time.
    """

    def __init__(self, settings: DetectorSettings) -> None:
        self.settings = settings
        self.k = settings.start_k
        self._method: Method = open_method(settings)
        self._events = Events(settings)
        self._columns = Columns(
            {
                "used": Column(np.bool_),
                "base": Column(),
                "points": Column(),
                "first_at": Column(blank=np.nan),
                "last_at": Column(blank=-np.inf),
                "pace": Column(np.float32),
            }
        )

    @property
    def rows(self) -> int:
        """How many rows there are, free ones included: the length of every array."""
        return self._columns.rows

    @property
    def used(self) -> Bool:
        """[rows]: which rows are given out."""
        return self._columns["used"].copy()

    def add(self, count: int) -> Rows:
        """Give out `count` rows, fresh ones, lowest numbers first."""
        spare = np.flatnonzero(~self._columns["used"])
        if len(spare) < count:
            more = max(count - len(spare), self.rows // 8)
            for part in (self._columns, self._events.columns, self._method):
                part.grow(more)
            spare = np.flatnonzero(~self._columns["used"])
        rows: Rows = spare[:count]
        self._columns["used"][rows] = True
        return rows

    def free(self, rows: Rows) -> None:
        """Take rows back and forget all they held."""
        for part in (self._columns, self._events.columns, self._method):
            part.clear(rows)

    def judge(self, at: float | F64, values: F64) -> Slot:
        """Judge the points of one time, then learn from them.

        at       unix seconds; or [rows], where each row has a clock of its own (replay)
        values   [rows] float64; NaN (or anything not finite): no point at this time. A point not younger than the row's last is left out
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return self._judge(at, np.asarray(values, dtype=np.float64))

    def learn(self, times: F64, values: F64) -> None:
        """Take in history, oldest first; leaves the same memory as judging point by point.

        times [points] unix seconds; values [points, rows], NaN where there is no point
        """
        for at, row in zip(times.tolist(), values, strict=True):
            self.judge(at, row)

    def _judge(self, at: float | F64, values: F64) -> Slot:
        columns = self._columns
        ok = columns["used"] & (np.abs(values) <= _LARGEST) & (columns["last_at"] < at)
        first = ok & (columns["points"] == 0.0)
        np.copyto(columns["base"], values, where=first)
        np.copyto(columns["first_at"], at, where=first)
        value = np.where(ok, values, np.nan)
        relative = value - columns["base"]
        moment, gap = self._moment(at, ok=ok, first=first)
        reading = self._method.read(moment, relative, k=self.k)
        warming = self._warming(at)
        score, ruling = self._score(reading, value, relative, ok=ok, warming=warming)
        change = self._events.step(at, score, relative - reading.centre, moment.dt, gap=gap, ok=ok)
        news = self._events.news(at, reading.strength, ok=ok & ~warming)
        self._learn(moment, reading, relative, anomalous=ok & (score >= 1.0) & ~warming, ok=ok)
        self._adopt(change.adopted)
        np.copyto(columns["last_at"], at, where=ok)
        np.copyto(columns["points"], columns["points"] + 1.0, where=ok)
        return self._slot(at, value, reading, score, ruling, news, change, warming=warming, ok=ok)

    def _moment(self, at: float | F64, *, ok: Bool, first: Bool) -> tuple[Moment, Bool]:
        """The time, with each row's step; and which rows come after a gap."""
        columns = self._columns
        elapsed = np.where(ok & ~first, at - columns["last_at"], 0.0)
        pace = columns["pace"]
        usual = np.where(pace == 0.0, elapsed, np.minimum(elapsed, _GAP_STEPS * pace))
        new = np.where(pace == 0.0, usual, pace + _PACE_RATE * (usual - pace))
        np.copyto(pace, new, where=ok & ~first, casting="same_kind")
        allowed = np.maximum(self.settings.points[1] * _GAP_STEPS * pace, self.settings.recovery.total_seconds())
        return Moment(at, local_seconds(at, self.settings.zone), usual), elapsed > allowed

    def _warming(self, at: float | F64) -> Bool:
        columns = self._columns
        young = at - columns["first_at"] < self.settings.warm_up.total_seconds()
        warming: Bool = young | (columns["points"] < self.settings.warm_up_points)
        return warming

    def _score(self, reading: Reading, value: F64, relative: F64, *, ok: Bool, warming: Bool) -> tuple[F64, F64]:
        """[rows] each: the least of all conditions' ratios, and which it was (`Ruling`)."""
        settings = self.settings
        size = np.abs(relative - reading.centre)
        expected = np.abs(reading.centre + self._columns["base"])
        ratios = [
            reading.strength / self.k,
            _ratio(size, settings.min_change * expected),
            _ratio(size, settings.min_value),
        ]
        stacked = np.stack(ratios)
        ruling = stacked.argmin(axis=0)
        score = stacked.min(axis=0)
        known = ok & ~warming & np.isfinite(score)
        return np.where(known, score, 0.0), np.where(known, ruling, int(Ruling.UNKNOWN))

    def _learn(self, moment: Moment, reading: Reading, relative: F64, *, anomalous: Bool, ok: Bool) -> None:
        guarded = np.where(anomalous, np.clip(relative, reading.lower, reading.upper), relative)
        self._method.update(moment, guarded, weight=np.where(anomalous, _GUARDED_WEIGHT, 1.0), ok=ok)

    def _adopt(self, rows: Bool) -> None:
        """The recent level becomes the expected one: everything remembered moves with the base."""
        if rows.any():
            columns = self._columns
            np.copyto(columns["base"], columns["base"] + self._events.columns["drift"], where=rows)
            self._events.end(rows)

    def _slot(
        self,
        at: float | F64,
        value: F64,
        reading: Reading,
        score: F64,
        ruling: F64,
        news: F64,
        change: Change,
        *,
        warming: Bool,
        ok: Bool,
    ) -> Slot:
        base = self._columns["base"]
        state = np.where(warming & (change.state == State.NORMAL), np.uint8(State.WARMING), change.state)
        anomalous = ok & (score >= 1.0)
        judged = int(np.count_nonzero(ok & ~warming))
        return Slot(
            at=float(np.max(at)),
            k=self.k,
            value=value,
            expected=reading.centre + base,
            lower=reading.lower + base,
            upper=reading.upper + base,
            strength=np.where(ok, reading.strength, 0.0),
            score=score,
            news=news,
            state=np.where(ok, state, np.uint8(State.ABSENT)),
            ruling=ruling.astype(np.uint8),
            since=self._events.columns["since"].copy(),
            excess=self._events.columns["excess"].copy(),
            opened=change.opened,
            closed=change.closed,
            adopted=change.adopted,
            common=int(anomalous.sum()) > max(_COMMON_SHARE * judged, _COMMON_ROWS),
        )


def _ratio(size: F64, floor: float | F64) -> F64:
    """size / floor; inf where there is no floor."""
    return np.divide(size, floor, out=np.full_like(size, np.inf), where=np.greater(floor, 0.0))
