"""One rule at one slot: judgement and history in, history out. Pure; the evaluator around it fetches and saves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from alertd.alerts.alert import Alert, Resolution
from alertd.alerts.annotate import QueryAnswers, TemplateContext, annotate
from alertd.alerts.machine import Alerts, Holds, active, explain_ends, resolve_all, set_aside, step
from alertd.alerts.policy import after_error, no_data_candidates, unknown_without_data
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.rules.finding import Judgement
from alertd.rules.rule import AlertingRule, Policy


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A rule's alerts after a slot, and why it failed where it did (`error` empty: it did not)."""

    alerts: dict[LabelSet, Alert]
    error: str = ""


def evaluate(
    rule: AlertingRule,
    judgement: Judgement,
    alerts: Alerts,
    context: TemplateContext,
    *,
    queries: QueryAnswers,
    at: datetime,
) -> Evaluated:
    """The alerts of `rule` after an answered query.

    raises   NeedsQueries (annotate again with the answers), RuleError (hand it to `failed`)
    """
    if not alerts and not judgement.findings and rule.on_no_data is not Policy.ALERT:
        return Evaluated({})  # most rules, at most slots
    holds = Holds(hold=rule.hold, keep_firing_for=rule.keep_firing_for)
    candidates = annotate(rule, judgement.findings, context, queries=queries, at=at)
    candidates += no_data_candidates(rule, judgement)
    known, unknown = set_aside(alerts, unknown_without_data(rule, alerts, judgement) - {c.labels for c in candidates})
    after = unknown | step(known, candidates, holds=holds, at=at)
    if judgement.seen is not None:
        after = explain_ends(alerts, after, _lookup(judgement.seen))
    if 0 < rule.limit < (count := len(active(after))):
        error = f"exceeded limit of {rule.limit} with {count} alerts"
        return Evaluated(resolve_all(alerts, Resolution.LIMIT, at=at), error)
    return Evaluated(after)


def failed(rule: AlertingRule, alerts: Alerts, error: str, *, at: datetime) -> Evaluated:
    """The alerts of `rule` when its query or its evaluation failed."""
    holds = Holds(hold=rule.hold, keep_firing_for=rule.keep_firing_for)
    return Evaluated(after_error(rule, alerts, error, holds=holds, at=at), error)


def _lookup(batch: SeriesBatch) -> Callable[[LabelSet], float | None]:
    """Value by series labels; the table is built at the first question, since most slots ask none."""
    table: dict[LabelSet, float] = {}

    def value_of(series: LabelSet) -> float | None:
        if not table:
            table.update(batch.samples())
        return table.get(series)

    return value_of
