"""`NotificationMetrics`: what became of notifications, under our own names and under Alertmanager's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from alertd.telemetry.alertmanager import AlertmanagerNotifications

ATTEMPT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
OUTCOMES = {"delivered": "delivered", "retry": "retried", "rejected": "dead", "expired": "dead"}
"""What an attempt can end with, and what it is counted as: told, to be tried again, given up."""


class NotificationMetrics:
    """One method per event; they are what the deliverer asks of its hooks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, ["receiver", "integration", *labels], registry=registry)

        self._attempts = counter(
            "alertd_notifications_total", "Attempts to deliver a notification by what became of them.", "outcome"
        )
        self._failures = counter(
            "alertd_notification_failures_total", "Attempts to deliver a notification that failed, by reason.", "reason"
        )
        self._template_failures = counter(
            "alertd_notification_template_failures_total",
            "Templates of notifications that failed; a plain message went out.",
        )
        self._fallbacks = counter(
            "alertd_notification_fallbacks_total", "Undeliverable notifications that the fallback receiver is told of."
        )
        self._condensed = counter(
            "alertd_notifications_condensed_total", "Notifications that were told by a digest, together with others."
        )
        self._gone = Gauge(
            "alertd_integrations_gone", "Integrations that answered that they are gone, left alone until the next reload.",
            ["receiver", "integration"], registry=registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "alertd_notification_latency_seconds", "Duration of attempts to deliver a notification.",
            ["integration"], buckets=ATTEMPT_BUCKETS, registry=registry,
        )  # fmt: skip
        self._as_alertmanager = AlertmanagerNotifications(registry)

    def expect(self, integrations: Iterable[tuple[str, str]]) -> None:
        """Show 0 for every (receiver, integration) before its first notification, so that `rate()` sees the first."""
        for receiver, integration in integrations:
            for outcome in OUTCOMES.values():
                self._attempts.labels(receiver, integration, outcome)
            for metric in (self._template_failures, self._fallbacks, self._condensed):
                metric.labels(receiver, integration)
            self._seconds.labels(integration)
            self._as_alertmanager.expect(integration)

    def on_outcome(self, *, receiver: str, integration: str, outcome: str, cause: str, seconds: float) -> None:
        """One attempt to deliver ended.

        outcome   one of `OUTCOMES`
        cause     why it failed, one of a few fixed words; empty when it did not
        """
        counted = OUTCOMES[outcome]
        self._attempts.labels(receiver, integration, counted).inc()
        self._seconds.labels(integration).observe(seconds)
        took = timedelta(seconds=seconds)
        self._as_alertmanager.attempted(integration, took=took, reason=cause, final=counted != "retried")
        if cause:
            self._failures.labels(receiver, integration, cause).inc()

    def on_passed_on(self, *, receiver: str, integration: str) -> None:
        """The fallback receiver is told that this integration did not take a notification."""
        self._fallbacks.labels(receiver, integration).inc()

    def on_gone(self, integrations: Sequence[tuple[str, str]]) -> None:
        """These (receiver, integration), and no others, are left alone until the next reload."""
        self._gone.clear()
        for receiver, integration in integrations:
            self._gone.labels(receiver, integration).inc()

    def on_condensed(self, *, receiver: str, integration: str, deliveries: int) -> None:
        """One digest tells what that many notifications would have said."""
        self._condensed.labels(receiver, integration).inc(deliveries)

    def template_failed(self, *, receiver: str, integration: str) -> None:
        """A template of a notification could not be rendered."""
        self._template_failures.labels(receiver, integration).inc()
