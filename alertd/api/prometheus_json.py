"""The JSON of Prometheus' rules API, from the evaluator's state. Pure.

source   Prometheus web/api/v1 (2.42), field by field in its order; what it omits when empty is omitted here
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from alertd.alerts.alert import Alert, State
from alertd.alerts.machine import active
from alertd.engine.state import GroupState, RuleState
from alertd.labels import LabelSet
from alertd.rules.promql_text import promql_text
from alertd.rules.rule import AlertingRule, RecordingRule
from alertd.template.numbers import format_verb

NEVER = "0001-01-01T00:00:00Z"


class AlertJson(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One pending or firing alert."""

    labels: LabelSet
    annotations: Mapping[str, str]
    state: str
    activeAt: str  # noqa: N815 - Prometheus' spelling, as everywhere below
    keepFiringSince: str = ""  # noqa: N815
    value: str


class AlertingRuleJson(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One alerting rule; labels and annotations as written, not rendered."""

    state: str
    name: str
    query: str
    duration: float
    keepFiringFor: float  # noqa: N815
    labels: dict[str, str]
    annotations: dict[str, str]
    alerts: list[AlertJson]
    health: str
    lastError: str = ""  # noqa: N815
    evaluationTime: float  # noqa: N815
    lastEvaluation: str  # noqa: N815
    type: Literal["alerting"]


class RecordingRuleJson(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One recording rule."""

    name: str
    query: str
    labels: dict[str, str] = {}
    health: str
    lastError: str = ""  # noqa: N815
    evaluationTime: float  # noqa: N815
    lastEvaluation: str  # noqa: N815
    type: Literal["recording"]


RuleJson = AlertingRuleJson | RecordingRuleJson


class GroupJson(msgspec.Struct, kw_only=True):
    """One rule group."""

    name: str
    file: str
    rules: list[RuleJson]
    interval: float
    limit: int
    evaluationTime: float  # noqa: N815
    lastEvaluation: str  # noqa: N815


def group_json(state: GroupState, rules: Iterable[RuleJson]) -> GroupJson:
    """The group with those of its rules that were asked for."""
    return GroupJson(
        name=state.group.name,
        file=state.group.file,
        rules=list(rules),
        interval=_seconds(state.group.interval),
        limit=state.group.limit,
        evaluationTime=state.seconds,
        lastEvaluation=timestamp(state.evaluated_at),
    )


def rule_json(state: RuleState, *, with_alerts: bool) -> RuleJson:
    """The rule; its alerts are an empty list when they are not asked for."""
    if isinstance(state.rule, RecordingRule):
        return _recording_rule(state, state.rule)
    return _alerting_rule(state, state.rule, with_alerts=with_alerts)


def _alerting_rule(state: RuleState, rule: AlertingRule, *, with_alerts: bool) -> AlertingRuleJson:
    alerts = active(state.alerts)
    return AlertingRuleJson(
        state=_rule_state(alerts),
        name=rule.name,
        query=promql_text(rule.expr),
        duration=_seconds(rule.hold),
        keepFiringFor=_seconds(rule.keep_firing_for),
        labels=dict(sorted(rule.label_texts.items())),
        annotations=dict(sorted(rule.annotation_texts.items())),
        alerts=[alert_json(alert) for alert in alerts] if with_alerts else [],
        health=state.health.value,
        lastError=state.last_error,
        evaluationTime=state.seconds,
        lastEvaluation=timestamp(state.evaluated_at),
        type="alerting",
    )


def _recording_rule(state: RuleState, rule: RecordingRule) -> RecordingRuleJson:
    return RecordingRuleJson(
        name=rule.name,
        query=promql_text(rule.expr),
        labels=dict(sorted(rule.labels.items())),
        health=state.health.value,
        lastError=state.last_error,
        evaluationTime=state.seconds,
        lastEvaluation=timestamp(state.evaluated_at),
        type="recording",
    )


def _rule_state(alerts: Iterable[Alert]) -> str:
    states = {alert.state for alert in alerts}
    return next((state for state in (State.FIRING, State.PENDING) if state in states), State.INACTIVE).value


def alert_json(alert: Alert) -> AlertJson:
    """The alert; `value` has the shortest digits in exponent form: 0.125 -> 1.25e-01."""
    return AlertJson(
        labels=alert.labels,
        annotations=alert.annotations,
        state=alert.state.value,
        activeAt=timestamp(alert.active_at),
        keepFiringSince=timestamp(alert.keep_firing_since) if alert.keep_firing_since else "",
        value=format_verb(alert.value, "e", -1),
    )


def timestamp(at: datetime | None) -> str:
    """RFC 3339 in UTC, the fraction without trailing zeros; Go's zero time for None."""
    if at is None:
        return NEVER
    whole, _, fraction = at.astimezone(UTC).replace(tzinfo=None).isoformat().partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


def _seconds(value: timedelta) -> float:
    """Whole seconds as a whole number, as Go prints them."""
    seconds = value.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


def encode(document: object) -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(document, enc_hook=_encode_mapping)


def _encode_mapping(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
