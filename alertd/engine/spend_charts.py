"""Charts of budgets and projections: drawn from the ledger, for nobody asks Prometheus for what a scope spent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import numpy as np

from alertd import charts
from alertd.engine.state import GroupState, RuleState
from alertd.labels import LabelSet
from alertd.rules.budget import BudgetJudge
from alertd.rules.kind import Judge
from alertd.rules.projection import PeriodJudge
from alertd.rules.spend_course import Course


def keeps_a_ledger(judge: Judge | None) -> bool:
    """Whether what a rule's series were worth is known here, and not as the answer to its query."""
    return isinstance(judge, BudgetJudge | PeriodJudge)


def course_of(
    rule: RuleState, scope: LabelSet, *, since: datetime | None, points: int, groups: Iterable[GroupState]
) -> Course | None:
    """What a scope spent, and how it goes on where any rule projects the same spend; None of a scope that is not known.

    To be called while the rule's group is not evaluated. since: None is the start of its period
    """
    judge = rule.judge
    if isinstance(judge, PeriodJudge):
        return judge.course(scope, since=since, points=points)
    if not isinstance(judge, BudgetJudge):
        return None
    course, key = judge.course(scope, since=since, points=points), judge.kind.layout.key
    others = (one.judge for group in groups for one in group.rules if isinstance(one.judge, PeriodJudge))
    ahead = next((one.ahead(scope) for one in others if one.budget.kind.layout.key == key), None)
    return course.going(ahead) if course else None


def drawn(course: Course | None, *, title: str, firing: tuple[charts.Span, ...]) -> charts.Chart:
    """As a chart; without a course one that says that there are no data."""
    if course is None:
        return charts.Chart(title=title, times=np.empty(0), values=np.empty(0), firing=firing)
    ahead = course.ahead
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
