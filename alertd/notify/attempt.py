"""What becomes of a delivery after an attempt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from alertd.notify.log import LogEntry
from alertd.notify.outbox import Delivered, Delivery, Event, Expired, Kind, LeaseLost, Outcome, Retry, Superseded, step
from alertd.notify.retry import backoff
from alertd.notify.told import Told, overtaken, unanswered

_SPREAD = timedelta(seconds=1)
"""After a wait the receiver asked for, not everybody comes back in the same instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What to save: the delivery as it is now, and its log entry where that changes."""

    delivery: Delivery
    event: Event
    entry: LogEntry | None = None


def after_attempt(delivery: Delivery, outcome: Outcome, told: Told, *, at: datetime, random: Random) -> Record:
    """The record of an attempt that ended at `at`; `told` is needed for `Retry` alone."""
    if not isinstance(outcome, Retry):
        entry = _as_delivered(delivery.entry, outcome) if isinstance(outcome, Delivered) else None
        return Record(delivery=step(delivery, outcome), event=outcome, entry=_logged(delivery, entry))
    next_at = at + _wait(delivery, outcome, random)
    event = _after_failure(delivery, outcome, told, next_at)
    return Record(
        delivery=step(delivery, event, next_at=next_at),
        event=event,
        entry=None if outcome.answered else _logged(delivery, unanswered(told, delivery)),
    )


def after_lost_lease(delivery: Delivery, told: Told, *, at: datetime) -> Record:
    """The record of an attempt nobody knows the end of: made again at once, under the same id."""
    event = LeaseLost()
    entry = _logged(delivery, unanswered(told, delivery))
    return Record(delivery=step(delivery, event, next_at=at), event=event, entry=entry)


def _as_delivered(entry: LogEntry, outcome: Delivered) -> LogEntry:
    return replace(entry, reference=outcome.reference) if outcome.reference != entry.reference else entry


def _logged(delivery: Delivery, entry: LogEntry | None) -> LogEntry | None:
    """What a digest told is in the log by what it condensed."""
    return None if delivery.kind is Kind.DIGEST else entry


def _after_failure(delivery: Delivery, outcome: Retry, told: Told, next_at: datetime) -> Event:
    if delivery.kind is not Kind.DIGEST and overtaken(told, delivery):
        return Superseded()
    if next_at > delivery.deadline:
        return Expired(why=outcome.why, cause=outcome.cause)
    return outcome


def _wait(delivery: Delivery, outcome: Retry, random: Random) -> timedelta:
    wait = backoff(delivery.attempts, longest=delivery.longest_delay, random=random)
    return wait if outcome.after is None else max(wait, outcome.after) + _SPREAD * random.random()
