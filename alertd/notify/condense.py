"""When waiting notifications are condensed into a digest, and what becomes of them with it.

A condensed delivery is being told: it counts as open, nothing of its stream is sent before its digest. Once the digest was
delivered its log entry is written, as if it had been sent. A digest is retried like any delivery. One that was not taken
before its deadline takes what it tells with it, and all of that is passed on; one that was refused gives it back, and each
is sent by itself: it may be the digest that the receiver does not like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alertd.notify import retry
from alertd.notify.attempt import Record
from alertd.notify.digest import Tally
from alertd.notify.log import LogEntry, Stream
from alertd.notify.outbox import (
    Crowding,
    Delivered,
    Delivery,
    Expired,
    Kind,
    LeaseLost,
    Outcome,
    Rejected,
    Released,
    Retry,
    step,
)
from alertd.notify.plan import Channel
from alertd.notify.reason import Reason
from alertd.notify.told import Told, unanswered

DIGEST_ABOVE = 20
"""More waiting notifications than anybody reads one by one."""

GROUP_KEY = "digest"
"""Of the streams of digests, one for each integration: no aggregation group has this key."""

_CONDENSED = frozenset({Kind.FIRING, Kind.RESOLVED, Kind.REPEAT, Kind.FALLBACK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Digester:
    """Makes digests of what waits.

    above    how many notifications to one integration may wait before they are condensed
    new_id   makes ids for deliveries
    """

    above: int
    new_id: Callable[[datetime], str]
    external_url: str

    def delivery(self, channel: Channel, tally: Tally, crowd: Sequence[Delivery], *, at: datetime) -> Delivery:
        """The delivery that tells of `crowd`, which `tally` has counted."""
        digest = tally.digest(channel.receiver, external_url=self.external_url, at=at)
        stream = Stream(
            receiver=channel.receiver, integration=channel.integration, index=channel.index, group_key=GROUP_KEY
        )
        return Delivery(
            id=self.new_id(at),
            entry=LogEntry(stream=stream, at=at),
            kind=Kind.DIGEST,
            reason=Reason.MANY_WAITING,
            payload=channel.render_digest(digest),
            destination=channel.destination,
            created_at=at,
            next_at=at,
            deadline=max(at + retry.SHORTEST_LIFE, *(one.deadline for one in crowd)),
            longest_delay=min(one.longest_delay for one in crowd),
        )


def crowding(channels: Iterable[Channel], fallback: Iterable[Channel]) -> list[Crowding]:
    """What may be condensed: everything to channels that have digests; to those of `fallback` what is passed on to them."""
    passed_on = set(map(_key, fallback))
    kinds = {
        _key(one): _CONDENSED if one.digests else frozenset({Kind.FALLBACK})
        for one in channels
        if one.digests or _key(one) in passed_on
    }
    return [
        Crowding(receiver=receiver, integration=integration, index=index, kinds=which)
        for (receiver, integration, index), which in kinds.items()
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CondensedRecord:
    """What to save of one condensed delivery."""

    delivery: Delivery
    entry: LogEntry | None = None


def after_digest(
    digest: Record,
    outcome: Outcome | LeaseLost,
    crowd: Iterable[Delivery],
    told: Mapping[Stream, Told],
    *,
    at: datetime,
) -> list[CondensedRecord]:
    """What becomes of what a digest tells once an attempt of it has ended.

    digest    its own record
    told      what is known of the streams of `crowd`; for an attempt without an answer
    """
    event = digest.event
    if isinstance(event, Delivered):
        return [CondensedRecord(delivery=step(one, event), entry=one.entry) for one in crowd]
    if isinstance(event, Expired):
        return [CondensedRecord(delivery=step(one, event), entry=_unsure(one, outcome, told)) for one in crowd]
    if isinstance(event, Rejected):
        back = Released(why=event.why)
        return [CondensedRecord(delivery=step(one, back, next_at=at)) for one in crowd]
    return [
        CondensedRecord(delivery=one, entry=entry)
        for one in crowd
        if (entry := _unsure(one, outcome, told)) is not None
    ]


def _unsure(delivery: Delivery, outcome: Outcome | LeaseLost, told: Mapping[Stream, Told]) -> LogEntry | None:
    """What the log says of a delivery whose digest was perhaps taken; None when it surely was not."""
    if isinstance(outcome, Retry) and outcome.answered:
        return None
    return unanswered(told.get(delivery.stream, Told(stream=delivery.stream)), delivery)


def _key(channel: Channel) -> tuple[str, str, int]:
    return channel.receiver, channel.integration, channel.index
