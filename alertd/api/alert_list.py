"""`GET /api/v2/alerts` and `/alerts/groups`: alerts with the status they have at this moment.

A hundred thousand alerts are answered for in slices, so that nothing else waits: each slice is looked up, judged and
encoded, and whatever it is long is sent before the next one is begun.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Self, TypeVar

from aiohttp import web

from alertd.alerts.posted import PostedAlert
from alertd.api.alertmanager_json import AlertJson, go_json, receivers_json, status_json
from alertd.api.parameters import filters, flag, receiver_filter
from alertd.api.services import AlertmanagerServices
from alertd.dispatch.grouping import AggregationGroup
from alertd.dispatch.muting import Muter
from alertd.dispatch.order import label_order, notification_order
from alertd.dispatch.route import Route
from alertd.labels import LabelSet
from alertd.labels.matcher import Matchers, all_match

SLICE = 200
"""Alerts judged and encoded at once: three milliseconds the first time, less than one after that."""

FORGET_AT = 1000
"""How many alerts that are no more may be remembered in their JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertQuery:
    """Which alerts are asked for; `receiver` None: those of every receiver."""

    active: bool = True
    silenced: bool = True
    inhibited: bool = True
    muted: bool = True
    matchers: Matchers = ()
    receiver: Callable[[str], bool] | None = None

    @classmethod
    def parse(cls, request: web.Request) -> Self:
        """From the parameters of the URL; raises ApiError."""
        return cls(
            active=flag(request, "active"),
            silenced=flag(request, "silenced"),
            inhibited=flag(request, "inhibited"),
            muted=flag(request, "muted"),
            matchers=filters(request),
            receiver=receiver_filter(request),
        )

    def wants(self, group: AggregationGroup) -> bool:
        return self.receiver is None or self.receiver(group.route.receiver)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Status:
    """What suppresses an alert: the fingerprint of one source, ids, names of time intervals."""

    inhibited_by: tuple[str, ...] = ()
    silenced_by: tuple[str, ...] = ()
    muted_by: tuple[str, ...] = ()

    @property
    def json(self) -> bytes:
        return status_json(inhibited_by=self.inhibited_by, silenced_by=self.silenced_by, muted_by=self.muted_by)


_ACTIVE = _Status()
_ACTIVE_JSON = _ACTIVE.json


@dataclass(slots=True)
class _Judge:
    """Tells the status of alerts at one moment, and whether it is one that is asked for."""

    muter: Muter
    query: AlertQuery
    at: datetime
    _intervals: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by id of the route

    def status(self, alert: PostedAlert, groups: Sequence[AggregationGroup]) -> _Status | None:
        """None: not asked for, or over."""
        if (alert.ends_at is not None and alert.ends_at < self.at) or not all_match(self.query.matchers, alert.labels):
            return None
        status = self._status(alert.labels, groups)
        query = self.query
        hidden = (
            (status is _ACTIVE and not query.active)
            or (status.silenced_by and not query.silenced)
            or (status.inhibited_by and not query.inhibited)
            or (status.muted_by and not query.muted)
        )
        return None if hidden else status

    def _status(self, labels: LabelSet, groups: Sequence[AggregationGroup]) -> _Status:
        inhibition = next(self.muter.inhibitor.inhibitions(labels, self.at), None)
        silenced_by = self.muter.silences.muted_by(labels, self.at)
        intervals = [self._muted_by(group.route) for group in groups]
        muted_by = intervals[0] if all(intervals) else ()  # as long as one route tells of it, it is not muted
        if inhibition is None and not silenced_by and not muted_by:
            return _ACTIVE
        sources = () if inhibition is None else (inhibition.source,)
        return _Status(inhibited_by=sources, silenced_by=silenced_by, muted_by=muted_by)

    def _muted_by(self, route: Route) -> tuple[str, ...]:
        """The intervals that mute the route, or outside of which it is."""
        names = self._intervals.get(route.id)
        if names is None:
            mutes = self.muter.by_route(route, self.at)
            names = self._intervals[route.id] = (*mutes.inactive, *mutes.muted_by)
        return names


_ShownGroup = tuple[AggregationGroup, Sequence[tuple[PostedAlert, _Status]]]
T = TypeVar("T")

Blocks = AsyncIterator[bytes]
"""Pieces of an answer. Between two of them others run."""


