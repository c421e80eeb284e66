"""Charts of budgets and projections: drawn from the ledger, for nobody asks Prometheus for what a scope spent."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from alertd import charts
from alertd.engine.budgets import budget_of
from alertd.engine.state import GroupState
from alertd.labels import LabelSet
from alertd.rules.kind import Judge
from alertd.rules.projection import PeriodJudge
from alertd.rules.spend_course import Ahead, Course


def ahead_of(judge: Judge | None, scope: LabelSet, groups: Iterable[GroupState]) -> Ahead | None:
    """How that goes on, as of the newest slot, where the judge itself or else any other projects the same spend."""
    budget = budget_of(judge)
    for other in (judge, *(rule.judge for group in groups for rule in group.rules)):
        if budget and isinstance(other, PeriodJudge) and other.budget.kind.layout.key == budget.kind.layout.key:
            return other.ahead(scope)
    return None


def drawn(course: Course | None, ahead: Ahead | None, *, title: str, firing: tuple[charts.Span, ...]) -> charts.Chart:
    """As a chart; without a course one that says that there are no data."""
    if course is None:
        return charts.Chart(title=title, times=np.empty(0), values=np.empty(0), firing=firing)
    fan = None if ahead is None else charts.Fan(times=ahead.times, low=ahead.low, middle=ahead.middle, high=ahead.high)
    return charts.Chart(
        title=title,
        unit=course.unit,
        times=course.times,
        values=course.spent,
        limits=tuple(charts.Limit(value=amount, label=name) for name, amount in course.limits),
        firing=firing,
        fan=fan,
        zone=course.zone,
    )
