"""`Detector`: the frame round every method, in this order, for all rows at once:

usable values -> strength by the old memory -> floors -> m of n, hysteresis -> guarded learning -> adoption of a new level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alertd.detect.columns import F64, Bool, Column, Columns, Rows, rows_of
from alertd.detect.errors import SavedStateError
from alertd.detect.events import Change, Events
from alertd.detect.local_time import Moment, time_of
from alertd.detect.log_histogram import BUCKETS, LogHistogram
from alertd.detect.memory import pack, unpack
from alertd.detect.method import Method, Reading
from alertd.detect.methods import open_method
from alertd.detect.pool import Pool
from alertd.detect.sensitivity import Sensitivity
from alertd.detect.settings import DetectorSettings
from alertd.detect.slot import ABSENT, ANOMALOUS, HELD, NORMAL, U8, UNKNOWN, WARMING, Ruling, Slot
from alertd.detect.snapshots import Snapshots
from alertd.detect.usual import Usual

_LARGEST = 1e30  # squares of squares of more leave float64
_GUARDED_WEIGHT, _GUARDED_REACH = 0.25, 4.0
_COMMON_SHARE, _COMMON_ROWS = 0.2, 10
_GAP_STEPS = 2.0
_PACE_RATE = 0.1


class Detector:
    """Judges and remembers series by row number; who a row belongs to is its owner's business.

    Rows come from `add` and go back with `free`; `rows` only grows, free rows are given out again. Every call costs O(rows),
    whatever the window. Times are unix seconds. It changes in place: one owner, one thread at a time.
    """

    def __init__(self, settings: DetectorSettings) -> None:
        self.settings = settings
        self.k = settings.start_k
        self._last_at = -np.inf
        self._method: Method = open_method(settings)
        self._events = Events(settings)
        self._usual = Usual()
        self._pool = Pool()
        self._sensitivity = _sensitivity(settings)
        self._columns = Columns(
            {
                "used": Column(np.bool_),
                "first_at": Column(blank=np.nan),
                "last_at": Column(blank=-np.inf),
                "pace": Column(np.float32),
            }
        )
        self._origin = Columns({"base": Column(), "points": Column()})
        learned = {"origin": self._origin, "method": self._method.columns, "usual": self._usual.columns}
        self._snapshots = Snapshots(learned)
        self._parts = {"rows": self._columns, "events": self._events.columns, **learned}
        if self._sensitivity is not None:
            self._parts["sensitivity"] = self._sensitivity.columns

    @property
    def rows(self) -> int:
        """How many rows there are, free ones included: the length of every array."""
        return self._columns.rows

    @property
    def used(self) -> Bool:
        """[rows]: which rows are given out."""
        return self._columns["used"].copy()

    def add(self, count: int) -> Rows:
        """Give out `count` fresh rows, lowest numbers first."""
        spare = rows_of(~self._columns["used"])
        if len(spare) < count:
            more = max(count - len(spare), self.rows // 8)
            for part in self._parts.values():
                part.grow(more)
            spare = rows_of(~self._columns["used"])
        rows: Rows = spare[:count]
        self._columns["used"][rows] = True
        return rows

    def free(self, rows: Rows) -> None:
        """Take rows back and forget all they held."""
        self._snapshots.drop(rows)
        for part in self._parts.values():
            part.clear(rows)

    def judge(self, at: float | F64, values: F64) -> Slot:
        """Judge the points of one time, then learn from them.

        at       unix seconds; or [rows], where each row has a clock of its own (a replay of series that do not share one)
        values   [rows] float64; NaN, infinity or beyond 1e30: no point. A point not younger than its row's last is none either
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
            return self._judge(at, np.asarray(values, dtype=np.float64))

    def learn(self, times: F64, values: F64) -> None:
        """Take in history, oldest first: the memory afterwards is that of judging point by point.

        times [points] unix seconds; values [points, rows], NaN where there is no point
        """
        for at, row in zip(times.tolist(), values, strict=True):
            self.judge(at, row)

    def expect(self, rows: Rows) -> None:
        """These events are as it should be: their recent level is the expected one from now on."""
        self._snapshots.drop(rows)
        self._adopt(rows)

    def incident(self, rows: Rows) -> None:
        """These rows' last events were incidents: nothing learned since each began remains; open ones are closed."""
        self._snapshots.restore(rows)
        self._events.end(rows)

    def dump(self) -> bytes:
        """All memory; the settings are not part of it."""
        arrays = {"pool": self._pool.histogram.counts, "frame": np.array([self.k, self._last_at])}
        if self._sensitivity is not None:
            arrays["strengths"] = self._sensitivity.histogram.counts
        for name, part in self._parts.items():
            arrays |= part.save(name)
        return pack(self.settings, arrays | self._snapshots.save())

    @classmethod
    def load(cls, settings: DetectorSettings, saved: bytes) -> Detector:
        """A detector that goes on from what `dump` gave. Thresholds and floors may have changed since.

        raises: SavedStateError when the bytes are damaged, of another version, or of settings that remember otherwise
        """
        arrays = unpack(settings, saved)
        detector = cls(settings)
        for name, part in detector._parts.items():
            if name != "sensitivity" or "strengths" in arrays:
                part.load(name, arrays)
        if "sensitivity" in detector._parts and "strengths" not in arrays:
            detector._parts["sensitivity"].grow(detector.rows)
        if len({part.rows for part in detector._parts.values()}) != 1:
            raise SavedStateError("the saved parts of a detector differ in their number of rows")
        detector._snapshots.load(arrays)
        detector._load_frame(arrays)
        return detector

    def _load_frame(self, arrays: dict[str, F64]) -> None:
        counts, frame = arrays.get("pool"), arrays.get("frame")
        if counts is None or counts.shape != (BUCKETS,) or frame is None or frame.shape != (2,):
            raise SavedStateError("the saved memory of a detector is incomplete")
        self._pool = Pool(LogHistogram(counts))
        k, self._last_at = frame.tolist()
        if self._sensitivity is not None and "strengths" in arrays:
            self._sensitivity.histogram = LogHistogram(arrays["strengths"])
            self.k = k

    def _judge(self, at: float | F64, values: F64) -> Slot:
        points = self._points(at, values)
        reading = self._method.read(points.moment, points.relative, k=self.k, ok=points.ok)
        expected = reading.centre + self._origin["base"]
        residual = points.relative - reading.centre
        score, ruling = self._score(points, reading, expected, residual)
        change = self._events.step(at, score, residual, points.moment.dt, gap=points.gap, ok=points.ok)
        news = self._events.news(at, reading.strength, ok=points.judged)
        slot = self._slot(points, reading, expected, score, ruling, news, change)
        self._snapshots.take(change.begun[points.judged[change.begun]])
        self._learn(points, reading, score)
        self._adapt_k(at, slot, ok=points.judged)
        self._adopt(change.adopted)
        np.copyto(self._columns["last_at"], at, where=points.ok)
        seen = self._origin["points"]
        seen += points.ok
        return slot

    def _points(self, at: float | F64, values: F64) -> _Points:
        columns, origin, settings = self._columns, self._origin, self.settings
        elapsed = at - columns["last_at"]  # infinite before the first point
        ok = columns["used"] & (np.abs(values) <= _LARGEST) & (elapsed > 0.0)
        silent = ~ok
        np.copyto(elapsed, 0.0, where=silent)
        first = rows_of(np.isinf(elapsed))
        if first.size:
            origin["base"][first], columns["first_at"][first] = values[first], time_of(at, first)
            elapsed[first] = 0.0
        value, relative = values.copy(), values - origin["base"]
        np.copyto(value, np.nan, where=silent)
        np.copyto(relative, 0.0, where=silent)
        young = at - columns["first_at"] < settings.warm_up_seconds
        warming = young | (origin["points"] < settings.warm_up_points)
        step, gap = self._step(elapsed, silent)
        moment = Moment.of(at, step, settings.zone)
        return _Points(moment, value, relative, ok, silent, warming, ok & ~warming, gap)

    def _step(self, elapsed: F64, silent: Bool) -> tuple[F64, Bool]:
        """How long each point stands, at most two usual steps; and which ones come after a gap."""
        pace = self._columns["pace"]
        step = np.minimum(elapsed, _GAP_STEPS * pace)
        late = rows_of(step < elapsed)
        second = late[pace[late] == 0.0]
        pace[second] = step[second] = elapsed[second]
        change = step - pace
        change *= _PACE_RATE
        np.copyto(change, 0.0, where=silent)
        pace += change
        gap = np.zeros(len(step), dtype=np.bool_)
        if late.size:
            longest = np.maximum(self.settings.points[1] * _GAP_STEPS * pace, self.settings.recovery.total_seconds())
            gap[late] = elapsed[late] > longest[late]
        return step, gap

    def _score(self, points: _Points, reading: Reading, expected: F64, residual: F64) -> tuple[F64, U8]:
        """[rows] each: the least of all conditions' ratios to what they ask for, and which it was (`Ruling`)."""
        settings = self.settings
        size = np.abs(residual)
        ratios = {Ruling.STRENGTH: reading.strength / self.k}
        if settings.min_change > 0.0:
            ratios[Ruling.MIN_CHANGE] = _ratio(size, settings.min_change * np.abs(expected))
        if settings.min_value > 0.0:
            ratios[Ruling.MIN_VALUE] = size / settings.min_value
        if settings.sparse_factor > 0.0:
            multiple = _ratio(points.value, settings.sparse_factor * self._usual.percentile())
            ratios[Ruling.SPARSE] = np.where(points.value > expected, multiple, np.inf)
        score, ruling = _least(ratios)
        unknown = ~(points.judged & np.isfinite(score))
        np.copyto(score, 0.0, where=unknown)
        np.copyto(ruling, UNKNOWN, where=unknown)
        warming = rows_of(points.ok & points.warming)
        if warming.size and settings.direction != "below":
            value = points.value[warming]
            score[warming] = np.minimum(np.abs(value) / self._pool.limit(), _ratio(value, settings.min_value))
            ruling[warming] = Ruling.POOLED
        return score, ruling

    def _learn(self, points: _Points, reading: Reading, score: F64) -> None:
        """Anomalous points count less the more anomalous they are, and no further than a few reaches from the centre."""
        anomalous = points.judged & (score >= 1.0)
        rows = rows_of(anomalous)
        guarded, weight = points.relative.copy(), points.ok.astype(np.float64)
        if rows.size:
            centre, farthest = reading.centre[rows], _GUARDED_REACH * reading.reach[rows]
            guarded[rows] = np.minimum(np.maximum(guarded[rows], centre - farthest), centre + farthest)
            weight[rows] = np.maximum(1.0 / (score[rows] * score[rows]), _GUARDED_WEIGHT)
        self._method.update(points.moment, guarded, weight=weight)
        values = guarded + self._origin["base"]
        self._usual.update(values, weight=weight * points.moment.share)
        at = points.moment.newest
        seconds = at - self._last_at if np.isfinite(self._last_at) else 0.0
        self._pool.update(values[points.judged & ~anomalous], seconds=max(seconds, 0.0))
        self._last_at = max(at, self._last_at)

    def _adapt_k(self, at: float | F64, slot: Slot, *, ok: Bool) -> None:
        if self._sensitivity is None:
            return
        others = (slot.score < slot.strength / self.k) & (slot.score < 1.0)
        counted = ok & ((slot.state != ANOMALOUS) & (slot.state != HELD) | slot.opened)
        self._sensitivity.update(at, np.where(others, 0.0, slot.strength), ok=ok, counted=counted)
        self.k = self._sensitivity.k(int(np.count_nonzero(ok)))

    def _adopt(self, rows: Rows) -> None:
        """The recent level becomes the expected one: everything remembered moves with the base."""
        if rows.size:
            self._origin["base"][rows] += self._events.drift(rows)
            self._events.end(rows)

    def _slot(
        self, points: _Points, reading: Reading, expected: F64, score: F64, ruling: U8, news: F64, change: Change
    ) -> Slot:
        lower, upper = self._bounds(points, reading, expected, score)
        state = change.state
        np.copyto(state, WARMING, where=points.warming & (state == NORMAL))
        np.copyto(state, ABSENT, where=points.silent)
        judged = np.count_nonzero(points.judged)
        strength = reading.strength
        np.copyto(strength, 0.0, where=points.silent)
        return Slot(
            at=points.moment.newest,
            k=self.k,
            value=points.value,
            expected=expected,
            lower=lower,
            upper=upper,
            strength=strength,
            score=score,
            news=news,
            state=state,
            ruling=ruling,
            since=self._events.columns["since"].copy(),
            excess=self._events.columns["excess"].copy(),
            opened=self._flags(change.opened),
            closed=self._flags(change.closed),
            adopted=self._flags(change.adopted),
            common=int(np.count_nonzero(score >= 1.0)) > max(_COMMON_SHARE * judged, _COMMON_ROWS),
        )

    def _bounds(self, points: _Points, reading: Reading, expected: F64, score: F64) -> tuple[F64, F64]:
        """[rows] each: the lower and the upper one."""
        settings = self.settings
        reach = reading.reach
        if settings.min_change > 0.0:
            reach = np.maximum(reach, settings.min_change * np.abs(expected))
        reach = np.maximum(reach, settings.min_value)
        lower = expected - reach if settings.direction != "above" else np.full(len(reach), -np.inf)
        upper = expected + reach if settings.direction != "below" else np.full(len(reach), np.inf)
        # A value that nothing like it was seen of may be anomalous before it is out of reach: then it is the bound.
        rows = rows_of(score >= 1.0)
        value = points.value[rows]
        high, low = value > expected[rows], value < expected[rows]
        upper[rows[high]] = np.fmin(upper[rows[high]], value[high])
        lower[rows[low]] = np.fmax(lower[rows[low]], value[low])
        return lower, upper

    def _flags(self, rows: Rows) -> Bool:
        flags = np.zeros(self.rows, dtype=np.bool_)
        flags[rows] = True
        return flags


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """The points of one slot; all [rows] but the moment.

    value     NaN where there is no point
    relative  value - base; 0 where there is no point
    ok        has a point
    silent    has none
    warming   too young for its own past; free rows are warming
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


def _least(ratios: dict[Ruling, F64]) -> tuple[F64, U8]:
    """The least ratio of each row, and whose it is; NaN where any is NaN."""
    (ruling, score), *others = ratios.items()
    rulings = np.full(score.shape, np.uint8(ruling))
    for other, ratio in others:
        rulings = np.where(ratio < score, np.uint8(other), rulings)
        score = np.minimum(score, ratio)
    return score, rulings


def _ratio(size: F64, floor: float | F64) -> F64:
    """size / floor; inf where there is no floor."""
    ratio = size / floor
    np.copyto(ratio, np.inf, where=~np.greater(floor, 0.0))
    return ratio


def _sensitivity(settings: DetectorSettings) -> Sensitivity | None:
    if settings.false_alerts_per_week is None:
        return None
    return Sensitivity(
        start_k=settings.start_k,
        alerts_per_week=settings.false_alerts_per_week,
        points=settings.points,
        stretch=settings.recovery,
    )
