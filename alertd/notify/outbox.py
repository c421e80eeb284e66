"""The outbox: every notification is a row that is leased, sent and recorded. Its states are the table `NEXT`.

lease -> send -> record: an attempt whose record is missing (a crash, a lost lease) is made again under the same id.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from alertd.notify.log import LogEntry, Stream
from alertd.notify.reason import Reason


class DeliveryState(StrEnum):
    QUEUED = "queued"
    LEASED = "leased"
    CONDENSED = "condensed"  # on its way within a digest
    DELIVERED = "delivered"
    DEAD = "dead"  # refused, or not taken before its deadline; the next tick decides what is owed now
    SUPERSEDED = "superseded"  # a newer message says it all


FINAL = frozenset({DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.SUPERSEDED})


class Kind(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"
    REPEAT = "repeat"
    FALLBACK = "fallback"  # says that another integration did not take its notification
    DIGEST = "digest"  # says what many others would have said, see `notify.digest`


class Cause(StrEnum):
    """Why an attempt failed, in the words of Alertmanager's metrics."""

    RATE_LIMITED = "rateLimited"
    CLIENT_ERROR = "clientError"
    SERVER_ERROR = "serverError"
    AUTH_ERROR = "authError"
    TIMEOUT = "contextDeadlineExceeded"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver took it.

    reference   kept in the notification log, for the next message of the stream
    answer      what the receiver said, for people (`HTTP 200 OK`): it changes nothing
    """

    reference: str = ""
    answer: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Not taken now; try again.

    after     the wait the receiver asked for; it counts for the whole destination if it `pauses` it
    answered  False when no answer came: the receiver may have taken it all the same
    still_to  where it still has to go, in place of the payload's address, when some of those it is for have taken it
    """

    why: str
    cause: Cause
    after: timedelta | None = None
    pauses: bool = True
    answered: bool = True
    still_to: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Refused; trying the same again is of no use.

    gone   nothing else will be taken either: the integration is left alone until the configuration is loaded again
    """

    why: str
    cause: Cause
    gone: bool = False


Outcome = Delivered | Retry | Rejected
"""What an attempt came to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    owner: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """Not taken before its deadline."""

    why: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class LeaseLost:
    """The lease ended and nothing was recorded: nobody knows what became of the attempt."""


@dataclass(frozen=True, slots=True)
class Unused:
    """The attempt it was leased for was never begun: it is as if it had not been leased."""


@dataclass(frozen=True, slots=True)
class Superseded:
    """A newer message of the same stream says it all."""


@dataclass(frozen=True, slots=True)
class Condensed:
    """A digest tells what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """The digest that told it was refused: it is sent by itself."""

    why: str


Event = Leased | Delivered | Retry | Rejected | Expired | LeaseLost | Unused | Superseded | Condensed | Released

NEXT: dict[tuple[DeliveryState, type[Event]], DeliveryState] = {
    (DeliveryState.QUEUED, Leased): DeliveryState.LEASED,
    (DeliveryState.QUEUED, Superseded): DeliveryState.SUPERSEDED,
    (DeliveryState.QUEUED, Condensed): DeliveryState.CONDENSED,
    (DeliveryState.LEASED, Delivered): DeliveryState.DELIVERED,
    (DeliveryState.LEASED, Retry): DeliveryState.QUEUED,
    (DeliveryState.LEASED, LeaseLost): DeliveryState.QUEUED,
    (DeliveryState.LEASED, Unused): DeliveryState.QUEUED,
    (DeliveryState.LEASED, Rejected): DeliveryState.DEAD,
    (DeliveryState.LEASED, Expired): DeliveryState.DEAD,
    (DeliveryState.LEASED, Superseded): DeliveryState.SUPERSEDED,
    (DeliveryState.CONDENSED, Delivered): DeliveryState.DELIVERED,
    (DeliveryState.CONDENSED, Expired): DeliveryState.DEAD,
    (DeliveryState.CONDENSED, Released): DeliveryState.QUEUED,
}
"""Everything that is not listed is a bug, and raises KeyError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The rendered bytes, the same at every attempt.

    address       where this one goes, or with which key, where a template decides that; often a secret
    is_fallback   a plain message that stands in for one whose template failed
    """

    body: bytes
    content_type: str = "application/json"
    address: str = field(default="", repr=False)
    is_fallback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One notification on its way.

    id             sorts by age; the receiver's idempotency key, the same at every attempt
    entry          what the notification log will say once it is delivered
    destination    where it goes, without secrets: limits and pauses count per destination
    attempts       how often it was leased and an attempt was begun, or is about to be
    next_at        when it may be leased; `deadline`: after it no further attempt
    longest_delay  cap of the backoff
    """

    id: str
    entry: LogEntry
    kind: Kind
    reason: Reason
    payload: Payload
    destination: str
    created_at: datetime
    next_at: datetime
    deadline: datetime
    longest_delay: timedelta
    state: DeliveryState = DeliveryState.QUEUED
    attempts: int = 0
    lease_owner: str = ""
    lease_until: datetime | None = None
    last_error: str = ""

    @property
    def stream(self) -> Stream:
        return self.entry.stream


