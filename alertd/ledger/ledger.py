"""`Ledger`: what every scope of a budget spent, over any period, with how much of it was observed.

Fed with the raw counter series of each slot (`advance`) or with their history (`learn`); both lead to the same sums.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np

from alertd.labels import LabelSet
from alertd.ledger.counters import Born, Rows
from alertd.ledger.flow import Flow, Growth, Line, LineSums, OneToOne, Rates, SavedFlow
from alertd.ledger.layout import Layout
from alertd.ledger.periods import Span
from alertd.ledger.timeline import HOUR_SECONDS, Ages, SavedTimeline, Timeline
from alertd.ledger.views import Completeness, Days, Hours, days_of, hours_of
from alertd.query.batch import F64, SeriesBatch
from alertd.query.history import SeriesMatrix

SCHEMA = 1
NO_MODEL = "(no model)"
MOST_PRICE_TABLES = 20

SHORTEST_GAP = timedelta(minutes=10)
"""Time without data up to this (or three intervals) is no gap."""


class _Gap(msgspec.Struct, frozen=True, array_like=True):
    start: float
    end: float
    amounts: list[float]


class _Saved(msgspec.Struct, frozen=True, array_like=True):
    schema: int
    layout: str
    scopes: list[dict[str, str]]
    since: float | None
    spend: SavedTimeline
    gaps: list[_Gap]
    main: SavedFlow
    beside: dict[str, SavedFlow]
    price_tables: list[tuple[float, str]]


@dataclass(slots=True)
class Ledger:
    """Spend per scope. Times handed in never go back: what is not later than the last is not taken.

    rates        what one unit of the counter is worth
    beside       names of further counters kept in the same scopes: they tell quantities, not spend
    since        first observation, Unix seconds
    price_tables since when (Unix seconds) increments were priced by which version of the prices, newest last
    """

    layout: Layout
    rates: Rates = field(default_factory=OneToOne)
    beside: Sequence[str] = ()
    since: float | None = None
    price_tables: list[tuple[float, str]] = field(default_factory=list)
    _scopes: dict[LabelSet, int] = field(default_factory=dict)
    _gaps: list[_Gap] = field(default_factory=list)
    _spend: Timeline = field(init=False)
    _main: Flow = field(init=False)
    _beside: dict[str, Flow] = field(init=False)

    def __post_init__(self) -> None:
        ages = Ages(hours=max(Ages().hours, self.layout.calendar.rolling + timedelta(days=1)))
        self._spend = Timeline(self.layout.calendar, ages)
        self._main = Flow(lambda series: self.layout.line(series, self._number), self.rates)
        self._beside = {
            name: Flow(lambda series: self.layout.quantity_line(series, self._number), OneToOne())
            for name in self.beside
        }

    # -- taking ------------------------------------------------------------------------------------------------------

    @property
    def at(self) -> datetime | None:
        """The newest observation that had data."""
        return self._main.at

    def at_beside(self, name: str) -> datetime | None:
        """The newest one of a further counter."""
        return self._beside[name].at

    @property
    def series(self) -> int:
        """Raw series that are followed."""
        return len(self._main.counters)

    def advance(
        self,
        batch: SeriesBatch,
        at: datetime,
        *,
        interval: timedelta = timedelta(minutes=1),
        born: Born | None = None,
        beside: Mapping[str, SeriesBatch] | None = None,
    ) -> None:
        """Take the raw series of one slot.

        interval   distance of slots: what is a gap
        born       see `Counters.observe`
        beside     answers of the further counters, by name
        """
        before = self._main.counters.at
        for flow in (self._main, *self._beside.values()):
            flow.roll(self._turned_at(at))
        growths = self._main.observe(batch.labels, batch.values, at, born=born, scopes=self._count_scopes)
        for name, answer in (beside or {}).items():
            self._beside[name].observe(answer.labels, answer.values, at, born=born, scopes=self._count_scopes)
        self._spend.open_accounts(len(self._scopes))
        if self._main.counters.at == before:
            return
        self._enter(growths, before, at.timestamp(), gap=max(3 * interval, SHORTEST_GAP).total_seconds())

    def learn(self, matrix: SeriesMatrix) -> None:
        """Take history, oldest first: as if each point had been a slot."""
        step = timedelta(seconds=float(np.diff(matrix.times).min())) if len(matrix.times) > 1 else timedelta()
        for time, values in zip(matrix.times.tolist(), matrix.values, strict=True):
            at = datetime.fromtimestamp(time, UTC)
            self.advance(SeriesBatch(labels=matrix.labels, values=values, at=at), at, interval=step)

    def learn_beside(self, name: str, matrix: SeriesMatrix) -> None:
        """The same of a further counter; to be told before the history of spend, for that turns the periods of all."""
        flow = self._beside[name]
        for time, values in zip(matrix.times.tolist(), matrix.values, strict=True):
            at = datetime.fromtimestamp(time, UTC)
            flow.roll(self._turned_at(at))
            flow.observe(matrix.labels, values, at, born=None, scopes=self._count_scopes)
        self._spend.open_accounts(len(self._scopes))

    def _number(self, scope: LabelSet) -> int:
        return self._scopes.setdefault(scope, len(self._scopes))

    def _count_scopes(self) -> int:
        return len(self._scopes)

    def _turned_at(self, at: datetime) -> float:
        """When the sums of the lines began anew, Unix seconds."""
        calendar = self.layout.calendar
        # A rolling window has no turns of its own: who spent it is told of blocks of its length.
        length = calendar.rolling.total_seconds()
        return at.timestamp() // length * length if length else calendar.period(at).start.timestamp()

    def _enter(self, growths: Sequence[Growth], before: float | None, at: float, *, gap: float) -> None:
        if self.since is None:
            self.since = at
        version = self.rates.version
        if version != (self.price_tables[-1][1] if self.price_tables else ""):
            self.price_tables = [*self.price_tables[1 - MOST_PRICE_TABLES :], (at, version)]
        hour_before = self._spend.edges[-1] // HOUR_SECONDS if self._spend.buckets else math.inf
        self._spend.extend(at if before is None else before, at)
        for growth in growths:
            self._spend.add(growth.amounts, growth.start, growth.end)
        if before is not None and at - before <= gap:
            self._spend.cover(before, at)
        elif before is not None:
            missed = sum((growth.amounts for growth in growths if growth.start == before), np.zeros(len(self._scopes)))
            self._gaps.append(_Gap(before, at, missed.tolist()))
        if at // HOUR_SECONDS > hour_before:
            self._forget(at)

    def _forget(self, at: float) -> None:
        self._main.counters.forget(at)
        oldest = float(self._spend.edges[0])
        self._gaps = [gap for gap in self._gaps if gap.end > oldest]

    # -- telling -----------------------------------------------------------------------------------------------------

    @property
    def scopes(self) -> list[LabelSet]:
        """In the order of every [scopes] array; new ones come last."""
        return list(self._scopes)

    def spend(self, scope: LabelSet) -> float:
        """What a scope spent in the period of the newest observation, up to that."""
        if self.at is None or scope not in self._scopes:
            return 0.0
        return float(self.spent(self.layout.calendar.period(self.at))[self._scopes[scope]])

    def spent(self, span: Span) -> F64:
        """[scopes] what came in within `span`."""
        return np.maximum(self._spend.total(span.start.timestamp(), span.end.timestamp()), 0.0)

    def course(self, scope: LabelSet, times: F64) -> F64:
        """[times] what a known scope had spent of the period each moment (Unix seconds, rising) is in; NaN where unobserved."""
        account = self._scopes[scope]
        starts = np.array([span.start.timestamp() for span in self.layout.calendar.periods(times.tolist())])
        spent = self._spend.before(times, account=account) - self._spend.before(starts, account=account)
        return np.where(self._spend.observed(times), np.maximum(spent, 0.0), np.nan)

    def completeness(self, span: Span, *, at: datetime) -> Completeness:
        """How well `span` is known up to `at`."""
        start, end = span.start.timestamp(), min(span.end, at).timestamp()
        elapsed = end - start
        share = self._spend.covered_seconds(start, end) / elapsed if elapsed > 0 else 1.0
        known_from = None if self.since is None or self.since >= end > start else max(start, self.since)
        return Completeness(
            share=min(share, 1.0),
            complete_from=None if known_from is None else datetime.fromtimestamp(known_from, UTC),
            imputed=self._imputed(start, end),
        )

    def _imputed(self, start: float, end: float) -> F64:
        imputed = np.zeros(len(self._scopes))
        for gap in self._gaps:
            overlap = min(gap.end, end) - max(gap.start, start)
            if overlap > 0:
                imputed[: len(gap.amounts)] += np.array(gap.amounts) * (overlap / (gap.end - gap.start))
        return imputed

    def hours(self) -> Hours:
        """The hours of the last five weeks and of a longer rolling window."""
        return hours_of(self._spend)

    def days(self) -> Days:
        """Every day that is known."""
        return days_of(self._spend, self.layout.calendar)

    def lines(self, beside: str = "") -> tuple[list[Line], LineSums, LineSums]:
        """Who spent it: the lines, with their sums of this period and of the last; of a further counter with its name."""
        flow = self._beside[beside] if beside else self._main
        sums = flow.this_period(), flow.last_period()
        return flow.lines[: len(sums[0].value)], *sums

    def lines_of(self, scope: int) -> Rows:
        """The numbers of one scope's lines."""
        return self._main.lines_of(scope)

    @property
    def unpriced_in_all(self) -> float:
        """What came in without a rate, in the counter's unit, since this ledger was made or loaded."""
        return self._main.unpriced_in_all

    def unpriced(self) -> tuple[dict[str, float], list[LabelSet]]:
        """Models whose price nobody knows now, with their tokens of this period, most first; and whose scopes they are."""
        lines, unpriced = self._main.lines, self._main.unpriced_now()
        models: dict[str, float] = {}
        for number in np.flatnonzero(unpriced).tolist():
            name = lines[number].model or NO_MODEL
            models[name] = models.get(name, 0.0) + float(unpriced[number])
        touched = {lines[number].scope for number in np.flatnonzero(unpriced).tolist()}
        return dict(sorted(models.items(), key=lambda one: -one[1])), [
            self.scopes[number] for number in sorted(touched)
        ]

    def unreliable(self) -> list[LabelSet]:
        """Scopes with a series that drops too often to be a restarting counter: their spend is a lower bound."""
        lines, scopes = self._main.lines, self.scopes
        return list(
            dict.fromkeys(scopes[lines[group].scope] for group in self._main.counters.untrusted_groups().tolist())
        )

    # -- keeping -----------------------------------------------------------------------------------------------------

    def dump(self) -> bytes:
        """Everything, as `load` takes it."""
        saved = _Saved(
            schema=SCHEMA,
            layout=self.layout.key,
            scopes=[scope.to_dict() for scope in self._scopes],
            since=self.since,
            spend=self._spend.save(),
            gaps=self._gaps,
            main=self._main.save(),
            beside={name: flow.save() for name, flow in self._beside.items()},
            price_tables=self.price_tables,
        )
        return msgspec.msgpack.encode(saved)

    @classmethod
    def load(
        cls, data: bytes, layout: Layout, *, rates: Rates | None = None, beside: Sequence[str] = ()
    ) -> Ledger | None:
        """The ledger that `dump` wrote; None when it has another schema or another layout, or is damaged."""
        try:
            saved = _DECODE(data)
            if saved.schema != SCHEMA or saved.layout != layout.key:
                return None
            ledger = cls(layout, rates or OneToOne(), beside)
            ledger._take(saved)
        except (msgspec.DecodeError, ValueError):
            return None
        return ledger

    def _take(self, saved: _Saved) -> None:
        self._scopes = {LabelSet(scope): number for number, scope in enumerate(saved.scopes)}
        self.since = saved.since
        self._gaps = list(saved.gaps)
        self.price_tables = list(saved.price_tables)
        self._spend.restore(saved.spend)
        self._main.restore(saved.main)
        for name, flow in self._beside.items():
            if name in saved.beside:
                flow.restore(saved.beside[name])


_DECODE = msgspec.msgpack.Decoder(_Saved).decode
