"""How all budgets stand, as the API, the command line and pages show them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from alertd.engine.state import GroupState, RuleState
from alertd.labels import LabelSet
from alertd.rules.budget import BudgetJudge
from alertd.rules.budget_standing import Standing
from alertd.rules.kind import Judge
from alertd.rules.projection import PeriodJudge

Outlook = tuple[float, float | None, datetime | None]
"""What is projected; the limit a projection alert holds it against, and when that will be passed."""


class BudgetRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One scope of one rule.

    kind            `budget` or `projection`
    limit, percent  None where the scope has no limit
    completeness    share of the period so far that was observed, 0 to 1
    complete_from   since when, gaps apart
    imputed         what came in during gaps: known in sum, spread evenly
    price_table     version of the prices tokens are counted in now; empty where they are not priced
    projected       at the end of the period, as a projection rule on the same spend sees it; None without one
    exceeds_at      when this limit will be passed, where a projection alert says so
    unpriced        tokens of this period without a price, by model: they are not in `spent`
    """

    rule: str
    group: str
    kind: str
    scope: Mapping[str, str]
    unit: str
    period_start: datetime
    period_end: datetime
    at: datetime
    spent: float
    limit: float | None
    percent: float | None
    completeness: float
    complete_from: datetime | None
    imputed: float
    price_table: str = ""
    projected: float | None = None
    exceeds_at: datetime | None = None
    unpriced: Mapping[str, float] = {}


def budgets(groups: Iterable[GroupState]) -> list[BudgetRow]:
    """Every scope of every budget that was judged since the start: first the rules in their order, then who spent most.

    A projection rule has rows of its own only where no budget counts the same spend.
    """
    rules = [(group, rule) for group in groups for rule in group.rules]
    outlooks = {
        (rule.judge.budget.kind.layout.key, scope): outlook
        for _, rule in rules
        if isinstance(rule.judge, PeriodJudge)
        for scope, outlook in _outlooks(rule).items()
    }
    counted = {rule.judge.kind.layout.key for _, rule in rules if isinstance(rule.judge, BudgetJudge)}
    rows: list[BudgetRow] = []
    for group, rule in rules:
        budget = budget_of(rule.judge)
        if budget is None or budget.standing is None:
            continue
        key = budget.kind.layout.key
        if isinstance(rule.judge, BudgetJudge) or key not in counted:
            known = {scope: outlook for (of, scope), outlook in outlooks.items() if of == key}
            rows += sorted(_rows(group, rule, budget.standing, known), key=lambda row: -row.spent)
    return rows


def unpriced_tokens(judges: Iterable[Judge]) -> float:
    """Tokens that nobody had a price for, since the start; spend that several rules count is counted once."""
    by_layout: dict[str, float] = {}
    for judge in judges:
        budget = budget_of(judge)
        if budget is not None and budget.standing is not None:
            key = budget.kind.layout.key
            by_layout[key] = max(by_layout.get(key, 0.0), budget.standing.unpriced)
    return sum(by_layout.values())


def budget_of(judge: Judge | None) -> BudgetJudge | None:
    """The budget that a judge watches or projects; None of other kinds."""
    if isinstance(judge, PeriodJudge):
        return judge.budget
    return judge if isinstance(judge, BudgetJudge) else None


def _outlooks(rule: RuleState) -> Mapping[LabelSet, Outlook]:
    """By scope, from what a projection rule said last."""
    judgement = rule.judgement
    if judgement is None or judgement.seen is None:
        return {}
    told = {finding.series: finding.evidence for finding in judgement.findings}
    found: dict[LabelSet, Outlook] = {}
    for scope, projected in judgement.seen.samples():
        evidence = told.get(scope, {})
        limit, end = evidence.get("Limit"), evidence.get("ExhaustedAt")
        found[scope] = (
            projected, limit if isinstance(limit, float) else None, end if isinstance(end, datetime) else None,
        )  # fmt: skip
    return found


def _rows(
    group: GroupState, rule: RuleState, standing: Standing, outlooks: Mapping[LabelSet, Outlook]
) -> Iterator[BudgetRow]:
    known = standing.known
    for number, scope in enumerate(standing.scopes):
        spent, limit = float(standing.spent[number]), _finite(standing.limits[number])
        projected, against, exceeds_at = outlooks.get(scope, (math.nan, None, None))
        yield BudgetRow(
            rule=rule.rule.name,
            group=group.group.key,
            kind="budget" if isinstance(rule.judge, BudgetJudge) else "projection",
            scope=scope.to_dict(),
            unit=standing.unit,
            period_start=standing.period.start,
            period_end=standing.period.end,
            at=standing.at,
            spent=spent,
            limit=limit,
            percent=None if limit is None else 100 * spent / limit,
            completeness=known.share,
            complete_from=known.complete_from,
            imputed=float(known.imputed[number]),
            price_table=standing.price_table,
            projected=_finite(projected),
            exceeds_at=exceeds_at if against == limit else None,
            unpriced=standing.missing.get(number, {}),
        )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
