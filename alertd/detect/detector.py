"""`Detector`: the frame round every method, in this order, for all rows at once:

usable values -> strength by the old memory -> floors -> m of n, hysteresis -> guarded learning -> adoption of a new level.
"""

from __future__ import annotations

import numpy as np

from alertd.detect.columns import F64, Bool, Rows, rows_of
from alertd.detect.conditions import Conditions
from alertd.detect.errors import SavedStateError
from alertd.detect.events import Change, Events
from alertd.detect.hourly import PARTS as HOURLY_PARTS
from alertd.detect.hourly import Hourly
from alertd.detect.intake import Intake, Points
from alertd.detect.log_histogram import BUCKETS, LogHistogram
from alertd.detect.memory import pack, unpack
from alertd.detect.method import Method, Reading
from alertd.detect.methods import open_method
from alertd.detect.pool import Pool
from alertd.detect.sensitivity import Sensitivity
from alertd.detect.settings import DetectorSettings
from alertd.detect.slot import ABSENT, ANOMALOUS, HELD, NORMAL, U8, WARMING, Slot
from alertd.detect.snapshots import Snapshots
from alertd.detect.usual import Usual

_GUARDED_WEIGHT, _GUARDED_REACH = 0.25, 4.0
_COMMON_SHARE, _COMMON_ROWS = 0.2, 10
_OPTIONAL = ("sensitivity", *HOURLY_PARTS)


