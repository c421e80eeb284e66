"""`Detector`: the frame round every method, in this order, for all rows at once:

usable values -> strength by the old memory -> floors -> m of n, hysteresis -> guarded learning -> adoption of a new level.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alertd.detect.columns import F64, Bool, Column, Columns, Rows
from alertd.detect.errors import SavedStateError
from alertd.detect.events import Change, Events
from alertd.detect.local_time import Moment, local_seconds
from alertd.detect.log_histogram import BUCKETS, LogHistogram
from alertd.detect.memory import pack, unpack
from alertd.detect.method import Method, Reading
from alertd.detect.methods import open_method
from alertd.detect.pool import Pool
from alertd.detect.sensitivity import Sensitivity
from alertd.detect.settings import DetectorSettings
from alertd.detect.slot import Ruling, Slot, State
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
        spare = np.flatnonzero(~self._columns["used"])
        if len(spare) < count:
            more = max(count - len(spare), self.rows // 8)
            for part in self._parts.values():
                part.grow(more)
            spare = np.flatnonzero(~self._columns["used"])
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
        chosen = self._chosen(rows)
        self._snapshots.drop(rows)
        self._adopt(chosen)

    def incident(self, rows: Rows) -> None:
        """These rows' last events were incidents: nothing learned since each began remains; open ones are closed."""
        self._snapshots.restore(rows)
        self._events.end(self._chosen(rows))

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
        columns, origin = self._columns, self._origin
        ok = columns["used"] & (np.abs(values) <= _LARGEST) & (columns["last_at"] < at)
        first = ok & (origin["points"] == 0.0)
        np.copyto(origin["base"], values, where=first)
        np.copyto(columns["first_at"], at, where=first)
        value = np.where(ok, values, np.nan)
        relative = value - origin["base"]
        moment, gap = self._moment(at, ok=ok)
        reading = self._method.read(moment, relative, k=self.k)
        warming = self._warming(at)
        score, ruling = self._score(reading, value, relative, ok=ok, warming=warming)
        change = self._events.step(at, score, relative - reading.centre, moment.dt, gap=gap, ok=ok)
        news = self._events.news(at, reading.strength, ok=ok & ~warming)
        slot = self._slot(at, value, reading, score, ruling, news, change, warming=warming, ok=ok)
        self._snapshots.take(np.flatnonzero(change.begun & ~warming))
        self._learn(moment, reading, relative, score, ok=ok, warming=warming)
        self._adapt_k(at, slot, ok=ok & ~warming)
        self._adopt(change.adopted)
        np.copyto(columns["last_at"], at, where=ok)
        np.copyto(origin["points"], origin["points"] + 1.0, where=ok)
        return slot

    def _moment(self, at: float | F64, *, ok: Bool) -> tuple[Moment, Bool]:
        """The time, with each row's step; and which rows come after a gap."""
        columns = self._columns
        again = ok & np.isfinite(columns["last_at"])
        elapsed = np.where(again, at - columns["last_at"], 0.0)
        pace = columns["pace"]
        usual = np.where(pace == 0.0, elapsed, np.minimum(elapsed, _GAP_STEPS * pace))
        np.copyto(
            pace, np.where(pace == 0.0, usual, pace + _PACE_RATE * (usual - pace)), where=again, casting="same_kind"
        )
        longest = np.maximum(self.settings.points[1] * _GAP_STEPS * pace, self.settings.recovery.total_seconds())
        return Moment(at, local_seconds(at, self.settings.zone), usual), elapsed > longest

    def _warming(self, at: float | F64) -> Bool:
        young = at - self._columns["first_at"] < self.settings.warm_up_seconds
        warming: Bool = young | (self._origin["points"] < self.settings.warm_up_points)
        return warming

    def _score(
        self, reading: Reading, value: F64, relative: F64, *, ok: Bool, warming: Bool
    ) -> tuple[F64, NDArray[np.uint8]]:
        """[rows] each: the least of all conditions' ratios to what they ask for, and which it was (`Ruling`)."""
        settings = self.settings
        size = np.abs(relative - reading.centre)
        expected = reading.centre + self._origin["base"]
        ratios = {Ruling.STRENGTH: reading.strength / self.k}
        if settings.min_change > 0.0:
            ratios[Ruling.MIN_CHANGE] = _ratio(size, settings.min_change * np.abs(expected))
        if settings.min_value > 0.0:
            ratios[Ruling.MIN_VALUE] = size / settings.min_value
        if settings.sparse_factor > 0.0:
            multiple = _ratio(value, settings.sparse_factor * self._usual.percentile())
            ratios[Ruling.SPARSE] = np.where(value > expected, multiple, np.inf)
        score, ruling = _least(ratios)
        if warming.any() and settings.direction != "below":
            pooled = np.minimum(np.abs(value) / self._pool.limit(), _ratio(value, settings.min_value))
            score = np.where(warming, pooled, score)
            ruling = np.where(warming, int(Ruling.POOLED), ruling)
        known = ok & np.isfinite(score) & (~warming | (ruling == Ruling.POOLED))
        return np.where(known, score, 0.0), np.where(known, ruling, int(Ruling.UNKNOWN)).astype(np.uint8)

    def _learn(self, moment: Moment, reading: Reading, relative: F64, score: F64, *, ok: Bool, warming: Bool) -> None:
        """Anomalous points count less the more anomalous they are, and no further than a few reaches from the centre."""
        anomalous = ok & (score >= 1.0) & ~warming
        farthest = _GUARDED_REACH * reading.reach
        near = np.clip(relative, reading.centre - farthest, reading.centre + farthest)
        guarded = np.where(anomalous, near, relative)
        weight = np.where(anomalous, np.maximum(1.0 / (score * score), _GUARDED_WEIGHT), 1.0)
        self._method.update(moment, guarded, weight=weight, ok=ok)
        self._usual.update(guarded + self._origin["base"], weight=weight * moment.share, ok=ok)
        at = float(np.max(moment.at))
        seconds = at - self._last_at if np.isfinite(self._last_at) else 0.0
        self._pool.update(guarded + self._origin["base"], seconds=max(seconds, 0.0), ok=ok & ~anomalous & ~warming)
        self._last_at = max(at, self._last_at)

    def _adapt_k(self, at: float | F64, slot: Slot, *, ok: Bool) -> None:
        if self._sensitivity is None:
            return
        others = (slot.score < slot.strength / self.k) & (slot.score < 1.0)
        counted = ok & ((slot.state != State.ANOMALOUS) & (slot.state != State.HELD) | slot.opened)
        self._sensitivity.update(at, np.where(others, 0.0, slot.strength), ok=ok, counted=counted)
        self.k = self._sensitivity.k(int(np.count_nonzero(ok)))

    def _adopt(self, rows: Bool) -> None:
        """The recent level becomes the expected one: everything remembered moves with the base."""
        if rows.any():
            base = self._origin["base"]
            np.copyto(base, base + self._events.drift, where=rows)
            self._events.end(rows)

    def _chosen(self, rows: Rows) -> Bool:
        chosen = np.zeros(self.rows, dtype=np.bool_)
        chosen[rows] = True
        return chosen

    def _slot(
        self,
        at: float | F64,
        value: F64,
        reading: Reading,
        score: F64,
        ruling: NDArray[np.uint8],
        news: F64,
        change: Change,
        *,
        warming: Bool,
        ok: Bool,
    ) -> Slot:
        settings = self.settings
        expected = reading.centre + self._origin["base"]
        reach = np.maximum(np.maximum(reading.reach, settings.min_change * np.abs(expected)), settings.min_value)
        lower = expected - reach if settings.direction != "above" else np.full_like(value, -np.inf)
        upper = expected + reach if settings.direction != "below" else np.full_like(value, np.inf)
        # A value that nothing like it was seen of may be anomalous before it is out of reach: then it is the bound.
        anomalous = ok & (score >= 1.0)
        np.copyto(upper, np.fmin(upper, value), where=anomalous & (value > expected))
        np.copyto(lower, np.fmax(lower, value), where=anomalous & (value < expected))
        state = np.where(warming & (change.state == State.NORMAL), np.uint8(State.WARMING), change.state)
        judged = np.count_nonzero(ok & ~warming)
        return Slot(
            at=float(np.max(at)),
            k=self.k,
            value=value,
            expected=expected,
            lower=lower,
            upper=upper,
            strength=np.where(ok, reading.strength, 0.0),
            score=score,
            news=news,
            state=np.where(ok, state, np.uint8(State.ABSENT)),
            ruling=ruling,
            since=self._events.columns["since"].copy(),
            excess=self._events.columns["excess"].copy(),
            opened=change.opened,
            closed=change.closed,
            adopted=change.adopted,
            common=int(np.count_nonzero(score >= 1.0)) > max(_COMMON_SHARE * judged, _COMMON_ROWS),
        )


def _least(ratios: dict[Ruling, F64]) -> tuple[F64, NDArray[np.uint8]]:
    """The least ratio of each row, and whose it is; NaN where any is NaN."""
    (ruling, score), *others = ratios.items()
    rulings = np.full(score.shape, ruling, dtype=np.uint8)
    for other, ratio in others:
        np.copyto(rulings, np.uint8(other), where=ratio < score)
        score = np.minimum(score, ratio)
    return score, rulings


def _ratio(size: F64, floor: float | F64) -> F64:
    """size / floor; inf where there is no floor."""
    return np.divide(size, floor, out=np.full_like(size, np.inf), where=np.greater(floor, 0.0))


def _sensitivity(settings: DetectorSettings) -> Sensitivity | None:
    if settings.false_alerts_per_week is None:
        return None
    return Sensitivity(
        start_k=settings.start_k,
        alerts_per_week=settings.false_alerts_per_week,
        points=settings.points,
        stretch=settings.recovery,
    )
