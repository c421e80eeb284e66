"""Metrics whose values live elsewhere: read when Prometheus scrapes, never kept twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alertd.telemetry.readings import (
    GroupReading,
    OutboxReading,
    ProcessReading,
    QueryReading,
    QueueReading,
    TrafficReading,
)

Family = type[GaugeMetricFamily | CounterMetricFamily]

GROUP_METRICS: tuple[tuple[Family, str, str, Callable[[GroupReading], float]], ...]
GROUP_METRICS = (
    (GaugeMetricFamily, "alertd_rule_group_interval_seconds", "Interval of a rule group.",
     lambda group: group.interval.total_seconds()),
    (GaugeMetricFamily, "alertd_rule_group_rules", "Number of rules of a rule group.",
     lambda group: group.rules),
    (GaugeMetricFamily, "alertd_rule_group_last_duration_seconds", "Duration of the newest evaluation of a rule group.",
     lambda group: group.seconds),
    (GaugeMetricFamily, "alertd_rule_group_last_evaluation_timestamp_seconds",
     "Slot of the newest evaluation of a rule group, in Unix time; 0 before the first.",
     lambda group: group.evaluated_at.timestamp() if group.evaluated_at else 0.0),
    (GaugeMetricFamily, "alertd_rule_group_last_evaluation_samples",
     "Series that the newest evaluation of a rule group was answered with.",
     lambda group: group.samples),
    (CounterMetricFamily, "alertd_rule_group_iterations_total", "Slots of a rule group, evaluated or missed.",
     lambda group: group.iterations + group.missed),
    (CounterMetricFamily, "alertd_rule_group_iterations_missed_total", "Slots of a rule group that were missed.",
     lambda group: group.missed),
)  # fmt: skip


@dataclass(slots=True)
class _Totals:
    evaluations: int = 0
    failures: int = 0


class RuleGroupCollector(Collector):
    """Per rule group, and the alerts of all. A group that is gone after a reload takes its series with it."""

    def __init__(self, groups: Callable[[], Iterable[GroupReading]]) -> None:
        self._groups = groups
        self._totals: dict[str, _Totals] = {}

    def evaluated(self, group: GroupReading) -> None:
        """Count one evaluation of every rule of `group`."""
        totals = self._totals.setdefault(group.key, _Totals())
        totals.evaluations += group.rules
        totals.failures += group.failed_rules

    def collect(self) -> Iterator[Metric]:
        groups = list(self._groups())
        self._totals = {group.key: self._totals.get(group.key, _Totals()) for group in groups}
        for family, name, text, value in GROUP_METRICS:
            metric = family(name, text, labels=["rule_group"])
            for group in groups:
                metric.add_metric([group.key], value(group))
            yield metric
        yield from self._collect_totals()
        yield _alerts(groups)

    def _collect_totals(self) -> Iterator[Metric]:
        evaluations = CounterMetricFamily(
            "alertd_rule_evaluations_total", "Evaluations of rules, failed ones included.", labels=["rule_group"]
        )
        failures = CounterMetricFamily(
            "alertd_rule_evaluation_failures_total", "Evaluations of rules that failed.", labels=["rule_group"]
        )
        for key, totals in self._totals.items():
            evaluations.add_metric([key], totals.evaluations)
            failures.add_metric([key], totals.failures)
        yield evaluations
        yield failures


def _alerts(groups: Iterable[GroupReading]) -> Metric:
    counts = Counter({"pending": 0, "firing": 0})
    for group in groups:
        counts.update(group.alerts)
    metric = GaugeMetricFamily("alertd_alerts", "Alerts of our own rules by state.", labels=["state"])
    for state, count in counts.items():
        metric.add_metric([state], count)
    return metric


def outbox_metrics(reading: OutboxReading) -> Iterator[Metric]:
    """What waits to be delivered."""
    depth = GaugeMetricFamily("alertd_outbox_deliveries", "Deliveries in the outbox by state.", labels=["state"])
    for state, count in reading.depth.items():
        depth.add_metric([state], count)
    yield depth
    yield GaugeMetricFamily(
        "alertd_outbox_oldest_age_seconds",
        "How long the oldest undelivered notification has been waiting; 0 when none waits.",
        value=reading.oldest.total_seconds() if reading.oldest else 0.0,
    )


QUERY_METRICS: tuple[tuple[str, str, Callable[[QueryReading], float]], ...] = (
    ("alertd_queries_total", "Queries sent.", lambda source: source.requests),
    ("alertd_queries_failed_total", "Queries without a usable answer.", lambda source: source.failed),
    ("alertd_query_seconds_total", "How long queries took, summed.", lambda source: source.seconds),
    ("alertd_query_samples_total", "Series that queries were answered with.", lambda source: source.samples),
    ("alertd_query_needs_total", "Expressions that rules wanted to know.", lambda source: source.needs),
    ("alertd_query_needs_shared_total", "Expressions another rule had asked for.", lambda source: source.shared),
    ("alertd_query_needs_joined_total", "Expressions that shared a query with others.", lambda source: source.joined),
)

QUEUE_METRICS: tuple[tuple[Family, str, str, Callable[[QueueReading], float]], ...]
QUEUE_METRICS = (
    (CounterMetricFamily, "{system}_{what}_sent_total", "Number of {what} that were taken.", lambda queue: queue.sent),
    (GaugeMetricFamily, "{system}_{what}_pending", "Number of {what} that wait to be sent.", lambda queue: queue.waiting),
    (CounterMetricFamily, "{system}_requests_total", "Requests with {what}.", lambda queue: queue.requests),
    (CounterMetricFamily, "{system}_retries_total", "Requests with {what} that failed and are made again.",
     lambda queue: queue.retries),
)  # fmt: skip


class TrafficCollector(Collector):
    """What goes out to other servers, but notifications. Counters begin anew when the configuration is reloaded."""

    def __init__(self, read: Callable[[], TrafficReading]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        reading = self._read()
        for name, text, value in QUERY_METRICS:
            metric = CounterMetricFamily(name, text, labels=["source"])
            for source in reading.queries:
                metric.add_metric([source.source], value(source))
            yield metric
        yield from _queue_metrics("alertd_remote_write", "samples", "target", reading.remote_write)
        yield from _queue_metrics("alertd_alertmanager", "alerts", "alertmanager", reading.alertmanagers)


def _queue_metrics(system: str, what: str, label: str, queues: Iterable[QueueReading]) -> Iterator[Metric]:
    """One metric per row of `QUEUE_METRICS`, and what was dropped by reason."""
    for family, name, text, value in QUEUE_METRICS:
        metric = family(name.format(system=system, what=what), text.format(what=what), labels=[label])
        for queue in queues:
            metric.add_metric([queue.target], value(queue))
        yield metric
    dropped = CounterMetricFamily(
        f"{system}_{what}_dropped_total", f"Number of {what} that were given up.", labels=[label, "reason"]
    )
    for queue in queues:
        for reason, count in queue.dropped.items():
            dropped.add_metric([queue.target, reason], count)
    yield dropped


class ProcessCollector(Collector):
    """The standard `process_*` metrics.

    The library's own collector shows nothing at all where /proc/stat is hidden, as the hardened systemd unit hides it.
    """

    def __init__(self, read: Callable[[], ProcessReading], *, started_at: datetime) -> None:
        self._read = read
        self._started_at = started_at

    def collect(self) -> Iterator[Metric]:
        reading = self._read()
        yield CounterMetricFamily(
            "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", value=reading.cpu_seconds
        )
        yield GaugeMetricFamily(
            "process_start_time_seconds",
            "Start time of the process since unix epoch in seconds.",
            value=self._started_at.timestamp(),
        )
        for name, text, value in (
            ("process_resident_memory_bytes", "Resident memory size in bytes.", reading.resident_bytes),
            ("process_open_fds", "Number of open file descriptors.", reading.open_fds),
            ("process_max_fds", "Maximum number of open file descriptors.", reading.max_fds),
        ):
            if value is not None:
                yield GaugeMetricFamily(name, text, value=value)
