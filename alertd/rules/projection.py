"""The projection kind: how probable it is that a period ends over its limit, or that a value reaches one.

It fires when the limit is probably passed, and clears when that is less probable than not, or in a new period.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

import msgspec
import numpy as np

from alertd.detect.forecast import F64
from alertd.detect.forecast_interval import Bool
from alertd.labels import LabelSet
from alertd.ledger.backfill import Backfill, raw_query
from alertd.ledger.ledger import COMPLETE, Layout, Ledger
from alertd.query.batch import SeriesBatch
from alertd.query.history import HistoryNeed, SeriesMatrix
from alertd.rules.finding import Finding, Judgement, Verdict
from alertd.rules.kind import Inputs, Judge
from alertd.rules.projection_evidence import evidence_of
from alertd.rules.projection_period import PeriodForecast, Projector
from alertd.rules.projection_score import Accuracy, SavedScores, Scorecard
from alertd.rules.projection_settings import ProjectionSettings
from alertd.rules.projection_trend import TrendJudge
from alertd.rules.spend_settings import LimitQuery, limits_of

CLEAR = 0.5
"""An alert that fires goes on while passing the limit is at least this probable."""

OVERSHOOT = 0.05
"""Share of the limit that the projection must be above it: a limit that is just met is nobody's emergency."""

_STEPS_IN_PERIOD = 3
_LONG_HISTORY = timedelta(days=14)
_SAVE_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Projection:
    """A rule whose condition is what will be.

    interval   distance of slots
    """

    settings: ProjectionSettings
    unit: str
    interval: timedelta
    name: str = "projection"

    @property
    def query(self) -> str:
        return self.settings.value or raw_query(self.settings.counter)

    @property
    def further_queries(self) -> Sequence[str]:
        limit = self.settings.limit
        return (limit.query,) if isinstance(limit, LimitQuery) else ()

    @property
    def layout(self) -> Layout:
        """What its ledger tells apart."""
        return Layout(metric=self.settings.counter, by=self.settings.by, calendar=self.settings.calendar())

    def open(self, memory: bytes) -> Judge:
        if self.settings.value is not None:
            return TrendJudge.open(self.settings, self.query, self.unit, self.interval, memory)
        return PeriodJudge.open(self, memory)


class _Saved(msgspec.Struct, frozen=True):
    ledger: bytes
    born: list[float]
    breached: list[float]
    scores: SavedScores


