"""Which alerts are handed on at a slot, and in what shape.

source   Prometheus rules.Alert.needsSending and AlertingRule.sendAlerts
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote_plus

from alertd.alerts.alert import Alert, Resolution, State
from alertd.alerts.posted import PostedAlert
from alertd.labels import LabelSet
from alertd.rules.promql_text import promql_text
from alertd.rules.rule import AlertingRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How a group hands its alerts on."""

    interval: timedelta
    resend_delay: timedelta
    external_labels: Mapping[str, str]
    external_url: str

    @property
    def validity(self) -> timedelta:
        """How long a receiver may take a firing alert for firing without hearing of it again."""
        return 4 * max(self.interval, self.resend_delay)


def due(alerts: Iterable[Alert], *, resend_delay: timedelta, at: datetime) -> list[Alert]:
    """The alerts to hand on at `at`: newly firing, newly resolved, and those last handed on longer ago than the delay."""
    return [alert for alert in alerts if _needs_sending(alert, resend_delay, at)]


def _needs_sending(alert: Alert, resend_delay: timedelta, at: datetime) -> bool:
    if alert.state is State.PENDING:
        return False
    if alert.last_sent_at is None or (alert.resolved_at is not None and alert.resolved_at > alert.last_sent_at):
        return True
    return alert.last_sent_at + resend_delay < at  # strictly: with delay = interval every second slot, as Prometheus


def posted(rule: AlertingRule, alert: Alert, sending: Sending, *, at: datetime) -> PostedAlert:
    """The alert as our own dispatcher takes it: it fires until it is told otherwise (`ends_at` None)."""
    threshold = alert.evidence.get("Threshold")
    return PostedAlert(
        labels=LabelSet({**sending.external_labels, **alert.labels}),
        annotations=alert.annotations,
        starts_at=alert.fired_at or alert.active_at,
        ends_at=alert.resolved_at,
        updated_at=at,
        generator_url=generator_url(promql_text(rule.expr), sending.external_url),
        value=_finite(alert.value),
        threshold=float(threshold) if isinstance(threshold, int | float) else None,
        unit=rule.unit or str(alert.evidence.get("Unit", "")),
        resolution=str(alert.resolution or ""),
        resolved_value=_finite(alert.resolved_value),
        peak=_finite(alert.peak),
        told_once=alert.told_once,
    )


def generator_url(expr: str, external_url: str) -> str:
    """Link to the expression in the shape Prometheus gives alerts."""
    return f"{external_url}/graph?g0.expr={quote_plus(expr)}&g0.tab=1"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def for_alertmanager(alert: PostedAlert, validity: timedelta) -> PostedAlert:
    """The alert as other Alertmanagers take it: a firing one ends by itself unless it is sent again in time."""
    return alert if alert.ends_at is not None else replace(alert, ends_at=alert.updated_at + validity)


def withdrawn(alert: PostedAlert, *, at: datetime) -> PostedAlert:
    """A firing alert whose rule is gone: ended at `at`, and the reason told. Prometheus forgets it silently."""
    return replace(alert, ends_at=at, updated_at=at, resolution=str(Resolution.RULE_GONE))