def step(delivery: Delivery, event: Event, *, next_at: datetime | None = None) -> Delivery:
    """The delivery after `event`; `next_at` is when a delivery that is queued again may be leased."""
    state = NEXT[delivery.state, type(event)]
    if isinstance(event, Leased):
        return replace(
            delivery, state=state, attempts=delivery.attempts + 1, lease_owner=event.owner, lease_until=event.until
        )
    return replace(
        delivery,
        state=state,
        attempts=delivery.attempts - isinstance(event, Unused),
        lease_owner="",
        lease_until=None,
        next_at=next_at or delivery.next_at,
        last_error=getattr(event, "why", delivery.last_error),
        payload=_still_owed(delivery.payload, event),
    )


def _still_owed(payload: Payload, event: Event) -> Payload:
    return replace(payload, address=event.still_to) if isinstance(event, Retry) and event.still_to else payload


MOST_IN_A_CROWD = 1000
"""Deliveries one digest tells: as many as can be looked through without holding anything up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowding:
    """What of one integration a digest may tell: deliveries of these kinds to `receiver`'s `integration[index]`."""

    receiver: str
    integration: str
    index: int
    kinds: frozenset[Kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxStats:
    """depth: rows by state; oldest_at: creation of the oldest row that is not yet final."""

    depth: dict[DeliveryState, int]
    oldest_at: datetime | None


class Outbox(Protocol):
    async def open_deliveries(self, group_keys: Collection[str]) -> Sequence[Delivery]:
        """What is queued, leased or condensed about these groups, oldest first."""
        ...

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
        """Lease up to `limit` queued deliveries that are due.

        Of a stream only the oldest open one, and none while one is leased; never more than `per_destination` leased
        to one destination (to those in `ahead` so many more), and to those in `room` no more than that many now. While a
        digest has not been tried yet, its integration is told nothing else: what comes in meanwhile may well be condensed
        too.
        """
        ...

    async def crowds(self, crowding: Sequence[Crowding], *, at: datetime, above: int) -> Sequence[Sequence[Delivery]]:
        """For each integration with more than `above` deliveries a digest may tell: these, oldest first.

        They are due at `at` or have been tried before, each is the oldest open one of its stream, and none has ever been
        in a digest. An integration whose last digest is still on its way has none; never more than `MOST_IN_A_CROWD`.
        """
        ...

    async def condensed(self, digest_id: str) -> Sequence[Delivery]:
        """What a digest tells and is still condensed, oldest first."""
        ...

    async def lost_leases(self, *, at: datetime, owner: str = "") -> Sequence[Delivery]:
        """Leased deliveries whose lease ended by `at`, and all that `owner` holds."""
        ...

    async def next_delivery_at(self, *, after: datetime, skip: Collection[str]) -> datetime | None:
        """The earliest `next_at` later than `after` of a queued delivery, but those to `skip`."""
        ...

    async def deliveries(
        self, *, state: DeliveryState | None = None, group_keys: Collection[str] = (), limit: int = 100
    ) -> Sequence[Delivery]:
        """The newest deliveries, newest first; with `group_keys` only those about these groups."""
        ...

    async def outbox_stats(self) -> OutboxStats: ...


class OutboxWrites(Protocol):
    def enqueue(self, delivery: Delivery, *, supersedes: Sequence[str] = ()) -> None:
        """Add a delivery; those of the ids `supersedes` that are still queued become superseded."""
        ...

    def supersede(self, ids: Sequence[str]) -> None:
        """Those that are still queued become superseded: nothing is left to tell."""
        ...

    def condense(self, digest: Delivery, ids: Sequence[str]) -> None:
        """Add a digest; those of `ids` that are still queued become condensed, and are what it tells."""
        ...

    def record_condensed(self, delivery: Delivery, entry: LogEntry | None, *, digest: Delivery) -> None:
        """Save what became of a condensed delivery, and its log entry with it, when an attempt of `digest` ended.

        To be called before the record of the digest. Both are left as they are when somebody else has leased the digest
        since.
        """
        ...

    def record_delivery(self, delivery: Delivery, entry: LogEntry | None = None) -> None:
        """Save what became of a leased delivery, and its log entry with it.

        Both are left as they are when somebody else has leased it since (`attempts` tells leases apart).
        """
        ...

    def release_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        """Queue again what was leased for attempts that were not begun, see `Unused`; not what somebody else leased since."""
        ...

    def pull_in_deliveries(self, at: datetime) -> None:
        """What is queued and waits for longer than its `longest_delay` from `at` is due at once: the clock was set back."""
        ...

    def delete_deliveries(self, before: datetime) -> None:
        """Forget deliveries in a final state created before `before`."""
        ...
