"""The steps a period is forecast in, cut from a ledger: hours of a day, days of anything longer, five minutes of an hour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import numpy as np

from alertd.detect.forecast import F64, Classes, day_classes, hour_classes
from alertd.ledger.ledger import Ledger
from alertd.ledger.periods import Calendar, PeriodKind, Span
from alertd.ledger.views import COMPLETE

DAYS_KNOWN = 28
"""Days that a forecast looks back."""

_SHORT = timedelta(minutes=5)
_SHORT_KNOWN = 36
_PAST_DAYS = 88  # for forecasts of a month ago: four weeks before it, and its outcome
_DAY_SHRINKAGE = 3.0  # days whose hours weigh as much as everybody's
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Steps:
    """What is known of a period's steps at one moment.

    history  [scopes, past] amounts, oldest first; NaN where a step was not observed whole
    past     [levels, past], future [levels, future]: classes; the first future step is under way
    season   known steps from which classes are told apart
    window   steps a forecast looks back
    spans    the future steps
    starts   [past] Unix seconds at which the past ones began
    """

    history: F64
    past: Classes
    future: Classes
    season: int
    window: int
    spans: tuple[Span, ...]
    starts: F64


def cut(ledger: Ledger, period: Span, at: datetime) -> Steps:
    """The steps of `period` that are left at `at`, and those before it, as far as the ledger knows them."""
    match ledger.layout.calendar.kind:
        case PeriodKind.HOUR:
            return _short_steps(ledger, period, at)
        case PeriodKind.DAY:
            return _hours(ledger, period, at)
        case _:
            return _days(ledger, period, at)


def _days(ledger: Ledger, period: Span, at: datetime) -> Steps:
    calendar, known = ledger.layout.calendar, ledger.days()
    spans = _left(period, at, calendar.day)
    first = spans[0].start.astimezone(calendar.zone).date()
    past = [index for index, day in enumerate(known.days) if day < first][-_PAST_DAYS:]
    history = np.where(known.complete[past], known.amounts[:, past], np.nan)
    weekdays = np.array([known.days[index].weekday() for index in past], dtype=np.int64)
    coming = np.array([span.start.astimezone(calendar.zone).weekday() for span in spans], dtype=np.int64)
    noons = [datetime.combine(known.days[index], time(12), tzinfo=calendar.zone) for index in past]
    starts = np.array(_starts([calendar.day(noon) for noon in noons]))
    return Steps(history, day_classes(weekdays), day_classes(coming), 7, DAYS_KNOWN, spans, starts)


def _hours(ledger: Ledger, period: Span, at: datetime) -> Steps:
    calendar, known = ledger.layout.calendar, ledger.hours()
    spans = _left(period, at, calendar.hour)
    past = known.starts < spans[0].start.timestamp()
    history = np.where(known.covered[past] >= COMPLETE * 3600, known.amounts[:, past], np.nan)
    before, coming = _hour_classes(calendar, known.starts[past].tolist()), _hour_classes(calendar, _starts(spans))
    return Steps(history, before, coming, 24, DAYS_KNOWN * 24, spans, known.starts[past])


def _short_steps(ledger: Ledger, period: Span, at: datetime) -> Steps:
    spans = _left(period, at, lambda moment: _aligned(period, moment))
    past = [Span(spans[0].start - n * _SHORT, spans[0].start - (n - 1) * _SHORT) for n in range(_SHORT_KNOWN, 0, -1)]
    observed = np.array([ledger.completeness(span, at=at).share >= COMPLETE for span in past])
    amounts = np.stack([ledger.spent(span) for span in past], axis=1)
    alike = np.zeros((1, len(past)), dtype=np.int64)
    history = np.where(observed, amounts, np.nan)
    return Steps(
        history, alike, alike[:, :1].repeat(len(spans), axis=1), 3, _SHORT_KNOWN, spans, np.array(_starts(past))
    )


def _aligned(period: Span, at: datetime) -> Span:
    start = at - (at - period.start) % _SHORT
    return Span(start, start + _SHORT)


def _left(period: Span, at: datetime, step: Callable[[datetime], Span]) -> tuple[Span, ...]:
    """The steps from that of `at` to the period's end."""
    spans = [step(at)]
    while spans[-1].end < period.end:
        spans.append(step(spans[-1].end))
    return tuple(spans)


def _starts(spans: Sequence[Span]) -> list[float]:
    return [span.start.timestamp() for span in spans]


def _hour_classes(calendar: Calendar, starts: Sequence[float]) -> Classes:
    local = [datetime.fromtimestamp(start, UTC).astimezone(calendar.zone) for start in starts]
    weekdays = np.array([one.weekday() for one in local], dtype=np.int64)
    return hour_classes(weekdays, np.array([one.hour for one in local], dtype=np.int64))


class DayShape:
    """How the spend of the running step is spread over it: of a day by its hours, of an hour evenly."""

    def __init__(self, ledger: Ledger, span: Span) -> None:
        self._span, self._scopes = span, len(ledger.scopes)
        self._weights: F64 | None = None
        if span.length > _HOUR:
            zone = ledger.layout.calendar.zone
            self._starts = [span.start + n * _HOUR for n in range(round(span.length / _HOUR))]
            profile = _hour_profile(ledger, span.start)
            self._weights = profile[:, [start.astimezone(zone).hour for start in self._starts]]

    def left(self, at: datetime) -> F64:
        """[scopes] which share of the step is still to come at `at`."""
        if self._weights is None:
            return np.full(self._scopes, (self._span.end - at) / self._span.length)
        left = np.array([min(max((start + _HOUR - at) / _HOUR, 0.0), 1.0) for start in self._starts])
        share: F64 = (self._weights @ left) / np.sum(self._weights, axis=1)
        return share


def _hour_profile(ledger: Ledger, before: datetime) -> F64:
    """[scopes, 24] which share of a day is spent in each hour: each scope's own, the less is known the more everybody's."""
    calendar, known = ledger.layout.calendar, ledger.hours()
    past = known.starts < before.timestamp()
    hours = [datetime.fromtimestamp(start, UTC).astimezone(calendar.zone).hour for start in known.starts[past].tolist()]
    amounts = np.zeros((len(ledger.scopes), 24))
    np.add.at(amounts.T, hours, np.maximum(known.amounts[:, past], 0.0).T)
    totals = np.sum(amounts, axis=1, keepdims=True)
    own = np.where(totals > 0, amounts / np.where(totals > 0, totals, 1.0), 0.0)
    spending = int(np.sum(totals > 0))
    everybody = own.sum(axis=0) / spending if spending else np.full(24, 1 / 24)
    days = np.where(totals > 0, np.sum(past) / 24, 0.0)
    # A little of every hour, so that no hour nobody was seen in is impossible.
    return 0.99 * (days * own + _DAY_SHRINKAGE * everybody) / (days + _DAY_SHRINKAGE) + 0.01 / 24