class PeriodJudge:
    """Projects the spend of every scope to the end of its period."""

    def __init__(self, kind: Projection, ledger: Ledger) -> None:
        self._kind = kind
        self._ledger = ledger
        self._backfill = Backfill(kind.query)
        calendar = kind.settings.calendar()
        self._projector = Projector([one.planned(calendar) for one in kind.settings.planned], kind.settings.fixed)
        self._scores = Scorecard()
        self._born = np.empty(0)  # [scopes] Unix seconds at which each was first seen
        self._breached = np.empty(0)  # [scopes] start of the period it was last breached in, NaN for never
        self._told: dict[LabelSet, Finding] = {}
        self._saved_at: datetime | None = None
        self._turned = False

    @classmethod
    def open(cls, kind: Projection, memory: bytes) -> Self:
        """One that goes on where `memory` ended; a fresh one where it is empty, damaged, or of other scopes or periods."""
        judge = cls(kind, Ledger(kind.layout))
        try:
            saved = msgspec.msgpack.decode(memory, type=_Saved)
        except msgspec.DecodeError:
            return judge
        ledger = Ledger.load(saved.ledger, kind.layout)
        if ledger is not None and len(saved.born) == len(saved.breached) == len(ledger.scopes):
            judge._ledger, judge._scores = ledger, Scorecard(saved.scores)
            judge._born, judge._breached = np.array(saved.born), np.array(saved.breached)
        return judge

    def judge(self, inputs: Inputs) -> Judgement:
        """A finding for each scope that probably passes its limit."""
        if not len(inputs.batch):
            return Judgement(
                tuple(replace(one, verdict=Verdict.HELD) for one in self._told.values()), seen=inputs.batch
            )
        self._ledger.advance(inputs.batch, inputs.at, interval=self._kind.interval)
        self._see_new(inputs.at.timestamp())
        scopes = self._ledger.scopes
        limit = limits_of(self._kind.settings.limit, self._kind.settings.by, scopes, inputs.others)
        forecast = self._projector.project(self._ledger, inputs.at, born=self._born)
        self._score(forecast, limit)
        findings = tuple(self._findings(forecast, limit, scopes))
        told = {finding.series: finding for finding in findings}
        self._turned |= told.keys() != self._told.keys()
        self._told = told
        seen = SeriesBatch(labels=tuple(scopes), values=forecast.outlook.projected, at=inputs.batch.at)
        return Judgement(findings, seen=seen)

    def wants(self, at: datetime) -> Sequence[HistoryNeed]:
        return self._backfill.wants(self._ledger, at, self._kind.interval)

    def learn(self, need: HistoryNeed, matrix: SeriesMatrix) -> None:
        self._backfill.learn(self._ledger, need, matrix)
        first = _first_seen(matrix, self._kind.settings.by)
        start = need.start.timestamp()
        self._see_new(*(first.get(scope, start) for scope in self._ledger.scopes[len(self._born) :]))
        self._projector.forget()

    def saves(self, at: datetime) -> bool:
        """Every few minutes; at once when an alert began or ended."""
        return self._turned or self._saved_at is None or at - self._saved_at >= _SAVE_EVERY

    def memory(self) -> bytes:
        self._saved_at, self._turned = self._ledger.at, False
        saved = _Saved(self._ledger.dump(), self._born.tolist(), self._breached.tolist(), self._scores.saved)
        return msgspec.msgpack.encode(saved)

    def accuracy(self) -> Sequence[Accuracy]:
        """How the forecasts of ended periods came out."""
        return self._scores.accuracy()

    def _see_new(self, *born: float) -> None:
        """Scopes that the ledger did not have before; one moment for all, or one for each."""
        new = len(self._ledger.scopes) - len(self._born)
        self._born = np.append(self._born, np.resize(born, new) if new else [])
        self._breached = np.append(self._breached, np.full(new, np.nan))

    def _score(self, forecast: PeriodForecast, limit: F64) -> None:
        """Compare what was forecast of a period that has ended, unless too little of it was observed; note the new."""
        noted = self._scores.saved.period
        if noted and noted != forecast.period.start.timestamp():
            ended = self._ledger.layout.calendar.period(datetime.fromtimestamp(noted, UTC))
            if self._ledger.completeness(ended, at=ended.end).share >= COMPLETE:
                self._scores.close(noted, self._ledger.spent(ended) + self._kind.settings.fixed)
        self._scores.note(forecast, limit)

    def _findings(self, forecast: PeriodForecast, limit: F64, scopes: Sequence[LabelSet]) -> Iterator[Finding]:
        start = forecast.period.start.timestamp()
        probability = forecast.outlook.exceeds(limit)
        breached = self._breaches(forecast, limit, probability)
        self._breached[breached] = start
        held = (self._breached == start) & ~(probability < CLEAR) & ~np.isnan(limit)
        if not (breached | held).any():
            return
        evidence = evidence_of(forecast, limit, self._ledger, unit=self._kind.settings.unit or self._kind.unit)
        for row in np.flatnonzero(breached | held).tolist():
            verdict = Verdict.BREACHED if breached[row] else Verdict.HELD
            yield Finding(scopes[row], float(forecast.outlook.projected[row]), verdict, evidence=evidence(row))

    def _breaches(self, forecast: PeriodForecast, limit: F64, probability: F64) -> Bool:
        known_for = forecast.at.timestamp() - forecast.since
        enough = known_for >= self._kind.settings.min_history.total_seconds()
        settled = (forecast.in_period >= _STEPS_IN_PERIOD) | (known_for >= _LONG_HISTORY.total_seconds())
        beyond = forecast.outlook.projected >= (1 + OVERSHOOT) * limit
        return (probability >= self._kind.settings.confidence) & enough & settled & beyond


def _first_seen(matrix: SeriesMatrix, by: Sequence[str]) -> Mapping[LabelSet, float]:
    """Scope -> Unix seconds of the first sample of any of its series."""
    first: dict[LabelSet, float] = {}
    if not len(matrix.times):
        return first
    known = ~np.isnan(matrix.values)
    times = matrix.times[np.argmax(known, axis=0)]
    for labels, time in zip(matrix.labels, times.tolist(), strict=True):
        scope = labels.only(by)
        first[scope] = min(time, first.get(scope, time))
    return first
