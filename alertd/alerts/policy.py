"""`on_no_data` and `on_error`: what becomes of a rule's alerts when the truth is not known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from alertd.alerts.alert import Alert, Resolution
from alertd.alerts.machine import Alerts, Candidate, Holds, active, resolve_all, set_aside, step
from alertd.labels import LabelSet
from alertd.rules.finding import REASON_LABEL, Judgement
from alertd.rules.rule import AlertingRule, Policy

NO_DATA = "no_data"
ERROR = "error"


def after_error(rule: AlertingRule, alerts: Alerts, why: str, *, holds: Holds, at: datetime) -> dict[LabelSet, Alert]:
    """The alerts of a rule whose evaluation failed at `at`: unknown, so they stay, unless the rule says otherwise."""
    if rule.on_error is Policy.OK:
        return resolve_all(alerts, Resolution.ERROR, at=at)
    if rule.on_error is Policy.KEEP:
        return dict(alerts)
    known, unknown = set_aside(alerts, [labels for labels in alerts if labels.get(REASON_LABEL) != ERROR])
    return unknown | step(known, [_reason_alert(rule, ERROR, why)], holds=holds, at=at)


def unknown_without_data(rule: AlertingRule, alerts: Alerts, judgement: Judgement) -> set[LabelSet]:
    """Label sets of active alerts whose series had no data, where the rule does not take that for "not breached"."""
    if rule.on_no_data is Policy.OK or judgement.seen is None:
        return set()
    seen = set(judgement.seen.labels)
    return {a.labels for a in active(alerts) if a.series not in seen and not a.labels.get(REASON_LABEL)}


def no_data_candidates(rule: AlertingRule, judgement: Judgement) -> list[Candidate]:
    """The alert that says the rule has no data at all, where it asks for one."""
    if rule.on_no_data is Policy.ALERT and judgement.seen is not None and not len(judgement.seen):
        return [_reason_alert(rule, NO_DATA, "the rule's query returned no series")]
    return []


def _reason_alert(rule: AlertingRule, reason: str, text: str) -> Candidate:
    """Labels as written (a template has no series to read), the reason, and the rule's constant annotations."""
    labels = {**_constants(rule.label_texts), REASON_LABEL: reason, "alertname": rule.name}
    annotations = {**_constants(rule.annotation_texts), "summary": f"{rule.name}: {text}"}
    return Candidate(labels=LabelSet(labels), annotations=annotations, value=float("nan"))


def _constants(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if "{{" not in text}
