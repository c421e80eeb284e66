"""What a recording rule writes: the answer under the rule's name and labels."""

from __future__ import annotations

from alertd.errors import AlertdError
from alertd.labels import LabelSet
from alertd.labels.labelset import METRIC_NAME
from alertd.query.batch import SeriesBatch
from alertd.rules.rule import RecordingRule


class RuleError(AlertdError):
    """A rule could not be evaluated; what it knew before stays as it was. Worded as Prometheus words it."""


def record(rule: RecordingRule, batch: SeriesBatch) -> dict[LabelSet, float]:
    """Label set and value of each series to write; an empty rule label removes the label.

    raises   RuleError when two series become equal, or there are more than the rule's limit
    source   Prometheus rules.RecordingRule.Eval
    """
    over = {**rule.labels, METRIC_NAME: rule.record}
    recorded = {series.with_labels(over): value for series, value in batch.samples()}
    if len(recorded) < len(batch):
        raise RuleError("vector contains metrics with the same labelset after applying rule labels")
    if 0 < rule.limit < len(recorded):
        raise RuleError(f"exceeded limit of {rule.limit} with {len(recorded)} series")
    return recorded
