"""Findings -> candidates: the labels and annotations of an alert, rendered from its rule's templates.

Labels are the alert's identity, so they are rendered before the state machine runs. Templates may hold `{{ query "..." }}`:
what they need is raised as `NeedsQueries`; the shell fetches it and annotates again with the answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alertd.alerts.machine import Candidate
from alertd.labels import LabelSet
from alertd.labels.labelset import METRIC_NAME
from alertd.rules.finding import Finding, Verdict
from alertd.rules.recording import RuleError
from alertd.rules.rule import AlertingRule
from alertd.template.errors import NeedsQuery
from alertd.template.prometheus import QueryFailed, RuleData, RuleTemplate, Sample, expand

QueryAnswers = Mapping[str, "Sequence[Sample] | QueryFailed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateContext:
    """What every template sees beside its own series."""

    external_labels: Mapping[str, str] = field(default_factory=dict)
    external_url: str = ""


class NeedsQueries(Exception):  # noqa: N818 - a request, not a failure
    """Templates asked for the answers of these expressions; annotate again with them in `queries`."""

    def __init__(self, exprs: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(exprs)))
        self.exprs = exprs


def annotate(
    rule: AlertingRule, findings: Sequence[Finding], context: TemplateContext, *, queries: QueryAnswers, at: datetime
) -> list[Candidate]:
    """One candidate per finding.

    raises   NeedsQueries with everything any template still needs; RuleError when two alerts get the same labels
    source   Prometheus rules.AlertingRule.Eval: a template error becomes text, the alert is not lost
    """
    candidates: list[Candidate] = []
    missing: set[str] = set()
    for finding in findings:
        try:
            candidates.append(_candidate(rule, finding, context, queries, at))
        except NeedsQuery as need:
            missing.add(need.expr)
    if missing:
        raise NeedsQueries(frozenset(missing))
    if len({candidate.labels for candidate in candidates}) < len(candidates):
        raise RuleError("vector contains metrics with the same labelset after applying alert labels")
    return candidates


def _candidate(
    rule: AlertingRule, finding: Finding, context: TemplateContext, queries: QueryAnswers, at: datetime
) -> Candidate:
    data = RuleData(
        labels=finding.series,
        value=finding.value,
        external_labels=context.external_labels,
        external_url=context.external_url,
        queries=queries,
        at=at,
        alert=finding.evidence,
    )
    return Candidate(
        labels=_labels(rule, finding, data),
        annotations={
            **{name: expand(template, data) for name, template in rule.annotations.items()},
            **finding.annotations,
        },
        value=finding.value,
        series=finding.series,
        evidence=finding.evidence,
        held=finding.verdict is Verdict.HELD,
        told_once=finding.told_once,
    )


def _labels(rule: AlertingRule, finding: Finding, data: RuleData) -> LabelSet:
    """The series' labels, over them the rule's, over them the level's; the rule's name always wins."""
    over = {METRIC_NAME: ""} | _expanded(rule.labels, data) | dict(finding.labels) | {"alertname": rule.name}
    return finding.series.with_labels(over)


def _expanded(templates: Mapping[str, RuleTemplate], data: RuleData) -> dict[str, str]:
    return {name: expand(template, data) for name, template in templates.items()}
