"""`Metrics`: every metric alertd shows about itself, in one list, in a registry of its own."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from alertd.telemetry.alertmanager import AlertmanagerRequests, alertmanager_metrics
from alertd.telemetry.collectors import ProcessCollector, RuleGroupCollector, TrafficCollector, outbox_metrics
from alertd.telemetry.forecasts import forecast_metrics
from alertd.telemetry.machine import read_process
from alertd.telemetry.notifications import NotificationMetrics
from alertd.telemetry.readings import (
    AlertmanagerReading,
    ForecastReading,
    GroupReading,
    OutboxReading,
    ProcessReading,
    TrafficReading,
)

GROUP_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
RULE_BUCKETS = (0.0001, 0.001, 0.01, 0.1, 0.5, 1.0, 5.0)  # most rules only judge an answer that is there already


class Metrics:
    """The registry, and one method per event that is counted.

    notifications, requests    the same for deliveries, and for requests that the API answers
    started_at                 when the process started
    groups, traffic, process   asked at each scrape; must not block
    """

    def __init__(
        self,
        *,
        version: str,
        started_at: datetime,
        groups: Callable[[], Iterable[GroupReading]],
        traffic: Callable[[], TrafficReading] = TrafficReading,
        process: Callable[[], ProcessReading] = read_process,
    ) -> None:
        # The library knows this only for the whole process; it would double the number of series.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        registry = self._registry = CollectorRegistry()
        self._rule_groups = RuleGroupCollector(groups)
        registry.register(self._rule_groups)
        registry.register(TrafficCollector(traffic))
        registry.register(ProcessCollector(process, started_at=started_at))

        build = Gauge(
            "alertd_build_info", "1, labelled with versions.", ["version", "pythonversion"], registry=registry
        )
        build.labels(version, platform.python_version()).set(1)

        self._group_seconds = Histogram(
            "alertd_rule_group_duration_seconds", "Duration of evaluations of rule groups.",
            buckets=GROUP_BUCKETS, registry=registry,
        )  # fmt: skip
        self._rule_seconds = Histogram(
            "alertd_rule_evaluation_duration_seconds", "Duration of evaluations of rules, shared queries not included.",
            buckets=RULE_BUCKETS, registry=registry,
        )  # fmt: skip

        self.notifications = NotificationMetrics(registry)
        self.requests = AlertmanagerRequests(registry)

        self._reload_successful = Gauge(
            "alertd_config_last_reload_successful", "Whether the newest load of the configuration succeeded.",
            registry=registry,
        )  # fmt: skip
        self._reload_at = Gauge(
            "alertd_config_last_reload_success_timestamp_seconds",
            "When the configuration was last loaded with success, in Unix time.", registry=registry,
        )  # fmt: skip

    def group_evaluated(self, group: GroupReading) -> None:
        """A rule group's evaluation ended."""
        self._rule_groups.evaluated(group)
        self._group_seconds.observe(group.seconds)
        for seconds in group.rule_seconds:
            self._rule_seconds.observe(seconds)

    def config_loaded(self, *, at: datetime) -> None:
        """The configuration was loaded, at the start or by a reload."""
        self._reload_successful.set(1)
        self._reload_at.set(at.timestamp())

    def config_refused(self) -> None:
        """A reload failed; the old configuration goes on."""
        self._reload_successful.set(0)

    async def render(
        self,
        accept: str = "",
        *,
        outbox: OutboxReading | None = None,
        alertmanager: AlertmanagerReading | None = None,
        forecasts: Iterable[ForecastReading] = (),
        unpriced_tokens: float = 0.0,
    ) -> tuple[bytes, str]:
        """The text for a scrape that sent `accept`, OpenMetrics if it asks for that, and its content type.

        outbox         its reading of this moment; None when it cannot be read: its metrics are then absent, not zero
        alertmanager   what alertd is as an Alertmanager; None: nothing is shown of that
        forecasts      how those of ended periods came out, by horizon
        unpriced_tokens   tokens of priced budgets that nobody had a price for
        """
        encode, content_type = choose_encoder(accept)
        families = list(self._registry.collect())
        if outbox is not None:
            families += outbox_metrics(outbox)
        if alertmanager is not None:
            families += alertmanager_metrics(alertmanager)
        families += forecast_metrics(forecasts)
        families.append(
            CounterMetricFamily(
                "alertd_unpriced_tokens", "Tokens of budgets in dollars that nobody had a price for.", unpriced_tokens
            )
        )
        # Values are read at once, here; writing thousands of lines would hold up the event loop.
        return await asyncio.to_thread(encode, _Collected(families)), content_type


class _Collected(Collector):
    """Metrics whose values have been read already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families
