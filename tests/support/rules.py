"""Rules and answers for tests, in one line each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from alertd.duration import parse_duration
from alertd.labels import LabelSet
from alertd.query.batch import SeriesBatch
from alertd.rules.promql import PromQL
from alertd.rules.rule import AlertingRule, RecordingRule, Rule, RuleGroup
from alertd.rules.threshold import Threshold, ThresholdSettings
from alertd.template.prometheus import compile_rule_template

T0 = datetime(2026, 1, 5, 12, tzinfo=UTC)


def minute(number: float) -> datetime:
    """So many minutes after T0."""
    return T0 + timedelta(minutes=number)


def a_batch(series: Mapping[str, float] | None = None, *, at: datetime = T0) -> SeriesBatch:
    """Values by tenant."""
    series = series or {}
    labels = tuple(LabelSet({"__name__": "m", "tenant": tenant}) for tenant in series)
    return SeriesBatch(labels=labels, values=np.array(list(series.values()), dtype=float), at=at)


def an_alerting_rule(
    name: str = "A", expr: str = "m > 5", *, hold: str = "0", keep_firing_for: str = "0",
    labels: Mapping[str, str] | None = None, annotations: Mapping[str, str] | None = None,
    threshold: Mapping[str, Any] | None = None, **rest: Any,
) -> AlertingRule:  # fmt: skip
    """A rule with its templates compiled; `threshold` makes it one of that kind."""
    labels, annotations = labels or {}, annotations or {}
    kind: Any = PromQL(expr)
    if threshold is not None:
        kind = Threshold(expr, ThresholdSettings.model_validate(threshold).as_levels())
    return AlertingRule(
        name=name,
        expr=expr,
        kind=kind,
        hold=parse_duration(hold),
        keep_firing_for=parse_duration(keep_firing_for),
        labels={key: compile_rule_template(text, alert=name) for key, text in labels.items()},
        annotations={key: compile_rule_template(text, alert=name) for key, text in annotations.items()},
        static_labels=LabelSet(labels),
        label_texts=labels,
        annotation_texts=annotations,
        **rest,
    )


def a_recording_rule(record: str, expr: str, **rest: Any) -> RecordingRule:
    return RecordingRule(record=record, expr=expr, **rest)


def a_group(*rules: Rule, name: str = "g", interval: str = "1m", **rest: Any) -> RuleGroup:
    return RuleGroup(file="rules.yml", name=name, interval=parse_duration(interval), rules=rules, **rest)
