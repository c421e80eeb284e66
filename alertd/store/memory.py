"""A store in memory, for tests and replay: the same behaviour as the others, gone with the process."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from alertd.alerts.alert import Alert
from alertd.alerts.keeping import RuleMemory, SavedGroup
from alertd.alerts.posted import PostedAlert
from alertd.dispatch.grouping import GroupTimer
from alertd.dispatch.silences import Silence
from alertd.labels import LabelSet
from alertd.notify.history import Event
from alertd.notify.log import LogEntry, Stream
from alertd.notify.numbering import Numbered
from alertd.notify.outbox import (
    FINAL,
    MOST_IN_A_CROWD,
    Condensed,
    Crowding,
    Delivery,
    DeliveryState,
    Kind,
    Leased,
    OutboxStats,
    Superseded,
    Unused,
    step,
)

RuleAlerts = dict[str, dict[LabelSet, Alert]]


@dataclass
class _State:
    groups: dict[str, datetime] = field(default_factory=dict)
    rule_alerts: dict[str, RuleAlerts] = field(default_factory=dict)
    memories: dict[tuple[str, str], RuleMemory] = field(default_factory=dict)  # by group and rule
    posted: dict[LabelSet, PostedAlert] = field(default_factory=dict)
    timers: dict[str, GroupTimer] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    numbers: dict[tuple[str, str, int], Numbered] = field(default_factory=dict)  # by receiver, kind, index
    log: dict[Stream, LogEntry] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)  # by id, and so by age
    digests: dict[str, str] = field(default_factory=dict)  # id of a delivery -> id of the digest that told it last
    events: list[Event] = field(default_factory=list)

    def save_group(self, group_key: str, evaluated_at: datetime) -> None:
        self.groups[group_key] = evaluated_at

    def drop_group(self, group_key: str) -> None:
        self.groups.pop(group_key, None)
        self.rule_alerts.pop(group_key, None)
        self.memories = {key: memory for key, memory in self.memories.items() if key[0] != group_key}

    def save_alerts(self, group_key: str, rule_identity: str, alerts: Sequence[Alert]) -> None:
        rules = self.rule_alerts.setdefault(group_key, {})
        rules.setdefault(rule_identity, {}).update({alert.labels: alert for alert in alerts})

    def drop_alerts(self, group_key: str, rule_identity: str, labels: Sequence[LabelSet]) -> None:
        alerts = self.rule_alerts.get(group_key, {}).get(rule_identity, {})
        for one in labels:
            alerts.pop(one, None)

    def save_memory(self, memory: RuleMemory) -> None:
        self.memories[memory.group_key, memory.rule] = memory

    def drop_memory(self, group_key: str, rule_identity: str) -> None:
        self.memories.pop((group_key, rule_identity), None)

    def put_posted(self, alerts: Sequence[PostedAlert]) -> None:
        self.posted.update({alert.labels: alert for alert in alerts})

    def drop_posted(self, alerts: Sequence[PostedAlert]) -> None:
        for alert in alerts:
            kept = self.posted.get(alert.labels)
            if kept is not None and kept.updated_at == alert.updated_at:
                del self.posted[alert.labels]

    def put_group_timer(self, timer: GroupTimer) -> None:
        self.timers[timer.group_key] = timer

    def drop_group_timer(self, group_key: str) -> None:
        self.timers.pop(group_key, None)

    def put_silence(self, silence: Silence) -> None:
        self.silences[silence.id] = silence

    def drop_silences(self, ids: Collection[str]) -> None:
        for one in ids:
            self.silences.pop(one, None)

    def put_numbers(self, numbers: Sequence[Numbered]) -> None:
        for one in numbers:
            self.numbers.setdefault((one.configured.receiver, one.configured.integration, one.index), one)

    def put_log_entry(self, entry: LogEntry) -> None:
        self.log[entry.stream] = entry

    def expire_log(self, before: datetime) -> None:
        for entry in list(self.log.values()):
            if entry.at < before and entry.stream.group_key not in self.timers:
                del self.log[entry.stream]

    def enqueue(self, delivery: Delivery, *, supersedes: Sequence[str] = ()) -> None:
        self.supersede(supersedes)
        self.deliveries[delivery.id] = delivery

    def supersede(self, ids: Sequence[str]) -> None:
        for one in ids:
            if (delivery := self.deliveries.get(one)) and delivery.state is DeliveryState.QUEUED:
                self.deliveries[one] = step(delivery, Superseded())

    def condense(self, digest: Delivery, ids: Sequence[str]) -> None:
        self.deliveries[digest.id] = digest
        for one in ids:
            if (delivery := self.deliveries.get(one)) and delivery.state is DeliveryState.QUEUED:
                self.deliveries[one] = step(delivery, Condensed())
                self.digests[one] = digest.id

    def record_condensed(self, delivery: Delivery, entry: LogEntry | None, *, digest: Delivery) -> None:
        if self._lease_is_held(digest):
            self.deliveries[delivery.id] = delivery
            if entry is not None:
                self.put_log_entry(entry)

    def _lease_is_held(self, delivery: Delivery) -> bool:
        known = self.deliveries.get(delivery.id)
        return known is not None and known.state is DeliveryState.LEASED and known.attempts == delivery.attempts

    def record_delivery(self, delivery: Delivery, entry: LogEntry | None = None) -> None:
        if not self._lease_is_held(delivery):
            return
        self.deliveries[delivery.id] = delivery
        if entry is not None:
            self.put_log_entry(entry)

    def release_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        for one in filter(self._lease_is_held, deliveries):
            self.deliveries[one.id] = step(one, Unused())

    def pull_in_deliveries(self, at: datetime) -> None:
        for one in list(self.deliveries.values()):
            if one.state is DeliveryState.QUEUED and one.next_at > at + one.longest_delay:
                self.deliveries[one.id] = replace(one, next_at=at)

    def delete_deliveries(self, before: datetime) -> None:
        for delivery in list(self.deliveries.values()):
            if delivery.state in FINAL and delivery.created_at < before:
                del self.deliveries[delivery.id]
                self.digests.pop(delivery.id, None)

    def add_events(self, events: Sequence[Event]) -> None:
        self.events.extend(events)

    def expire_events(self, before: datetime) -> None:
        self.events = [event for event in self.events if event.at >= before]

    def by_age(self) -> Sequence[Delivery]:
        return [self.deliveries[one] for one in sorted(self.deliveries)]


class MemoryTransaction:
    """Records writes; `apply` makes them all."""

    def __init__(self, state: _State) -> None:
        self._state = state
        self._writes: list[Callable[[], None]] = []

    def apply(self) -> None:
        for write in self._writes:
            write()

    def save_group(self, group_key: str, evaluated_at: datetime) -> None:
        self._writes.append(partial(self._state.save_group, group_key, evaluated_at))

    def drop_group(self, group_key: str) -> None:
        self._writes.append(partial(self._state.drop_group, group_key))

    def save_alerts(self, group_key: str, rule_identity: str, alerts: Sequence[Alert]) -> None:
        self._writes.append(partial(self._state.save_alerts, group_key, rule_identity, tuple(alerts)))

    def drop_alerts(self, group_key: str, rule_identity: str, labels: Sequence[LabelSet]) -> None:
        self._writes.append(partial(self._state.drop_alerts, group_key, rule_identity, tuple(labels)))

    def save_memory(self, memory: RuleMemory) -> None:
        self._writes.append(partial(self._state.save_memory, memory))

    def drop_memory(self, group_key: str, rule_identity: str) -> None:
        self._writes.append(partial(self._state.drop_memory, group_key, rule_identity))

    def put_posted(self, alerts: Sequence[PostedAlert]) -> None:
        self._writes.append(partial(self._state.put_posted, tuple(alerts)))

    def drop_posted(self, alerts: Sequence[PostedAlert]) -> None:
        self._writes.append(partial(self._state.drop_posted, tuple(alerts)))

    def put_group_timer(self, timer: GroupTimer) -> None:
        self._writes.append(partial(self._state.put_group_timer, timer))

    def drop_group_timer(self, group_key: str) -> None:
        self._writes.append(partial(self._state.drop_group_timer, group_key))

    def put_silence(self, silence: Silence) -> None:
        self._writes.append(partial(self._state.put_silence, silence))

    def drop_silences(self, ids: Collection[str]) -> None:
        self._writes.append(partial(self._state.drop_silences, tuple(ids)))

    def put_numbers(self, numbers: Sequence[Numbered]) -> None:
        self._writes.append(partial(self._state.put_numbers, tuple(numbers)))

    def put_log_entry(self, entry: LogEntry) -> None:
        self._writes.append(partial(self._state.put_log_entry, entry))

    def expire_log(self, before: datetime) -> None:
        self._writes.append(partial(self._state.expire_log, before))

    def enqueue(self, delivery: Delivery, *, supersedes: Sequence[str] = ()) -> None:
        self._writes.append(partial(self._state.enqueue, delivery, supersedes=tuple(supersedes)))

    def supersede(self, ids: Sequence[str]) -> None:
        self._writes.append(partial(self._state.supersede, tuple(ids)))

    def condense(self, digest: Delivery, ids: Sequence[str]) -> None:
        self._writes.append(partial(self._state.condense, digest, tuple(ids)))

    def record_condensed(self, delivery: Delivery, entry: LogEntry | None, *, digest: Delivery) -> None:
        self._writes.append(partial(self._state.record_condensed, delivery, entry, digest=digest))

    def record_delivery(self, delivery: Delivery, entry: LogEntry | None = None) -> None:
        self._writes.append(partial(self._state.record_delivery, delivery, entry))

    def release_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        self._writes.append(partial(self._state.release_deliveries, tuple(deliveries)))

    def pull_in_deliveries(self, at: datetime) -> None:
        self._writes.append(partial(self._state.pull_in_deliveries, at))

    def delete_deliveries(self, before: datetime) -> None:
        self._writes.append(partial(self._state.delete_deliveries, before))

    def add_events(self, events: Sequence[Event]) -> None:
        self._writes.append(partial(self._state.add_events, tuple(events)))

    def expire_events(self, before: datetime) -> None:
        self._writes.append(partial(self._state.expire_events, before))


class MemoryStore:
    """Implements `engine.ports.Store`."""

    write_error = ""

    def __init__(self) -> None:
        self._state = _State()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTransaction]:
        tx = MemoryTransaction(self._state)
        yield tx
        tx.apply()

    async def close(self) -> None:
        """Nothing is held open."""

    async def load_rule_alerts(self) -> Sequence[SavedGroup]:
        state = self._state
        return [
            SavedGroup(
                group_key=key,
                evaluated_at=evaluated_at,
                alerts={
                    rule: tuple(alerts.values()) for rule, alerts in state.rule_alerts.get(key, {}).items() if alerts
                },
            )
            for key, evaluated_at in state.groups.items()
        ]

    async def rule_memories(self) -> Sequence[RuleMemory]:
        return tuple(self._state.memories.values())

    async def posted_alerts(self) -> Sequence[PostedAlert]:
        return tuple(self._state.posted.values())

    async def group_timers(self) -> Sequence[GroupTimer]:
        return tuple(self._state.timers.values())

    async def silences(self) -> Sequence[Silence]:
        return tuple(self._state.silences.values())

    async def numbers(self) -> Sequence[Numbered]:
        return tuple(self._state.numbers.values())

    async def log_entries(self, group_keys: Collection[str]) -> Sequence[LogEntry]:
        return [entry for entry in self._state.log.values() if entry.stream.group_key in group_keys]

    async def open_deliveries(self, group_keys: Collection[str]) -> Sequence[Delivery]:
        return [one for one in self._open() if one.stream.group_key in group_keys]

    async def lease_deliveries(
        self,
        *,
        at: datetime,
        limit: int,
        per_destination: int,
        lease_until: datetime,
        owner: str,
        room: Mapping[str, int],
        ahead: Mapping[str, int],
    ) -> Sequence[Delivery]:
        held = {_place(one) for one in self._digests() if one.attempts == (one.state is DeliveryState.LEASED)}
        ready = [
            one
            for one in self._oldest_queued()
            if one.next_at <= at and (one.kind is Kind.DIGEST or _place(one) not in held)
        ]
        busy = Counter(one.destination for one in self._open() if one.state is DeliveryState.LEASED)
        begun: Counter[str] = Counter()
        leased: dict[str, Delivery] = {}
        for delivery in sorted(ready, key=lambda one: (one.next_at, one.id)):
            destination = delivery.destination
            most = per_destination + ahead.get(destination, 0)
            full = busy[destination] >= most or begun[destination] >= room.get(destination, most)
            if full or len(leased) >= limit:
                continue
            busy[destination] += 1
            begun[destination] += 1
            leased[delivery.id] = step(delivery, Leased(owner=owner, until=lease_until))
        self._state.deliveries.update(leased)
        return [leased[one] for one in sorted(leased)]

    async def crowds(self, crowding: Sequence[Crowding], *, at: datetime, above: int) -> Sequence[Sequence[Delivery]]:
        kinds = {(one.receiver, one.integration, one.index): one.kinds for one in crowding}
        crowds: dict[tuple[str, str, int], list[Delivery]] = defaultdict(list)
        for one in self._oldest_queued():
            waits = (one.next_at <= at or one.attempts) and one.id not in self._state.digests
            if waits and one.kind in kinds.get(_place(one), ()):
                crowds[_place(one)].append(one)
        for one in self._digests():
            crowds.pop(_place(one), None)
        return [crowd[:MOST_IN_A_CROWD] for crowd in crowds.values() if len(crowd) > above]

    async def condensed(self, digest_id: str) -> Sequence[Delivery]:
        return [
            one
            for one in self._open()
            if one.state is DeliveryState.CONDENSED and self._state.digests.get(one.id) == digest_id
        ]

    def _oldest_queued(self) -> Sequence[Delivery]:
        """The oldest open delivery of each stream, where it is queued."""
        oldest: dict[Stream, Delivery] = {}
        for delivery in self._open():
            oldest.setdefault(delivery.stream, delivery)
        return [one for one in oldest.values() if one.state is DeliveryState.QUEUED]

    def _digests(self) -> Sequence[Delivery]:
        """Those on their way."""
        return [one for one in self._open() if one.kind is Kind.DIGEST]

    async def lost_leases(self, *, at: datetime, owner: str = "") -> Sequence[Delivery]:
        return [
            one
            for one in self._open()
            if one.lease_until is not None and (one.lease_until <= at or (owner and one.lease_owner == owner))
        ]

    async def next_delivery_at(self, *, after: datetime, skip: Collection[str]) -> datetime | None:
        waiting = (one for one in self._open() if one.state is DeliveryState.QUEUED and one.destination not in skip)
        return min((one.next_at for one in waiting if one.next_at > after), default=None)

    async def deliveries(
        self, *, state: DeliveryState | None = None, group_keys: Collection[str] = (), limit: int = 100
    ) -> Sequence[Delivery]:
        newest = reversed(self._state.by_age())
        return [
            one
            for one in newest
            if state in (None, one.state) and (not group_keys or one.stream.group_key in group_keys)
        ][:limit]

    async def events(
        self,
        *,
        fingerprint: str = "",
        group_keys: Collection[str] = (),
        since: datetime | None = None,
        limit: int = 100,
    ) -> Sequence[Event]:
        everything = not fingerprint and not group_keys
        found = [
            event
            for event in reversed(self._state.events)
            if (since is None or event.at >= since)
            and (everything or (fingerprint and event.fingerprint == fingerprint) or event.group_key in group_keys)
        ]
        return sorted(found, key=lambda event: event.at, reverse=True)[:limit]

    async def outbox_stats(self) -> OutboxStats:
        depth = Counter(one.state for one in self._state.deliveries.values())
        return OutboxStats(depth=dict(depth), oldest_at=min((one.created_at for one in self._open()), default=None))

    def _open(self) -> Sequence[Delivery]:
        return [one for one in self._state.by_age() if one.state not in FINAL]


def _place(delivery: Delivery) -> tuple[str, str, int]:
    stream = delivery.stream
    return stream.receiver, stream.integration, stream.index
