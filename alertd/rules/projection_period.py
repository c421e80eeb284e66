"""`Projector`: the forecast of the running period of every scope of a ledger, and what is planned in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from alertd.detect.forecast import F64, count_known
from alertd.detect.forecast_backtest import back_test
from alertd.detect.forecast_interval import Bool, Distribution, Pool
from alertd.detect.forecast_outlook import Outlook
from alertd.detect.forecast_remaining import Remaining, predict
from alertd.labels import LabelSet
from alertd.ledger.ledger import Ledger
from alertd.ledger.periods import Span
from alertd.rules.projection_steps import DayShape, Steps, cut
from alertd.rules.spend_course import Ahead


@dataclass(frozen=True, slots=True)
class Planned:
    """What is known to come: within `span` everything is `factor` times as much, and `amount` comes on top."""

    span: Span
    factor: float = 1.0
    amount: float = 0.0


@dataclass(frozen=True, slots=True)
class PeriodForecast:
    """One period as it looks at one moment; every array is by scope of the ledger.

    scopes      whose they are
    spans       the steps that are left, the one under way first
    in_period   steps of the running period that were observed whole
    since       Unix seconds since when each scope is known
    """

    at: datetime
    period: Span
    scopes: tuple[LabelSet, ...]
    outlook: Outlook
    spans: tuple[Span, ...]
    in_period: NDArray[np.int64]
    since: F64

    def ahead(self, scope: LabelSet, *, level: float) -> Ahead | None:
        """How one scope goes on, with the ends of the interval of that level; None of one that came later."""
        if scope not in self.scopes:
            return None
        row, spent = self.scopes.index(scope), self.outlook.spent
        times = np.array([self.at.timestamp(), *(span.end.timestamp() for span in self.spans)])
        low, middle, high = (
            np.concatenate([spent[row : row + 1], amounts[row]]) for amounts in self.outlook.after_steps(level)
        )
        return Ahead(times, low, middle, high)

    def moment(self, after: float) -> datetime | None:
        """When so many steps from now have passed; None for never."""
        if not np.isfinite(after):
            return None
        index = min(int(after), len(self.spans) - 1)
        span = self.spans[index]
        start = max(span.start, self.at)
        return start + min(after - index, 1.0) * (span.end - start)


@dataclass(frozen=True, slots=True)
class _Step:
    """What stays the same during one step.

    path, coming   the whole steps to come, the running one first; shift: see `Pool.shift`
    """

    period: Span
    scopes: int
    steps: Steps
    shape: DayShape
    path: F64
    coming: Remaining
    pool: Pool
    shift: F64


class Projector:
    """Forecasts slot after slot; what is costly is done once per step.

    fixed   amount of every period that no counter counts, such as a subscription
    """

    def __init__(self, planned: Sequence[Planned] = (), fixed: float = 0.0) -> None:
        self._planned, self._fixed = planned, fixed
        self._step: _Step | None = None
        self._pool: tuple[datetime, Pool] | None = None

    def forget(self) -> None:
        """The history has changed."""
        self._step = self._pool = None

    def project(self, ledger: Ledger, at: datetime, *, born: F64) -> PeriodForecast:
        """The period `at` lies in.

        born   [scopes] Unix seconds at which each was first seen: before that it was not idle, it was not there
        """
        period = ledger.layout.calendar.period(at)
        step = self._prepared(ledger, period, at, born)
        steps, spans = step.steps, step.steps.spans
        left = step.shape.left(at)
        path = step.path * self._factors(spans, at)
        path[:, 0] *= left
        share = (len(spans) - 1 + float(np.mean(left))) / len(spans)
        coming = Distribution(step.coming.cut(path, share=share), step.pool, shift=step.shift, share=share)
        amounts = np.broadcast_to(self._amounts(spans, at), path.shape)
        outlook = Outlook(ledger.spent(Span(period.start, at)), path, amounts, coming)
        running = steps.history[:, steps.starts >= period.start.timestamp()]
        since = np.maximum(born, np.inf if ledger.since is None else ledger.since)
        return PeriodForecast(
            at, period, tuple(ledger.scopes), outlook, spans, in_period=count_known(running), since=since
        )

    def _prepared(self, ledger: Ledger, period: Span, at: datetime, born: F64) -> _Step:
        if (
            self._step is not None
            and (self._step.period, self._step.scopes) == (period, len(born))
            and at < self._step.steps.spans[0].end
        ):
            return self._step
        steps = cut(ledger, period, at)
        usual = (steps.starts >= born[:, None]) & ~self._unusual(steps)
        steps = replace(steps, history=np.where(usual, steps.history, np.nan))
        window = slice(-steps.window, None)
        path, coming = predict(steps.history[:, window], steps.past[:, window], steps.future, season=steps.season)
        pool = self._pooled(steps)
        self._step = _Step(
            period, len(born), steps, DayShape(ledger, steps.spans[0]), path, coming, pool, pool.shift(len(born)),
        )  # fmt: skip
        return self._step

    def _pooled(self, steps: Steps) -> Pool:
        """What earlier forecasts missed by: a new scope has made none, and changes nothing of it."""
        begun = steps.spans[0].start
        if self._pool is None or self._pool[0] != begun:
            past = back_test(
                steps.history, steps.past, ahead=len(steps.spans), season=steps.season, window=steps.window
            )
            self._pool = begun, Pool(past)
        return self._pool[1]

    def _unusual(self, steps: Steps) -> Bool:
        """[past] steps in which something planned was different: they say nothing about others."""
        ends = np.append(steps.starts[1:], steps.spans[0].start.timestamp())
        unusual = np.zeros(len(steps.starts), dtype=bool)
        for plan in self._planned:
            unusual |= (steps.starts < plan.span.end.timestamp()) & (ends > plan.span.start.timestamp())
        return unusual

    def _factors(self, spans: Sequence[Span], at: datetime) -> F64:
        factors = np.ones(len(spans))
        for plan in self._planned:
            shares = [_overlap(plan.span, _rest(span, at)) / _rest(span, at).length.total_seconds() for span in spans]
            factors *= 1 + (plan.factor - 1) * np.array(shares)
        return factors

    def _amounts(self, spans: Sequence[Span], at: datetime) -> F64:
        amounts = np.zeros(len(spans))
        amounts[0] += self._fixed
        for plan in self._planned:
            shares = [_overlap(plan.span, _rest(span, at)) / plan.span.length.total_seconds() for span in spans]
            amounts += plan.amount * np.array(shares)
        return amounts


def _rest(span: Span, at: datetime) -> Span:
    return Span(max(span.start, at), span.end)


def _overlap(one: Span, other: Span) -> float:
    """Seconds."""
    return max((min(one.end, other.end) - max(one.start, other.start)).total_seconds(), 0.0)
