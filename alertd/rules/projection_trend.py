"""Projection of a value to a limit: disks that fill, quotas that run out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Self

import msgspec
import numpy as np

from alertd.detect.columns import Rows
from alertd.detect.forecast import F64
from alertd.detect.forecast_reach import Foresight, Reach
from alertd.labels import LabelSet
from alertd.query.history import HistoryNeed, SeriesMatrix
from alertd.rules.finding import Finding, Judgement, Verdict
from alertd.rules.kind import Inputs
from alertd.rules.projection_evidence import EARLY, LATE
from alertd.rules.projection_settings import CLEAR, ProjectionSettings
from alertd.rules.spend_settings import LimitQuery, limits_of

_POINTS = 240  # steps kept per series: half for the line, the rest for how far earlier lines missed
_SAVE_EVERY = timedelta(minutes=10)
_MIDDLE = 0.5


class _Saved(msgspec.Struct, frozen=True):
    key: str
    labels: list[dict[str, str]]
    first: int
    values: bytes
    breached: list[bool]


class TrendJudge:
    """Keeps the last value of each step of every series, and follows the line through them."""

    def __init__(self, settings: ProjectionSettings, unit: str, interval: timedelta) -> None:
        self._settings, self._query, self._unit = settings, settings.value, unit
        self._step = max(settings.look_back / _POINTS, interval)
        self._rows: dict[LabelSet, int] = {}
        self._first = 0  # number of the oldest step, counted from 1970
        self._values = np.full((0, _POINTS), np.nan)
        self._breached = np.zeros(0, dtype=bool)
        self._newest: tuple[tuple[LabelSet, ...], Rows] = ((), np.empty(0, dtype=np.intp))
        ahead = max(round(settings.within / self._step), 1)
        self._foresight = Foresight(window=_POINTS // 2, ahead=ahead)
        self._known_to: datetime | None = None
        self._saved_at: datetime | None = None
        self._turned = False

    @classmethod
    def open(cls, settings: ProjectionSettings, unit: str, interval: timedelta, memory: bytes) -> Self:
        """One that goes on where `memory` ended; a fresh one where it is empty, damaged, or of another query or step."""
        judge = cls(settings, unit, interval)
        try:
            saved = msgspec.msgpack.decode(memory, type=_Saved)
        except msgspec.DecodeError:
            return judge
        values = np.frombuffer(saved.values, "<f8")
        if saved.key == judge._key and values.size == len(saved.labels) * _POINTS:
            judge._rows = {LabelSet(labels): row for row, labels in enumerate(saved.labels)}
            judge._values = values.reshape(-1, _POINTS).copy()
            judge._breached = np.array(saved.breached, dtype=bool)
            judge._first = saved.first
            judge._known_to = datetime.fromtimestamp((saved.first + _POINTS) * judge._step.total_seconds(), UTC)
        return judge

    @property
    def _key(self) -> str:
        return f"{self._query} every {self._step.total_seconds():g}s"

    def judge(self, inputs: Inputs) -> Judgement:
        """A finding for each series that probably reaches its limit in time."""
        batch = inputs.batch
        rows = self._take(batch.labels, batch.values, inputs.at.timestamp())
        self._known_to = inputs.at
        reach = self._foresight.reach(self._values, newest=self._first + _POINTS - 1, rows=rows)
        limit = self._limits(inputs)
        probability = np.where(batch.values >= limit, 1.0, reach.reaches(limit))
        breached = probability >= self._settings.confidence
        held = self._breached[rows] & ~(probability < CLEAR)
        self._turned |= bool(np.any(self._breached[rows] != (breached | held)))
        self._breached[rows] = breached | held
        findings = []
        for index in np.flatnonzero(breached | held).tolist():
            verdict = Verdict.BREACHED if breached[index] else Verdict.HELD
            evidence = self._evidence(reach, limit, probability, index, inputs.at)
            findings.append(Finding(batch.labels[index], float(batch.values[index]), verdict, evidence=evidence))
        return Judgement(tuple(findings), seen=batch)

    def _limits(self, inputs: Inputs) -> F64:
        limit, by = self._settings.limit, self._settings.by
        answer = inputs.others[limit.query].samples() if isinstance(limit, LimitQuery) else ()
        answered = {labels.only(by): value for labels, value in answer}
        return limits_of(limit, by, [labels.only(by) for labels in inputs.batch.labels], answered=answered)

    def _evidence(self, reach: Reach, limit: F64, probability: F64, index: int, at: datetime) -> Mapping[str, object]:
        def moment(p: float) -> datetime | None:
            after = float(reach.reached_after(limit, p)[index])
            return at + after * self._step if np.isfinite(after) else None

        return {
            "Limit": float(limit[index]),
            "Threshold": float(limit[index]),
            "Unit": self._unit,
            "Projected": float(reach.highest(_MIDDLE)[index]),
            "ProjectedLow": float(reach.highest(LATE)[index]),
            "ProjectedHigh": float(reach.highest(EARLY)[index]),
            "Probability": float(probability[index]),
            "ExhaustedAt": moment(_MIDDLE),
            "ExhaustedEarly": moment(EARLY),
            "ExhaustedLate": moment(LATE),
        }

    def wants(self, at: datetime) -> Sequence[HistoryNeed]:
        oldest = at - _POINTS * self._step
        start = oldest if self._known_to is None else max(oldest, self._known_to)
        if self._known_to is not None and at - start <= max(3 * self._step, timedelta(hours=1)):
            return ()
        return (HistoryNeed(expr=self._query, start=start, end=at, step=self._step),)

    def learn(self, need: HistoryNeed, matrix: SeriesMatrix) -> None:
        for time, values in zip(matrix.times.tolist(), matrix.values, strict=True):
            self._take(matrix.labels, values, time)
        newest = float(matrix.times[-1]) if len(matrix.times) else need.end.timestamp()
        done = newest + self._step.total_seconds() > need.end.timestamp()
        self._known_to = need.end if done else datetime.fromtimestamp(newest, UTC)

    def saves(self, at: datetime) -> bool:
        """Every few minutes; at once when an alert began or ended."""
        return self._turned or self._saved_at is None or at - self._saved_at >= _SAVE_EVERY

    def memory(self) -> bytes:
        self._saved_at, self._turned = self._known_to, False
        labels = [labels.to_dict() for labels in self._rows]
        values = self._values.astype("<f8").tobytes()
        return msgspec.msgpack.encode(_Saved(self._key, labels, self._first, values, self._breached.tolist()))

    def _take(self, labels: tuple[LabelSet, ...], values: F64, at: float) -> Rows:
        """Put values into the step of `at`, where the newest stays; the rows of these series."""
        step = int(at // self._step.total_seconds())
        self._roll(step)
        rows = self._rows_of(labels)
        column = step - self._first
        if column >= 0:
            self._values[rows, column] = np.where(np.isnan(values), self._values[rows, column], values)
        if column < _POINTS - 1:
            self._foresight.forget()
        return rows

    def _rows_of(self, labels: tuple[LabelSet, ...]) -> Rows:
        """Most often those of the last slot."""
        known, rows = self._newest
        if labels != known:  # a comparison by identity, label sets are interned
            rows = np.array([self._rows.setdefault(series, len(self._rows)) for series in labels], dtype=np.intp)
            self._newest = labels, rows
            self._add(len(self._rows) - len(self._values))
        return rows

    def _add(self, count: int) -> None:
        if count:
            self._values = np.vstack([self._values, np.full((count, _POINTS), np.nan)])
            self._breached = np.append(self._breached, np.zeros(count, dtype=bool))
            self._foresight.add(count)

    def _roll(self, newest: int) -> None:
        """Have columns up to step `newest`; series without a value in any of them are forgotten."""
        shift = newest - (self._first + _POINTS - 1)
        if shift <= 0:
            return
        self._first += shift
        kept = self._values[:, min(shift, _POINTS) :]
        self._values = np.hstack([kept, np.full((len(kept), _POINTS - kept.shape[1]), np.nan)])
        known = ~np.isnan(self._values).all(axis=1)
        if not known.all():
            left = [labels for labels, old in self._rows.items() if known[old]]
            self._rows = {labels: row for row, labels in enumerate(left)}
            self._newest = (), np.empty(0, dtype=np.intp)
            self._values, self._breached = self._values[known], self._breached[known]
            self._foresight.keep(known)
