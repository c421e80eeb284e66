"""Aggregation groups: which alerts are told together, and when each group is due.

A group is flushed at ticks: the first `group_wait` after it began, the next ones `group_interval` apart. A tick that was
missed is caught up once. Whether a flush leads to a notification is decided in `notify/`.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alertd.alerts.posted import PostedAlert
from alertd.dispatch.mutes import MutedAlert
from alertd.dispatch.order import notification_order
from alertd.dispatch.quoting import group_key
from alertd.dispatch.route import Route
from alertd.labels import LabelSet


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTimer:
    """When a group is due next: all that is kept of it beside its alerts."""

    group_key: str
    next_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFlush:
    """One group as it was at a flush.

    group_key  unlike any other group's
    alerts     in the order of a notification; those that fire have no `ends_at`, so that none ends while it is told
    muted      those held back, in the same order
    tick       when the flush was due; ticks lie exactly `group_interval` apart
    """

    group_key: str
    labels: LabelSet
    route: Route
    alerts: tuple[PostedAlert, ...]
    tick: datetime
    muted: tuple[MutedAlert, ...] = ()

    @property
    def shown_key(self) -> str:
        """The group's key as Alertmanager writes it; groups of sibling routes with the same matchers share it."""
        return group_key(self.route.key, self.labels)

    @property
    def receiver(self) -> str:
        return self.route.receiver

    @property
    def firing(self) -> tuple[PostedAlert, ...]:
        return tuple(alert for alert in self.alerts if alert.ends_at is None)

    @property
    def resolved(self) -> tuple[PostedAlert, ...]:
        return tuple(alert for alert in self.alerts if alert.ends_at is not None)

    @property
    def next_timer(self) -> GroupTimer:
        """The tick after this one."""
        return GroupTimer(group_key=self.group_key, next_at=self.tick + self.route.group_interval)

    @property
    def ended(self) -> tuple[PostedAlert, ...]:
        """All that are resolved, muted ones too."""
        muted = (held.alert for held in self.muted)
        return (*self.resolved, *(alert for alert in muted if alert.ends_at is not None))

    def of(self, alerts: Iterable[PostedAlert], *, muted: Iterable[MutedAlert] = ()) -> GroupFlush:
        """The same flush with these alerts only."""
        return replace(self, alerts=tuple(alerts), muted=tuple(muted))


def first_flush_at(alert: PostedAlert, *, group_wait: timedelta, at: datetime) -> datetime:
    """When a group that begins with this alert is due: at once if the alert is older than the wait (after a restart)."""
    return at if alert.starts_at + group_wait < at else at + group_wait


def tick_at(due: datetime, *, interval: timedelta, at: datetime) -> datetime:
    """The tick that a flush at `at` belongs to: the one it was due at, or `at` once a whole interval has passed."""
    return due if at - due < interval else at


def _longest_wait(route: Route) -> timedelta:
    return max(route.group_wait, route.group_interval)


