"""What one flush of a group leads to: deliveries, log entries, and the alerts that are settled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from alertd.alerts.posted import PostedAlert
from alertd.dispatch.grouping import GroupFlush
from alertd.notify import retry
from alertd.notify.digest import Digest
from alertd.notify.log import Episode, LogEntry, Stream
from alertd.notify.message import Message, Status, compose
from alertd.notify.outbox import Delivery, Kind, Payload
from alertd.notify.reason import Reason
from alertd.notify.told import Notify, Told, concerning, decide

KEEP_OWED = timedelta(days=5)
"""How long a resolved alert waits for an integration that cannot be told."""


STAND_IN_WAIT = timedelta(seconds=10)
"""How long a plain message waits in place of one whose template failed: a reload may mend the template."""


class Channel(Protocol):
    """What a plan needs to know of an integration.

    index          its number among the receiver's integrations of this kind, see `notify.numbering`
    per_alert      told of each alert by itself, instead of all alerts of a group
    max_alerts     how many alerts a message may hold; 0: all
    digests        many waiting notifications may be told in one, see `notify.condense`; all of them go to one place then
    destination    where it sends, without secrets
    """

    @property
    def receiver(self) -> str: ...
    @property
    def integration(self) -> str: ...
    @property
    def index(self) -> int: ...
    @property
    def send_resolved(self) -> bool: ...
    @property
    def per_alert(self) -> bool: ...
    @property
    def max_alerts(self) -> int: ...
    @property
    def digests(self) -> bool: ...
    @property
    def destination(self) -> str: ...

    def render(self, message: Message) -> Payload:
        """The bytes to send."""
        ...

    def render_digest(self, digest: Digest) -> Payload:
        """The bytes of a digest; one that has no form of its own sends its `message`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A delivery to queue; `changes` says in words what is new in it."""

    delivery: Delivery
    supersedes: tuple[str, ...]
    changes: str = ""


@dataclass(slots=True)
class FlushPlan:
    """All that is to be saved in one transaction.

    settled   alerts that ended and whose end nobody waits for any more: they leave the group
    """

    queued: list[Queued] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    entries: list[LogEntry] = field(default_factory=list)
    settled: list[PostedAlert] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Plans flushes; `new_id` makes ids for deliveries, `external_url` is where receivers find alertd."""

    new_id: Callable[[datetime], str]
    external_url: str

    def plan(
        self, flush: GroupFlush, channels: Sequence[Channel], told: Mapping[Stream, Told], *, at: datetime
    ) -> FlushPlan:
        """What to save after looking at a group at `at`."""
        plan = FlushPlan()
        changed: dict[Stream, Told] = {}
        for channel in channels:
            for stream, part in _parts(channel, flush):
                changed[stream] = self._decide(plan, channel, part, told.get(stream, Told(stream=stream)), at)
        if flush.ended:
            # A delivery that is made void here may be leased before this is saved, and then arrive all the same: what it
            # tells of stays until it is seen to be gone.
            surely = {alert.labels for alert in settled(flush, channels, told, at=at)}
            after = {**told, **changed}
            plan.settled = [alert for alert in settled(flush, channels, after, at=at) if alert.labels in surely]
        return plan

    def _decide(self, plan: FlushPlan, channel: Channel, flush: GroupFlush, told: Told, at: datetime) -> Told:
        flush = concerning(told, flush)
        decision = decide(told, flush, send_resolved=channel.send_resolved)
        delivery = None
        if isinstance(decision, Notify):
            message = self._message(channel, flush, decision, told)
            delivery = self._delivery(channel, flush, decision, message, at)
            if delivery.payload.is_fallback:
                delivery = replace(delivery, next_at=_stand_in_at(told, at))
            queued = Queued(delivery=delivery, supersedes=decision.supersedes, changes=str(message.changes))
            plan.queued.append(queued)
        elif decision is not None:
            plan.superseded += decision.supersedes
            plan.entries += [decision.entry] if decision.entry else []
        return told.after(decision, delivery)

    def _message(self, channel: Channel, flush: GroupFlush, decision: Notify, told: Told) -> Message:
        return compose(
            flush,
            decision.reason,
            send_resolved=channel.send_resolved,
            max_alerts=channel.max_alerts,
            external_url=self.external_url,
            known=told.known,
        )

    def _delivery(
        self, channel: Channel, flush: GroupFlush, decision: Notify, message: Message, at: datetime
    ) -> Delivery:
        return Delivery(
            id=self.new_id(at),
            entry=decision.entry,
            kind=_kind(message),
            reason=decision.reason,
            payload=channel.render(message),
            destination=channel.destination,
            created_at=at,
            next_at=at,
            deadline=retry.deadline(at, flush.route.group_interval),
            longest_delay=retry.longest_delay(flush.route.group_interval),
        )


def settled(
    flush: GroupFlush, channels: Sequence[Channel], told: Mapping[Stream, Told], *, at: datetime
) -> list[PostedAlert]:
    """The resolved alerts whose end no integration is owed any more, or has been owed for too long."""
    return [alert for alert in flush.ended if _given_up(alert, at) or not _owed(alert, flush, channels, told)]


def _owed(alert: PostedAlert, flush: GroupFlush, channels: Iterable[Channel], told: Mapping[Stream, Told]) -> bool:
    episode = Episode(alert.fingerprint, alert.starts_at)
    for channel in channels:
        for stream, _ in _parts(channel, flush.of([alert])):
            if stream in told and told[stream].owes(episode, send_resolved=channel.send_resolved):
                return True
    return False


def _given_up(alert: PostedAlert, at: datetime) -> bool:
    return alert.ends_at is not None and alert.ends_at + KEEP_OWED <= at


def _parts(channel: Channel, flush: GroupFlush) -> Iterator[tuple[Stream, GroupFlush]]:
    """The streams of an integration about a group, and what each tells of: all alerts, or one."""
    if not channel.per_alert:
        yield _stream(channel, flush.group_key, ""), flush
        return
    for alert in flush.alerts:
        yield _stream(channel, flush.group_key, alert.fingerprint), flush.of([alert])
    for held in flush.muted:
        yield _stream(channel, flush.group_key, held.alert.fingerprint), flush.of([], muted=[held])


def _stream(channel: Channel, group_key: str, part: str) -> Stream:
    return Stream(
        receiver=channel.receiver,
        integration=channel.integration,
        index=channel.index,
        group_key=group_key,
        part=part,
    )


def _stand_in_at(told: Told, at: datetime) -> datetime:
    """When a plain message goes: however often the template is tried again, counted from its first failure."""
    return min((delivery.next_at for delivery in told.stand_ins), default=at + STAND_IN_WAIT)


def _kind(message: Message) -> Kind:
    if message.status is Status.RESOLVED:
        return Kind.RESOLVED
    return Kind.REPEAT if message.reason is Reason.REPEAT_INTERVAL else Kind.FIRING
