"""`Alertmanagers`: sends the alerts of our rules to external Alertmanagers, as Prometheus does; but nothing is lost.

Prometheus sends each alert once and forgets it, whatever becomes of it. Here every Alertmanager has a queue: what it
did not take is sent again, unless newer news of the same alert has come in the meantime.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Literal

import aiohttp
import msgspec
import structlog
from pydantic import Field, field_validator

from alertd.alerts.posted import PostedAlert
from alertd.clock import Clock
from alertd.engine.retrier import ANSWER_BYTES, Accepted, Again, Refused, Retrier, post
from alertd.http import HttpClient, HttpSettings
from alertd.labels import LabelSet
from alertd.settings import Duration, Settings

log = structlog.get_logger(__name__)

_BATCH = 256
_CAPACITY = 10_000
_LONGEST_WAIT = timedelta(seconds=30)
_HEADERS = {"Content-Type": "application/json"}


class StaticTargets(Settings):
    """One entry of `static_configs:`."""

    targets: tuple[str, ...] = Field(description="host:port of each Alertmanager")

    @field_validator("targets")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for target in value:
            if not target or "/" in target or "@" in target:
                raise ValueError(f'"{target}" must be host:port; scheme and path_prefix are keys of their own')
        return value


class AlertmanagerSettings(HttpSettings):
    """One entry of `alertmanagers:`, in the shape of Prometheus' `alerting.alertmanagers`."""

    scheme: Literal["http", "https"] = Field(default="http", description="http or https")
    path_prefix: str = Field(default="/", description="path before /api/v2/alerts")
    timeout: Duration = Field(default=timedelta(seconds=10), description="longest wait for one request")
    api_version: Literal["v2"] = Field(default="v2", description="v2, the only one Alertmanager still has")
    static_configs: tuple[StaticTargets, ...] = Field(description="the Alertmanagers; each is sent every alert")

    def urls(self) -> list[str]:
        """Where alerts are posted."""
        prefix = "/" + self.path_prefix.strip("/") if self.path_prefix.strip("/") else ""
        targets = [target for group in self.static_configs for target in group.targets]
        return [f"{self.scheme}://{target}{prefix}/api/v2/alerts" for target in targets]


@dataclass(slots=True)
class AlertmanagerCounters:
    """What became of the alerts for one Alertmanager since the start; only ever grows.

    dropped   by reason: `refused` (a 4xx answer), `expired` (too old to be said), `queue_full`, `stopped`
    """

    sent: int = 0
    requests: int = 0
    retries: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


class Alertmanagers:
    """All external Alertmanagers."""

    def __init__(
        self, settings: Sequence[AlertmanagerSettings], session: aiohttp.ClientSession, *, clock: Clock, random: Random
    ) -> None:
        self.targets = [
            AlertmanagerTarget(url, one, session, clock=clock, random=random) for one in settings for url in one.urls()
        ]

    def post(self, alerts: Sequence[PostedAlert]) -> None:
        """Queue alerts for every Alertmanager; external labels are merged, and a firing alert has an `ends_at`."""
        for target in self.targets:
            target.put(alerts)

    async def run(self) -> None:
        """Send until `stop`, or until cancelled."""
        async with asyncio.TaskGroup() as group:
            for target in self.targets:
                group.create_task(target.run(), name=f"alertmanager {target.url}")

    async def stop(self, within: timedelta) -> None:
        """Send what is queued for up to `within`, drop the rest; `run` then ends."""
        await asyncio.gather(*(target.stop(within) for target in self.targets))


class AlertmanagerTarget:
    """The queue of one Alertmanager: at most one post per alert, the newest; one request at a time."""

    def __init__(
        self,
        url: str,
        settings: AlertmanagerSettings,
        session: aiohttp.ClientSession,
        *,
        clock: Clock,
        random: Random,
    ) -> None:
        self.url = url
        self.counters = AlertmanagerCounters()
        self._http = HttpClient(session, settings, timeout=settings.timeout, max_bytes=ANSWER_BYTES)
        self._clock = clock
        self._queue: dict[LabelSet, PostedAlert] = {}
        self._retrier = Retrier(self, target=url, longest=_LONGEST_WAIT, clock=clock, random=random)

    def __len__(self) -> int:
        """Alerts waiting."""
        return len(self._queue)

    def put(self, alerts: Sequence[PostedAlert]) -> None:
        """Queue alerts, each in the place of its older self; beyond the capacity the oldest are dropped."""
        self._queue.update((alert.labels, alert) for alert in alerts)
        excess = list(islice(self._queue.values(), max(0, len(self._queue) - _CAPACITY)))
        self._drop(excess, "queue_full")
        self._retrier.wake()

    async def run(self) -> None:
        """Send until stopped."""
        try:
            await self._retrier.run()
        finally:
            self._drop(list(self._queue.values()), "stopped")

    async def stop(self, within: timedelta) -> None:
        """See `Alertmanagers.stop`."""
        await self._retrier.stop(within)

    async def send_some(self) -> Again | None:
        """One batch, the oldest first."""
        now = self._clock.now()
        self._drop([alert for alert in self._queue.values() if _expired(alert, now)], "expired")
        batch = list(islice(self._queue.values(), _BATCH))
        if not batch:
            return None
        self.counters.requests += 1
        match await post(self._http, self.url, encode(batch), _HEADERS, at=now):
            case Accepted():
                self.counters.sent += len(batch)
                self._take_off(batch)
            case Refused(why):
                log.error("alertmanager_refused", alertmanager=self.url, alerts=len(batch), error=why)
                self._drop(batch, "refused")
            case Again() as again:
                self.counters.retries += 1
                return again
        return None

    def _take_off(self, alerts: Sequence[PostedAlert]) -> int:
        """Remove these, but not what has taken their place since."""
        gone = [alert.labels for alert in alerts if self._queue.get(alert.labels) is alert]
        for labels in gone:
            del self._queue[labels]
        return len(gone)

    def _drop(self, alerts: Sequence[PostedAlert], reason: str) -> None:
        count = self._take_off(alerts)
        if not count:
            return
        self.counters.dropped[reason] += count
        if reason != "refused":
            log.error("alerts_dropped", alertmanager=self.url, alerts=count, reason=reason)


def _expired(alert: PostedAlert, at: datetime) -> bool:
    """Whether it was firing when it was posted, and would be taken for resolved by now."""
    return alert.ends_at is not None and alert.updated_at < alert.ends_at <= at


class _Body(msgspec.Struct, omit_defaults=True):
    """An alert as Prometheus posts it."""

    labels: dict[str, str]
    startsAt: str  # noqa: N815 - Alertmanager's names
    generatorURL: str  # noqa: N815
    endsAt: str = ""  # noqa: N815
    annotations: dict[str, str] = {}


def encode(alerts: Sequence[PostedAlert]) -> bytes:
    """The body of POST /api/v2/alerts: milliseconds, no empty annotations, as Prometheus sends it."""
    return msgspec.json.encode(
        [
            _Body(
                labels=dict(alert.labels),
                annotations=dict(alert.annotations),
                startsAt=_time(alert.starts_at),
                endsAt="" if alert.ends_at is None else _time(alert.ends_at),
                generatorURL=alert.generator_url,
            )
            for alert in alerts
        ]
    )


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
