"""Integration numbers, deliveries, log entries and events as rows of SQLite, and back."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

from alertd.notify.history import Event, EventKind
from alertd.notify.log import LogEntry
from alertd.notify.numbering import Configured, Numbered
from alertd.notify.outbox import Delivery, DeliveryState, Kind, Payload
from alertd.notify.reason import Reason
from alertd.store.codec import decode_entry, decode_facts, encode, microseconds, time_of

_MICROSECOND = timedelta(microseconds=1)


def number_row(numbered: Numbered) -> dict[str, Any]:
    configured = numbered.configured
    return {
        "receiver": configured.receiver,
        "integration": configured.integration,
        "idx": numbered.index,
        "identity": configured.identity,
    }


def number_of(row: sqlite3.Row) -> Numbered:
    configured = Configured(receiver=row["receiver"], integration=row["integration"], identity=row["identity"])
    return Numbered(configured=configured, index=row["idx"])


def entry_row(entry: LogEntry) -> dict[str, Any]:
    stream = entry.stream
    return {
        "group_key": stream.group_key,
        "receiver": stream.receiver,
        "integration": stream.integration,
        "idx": stream.index,
        "part": stream.part,
        "at": microseconds(entry.at),
        "entry": encode(entry),
    }


def delivery_row(delivery: Delivery) -> dict[str, Any]:
    until = delivery.lease_until
    return entry_row(delivery.entry) | {
        "id": delivery.id,
        "destination": delivery.destination,
        "kind": delivery.kind,
        "reason": delivery.reason,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_at": microseconds(delivery.next_at),
        "created_at": microseconds(delivery.created_at),
        "deadline": microseconds(delivery.deadline),
        "longest_delay": delivery.longest_delay // _MICROSECOND,
        "lease_owner": delivery.lease_owner,
        "lease_until": None if until is None else microseconds(until),
        "last_error": delivery.last_error,
        "content_type": delivery.payload.content_type,
        "body": delivery.payload.body,
        "address": delivery.payload.address,
        "is_fallback": delivery.payload.is_fallback,
    }


def outcome_row(delivery: Delivery) -> dict[str, Any]:
    """What an attempt may change of a delivery, and the lease it belongs to."""
    return {
        "id": delivery.id,
        "attempts": delivery.attempts,
        "state": delivery.state,
        "next_at": microseconds(delivery.next_at),
        "last_error": delivery.last_error,
        "address": delivery.payload.address,
    }


def delivery_of(row: sqlite3.Row) -> Delivery:
    until = row["lease_until"]
    return Delivery(
        id=row["id"],
        entry=decode_entry(row["entry"]),
        kind=Kind(row["kind"]),
        reason=Reason(row["reason"]),
        payload=Payload(
            body=row["body"],
            content_type=row["content_type"],
            address=row["address"],
            is_fallback=bool(row["is_fallback"]),
        ),
        destination=row["destination"],
        created_at=time_of(row["created_at"]),
        next_at=time_of(row["next_at"]),
        deadline=time_of(row["deadline"]),
        longest_delay=row["longest_delay"] * _MICROSECOND,
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        lease_owner=row["lease_owner"],
        lease_until=None if until is None else time_of(until),
        last_error=row["last_error"],
    )


def event_row(event: Event) -> tuple[int | str | bytes, ...]:
    """The columns but the number; no dictionary, since there are thousands."""
    return (
        microseconds(event.at),
        event.kind,
        event.what,
        event.why,
        event.fingerprint,
        event.group_key,
        event.receiver,
        event.delivery,
        encode(event.facts),
    )


def event_of(row: sqlite3.Row) -> Event:
    return Event(
        at=time_of(row["at"]),
        kind=EventKind(row["kind"]),
        what=row["what"],
        why=row["why"],
        fingerprint=row["fingerprint"],
        group_key=row["group_key"],
        receiver=row["receiver"],
        delivery=row["delivery"],
        facts=decode_facts(row["facts"]),
    )
