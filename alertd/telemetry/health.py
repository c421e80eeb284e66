"""`/health`: what alertd measures of itself against what it tolerates. Pure: readings in, report out.

Degraded: it does its work, and somebody should look. Unhealthy: alerts are not judged, not kept, or judged blindly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from alertd.telemetry.readings import GroupReading, HostReading, OutboxReading

CPU_PERCENT = 80.0
MEMORY_PERCENT = 85.0
DISK_PERCENT = 90.0
SOURCE_SILENCE = timedelta(minutes=5)
EVALUATION_LAG = 3.0  # intervals
OUTBOX_AGE = timedelta(minutes=5)


class Status(IntEnum):
    """From good to bad, so that the worst is the greatest."""

    HEALTHY = 0
    DEGRADED = 1
    UNHEALTHY = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at.

    value, threshold   in `unit`; both None where the check has nothing to count
    detail             why it is not healthy, or why it could not be looked at
    also               further figures, by name
    """

    status: Status
    value: float | None = None
    threshold: float | None = None
    unit: str = ""
    detail: str = ""
    also: Mapping[str, object] = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """The check as `/health` shows it."""
        document: dict[str, object] = {"status": str(self.status)}
        if self.threshold is not None:
            document |= {"value": self.value, "threshold": self.threshold, "unit": self.unit}
        if self.detail:
            document["detail"] = self.detail
        return {**document, **self.also}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReading:
    """One Prometheus that rule groups ask.

    answered_at   its newest useful answer; None when there was none yet
    interval      the shortest interval of the groups that ask it
    """

    answered_at: datetime | None
    interval: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """All that is looked at.

    sources         by name; only those that rule groups ask
    outbox          None when it could not be read
    groups_since    when the present rule groups were loaded: none can be late before
    storage_error   why the newest commit failed; empty when it did not
    config_refused  the newest reload was refused
    """

    host: HostReading
    sources: Mapping[str, SourceReading]
    groups: Sequence[GroupReading]
    groups_since: datetime
    outbox: OutboxReading | None
    storage_error: str = ""
    config_refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The answer of `/health`; its status is that of the worst check."""

    at: datetime
    uptime: timedelta
    version: str
    checks: Mapping[str, Check]

    @property
    def status(self) -> Status:
        return max((check.status for check in self.checks.values()), default=Status.HEALTHY)

    def document(self) -> dict[str, object]:
        """The report in the shape `/health` has."""
        return {
            "status": str(self.status),
            "timestamp": f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
            "uptime": int(self.uptime.total_seconds()),
            "version": self.version,
            "checks": {name: check.document() for name, check in self.checks.items()},
        }


def assess(readings: Readings, *, version: str, started_at: datetime, at: datetime) -> Report:
    """Every check, made at `at`."""
    checks = {
        "cpu_usage": usage(readings.host.cpu_percent, CPU_PERCENT),
        "memory_usage": usage(readings.host.memory_percent, MEMORY_PERCENT),
        "disk_usage": usage(readings.host.disk_percent, DISK_PERCENT),
        "prometheus": prometheus(readings.sources, since=readings.groups_since, at=at),
        "evaluation": evaluation(readings.groups, since=readings.groups_since, at=at),
        "outbox": outbox(readings.outbox),
        "storage": storage(readings.storage_error),
        "config": config(refused=readings.config_refused),
    }
    return Report(at=at, uptime=at - started_at, version=version, checks=checks)


def usage(percent: float | None, threshold: float) -> Check:
    """How full something is; healthy where that is hidden, since nothing speaks against it."""
    if percent is None:
        return Check(status=Status.HEALTHY, threshold=threshold, unit="percent", detail="not readable here")
    over = percent > threshold
    return Check(
        status=Status.DEGRADED if over else Status.HEALTHY,
        value=round(percent, 1),
        threshold=threshold,
        unit="percent",
        detail=f"over {threshold:g} %" if over else "",
    )


def prometheus(sources: Mapping[str, SourceReading], *, since: datetime, at: datetime) -> Check:
    """Seconds since the source that has been silent longest last answered; unhealthy once all are silent too long.

    The threshold leaves groups with long intervals three of them.
    """
    limit = max([SOURCE_SILENCE, *(3 * source.interval for source in sources.values())])
    silences = {name: at - (source.answered_at or since) for name, source in sources.items()}
    silent = [name for name, silence in silences.items() if silence > limit]
    status = Status.HEALTHY
    if silent:
        status = Status.UNHEALTHY if len(silent) == len(sources) else Status.DEGRADED
    return Check(
        status=status,
        value=_seconds(max(silences.values(), default=timedelta())),
        threshold=_seconds(limit),
        unit="seconds",
        detail=f"no answer from {', '.join(silent)}" if silent else "",
        also={"sources": {name: _seconds(silence) for name, silence in silences.items()}},
    )


def evaluation(groups: Iterable[GroupReading], *, since: datetime, at: datetime) -> Check:
    """How late the latest rule group is, in its own intervals since its newest evaluated slot."""
    lags = {group.key: _lag(group, since, at) for group in groups}
    latest = max(lags, key=lambda key: lags[key], default="")
    lag = lags.get(latest, 0.0)
    late = lag > EVALUATION_LAG
    return Check(
        status=Status.UNHEALTHY if late else Status.HEALTHY,
        value=round(lag, 2),
        threshold=EVALUATION_LAG,
        unit="intervals",
        detail=f"rule group {latest} is late" if late else "",
        also={"groups": len(lags)},
    )


def _lag(group: GroupReading, since: datetime, at: datetime) -> float:
    newest = max(group.evaluated_at or since, since)
    return max((at - newest) / group.interval, 0.0)


def outbox(reading: OutboxReading | None) -> Check:
    """Seconds the oldest notification has been waiting. One broken receiver is enough for that, hence only degraded."""
    if reading is None:
        return Check(
            status=Status.DEGRADED, threshold=_seconds(OUTBOX_AGE), unit="seconds", detail="the storage did not answer"
        )
    age = reading.oldest or timedelta()
    old = age > OUTBOX_AGE
    return Check(
        status=Status.DEGRADED if old else Status.HEALTHY,
        value=_seconds(age),
        threshold=_seconds(OUTBOX_AGE),
        unit="seconds",
        detail="notifications cannot be delivered; see alertd_notification_failures_total" if old else "",
        also=reading.depth,
    )


def storage(error: str) -> Check:
    """Whether the newest commit succeeded."""
    return Check(status=Status.UNHEALTHY if error else Status.HEALTHY, detail=error)


def config(*, refused: bool) -> Check:
    """Whether the newest reload was taken."""
    if refused:
        return Check(status=Status.DEGRADED, detail="the newest reload was refused, the old configuration goes on")
    return Check(status=Status.HEALTHY)


def _seconds(value: timedelta) -> float:
    return round(value.total_seconds(), 1)
