"""`Projector`: the forecast of the running period of every scope of a ledger, and what is planned in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from alertd.detect.forecast import F64, count_known
from alertd.detect.forecast_backtest import back_test
from alertd.detect.forecast_interval import Bool, Distribution, Pool
from alertd.detect.forecast_outlook import Outlook
from alertd.detect.forecast_remaining import predict
from alertd.ledger.ledger import Ledger
from alertd.ledger.periods import Span
from alertd.rules.projection_steps import Steps, cut, share_left


@dataclass(frozen=True, slots=True)
class Planned:
    """What is known to come: within `span` everything is `factor` times as much, and `amount` comes on top."""

    span: Span
    factor: float = 1.0
    amount: float = 0.0


@dataclass(frozen=True, slots=True)
class PeriodForecast:
    """One period as it looks at one moment; every array is by scope of the ledger.

    spans       the steps that are left, the one under way first
    known       steps of history a scope has; in_period: of these, of the running period
    since       Unix seconds at which the oldest of them began; NaN without any
    """

    at: datetime
    period: Span
    outlook: Outlook
    spans: tuple[Span, ...]
    known: F64
    in_period: F64
    since: F64

    def moment(self, after: float) -> datetime | None:
        """When so many steps from now have passed; None for never."""
        if not np.isfinite(after):
            return None
        index = min(int(after), len(self.spans) - 1)
        span = self.spans[index]
        start = max(span.start, self.at)
        return start + min(after - index, 1.0) * (span.end - start)


@dataclass(slots=True)
class Projector:
    """Forecasts slot after slot; what earlier forecasts missed by is looked up once per step.

    fixed     amount of every period that no counter counts, such as a subscription
    """

    planned: Sequence[Planned] = ()
    fixed: float = 0.0
    _pooled_at: datetime | None = None
    _pool: Pool | None = None
    _shift: F64 = field(default_factory=lambda: np.empty(0))

    def forget(self) -> None:
        """The history has changed."""
        self._pool = None

    def project(self, ledger: Ledger, at: datetime, *, born: F64) -> PeriodForecast:
        """The period `at` lies in.

        born    [scopes] Unix seconds at which each was first seen: before that it was not idle, it was not there
        """
        period = ledger.layout.calendar.period(at)
        steps = cut(ledger, period, at)
        usual = (steps.starts >= born[:, None]) & ~self._unusual(steps)
        steps = replace(steps, history=np.where(usual, steps.history, np.nan))
        pool = self._pooled(steps)
        window = slice(-steps.window, None)
        left = share_left(ledger, steps.spans[0], at)
        path, coming = predict(
            steps.history[:, window], steps.past[:, window], steps.future, season=steps.season, left=left
        )
        path = path * self._factors(steps.spans, at)
        shift = np.pad(self._shift, (0, max(len(born) - len(self._shift), 0)))
        distribution = Distribution(replace(coming, predicted=np.sum(path, axis=1)), pool, shift=shift)
        spent = ledger.spent(Span(period.start, at))
        outlook = Outlook(spent, path, np.broadcast_to(self._amounts(steps.spans, at), path.shape), distribution)
        running = steps.history[:, steps.starts >= period.start.timestamp()]
        first = np.min(np.where(np.isnan(steps.history), np.inf, steps.starts), axis=1, initial=np.inf)
        return PeriodForecast(
            at, period, outlook, steps.spans,
            known=count_known(steps.history).astype(float), in_period=count_known(running).astype(float), since=first,
        )  # fmt: skip

    def _pooled(self, steps: Steps) -> Pool:
        if self._pool is None or self._pooled_at != steps.spans[0].start:
            past = back_test(
                steps.history, steps.past, ahead=len(steps.spans), season=steps.season, window=steps.window
            )
            self._pool, self._pooled_at = Pool(past), steps.spans[0].start
            self._shift = self._pool.shift(len(steps.history))
        return self._pool

    def _unusual(self, steps: Steps) -> Bool:
        """[past] steps in which something planned was different: they say nothing about others."""
        ends = np.append(steps.starts[1:], steps.spans[0].start.timestamp())
        unusual = np.zeros(len(steps.starts), dtype=bool)
        for plan in self.planned:
            unusual |= (steps.starts < plan.span.end.timestamp()) & (ends > plan.span.start.timestamp())
        return unusual

    def _factors(self, spans: Sequence[Span], at: datetime) -> F64:
        factors = np.ones(len(spans))
        for plan in self.planned:
            shares = [_overlap(plan.span, _rest(span, at)) / _rest(span, at).length.total_seconds() for span in spans]
            factors *= 1 + (plan.factor - 1) * np.array(shares)
        return factors

    def _amounts(self, spans: Sequence[Span], at: datetime) -> F64:
        amounts = np.zeros(len(spans))
        amounts[0] += self.fixed
        for plan in self.planned:
            shares = [_overlap(plan.span, _rest(span, at)) / plan.span.length.total_seconds() for span in spans]
            amounts += plan.amount * np.array(shares)
        return amounts


def _rest(span: Span, at: datetime) -> Span:
    return Span(max(span.start, at), span.end)


def _overlap(one: Span, other: Span) -> float:
    """Seconds."""
    return max((min(one.end, other.end) - max(one.start, other.start)).total_seconds(), 0.0)