class AlertList:
    """Answers with alerts; keeps their JSON for the next answer."""

    def __init__(self, services: AlertmanagerServices) -> None:
        self._services = services
        self._json = AlertJson()
        self._receivers: dict[tuple[str, ...], bytes] = {}

    async def alerts(self, query: AlertQuery) -> Blocks:
        """All alerts, by fingerprint."""
        judge = self._judge(query)
        separator = b"["
        async for labels in _by_fingerprint(self._services.dispatcher.label_sets(), query.matchers):
            found = [text for one in labels if (text := self._alert(judge, one)) is not None]
            if found:
                yield separator + b",".join(found)
                separator = b","
        yield b"]" if separator == b"," else b"[]"

    async def groups(self, query: AlertQuery) -> Blocks:
        """All groups that have an alert that is asked for, by labels and receiver."""
        judge = self._judge(query)
        shown = [one async for one in self._shown_groups(judge)]
        receivers = defaultdict[LabelSet, list[str]](list)
        for group, alerts in shown:
            for alert, _ in alerts:
                receivers[alert.labels].append(group.route.receiver)
        separator = b"["
        for group, alerts in shown:
            yield separator + b'{"alerts":['
            yield await self._group_alerts(alerts, receivers)
            yield b"]," + go_json(_group_json(group))[1:]
            separator = b","
        yield b"]" if separator == b"," else b"[]"

    def _judge(self, query: AlertQuery) -> _Judge:
        if len(self._json) > self._services.dispatcher.alert_count + FORGET_AT:
            self._json = AlertJson()
        return _Judge(self._services.dispatcher.muter, query, self._services.now())

    def _alert(self, judge: _Judge, labels: LabelSet) -> bytes | None:
        groups = self._services.dispatcher.groups_of(labels)
        alert = groups[0].get(labels) if groups else None
        if alert is None or not any(map(judge.query.wants, groups)):
            return None
        status = judge.status(alert, groups)
        return None if status is None else self._encode(alert, status, tuple(group.route.receiver for group in groups))

    def _encode(self, alert: PostedAlert, status: _Status, receivers: tuple[str, ...]) -> bytes:
        names = self._receivers.get(receivers)
        if names is None:
            names = self._receivers[receivers] = receivers_json(receivers)
        return self._json.encode(alert, receivers=names, status=_ACTIVE_JSON if status is _ACTIVE else status.json)

    async def _shown_groups(self, judge: _Judge) -> AsyncIterator[_ShownGroup]:
        wanted = [group for group in self._services.dispatcher.groups() if judge.query.wants(group)]
        async for groups in _in_order(wanted, _group_order):
            for group in groups:
                shown = []
                async for alerts in _in_order(group.alerts, notification_order):
                    judged = ((alert, judge.status(alert, (group,))) for alert in alerts)
                    shown += [(alert, status) for alert, status in judged if status is not None]
                if shown:
                    yield group, shown

    async def _group_alerts(
        self, alerts: Sequence[tuple[PostedAlert, _Status]], receivers: dict[LabelSet, list[str]]
    ) -> bytes:
        texts: list[bytes] = []
        for start in range(0, len(alerts), SLICE):
            texts += [
                self._encode(alert, status, tuple(sorted(receivers[alert.labels])))
                for alert, status in alerts[start : start + SLICE]
            ]
            await asyncio.sleep(0)
        return b",".join(texts)


async def _in_order(items: Sequence[T], key: Callable[[T], Any]) -> AsyncIterator[list[T]]:
    """The items sorted, a slice at a time; others run between two slices."""
    runs = []
    for start in range(0, len(items), SLICE):
        run = [(key(item), start + number, item) for number, item in enumerate(items[start : start + SLICE])]
        run.sort()
        runs.append(run)
        if len(items) > SLICE:
            await asyncio.sleep(0)
    merged = heapq.merge(*runs)
    while part := [item for _, _, item in islice(merged, SLICE)]:
        yield part
        if len(items) > SLICE:
            await asyncio.sleep(0)


def _group_json(group: AggregationGroup) -> dict[str, Any]:
    return {
        "labels": dict(group.labels),
        "receiver": {"name": group.route.receiver},
        "routeLabels": dict(group.route.labels),
    }


def _group_order(group: AggregationGroup) -> Any:
    return label_order(group.labels), group.route.receiver


async def _by_fingerprint(label_sets: Sequence[LabelSet], matchers: Matchers) -> AsyncIterator[list[LabelSet]]:
    """Those that match, sorted, a slice at a time; others run between two slices.

    Fingerprints are as good as random: by their first digits the sets fall into heaps small enough to be sorted at once.
    """
    heaps = defaultdict[str, list[LabelSet]](list)
    for start in range(0, len(label_sets), SLICE):
        for labels in label_sets[start : start + SLICE]:
            if not matchers or all_match(matchers, labels):
                heaps[labels.fingerprint[:2]].append(labels)
        if len(label_sets) > SLICE:
            await asyncio.sleep(0)
    part: list[LabelSet] = []
    for prefix in sorted(heaps):
        part += sorted(heaps.pop(prefix), key=_fingerprint)
        while len(part) >= SLICE:
            yield part[:SLICE]
            del part[:SLICE]
            await asyncio.sleep(0)
    yield part


def _fingerprint(labels: LabelSet) -> str:
    return labels.fingerprint
