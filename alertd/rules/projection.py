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
from alertd.ledger.ledger import Ledger
from alertd.ledger.prices import PriceTable
from alertd.ledger.views import COMPLETE
from alertd.query.batch import SeriesBatch
from alertd.query.history import HistoryNeed, SeriesMatrix
from alertd.rules.budget import Budget, BudgetJudge
from alertd.rules.finding import Finding, Judgement, Verdict
from alertd.rules.kind import Inputs, Judge
from alertd.rules.projection_evidence import Evidence
from alertd.rules.projection_period import PeriodForecast, Projector
from alertd.rules.projection_score import LEVEL, Accuracy, SavedScores, Scorecard
from alertd.rules.projection_settings import CLEAR, ProjectionSettings
from alertd.rules.projection_trend import TrendJudge
from alertd.rules.spend_course import Ahead
from alertd.rules.spend_settings import LimitQuery

OVERSHOOT = 0.05
"""Share of the limit that the projection must be above it: a limit that is just met is nobody's emergency."""

UNSURE = 2 / 3
"""Share of what is expected that must be enough to pass the limit, while too few forecasts have come out to know how wrong
they are: nine of ten series bring more than that."""

_STEPS_IN_PERIOD = 3
_LONG_HISTORY = timedelta(days=14)


@dataclass(frozen=True)
class Projection:
    """A rule whose condition is what will be.

    budget     what is counted and how, where a period is projected
    unit       of the value, where that is projected
    interval   distance of slots
    """

    settings: ProjectionSettings
    budget: Budget
    unit: str
    interval: timedelta
    name: str = "projection"

    @classmethod
    def of(cls, settings: ProjectionSettings, unit: str, interval: timedelta) -> Self:
        """With the rule's own unit, where `settings` names none."""
        return cls(settings, Budget(settings.as_budget(), unit), settings.unit or unit, interval)

    @property
    def query(self) -> str:
        return self.settings.value or self.budget.query

    @property
    def further_queries(self) -> Sequence[str]:
        limit = self.settings.limit
        if self.settings.value:
            return (limit.query,) if isinstance(limit, LimitQuery) else ()
        return self.budget.further_queries

    @property
    def is_priced(self) -> bool:
        """Whether tokens are turned into dollars."""
        return self.budget.is_priced

    def with_prices(self, prices: PriceTable) -> Self:
        """The same projection under other prices."""
        return replace(self, budget=self.budget.with_prices(prices))

    def open(self, memory: bytes) -> Judge:
        """See `Kind.open`."""
        if self.settings.value:
            return TrendJudge.open(self.settings, self.unit, self.interval, memory)
        return PeriodJudge.open(self, memory)


class _Saved(msgspec.Struct, frozen=True):
    budget: bytes
    born: list[float]
    breached: list[float]
    scores: SavedScores


