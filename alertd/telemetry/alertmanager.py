"""Metrics under Alertmanager's names: what its dashboards, its mixin and karma read. Values are alertd's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from alertd.telemetry.readings import AlertmanagerReading

LATENCY_BUCKETS = (1.0, 5.0, 10.0, 15.0, 20.0)
ANSWER_BUCKETS = (0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 2.0, 5.0, 20.0, 60.0)
REASONS = ("clientError", "serverError", "authError", "rateLimited", "contextDeadlineExceeded", "other")
"""Why a notification can fail."""


class AlertmanagerNotifications:
    """Counts notifications as Alertmanager does: one by one, and every request that was made for them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        name = "alertmanager_notification"
        by_integration = ["integration"]
        self._total = Counter(
            f"{name}s_total", "Notifications that were delivered or given up.", by_integration, registry=registry
        )
        self._failed = Counter(
            f"{name}s_failed_total", "Notifications that were given up.", [*by_integration, "reason"], registry=registry
        )
        self._requests = Counter(f"{name}_requests_total", "Attempts to deliver.", by_integration, registry=registry)
        self._failed_requests = Counter(
            f"{name}_requests_failed_total", "Attempts to deliver that failed.", by_integration, registry=registry
        )
        self._seconds = Histogram(
            f"{name}_latency_seconds", "Duration of attempts to deliver.", by_integration,
            buckets=LATENCY_BUCKETS, registry=registry,
        )  # fmt: skip

    def expect(self, integration: str) -> None:
        """Show 0 before the first notification."""
        for metric in (self._total, self._requests, self._failed_requests, self._seconds):
            metric.labels(integration)
        for reason in REASONS:
            self._failed.labels(integration, reason)

    def attempted(self, integration: str, *, took: timedelta, reason: str, final: bool) -> None:
        """One attempt ended; `reason` why it failed, "" when it did not; `final` when there is none after it."""
        self._requests.labels(integration).inc()
        self._seconds.labels(integration).observe(took.total_seconds())
        if reason:
            self._failed_requests.labels(integration).inc()
        if final:
            self._total.labels(integration).inc()
            if reason:
                self._failed.labels(integration, reason).inc()


class AlertmanagerRequests:
    """Measures requests as Alertmanager does."""

    def __init__(self, registry: CollectorRegistry) -> None:
        name = "alertmanager_http_request"
        self._seconds = Histogram(
            f"{name}_duration_seconds", "Duration of answers.", ["handler", "method", "code"],
            buckets=ANSWER_BUCKETS, registry=registry,
        )  # fmt: skip
        self._in_flight = Gauge(
            f"{name}s_in_flight", "Requests that are being answered.", ["method"], registry=registry
        )

        self._refused = Counter(
            "alertmanager_http_concurrency_limit_exceeded_total", "Requests that were refused while as many as may be were under way.",
            ["method"], registry=registry,
        )  # fmt: skip
        self._refused.labels("get")

    def refused(self) -> None:
        """One GET too many has come."""
        self._refused.labels("get").inc()

    def begun(self, method: str) -> None:
        """A request has come."""
        self._in_flight.labels(method).inc()

    def answered(self, method: str, *, handler: str, status: int, took: timedelta) -> None:
        """It has got its answer; `handler` is the path it asked for, without what varies in it."""
        self._in_flight.labels(method).dec()
        self._seconds.labels(handler, method, str(status)).observe(took.total_seconds())


def alertmanager_metrics(reading: AlertmanagerReading) -> Iterator[Metric]:
    """What there is at this moment."""
    build = GaugeMetricFamily(
        "alertmanager_build_info", "1, labelled with the version whose API is spoken.",
        labels=["version", "revision", "branch", "goversion"],
    )  # fmt: skip
    build.add_metric([reading.api_version, "", "", ""], 1)
    yield build
    yield _by("alertmanager_alerts", "Alerts by state.", "state", reading.alerts.items())
    yield _by("alertmanager_marked_alerts", "Alerts by state.", "state", reading.alerts.items())
    yield _by("alertmanager_silences", "Silences by state.", "state", reading.silences.items())
    received = CounterMetricFamily(
        "alertmanager_alerts_received_total", "Alerts that were posted.", labels=["status", "version"]
    )
    for status, count in reading.received.items():
        received.add_metric([status, "v2"], count)
    yield received
    invalid = CounterMetricFamily("alertmanager_alerts_invalid_total", "Alerts that were refused.", labels=["version"])
    invalid.add_metric(["v2"], reading.invalid)
    yield invalid
    suppressed = CounterMetricFamily(
        "alertmanager_notifications_suppressed_total", "Alerts that were left out of notifications.", labels=["reason"]
    )
    for reason, count in reading.suppressed.items():
        suppressed.add_metric([reason], count)
    yield suppressed
    for what in ("silences", "nflog"):  # they are cleaned together
        name = f"alertmanager_{what}_maintenance"
        yield CounterMetricFamily(f"{name}_total", "How often what is over was deleted.", value=reading.cleanings)
        yield CounterMetricFamily(f"{name}_errors_total", "How often that failed.", value=reading.failed_cleanings)
    for name, text, value in (
        ("alertmanager_receivers", "Receivers of the configuration.", reading.receivers),
        ("alertmanager_integrations", "Integrations of all receivers.", reading.integrations),
        ("alertmanager_dispatcher_aggregation_groups", "Aggregation groups.", reading.groups),
        ("alertmanager_config_last_reload_successful", "Whether the newest load succeeded.", reading.config_taken),
        (
            "alertmanager_config_last_reload_success_timestamp_seconds", "When it last succeeded, in Unix time.",
            reading.config_taken_at.timestamp(),
        ),
        ("alertmanager_config_hash", "Begins anew with every change of the configuration.", reading.config_hash),
        ("alertmanager_cluster_enabled", "0: replicas do not gossip.", 0),
        ("alertmanager_peer_position", "0: there is no other peer.", 0),
    ):  # fmt: skip
        yield GaugeMetricFamily(name, text, value=float(value))


def _by(name: str, text: str, label: str, values: Iterable[tuple[str, int]]) -> Metric:
    metric = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values:
        metric.add_metric([key], value)
    return metric