class AggregationGroup:
    """Alerts that share their group labels on one route. Holds at most one episode per label set: the copy put last."""

    __slots__ = ("_alerts", "key", "labels", "next_at", "route")

    def __init__(self, *, key: str, labels: LabelSet, route: Route, next_at: datetime) -> None:
        self.key = key
        self.labels = labels
        self.route = route
        self.next_at = next_at
        self._alerts: dict[LabelSet, PostedAlert] = {}

    def __len__(self) -> int:
        return len(self._alerts)

    @property
    def alerts(self) -> Sequence[PostedAlert]:
        return tuple(self._alerts.values())

    @property
    def timer(self) -> GroupTimer:
        return GroupTimer(group_key=self.key, next_at=self.next_at)

    def put(self, alert: PostedAlert) -> None:
        """Take this copy instead of the one that is there. Their times do not count: the clock may have been set back."""
        self._alerts[alert.labels] = alert

    def get(self, labels: LabelSet) -> PostedAlert | None:
        return self._alerts.get(labels)

    def holds(self, alert: PostedAlert) -> bool:
        """Whether this episode is in it, in whatever copy."""
        held = self._alerts.get(alert.labels)
        return held is not None and (held.starts_at == alert.starts_at or alert.ends(held))

    def drop(self, alert: PostedAlert) -> None:
        """Forget this very copy; a newer one stays."""
        if self._alerts.get(alert.labels) is alert:
            del self._alerts[alert.labels]

    def resolved(self, at: datetime) -> Sequence[PostedAlert]:
        return tuple(alert for alert in self._alerts.values() if alert.resolved(at))

    def snapshot(self, at: datetime) -> GroupFlush:
        alerts = (
            alert if alert.ends_at is None or alert.resolved(at) else replace(alert, ends_at=None)
            for alert in self._alerts.values()
        )
        return GroupFlush(
            group_key=self.key,
            labels=self.labels,
            route=self.route,
            alerts=tuple(sorted(alerts, key=notification_order)),
            tick=tick_at(self.next_at, interval=self.route.group_interval, at=at),
        )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where alerts go: a route, and the labels that tell the group from others there."""

    route: Route
    labels: LabelSet
    key: str


class Groups:
    """All aggregation groups of a routing tree, and where each alert is."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._groups: dict[str, AggregationGroup] = {}
        self._places: dict[LabelSet, tuple[_Place, ...]] = {}  # of every alert there is, so that it is routed once
        self._place_of: dict[tuple[str, Hashable], _Place] = {}  # by id of the route and values, of every group
        self._due: list[tuple[datetime, str]] = []  # a heap; an entry counts while it equals its group's next_at

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[AggregationGroup]:
        return iter(self._groups.values())

    def get(self, key: str) -> AggregationGroup | None:
        return self._groups.get(key)

    def insert(self, alert: PostedAlert, at: datetime) -> Sequence[AggregationGroup]:
        """Put an alert into its group on every route it takes; returns the groups that began with it."""
        places = self._places.get(alert.labels)
        if places is None:
            places = self._places[alert.labels] = self._route_to(alert.labels)
        begun = []
        for place in places:
            group = self._groups.get(place.key)
            if group is None:
                next_at = first_flush_at(alert, group_wait=place.route.group_wait, at=at)
                group = AggregationGroup(key=place.key, labels=place.labels, route=place.route, next_at=next_at)
                self._groups[place.key] = group
                self.arm(group, next_at)
                begun.append(group)
            group.put(alert)
        return begun

    def _route_to(self, labels: LabelSet) -> tuple[_Place, ...]:
        return tuple([self._place(route, labels) for route in self._route.match(labels)])

    def _place(self, route: Route, labels: LabelSet) -> _Place:
        values = route.group_values(labels)
        place = self._place_of.get((route.id, values))
        if place is None:
            shared = route.group_labels(labels)
            place = self._place_of[route.id, values] = _Place(route, shared, group_key(route.id, shared))
        return place

    def alerts(self) -> Sequence[PostedAlert]:
        """Every alert in any group, once."""
        return [alert for labels in self._places if (alert := self.known(labels)) is not None]

    def label_sets(self) -> Sequence[LabelSet]:
        """Those of every alert."""
        return list(self._places)

    @property
    def alert_count(self) -> int:
        """How many alerts are in any group."""
        return len(self._places)

    def known(self, labels: LabelSet) -> PostedAlert | None:
        """The alert with these labels, if it is in any group."""
        for place in self._places.get(labels, ()):
            group = self._groups.get(place.key)
            if group is not None and (held := group.get(labels)) is not None:
                return held
        return None

    def with_labels(self, labels: LabelSet) -> Sequence[AggregationGroup]:
        """The groups that hold an alert with these labels, in the order of routing."""
        groups = [self._groups.get(place.key) for place in self._places.get(labels, ())]
        return [group for group in groups if group is not None and group.get(labels) is not None]

    def holding(self, alert: PostedAlert) -> Sequence[AggregationGroup]:
        """The groups that hold this episode, in whatever copy."""
        return [group for group in self.with_labels(alert.labels) if group.holds(alert)]

    def drop(self, group: AggregationGroup, alert: PostedAlert) -> None:
        """Forget this very copy in one group; a newer one stays."""
        group.drop(alert)
        if not self.with_labels(alert.labels):
            self._places.pop(alert.labels, None)

    def arm(self, group: AggregationGroup, next_at: datetime) -> None:
        """Have the group due at `next_at`."""
        group.next_at = next_at
        heapq.heappush(self._due, (next_at, group.key))

    def pull_in(self, at: datetime) -> Sequence[AggregationGroup]:
        """Have groups wait anew that are due later than any wait is long: the clock was set back. Returns those."""
        late = [group for group in self._groups.values() if group.next_at > at + _longest_wait(group.route)]
        for group in late:
            self.arm(group, at + group.route.group_wait)
        return late

    def end(self, group: AggregationGroup) -> None:
        """Forget a group that holds nothing any more."""
        self._groups.pop(group.key, None)
        self._place_of.pop((group.route.id, group.route.group_values(group.labels)), None)

    def due(self, at: datetime, limit: int) -> Sequence[AggregationGroup]:
        """Up to `limit` groups that are due at `at`, the longest overdue first; each stays due until it is armed anew."""
        found: list[AggregationGroup] = []
        taken: list[tuple[datetime, str]] = []
        while (next_at := self.next_at()) is not None and next_at <= at and len(found) < limit:
            taken.append(heapq.heappop(self._due))
            group = self._groups[taken[-1][1]]
            if group not in found:
                found.append(group)
        for entry in taken:
            heapq.heappush(self._due, entry)
        return found

    def next_at(self) -> datetime | None:
        """When the next group is due; None without groups."""
        while self._due:
            next_at, key = self._due[0]
            group = self._groups.get(key)
            if group is not None and group.next_at == next_at:
                return next_at
            heapq.heappop(self._due)
        return None

    def regrouped(self, route: Route, at: datetime) -> Groups:
        """The same alerts under another route; a group whose key stays the same keeps its clock."""
        groups = Groups(route)
        for old in self._groups.values():
            for alert in old.alerts:
                for group in groups.insert(alert, at):
                    known = self._groups.get(group.key)
                    if known is not None:
                        groups.arm(group, known.next_at)
        return groups