class PeriodJudge:
    """Projects the spend of every scope to the end of its period."""

    def __init__(self, kind: Projection, budget: bytes = b"") -> None:
        self._kind = kind
        self._budget = kind.budget.open(budget)
        planned = [one.planned(self._budget.calendar) for one in kind.settings.planned]
        self._projector = Projector(planned, kind.settings.fixed)
        self.forecast: PeriodForecast | None = None  # of the newest slot; nothing of it changes any more
        self._scores = Scorecard()
        self._born = np.empty(0)  # [scopes] Unix seconds at which each was first seen
        self._breached = np.empty(0)  # [scopes] start of the period each was breached in; NaN once it has cleared
        self._is_breached = np.zeros(0, dtype=bool)  # [scopes] in the newest slot with data
        self._told: set[LabelSet] = set()
        self._turned = False

    @classmethod
    def open(cls, kind: Projection, memory: bytes) -> Self:
        """One that goes on where `memory` ended; a fresh one where it is empty, damaged, or of other scopes or periods."""
        try:
            saved = msgspec.msgpack.decode(memory, type=_Saved)
        except msgspec.DecodeError:
            return cls(kind)
        judge = cls(kind, saved.budget)
        if not len(saved.born) == len(saved.breached) == len(judge._ledger.scopes):
            return cls(kind)
        judge._scores, judge._born, judge._breached = (
            Scorecard(saved.scores),
            np.array(saved.born),
            np.array(saved.breached),
        )
        return judge

    @property
    def budget(self) -> BudgetJudge:
        """The budget it projects."""
        return self._budget

    @property
    def _ledger(self) -> Ledger:
        return self._budget.ledger

    def judge(self, inputs: Inputs) -> Judgement:
        """A finding for each scope that probably passes its limit. Without data nothing begins and nothing ends."""
        is_new = len(inputs.batch) > 0
        if is_new:
            self._budget.advance(inputs)
            self._see_new(inputs.at.timestamp())
        scopes, limit = self._ledger.scopes, self._budget.limits_now()
        if not scopes:
            return Judgement((), seen=inputs.batch)
        forecast = self.forecast = self._projector.project(self._ledger, inputs.at, born=self._born)
        if is_new:
            self._score(forecast, limit)
            self._note_breaches(forecast, limit)
        findings = tuple(self._findings(forecast, limit, is_new=is_new))
        told = {finding.series for finding in findings}
        self._turned |= told != self._told
        self._told = told
        projected = SeriesBatch(labels=forecast.scopes, values=forecast.outlook.projected, at=inputs.batch.at)
        return Judgement(findings, seen=projected if is_new else inputs.batch)

    def ahead(self, scope: LabelSet) -> Ahead | None:
        """How a scope goes on, as of the newest slot."""
        return self.forecast.ahead(scope, level=LEVEL) if self.forecast else None

    def wants(self, at: datetime) -> Sequence[HistoryNeed]:
        """See `Judge.wants`."""
        return self._budget.wants(at)

    def learn(self, need: HistoryNeed, matrix: SeriesMatrix) -> None:
        """See `Judge.learn`."""
        self._budget.learn(need, matrix)
        first = _first_seen(matrix, self._kind.settings.by)
        start = need.start.timestamp()
        self._see_new(*(first.get(scope, start) for scope in self._ledger.scopes[len(self._born) :]))
        self._projector.forget()

    def saves(self, at: datetime) -> bool:
        """As often as its budget; at once when an alert began or ended."""
        return self._turned or self._budget.saves(at)

    def memory(self) -> bytes:
        """See `Judge.memory`."""
        self._turned = False
        saved = _Saved(self._budget.memory(), self._born.tolist(), self._breached.tolist(), self._scores.saved)
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
            ended = self._budget.calendar.period(datetime.fromtimestamp(noted, UTC))
            if self._ledger.completeness(ended, at=ended.end).share >= COMPLETE:
                self._scores.close(noted, self._ledger.spent(ended) + self._kind.settings.fixed)
        self._scores.note(forecast, limit)

    def _note_breaches(self, forecast: PeriodForecast, limit: F64) -> None:
        probability = forecast.outlook.exceeds(limit)
        breached = self._breaches(forecast, limit, probability)
        unlikely = np.where(np.isnan(probability), ~(forecast.outlook.projected >= limit), probability < CLEAR)
        self._breached[unlikely] = np.nan
        self._breached[breached] = forecast.period.start.timestamp()
        self._is_breached = breached

    def _findings(self, forecast: PeriodForecast, limit: F64, *, is_new: bool) -> Iterator[Finding]:
        fires = np.flatnonzero(self._breached == forecast.period.start.timestamp())
        if not len(fires):
            return
        evidence = Evidence(forecast, limit, self._ledger, unit=self._kind.budget.unit)
        for row in fires.tolist():
            verdict = Verdict.BREACHED if is_new and self._is_breached[row] else Verdict.HELD
            projected = float(forecast.outlook.projected[row])
            yield Finding(self._ledger.scopes[row], projected, verdict, evidence=evidence.of(row))

    def _breaches(self, forecast: PeriodForecast, limit: F64, probability: F64) -> Bool:
        outlook, settings = forecast.outlook, self._kind.settings
        known_for = forecast.at.timestamp() - forecast.since
        enough = known_for >= settings.min_history.total_seconds()
        settled = (forecast.in_period >= _STEPS_IN_PERIOD) | (known_for >= _LONG_HISTORY.total_seconds())
        beyond = (1 + OVERSHOOT) * limit
        even_so = outlook.certain + UNSURE * (outlook.projected - outlook.certain) >= beyond
        probable = np.where(np.isnan(probability), even_so, probability >= settings.confidence)
        return probable & enough & settled & (outlook.projected >= beyond)


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
