"""Plain values for tests: each builder has a default for everything a test does not speak of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random

from alertd.alerts.alert import Alert, State
from alertd.alerts.posted import PostedAlert
from alertd.dispatch.grouping import GroupFlush
from alertd.dispatch.order import notification_order
from alertd.dispatch.quoting import group_key
from alertd.dispatch.route import Route
from alertd.labels import EMPTY, LabelSet
from alertd.notify.log import Episode, LogEntry, Stream
from alertd.notify.outbox import Delivery, DeliveryState, Kind, Payload
from alertd.notify.reason import Reason
from alertd.notify.ulid import Ulids

T0 = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
"""The moment every story begins."""

_IDS = Ulids(Random(1))


def after(**duration: float) -> datetime:
    """`after(minutes=5)`: that long after the story began."""
    return T0 + timedelta(**duration)


def an_alert(labels: Mapping[str, str] | None = None, *, value: float = 1.0, state: State = State.FIRING) -> Alert:
    """An alert of one of our own rules."""
    return Alert(
        labels=LabelSet({"alertname": "HighErrorRate", **(labels or {})}),
        annotations={"summary": "too many errors"},
        value=value,
        state=state,
        active_at=T0,
        fired_at=T0 if state is not State.PENDING else None,
    )


def a_posted_alert(
    name: str = "A",
    *,
    starts_at: datetime = T0,
    ends_at: datetime | None = None,
    updated_at: datetime | None = None,
    annotations: Mapping[str, str] | None = None,
    value: float | None = None,
    threshold: float | None = None,
    **labels: str,
) -> PostedAlert:
    """An alert as it is handed to the dispatcher: `a_posted_alert("A", instance="1")`."""
    return PostedAlert(
        labels=LabelSet({"alertname": name, **labels}),
        annotations=annotations or {},
        starts_at=starts_at,
        ends_at=ends_at,
        updated_at=updated_at or ends_at or starts_at,
        value=value,
        threshold=threshold,
    )


def a_route(receiver: str = "ops", *, group_by: Iterable[str] | None = (), **timers: timedelta) -> Route:
    """A route with Alertmanager's timers; `group_by=None` is `...`."""
    return Route(receiver=receiver, group_by=None if group_by is None else frozenset(group_by), **timers)


def a_flush(
    *alerts: PostedAlert, tick: datetime = T0, route: Route | None = None, labels: LabelSet = EMPTY
) -> GroupFlush:
    """A group at a flush; an alert with `ends_at` is resolved."""
    route = route or a_route()
    return GroupFlush(
        group_key=group_key(route.key, labels),
        labels=labels,
        route=route,
        alerts=tuple(sorted(alerts, key=notification_order)),
        tick=tick,
    )


def a_stream(receiver: str = "ops", *, index: int = 0, group_key: str = "{}:{}", part: str = "") -> Stream:
    return Stream(receiver=receiver, integration="webhook", index=index, group_key=group_key, part=part)


def an_episode(name: str = "A", starts_at: datetime = T0) -> Episode:
    return Episode(LabelSet({"alertname": name}).fingerprint, starts_at)


def a_log_entry(
    *,
    firing: Iterable[Episode] = (),
    resolved: Iterable[Episode] = (),
    perhaps: Iterable[Episode] = (),
    at: datetime = T0,
    stream: Stream | None = None,
) -> LogEntry:
    return LogEntry(
        stream=stream or a_stream(),
        at=at,
        firing=frozenset(firing),
        resolved=frozenset(resolved),
        perhaps=frozenset(perhaps),
    )


def a_delivery(
    *,
    entry: LogEntry | None = None,
    created_at: datetime = T0,
    next_at: datetime | None = None,
    destination: str = "somewhere",
    state: DeliveryState = DeliveryState.QUEUED,
    attempts: int = 0,
    body: bytes = b"{}\n",
) -> Delivery:
    """A delivery; each has a greater id than the one made before."""
    return Delivery(
        id=_IDS(created_at),
        entry=entry or a_log_entry(firing=[an_episode()], at=created_at),
        kind=Kind.FIRING,
        reason=Reason.FIRST_NOTIFICATION,
        payload=Payload(body=body),
        destination=destination,
        created_at=created_at,
        next_at=next_at or created_at,
        deadline=created_at + timedelta(minutes=15),
        longest_delay=timedelta(minutes=1),
        state=state,
        attempts=attempts,
    )