class Detector:
    """Judges and remembers series by row number; who a row belongs to is its owner's business.

    Rows come from `add` and go back with `free`; `rows` only grows, free rows are given out again. Every call costs O(rows),
    whatever the window. Times are unix seconds. It changes in place: one owner, one thread at a time.
    """

    def __init__(self, settings: DetectorSettings) -> None:
        self.settings = settings
        self.k = settings.start_k
        self._last_at = -np.inf
        self._intake = Intake(settings)
        self._method: Method = open_method(settings)
        self._events = Events(settings)
        self._usual = Usual()
        self._pool = Pool()
        self._hourly = Hourly.of(settings)
        self._conditions = Conditions(settings, self._usual, self._pool, self._hourly)
        self._sensitivity = _sensitivity(settings)
        learned = {"origin": self._intake.origin, "method": self._method.columns, "usual": self._usual.columns}
        if self._hourly is not None:
            learned |= self._hourly.parts
        self._snapshots = Snapshots(learned)
        self._parts = {"rows": self._intake.columns, "events": self._events.columns, **learned}
        if self._sensitivity is not None:
            self._parts["sensitivity"] = self._sensitivity.columns

    @property
    def rows(self) -> int:
        """How many rows there are, free ones included: the length of every array."""
        return self._intake.columns.rows

    @property
    def used(self) -> Bool:
        """[rows]: which rows are given out."""
        return self._intake.columns["used"].copy()

    def add(self, count: int) -> Rows:
        """Give out `count` fresh rows, lowest numbers first."""
        spare = rows_of(~self._intake.columns["used"])
        if len(spare) < count:
            more = max(count - len(spare), self.rows // 8)
            for part in self._parts.values():
                part.grow(more)
            spare = rows_of(~self._intake.columns["used"])
        rows: Rows = spare[:count]
        self._intake.columns["used"][rows] = True
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
        with np.errstate(all="ignore"):
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
        """These rows' last events were incidents: nothing learned since each opened remains; open ones are closed.

        Of the few points before, that led there, stays what a guarded point leaves.
        """
        self._snapshots.restore(rows)
        self._events.end(rows)
        if self._hourly is not None:
            self._hourly.forget(rows)

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
            if name not in _OPTIONAL or any(key.startswith(f"{name}.") for key in arrays):
                part.load(name, arrays)
            else:  # saved by a version or under settings without it
                part.grow(detector.rows)
        if len({part.rows for part in detector._parts.values()}) != 1:
            raise SavedStateError("the saved parts of a detector differ in their number of rows")
        detector._snapshots.load(arrays)
        detector._load_frame(arrays)
        return detector

    def _load_frame(self, arrays: dict[str, F64]) -> None:
        counts, frame = arrays.get("pool"), arrays.get("frame")
        if counts is None or counts.shape != (BUCKETS,) or frame is None or frame.shape != (2,):
            raise SavedStateError("the saved memory of a detector is incomplete")
        self._pool.histogram = LogHistogram(counts)
        k, self._last_at = frame.tolist()
        if self._sensitivity is not None and "strengths" in arrays:
            self._sensitivity.histogram = LogHistogram(arrays["strengths"])
            self.k = k

    def _judge(self, at: float | F64, values: F64) -> Slot:
        points = self._intake.points(at, values)
        if self._hourly is not None:
            self._hourly.turn(points.moment, told=self._events.columns["open"], ok=points.ok)
        reading = self._method.read(points.moment, points.relative, k=self.k, ok=points.ok)
        expected, residual = reading.centre + self._intake.origin["base"], points.relative - reading.centre
        odd, ruling = self._conditions.score(points, reading.strength / self.k, expected, residual)
        score, anomalous = odd, rows_of(odd >= 1.0)
        if self._hourly is not None:
            score, ruling = self._hourly.judge(odd, ruling, judged=points.judged)
        change = self._events.step(at, score, residual, points.moment.dt, gap=points.gap, ok=points.ok)
        news = self._events.news(at, reading.strength, ok=points.judged)
        bounds = self._conditions.bounds(points.value, reading, expected, anomalous=anomalous)
        slot = self._slot(points, reading.strength, expected, bounds, score, ruling, news, change)
        self._snapshots.take(change.opened[points.judged[change.opened]])
        self._learn(points, reading, odd, anomalous[points.judged[anomalous]])
        self._adapt_k(at, slot, ok=points.judged)
        self._adopt(change.adopted)
        if self._hourly is not None:
            self._hourly.add(points.value, silent=points.silent, over=change.closed)
        self._intake.done(points)
        return slot

    def _learn(self, points: Points, reading: Reading, score: F64, anomalous: Rows) -> None:
        """Anomalous points count less the more anomalous they are, and no further than a few reaches from the centre."""
        guarded, weight, calm = points.relative, points.ok.astype(np.float64), points.judged
        if anomalous.size:
            guarded, calm, score = guarded.copy(), calm.copy(), score[anomalous]
            centre, farthest = reading.centre[anomalous], _GUARDED_REACH * reading.reach[anomalous]
            guarded[anomalous] = np.minimum(np.maximum(guarded[anomalous], centre - farthest), centre + farthest)
            weight[anomalous] = np.maximum(1.0 / (score * score), _GUARDED_WEIGHT)
            calm[anomalous] = False
        self._method.update(points.moment, guarded, weight=weight)
        values = guarded + self._intake.origin["base"]
        self._usual.update(values, weight=weight * points.moment.share)
        at = points.moment.newest
        seconds = at - self._last_at if np.isfinite(self._last_at) else 0.0
        self._pool.update(values[calm], seconds=max(seconds, 0.0))
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
            drift = self._events.drift(rows)
            self._intake.origin["base"][rows] += drift
            self._events.end(rows)
            if self._hourly is not None:
                self._hourly.move(rows, drift)

    def _slot(
        self,
        points: Points,
        strength: F64,
        expected: F64,
        bounds: tuple[F64, F64],
        score: F64,
        ruling: U8,
        news: F64,
        change: Change,
    ) -> Slot:
        state = change.state
        np.copyto(state, WARMING, where=points.warming & (state == NORMAL))
        np.copyto(state, ABSENT, where=points.silent)
        np.copyto(strength, 0.0, where=points.silent)
        opened, closed, adopted = flags = np.zeros((3, len(state)), dtype=np.bool_)
        for flag, rows in zip(flags, (change.opened, change.closed, change.adopted), strict=True):
            flag[rows] = True
        return Slot(
            at=points.moment.newest,
            k=self.k,
            value=points.value,
            expected=expected,
            lower=bounds[0],
            upper=bounds[1],
            strength=strength,
            score=score,
            news=news,
            state=state,
            ruling=ruling,
            since=self._events.columns["since"].copy(),
            excess=self._events.columns["excess"].copy(),
            multiple=np.full(self.rows, np.nan) if self._hourly is None else self._hourly.multiple,
            opened=opened,
            closed=closed,
            adopted=adopted,
            common=int(np.count_nonzero(score >= 1.0))
            > max(_COMMON_SHARE * int(np.count_nonzero(points.judged)), _COMMON_ROWS),
        )


def _sensitivity(settings: DetectorSettings) -> Sensitivity | None:
    if settings.false_alerts_per_week is None:
        return None
    return Sensitivity(
        start_k=settings.start_k,
        alerts_per_week=settings.false_alerts_per_week,
        points=settings.points,
        stretch=settings.recovery,
    )
