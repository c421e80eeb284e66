"""`Charting`: the series an alert came from, with the limit and when the alert fired.

Of a budget that is what the ledger says was spent in the period; of all other rules what Prometheus recorded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from alertd.alerts.alert import Alert, State
from alertd.clock import Clock
from alertd.deferred import deferred, np
from alertd.engine.state import GroupState
from alertd.errors import QueryError
from alertd.labels import LabelSet
from alertd.query.batch import F64
from alertd.query.history import HistoryNeed, HistorySource, SeriesMatrix
from alertd.query.split import split
from alertd.rules.finding import Judgement
from alertd.rules.rule import AlertingRule, RuleGroup

if TYPE_CHECKING:
    from alertd import charts
    from alertd.charts import png
    from alertd.engine import budgets, spend_charts
else:
    charts, png = deferred("alertd.charts"), deferred("alertd.charts.png")
    budgets, spend_charts = deferred("alertd.engine.budgets"), deferred("alertd.engine.spend_charts")

POINTS = 300
LAST = timedelta(hours=6)
"""What is shown unless somebody chooses; of a budget it is its period."""

LIMIT = timedelta(seconds=20)
"""How long reading the past may take."""


@dataclass(frozen=True, slots=True)
class _Found:
    """An alert of our own rules. identity: of its rule within the group"""

    group: RuleGroup
    identity: str
    rule: AlertingRule
    keeps_a_ledger: bool
    alert: Alert
    expected: tuple[float, float, float] | None  # lower, expected, upper


class Charting:
    """Draws alerts of our own rules; those posted by others have no series that we know.

    rules             every rule group with its alerts
    between_slots     one of them while it is not evaluated
    history           where the past is read, by source
    external_labels   added to alerts when they are handed on
    """

    def __init__(
        self,
        *,
        clock: Clock,
        rules: Callable[[], Sequence[GroupState]],
        between_slots: Callable[[str], AbstractAsyncContextManager[GroupState | None]],
        history: Callable[[], Mapping[str, HistorySource]],
        external_labels: Callable[[], Mapping[str, str]],
    ) -> None:
        self._clock = clock
        self._rules = rules
        self._between_slots = between_slots
        self._history = history
        self._external_labels = external_labels

    async def chart(self, fingerprint: str, last: timedelta | None = None) -> charts.Chart | None:
        """The alert's series over the time `last`; None when no rule has such an alert now.

        raises   QueryError; TimeoutError
        """
        found = await self._find(fingerprint)
        if found is None:
            return None
        end = self._clock.now().replace(microsecond=0)
        async with asyncio.timeout(LIMIT.total_seconds()):
            if found.keeps_a_ledger:
                return await self._of_spend(found, None if last is None else end - last)
            times, values = await self._values(found, end - (last or LAST), end)
        return _drawn(found, times, values)

    async def picture(self, fingerprint: str) -> bytes | None:
        """The same over the usual time, as PNG.

        raises   QueryError; TimeoutError; NoImagesError
        """
        chart = await self.chart(fingerprint)
        return None if chart is None else await asyncio.to_thread(lambda: png.png(charts.draw(chart)))

    async def _find(self, fingerprint: str) -> _Found | None:
        """Compares by the thousand; rules go on changing their alerts meanwhile."""
        external = self._external_labels()
        alerts = [
            (state.group, rule, rule.rule, alert)
            for state in self._rules()
            for rule in state.rules
            if isinstance(rule.rule, AlertingRule)
            for alert in rule.alerts.values()
        ]

        def search() -> _Found | None:
            for group, state, rule, alert in alerts:
                if LabelSet({**external, **alert.labels}).fingerprint == fingerprint:
                    spends = budgets.budget_of(state.judge) is not None
                    return _Found(group, state.identity, rule, spends, alert, _expected(state.judgement, alert.series))
            return None

        return await asyncio.to_thread(search)

    async def _of_spend(self, found: _Found, since: datetime | None) -> charts.Chart | None:
        scope = found.alert.series
        async with self._between_slots(found.group.key) as group:
            rule = None if group is None else group.by_identity().get(found.identity)
            budget = None if rule is None else budgets.budget_of(rule.judge)
            if rule is None or budget is None:  # gone meanwhile
                return None
            if rule.reads_history:
                raise QueryError(f"{found.rule.name} is still reading its past")
            course = budget.course(scope, since=since, points=POINTS)
        ahead = await asyncio.to_thread(spend_charts.ahead_of, rule.judge, scope, self._rules())
        return spend_charts.drawn(course, ahead, title=_title(found), firing=_firing(found.alert))

    async def _values(self, found: _Found, start: datetime, end: datetime) -> tuple[F64, F64]:
        step = max((end - start) / POINTS, timedelta(seconds=1))
        whole = timedelta(seconds=round(step.total_seconds()))
        need = HistoryNeed(expr=_expression(found.rule), start=start, end=end, step=whole)
        times, values = [], []
        async for matrix in self._history()[found.group.source].read(need):
            times.append(matrix.times)
            values.append(_column(matrix, found.alert.series))
        return np.concatenate([np.empty(0), *times]), np.concatenate([np.empty(0), *values])


def _expression(rule: AlertingRule) -> str:
    """What is judged: without the comparison, so that the value is seen below the limit, too."""
    comparison = split(rule.kind.query)
    return rule.kind.query if comparison is None or comparison.returns_bool else comparison.lhs


def _column(matrix: SeriesMatrix, series: LabelSet) -> F64:
    """[points] of one series; NaN where it has none."""
    if series not in matrix.labels:
        return np.full(len(matrix.times), np.nan)
    values: F64 = matrix.values[:, matrix.labels.index(series)]
    return values


def _expected(judgement: Judgement | None, series: LabelSet) -> tuple[float, float, float] | None:
    """Lower, expected, upper of the newest slot."""
    if judgement is None or judgement.band is None or judgement.seen is None or series not in judgement.seen.labels:
        return None
    row, band = judgement.seen.labels.index(series), judgement.band
    return float(band.lower[row]), float(band.expected[row]), float(band.upper[row])


def _drawn(found: _Found, times: F64, values: F64) -> charts.Chart:
    band = None
    if found.expected is not None:
        lower, expected, upper = (np.full(len(times), one) for one in found.expected)
        band = lower, expected, upper
    return charts.Chart.judged(
        times, values, title=_title(found), unit=found.rule.unit, band=band,
        evidences=[found.alert.evidence], firing=_firing(found.alert),
    )  # fmt: skip


def _title(found: _Found) -> str:
    return f"{found.rule.name}{found.alert.series if len(found.alert.series) else ''}"


def _firing(alert: Alert) -> tuple[charts.Span, ...]:
    return () if alert.fired_at is None else (charts.Span(start=alert.fired_at.timestamp(), end=_end(alert)),)


def _end(alert: Alert) -> float | None:
    return alert.resolved_at.timestamp() if alert.state is State.INACTIVE and alert.resolved_at else None
